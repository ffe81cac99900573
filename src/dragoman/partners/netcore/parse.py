"""One POST of Netcore's webhooks, read into events: `incoming_message` and `delivery_status`, both
arrays, each item on its own.

The content of a message stands under its type (`text_type`, `image_type`, …); apart from its name
it is nearly always Meta's own object, so Meta's readers read it.

Source: Netcore Cloud, "Webhooks: incoming message" and "delivery notification" (2019), and captured
webhooks of 2026, which win where the two differ.
"""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Callable
from typing import Any

from dragoman.domain import content as c
from dragoman.domain.events import (
    Event,
    InboundMessage,
    KeptEvent,
    Quoted,
    Rejected,
    SendProblem,
    StatusUpdate,
)
from dragoman.domain.identity import Person
from dragoman.domain.sentences import Sentence, words
from dragoman.domain.status import Status
from dragoman.partners import once
from dragoman.partners._cloud.content import read_content
from dragoman.partners._cloud.people import person
from dragoman.partners._cloud.shape import Malformed, digest, found, missing, need, obj, opt
from dragoman.partners._cloud.shape import opt_obj as part
from dragoman.partners.contract import Hook, UnreadableBody
from dragoman.partners.items import Items, iso_ms, listed, unix_ms

from .error_table import code_in, code_of, problem
from .settings import Settings

words(
    {
        "netcore_other_body": "The body is not Netcore's ({found}): it has neither "
        "incoming_message nor delivery_status; check whose webhook is set to this address.",
        "netcore_not_items": "Netcore's {field} is not a list but {found}; it is kept as it came.",
        "netcore_no_number": "Netcore's item does not say which of our numbers it belongs to, and "
        "the channel has {count}; it is kept as it came.",
    }
)

LADDER: dict[str, Status] = {
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "read": Status.READ,
    "failed": Status.FAILED,
}
# NOT CONFIRMED: the zone of the times that reports write without one. Netcore's is taken, India's.
REPORT_ZONE = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
# NOT CONFIRMED: which member of a report brings our reference back.
ECHOED = "x-apiheader"

_ITEMS = Items("netcore", "Netcore")
_WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d{1,9})?")
_VOICE = "voice"


def parse(hook: Hook, settings: Settings) -> list[Event | Rejected]:
    """Every event of one POST, in the body's order. Raises UnreadableBody."""
    root = _ITEMS.root(hook.body)
    if type(root) is not dict or not _READERS.keys() & root.keys():
        raise UnreadableBody(Sentence("netcore_other_body", {"found": found(root)}))
    places = once.Places()
    out: list[Event | Rejected] = []
    for field, items in root.items():
        reader = _READERS.get(field)
        if reader is None:
            continue
        if type(items) is dict:  # one item, without the list around it
            items = [items]
        if type(items) is not list:
            args = {"field": field, "found": found(items)}
            out.append(Rejected(Sentence("netcore_not_items", args), field, items))
            continue
        read = functools.partial(reader, settings=settings, places=places)
        out += (_ITEMS.read(item, path, read) for path, item in listed(items, field))
    return out


# --- messages ------------------------------------------------------------------------------------


def _message(item: dict[str, Any], settings: Settings, places: once.Places) -> InboundMessage:
    number, at = _number(opt(item, "to"), settings), time_of(item.get("received_at"))
    who = person(None, opt(item, "from"), None)
    sender = Person(who.phone, who.bsuid, name=opt(item, "from_name") or None)
    quoted = _quoted(item)
    content = _content(item, quoted)
    external_id = opt(item, "message_id") or None
    kind, told = c.kind_of(content), item.get(_block_of(item) or "")
    key = places.key(number, str(sender.recipient), at, kind, quoted, told, external_id)
    return InboundMessage(
        number,
        external_id,
        key,
        sender,
        at,
        content,
        Quoted(quoted) if quoted and not isinstance(content, c.Reaction) else None,
        display=number,
        raw=item,
    )


def _quoted(item: dict[str, Any]) -> str | None:
    """The id of the message that this one refers to: ours by Netcore's id, the person's own by
    WhatsApp's. Both members are there and empty where it refers to none."""
    context = part(item, "context")
    return opt(context, "ncmessage_id") or opt(context, "message_id") or None


