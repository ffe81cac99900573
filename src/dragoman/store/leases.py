"""Leases: one turn at a time for a conversation, fenced by a token that only rises.

A lease ends by the real clock; business time never touches it. SQLite has one server, so its leases
belong to the process epoch and are voided at start. PostgreSQL judges by its own clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from dragoman.domain.identity import Bsuid, Person, Phone

from .drivers import Row, Rows, Tx
from .rows import Lease, Waiting

_REAL = {
    "sqlite": "(CAST(strftime('%s','now') AS INTEGER)*1000)",
    "postgresql": "(extract(epoch from clock_timestamp())*1000)::bigint",
}
_RETURN = """RETURNING app_id,id,lease_token,number_id,contact_id,done_seq,in_seq,tries,context,
  session_id,session_last,open_turn,open_to,choices"""


def _per_dialect(text: str, types: str) -> dict[str, Rows]:
    return {d: Rows(text.replace("{real}", real), types) for d, real in _REAL.items()}


_TAKE = _per_dialect(
    f"""WITH batch(app_id,id) AS (VALUES {{rows}})
    UPDATE conversation SET lease_owner=?, lease_token=lease_token+1, tries=tries+1,
      lease_until={{real}}+?, due_at=NULL
    WHERE (app_id,id) IN (SELECT app_id,id FROM batch) AND lease_owner IS NULL AND due_at<=?
    {_RETURN}""",
    "bb",
)
_CLAIM = {
    "sqlite": f"""UPDATE conversation SET lease_owner=?, lease_token=lease_token+1, tries=tries+1,
      lease_until={_REAL["sqlite"]}+?, due_at=NULL
    WHERE (app_id,id) IN (SELECT app_id,id FROM conversation WHERE due_at<=? AND due_at IS NOT NULL
      AND lease_owner IS NULL ORDER BY due_at LIMIT ?)
    {_RETURN}""",
    "postgresql": """WITH c AS (SELECT app_id,id FROM conversation WHERE due_at<=?::bigint
      AND lease_owner IS NULL ORDER BY due_at LIMIT ?::int FOR UPDATE SKIP LOCKED)
    UPDATE conversation v SET lease_owner=?, lease_token=v.lease_token+1, tries=tries+1,
      lease_until=(extract(epoch from clock_timestamp())*1000)::bigint+?, due_at=NULL
      FROM c WHERE v.app_id=c.app_id AND v.id=c.id
    RETURNING v.app_id,v.id,lease_token,number_id,contact_id,done_seq,in_seq,tries,context,
      session_id,session_last,open_turn,open_to,choices""",
}
_MESSAGES = Rows(
    """WITH batch(app_id,id,done,upto) AS (VALUES {rows})
    SELECT m.app_id,m.conversation_id,m.id,m.seq,m.number_id,m.kind,m.content,m.external_id,m.at,
      m.hook_id,m.meta
    FROM batch b CROSS JOIN message m
    WHERE m.app_id=b.app_id AND m.conversation_id=b.id AND m.direction=0
      AND m.seq>b.done AND m.seq<=b.upto AND m.answer=0
    ORDER BY m.app_id,m.conversation_id,m.seq""",
    "bbbb",
)
_CONTACTS = Rows(
    """WITH batch(app_id,id) AS (VALUES {rows})
    SELECT c.app_id,c.id,c.name,c.username,c.phone,c.bsuid,c.parent_bsuid,c.identity_hash,
      w.number_id,w.until,w.opener,w.free_until
    FROM batch b CROSS JOIN contact c
    LEFT JOIN win w ON w.app_id=c.app_id AND w.contact_id=c.id
    WHERE c.app_id=b.app_id AND c.id=b.id""",
    "bb",
)


def take(
    tx: Tx, ids: Sequence[tuple[int, int]], owner: int, ttl_ms: int, now: int
) -> Sequence[Row]:
    """Lease the conversations of `ids` that are due and free."""
    return tx.many(_TAKE[tx.dialect], sorted(ids), (owner, ttl_ms, now))


def load(tx: Tx, rows: Sequence[Row]) -> list[Lease]:
    """What a turn needs for each leased conversation, in three statements for all of them."""
    if not rows:
        return []
    waiting: dict[tuple[int, int], list[Waiting]] = {}
    for m in tx.many(_MESSAGES, [(r[0], r[1], r[5], _upto(r)) for r in rows]):
        waiting.setdefault((m[0], m[1]), []).append(Waiting(*m[2:]))
    people: dict[tuple[int, int], Person] = {}
    windows: dict[tuple[int, int], dict[int, tuple[int, str, int]]] = {}
    for c in tx.many(_CONTACTS, sorted({(r[0], r[4]) for r in rows})):
        key = (c[0], c[1])
        people[key] = person_of(c[2:8])
        if c[8] is not None:
            windows.setdefault(key, {})[c[8]] = (c[9], c[10], c[11])
    return [
        Lease(
            app_id=r[0],
            conversation_id=r[1],
            token=r[2],
            number_id=r[3],
            contact_id=r[4],
            contact=people.get((r[0], r[4]), Person()),
            from_seq=r[5] + 1,
            to_seq=_upto(r),
            tries=r[7],
            context=r[8],
            session_id=r[9],
            session_last=r[10],
            messages=tuple(waiting.get((r[0], r[1]), ())),
            windows=windows.get((r[0], r[4]), {}),
            open_turn=r[11],
            open_to=r[12],
            choices=r[13],
        )
        for r in rows
    ]


def _upto(row: Row) -> int:
    """The last message of the turn. A turn that is tried again keeps to the messages of its first
    attempt: what came since must not be parked with it."""
    in_seq, open_turn, open_to = row[6], row[11], row[12]
    return int(open_to if open_to and not open_turn else in_seq)


def person_of(row: Row) -> Person:
    """name, username, phone, bsuid, parent_bsuid, identity_hash as stored."""
    name, username, phone, bsuid, parent, identity_hash = row
    return Person(
        phone=Phone(phone) if phone else None,
        bsuid=Bsuid(bsuid) if bsuid else None,
        parent_bsuid=Bsuid(parent) if parent else None,
        name=name,
        username=username,
        identity_hash=identity_hash,
    )


class Claim(msgspec.Struct, frozen=True):
    """Lease up to `limit` conversations that are due, longest due first. Result: list[Lease]."""

    lane: ClassVar[str] = "work"
    owner: int
    ttl_ms: int
    now: int
    limit: int

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[Claim]) -> Sequence[list[Lease]]:
        out: list[list[Lease]] = []
        for u in units:
            params: tuple[Any, ...] = (u.owner, u.ttl_ms, u.now, u.limit)
            if tx.dialect == "postgresql":
                params = (u.now, u.limit, u.owner, u.ttl_ms)
            out.append(load(tx, tx.run(_CLAIM[tx.dialect], params)))
        return out


class Release(msgspec.Struct, frozen=True):
    """Give a lease back untried (a stop, or a turn that will be tried again at `due_at`)."""

    lane: ClassVar[str] = "work"
    app_id: int
    conversation_id: int
    token: int
    due_at: int
    keep_tries: bool = True

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[Release]) -> Sequence[None]:
        for u in units:
            tx.run(
                f"""UPDATE conversation SET lease_owner=NULL, due_at=?,
                tries=tries{"" if u.keep_tries else "-1"}
                WHERE app_id=? AND id=? AND lease_token=? AND lease_owner IS NOT NULL""",
                (u.due_at, u.app_id, u.conversation_id, u.token),
            )
        return [None] * len(units)


def _free(tx: Tx, condition: str) -> str:
    """The condition; on PostgreSQL without the rows that another transaction is busy with (theirs
    is a message or the end of a turn; the next round is soon), so that nobody waits in a circle."""
    if tx.dialect == "sqlite":
        return condition
    return f"""(app_id,id) IN (SELECT app_id,id FROM conversation WHERE {condition}
      FOR UPDATE SKIP LOCKED)"""


class Renew(msgspec.Struct, frozen=True):
    """Keep every lease of this process alive (PostgreSQL; one statement for all)."""

    lane: ClassVar[str] = "work"
    owner: int
    ttl_ms: int

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[Renew]) -> Sequence[None]:
        for u in units:
            tx.run(
                f"""UPDATE conversation SET lease_until={_REAL[tx.dialect]}+? WHERE
                {_free(tx, "lease_owner=?")}""",
                (u.ttl_ms, u.owner),
            )
            tx.run(
                f"UPDATE number SET owner_until={_REAL[tx.dialect]}+? WHERE owner=?",
                (u.ttl_ms, u.owner),
            )
        return [None] * len(units)


class VoidLeases(msgspec.Struct, frozen=True):
    """Make conversations of dead owners due again. `all_but`: at the start of a SQLite server
    every lease but its own is void; on PostgreSQL only those whose time is over.
    Result: how many."""

    lane: ClassVar[str] = "work"
    now: int
    expired_only: bool

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[VoidLeases]) -> Sequence[int]:
        out: list[int] = []
        for u in units:
            which = f" AND lease_until<{_REAL[tx.dialect]}" if u.expired_only else ""
            rows = tx.run(
                f"""UPDATE conversation SET lease_owner=NULL, due_at=coalesce(due_at,?)
                WHERE {_free(tx, "lease_owner IS NOT NULL" + which)} RETURNING id""",
                (u.now,),
            )
            out.append(len(rows))
        return out
