"""What happened to one message: from the bytes of the webhook to the last status, as data.

`story` builds it, the CLI prints it and the message page draws it: one sentence that answers the
question, and a list of steps. Nothing secret is in it: bodies were stored without secrets, and what
the installation knows as a secret is taken out again.
"""

from __future__ import annotations

from typing import Any

import msgspec

from dragoman.domain.clock import id_text
from dragoman.domain.content import decode_inbound, decode_outbound, words_of
from dragoman.domain.sentences import Sentence, map_texts, term, words
from dragoman.domain.status import Answer, Status
from dragoman.store.drivers import Tx
from dragoman.store.queries import chain, notified
from dragoman.store.queries.chain import Found
from dragoman.store.queries.messages import IN, Line, load
from dragoman.vault import Redactor

from .asked import asked_steps, way
from .standing import name_of, named, phone, span, stand
from .steps import (
    Step,
    answered_steps,
    file_steps,
    hook_step,
    item_steps,
    kept_step,
    label_of,
    queued_step,
    report_step,
    sending_steps,
    stored_step,
)
from .wording import say

words(
    {
        "why_title_in": "Message from {who} · to {number}",
        "why_title_out": "Answer to {who} · from {number}",
        "why_title_notified": "Notification to {who} · from {number}",
        "why_title_job": "Notification {id}",
        "why_title_hook": "Webhook {id}",
        "why_title_fetched": "Reports that were fetched, {id}",
        "why_title_rejected": "An item that could not be read",
        "why_title_refused": "A refused request",
        "why_title_unknown": "The partner's id {id}",
        "why_title_event": "An event: {kind}",
        "why_reached": "It reached {who} {after}. {read}",
        "why_failed": "It failed. {reason}",
        "why_counted": "It counts as taken by {partner}, whose answer was lost; no report of "
        "delivery came yet.",
        "why_accepted": "{partner} took it {after}, and has not reported it as delivered yet.",
        "why_doubt": "We sent it and no answer told whether it arrived, so it is not sent again "
        "by itself. End the doubt with `dragoman settle {id} --arrived` or `--send-again` "
        "(which may double it).",
        "why_sent_again": "It was in doubt and was sent again as {id}.",
        "why_waits": "It waits and has not left yet. {reason}",
        "why_queued": "It is about to be sent.",
        "why_sending": "It is being sent now.",
        "why_in_waiting": "It waits for its turn. {reason}",
        "why_in_silent": "The agent took it and answered nothing.",
        "why_in_failed": "Its turn ended as {outcome}. {reason}",
        "why_after_came": "{span} after their message came to us",
        "why_after_queued": "{span} after it was queued",
        "why_came": "after their message came to us",
        "why_since_queued": "after it was queued",
        "why_not_read": "Not read yet.",
        "why_read": "Read {span} after it.",
        "why_played": "Played {span} after it.",
        "why_somebody": "somebody",
        "why_person": "{name}, {reached}",
        "why_partner": "The partner",
        "why_another": "another",
        "count_items_message": ("{n} message", "{n} messages"),
        "count_items_report": ("{n} report", "{n} reports"),
        "count_items_event": ("{n} event", "{n} events"),
        "count_items_rejected": ("{n} that could not be read", "{n} that could not be read"),
        "count_items_none": "nothing that was new",
        "why_in_answered": "It was answered with {n}; the first, {id}, is {status}.",
        "why_in_not": "It was not answered. {reason}",
        "why_in_parked": "Its turn was parked. {reason}",
        "why_hook": "It brought {what}.",
        "why_hook_invalid": "It could not be read as this partner's body and was kept as it came.",
        "why_rejected": "This item could not be read, so it was kept as it came; the items beside "
        "it were handled. {reason}",
        "why_refused": "The request was refused and nothing in it was handled. {reason}",
        "why_unknown_id": "Reports came for this id, but no message of ours has it. It may be from "
        "another program on the same number, or from before a backup was restored.",
        "why_event": "It was kept; nothing answers such an event.",
    }
)


class Story(msgspec.Struct, frozen=True):
    """The way of one message or thing. `id`: as people see it. `status`: a word of the log, empty
    for what is no message. `at`: when it came or was queued. `sentence`: the answer in one."""

    id: str
    app: str
    title: Sentence
    status: str
    at: int
    sentence: Sentence
    steps: tuple[Step, ...]


