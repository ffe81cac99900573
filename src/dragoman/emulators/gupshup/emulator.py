"""One emulated Gupshup account: its state, its number, its webhooks, its three APIs."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Request

from dragoman.domain.clock import Clock
from dragoman.emulators import kit
from dragoman.emulators.kit import (
    Act,
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

from . import access, console, control, enterprise, reports, v3, wire
from .account import Account, opened
from .checks import Refusal
from .config import Config, Rules
from .line import GupshupLine
from .templates import Templates

BATCH = 20  # reports in one POST, at most
FAULTS = kit.faults_with(
    kit.SHARED_FAULTS,
    and_=(Fault("key_refused", "Password, API key and token are refused, as after a change"),),
)


class Emulator(PartnerEmulator):
    """Built by `build`."""

    name, partner = "gupshup", "Gupshup"
    FAULTS = FAULTS
    METHODS = ("GET", "POST", "PUT")
    ALONE = frozenset({"message", "v2", "v3"})
    WALK = console.WALK
    WALKS = console.WALKS
    NOWHERE = "No callback URL is set in Gupshup's console, or the event is switched off there."
    config: Config
    rules: Rules

    def __init__(
        self, config: Config, clock: Clock, state_dir: Path | None, handsets: Handsets
    ) -> None:
        if config.batching.updates > BATCH:
            batching = msgspec.structs.replace(config.batching, updates=BATCH)
            config = msgspec.structs.replace(config, batching=batching)
        super().__init__(config, clock, state_dir, handsets)
        self.number = config.number
        self.portal_token = secrets.token_urlsafe(24)
        self._file_key = secrets.token_hex(16)
        self._begin()
        self.connect(GupshupLine(self, config.number, config.number, config.title))

    def _begin(self) -> None:
        """What the configuration says, or the books."""
        self.account: Account = opened(self.books, self.config)
        self.templates = Templates(self.config.templates)
        self.consent: dict[str, bool] = self.books.get("consent") or {}
        self.settled: list[str] = self.books.get("settled") or []

    def reset(self) -> None:
        super().reset()
        self._begin()

    # --- the account -------------------------------------------------------------------------

    @property
    def live(self) -> bool:
        return self.account.live

    @property
    def app_name(self) -> str:
        return self.account.app_name

    @property
    def app_id(self) -> str:
        return self.account.app_id

    def keep(self, account: Account) -> None:
        self.account = account
        self.books.put("account", msgspec.to_builtins(account))

    def accounts(self) -> dict[str, list[str]]:
        """Enterprise's user ids, and what each signs in with. The WABA id is one of them: that is
        not confirmed, but it is all that the dashboard shows."""
        if not self.live:
            return {}
        config, more = self.config, [self.config.secret] if self.config.secret else []
        both = {config.waba_id: config.password, config.user_id: config.password}
        both |= {config.hsm_user_id: config.hsm_password}
        return {key: [password, *more] for key, password in both.items() if key}

    def consents(self, digits: str, agreed: bool) -> None:
        """Record that a person opted in or out."""
        found = self.people.by_phone(digits)
        self.consent[digits if found is None else kit.person_key(found)] = agreed
        self.books.put("consent", self.consent)

    def settle(self, reference: str) -> None:
        """A bill is paid."""
        self.settled.append(reference)
        self.books.put("settled", self.settled)

    # --- calls and webhooks ------------------------------------------------------------------

    async def serve(self, request: Request[Any, Any, Any], path: str) -> Answer:
        fault = await self.service_fault()
        if path.rstrip("/") == "/GatewayAPI/rest":
            return await enterprise.serve(self, request, fault)
        if path.startswith("/partner/"):
            return await v3.serve(self, request, path, fault)
        if path.startswith("/inbound/"):
            return self._signed_file(request, path.removeprefix("/inbound/"))
        return await access.serve(self, request, path, fault)

    def address(self, item: Item) -> str:
        """One callback for everything; of the Access API's and v3's events, those that are on."""
        account = self.account
        event = item.get("event") or item["tick"]
        off = item["kind"] in ("v2", "v3") and event and event not in account.events
        if off or not (account.live and account.linked):
            return ""
        return account.callback_url

    def envelope(self, items: list[Item], url: str) -> Post:
        bodies = [item["update"] for item in items]
        kind, value = items[0]["kind"], bodies[0]
        if kind == "report":
            value = {"response": wire.compact(bodies)}
        elif kind == "v3":
            value = self._meta(value)
        if self.account.form and kind in ("message", "report"):
            form = urlencode(value).encode()
            mime = "application/x-www-form-urlencoded"
            return Post(url, form, self._headers(), content_type=mime)
        return Post(url, wire.compact(value).encode(), self._headers())

    def _meta(self, value: dict[str, Any]) -> dict[str, Any]:
        entry: dict[str, Any] = {"changes": [{"field": "messages", "value": value}]}
        if "metadata" in value:
            entry["id"] = self.config.waba_id
        return {
            "entry": [entry],
            "gs_app_id": self.app_id,
            "object": "whatsapp_business_account",
        }

    def _headers(self) -> dict[str, str]:
        headers = {"User-Agent": "Gupshup", "Accept": "*/*"}
        authorization = self.authorization()
        return {**headers, "Authorization": authorization} if authorization else headers

    def authorization(self) -> str:
        """The header of every webhook: the token signed for the app, else what stands there."""
        account = self.account
        if account.client_id and account.client_secret:
            return wire.token(account.client_id, account.client_secret)
        return account.header

    def accepted(self, status: int) -> bool:
        return 200 <= status < 300

    def reported(self, record: Record, status: str, at: int, error: Any) -> Update:
        return reports.reported(self, record, status, at, error)

    def report(self, record: Record, status: str, in_ms: int = 0, error: Any = None) -> int:
        """The Access API holds its events back."""
        return super().report(record, status, in_ms + self._held(record), error)

    def _held(self, record: Record) -> int:
        return self.config.delays.access_ms if record["dialect"] == "access" else 0

    def enqueued(self, record: Record) -> None:
        """Gupshup's own first report, of the Access API and of v3."""
        pause = self._held(record)
        self.timeline.update(
            reports.enqueued(self, record, self.clock.now() + pause),
            number=record["number"],
            lane=f"{record['number']}:{record['person']}",
            in_ms=pause,
            title="status enqueued",
            contact=record["contact"]["id"],
            event="enqueued",
        )

    def statuses(self, record: Record) -> tuple[str, ...]:
        """As with Meta, a reaction is only ever reported as sent."""
        return ("sent",) if record["kind"] == "reaction" else ("sent", "delivered", "read")

    # --- files -------------------------------------------------------------------------------

    def media_known(self, media_id: str) -> bool:
        return self.media.known(media_id, self.number)

    def signed(self, media_id: str) -> tuple[str, str]:
        """The address of a person's file, and the signature that belongs behind it."""
        until = self.clock.now() + self.config.signature_ms
        signature = wire.file_signature(self._file_key, media_id, until)
        return f"{self.base_url}/inbound/{media_id}", f"?until={until}&sig={signature}"

    def _signed_file(self, request: Request[Any, Any, Any], media_id: str) -> Answer:
        query = dict(parse_qsl(request.scope["query_string"].decode("utf-8", "replace")))
        until = query.get("until", "")
        good = until.isascii() and until.isdigit() and int(until) >= self.clock.now()
        if good:
            right = wire.file_signature(self._file_key, media_id, int(until))
            good = secrets.compare_digest(query.get("sig", "").encode(), right.encode())
        try:
            if not good:
                raise Refusal("file_gone")
            return self.open_file(media_id)
        except Refusal as refusal:
            return access.refused(self, refusal)

    def open_file(self, media_id: str) -> Answer:
        """Raises Refusal."""
        stored = self.media.load(media_id, self.number)
        if stored is None:
            raise Refusal("file_gone")
        return Answer(stored.data, mime=stored.mime)

    # --- what other parts ask ----------------------------------------------------------------

    def controls(self) -> Mapping[str, Act]:
        return control.CONTROLS

    def more_state(self) -> dict[str, Any]:
        told: dict[str, Any] = msgspec.to_builtins(self.account)
        told |= {name: "hidden" for name in ("client_secret", "header") if told[name]}
        return {"account": told, "consent": self.consent, "settled": self.settled}

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
