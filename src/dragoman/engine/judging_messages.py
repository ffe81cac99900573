"""Judges what people meet: whether the channel is live, the first message in, its answer, and the
report that it arrived.
"""

from __future__ import annotations

from dragoman.domain.sentences import Sentence, words
from dragoman.domain.status import Answer, Doubt, Status

from .evidence import Evidence, Message
from .judging import (
    OF_EVERY_ANSWER,
    PATIENCE_MS,
    Mark,
    Step,
    fault,
    held,
    judged,
    kept,
    seen,
    where,
)
from .publish import missing
from .standing import phone, sentence, span

_NOT_LIVE = ("not_published", "channel_disabled", "other_partner")
_NUMBERS = ("numbers", "number")

words(
    {
        "seen_live": "Version {version} is published and enabled.",
        "move_enable": "Enable Channel is No. Set it to Yes, save and publish.",
        "move_publish": "These settings are saved and not live: publish. Contacts still meet "
        "{who}.",
        "move_publish_nobody": "nobody",
        "seen_first_in": "{name} wrote to {number}.",
        "awaited": "Waiting for your message to {number}, for a minute at most.",
        "move_first_in": "Write hello to {number}.",
        "unlisted": "{name} wrote to {number}, which the published channel does not have. Add it, "
        "save and publish.",
        "seen_first_out": "{partner} took it as {id}.",
        "wait_first_out": "The agent's first answer will tell.",
        "agent_failed": "The agent failed on the newest message, so its contact got the sentence "
        "for that: {reason}",
        "tried_first_out": "The newest answer waits, after attempts that failed: {n}. {reason} It "
        "is tried again by itself.",
        "seen_report": "Delivered {seconds} after it was sent.",
        "wait_report": "{partner} reports when it reaches the person.",
        "silent_report": "{partner} took it {at} ago and has reported nothing. Either its reports "
        "are not set to come here ({where}), or the person's phone is off.",
        "silent_phone": "{partner} sent it on {at} ago, and the person's phone has not taken it: "
        "it is off, or without a network.",
    }
)


# --- live ----------------------------------------------------------------------------------------


def live(evidence: Evidence) -> Step:
    published, draft = evidence.app.published, evidence.app.draft
    if published is not None and published.config.channel == draft.config.channel:
        if published.config.channel.enabled:
            told = Sentence("seen_live", {"version": published.version})
            return judged("live", Mark.SEEN, told)
        return _unanswered(evidence) or judged("live", Mark.MOVE, Sentence("move_enable"))
    if lacks := missing(draft):
        return judged("live", Mark.MOVE, lacks[0].sentence)
    if not draft.config.channel.enabled:
        return judged("live", Mark.MOVE, Sentence("move_enable"))
    if (broken := _unanswered(evidence)) is not None:
        return broken
    meets: Sentence | str = Sentence("move_publish_nobody")
    if published is not None and published.partner is not None:
        meets = published.partner.LABEL
    return judged("live", Mark.MOVE, Sentence("move_publish", {"who": meets}))


def _unanswered(evidence: Evidence) -> Step | None:
    """Messages that came and meet nobody."""
    last = evidence.last_in
    why = sentence(last.why) if last is not None else None
    if last is None or why is None or why.id not in _NOT_LIVE:
        return None
    return judged("live", Mark.BROKEN, why, last.at, last.link)


# --- the first message ---------------------------------------------------------------------------


def first_in(evidence: Evidence) -> Step:
    last = evidence.last_in
    if (last is None or last.unlisted) and _awaited(evidence, last.at if last is not None else 0):
        told = Sentence("awaited", {"number": evidence.number()})
        return judged("first_in", Mark.CHECKING, told)
    if last is not None:
        args = {"name": last.name or phone(last.phone) or "?",
                "number": phone(last.display or last.key)}  # fmt: skip
        if last.unlisted:
            told = Sentence("unlisted", args)
            return judged("first_in", Mark.BROKEN, told, last.at, last.link)
        told = Sentence("seen_first_in", args)
        return seen(evidence, "first_in", told, last.at, last.link, _NUMBERS)
    if (before := kept(evidence, "first_in", _NUMBERS)) is not None:
        return before
    told = Sentence("move_first_in", {"number": evidence.number()})
    return judged("first_in", Mark.MOVE, told)


