"""The outbox: one row is one message is one external id, and a lane sends in order.

A lane is a conversation on one number. Its first row is the only one that may be sent; the row
leaves when its send is settled, and the next one is claimed in the same commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from dragoman.domain.status import Doubt, Status

from .drivers import Row, Rows, Tx
from .reports import close_window, end_consent, end_doubt
from .rows import Claimed

Lane = tuple[int, int, int]  # app, number, conversation

WAITING, SENDING, IN_DOUBT = 0, 1, 2

_INSERT = Rows(
    """INSERT INTO outbox(app_id,number_id,conversation_id,seq,message_id,priority,not_before,
      created,expires) VALUES {rows}""",
    "bbbbbbbbb",
)
_HEADS = Rows(
    """WITH batch(app_id,number_id,conversation_id) AS (VALUES {rows})
    UPDATE outbox SET state=1, owner=?, attempt=attempt+1
    WHERE (app_id,number_id,conversation_id,seq) IN (
      SELECT o.app_id,o.number_id,o.conversation_id,min(o.seq)
      FROM batch b CROSS JOIN outbox o
      WHERE o.app_id=b.app_id AND o.number_id=b.number_id
        AND o.conversation_id=b.conversation_id
      GROUP BY o.app_id,o.number_id,o.conversation_id)
      AND state=0 AND not_before<=?
    RETURNING app_id,number_id,conversation_id,seq,message_id,attempt,created,spent,expires""",
    "bbb",
)
_READY = {
    "sqlite": """UPDATE outbox SET state=1, owner=?, attempt=attempt+1
    WHERE (app_id,number_id,conversation_id,seq) IN (
      SELECT app_id,number_id,conversation_id,seq FROM outbox o
      WHERE app_id=? AND number_id=? AND state=0 AND not_before<=?
        AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.app_id=o.app_id
          AND p.number_id=o.number_id AND p.conversation_id=o.conversation_id AND p.seq<o.seq)
      ORDER BY priority,not_before LIMIT ?)
    RETURNING app_id,number_id,conversation_id,seq,message_id,attempt,created,spent,expires""",
    "postgresql": """WITH o AS (
      SELECT app_id,number_id,conversation_id,seq FROM outbox o
      WHERE app_id=?::bigint AND number_id=?::bigint AND state=0 AND not_before<=?::bigint
        AND NOT EXISTS (SELECT 1 FROM outbox p WHERE p.app_id=o.app_id
          AND p.number_id=o.number_id AND p.conversation_id=o.conversation_id AND p.seq<o.seq)
      ORDER BY priority,not_before LIMIT ?::int FOR UPDATE OF o SKIP LOCKED)
    UPDATE outbox x SET state=1, owner=?, attempt=attempt+1 FROM o
    WHERE x.app_id=o.app_id AND x.number_id=o.number_id
      AND x.conversation_id=o.conversation_id AND x.seq=o.seq
    RETURNING x.app_id,x.number_id,x.conversation_id,x.seq,message_id,attempt,created,spent,
      expires""",
}
_ATTEMPT = Rows("INSERT INTO attempt(app_id,message_id,n,started) VALUES {rows}", "bbbb")
_LOAD = Rows(
    """WITH batch(app_id,message_id) AS (VALUES {rows})
    SELECT m.app_id,m.id,n.partner,n.key,m.kind,m.content,m.meta,c.phone,c.bsuid,c.identity_hash,
      coalesce(w.until,0),m.contact_id,m.external_id
    FROM batch b CROSS JOIN message m
    JOIN number n ON n.id=m.number_id
    JOIN contact c ON c.app_id=m.app_id AND c.id=m.contact_id
    LEFT JOIN win w ON w.app_id=m.app_id AND w.contact_id=m.contact_id
      AND w.number_id=m.number_id
    WHERE m.app_id=b.app_id AND m.id=b.message_id""",
    "bb",
)
_SENDING = Rows(
    """WITH batch(app_id,id) AS (VALUES {rows})
    UPDATE message SET rank=1 FROM batch b
    WHERE message.app_id=b.app_id AND message.id=b.id AND message.rank<1""",
    "bb",
)


def insert(tx: Tx, rows: Sequence[Row]) -> None:
    """app, number, conversation, seq, message, priority, not_before, created, expires."""
    tx.many(_INSERT, rows)


def claim_heads(tx: Tx, lanes: Sequence[Lane], owner: int, now: int) -> list[Row]:
    """Take the first row of each lane, where it waits and nothing stands before it. The attempt's
    row is written before the call: a crash in between is then seen as *sending*."""
    rows = tx.many(_HEADS, sorted(lanes), (owner, now))
    _begin_attempts(tx, rows, now)
    return rows


def _begin_attempts(tx: Tx, rows: Sequence[Row], now: int) -> None:
    if rows:
        tx.many(_ATTEMPT, [(r[0], r[4], r[5], now) for r in rows])


def load(tx: Tx, rows: Sequence[Row]) -> list[Claimed]:
    """Everything that the calls of claimed rows need. The messages must have been written."""
    if not rows:
        return []
    found = {(m[0], m[1]): m[2:] for m in tx.many(_LOAD, [(r[0], r[4]) for r in rows])}
    out = []
    for r in rows:
        partner, key, kind, content, meta, phone, bsuid, ihash, until, contact_id, ext = found[
            (r[0], r[4])
        ]
        out.append(
            Claimed(
                app_id=r[0], number_id=r[1], conversation_id=r[2], seq=r[3], message_id=r[4],
                contact_id=contact_id, attempt=r[5], created=r[6], spent=r[7], expires=r[8],
                partner=partner, number_key=key, kind=kind, content=content, meta=meta,
                phone=phone, bsuid=bsuid, identity_hash=ihash, window_until=until,
                external_in=ext,
            )
        )  # fmt: skip
    return out


class ClaimReady(msgspec.Struct, frozen=True):
    """Claim up to `limit` rows of one number, one a lane, whose time has come.
    Result: list[Claimed]."""

    lane: ClassVar[str] = "work"
    app_id: int
    number_id: int
    owner: int
    now: int
    limit: int

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[ClaimReady]) -> Sequence[list[Claimed]]:
        out: list[list[Claimed]] = []
        for u in units:
            params: tuple[Any, ...] = (u.owner, u.app_id, u.number_id, u.now, u.limit)
            if tx.dialect == "postgresql":
                params = (*params[1:], u.owner)
            rows = tx.run(_READY[tx.dialect], params)
            _begin_attempts(tx, rows, u.now)
            if rows:
                tx.many(_SENDING, [(r[0], r[4]) for r in rows])
            out.append(load(tx, rows))
        return out


class Unclaim(msgspec.Struct, frozen=True):
    """Give claimed rows back that were never called (a stop, a full pace, a held number)."""

    lane: ClassVar[str] = "work"
    row: Claimed
    not_before: int
    error: str | None = None
    spent: int | None = None

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[Unclaim]) -> Sequence[None]:
        for u in units:
            r = u.row
            tx.run(
                """UPDATE outbox SET state=0, owner=NULL, not_before=?, attempt=attempt-1
                WHERE app_id=? AND number_id=? AND conversation_id=? AND seq=? AND state=1""",
                (u.not_before, r.app_id, r.number_id, r.conversation_id, r.seq),
            )
            tx.run(
                "DELETE FROM attempt WHERE app_id=? AND message_id=? AND n=?",
                (r.app_id, r.message_id, r.attempt),
            )
        return [None] * len(units)


_FINISH = Rows(
    """WITH batch(app_id,message_id,n,ended,outcome,call,answer,error) AS (VALUES {rows})
    UPDATE attempt SET ended=b.ended,outcome=b.outcome,call=b.call,answer=b.answer,error=b.error
    FROM batch b
    WHERE attempt.app_id=b.app_id AND attempt.message_id=b.message_id AND attempt.n=b.n""",
    "bbbbtttt",
)
_LINK = Rows(
    """INSERT INTO delivery AS d(app_id,number_id,external_id,message_id,rank,at) VALUES {rows}
    ON CONFLICT(app_id,number_id,external_id) DO UPDATE SET message_id=excluded.message_id,
      rank=CASE WHEN excluded.rank>d.rank THEN excluded.rank ELSE d.rank END
    RETURNING app_id,message_id,rank,external_id,number_id""",
    "bbtbbb",
)
_SENT = Rows(
    """WITH batch(app_id,id,rank,external_id) AS (VALUES {rows})
    UPDATE message SET external_id=b.external_id,
      rank=CASE WHEN b.rank>message.rank THEN b.rank ELSE message.rank END,
      doubt=CASE WHEN message.doubt=1 THEN 2 ELSE message.doubt END
    FROM batch b WHERE message.app_id=b.app_id AND message.id=b.id""",
    "bbbt",
)
_DELETE = Rows(
    """WITH batch(app_id,number_id,conversation_id,seq) AS (VALUES {rows})
    DELETE FROM outbox WHERE (app_id,number_id,conversation_id,seq) IN
      (SELECT app_id,number_id,conversation_id,seq FROM batch)""",
    "bbbb",
)
_ALIAS = Rows(
    """INSERT INTO identity(app_id,kind,value,contact_id) VALUES {rows} ON CONFLICT DO NOTHING""",
    "bbtb",
)


class Settle(msgspec.Struct, frozen=True):
    """How one call ended. outcome: sent, failed, retry or in doubt. `call`, `answer`: redacted
    JSON; `error`: JSON of the SendError. `window_closed`, `not_agreed`: the partner said so, of
    the window and of the contact's consent. `alias`: the partner's own spelling of the recipient.
    Claims the lane's next row for `owner` (0: leaves it). Wakes: `send` with each Claimed."""

    lane: ClassVar[str] = "work"
    row: Claimed
    outcome: str
    now: int
    call: str
    answer: str
    error: str | None = None
    external_id: str | None = None
    alias: str | None = None
    not_before: int = 0
    spent: int = 0
    owner: int = 0
    window_closed: bool = False
    not_agreed: bool = False

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[Settle]) -> Sequence[None]:
        tx.many(
            _FINISH,
            [
                (u.row.app_id, u.row.message_id, u.row.attempt, u.now, u.outcome, u.call,
                 u.answer, u.error)
                for u in units
            ],
        )  # fmt: skip
        sent = [u for u in units if u.outcome == "sent"]
        failed = [u for u in units if u.outcome == "failed"]
        if sent:
            _write_sent(tx, sent)
        for u in failed:
            tx.run(
                """UPDATE message SET rank=CASE WHEN rank<4 THEN 4 ELSE rank END, error=?
                WHERE app_id=? AND id=?""",
                (u.error, u.row.app_id, u.row.message_id),
            )
            tx.wakes.append(("status", (u.row.app_id, u.row.message_id, Status.FAILED.word, u.now)))
            if u.window_closed:
                close_window(tx, u.row.app_id, u.row.number_id, u.row.message_id, u.now)
            if u.not_agreed:
                end_consent(tx, u.row.app_id, u.row.number_id, u.row.message_id, u.now)
        for u in units:
            if u.outcome == "retry":
                _write_retry(tx, u)
            elif u.outcome == "in doubt":
                open_doubt(tx, u.row, u.now, u.not_before)
        done = sent + failed
        if done:
            _leave(tx, done)
        return [None] * len(units)


