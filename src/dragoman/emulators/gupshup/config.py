"""What an emulated Gupshup account is made of. All times are milliseconds.

Where the emulator is kinder or harsher than Gupshup on purpose, or where nobody knows, there is a
switch here or in the rules.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from dragoman.emulators import kit

Dialect = Literal["enterprise", "access", "v3"]


class Delays(kit.Delays, kw_only=True):
    """access_ms: how long the Access API holds every event back, so that the sender can keep the
    id first. Source: Gupshup, "Message events"."""

    access_ms: int = 5000


class Rates(kit.Rates, kw_only=True):
    """Gupshup publishes no figure; integrators hold back to 30 messages a second for each app."""

    number_per_second: int = 30


class Rules(kit.Rules, kw_only=True):
    """The state of the account and of people. Changed while it runs by POST _control/rules.

    opt_in_needed: templates go to people only who are recorded as opted in.
    writing_opts_in: whoever writes counts as opted in, unless recorded as opted out. Not known.
    templates_off: template messages are switched off for the account (1004).
    wallet_empty: the balance is too low (1003).
    failing: person to a code of the Access API's table, with which messages to them fail.
    """

    opt_in_needed: bool = True
    writing_opts_in: bool = True
    templates_off: bool = False
    wallet_empty: bool = False
    failing: dict[str, str] = msgspec.field(default_factory=dict)


class Config(kit.PartnerConfig, kw_only=True):
    """Everything the emulator is built from. Defaults are a usable demo account.

    number: the issued number, digits with country code. app_name: "" is an account without an app:
        nothing is issued before *Create App* and *Go Live*.
    waba_id, user_id, password: the two-way account; either id signs in. hsm_user_id, hsm_password:
        a second account for templates and opt-in; without it the first does both.
    secret: what else than the password may stand after `Bearer`.
    callback_url, dialect, form, events: as the console leaves them, for tests.
    signature_ms: how long the address of a person's file is good. Not published.
    sender_mask: `srcAddr` of Enterprise's reports.
    retry_ms: Gupshup says "after a brief interval", not how often.
    """

    number: str = "12025550100"
    title: str = "Tea shop"
    app_name: str = "TeaShop"
    waba_id: str = "104500000000321"
    user_id: str = "2000000321"
    password: str = "tea-shop-password"
    hsm_user_id: str = ""
    hsm_password: str = ""
    secret: str = ""
    api_key: str = "4f6c1d2e8b7a49308e5d6c7b8a9f0e1d"
    app_id: str = "82ed0000-0000-4000-8000-000000000321"
    app_token: str = "sk_3f2e1d0c9b8a7f6e5d4c3b2a19080716"
    portal_email: str = "shop@tea.example"
    portal_secret: str = "tea-portal-secret"
    callback_url: str = ""
    dialect: Dialect = "enterprise"
    form: bool = False
    events: tuple[str, ...] = ("enqueued", "failed")
    sender_mask: str = "SDTEXT"
    signature_ms: int = 3_600_000
    templates: list[dict[str, Any]] | None = None
    delays: Delays = msgspec.field(default_factory=Delays)
    rates: Rates = msgspec.field(default_factory=Rates)
    rules: Rules = msgspec.field(default_factory=lambda: Rules(not_on_whatsapp=["12025550199"]))
    retry_ms: tuple[int, ...] = (5_000, 30_000, 120_000)
    retry_for_ms: int = 0
    prefix: str = "/emulated/gupshup"
