"""How the log's commands write: one line a message, safe in any terminal."""

from __future__ import annotations

import time
import unicodedata
from typing import Any

import click

from dragoman.domain.public_ids import JOB, public_id
from dragoman.domain.text import split_text
from dragoman.engine.standing import Standing, duration, name_of, other_words, phone, stand
from dragoman.engine.steps import Step
from dragoman.engine.why import Story, first_words
from dragoman.engine.wording import say
from dragoman.store.queries.messages import IN, Line
from dragoman.store.queries.others import Other
from dragoman.store.rows import origin_of

WORDS_KEPT = 60  # code points of a message that a line of the log shows

COLOURS = {
    "delivered": "green", "read": "green", "played": "green", "handled": None, "failed": "red",
    "parked": "red", "not answered": "yellow", "waiting": "yellow", "in doubt": "magenta",
    "sent again": "magenta",
}  # fmt: skip
# Marks that turn the direction of what follows. Joiners stay: letters and emoji need them.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def one_line(text: str, limit: int = WORDS_KEPT) -> str:
    """The first words of a text, in one line: nothing in it moves the cursor, colours the screen or
    turns the direction of the rest. Cut between words, never inside a character."""
    flat = " ".join(_safe(text).split())
    pieces = split_text(flat, limit)
    cut = flat if len(pieces) <= 1 else pieces[0] + "…"
    right_to_left = any(unicodedata.bidirectional(c) in ("R", "AL") for c in cut)
    return f"\u2068{cut}\u2069" if right_to_left else cut


def safe_block(text: str) -> str:
    """Text of several lines without what could act on a terminal."""
    return "\n".join(_safe(line) for line in text.split("\n"))


def _safe(text: str) -> str:
    kept = []
    for c in text:
        if c in _TURNING:
            continue
        kept.append(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c)
    return "".join(kept)


def clock(ms: int, now: int) -> str:
    """Local time with milliseconds; with the date when it is not today's."""
    local = time.localtime(ms / 1000)
    text = time.strftime("%H:%M:%S", local) + f".{ms % 1000:03d}"
    if local[:3] == time.localtime(now / 1000)[:3]:
        return text
    form = "%-d %b " if local[0] == time.localtime(now / 1000)[0] else "%Y-%m-%d "
    return time.strftime(form, local) + text


