"""Karix (Tanla): the RCM API for WhatsApp.

This module has the names of `contract.Partner`. Pure functions and data: no await, clock, disk or
socket. The reference of ours that Karix echoes in delivery reports is `cust_ref`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dragoman.domain.sentences import Sentence, words
from dragoman.partners._cloud.limits import FILES
from dragoman.partners.absent import ONE_DIALECT as DIALECTS
from dragoman.partners.absent import (
    UPLOAD_DAYS,
    demands_opt_in,
    dialect,
    in_use,
    may_notify,
    probes,
    pulls,
    read_opt_in,
    read_opt_in_look_up,
    read_probe,
    read_pull,
    read_upload,
    render_opt_in,
    render_opt_in_look_up,
    render_signal,
    render_upload,
)

from .abilities import CAPABILITIES, NATIVE_SHAPES
from .answers import read, read_media, render_media
from .error_table import ERRORS
from .hooks import answer, authenticate, guarded, handshake, uses_authorization
from .parse import parse
from .reading import missing, numbers, read_settings
from .render import is_template, knows_native, render
from .settings import GIVES, LETTER, SETTINGS, Settings

words(
    {
        "karix_not_checkable": "Karix has no call that checks the Account Key without sending: it "
        "is not checkable until the first send, whose answer shows whether it is right.",
    }
)

NAME = "karix"
LABEL = "Karix"
ECHO: str | None = "cust_ref"
ASSOCIATES = True
NOT_CHECKABLE: Sentence | None = Sentence("karix_not_checkable")

MEDIA_LIMITS: Mapping[str, int] = FILES

# What Karix does not publish and no known integration shows. Each has one place in the code.
NOT_CONFIRMED: Sequence[tuple[str, str]] = (
    (
        "How a message is refused",
        "Another `statusCode` than 200, an `errorMessage`, or an `error` object, with HTTP 200 or "
        "not; codes are taken for the HTTP statuses that they look like: answers, error_table.",
    ),
    (
        "The codes of failed deliveries",
        "They are taken for Meta's, and shown as they come where Meta has none such: "
        "parse._problem.",
    ),
    (
        "Whose id a report brings",
        "Some resellers send WhatsApp's own id in `events.mid`; such a report finds its message by "
        "`cust_ref`: parse._report.",
    ),
    (
        "Flows, products, catalogues, order details and order status",
        "They go as Meta's object under `interactive`; how the result of a payment comes back is "
        "not known at all: abilities.PASSED_ON.",
    ),
    (
        "Carousels whose cards have a link, and headers of buttons other than an image",
        "Meta's objects, like the ones that are known: _cloud/interactive.",
    ),
    (
        "The spelling of the type `location`, and a place's name and address",
        "Small letters, as the one integration that sends it; Meta's members: render.NATIVE, "
        "render._location.",
    ),
    (
        "A text header with a variable in a template",
        "It goes as `headerParameterValues`: templates.HEADER_VALUES.",
    ),
    (
        "One-time codes",
        "The code fills the body and the button at index 0: templates.template.",
    ),
    (
        "The items of `quickReplies` in a template",
        "`index` and `payload`, like those of `actions`: templates._buttons.",
    ),
    (
        "The type that goes with an `autoTemplate`",
        "MEDIA_TEMPLATE, or what the author writes: render._auto.",
    ),
    (
        "Captions of files that people send, and their names",
        "`attachmentCaption` or `caption`; Meta's `contacts`, `name` or `profileName`: "
        "parse.CAPTIONS, parse.NAMES.",
    ),
    (
        "Which words `attachmentType` may have",
        "image and document are known; video, audio, voice and sticker are read as well: "
        "parse._attachment.",
    ),
    (
        "Contacts, reactions, orders, locations and quoted messages that come in",
        "They are read as Meta's: parse._content, parse._message.",
    ),
    (
        "People without a phone number",
        "A business-scoped id is read where a phone is expected, or in Meta's `from_user_id`; "
        "Karix is known to send to phone numbers only: parse._sender, render._body.",
    ),
    (
        "Whether an attachment's address needs the Account Key",
        "It is fetched without: answers.render_media.",
    ),
    (
        "How often Karix sends a webhook again, and whether it can send a header along",
        "Anything but 200 is taken to bring it again; the letter asks for the header that the "
        "channel's settings or its app want: hooks.answer, settings.LETTER.",
    ),
    (
        "How to quote a message, to mark one as read, to show typing, and to record an opt-in",
        "No call is known, so a quote is left out and the others are not made: absent.",
    ),
)

__all__ = [
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
