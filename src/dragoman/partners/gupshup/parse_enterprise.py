"""Enterprise: flat bodies, whose nested parts are texts of JSON, and delivery reports.

Nearly everything nested is Meta's own object, so Meta's readers read it.

Source: Gupshup, "Inbound messages" and "Real-time delivery reports" (Enterprise), and public
integrations of both.
"""

from __future__ import annotations

import re
from typing import Any

from dragoman.domain import content as c
from dragoman.domain.errors import Code, Concerns
from dragoman.domain.events import (
    Event,
    InboundMessage,
    KeptEvent,
    Quoted,
    SendProblem,
    StatusUpdate,
)
from dragoman.domain.identity import Person
from dragoman.domain.sentences import Sentence, words
from dragoman.domain.status import Status
from dragoman.partners import once
from dragoman.partners._cloud.content import read_content
from dragoman.partners._cloud.payments import paid_word, total
from dragoman.partners._cloud.people import person
from dragoman.partners._cloud.shape import Malformed, digest, missing, need, opt
from dragoman.partners.items import Items
from dragoman.partners.json_body import decode

from .error_table import problem
from .settings import Settings

words(
    {
        "gupshup_inner_json": "Gupshup's field {field!r} should hold JSON and cannot be read; the "
        "item is kept as it came.",
        "gupshup_mobile_blank": "Gupshup's item has an empty *mobile*, so nobody knows who wrote "
        "it; it is kept as it came.",
        "gupshup_no_number": "Gupshup's item does not say which of our numbers it belongs to, and "
        "the channel has none; it is kept as it came.",
    }
)

LADDER: dict[str, Status] = {
    "enqueued": Status.ACCEPTED,
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
    "failed": Status.FAILED,
}
_FILES = frozenset({"image", "video", "audio", "voice", "document", "sticker"})

ITEMS = Items("gupshup", "Gupshup")
time_of = ITEMS.time


def message(item: dict[str, Any], settings: Settings, places: once.Places) -> Event:
    """A person's message: `waNumber`, `mobile`, `type`, and the content under its type."""
    number = number_of(opt(item, "waNumber"), settings)
    at = time_of(item.get("timestamp"))
    sender = _sender(item)
    kind = _kind(item)
    value = item.get(kind) if kind == "text" else unpacked(item.get(kind), kind)
    quoted = _quoted(item)
    # The signature of a file's address is new with each delivery.
    told = {k: v for k, v in value.items() if k != "signature"} if type(value) is dict else value
    return InboundMessage(
        number,
        None,
        places.key(number, str(sender.recipient), at, kind, quoted, told),
        sender,
        at,
        _content(item, kind, value),
        Quoted(quoted) if quoted else None,
        display=number,
        raw=item,
    )


def _sender(item: dict[str, Any]) -> Person:
    mobile = (opt(item, "mobile") or "").strip()
    if not mobile:
        raise Malformed(Sentence("gupshup_mobile_blank"))
    who = person(None, mobile, None)
    return Person(who.phone, who.bsuid, name=opt(item, "name") or None)


def _quoted(item: dict[str, Any]) -> str | None:
    """The id of our message that this one answers: its two halves. `messageId` alone is none."""
    reply, rest = opt(item, "replyId"), opt(item, "messageId")
    return f"{reply}-{rest}" if reply and rest else None


def _kind(item: dict[str, Any]) -> str:
    """The type in small letters; where it is not said, the one content that is there."""
    kind = opt(item, "type")
    if kind:
        return kind.lower()
    named = [key for key in (*_FILES, "text", "location", "button", "interactive") if key in item]
    if len(named) != 1:
        raise missing("type")
    return named[0]


def _content(item: dict[str, Any], kind: str, value: Any) -> c.Inbound:
    if kind == "text":
        return c.TextReceived(need(item, "text"))
    if type(value) is dict and kind in _FILES:
        value = _file(value, kind)
        kind = "audio" if kind == "voice" else kind
    if kind == "interactive" and type(value) is dict and "payment" in value:
        return _payment(value["payment"])
    read = read_content({"type": kind, kind: value})
    return c.Unknown(read.type, item) if isinstance(read, c.Unknown) else read


def _file(value: dict[str, Any], kind: str) -> dict[str, Any]:
    """Meta's file object. The address and its signature belong together."""
    url = need(value, "url") + (opt(value, "signature") or "")
    named = {
        "mime_type": opt(value, "mime_type") or opt(value, "contentType"),
        "filename": opt(value, "filename") or opt(value, "name"),
        "caption": opt(value, "caption"),
    }
    out = {"url": url, **{key: text for key, text in named.items() if text}}
    return {**out, "voice": True} if kind == "voice" else out


def _payment(data: Any) -> c.PaymentReceived:
    """What became of a bill (WhatsApp Pay). Amounts stay whole numbers."""
    if type(data) is not dict:
        raise missing("payment")
    return c.PaymentReceived(
        need(data, "reference_id"),
        paid_word(need(data, "status")),
        opt(data, "transaction_id"),
        opt(data, "transaction_type"),
        opt(data, "currency"),
        total(data.get("total_amount")),
        data,
    )


# --- reports -------------------------------------------------------------------------------------


def report(item: dict[str, Any], settings: Settings, places: once.Places) -> Event:
    """One element of `response`: a step of the ladder; other words are kept."""
    external_id, word = need(item, "externalId"), need(item, "eventType").lower()
    at, whom = time_of(item.get("eventTs")), opt(item, "destAddr")
    number = number_of(None, settings)
    step = LADDER.get(word)
    if step is None:
        return KeptEvent("h:" + digest(item), "", word, at, number, known=False, raw=item)
    # SMS reports spell it errCode.
    code = opt(item, "errorCode") or opt(item, "errCode") or ""
    cause = opt(item, "cause") or ""
    failed = step is Status.FAILED
    return StatusUpdate(
        number,
        external_id,
        f"s:{external_id}:{word}:{at}",
        step,
        at,
        person(None, whom, None) if whom else Person(),
        opt(item, "extra"),
        (c.Problem(code, cause),) if failed and (code or cause) else (),
        send_problem(code, cause, "report") if failed else None,
        word=word,
        display=number,
        raw=item,
    )


def send_problem(code: str, said: str, place: str) -> SendProblem:
    """Why a report says that it failed. `place`: which of Gupshup's tables the code is of."""
    if not code and not said:
        silent = Sentence("gupshup_failed_silently")
        return SendProblem(Code.UNKNOWN.value, silent, Concerns.MESSAGE.value)
    known, sentence = problem(place, code, said)
    return SendProblem(known.code.value, sentence, known.concerns.value, code, said)


# --- what every dialect has ----------------------------------------------------------------------


def unpacked(value: Any, field: str) -> Any:
    """A value that is written as a text of JSON, or, by some, as it is. Raises Malformed."""
    if type(value) is not str:
        return value
    try:
        return decode(value.encode())
    except (ValueError, RecursionError):
        raise Malformed(Sentence("gupshup_inner_json", {"field": field})) from None


def number_of(given: str | None, settings: Settings) -> str:
    """Our number as digits; where the item does not say it, the channel's."""
    number = re.sub(r"[^0-9]", "", given or "") or settings.number
    if not number:
        raise Malformed(Sentence("gupshup_no_number"))
    return number
