"""Pigeon Post: an invented partner, which flies notes.

This module has the names of `contract.Partner`. The reference of ours that it echoes in its
reports is `ring`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dragoman.partners.absent import (
    LETTER,
    NOT_CHECKABLE,
    UPLOAD_DAYS,
    demands_opt_in,
    dialect,
    in_use,
    may_notify,
    pulls,
    read_opt_in,
    read_opt_in_look_up,
    read_pull,
    read_upload,
    render_opt_in,
    render_opt_in_look_up,
    render_signal,
    render_upload,
)
from dragoman.partners.absent import ONE_DIALECT as DIALECTS

from .abilities import CAPABILITIES, NATIVE_SHAPES
from .answers import probes, read, read_media, read_probe, render_media
from .error_table import ERRORS
from .hooks import answer, authenticate, guarded, handshake, uses_authorization
from .parse import parse
from .render import is_template, knows_native, render
from .settings import GIVES, SETTINGS, Settings, missing, numbers, read_settings

NAME = "pigeon"
LABEL = "Pigeon Post"
ECHO: str | None = "ring"
ASSOCIATES = True

MEDIA_LIMITS: Mapping[str, int] = {"image": 5_000_000, "document": 20_000_000}

NOT_CONFIRMED: Sequence[tuple[str, str]] = (
    (
        "How a bird that was lost is counted",
        "As a failure of that message alone, with its coo: parse.LEGS.",
    ),
    ("How long a parcel is kept", "It is fetched at once: answers.render_media."),
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
