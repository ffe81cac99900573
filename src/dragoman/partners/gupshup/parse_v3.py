"""v3: Meta's own webhooks with Gupshup's ids beside Meta's.

Gupshup answers a send with an id of its own, so its `gs_id` is the message's id here, and our
number is known by its digits, as in the other dialects.

Source: Gupshup partner documentation, "Events" and "WhatsApp passthrough APIs".
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from dragoman.domain.events import (
    Event,
    InboundMessage,
    KeptEvent,
    Quoted,
    Rejected,
    StatusUpdate,
)
from dragoman.domain.identity import Person
from dragoman.domain.status import Status
from dragoman.partners._cloud.parse import parse_root
from dragoman.partners._cloud.people import person
from dragoman.partners._cloud.shape import Malformed, dicts, opt, opt_obj

from .parse_enterprise import time_of
from .settings import Settings

_ABOUT_NUMBERS = frozenset({"metadata", "messages", "statuses"})


def is_v3(item: dict[str, Any]) -> bool:
    return "entry" in item and "mobile" not in item


def parse(root: dict[str, Any], settings: Settings) -> list[Event | Rejected]:
    """Raises UnreadableBody."""
    for entry in dicts(root.get("entry")):
        for change in dicts(entry.get("changes")):
            value = change.get("value")
            if type(value) is dict and not _ABOUT_NUMBERS.isdisjoint(value):
                _name_number(value, settings)
    return [_own(event) for event in parse_root(root)]


def _name_number(value: dict[str, Any], settings: Settings) -> None:
    """Meta's id of our number is not what the channel knows it by, and some reports leave it out
    altogether."""
    told = opt(opt_obj(value, "metadata"), "display_phone_number")
    digits = re.sub(r"[^0-9]", "", told or "") or settings.number
    value["metadata"] = {"phone_number_id": digits, "display_phone_number": digits}


def _own(event: Event | Rejected) -> Event | Rejected:
    """The event with Gupshup's ids in place of Meta's, which its raw item keeps."""
    raw = getattr(event, "raw", None)
    if type(raw) is not dict:
        return event
    gs_id = opt(raw, "gs_id")
    if isinstance(event, StatusUpdate) and gs_id:
        key = event.dedupe_key.replace(event.external_id, gs_id, 1)
        return msgspec.structs.replace(event, external_id=gs_id, dedupe_key=key)
    if isinstance(event, KeptEvent) and opt(raw, "status") == "enqueued":
        return _enqueued(event, raw, gs_id) or event
    about = opt_obj(raw, "context")
    if isinstance(event, InboundMessage) and event.quoted is not None:
        id = opt(about, "gs_id") or opt(about, "meta_msg_id") or event.quoted.id
        quoted = msgspec.structs.replace(event.quoted, id=id)
        return msgspec.structs.replace(event, quoted=quoted)
    if isinstance(event, InboundMessage) and (id := opt(about, "gs_id")):
        return msgspec.structs.replace(event, quoted=Quoted(id))
    return event


def _enqueued(event: KeptEvent, raw: dict[str, Any], gs_id: str | None) -> Event | None:
    """Gupshup's own first step. Its time is in milliseconds, unlike those of Meta's reports."""
    external_id, whom = gs_id or opt(raw, "id"), opt(raw, "recipient_id")
    try:
        at = time_of(raw.get("timestamp"))
        recipient = person(None, whom, None) if whom else Person()
    except Malformed:
        return None
    if not external_id or not event.number:
        return None
    return StatusUpdate(
        event.number,
        external_id,
        f"s:{external_id}:enqueued::{at}",
        Status.ACCEPTED,
        at,
        recipient,
        opt(raw, "biz_opaque_callback_data"),
        word="enqueued",
        display=event.display,
        raw=raw,
    )
