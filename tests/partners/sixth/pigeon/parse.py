"""One POST of Pigeon Post: `{"arrivals": [slip, slip, …]}`, each arrival on its own."""

from __future__ import annotations

import datetime
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
from dragoman.domain.identity import Person, Phone, read_recipient
from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.domain.status import Status
from dragoman.partners import once
from dragoman.partners._cloud.shape import found
from dragoman.partners.contract import Hook, UnreadableBody
from dragoman.partners.json_body import decode

from .error_table import problem
from .settings import Settings
from .slips import Slip, first

words(
    {
        "pigeon_not_json": "The body is not JSON, so it did not come from Pigeon Post as it was "
        "sent; it is kept as it came.",
        "pigeon_other_body": "The body has no arrivals, so it is not Pigeon Post's; check whose "
        "webhook is set to this address.",
        "pigeon_no_slip": "Pigeon Post's arrival is no slip but {found}; it is kept as it came.",
        "pigeon_missing": "Pigeon Post's slip has no readable {name!r}, which it "
        "needs to be understood; it is kept as it came.",
    }
)

# NOT CONFIRMED: that `lost` is the end of it.
LEGS = {
    "launched": Status.SENT,
    "landed": Status.DELIVERED,
    "opened": Status.READ,
    "lost": Status.FAILED,
}
_OURS = {"note": "to", "leg": "from"}  # what names our number


class _Unreadable(ValueError):
    """One arrival cannot be read: what it lacks."""


def parse(hook: Hook, settings: Settings) -> list[Event | Rejected]:
    try:
        root = decode(hook.body)
    except ValueError:
        raise UnreadableBody(Sentence("pigeon_not_json")) from None
    arrivals = root.get("arrivals") if type(root) is dict else None
    if type(arrivals) is not list:
        raise UnreadableBody(Sentence("pigeon_other_body"))
    places = once.Places()
    return [_arrival(item, f"arrivals[{i}]", places) for i, item in enumerate(arrivals)]


def _arrival(item: Any, path: str, places: once.Places) -> Event | Rejected:
    if type(item) is not dict:
        return Rejected(Sentence("pigeon_no_slip", {"found": found(item)}), path, item)
    what = first(item, "what")
    try:
        if what == "note":
            return _note(item, places)
        if what == "leg" and first(item, "leg") in LEGS:
            return _leg(item)
        return _kept(item, what or "arrival", places)
    except _Unreadable as lacks:
        told = {"name": str(lacks)}
        return Rejected(Sentence("pigeon_missing", told), path, item)


def _note(slip: Slip, places: once.Places) -> InboundMessage:
    number, at, sender = _need(slip, "to"), _time(slip), _person(slip, "from")
    pigeon = first(slip, "pigeon")
    content = _content(slip)
    if pigeon:
        key = once.with_id(pigeon)
    else:
        key = places.key(number, str(sender.recipient), at, c.kind_of(content), None, slip)
    answers = first(slip, "answers")
    return InboundMessage(
        number,
        pigeon or None,
        key,
        sender,
        at,
        content,
        Quoted(answers) if answers else None,
        display=number,
        raw=slip,
    )


def _content(slip: Slip) -> c.Inbound:
    kind = first(slip, "type")
    if kind == "words":
        return c.TextReceived(_need(slip, "words"))
    if kind == "perch":
        id, _, title = _need(slip, "perch").partition("|")
        return c.ButtonReply(id, title)
    if kind in ("picture", "scroll"):
        media = c.MediaReceived(
            id=_need(slip, "parcel"),
            mime_type=first(slip, "sort") or None,
            filename=first(slip, "called") or None,
        )
        caption = first(slip, "beneath") or None
        if kind == "picture":
            return c.ImageReceived(media, caption)
        return c.DocumentReceived(media, caption)
    return c.Unknown(kind or "note", slip)


def _leg(slip: Slip) -> StatusUpdate:
    number, pigeon, at = _need(slip, "from"), _need(slip, "pigeon"), _time(slip)
    leg, to, coo = first(slip, "leg"), _person(slip, "to"), first(slip, "coo")
    failed = LEGS[leg] is Status.FAILED
    return StatusUpdate(
        number,
        pigeon,
        f"s:{pigeon}:{leg}:{at}",
        LEGS[leg],
        at,
        to,
        first(slip, "ring") or None,
        (c.Problem(coo, first(slip, "because")),) if failed else (),
        _lost(coo, first(slip, "because")) if failed else None,
        word=leg,
        display=number,
        raw=slip,
    )


def _lost(coo: str, because: str) -> SendProblem:
    known, sentence = problem(coo, because)
    return SendProblem(known.code, sentence, known.concerns, coo, because)


def _kept(slip: Slip, what: str, places: once.Places) -> KeptEvent:
    """What has no type of its own, whole; of no number where it is not known which one is ours."""
    number = first(slip, _OURS.get(what, ""))
    try:
        at = _time(slip)
    except _Unreadable:
        at = 0
    key = places.key(number, "", at, what, None, slip)
    return KeptEvent(key, "", what, at, number, display=number, known=False, raw=slip)


def _need(slip: Slip, name: str) -> str:
    value = first(slip, name)
    if not value:
        raise _Unreadable(name)
    return value


def _person(slip: Slip, name: str) -> Person:
    try:
        whom = read_recipient(_need(slip, name))
    except SentenceError:
        raise _Unreadable(name) from None
    called = first(slip, "name") or None
    if isinstance(whom, Phone):
        return Person(whom, name=called)
    return Person(bsuid=whom, name=called)


def _time(slip: Slip) -> int:
    """`when=2026-02-01T09:30:00.250Z`, in Unix ms."""
    try:
        moment = datetime.datetime.fromisoformat(_need(slip, "when"))
        return round(moment.replace(tzinfo=moment.tzinfo or datetime.UTC).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise _Unreadable("when") from None
