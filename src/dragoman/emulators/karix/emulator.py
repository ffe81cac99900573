"""One emulated Karix account: its state, its numbers, its webhooks, its API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request

from dragoman.domain.clock import Clock
from dragoman.emulators import kit
from dragoman.emulators.kit import (
    Answer,
    Done,
    Fault,
    Item,
    Panel,
    PartnerEmulator,
    Post,
    Record,
    Update,
)
from dragoman.emulators.phone.handsets import Handsets

from . import api, console, wire
from .checks import Refusal
from .config import Config
from .console import Desk
from .line import KarixLine
from .templates import Templates

FAULTS = kit.faults_with(
    kit.SHARED_FAULTS,
    and_=(
        Fault("root_array", "Each webhook is an array, also of one update"),
        Fault("mid_is_wamid", "Reports bring WhatsApp's id as mid, as some resellers' do"),
    ),
)


class Emulator(PartnerEmulator):
    """Built by `build`."""

    name, partner = "karix", "Karix"
    WALK = console.WALK
    GUARDS = console.GUARDS
    FAULTS = FAULTS
    METHODS = ("GET", "POST", "PUT", "DELETE")
    NOWHERE = "Karix support has configured no URL for this."
    config: Config

    def __init__(
        self, config: Config, clock: Clock, state_dir: Path | None, handsets: Handsets
    ) -> None:
        super().__init__(config, clock, state_dir, handsets)
        self.templates = Templates(config.templates)
        self.desk = Desk(self.books, config.webhook_url, config.webhook_dn_id)
        for number in config.numbers:
            self.connect(KarixLine(self, number.display, number.display, number.title))

    def reset(self) -> None:
        super().reset()
        self.desk = Desk(self.books, self.config.webhook_url, self.config.webhook_dn_id)

    async def serve(self, request: Request[Any, Any, Any], path: str) -> Answer:
        return await api.serve_call(self, request, path)

    def address(self, item: Item) -> str:
        return self.desk.address(item["kind"])

    def envelope(self, items: list[Item], url: str) -> Post:
        """One update is an object, several are an array."""
        bodies = [item["update"] for item in items]
        array = len(bodies) > 1 or self.faults.take("root_array") is not None
        told = json.dumps(bodies if array else bodies[0], ensure_ascii=False)
        return Post(url, told.encode(), self.desk.hooks.headers)

    def reported(self, record: Record, status: str, at: int, error: Any) -> Update:
        """Timestamps are milliseconds as text. A report goes to the address that the send named."""
        word, reason, code = status, wire.REASONS.get(status, ""), ""
        if isinstance(error, Refusal):
            word, reason, code = error.check.word, error.text, error.check.code
        theirs = self.faults.take("mid_is_wamid") is not None
        mid = record["wamid"] if theirs else record["id"]
        body = wire.delivery(record, word, reason, code, at, mid)
        return Update(body, f"reports {record['dn']}".strip())

    def statuses(self, record: Record) -> tuple[str, ...]:
        """Karix has no word for a voice note that was played."""
        return ("sent", "delivered", "read")

    def console_state(self) -> list[Panel]:
        return console.panels(self)

    async def console_act(self, panel: str, button: str, values: dict[str, Any]) -> Done:
        return await console.act(self, panel, button, values)

    def more_state(self) -> dict[str, Any]:
        hooks: dict[str, Any] = msgspec.to_builtins(self.desk.hooks)
        return {"hooks": {**hooks, "header": "hidden" if hooks["header"] else ""}}


def build(
    config: Config,
    clock: Clock,
    state_dir: Path | None = None,
    *,
    handsets: Handsets | None = None,
) -> Emulator:
    """An emulator, not yet started; see `kit.made`."""
    return kit.made(Emulator, config, clock, state_dir, handsets)