def _write_sent(tx: Tx, sent: Sequence[Settle]) -> None:
    rows = [
        (u.row.app_id, u.row.number_id, u.external_id, u.row.message_id, Status.ACCEPTED, u.now)
        for u in sent
    ]
    ranks = tx.many(_LINK, sorted(rows))
    tx.many(_SENT, [(r[0], r[1], r[2], r[3]) for r in ranks])
    for app_id, message_id, rank, external_id, number_id in ranks:
        if rank > Status.ACCEPTED:  # a report came first and waited here
            tx.run(
                """UPDATE report SET message_id=? WHERE app_id=? AND number_id=?
                AND external_id=? AND message_id=0""",
                (message_id, app_id, number_id, external_id),
            )
    aliases = [(u.row.app_id, 1, u.alias, u.row.contact_id) for u in sent if u.alias is not None]
    if aliases:
        tx.many(_ALIAS, sorted(aliases))
    tx.wakes += [
        ("status", (u.row.app_id, u.row.message_id, Status.ACCEPTED.word, u.now)) for u in sent
    ]


def _leave(tx: Tx, done: Sequence[Settle]) -> None:
    """Settled rows leave the outbox; the next row of each lane is claimed in the same commit."""
    rows = [(u.row.app_id, u.row.number_id, u.row.conversation_id, u.row.seq) for u in done]
    tx.many(_DELETE, sorted(rows))
    owner, now = done[0].owner, max(u.now for u in done)
    lanes = {(u.row.app_id, u.row.number_id, u.row.conversation_id) for u in done if u.owner}
    if lanes:
        heads = claim_heads(tx, list(lanes), owner, now)
        if heads:
            tx.many(_SENDING, [(r[0], r[4]) for r in heads])
            tx.wakes += [("send", row) for row in load(tx, heads)]


