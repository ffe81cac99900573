"""What the Graph API answers to the calls beside sending.

A reader returns its value, or why there is none: a `Sentence` for checks that people make, a
`SendError` for calls that belong to a message.

Source: Meta, "Phone numbers", "Media", "Access tokens", "Webhooks: override" (2026).
"""

from __future__ import annotations

from typing import Any

import msgspec

from dragoman.domain.errors import SendError
from dragoman.domain.sentences import Sentence, words
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

from .settings import SCOPES

# Who may set a number's callback, first come first served.
LEVELS = ("phone_number", "whatsapp_business_account", "application")
# Seen in practice when the pair of App ID and secret is wrong; not confirmed by Meta.
_APP_TOKEN_REFUSED = (1, 101, 190)

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


class MediaUrl(msgspec.Struct, frozen=True):
    """Where a file is for the next five minutes. `sha256` in hex here (webhooks write base64);
    `size` in bytes."""

    url: str
    mime_type: str | None = None
    sha256: str | None = None
    size: int | None = None


class SubscribedApp(msgspec.Struct, frozen=True):
    """A Meta app that gets an account's webhooks; `override_url` where it has its own address."""

    id: str
    name: str = ""
    override_url: str | None = None


class TokenInfo(msgspec.Struct, frozen=True):
    """What Meta says of a token. `expires_at`: Unix milliseconds, None for never. `waba_ids`: the
    accounts it is limited to, where Meta names them. `user_id`: whose it is."""

    app_id: str
    type: str
    scopes: tuple[str, ...]
    expires_at: int | None = None
    waba_ids: tuple[str, ...] = ()
    user_id: str = ""


class Subscription(msgspec.Struct, frozen=True):
    """Where an app's webhooks of one sort go."""

    object: str
    callback_url: str
    active: bool
    fields: tuple[str, ...]


def complaint(reply: Reply | NoReply) -> Sentence | None:
    """What is wrong with an answer, for a check that repeats nothing; None for a success."""
    if isinstance(reply, NoReply):
        if reply.phase is Phase.SENT:
            return Sentence("cloud_check_silent", {"detail": reply.detail or "no detail"})
        return read_no_reply(reply).sentence
    if error_of(reply.body) is not None and reply.status not in (502, 504):
        return read_refusal(reply).sentence
    if not 200 <= reply.status < 300 or not json_object(reply.body):
        args = {"host": "The Graph API address", "status": reply.status}
        return Sentence("cloud_check_strange", args)
    return None


def read_probe(probe: Probe, reply: Reply | NoReply) -> Sentence | None:
    """None when the token may see the number, or is valid, of the right app and permitted to
    send; else what is wrong."""
    if probe.call.purpose == "debug_token":
        info = read_debug_token(reply)
        return lacking(info, probe.expect) if isinstance(info, TokenInfo) else info
    wrong = complaint(reply)
    if wrong is not None or isinstance(reply, NoReply):
        return wrong
    if not opt(json_object(reply.body), "id"):
        return Sentence(
            "cloud_check_strange", {"host": "The Graph API address", "status": reply.status}
        )
    return None


def read_probe_details(reply: Reply | NoReply) -> dict[str, Any]:
    """What Meta says of the number: id, display_phone_number, verified_name, quality_rating,
    status, platform_type, throughput (its level). Members that Meta left out are absent."""
    if isinstance(reply, NoReply) or complaint(reply) is not None:
        return {}
    data = json_object(reply.body)
    level = opt(opt_obj(data, "throughput"), "level")
    return {**data, "throughput": level} if "throughput" in data else data


def read_media_url(reply: Reply | NoReply) -> MediaUrl | SendError:
    data = _data(reply)
    if isinstance(data, SendError):
        return data
    url = opt(data, "url")
    if not url:
        return _strange(reply)
    size = opt(data, "file_size")  # text in Meta's reference, a number in practice
    return MediaUrl(
        url,
        opt(data, "mime_type"),
        opt(data, "sha256"),
        int(size) if size and size.isascii() and size.isdigit() else None,
    )


def read_media_upload(reply: Reply | NoReply) -> str | SendError:
    """The id of the uploaded file, good for 30 days."""
    data = _data(reply)
    if isinstance(data, SendError):
        return data
    return opt(data, "id") or _strange(reply)


def _data(reply: Reply | NoReply) -> dict[str, Any] | SendError:
    if isinstance(reply, NoReply):
        return read_no_reply(reply)
    if not 200 <= reply.status < 300 or error_of(reply.body) is not None:
        return read_refusal(reply)
    return json_object(reply.body)


