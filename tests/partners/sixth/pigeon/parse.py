"""One POST of Pigeon Post: `{"arrivals": [lines, lines, …]}`, each arrival on its own."""

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
from dragoman.partners.contract import Hook, UnreadableBody
from dragoman.partners.json_body import decode

from .error_table import problem
from .lines import Lines, first, read
from .settings import Settings

words(
    {
        "pigeon_not_json": "The body is not JSON, so it did not come from Pigeon Post as it was "
        "sent; it is kept as it came.",
        "pigeon_other_body": "The body has no arrivals, so it is not Pigeon Post's; check whose "
        "webhook is set to this address.",
        "pigeon_no_lines": "Pigeon Post's arrival is no list of lines; it is kept as it came.",
        "pigeon_line_missing": "Pigeon Post's arrival has no readable line {name!r}, which it "
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
_OURS = {"note": "to", "leg": "from"}  # the line that names our number


class _Unreadable(ValueError):
    """One arrival cannot be read: the line that lacks."""


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
    lines = read(item)
    if lines is None:
        return Rejected(Sentence("pigeon_no_lines"), path, item)
    what = first(lines, "what")
    try:
        if what == "note":
            return _note(lines, item, places)
        if what == "leg" and first(lines, "leg") in LEGS:
            return _leg(lines, item)
        return _kept(lines, what or "arrival", item, places)
    except _Unreadable as lacks:
        told = {"name": str(lacks)}
        return Rejected(Sentence("pigeon_line_missing", told), path, item)


def _note(lines: Lines, item: Any, places: once.Places) -> InboundMessage:
    number, at, sender = _need(lines, "to"), _time(lines), _person(lines, "from")
    pigeon = first(lines, "pigeon")
    content = _content(lines)
    if pigeon:
        key = once.with_id(pigeon)
    else:
        key = places.key(number, str(sender.recipient), at, c.kind_of(content), None, item)
    answers = first(lines, "answers")
    return InboundMessage(
        number,
        pigeon or None,
        key,
        sender,
        at,
        content,
        Quoted(answers) if answers else None,
        display=number,
        raw=item,
    )


def _content(lines: Lines) -> c.Inbound:
    kind = first(lines, "kind")
    if kind == "words":
        return c.TextReceived(_need(lines, "words"))
    if kind == "perch":
        id, _, title = _need(lines, "perch").partition("|")
        return c.ButtonReply(id, title)
    if kind in ("picture", "scroll"):
        media = c.MediaReceived(
            id=_need(lines, "parcel"),
            mime_type=first(lines, "sort") or None,
            filename=first(lines, "called") or None,
        )
        caption = first(lines, "beneath") or None
        if kind == "picture":
            return c.ImageReceived(media, caption)
        return c.DocumentReceived(media, caption)
    return c.Unknown(kind or "note", {"lines": lines})


def _leg(lines: Lines, item: Any) -> StatusUpdate:
    number, pigeon, at = _need(lines, "from"), _need(lines, "pigeon"), _time(lines)
    leg, to, coo = first(lines, "leg"), _person(lines, "to"), first(lines, "coo")
    failed = LEGS[leg] is Status.FAILED
    return StatusUpdate(
        number,
        pigeon,
        f"s:{pigeon}:{leg}:{at}",
        LEGS[leg],
        at,
        to,
        first(lines, "ring") or None,
        (c.Problem(coo, first(lines, "because")),) if failed else (),
        _lost(coo, first(lines, "because")) if failed else None,
        word=leg,
        display=number,
        raw=item,
    )


def _lost(coo: str, because: str) -> SendProblem:
    known, sentence = problem(coo, because)
    return SendProblem(known.code, sentence, known.concerns, coo, because)


def _kept(lines: Lines, what: str, item: Any, places: once.Places) -> KeptEvent:
    """What has no type of its own, whole; of no number where it is not known which one is ours."""
    number = first(lines, _OURS.get(what, ""))
    try:
        at = _time(lines)
    except _Unreadable:
        at = 0
    key = places.key(number, "", at, what, None, item)
    return KeptEvent(key, "", what, at, number, display=number, known=False, raw=item)


def _need(lines: Lines, name: str) -> str:
    value = first(lines, name)
    if not value:
        raise _Unreadable(name)
    return value


def _person(lines: Lines, name: str) -> Person:
    try:
        whom = read_recipient(_need(lines, name))
    except SentenceError:
        raise _Unreadable(name) from None
    called = first(lines, "name") or None
    if isinstance(whom, Phone):
        return Person(whom, name=called)
    return Person(bsuid=whom, name=called)


def _time(lines: Lines) -> int:
    """`when=2026-02-01T09:30:00.250Z`, in Unix ms."""
    try:
        moment = datetime.datetime.fromisoformat(_need(lines, "when"))
        return round(moment.replace(tzinfo=moment.tzinfo or datetime.UTC).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise _Unreadable("when") from None
