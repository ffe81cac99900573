"""What the Graph API answers to the calls beside sending.

What is read is a value, or why there is none: a `Sentence` for checks that people make, a
`SendError` for calls that belong to a message.

Source: Meta, "Phone numbers", "Media", "Access tokens", "Webhooks: override" (2026).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from dragoman.domain.errors import SendError
from dragoman.domain.sentences import Sentence, term, words
from dragoman.domain.wire import NoReply, Phase, Reply
from dragoman.partners._cloud.answer import json_object
from dragoman.partners._cloud.errors import (
    REPLIES,
    error_of,
    meaning,
    read_no_reply,
    read_refusal,
    said,
)
from dragoman.partners._cloud.shape import dicts, opt, opt_obj, seconds
from dragoman.partners.contract import Probe

from .calls import DEBUG_TOKEN
from .settings import SCOPES

# Who may set a number's callback, first come first served.
LEVELS = ("phone_number", "whatsapp_business_account", "application")
OBJECT = "whatsapp_business_account"
# Seen in practice when the pair of App ID and secret is wrong; not confirmed by Meta.
_APP_TOKEN_REFUSED = (1, 101, 190)

_T = TypeVar("_T")

words(
    {
        "cloud_check_strange": "{host} answered {status} and not as Meta does: check the Graph "
        "API address.",
        "cloud_check_silent": "Meta did not answer ({detail}): try again, and check that this "
        "machine may reach graph.facebook.com.",
        "cloud_token_invalid": "Meta says the access token is not valid ({said}): paste a new "
        "permanent token of a system user.",
        "cloud_token_other_app": "The access token belongs to the Meta app {theirs}, and the "
        "channel is set to {ours}: make a token for that app, or correct the App ID.",
        "cloud_token_lacks": "The access token lacks the permission {scopes}: make a new one with "
        "both WhatsApp permissions, or authorize again and leave them ticked.",
        "cloud_app_refused": "Meta does not accept the App ID together with the app secret "
        "({said}): copy both again from Meta app › App settings › Basic.",
        "cloud_not_done": "Meta answered but did not confirm that it is done: try again.",
    }
)


class TokenInfo(msgspec.Struct, frozen=True):
    """What Meta says of a token. `expires_at`: Unix milliseconds, None for never. `waba_ids`: the
    accounts it is limited to, where Meta names them. `user_id`: whose it is."""

    app_id: str
    type: str
    scopes: tuple[str, ...]
    expires_at: int | None = None
    waba_ids: tuple[str, ...] = ()
    user_id: str = ""


def checked(reply: Reply | NoReply, need: str = "") -> dict[str, Any] | Sentence:
    """The object that Meta answered a check with, which has a text under `need`; or what is wrong,
    for a check that repeats nothing."""
    if isinstance(reply, NoReply):
        silent = Sentence("cloud_check_silent", {"detail": reply.said})
        return silent if reply.phase is Phase.SENT else read_no_reply(reply).sentence
    if error_of(reply.body) is not None and reply.status not in (502, 504):
        return read_refusal(reply).sentence
    data = json_object(reply.body) if 200 <= reply.status < 300 else {}
    if data and (not need or opt(data, need)):
        return data
    args = {"host": "The Graph API address", "status": reply.status}
    return Sentence("cloud_check_strange", args)


def read(reply: Reply | NoReply, reader: Callable[[dict[str, Any]], _T]) -> _T | Sentence:
    """What one of the readers below makes of the answer to a check, or what is wrong with it."""
    data = checked(reply)
    return data if isinstance(data, Sentence) else reader(data)


def subscribed_apps(data: dict[str, Any]) -> tuple[str, ...]:
    """The ids of the Meta apps that get an account's webhooks."""
    apps = (opt_obj(row, "whatsapp_business_api_data") for row in dicts(data.get("data")))
    return tuple(id for app in apps if (id := opt(app, "id")))


def number_ids(data: dict[str, Any]) -> tuple[str, ...]:
    """The phone number ids of an account."""
    return tuple(id for row in dicts(data.get("data")) if (id := opt(row, "id")))


