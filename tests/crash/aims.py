"""The eight points at which a server under test kills itself with SIGKILL, and how it gets there.

A point is reached by wrapping the function that passes it: the product has no code for this. The
environment says which point and at which passing of it: DRAGOMAN_TEST_AIM, DRAGOMAN_TEST_PASS.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Sequence
from typing import Any

BEFORE_COMMIT = "before commit"
BEFORE_200 = "after commit, before 200"
BEFORE_TURN = "before the turn"
IN_AGENT = "in the agent"
TURN_COMMITTED = "after the turn's commit"
UNREAD = "call sent, answer unread"
UNSTORED = "answer read, unstored"
STATUS = "status"

AIMS = (
    BEFORE_COMMIT,
    BEFORE_200,
    BEFORE_TURN,
    IN_AGENT,
    TURN_COMMITTED,
    UNREAD,
    UNSTORED,
    STATUS,
)

_aim = os.environ.get("DRAGOMAN_TEST_AIM", "")
_pass = int(os.environ.get("DRAGOMAN_TEST_PASS", "1"))
_passed = 0
_lock = threading.Lock()


def reach(aim: str) -> None:
    """This point is passed. The chosen passing of the chosen point is the process's last act."""
    global _passed
    if aim != _aim:
        return
    with _lock:
        _passed += 1
        if _passed == _pass:
            os.write(1, b"hit\n")  # past every buffer: the one word that proves the point
            os.kill(os.getpid(), signal.SIGKILL)


def install() -> None:
    """Wrap what passes the chosen point."""
    if _aim in (BEFORE_COMMIT, BEFORE_200, TURN_COMMITTED, STATUS):
        _watch_commits()
    elif _aim == BEFORE_TURN:
        _watch_turns()
    elif _aim in (UNREAD, UNSTORED):
        _watch_calls()


def _watch_commits() -> None:
    from dragoman.store.drivers import PostgresTx, SqliteTx
    from dragoman.store.intake import Arrival
    from dragoman.store.turns import TurnCommit
    from dragoman.store.writer import Writer

    here = threading.local()  # what the transaction of this writer thread carries
    transaction = Writer._transaction

    def watched(self: Writer, tx: Any, jobs: Sequence[Any]) -> None:
        units = [job.unit for job in jobs]
        here.messages = any(isinstance(u, Arrival) and u.messages for u in units)
        here.reports = any(isinstance(u, Arrival) and u.reports for u in units)
        here.answers = any(isinstance(u, TurnCommit) and u.outgoing for u in units)
        transaction(self, tx, jobs)

    Writer._transaction = watched  # type: ignore[method-assign]
    for kind in (SqliteTx, PostgresTx):
        _watch_commit_of(kind, here)


def _watch_commit_of(kind: Any, here: threading.local) -> None:
    commit = kind.commit

    def watched(self: Any) -> None:
        if getattr(here, "messages", False):
            reach(BEFORE_COMMIT)
        if getattr(here, "reports", False):
            reach(STATUS)
        commit(self)
        if getattr(here, "messages", False):
            reach(BEFORE_200)
        if getattr(here, "answers", False):
            reach(TURN_COMMITTED)

    kind.commit = watched


def _watch_turns() -> None:
    from dragoman.engine.turns import Turns

    start = Turns.start

    def watched(self: Turns, leases: list[Any]) -> None:
        if any(lease.messages for lease in leases):
            reach(BEFORE_TURN)
        start(self, leases)

    Turns.start = watched  # type: ignore[method-assign]


def _watch_calls() -> None:
    from dragoman.egress import Egress, client

    read: Any = client._read
    call: Any = Egress.call

    async def reading(response: Any, max_body: int) -> bytes:
        if response.url.path.endswith("/messages"):
            reach(UNREAD)  # the head of the answer is here, none of its body was looked at
        body: bytes = await read(response, max_body)
        return body

    async def called(self: Egress, *args: Any, **kwargs: Any) -> Any:
        reply = await call(self, *args, **kwargs)
        reach(UNSTORED)
        return reply

    client._read = reading
    Egress.call = called  # type: ignore[method-assign]
