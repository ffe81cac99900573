"""What an emulated Infobip account is made of: one JSON file, or the struct itself.

All times are milliseconds. A fact that Infobip's documentation leaves open is a switch here where
a test may want it both ways.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import msgspec

from dragoman.emulators import kit

Format = Literal["MO_OTT_CONTACT", "MO_OTT_MSISDN", "MO_MESSAGES_API_JSON"]
_MINUTE = 60_000


def retry_pauses() -> tuple[int, ...]:
    """Infobip's push cycle: the pause after the n-th failure, n from 0, is 1 min + n² min, twenty
    times, so that the last try comes 41 h 30 min after the first.

    Source: Infobip, "Messages API" and SMS pages (2026). For WhatsApp's own webhooks it is
    inferred.
    """
    return tuple(_MINUTE * (1 + n * n) for n in range(20))


class Setup(msgspec.Struct, kw_only=True):
    """*Edit Configuration* of a sender. Empty URLs: nothing goes anywhere.

    forwarding: how the platform recognises Infobip's calls: `account` is Basic with the account's
        own username and password, `basic` another pair, `hmac` a signature of the body in the
        header `header`, made with `secret`.
    """

    keyword: str = ""
    inbound_url: str = ""
    format: Format = "MO_OTT_CONTACT"
    delivery_url: str = ""
    seen_url: str = ""
    forwarding: Literal["none", "account", "basic", "hmac"] = "none"
    username: str = ""
    password: str = ""
    secret: str = ""
    algorithm: str = "HMAC_SHA_256"
    header: str = "X-Hub-Signature"


class Sender(msgspec.Struct, kw_only=True):
    """A WhatsApp sender; `number` is its digits. `shared` is the test sender of all trial
    accounts: a text reaches this account only when it begins with the keyword, or with the
    username where no keyword is set."""

    number: str
    title: str
    shared: bool = False
    setup: Setup = msgspec.field(default_factory=Setup)


class ApiKey(msgspec.Struct, kw_only=True):
    """`scopes` None is all of them; `expires_at` in business time, 0 is never."""

    key: str
    name: str = ""
    scopes: tuple[str, ...] | None = None
    expires_at: int = 0


class Delays(kit.Delays, kw_only=True):
    template_review_ms: int = 2000


class Rates(kit.Rates, kw_only=True):
    """`requests_per_second` is an endpoint's own limit (429); what Meta allows a number and a pair
    comes later, as 7017."""

    requests_per_second: int = 4000


class Rules(kit.Rules, kw_only=True):
    """The state of the account and of people, as far as it decides an answer.

    verified_recipients: a trial account's; None is no trial.
    identity_hashes: person to the current security code hash, for the identity check.
    phones_off: people whose phones stay off until a message's time is over.
    bad_flows: ids of flows that are deprecated, blocked or throttled.
    """

    stopped_marketing: list[str] = msgspec.field(default_factory=list)
    capped_marketing: list[str] = msgspec.field(default_factory=list)
    verified_recipients: list[str] | None = None
    identity_hashes: dict[str, str] = msgspec.field(default_factory=dict)
    phones_off: list[str] = msgspec.field(default_factory=list)
    bad_flows: list[str] = msgspec.field(default_factory=list)
    unregistered_senders: list[str] = msgspec.field(default_factory=list)
    no_credit: bool = False
    tier_used_up: bool = False
    media_by_redirect: bool = False


class InfobipConfig(kit.PartnerConfig, kw_only=True):
    """Everything the emulator is built from. Defaults are a usable demo account.

    inbound_style: `live`: as captured from live traffic in 2026 (nulls written out, opaque ids);
        `documented`: as the documentation's examples (absent instead of null, `wamid.` ids).
    signature_case: the letters of the hex signature; not confirmed which Infobip uses.
    intermediate_reports: push *delivered to operator* too; not confirmed for WhatsApp.
    """

    username: str = "tea.shop"
    password: str = "demo-infobip-password"
    api_keys: list[ApiKey] = msgspec.field(
        default_factory=lambda: [
            ApiKey(key="de30de30de30de30de30de30de30de30-de30de30-0000-4000-8000-0000000000de")
        ]
    )
    senders: list[Sender] = msgspec.field(
        default_factory=lambda: [
            Sender(number="447700900100", title="Tea shop"),
            Sender(number="447700900188", title="Test sender", shared=True),
        ]
    )
    business_account: int = 222333444
    currency: str = "EUR"
    price: float = 0.0417
    balance: float = 47.79
    inbound_style: Literal["live", "documented"] = "live"
    signature_case: Literal["lower", "upper"] = "lower"
    intermediate_reports: bool = False
    delays: Delays = msgspec.field(default_factory=Delays)
    rates: Rates = msgspec.field(default_factory=Rates)
    rules: Rules = msgspec.field(default_factory=lambda: Rules(not_on_whatsapp=["12025550199"]))
    templates: list[dict[str, Any]] | None = None
    retry_ms: tuple[int, ...] = msgspec.field(default_factory=retry_pauses)
    retry_for_ms: int = 0
    prefix: str = "/emulated/infobip"


def load(path: Path) -> InfobipConfig:
    """Read a JSON file. Raises msgspec.ValidationError naming the field that is wrong."""
    return msgspec.json.decode(path.read_bytes(), type=InfobipConfig)
