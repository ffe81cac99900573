"""Where a message stands: its status word, and the sentence of what it waits for or why it ended.

One wording for the log, for `why`, and for the pages.
"""

from __future__ import annotations

from typing import Any

import msgspec

from dragoman.domain.clock import id_text
from dragoman.domain.sentences import Sentence, words
from dragoman.domain.status import Doubt
from dragoman.store.queries import messages
from dragoman.store.queries.messages import Line, word
from dragoman.store.queries.others import Other

from .wording import say

words(
    {
        "stands_hold": "{number} may not send: {reason} Next try in {wait}.",
        "stands_retry": "Attempt {n} failed: {reason} Next try in {wait}.",
        "stands_later": "Leaves in {wait}.",
        "stands_behind": "Behind {id}, which must leave first.",
        "stands_doubt": "Unknown for {since} whether it arrived, so it is not sent again by "
        "itself.",
        "stands_sent_again": "Sent again in its place: look at the newer message.",
        "stands_turn": "Its turn is running.",
        "stands_turn_again": "Attempt {n} at its turn crashed. Next try in {wait}.",
        "stands_turn_due": "Its turn begins in {wait}.",
        "stands_turn_soon": "Its turn is about to begin.",
    }
)


class Standing(msgspec.Struct, frozen=True):
    """A status word of `messages.WORDS`, and why, None where the word says it all."""

    word: str
    why: Sentence | None = None


def stand(line: Line, now: int) -> Standing:
    """The status of a message at a time (Unix ms, business clock)."""
    said = word(line, now)
    if line.direction == messages.IN:
        return Standing(said, _why_in(line, now))
    if said == messages.WAITING:
        return Standing(said, _why_waiting(line, now))
    if said == messages.IN_DOUBT:
        since = duration(now - line.doubt_since)
        return Standing(said, Sentence("stands_doubt", {"since": since}))
    if said == messages.SENT_AGAIN:
        return Standing(said, Sentence("stands_sent_again"))
    if said == "failed" and line.error is not None:
        return Standing(said, error_sentence(line.error))
    return Standing(said)


def name_of(line: Line) -> str:
    """Our id as people see it: `in-…` or `out-…`."""
    return f"{'out' if line.direction else 'in'}-{id_text(line.id)}"


def error_sentence(body: str) -> Sentence:
    """The sentence of a stored SendError, or of the error that a report brought."""
    found: dict[str, Any] = msgspec.json.decode(body)
    return msgspec.convert(found.get("sentence"), Sentence)


def sentence(body: str | None) -> Sentence | None:
    return msgspec.json.decode(body, type=Sentence) if body else None


def _why_in(line: Line, now: int) -> Sentence | None:
    if line.why is not None:
        return sentence(line.why)
    if line.answer != 0:
        return None
    if line.lease_owner is not None:
        return Sentence("stands_turn")
    wait = (line.due_at or 0) - now
    if wait > 0:
        args = {"n": line.turn_tries, "wait": duration(wait)}
        return Sentence("stands_turn_again" if line.turn_tries else "stands_turn_due", args)
    return Sentence("stands_turn_soon")


def _why_waiting(line: Line, now: int) -> Sentence:
    if line.hold is not None:
        number = phone(line.number_display) or line.number_key
        reason = say(error_sentence(line.hold))
        wait = _soon(line.hold_until - now)
        return Sentence("stands_hold", {"number": number, "reason": reason, "wait": wait})
    if line.head is not None and line.head != line.id:
        return Sentence("stands_behind", {"id": f"out-{id_text(line.head)}"})
    wait = _soon((line.not_before or 0) - now)
    if line.tries and line.last_error is not None:
        reason = say(error_sentence(line.last_error))
        return Sentence("stands_retry", {"n": line.tries, "reason": reason, "wait": wait})
    return Sentence("stands_later", {"wait": wait})


def _soon(ms: int) -> str:
    return duration(ms) if ms > 0 else "a moment"


def settled_word(doubt: int) -> str | None:
    """How a doubt ended, for people; None when there was none or it is open."""
    return {
        Doubt.SETTLED_ARRIVED: "it arrived",
        Doubt.SETTLED_SENT_AGAIN: "it was sent again",
        Doubt.SETTLED_INFERRED: "it arrived, as a report shows that fits no other message",
    }.get(Doubt(doubt))


_TOLD = ("field", "change", "name", "category", "type", "number", "reason")  # of an event


def other_words(other: Other) -> str:
    """What came and is no message, in words: why it was not taken, or what an event tells."""
    if other.reason is not None:
        return f"{other.about}: {say(other.reason)}" if other.about else say(other.reason)
    told = [str(other.data[key]) for key in _TOLD if other.data.get(key)]
    if other.data.get("known") is False:
        told.append("(not known here)")
    return " ".join([other.about, *told])


# --- the forms of numbers ------------------------------------------------------------------------


def duration(ms: int) -> str:
    """A length of time as people say it: `6 ms`, `1.1 s`, `2 min 5 s`, `3 h 10 min`, `2 d 4 h`."""
    if ms < 0:
        return "-" + duration(-ms)
    if ms < 1000:
        return f"{ms} ms"
    if ms < 60_000:
        return f"{ms / 1000:.1f} s" if ms < 10_000 else f"{ms // 1000} s"
    for size, big, part, small in (
        (3_600_000, "min", 60_000, "s"),
        (86_400_000, "h", 3_600_000, "min"),
        (1 << 62, "d", 86_400_000, "h"),
    ):
        if ms < size:
            whole, rest = divmod(ms, part)
            less = rest // {"s": 1000, "min": 60_000, "h": 3_600_000}[small]
            return f"{whole} {big} {less} {small}" if less else f"{whole} {big}"
    raise AssertionError("longer than time")


def phone(digits: str | None) -> str:
    """A phone as people write it; digits that are no known number with a plus, else as they are."""
    if not digits or not digits.isascii() or not digits.isdigit():
        return digits or ""
    import phonenumbers

    try:
        number = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return "+" + digits
    if not phonenumbers.is_possible_number(number):
        return "+" + digits
    form = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, form).replace("-", " ")
