"""The settings of a Gupshup channel, as a value and as a form.

Source: Gupshup, "WhatsApp Business API: Enterprise" and "Access API"; its partner documentation for
v3. That the WABA ID serves as `userid` is not confirmed: see `account_of`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from dragoman.partners.contract import Field, Give

Dialect = Literal["enterprise", "access", "v3"]

DIALECTS: Sequence[tuple[str, str]] = (
    ("enterprise", "Enterprise: mobile number, WABA ID and password"),
    ("access", "Access API: API key and app name"),
    ("v3", "v3: app ID and token, messages in Meta's own form"),
)
# The old Enterprise host, media.smsgupshup.com, takes the same calls.
HOSTS: Mapping[str, str] = {
    "enterprise": "https://mediaapi.smsgupshup.com",
    "access": "https://api.gupshup.io",
    "v3": "https://partner.gupshup.io",
}


class KnownTemplate(msgspec.Struct, frozen=True, omit_defaults=True):
    """What Gupshup knows a template by: its id, or its approved text with {{1}} for the values.
    Without a text it is sent by id, without an id by its name. buttons: that it has some."""

    template_id: str = ""
    text: str = ""
    header: str = ""
    footer: str = ""
    buttons: bool = False


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    """number: digits with country code. waba_id, user_id, password: the two-way account, which
    answers people; hsm_user_id, hsm_password: a second one for templates and opt-in, where there
    is one. bearer: the password goes as a header. base_url: empty for the dialect's own host."""

    dialect: Dialect = "enterprise"
    number: str = ""
    waba_id: str = ""
    password: str = ""
    user_id: str = ""
    hsm_user_id: str = ""
    hsm_password: str = ""
    api_key: str = ""
    app_name: str = ""
    app_id: str = ""
    app_token: str = ""
    opt_in: bool = False
    templates: Mapping[str, KnownTemplate] = {}
    bearer: bool = False
    base_url: str = ""

    @property
    def host(self) -> str:
        return self.base_url or HOSTS[self.dialect]


class EnterpriseAccount(msgspec.Struct, frozen=True):
    user_id: str
    password: str


def account_of(settings: Settings, notifies: bool) -> EnterpriseAccount:
    """The account of a call; `notifies`: a template or an opt-in.

    NOT CONFIRMED: Gupshup issues a user id of ten digits for calls, and its dashboard shows a WABA
    ID instead of it; where no user id is given the WABA ID is sent in its place.
    """
    if notifies and settings.hsm_user_id:
        return EnterpriseAccount(settings.hsm_user_id, settings.hsm_password)
    return EnterpriseAccount(settings.user_id or settings.waba_id, settings.password)


_DASHBOARD = "Gupshup WhatsApp Dashboard › Go Live, once the account is verified"
_ENTERPRISE = ("dialect", ("enterprise",))
_SUPPORT = "the mail of the Gupshup support team"

TEMPLATE_FIELDS: tuple[Field, ...] = (
    Field(
        "template_id",
        "Template ID",
        "Gupshup's id of the template; its values then go beside it.",
        where_to_find="Gupshup console › Templates",
    ),
    Field(
        "text",
        "Text",
        "The approved text with {{1}}, {{2}} for the values. Enterprise then sends the whole text, "
        "as WhatsApp compares it with the approved one, letter by letter.",
        where_to_find="Gupshup console › Templates",
    ),
    Field("header", "Header", "The header's text, where the template has one."),
    Field("footer", "Footer", "The footer's text, where the template has one."),
    Field(
        "buttons",
        "Buttons",
        "Whether the template has buttons, which Enterprise must be told.",
        kind="switch",
        default=False,
    ),
)

