"""The partner's own JSON of a message, read again from the one body it came in."""

from __future__ import annotations

from typing import Any

import msgspec

from dragoman.domain.content import encode
from dragoman.domain.events import InboundMessage, PaymentUpdate
from dragoman.partners.contract import Hook, UnreadableBody
from dragoman.partners.registry import PARTNERS, partner
from dragoman.store.drivers import Row, Tx
from dragoman.store.rows import Waiting
from dragoman.store.store import Store

from .apps import Apps
from .payments import as_message


class RawItems:
    """Finds the item of a message in its stored webhook body."""

    def __init__(self, store: Store, apps: Apps) -> None:
        self._store = store
        self._apps = apps

    async def of(self, app_id: int, message: Waiting) -> Any:
        """The raw item as the partner sent it; None when the body is no longer kept."""

        def load(tx: Tx) -> list[Row]:
            return tx.run(
                "SELECT partner,body,headers FROM hook WHERE app_id=? AND id=?",
                (app_id, message.hook_id),
            )

        rows = await self._store.read(load)
        app = self._apps.by_id.get(app_id)
        if not rows or app is None or rows[0][0] not in PARTNERS:
            return None
        talker = partner(rows[0][0])
        copies = app.copies(talker.NAME)
        if not copies:
            return None
        headers = msgspec.json.decode(rows[0][2], type=dict[str, str])
        hook = Hook("POST", "", headers=headers, body=bytes(rows[0][1]))
        try:
            events = talker.parse(hook, copies[0].settings[talker.NAME])
        except UnreadableBody:
            return None
        for event in events:
            if isinstance(event, PaymentUpdate):
                event = as_message(event)
            if isinstance(event, InboundMessage) and _is(event, message):
                return event.raw
        return None


def _is(event: InboundMessage, message: Waiting) -> bool:
    """Whether this item became that message. Without an id, time and content tell."""
    if event.external_id is not None or message.external_id is not None:
        return event.external_id == message.external_id
    return event.at == message.at and encode(event.content).decode() == message.content