def story(tx: Tx, found: Found, now: int, redactor: Redactor | None = None) -> Story:
    """The story of what `chain.find` found. `now`: Unix ms, business clock."""
    made = _STORIES.get(found.table, _of_message)(tx, found, now)
    return _clean(made, redactor) if redactor is not None else made


def _of_message(tx: Tx, found: Found, now: int) -> Story:
    line = load(tx, [(found.app_id, found.id)])[0]
    return _of_inbound(tx, line, now) if line.direction == IN else _of_outbound(tx, line, now)


# --- a message that came in ----------------------------------------------------------------------


def _of_inbound(tx: Tx, line: Line, now: int) -> Story:
    row = chain.turn(tx, line.app_id, line.turn_id) if line.turn_id else None
    if row is None and line.answer == Answer.WAITING:
        row = chain.turn_at(tx, line.app_id, line.conversation_id, line.done_seq + 1)
    steps = [*_hooks(tx, line.app_id, [line], now)]
    answers: list[Line] = []
    if row is not None:
        taken = chain.taken_by(tx, line.app_id, row)
        answers = chain.answers_of(tx, line.app_id, row)
        steps += answered_steps(row, taken, answers)
    for i, answer in enumerate(answers):
        steps.append(queued_step(tx, answer))
        if i < 3:  # an answer's own story has the rest
            sent = sending_steps(tx, answer, now)
            steps += [s for s in sent if s.kind != "missing" or len(answers) == 1]
    standing = stand(line, now)
    if line.answer == Answer.WAITING or (row is None and standing.why is not None):
        steps.append(Step(0, "waits", Sentence("step_" + standing.word.replace(" ", "_")),
                          (standing.why,) if standing.why else ()))  # fmt: skip
    return Story(
        name_of(line), line.app, _title("why_title_in", line), standing.word, line.when,
        _inbound_sentence(line, row, answers, now), _in_order(steps),
    )  # fmt: skip


def _inbound_sentence(
    line: Line, row: chain.TurnRow | None, answers: list[Line], now: int
) -> Sentence:
    standing = stand(line, now)
    reason = standing.why or ""
    if line.answer == Answer.WAITING:
        return Sentence("why_in_waiting", {"reason": reason})
    if line.answer == Answer.NOT_ANSWERED:
        return Sentence("why_in_not", {"reason": reason})
    if line.answer == Answer.PARKED:
        return Sentence("why_in_parked", {"reason": reason})
    if row is not None and row.outcome in ("failed", "interrupted", "crashed"):
        outcome = named("outcome", row.outcome)
        return Sentence("why_in_failed", {"outcome": outcome, "reason": _last_note(row)})
    if not answers:
        return Sentence("why_in_silent")
    first = answers[0]
    count = Sentence("count_messages", {"n": len(answers)})
    return Sentence(
        "why_in_answered",
        {"n": count, "id": name_of(first), "status": term(stand(first, now).word)},
    )


def _last_note(row: chain.TurnRow) -> Sentence | str:
    notes = msgspec.json.decode(row.notes, type=list[Sentence]) if row.notes else []
    return notes[-1] if notes else ""


# --- a message that went out ---------------------------------------------------------------------


def _of_outbound(tx: Tx, line: Line, now: int) -> Story:
    row = chain.turn(tx, line.app_id, line.turn_id) if line.turn_id else None
    steps: list[Step] = []
    came = 0
    if row is not None:
        taken = chain.taken_by(tx, line.app_id, row)
        came = taken[0].when if taken else 0
        steps += _hooks(tx, line.app_id, taken, now)
        steps += answered_steps(row, taken, chain.answers_of(tx, line.app_id, row))
    asked = asked_steps(tx, line)
    title = "why_title_notified" if asked else "why_title_out"
    steps += [*asked, queued_step(tx, line), *sending_steps(tx, line, now)]
    return Story(
        name_of(line), line.app, _title(title, line), stand(line, now).word, line.at,
        _outbound_sentence(tx, line, came, now), _in_order(steps),
    )  # fmt: skip


