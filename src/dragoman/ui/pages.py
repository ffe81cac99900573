"""The Jinja environment of all pages: everything is escaped, a missing name is an error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
"""tokens.css, base.css, theme.js and the fonts; serve it with `files.served`."""


def environment(*folders: Path) -> Environment:
    """An environment that finds templates in `folders` first, then those of `ui` itself. Its words
    are English until translations are installed.

    `base.html` there is the frame of every page; it needs `ui` (the prefix under which `STATIC`
    is served) and `title`.
    """
    made = Environment(
        loader=FileSystemLoader([*folders, _HERE / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    made.filters["json"] = _json
    return made


def _json(value: Any) -> str:
    """A JSON value as people read it; escaped like any other text."""
    return json.dumps(value, ensure_ascii=False, indent=2)
