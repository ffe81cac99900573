"""The published versions of an app."""

from __future__ import annotations

import msgspec

from ..drivers import Tx


class VersionRow(msgspec.Struct, frozen=True):
    """One version with its configuration as JSON. at: Unix ms."""

    version: int
    at: int
    by: str
    note: str
    body: str


_ROW = "SELECT version,at,by,note,body FROM config WHERE app_id=?"


def page(tx: Tx, app_id: int, most: int, before: int = 0) -> list[VersionRow]:
    """The newest `most`, newest first; those below `before`, where it is not 0."""
    if before:
        sql = _ROW + " AND version<? ORDER BY version DESC LIMIT ?"
        rows = tx.run(sql, (app_id, before, most))
    else:
        rows = tx.run(_ROW + " ORDER BY version DESC LIMIT ?", (app_id, most))
    return [VersionRow(*row) for row in rows]


def one(tx: Tx, app_id: int, version: int) -> VersionRow | None:
    if not 0 < version < 2**63:  # an address may name what no column holds
        return None
    rows = tx.run(_ROW + " AND version=?", (app_id, version))
    return VersionRow(*rows[0]) if rows else None
