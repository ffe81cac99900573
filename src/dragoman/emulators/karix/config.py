"""What an emulated Karix account is made of. All times are milliseconds."""

from __future__ import annotations

import msgspec

from dragoman.emulators import kit

from .templates import Template


class Number(msgspec.Struct, kw_only=True):
    """A business number: what stands in *From*. `display` is E.164 digits without `+`."""

    display: str
    title: str


class Config(kit.PartnerConfig, kw_only=True):
    """Everything the emulator is built from. Defaults are a usable demo account.

    vendor, account_key, numbers: what the support team hands over; keys are sixteen bytes in base
        64. numbers: the first one is *From*.
    webhook_url, webhook_dn_id: what support has configured from the start. Without an address
        nothing arrives until it is set in the console.
    templates: those that are registered; None for the demo's.
    caption_key: where a file's caption stands. UNSURE: no integration reads one.
    retry_ms: UNSURE: Karix publishes no schedule; after the list a webhook is given up.
    """

    vendor: str = "Tanla"
    account_key: str = "ZGVtby1rYXJpeC1rZXktMQ=="
    numbers: list[Number] = msgspec.field(
        default_factory=lambda: [Number(display="12025550100", title="Tea shop")]
    )
    webhook_url: str = ""
    webhook_dn_id: str = "1001"
    templates: list[Template] | None = None
    caption_key: str = "caption"
    retry_ms: tuple[int, ...] = (5_000, 30_000, 300_000)
    retry_for_ms: int = 0
    prefix: str = "/emulated/karix"
