"""Notifications as rows: a job and its recipients, in tables of their own until claimed.

A recipient that waits is nobody's outbox row, so answers overtake it. When its time comes, one
commit takes it out of here, draws its place in the lane and writes message and outbox row: that
happens once, whoever asks, and however often.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from dragoman.domain.identity import Person
from dragoman.domain.status import Status

from . import outgoing
from .drivers import Row, Rows, Tx
from .hear import CHANNEL
from .intake import begun_apart, ids
from .people import Known, People
from .rows import NewOutgoing, origin_of

PRIORITY = 1  # of a notification in the outbox; an answer has 0 and goes first


class Reach(enum.IntEnum):
    """What became of a recipient. `QUEUED`: its message tells the rest."""

    WAITING = 0
    QUEUED = 1
    FAILED = 2


# --- taken in ------------------------------------------------------------------------------------

_JOB = """INSERT INTO notification(app_id,id,at,client_id,config_version,kind,body,recipients)
    VALUES (?,?,?,?,?,?,?,?)"""
_RECIPIENT = Rows(
    """INSERT INTO recipient(app_id,notification_id,n,number_id,phone,given,state,expires,ended,
      error) VALUES {rows}""",
    "bbbbttbbbt",
)
_TOKEN = """INSERT INTO jti AS j(app_id,key,body,at,hook_id) VALUES (?,?,?,?,?)
    ON CONFLICT(app_id,key) DO UPDATE SET at=j.at RETURNING body,hook_id"""


class NewRecipient(msgspec.Struct, frozen=True):
    """One identity of a request. `given`: it, as JSON. `error`: JSON of the sentence that says why
    nothing is sent to it."""

    number_id: int
    phone: str
    given: str
    error: str | None = None


class Accepted(msgspec.Struct, frozen=True):
    """The job: a new one, or the one that the same token brought before. `replayed`: that token
    came with another body, so nothing was kept."""

    id: int
    at: int
    replayed: bool = False


class Accept(msgspec.Struct, frozen=True):
    """A request becomes a job, whole. `token`: the digest of what its token calls itself, empty
    where it does not; `fingerprint`: of the body that it came with. Wakes: `notify`."""

    lane: ClassVar[str] = "work"
    app_id: int
    id: int
    at: int
    client_id: str
    config_version: int
    kind: str
    body: str
    expires: int
    recipients: tuple[NewRecipient, ...]
    token: bytes = b""
    fingerprint: bytes = b""

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[Accept]) -> Sequence[Accepted]:
        return [_accept(tx, u) for u in units]


def _accept(tx: Tx, u: Accept) -> Accepted:
    if u.token:
        row = (u.app_id, u.token, u.fingerprint, u.at, u.id)
        body, first = tx.run(_TOKEN, row)[0]
        if first != u.id:
            return _known(tx, u, bytes(body), first)
    tx.run(
        _JOB,
        (u.app_id, u.id, u.at, u.client_id, u.config_version, u.kind, u.body, len(u.recipients)),
    )
    tx.many(
        _RECIPIENT,
        [
            (u.app_id, u.id, n, r.number_id, r.phone, r.given,
             Reach.WAITING if r.error is None else Reach.FAILED, u.expires,
             0 if r.error is None else u.at, r.error)
            for n, r in enumerate(u.recipients)
        ],
    )  # fmt: skip
    tx.wakes.append(("notify", u.app_id))
    if tx.dialect == "postgresql":  # whoever owns the number sends
        tx.run("SELECT pg_notify(?,?)", (CHANNEL, "notify"))
    return Accepted(u.id, u.at)


def _known(tx: Tx, u: Accept, body: bytes, first: int) -> Accepted:
    rows = tx.run("SELECT at FROM notification WHERE app_id=? AND id=?", (u.app_id, first))
    return Accepted(first, rows[0][0] if rows else u.at, replayed=body != u.fingerprint or not rows)


# --- waiting -------------------------------------------------------------------------------------


class Waiting(msgspec.Struct, frozen=True):
    """A recipient whose time has come."""

    app_id: int
    notification_id: int
    n: int
    number_id: int
    phone: str
    given: str
    expires: int


def numbers(tx: Tx) -> list[tuple[int, int]]:
    """(app, number) of each number that recipients wait for; one look at the index for each."""
    out: list[tuple[int, int]] = []
    last = (0, 0)
    while True:
        rows = tx.run(
            """SELECT app_id,number_id FROM recipient WHERE state=0 AND (app_id,number_id)>(?,?)
            ORDER BY app_id,number_id LIMIT 1""",
            last,
        )
        if not rows:
            return out
        last = (rows[0][0], rows[0][1])
        out.append(last)


def waiting(tx: Tx, app_id: int, number_id: int, limit: int) -> list[Waiting]:
    """The next recipients of a number, in the order they were asked for."""
    rows = tx.run(
        """SELECT app_id,notification_id,n,number_id,phone,given,expires FROM recipient
        WHERE app_id=? AND number_id=? AND state=0 ORDER BY notification_id,n LIMIT ?""",
        (app_id, number_id, limit),
    )
    return [Waiting(*r) for r in rows]


def under_way(tx: Tx) -> dict[int, int]:
    """How many notifications each number has in the outbox, those in doubt left out."""
    rows = tx.run(
        "SELECT number_id,count(*) FROM outbox WHERE priority=? AND state<>? GROUP BY number_id",
        (PRIORITY, outgoing.IN_DOUBT),
    )
    return {r[0]: r[1] for r in rows}


# --- into the lane -------------------------------------------------------------------------------

_TAKE = Rows(
    """WITH batch(app_id,notification_id,n,state,message_id,ended,error) AS (VALUES {rows})
    UPDATE recipient SET state=b.state, message_id=b.message_id, ended=b.ended, error=b.error
    FROM batch b WHERE recipient.app_id=b.app_id
      AND recipient.notification_id=b.notification_id AND recipient.n=b.n AND recipient.state=0
    RETURNING recipient.app_id,recipient.notification_id,recipient.n""",
    "bbbbbbt",
)
_CONVERSATION = Rows(
    """INSERT INTO conversation AS v(app_id,id,number_id,contact_id,out_seq) VALUES {rows}
    ON CONFLICT(app_id,number_id,contact_id) DO UPDATE SET out_seq=v.out_seq+excluded.out_seq
    RETURNING app_id,number_id,contact_id,id,out_seq""",
    "bbbbb",
)
_MESSAGE = Rows(
    """INSERT INTO message(app_id,id,conversation_id,direction,seq,number_id,contact_id,kind,
      content,at,rank,meta,error) VALUES {rows}""",
    "bbbbbbbttbbtt",
)

Place = tuple[int, int, int]  # app, notification, n


class Queue(msgspec.Struct, frozen=True):
    """A recipient's message takes its place in the lane. `shared`: the conversation spans the
    app's numbers. `choices`: what it offers in plain text. Result: False when it had been taken
    before. Wakes: `lane`, and `status` where it failed before it could be queued."""

    lane: ClassVar[str] = "work"
    app_id: int
    notification_id: int
    n: int
    person: Person
    message: NewOutgoing
    now: int
    shared: bool = False
    choices: str | None = None

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[Queue]) -> Sequence[bool]:
        won = _take(tx, units, [(Reach.QUEUED, u.message.id, u.now, None) for u in units])
        live = [u for u, mine in zip(units, won, strict=True) if mine]
        if live:
            _write(tx, live)
        return won


class Drop(msgspec.Struct, frozen=True):
    """Nothing is sent to a recipient. `error`: JSON of the sentence why. Result: False when it had
    been taken before."""

    lane: ClassVar[str] = "work"
    app_id: int
    notification_id: int
    n: int
    error: str
    now: int

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[Drop]) -> Sequence[bool]:
        return _take(tx, units, [(Reach.FAILED, 0, u.now, u.error) for u in units])


def _take(tx: Tx, units: Sequence[Queue | Drop], ends: Sequence[tuple[Any, ...]]) -> list[bool]:
    """Which units end the waiting of their recipient: of equals in one group the first."""
    places = [(u.app_id, u.notification_id, u.n) for u in units]
    firsts: dict[Place, int] = {}
    for i, place in enumerate(places):
        firsts.setdefault(place, i)
    rows = [(*place, *ends[i]) for place, i in sorted(firsts.items())]  # one lock order
    taken = {(r[0], r[1], r[2]) for r in tx.many(_TAKE, rows)}
    return [firsts[place] == i and place in taken for i, place in enumerate(places)]


def _write(tx: Tx, live: Sequence[Queue]) -> None:
    people = People(tx, ids)
    people.prepare([(u.app_id, u.person) for u in live])
    who = [people.reached(u.app_id, u.person) for u in live]
    people.save()
    places = _draw(tx, live, who)
    messages: list[Row] = []
    queued: list[Row] = []
    for u, contact, (conversation_id, seq) in zip(live, who, places, strict=True):
        m = u.message
        rank = Status.QUEUED if m.error is None else Status.FAILED
        messages.append((u.app_id, m.id, conversation_id, 1, seq, m.number_id, contact.id, m.kind,
                         m.content, m.at, rank, m.meta, m.error))  # fmt: skip
        tx.wakes.append(("message_out", (u.app_id, m.id, m.at)))
        if m.error is None:
            queued.append((u.app_id, m.number_id, conversation_id, seq, m.id, m.priority, 0, u.now,
                           m.expires))  # fmt: skip
        else:
            tx.wakes.append(("status", (u.app_id, m.id, Status.FAILED.word, m.at)))
        if u.choices is not None:  # the newest numbering is the one that is read
            tx.run(
                "UPDATE conversation SET choices=? WHERE app_id=? AND id=?",
                (u.choices, u.app_id, conversation_id),
            )
    tx.many(_MESSAGE, messages)
    if queued:
        outgoing.insert(tx, queued)
    tx.wakes += [("lane", pair) for pair in sorted({(r[0], r[1]) for r in queued})]


def _draw(tx: Tx, live: Sequence[Queue], who: Sequence[Known]) -> list[tuple[int, int]]:
    """(conversation, seq) of each: the next place in its lane; the conversation may be new."""
    pairs = list(zip(live, who, strict=True))
    asked = {(u.app_id, u.message.number_id, c.id) for u, c in pairs if u.shared and not c.new}
    begun = begun_apart(tx, asked)
    keys: list[Place] = []
    for u, contact in pairs:
        apart = (u.app_id, u.message.number_id, contact.id)
        keys.append(apart if not u.shared or apart in begun else (u.app_id, 0, contact.id))
    rows = [(a, ids.new(), n, c, keys.count((a, n, c))) for a, n, c in sorted(set(keys))]
    found = {(r[0], r[1], r[2]): (r[3], r[4]) for r in tx.many(_CONVERSATION, rows)}
    next_seq = {(a, n, c): found[(a, n, c)][1] - count + 1 for a, _, n, c, count in rows}
    out: list[tuple[int, int]] = []
    for key in keys:
        out.append((found[key][0], next_seq[key]))
        next_seq[key] += 1
    return out


def follow(tx: Tx, app_id: int, meta: str | None, message_id: int) -> None:
    """A notification is sent again as another message: its recipient hangs on that one now."""
    origin = origin_of(meta)
    if origin is not None:
        tx.run(
            "UPDATE recipient SET message_id=? WHERE app_id=? AND notification_id=? AND n=?",
            (message_id, app_id, *origin),
        )
