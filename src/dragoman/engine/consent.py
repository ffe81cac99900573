"""Opt-in: where a channel demands it, nobody is written to who has not agreed.

Before the first send to a contact the partner is asked. Who wrote first has agreed by that, and it
is recorded at the partner; anybody else is refused. What was found is kept, so it is asked once;
until the partner refuses somebody all the same, or reports it. Then it is asked again, and what
they wrote before that is no agreement any more.
"""

from __future__ import annotations

from typing import Any

from dragoman.domain.clock import Clock
from dragoman.domain.content import Outbound
from dragoman.domain.errors import Code, Concerns, SendError
from dragoman.domain.sentences import Sentence, words
from dragoman.domain.window import SERVICE_MS
from dragoman.egress import Egress
from dragoman.partners.contract import Partner
from dragoman.partners.registry import partner
from dragoman.store.drivers import Tx
from dragoman.store.rows import Claimed
from dragoman.store.store import Store

from .preparing import Asking, Prepared, repeatable

words(
    {
        "consent_missing": "This contact has not agreed to be written to, and has not written "
        "first, so nothing was sent: let them write, record their consent at {partner}, or switch "
        "the opt-in check off in the channel.",
    }
)


class Consent:
    """A part of preparing a send."""

    def __init__(self, store: Store, egress: Egress, clock: Clock, *, timeout_s: float) -> None:
        self._store = store
        self._egress = egress
        self._clock = clock
        self._timeout_s = timeout_s

    async def __call__(self, row: Claimed, content: Outbound, settings: Any) -> Prepared:
        talker = partner(row.partner)
        if not talker.demands_opt_in(settings):
            return Prepared(content)
        key = (row.app_id, row.contact_id, row.number_id)
        known = await self._store.read(lambda tx: tx.run(_KNOWN, key))
        if known and known[0][1] != REFUSED:
            return Prepared(content)
        refused_at = known[0][0] if known else None
        asking = Asking(self._egress, self._timeout_s)
        found = await self._found(asking, talker, row, settings, refused_at)
        if isinstance(found, str):
            await self._store.do_soon(lambda tx: _keep(tx, key, self._clock.now(), found))
            return Prepared(content, None, tuple(asking.steps))
        return Prepared(content, found, tuple(asking.steps))

    async def _found(
        self,
        asking: Asking,
        talker: Partner,
        row: Claimed,
        settings: Any,
        refused_at: int | None,
    ) -> str | SendError:
        """How the contact agreed, or why nothing may be sent. refused_at: when the partner said
        that they do not agree (any more), if it did."""
        recipient = row.recipient
        assert recipient is not None  # judged before
        look_up = talker.render_opt_in_look_up(row.number_key, recipient, settings)
        if look_up is not None:
            agreed = talker.read_opt_in_look_up(await asking.ask(look_up))
            if isinstance(agreed, SendError):
                return repeatable(agreed)
            if agreed:
                return "partner"
        # A window that never was opened: they never wrote to this number.
        wrote_at = row.window_until - SERVICE_MS if row.window_until else None
        if wrote_at is None or (refused_at is not None and wrote_at <= refused_at):
            sentence = Sentence("consent_missing", {"partner": talker.LABEL})
            return SendError(Code.NOT_OPTED_IN, sentence, concerns=Concerns.CONTACT)
        record = talker.render_opt_in(row.number_key, recipient, settings)
        if record is not None:
            problem = talker.read_opt_in(await asking.ask(record))
            if problem is not None:
                return repeatable(problem)
        return "wrote first"


REFUSED = "refused"  # how: the partner says that they have not agreed

_KNOWN = "SELECT at,how FROM consent WHERE app_id=? AND contact_id=? AND number_id=?"


def _keep(tx: Tx, key: tuple[int, int, int], now: int, how: str) -> None:
    tx.run(
        """INSERT INTO consent(app_id,contact_id,number_id,at,how) VALUES (?,?,?,?,?)
        ON CONFLICT (app_id,contact_id,number_id) DO UPDATE SET at=excluded.at,how=excluded.how""",
        (*key, now, how),
    )
