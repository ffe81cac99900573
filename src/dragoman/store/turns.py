"""The turn commit: context, outbound messages and outbox rows, valid only for the lease's token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from . import leases, outgoing
from .drivers import Row, Rows, Tx
from .rows import NewOutgoing

# PostgreSQL: in the order in which intake locks them; an UPDATE would take the table's own.
_LOCK = Rows(
    """WITH batch(app_id,id) AS (VALUES {rows})
    SELECT 1 FROM conversation c JOIN batch b ON c.app_id=b.app_id AND c.id=b.id
    ORDER BY c.app_id,c.number_id,c.contact_id FOR UPDATE OF c""",
    "bb",
)
_END = Rows(
    """WITH batch(app_id,id,token,from_seq,to_seq,context,session_id,session_last,n,due,choices)
      AS (VALUES {rows})
    UPDATE conversation SET context=b.context, done_seq=b.to_seq, out_seq=out_seq+b.n, tries=0,
      lease_owner=NULL, open_turn=0, open_to=0, session_id=b.session_id,
      session_last=b.session_last, choices=b.choices,
      due_at=CASE WHEN in_seq>b.to_seq THEN b.due ELSE NULL END
    FROM batch b WHERE conversation.app_id=b.app_id AND conversation.id=b.id
      AND lease_token=b.token AND done_seq=b.from_seq-1 AND lease_owner IS NOT NULL
    RETURNING conversation.app_id,conversation.id,in_seq,out_seq,conversation.contact_id,
      lease_token""",
    "bbbbbjbbbbt",
)
_FLUSH = Rows(
    """WITH batch(app_id,id,token,from_seq,to_seq,context,session_id,session_last,n,turn_id,
      choices)
      AS (VALUES {rows})
    UPDATE conversation SET context=b.context, out_seq=out_seq+b.n, open_turn=b.turn_id,
      open_to=b.to_seq, session_id=b.session_id, session_last=b.session_last,
      choices=b.choices
    FROM batch b WHERE conversation.app_id=b.app_id AND conversation.id=b.id
      AND lease_token=b.token AND done_seq=b.from_seq-1 AND lease_owner IS NOT NULL
    RETURNING conversation.app_id,conversation.id,in_seq,out_seq,conversation.contact_id,
      lease_token""",
    "bbbbbjbbbbt",
)
_ANSWERED = Rows(
    """WITH batch(app_id,conversation_id,from_seq,to_seq,turn_id,answer,why) AS (VALUES {rows})
    UPDATE message SET answer=b.answer, turn_id=b.turn_id, why=b.why FROM batch b
    WHERE message.app_id=b.app_id AND message.conversation_id=b.conversation_id
      AND direction=0 AND seq>=b.from_seq AND seq<=b.to_seq AND message.answer=0""",
    "bbbbbbt",
)
_TURN = Rows(
    """INSERT INTO turn(app_id,id,conversation_id,from_seq,to_seq,config_version,attempt,started,
      ended,outcome,notes,context,flushes) VALUES {rows}
    ON CONFLICT(app_id,conversation_id,from_seq) DO UPDATE SET id=excluded.id,
      to_seq=excluded.to_seq,
      config_version=excluded.config_version,attempt=excluded.attempt,ended=excluded.ended,
      outcome=excluded.outcome,context=excluded.context,
      notes=CASE WHEN turn.notes IS NULL THEN excluded.notes
        WHEN excluded.notes IS NULL THEN turn.notes
        ELSE substr(turn.notes,1,length(turn.notes)-1)||','||substr(excluded.notes,2) END,
      flushes=excluded.flushes""",
    "bbbbbbbbbtttb",
)
# (Two JSON lists become one: what earlier attempts said stays.)
_MESSAGE = Rows(
    """INSERT INTO message(app_id,id,conversation_id,direction,seq,number_id,contact_id,kind,
      content,at,rank,turn_id,meta,error,retry_of) VALUES {rows}""",
    "bbbbbbbttbbbttb",
)


class TurnCommit(msgspec.Struct, frozen=True):
    """One turn's effects. `final` False: a flush, number `flushes`, which keeps the lease.

    choices: what the conversation offers in plain text from now on (JSON), None for nothing.
    answer, why: what becomes of the messages from_seq..to_seq. due_in: debounce for what waits
    behind. owner, lease_ms: lease again at once where more waits (0: leave it due). claim: send
    the heads of these numbers' lanes at once. Result: False when the lease was lost: nothing
    written. Wakes: `turn` (Lease), `send` (Claimed), `lane` where rows wait unclaimed."""

    lane: ClassVar[str] = "work"
    app_id: int
    conversation_id: int
    token: int
    from_seq: int
    to_seq: int
    turn_id: int
    context: str
    session_id: int
    session_last: int
    config_version: int
    attempt: int
    started: int
    now: int
    outcome: str
    outgoing: tuple[NewOutgoing, ...] = ()
    notes: str | None = None
    context_change: str | None = None
    answer: int = 1
    why: str | None = None
    final: bool = True
    flushes: int = 0
    due_in: int = 0
    owner: int = 0
    lease_ms: int = 30_000
    claim: frozenset[int] = frozenset()
    choices: str | None = None

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[TurnCommit]) -> Sequence[bool]:
        states = _fence(tx, units)
        live = [u for u in units if (u.app_id, u.conversation_id, u.token) in states]
        if live:
            _write(tx, live, states)
            _again(tx, live, states)
        return [(u.app_id, u.conversation_id, u.token) in states for u in units]


States = dict[tuple[int, int, int], Row]  # by app, conversation, token: whose lease still holds


def _fence(tx: Tx, units: Sequence[TurnCommit]) -> States:
    states: States = {}
    if tx.dialect == "postgresql" and len(units) > 1:
        tx.many(_LOCK, [(u.app_id, u.conversation_id) for u in units])
    for statement, final in ((_END, True), (_FLUSH, False)):
        rows = [
            (u.app_id, u.conversation_id, u.token, u.from_seq, u.to_seq, u.context, u.session_id,
             u.session_last, len(u.outgoing), u.now + u.due_in if final else u.turn_id, u.choices)
            for u in sorted(units, key=lambda u: (u.app_id, u.conversation_id))
            if u.final is final
        ]  # fmt: skip
        if rows:
            for r in tx.many(statement, rows):
                states[(r[0], r[1], r[5])] = r
    return states


def _write(tx: Tx, live: Sequence[TurnCommit], states: States) -> None:
    tx.many(
        _TURN,
        [
            (u.app_id, u.turn_id, u.conversation_id, u.from_seq, u.to_seq, u.config_version,
             u.attempt, u.started, u.now if u.final else 0, u.outcome, u.notes, u.context_change,
             u.flushes)
            for u in live
        ],
    )  # fmt: skip
    flushed = [u for u in live if not u.final]
    for u in flushed:
        tx.run(
            "INSERT INTO flush(app_id,turn_id,ordinal,at) VALUES (?,?,?,?)",
            (u.app_id, u.turn_id, u.flushes, u.now),
        )
    answered = [
        (u.app_id, u.conversation_id, u.from_seq, u.to_seq, u.turn_id, u.answer, u.why)
        for u in live
        if u.final
    ]
    if answered:
        tx.many(_ANSWERED, answered)
    _write_outgoing(tx, live, states)


def _write_outgoing(tx: Tx, live: Sequence[TurnCommit], states: States) -> None:
    queued: list[Row] = []
    lanes: dict[outgoing.Lane, int] = {}  # lane -> owner that may send now
    waiting: set[tuple[int, int]] = set()
    for u in live:
        first = states[(u.app_id, u.conversation_id, u.token)][3] - len(u.outgoing) + 1
        for i, m in enumerate(u.outgoing):
            if m.error is not None:
                continue
            queued.append((u.app_id, m.number_id, u.conversation_id, first + i, m.id, m.priority,
                           0, u.now, m.expires))  # fmt: skip
            if m.number_id in u.claim:
                lanes[(u.app_id, m.number_id, u.conversation_id)] = u.owner
            else:
                waiting.add((u.app_id, m.number_id))
    if queued:
        outgoing.insert(tx, queued)
    heads: list[Row] = []
    if lanes:
        owner = next(iter(lanes.values()))
        heads = outgoing.claim_heads(tx, list(lanes), owner, max(u.now for u in live))
    claimed = {h[4] for h in heads}
    rows: list[tuple[Any, ...]] = []
    for u in live:
        state = states[(u.app_id, u.conversation_id, u.token)]
        first = state[3] - len(u.outgoing) + 1
        for i, m in enumerate(u.outgoing):
            rank = 4 if m.error is not None else 1 if m.id in claimed else 0
            rows.append((u.app_id, m.id, u.conversation_id, 1, first + i, m.number_id, state[4],
                         m.kind, m.content, m.at, rank, u.turn_id, m.meta, m.error,
                         m.retry_of))  # fmt: skip
    if rows:
        tx.many(_MESSAGE, rows)
        tx.wakes += [("message_out", (r[0], r[1], r[9])) for r in rows]
        tx.wakes += [("status", (r[0], r[1], "failed", r[9])) for r in rows if r[10] == 4]
    tx.wakes += [("send", row) for row in outgoing.load(tx, heads)]
    tx.wakes += [("lane", pair) for pair in waiting]


def _again(tx: Tx, live: Sequence[TurnCommit], states: States) -> None:
    """More waits behind some turns: lease those conversations again in this same commit, or say
    when they are due."""
    tx.wakes += [
        ("due", u.now + u.due_in)
        for u in live
        if u.final and u.owner and u.due_in
        and states[(u.app_id, u.conversation_id, u.token)][2] > u.to_seq
    ]  # fmt: skip
    more = [
        u
        for u in live
        if u.final and u.owner and not u.due_in
        and states[(u.app_id, u.conversation_id, u.token)][2] > u.to_seq
    ]  # fmt: skip
    if more:
        ids = [(u.app_id, u.conversation_id) for u in more]
        leased = leases.take(tx, ids, more[0].owner, more[0].lease_ms, max(u.now for u in more))
        tx.wakes += [("turn", lease) for lease in leases.load(tx, leased)]


class TurnFailed(msgspec.Struct, frozen=True):
    """An attempt crashed and will be made again at `due_at`: the turn's row keeps what happened,
    the lease is given back. Result: False when the lease was lost."""

    lane: ClassVar[str] = "work"
    app_id: int
    conversation_id: int
    token: int
    from_seq: int
    to_seq: int
    turn_id: int
    config_version: int
    attempt: int
    started: int
    now: int
    notes: str
    due_at: int

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[TurnFailed]) -> Sequence[bool]:
        out = []
        for u in units:
            rows = tx.run(
                """UPDATE conversation SET lease_owner=NULL, due_at=?, open_to=? WHERE app_id=?
                AND id=? AND lease_token=? AND lease_owner IS NOT NULL RETURNING id""",
                (u.due_at, u.to_seq, u.app_id, u.conversation_id, u.token),
            )
            if rows:
                tx.many(
                    _TURN,
                    [(u.app_id, u.turn_id, u.conversation_id, u.from_seq, u.to_seq,
                      u.config_version, u.attempt, u.started, u.now, "crashed", u.notes, None, 0)],
                )  # fmt: skip
                tx.wakes.append(("due", u.due_at))
            out.append(bool(rows))
        return out
