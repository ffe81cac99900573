"""What happens later, and the webhooks out: at least once, signed, in Meta's bytes.

An *item* is a JSON object in the books with a due time of the real clock. It either does something
on this machine (`effect`) or is an update to deliver. Updates of one lane (a number and a person)
leave one after the other; a failed one comes again by itself, so it may be overtaken, as at Meta.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import aiohttp
from yarl import URL

from dragoman.domain.clock import Clock

from . import wire
from .books import Books
from .config import EmulatorConfig
from .faults import Faults
from .subscriptions import Subscriptions, spelled

Item = dict[str, Any]
Outcome = tuple[bool, str, str]  # delivered, status as shown, answer
AT_ONCE = 64
log = logging.getLogger(__name__)


def _real_ms() -> int:
    """The machine's time, past any clock handed in: waiting is real even where a test's clock
    stands still."""
    return time.time_ns() // 1_000_000


class Timeline:
    """`effect` carries out the items of this machine; `seen` is told of each delivery attempt:
    the items of the POST, its body, and the outcome."""

    def __init__(
        self,
        config: EmulatorConfig,
        clock: Clock,
        books: Books,
        faults: Faults,
        subscriptions: Subscriptions,
        effect: Callable[[Item], None],
        seen: Callable[[list[Item], bytes, Outcome], None],
    ) -> None:
        self._config, self._clock, self._books = config, clock, books
        self._faults, self._subscriptions = faults, subscriptions
        self._effect, self._seen = effect, seen
        self._heap: list[tuple[int, int, int]] = []  # due, id, attempts
        self._items: dict[int, Item] = {}
        self._lanes: dict[str, deque[tuple[int, int]]] = {}
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._previous: Item | None = None
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
        change: dict[str, Any],
        *,
        number: str,
        lane: str,
        in_ms: int = 0,
        waba: str = "",
        **about: Any,
    ) -> int:
        """Keep a change to deliver. `about` rides along for the wire panel: title, contact,
        message."""
        item = {
            "change": change,
            "waba": waba or self._config.waba_id,
            "number": number,
            "lane": lane,
            "since": self._clock.now(),
            **about,
        }
        return self.add(item, in_ms)

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
        if "change" not in item:
            try:
                self._effect(item)
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
        by_url: dict[str, list[tuple[int, int]]] = {}
        for item_id, attempts in batch:
            item = self._items.get(item_id)
            if item is not None:
                url = self._subscriptions.callback(item["number"], item["change"]["field"])
                by_url.setdefault(url, []).append((item_id, attempts))
        for url, group in by_url.items():
            items = [self._items[item_id] for item_id, _ in group]
            body = wire.meta_bytes(envelope(items))
            outcome = await self._post(url, body)
            self._seen(items, body, outcome)
            for item_id, attempts in group:
                self._settle(item_id, attempts, outcome[0] or not url)
            if outcome[0] and self._faults.take("duplicate") is not None:
                await self._again(url, items)
            self._previous = items[-1]

    async def _again(self, url: str, items: list[Item]) -> None:
        """The same updates once more, in another body: beside the one before, or twice in one."""
        other = self._previous if self._previous is not None else items[0]
        again = [other, *items]
        body = wire.meta_bytes(envelope(again))
        self._seen(items, body, await self._post(url, body))

    def _settle(self, item_id: int, attempts: int, delivered: bool) -> None:
        item = self._items.get(item_id)
        if item is None:
            return
        if delivered:
            self.delivered += 1
            self._finish(item_id)
            return
        self.failed += 1
        if self._clock.now() - item["since"] >= self._config.retry_for_ms:
            self.expired += 1
            self._finish(item_id)
            return
        pauses = self._config.retry_ms
        due = _real_ms() + pauses[min(attempts, len(pauses) - 1)]
        self._books.put_off(item_id, due, attempts + 1)
        heapq.heappush(self._heap, (due, item_id, attempts + 1))
        self._wake.set()

    async def _post(self, url: str, body: bytes) -> Outcome:
        if not url:
            return False, "no callback", "Nothing is subscribed to this field."
        self._count += 1
        if self._lost():
            return False, "lost", "The fault drop_webhook took it."
        assert self.client is not None
        headers = {
            "Content-Type": "application/json",
            "X-Hub-Signature-256": wire.signature(body, self._config.app_secret),
            "User-Agent": "facebookexternalua",
            "Accept": "*/*",
        }
        target = URL(spelled(url), encoded=True)
        try:
            async with self.client.post(target, data=body, headers=headers) as answer:
                text = (await answer.content.read(4096)).decode("utf-8", "replace")
                return answer.status == 200, str(answer.status), text
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return False, "no answer", f"{type(error).__name__}: {error}"

    def _lost(self) -> bool:
        every = max(1, self._faults.all["drop_webhook"].value)
        return self._count % every == 0 and self._faults.take("drop_webhook") is not None


def envelope(items: list[Item]) -> dict[str, Any]:
    """Several updates as one webhook: an entry for each account, a change for each update."""
    entries: dict[str, dict[str, Any]] = {}
    for item in items:
        entry = entries.setdefault(item["waba"], {"id": item["waba"]})
        if "messaging_product" not in item["change"]["value"]:
            entry["time"] = item["since"] // 1000
        entry.setdefault("changes", []).append(item["change"])
    return {"object": "whatsapp_business_account", "entry": list(entries.values())}
