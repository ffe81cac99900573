"""The partners, one line each. A partner is imported when it is first used."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any, cast

from dragoman.domain.sentences import Sentence, SentenceError, words

from .contract import Account, Partner

PARTNERS: dict[str, str] = {
    "cloud-api": "dragoman.partners.cloud_api",
    "gupshup": "dragoman.partners.gupshup",
    "infobip": "dragoman.partners.infobip",
    "karix": "dragoman.partners.karix",
    "netcore": "dragoman.partners.netcore",
}

words({"partner_unknown": "There is no partner {name!r}. Known partners: {known}."})


@cache
def partner(name: str) -> Partner:
    """The partner by the name that its webhook URL carries. Raises SentenceError."""
    path = PARTNERS.get(name)
    if path is None:
        known = ", ".join(sorted(PARTNERS))
        raise SentenceError(Sentence("partner_unknown", {"name": name, "known": known}))
    return cast(Partner, importlib.import_module(path))


def account(name: str) -> Account | None:
    """The account side of a partner, where it has one. Raises SentenceError."""
    return cast("Account | None", getattr(partner(name), "ACCOUNT", None))


def echoes(name: str, settings: Any) -> bool:
    """Whether reports of what is sent with these settings bring a reference of ours back. A module
    names the dialects that do not, beside its ECHO, as MUTE. Raises SentenceError."""
    talker = partner(name)
    if talker.ECHO is None:
        return False
    mute = getattr(talker, "MUTE", ())
    return settings is None or talker.dialect(settings) not in mute
