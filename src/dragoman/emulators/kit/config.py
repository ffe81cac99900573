"""What every emulated account is made of. A partner's own config adds to these.

All times are milliseconds.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from dragoman.emulators.phone.handsets import HandsetContact


class Batching(msgspec.Struct, kw_only=True):
    """Up to `updates` updates in one POST, waiting up to `within_ms` for more. 1 is off."""

    updates: int = 1
    within_ms: int = 50


class Delays(msgspec.Struct, kw_only=True):
    """When reports of a message follow its acceptance. `failed_ms` is for asynchronous failures."""

    sent_ms: int = 200
    delivered_ms: int = 700
    failed_ms: int = 1000


class Rates(msgspec.Struct, kw_only=True):
    """Messages a second of one number, and the allowance to one person: so many at once, one more
    each refill. 0 switches either off."""

    number_per_second: int = 80
    pair_refill_ms: int = 6000
    pair_burst: int = 45


class Rules(msgspec.Struct, kw_only=True):
    """The state of people as far as it decides what becomes of a send. Changed while it runs by
    POST _control/rules. People are digits or a BSUID."""

    not_on_whatsapp: list[str] = []
    blocked_us: list[str] = []

    def unreachable(self, contact: HandsetContact) -> bool:
        """Nothing reaches this person: not on WhatsApp, or has blocked the business."""
        return bool({contact.phone, contact.bsuid} & {*self.not_on_whatsapp, *self.blocked_us})


class PartnerConfig(msgspec.Struct, kw_only=True):
    """What the kit reads.

    retry_ms: pauses before the second, third, … delivery of a webhook, in real time. With
        `retry_for_ms` the last one repeats until so much business time is over; with 0 the webhook
        is given up when the list is.
    read_policy: `auto`: read when the person looks; `after`: by itself, `read_after_ms` after
        delivery; `none`: never.
    sent_log: a file that gets one JSON line for each accepted send before it is answered.
    prefix: where it is mounted, `/emulated/{partner}`.
    ADDRESS: the channel's field for where the partner answers.
    """

    ADDRESS: ClassVar[str] = "base_url"

    batching: Batching = msgspec.field(default_factory=Batching)
    delays: Delays = msgspec.field(default_factory=Delays)
    rates: Rates = msgspec.field(default_factory=Rates)
    rules: Rules = msgspec.field(default_factory=lambda: Rules(not_on_whatsapp=["12025550199"]))
    read_policy: Literal["auto", "none", "after"] = "auto"
    read_after_ms: int = 2000
    webhook_timeout_ms: int = 10_000
    retry_ms: tuple[int, ...] = (0, 2_000, 10_000, 60_000, 300_000, 1_800_000, 3_600_000)
    retry_for_ms: int = 7 * 24 * 3_600_000
    sent_log: str = ""
    prefix: str = ""

    def about(self) -> list[tuple[str, str]]:
        """What `dragoman emulate` prints of the account, beside where it is: (label, value)."""
        return []
