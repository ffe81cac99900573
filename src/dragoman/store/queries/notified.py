"""What is known of notifications, for whoever asks: a job, how it went, and who is written to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from dragoman.domain.identity import Person, Phone, variants
from dragoman.store.drivers import Rows, Tx
from dragoman.store.intake import ids
from dragoman.store.people import People


class Job(msgspec.Struct, frozen=True):
    """A request that was taken."""

    app_id: int
    id: int
    at: int
    client_id: str
    config_version: int
    kind: str
    body: str
    recipients: int


def job(tx: Tx, app_id: int, id: int) -> Job | None:
    rows = tx.run(
        f"SELECT {','.join(Job.__struct_fields__)} FROM notification WHERE app_id=? AND id=?",
        (app_id, id),
    )
    return Job(*rows[0]) if rows else None


class End(msgspec.Struct, frozen=True):
    """A recipient and what became of its message. `box`: the state of its outbox row, None when it
    has left. `ended`: when its last call ended, or it failed without one."""

    n: int
    given: str
    phone: str
    state: int
    error: str | None
    message_id: int
    contact_id: int | None
    rank: int | None
    doubt: int | None
    message_error: str | None
    box: int | None
    ended: int


def ends(tx: Tx, app_id: int, id: int, limit: int = 1000) -> list[End]:
    """Every recipient of a job, in the order of the request."""
    rows: list[tuple[Any, ...]] = tx.run(
        """SELECT r.n,r.given,r.phone,r.state,r.error,r.message_id,m.contact_id,m.rank,m.doubt,
          m.error,o.state,coalesce((SELECT max(t.ended) FROM attempt t WHERE t.app_id=r.app_id
            AND t.message_id=r.message_id),r.ended)
        FROM recipient r
        LEFT JOIN message m ON m.app_id=r.app_id AND m.id=r.message_id
        LEFT JOIN outbox o ON o.app_id=m.app_id AND o.number_id=m.number_id
          AND o.conversation_id=m.conversation_id AND o.seq=m.seq
        WHERE r.app_id=? AND r.notification_id=? ORDER BY r.n LIMIT ?""",
        (app_id, id, limit),
    )
    return [End(*r) for r in rows]


def recipient_message(tx: Tx, app_id: int, id: int, n: int) -> int:
    """The message of a recipient, 0 where there is none (yet)."""
    rows = tx.run(
        "SELECT message_id FROM recipient WHERE app_id=? AND notification_id=? AND n=?",
        (app_id, id, n),
    )
    return int(rows[0][0]) if rows else 0


# --- before it is sent ---------------------------------------------------------------------------

_WRITTEN_TO = Rows(
    """WITH batch(app_id,value) AS (VALUES {rows})
    SELECT i.value,w.number_id,w.until FROM batch b CROSS JOIN identity i
    JOIN win w ON w.app_id=i.app_id AND w.contact_id=i.contact_id
    WHERE i.app_id=b.app_id AND i.kind=1 AND i.value=b.value""",
    "bt",
)


def last_written_to(
    tx: Tx, app_id: int, phones: Iterable[Phone], listed: frozenset[int]
) -> dict[str, int]:
    """Which of the `listed` numbers each person wrote to last, by digits; only who ever did."""
    spelled = {v.digits: p.digits for p in phones for v in (*variants(p), p)}
    best: dict[str, tuple[int, int]] = {}
    for value, number_id, until in tx.many(_WRITTEN_TO, [(app_id, v) for v in sorted(spelled)]):
        if number_id in listed:
            digits = spelled[value]
            best[digits] = max(best.get(digits, (0, 0)), (until, number_id))
    return {digits: number_id for digits, (_, number_id) in best.items()}


class Talk(msgspec.Struct, frozen=True):
    """What is known of a person and their conversation on a number, for a script."""

    person: Person
    context: str = "{}"
    window: tuple[int, str, int] | None = None  # until, opener, free until


def talk(tx: Tx, app_id: int, number_id: int, phone: Phone, shared: bool) -> Talk:
    """A stranger has an empty context."""
    people = People(tx, ids)
    people.prepare([(app_id, Person(phone=phone))])
    known = people.reached(app_id, Person(phone=phone))
    if known.new:
        return Talk(Person(phone=phone))
    rows = tx.run(
        """SELECT context FROM conversation WHERE app_id=? AND number_id IN (?,?) AND contact_id=?
        AND closed=0 ORDER BY number_id DESC LIMIT 1""",
        (app_id, number_id, 0 if shared else number_id, known.id),
    )
    windows = tx.run(
        """SELECT until,opener,free_until FROM win WHERE app_id=? AND contact_id=?
        AND number_id=?""",
        (app_id, known.id, number_id),
    )
    person = Person(
        phone=Phone(known.phone) if known.phone else phone, name=known.name,
        username=known.username,
    )  # fmt: skip
    window = (windows[0][0], windows[0][1], windows[0][2]) if windows else None
    return Talk(person, rows[0][0] if rows else "{}", window)
