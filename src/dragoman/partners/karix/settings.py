"""The settings of a Karix channel, as a value and as a form.

Source: Karix hands *Vendor*, *Account Key* and *From* over by its support; there is no portal to
look them up in, and none to set the webhook in.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dragoman.partners import fixed_header
from dragoman.partners.contract import Field, Give

BASE_URL = "https://rcmapi.instaalerts.zone"
WEBHOOK_DN_ID = "1001"  # what every integration that was seen sends, but for sandboxes


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    """number, sender: digits with country code; the sender is the number where it is not given.
    vendor: kept for people only. webhook_dn_id: which of the addresses that Karix registered for
    the account gets the delivery reports. header_name, header_value: what Karix sends along with
    each webhook, where that was arranged (NOT CONFIRMED that it can)."""

    number: str = ""
    account_key: str = ""
    sender: str = ""
    vendor: str = ""
    base_url: str = BASE_URL
    webhook_dn_id: str = WEBHOOK_DN_ID
    header_name: str = ""
    header_value: str = ""


_SUPPORT = "the mail of the Karix support team"

SETTINGS: Sequence[Field] = (
    Field(
        "number",
        "Phone Number",
        "The WhatsApp business number of this channel, with its country code.",
        kind="number",
        required=True,
        where_to_find=_SUPPORT,
    ),
    Field(
        "account_key",
        "Account Key",
        "The key that Karix knows this account by; every message is sent with it.",
        kind="secret",
        required=True,
        where_to_find=_SUPPORT,
    ),
    Field(
        "sender",
        "From",
        "The number that messages are sent from. Leave it out where it is the phone number.",
        kind="number",
        where_to_find=_SUPPORT,
    ),
    Field(
        "vendor",
        "Vendor",
        "Kept for information: no call to Karix needs it.",
        where_to_find=_SUPPORT,
    ),
    Field(
        "base_url",
        "Base URL",
        "Change it only for Karix's sandbox, for a reseller of its service, or for an emulator.",
        kind="url",
        default=BASE_URL,
        advanced=True,
    ),
    Field(
        "webhook_dn_id",
        "webHookDNId",
        "Which of the addresses that Karix registered for your account gets the delivery reports.",
        default=WEBHOOK_DN_ID,
        where_to_find=_SUPPORT,
        advanced=True,
    ),
    *fixed_header.fields(
        "Karix signs nothing; its support may set a header of yours for each webhook: its name, "
        "like X-Webhook-Secret. The letter asks for it."
    ),
)

GIVES: Sequence[Give] = (
    Give(
        "webhook_url",
        "Webhook URL",
        "{webhook_url}",
        "a mail to the Karix support team, who configure it on their platform: the letter is ready",
    ),
    Give(
        "authorization",
        "Authorization header",
        "{authorization}",
        "the same mail, when an app is associated: Karix sends the header with every webhook",
    ),
)

# A line or [part] with an empty value is left out: see `partners/letter.py`.
LETTER = """\
Subject: WhatsApp webhook[ for {numbers}]

Hello,

please configure this webhook URL on your platform for our WhatsApp number[ {numbers}], for \
incoming messages ("User initiated") and for delivery reports ("DELIVERY EVENTS") alike:

{webhook_url}

It takes POST requests with a JSON body and answers 200 as soon as the message is stored; on 503 \
please send the same again.
Please send this header, exactly as it stands, with every request: Authorization: {authorization}
Please send this header, exactly as it stands, with every request: {header_name}: {header_value}
Our account's vendor, as you gave it to us: {vendor}

Please tell us when it is done, which number we give as "From", and the webHookDNId of this \
address if it is not 1001.
"""
