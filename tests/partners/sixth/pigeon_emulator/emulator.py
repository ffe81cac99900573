"""One emulated loft."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from litestar import Request

from dragoman.domain.clock import Clock
from dragoman.emulators import kit
from dragoman.emulators.kit import Answer, Done, Item, Panel, PartnerEmulator, Post, Record, Update
from dragoman.emulators.phone.handsets import Handsets

from . import console, flights, wire
from .config import Config
from .line import PigeonLine

LEGS = {"sent": "launched", "delivered": "landed", "read": "opened", "failed": "lost"}


class Emulator(PartnerEmulator):
    """Built by `build`. `arrivals`: the address that was set in the console."""

    name, partner = "pigeon", "Pigeon Post"
    WALK = console.WALK
    METHODS = ("GET", "POST")
    config: Config

    def __init__(
        self, config: Config, clock: Clock, state_dir: Path | None, handsets: Handsets
    ) -> None:
        super().__init__(config, clock, state_dir, handsets)
        self.arrivals: str = self.books.get("arrivals") or ""
        for number in config.numbers:
            self.connect(PigeonLine(self, number.display, number.display, number.title))

    def reset(self) -> None:
        super().reset()
        self.arrivals = ""

    async def serve(self, request: Request[Any, Any, Any], path: str) -> Answer:
        return await flights.serve(self, request, path)

    def address(self, item: Item) -> str:
        return self.arrivals

    def envelope(self, items: list[Item], url: str) -> Post:
        body = wire.body([item["update"] for item in items])
        return Post(url, body, {"X-Loft-Seal": wire.sealed(self.config.seal, body)})

    def proof(self, item: Item, url: str, body: bytes) -> dict[str, str]:
        return {"X-Loft-Seal": wire.sealed(self.config.seal, body)}

    def reported(self, record: Record, status: str, at: int, error: Any) -> Update:
        told = [
            ("what", "leg"),
            ("pigeon", record["id"]),
            ("ring", record["ring"]),
            ("from", record["number"]),
            ("to", record["person"]),
            ("when", wire.moment(at)),
            ("leg", LEGS[status]),
        ]
        if error is not None:
            told += [("coo", error.coo), ("because", error.because)]
        return Update(wire.slip(told))

    def statuses(self, record: Record) -> tuple[str, ...]:
        return ("sent", "delivered", "read")

    def console_state(self) -> list[Panel]:
        return console.panels(self)

    async def console_act(self, panel: str, button: str, values: dict[str, Any]) -> Done:
        return await console.act(self, panel, button, values)


def build(
    config: Config,
    clock: Clock,
    state_dir: Path | None = None,
    *,
    handsets: Handsets | None = None,
) -> Emulator:
    return kit.made(Emulator, config, clock, state_dir, handsets)
