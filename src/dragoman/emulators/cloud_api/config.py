"""What an emulated WhatsApp Business account is made of: one JSON file, or the struct itself.

All times are milliseconds. Where the emulator is kinder or harsher than Meta on purpose there is a
switch here, so that a test can have it both ways.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

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
    """An access token. `expires_at` in Unix milliseconds of business time, 0 is never. `wabas`
    lists the accounts it may touch; None means the configured one."""

    token: str
    scopes: tuple[str, ...] = SCOPES
    expires_at: int = 0
    wabas: tuple[str, ...] | None = None


class Batching(msgspec.Struct, kw_only=True):
    """Up to `updates` updates in one POST, waiting up to `within_ms` for more. 1 is off."""

    updates: int = 1
    within_ms: int = 50


class Delays(msgspec.Struct, kw_only=True):
    """When reports of a message follow its acceptance. `failed_ms` is for asynchronous failures."""

    sent_ms: int = 200
    delivered_ms: int = 700
    failed_ms: int = 1000
    held_ms: int = 3000
    template_review_ms: int = 2000


class Rates(msgspec.Struct, kw_only=True):
    """Messages a second of one number, the allowance to one person, and management calls an hour.

    The pair allowance refills one message each 6 seconds. Benches switch each off with 0.
    Source: Meta, "Throughput" and "About the platform" (2026).
    """

    number_per_second: int = 80
    pair_refill_ms: int = 6000
    pair_burst: int = 45
    management_per_hour: int = 5000


class Rules(msgspec.Struct, kw_only=True):
    """The state of the account and of people, as far as it decides an answer. Changed while it
    runs by POST _control/rules with any of these names. People are digits or a BSUID.

    hold_templates: template name to `release` or `drop`, the end of its quality assessment.
    identity_hashes: person to the current identity key hash.
    """

    not_on_whatsapp: list[str] = []
    blocked_us: list[str] = []
    stopped_marketing: list[str] = []
    capped_marketing: list[str] = []
    in_experiment: list[str] = []
    identity_hashes: dict[str, str] = {}
    allowed_recipients: list[str] | None = None
    hold_templates: dict[str, Literal["release", "drop"]] = {}
    account_locked: bool = False
    maintenance: bool = False
    name_not_approved: bool = False
    no_payment_method: bool = False
    payments_terms_missing: bool = False
    marketing_disabled: bool = False
    direct_send: bool = True
    require_appsecret_proof: bool = False


class EmulatorConfig(msgspec.Struct, kw_only=True):
    """Everything the emulator is built from. Defaults are a usable demo account.

    callback_url: where webhooks go. Empty: nowhere, until the app and the account are subscribed
        through the Graph calls, as at Meta. Set: both are taken as done.
    retry_ms: pauses before the second, third, … delivery of a webhook; the last one repeats until
        `retry_for_ms` of business time are over. Real seconds, so shorten them in tests.
    bare_numbers: what a `to` without `+` means. `documented` puts the business number's country
        code before it, as Meta's page says; `practice` leaves digits alone that can be a whole
        international number.
    trace_seed: fixed `fbtrace_id`s, for tests that compare whole bodies.
    sent_log: a file that gets one JSON line for each accepted send before it is answered.
    """

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
    batching: Batching = msgspec.field(default_factory=Batching)
    delays: Delays = msgspec.field(default_factory=Delays)
    read_policy: Literal["auto", "none", "after"] = "auto"
    read_after_ms: int = 2000
    webhook_timeout_ms: int = 10_000
    retry_ms: tuple[int, ...] = (0, 2_000, 10_000, 60_000, 300_000, 1_800_000, 3_600_000)
    retry_for_ms: int = 7 * 24 * 3_600_000
    templates: list[dict[str, Any]] | None = None
    rules: Rules = msgspec.field(default_factory=lambda: Rules(not_on_whatsapp=["12025550199"]))
    rates: Rates = msgspec.field(default_factory=Rates)
    normalise: tuple[Literal["BR", "MX", "AR"], ...] = ("BR", "MX", "AR")
    bare_numbers: Literal["documented", "practice"] = "documented"
    service_price_from: int = 1_790_812_800_000  # 1 Oct 2026: service messages are priced
    free_service_messages: int = 1000
    trace_seed: str = ""
    sent_log: str = ""
    prefix: str = "/emulated/cloud-api"


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
