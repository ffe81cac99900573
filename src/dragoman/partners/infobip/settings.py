"""The settings of an Infobip channel, as a value and as a form.

The fields on top are the first account, as most channels have one; further ones have a name each.

Source: Infobip, "API authentication", "Webhooks", "Subscriptions management" (2026).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from dragoman.partners.contract import Field, Give

Dialect = Literal["whatsapp", "messages"]
Check = Literal["none", "account", "own", "hmac"]

DIALECTS: Sequence[tuple[str, str]] = (
    ("whatsapp", "WhatsApp outbound API"),
    ("messages", "Messages API, with SMS failover"),
)
CHECKS: Sequence[tuple[str, str]] = (
    ("none", "None"),
    ("account", "The same username and password"),
    ("own", "A username and password of its own"),
    ("hmac", "HMAC: each body is signed with a secret"),
)
# Infobip's word → Python's.
ALGORITHMS: Mapping[str, str] = {
    "HMAC_SHA_256": "sha256",
    "HMAC_SHA_384": "sha384",
    "HMAC_SHA_512": "sha512",
    "HMAC_SHA_224": "sha224",
    "HMAC_SHA_1": "sha1",
    "HMAC_MD5": "md5",
}
# NOT CONFIRMED: Infobip's pages say that the header's name depends on the account.
HMAC_HEADER = "X-Hub-Signature"
# NOT CONFIRMED for bills that name no type: news of an order must name how it is paid.
ORDER_PAYMENTS = (
    "UPI_INTENT", "UPI_LINK", "UPI_PAYU", "PG_PAYU", "PG_RAZORPAY", "BRAZIL", "BRAZIL_PIX_DC",
    "BRAZIL_LINK", "BRAZIL_BOLETO", "BRAZIL_PAYMENTS",
)  # fmt: skip
EXAMPLE_HOST = "xxxxx.api.infobip.com"
MOST_ACCOUNTS = 10


class Account(msgspec.Struct, frozen=True, omit_defaults=True):
    """One Infobip account. name: empty for the one that the form's own fields describe, which the
    channel's own switches hold for. numbers: digits with country code. An API key is used rather
    than the username and password. proactive: whether the business may write first from its
    numbers. enabled: whether they are answered and sent from."""

    name: str = ""
    numbers: tuple[str, ...] = ()
    base_url: str = ""
    username: str = ""
    password: str = ""
    api_key: str = ""
    proactive: bool = True
    enabled: bool = True

    @property
    def authorization(self) -> str:
        """The header of our calls."""
        if self.api_key:
            return f"App {self.api_key}"
        pair = f"{self.username}:{self.password}".encode()
        return "Basic " + base64.b64encode(pair).decode()

    @property
    def has_login(self) -> bool:
        return bool(self.api_key or (self.username and self.password))

    @property
    def about(self) -> str:
        """For people: its name, or its host where it has none."""
        return f"the account {self.name or self.base_url.partition('://')[2] or 'the first'}"


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    """keyword: what people write first on Infobip's shared sandbox number. check: what guards our
    webhooks, with the values that it needs. sms_sender: who texts fall back to, empty for no SMS;
    sms_after: minutes until then. pull_reports: fetch reports as well."""

    dialect: Dialect = "whatsapp"
    accounts: tuple[Account, ...] = ()
    keyword: str = ""
    check: Check = "none"
    check_username: str = ""
    check_password: str = ""
    hmac_secret: str = ""
    hmac_header: str = HMAC_HEADER
    hmac_algorithm: str = "HMAC_SHA_256"
    sms_sender: str = ""
    sms_after: int = 10
    order_payment: str = ORDER_PAYMENTS[0]
    pull_reports: bool = False

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(number for account in self.accounts for number in account.numbers)


def account_of(settings: Settings, number: str) -> Account:
    """The account that a number belongs to; the first one for a number that none lists any more."""
    for account in settings.accounts:
        if number in account.numbers:
            return account
    return settings.accounts[0] if settings.accounts else Account()


_PORTAL = "Infobip portal › Channels and Numbers › WhatsApp"
_SENDERS = f"{_PORTAL} › Senders"

# The fields of one account, on top of the form and in the list of further ones alike.
ACCOUNT_FIELDS: tuple[Field, ...] = (
    Field(
        "numbers",
        "Phone numbers",
        "The WhatsApp numbers (senders) of this account, each with + and country code. A person is "
        "answered from the number that they wrote to. At most 20 over all accounts.",
        kind="numbers",
        required=True,
        where_to_find=_SENDERS,
    ),
    Field(
        "base_url",
        "Base URL",
        f"Your account's own host, like {EXAMPLE_HOST}; with or without https://.",
        kind="url",
        required=True,
        where_to_find=f"{_PORTAL} › Overview › Connect, or the portal's home page",
    ),
    Field(
        "username",
        "Username",
        "The username of the Infobip account holder. Not needed with an API key.",
        where_to_find="Infobip portal › your login",
    ),
    Field(
        "password",
        "Password",
        "Belongs to the username. Not needed with an API key.",
        kind="secret",
        where_to_find="Infobip portal › your login",
    ),
    Field(
        "api_key",
        "API key",
        "Used instead of username and password, and better: it can be limited and replaced. It "
        "needs the scopes message:send and whatsapp:manage.",
        kind="secret",
        where_to_find="Infobip portal › Developer tools › API keys",
    ),
)

# What only further accounts have: for the first, and for all of them, the channel's own hold.
SWITCHES: tuple[Field, ...] = (
    Field(
        "proactive",
        "Proactive notifications",
        "Whether the business may write first from the numbers of this account, where the channel "
        "lets it at all.",
        kind="switch",
        default=True,
    ),
    Field(
        "enabled",
        "Account enabled",
        "Off, messages to the numbers of this account are kept and not answered, nothing is sent "
        "from them, and its login is not used; what is queued waits.",
        kind="switch",
        default=True,
    ),
)

SETTINGS: Sequence[Field] = (
    Field(
        "dialect",
        "Infobip API",
        "Which API messages are sent with. What the Messages API does not carry goes by the "
        "WhatsApp outbound API all the same.",
        kind="choice",
        default="whatsapp",
        choices=tuple(DIALECTS),
    ),
    *ACCOUNT_FIELDS,
    Field(
        "accounts",
        "Further accounts",
        "Other Infobip accounts of this app, each with a name, its numbers, its Base URL and its "
        "login.",
        kind="group",
        fields=(*ACCOUNT_FIELDS, *SWITCHES),
        key_label="Account name",
        most=MOST_ACCOUNTS,
        advanced=True,
    ),
    Field(
        "keyword",
        "Sandbox keyword",
        "Only for Infobip's shared test number, where people write the keyword first (*Platform "
        "Hi*). It is taken off before the agent reads the text, on every number of the channel: a "
        "number of your own needs none, so give the test number a channel of its own.",
        where_to_find=f"{_PORTAL} › Overview › Connect, and {_SENDERS} › ⋯ › Edit Configuration",
    ),
    Field(
        "check",
        "Check of webhooks",
        "How we know that a webhook comes from Infobip; the same must be set at Infobip.",
        kind="choice",
        default="none",
        choices=tuple(CHECKS),
        where_to_find="Infobip portal › Developer tools › Subscriptions Management › Security",
        guards=True,
    ),
    Field(
        "check_username",
        "Username of webhooks",
        "What Infobip signs its webhooks in with.",
        required=True,
        where_to_find="made by you; paste the same at Infobip",
        only_if=("check", ("own",)),
        guards=True,
    ),
    Field(
        "check_password",
        "Password of webhooks",
        "Belongs to the username of webhooks.",
        kind="secret",
        required=True,
        where_to_find="made by you; paste the same at Infobip",
        only_if=("check", ("own",)),
        guards=True,
    ),
    Field(
        "hmac_secret",
        "HMAC secret",
        "The secret key that Infobip signs the body of each webhook with.",
        kind="secret",
        required=True,
        where_to_find="made by you; paste the same at Infobip as the secret key",
        only_if=("check", ("hmac",)),
        guards=True,
    ),
    Field(
        "hmac_header",
        "HMAC header",
        "The name of the header that carries the signature.",
        default=HMAC_HEADER,
        where_to_find="the headers of a webhook of yours, or your contact at Infobip",
        only_if=("check", ("hmac",)),
        guards=True,
    ),
    Field(
        "hmac_algorithm",
        "HMAC algorithm",
        "The same as at Infobip.",
        kind="choice",
        default="HMAC_SHA_256",
        choices=tuple((name, name) for name in ALGORITHMS),
        only_if=("check", ("hmac",)),
        advanced=True,
        guards=True,
    ),
    Field(
        "sms_sender",
        "SMS sender",
        "Who the SMS comes from that is sent where WhatsApp does not reach the person in time. "
        "Empty for no SMS.",
        where_to_find="Infobip portal › Channels and Numbers › SMS › Senders",
        only_if=("dialect", ("messages",)),
    ),
    Field(
        "sms_after",
        "Minutes until the SMS",
        "How long WhatsApp has before the SMS is sent; from 1 to 2,880.",
        default="10",
        only_if=("dialect", ("messages",)),
        advanced=True,
    ),
    Field(
        "order_payment",
        "Payment of orders",
        "What the payment of your bills is called at Infobip; news of an order must name it.",
        kind="choice",
        default=ORDER_PAYMENTS[0],
        choices=tuple((name, name) for name in ORDER_PAYMENTS),
        advanced=True,
    ),
    Field(
        "pull_reports",
        "Fetch reports",
        "Ask Infobip for delivery reports as well as taking its webhooks. Infobip hands each "
        "report out once, so nobody else may ask for the same account's.",
        kind="switch",
        default=False,
        advanced=True,
    ),
)

GIVES: Sequence[Give] = (
    Give(
        "webhook_url",
        "Webhook URL",
        "{webhook_url}",
        f"{_SENDERS} › ⋯ › Edit Configuration › URL for incoming messages, once for each number; "
        "and for delivery and seen reports Infobip portal › Developer tools › Subscriptions "
        "Management, as the URL of a WhatsApp subscription with the events DELIVERY, SEEN, "
        "TEMPLATE_UPDATE and PAYMENT_STATUS",
    ),
    Give(
        "authorization",
        "Authorization header",
        "{authorization}",
        "a header of every webhook, under Subscriptions Management › Profile › Headers, when an "
        "app is associated",
    ),
)
