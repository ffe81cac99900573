"""`from dragoman import …`: every promised name is there, and the package costs nothing alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dragoman

SOURCE = Path(dragoman.__file__).read_text("utf-8")
PROMISED = [
    (node.module, alias.name)
    for node in ast.walk(ast.parse(SOURCE))
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dragoman.")
    for alias in node.names
]


def test_every_promised_name_is_the_one_of_its_module() -> None:
    found = [(getattr(dragoman, name).__module__, name) for _, name in PROMISED]
    assert found == PROMISED


def test_an_unknown_name_is_an_attribute_error() -> None:
    for name in ("Teapot", "teapot"):
        with pytest.raises(AttributeError):
            getattr(dragoman, name)


def test_importing_the_package_imports_nothing_of_it() -> None:
    script = (
        "import sys, dragoman\n"
        "print([name for name in sys.modules if name.startswith(('dragoman.', 'msgspec'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout.strip() == "[]"
