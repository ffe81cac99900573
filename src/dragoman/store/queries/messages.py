"""The message log: which messages, newest first, each with what its status is made of."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from dragoman.domain.clock import EPOCH_MS
from dragoman.domain.status import Answer, Doubt, Status
from dragoman.store.drivers import Row, Rows, Tx

MAX_ID = (1 << 63) - 1
IN, OUT = 0, 1
SCAN = 100_000  # newest messages that are looked at for a status without an index of its own
READ = 50_000  # the same for words and names, which have to be read
LOOK = 20_000  # candidates that are judged one by one for a status that is put together
_CHUNK = 500

IN_DOUBT, WAITING, QUEUED, SENDING, SENT_AGAIN = (
    "in doubt", "waiting", "queued", "sending", "sent again",
)  # fmt: skip
HANDLED, NOT_ANSWERED, PARKED = "handled", "not answered", "parked"
# every word that `word` can say, and that a filter may ask for
WORDS = (
    QUEUED, SENDING, "accepted", "sent", "delivered", "read", "played", "failed", IN_DOUBT,
    SENT_AGAIN, WAITING, HANDLED, NOT_ANSWERED, PARKED,
)  # fmt: skip


class Line(msgspec.Struct, frozen=True):
    """One message with what its status depends on. Times in Unix ms by our clock; `at` is the
    partner's for a message that came in, `came` then ours."""

    app_id: int
    app: str
    id: int
    conversation_id: int
    direction: int
    seq: int
    number_id: int
    partner: str
    number_key: str
    number_display: str
    contact_id: int
    name: str | None
    phone: str | None
    bsuid: str | None
    kind: str
    content: str
    external_id: str | None
    at: int
    came: int | None
    rank: int
    answer: int
    why: str | None
    error: str | None
    doubt: int
    doubt_since: int
    retry_of: int
    turn_id: int
    hook_id: int
    meta: str | None
    box_state: int | None  # its row in the outbox, None when it has left it
    not_before: int | None
    tries: int | None
    expires: int | None
    head: int | None  # the message that its lane sends first
    last_error: str | None  # of its last attempt, while it is in the outbox
    hold: str | None  # what holds its number
    hold_until: int
    lease_owner: int | None
    due_at: int | None
    turn_tries: int
    done_seq: int

    @property
    def when(self) -> int:
        """When it came to us, or was queued."""
        return self.came or self.at


class Filter(msgspec.Struct, frozen=True):
    """Which messages. `conversations`: (app id, conversation id) each, None for all. `status`: one
    of WORDS. `after`, `before`: only ids between them. `one`: (app id, id) of a single message.
    `numbers`: ids of the numbers of ours. `words`: each of them stands in the message. `name`: a
    part of the contact's name, or of the phone. `scan`: how many messages are looked at where no
    index helps."""

    app_id: int | None = None
    conversations: tuple[tuple[int, int], ...] | None = None
    direction: int | None = None
    status: str | None = None
    after: int = 0
    one: tuple[int, int] | None = None
    before: int = MAX_ID
    numbers: tuple[int, ...] | None = None
    words: str = ""
    name: str = ""
    scan: int = SCAN

    @property
    def looks_at(self) -> int:
        """How many messages a page of it looks at, at most, where no index helps."""
        return min(self.scan, READ) if self.words or self.name else self.scan


class Page(msgspec.Struct, frozen=True):
    """Messages, newest first. `more`: whether older ones fit, too. `reached`: where looking ended
    before the oldest message, the id to go on below; 0 where nothing was left out."""

    lines: list[Line]
    more: bool = False
    reached: int = 0


_LOAD = Rows(
    """WITH batch(app_id,id) AS (VALUES {rows})
    SELECT m.app_id,a.name,m.id,m.conversation_id,m.direction,m.seq,m.number_id,
      coalesce(n.partner,''),coalesce(n.key,''),coalesce(n.display,''),m.contact_id,c.name,c.phone,
      c.bsuid,m.kind,m.content,m.external_id,m.at,h.at,m.rank,m.answer,m.why,m.error,m.doubt,
      m.doubt_since,m.retry_of,m.turn_id,m.hook_id,m.meta,
      o.state,o.not_before,o.attempt,o.expires,
      CASE WHEN o.seq IS NOT NULL THEN (SELECT p.message_id FROM outbox p WHERE p.app_id=o.app_id
        AND p.number_id=o.number_id AND p.conversation_id=o.conversation_id
        ORDER BY p.seq LIMIT 1) END,
      CASE WHEN o.seq IS NOT NULL THEN (SELECT t.error FROM attempt t WHERE t.app_id=m.app_id
        AND t.message_id=m.id AND t.error IS NOT NULL ORDER BY t.n DESC LIMIT 1) END,
      n.hold,coalesce(n.hold_until,0),v.lease_owner,v.due_at,coalesce(v.tries,0),
      coalesce(v.done_seq,0)
    FROM batch b CROSS JOIN message m
    JOIN app a ON a.id=m.app_id
    LEFT JOIN number n ON n.id=m.number_id
    LEFT JOIN contact c ON c.app_id=m.app_id AND c.id=m.contact_id
    LEFT JOIN hook h ON h.app_id=m.app_id AND h.id=m.hook_id
    LEFT JOIN outbox o ON o.app_id=m.app_id AND o.number_id=m.number_id
      AND o.conversation_id=m.conversation_id AND o.seq=m.seq AND m.direction=1
    LEFT JOIN conversation v ON v.app_id=m.app_id AND v.id=m.conversation_id
    WHERE m.app_id=b.app_id AND m.id=b.id""",
    "bb",
)