SETTINGS: Sequence[Field] = (
    Field(
        "dialect",
        "API",
        "Which of Gupshup's interfaces your account has. Webhooks of all three are read whatever "
        "you choose.",
        kind="choice",
        default="enterprise",
        choices=tuple(DIALECTS),
    ),
    Field(
        "number",
        "Mobile number",
        "The WhatsApp business number that Gupshup issued, with its country code.",
        kind="number",
        required=True,
        where_to_find=_DASHBOARD,
    ),
    Field(
        "waba_id",
        "WABA ID",
        "The id of the WhatsApp Business Account. It also serves as user id, unless one is given.",
        required=True,
        where_to_find=_DASHBOARD,
        only_if=_ENTERPRISE,
    ),
    Field(
        "password",
        "Password",
        "The account's password, which every message is sent with.",
        kind="secret",
        required=True,
        where_to_find=_DASHBOARD,
        only_if=_ENTERPRISE,
    ),
    Field(
        "user_id",
        "User id",
        "The ten digits that the two-way account signs in with, where Gupshup gave you such.",
        where_to_find=_SUPPORT,
        only_if=_ENTERPRISE,
        advanced=True,
    ),
    Field(
        "hsm_user_id",
        "User id of the HSM account",
        "Only where templates and opt-in have an account of their own.",
        where_to_find=_SUPPORT,
        only_if=_ENTERPRISE,
        advanced=True,
    ),
    Field(
        "hsm_password",
        "Password of the HSM account",
        "Belongs to the user id above.",
        kind="secret",
        where_to_find=_SUPPORT,
        only_if=_ENTERPRISE,
        advanced=True,
    ),
    Field(
        "api_key",
        "API key",
        "The key of your Gupshup account, which every message is sent with.",
        kind="secret",
        required=True,
        where_to_find="Gupshup WhatsApp Dashboard › your app › Settings › API key",
        only_if=("dialect", ("access",)),
    ),
    Field(
        "app_name",
        "App name",
        "The name that you gave the app at Gupshup, letter by letter.",
        required=True,
        where_to_find="Gupshup WhatsApp Dashboard › the list of apps",
        only_if=("dialect", ("access",)),
    ),
    Field(
        "app_id",
        "App ID",
        "Gupshup's id of the app: five groups of letters and digits with hyphens between.",
        required=True,
        where_to_find="Gupshup partner portal › your app",
        only_if=("dialect", ("v3",)),
    ),
    Field(
        "app_token",
        "App token",
        "The app's token, which every message is sent with; without *Bearer*.",
        kind="secret",
        required=True,
        where_to_find="Gupshup partner portal › your app › Token",
        only_if=("dialect", ("v3",)),
    ),
    Field(
        "opt_in",
        "Opt-in required",
        "Write only to people who wrote first; their consent is recorded at Gupshup before the "
        "first message to them. Needed where your account sends templates to opted-in people only.",
        kind="switch",
        default=False,
    ),
    Field(
        "templates",
        "Templates",
        "What Gupshup knows your templates by. A template that is not listed is sent by its name.",
        kind="group",
        fields=TEMPLATE_FIELDS,
        key_label="Template name",
        most=200,
        only_if=("dialect", ("enterprise", "access")),
    ),
    Field(
        "bearer",
        "Send the password as a header",
        "For accounts that were given an API secret: it goes as *Authorization: Bearer* instead of "
        "in the form.",
        kind="switch",
        default=False,
        only_if=_ENTERPRISE,
        advanced=True,
    ),
    Field(
        "base_url",
        "Base URL",
        "Empty for Gupshup's own host. Change it only for the old Enterprise host "
        "(https://media.smsgupshup.com) or for an emulator.",
        kind="url",
        advanced=True,
    ),
)

_CALLBACK = (
    "Gupshup WhatsApp Dashboard › your app of type Access API › Settings › Test Access API and "
    "set callback URL › Callback URL / Link your Bot"
)

GIVES: Sequence[Give] = (
    Give(
        "webhook_url",
        "Webhook URL",
        "{webhook_url}",
        f"{_CALLBACK}: turn the switch on, paste it under Enter your Callback URL, then Set. If "
        "the page does not take it, send Gupshup support the letter that is ready",
    ),
    Give(
        "client_id",
        "Client ID",
        "{client_id}",
        "where Gupshup asks for the app that its webhooks are signed for, together with the "
        "Client Secret, when an app is associated",
    ),
    Give(
        "authorization",
        "Authorization header",
        "{authorization}",
        "a header of every webhook, where Gupshup sends one as it stands",
    ),
)

# A line or [part] with an empty value is left out: see `partners/letter.py`.
LETTER = """\
Subject: WhatsApp callback URL[ for {numbers}]

Hello,

please set this callback URL for our WhatsApp number[ {numbers}], for incoming messages and for \
delivery reports alike, with the events enqueued, failed, sent, delivered and read switched on:

{webhook_url}

It takes POST requests, as JSON or as a form, and answers 200 with an empty body as soon as the \
message is stored; on 503 please send the same again.
Please send this header, exactly as it stands, with every request: Authorization: {authorization}

Please tell us when it is done, and confirm the mobile number, the WABA ID and the user id of our \
account.
"""
