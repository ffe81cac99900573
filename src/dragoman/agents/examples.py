"""The example agents that come with the program."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__)


def folder() -> Path:
    """Where they are: in the package, or beside it in a checkout."""
    packaged = _HERE.parents[1] / "examples"
    return packaged if packaged.exists() else _HERE.parents[3] / "examples"


def tea_shop() -> str:
    """The tea shop in JavaScript."""
    return (folder() / "tea_shop.js").read_text("utf-8")
