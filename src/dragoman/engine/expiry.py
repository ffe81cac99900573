"""Messages that waited too long: never past a day, never past their window.

A held number's queue waits for its number, account or token to be mended; what may no longer be
sent when it moves again fails now, with the reason that held it.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from dragoman.domain.content import Outbound, Raw, Template, decode_outbound
from dragoman.domain.errors import Code, Concerns, SendError
from dragoman.domain.sentences import Sentence
from dragoman.store.drivers import Tx
from dragoman.store.store import Store

from .apps import Apps
from .delivery import needs_window, waited_too_long

_json = msgspec.json.Encoder()


async def expire(store: Store, apps: Apps, now: int, holds: Mapping[int, SendError]) -> int:
    """Fail every waiting row whose day is over, or whose window closed. Returns how many."""
    rows = await store.read(lambda tx: _late(tx, now))
    late = [r for r in rows if r[4] <= now or _shut(apps, r[0], r[1], decode_outbound(r[5]))]
    if not late:
        return 0
    return await store.do(lambda tx: _fail(tx, late, now, holds))


def _shut(apps: Apps, app_id: int, number_id: int, content: Outbound) -> bool:
    """Whether a closed window keeps it from leaving. Where the partner has no settings any more,
    nobody can tell of a native object: it waits for its day to end."""
    app, number = apps.by_id.get(app_id), apps.number_keys.get(number_id)
    settings = app.sending(number[1]) if app is not None and number is not None else None
    if number is None or settings is None:
        return not isinstance(content, Raw | Template)
    return needs_window(content, number[1], settings)


def _late(tx: Tx, now: int) -> list[tuple[int, int, int, int, int, str]]:
    rows = tx.run(
        """SELECT o.app_id,o.number_id,o.conversation_id,o.seq,o.expires,m.content
        FROM outbox o JOIN message m ON m.app_id=o.app_id AND m.id=o.message_id
        LEFT JOIN win w ON w.app_id=m.app_id AND w.contact_id=m.contact_id
          AND w.number_id=m.number_id
        WHERE o.state=0 AND (o.expires<=? OR coalesce(w.until,0)<=?)""",
        (now, now),
    )
    return [(r[0], r[1], r[2], r[3], r[4], r[5]) for r in rows]


def _fail(
    tx: Tx,
    late: list[tuple[int, int, int, int, int, str]],
    now: int,
    holds: Mapping[int, SendError],
) -> int:
    done = 0
    for app_id, number_id, conversation_id, seq, expires, _ in late:
        if expires <= now:
            error = waited_too_long(holds.get(number_id))
        else:
            error = SendError(
                Code.WINDOW_CLOSED, Sentence("window_closed"), concerns=Concerns.CONTACT
            )
        rows = tx.run(
            """DELETE FROM outbox WHERE app_id=? AND number_id=? AND conversation_id=? AND seq=?
            AND state=0 RETURNING message_id""",
            (app_id, number_id, conversation_id, seq),
        )
        for (message_id,) in rows:
            tx.run(
                """UPDATE message SET rank=CASE WHEN rank<4 THEN 4 ELSE rank END, error=?
                WHERE app_id=? AND id=?""",
                (_json.encode(error).decode(), app_id, message_id),
            )
            tx.wakes.append(("status", (app_id, message_id, "failed", now)))
            tx.wakes.append(("lane", (app_id, number_id)))
            done += 1
    return done