def _outbound_sentence(tx: Tx, line: Line, came: int, now: int) -> Sentence:
    standing = stand(line, now)
    reason = standing.why or ""
    if standing.word == "in doubt":
        return Sentence("why_doubt", {"id": name_of(line)})
    if standing.word == "sent again":
        again = chain.sent_again(tx, line)
        other = f"out-{id_text(again)}" if again else Sentence("why_another")
        return Sentence("why_sent_again", {"id": other})
    if standing.word == "failed":
        return Sentence("why_failed", {"reason": reason})
    if standing.word in ("waiting", "queued", "sending"):
        ids = {"waiting": "why_waits", "queued": "why_queued", "sending": "why_sending"}
        return Sentence(ids[standing.word], {"reason": reason} if reason else {})
    reports = {r.status: r for r in reversed(chain.reports(tx, line.app_id, line.id))}
    start = came or line.at
    after = "why_after_came" if came else "why_after_queued"
    if line.rank >= Status.DELIVERED:
        first = reports.get("delivered") or reports.get("read") or reports.get("played")
        since = Sentence("why_came" if came else "why_since_queued")
        when = Sentence(after, {"span": span(first.came - start)}) if first else since
        seen = reports.get("played") or reports.get("read")
        read = Sentence("why_not_read")
        if seen is not None:
            word = "why_played" if line.rank == Status.PLAYED else "why_read"
            read = Sentence(word, {"span": span(seen.came - start)})
        return Sentence("why_reached", {"who": _who(line), "after": when, "read": read})
    ended = [a.ended for a in chain.attempts(tx, line.app_id, line.id) if a.outcome == "sent"]
    if not ended:
        return Sentence("why_counted", {"partner": label_of(line.partner)})
    when = Sentence(after, {"span": span(ended[-1] - start)})
    return Sentence("why_accepted", {"partner": label_of(line.partner), "after": when})


# --- what is no message --------------------------------------------------------------------------


def _of_turn(tx: Tx, found: Found, now: int) -> Story:
    row = chain.turn(tx, found.app_id, found.id)
    assert row is not None
    taken = chain.taken_by(tx, found.app_id, row)
    if taken:
        return _of_inbound(tx, taken[-1], now)
    newest = chain.last_of(tx, found.app_id, row.conversation_id)
    assert newest is not None  # a turn without a message does not begin
    return _of_message(tx, newest, now)


def _of_conversation(tx: Tx, found: Found, now: int) -> Story:
    newest = chain.last_of(tx, found.app_id, found.id)
    assert newest is not None  # a conversation is made by its first message
    return _of_message(tx, newest, now)


def _of_hook(tx: Tx, found: Found, now: int) -> Story:
    row = chain.hook(tx, found.app_id, found.id)
    assert row is not None
    items = chain.items_of(tx, found.app_id, found.id)
    counts = [Sentence(f"count_items_{table}", {"n": len(ids)})
              for table, ids in items.items() if ids]  # fmt: skip
    sentence = Sentence("why_hook", {"what": counts or Sentence("count_items_none")})
    if row.note == "invalid":
        sentence = Sentence("why_hook_invalid")
    steps = [hook_step(row), *item_steps(tx, found.app_id, items, row.at)]
    name = f"hook-{id_text(row.id)}"
    fetched = row.note == "fetched"
    title = Sentence("why_title_fetched" if fetched else "why_title_hook", {"id": name})
    return Story(name, _app(tx, found), title, "", row.at, sentence, tuple(steps))


def _of_kept(tx: Tx, found: Found, now: int) -> Story:
    """A rejected item, a refused request or an event."""
    row = chain.kept(tx, found.table, found.app_id, found.id)
    name = f"{found.table}-{id_text(found.id)}"
    reason = msgspec.json.decode(row["reason"], type=Sentence) if "reason" in row else ""
    steps: list[Step] = []
    hook = chain.hook(tx, found.app_id, row["hook_id"]) if row.get("hook_id") else None
    if hook is not None:
        steps.append(hook_step(hook))
    steps.append(kept_step(found.table, row, name))
    about = {"kind": named("event", row.get("kind") or "")}
    return Story(
        name, _app(tx, found), Sentence(f"why_title_{found.table}", about),
        "", row["at"], Sentence(f"why_{found.table}", {"reason": reason}), tuple(steps),
    )  # fmt: skip


def _of_report(tx: Tx, found: Found, now: int) -> Story:
    row = chain.kept(tx, "report", found.app_id, found.id)
    if row["message_id"]:
        return _of_message(tx, Found("message", found.app_id, row["message_id"]), now)
    return _of_delivery(
        tx, Found("delivery", found.app_id, row["number_id"], row["external_id"]), now
    )


