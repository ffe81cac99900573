"""Fan-out of small changes to every open page, as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

Change = dict[str, Any]
_ROOM = 2000


class Feed:
    """`publish` may be called from any thread; a page that falls `_ROOM` changes behind is told
    to read the whole state again instead of being waited for."""

    def __init__(self) -> None:
        self._pages: dict[int, tuple[asyncio.AbstractEventLoop, asyncio.Queue[Change | None]]] = {}
        self._next = 0
        self._closed = False

    @property
    def watched(self) -> bool:
        """Whether any page is open."""
        return bool(self._pages)

    def publish(self, change: Change) -> None:
        for loop, queue in list(self._pages.values()):
            loop.call_soon_threadsafe(_offer, queue, change)

    def close(self) -> None:
        """End every open stream, so that a graceful stop does not wait for them."""
        self._closed = True
        for loop, queue in list(self._pages.values()):
            loop.call_soon_threadsafe(queue.put_nowait, None)

    async def changes(self) -> AsyncIterator[Change]:
        """Every change from now on, beginning with `{"event": "hello"}`."""
        queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._next += 1
        page = self._next
        self._pages[page] = (asyncio.get_running_loop(), queue)
        try:
            yield {"event": "hello"}
            while not self._closed:
                change = await queue.get()
                if change is None:
                    return
                yield change
        finally:
            del self._pages[page]


def _offer(queue: asyncio.Queue[Change | None], change: Change) -> None:
    if queue.qsize() < _ROOM:
        queue.put_nowait(change)
    elif queue.qsize() == _ROOM:
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait({"event": "hello"})
