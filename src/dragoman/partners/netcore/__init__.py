"""Netcore Cloud (CPaaS): several numbers, an API key for each, and opt-in before anything else.

This module has the names of `contract.Partner`. Pure functions and data: no await, clock, disk or
socket. The reference of ours that Netcore is known to give back is `x-apiheader`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dragoman.domain.sentences import Sentence
from dragoman.partners._cloud.limits import FILES
from dragoman.partners.absent import (
    LETTER,
    dialect,
    in_use,
    may_notify,
    pulls,
    read_pull,
    render_signal,
)
from dragoman.partners.absent import ONE_DIALECT as DIALECTS

from .abilities import CAPABILITIES, NATIVE_SHAPES
from .answers import read, read_media, read_opt_in, read_opt_in_look_up, read_probe, read_upload
from .error_table import ERRORS
from .hooks import answer, authenticate, guarded, handshake, uses_authorization
from .parse import parse
from .reading import missing, numbers, read_settings
from .render import (
    demands_opt_in,
    is_template,
    knows_native,
    probes,
    render,
    render_media,
    render_opt_in,
    render_opt_in_look_up,
    render_opt_out,
    render_upload,
)
from .settings import GIVES, SETTINGS, Number, Settings

NAME = "netcore"
LABEL = "Netcore"
ECHO: str | None = "x-apiheader"
ASSOCIATES = True
NOT_CHECKABLE: Sentence | None = None
UPLOAD_DAYS = 7

MEDIA_LIMITS: Mapping[str, int] = {**FILES, "sticker": 100_000}

# What Netcore's readable documentation does not confirm. Each has one place in the code.
NOT_CONFIRMED: Sequence[tuple[str, str]] = (
    (
        "What `source` must be",
        "Documentation names an issued id, real calls use any text; the number itself is sent "
        "where no source is given, and reports name it again: settings.Settings.source_of.",
    ),
    (
        "Whether and where reports bring `x-apiheader` back",
        "It is read from the root of the report: parse.ECHOED. Where it does not come, a send in "
        "doubt is settled by hand.",
    ),
    (
        "The zone of the times in reports",
        "A date without a zone is taken as India's: parse.REPORT_ZONE.",
    ),
    (
        "The words of `status_remark`, and which of the error codes they stand for",
        "Only that of a person who is not opted in is known: error_table.REMARKS.",
    ),
    (
        "Which HTTP statuses refusals have, and the shape of *Access Denied*",
        "401, 403 and these words anywhere are taken so: answers._refusal.",
    ),
    (
        "The tapped quick reply of a template",
        "It is read as `button_type` with `text` and `payload`: parse._KNOWN.",
    ),
    (
        "Text of nothing but emoji",
        "It is said to come without `message_type`; it reaches the agent as a message that Netcore "
        "did not hand over: parse._content.",
    ),
    (
        "Places",
        "They go as `type_location` with Meta's members: render._location.",
    ),
    (
        "The name of a document that is no template",
        "It goes as `filename` beside the address, as templates have it: render._attachment.",
    ),
    (
        "Header and footer of interactive messages",
        "A text goes as `text`, a file as with templates, the footer as text: render._header.",
    ),
    (
        "Messages with a link",
        "One integration shows them: its header has the address too, and its button a name: "
        "render._interactive.",
    ),
    (
        "Values of a template's header and of its buttons, one-time codes, and a button without a "
        "file",
        "The header's value counts first, and `button` stands in `type_media_template` alone: "
        "templates.template.",
    ),
    (
        "How long an uploaded file's id lives",
        "Seven days are counted on: UPLOAD_DAYS.",
    ),
    (
        "Whether writing first counts as opt-in at Netcore",
        "It is recorded there by a call, with the source WHATSAPP: render.CONSENT_SOURCE.",
    ),
    (
        "How many messages one request takes",
        "One is sent at a time, as all known integrations do: render.render.",
    ),
    (
        "Which kinds of messages the priority lane takes",
        "Texts and templates without a file: render.PRIORITY.",
    ),
    (
        "Quoting a message in an answer",
        "No field for it is known, so answers stand alone.",
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
    "render_opt_out",
    "render_signal",
    "render_upload",
    "uses_authorization",
]
