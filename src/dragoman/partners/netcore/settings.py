"""The settings of a Netcore channel, as a value and as a form.

Source: Netcore Cloud, "WhatsApp API" and the settings pages of its CPaaS console.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from dragoman.partners import fixed_header
from dragoman.partners.contract import Field, Give

# Messages go to the newer host, consent and files to the older one, as its integrations do.
SEND_HOST = "https://cpaaswa.netcorecloud.net"
OTHER_HOST = "https://waapi.pepipost.com"


class Number(msgspec.Struct, frozen=True, omit_defaults=True):
    """One business number. api_key: of this number alone. source: what Netcore calls the sender."""

    api_key: str = ""
    source: str = ""


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    """numbers: by their digits with country code. header_name, header_value: what Netcore sends
    with each webhook; both or neither. base_url: empty for Netcore's own hosts."""

    numbers: Mapping[str, Number] = {}
    bypass_opt_in: bool = False
    priority: bool = False
    header_name: str = ""
    header_value: str = ""
    base_url: str = ""

    @property
    def send_host(self) -> str:
        return self.base_url or SEND_HOST

    @property
    def other_host(self) -> str:
        return self.base_url or OTHER_HOST

    def key_of(self, number: str) -> str:
        return self.numbers.get(number, Number()).api_key

    def source_of(self, number: str) -> str:
        """What a message names as its sender, and reports name again. Netcore takes any text, so
        without a source of its own the number says itself, which tells reports apart."""
        return self.numbers.get(number, Number()).source or number


_WEBHOOKS = "Netcore (CPaaS console) › Settings › Webhook Integration"
_KEYS = "Netcore (CPaaS console) › Settings › General Settings › Integrate API › API › Show"

NUMBER_FIELDS: tuple[Field, ...] = (
    Field(
        "api_key",
        "API Key",
        "The key of this number. Netcore hides it until you give your account password; *Create "
        "API Key* there makes a new one, which is shown once.",
        kind="secret",
        required=True,
        where_to_find=_KEYS,
    ),
    Field(
        "source",
        "Source",
        "Only where Netcore issued one for this number: reports name it. Otherwise the number is "
        "sent in its place.",
        where_to_find="the mail of the Netcore support team",
        advanced=True,
    ),
)

SETTINGS: Sequence[Field] = (
    Field(
        "numbers",
        "Phone numbers",
        "Your WhatsApp business numbers at Netcore with country code, each with its own API key.",
        kind="group",
        required=True,
        where_to_find="Netcore (CPaaS console) › WhatsApp",
        fields=NUMBER_FIELDS,
        key_label="Phone number",
        key_kind="number",
        most=20,
    ),
    Field(
        "bypass_opt_in",
        "Bypass opt-in",
        "Off: opt-in is required, as Netcore wants it. People who wrote first are opted in at "
        "Netcore before your first message, and nobody else is written to. On: nothing is asked; "
        "only where Netcore granted your account the bypass.",
        kind="switch",
        default=False,
    ),
    Field(
        "priority",
        "Priority lane",
        "Texts and templates go by Netcore's priority lane, where your account has it.",
        kind="switch",
        default=False,
        advanced=True,
    ),
    *fixed_header.fields(
        "Netcore signs nothing, but can send a header of yours with each webhook: its name, like "
        "X-Webhook-Secret. Set the same at both of Netcore's webhooks."
    ),
    Field(
        "base_url",
        "Base URL",
        "Empty for Netcore's own hosts. Change it only for an emulator.",
        kind="url",
        advanced=True,
    ),
)

GIVES: Sequence[Give] = (
    Give(
        "webhook_url",
        "Webhook URL",
        "{webhook_url}",
        f"{_WEBHOOKS} › Incoming webhook; then turn the Status switch on",
    ),
    Give(
        "delivery_url",
        "Webhook URL for delivery reports",
        "{webhook_url}",
        f"{_WEBHOOKS} › Delivery webhook, which is a second one with the same address; then turn "
        "its Status switch on",
    ),
    Give(
        "authorization",
        "Authorization header",
        "{authorization}",
        f"{_WEBHOOKS} › Webhook header of both webhooks, when an app is associated",
    ),
)
