"""The steps of a message's way, each made from its rows. `why` puts them together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from dragoman.domain.clock import id_text
from dragoman.domain.content import decode_inbound, decode_outbound, words_of
from dragoman.domain.sentences import Sentence, term, words
from dragoman.domain.status import Doubt, FileState, Status
from dragoman.store import media
from dragoman.store.drivers import Tx
from dragoman.store.queries import chain
from dragoman.store.queries.chain import AttemptRow, HookRow, ReportRow, TurnRow
from dragoman.store.queries.messages import IN, Line, load

from .standing import error_sentence, name_of, named, settled_word, span, stand

words(
    {
        "step_hook": "Webhook in",
        "step_fetched": "Fetched",
        "step_hook_is": "{bytes} bytes from {partner}, {proof}",
        "step_hook_with": "{bytes} bytes from {partner}, {proof}, {headers}",
        "proof_live": "accepted by the published copy",
        "proof_draft": "accepted by the in-development copy",
        "proof_invalid": "accepted, but not readable",
        "proof_fetched": "which we asked for",
        "step_stored": "Stored",
        "step_stored_is": "{id}: {kind}; then answered 200",
        "step_stored_said": "{id}: {kind} {said}; then answered 200",
        "step_external": "{partner}'s id {id}",
        "step_file": "File",
        "step_file_waiting": "it waits to be fetched",
        "step_file_again": "it waits to be fetched, tried {n} times",
        "step_file_kept": "{what}, {size}, kept for {left} more",
        "step_file_refused": "it is not kept",
        "step_file_gone": "it is not here",
        "step_turn": "Turn began",
        "step_turn_is": "configuration version {version}, attempt {attempt}, {messages}",
        "step_agent": "Agent answered",
        "step_turn_ended": "Turn ended: {outcome}",
        "step_agent_is": "{count}",
        "step_agent_context": "{count}; context: {changes}",
        "changed_removed": "{name} removed",
        "count_messages": ("{n} message", "{n} messages"),
        "count_none": "nothing",
        "step_flushed": "it sent parts before its end, {n} times",
        "step_queued": "Queued",
        "step_queued_is": "{id}: {kind}",
        "step_queued_said": "{id}: {kind} {said}",
        "step_retry_of": "in place of {id}",
        "step_call": "Call {n}",
        "step_call_is": "{method} {url} → {result}, {took}",
        "step_no_call": "Not called",
        "step_no_call_is": "judged when it should have left",
        "step_before_is": "before it, {purpose}: {method} {url} → {result}",
        "result_refused": "refused by us",
        "result_connect": "nothing left",
        "result_sent": "no whole answer",
        "result_none": "no answer",
        "result_because": "{result} ({detail})",
        "purpose_opt_in": "the consent",
        "purpose_upload": "the file",
        "purpose_media": "the file",
        "step_call_running": "No answer is stored yet.",
        "step_accepted": "accepted",
        "step_accepted_is": "{partner}'s id {id}",
        "step_window": "window open {left} more",
        "step_doubt": "In doubt",
        "step_settled": "Doubt ended",
        "step_settled_is": "{how}, by {who}",
        "step_settled_echo": "{how}; a report named it",
        "step_report": "{status}",
        "step_pricing": "{category}, {model}",
        "step_missing": "{status}",
        "step_missing_is": "not reported",
        "step_waiting": "Waiting",
        "step_next_try": "Next try in {wait}.",
        "step_not_answered": "Not answered",
        "step_parked": "Parked",
        "step_failed": "Failed",
        "step_rejected": "Not readable",
        "step_rejected_is": "at {path}",
        "step_rejected_whole": "the body as a whole",
        "step_refused": "Refused",
        "step_refused_is": "{bytes} bytes kept",
        "step_refused_with": "{bytes} bytes kept, {headers}",
        "step_event": "Kept",
        "step_event_is": "{kind}",
        "raw_body": "body",
        "raw_content": "content",
        "raw_context": "context changes",
        "raw_sent_headers": "sent headers",
        "raw_sent": "sent",
        "raw_answer_headers": "answer headers",
        "raw_answer": "answer",
        "raw_report": "report",
        "raw_message": "message",
        "size_bytes": "{n} bytes",
    }
)


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that happened. `at`: our clock, Unix ms, 0 where the moment is not kept.

    kind: hook, stored, turn, agent, queued, call, accepted, doubt, settled, report, missing, waits,
    kept, item. partner_at: the partner's own time, where it has one. ended: for what took a while.
    raw: (label, text) of bodies, to show on request, as text only. ref: the id of what it is about.
    """

    at: int
    kind: str
    title: Sentence
    detail: tuple[Sentence, ...] = ()
    raw: tuple[tuple[str, str], ...] = ()
    partner_at: int = 0
    ended: int = 0
    ref: str = ""


