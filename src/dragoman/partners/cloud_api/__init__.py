"""The WhatsApp Cloud API: Meta's own, without a partner in between.

This module has the names of `contract.Partner`. Pure functions and data: no await, clock, disk or
socket. The reference of ours that Meta echoes in its reports is `biz_opaque_callback_data`.

Engine rule for refusals (see `ERRORS`): hold the number's queue when an error concerns the number,
account or token, irrespective of `retryable`; hold the pair when it concerns the pair; repeat only
what is `retryable`; fail the message otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dragoman.partners._cloud.answer import read_send as read
from dragoman.partners._cloud.envelope import NATIVE, is_template
from dragoman.partners._cloud.error_table import KNOWN as ERRORS
from dragoman.partners._cloud.parse import parse
from dragoman.partners.absent import (
    LETTER,
    NOT_CHECKABLE,
    demands_opt_in,
    dialect,
    in_use,
    knows_native,
    may_notify,
    pulls,
    read_opt_in,
    read_opt_in_look_up,
    read_pull,
    render_opt_in,
    render_opt_in_look_up,
    uses_authorization,
)
from dragoman.partners.absent import ONE_DIALECT as DIALECTS
from dragoman.partners.contract import NATIVE as CAN
from dragoman.partners.contract import Ability

from . import oauth as ACCOUNT
from .answers import read_probe
from .calls import probes, render, render_signal
from .files import (
    MEDIA_LIMITS,
    UPLOAD_DAYS,
    read_media,
    read_upload,
    render_media,
    render_upload,
)
from .hooks import answer, authenticate, guarded, handshake
from .reading import missing, numbers, read_settings
from .settings import GIVES, SETTINGS, Number, Settings

NAME = "cloud-api"
LABEL = "WhatsApp Cloud API"
ECHO: str | None = "biz_opaque_callback_data"
ASSOCIATES = False  # Meta signs its webhooks
CAPABILITIES: Mapping[str, Mapping[str, Ability]] = {
    "": {str(kind.__struct_config__.tag): CAN for kind in NATIVE}
}
NATIVE_SHAPES: Sequence[tuple[str, str]] = (
    (
        'An object with a `type` of the Cloud API and the member it names, like {"type": "text", '
        '"text": {…}}',
        "POST /{phone number id}/messages",
    ),
)

# What Meta's readable documentation does not confirm. Each has one place in the code.
NOT_CONFIRMED: Sequence[tuple[str, str]] = (
    ("The newest Graph API version", "v26.0 is proven, v27.0 is not: settings.NEWEST_GRAPH."),
    (
        "The name of the contact request",
        "Meta's page says contact_request, newer code request_contact_info, which is sent: "
        "_cloud/interactive.CONTACT_REQUEST.",
    ),
    (
        "Taking a reaction back",
        "An empty emoji works in practice: _cloud/bodies.reaction.",
    ),
    (
        "Where a changed user's previous ids stand",
        "They are read from `system`: _cloud/content._system.",
    ),
    (
        "The reply to a carousel's quick reply",
        "It is read as button_reply, or as a template's button: _cloud/content.",
    ),
    (
        "Product messages that come in as `interactive`",
        "Their JSON is unknown; they are kept as an unknown kind: _cloud/content._interactive.",
    ),
    (
        "`messaging_handovers`, `account_settings_update`, `consumer_profile`, `standby`",
        "Their JSON is not documented; they are kept raw: _cloud/parse.",
    ),
    (
        "What pricing says of the first 1,000 service messages since October 2026",
        "Categories are kept as Meta writes them: _cloud/reports._pricing.",
    ),
    (
        "How long a template button's payload may be",
        "128 to 256 characters; not limited here: _cloud/templates._values.",
    ),
    (
        "Account ids in a token's details",
        "They are read from granular_scopes, as seen in practice: answers.read_debug_token.",
    ),
    (
        "What Meta says of an authorization code that is used, late or of another address",
        "Known by subcode (36009, 36007, 36008) or by its words, as seen in practice: "
        "oauth._CODE_ERRORS.",
    ),
    (
        "How Meta refuses a wrong pair of App ID and secret",
        "Codes 1, 101 and 190 are taken so: answers._APP_TOKEN_REFUSED.",
    ),
    (
        "Error 80008, and the sums that 131009 refuses in bills",
        "The code is taken as a rate limit; sums are left to Meta: _cloud/error_table, "
        "_cloud/orders.",
    ),
)

__all__ = [
    "ACCOUNT",
    "ASSOCIATES",
    "CAPABILITIES",
    "DIALECTS",
    "ECHO",
    "ERRORS",
    "GIVES",
    "LABEL",
    "LETTER",
    "MEDIA_LIMITS",
    "NAME",
    "NATIVE_SHAPES",
    "NOT_CHECKABLE",
    "NOT_CONFIRMED",
    "SETTINGS",
    "UPLOAD_DAYS",
    "Number",
    "Settings",
    "answer",
    "authenticate",
    "demands_opt_in",
    "dialect",
    "guarded",
    "handshake",
    "in_use",
    "is_template",
    "knows_native",
    "may_notify",
    "missing",
    "numbers",
    "parse",
    "probes",
    "pulls",
    "read",
    "read_media",
    "read_opt_in",
    "read_opt_in_look_up",
    "read_probe",
    "read_pull",
    "read_settings",
    "read_upload",
    "render",
    "render_media",
    "render_opt_in",
    "render_opt_in_look_up",
    "render_signal",
    "render_upload",
    "uses_authorization",
]
