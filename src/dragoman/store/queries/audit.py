"""The audit log: who changed what, newest first."""

from __future__ import annotations

import msgspec

from dragoman.store.drivers import Tx

from .messages import MAX_ID, apps, first_id

INSTALLATION = 0  # the app id of what belongs to no app


class Wanted(msgspec.Struct, frozen=True):
    """Which entries. app_id: None for all, 0 for what belongs to no app. what: an act
    (`app.publish`) or its first word (`app`). since, until: Unix ms, real clock; 0 for open.
    before: only ids below it, for the next page."""

    app_id: int | None = None
    who: str = ""
    what: str = ""
    since: int = 0
    until: int = 0
    before: int = MAX_ID


class Entry(msgspec.Struct, frozen=True):
    """One change. at: Unix ms. before, after: as they were written, JSON or plain words."""

    app_id: int
    app: str
    id: int
    at: int
    who: str
    what: str
    target: str
    before: str | None
    after: str | None


def entries(tx: Tx, wanted: Wanted, n: int) -> list[Entry]:
    """The newest `n` that fit, newest first."""
    known = [(INSTALLATION, ""), *apps(tx)]
    found: list[Entry] = []
    for app_id, name in known:
        if wanted.app_id in (None, app_id):
            found += _of(tx, app_id, name, wanted, n)
    return sorted(found, key=lambda entry: -entry.id)[:n]


def _of(tx: Tx, app_id: int, name: str, wanted: Wanted, n: int) -> list[Entry]:
    where = ["app_id=?", "id<?"]
    values: list[object] = [app_id, wanted.before]
    if wanted.since:
        where.append("id>=?")
        values.append(first_id(wanted.since))
    if wanted.until:
        where.append("id<?")
        values.append(first_id(wanted.until))
    if wanted.who:
        where.append("who=?")
        values.append(wanted.who)
    if wanted.what:
        where.append("(what=? OR substr(what,1,?)=?)")
        values += [wanted.what, len(wanted.what) + 1, wanted.what + "."]
    rows = tx.run(
        f"SELECT id,at,who,what,target,before,after FROM audit WHERE {' AND '.join(where)} "
        "ORDER BY id DESC LIMIT ?",
        (*values, n),
    )
    return [Entry(app_id, name, *row) for row in rows]
