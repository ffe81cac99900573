"""What a check has to work with: one partner of the running product, from both sides of the wire.

People write through the emulator as they would by phone (`says`); what the emulator would tell is
also made without telling it (`message`, `report`), so that a check can alter it, sign it as the
partner does and post it by itself (`push`).
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from dragoman.cli.emulated import STREAM_ID
from dragoman.domain.sentences import Sentence, SentenceError, say, words
from dragoman.domain.status import Doubt, Status
from dragoman.emulators.kit import (
    Item,
    PartnerEmulator,
    PartnerLine,
    Post,
    Record,
    person_key,
    stranger,
)
from dragoman.emulators.phone.handsets import HandsetContact
from dragoman.engine.apps import App, Copy
from dragoman.partners.contract import Capability, Outcome, Partner
from dragoman.partners.registry import partner

from .cues import cues
from .product import Product

words(
    {
        "conform_expected": "{what}: expected {expected}, saw {seen}.",
        "conform_no_fault": "The emulator of {partner} cannot do that: it has no fault {fault}.",
        "conform_needs_address": "The address of {partner} is no setting.",
        "conform_needs_tokens": "{partner} cannot send an app's token with its webhooks.",
        "conform_needs_guard": "{partner} neither signs its webhooks nor sends a secret of its own "
        "along; an app's token or a secret in the URL does it.",
    }
)
_MISTAKES = ("_broken", "hook_poisoned", "turn_parked", "Traceback")
# Numbers that are kept for fiction: a thousand behind each, of which emulators use the first few.
_FICTION = (
    *("447700900", "441134960", "441144960", "441154960", "441164960", "441174960"),
    *("441184960", "441214960", "441314960", "441414960", "441514960", "441614960"),
)


class Wrong(Exception):
    """A check failed. `sentence` says what was expected and what was seen."""

    def __init__(self, what: str, expected: Any, seen: Any) -> None:
        args = {"what": what, "expected": _short(expected), "seen": _short(seen)}
        self.sentence = Sentence("conform_expected", args)
        super().__init__(say(self.sentence))


class Absent(Exception):
    """The partner has no such thing; `sentence` says so."""

    def __init__(self, sentence: str | Sentence, **args: Any) -> None:
        self.sentence = Sentence(sentence, args) if isinstance(sentence, str) else sentence
        super().__init__(say(self.sentence))


def expect(what: str, expected: Any, seen: Any) -> None:
    """Raises Wrong where they differ."""
    if expected != seen:
        raise Wrong(what, expected, seen)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 300 else text[:297] + "..."


class Answered(msgspec.Struct, frozen=True):
    """What the program said to a webhook."""

    status: int
    body: str


class Sending(msgspec.Struct, frozen=True):
    """A message of ours to one person, as it stands."""

    id: int
    kind: str
    content: Any
    status: Status
    doubt: Doubt
    error: dict[str, Any] | None
    external_id: str | None
    attempts: int

    @property
    def text(self) -> str:
        return str(self.content.get("text", ""))


class Kept(msgspec.Struct, frozen=True):
    """What became of one body: how often it is kept as it came, and rows of each kind from it."""

    hooks: int = 0
    messages: int = 0
    reports: int = 0
    events: int = 0
    rejected: int = 0
    note: str = ""

    @property
    def items(self) -> int:
        return self.messages + self.reports + self.events + self.rejected


class Bench:
    """One partner in the running product, in one of the ways that its emulator can be set up for
    (`WALKS`, "" for the usual one). `people`: a counter that several benches share."""

    def __init__(self, product: Product, place: str, people: Iterator[int]) -> None:
        self.product = product
        self.place = place  # a partner's name, and behind a slash one of its ways
        self.name, _, self.way = place.partition("/")
        self.talker: Partner = partner(self.name)
        self._people = people
        self._client: aiohttp.ClientSession | None = None
        self._sent_before = 0  # what the emulator had accepted when this check began

    def begin(self) -> None:
        """Another check begins: `taken` leaves out what the emulator had accepted before."""
        records = self.emulator.books.all_sent(self._sent_before)
        self._sent_before = records[-1]["order"] if records else self._sent_before

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Bench]:
        cues.clear()
        await self.product.use(self.name, self.way)
        self._client = aiohttp.ClientSession()
        try:
            yield self
        finally:
            await self._client.close()

    async def restart(self) -> None:
        """Stop the program and start it anew; connections to the old one are dropped."""
        assert self._client is not None
        await self._client.close()
        await self.product.again()
        self._client = aiohttp.ClientSession()

    def absent(self, sentence: str, **args: Any) -> Absent:
        return Absent(sentence, partner=self.talker.LABEL, **args)

    def need(self, what: str) -> None:
        """Raises Absent where the partner answers one of NEEDS with no."""
        if what and not NEEDS[what](self):
            raise self.absent(f"conform_needs_{what}")

    # --- both sides ------------------------------------------------------------------------------

    @property
    def emulator(self) -> PartnerEmulator:
        return self.product.emulated.emulators[self.name]

    @property
    def line(self) -> PartnerLine:
        return next(iter(self.emulator.lines.values()))

    @property
    def app(self) -> App:
        return self.product.app.apps.by_stream[STREAM_ID]

    @property
    def live(self) -> Copy:
        copy = self.app.published
        assert copy is not None
        return copy

    @property
    def settings(self) -> Any:
        return self.live.settings[self.name]

    @property
    def abilities(self) -> Any:
        return self.talker.CAPABILITIES[self.talker.dialect(self.settings)]

    def native(self, kind: str) -> bool:
        return self.abilities[kind].capability is Capability.NATIVE

    async def quiet(self) -> None:
        await self.product.quiet()

    def answer(self, outcome: Outcome) -> Answered:
        """What this partner is to hear."""
        told = self.talker.answer(outcome)
        return Answered(told.status, told.body.decode())

    @contextlib.contextmanager
    def fault(self, name: str, value: int | None = None, count: int | None = None) -> Iterator[Any]:
        """With a fault of the emulator on. Raises Absent where this emulator leaves it out."""
        faults = self.emulator.faults
        if name not in faults.all:
            raise self.absent("conform_no_fault", fault=name)
        fault, usual = faults.all[name], faults.all[name].value
        faults.set(name, True, count, value)
        try:
            yield fault
        finally:
            faults.set(name, False, None, usual)

    # --- people ----------------------------------------------------------------------------------

    def person(self) -> HandsetContact:
        """Somebody who never wrote before."""
        count = next(self._people)
        return stranger(f"{_FICTION[count // 800]}{count % 800 + 200}")

    async def says(self, person: HandsetContact, text: str, answer: Sequence[Any] = ()) -> str:
        """A person writes, and the agent answers the same, or what is given here."""
        if answer:
            cues[text] = answer
        return await self.line.send(person, {"type": "text", "text": {"body": text}}, None)

    async def met(self) -> HandsetContact:
        """Somebody who wrote, was answered, and of whom nothing is left to be told."""
        person = self.person()
        await self.says(person, "hello")
        await self.quiet()
        found = [(s.text, s.status) for s in await self.sent(person)]
        expect("the answer to a first message", [("hello", Status.DELIVERED)], found)
        return person

    async def asks(self, person: HandsetContact, text: str, answer: Sequence[Any] = ()) -> None:
        """A person writes, and everything that follows has happened."""
        await self.says(person, text, answer)
        await self.quiet()

    async def sent(self, person: HandsetContact, kind: str = "") -> list[Sending]:
        """Our messages to a person by this partner, in order."""
        rows = await self.product.rows(
            """SELECT m.id,m.kind,m.content,m.rank,m.doubt,m.error,m.external_id,
              (SELECT count(*) FROM attempt a WHERE a.app_id=m.app_id AND a.message_id=m.id)
            FROM message m JOIN contact c ON c.app_id=m.app_id AND c.id=m.contact_id
            JOIN number n ON n.id=m.number_id
            WHERE m.direction=1 AND c.phone=? AND n.partner=? ORDER BY m.id""",
            person.phone, self.name,
        )  # fmt: skip
        return [
            Sending(
                r[0], r[1], json.loads(r[2]), Status(r[3]), Doubt(r[4]),
                json.loads(r[5]) if r[5] else None, r[6], r[7],
            )
            for r in rows
            if kind in ("", r[1])
        ]  # fmt: skip

    async def last(self, person: HandsetContact) -> Sending:
        """Our newest message to a person."""
        found = await self.sent(person)
        if not found:
            raise Wrong(f"messages to {person.phone}", "at least one", "none")
        return found[-1]

    async def received(self, person: HandsetContact) -> list[tuple[str, str]]:
        """Kind and text of what is kept of a person's messages, in order."""
        rows = await self.product.rows(
            """SELECT m.kind,m.content FROM message m
            JOIN contact c ON c.app_id=m.app_id AND c.id=m.contact_id
            JOIN number n ON n.id=m.number_id
            WHERE m.direction=0 AND c.phone=? AND n.partner=? ORDER BY m.id""",
            person.phone, self.name,
        )  # fmt: skip
        return [(kind, str(json.loads(content).get("text", ""))) for kind, content in rows]

    def taken(self, person: HandsetContact) -> list[Record]:
        """What the emulator accepted for a person in this check, in order."""
        records = self.emulator.books.all_sent(self._sent_before)
        return [record for record in records if record["person"] == person_key(person)]

    def texts(self, person: HandsetContact) -> list[str]:
        """The texts among them."""
        bodies = [self.emulator.shown(record) for record in self.taken(person)]
        return [str(body["text"]["body"]) for body in bodies if body.get("type") == "text"]

    # --- webhooks by hand ------------------------------------------------------------------------

    def message(
        self, person: HandsetContact, body: dict[str, Any], quoted: str | None = None
    ) -> Item:
        """What the emulator would tell of a message, which it does not. Raises Absent."""
        line, now = self.line, self.emulator.clock.now()
        message_id = line.new_id(person)
        try:
            update = line.inbound(person, body, quoted, message_id, now)
        except SentenceError as error:
            raise Absent(error.sentence) from None
        return self.emulator.timeline.item(
            update, number=line.number, lane=f"conform:{person_key(person)}", title="message",
            contact=person.id, message=message_id,
        )  # fmt: skip

    def text(self, person: HandsetContact, text: str) -> Item:
        return self.message(person, {"type": "text", "text": {"body": text}})

    def report(self, record: Record, status: str, error: Any = None) -> Item:
        """What the emulator would tell of a message that it accepted."""
        update = self.emulator.reported(record, status, self.emulator.clock.now(), error)
        return self.emulator.timeline.item(
            update, number=record["number"], lane=f"conform:{record['person']}", title=status,
            contact=record["contact"]["id"], message=record["id"], tick=status,
        )  # fmt: skip

    def alone(self, item: Item) -> bool:
        """Whether the partner sends such a thing in a POST of its own."""
        return item["kind"] in self.emulator.ALONE

    def post(self, *items: Item) -> Post:
        """One webhook of these items, as the emulator writes and signs it."""
        url = self.emulator.address(items[0])
        if not url:
            raise Wrong("the address of a webhook", "the channel's", "none is set at the emulator")
        return self.emulator.envelope(list(items), url)

    def signed(self, item: Item, body: bytes, content_type: str | None = None) -> Post:
        """A webhook with any body, signed as the emulator signs."""
        usual = self.post(item)
        headers = self.emulator.proof(item, self.emulator.address(item), body)
        return Post(usual.url, body, headers, content_type=content_type or usual.content_type)

    async def push(self, post: Post) -> Answered:
        """Call the program with a webhook."""
        assert self._client is not None
        headers = {"Content-Type": post.content_type, **post.headers}
        url = URL(post.url, encoded=True)
        async with self._client.post(url, data=post.body, headers=headers) as answer:
            return Answered(answer.status, await answer.text())

    async def newest_hook(self) -> int:
        """Where `kept` may begin to look."""
        return int((await self.product.rows("SELECT coalesce(max(id),0) FROM hook"))[0][0])

    async def kept(self, after: int) -> dict[bytes, Kept]:
        """What is stored of the bodies that came after a hook."""
        counts: dict[str, dict[int, int]] = {}
        for table in ("message", "report", "event", "rejected"):
            rows = await self.product.rows(
                f"SELECT hook_id,count(*) FROM {table} WHERE hook_id>? GROUP BY hook_id", after
            )
            counts[table] = {row[0]: row[1] for row in rows}
        out: dict[bytes, Kept] = {}
        for hook_id, body, note in await self.product.rows(
            "SELECT id,body,note FROM hook WHERE id>? ORDER BY id", after
        ):
            found = {name: of.get(hook_id, 0) for name, of in counts.items()}
            before = out.get(bytes(body), Kept())
            out[bytes(body)] = Kept(
                before.hooks + 1,
                before.messages + found["message"],
                before.reports + found["report"],
                before.events + found["event"],
                before.rejected + found["rejected"],
                note,
            )
        return out

    # --- the log ---------------------------------------------------------------------------------

    def broken(self, since: int) -> list[str]:
        """What the log says, from a line on, of mistakes of the program."""
        lines = self.product.logs.written[since:]
        said = [line for line in lines if "[debug" not in line]  # what libraries say to themselves
        return [line.strip() for line in said if any(word in line for word in _MISTAKES)]

    def log_length(self) -> int:
        return len(self.product.logs.written)


NEEDS: dict[str, Callable[[Bench], bool]] = {
    "address": lambda bench: "{api}" in bench.emulator.WALK.fields.values(),
    "tokens": lambda bench: bench.talker.ASSOCIATES,
    "guard": lambda bench: bool(bench.emulator.GUARDS) or bench.talker.guarded(bench.settings),
}
"""Questions to a partner; `conform_needs_…` is what is said where the answer is no."""
