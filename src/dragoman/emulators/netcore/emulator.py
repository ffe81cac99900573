"""One emulated Netcore account: its state, its numbers, its webhooks, its API."""

from __future__ import annotations

import base64
import datetime
import json
import secrets
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

from . import api, console
from .account import Account
from .checks import Refusal
from .config import Config, Rules
from .line import NetcoreLine, PeopleFiles
from .templates import Templates

FAULTS = kit.faults_with(
    kit.SHARED_FAULTS, and_=(Fault("key_denied", "Every API key is answered Access Denied"),)
)
_WEBHOOK_OF = {"incoming_message": "incoming", "delivery_status": "delivery"}


class Emulator(PartnerEmulator):
    """Built by `build`."""

    name, partner = "netcore", "Netcore"
    FAULTS = FAULTS
    METHODS = ("GET", "POST", "DELETE")
    NOWHERE = "This webhook has no URL, or its status is off."
    WALK = console.WALK
    GUARDS = console.GUARDS
    config: Config
    rules: Rules

    def __init__(
        self, config: Config, clock: Clock, state_dir: Path | None, handsets: Handsets
    ) -> None:
        super().__init__(config, clock, state_dir, handsets)
        self.received = PeopleFiles(self.books, clock)
        self._begin()
        for number in config.numbers:
            self.connect(NetcoreLine(self, number))

    def _begin(self) -> None:
        """What the books say, or the configuration."""
        self.account = Account(self.config, self.books)
        self.templates = Templates(self.books, self.config.templates)

    def reset(self) -> None:
        super().reset()
        self._begin()

    # --- calls and webhooks ------------------------------------------------------------------

    async def serve(self, request: Request[Any, Any, Any], path: str) -> Answer:
        return await api.serve_call(self, request, path)

    def address(self, item: Item) -> str:
        hook = self.account.webhooks[_WEBHOOK_OF[item["kind"]]]
        return hook.url if hook.on else ""

    def envelope(self, items: list[Item], url: str) -> Post:
        """Items of one kind in one array, unsigned; the header is the one of the console."""
        kind = items[0]["kind"]
        told = {kind: [item["update"] for item in items]}
        body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
        header = self.account.webhooks[_WEBHOOK_OF[kind]].header
        name, _, value = header.partition(":")
        return Post(url, body, {name.strip(): value.strip()} if header else {})

    def reported(self, record: Record, status: str, at: int, error: Any) -> Update:
        told = {
            "ncmessage_id": record["id"],
            "recipient": record["contact"]["phone"] or record["person"],
            "status": status,
            "status_remark": error.words if isinstance(error, Refusal) else "",
            "received_at": self._time(at),
            "source": record["source"],
        }
        if record["x-apiheader"] is not None:  # that it comes back here is UNSURE
            told["x-apiheader"] = record["x-apiheader"]
        return Update(told, "delivery_status")

    def _time(self, at: int) -> str:
        if self.config.report_times == "epoch":
            return str(at // 1000)
        moment = datetime.datetime.fromtimestamp(at / 1000, api.INDIA)
        return f"{moment:%Y-%m-%d %H:%M:%S}"

    def statuses(self, record: Record) -> tuple[str, ...]:
        return ("sent", "delivered", "read")

    def effect(self, item: Item) -> None:
        if item["effect"] == "review":
            self.templates.approve(item["name"], item["language"])

    # --- what other parts ask ----------------------------------------------------------------

    def opted_in(self, number: str, person: str) -> bool:
        """Whether a person may be written to from this number."""
        if self.rules.bypass_opt_in or self.account.consent(number, person) is not None:
            return True
        return self.rules.chat_is_opt_in and self.spoken_at(number, person) > 0

    def new_wamid(self) -> str:
        """WhatsApp's id of a message, which Netcore passes on."""
        return "wamid." + base64.b64encode(b"\x1c\x18" + secrets.token_bytes(24)).decode()

    def more_state(self) -> dict[str, Any]:
        hooks = {
            name: {"url": hook.url, "on": hook.on, "header": bool(hook.header)}
            for name, hook in self.account.webhooks.items()
        }
        keys = [{"name": key.name, "number": key.number} for key in self.account.keys]
        consents = msgspec.to_builtins(self.account.consents)
        return {"webhooks_set": hooks, "keys": keys, "consents": consents}

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
    """An emulator, not yet started; see `kit.made`."""
    return kit.made(Emulator, config, clock, state_dir, handsets)