def iso(ms: int) -> str:
    """UTC, for programs."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms / 1000)) + f".{ms % 1000:03d}Z"


def people(line: Line) -> str:
    """Who wrote to whom."""
    reached = phone(line.phone) or line.bsuid or "?"
    contact = one_line(f"{line.name} {reached}" if line.name else reached, 40)
    number = phone(line.number_display) or line.number_key
    return f"{contact} → {number}" if line.direction == IN else f"{number} → {contact}"


def log_line(line: Line, now: int, *, app: str = "") -> str:
    """One message of the log."""
    standing = stand(line, now)
    arrow = "▼" if line.direction == IN else "▲"
    words = one_line(first_words(line))
    said = f"{line.kind}: {words}" if words else line.kind
    lead = f"{app}  " if app else ""
    return (
        f"{clock(line.when, now)} {arrow} {lead}{name_of(line):<17} {coloured(standing.word, 12)}  "
        f"{people(line)}  {said}{_because(standing)}{_asked(line)}"
    )


def change_line(line: Line, now: int, at: int) -> str:
    """A new status of a message that was shown before."""
    standing = stand(line, now)
    reached = one_line(line.name or phone(line.phone) or line.bsuid or "?", 40)
    return (
        f"{clock(at, now)} ○ {name_of(line):<17} {coloured(standing.word, 12)}  "
        f"{reached}{_because(standing)}"
    )


_OTHER = {"rejected": ("■", "red"), "refused": ("■", "red"), "event": ("·", None)}


def other_line(other: Other, now: int, *, app: str = "") -> str:
    """What came and is no message."""
    mark, colour = _OTHER[other.table]
    word = "kept" if other.table == "event" else other.table
    shown = click.style(f"{word:<12}", fg=colour) if colour else f"{word:<12}"
    lead = f"{app}  " if app else ""
    return (
        f"{clock(other.at, now)} {mark} {lead}{other.name:<17} {shown}  "
        f"{other.partner or '?'}  {one_line(say(other_words(other)), 300)}"
    )


def other_json(other: Other) -> dict[str, Any]:
    """The same, for programs."""
    return {
        "id": other.name,
        "app": other.app,
        "at": iso(other.at),
        "direction": "in",
        "partner": other.partner,
        "kind": other.table,
        "text": say(other_words(other)),
        "status": "kept" if other.table == "event" else other.table,
    }


def job_of(line: Line) -> str | None:
    """The public id of the request that a message was made for; None for an answer."""
    origin = origin_of(line.meta)
    return public_id(JOB, line.app_id, origin[0]) if origin is not None else None


def _asked(line: Line) -> str:
    job = job_of(line)
    return f"  [{job}]" if job is not None else ""


def _because(standing: Standing) -> str:
    return f" — {one_line(say(standing.why), 300)}" if standing.why is not None else ""


def coloured(word: str, width: int = 0) -> str:
    """A status word; `click.echo` takes the colour away where nobody sees it."""
    colour = COLOURS.get(word)
    padded = f"{word:<{width}}"
    return click.style(padded, fg=colour) if colour else padded


def log_json(line: Line, now: int) -> dict[str, Any]:
    """One message of the log, for programs. Times are ISO 8601 in UTC."""
    standing = stand(line, now)
    job = job_of(line)
    return {
        "id": name_of(line),
        "app": line.app,
        "at": iso(line.when),
        "direction": "in" if line.direction == IN else "out",
        "contact": {"name": line.name, "phone": line.phone, "bsuid": line.bsuid},
        "number": line.number_display or line.number_key,
        "partner": line.partner,
        "kind": line.kind,
        "text": first_words(line),
        "status": standing.word,
        "why": say(standing.why) if standing.why is not None else None,
        "external_id": line.external_id,
        **({"notification": job} if job is not None else {}),
    }


# --- why -----------------------------------------------------------------------------------------

_MARKS = {
    "hook": "▼", "call": "▲", "accepted": "○", "report": "○", "missing": "○", "doubt": "◆",
    "settled": "◆", "waits": "◌", "failed": "■", "kept": "■",
}  # fmt: skip


def story_lines(story: Story, now: int, *, raw: bool = False) -> list[str]:
    """A story as text: what it is, the answer, and the steps with the time since the step before
    each. The first step has the time of day."""
    head = f"{one_line(say(story.title), 200)} · {clock(story.at, now)} · {story.id}"
    status = f"{coloured(story.status)}: " if story.status else ""
    out = [head, f"{status}{one_line(say(story.sentence), 1000)}", ""]
    before = 0
    for step in story.steps:
        out += _step_lines(step, before, now, raw=raw)
        before = step.at or before
    return out


def _step_lines(step: Step, before: int, now: int, *, raw: bool) -> list[str]:
    if not step.at:
        when = "—"
    elif not before:
        when = clock(step.at, now)
    else:
        when = f"+{duration(step.at - before)}" if step.at >= before else duration(step.at - before)
    mark = _MARKS.get(step.kind, "●")
    details = [one_line(say(d), 1000) for d in step.detail]
    if step.partner_at:
        details.append(f"their clock {clock(step.partner_at, now)}")
    title = one_line(say(step.title), 80)
    out = [f"{when:>14}  {mark} {title:<15} {details[0] if details else ''}".rstrip()]
    out += [f"{'':>14}    {'':<15} {more}" for more in details[1:]]
    if raw:
        for label, text in step.raw:
            out.append(f"{'':>18}{label}:")
            out += [f"{'':>20}{part}" for part in safe_block(text).split("\n")]
    return out