def label_of(name: str) -> Sentence | str:
    """What people call a partner."""
    from dragoman.partners.registry import PARTNERS, partner

    return partner(name).LABEL if name in PARTNERS else name or Sentence("why_partner")


def hook_step(row: HookRow) -> Step:
    args = {
        "bytes": len(row.body),
        "partner": label_of(row.partner),
        "proof": named("proof", row.note or "live"),
    }
    raw = ("body", _text(row.body))
    detail = (_with_headers("step_hook", args, row.headers),)
    title = Sentence("step_fetched" if row.note == "fetched" else "step_hook")
    return Step(row.at, "hook", title, detail, (raw,), ref=f"hook-{id_text(row.id)}")


def stored_step(line: Line) -> Step:
    detail = [_with_words("step_stored", line)]
    if line.external_id:
        detail.append(
            Sentence("step_external", {"partner": label_of(line.partner), "id": line.external_id})
        )
    return Step(line.when, "stored", Sentence("step_stored"), tuple(detail),
                (("content", line.content),), partner_at=line.at, ref=name_of(line))  # fmt: skip


def file_steps(tx: Tx, line: Line, now: int) -> list[Step]:
    """What became of the file that a message brought."""
    row = media.find(tx, line.app_id, line.id)
    if row is None:
        return []
    state = FileState(row.state)
    args: dict[str, Any] = {}
    if state is FileState.KEPT:
        args = {
            "what": [*([f"“{row.filename}”"] if row.filename else []), row.mime],
            "size": size_said(row.size),
            "left": span(max(0, (row.due_at or now) - now)),
        }
    told = Sentence(f"step_file_{state.word}", args)
    if state is FileState.WAITING and row.tries > 1:
        told = Sentence("step_file_again", {"n": row.tries})
    detail = [told]
    if row.why is not None:
        detail.append(msgspec.json.decode(row.why, type=Sentence))
    raw = (("sha256", row.sha256),) if row.sha256 else ()
    return [Step(row.ended, "file", Sentence("step_file"), tuple(detail), raw, ref=name_of(line))]


def answered_steps(row: TurnRow, taken: Sequence[Line], answers: Sequence[Line]) -> list[Step]:
    """The turn: when it began and with what, and how it ended."""
    count = Sentence("count_messages", {"n": len(taken)})
    args = {"version": row.config_version, "attempt": row.attempt, "messages": count}
    ref = f"turn-{id_text(row.id)}"
    steps = [Step(row.started, "turn", Sentence("step_turn"),
                  (Sentence("step_turn_is", args),), ref=ref)]  # fmt: skip
    if not row.ended:
        return steps
    notes = msgspec.json.decode(row.notes, type=list[Sentence]) if row.notes else []
    sent = Sentence("count_messages", {"n": len(answers)}) if answers else Sentence("count_none")
    changes = _context(row.context)
    told = Sentence("step_agent_is", {"count": sent})
    if changes:
        told = Sentence("step_agent_context", {"count": sent, "changes": changes})
    detail = [told]
    if row.flushes:
        detail.append(Sentence("step_flushed", {"n": row.flushes}))
    title = Sentence("step_turn_ended", {"outcome": named("outcome", row.outcome)})
    if row.outcome == "answered":
        title = Sentence("step_agent")
    raw = (("context changes", row.context),) if row.context else ()
    ended = row.ended
    if answers and not row.flushes:  # written down a moment before the commit that queued them
        ended = min(ended, max(row.started, min(a.at for a in answers)))
    steps.append(Step(ended, "agent", title, (*detail, *notes), raw, ref=ref))
    return steps


def _context(changed: str | None) -> list[Sentence | str]:
    if not changed:
        return []
    keys: dict[str, Any] = msgspec.json.decode(changed)
    return [Sentence("changed_removed", {"name": key}) if value is None else key
            for key, value in keys.items()]  # fmt: skip


