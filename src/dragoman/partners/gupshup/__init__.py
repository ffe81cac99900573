"""Gupshup: Enterprise (the usual one), the Access API, and v3, which passes Meta's on.

This module has the names of `contract.Partner`. Pure functions and data: no await, clock, disk or
socket. The reference of ours that Gupshup echoes in delivery reports is `extra`, on Enterprise; the
Access API echoes none, v3 what Meta echoes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dragoman.domain.sentences import Sentence, words
from dragoman.partners._cloud.limits import FILES
from dragoman.partners.absent import (
    UPLOAD_DAYS,
    in_use,
    may_notify,
    pulls,
    read_opt_in_look_up,
    read_pull,
    read_upload,
    render_opt_in_look_up,
    render_signal,
    render_upload,
    uses_authorization,
)

from .abilities import CAPABILITIES, NATIVE_SHAPES
from .answers import read, read_media, read_opt_in, read_probe
from .error_table import ERRORS
from .hooks import answer, authenticate, guarded, handshake
from .parse import parse
from .reading import dialect, missing, numbers, read_settings
from .render import (
    demands_opt_in,
    is_template,
    knows_native,
    probes,
    render,
    render_media,
    render_opt_in,
    render_opt_out,
)
from .settings import DIALECTS, GIVES, LETTER, SETTINGS, KnownTemplate, Settings

words(
    {
        "gupshup_not_checkable": "Gupshup Enterprise has no call that checks WABA ID and password "
        "without sending: the first message shows whether they are right.",
    }
)

NAME = "gupshup"
LABEL = "Gupshup"
ECHO: str | None = "extra"
MUTE = frozenset({"access"})  # dialects that echo nothing
ASSOCIATES = True
NOT_CHECKABLE: Sentence | None = Sentence("gupshup_not_checkable")

MEDIA_LIMITS: Mapping[str, int] = {**FILES, "sticker": 100_000}

# What Gupshup's readable documentation does not confirm. Each has one place in the code.
NOT_CONFIRMED: Sequence[tuple[str, str]] = (
    (
        "The WABA ID as user id",
        "Calls are known with a user id of ten digits; where none is given the WABA ID is sent: "
        "settings.account_of.",
    ),
    (
        "How the two texts of a document reach the person",
        "Both go into its one caption, `message_text` first, a blank line between, once where they "
        "are equal: native.under_one_file.",
    ),
    (
        "The type of text in a session",
        "DATA_TEXT is sent; others send TEXT: enterprise.SESSION_TEXT.",
    ),
    (
        "Which forms of Enterprise are templates",
        "Those with `isHSM` or of the type HSM; and those that name a template's id, or say "
        "`isTemplate` without being interactive: enterprise.is_template.",
    ),
    (
        "Order details and order status on Enterprise",
        "Gupshup confirms both and publishes no names; Meta's `action` goes along: "
        "enterprise.INTERACTIVE.",
    ),
    (
        "Header and footer of buttons and lists on Enterprise",
        "They go as `header` and `footer`, as with templates: enterprise._interactive.",
    ),
    (
        "Enterprise's error numbers and the causes of failed deliveries",
        "101, 102 and 105 are known, others are shown as they come: error_table.",
    ),
    (
        "A template that the channel's settings do not list",
        "Its name is sent as `whatsAppTemplateId` (Enterprise) or as the template's `id` (Access "
        "API): templates.enterprise, templates.access.",
    ),
    (
        "Values of a template's header, of a button's address, and one-time codes",
        "By id the header's value counts first; on the Access API the button's comes last: "
        "templates.",
    ),
    (
        "The Access API's location request, and contact cards beyond name and phones",
        "Meta's members are sent, in cards spelled as in a name: access._message, access._camel.",
    ),
    (
        "`postbackText` of reply buttons on the Access API",
        "It is documented for lists; left out where id and title are equal: access._option.",
    ),
    (
        "Opt-out, and what Gupshup answers to opt-in and opt-out",
        "Any 2xx without an error is taken as done: answers.read_opt_in.",
    ),
    (
        "The line that Enterprise answers without `format=json`",
        "We always ask for JSON; a line is read all the same: answers._text_answer.",
    ),
    (
        "What of ours v3 echoes",
        "`biz_opaque_callback_data` is sent and read as with Meta: _cloud/envelope.",
    ),
    (
        "The reference in reports of the Access API",
        "None is known: a send in doubt is settled by the next report about that person that "
        "belongs to nothing else, where it is the only one, and by hand where it is not: MUTE.",
    ),
    (
        "Which numbers an Enterprise account may have, and which of them a report is about",
        "Reports do not say it, so a channel has one number: parse_enterprise.report.",
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
    "MUTE",
    "NAME",
    "NATIVE_SHAPES",
    "NOT_CHECKABLE",
    "NOT_CONFIRMED",
    "SETTINGS",
    "UPLOAD_DAYS",
    "KnownTemplate",
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
    "render_opt_out",
    "render_signal",
    "render_upload",
    "uses_authorization",
]
