"""Status reports: a row climbs and never falls, whichever comes first, report or answer.

A report for an id that we do not know yet makes the row and waits there; the answer of the send
then finds it. A report that echoes our own reference names its message and settles a doubt.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dragoman.domain.status import Doubt

from .drivers import Rows, Tx
from .people import find, keys
from .rows import NewReport

Item = tuple[int, int, int, NewReport]  # app, hook, now, report

_CLIMB = Rows(
    """INSERT INTO delivery AS d(app_id,number_id,external_id,rank,at) VALUES {rows}
    ON CONFLICT(app_id,number_id,external_id) DO UPDATE SET
      rank=CASE WHEN excluded.rank>d.rank THEN excluded.rank ELSE d.rank END, at=excluded.at
    RETURNING app_id,number_id,external_id,message_id,rank""",
    "bbtbb",
)
_REPORT = Rows(
    """INSERT INTO report(app_id,id,message_id,number_id,external_id,status,at,came,hook_id,body)
    VALUES {rows}""",
    "bbbbttbbbt",
)
_RANK = Rows(
    """WITH batch(app_id,id,rank) AS (VALUES {rows})
    UPDATE message SET rank=b.rank FROM batch b
    WHERE message.app_id=b.app_id AND message.id=b.id AND message.rank<b.rank""",
    "bbb",
)


def apply(tx: Tx, items: Sequence[Item]) -> None:
    """Write new reports (duplicates were left out before)."""
    best: dict[tuple[int, int, str], tuple[int, int]] = {}
    for app_id, _, _, r in items:
        key = (app_id, r.number_id, r.external_id)
        best[key] = max(best.get(key, (0, 0)), (r.rank, r.at))
    rows = [(*key, rank, at) for key, (rank, at) in sorted(best.items())]
    linked = {(d[0], d[1], d[2]): (d[3], d[4]) for d in tx.many(_CLIMB, rows)}
    for app_id, _, _, r in items:
        key = (app_id, r.number_id, r.external_id)
        if linked[key][0] is None:
            message_id = _settle(tx, app_id, r)
            if message_id is not None:
                linked[key] = (message_id, linked[key][1])
    tx.many(
        _REPORT,
        [
            (a, r.id, linked[(a, r.number_id, r.external_id)][0] or 0, r.number_id, r.external_id,
             r.status, r.at, now, hook_id, r.body)
            for a, hook_id, now, r in items
        ],
    )  # fmt: skip
    ranks = [(k[0], mid, rank) for k, (mid, rank) in linked.items() if mid is not None]
    if ranks:
        tx.many(_RANK, ranks)
    for app_id, _, now, r in items:
        mid = linked[(app_id, r.number_id, r.external_id)][0]
        if mid is not None:
            tx.wakes.append(("status", (app_id, mid, r.status, now)))
            if r.error is not None:
                tx.run(
                    "UPDATE message SET error=coalesce(error,?) WHERE app_id=? AND id=?",
                    (r.error, app_id, mid),
                )
        if r.window_closed and mid is not None:
            close_window(tx, app_id, r.number_id, mid, r.at)
        if r.not_agreed and mid is not None:
            end_consent(tx, app_id, r.number_id, mid, r.at)


def _settle(tx: Tx, app_id: int, r: NewReport) -> int | None:
    """The message that an unknown id belongs to: named by our reference, or the one open doubt.
    The row is held: a doubt that opens at this moment opens before or after, and knows."""
    if r.reference is not None:
        found = tx.run(
            f"""SELECT id,doubt FROM message WHERE app_id=? AND id=? AND direction=1
            AND number_id=?{tx.for_update}""",
            (app_id, r.reference, r.number_id),
        )
        settled = Doubt.SETTLED_ARRIVED
    else:
        found = _only_doubt(tx, app_id, r)
        settled = Doubt.SETTLED_INFERRED
    if not found:
        return None
    message_id, doubt = found[0]
    link(tx, app_id, r.number_id, r.external_id, message_id)
    if doubt == Doubt.OPEN:
        end_doubt(tx, app_id, message_id, settled)
    return int(message_id)


def _only_doubt(tx: Tx, app_id: int, r: NewReport) -> list[tuple[Any, ...]]:
    if not keys(app_id, r.recipient):
        return []
    known = {k.id for k in find(tx, keys(app_id, r.recipient)).values()}
    if len(known) != 1:
        return []
    rows = tx.run(
        f"""SELECT id,doubt FROM message WHERE app_id=? AND number_id=? AND contact_id=?
        AND doubt=1 AND external_id IS NULL{tx.for_update}""",
        (app_id, r.number_id, known.pop()),
    )
    return rows if len(rows) == 1 else []


def link(tx: Tx, app_id: int, number_id: int, external_id: str, message_id: int) -> None:
    """This partner's id belongs to this message, and the reports that waited for it do, too."""
    tx.run(
        "UPDATE delivery SET message_id=? WHERE app_id=? AND number_id=? AND external_id=?",
        (message_id, app_id, number_id, external_id),
    )
    tx.run(
        "UPDATE message SET external_id=? WHERE app_id=? AND id=? AND external_id IS NULL",
        (external_id, app_id, message_id),
    )
    tx.run(
        """UPDATE report SET message_id=? WHERE app_id=? AND number_id=? AND external_id=?
        AND message_id=0""",
        (message_id, app_id, number_id, external_id),
    )


def end_doubt(tx: Tx, app_id: int, message_id: int, settled: Doubt) -> None:
    """The doubt is over: the row leaves the outbox and its lane goes on."""
    tx.run("UPDATE message SET doubt=? WHERE app_id=? AND id=?", (settled, app_id, message_id))
    tx.run(
        """UPDATE attempt SET outcome='arrived' WHERE app_id=? AND message_id=?
        AND outcome IN ('in doubt','')""",
        (app_id, message_id),
    )
    rows = tx.run(
        """SELECT o.number_id,o.conversation_id,o.seq FROM message m
        JOIN outbox o ON o.app_id=m.app_id AND o.number_id=m.number_id
          AND o.conversation_id=m.conversation_id AND o.seq=m.seq
        WHERE m.app_id=? AND m.id=? AND o.state=2""",
        (app_id, message_id),
    )
    for number_id, conversation_id, seq in rows:
        tx.run(
            """DELETE FROM outbox WHERE app_id=? AND number_id=? AND conversation_id=?
            AND seq=?""",
            (app_id, number_id, conversation_id, seq),
        )
        tx.wakes.append(("lane", (app_id, number_id)))


def close_window(tx: Tx, app_id: int, number_id: int, message_id: int, at: int) -> None:
    """The partner refused this message because the window is closed. What the contact wrote since
    it was queued counts all the same."""
    row = tx.run("SELECT contact_id,at FROM message WHERE app_id=? AND id=?", (app_id, message_id))
    if row:
        contact_id, queued_at = row[0]
        tx.run(
            """UPDATE win SET until=? WHERE app_id=? AND contact_id=? AND number_id=?
            AND until>? AND until-86400000<=?""",
            (at, app_id, contact_id, number_id, at, queued_at),
        )


def end_consent(tx: Tx, app_id: int, number_id: int, message_id: int, at: int) -> None:
    """The partner refused this message because its contact has not agreed (any more), so what was
    found of that before holds no longer. at: when it did."""
    tx.run(
        """UPDATE consent SET how='refused',at=? WHERE app_id=? AND number_id=? AND how<>'refused'
        AND contact_id=(SELECT contact_id FROM message WHERE app_id=? AND id=?)""",
        (at, app_id, number_id, app_id, message_id),
    )
