"""Bodies for the checks of what comes in: one thing of each kind that a partner tells, as often as
it is needed and never twice the same; pushed with one place changed; and what must hold of each."""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
import secrets
import string
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from yarl import URL

from dragoman.domain.events import Rejected
from dragoman.emulators.kit import Item, Post, Record
from dragoman.partners.contract import Hook, Outcome, UnreadableBody

from . import altered
from .altered import Change
from .bench import Absent, Answered, Bench, Kept, Wrong, expect

FORM = "application/x-www-form-urlencoded"
AT_ONCE = 16
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\x00\x00\x00\x03\x00\x01\x18\xdd\x8d"
    b"\xb0\x00\x00\x00\x00IEND\xaeB`\x82"
)


class Kind(msgspec.Struct, frozen=True):
    """One sort of thing that a partner tells: its name, and another such thing on each call."""

    name: str
    another: Callable[[], Item]


class Tried(msgspec.Struct, frozen=True):
    """A body that was pushed: what was done to it, and what the program said."""

    done: str
    post: Post
    answered: Answered

    @property
    def body(self) -> bytes:
        return self.post.body


# --- what there is -------------------------------------------------------------------------------


async def said_by_people(bench: Bench) -> list[Kind]:
    """What the partner passes on from people."""
    bodies: dict[str, dict[str, Any]] = {
        "a text": {"type": "text", "text": {"body": "चाय, 👨‍👩‍👧‍👦, שלום"}},
        "a tapped button": _tap("button_reply"),
        "a chosen row": _tap("list_reply"),
        "a place": {"type": "location", "location": {"latitude": 26.1, "longitude": 91.7}},
        "a contact card": {"type": "contacts", "contacts": [_card()]},
        "a picture": await picture(bench, PNG),
    }
    out = []
    for name, body in bodies.items():
        try:
            bench.message(bench.person(), body)
        except Absent:
            continue
        out.append(Kind(f"{name} of a person", _messages(bench, body)))
    return out


def _messages(bench: Bench, body: dict[str, Any]) -> Callable[[], Item]:
    return lambda: bench.message(bench.person(), body)


def _tap(kind: str) -> dict[str, Any]:
    value = {"type": kind, kind: {"id": "teas", "title": "Teas"}}
    return {"type": "interactive", "interactive": value}


def _card() -> dict[str, Any]:
    phone = {"phone": "+12025550143", "wa_id": "12025550143", "type": "CELL"}
    return {"name": {"first_name": "Ben", "formatted_name": "Ben Berg"}, "phones": [phone]}


async def picture(bench: Bench, data: bytes) -> dict[str, Any]:
    """A picture that a person sends; `data` may be anything."""
    stored = await bench.line.store_media(data, "image/png", None)
    return {"type": "image", "image": {**stored, "caption": "look"}}


async def told_of_sends(bench: Bench) -> list[Kind]:
    """What the partner reports of messages of ours; each of a message that we never sent."""
    person = await bench.met()
    record = bench.taken(person)[0]
    return [
        Kind(f"a report of {status}", _reports(bench, record, status))
        for status in bench.emulator.statuses(record)
    ]


def _reports(bench: Bench, record: Record, status: str) -> Callable[[], Item]:
    def another() -> Item:
        other = copy.deepcopy(record)
        for name, value in record.items():
            if name.endswith("id") and isinstance(value, str):  # WhatsApp's own id as well
                other[name] = like(value)
        return bench.report(other, status)

    return another


def like(id: str) -> str:
    """Another id of the same form; one of hex digits stays one."""
    kinds = (string.digits, "abcdef", "ABCDEF", string.ascii_lowercase, string.ascii_uppercase)
    tail = "".join(
        next((secrets.choice(kind) for kind in kinds if letter in kind), letter)
        for letter in id[-12:]
    )
    return id[:-12] + tail


# --- bodies --------------------------------------------------------------------------------------


def told(post: Post) -> Any:
    """The value of a body."""
    if post.content_type.startswith(FORM):
        return dict(parse_qsl(post.body.decode(), keep_blank_values=True))
    return json.loads(post.body)


def written(value: Any, content_type: str) -> bytes:
    """A value as a body of this type."""
    if content_type.startswith(FORM) and isinstance(value, dict):
        texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in value.items()}
        return urlencode(texts).encode()
    return json.dumps(value, ensure_ascii=False).encode()


Alter = Callable[[Any], Iterable[Change]]


async def tried(bench: Bench, kinds: Sequence[Kind], alter: Alter) -> list[Tried]:
    """Each of these things with each change, in a body of its own; as many at once as AT_ONCE."""
    waiting: list[tuple[str, Post]] = []
    for kind in kinds:
        for place in itertools.count():
            item = kind.another()
            usual = bench.post(item)
            value = told(usual)
            change = next(itertools.islice(alter(value), place, None), None)
            if change is None:
                break
            path, new = change
            body = written(altered.put(value, path, new), usual.content_type)
            done = f"{kind.name} with {_short(new)} at {altered.named(path)}"
            waiting.append((done, bench.signed(item, body)))
    return await pushed(bench, waiting)


async def pushed(bench: Bench, posts: Sequence[tuple[str, Post]]) -> list[Tried]:
    async def one(done: str, post: Post) -> Tried:
        return Tried(done, post, await bench.push(post))

    out: list[Tried] = []
    for at in range(0, len(posts), AT_ONCE):
        out += await asyncio.gather(*(one(*pair) for pair in posts[at : at + AT_ONCE]))
    return out


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else text[:37] + "..."


# --- what must hold ------------------------------------------------------------------------------


class Watch:
    """From its making on: what is kept, and what the log says."""

    def __init__(self, bench: Bench, hook: int) -> None:
        self._bench, self._hook, self._line = bench, hook, bench.log_length()

    @classmethod
    async def begun(cls, bench: Bench) -> Watch:
        return cls(bench, await bench.newest_hook())

    async def survived(self, bodies: Sequence[Tried]) -> dict[bytes, Kept]:
        """That each was answered as this partner is to hear it and is kept as it came, rejected
        ones with a reason; that nothing broke; and that an ordinary message is answered after it.
        """
        bench = self._bench
        good, invalid = bench.answer(Outcome.KEPT), bench.answer(Outcome.INVALID)
        for one in bodies:
            if one.answered not in (good, invalid):
                raise Wrong(f"the answer to {one.done}", f"{good} or {invalid}", one.answered)
        kept = await bench.kept(self._hook)
        for one in bodies:
            found = kept.get(one.body, Kept())
            if not found.hooks and not await _known(bench, one.post):
                raise Wrong(f"what is kept of {one.done}", "its bytes", "nothing")
            if found.hooks and one.answered == invalid and not found.rejected:
                raise Wrong(f"why {one.done} was not taken", "a reason", "none")
        await bench.quiet()
        expect("lines of the log that tell of a mistake", [], bench.broken(self._line))
        await bench.met()
        return kept


async def _known(bench: Bench, post: Post) -> bool:
    """Whether a body says nothing but what could not be read before: that is kept once."""
    headers = {"content-type": post.content_type}
    hook = Hook("POST", URL(post.url, encoded=True).path, headers=headers, body=post.body)
    try:
        events = bench.talker.parse(hook, bench.settings)
    except UnreadableBody:
        return bool(await bench.product.rows("SELECT 1 FROM hook WHERE body=?", post.body))
    for event in events:
        raw = msgspec.json.encode(event.raw).decode() if isinstance(event, Rejected) else ""
        if not await bench.product.rows("SELECT 1 FROM rejected WHERE raw=?", raw):
            return False
    return bool(events)