def load(tx: Tx, ids: Iterable[tuple[int, int]]) -> list[Line]:
    """The messages of (app id, id), oldest first; unknown ones are left out."""
    wanted = sorted(set(ids))
    rows = tx.many(_LOAD, wanted) if wanted else []
    return sorted((Line(*row) for row in rows), key=lambda line: line.id)


def word(line: Line, now: int) -> str:
    """The one word of a message's status, from WORDS. Accepted is never shown as sent."""
    if line.direction == IN:
        return Answer(line.answer).word
    if line.doubt == Doubt.OPEN:
        return IN_DOUBT
    if line.rank >= Status.ACCEPTED:
        return Status(line.rank).word
    if line.doubt == Doubt.SETTLED_SENT_AGAIN:
        return SENT_AGAIN
    if line.box_state == 1:
        return SENDING
    if line.box_state is None:
        return Status(line.rank).word
    blocked = line.head is not None and line.head != line.id
    if line.hold is not None or blocked or line.tries or (line.not_before or 0) > now:
        return WAITING
    return QUEUED


def first_id(at: int) -> int:
    """The lowest id that can have been made at a time (Unix ms, real clock)."""
    return max(0, at - EPOCH_MS) << 22


def made_at(id: int) -> int:
    """When an id was made (Unix ms, real clock)."""
    return (id >> 22) + EPOCH_MS


def apps(tx: Tx) -> list[tuple[int, str]]:
    """(id, name) of every app."""
    rows = tx.run("SELECT id,name FROM app WHERE deleted IS NULL ORDER BY id")
    return [(r[0], r[1]) for r in rows]


def newest(tx: Tx, wanted: Filter, n: int, now: int) -> list[Line]:
    """The newest `n` messages that fit, oldest of them first."""
    return list(reversed(page(tx, wanted, n, now).lines))


def page(tx: Tx, wanted: Filter, n: int, now: int) -> Page:
    """The newest `n` messages that fit, and whether there are more behind them."""
    if wanted.one is not None:
        return Page([line for line in load(tx, [wanted.one]) if fits(line, wanted, now)])
    if not n:
        return Page([])
    ids = [wanted.app_id] if wanted.app_id is not None else [a for a, _ in apps(tx)]
    found: list[Line] = []
    reached = 0
    for app_id in ids:
        lines, ended = _newest_of(tx, app_id, wanted, n + 1, now)
        found += lines
        reached = max(reached, ended)
    found.sort(key=lambda line: -line.id)
    more = len(found) > n
    return Page(found[:n], more, 0 if more else reached)


def _newest_of(
    tx: Tx, app_id: int, wanted: Filter, n: int, now: int
) -> tuple[list[Line], int]:  # fmt: skip
    """What fits, newest first, and the id above which all was looked at (0: everything was)."""
    source = _source(tx, app_id, wanted)
    words = wanted.words.casefold().split()
    judged = wanted.status is not None or words or wanted.name
    found: list[Line] = []
    before, looked = wanted.before, 0
    while looked < LOOK:
        size = max(n, _CHUNK) if judged else n
        rows = source.ids(before, size)
        looked += len(rows)
        ids = [r[0] for r in rows if not words or _holds(r[1], words)]
        for some in _slices(ids, n):
            lines = load(tx, [(app_id, i) for i in some])
            found += [line for line in reversed(lines) if fits(line, wanted, now)]
            if len(found) >= n:
                return found[:n], 0
        if len(rows) < size:
            return found, source.floor + 1 if source.floor > wanted.after else 0
        before = rows[-1][0]
    return found, before


def _slices(ids: list[int], n: int) -> Iterator[list[int]]:
    for at in range(0, len(ids), n):
        yield ids[at : at + n]


