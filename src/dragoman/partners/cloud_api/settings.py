"""The settings of a WhatsApp Cloud API channel, as a value and as a form.

Source: Meta, "Get started", "Access tokens" (2026).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from dragoman.partners.contract import Field, Give

NEWEST_GRAPH = "v26.0"  # of 29 July 2026, the newest that is proven
GRAPH_URL = "https://graph.facebook.com"
# What a token needs: the one to see the account and its webhooks, the other to send.
SCOPES = ("whatsapp_business_management", "whatsapp_business_messaging")


class Number(msgspec.Struct, frozen=True, omit_defaults=True):
    """One business phone number. `key` is Meta's phone number id; `display` its own digits."""

    key: str
    display: str | None = None
    waba_id: str | None = None


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    """webhook_version: which style the app's webhook subscription is set to; both are read alike
    whatever it says. allow_unsigned: accept webhooks without a signature. appsecret_proof: prove
    each call with the app secret. token: pasted where the authorization is permanent; where it is
    temporary, the one that a person granted (`oauth.with_token`). config_id: the login
    configuration that Meta's dialog shows; without one it asks for the two permissions."""

    numbers: tuple[Number, ...] = ()
    token: str = ""
    app_secret: str = ""
    verify_token: str = ""
    app_id: str = ""
    graph_version: str = NEWEST_GRAPH
    graph_url: str = GRAPH_URL
    webhook_version: Literal["v24", "v23"] = "v24"
    authorization: Literal["permanent", "temporary"] = "permanent"
    config_id: str = ""
    allow_unsigned: bool = False
    appsecret_proof: bool = False

    @property
    def graph(self) -> str:
        """Where calls go, without a slash at its end."""
        return f"{self.graph_url}/{self.graph_version}"


_APP_PAGE = "Meta app › App settings › Basic"

SETTINGS: Sequence[Field] = (
    Field(
        "authorization",
        "Authorization",
        "How Dragoman is allowed to use your WhatsApp account: by a token that you paste, or by "
        "signing in at Meta, which has to be done again about every 60 days.",
        kind="choice",
        default="permanent",
        choices=(
            ("permanent", "Permanent token of a system user"),
            ("temporary", "Temporary: sign in at Meta with App ID and App secret"),
        ),
    ),
    Field(
        "numbers",
        "Phone Number ID",
        "One number per line: Meta's id of the number (not the number itself), then the number "
        "for display if you like, then *waba* and the WhatsApp Business Account ID where Meta "
        "does not tell it.",
        kind="numbers",
        required=True,
        where_to_find="Meta app › WhatsApp › API Setup › Phone number ID",
    ),
    Field(
        "token",
        "Access token",
        "A system user's token that never expires, with the permissions "
        "whatsapp_business_messaging and whatsapp_business_management.",
        kind="secret",
        required=True,
        where_to_find="Meta Business settings › Users › System users › Generate token",
        only_if=("authorization", ("permanent",)),
    ),
    Field(
        "app_id",
        "App ID",
        "Needed for a temporary authorization. With a permanent token it lets Dragoman check that "
        "the token is of this app.",
        where_to_find=f"{_APP_PAGE} › App ID",
    ),
    Field(
        "app_secret",
        "App secret",
        "Proves that a webhook comes from Meta, and is needed for a temporary authorization. "
        "Without it the channel is enabled only when you accept webhooks without a signature.",
        kind="secret",
        where_to_find=f"{_APP_PAGE} › App secret",
        guards=True,
    ),
    Field(
        "config_id",
        "Login configuration ID",
        "Optional: the configuration of Facebook Login for Business that the dialog shows; "
        "without one it asks for the two WhatsApp permissions.",
        where_to_find="Meta app › Facebook Login for Business › Configurations",
        only_if=("authorization", ("temporary",)),
        advanced=True,
    ),
    Field(
        "verify_token",
        "Verify token",
        "Meta shows it once to check that the address is yours. Made here at random; paste the "
        "same at Meta.",
        required=True,
        where_to_find="made by Dragoman",
        guards=True,
    ),
    Field(
        "graph_version",
        "Graph API version",
        "The version of our calls, like v26.0.",
        default=NEWEST_GRAPH,
        advanced=True,
    ),
    Field(
        "graph_url",
        "Graph API address",
        "Change it only to talk to an emulator.",
        kind="url",
        default=GRAPH_URL,
        advanced=True,
    ),
    Field(
        "webhook_version",
        "Webhook payload version",
        "The version that the app's webhook subscription is set to; it is separate from the "
        "version of our calls. Both styles are read whatever you choose.",
        kind="choice",
        default="v24",
        choices=(("v24", "v24.0 and newer"), ("v23", "v23.0 and older")),
        where_to_find="Meta app › WhatsApp › Configuration › Webhook fields",
        advanced=True,
    ),
    Field(
        "appsecret_proof",
        "Prove calls with the app secret",
        "Needed when *Require app secret* is on at Meta app › App settings › Advanced.",
        kind="switch",
        default=False,
        advanced=True,
    ),
    Field(
        "allow_unsigned",
        "Accept webhooks without a signature",
        "Anyone who knows the address could then write as your customers. For tests only.",
        kind="switch",
        default=False,
        advanced=True,
        guards=True,
    ),
)

GIVES: Sequence[Give] = (
    Give(
        "webhook_url",
        "Webhook URL",
        "{webhook_url}",
        "Meta app › WhatsApp › Configuration › Webhook › Callback URL; then subscribe to the "
        "field messages",
    ),
    Give(
        "verify_token",
        "Verify token",
        "{verify_token}",
        "Meta app › WhatsApp › Configuration › Webhook › Verify token",
    ),
    Give(
        "callback_url",
        "Callback URL",
        "{callback_url}",
        "Meta app › Facebook Login for Business › Settings › Valid OAuth Redirect URIs, for a "
        "temporary authorization; letter by letter, without a slash at its end",
    ),
)
