"""What happens later, and the webhooks out: at least once, in the partner's bytes.

An *item* is a JSON object in the books with a due time of the real clock. It either does something
on this machine (`effect`) or is an update to deliver. Updates of one lane (a number and a person)
leave one after the other; a failed one comes again by itself, so it may be overtaken, as it may in
the world.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
from yarl import URL

if TYPE_CHECKING:
    from .partner import PartnerEmulator

Item = dict[str, Any]
"""An update's item has `kind` and `update` (the partner's own object), `number`, `lane`, `since`
(business time), `title`, `contact`, `message` and `tick`, and what `Timeline.update` was given
besides. Any other item has `effect`."""
Outcome = tuple[bool, str, str]  # delivered, status as shown, answer
AT_ONCE = 64
log = logging.getLogger(__name__)


class Update(msgspec.Struct):
    """One thing to tell the platform: the partner's own JSON object, and its kind. Updates of one
    URL and one kind may share a POST; the names of the kinds are the partner's own."""

    body: dict[str, Any]
    kind: str = ""


class Post(msgspec.Struct):
    """A webhook as it leaves: the URL exactly as it is called, the bytes, the headers beside
    Content-Type."""

    url: str
    body: bytes
    headers: dict[str, str] = {}
    content_type: str = "application/json"


def _real_ms() -> int:
    """The machine's time, past any clock handed in: waiting is real even where a test's clock
    stands still."""
    return time.time_ns() // 1_000_000


