"""Replay: what would the agent answer now to the webhooks that are stored?

In a copy (see `past`) the stored bodies are taken in again, in order, at the times they came, and
every turn runs over the same messages as it did then. Nothing is sent: the copy's egress is shut.

A body is not authenticated again: its signature was a header, and those are never stored. It was
authenticated when it came, or it would not be here.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from dragoman.domain.clock import FixedClock, Ids, id_text
from dragoman.domain.sentences import Sentence, SentenceError, term, words
from dragoman.partners.contract import Hook
from dragoman.store import leases
from dragoman.store.drivers import Tx
from dragoman.store.intake import Arrival
from dragoman.store.queries import chain
from dragoman.store.queries.messages import load
from dragoman.store.store import Store

from .apps import App, Apps
from .intake import Intake
from .past import Past, read
from .standing import name_of
from .turns import Turns
from .why import first_words
from .wording import say

words(
    {
        "replay_which": "There are several apps: say which with --app. Apps: {known}.",
        "replay_shut": "A connection was refused, because egress is shut during a replay.",
        "replay_outcome": "{turn}: {outcome}",
        "replay_stuck": "A turn did not end within {seconds} s; the replay stopped there.",
    }
)


# A link to a file of ours names a message and a time, both of which are others in the copy.
_LINK = re.compile(r"(/media/[0-9A-Z]+/)[0-9A-Z]+\?e=[0-9]+&s=[\w-]{22}", re.ASCII)


class Answer(msgspec.Struct, frozen=True):
    """One message of an agent: what is compared. Ids and times are not in it."""

    kind: str
    content: dict[str, Any]
    reply_to: str | None = None
    extra: dict[str, Any] | None = None


class Exchange(msgspec.Struct, frozen=True):
    """One turn, then and now. names, said: our ids of the messages and their words. `at`: when it
    was. then_note, now_note: why there was no answer, or what went wrong."""

    names: tuple[str, ...]
    said: tuple[str, ...]
    at: int
    then: tuple[Answer, ...]
    now: tuple[Answer, ...]
    then_note: Sentence | None = None
    now_note: Sentence | None = None

    @property
    def same(self) -> bool:
        return self.then == self.now


# --- the run -------------------------------------------------------------------------------------


class ReplayIntake(Intake):
    """Intake without the door: a stored body was authenticated when it came."""

    async def take(self, app: App, partner_name: str, at: int, body: bytes) -> None:
        hook = Hook("POST", "", body=body)
        events: list[Any] = list(read(app, partner_name, body))
        arrival = await self._arrival(app, partner_name, hook, events, at, "replay")
        await self._store.do(lambda tx: _arrive(tx, arrival))


def _arrive(tx: Tx, arrival: Arrival) -> None:
    """Keep it and wake nobody: the replay says when a turn begins."""
    told = len(tx.wakes)
    Arrival.apply(tx, [arrival])
    del tx.wakes[told:]


class Stage(msgspec.Struct, frozen=True):
    """The parts of the copy that a replay drives. The process does nothing by itself: no sweep,
    and the clock stands still. timeout_s: how long a turn may take."""

    store: Store
    apps: Apps
    turns: Turns
    clock: FixedClock
    ids: Ids
    owner: int
    timeout_s: float


async def run(stage: Stage, past: Past) -> None:
    """Take every body in, and run each turn when its last message is there."""
    intake = ReplayIntake(
        stage.store, stage.apps, stage.clock, stage.ids, owner=0, lease_ms=600_000,
        room=lambda: False,
    )  # fmt: skip
    app = stage.apps.by_id[past.app_id]
    left = {turn: {past.hook_of[i] for i in taken} for turn, (_, _, taken) in past.turns.items()}
    for hook_id, partner_name, at, body in past.hooks:
        stage.clock.at = at
        await intake.take(app, partner_name, at, body)
        for turn, waits_for in left.items():
            if hook_id in waits_for:
                waits_for.discard(hook_id)
                if not waits_for:
                    conversation_id, started, _ = past.turns[turn]
                    stage.clock.at = max(at, started)
                    await _turn(stage, past.app_id, conversation_id)


async def _turn(stage: Stage, app_id: int, conversation_id: int) -> None:
    wanted = [(app_id, conversation_id)]
    now = stage.clock.now()
    taken = await stage.store.do(
        lambda tx: leases.load(tx, leases.take(tx, wanted, stage.owner, 600_000, now))
    )
    stage.turns.start(list(taken))
    try:
        async with asyncio.timeout(stage.timeout_s):
            while await stage.store.read(_running):
                await asyncio.sleep(0.003)
    except TimeoutError:
        raise SentenceError(Sentence("replay_stuck", {"seconds": stage.timeout_s})) from None


def _running(tx: Tx) -> bool:
    return bool(tx.run("SELECT 1 FROM conversation WHERE lease_owner IS NOT NULL LIMIT 1"))


# --- what came of it -----------------------------------------------------------------------------


def compare(source: Tx, target: Tx, past: Past) -> list[Exchange]:
    """Each turn, then (in the real database) and now (in the copy), oldest first."""
    out: list[Exchange] = []
    counted: set[int] = set()
    for turn, (_, started, taken) in sorted(past.turns.items(), key=lambda item: item[1][1]):
        lines = load(source, [(past.app_id, i) for i in taken])
        then_row = chain.turn(source, past.app_id, turn) if turn > 0 else None
        now_turns: list[chain.TurnRow] = []
        note: Sentence | None = None
        for id in taken:
            found = _replayed(target, past, id)
            if found is None:
                continue
            note = found[1] or note
            row = chain.turn(target, past.app_id, found[0]) if found[0] else None
            if row is not None and row.id not in counted:
                counted.add(row.id)
                now_turns.append(row)
        then = _answers(source, past.app_id, [then_row] if then_row else [])
        now = _answers(target, past.app_id, now_turns)
        unanswered = next((_reason(line.why) for line in lines if line.why), None)
        out.append(
            Exchange(
                tuple(name_of(line) for line in lines),
                tuple(first_words(line) or line.kind for line in lines),
                started, then, now,
                _note(then_row) or unanswered,
                next((n for n in map(_note, now_turns) if n), note),
            )
        )  # fmt: skip
    return out


def _replayed(target: Tx, past: Past, message_id: int) -> tuple[int, Sentence | None] | None:
    """The turn that a message got in the copy, and why it was not answered."""
    rows = target.run(
        """SELECT m.turn_id,m.why,v.lease_owner,m.answer,m.conversation_id,m.seq FROM seen s
        JOIN message m ON m.app_id=s.app_id AND m.id=s.ref
        JOIN conversation v ON v.app_id=m.app_id AND v.id=m.conversation_id
        WHERE s.app_id=? AND s.key=?""",
        (past.app_id, past.keys.get(message_id, b"")),
    )
    if not rows:
        return None
    turn_id, why, _, answer, conversation_id, seq = rows[0]
    if not turn_id and answer == 0:  # its turn crashed and would be tried again
        row = chain.turn_at(target, past.app_id, conversation_id, seq)
        turn_id = row.id if row is not None else 0
    return turn_id, _reason(why) if why else None


def _reason(why: str | None) -> Sentence:
    return msgspec.json.decode(why or "{}", type=Sentence)


def _answers(tx: Tx, app_id: int, rows: Sequence[chain.TurnRow]) -> tuple[Answer, ...]:
    out = []
    for row in rows:
        for line in chain.answers_of(tx, app_id, row):
            meta = msgspec.json.decode(line.meta) if line.meta else {}
            content = msgspec.json.decode(_LINK.sub(r"\1…", line.content))
            out.append(Answer(line.kind, content, meta.get("reply_to"), meta.get("extra")))
    return tuple(out)


def _note(row: chain.TurnRow | None) -> Sentence | None:
    """What a turn says of itself, where it did not simply answer."""
    if row is None or row.outcome in ("answered", "silent"):
        return None
    notes = msgspec.json.decode(row.notes, type=list[Sentence]) if row.notes else []
    if notes:
        return notes[-1]
    about = {"turn": f"turn-{id_text(row.id)}", "outcome": term(row.outcome)}
    return Sentence("replay_outcome", about)


# --- egress, shut --------------------------------------------------------------------------------

_shut = False
_hooked = False


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    if _shut and event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        raise PermissionError(say(Sentence("replay_shut")))


@contextlib.contextmanager
def sockets_shut() -> Iterator[None]:
    """While inside, no Python socket of this process connects or resolves a name: an agent is the
    author's own code and may hold clients of its own. (Extensions in C and child processes are
    beyond its reach.)"""
    global _shut, _hooked
    if not _hooked:
        sys.addaudithook(_refuse)
        _hooked = True
    _shut = True
    try:
        yield
    finally:
        _shut = False
