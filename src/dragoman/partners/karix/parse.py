"""One POST of Karix's webhook, read into events: one object, or an array of them, each on its own.

Words are compared without regard to case, as the integrations that are known do. What Karix's
words do not name is read as Meta's, whose objects it passes through.

Source: reconstructed from public integrations of the RCM API, 2020–2026; Karix publishes no
reference. What only one of them shows, or none, is in NOT_CONFIRMED.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from dragoman.domain import content as c
from dragoman.domain.errors import Code, Concerns
from dragoman.domain.events import (
    Event,
    InboundMessage,
    KeptEvent,
    Rejected,
    SendProblem,
    StatusUpdate,
)
from dragoman.domain.identity import Person
from dragoman.domain.sentences import Sentence, words
from dragoman.domain.status import Status
from dragoman.partners import once
from dragoman.partners._cloud.content import read_content
from dragoman.partners._cloud.context import quoted, referral
from dragoman.partners._cloud.errors import meaning
from dragoman.partners._cloud.people import person
from dragoman.partners._cloud.shape import Malformed, digest, found, need, obj
from dragoman.partners._cloud.shape import opt as text_of
from dragoman.partners._cloud.shape import opt_obj as part
from dragoman.partners.contract import Hook, UnreadableBody
from dragoman.partners.items import Items, listed
from dragoman.partners.replies import shown_raw

from .settings import Settings

words(
    {
        "karix_other_body": "The body is not Karix's ({found}): it has no events; check whose "
        "webhook is set to this address.",
        "karix_no_events": "Karix's item has no events, so it says neither what nor when; it is "
        "kept as it came.",
        "karix_no_number": "Karix's item does not say which of our numbers it belongs to; it is "
        "kept as it came.",
        "karix_failed_silently": "Karix reported the message as failed and did not say why.",
        "karix_failed": "Karix reported the message as failed: {said}",
    }
)

LADDER: dict[str, Status] = {
    "queued": Status.ACCEPTED,
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
    "failed": Status.FAILED,
    "rejected": Status.FAILED,
    "not sent": Status.FAILED,
}
# NOT CONFIRMED: no integration reads a caption or a name. The first that is there is taken.
CAPTIONS = ("attachmentCaption", "caption")
NAMES = ("name", "profileName")

_ITEMS = Items("karix", "Karix")


def parse(hook: Hook, settings: Settings) -> list[Event | Rejected]:
    """Every event of one POST, in the body's order. Raises UnreadableBody."""
    root = _ITEMS.root(hook.body)
    alone = type(root) is dict and type(root.get("events")) is dict
    if type(root) is not list and not alone:
        raise UnreadableBody(Sentence("karix_other_body", {"found": found(root)}))
    places = once.Places()
    return [_item(item, path, settings, places) for path, item in listed(root)]


def _item(item: Any, path: str, settings: Settings, places: once.Places) -> Event | Rejected:
    return _ITEMS.read(item, path, lambda item: _event(item, settings, places))


def _event(item: dict[str, Any], settings: Settings, places: once.Places) -> Event:
    if type(item.get("events")) is not dict:
        raise Malformed(Sentence("karix_no_events"))
    kind = _word(text_of(item["events"], "eventType"))
    if kind == "user initiated" or (not kind and "eventContent" in item):
        return _message(item, settings, places)
    if kind == "delivery events" or (not kind and "notificationAttributes" in item):
        return _report(item, settings) or _kept(item, settings)
    return _kept(item, settings)


def _word(text: str | None) -> str:
    """A word or two of Karix's, which integrations compare loosely."""
    return re.sub(r"[\s_]+", " ", text or "").strip().lower()


# --- messages ------------------------------------------------------------------------------------


def _message(item: dict[str, Any], settings: Settings, places: once.Places) -> InboundMessage:
    events, around = part(item, "events"), obj(item, "eventContent")
    message = obj(around, "message")
    number, at = _number(message, "to", settings), _time(events, message)
    content = _content(message)
    sender = _sender(message, around)
    external_id = text_of(message, "id") or text_of(events, "mid")
    kind, told = c.kind_of(content), {k: v for k, v in message.items() if k not in _SIGNED}
    key = places.key(number, str(sender.recipient), at, kind, None, told, external_id)
    around_it = quoted(message), referral(message)
    return InboundMessage(
        number, external_id or None, key, sender, at, content, *around_it, display=number, raw=item
    )


_SIGNED = frozenset({"attachmentUrl"})  # signed anew with each delivery