def fits(line: Line, wanted: Filter, now: int) -> bool:
    """Whether a message is among those that a filter asks for."""
    words = wanted.words.casefold().split()
    return (
        wanted.after < line.id < wanted.before
        and wanted.one in (None, (line.app_id, line.id))
        and (wanted.app_id is None or line.app_id == wanted.app_id)
        and (wanted.direction is None or line.direction == wanted.direction)
        and (wanted.numbers is None or line.number_id in wanted.numbers)
        and (
            wanted.conversations is None
            or (line.app_id, line.conversation_id) in wanted.conversations
        )
        and (not wanted.name or _called(line, wanted.name))
        and (not words or _holds(line.content, words))
        and (wanted.status is None or word(line, now) == wanted.status)
    )


def _holds(content: str, words: Sequence[str]) -> bool:
    """Whether every word (in lower case) stands in the texts of a message's JSON."""
    flat = content.casefold()
    if not all(w in flat or not w.isalnum() for w in words):
        return False
    texts = "\n".join(_texts(msgspec.json.decode(content))).casefold()
    return all(w in texts for w in words)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key != "kind":
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


# --- where the candidates come from: ids below `before`, newest first, at most `limit` -----------


class Source(msgspec.Struct, frozen=True):
    """`ids(before, limit)`: rows that begin with an id and, where words are asked for, the content.
    `floor`: only ids above it are looked at."""

    ids: Callable[[int, int], Sequence[Row]]
    floor: int = 0


def _source(tx: Tx, app_id: int, wanted: Filter) -> Source:
    status = wanted.status
    tests, values = _tests(tx, wanted)
    if wanted.conversations is not None:
        own = [c for a, c in wanted.conversations if a == app_id]
        return Source(
            lambda before, limit: _of_conversations(tx, app_id, own, wanted, before, limit)
        )
    if status in (QUEUED, SENDING) and not wanted.words:
        return Source(lambda before, limit: _in_outbox(tx, app_id, before, limit))
    if status == WAITING and not wanted.words:
        return Source(lambda before, limit: _waiting(tx, app_id, before, limit))
    by, floor = "", wanted.after
    if status in _INDEXED:
        index, test = _INDEXED[status]
        # SQLite would walk the key, which serves the order, past every row that is none of these
        by = f"INDEXED BY {index}" if tx.dialect == "sqlite" else ""
        tests.append(test)
    elif status is not None:
        ranked = {s.word: f"direction=1 AND rank={int(s)}" for s in Status}
        ranked[HANDLED] = "direction=0 AND answer=1"
        ranked[SENT_AGAIN] = f"doubt={int(Doubt.SETTLED_SENT_AGAIN)}"
        tests += [ranked[status]] if status in ranked else []
    if (
        tests and not by
    ):  # the columns tested lie behind the content in a row: it must end somewhere
        floor = _floor(tx, app_id, wanted)
    text = f"""SELECT id{",content" if wanted.words else ""} FROM message {by}
      WHERE {" AND ".join(("app_id=? AND id<? AND id>?", *tests))} ORDER BY id DESC LIMIT ?"""
    return Source(
        lambda before, limit: tx.run(text, (app_id, before, floor, *values, limit)), floor
    )


# the partial indexes of `schema`, each with its condition as written there
_INDEXED = {
    "failed": ("message_failed", "rank=4"),
    IN_DOUBT: ("message_doubt", "doubt=1"),
    PARKED: ("message_parked", "answer=3"),
    NOT_ANSWERED: ("message_not_answered", "answer=2"),
}


def _tests(tx: Tx, wanted: Filter) -> tuple[list[str], list[Any]]:
    """Conditions on a row of `message`, for all that a filter asks for besides the status. What
    they let through is judged again by `fits`: they are only narrower than nothing."""
    tests: list[str] = []
    values: list[Any] = []
    if wanted.direction is not None:
        tests.append(f"direction={int(wanted.direction)}")
    if wanted.numbers is not None:
        tests.append("number_id IN (" + ",".join(str(int(n)) for n in wanted.numbers or (0,)) + ")")
    for one in wanted.words.split():
        escaped = json.dumps(one, ensure_ascii=False)[1:-1]  # as it stands in the content
        test, some = _like(tx, "content", escaped)
        tests.append(test)
        values += some
    if wanted.name:
        test, some = _like(tx, "c.name", wanted.name)
        if digits := _digits(wanted.name):
            test, some = f"({test} OR c.phone LIKE ?)", [*some, f"%{digits}%"]
        tests.append(
            "EXISTS (SELECT 1 FROM contact c WHERE c.app_id=message.app_id "
            f"AND c.id=message.contact_id AND {test})"
        )
        values += some
    return tests, values


def _digits(name: str) -> str:
    """What may be a part of a phone, in the digits alone; else empty."""
    bare = "".join(c for c in name if c not in "+-() ")
    return bare if len(bare) > 2 and bare.isascii() and bare.isdigit() else ""


