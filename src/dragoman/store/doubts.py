"""Sends that may or may not have arrived: listed, and ended by a person or a policy."""

from __future__ import annotations

import datetime
from typing import Any

from dragoman.domain.clock import Ids
from dragoman.domain.status import Doubt, Status

from .drivers import Row, Tx
from .errors import StoreError
from .notifications import follow
from .reports import end_doubt


def listed(tx: Tx, before: int) -> list[Row]:
    """Open doubts since before a time (Unix ms), oldest first: (app id, app, message id, since,
    number, contact's name, phone, kind, content)."""
    return tx.run(
        """SELECT m.app_id,a.name,m.id,m.doubt_since,n.display,c.name,c.phone,m.kind,m.content
        FROM app a JOIN message m ON m.app_id=a.id AND m.doubt=1
        JOIN number n ON n.id=m.number_id
        JOIN contact c ON c.app_id=m.app_id AND c.id=m.contact_id
        WHERE m.doubt_since<=? ORDER BY m.doubt_since""",
        (before,),
    )


AGAIN = "opened again"  # what the audit says of it
REOPEN_MS = 600_000  # so long *it arrived* can be taken back


def reopens_until(tx: Tx, app_id: int, message_id: int, now: int) -> int:
    """Until when the word of a person that a message arrived can be taken back; 0 where it cannot:
    the time is over, a report came, or nobody said so."""
    rows = tx.run(
        """SELECT m.id FROM message m WHERE m.app_id=? AND m.id=? AND m.doubt=? AND m.rank=?
        AND m.external_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM report r WHERE r.app_id=m.app_id AND r.message_id=m.id)""",
        (app_id, message_id, Doubt.SETTLED_ARRIVED, Status.ACCEPTED),
    )
    ended = _ended(tx, app_id, message_id) if rows else None
    if ended is None or ended[2] != "arrived" or now >= ended[1] + REOPEN_MS:
        return 0
    return int(ended[1]) + REOPEN_MS


def reopen(tx: Tx, ids: Ids, message_id: int, who: str, now: int) -> None:
    """Take *it arrived* back: the message is in doubt as before. Raises StoreError."""
    rows = tx.run(
        f"""SELECT app_id FROM message WHERE app_id IN (SELECT id FROM app) AND id=?
        {tx.for_update}""",
        (message_id,),
    )
    app_id = rows[0][0] if rows else 0
    if not reopens_until(tx, app_id, message_id, now):
        raise StoreError("doubt_stays_ended")
    tx.run(
        "UPDATE message SET doubt=?, rank=? WHERE app_id=? AND id=?",
        (Doubt.OPEN, Status.SENDING, app_id, message_id),
    )
    tx.run(
        """UPDATE attempt SET outcome='in doubt' WHERE app_id=? AND message_id=?
        AND outcome='arrived'""",
        (app_id, message_id),
    )
    _audit(tx, ids, app_id, message_id, AGAIN, who, now)


def _ended(tx: Tx, app_id: int, message_id: int) -> tuple[str, int, str] | None:
    """Who ended a doubt last, or opened it again: who, when, how."""
    rows = tx.run(
        """SELECT who,at,after FROM audit WHERE app_id=? AND id>? AND target=?
        AND what='doubt.settle' ORDER BY id DESC LIMIT 1""",
        (app_id, message_id, str(message_id)),
    )
    return (rows[0][0], rows[0][1], rows[0][2]) if rows else None


def settle(tx: Tx, ids: Ids, message_id: int, arrived: bool, who: str, now: int) -> int | None:
    """End a doubt. `arrived`: it reached the partner; else it is sent again as a new message, out
    of its first order, and that message's id is returned. Raises StoreError when the message is
    not in doubt."""
    rows = tx.run(
        f"""SELECT app_id,conversation_id,number_id,contact_id,kind,content,meta,doubt
        FROM message WHERE app_id IN (SELECT id FROM app) AND id=? AND direction=1
        {tx.for_update}""",
        (message_id,),
    )
    if rows and rows[0][7] not in (Doubt.NONE, Doubt.OPEN):
        ended = _ended(tx, rows[0][0], message_id)
        if ended is None or ended[2] == AGAIN:
            ended = ("a report of the partner", now, "told")
        who, at, how_ended = ended
        date = datetime.datetime.fromtimestamp(at / 1000, datetime.UTC)
        args = {"who": who, "when": f"{date:%Y-%m-%d %H:%M} UTC", "how": how_ended}
        raise StoreError("doubt_ended", args)
    if not rows or rows[0][7] != Doubt.OPEN:
        raise StoreError("not_in_doubt", {"id": message_id})
    app_id, conversation_id, number_id, contact_id, kind, content, meta, _ = rows[0]
    how = Doubt.SETTLED_ARRIVED if arrived else Doubt.SETTLED_SENT_AGAIN
    end_doubt(tx, app_id, message_id, how)
    _audit(tx, ids, app_id, message_id, "arrived" if arrived else "sent again", who, now)
    if arrived:
        tx.run(
            "UPDATE message SET rank=? WHERE app_id=? AND id=? AND rank<?",
            (Status.ACCEPTED, app_id, message_id, Status.ACCEPTED),
        )
        return None
    new_id = ids.new()
    seq = tx.run(
        "UPDATE conversation SET out_seq=out_seq+1 WHERE app_id=? AND id=? RETURNING out_seq",
        (app_id, conversation_id),
    )[0][0]
    tx.run(
        """INSERT INTO message(app_id,id,conversation_id,direction,seq,number_id,contact_id,kind,
        content,at,rank,meta,retry_of) VALUES (?,?,?,1,?,?,?,?,?,?,0,?,?)""",
        (app_id, new_id, conversation_id, seq, number_id, contact_id, kind, content, now, meta,
         message_id),
    )  # fmt: skip
    tx.run(
        """INSERT INTO outbox(app_id,number_id,conversation_id,seq,message_id,created,expires)
        VALUES (?,?,?,?,?,?,?)""",
        (app_id, number_id, conversation_id, seq, new_id, now, now + 86_400_000),
    )
    follow(tx, app_id, meta, new_id)
    tx.wakes.append(("lane", (app_id, number_id)))
    return new_id


def _audit(tx: Tx, ids: Ids, app_id: int, message_id: int, after: str, who: str, now: int) -> None:
    row: tuple[Any, ...] = (app_id, ids.new(), now, who, "doubt.settle", str(message_id), after)
    tx.run("INSERT INTO audit(app_id,id,at,who,what,target,after) VALUES (?,?,?,?,?,?,?)", row)
