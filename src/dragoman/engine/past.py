"""What is replayed: chosen webhooks, and everything the copy needs to stand where they came.

Each conversation is copied as it stood before the first replayed message: who it is with, and the
context, put together from what every earlier turn changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from dragoman.domain import config as configs
from dragoman.domain.config import AgentConfig, AppConfig
from dragoman.domain.events import InboundMessage
from dragoman.domain.identity import Phone, variants
from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.partners.contract import Hook, UnreadableBody
from dragoman.partners.registry import PARTNERS, partner
from dragoman.store.drivers import Row, Tx
from dragoman.store.intake import digest
from dragoman.store.queries import chain
from dragoman.store.queries.messages import IN, first_id, load, made_at

from .apps import App
from .standing import name_of

words(
    {
        "replay_unpublished": "The app {name} is not published. Replay with --draft, or publish "
        "it first.",
        "replay_no_turn": "Nothing came before this message that an agent answered, so there is "
        "nothing to run again.",
        "replay_gone": "The webhook of this message is no longer kept, so it cannot be run again.",
        "replay_nothing": "No webhook with a message is stored for {name} in that time.",
    }
)


class Past(msgspec.Struct, frozen=True):
    """What is replayed. hooks: (id, partner, at, body), oldest first. turns: by turn id, or by the
    negative id of a message that no turn took: (conversation, started, inbound ids). keys: by
    inbound message id, the key under which it is remembered. known: keys that had been seen before
    their webhook came (a partner sent them again)."""

    app_id: int
    hooks: tuple[tuple[int, str, int, bytes], ...]
    turns: dict[int, tuple[int, int, tuple[int, ...]]]
    hook_of: dict[int, int]
    keys: dict[int, bytes]
    known: frozenset[bytes]


# --- what to replay ------------------------------------------------------------------------------


def choose(tx: Tx, app: App, after: int, n: int) -> Past:
    """The newest `n` webhooks that brought messages since a time (Unix ms), and those that share a
    turn with one of them. Raises SentenceError when there are none."""
    return _past(tx, app, _newest_hooks(tx, app.id, first_id(after), n))


def of_message(tx: Tx, app: App, message_id: int) -> tuple[Past, frozenset[str]]:
    """The turn that took or made a message, and the names of the messages that it took. Raises
    SentenceError where there is none, or its webhook is gone."""
    line = load(tx, [(app.id, message_id)])[0]
    taken = [line] if line.direction == IN else []
    row = chain.turn(tx, app.id, line.turn_id) if line.turn_id else None
    if row is not None:
        taken = chain.taken_by(tx, app.id, row)
    if not taken:
        raise SentenceError(Sentence("replay_no_turn"))
    hooks = {one.hook_id for one in taken}
    if any(chain.hook(tx, app.id, id) is None for id in hooks):
        raise SentenceError(Sentence("replay_gone"))
    past = _past(tx, app, hooks)
    if any(one.id not in past.keys for one in taken):
        raise SentenceError(Sentence("replay_gone"))
    return past, frozenset(name_of(one) for one in taken)


def _past(tx: Tx, app: App, hooks: set[int]) -> Past:
    inbound = [i for hook_id in sorted(hooks) for i in _brought(tx, app.id, hook_id)]
    turns: dict[int, tuple[int, int, tuple[int, ...]]] = {}
    for line in load(tx, [(app.id, i) for i in inbound]):
        row = chain.turn(tx, app.id, line.turn_id) if line.turn_id else None
        if row is None:
            turns[-line.id] = (line.conversation_id, line.when, (line.id,))
        elif row.id not in turns:
            taken = chain.taken_by(tx, app.id, row)
            turns[row.id] = (row.conversation_id, row.started, tuple(t.id for t in taken))
    ids = [i for _, _, taken in turns.values() for i in taken]
    hook_of = {line.id: line.hook_id for line in load(tx, [(app.id, i) for i in ids])}
    rows = [chain.hook(tx, app.id, h) for h in sorted(set(hook_of.values()))]
    kept = tuple((h.id, h.partner, h.at, h.body) for h in rows if h is not None)
    if not kept:
        raise SentenceError(Sentence("replay_nothing", {"name": app.name}))
    keys, known = _keys(tx, app, kept, hook_of)
    return Past(app.id, kept, turns, hook_of, keys, known)


def _newest_hooks(tx: Tx, app_id: int, after: int, n: int) -> set[int]:
    found: set[int] = set()
    before = 1 << 62
    while len(found) < n:
        rows = tx.run(
            """SELECT id,hook_id FROM message WHERE app_id=? AND id<? AND id>? AND direction=0
            ORDER BY id DESC LIMIT 500""",
            (app_id, before, after),
        )
        for _, hook_id in rows:
            if len(found) < n:
                found.add(hook_id)
        if len(rows) < 500:
            break
        before = rows[-1][0]
    return found - {0}


def _brought(tx: Tx, app_id: int, hook_id: int) -> list[int]:
    return chain.items_of(tx, app_id, hook_id)["message"]


def _keys(
    tx: Tx, app: App, hooks: Sequence[tuple[int, str, int, bytes]], hook_of: dict[int, int]
) -> tuple[dict[int, bytes], frozenset[bytes]]:
    """Which key each message is remembered by, and the keys that were not new in their webhook."""
    keys: dict[int, bytes] = {}
    known: set[bytes] = set()
    for hook_id, partner_name, _, body in hooks:
        for event in read(app, partner_name, body):
            key = digest(event.dedupe_key)
            rows = tx.run("SELECT ref FROM seen WHERE app_id=? AND key=?", (app.id, key))
            if rows and hook_of.get(rows[0][0]) == hook_id:
                keys[rows[0][0]] = key
            elif rows and made_at(rows[0][0]) <= made_at(hook_id) and rows[0][0] not in hook_of:
                known.add(key)
    return keys, frozenset(known)


def read(app: App, partner_name: str, body: bytes) -> list[InboundMessage]:
    """The messages of a stored body."""
    copies = app.copies(partner_name) if partner_name in PARTNERS else []
    if not copies:
        return []
    try:
        events = partner(partner_name).parse(
            Hook("POST", "", body=body), copies[0].settings[partner_name]
        )
    except UnreadableBody:
        return []
    return [e for e in events if isinstance(e, InboundMessage)]


def answering(app: App, draft: bool, file: str | None) -> AppConfig:
    """The configuration that answers in the copy: the published channel, always on, with the
    chosen agent. Raises SentenceError."""
    live = app.published.config if app.published is not None else None
    if live is None and not draft and file is None:
        raise SentenceError(Sentence("replay_unpublished", {"name": app.name}))
    brain = app.draft.config if draft or live is None else live
    agent = brain.agent
    if file is not None:
        agent = AgentConfig("script" if file.endswith(".js") else "python", file)
    channel = msgspec.structs.replace(
        (live or brain).channel, enabled=True, typing=False, read_receipts=False
    )
    return msgspec.structs.replace(brain, agent=agent, channel=channel, debounce_ms=0)


# --- the copy ------------------------------------------------------------------------------------


def copy(source: Tx, target: Tx, past: Past, config: AppConfig) -> None:
    """Write into an empty database what the replay needs. `target` is an open transaction."""
    app_id = past.app_id
    body = configs.encode(config)
    stream_id, name = source.run("SELECT stream_id,name FROM app WHERE id=?", (app_id,))[0]
    target.run(
        "INSERT INTO app(id,stream_id,name,created,draft,published) VALUES (?,?,?,0,?,1)",
        (app_id, stream_id, name, body),
    )
    target.run("INSERT INTO config(app_id,version,body,at) VALUES (?,1,?,0)", (app_id, body))
    _copy_rows(source, target, "secret", ("app_id", "id", "sealed", "field", "at"), app_id,
               "AND revoked IS NULL")  # fmt: skip
    _copy_rows(source, target, "number", ("id", "app_id", "partner", "key", "display"), app_id)
    for key in sorted(past.known):
        target.run("INSERT INTO seen(app_id,key,at,ref) VALUES (?,?,0,0)", (app_id, key))
    first: dict[int, int] = {}
    contacts: set[int] = set()
    for line in load(source, [(app_id, i) for i in past.hook_of]):
        contacts.add(line.contact_id)
        seq = first.get(line.conversation_id, line.seq)
        first[line.conversation_id] = min(seq, line.seq)
    for contact_id in sorted(contacts):
        _copy_contact(source, target, app_id, contact_id)
    for conversation_id, seq in sorted(first.items()):
        _copy_conversation(source, target, app_id, conversation_id, seq)


def _copy_rows(
    source: Tx, target: Tx, table: str, columns: tuple[str, ...], app_id: int, also: str = ""
) -> None:
    names, marks = ",".join(columns), ",".join("?" * len(columns))
    for row in source.run(f"SELECT {names} FROM {table} WHERE app_id=? {also}", (app_id,)):
        target.run(f"INSERT INTO {table}({names}) VALUES ({marks})", _plain(row))


def _plain(row: Row) -> Row:
    return tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)


def _copy_contact(source: Tx, target: Tx, app_id: int, contact_id: int) -> None:
    columns = "app_id,id,name,username,phone,bsuid,parent_bsuid,identity_hash"
    rows = source.run(
        f"SELECT {columns} FROM contact WHERE app_id=? AND id=?", (app_id, contact_id)
    )
    if not rows:
        return
    target.run(f"INSERT INTO contact({columns}) VALUES (?,?,?,?,?,?,?,?)", rows[0])
    phone, bsuid = rows[0][4], rows[0][5]
    names = [(2, bsuid)] if bsuid else []
    if phone:
        names += [(1, p.digits) for p in (Phone(phone), *variants(Phone(phone)))]
    for kind, value in names:
        target.run(
            """INSERT INTO identity(app_id,kind,value,contact_id) VALUES (?,?,?,?)
            ON CONFLICT DO NOTHING""",
            (app_id, kind, value, contact_id),
        )


def _copy_conversation(
    source: Tx, target: Tx, app_id: int, conversation_id: int, first_seq: int
) -> None:
    number_id, contact_id = source.run(
        "SELECT number_id,contact_id FROM conversation WHERE app_id=? AND id=?",
        (app_id, conversation_id),
    )[0]
    context, last = before(source, app_id, conversation_id, first_seq)
    target.run(
        """INSERT INTO conversation(app_id,id,number_id,contact_id,in_seq,done_seq,context,
        session_id,session_last) VALUES (?,?,?,?,?,?,?,?,?)""",
        (app_id, conversation_id, number_id, contact_id, first_seq - 1, first_seq - 1,
         msgspec.json.encode(context).decode(), int(last > 0), last),
    )  # fmt: skip


def before(
    tx: Tx, app_id: int, conversation_id: int, seq: int
) -> tuple[dict[str, Any], int]:  # fmt: skip
    """A conversation's context as it was before a message, and when its last turn had been."""
    context: dict[str, Any] = {}
    last = 0
    for changed, started in tx.run(
        """SELECT context,started FROM turn WHERE app_id=? AND conversation_id=? AND from_seq<?
        ORDER BY from_seq""",
        (app_id, conversation_id, seq),
    ):
        last = started
        for key, value in (msgspec.json.decode(changed) if changed else {}).items():
            if value is None:
                context.pop(key, None)
            else:
                context[key] = value
    return context, last