def _sender(message: dict[str, Any], around: dict[str, Any]) -> Person:
    """Who wrote. NOT CONFIRMED: that `contacts`, a name or a business-scoped id comes along."""
    ids = text_of(message, "from"), text_of(message, "from_user_id")
    who = person(around.get("contacts"), *ids)
    given = next((name for key in NAMES if (name := text_of(message, key))), None)
    if who.name or not given:
        return who
    return msgspec.structs.replace(who, name=given)


def _content(message: dict[str, Any]) -> c.Inbound:
    """Karix's files are flat; everything else is Meta's message object, which has its kind in
    `contentType`, or in `type`."""
    kind = (text_of(message, "contentType") or text_of(message, "type") or "").strip().lower()
    if kind == "attachment" or ("attachmentUrl" in message and kind not in message):
        return _attachment(message)
    if kind in ("text", "") and type(message.get("text")) is str:
        return c.TextReceived(message["text"])
    read = read_content({**message, "type": kind or None})
    return c.Unknown(read.type, message) if isinstance(read, c.Unknown) else read


def _attachment(message: dict[str, Any]) -> c.Inbound:
    mime = text_of(message, "attachmentMimeType")
    media = c.MediaReceived(
        url=need(message, "attachmentUrl"),
        mime_type=mime,
        filename=text_of(message, "attachmentFilename"),
    )
    caption = next((words for key in CAPTIONS if (words := text_of(message, key))), None)
    kind = _word(text_of(message, "attachmentType")) or (mime or "").partition("/")[0]
    if kind == "image":
        return c.ImageReceived(media, caption)
    if kind == "video":
        return c.VideoReceived(media, caption)
    if kind in ("audio", "voice"):
        return c.AudioReceived(media, kind == "voice")
    if kind == "sticker":
        return c.StickerReceived(media)
    if kind in ("document", "application", "text"):
        return c.DocumentReceived(media, caption)
    return c.Unknown(f"attachment.{kind}", message)


# --- reports -------------------------------------------------------------------------------------


def _report(item: dict[str, Any], settings: Settings) -> StatusUpdate | None:
    """A step of the ladder; None when its word is none of it."""
    events, told = item["events"], obj(item, "notificationAttributes")
    word = _word(need(told, "status"))
    step = LADDER.get(word)
    if step is None:
        return None
    mid, at, whom = need(events, "mid"), _time(events, told), part(item, "recipient")
    failed = step is Status.FAILED
    code, reason = text_of(told, "code") or "", text_of(told, "reason") or ""
    to = text_of(whom, "to")
    number = _number(part(item, "sender"), "from", settings)
    return StatusUpdate(
        number,
        mid,
        f"s:{mid}:{word}:{at}",
        step,
        at,
        person(None, to, None) if to else Person(),
        text_of(part(whom, "reference"), "cust_ref"),
        (c.Problem(code, reason),) if failed and (code or reason) else (),
        _problem(code, reason) if failed else None,
        word=word,
        display=number,
        raw=item,
    )


def _problem(code: str, reason: str) -> SendProblem:
    """Why a report says that it failed. NOT CONFIRMED: that its codes are Meta's; a code that Meta
    does not have is shown with Karix's words."""
    said = meaning({"code": code, "message": reason})
    if said.known.text:
        return SendProblem(
            said.known.code.value, said.sentence, said.known.concerns.value, code, reason
        )
    sentence = Sentence("karix_failed_silently")
    if code or reason:
        sentence = Sentence("karix_failed", {"said": shown_raw(code, reason)})
    return SendProblem(Code.UNKNOWN.value, sentence, Concerns.MESSAGE.value, code, reason)


# --- what both have ------------------------------------------------------------------------------


def _kept(item: dict[str, Any], settings: Settings) -> KeptEvent:
    """An event without a type of its own, whole."""
    events = item["events"]
    try:
        at = _time(events, {})
    except Malformed:
        at = 0
    number = _ours(text_of(part(item, "sender"), "from") or "", settings)
    field = text_of(events, "eventType") or ""
    return KeptEvent(
        "h:" + digest(item), "", field, at, number, display=number, known=False, raw=item
    )


def _ours(number: str, settings: Settings) -> str:
    """Our number as digits; *From* is the channel's number where the two differ."""
    digits = re.sub(r"\D", "", number)
    if digits and digits == settings.sender:
        return settings.number or digits
    return digits


def _number(place: dict[str, Any], key: str, settings: Settings) -> str:
    """The number that an item is about: the channel's one where the item does not say."""
    told = text_of(place, key)
    number = _ours(told, settings) if told else settings.number
    if not number:
        raise Malformed(Sentence("karix_no_number"))
    return number


def _time(*places: dict[str, Any]) -> int:
    """The first `timestamp` that can be read. Karix writes milliseconds as text, Meta seconds."""
    return _ITEMS.time(*(place.get("timestamp") for place in places))
