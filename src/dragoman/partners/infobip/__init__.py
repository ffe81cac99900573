"""Infobip: the WhatsApp outbound API, or the Messages API with an SMS behind it.

This module has the names of `contract.Partner`. Pure functions and data: no await, clock, disk or
socket. The reference of ours that Infobip echoes is `messageId`, which we choose: it holds our
reference and the number, since reports of the WhatsApp API do not name the number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dragoman.domain.sentences import Sentence
from dragoman.partners._cloud.limits import FILES
from dragoman.partners.absent import (
    LETTER,
    UPLOAD_DAYS,
    demands_opt_in,
    read_opt_in,
    read_opt_in_look_up,
    read_upload,
    render_opt_in,
    render_opt_in_look_up,
    render_upload,
)

from .abilities import CAPABILITIES, NATIVE_SHAPES
from .answers import read, read_media, read_probe, read_pull
from .error_table import ERRORS
from .hooks import answer, authenticate, guarded, handshake, uses_authorization
from .native import is_template, knows_native
from .parse import parse
from .reading import dialect, in_use, may_notify, missing, numbers, read_settings
from .render import probes, pulls, render, render_media, render_signal
from .settings import DIALECTS, GIVES, SETTINGS, Account, Settings

NAME = "infobip"
LABEL = "Infobip"
ECHO: str | None = "messageId"
ASSOCIATES = True
NOT_CHECKABLE: Sentence | None = None

MEDIA_LIMITS: Mapping[str, int] = FILES

# What Infobip's public documentation does not confirm. Each has one place in the code.
NOT_CONFIRMED: Sequence[tuple[str, str]] = (
    (
        "The sandbox keyword",
        "It is taken off texts that begin with it, in any case, on every number of the channel; "
        "samples show it left in them: "
        "parse_content.without_keyword.",
    ),
    (
        "The signature of webhooks (HMAC)",
        "Its header depends on the account. Hexadecimal digits and base64 are read, with or "
        "without `SHA256=` before: hooks._signature.",
    ),
    (
        "Whether a second message of the same id is refused, and for how long",
        "Each message has an id of ours. Where Infobip says that it has had it, the send is in "
        "doubt and not repeated: answers._rejected.",
    ),
    (
        "Whether Infobip's own 500 may come after it took the message",
        "It is tried again under the same id: answers, error_table.",
    ),
    (
        "A template that does not exist",
        "It is known to be refused at once by its words (*Template not found*), and later with "
        "7009: answers._key.",
    ),
    (
        "Which status comes with which error, and both their wordings",
        "Only ids are read, an error's before a status's: parse_reports, error_table.",
    ),
    (
        "The number that a report belongs to",
        "Reports of the WhatsApp API do not name it, so our message ids hold it; a report with "
        "another id is the channel's where that has one number, and kept otherwise: "
        "shape.number_of.",
    ),
    (
        "`from` and `to` of seen reports",
        "The end that is not our number is the person: parse_reports._seen.",
    ),
    (
        "A report of *sent*, and reports of deletion",
        "DELIVERED_TO_OPERATOR would be *sent*; `deletedAt` takes a message back: parse_reports.",
    ),
    (
        "Which id the report of a failover's SMS has",
        "It is taken for the message's own: parse_reports.",
    ),
    (
        "What stands in `from` for a person with a username",
        "A phone number and a user id are told apart by their shape: shape.person.",
    ),
    (
        "Which id `context` quotes a message of ours by",
        "It is passed on as it comes: our message id, or WhatsApp's.",
    ),
    (
        "A document's caption",
        "Live webhooks have the file's name there; what looks like one is taken for it: "
        "parse_content._document.",
    ),
    (
        "What comes after a payment, and in which order",
        "The person's confirmation and the notification of the same step are one message to the "
        "agent; a Brazilian acknowledgement is kept as an unknown kind: parse_content.",
    ),
    (
        "The payment's type in news of an order",
        "A neutral message has none, so the channel's is sent: orders.news.",
    ),
    (
        "The end of a bill's offer",
        "Infobip takes seconds from now, and a neutral bill has a date, so it is refused: "
        "orders._order.",
    ),
    (
        "A list and a one-time code on the Messages API",
        "The label that opens a list goes as `subtext`, the code as an address's suffix: "
        "messages_api.",
    ),
    (
        "A key that may only send",
        "It is refused the list of senders with 403, and counted as right: answers.read_probe.",
    ),
    (
        "Payloads of BUSINESS_APP_…, ACCOUNT_…, BILLING and CLICK",
        "They are not published; what comes is kept raw: parse.",
    ),
    (
        "When Infobip sends a webhook again",
        "The schedule of SMS is known: 20 times over 41 hours, after anything but 2xx.",
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
    "Account",
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
