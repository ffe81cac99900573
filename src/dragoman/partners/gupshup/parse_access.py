"""Access API: Gupshup's own nested events (version 2).

They do not name our number: it is the channel's.

Source: Gupshup, "Inbound messages", "Message events", "User events", "Template events".
"""

from __future__ import annotations

from typing import Any

from dragoman.domain import content as c
from dragoman.domain.events import (
    Event,
    InboundMessage,
    KeptEvent,
    Preference,
    Quoted,
    StatusUpdate,
    TemplateUpdate,
)
from dragoman.domain.identity import Person
from dragoman.domain.status import Status
from dragoman.partners import once
from dragoman.partners._cloud.content import read_content
from dragoman.partners._cloud.context import referral
from dragoman.partners._cloud.people import person
from dragoman.partners._cloud.shape import Malformed, digest, missing, need, opt, opt_obj

from .parse_enterprise import LADDER, number_of, send_problem, time_of
from .settings import Settings

_FILES = {"file": "document"}
_MEDIA = frozenset({"image", "video", "audio", "voice", "document", "sticker"})
_KNOWN = frozenset(
    {"message-event", "user-event", "billing-event", "template-event", "system-event"}
    | {"account-event"}
)


def is_v2(item: dict[str, Any]) -> bool:
    return "payload" in item and "type" in item and "mobile" not in item


def event(item: dict[str, Any], settings: Settings, places: once.Places) -> Event:
    """One event; what has no type of its own is kept whole."""
    kind, body = need(item, "type"), item.get("payload")
    if type(body) is not dict:
        raise missing("payload")
    if kind == "message":
        return _message(item, body, settings, places)
    found: Event | None = None
    if kind == "message-event":
        found = _report(item, body, settings)
    elif kind == "user-event":
        found = _wish(item, body, settings)
    elif kind == "template-event":
        found = _template(item, body)
    return found or _kept(item, kind, settings)


def _at(item: dict[str, Any]) -> int:
    return time_of(item.get("timestamp"))


def _kept(item: dict[str, Any], kind: str, settings: Settings) -> KeptEvent:
    try:
        at = _at(item)
    except Malformed:
        at = 0
    app, number = opt(item, "app") or "", settings.number
    known = kind in _KNOWN
    return KeptEvent("h:" + digest(item), app, kind, at, number, number, known, item)


# --- messages ------------------------------------------------------------------------------------


def _message(
    item: dict[str, Any], body: dict[str, Any], settings: Settings, places: once.Places
) -> InboundMessage:
    number, at = number_of(None, settings), _at(item)
    told = opt_obj(body, "sender")
    who = person(None, opt(body, "source") or opt(told, "phone"), None)
    external_id, about = opt(body, "id"), opt_obj(body, "context")
    # The Gupshup id is the one that our send was answered with.
    quoted = opt(about, "gsId") or opt(about, "id")
    kind = need(body, "type").lower()
    inner = body.get("payload")
    if external_id:
        key = once.with_id(external_id)
    else:
        key = places.key(number, str(who.recipient), at, kind, quoted, _lasting(inner))
    return InboundMessage(
        number,
        external_id,
        key,
        Person(who.phone, who.bsuid, name=opt(told, "name") or None),
        at,
        _content(kind, inner, body),
        Quoted(quoted) if quoted else None,
        referral(body),
        display=number,
        raw=item,
    )


def _lasting(inner: Any) -> Any:
    """Without the address of a file, which is another one with each delivery."""
    if type(inner) is not dict:
        return inner
    return {key: value for key, value in inner.items() if key not in ("url", "urlExpiry")}


def _content(kind: str, inner: Any, body: dict[str, Any]) -> c.Inbound:
    if type(inner) is not dict:
        raise missing("payload")
    if kind == "text":
        return c.TextReceived(need(inner, "text"))
    if kind == "button_reply":
        return c.ButtonReply(_chosen(inner), opt(inner, "title") or "")
    if kind == "list_reply":
        return c.ListReply(_chosen(inner), opt(inner, "title") or "", opt(inner, "description"))
    if kind in ("quick_reply", "button"):
        text = opt(inner, "text") or opt(inner, "title") or ""
        payload = opt(inner, "postbackText") or opt(inner, "payload") or text
        if not payload:
            raise missing("text")
        return c.TemplateReply(payload, text)
    kind = _FILES.get(kind, kind)
    if kind in _MEDIA:
        named = {"url": need(inner, "url"), "mime_type": opt(inner, "contentType")}
        named |= {"filename": opt(inner, "name"), "caption": opt(inner, "caption")}
        file: dict[str, Any] = {key: text for key, text in named.items() if text}
        if kind == "voice":
            kind, file = "audio", {**file, "voice": True}
        return read_content({"type": kind, kind: file})
    if kind == "contact":
        return read_content({"type": "contacts", "contacts": inner.get("contacts")})
    read = read_content({"type": kind, kind: inner})
    return c.Unknown(read.type, body) if isinstance(read, c.Unknown) else read


def _chosen(inner: dict[str, Any]) -> str:
    """Our id of what was tapped: `postbackText`, which was given to it. `id` is the id of the
    message that it was in. Without one the title is the id, as we send it then."""
    return opt(inner, "postbackText") or need(inner, "title")


# --- reports -------------------------------------------------------------------------------------


def _report(item: dict[str, Any], body: dict[str, Any], settings: Settings) -> Event | None:
    """A step of the ladder; None when its word is none of it."""
    word = need(body, "type").lower()
    step = LADDER.get(word)
    if step is None:
        return None
    inner = opt_obj(body, "payload")
    # WhatsApp's id stands in `id` from *sent* on; ours of the send's answer is then in `gsId`.
    external_id = opt(body, "gsId") or need(body, "id")
    at = time_of(inner["ts"]) if "ts" in inner else _at(item)
    number, whom = number_of(None, settings), opt(body, "destination")
    failed = step is Status.FAILED
    code, reason = opt(inner, "code") or "", opt(inner, "reason") or ""
    return StatusUpdate(
        number,
        external_id,
        f"s:{external_id}:{word}:{at}",
        step,
        at,
        person(None, whom, None) if whom else Person(),
        None,
        (c.Problem(code, reason),) if failed and (code or reason) else (),
        send_problem(code, reason, "access") if failed else None,
        word=word,
        display=number,
        raw=item,
    )


def _wish(item: dict[str, Any], body: dict[str, Any], settings: Settings) -> Event | None:
    """A person agreed, or wants nothing more. Other words (a callback that was set) are kept."""
    word = opt(body, "type")
    if word not in ("opted-in", "opted-out"):
        return None
    return Preference(
        number=number_of(None, settings),
        dedupe_key="h:" + digest(item),
        person=person(None, opt(body, "phone"), None),
        category="opt_in",
        stopped=word == "opted-out",
        at=_at(item),
        display=settings.number,
        raw=item,
    )


def _template(item: dict[str, Any], body: dict[str, Any]) -> Event | None:
    status = opt(body, "status")
    if not status:
        return None
    return TemplateUpdate(
        dedupe_key="h:" + digest(item),
        account=opt(item, "app") or "",
        template_id=need(body, "id"),
        name=opt(body, "elementName") or "",
        language=(opt(body, "languageCode") or "").replace("-", "_"),
        field=opt(body, "type") or "status-update",
        change=status,
        at=_at(item),
        reason=opt(body, "rejectedReason"),
        raw=item,
    )
