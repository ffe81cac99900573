"""What came and is no message: items that could not be read, refused requests, events of accounts,
templates and calls. The log shows them between the messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from dragoman.domain.clock import id_text
from dragoman.domain.sentences import Sentence
from dragoman.store.drivers import Tx

from .messages import MAX_ID, apps

TABLES = ("rejected", "refused", "event")
_COLUMNS = {
    "rejected": "r.id,r.at,h.partner,r.path,r.reason FROM rejected r "
    "LEFT JOIN hook h ON h.app_id=r.app_id AND h.id=r.hook_id",
    "refused": "r.id,r.at,r.partner,'',r.reason FROM refused r",
    "event": "r.id,r.at,h.partner,r.kind,r.body FROM event r "
    "LEFT JOIN hook h ON h.app_id=r.app_id AND h.id=r.hook_id",
}


class Other(msgspec.Struct, frozen=True):
    """One of them. `at`: when it came, Unix ms. `reason`: of what was rejected or refused. `about`:
    where in the body an item stood, or what kind of event it is. `data`: an event's own members."""

    app_id: int
    app: str
    table: str
    id: int
    at: int
    partner: str
    about: str
    reason: Sentence | None = None
    data: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """The id that `dragoman why` takes."""
        return f"{self.table}-{id_text(self.id)}"


def newest(
    tx: Tx, app_id: int | None, after: int, n: int, before: int = MAX_ID,
    tables: Sequence[str] = TABLES,
) -> list[Other]:  # fmt: skip
    """The newest `n` of them with ids above `after` and below `before`, oldest first."""
    found: list[Other] = []
    for id, app in apps(tx):
        if app_id in (None, id):
            for table in tables:
                found += _of(tx, id, app, table, after, before, n)
    return sorted(found, key=lambda one: one.id)[-n:] if n else []


def _of(tx: Tx, app_id: int, app: str, table: str, after: int, before: int, n: int) -> list[Other]:
    rows = tx.run(
        f"SELECT {_COLUMNS[table]} WHERE r.app_id=? AND r.id>? AND r.id<? "
        "ORDER BY r.id DESC LIMIT ?",
        (app_id, after, before, n),
    )
    made = []
    for id, at, partner, about, text in rows:
        told: dict[str, Any] = {}
        if table == "event":
            told["data"] = msgspec.json.decode(text, type=dict[str, Any])
        else:
            told["reason"] = msgspec.json.decode(text, type=Sentence)
        made.append(Other(app_id, app, table, id, at, partner or "", about or "", **told))
    return made


def count_since(tx: Tx, table: str, app_id: int, after: int) -> int:
    """How many of a table have ids above one."""
    sql = f"SELECT count(*) FROM {table} WHERE app_id=? AND id>?"
    return int(tx.run(sql, (app_id, after))[0][0])