def _block_of(item: dict[str, Any]) -> str | None:
    """The member that holds the content; None where none does."""
    kind = (opt(item, "message_type") or "").strip().lower()
    if kind:
        return f"{kind}_type"
    named = [key for key in item if key.endswith("_type") and type(item[key]) is dict]
    return named[0] if len(named) == 1 else None


def _content(item: dict[str, Any], quoted: str | None) -> c.Inbound:
    block = _block_of(item)
    if block is None:
        # Text of nothing but emoji comes so: a person wrote, and Netcore does not say what.
        return c.Unsupported(None)
    kind = block.removesuffix("_type")
    if kind not in _KNOWN:
        return c.Unknown(kind, item)
    body = {key: value for key, value in obj(item, block).items() if value not in (None, "")}
    if kind == "text":
        return c.TextReceived(need(obj(item, block), "text"))
    if kind == _VOICE:
        kind, body = "audio", {**body, "voice": True}
    if kind == "reaction":
        if not quoted:
            raise missing("context")
        body = {"message_id": quoted, **body}
    read = read_content({"type": kind, kind: body})
    return c.Unknown(read.type, item) if isinstance(read, c.Unknown) else read


# NOT CONFIRMED: `button`, the quick reply of a template. Stickers are not forwarded, and would be
# read like the other files.
_KNOWN = frozenset(
    {"text", "image", "video", "audio", _VOICE, "document", "sticker", "location", "reaction",
     "interactive", "button"}
)  # fmt: skip


# --- reports -------------------------------------------------------------------------------------


def _report(item: dict[str, Any], settings: Settings, places: once.Places) -> Event:
    """A step of the ladder; other words are kept."""
    external_id = opt(item, "ncmessage_id") or need(item, "message_id")
    word, at = need(item, "status").strip().lower(), time_of(item.get("received_at"))
    number = _number_of_report(item, settings)
    step = LADDER.get(word)
    if step is None:
        return KeptEvent("h:" + digest(item), "", word, at, number, known=False, raw=item)
    whom, remark = opt(item, "recipient"), (opt(item, "status_remark") or "").strip()
    failed = step is Status.FAILED
    return StatusUpdate(
        number,
        external_id,
        f"s:{external_id}:{word}:{at}",
        step,
        at,
        person(None, whom, None) if whom else Person(),
        opt(item, ECHOED) or None,
        (c.Problem(code_in(remark), remark),) if failed and remark else (),
        _problem(remark, number) if failed else None,
        word=word,
        display=number,
        raw=item,
    )


def _problem(remark: str, number: str) -> SendProblem:
    known, sentence = problem(code_of(remark), remark, number, reported=True)
    code = code_in(remark)
    return SendProblem(known.code.value, sentence, known.concerns.value, code, remark)


# --- what both have ------------------------------------------------------------------------------


def _number(given: str | None, settings: Settings) -> str:
    """Our number as digits; where the item does not say it, the channel's only one."""
    number = re.sub(r"[^0-9]", "", given or "")
    if number:
        return number
    if len(settings.numbers) != 1:
        raise Malformed(Sentence("netcore_no_number", {"count": len(settings.numbers)}))
    return next(iter(settings.numbers))


def _number_of_report(item: dict[str, Any], settings: Settings) -> str:
    """Reports name the source that the message was sent with, and no number."""
    source = opt(item, "source")
    for digits in settings.numbers:
        if source and source in (settings.source_of(digits), digits):
            return digits
    return _number(None, settings)


def time_of(value: Any) -> int:
    """Unix milliseconds: from seconds or milliseconds, as digits or as a number, or from a date
    with the time."""
    return _ITEMS.time(value, read=_time)


def _time(value: Any) -> int | None:
    written = _WRITTEN.fullmatch(value.strip()) if type(value) is str else None
    if written is None:
        return unix_ms(value)
    return iso_ms(f"{written[1]}T{written[2]}", REPORT_ZONE) or None


_READERS: dict[str, Callable[..., Event]] = {
    "incoming_message": _message,
    "delivery_status": _report,
}
