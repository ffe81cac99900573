"""The partner's own JSON of a message, read again from the one body it came in."""

from __future__ import annotations

from typing import Any

from dragoman.domain.events import InboundMessage
from dragoman.partners.contract import Hook, UnreadableBody
from dragoman.partners.registry import PARTNERS, partner
from dragoman.store.drivers import Row, Tx
from dragoman.store.rows import Waiting
from dragoman.store.store import Store

from .apps import Apps


class RawItems:
    """Finds the item of a message in its stored webhook body."""

    def __init__(self, store: Store, apps: Apps) -> None:
        self._store = store
        self._apps = apps

    async def of(self, app_id: int, message: Waiting) -> Any:
        """The raw item as the partner sent it; None when the body is no longer kept."""

        def load(tx: Tx) -> list[Row]:
            return tx.run(
                "SELECT partner,body FROM hook WHERE app_id=? AND id=?", (app_id, message.hook_id)
            )

        rows = await self._store.read(load)
        app = self._apps.by_id.get(app_id)
        if not rows or app is None or rows[0][0] not in PARTNERS:
            return None
        talker = partner(rows[0][0])
        copies = app.copies(talker.NAME)
        if not copies:
            return None
        hook = Hook("POST", "", body=bytes(rows[0][1]))
        try:
            events = talker.parse(hook, copies[0].settings[talker.NAME])
        except UnreadableBody:
            return None
        for event in events:
            if not isinstance(event, InboundMessage) or event.external_id != message.external_id:
                continue
            if event.external_id is not None or event.at == message.at:
                return event.raw
        return None
