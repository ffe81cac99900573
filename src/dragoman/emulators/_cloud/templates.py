"""A template as the Graph API lists it: its components and their variables."""

from __future__ import annotations

import re
from typing import Any

VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
Template = dict[str, Any]


def variables(text: str) -> list[str]:
    """The variables of a text in the order they first appear."""
    return list(dict.fromkeys(VARIABLE.findall(text)))


def component(template: Template, kind: str) -> dict[str, Any] | None:
    """The template's component of a kind (`BODY`), in any case."""
    for part in template["components"]:
        if str(part.get("type", "")).upper() == kind:
            return dict(part)
    return None
