"""The intake transaction: one POST of a partner becomes rows, once, in arrival order.

Order of the statements, for a whole group of POSTs at a time: whose token came before; the raw
bodies; what is new (a unique key, no check-then-set); who wrote; the conversation's counter, which
*is* arrival order; the messages; the windows; the leases of conversations that may be answered at
once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec

from dragoman.domain.clock import Ids

from . import leases, media, reports
from .drivers import Rows, Tx
from .hear import CHANNEL
from .people import Known, People
from .rows import NewEvent, NewMessage, NewRejected, NewReport

_HOOK = Rows("INSERT INTO hook(app_id,id,partner,at,headers,note,body) VALUES {rows}", "bbtbttx")
_JTI = Rows(
    """INSERT INTO jti AS j(app_id,key,body,at,hook_id) VALUES {rows}
    ON CONFLICT(app_id,key) DO UPDATE SET at=j.at RETURNING app_id,key,body,hook_id""",
    "bxxbb",
)
_SEEN = Rows(
    """INSERT INTO seen(app_id,key,at,ref) VALUES {rows}
    ON CONFLICT DO NOTHING RETURNING app_id,ref""",
    "bxbb",
)
_CONVERSATION = Rows(
    """INSERT INTO conversation AS v(app_id,id,number_id,contact_id,in_seq,due_at) VALUES {rows}
    ON CONFLICT(app_id,number_id,contact_id) DO UPDATE SET in_seq=v.in_seq+excluded.in_seq,
      closed=0,
      due_at=CASE WHEN v.lease_owner IS NULL THEN coalesce(v.due_at,excluded.due_at)
        ELSE v.due_at END
    RETURNING app_id,number_id,contact_id,id,in_seq""",
    "bbbbbb",
)
_APART = Rows(
    """WITH batch(app_id,number_id,contact_id) AS (VALUES {rows})
    SELECT v.app_id,v.number_id,v.contact_id FROM batch b CROSS JOIN conversation v
    WHERE v.app_id=b.app_id AND v.number_id=b.number_id AND v.contact_id=b.contact_id
      AND v.closed=0""",
    "bbb",
)
_MESSAGE = Rows(
    """INSERT INTO message(app_id,id,conversation_id,direction,seq,number_id,contact_id,kind,
      content,external_id,at,hook_id,answer,why,meta) VALUES {rows}""",
    "bbbbbbbttt" + "bbbtt",
)
_WINDOW = Rows(
    """INSERT INTO win AS w(app_id,number_id,contact_id,until,opener,free_until) VALUES {rows}
    ON CONFLICT(app_id,contact_id,number_id) DO UPDATE SET
      opener=CASE WHEN excluded.until>w.until THEN excluded.opener ELSE w.opener END,
      until=CASE WHEN excluded.until>w.until THEN excluded.until ELSE w.until END,
      free_until=CASE WHEN excluded.free_until>w.free_until THEN excluded.free_until
        ELSE w.free_until END""",
    "bbbbtb",
)
_EVENT = Rows(
    "INSERT INTO event(app_id,id,hook_id,at,kind,number_id,body) VALUES {rows}", "bbbbtbt"
)
_REJECTED = Rows(
    "INSERT INTO rejected(app_id,id,hook_id,at,path,reason,raw) VALUES {rows}", "bbbbttt"
)

ids = Ids()


def digest(dedupe_key: str) -> bytes:
    """The 16 bytes under which an event is remembered."""
    return hashlib.blake2b(dedupe_key.encode(), digest_size=16).digest()


class Arrived(msgspec.Struct, frozen=True):
    """What was new in one POST; the rest had been seen before. `replayed`: its token came before
    with another body, so nothing of it was kept."""

    messages: int
    reports: int
    others: int
    replayed: bool = False


class Arrival(msgspec.Struct, frozen=True):
    """One POST, or a `part` of one whose body was kept before. `owner`: lease its conversations for
    this process at once (0: leave them due). `jti`: the digest of what its token calls itself.
    Wakes: `turn` with a Lease each, `send` with a Claimed each where a report freed a lane."""

    lane: ClassVar[str] = "intake"
    app_id: int
    hook_id: int
    partner: str
    now: int
    headers: str
    note: str
    body: bytes
    messages: tuple[NewMessage, ...] = ()
    reports: tuple[NewReport, ...] = ()
    events: tuple[NewEvent, ...] = ()
    rejected: tuple[NewRejected, ...] = ()
    owner: int = 0
    lease_ms: int = 30_000
    part: bool = False
    jti: bytes = b""

    @classmethod
    def apply(cls, tx: Tx, units: Sequence[Arrival]) -> Sequence[Arrived]:
        if not any(u.jti for u in units):
            return _write(tx, units)
        known = _known(tx, units)
        written = [u for u, end in zip(units, known, strict=True) if end is None]
        arrived = iter(_write(tx, written) if written else ())
        return [next(arrived) if end is None else end for end in known]


def _known(tx: Tx, units: Sequence[Arrival]) -> list[Arrived | None]:
    """How a unit ends whose token has come before: as nothing new with the same body, as replayed
    with another one. None for those that are to be written."""
    firsts: dict[tuple[int, bytes], tuple[Any, ...]] = {}
    for u in units:
        if u.jti:
            row = (u.app_id, u.jti, _fingerprint(u.body), u.now, u.hook_id)
            firsts.setdefault((u.app_id, u.jti), row)
    rows = tx.many(_JTI, sorted(firsts.values()))  # one lock order for every writer
    found = {(r[0], bytes(r[1])): (bytes(r[2]), r[3]) for r in rows}
    out: list[Arrived | None] = []
    for u in units:
        body, first = found.get((u.app_id, u.jti), (b"", u.hook_id))
        again = first != u.hook_id
        out.append(Arrived(0, 0, 0, body != _fingerprint(u.body)) if again else None)
    return out


def _fingerprint(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=32).digest()


def _write(tx: Tx, units: Sequence[Arrival]) -> list[Arrived]:
    fresh = _new(tx, units)
    bodies = [
        (u.app_id, u.hook_id, u.partner, u.now, u.headers, u.note, u.body)
        for u in units
        if not u.part and _is_news(u, fresh)
    ]
    if bodies:
        tx.many(_HOOK, bodies)
    people = People(tx, ids)
    messages = [(u, m) for u in units for m in u.messages if (u.app_id, m.id) in fresh]
    calls = [
        (u, e) for u in units for e in u.events
        if e.person is not None and (u.app_id, e.id) in fresh
    ]  # fmt: skip
    if messages or calls:
        _messages(tx, people, messages, calls)
    climbs = [(u, r) for u in units for r in u.reports if (u.app_id, r.id) in fresh]
    if climbs:
        reports.apply(tx, [(u.app_id, u.hook_id, u.now, r) for u, r in climbs])
    _others(tx, units, fresh)
    return [
        Arrived(
            sum((u.app_id, m.id) in fresh for m in u.messages),
            sum((u.app_id, r.id) in fresh for r in u.reports),
            sum((u.app_id, e.id) in fresh for e in u.events),
        )
        for u in units
    ]


def _new(tx: Tx, units: Sequence[Arrival]) -> set[tuple[int, int]]:
    """(app, id) of the events that nobody had seen: the first of equals in arrival order."""
    rows: list[tuple[Any, ...]] = []
    taken: set[tuple[int, bytes]] = set()
    for u in units:
        for group in (u.messages, u.reports, u.events):
            for item in group:
                if (u.app_id, item.key) not in taken:
                    taken.add((u.app_id, item.key))
                    rows.append((u.app_id, item.key, u.now, item.id))
        for bad in u.rejected:
            if bad.key and (u.app_id, bad.key) not in taken:
                taken.add((u.app_id, bad.key))
                rows.append((u.app_id, bad.key, u.now, bad.id))
    rows.sort()  # one lock order for every writer
    return {(r[0], r[1]) for r in tx.many(_SEEN, rows)} if rows else set()


def _is_news(unit: Arrival, fresh: set[tuple[int, int]]) -> bool:
    """A body that only says again what was said is not kept again."""
    items: list[Any] = [*unit.messages, *unit.reports, *unit.events]
    if any(not bad.key or (unit.app_id, bad.id) in fresh for bad in unit.rejected):
        return True
    if not items:
        return not unit.rejected
    return any((unit.app_id, i.id) in fresh for i in items)


def _messages(
    tx: Tx,
    people: People,
    messages: Sequence[tuple[Arrival, NewMessage]],
    calls: Sequence[tuple[Arrival, NewEvent]],
) -> None:
    every = [(u.app_id, m.person) for u, m in messages]
    every += [(u.app_id, m.new_identity) for u, m in messages if m.new_identity is not None]
    every += [(u.app_id, e.person) for u, e in calls if e.person is not None]
    people.prepare(every)
    who: list[Known] = []
    for u, m in messages:
        contact = people.contact(u.app_id, m.person)
        if m.new_identity is not None:
            people.also(u.app_id, contact, m.new_identity)
        who.append(contact)
    callers = [people.contact(u.app_id, e.person) for u, e in calls if e.person is not None]
    people.save()
    _open_windows(tx, messages, who, calls, callers)
    if messages:
        _append(tx, messages, who)


def _append(tx: Tx, messages: Sequence[tuple[Arrival, NewMessage]], who: Sequence[Known]) -> None:
    """Draw the sequence from the conversation's row and write the messages in arrival order."""
    begun = _begun_apart(tx, messages, who)
    counts: dict[tuple[int, int, int], list[int]] = {}  # key -> [how many, due_at or -1]
    for (u, m), contact in zip(messages, who, strict=True):
        entry = counts.setdefault(_conversation_key(u, m, contact, begun), [0, -1])
        entry[0] += 1
        if m.why is None and entry[1] < 0:
            entry[1] = u.now + m.due_in
    rows = [
        (a, ids.new(), n, c, count, due if due >= 0 else None)
        for (a, n, c), (count, due) in sorted(counts.items())
    ]
    found = {(r[0], r[1], r[2]): (r[3], r[4]) for r in tx.many(_CONVERSATION, rows)}
    next_seq = {key: found[key][1] - count + 1 for key, (count, _) in counts.items()}
    out: list[tuple[Any, ...]] = []
    due: dict[tuple[int, int], tuple[int, int, int]] = {}
    for (u, m), contact in zip(messages, who, strict=True):
        key = _conversation_key(u, m, contact, begun)
        seq, next_seq[key] = next_seq[key], next_seq[key] + 1
        conversation_id = found[key][0]
        out.append(
            (u.app_id, m.id, conversation_id, 0, seq, m.number_id, contact.id, m.kind, m.content,
             m.external_id, m.at, u.hook_id, 0 if m.why is None else 2, m.why, m.meta)
        )  # fmt: skip
        if m.why is None and u.owner and m.due_in == 0:
            due[(u.app_id, conversation_id)] = (u.owner, u.lease_ms, u.now)
    tx.many(_MESSAGE, out)
    files = [(u.app_id, m.id, m.number_id, u.now, u.now) for u, m in messages if m.media]
    if files:
        media.expect(tx, files)
    if due:
        owner, ttl, now = max(due.values())
        leased = leases.take(tx, list(due), owner, ttl, now)
        tx.wakes += [("turn", lease) for lease in leases.load(tx, leased)]
    later = {
        at for key, (_, at) in counts.items() if at >= 0 and (key[0], found[key][0]) not in due
    }
    tx.wakes += [("due", at) for at in later]
    if later and tx.dialect == "postgresql":  # nobody here begins these turns: tell the others
        tx.run("SELECT pg_notify(?,?)", (CHANNEL, "due"))
    tx.wakes += [
        ("message_in", (row[0], row[1], u.now)) for (u, _), row in zip(messages, out, strict=True)
    ]