def _called(line: Line, name: str) -> bool:
    digits = _digits(name)
    own = name.casefold() in (line.name or "").casefold()
    return own or bool(digits and digits in (line.phone or ""))


def _like(tx: Tx, column: str, part: str) -> tuple[str, list[str]]:
    """A text that has a part in it, in capitals or not. SQLite knows capitals of ASCII alone, so
    that for other letters the usual ways to write a word are tried."""
    ways = [part]
    if not part.isascii() and tx.dialect == "sqlite":
        ways = list(dict.fromkeys((part, part.lower(), part.upper(), part.title())))
    operator = "LIKE" if tx.dialect == "sqlite" else "ILIKE"
    test = " OR ".join(f"{column} {operator} ? ESCAPE '!'" for _ in ways)
    safe = [w.replace("!", "!!").replace("%", "!%").replace("_", "!_") for w in ways]
    return f"({test})", [f"%{w}%" for w in safe]


def _floor(tx: Tx, app_id: int, wanted: Filter) -> int:
    """The id that so many messages below `before` are above: what is not higher is not looked
    at."""
    rows = tx.run(
        "SELECT id FROM message WHERE app_id=? AND id<? AND id>? ORDER BY id DESC LIMIT 1 OFFSET ?",
        (app_id, wanted.before, wanted.after, wanted.looks_at),
    )
    return int(rows[0][0]) if rows else wanted.after


def _of_conversations(
    tx: Tx, app_id: int, own: Sequence[int], wanted: Filter, before: int, limit: int
) -> list[Row]:
    found: list[Row] = []
    directions = (IN, OUT) if wanted.direction is None else (wanted.direction,)
    for conversation_id in own:
        for direction in directions:
            found += tx.run(
                f"""SELECT id{",content" if wanted.words else ""} FROM message
                WHERE app_id=? AND conversation_id=? AND direction=?
                AND +id<? ORDER BY seq DESC LIMIT ?""",
                (app_id, conversation_id, direction, before, limit),
            )
    return sorted(found, reverse=True)[:limit]


def _in_outbox(tx: Tx, app_id: int, before: int, limit: int) -> list[Row]:
    return tx.run(
        """SELECT message_id FROM outbox WHERE app_id=? AND message_id<?
        ORDER BY message_id DESC LIMIT ?""",
        (app_id, before, limit),
    )


def _waiting(tx: Tx, app_id: int, before: int, limit: int) -> list[Row]:
    """What waits to be sent, and what waits for a turn: found by the conversations that are due or
    leased, because those have an index."""
    found = _in_outbox(tx, app_id, before, limit)
    for which in ("due_at IS NOT NULL", "lease_owner IS NOT NULL"):
        found += tx.run(
            f"""SELECT m.id FROM conversation v CROSS JOIN message m
            WHERE v.app_id=? AND v.{which} AND m.app_id=v.app_id AND m.conversation_id=v.id
              AND m.direction=0 AND m.seq>v.done_seq AND m.answer=0 AND m.id<?
            ORDER BY m.id DESC LIMIT ?""",
            (app_id, before, limit),
        )
    return [(id,) for id in sorted({r[0] for r in found}, reverse=True)[:limit]]


# --- following -----------------------------------------------------------------------------------


def since(tx: Tx, app_id: int, after: int, limit: int) -> list[int]:
    """Ids of messages above one, oldest first."""
    rows = tx.run(
        "SELECT id FROM message WHERE app_id=? AND id>? ORDER BY id LIMIT ?",
        (app_id, after, limit),
    )
    return [r[0] for r in rows]


def reported(tx: Tx, app_id: int, after: int, limit: int) -> list[tuple[int, int]]:
    """(report id, message id) of the reports above one, oldest first."""
    rows = tx.run(
        "SELECT id,message_id FROM report WHERE app_id=? AND id>? ORDER BY id LIMIT ?",
        (app_id, after, limit),
    )
    return [(r[0], r[1]) for r in rows]


def last_ids(tx: Tx, app_id: int) -> tuple[int, int]:
    """The highest message and report ids of an app, 0 for none."""
    message = tx.run("SELECT max(id) FROM message WHERE app_id=?", (app_id,))[0][0]
    report = tx.run("SELECT max(id) FROM report WHERE app_id=?", (app_id,))[0][0]
    return message or 0, report or 0


# --- for the filters -----------------------------------------------------------------------------


def numbers(tx: Tx, app_id: int) -> list[tuple[int, str, str, str]]:
    """(id, partner, key, display) of the numbers that an app has met, oldest first."""
    rows = tx.run("SELECT id,partner,key,display FROM number WHERE app_id=? ORDER BY id", (app_id,))
    return [(r[0], r[1], r[2], r[3]) for r in rows]
