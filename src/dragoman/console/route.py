"""The route strip: the way of a message as a line with its stops, drawn on the server.

Gaps are on a square-root scale, so that 4 ms and 4 s both can be seen. Only our own gaps are
compared: how long a person's phone takes is not ours to mend.
"""

from __future__ import annotations

from itertools import pairwise
from math import sqrt

import msgspec

from dragoman.domain.sentences import Sentence, words
from dragoman.engine.standing import span
from dragoman.engine.steps import Step

OURS = frozenset({"stored", "turn", "agent", "queued", "call"})  # a gap that ends so is ours
LEAST, WIDTH, MARGIN = 78, 1040, 46  # units of the drawing, about a pixel each
UPRIGHT_LEAST, UPRIGHT = 44, 420

words(
    {
        "stop_hook": "webhook",
        "stop_stored": "stored",
        "stop_turn": "agent",
        "stop_agent": "answered",
        "stop_queued": "queued",
        "stop_call": "call {n}",
        "stop_accepted": "accepted",
        "stop_doubt": "in doubt",
        "stop_settled": "settled",
        "stop_failed": "failed",
    }
)


class Stop(msgspec.Struct, frozen=True):
    """`at`: its place along the line. `gap`: the time since the stop before, in words; `middle`:
    where that stands. `theirs`: reckoned from the partner's clock. `longest`: the longest of ours.
    `done`: False for what was not reported."""

    label: Sentence | str
    at: float
    gap: Sentence | str = ""
    middle: float = 0
    theirs: bool = False
    longest: bool = False
    done: bool = True


class Strip(msgspec.Struct, frozen=True):
    """A line of stops; `length` of the drawing."""

    stops: tuple[Stop, ...]
    length: float


class _Point(msgspec.Struct):
    label: Sentence | str
    at: int
    kind: str
    theirs: bool = False


def strips(
    steps: tuple[Step, ...], contact: Sentence | str, partner: Sentence | str
) -> tuple[Strip, Strip] | None:
    """The strip lying and upright, None where there is nothing to draw: fewer than three stops.
    steps: of one message, in order."""
    points = _points(steps, contact, partner)
    if len(points) < 3:
        return None
    return _strip(points, WIDTH, LEAST, MARGIN), _strip(points, UPRIGHT, UPRIGHT_LEAST, 12)


def _points(
    steps: tuple[Step, ...], contact: Sentence | str, partner: Sentence | str
) -> list[_Point]:
    timed = [s for s in steps if s.at or s.kind == "missing"]
    first = next((s.ref for s in timed if s.kind == "queued"), "")
    points: list[_Point] = []
    for step in timed:
        of_other = step.kind in ("queued", "call", "accepted", "report", "doubt", "settled",
                                 "missing") and step.ref != first  # fmt: skip
        if (of_other and step.kind != "report") or step.kind in ("kept", "item", "file", "waits"):
            continue
        if step.kind == "hook" and any(p.kind == "hook" for p in points):
            continue  # one turn for several webhooks: the first began it
        if step.kind == "stored" and any(p.kind == "stored" for p in points):
            continue
        points.append(_Point(_label(step), step.at, step.kind))
    came = next((s for s in timed if s.kind == "stored"), None)
    if came is not None and came.partner_at:
        points[:0] = [_Point(contact, came.partner_at, "", True), _Point(partner, 0, "", True)]
    return points


def _label(step: Step) -> Sentence | str:
    if step.kind in ("report", "missing"):
        status: Sentence = step.title.args["status"]
        return status
    return Sentence(f"stop_{step.kind}", {"n": step.title.args.get("n", "")})


def _strip(points: list[_Point], length: float, least: float, margin: float) -> Strip:
    gaps: list[int | None] = []
    for before, point in pairwise(points):
        if not point.kind:  # from the person to the partner: nobody tells
            gaps.append(None)
        elif not before.kind:
            gaps.append(point.at - points[0].at)
        else:
            gaps.append(point.at - before.at if point.kind != "missing" else None)
    ours = {i: g or 0 for i, g in enumerate(gaps) if points[i + 1].kind in OURS}
    longest = max(ours, key=lambda i: ours[i]) if ours and max(ours.values()) > 0 else -1
    length = max(length, 2 * margin + least * len(gaps))
    roots = [sqrt(max(0, g or 0)) for g in gaps]
    spare = length - 2 * margin - least * len(gaps)
    whole = sum(roots) or 1.0
    stops = [Stop(points[0].label, margin)]
    at = float(margin)
    for i, (gap, root) in enumerate(zip(gaps, roots, strict=True)):
        width = least + spare * root / whole
        point, theirs = points[i + 1], not points[i].kind
        stops.append(Stop(
            point.label, round(at + width, 1), _gap(gap, point), round(at + width / 2, 1), theirs,
            i == longest, point.kind != "missing",
        ))  # fmt: skip
        at += width
    return Strip(tuple(stops), round(at + margin, 1))


def _gap(gap: int | None, point: _Point) -> Sentence | str:
    if gap is None:
        return "" if point.kind == "missing" else "?"
    return span(gap)
