"""Calls to Gupshup as values: messages in three dialects, opt-in, files, checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from dragoman.domain.identity import Phone, Recipient
from dragoman.partners._cloud import envelope
from dragoman.partners._cloud.envelope import message_body
from dragoman.partners._cloud.limits import unsupported
from dragoman.partners.contract import HttpCall, OutboundMessage, Probe

from . import access, enterprise
from .native import file_url, meant
from .settings import Settings


@unsupported
def render(message: OutboundMessage, settings: Settings) -> HttpCall:
    """One message, one call. What cannot be said is `Unsupported`, before any I/O."""
    if settings.dialect == "enterprise":
        return enterprise.render(message, settings)
    if settings.dialect == "access":
        return access.render(message, settings)
    return _v3(message, settings)


def knows_native(payload: Mapping[str, Any], settings: Settings) -> bool:
    """By the dialect that it is sent in; a script's file in all of them."""
    if file_url(payload) is not None or settings.dialect == "v3":
        return True
    if settings.dialect == "enterprise":
        return enterprise.knows_native(payload)
    return access.knows_native(payload)


def is_template(payload: Mapping[str, Any], settings: Settings) -> bool:
    """By the dialect that it is sent in."""
    if settings.dialect == "enterprise":
        return enterprise.is_template(payload)
    if settings.dialect == "access":
        return access.is_template(payload)
    return envelope.is_template(payload, settings)


def _v3(message: OutboundMessage, settings: Settings) -> HttpCall:
    """Meta's own body; the person's number goes without its plus, as Gupshup's samples have it."""
    body = message_body(msgspec.structs.replace(message, content=meant(message)))
    if isinstance(message.recipient, Phone):
        body["to"] = message.recipient.digits
    path = f"{_app(settings)}/v3/message"
    headers = {"Authorization": settings.app_token}  # no Bearer before it
    return HttpCall("POST", f"{settings.host}{path}", "send", headers, json=body)


def _app(settings: Settings) -> str:
    return f"/partner/app/{quote(settings.app_id, safe='')}"


def _app_call(settings: Settings, path: str, purpose: str) -> HttpCall:
    """A call beside sending, which wants the token twice."""
    headers = {"Authorization": settings.app_token, "token": settings.app_token}
    secret = frozenset({"authorization", "token"})
    url = f"{settings.host}{_app(settings)}/{path}"
    return HttpCall("GET", url, purpose, headers, secret_headers=secret)


# --- opt-in --------------------------------------------------------------------------------------


def demands_opt_in(settings: Settings) -> bool:
    return settings.opt_in


def render_opt_in(number: str, recipient: Recipient, settings: Settings) -> HttpCall | None:
    return _opt(recipient, settings, out=False)


def render_opt_out(number: str, recipient: Recipient, settings: Settings) -> HttpCall | None:
    """Record at Gupshup that the person wants no more messages."""
    return _opt(recipient, settings, out=True)


def _opt(recipient: Recipient, settings: Settings, out: bool) -> HttpCall | None:
    if not isinstance(recipient, Phone) or settings.dialect == "v3":
        return None
    if settings.dialect == "access":
        return access.opt_in_call(settings, recipient.digits, out)
    return enterprise.opt_call(settings, "OPT_OUT" if out else "OPT_IN", recipient.digits)


# --- files and checks ----------------------------------------------------------------------------


def render_media(
    number: str, media_id: str | None, link: str | None, settings: Settings
) -> HttpCall | None:
    """An id is of v3 only; an address is signed, so no credential goes along."""
    if media_id and settings.dialect == "v3":
        return _app_call(settings, f"media/{quote(media_id, safe='')}", "media_download")
    return HttpCall("GET", link, "media_download") if link else None


def probes(settings: Settings) -> Sequence[Probe]:
    """Calls that send nothing; Enterprise has none."""
    if settings.dialect == "access" and settings.api_key and settings.app_name:
        return (Probe(f"the app {settings.app_name}", access.users_call(settings)),)
    if settings.dialect == "v3" and settings.app_token and settings.app_id:
        return (Probe("the app's account", _app_call(settings, "waba/info", "probe")),)
    return ()
