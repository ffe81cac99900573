"""What an emulated WhatsApp Business account is made of: one JSON file, or the struct itself.

All times are milliseconds. Where the emulator is kinder or harsher than Meta on purpose there is a
switch here, so that a test can have it both ways.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from dragoman.emulators import kit
from dragoman.emulators.kit import Batching as Batching

MESSAGING = "whatsapp_business_messaging"
MANAGEMENT = "whatsapp_business_management"
SCOPES = (MANAGEMENT, MESSAGING)


class Number(msgspec.Struct, kw_only=True):
    """A business phone number. `display` is E.164 digits without `+`; `title` is its verified
    name. `registered` false makes every send end in 133010."""

    phone_number_id: str
    display: str
    title: str
    registered: bool = True


class Token(msgspec.Struct, kw_only=True):
    """An access token. `expires_at` in Unix milliseconds of business time, 0 is never; `issued_at`
    likewise. `wabas` lists the accounts it may touch; None means the configured one. `invalid`:
    the subcode with which the person ended it (460, 467)."""

    token: str
    scopes: tuple[str, ...] = SCOPES
    expires_at: int = 0
    wabas: tuple[str, ...] | None = None
    kind: Literal["SYSTEM_USER", "USER"] = "SYSTEM_USER"
    issued_at: int = 1_767_225_600_000
    invalid: int = 0


class Delays(kit.Delays, kw_only=True):
    held_ms: int = 3000
    template_review_ms: int = 2000


class Rates(kit.Rates, kw_only=True):
    """The pair allowance refills one message each 6 seconds; management calls are an hour's.

    Source: Meta, "Throughput" and "About the platform" (2026).
    """

    management_per_hour: int = 5000


class Rules(kit.Rules, kw_only=True):
    """The state of the account and of people, as far as it decides an answer.

    hold_templates: template name to `release` or `drop`, the end of its quality assessment.
    identity_hashes: person to the current identity key hash.
    """

    stopped_marketing: list[str] = msgspec.field(default_factory=list)
    capped_marketing: list[str] = msgspec.field(default_factory=list)
    in_experiment: list[str] = msgspec.field(default_factory=list)
    identity_hashes: dict[str, str] = msgspec.field(default_factory=dict)
    allowed_recipients: list[str] | None = None
    hold_templates: dict[str, Literal["release", "drop"]] = msgspec.field(default_factory=dict)
    account_locked: bool = False
    maintenance: bool = False
    name_not_approved: bool = False
    no_payment_method: bool = False
    payments_terms_missing: bool = False
    marketing_disabled: bool = False
    direct_send: bool = True
    require_appsecret_proof: bool = False


class EmulatorConfig(kit.PartnerConfig, kw_only=True):
    """Everything the emulator is built from. Defaults are a usable demo account.

    callback_url: where webhooks go. Empty: nowhere, until the app and the account are subscribed
        through the Graph calls, as at Meta. Set: both are taken as done.
    bare_numbers: what a `to` without `+` means. `documented` puts the business number's country
        code before it, as Meta's page says; `practice` leaves digits alone that can be a whole
        international number.
    trace_seed: fixed `fbtrace_id`s, for tests that compare whole bodies.
    redirect_uris: *Valid OAuth Redirect URIs*: the dialog opens for these, letter by letter.
    """

    ADDRESS = "graph_url"

    app_id: str = "634974688087057"
    app_name: str = "Tea shop app"
    app_secret: str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
    waba_id: str = "102290129340398"
    waba_name: str = "Tea shop"
    numbers: list[Number] = msgspec.field(
        default_factory=lambda: [
            Number(phone_number_id="106540352242922", display="12025550100", title="Tea shop")
        ]
    )
    tokens: list[Token] = msgspec.field(default_factory=lambda: [Token(token="demo-access-token")])
    callback_url: str = ""
    verify_token: str = ""
    webhook_version: str = "v26.0"
    graph_oldest_version: str = "v21.0"
    graph_max_version: str = "v26.0"
    delays: Delays = msgspec.field(default_factory=Delays)
    templates: list[dict[str, Any]] | None = None
    rules: Rules = msgspec.field(default_factory=lambda: Rules(not_on_whatsapp=["12025550199"]))
    rates: Rates = msgspec.field(default_factory=Rates)
    normalise: tuple[Literal["BR", "MX", "AR"], ...] = ("BR", "MX", "AR")
    bare_numbers: Literal["documented", "practice"] = "documented"
    service_price_from: int = 1_790_812_800_000  # 1 Oct 2026: service messages are priced
    free_service_messages: int = 1000
    trace_seed: str = ""
    redirect_uris: list[str] = msgspec.field(default_factory=list)
    prefix: str = "/emulated/cloud-api"

    def about(self) -> list[tuple[str, str]]:
        number = self.numbers[0]
        return [
            ("Phone number id", f"{number.phone_number_id} (+{number.display})"),
            ("Access token", self.tokens[0].token),
            ("App secret", self.app_secret),
            ("App id, WABA id", f"{self.app_id}, {self.waba_id}"),
            (
                "Verify token",
                self.verify_token or "give --verify-token, or paste it in its console",
            ),
            ("Webhooks go to", self.callback_url or "nowhere yet: paste the URL in its console"),
        ]


def load(path: Path) -> EmulatorConfig:
    """Read a JSON file. Raises msgspec.ValidationError naming the field that is wrong."""
    return msgspec.json.decode(path.read_bytes(), type=EmulatorConfig)


def version_number(text: str) -> int:
    """`v26.0` → 26. Raises ValueError for anything else."""
    if not text.startswith("v"):
        raise ValueError(text)
    major, _, minor = text[1:].partition(".")
    if minor != "0":
        raise ValueError(text)
    return int(major)