def _strange(reply: Reply | NoReply) -> SendError:
    return REPLIES.none(reply) if isinstance(reply, NoReply) else REPLIES.not_understood(reply)


def read_subscribed_apps(reply: Reply | NoReply) -> tuple[SubscribedApp, ...] | Sentence:
    wrong = complaint(reply)
    if wrong is not None:
        return wrong
    assert isinstance(reply, Reply)
    out = []
    for row in dicts(json_object(reply.body).get("data")):
        app = opt_obj(row, "whatsapp_business_api_data")
        if app_id := opt(app, "id"):
            name, url = opt(app, "name") or "", opt(row, "override_callback_uri")
            out.append(SubscribedApp(app_id, name, url))
    return tuple(out)


def read_success(reply: Reply | NoReply) -> Sentence | None:
    """None when Meta confirms with `{"success": true}`, else what is wrong."""
    wrong = complaint(reply)
    if wrong is not None:
        return wrong
    assert isinstance(reply, Reply)
    done = json_object(reply.body).get("success") is True
    return None if done else Sentence("cloud_not_done")


def read_subscriptions(reply: Reply | NoReply) -> tuple[Subscription, ...] | Sentence:
    """Where the app's webhooks go: asked with the app's own token."""
    error = error_of(reply.body) if isinstance(reply, Reply) else None
    if error is not None and error.get("code") in _APP_TOKEN_REFUSED:
        return Sentence("cloud_app_refused", {"said": said(error) or "no detail given"})
    wrong = complaint(reply)
    if wrong is not None:
        return wrong
    assert isinstance(reply, Reply)
    out = []
    for row in dicts(json_object(reply.body).get("data")):
        names = [opt(f, "name") or "" for f in dicts(row.get("fields"))]
        active = row.get("active") is True
        url = opt(row, "callback_url") or ""
        out.append(Subscription(opt(row, "object") or "", url, active, tuple(names)))
    return tuple(out)


def read_callbacks(reply: Reply | NoReply) -> dict[str, str] | Sentence:
    """Where a number's webhooks go, by who says so: `phone_number` before
    `whatsapp_business_account` before `application`."""
    wrong = complaint(reply)
    if wrong is not None:
        return wrong
    assert isinstance(reply, Reply)
    found = opt_obj(json_object(reply.body), "webhook_configuration")
    return {level: opt(found, level) or "" for level in LEVELS}


def read_number_ids(reply: Reply | NoReply) -> tuple[str, ...] | Sentence:
    """The phone number ids of an account."""
    wrong = complaint(reply)
    if wrong is not None:
        return wrong
    assert isinstance(reply, Reply)
    rows = dicts(json_object(reply.body).get("data"))
    return tuple(id for row in rows if (id := opt(row, "id")))


def read_debug_token(reply: Reply | NoReply) -> TokenInfo | Sentence:
    """What the token may do, or that it is not valid: expired (463), of a person who changed the
    password (460), or withdrawn (467), each in its own words. That account ids stand under
    `granular_scopes` is seen in practice and not confirmed by Meta."""
    wrong = complaint(reply)
    if wrong is not None:
        return wrong
    assert isinstance(reply, Reply)
    data = opt_obj(json_object(reply.body), "data")
    if data.get("is_valid") is not True:
        error = opt_obj(data, "error")
        if "code" in error:
            return meaning({**error, "error_subcode": error.get("subcode")}).sentence
        return Sentence("cloud_token_invalid", {"said": opt(error, "message") or "no detail given"})
    accounts: list[str] = []
    for grant in dicts(data.get("granular_scopes")):
        ids = grant.get("target_ids")
        if opt(grant, "scope") == "whatsapp_business_management" and type(ids) is list:
            accounts += [id for id in ids if type(id) is str and id not in accounts]
    scopes = data.get("scopes")
    return TokenInfo(
        opt(data, "app_id") or "",
        opt(data, "type") or "",
        tuple(s for s in scopes if type(s) is str) if type(scopes) is list else (),
        seconds(data.get("expires_at")) or None,
        tuple(accounts),
        opt(data, "user_id") or "",
    )


def lacking(info: TokenInfo, app_id: str) -> Sentence | None:
    """What a valid token lacks: the right app (where one is given), and the permissions."""
    if app_id and info.app_id and info.app_id != app_id:
        return Sentence("cloud_token_other_app", {"theirs": info.app_id, "ours": app_id})
    scopes = [scope for scope in SCOPES if scope not in info.scopes]
    return Sentence("cloud_token_lacks", {"scopes": " and ".join(scopes)}) if scopes else None