def queued_step(tx: Tx, line: Line) -> Step:
    detail = [_with_words("step_queued", line)]
    if line.retry_of:
        detail.append(Sentence("step_retry_of", {"id": f"out-{id_text(line.retry_of)}"}))
    return Step(line.at, "queued", Sentence("step_queued"), tuple(detail),
                (("content", line.content),), ref=name_of(line))  # fmt: skip


def sending_steps(tx: Tx, line: Line, now: int) -> list[Step]:
    """Everything after the queue: calls, acceptance, doubt, reports, and what is still missing."""
    steps: list[Step] = []
    for attempt in chain.attempts(tx, line.app_id, line.id):
        steps += _attempt_steps(line, attempt)
    if line.doubt != Doubt.NONE:
        steps.append(Step(line.doubt_since, "doubt", Sentence("step_doubt"), ref=name_of(line)))
        steps += _settled_steps(tx, line)
    reports = chain.reports(tx, line.app_id, line.id)
    steps += [report_step(r) for r in reports]
    standing = stand(line, now)
    if standing.word in ("waiting", "queued") and standing.why is not None:
        why = standing.why
        if why.id == "stands_retry":  # the call's own step has said why
            why = Sentence("step_next_try", {"wait": why.args["wait"]})
        steps.append(Step(0, "waits", Sentence("step_waiting"), (why,)))
    elif standing.word == "failed" and not steps and standing.why is not None:
        steps.append(Step(line.at, "failed", Sentence("step_failed"), (standing.why,)))
    missing = {Status.ACCEPTED: "delivered", Status.SENT: "delivered", Status.DELIVERED: "read"}
    if line.doubt != Doubt.OPEN and line.rank in missing:
        word = missing[Status(line.rank)]
        steps.append(Step(0, "missing", Sentence("step_missing", {"status": term(word)}),
                          (Sentence("step_missing_is"),), ref=name_of(line)))  # fmt: skip
    return steps


def _attempt_steps(line: Line, row: AttemptRow) -> list[Step]:
    call: dict[str, Any] = msgspec.json.decode(row.call) if row.call else {}
    answer: dict[str, Any] = msgspec.json.decode(row.answer) if row.answer else {}
    before = tuple(_before(step) for step in call.pop("before", ()))
    window_until = int(call.pop("window_until", 0))
    why = (*before, *((error_sentence(row.error),) if row.error else ()))
    ref = name_of(line)
    if not call and row.outcome not in ("", "in doubt", "arrived"):
        detail = (Sentence("step_no_call_is"), *why)
        return [Step(row.started, "call", Sentence("step_no_call"), detail, ended=row.ended,
                     ref=ref)]  # fmt: skip
    title = Sentence("step_call", {"n": row.n})
    if not row.ended:
        return [Step(row.started, "call", title, (Sentence("step_call_running"), *why), ref=ref)]
    args = {
        "method": call.get("method", ""),
        "url": call.get("url", ""),
        "result": _result(answer),
        "took": span(row.ended - row.started),
    }
    raw = tuple(
        (label, pretty(value))
        for label, value in (
            ("sent headers", call.get("headers")),
            ("sent", call.get("body")),
            ("answer headers", answer.get("reply_headers")),
            ("answer", answer.get("reply_body")),
        )
        if value
    )
    steps = [Step(row.started, "call", title, (Sentence("step_call_is", args), *why), raw,
                  ended=row.ended, ref=ref)]  # fmt: skip
    if row.outcome == "sent":
        accepted = {"partner": label_of(line.partner), "id": line.external_id or "?"}
        detail = (Sentence("step_accepted_is", accepted),)
        if window_until > row.ended:
            left = span(window_until - row.ended)
            detail += (Sentence("step_window", {"left": left}),)
        steps.append(Step(row.ended, "accepted", Sentence("step_accepted"), detail, ref=ref))
    return steps


def _before(step: dict[str, Any]) -> Sentence:
    """A call that prepared the send: a consent that was looked up, a file that was left there."""
    args = {"purpose": named("purpose", str(step.get("purpose", ""))),
            "method": str(step.get("method", "")), "url": step.get("url", ""),
            "result": _result(step)}  # fmt: skip
    return Sentence("step_before_is", args)


def _result(answer: dict[str, Any]) -> Sentence | str:
    if "status" in answer:
        return str(answer["status"])
    phase = answer.get("phase", "")
    said = Sentence(f"result_{phase if phase in ('refused', 'connect', 'sent') else 'none'}")
    if not answer.get("detail"):
        return said
    return Sentence("result_because", {"result": said, "detail": answer["detail"]})


