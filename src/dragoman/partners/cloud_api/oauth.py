"""A *temporary* authorization: a person signs in at Meta and grants us a token for about 60 days.

The module is the account side of the partner (`contract.Account`). Calls are values, and what
takes several is a generator that yields them; whoever runs it does the I/O.

Source: Meta, "Access tokens", "Facebook Login for Business", "Get long-lived tokens" (2026). The
errors of the code exchange are seen in practice and not confirmed by Meta: `_CODE_ERRORS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from dragoman.domain.sentences import Sentence, term, words
from dragoman.domain.wire import NoReply, Reply
from dragoman.partners._cloud.errors import error_of, said
from dragoman.partners._cloud.shape import opt
from dragoman.partners.contract import Grant, HttpCall, Talk

from .answers import TokenInfo, checked, lacking, read_debug_token
from .calls import render_debug_token
from .settings import GRAPH_URL, SCOPES, Settings
from .subscriptions import inspect as inspect
from .subscriptions import subscribe as subscribe

DIALOG_URL = "https://www.facebook.com"
LONG_LIVED_S = 30 * 86_400  # what lives shorter than this is exchanged for a long-lived token

words(
    {
        "cloud_oauth_cancelled": "You chose *Cancel* at Meta, so nothing was changed: authorize "
        "again when you want to.",
        "cloud_oauth_denied": "Meta did not authorize the channel: {said} Authorize again.",
        "cloud_oauth_no_code": "Meta came back without a code and without an error: authorize "
        "again, and if that stays, look at the app's login settings.",
        "cloud_code_used": "Meta says that this authorization code has been used already, which a "
        "page that was loaded again does: authorize again.",
        "cloud_code_late": "Meta says that this authorization code has expired: authorize again.",
        "cloud_code_redirect": "Meta says that the redirect URI of the exchange is not the one "
        "that the dialog was opened with ({uri}): check that no proxy changes this server's "
        "address, and authorize again.",
        "cloud_code_secret": "Meta does not accept the app secret: copy it again from Meta app › "
        "App settings › Basic, save it, and authorize again.",
        "cloud_code_app": "Meta does not know this App ID: copy it again from Meta app › App "
        "settings › Basic, save it, and authorize again.",
        "cloud_code_refused": "Meta refused to give a token for the authorization: {said} "
        "Authorize again.",
        "cloud_code_silent": "Meta did not answer the authorization ({detail}): check that this "
        "machine may reach graph.facebook.com, and authorize again.",
        "cloud_code_no_token": "Meta answered the authorization without a token: authorize again.",
    }
)

# What Meta says of a code, by subcode and by its words: not confirmed, so either is enough.
_CODE_ERRORS: tuple[tuple[int, str, str], ...] = (
    (36009, "has been used", "cloud_code_used"),
    (36007, "has expired", "cloud_code_late"),
    (36008, "redirect_uri", "cloud_code_redirect"),
    (0, "client secret", "cloud_code_secret"),
    (0, "validating application", "cloud_code_app"),
)


# Where Meta's redirect says why there is no code, most detailed first.
_TOLD = ("error_description", "error_message", "error_reason", "error")


class Exchanged(msgspec.Struct, frozen=True):
    """A token as an exchange gave it. `expires_in`: seconds, None where Meta names no end."""

    token: str
    expires_in: int | None = None


def granted(settings: Settings) -> bool:
    return settings.authorization == "temporary"


def account(settings: Settings) -> str:
    return settings.app_id


def with_token(settings: Settings, token: str) -> Settings:
    return msgspec.structs.replace(settings, token=token)


def render_authorize_url(settings: Settings, redirect_uri: str, state: str) -> str:
    """Meta's dialog. An emulator has it at the address of its Graph API."""
    at_meta = urlsplit(settings.graph_url).hostname == urlsplit(GRAPH_URL).hostname
    base = DIALOG_URL if at_meta else settings.graph_url
    query = [
        ("client_id", settings.app_id),
        ("redirect_uri", redirect_uri),
        ("state", state),
        ("response_type", "code"),
    ]
    if settings.config_id:
        query += [("config_id", settings.config_id), ("override_default_response_type", "true")]
    else:
        query.append(("scope", ",".join(SCOPES)))
    text = urlencode(query, quote_via=quote, safe="")
    return f"{base}/{settings.graph_version}/dialog/oauth?{text}"


