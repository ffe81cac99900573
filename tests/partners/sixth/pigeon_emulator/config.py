"""What an emulated loft is made of. All times are milliseconds."""

from __future__ import annotations

import msgspec

from dragoman.emulators import kit


class Number(msgspec.Struct, kw_only=True):
    """A business number; `display` is E.164 digits without `+`."""

    display: str
    title: str


class Template(msgspec.Struct, frozen=True):
    """`body` has {{1}}, {{2}}, … for its fills."""

    name: str
    language: str
    body: str


class Config(kit.PartnerConfig, kw_only=True):
    """Defaults are a usable demo account. retry_ms: after the list a webhook is given up."""

    numbers: list[Number] = msgspec.field(
        default_factory=lambda: [Number(display="12025550107", title="Tea shop")]
    )
    loft_key: str = "LK-DEMO00000001"
    seal: str = "oak-wren-tin-bell"
    templates: list[Template] = msgspec.field(
        default_factory=lambda: [
            Template("order_shipped", "en_US", "Hi {{1}}, your order {{2}} has shipped.")
        ]
    )
    retry_ms: tuple[int, ...] = (1_000, 10_000, 60_000)
    retry_for_ms: int = 0
    prefix: str = "/emulated/pigeon"