def callbacks(data: dict[str, Any]) -> dict[str, str]:
    """Where a number's webhooks go, by who says so: `phone_number` before
    `whatsapp_business_account` before `application`."""
    found = opt_obj(data, "webhook_configuration")
    return {level: opt(found, level) or "" for level in LEVELS}


def unconfirmed(data: dict[str, Any]) -> Sentence | None:
    """None when Meta confirms with `{"success": true}`."""
    return None if data.get("success") is True else Sentence("cloud_not_done")


def subscribed_fields(data: dict[str, Any]) -> tuple[str, ...]:
    """The fields of WhatsApp accounts that an app's webhooks bring."""
    rows = [row for row in dicts(data.get("data")) if opt(row, "object") == OBJECT]
    fields = [dicts(row.get("fields")) for row in rows if row.get("active") is True]
    return tuple(opt(field, "name") or "" for some in fields for field in some)


def read_subscriptions(reply: Reply | NoReply) -> tuple[str, ...] | Sentence:
    """As `subscribed_fields`, which are asked for with the app's own token."""
    error = error_of(reply.body) if isinstance(reply, Reply) else None
    if error is not None and error.get("code") in _APP_TOKEN_REFUSED:
        return Sentence("cloud_app_refused", {"said": said(error) or term("no detail given")})
    return read(reply, subscribed_fields)


def read_text(reply: Reply | NoReply, key: str) -> str | SendError:
    """The text that a call was made for, of a call that belongs to a message."""
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    if not 200 <= reply.status < 300 or error_of(reply.body) is not None:
        return read_refusal(reply)
    return opt(json_object(reply.body), key) or REPLIES.not_understood(reply)


# --- the token -----------------------------------------------------------------------------------


def read_debug_token(reply: Reply | NoReply) -> TokenInfo | Sentence:
    """What the token may do, or that it is not valid: expired (463), of a person who changed the
    password (460), or withdrawn (467), each in its own words. That account ids stand under
    `granular_scopes` is seen in practice and not confirmed by Meta."""
    return read(reply, _token_info)


def _token_info(told: dict[str, Any]) -> TokenInfo | Sentence:
    data = opt_obj(told, "data")
    if data.get("is_valid") is not True:
        error = opt_obj(data, "error")
        if "code" in error:
            return meaning({**error, "error_subcode": error.get("subcode")}).sentence
        return Sentence(
            "cloud_token_invalid", {"said": opt(error, "message") or term("no detail given")}
        )
    accounts = [
        id
        for grant in dicts(data.get("granular_scopes"))
        if opt(grant, "scope") == "whatsapp_business_management"
        for id in _texts(grant.get("target_ids"))
    ]
    return TokenInfo(
        opt(data, "app_id") or "",
        opt(data, "type") or "",
        _texts(data.get("scopes")),
        seconds(data.get("expires_at")) or None,
        tuple(dict.fromkeys(accounts)),
        opt(data, "user_id") or "",
    )


def _texts(value: Any) -> tuple[str, ...]:
    """Those in a list; none where it is no list."""
    return tuple(v for v in value if type(v) is str) if type(value) is list else ()


def lacking(info: TokenInfo, app_id: str) -> Sentence | None:
    """What a valid token lacks: the right app (where one is given), and the permissions."""
    if app_id and info.app_id and info.app_id != app_id:
        return Sentence("cloud_token_other_app", {"theirs": info.app_id, "ours": app_id})
    scopes = [scope for scope in SCOPES if scope not in info.scopes]
    return Sentence("cloud_token_lacks", {"scopes": " and ".join(scopes)}) if scopes else None


# --- checks --------------------------------------------------------------------------------------


def read_probe(probe: Probe, reply: Reply | NoReply) -> Sentence | None:
    """None when the token may see the number, or is valid, of the right app and permitted to
    send; else what is wrong."""
    if probe.call.purpose == DEBUG_TOKEN.purpose:
        info = read_debug_token(reply)
        return lacking(info, probe.expect) if isinstance(info, TokenInfo) else info
    found = checked(reply, "id")
    return found if isinstance(found, Sentence) else None