Key = tuple[int, int, int]  # app, number, contact


def _conversation_key(u: Arrival, m: NewMessage, contact: Known, begun: set[Key]) -> Key:
    """Which conversation a message belongs to. Shared ones span the app's numbers (number 0), but
    a conversation that began on its number stays there."""
    apart = (u.app_id, m.number_id, contact.id)
    return apart if not m.shared or apart in begun else (u.app_id, 0, contact.id)


def _begun_apart(
    tx: Tx, messages: Sequence[tuple[Arrival, NewMessage]], who: Sequence[Known]
) -> set[Key]:
    keys = {
        (u.app_id, m.number_id, c.id)
        for (u, m), c in zip(messages, who, strict=True)
        if m.shared and not c.new
    }
    return begun_apart(tx, keys)


def begun_apart(tx: Tx, keys: set[Key]) -> set[Key]:
    """The conversations that began on one number, where the channel shares them now."""
    return {(r[0], r[1], r[2]) for r in tx.many(_APART, sorted(keys))} if keys else set()


def _open_windows(
    tx: Tx,
    messages: Sequence[tuple[Arrival, NewMessage]],
    who: Sequence[Known],
    calls: Sequence[tuple[Arrival, NewEvent]],
    callers: Sequence[Known],
) -> None:
    best: dict[tuple[int, int, int], tuple[int, str, int]] = {}
    openings = [
        (u.app_id, m.number_id, c.id, m.window_until, m.window_opener, m.window_free)
        for (u, m), c in zip(messages, who, strict=True)
        if m.window_until
    ] + [
        (u.app_id, e.number_id, c.id, e.window_until, "call", 0)
        for (u, e), c in zip(calls, callers, strict=True)
        if e.window_until
    ]
    for app_id, number_id, contact_id, until, opener, free in openings:
        old = best.get((app_id, number_id, contact_id), (0, "", 0))
        lead = (until, opener) if until > old[0] else old[:2]
        best[(app_id, number_id, contact_id)] = (*lead, max(free, old[2]))
    if best:
        tx.many(_WINDOW, [(*key, *value) for key, value in sorted(best.items())])


def _others(tx: Tx, units: Sequence[Arrival], fresh: set[tuple[int, int]]) -> None:
    events = [
        (u.app_id, e.id, u.hook_id, e.at, e.kind, e.number_id, e.body)
        for u in units
        for e in u.events
        if (u.app_id, e.id) in fresh
    ]
    if events:
        tx.many(_EVENT, events)
    rejected = [
        (u.app_id, r.id, u.hook_id, u.now, r.path, r.reason, r.raw) for u in units
        for r in u.rejected
        if not r.key or (u.app_id, r.id) in fresh
    ]  # fmt: skip
    if rejected:
        tx.many(_REJECTED, rejected)