class Timeline:
    """Asks the emulator for URL and bytes, and tells it of effects and of each delivery tried."""

    def __init__(self, emulator: PartnerEmulator) -> None:
        self._emulator, self._config = emulator, emulator.config
        self._clock, self._books, self._faults = emulator.clock, emulator.books, emulator.faults
        self._heap: list[tuple[int, int, int]] = []  # due, id, attempts
        self._items: dict[int, Item] = {}
        self._lanes: dict[str, deque[tuple[int, int]]] = {}
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._previous: dict[tuple[str, str], Item] = {}
        self._count = 0
        self.client: aiohttp.ClientSession | None = None
        self.delivered = self.failed = self.expired = 0

    async def start(self) -> None:
        timeout = aiohttp.ClientTimeout(total=self._config.webhook_timeout_ms / 1000)
        self.client = aiohttp.ClientSession(
            timeout=timeout, connector=aiohttp.TCPConnector(limit=AT_ONCE)
        )
        for item_id, due, attempts, item in self._books.items():
            self._items[item_id] = item
            heapq.heappush(self._heap, (due, item_id, attempts))
        self._spawn(self._run())

    async def stop(self) -> None:
        """Ends at once; what is undelivered stays in the books."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.client is not None:
            await self.client.close()
        self.client = None

    @property
    def waiting(self) -> int:
        return len(self._items)

    def clear(self) -> None:
        for item_id in self._items:
            self._books.drop_item(item_id)
        self._heap.clear()
        self._items.clear()
        self._lanes.clear()

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def add(self, item: Item, in_ms: int = 0) -> int:
        """Keep an item for later and give its id."""
        due = _real_ms() + max(0, in_ms)
        item_id = self._books.keep_item(due, item)
        self._items[item_id] = item
        heapq.heappush(self._heap, (due, item_id, 0))
        self._wake.set()
        return item_id

    def update(
        self,
        update: Update,
        *,
        number: str,
        lane: str,
        title: str,
        in_ms: int = 0,
        contact: str | None = None,
        message: str | None = None,
        tick: str = "",
        **more: Any,
    ) -> int:
        """Keep an update to deliver, and give its id; see `item`."""
        made = self.item(
            update, number=number, lane=lane, title=title, contact=contact, message=message,
            tick=tick, **more,
        )  # fmt: skip
        return self.add(made, in_ms)

    def item(
        self,
        update: Update,
        *,
        number: str,
        lane: str,
        title: str,
        contact: str | None = None,
        message: str | None = None,
        tick: str = "",
        **more: Any,
    ) -> Item:
        """What is kept of an update until it is delivered. `title`, `contact`, `message` are for
        the Wire panel; `tick` is the status that the message on the phone has then; `more` rides
        along in the item."""
        return {
            "kind": update.kind,
            "update": update.body,
            "number": number,
            "lane": lane,
            "since": self._clock.now(),
            "title": title,
            "contact": contact,
            "message": message,
            "tick": tick,
            **more,
        }

    async def done(self, item_id: int, seconds: float) -> None:
        """Wait until an item is delivered (or given up), at most so long."""
        if item_id in self._items:
            future = self._waiting.setdefault(item_id, asyncio.get_running_loop().create_future())
            await asyncio.wait([future], timeout=seconds)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            now = _real_ms()
            while self._heap and self._heap[0][0] <= now:
                _, item_id, attempts = heapq.heappop(self._heap)
                self._begin(item_id, attempts)
            pause = (self._heap[0][0] - now) / 1000 if self._heap else None
            try:
                await asyncio.wait_for(self._wake.wait(), pause)
            except TimeoutError:
                continue

    def _begin(self, item_id: int, attempts: int) -> None:
        item = self._items.get(item_id)
        if item is None:
            return
        if "update" not in item:
            try:
                self._emulator.happen(item)
            except Exception:
                log.exception("An item of the emulator's timeline failed: %s", item)
            self._finish(item_id)
            return
        lane = item["lane"] if self._config.batching.updates <= 1 else ""
        queue = self._lanes.get(lane)
        if queue is not None:
            queue.append((item_id, attempts))
            return
        self._lanes[lane] = deque([(item_id, attempts)])
        self._spawn(self._drain(lane))

    def _finish(self, item_id: int) -> None:
        self._items.pop(item_id, None)
        self._books.drop_item(item_id)
        future = self._waiting.pop(item_id, None)
        if future is not None and not future.done():
            future.set_result(None)

    async def _drain(self, lane: str) -> None:
        queue = self._lanes[lane]
        try:
            while queue:
                if self._config.batching.updates > 1:
                    await self._gather(queue)
                most = max(1, self._config.batching.updates)
                batch = [queue.popleft() for _ in range(min(most, len(queue)))]
                async with self._gate:
                    try:
                        await self._deliver(batch)
                    except Exception:  # ours, not the callback's: the others must still leave
                        log.exception("A webhook of the emulator could not be delivered")
                        for item_id, attempts in batch:
                            self._settle(item_id, attempts, delivered=False)
        finally:
            if self._lanes.get(lane) is queue:
                del self._lanes[lane]

    async def _gather(self, queue: deque[tuple[int, int]]) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._config.batching.within_ms / 1000
        while len(queue) < self._config.batching.updates and loop.time() < end:
            await asyncio.sleep(0.005)

    async def _deliver(self, batch: list[tuple[int, int]]) -> None:
        emulator = self._emulator
        groups: dict[tuple[str, str, int], list[tuple[int, int, Item]]] = {}
        for item_id, attempts in batch:
            item = self._items.get(item_id)
            if item is not None:
                alone = item_id if item["kind"] in emulator.ALONE else 0
                key = (emulator.address(item), item["kind"], alone)
                groups.setdefault(key, []).append((item_id, attempts, item))
        for (url, kind, _), group in groups.items():
            items = [item for _, _, item in group]
            outcome = await self._tell(items, url)
            for item_id, attempts, _ in group:
                self._settle(item_id, attempts, outcome[0] or not url)
            if outcome[0] and self._faults.take("duplicate") is not None:
                # The same updates once more, in another body: beside the one before, or twice in
                # one. What travels alone comes again as it was.
                other = self._previous.get((url, kind), items[0])
                await self._tell(items if kind in emulator.ALONE else [other, *items], url)
            self._previous[(url, kind)] = items[-1]

    async def _tell(self, items: list[Item], url: str) -> Outcome:
        emulator = self._emulator
        post = emulator.envelope(items, url)
        outcome = await self._post(post) if url else (False, "no callback", emulator.NOWHERE)
        emulator.tried(items, post, outcome)
        return outcome

    def _settle(self, item_id: int, attempts: int, delivered: bool) -> None:
        item = self._items.get(item_id)
        if item is None:
            return
        if delivered:
            self.delivered += 1
            self._finish(item_id)
            return
        self.failed += 1
        pauses, lasting = self._config.retry_ms, self._config.retry_for_ms
        over = self._clock.now() - item["since"] >= lasting if lasting else attempts >= len(pauses)
        if over:
            self.expired += 1
            self._finish(item_id)
            return
        due = _real_ms() + pauses[min(attempts, len(pauses) - 1)]
        self._books.put_off(item_id, due, attempts + 1)
        heapq.heappush(self._heap, (due, item_id, attempts + 1))
        self._wake.set()

    async def _post(self, post: Post) -> Outcome:
        self._count += 1
        if self._lost():
            return False, "lost", "The fault drop_webhook took it."
        assert self.client is not None
        headers = {"Content-Type": post.content_type, **post.headers}
        try:
            target = URL(post.url, encoded=True)
            async with self.client.post(target, data=post.body, headers=headers) as answer:
                text = (await answer.content.read(4096)).decode("utf-8", "replace")
                return self._emulator.accepted(answer.status), str(answer.status), text
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return False, "no answer", f"{type(error).__name__}: {error}"

    def _lost(self) -> bool:
        fault = self._faults.all.get("drop_webhook")
        every = max(1, fault.value) if fault is not None else 1
        return self._count % every == 0 and self._faults.take("drop_webhook") is not None
