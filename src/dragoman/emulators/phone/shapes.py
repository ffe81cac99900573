"""The values that pass between the test phone, its page and the emulated partners.

Times are Unix milliseconds of business time (they move with the demo's clock). Phones are digits
without `+`. Bodies are shaped like Meta's Cloud API: `{"type": "text", "text": {"body": …}}`;
an emulator of another partner translates to and from that shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from dragoman.domain.sentences import Sentence


class HandsetContact(msgspec.Struct):
    """An invented person with a phone. `bsuid` and `username` are set where the partner would
    know them; somebody without `phone` is reachable by `bsuid` only."""

    id: str
    name: str
    phone: str | None = None
    bsuid: str | None = None
    username: str | None = None
    avatar: str = ""


class WireLine(msgspec.Struct):
    """One line of the Wire panel. `in`: a webhook to the platform; `out`: the platform's call;
    `note`: something else worth a line. `detail` holds bodies for display, secrets hidden."""

    at: int
    direction: Literal["in", "out", "note"]
    title: str
    status: str = ""
    detail: dict[str, Any] = {}
    number: str = ""
    contact: str | None = None
    message_id: str | None = None


class Bubble(msgspec.Struct):
    """One message in a chat. `mine`: the person wrote it. `status` climbs sending, sent,
    delivered, read, played, or is `failed` with `failure` saying why. `steps` are the statuses
    with their times, `reactions` maps "person" and "business" to an emoji, `seen` tells whether
    the person has looked at it."""

    id: str
    seq: int
    mine: bool
    body: dict[str, Any]
    at: int
    status: str = ""
    quoted: str | None = None
    failure: Sentence | str = ""
    seen: bool = False
    steps: list[tuple[str, int]] = []
    reactions: dict[str, str] = {}


class Faults(Protocol):
    """What `Handsets.faults` holds for each partner. Each switch is `{"name", "label", "on",
    "done"}`, `done` being what it has done so far; other keys are not shown."""

    def describe(self) -> list[dict[str, Any]]: ...
    def set(self, name: str, on: bool) -> None: ...
    def all_off(self) -> None: ...


class Switch(Protocol):
    """What `Handsets.controls["switch"]` holds: the partner that the platform's channel is with,
    by its name as lines give it. answered: the partners on whose numbers somebody answers. others:
    by partner, another app that has its number. `to` raises SentenceError where it cannot be
    switched; `asked` is the request's scope, by which it is known who switches."""

    @property
    def current(self) -> str: ...
    @property
    def answered(self) -> Sequence[str]: ...
    @property
    def others(self) -> Mapping[str, str]: ...
    async def to(self, label: str, asked: Any) -> None: ...


class Line(Protocol):
    """A business number on some partner; the partner's emulator implements it.

    `send` takes a Cloud-shaped inbound body, delivers the webhook and returns the message's id.
    `store_media` returns `{"id", "mime_type", "sha256", "filename"?}` to be put into a body.
    `seen` and `played` make the read and played reports go out; `pay` tells what became of a bill
    (`outcome`: paid, failed, pending), and raises SentenceError where the partner tells none.
    """

    @property
    def key(self) -> str: ...
    @property
    def display(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def partner(self) -> str: ...

    async def send(
        self, contact: HandsetContact, body: dict[str, Any], quoted: str | None
    ) -> str: ...
    async def store_media(self, data: bytes, mime: str, filename: str | None) -> dict[str, Any]: ...
    async def load_media(self, media_id: str) -> tuple[bytes, str] | None: ...
    async def seen(self, contact: HandsetContact, message_ids: list[str]) -> None: ...
    async def played(self, contact: HandsetContact, message_id: str) -> None: ...
    async def pay(self, contact: HandsetContact, message_id: str, outcome: str) -> None: ...
