"""The checklist that knows: what of a channel was seen working, what is broken, whose move it is.

Every step is computed from what lies in the log: webhooks, refused calls, messages, reports, holds,
and the answers of the last check of the account. Nothing is believed that was not seen. What was
seen is noted as a proof when the list is looked at, so that it outlives the log's retention. A
setting that was changed since unproves what it had proved.

`evidence` reads, `judging` says what a step is, and a step's judgement is a function of the
evidence in `judging_account` or `judging_messages`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from dragoman.domain.sentences import Sentence, words
from dragoman.store.drivers import Tx

from . import judging_account, judging_messages
from .apps import App
from .doctor import Check
from .evidence import CHECK_MS, Around, Evidence
from .judging import Mark, Step

__all__ = [
    "CHECK_MS", "Around", "Checklist", "Mark", "Step", "begin_check", "checklist", "keep_checks",
    "note", "prove", "too_slow",
]  # fmt: skip

NOTE_EVERY_MS = 3_600_000
JUDGES = (
    judging_account.address, judging_account.credentials, judging_account.webhook,
    judging_account.sender, judging_messages.live, judging_messages.first_in,
    judging_messages.first_out, judging_messages.first_report,
)  # fmt: skip

words({"check_slow": "{partner} did not answer within {seconds} s. Check now asks again."})


class Checklist(msgspec.Struct, frozen=True):
    """news: whether something was seen that is not noted yet, or was seen an hour later."""

    steps: Sequence[Step]
    news: bool = False

    @property
    def seen(self) -> int:
        return sum(step.mark is Mark.SEEN for step in self.steps)

    @property
    def counted(self) -> int:
        return sum(step.mark is not Mark.NONE for step in self.steps)

    @property
    def digest(self) -> str:
        """Changes with everything that is shown."""
        return hashlib.sha256(msgspec.json.encode(self.steps)).hexdigest()[:16]

    @property
    def broken(self) -> int:
        return sum(step.mark is Mark.BROKEN for step in self.steps)


def checklist(tx: Tx, app: App, around: Around) -> Checklist:
    """Of the copy in development. Reads only."""
    talker = app.draft.partner
    if talker is None:
        return Checklist(())
    evidence = Evidence(tx, app, talker, around)
    steps = [judge(evidence) for judge in JUDGES]
    return Checklist(steps, any(_is_news(evidence, step) for step in steps))


def _is_news(evidence: Evidence, step: Step) -> bool:
    noted = evidence.proved_at(f"seen/{step.id}")
    return step.mark is Mark.SEEN and step.at > noted + NOTE_EVERY_MS


def begin_check(tx: Tx, app: App, now: int) -> None:
    """The account is being asked from now on, until `keep_checks` or CHECK_MS."""
    prove(tx, app.id, f"{app.draft.config.channel.partner}/checking", now)


def too_slow(app: App) -> Check:
    """What a check told that did not end in time."""
    label = app.draft.partner.LABEL if app.draft.partner is not None else ""
    about = {"partner": label, "seconds": CHECK_MS // 1000}
    return Check(app.name, "fail", Sentence("check_slow", about))


def keep_checks(tx: Tx, app: App, checks: Sequence[Check], now: int) -> None:
    """What the last check of the account told."""
    body = msgspec.json.encode(checks).decode()
    prove(tx, app.id, f"{app.draft.config.channel.partner}/checked", now, body=body)


def note(tx: Tx, app: App, found: Checklist) -> None:
    """Keep what was seen, for when its rows are gone."""
    name = app.draft.config.channel.partner
    for step in found.steps:
        if step.mark is Mark.SEEN and step.at:
            told = msgspec.json.encode(step.told).decode()
            prove(tx, app.id, f"{name}/seen/{step.id}", step.at, body=told)


def prove(tx: Tx, app_id: int, step: str, at: int, *, body: str | None = None) -> None:
    tx.run(
        """INSERT INTO proof(app_id,step,at,body) VALUES (?,?,?,?)
        ON CONFLICT(app_id,step) DO UPDATE SET at=excluded.at, body=excluded.body""",
        (app_id, step, at, body),
    )