def _awaited(evidence: Evidence, last: int) -> bool:
    """Whether the person wrote just now, and nothing came of it yet."""
    wrote, now = evidence.proofs.get("wrote"), evidence.around.now
    came = max(last, evidence.refused.at if evidence.refused is not None else 0)
    return wrote is not None and came < wrote.at <= now < wrote.at + PATIENCE_MS


# --- its answer ----------------------------------------------------------------------------------


def first_out(evidence: Evidence) -> Step:
    if (waits := held(evidence, "first_out", of_account=False)) is not None:
        return waits
    if (crashed := _agent_failed(evidence)) is not None:
        return crashed
    failed = _parked(evidence)
    for m in evidence.sent:
        if m.rank == Status.FAILED:
            told = fault(evidence, m.code, m.reason)
            step = judged("first_out", Mark.BROKEN, told, m.at, m.link)
            if m.code in OF_EVERY_ANSWER:
                return step
            failed = failed or step  # of that message or that person alone, perhaps
        elif m.doubt == Doubt.OPEN:
            failed = failed or _doubted(evidence, m)
        elif m.rank <= Status.SENDING and (waits := _tried(evidence, m)) is not None:
            return waits
        elif m.rank >= Status.ACCEPTED:
            told = Sentence("seen_first_out", {**evidence.partner, "id": m.external_id or "?"})
            return seen(evidence, "first_out", told, m.at, m.link, evidence.sends)
    before = kept(evidence, "first_out", evidence.sends)
    unsent = judged("first_out", Mark.NOT_YET, Sentence("wait_first_out"))
    return before or failed or unsent


def _agent_failed(evidence: Evidence) -> Step | None:
    """The agent failed on the newest message, and its contact got the sentence for that."""
    last = evidence.last_in
    reason = evidence.why_agent_failed(last.id) if last is not None else None
    if last is None or reason is None:
        return None
    told = Sentence("agent_failed", {"reason": reason})
    return judged("first_out", Mark.BROKEN, told, last.at, last.link)


def _tried(evidence: Evidence, message: Message) -> Step | None:
    """It could not be sent, more than once, and is tried again."""
    tries, reason = evidence.why_not_sent(message.id)
    if tries < 2 or reason is None:
        return None
    told = Sentence("tried_first_out", {"reason": reason, "n": tries})
    return judged("first_out", Mark.BROKEN, told, message.at, message.link)


def _parked(evidence: Evidence) -> Step | None:
    """The newest message crashed the agent until it was set aside: no answer was ever made."""
    last = next(iter(evidence.messages), None)
    if last is None or last is not evidence.last_in or last.answer != Answer.PARKED:
        return None
    told = sentence(last.why) or Sentence("unknown_failure", evidence.partner)
    return judged("first_out", Mark.BROKEN, told, last.at, last.link)


def _doubted(evidence: Evidence, message: Message) -> Step:
    _, reason = evidence.why_not_sent(message.id)
    told = reason or Sentence("unknown_failure", evidence.partner)
    return judged("first_out", Mark.BROKEN, told, message.at, message.link)


# --- its report ----------------------------------------------------------------------------------


def first_report(evidence: Evidence) -> Step:
    for m in evidence.sent:
        if m.rank >= Status.DELIVERED:
            at = evidence.reported_at(m.id) or m.at
            told = Sentence("seen_report", {"seconds": span(max(0, at - m.at))})
            return seen(evidence, "first_report", told, at, m.link)
    return (
        kept(evidence, "first_report")
        or _no_report(evidence)
        or judged("first_report", Mark.NOT_YET, Sentence("wait_report", evidence.partner))
    )


def _no_report(evidence: Evidence) -> Step | None:
    """The newest answer was taken a while ago, and nobody said that it reached the person."""
    now = evidence.around.now
    last = next((m for m in evidence.sent if m.rank >= Status.ACCEPTED), None)
    if last is None or last.rank > Status.SENT or last.at + PATIENCE_MS >= now:
        return None
    args = {**evidence.partner, "at": span(now - last.at), "where": where(evidence, "delivery_url")}
    told = Sentence("silent_phone" if last.rank == Status.SENT else "silent_report", args)
    return judged("first_report", Mark.MOVE, told, 0, last.link)
