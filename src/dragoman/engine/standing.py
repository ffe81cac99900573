"""Where a message stands: its status word, and the sentence of what it waits for or why it ended.

One wording for the log, for `why`, and for the pages.
"""

from __future__ import annotations

from typing import Any

import msgspec

from dragoman.domain.clock import id_text
from dragoman.domain.sentences import Sentence, template_of, term, words
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
        "soon": "a moment",
        "settled_arrived": "it arrived",
        "settled_again": "it was sent again",
        "settled_inferred": "it arrived, as a report shows that fits no other message",
        "other_about": "{about}: {reason}",
        "other_told": "{about} {told}",
        "other_unknown_here": "{told} (not known here)",
        "span_ms": "{n} ms",
        "span_s": "{n} s",
        "span_min": "{n} min",
        "span_h": "{n} h",
        "span_d": "{n} d",
        "span_two": "{long} {short}",
        "span_back": "-{span}",
    }
)


# What messages are of, and what comes beside them.
words(
    {
        "kind_text": "text",
        "kind_image": "picture",
        "kind_video": "video",
        "kind_audio": "audio",
        "kind_document": "document",
        "kind_sticker": "sticker",
        "kind_location": "location",
        "kind_contacts": "contact card",
        "kind_reaction": "reaction",
        "kind_buttons": "buttons",
        "kind_list": "list",
        "kind_cta_url": "link button",
        "kind_flow": "form",
        "kind_product": "product",
        "kind_products": "products",
        "kind_catalog": "catalogue",
        "kind_location_request": "request for a location",
        "kind_address_request": "request for an address",
        "kind_contact_request": "request for a contact",
        "kind_call_permission_request": "request to call",
        "kind_call_button": "call button",
        "kind_carousel": "carousel",
        "kind_product_carousel": "product carousel",
        "kind_order_details": "bill",
        "kind_order_status": "order status",
        "kind_template": "template",
        "kind_raw": "raw",
        "kind_button_reply": "button tapped",
        "kind_list_reply": "row chosen",
        "kind_template_reply": "template button tapped",
        "kind_flow_reply": "form answered",
        "kind_address_reply": "address",
        "kind_call_permission_reply": "answer to the request to call",
        "kind_payment_method": "way to pay chosen",
        "kind_order": "order",
        "kind_payment": "payment",
        "kind_number_changed": "number changed",
        "kind_user_id_changed": "user id changed",
        "kind_system": "notice",
        "kind_edited": "edited",
        "kind_deleted": "deleted",
        "kind_unsupported": "not supported",
        "kind_unknown": "unknown",
        "event_payment": "payment",
        "event_call": "call",
        "event_echo": "sent by the business itself",
        "event_preference": "preference",
        "event_template": "template",
        "event_account": "account",
        "event_number_problem": "trouble with a number",
        "event_kept": "kept",
        "outcome_answered": "answered",
        "outcome_silent": "without an answer",
        "outcome_failed": "failed",
        "outcome_interrupted": "interrupted",
        "outcome_crashed": "crashed",
        "outcome_parked": "parked",
    }
)


def named(group: str, word: str) -> Sentence:
    """The name of a kind of content (`kind`), of an event or of a turn's outcome; one that has
    none yet is said as it is written."""
    found = Sentence(f"{group}_{word}")
    return found if template_of(found) is not None else term(word.replace("_", " "))


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
        since = span(now - line.doubt_since)
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
        args = {"n": line.turn_tries, "wait": span(wait)}
        return Sentence("stands_turn_again" if line.turn_tries else "stands_turn_due", args)
    return Sentence("stands_turn_soon")


def _why_waiting(line: Line, now: int) -> Sentence:
    if line.hold is not None:
        number = phone(line.number_display) or line.number_key
        reason = error_sentence(line.hold)
        wait = _soon(line.hold_until - now)
        return Sentence("stands_hold", {"number": number, "reason": reason, "wait": wait})
    if line.head is not None and line.head != line.id:
        return Sentence("stands_behind", {"id": f"out-{id_text(line.head)}"})
    wait = _soon((line.not_before or 0) - now)
    if line.tries and line.last_error is not None:
        reason = error_sentence(line.last_error)
        return Sentence("stands_retry", {"n": line.tries, "reason": reason, "wait": wait})
    return Sentence("stands_later", {"wait": wait})


def _soon(ms: int) -> Sentence:
    return span(ms) if ms > 0 else Sentence("soon")


def settled_word(doubt: int) -> Sentence | None:
    """How a doubt ended, for people; None when there was none or it is open."""
    id = {
        Doubt.SETTLED_ARRIVED: "settled_arrived",
        Doubt.SETTLED_SENT_AGAIN: "settled_again",
        Doubt.SETTLED_INFERRED: "settled_inferred",
    }.get(Doubt(doubt))
    return None if id is None else Sentence(id)


_TOLD = ("field", "change", "name", "category", "type", "number", "reason")  # of an event


def other_words(other: Other) -> Sentence:
    """What came and is no message: why it was not taken, or what an event tells, which is in the
    partner's own words."""
    if other.reason is not None:
        about = {"about": other.about, "reason": other.reason}
        return Sentence("other_about", about) if other.about else other.reason
    told = " ".join(str(other.data[key]) for key in _TOLD if other.data.get(key))
    event = Sentence("other_told", {"about": named("event", other.about), "told": told})
    if other.data.get("known") is False:
        event = Sentence("other_unknown_here", {"told": event})
    return event if told else event.args["about"]


# --- the forms of numbers ------------------------------------------------------------------------


def span(ms: int) -> Sentence:
    """A length of time as people say it: `6 ms`, `1.1 s`, `2 min 5 s`, `3 h 10 min`, `2 d 4 h`."""
    if ms < 0:
        return Sentence("span_back", {"span": span(-ms)})
    if ms < 1000:
        return Sentence("span_ms", {"n": ms})
    if ms < 60_000:
        return Sentence("span_s", {"n": f"{ms / 1000:.1f}" if ms < 10_000 else ms // 1000})
    for size, big, part, small in (
        (3_600_000, "min", 60_000, "s"),
        (86_400_000, "h", 3_600_000, "min"),
        (1 << 62, "d", 86_400_000, "h"),
    ):
        if ms < size:
            whole, rest = divmod(ms, part)
            less = rest // {"s": 1000, "min": 60_000, "h": 3_600_000}[small]
            long = Sentence("span_" + big, {"n": whole})
            if not less:
                return long
            short = Sentence("span_" + small, {"n": less})
            return Sentence("span_two", {"long": long, "short": short})
    raise AssertionError("longer than time")


def duration(ms: int) -> str:
    """As `span`, in English."""
    return say(span(ms))


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