def _of_delivery(tx: Tx, found: Found, now: int) -> Story:
    reports = chain.reports_waiting(tx, found.app_id, found.id, found.text)
    return Story(
        found.text, _app(tx, found), Sentence("why_title_unknown", {"id": found.text}), "",
        reports[0].came if reports else 0, Sentence("why_unknown_id"),
        tuple(report_step(r) for r in reports),
    )  # fmt: skip


def _of_job(tx: Tx, found: Found, now: int) -> Story:
    """A request to write first, with its recipients."""
    job = notified.job(tx, found.app_id, found.id)
    assert job is not None  # it was just found
    told = way(tx, job)
    title = Sentence("why_title_job", {"id": told.name})
    return Story(told.name, _app(tx, found), title, told.status, job.at, told.sentence, told.steps)


_STORIES = {
    "notification": _of_job,
    "turn": _of_turn,
    "conversation": _of_conversation,
    "hook": _of_hook,
    "rejected": _of_kept,
    "refused": _of_kept,
    "event": _of_kept,
    "report": _of_report,
    "delivery": _of_delivery,
}


# --- small things --------------------------------------------------------------------------------


def _hooks(tx: Tx, app_id: int, taken: list[Line], now: int) -> list[Step]:
    """Each webhook with the messages it brought, in the order they came."""
    steps: list[Step] = []
    seen: set[int] = set()
    for line in taken:
        if line.hook_id and line.hook_id not in seen:
            seen.add(line.hook_id)
            row = chain.hook(tx, app_id, line.hook_id)
            if row is not None:
                steps.append(hook_step(row))
        steps.append(stored_step(line))
        steps += file_steps(tx, line, now)
    return steps


def _in_order(steps: list[Step]) -> tuple[Step, ...]:
    """By our clock; what has no time stays behind the step before it. Equal times keep the order in
    which the things happen."""
    order: list[tuple[int, int, Step]] = []
    at = 0
    for i, step in enumerate(steps):
        at = step.at or at
        last = step.kind == "missing" or (not step.at and i == len(steps) - 1)
        order.append((at if not last else 1 << 62, i, step))
    return tuple(step for _, _, step in sorted(order, key=lambda o: (o[0], o[1])))


def _title(id: str, line: Line) -> Sentence:
    return Sentence(
        id, {"who": _who(line, full=True), "number": phone(line.number_display) or line.number_key}
    )


def _who(line: Line, full: bool = False) -> Sentence | str:
    reached = phone(line.phone) or line.bsuid or Sentence("why_somebody")
    if not (full and line.name):
        return reached
    return Sentence("why_person", {"name": line.name, "reached": reached})


def _app(tx: Tx, found: Found) -> str:
    rows = tx.run("SELECT name FROM app WHERE id=?", (found.app_id,))
    return str(rows[0][0]) if rows else ""


def first_words(line: Line) -> str:
    """What a message says, as it was typed; empty where it has no words."""
    try:
        decode = decode_inbound if line.direction == IN else decode_outbound
        return words_of(decode(line.content))
    except msgspec.ValidationError:  # written by a newer program
        return ""


def _clean(made: Story, redactor: Redactor) -> Story:
    """Every text of a story without known secrets; numbers are times and counts of ours."""

    def sentence(s: Sentence) -> Sentence:
        return map_texts(s, redactor.text)

    steps = tuple(
        msgspec.structs.replace(
            step,
            title=sentence(step.title),
            detail=tuple(sentence(d) for d in step.detail),
            raw=tuple((label, redactor.text(text)) for label, text in step.raw),
        )
        for step in made.steps
    )
    return msgspec.structs.replace(
        made, title=sentence(made.title), sentence=sentence(made.sentence), steps=steps
    )


def jsonable(made: Story) -> dict[str, Any]:
    """A story with every sentence in words, for `--json`."""
    out: dict[str, Any] = msgspec.to_builtins(made)
    out["title"], out["sentence"] = say(made.title), say(made.sentence)
    out["steps"] = [
        {**msgspec.to_builtins(step), "title": say(step.title),
         "detail": [say(d) for d in step.detail]}
        for step in made.steps
    ]  # fmt: skip
    return out
