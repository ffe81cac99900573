"""What the business asked for, as steps: the request behind a message, and the way of a request."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dragoman.domain.clock import id_text
from dragoman.domain.public_ids import JOB, public_id
from dragoman.domain.sentences import Sentence, words
from dragoman.store.drivers import Tx
from dragoman.store.queries import chain
from dragoman.store.queries.messages import Line
from dragoman.store.queries.notified import End, Job, ends

from .notifications import Outcome, job_status, outcome
from .notify_request import Identity
from .standing import phone
from .steps import Step, pretty

SHOWN = 20  # recipients of a request that have a step of their own

words(
    {
        "step_asked": "Asked for",
        "step_asked_is": "{job}: recipient {n} of {count}, by the credential {by}",
        "step_asked_job": "{kind} for {count}, by the credential {by}; configuration version "
        "{version}",
        "step_recipient": "Recipient {n}",
        "step_recipient_is": "{phone}: {what}",
        "step_recipients_more": "And more",
        "step_recipients_more_is": ("{n} further recipient", "{n} further recipients"),
        "count_recipients": ("{n} recipient", "{n} recipients"),
        "asked_waits": "waits for its turn",
        "asked_on_its_way": "{id} is on its way",
        "asked_sent": "{id} was sent",
        "why_job": "It was asked for {count}: {sent} sent, {failed} failed, {left} on their way.",
    }
)


def asked_steps(tx: Tx, line: Line) -> list[Step]:
    """The request that a notification was made for; none for an answer."""
    found = chain.notification(tx, line)
    if found is None:
        return []
    job, n = found
    name = public_id(JOB, line.app_id, job.id)
    by = chain.credential_name(tx, job.client_id)
    args = {"job": name, "n": n + 1, "count": job.recipients, "by": by}
    return [_asked(job, name, Sentence("step_asked_is", args))]


def _asked(job: Job, name: str, detail: Sentence) -> Step:
    return Step(
        job.at, "hook", Sentence("step_asked"), (detail,), (("message", pretty(job.body)),),
        ref=name,
    )  # fmt: skip


class Way(msgspec.Struct, frozen=True):
    """How far a request got. `status`: a word of its own."""

    name: str
    status: str
    sentence: Sentence
    steps: tuple[Step, ...]


def way(tx: Tx, job: Job) -> Way:
    """A request and its first recipients."""
    found = ends(tx, job.app_id, job.id)
    outcomes = [outcome(end) for end in found]
    sent = sum(one is not None and one.status == "SUCCESS" for one in outcomes)
    left = outcomes.count(None)
    count = Sentence("count_recipients", {"n": len(found)})
    told = {"count": count, "sent": sent, "failed": len(found) - sent - left, "left": left}
    name = public_id(JOB, job.app_id, job.id)
    about = {"kind": job.kind, "count": count, "by": chain.credential_name(tx, job.client_id),
             "version": job.config_version}  # fmt: skip
    steps = [_asked(job, name, Sentence("step_asked_job", about)), *_recipients(found, outcomes)]
    status = job_status(outcomes).lower().replace("_", " ")
    return Way(name, status, Sentence("why_job", told), tuple(steps))


def _recipients(found: Sequence[End], outcomes: Sequence[Outcome | None]) -> list[Step]:
    steps = []
    for end, one in zip(found[:SHOWN], outcomes, strict=False):
        who = phone(end.phone) or msgspec.json.decode(end.given, type=Identity).phone_number
        args = {"phone": who, "what": _what(end, one)}
        title = Sentence("step_recipient", {"n": end.n + 1})
        steps.append(Step(end.ended if one else 0, "item", title,
                          (Sentence("step_recipient_is", args),)))  # fmt: skip
    if len(found) > SHOWN:
        more = Sentence("step_recipients_more_is", {"n": len(found) - SHOWN})
        steps.append(Step(0, "item", Sentence("step_recipients_more"), (more,)))
    return steps


def _what(end: End, one: Outcome | None) -> Sentence:
    about = {"id": f"out-{id_text(end.message_id)}"}
    if one is None:
        return Sentence("asked_on_its_way" if end.message_id else "asked_waits", about)
    return one.why or Sentence("asked_sent", about)