def _settled_steps(tx: Tx, line: Line) -> list[Step]:
    how = settled_word(line.doubt)
    if how is None:
        return []
    row = chain.settled(tx, line)
    title = Sentence("step_settled")
    if row is not None:
        detail = Sentence("step_settled_is", {"how": how, "who": row[1]})
        return [Step(row[0], "settled", title, (detail,), ref=name_of(line))]
    return [Step(0, "settled", title, (Sentence("step_settled_echo", {"how": how}),))]


def report_step(row: ReportRow) -> Step:
    body: dict[str, Any] = msgspec.json.decode(row.body)
    detail: list[Sentence] = []
    for problem in body.get("errors") or ():
        text = ": ".join(str(problem[k]) for k in ("code", "title", "details") if problem.get(k))
        detail.append(Sentence("step_event_is", {"kind": text}))
    pricing = body.get("pricing") or {}
    if pricing:
        args = {"category": pricing.get("category", "?"), "model": pricing.get("model", "?")}
        detail.append(Sentence("step_pricing", args))
    return Step(row.came, "report", Sentence("step_report", {"status": term(row.status)}),
                tuple(detail), (("report", pretty(body)),), partner_at=row.at,
                ref=f"report-{id_text(row.id)}")  # fmt: skip


# --- what is no message --------------------------------------------------------------------------


def item_steps(tx: Tx, app_id: int, items: dict[str, list[int]], at: int) -> list[Step]:
    """What became of the items of one webhook."""
    steps = [stored_step(line) for line in load(tx, [(app_id, i) for i in items["message"]])]
    for table in ("report", "event", "rejected"):
        for id in items[table]:
            row = chain.kept(tx, table, app_id, id)
            name = f"{table}-{id_text(id)}"
            if table == "report":
                fields = ReportRow.__struct_fields__
                step = report_step(ReportRow(id, *(row[f] for f in fields if f != "id")))
            else:
                step = kept_step(table, {**row, "at": at}, name)
            steps.append(step)
    return steps


def kept_step(table: str, row: dict[str, Any], name: str) -> Step:
    """A rejected item, a refused request or an event, kept as it came."""
    body = row["raw"] if table == "rejected" else row["body"]
    data = body if isinstance(body, bytes | memoryview) else (body or "").encode()
    args = {
        "path": row.get("path") or Sentence("step_rejected_whole"),
        "kind": named("event", row.get("kind") or ""),
        "bytes": len(data),
    }
    detail = [_with_headers(f"step_{table}", args, row.get("headers", "{}"))]
    if "reason" in row:
        detail.append(msgspec.json.decode(row["reason"], type=Sentence))
    text = _text(bytes(data))
    raw = (("body", text if table == "refused" else pretty(text)),) if data else ()
    return Step(row["at"], "kept", Sentence(f"step_{table}"), tuple(detail), raw, ref=name)


# --- texts ---------------------------------------------------------------------------------------


def _said(line: Line) -> str:
    try:
        decode = decode_inbound if line.direction == IN else decode_outbound
        text = words_of(decode(line.content))
    except msgspec.ValidationError:  # written by a newer program
        return ""
    return f"“{' '.join(text.split())}”" if text else ""


def _with_words(id: str, line: Line) -> Sentence:
    args = {"id": name_of(line), "kind": named("kind", line.kind)}
    said = _said(line)
    return Sentence(f"{id}_said", {**args, "said": said}) if said else Sentence(f"{id}_is", args)


def size_said(count: int) -> Sentence | str:
    """Bytes as people say them."""
    if count < 1_000:
        return Sentence("size_bytes", {"n": count})
    for unit, most in (("KB", 1_000_000), ("MB", 1_000_000_000)):
        if count < most:
            return f"{count / (most / 1_000):.1f} {unit}"
    return f"{count / 1_000_000_000:.1f} GB"


def _with_headers(id: str, args: dict[str, Any], stored: str) -> Sentence:
    kept: dict[str, str] = msgspec.json.decode(stored)
    told = [f"{k} {v}" for k, v in kept.items() if k != "content-length"]
    return Sentence(f"{id}_with", {**args, "headers": told}) if told else Sentence(f"{id}_is", args)


def _text(body: bytes) -> str:
    return body.decode("utf-8", "backslashreplace")


def pretty(value: Any) -> str:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return str(value)
    return json.dumps(value, ensure_ascii=False, indent=2)
