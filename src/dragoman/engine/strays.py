"""What a lost wake leaves behind: rows that this process has claimed and does not work on.

A commit tells the process what it claimed. If that word is lost (PostgreSQL's connection breaks in
the very commit, which then went through all the same), a lane or a conversation would stand still
until the next start. What is claimed by us, is not in our hands, and was so a while ago, too, was
never begun: it is given back.
"""

from __future__ import annotations

import structlog

from dragoman.domain.clock import Clock
from dragoman.store.drivers import Row, Tx
from dragoman.store.leases import Release
from dragoman.store.store import Store

from .delivery import Delivery
from .turns import Turns

log = structlog.get_logger("strays")


class Strays:
    """Called every few seconds; what two calls in a row find is given back."""

    def __init__(
        self, store: Store, turns: Turns, delivery: Delivery, clock: Clock, owner: int
    ) -> None:
        self._store = store
        self._turns = turns
        self._delivery = delivery
        self._clock = clock
        self._owner = owner
        self._sends: set[Row] = set()
        self._leases: set[Row] = set()

    async def look(self) -> None:
        sends, leases = await self._store.read(lambda tx: _claimed(tx, self._owner))
        sends = {r for r in sends if not self._delivery.has(r[4])}
        leases = {r for r in leases if not self._turns.has(r[1])}
        lost, self._sends = sends & self._sends, sends - self._sends
        left, self._leases = leases & self._leases, leases - self._leases
        if lost:
            log.warning("sends_given_back", count=len(lost))
            await self._store.do(lambda tx: _give_back(tx, lost, self._owner))
            for app_id, number_id in {(r[0], r[1]) for r in lost}:
                await self._delivery.look(app_id, number_id)
        for app_id, conversation_id, token in left:
            log.warning("lease_given_back", conversation=conversation_id)
            await self._store.submit(
                Release(app_id, conversation_id, token, self._clock.now(), keep_tries=False)
            )


def _claimed(tx: Tx, owner: int) -> tuple[set[Row], set[Row]]:
    """(app, number, conversation, seq, message, attempt) of rows being sent, and (app,
    conversation, token) of leases, both by this process."""
    sends = tx.run(
        """SELECT app_id,number_id,conversation_id,seq,message_id,attempt FROM outbox
        WHERE state=1 AND owner=?""",
        (owner,),
    )
    leases = tx.run("SELECT app_id,id,lease_token FROM conversation WHERE lease_owner=?", (owner,))
    return {tuple(r) for r in sends}, {tuple(r) for r in leases}


def _give_back(tx: Tx, rows: set[Row], owner: int) -> None:
    for app_id, number_id, conversation_id, seq, message_id, attempt in sorted(rows):
        tx.run(
            """UPDATE outbox SET state=0, owner=NULL, attempt=attempt-1 WHERE app_id=?
            AND number_id=? AND conversation_id=? AND seq=? AND state=1 AND owner=?
            AND attempt=?""",
            (app_id, number_id, conversation_id, seq, owner, attempt),
        )
        tx.run(
            "DELETE FROM attempt WHERE app_id=? AND message_id=? AND n=? AND outcome=''",
            (app_id, message_id, attempt),
        )
