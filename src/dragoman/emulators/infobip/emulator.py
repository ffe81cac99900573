"""One emulated Infobip account: its state, its senders, its webhooks, its API."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request

from dragoman.domain.clock import Clock
from dragoman.emulators import kit
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
from dragoman.emulators.kit.timeline import Outcome
from dragoman.emulators.phone.handsets import HandsetContact, Handsets, WireLine

from . import api, console, control, inbound, reports, senders, wire
from .calls import Sessions
from .config import ApiKey, InfobipConfig, Rules, Setup
from .line import InfobipLine
from .media import MediaStore
from .payments import Payments
from .templates import Templates

FAULTS = kit.faults_with(
    kit.SHARED_FAULTS,
    and_=(
        Fault("reorder", "Every other message of people and delivery reports are late (ms)", 600),
        Fault("credentials_expired", "Every key, password and token is refused with 401"),
        Fault("general_error", "Infobip answers 500 in its own shape"),
    ),
)


class Emulator(PartnerEmulator):
    """Built by `build`."""

    name, partner = "infobip", "Infobip"
    FAULTS = FAULTS
    METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
    ALONE = frozenset({"payment", "identity", "marketing", "template"})
    NOWHERE = "No URL is set for this, or the message does not begin with the keyword."
    WALK = console.WALK
    WALKS = console.WALKS
    GUARDS = console.GUARDS
    config: InfobipConfig
    rules: Rules
    media: MediaStore

    def __init__(
        self, config: InfobipConfig, clock: Clock, state_dir: Path | None, handsets: Handsets
    ) -> None:
        super().__init__(config, clock, state_dir, handsets)
        self.media = MediaStore(self.books, clock, config.inbound_style)
        self.sessions = Sessions()
        rate = config.rates.requests_per_second
        self.request_rate = Buckets(rate, 1000 / max(1, rate))
        self._begin()
        for sender in config.senders:
            self.connect(InfobipLine(self, sender))

    def _begin(self) -> None:
        """What the configuration says, or the books."""
        config, books = self.config, self.books
        self.senders = senders.Senders(books, config.senders)
        self.subscriptions = senders.Subscriptions(books)
        self.payments = Payments(books)
        self.waiting = reports.Waiting(books)
        self.templates = Templates(
            books, config.templates, config.business_account, self.clock.now()
        )
        made = books.get("keys") or []
        self.keys = [*config.api_keys, *(msgspec.convert(one, ApiKey) for one in made)]

    def reset(self) -> None:
        super().reset()
        self.sessions.clear()
        self.request_rate.clear()
        self._begin()

    # --- calls and webhooks ------------------------------------------------------------------

    async def serve(self, request: Request[Any, Any, Any], path: str) -> Answer:
        return await api.serve_call(self, request, path)

    def address(self, item: Item) -> str:
        return senders.route(self, item).url

    def envelope(self, items: list[Item], url: str) -> Post:
        """Results in an array, as the sender's renderer has them; events that are no reports
        travel alone, as they are."""
        route = senders.route(self, items[0])
        kind, results = items[0]["kind"], [item["update"] for item in items]
        told: dict[str, Any] = {"results": results}
        if kind in self.ALONE:
            told = results[0]
        elif kind == "inbound":
            told = self._messages(items, route)
        live = self.config.inbound_style == "live" and kind == "inbound"
        body = wire.live_bytes(told) if live else wire.json_bytes(told)
        return Post(url, body, self.proof(items[0], url, body))

    def proof(self, item: Item, url: str, body: bytes) -> dict[str, str]:
        return {"Accept": "*/*", **senders.proofs(self, senders.route(self, item), body)}

    def _messages(self, items: list[Item], route: senders.Route) -> dict[str, Any]:
        results = [item["update"] for item in items]
        form = route.setup.format if route.setup is not None else "MO_OTT_CONTACT"
        if form == "MO_MESSAGES_API_JSON":
            keyword = senders.keyword_of(self, items[0]["number"])
            return {"results": [inbound.api_result(one, keyword) for one in results]}
        if form == "MO_OTT_MSISDN":
            results = [{k: v for k, v in one.items() if k != "contact"} for one in results]
        live = self.config.inbound_style == "live"
        left = max(0, self.timeline.waiting - len(items)) if live else 0
        return {"results": results, "messageCount": len(results), "pendingMessageCount": left}

    def accepted(self, status: int) -> bool:
        """UNSURE: that any 2xx counts as taken; the documents speak of 200 only."""
        return 200 <= status < 300

    def reported(self, record: Record, status: str, at: int, error: Any) -> Update:
        if error is not None:
            record["failed"] = error
        if record["by_messages_api"]:
            if status == "read":
                return Update(reports.api_seen(record, at), "seen_api")
            return Update(reports.api_delivery(record, status, at, error), "delivery_api")
        if status == "read":
            return Update(reports.seen(record, at), "seen")
        return Update(reports.delivery(self, record, status, at, error), "delivery")

    def statuses(self, record: Record) -> tuple[str, ...]:
        reached = ("delivered", "read")
        return ("sent", *reached) if record["intermediate"] else reached

    def report(self, record: Record, status: str, in_ms: int = 0, error: Any = None) -> int:
        """With the fault reorder a delivery report may come after the seen report."""
        late = self.faults.take("reorder") if status == "delivered" else None
        return super().report(record, status, in_ms + (late.value if late else 0), error)

    def fail(self, record: Record, error: Any, in_ms: int = 0) -> None:
        """The message ends as failed; its SMS leaves then, where it has one."""
        super().fail(record, error, in_ms)
        if record["sms"]:
            item = {"effect": "sms", "id": record["id"]}
            self.timeline.add(item, in_ms + self.config.delays.failed_ms)

    def tried(self, items: list[Item], post: Post, outcome: Outcome) -> None:
        """What no webhook took can be read from the API."""
        super().tried(items, post, outcome)
        for item in items:
            kind = str(item["kind"]).removesuffix("_api")
            if kind in ("delivery", "inbound") and item["message"]:
                self._wait(item, kind, taken=outcome[0])

    def _wait(self, item: Item, kind: str, *, taken: bool) -> None:
        name = f"{item['message']}:{item['tick']}"
        if taken:
            self.waiting.drop(kind, name)
            return
        result = item["update"]
        if kind == "delivery":
            record = self.books.sent(item["message"])
            if record is None:
                return
            result = reports.pulled(record, result)
        else:
            keyword = senders.keyword_of(self, item["number"])
            if not senders.matches(keyword, result["message"]):
                return  # of the shared sender, and not for this account
            result = inbound.api_result(result, keyword)
        self.waiting.keep(kind, name, result, self.clock.now())

    def set_up(self, number: str, setup: Setup) -> None:
        """A sender's set-up changes; its keyword is told on the phone."""
        self.senders.save(number, setup)
        self.handsets.lines_changed()

    def effect(self, item: Item) -> None:
        if item["effect"] == "review":
            template = self.templates.set_status(item["template"], "APPROVED")
            if template is not None:
                control.template_event(self, template)
        elif item["effect"] == "sms":
            record = self.books.sent(item["id"])
            if record is not None:
                self._text_instead(record)

    def _text_instead(self, record: Record) -> None:
        """The SMS of a message that failed. The phone has no other app: it shows it in the chat.

        UNSURE: that `smsFailover` of the WhatsApp API makes no report of its own."""
        sms, now = record["sms"], self.clock.now()
        number, person = record["number"], record["person"]
        note = WireLine(
            at=now,
            direction="note",
            title="SMS instead",
            detail={"from": sms["from"], "to": person, "text": sms["text"]},
            number=self.key(number),
            contact=record["contact"]["id"],
            message_id=record["id"],
        )
        self.handsets.wire(note)
        self.counts["sms"] += 1
        contact = None if record["wrong"] == "destination" else self.on_phone(person)
        if contact is not None and self.key(number):
            body = {"type": "text", "text": {"body": f"SMS from {sms['from']}\n{sms['text']}"}}
            self.handsets.receive(self.key(number), contact.id, f"{record['id']}:sms", body, now)
        if record["sms_reports"]:
            told = reports.api_delivery(record, "delivered", now, None, "SMS")
            self.timeline.update(
                Update(told, "delivery_api"),
                number=number,
                lane=f"{number}:{person}",
                title="status SMS delivered",
                contact=record["contact"]["id"],
                message=record["id"],
            )

    # --- what other parts ask ----------------------------------------------------------------

    def too_many(self, endpoint: str) -> bool:
        """Takes one request from an endpoint's allowance; the fault rate_429 is none left."""
        if self.faults.take("rate_429") is not None:
            return True
        return not self.request_rate.take(endpoint, self.clock.now())

    def identity(self, contact: HandsetContact) -> dict[str, Any] | None:
        """The person's security code, where the check of identities is on for her."""
        for name in (contact.phone, contact.bsuid):
            if name in self.rules.identity_hashes:
                current = self.rules.identity_hashes[name]
                known = self.books.get(f"identity:{name}") == current
                at = wire.moment(self.clock.now())
                return {"acknowledged": known, "hash": current, "createdAt": at}
        return None

    def last_inbound(self, number: str, person: str) -> str:
        """The id of what a person last sent to a number; "" for nothing."""
        row = self.books.db.execute(
            "SELECT id FROM received WHERE number=? AND person=? ORDER BY at DESC LIMIT 1",
            (number, person),
        ).fetchone()
        return "" if row is None else str(row[0])

    def recent(self, most: int) -> list[Record]:
        """The last sends, the newest first."""
        row = self.books.db.execute("SELECT max(seq) FROM sent").fetchone()
        return self.books.all_sent(max(0, (row[0] or 0) - most))[::-1]

    def controls(self) -> Mapping[str, Act]:
        return control.CONTROLS

    def more_state(self) -> dict[str, Any]:
        hidden = {"password": "hidden", "secret": "hidden"}
        setups = {
            number: {**msgspec.to_builtins(self.senders.setup(number)), **hidden}
            for number in self.senders.all
        }
        return {"senders": setups, "subscriptions": list(self.subscriptions.all)}

    def console_state(self) -> list[Panel]:
        return console.panels(self)

    async def console_act(self, panel: str, button: str, values: dict[str, Any]) -> Done:
        return await console.act(self, panel, button, values)


def build(
    config: InfobipConfig,
    clock: Clock,
    state_dir: Path | None = None,
    *,
    handsets: Handsets | None = None,
) -> Emulator:
    """An emulator, not yet started; see `kit.made`."""
    return kit.made(Emulator, config, clock, state_dir, handsets)
