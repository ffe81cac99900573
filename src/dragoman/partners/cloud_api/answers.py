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
from dragoman.partners._cloud.errors import error_of, in_doubt, read_no_reply, read_refusal
from dragoman.partners._cloud.shape import dicts, opt, opt_obj, seconds
from dragoman.partners.contract import Probe

words(
    {
        "cloud_check_strange": "{host} answered {status} and not as Meta does: check the Graph "
        "API address.",
        "cloud_check_silent": "Meta did not answer ({detail}): try again, and check that this "
        "machine may reach graph.facebook.com.",
        "cloud_token_invalid": "Meta says the access token is not valid ({said}): paste a new "
        "permanent token of a system user.",
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
    accounts it is limited to, where Meta names them."""

    app_id: str
    type: str
    scopes: tuple[str, ...]
    expires_at: int | None = None
    waba_ids: tuple[str, ...] = ()


def _complaint(reply: Reply | NoReply) -> Sentence | None:
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
    """None when the token may see the number, else what is wrong."""
    wrong = _complaint(reply)
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
    if isinstance(reply, NoReply) or _complaint(reply) is not None:
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
    status = 0 if isinstance(reply, NoReply) else reply.status
    answer = None if isinstance(reply, NoReply) else reply
    return in_doubt(Sentence("meta_not_understood", {"status": status}), answer)


def read_subscribed_apps(reply: Reply | NoReply) -> tuple[SubscribedApp, ...] | Sentence:
    wrong = _complaint(reply)
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
    wrong = _complaint(reply)
    if wrong is not None:
        return wrong
    assert isinstance(reply, Reply)
    done = json_object(reply.body).get("success") is True
    return None if done else Sentence("cloud_not_done")


def read_debug_token(reply: Reply | NoReply) -> TokenInfo | Sentence:
    """What the token may do, or that it is not valid. That account ids stand under
    `granular_scopes` is seen in practice and not confirmed by Meta."""
    wrong = _complaint(reply)
    if wrong is not None:
        return wrong
    assert isinstance(reply, Reply)
    data = opt_obj(json_object(reply.body), "data")
    if data.get("is_valid") is not True:
        said = opt(opt_obj(data, "error"), "message") or "no detail given"
        return Sentence("cloud_token_invalid", {"said": said})
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
    )
