"""The way of one message: what a person named, and every row that belongs to it."""

from __future__ import annotations

from typing import Any

import msgspec

from dragoman.domain.clock import id_number
from dragoman.domain.identity import Bsuid, Phone, read_recipient, variants
from dragoman.domain.public_ids import ENTRY, JOB, MESSAGE, read_public_id
from dragoman.domain.sentences import SentenceError
from dragoman.store.doubts import AGAIN
from dragoman.store.drivers import Row, Tx
from dragoman.store.intake import digest
from dragoman.store.rows import origin_of

from .messages import IN, OUT, Line, apps, first_id, load, made_at
from .notified import Job, job, recipient_message

LEADS = ("in", "out", "hook", "turn", "event", "report", "rejected", "refused", "conv")
_TABLES = ("message", "hook", "rejected", "refused", "turn", "event", "report", "conversation")
_HOOK_SPREAD_MS = 10_000  # the ids of a webhook's items are made shortly before its own


class Found(msgspec.Struct, frozen=True):
    """A row that a person meant: the table it is in, its app and id. `table` is `delivery` when a
    partner's id is known only from reports; `text` then is that id."""

    table: str
    app_id: int
    id: int = 0
    text: str = ""


def find(tx: Tx, text: str) -> Found | None:
    """What `last`, an id of ours, one of the public API's (ds-, nl-, ms-), a partner's id, a phone
    or a BSUID stands for."""
    asked = text.strip()
    if asked == "last":
        return last(tx)
    return (
        _by_own_id(tx, asked)
        or _by_public_id(tx, asked)
        or by_external_id(tx, asked)
        or _by_person(tx, asked)
    )


def last(tx: Tx) -> Found | None:
    """The newest message of all apps."""
    best: Found | None = None
    for app_id, _ in apps(tx):
        top = tx.run("SELECT max(id) FROM message WHERE app_id=?", (app_id,))[0][0]
        if top is not None and (best is None or top > best.id):
            best = Found("message", app_id, top)
    return best


def _by_own_id(tx: Tx, text: str) -> Found | None:
    lead, dash, bare = text.rpartition("-")
    if dash and lead.lower() not in LEADS:
        return None
    try:
        number = id_number(bare)
    except ValueError:
        return None
    if not 0 < number < 1 << 63:
        return None
    for app_id, _ in apps(tx):
        for table in _TABLES:
            if tx.run(f"SELECT 1 FROM {table} WHERE app_id=? AND id=?", (app_id, number)):
                return Found(table, app_id, number)
    return None


def _by_public_id(tx: Tx, text: str) -> Found | None:
    """A job, an entry of its log (its message, or the job before there is one), or a message."""
    for app_id, _ in apps(tx):
        named = read_public_id(text, app_id)
        if named is None:
            continue
        prefix, id, place = named
        if prefix == ENTRY:
            message_id = recipient_message(tx, app_id, id, place)
            if message_id:
                return Found("message", app_id, message_id)
        if prefix == MESSAGE:
            found = tx.run("SELECT 1 FROM message WHERE app_id=? AND id=?", (app_id, id))
            return Found("message", app_id, id) if found else None
        if prefix in (JOB, ENTRY) and job(tx, app_id, id) is not None:
            return Found("notification", app_id, id)
    return None


def by_external_id(tx: Tx, text: str) -> Found | None:
    """A partner's id. Sent ones are found by their delivery. Received ones by the key under which
    they are remembered (for a message with an id, every partner's is `m:` and the id), which lasts
    as long as `seen_days`."""
    if not text:
        return None
    numbers = tx.run("SELECT app_id,id FROM number")
    waiting: Found | None = None
    for app_id, number_id in numbers:
        rows = tx.run(
            "SELECT message_id FROM delivery WHERE app_id=? AND number_id=? AND external_id=?",
            (app_id, number_id, text),
        )
        if rows and rows[0][0] is not None:
            return Found("message", app_id, rows[0][0])
        if rows:
            waiting = Found("delivery", app_id, number_id, text)
    key = digest("m:" + text)
    for app_id, _ in apps(tx):
        rows = tx.run("SELECT ref FROM seen WHERE app_id=? AND key=?", (app_id, key))
        if rows:
            return Found("message", app_id, rows[0][0])
    return waiting


