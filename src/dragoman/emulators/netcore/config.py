"""What an emulated Netcore account is made of. All times are milliseconds."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from dragoman.emulators import kit


class Number(msgspec.Struct, kw_only=True):
    """A business number: digits without `+`. `source`: the id that Netcore issued for it."""

    display: str
    title: str
    source: str = ""


class Key(msgspec.Struct, kw_only=True):
    """An API key of one number. `name` is unique in the account; `once`: it was shown when it was
    made, and is not shown again."""

    number: str
    name: str
    key: str
    once: bool = False


class Delays(kit.Delays, kw_only=True):
    template_review_ms: int = 2000


class Rules(kit.Rules, kw_only=True):
    """bypass_opt_in: Netcore granted it, so nobody's opt-in is looked at. chat_is_opt_in: whoever
    wrote first counts as opted in; whether that is so at Netcore is UNSURE, so it is off."""

    bypass_opt_in: bool = False
    chat_is_opt_in: bool = False


class Config(kit.PartnerConfig, kw_only=True):
    """Everything the emulator is built from. Defaults are a usable demo account.

    password: of the account, which *Show* asks for. keys: None makes one for each number.
    incoming_url, delivery_url: where webhooks go; empty until the console is told.
    bare_emoji: text of nothing but emoji comes without type and content, as it may at Netcore.
    report_times: how reports write their time, as documented or as integrations read it.
    retry_ms: how often is not published for WhatsApp; these are growing pauses, then it is given
        up, after 60 s without an answer, as with Netcore's e-mail webhooks.
    """

    numbers: list[Number] = msgspec.field(
        default_factory=lambda: [Number(display="12025550100", title="Tea shop")]
    )
    password: str = "tea-and-biscuits"
    keys: list[Key] | None = None
    incoming_url: str = ""
    delivery_url: str = ""
    templates: list[dict[str, Any]] | None = None
    bare_emoji: bool = False
    report_times: Literal["date", "epoch"] = "date"
    delays: Delays = msgspec.field(default_factory=Delays)
    rules: Rules = msgspec.field(default_factory=lambda: Rules(not_on_whatsapp=["12025550199"]))
    batching: kit.Batching = msgspec.field(default_factory=lambda: kit.Batching(updates=10))
    webhook_timeout_ms: int = 60_000
    retry_ms: tuple[int, ...] = (2_000, 10_000, 60_000, 300_000, 1_800_000)
    retry_for_ms: int = 0
    prefix: str = "/emulated/netcore"

    def about(self) -> list[tuple[str, str]]:
        return [
            ("Numbers", ", ".join(f"+{number.display}" for number in self.numbers)),
            ("Account password", f"{self.password} (*Show* asks for it)"),
        ]