def _write_retry(tx: Tx, u: Settle) -> None:
    r = u.row
    tx.run(
        """UPDATE outbox SET state=0, owner=NULL, not_before=?, spent=?
        WHERE app_id=? AND number_id=? AND conversation_id=? AND seq=?""",
        (u.not_before, u.spent, r.app_id, r.number_id, r.conversation_id, r.seq),
    )


def open_doubt(tx: Tx, r: Claimed, now: int, lane_until: int) -> None:
    """It may have been sent: never repeated blindly. An echo may have come before this answer."""
    linked = tx.run(
        f"SELECT external_id FROM message WHERE app_id=? AND id=?{tx.for_update}",
        (r.app_id, r.message_id),
    )
    if linked and linked[0][0] is not None:
        end_doubt(tx, r.app_id, r.message_id, Doubt.SETTLED_ARRIVED)
        tx.run(
            """DELETE FROM outbox WHERE app_id=? AND number_id=? AND conversation_id=?
            AND seq=?""",
            (r.app_id, r.number_id, r.conversation_id, r.seq),
        )
        tx.wakes.append(("lane", (r.app_id, r.number_id)))
        return
    tx.run(
        """UPDATE outbox SET state=2, not_before=?
        WHERE app_id=? AND number_id=? AND conversation_id=? AND seq=?""",
        (lane_until, r.app_id, r.number_id, r.conversation_id, r.seq),
    )
    tx.run(
        "UPDATE message SET doubt=1, doubt_since=? WHERE app_id=? AND id=?",
        (now, r.app_id, r.message_id),
    )
    tx.wakes.append(("status", (r.app_id, r.message_id, "in doubt", now)))


