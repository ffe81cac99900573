"""One emulated WhatsApp Business account: its state, its phone lines, its webhooks, its API."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from pathlib import Path
from typing import Any, TextIO

import aiohttp
import msgspec

from dragoman.domain.clock import Clock
from dragoman.emulators.phone.handsets import HandsetContact, Handsets, WireLine

from . import wire
from .books import Books
from .config import EmulatorConfig, Number
from .faults import Faults
from .line import CloudApiLine
from .media import MediaStore
from .orders import Orders
from .people import People
from .rates import Buckets
from .subscriptions import Subscriptions
from .templates import Templates
from .timeline import Item, Outcome, Timeline

_HOUR_MS = 3_600_000
Message = MutableMapping[str, Any]
Asgi = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]


class Emulator:
    """Built by `build`. `asgi` serves everything under the configured prefix; `start` and `stop`
    bracket it. `base_url` is where it can be reached, for download links: learned from the first
    request, or set by whoever mounts it."""

    asgi: Asgi

    def __init__(
        self, config: EmulatorConfig, clock: Clock, state_dir: Path | None, handsets: Handsets
    ) -> None:
        self.config, self.clock, self.handsets = config, clock, handsets
        self.rules = msgspec.convert(msgspec.to_builtins(config.rules), type(config.rules))
        self.numbers = self._own_numbers()
        self.books = Books(state_dir)
        self.faults = Faults()
        self.people = People(config, handsets)
        self.media = MediaStore(self.books, clock, config.app_secret)
        self.templates = Templates(self.books, config.templates)
        self.subscriptions = Subscriptions(self.books, config.callback_url, config.verify_token)
        self.orders = Orders()
        rates = config.rates
        self.number_rate = Buckets(rates.number_per_second, 1000 / max(1, rates.number_per_second))
        self.pair_rate = Buckets(rates.pair_burst, rates.pair_refill_ms)
        per_hour = rates.management_per_hour
        self.management_rate = Buckets(per_hour, _HOUR_MS / max(1, per_hour))
        self.links: dict[str, tuple[int, int, str]] = {}
        self.counts: Counter[str] = Counter()
        self.base_url = "http://127.0.0.1:8400" + config.prefix
        self.timeline = Timeline(
            config, clock, self.books, self.faults, self.subscriptions, self._effect, self._seen
        )
        self.lines = {key: CloudApiLine(self, number) for key, number in self.numbers.items()}
        for line in self.lines.values():
            handsets.connect(line)
        handsets.controls = {**handsets.controls, "faults": self.faults, "clock": clock}
        self.stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._swap = 0
        self._sent_log: TextIO | None = None

    async def start(self) -> None:
        if self.config.sent_log:
            self._sent_log = Path(self.config.sent_log).open("a", encoding="utf-8")  # noqa: SIM115, ASYNC230
        await self.timeline.start()

    async def stop(self) -> None:
        """Let go of held calls and end; what is still to happen stays in the books."""
        self.stopping.set()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.timeline.stop()
        if self._sent_log is not None:
            self._sent_log.close()
        self.books.close()

    def reset(self) -> None:
        """Forget everything but the configuration; chats on the phones stay."""
        self.timeline.clear()
        self.books.clear()
        self.faults.all_off()
        self.people.clear()
        self.counts.clear()
        self.links.clear()
        self.orders = Orders()
        for buckets in (self.number_rate, self.pair_rate, self.management_rate):
            buckets.clear()
        self.templates = Templates(self.books, self.config.templates)
        config = self.config
        self.subscriptions.reset(config.callback_url, config.verify_token)
        self.rules = msgspec.convert(msgspec.to_builtins(config.rules), type(config.rules))
        self.numbers = self._own_numbers()

    def _own_numbers(self) -> dict[str, Number]:
        """Copies: registering changes them, and the configuration stays as it was given."""
        return {n.phone_number_id: msgspec.structs.replace(n) for n in self.config.numbers}

    @property
    def http(self) -> aiohttp.ClientSession:
        """The client of webhooks, handshakes and links; there is one while it runs."""
        if self.timeline.client is None:
            raise RuntimeError("the emulator is not started: await start() first")
        return self.timeline.client

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def learn_address(self, host: str) -> None:
        """Callers reach us under this host: links to media must too."""
        if host:
            self.base_url = f"http://{host}{self.config.prefix}"

    # what other parts ask

    def media_known(self, number: Number) -> Callable[[str], bool]:
        return lambda media_id: self.media.known(media_id, number.phone_number_id)

    def on_phone(self, person: str) -> HandsetContact | None:
        """The phone's contact behind a key of the books; None for people of tests."""
        contact = self.people.by_key(person)
        return contact if any(contact.id == c.id for c in self.handsets.contacts()) else None

    def spoken_at(self, number: str, person: str) -> int:
        """When a person last wrote to a number, business time; 0 for never."""
        at, _ = self.books.spoken(number, person)
        contact = self.on_phone(person)
        if contact is not None:
            at = max(at, self.handsets.last_inbound_at(number, contact.id) or 0)
        return at

    def every_other_late(self) -> int:
        """With the fault reorder on: how long every second message of people waits."""
        if not self.faults.on("reorder"):
            return 0
        self._swap += 1
        fault = self.faults.take("reorder") if self._swap % 2 else None
        return fault.value if fault is not None else 0

    def trace(self) -> str:
        return wire.trace_id(self.config.trace_seed)

    def log_sent(self, record: dict[str, Any]) -> None:
        """One line for each accepted send, out of this process before the send is answered."""
        self.counts["accepted"] += 1
        if self._sent_log is not None:
            self._sent_log.write(json.dumps(record, separators=(",", ":")) + "\n")
            self._sent_log.flush()

    # what shows on the phone

    def wire_out(
        self,
        number: Number,
        title: str,
        status: str,
        request: Any,
        message_id: str | None = None,
        answer: Any = None,
        contact: str | None = None,
    ) -> None:
        """A call of the platform, for the Wire panel."""
        self.handsets.wire(
            WireLine(
                at=self.clock.now(),
                direction="out",
                title=title,
                status=status,
                detail={"request": request, "response": answer},
                number=number.phone_number_id,
                contact=contact,
                message_id=message_id,
            )
        )

    def _effect(self, item: Item) -> None:
        if item["effect"] == "receive":
            self._receive(item)
        elif item["effect"] == "review":
            template = self.templates.set_status(item["template"], "APPROVED")
            if template is not None:
                self.template_event(template, "APPROVED")

    def _receive(self, item: Item) -> None:
        """The business's message reaches the phone."""
        record = self.books.sent(item["wamid"])
        contact = self.on_phone(record["person"]) if record else None
        if record is None or contact is None:
            return
        body, kind = record["body"], record["type"]
        shown = {"type": kind, kind: body[kind]}
        if "context" in body:
            shown["context"] = body["context"]
        if record["rendered"] is not None:
            shown["rendered"] = record["rendered"]
        wamid, at = record["wamid"], item["at"]
        self.handsets.receive(record["number"], contact.id, wamid, shown, at)

    def template_event(self, template: dict[str, Any], event: str) -> None:
        """The webhook of a template's new status; the template's id is a number there."""
        value = {
            "event": event,
            "message_template_id": int(template["id"]),
            "message_template_name": template["name"],
            "message_template_language": template["language"].replace("_", "-"),
            "reason": "NONE",
            "message_template_category": template["category"],
        }
        self.timeline.update(
            {"value": value, "field": "message_template_status_update"},
            number="",
            lane="templates",
            title=f"template {event.lower()}",
            contact=None,
            message=None,
            tick="",
        )

    def _seen(self, items: list[Item], body: bytes, outcome: Outcome) -> None:
        """A webhook was tried: it stands in the Wire panel, and ticks follow."""
        delivered, status, text = outcome
        self.counts["webhooks delivered" if delivered else "webhooks failed"] += 1
        first = items[0]
        title = first["title"] if len(items) == 1 else f"{len(items)} updates"
        self.handsets.wire(
            WireLine(
                at=self.clock.now(),
                direction="in",
                title=title,
                status=status,
                detail={"request": json.loads(body), "response": text},
                number=first["number"],
                contact=first["contact"],
                message_id=first["message"],
            )
        )
        for item in items:
            if item["message"] is None:
                continue
            if item["tick"]:
                self.handsets.set_status(item["number"], item["message"], item["tick"], item["at"])
            elif delivered:
                self.handsets.set_status(
                    item["number"], item["message"], "delivered", self.clock.now()
                )


def build(
    config: EmulatorConfig,
    clock: Clock,
    state_dir: Path | None = None,
    *,
    handsets: Handsets | None = None,
) -> Emulator:
    """An emulator, not yet started. `state_dir` None keeps nothing; without `handsets` it makes
    the phones itself, so that several emulators can share theirs."""
    from .graph import application

    if handsets is None:
        path = None if state_dir is None else state_dir / "phone.db"
        if state_dir is not None:
            state_dir.mkdir(parents=True, exist_ok=True)
        handsets = Handsets(clock, path)
    emulator = Emulator(config, clock, state_dir, handsets)
    emulator.asgi = application(emulator)
    return emulator
