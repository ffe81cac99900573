"""One emulated WhatsApp Business account: its state, its numbers, its webhooks, its API."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request

from dragoman.domain.clock import Clock
from dragoman.emulators import kit
from dragoman.emulators._cloud import wire
from dragoman.emulators._cloud.checks import Refusal
from dragoman.emulators.kit import (
    Act,
    Answer,
    Buckets,
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

from . import console, control, graph
from .config import EmulatorConfig, Number, Rules
from .line import CloudApiLine
from .media import MediaStore
from .oauth import Logins
from .orders import Orders
from .people import People
from .reports import status_value
from .subscriptions import Subscriptions, handshake, spelled
from .templates import Templates

_HOUR_MS = 3_600_000
FAULTS = kit.faults_with(
    kit.SHARED_FAULTS, and_=(Fault("token_expired", "Every token is expired: 190, subcode 463"),)
)


class Emulator(PartnerEmulator):
    """Built by `build`."""

    name, partner = "cloud-api", "WhatsApp Cloud API"
    FAULTS = FAULTS
    METHODS = ("GET", "POST", "DELETE")
    NOWHERE = "Nothing is subscribed to this field."
    WALK = console.WALK
    config: EmulatorConfig
    rules: Rules
    people: People
    media: MediaStore

    def __init__(
        self, config: EmulatorConfig, clock: Clock, state_dir: Path | None, handsets: Handsets
    ) -> None:
        super().__init__(config, clock, state_dir, handsets)
        self.people = People(config, handsets)
        self.media = MediaStore(self.books, clock, config.app_secret)
        self.subscriptions = Subscriptions(self.books, config.callback_url, config.verify_token)
        self.logins = Logins(self.books, clock, config.redirect_uris)
        per_hour = config.rates.management_per_hour
        self.management_rate = Buckets(per_hour, _HOUR_MS / max(1, per_hour))
        self.links: dict[str, tuple[int, int, str]] = {}
        self._begin()
        for number in self.numbers.values():
            self.connect(CloudApiLine(self, number))

    def _begin(self) -> None:
        """What the configuration says, or the books."""
        self.templates = Templates(self.books, self.config.templates)
        self.orders = Orders()
        # Copies: registering changes them, and the configuration stays as it was given.
        copied = [msgspec.structs.replace(number) for number in self.config.numbers]
        self.numbers = {number.phone_number_id: number for number in copied}

    def reset(self) -> None:
        super().reset()
        self.links.clear()
        self.management_rate.clear()
        config = self.config
        self.subscriptions.reset(config.callback_url, config.verify_token)
        self.logins.reset(config.redirect_uris)
        self._begin()

    async def opened(self, tell: Callable[[str], None]) -> None:
        """Meta's verification GET, as *Verify and save* makes it, until it is answered."""
        said = ""
        while self.config.callback_url and self.config.verify_token:
            try:
                await handshake(self.http, self.config.callback_url, self.config.verify_token)
            except Refusal as refused:
                text = f"Not verified: {refused.values.get('errors', refused)}"
                if text != said:
                    tell(text)
                said = text
                await asyncio.sleep(1)
            else:
                tell("Verified: the callback answered the challenge.")
                return

    # --- calls and webhooks ------------------------------------------------------------------

    async def serve(self, request: Request[Any, Any, Any], path: str) -> Answer:
        return await graph.serve_call(self, request, path)

    def address(self, item: Item) -> str:
        return self.subscriptions.callback(item["number"], item["update"]["field"])

    def envelope(self, items: list[Item], url: str) -> Post:
        """Several changes as one webhook: an entry for each account, a change for each update."""
        entries: dict[str, dict[str, Any]] = {}
        for item in items:
            waba = item.get("waba") or self.config.waba_id
            entry = entries.setdefault(waba, {"id": waba})
            if "messaging_product" not in item["update"]["value"]:
                entry["time"] = item["since"] // 1000
            entry.setdefault("changes", []).append(item["update"])
        told = {"object": "whatsapp_business_account", "entry": list(entries.values())}
        body = wire.meta_bytes(told)
        return Post(spelled(url), body, self.proof(items[0], url, body))

    def proof(self, item: Item, url: str, body: bytes) -> dict[str, str]:
        return {
            "X-Hub-Signature-256": wire.signature(body, self.config.app_secret),
            "User-Agent": "facebookexternalua",
            "Accept": "*/*",
        }

    def reported(self, record: Record, status: str, at: int, error: Any) -> Update:
        value = status_value(self, record, status, at, error)
        if status in ("delivered", "read"):
            record["priced"] = True
        return Update({"value": value, "field": "messages"})

    def statuses(self, record: Record) -> tuple[str, ...]:
        """A reaction is only ever reported as sent."""
        return ("sent",) if record["type"] == "reaction" else super().statuses(record)

    def shown(self, record: Record) -> dict[str, Any]:
        body, kind = record["body"], record["type"]
        shown = {"type": kind, kind: body[kind]}
        if "context" in body:
            shown["context"] = body["context"]
        if record["rendered"] is not None:
            shown["rendered"] = record["rendered"]
        return shown

    def effect(self, item: Item) -> None:
        if item["effect"] == "review":
            template = self.templates.set_status(item["template"], "APPROVED")
            if template is not None:
                self.template_event(template, "APPROVED")

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
            Update({"value": value, "field": "message_template_status_update"}),
            number="",
            lane="templates",
            title=f"template {event.lower()}",
        )

    # --- what other parts ask ----------------------------------------------------------------

    def controls(self) -> Mapping[str, Act]:
        return control.CONTROLS

    def more_state(self) -> dict[str, Any]:
        subscribed: dict[str, Any] = msgspec.to_builtins(self.subscriptions.state)
        return {"subscriptions": {**subscribed, "verify_token": "hidden"}}

    def console_state(self) -> list[Panel]:
        return console.panels(self)

    async def console_act(self, panel: str, button: str, values: dict[str, Any]) -> Done:
        return await console.act(self, panel, button, values)

    def media_known(self, number: Number) -> Callable[[str], bool]:
        return lambda media_id: self.media.known(media_id, number.phone_number_id)

    def trace(self) -> str:
        return wire.trace_id(self.config.trace_seed)


def build(
    config: EmulatorConfig,
    clock: Clock,
    state_dir: Path | None = None,
    *,
    handsets: Handsets | None = None,
) -> Emulator:
    """An emulator, not yet started; see `kit.made`."""
    return kit.made(Emulator, config, clock, state_dir, handsets)
