"""An invented partner, written by the kit's own page: flat inbound as a form, reports in arrays."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request

from dragoman.domain.clock import Clock
from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.emulators import kit
from dragoman.emulators.phone.handsets import HandsetContact, Handsets

words(
    {
        "relay_saved": "Saved.",
        "relay_key_shown": "Shown.",
        "relay_password_wrong": "The password is wrong: give the account's.",
    }
)


class Config(kit.PartnerConfig, kw_only=True):
    key: str = "relay-key"
    password: str = "tea"
    numbers: list[str] = msgspec.field(default_factory=lambda: ["12025550101", "12025550102"])
    prefix: str = "/emulated/relay"


class RelayLine(kit.PartnerLine):
    def new_id(self, contact: HandsetContact) -> str:
        return f"in-{next(COUNT)}"

    def inbound(
        self,
        contact: HandsetContact,
        body: dict[str, Any],
        quoted: str | None,
        message_id: str,
        at: int,
    ) -> kit.Update:
        kind = body["type"]
        if kind not in ("text", "image"):
            raise self.cannot_carry(kind)
        said = body["text"]["body"] if kind == "text" else body["image"]["id"]
        flat = {"id": message_id, "from": contact.phone, "to": self.number, kind: said}
        return kit.Update(flat, "inbound")


COUNT = itertools.count(1)


class Relay(kit.PartnerEmulator):
    name, partner = "relay", "Relay"
    FAULTS = kit.faults_with(kit.SHARED_FAULTS, but=frozenset({"error_503"}))
    ALONE = frozenset({"inbound"})
    config: Config

    def __init__(
        self, config: Config, clock: Clock, state_dir: Path | None, handsets: Handsets
    ) -> None:
        super().__init__(config, clock, state_dir, handsets)
        self.url = str(self.books.get("url") or "")
        for number in config.numbers:
            self.connect(RelayLine(self, number, number, "Tea relay"))

    async def serve(self, request: Request[Any, Any, Any], path: str) -> kit.Answer:
        if await self.service_fault():
            return kit.Answer(b"<html>broken</html>", 500, "text/html")
        asked = json.loads(await request.body())
        number, contact = asked["from"], self.people.by_phone(asked["to"])
        contact = contact or kit.stranger(asked["to"])
        over = self.over_rate(number, kit.person_key(contact))
        if over:
            return kit.Answer(json.dumps({"error": over}).encode(), 429)
        record = self.accept(
            {
                "id": f"out-{next(COUNT)}",
                "number": number,
                "contact": contact,
                "body": asked,
                "shown": {"type": "text", "text": {"body": asked["text"]}},
            }
        )
        if self.rules.unreachable(contact):
            self.fail(record, "unreachable")
        elif not self.window_open(number, record["person"]):
            self.fail(record, "window")
        else:
            await self.arrive(record)
        answer = kit.Answer(json.dumps({"id": record["id"]}).encode(), 202)
        status = self.spoil(answer)
        self.wire_out(number, "send text", status, asked, record["id"], None, contact.id)
        return answer

    def address(self, item: kit.Item) -> str:
        return self.url

    def envelope(self, items: list[kit.Item], url: str) -> kit.Post:
        bodies = [item["update"] for item in items]
        if items[0]["kind"] == "inbound":
            form = urlencode(bodies[0]).encode()
            return kit.Post(url, form, content_type="application/x-www-form-urlencoded")
        return kit.Post(url, json.dumps({"events": bodies}).encode(), {"X-Relay": self.config.key})

    def accepted(self, status: int) -> bool:
        return 200 <= status < 300

    def reported(self, record: kit.Record, status: str, at: int, error: Any) -> kit.Update:
        event = {"id": record["id"], "status": status}
        return kit.Update({**event, "why": error} if error else event, "events")

    def statuses(self, record: kit.Record) -> tuple[str, ...]:
        return ("delivered", "read")

    def console_state(self) -> list[kit.Panel]:
        controls = [
            kit.text("url", "URL", self.url),
            kit.choice("format", "Format", "form", [("form", "Form"), ("json", "JSON")]),
            kit.switch("on", "On", bool(self.url)),
            kit.button("save", "Save", lead=True),
            kit.secret("password", "Password"),
            kit.shown("key", "API key", self.config.key, hidden=True),
            kit.shown("number", "Number", self.config.numbers[0]),
            kit.button("show", "Show"),
            kit.listed("all", "Numbers", ["Number"], [[n] for n in self.config.numbers]),
        ]
        return [kit.Panel("hooks", "Webhook", "Settings › Webhook", controls)]

    async def console_act(self, panel: str, button: str, values: dict[str, Any]) -> kit.Done:
        if button == "show":
            if values["password"] != self.config.password:
                raise SentenceError(Sentence("relay_password_wrong"))
            return kit.Done(Sentence("relay_key_shown"), {"key": self.config.key})
        self.url = values["url"]
        self.books.put("url", self.url)
        return kit.Done(Sentence("relay_saved"))


def build(
    config: Config,
    clock: Clock,
    state_dir: Path | None = None,
    *,
    handsets: Handsets | None = None,
) -> Relay:
    return kit.made(Relay, config, clock, state_dir, handsets)