def conversations_of(tx: Tx, text: str) -> list[tuple[int, int]]:
    """(app id, conversation id) of a conversation's id, or of a person's phone or BSUID."""
    own = _by_own_id(tx, text)
    if own is not None and own.table == "conversation":
        return [(own.app_id, own.id)]
    try:
        who = read_recipient(text)
    except SentenceError:
        return []
    found: list[tuple[int, int]] = []
    for app_id, _ in apps(tx):
        contacts = {
            r[0]
            for kind, value in _identities(who)
            for r in tx.run(
                "SELECT contact_id FROM identity WHERE app_id=? AND kind=? AND value=?",
                (app_id, kind, value),
            )
        }
        numbers = [0, *(r[0] for r in tx.run("SELECT id FROM number WHERE app_id=?", (app_id,)))]
        found += [
            (app_id, r[0])
            for contact_id in sorted(contacts)
            for number_id in numbers
            for r in tx.run(
                "SELECT id FROM conversation WHERE app_id=? AND number_id=? AND contact_id=?",
                (app_id, number_id, contact_id),
            )
        ]
    return found


def _identities(who: Phone | Bsuid) -> list[tuple[int, str]]:
    if isinstance(who, Bsuid):
        return [(2, who.value)]
    return [(1, p.digits) for p in (who, *variants(who))]


def _by_person(tx: Tx, text: str) -> Found | None:
    best: Found | None = None
    for app_id, conversation_id in conversations_of(tx, text):
        found = last_of(tx, app_id, conversation_id)
        if found is not None and (best is None or found.id > best.id):
            best = found
    return best


def last_of(tx: Tx, app_id: int, conversation_id: int) -> Found | None:
    """The newest message of a conversation."""
    ids = [
        r[0]
        for direction in (IN, OUT)
        for r in tx.run(
            """SELECT id FROM message WHERE app_id=? AND conversation_id=? AND direction=?
            ORDER BY seq DESC LIMIT 1""",
            (app_id, conversation_id, direction),
        )
    ]
    return Found("message", app_id, max(ids)) if ids else None


# --- the rows around a message -------------------------------------------------------------------


class HookRow(msgspec.Struct, frozen=True):
    id: int
    partner: str
    at: int
    headers: str
    note: str
    body: bytes


class TurnRow(msgspec.Struct, frozen=True):
    id: int
    conversation_id: int
    from_seq: int
    to_seq: int
    config_version: int
    attempt: int
    started: int
    ended: int
    outcome: str
    notes: str | None
    context: str | None
    flushes: int


class AttemptRow(msgspec.Struct, frozen=True):
    n: int
    started: int
    ended: int
    outcome: str
    call: str | None
    answer: str | None
    error: str | None


class ReportRow(msgspec.Struct, frozen=True):
    id: int
    external_id: str
    status: str
    at: int
    came: int
    hook_id: int
    body: str


def hook(tx: Tx, app_id: int, hook_id: int) -> HookRow | None:
    rows = tx.run(
        "SELECT id,partner,at,headers,note,body FROM hook WHERE app_id=? AND id=?",
        (app_id, hook_id),
    )
    if not rows:
        return None
    id, partner, at, headers, note, body = rows[0]
    return HookRow(id, partner, at, headers, note, bytes(body))


def turn(tx: Tx, app_id: int, turn_id: int) -> TurnRow | None:
    rows = tx.run(
        f"SELECT {','.join(TurnRow.__struct_fields__)} FROM turn WHERE app_id=? AND id=?",
        (app_id, turn_id),
    )
    return TurnRow(*rows[0]) if rows else None


def turn_at(tx: Tx, app_id: int, conversation_id: int, from_seq: int) -> TurnRow | None:
    """The turn that begins with a message, such as one that crashed and is tried again."""
    rows = tx.run(
        f"""SELECT {",".join(TurnRow.__struct_fields__)} FROM turn
        WHERE app_id=? AND conversation_id=? AND from_seq=?""",
        (app_id, conversation_id, from_seq),
    )
    return TurnRow(*rows[0]) if rows else None


def taken_by(tx: Tx, app_id: int, row: TurnRow) -> list[Line]:
    """The messages that a turn took, in order."""
    rows = tx.run(
        """SELECT id FROM message WHERE app_id=? AND conversation_id=? AND direction=0
        AND seq>=? AND seq<=? AND (turn_id=? OR answer=0)""",
        (app_id, row.conversation_id, row.from_seq, row.to_seq, row.id),
    )
    return load(tx, [(app_id, r[0]) for r in rows])


def answers_of(tx: Tx, app_id: int, row: TurnRow) -> list[Line]:
    """The messages that a turn sent, in order."""
    rows = tx.run(
        """SELECT id FROM message WHERE app_id=? AND conversation_id=? AND direction=1
        AND turn_id=? ORDER BY seq""",
        (app_id, row.conversation_id, row.id),
    )
    return load(tx, [(app_id, r[0]) for r in rows])