class FindDoubts(msgspec.Struct, frozen=True):
    """Rows found *sending* that no living process sends: they are in doubt. SQLite: at start, all
    of them. `dead_only`: those whose process has said nothing for `silent_ms` (PostgreSQL).
    Result: how many."""

    lane: ClassVar[str] = "work"
    owner: int
    now: int
    lane_until: int
    dead_only: bool = False
    silent_ms: int = 60_000

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[FindDoubts]) -> Sequence[int]:
        out = []
        for u in units:
            living = (
                " AND NOT EXISTS (SELECT 1 FROM process p WHERE p.id=o.owner AND p.seen_at>?)"
                if u.dead_only
                else " AND o.owner<>?"
            )
            rows = tx.run(
                f"""SELECT o.app_id,o.number_id,o.conversation_id,o.seq,o.message_id,o.attempt,
                o.created,o.spent,o.expires FROM outbox o WHERE o.state=1{living}""",
                (u.now - u.silent_ms if u.dead_only else u.owner,),
            )
            for claimed in load(tx, rows):
                open_doubt(tx, claimed, u.now, u.lane_until)
                tx.run(
                    """UPDATE attempt SET outcome='in doubt' WHERE app_id=? AND message_id=?
                    AND outcome=''""",
                    (claimed.app_id, claimed.message_id),
                )
            out.append(len(rows))
        return out


class LeaveDoubts(msgspec.Struct, frozen=True):
    """Rows whose doubt has held its lane long enough leave the outbox; the doubt stays on the
    message. Result: the (app, number) pairs whose lanes go on."""

    lane: ClassVar[str] = "work"
    now: int

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[LeaveDoubts]) -> Sequence[list[tuple[int, int]]]:
        out = []
        for u in units:
            rows = tx.run(
                "DELETE FROM outbox WHERE state=2 AND not_before<=? RETURNING app_id,number_id",
                (u.now,),
            )
            out.append(sorted({(r[0], r[1]) for r in rows}))
        return out


class Waiting(msgspec.Struct, frozen=True):
    """Which numbers have rows to send. Result: [(app, number, earliest not_before)]."""

    lane: ClassVar[str] = "work"

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[Waiting]) -> Sequence[list[Row]]:
        rows = tx.run(
            """SELECT app_id,number_id,min(not_before) FROM outbox WHERE state=0
            GROUP BY app_id,number_id"""
        )
        return [rows] * len(units)


class Hold(msgspec.Struct, frozen=True):
    """Hold a number's queue (or free it: `error` None). `until`: when to try again."""

    lane: ClassVar[str] = "work"
    app_id: int
    number_id: int
    since: int
    until: int
    error: str | None
    tries: int

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[Hold]) -> Sequence[None]:
        for u in units:
            tx.run(
                """UPDATE number SET hold_since=?,hold_until=?,hold=?,hold_tries=?
                WHERE id=? AND app_id=?""",
                (u.since, u.until, u.error, u.tries, u.number_id, u.app_id),
            )
        return [None] * len(units)