def read_denial(query: Mapping[str, str]) -> Sentence | None:
    """`query` is what Meta's redirect brought. A refusal by the person has its own sentence."""
    if query.get("code"):
        return None
    if query.get("error_reason") == "user_denied":
        return Sentence("cloud_oauth_cancelled")
    told = next((query[name] for name in _TOLD if query.get(name)), "")
    if not told:
        return Sentence("cloud_oauth_no_code")
    return Sentence("cloud_oauth_denied", {"said": told[:300].rstrip(".") + "."})


def _exchange(settings: Settings, purpose: str, **query: str) -> HttpCall:
    asked = {"client_id": settings.app_id, "client_secret": settings.app_secret, **query}
    return HttpCall(
        "GET",
        f"{settings.graph}/oauth/access_token",
        purpose,
        query=tuple(asked.items()),
        secret_query=frozenset({"client_secret", "code", "fb_exchange_token"}),
    )


def read_exchange(reply: Reply | NoReply, redirect_uri: str = "") -> Exchanged | Sentence:
    """The token of either exchange, or why there is none."""
    if isinstance(reply, NoReply):
        return Sentence("cloud_code_silent", {"detail": reply.said})
    if (error := error_of(reply.body)) is not None:
        return _refused(error, redirect_uri)
    data = checked(reply)
    if isinstance(data, Sentence):
        return data
    token, life = opt(data, "access_token"), data.get("expires_in")
    if not token:
        return Sentence("cloud_code_no_token")
    return Exchanged(token, life if type(life) is int and life > 0 else None)


def _refused(error: dict[str, Any], redirect_uri: str) -> Sentence:
    text = said(error)
    for subcode, phrase, name in _CODE_ERRORS:
        if (subcode and error.get("error_subcode") == subcode) or phrase in text:
            return Sentence(name, {"uri": redirect_uri} if name == "cloud_code_redirect" else {})
    return Sentence(
        "cloud_code_refused", {"said": text.rstrip(".") + "." if text else term("no detail given.")}
    )


def grant(
    settings: Settings, redirect_uri: str, code: str, now: int
) -> Talk[Grant | Sentence]:  # fmt: skip
    """Code → token → long-lived token, and what Meta says of it.

    A token that lives long already (a login configuration may give one that never ends) is kept
    as it is. One that lacks a permission is not: it could not send. `now`: Unix ms.
    """
    # The redirect URI must be, letter by letter, that of the dialog.
    asked = _exchange(settings, "code_exchange", redirect_uri=redirect_uri, code=code)
    found = read_exchange((yield asked), redirect_uri)
    if isinstance(found, Exchanged) and (found.expires_in or LONG_LIVED_S) < LONG_LIVED_S:
        for_long = {"grant_type": "fb_exchange_token", "fb_exchange_token": found.token}
        found = read_exchange((yield _exchange(settings, "long_lived_exchange", **for_long)))
    if isinstance(found, Sentence):
        return found
    info = read_debug_token((yield render_debug_token(settings, found.token)))
    expires = 0 if found.expires_in is None else now + found.expires_in * 1000
    if not isinstance(info, TokenInfo):  # the code is spent: a silent look-up must not cost it
        return Grant(found.token, expires)
    wrong = lacking(info, settings.app_id)
    if wrong is not None:
        return wrong
    return Grant(found.token, expires or info.expires_at or 0, info.scopes, info.user_id)