def attempts(tx: Tx, app_id: int, message_id: int) -> list[AttemptRow]:
    rows = tx.run(
        f"""SELECT {",".join(AttemptRow.__struct_fields__)} FROM attempt
        WHERE app_id=? AND message_id=? ORDER BY n""",
        (app_id, message_id),
    )
    return [AttemptRow(*r) for r in rows]


def last_change(tx: Tx, app_id: int, message_id: int) -> int:
    """When the last call ended or the last report came, 0 for neither."""
    ended = tx.run(
        "SELECT max(ended) FROM attempt WHERE app_id=? AND message_id=?", (app_id, message_id)
    )
    came = tx.run(
        "SELECT max(came) FROM report WHERE app_id=? AND message_id=?", (app_id, message_id)
    )
    return max(ended[0][0] or 0, came[0][0] or 0)


_REPORT = ",".join(ReportRow.__struct_fields__)


def reports(tx: Tx, app_id: int, message_id: int) -> list[ReportRow]:
    """Every report of a message, in the order they came."""
    rows = tx.run(
        f"SELECT {_REPORT} FROM report WHERE app_id=? AND message_id=? ORDER BY id",
        (app_id, message_id),
    )
    return [ReportRow(*r) for r in rows]


def reports_waiting(tx: Tx, app_id: int, number_id: int, external_id: str) -> list[ReportRow]:
    """Reports for a partner's id that none of our messages has."""
    rows = tx.run(
        f"""SELECT {_REPORT} FROM report WHERE app_id=? AND number_id=? AND external_id=?
        AND message_id=0 ORDER BY id""",
        (app_id, number_id, external_id),
    )
    return [ReportRow(*r) for r in rows]


def notification(tx: Tx, line: Line) -> tuple[Job, int] | None:
    """The job that a message was made for and the recipient's place in it; None for an answer."""
    origin = origin_of(line.meta)
    found = job(tx, line.app_id, origin[0]) if origin is not None else None
    return (found, origin[1]) if found is not None and origin is not None else None


def credential_name(tx: Tx, client_id: str) -> str:
    """As its operator called it, also when it was deleted."""
    rows = tx.run("SELECT name FROM credential WHERE client_id=?", (client_id,))
    return str(rows[0][0]) if rows else client_id


def sent_again(tx: Tx, line: Line) -> int:
    """The message that was sent in place of this one, 0 for none."""
    rows = tx.run(
        """SELECT id FROM message WHERE app_id=? AND conversation_id=? AND direction=1 AND seq>?
        AND retry_of=? ORDER BY seq DESC LIMIT 1""",
        (line.app_id, line.conversation_id, line.seq, line.id),
    )
    return int(rows[0][0]) if rows else 0


def settled(tx: Tx, line: Line) -> tuple[int, str, str] | None:
    """When a doubt was ended by a person or a policy, by whom, and how."""
    rows = tx.run(
        """SELECT at,who,after FROM audit WHERE app_id=? AND id>? AND what='doubt.settle'
        AND target=? ORDER BY id DESC LIMIT 1""",
        (line.app_id, line.id, str(line.id)),
    )
    if not rows or rows[0][2] == AGAIN:  # a report ended it since
        return None
    return rows[0][0], rows[0][1], rows[0][2]


def items_of(tx: Tx, app_id: int, hook_id: int) -> dict[str, list[int]]:
    """What became of a webhook's items: ids by table. Their ids were made just before its own, so
    that a range of keys finds them without an index."""
    low = first_id(made_at(hook_id) - _HOOK_SPREAD_MS)
    out: dict[str, list[int]] = {}
    for table in ("message", "report", "event", "rejected"):
        rows: list[Row] = tx.run(
            f"SELECT id FROM {table} WHERE app_id=? AND id>? AND id<? AND hook_id=? ORDER BY id",
            (app_id, low, hook_id + (1 << 22), hook_id),
        )
        out[table] = [r[0] for r in rows]
    return out


def kept(tx: Tx, table: str, app_id: int, id: int) -> dict[str, Any]:
    """A rejected item, a refused request, an event or a report, by column."""
    columns = {
        "rejected": "hook_id,at,path,reason,raw",
        "refused": "at,partner,reason,headers,body",
        "event": "hook_id,at,kind,number_id,body",
        "report": "hook_id,message_id,number_id,external_id,status,at,came,body",
    }[table]
    rows = tx.run(f"SELECT {columns} FROM {table} WHERE app_id=? AND id=?", (app_id, id))
    return dict(zip(columns.split(","), rows[0], strict=True)) if rows else {}
