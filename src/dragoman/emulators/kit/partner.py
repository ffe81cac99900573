"""One emulated account at a messaging partner: what it is whoever the partner is."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, ClassVar, TextIO, TypeVar
from urllib.parse import parse_qsl

import aiohttp
import msgspec
from litestar import Request
from litestar.types import Method

from dragoman.domain.clock import Clock
from dragoman.domain.window import SERVICE_MS
from dragoman.emulators.phone.handsets import HandsetContact, Handsets, WireLine

from .books import Books, Record
from .config import PartnerConfig
from .console import Done, Panel
from .control import Act
from .faults import SHARED_FAULTS, Fault, Faults
from .files import Files
from .http import Answer, Asgi, application
from .line import PartnerLine
from .people import People, person_key
from .rates import Buckets
from .timeline import Item, Outcome, Post, Timeline, Update
from .walk import Guard, Walk

MadeT = TypeVar("MadeT", bound="PartnerEmulator")


class PartnerEmulator(ABC):
    """Built by `made`; the package's docstring lists what a partner implements. `asgi` serves
    everything under the configured prefix; `start` and `stop` bracket it. `base_url` is where it
    can be reached, for links: learned from the first request, or set by whoever mounts it."""

    name: ClassVar[str]
    partner: ClassVar[str]
    FAULTS: ClassVar[tuple[Fault, ...]] = SHARED_FAULTS
    METHODS: ClassVar[tuple[Method, ...]] = ("GET", "POST", "PUT", "PATCH", "DELETE")
    ALONE: ClassVar[frozenset[str]] = frozenset()
    NOWHERE: ClassVar[str] = "The partner's console has no URL for this."
    WALK: ClassVar[Walk]
    WALKS: ClassVar[Mapping[str, Walk]] = {}
    GUARDS: ClassVar[tuple[Guard, ...]] = ()
    asgi: Asgi

    def __init__(
        self, config: PartnerConfig, clock: Clock, state_dir: Path | None, handsets: Handsets
    ) -> None:
        self.config, self.clock, self.handsets = config, clock, handsets
        self.rules = _copy(config.rules)
        self.books = Books(state_dir, self.name.replace("-", "_"))
        self.faults = Faults(self.FAULTS, handsets.fault_counted)
        self.people = People(handsets)
        self.media = Files(self.books, clock)
        rates = config.rates
        self.number_rate = Buckets(rates.number_per_second, 1000 / max(1, rates.number_per_second))
        self.pair_rate = Buckets(rates.pair_burst, rates.pair_refill_ms)
        self.counts: Counter[str] = Counter()
        self.base_url = "http://127.0.0.1:8400" + config.prefix
        self.timeline = Timeline(self)
        self.lines: dict[str, PartnerLine] = {}
        handsets.faults[self.partner] = self.faults
        handsets.controls = {**handsets.controls, "clock": clock}
        self.stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._swap = 0
        self._sent_log: TextIO | None = None

    # --- life --------------------------------------------------------------------------------

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
        for buckets in (self.number_rate, self.pair_rate):
            buckets.clear()
        self.rules = _copy(self.config.rules)

    async def opened(self, tell: Callable[[str], None]) -> None:
        """The address can be reached now. `tell` says something to whoever started it."""
        return

    @property
    def http(self) -> aiohttp.ClientSession:
        """The client of webhooks and of whatever else goes out; there is one while it runs."""
        if self.timeline.client is None:
            raise RuntimeError("the emulator is not started: await start() first")
        return self.timeline.client

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def learn_address(self, host: str) -> None:
        """Callers reach us under this host: links must name it too."""
        if host:
            self.base_url = f"http://{host}{self.config.prefix}"

    def connect(self, line: PartnerLine) -> None:
        """Put a business number on the phones."""
        self.lines[line.number] = line
        self.handsets.connect(line)

    def key(self, number: str) -> str:
        """The number's key on the phones; "" for none of ours."""
        line = self.lines.get(number)
        return "" if line is None else line.key

    # --- what a partner implements -----------------------------------------------------------

    @abstractmethod
    async def serve(self, request: Request[Any, Any, Any], path: str) -> Answer:
        """One call of the partner's API, from bytes to bytes. `path` is without the prefix and
        begins with a slash. Never raises: a refusal is an Answer."""

    @abstractmethod
    def address(self, item: Item) -> str:
        """The URL that an update goes to, judged when it leaves; "" while none is set: it is
        dropped then, as partners do."""

    @abstractmethod
    def envelope(self, items: list[Item], url: str) -> Post:
        """One POST of these updates (`item["update"]`), all of one kind. `url` may be ""."""

    def proof(self, item: Item, url: str, body: bytes) -> dict[str, str]:
        """The headers of a webhook with this very body, in place of the item's own: for whoever
        tries what a body that the partner never writes would do. Enough where nothing is signed."""
        return self.envelope([item], url).headers

    def accepted(self, status: int) -> bool:
        """Whether the platform's answer to a webhook counts as taken."""
        return status == 200

    @abstractmethod
    def reported(self, record: Record, status: str, at: int, error: Any) -> Update:
        """How the partner reports a status (sent, delivered, read, played, failed) of a message.
        `at` is business time; `error` is what `fail` was given."""

    def statuses(self, record: Record) -> tuple[str, ...]:
        """Which of sent, delivered, read, played the partner reports of this message."""
        return ("sent", "delivered", "read", "played")

    def shown(self, record: Record) -> dict[str, Any]:
        """The message as a Cloud API send body (`type` and its object; `context`, `rendered`)."""
        return dict(record["shown"])

    @abstractmethod
    def console_state(self) -> list[Panel]:
        """The partner's console as it stands now."""

    @abstractmethod
    async def console_act(self, panel: str, button: str, values: dict[str, Any]) -> Done:
        """A button was pressed. `values` has every text, secret, switch and choice of the panel,
        checked for its type. Raises SentenceError."""

    def controls(self) -> Mapping[str, Act]:
        """Further POSTs below /_control, by path."""
        return {}

    def more_state(self) -> dict[str, Any]:
        """What `_control/state` says besides; secrets hidden."""
        return {}

    def effect(self, item: Item) -> None:
        """An item of the partner's own, given to `timeline.add`, is due."""
        raise NotImplementedError(item["effect"])

    # --- questions ---------------------------------------------------------------------------

    def on_phone(self, person: str) -> HandsetContact | None:
        """The phone's contact behind a key of the books; None for people of tests."""
        contact = self.people.by_key(person)
        return contact if any(contact.id == c.id for c in self.handsets.contacts()) else None

    def spoken_at(self, number: str, person: str) -> int:
        """When a person last wrote to a number, business time; 0 for never."""
        at, _ = self.books.spoken(number, person)
        contact = self.on_phone(person)
        if contact is not None:
            at = max(at, self.handsets.last_inbound_at(self.key(number), contact.id) or 0)
        return at

    def window_open(self, number: str, person: str) -> bool:
        """Whether free-form messages may go: 24 hours from the person's last message."""
        return self.clock.now() - self.spoken_at(number, person) < SERVICE_MS

    def every_other_late(self) -> int:
        """With the fault reorder on: how long every second message of people waits."""
        if not self.faults.on("reorder"):
            return 0
        self._swap += 1
        fault = self.faults.take("reorder") if self._swap % 2 else None
        return fault.value if fault is not None else 0

    def over_rate(self, number: str, person: str) -> str:
        """Takes one message from the allowances. "number" or "pair" when there is none left (the
        fault rate_429 is the number's), else ""."""
        now = self.clock.now()
        if self.faults.take("rate_429") is not None or not self.number_rate.take(number, now):
            return "number"
        return "" if self.pair_rate.take((number, person), now) else "pair"

    async def service_fault(self) -> str:
        """Before any answer: waits while `slow` is on; then "error_500" or "error_503" when that
        is to be answered (HTML for the first, the partner's own shape for the other), else ""."""
        slow = self.faults.take("slow")
        if slow is not None:
            await asyncio.sleep(slow.value / 1000)
        for name in ("error_500", "error_503"):
            if self.faults.take(name) is not None:
                return name
        return ""

    def spoil(self, answer: Answer) -> str:
        """After a send was accepted: tear or hold its answer when a fault says so. Gives what the
        Wire panel shows as its status."""
        if self.faults.take("torn_body") is not None:
            answer.body = answer.body[: len(answer.body) // 2]
        held = self.faults.take("timeout_after_accept")
        answer.hold_ms = held.value if held is not None else 0
        return "never answered" if held is not None else str(answer.status)

    # --- what becomes of a send --------------------------------------------------------------

    def accept(self, record: Record) -> Record:
        """Keep an accepted send: `id`, `number`, `contact` (a HandsetContact or its builtins),
        `body`, and what the partner wants besides; the rest is filled in here. It is in the books
        and one line of the log before the send is answered."""
        contact = msgspec.convert(msgspec.to_builtins(record["contact"]), HandsetContact)
        record["contact"] = msgspec.to_builtins(contact)
        record.setdefault("person", person_key(contact))
        record.setdefault("at", self.clock.now())
        record.setdefault("real_at", self.clock.real())
        record.setdefault("reports", [])
        record["order"] = self.books.keep_sent(record)
        self.counts["accepted"] += 1
        if self._sent_log is not None:
            self._sent_log.write(json.dumps(record, separators=(",", ":")) + "\n")
            self._sent_log.flush()
        return record

    def report(self, record: Record, status: str, in_ms: int = 0, error: Any = None) -> int:
        """Let a status happen after a while; gives the id of its webhook in the timeline."""
        late = self.faults.take("late_status")
        pause = in_ms + (late.value if late is not None else 0)
        at = self.clock.now() + pause
        update = self.reported(record, status, at, error)
        record["reports"].append({"status": status, "at": at})
        self.books.amend_sent(record)
        return self.timeline.update(
            update,
            number=record["number"],
            lane=f"{record['number']}:{record['person']}",
            in_ms=pause,
            title=f"status {status}",
            contact=record["contact"]["id"],
            message=record["id"],
            tick=status,
            at=at,
        )

    async def arrive(self, record: Record, in_ms: int = 0) -> None:
        """The message arrives. With the fault status_first its first report is delivered before
        this returns, so before the answer of the send."""
        first = next(iter(self.statuses(record)), None)
        if first is None or self.faults.take("status_first") is None:
            self.succeed(record, in_ms)
            return
        item = self.report(record, first)
        self.succeed(record, in_ms, done=first)
        await self.timeline.done(item, 5)

    def succeed(self, record: Record, in_ms: int = 0, *, done: str = "") -> None:
        """The life of a message that arrives: on the phone, sent, delivered, perhaps read by
        itself, as far as the partner reports it. `done`: a status reported already."""
        delays, known = self.config.delays, self.statuses(record)
        at = self.clock.now() + in_ms + delays.sent_ms
        self.timeline.add(
            {"effect": "receive", "id": record["id"], "at": at}, in_ms + delays.sent_ms
        )
        first, second = delays.sent_ms, delays.delivered_ms
        sent = "sent" in known and done != "sent"
        if sent and "delivered" in known and self.faults.take("reorder") is not None:
            first, second = second, first
        if sent:
            self.report(record, "sent", in_ms + first)
        if "delivered" in known and done != "delivered":
            self.report(record, "delivered", in_ms + second)
        if "read" in known and self.config.read_policy == "after":
            wait = in_ms + max(first, second) + self.config.read_after_ms
            self.report(record, "read", wait)

    def fail(self, record: Record, error: Any, in_ms: int = 0) -> None:
        """The message ends as failed; `error` goes to `reported`."""
        self.report(record, "failed", in_ms + self.config.delays.failed_ms, error)

    # --- what shows on the phone -------------------------------------------------------------

    def wire_out(
        self,
        number: str,
        title: str,
        status: str,
        request: Any,
        message_id: str | None = None,
        answer: Any = None,
        contact: str | None = None,
    ) -> None:
        """A call of the platform, for the Wire panel. No secret belongs into `request`."""
        self.handsets.wire(
            WireLine(
                at=self.clock.now(),
                direction="out",
                title=title,
                status=status,
                detail={"request": request, "response": answer},
                number=self.key(number),
                contact=contact,
                message_id=message_id,
            )
        )

    def happen(self, item: Item) -> None:
        """An item of this machine is due (called by the timeline)."""
        if item["effect"] != "receive":
            self.effect(item)
            return
        record = self.books.sent(item["id"])
        contact = self.on_phone(record["person"]) if record else None
        if record is not None and contact is not None:
            body = self.shown(record)
            self.handsets.receive(
                self.key(record["number"]), contact.id, record["id"], body, item["at"]
            )

    def tried(self, items: list[Item], post: Post, outcome: Outcome) -> None:
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
                detail={"request": _readable(post), "response": text},
                number=self.key(first["number"]),
                contact=first["contact"],
                message_id=first["message"],
            )
        )
        for item in items:
            key, message = self.key(item["number"]), item["message"]
            if message is None:
                continue
            if item["tick"]:
                self.handsets.set_status(key, message, item["tick"], item["at"])
            elif delivered:
                self.handsets.set_status(key, message, "delivered", self.clock.now())


def _copy(rules: Any) -> Any:
    """Rules change while it runs; the configuration stays as it was given."""
    return msgspec.convert(msgspec.to_builtins(rules), type(rules))


def _readable(post: Post) -> Any:
    """A webhook's body as the Wire panel shows it."""
    if post.content_type.startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(post.body.decode("utf-8", "replace"), True))
    try:
        return json.loads(post.body)
    except ValueError:
        return post.body.decode("utf-8", "replace")


def made(
    kind: type[MadeT],
    config: Any,
    clock: Clock,
    state_dir: Path | None = None,
    handsets: Handsets | None = None,
) -> MadeT:
    """An emulator, not yet started. `state_dir` None keeps nothing; without `handsets` it makes
    the phones itself, so that several emulators can share theirs."""
    if handsets is None:
        handsets = Handsets(clock, None if state_dir is None else state_dir / "phone.db")
    emulator = kind(config, clock, state_dir, handsets)
    emulator.asgi = application(emulator)
    return emulator
