"""One contact on one number: who it is, what is remembered, how long the window is open."""

from __future__ import annotations

import msgspec

from dragoman.store.drivers import Tx


class Window(msgspec.Struct, frozen=True):
    """When free-form messages may be sent from a number: until (Unix ms, 0 for never opened), what
    opened it, the end of the free entry point (0 for none)."""

    number_key: str
    number_display: str
    until: int
    opener: str
    free_until: int


class Conversation(msgspec.Struct, frozen=True):
    """`number_id`: 0 where it spans the app's numbers. `session_last`: when the agent was last at
    work in the session, Unix ms. `closed`: it went on as another contact's."""

    app_id: int
    id: int
    number_id: int
    contact_id: int
    name: str | None
    username: str | None
    phone: str | None
    bsuid: str | None
    context: str
    session_id: int
    session_last: int
    closed: int
    received: int
    sent: int
    windows: tuple[Window, ...] = ()


def load(tx: Tx, app_id: int, id: int) -> Conversation | None:
    """The conversation with its contact; None for an unknown one."""
    rows = tx.run(
        """SELECT v.app_id,v.id,v.number_id,v.contact_id,c.name,c.username,c.phone,c.bsuid,
          v.context,v.session_id,v.session_last,v.closed,v.in_seq,v.out_seq
        FROM conversation v LEFT JOIN contact c ON c.app_id=v.app_id AND c.id=v.contact_id
        WHERE v.app_id=? AND v.id=?""",
        (app_id, id),
    )
    if not rows:
        return None
    found = Conversation(*rows[0])
    return msgspec.structs.replace(found, windows=_windows(tx, found))


def _windows(tx: Tx, one: Conversation) -> tuple[Window, ...]:
    """Of its number, or of every number that the contact wrote to where it spans them."""
    rows = tx.run(
        """SELECT n.id,n.key,n.display,coalesce(w.until,0),coalesce(w.opener,''),
          coalesce(w.free_until,0)
        FROM number n LEFT JOIN win w
          ON w.app_id=n.app_id AND w.contact_id=? AND w.number_id=n.id
        WHERE n.app_id=? ORDER BY n.id""",
        (one.contact_id, one.app_id),
    )
    return tuple(
        Window(*r[1:]) for r in rows if r[0] == one.number_id or (not one.number_id and r[3])
    )
