"""A connector stays under 500 lines a dialect; tables of errors and fields are data, not counted.

What counts is a line with code on it. Blank lines, comments, docstrings, imports and what a module
assigns or calls at its top level (tables, forms, sentences) do not.
"""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest

from dragoman.partners.registry import PARTNERS, partner

MOST = 500
SOURCE = Path(__file__).parents[2] / "src"
_NO_CODE = frozenset(
    {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENCODING,
        tokenize.ENDMARKER,
    }
)
_DATA = (ast.Assign, ast.AnnAssign, ast.Expr, ast.Import, ast.ImportFrom)
_WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def counted(source: str) -> int:
    """The lines of a module that count."""
    tree = ast.parse(source)
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree):
        if isinstance(node, _WITH_DOCSTRING) and ast.get_docstring(node) is not None:
            lines -= _lines(node.body[0])
    for statement in tree.body:
        if isinstance(statement, _DATA):
            lines -= _lines(statement)
    return len(lines)


def _lines(node: ast.stmt) -> set[int]:
    assert node.end_lineno is not None
    return set(range(node.lineno, node.end_lineno + 1))


def files(name: str) -> dict[str, int]:
    """Each module of a connector with its lines, the longest first."""
    folder = SOURCE.joinpath(*PARTNERS[name].split("."))
    found = {path.name: counted(path.read_text("utf-8")) for path in folder.glob("*.py")}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


@pytest.mark.parametrize("name", PARTNERS)
def test_a_connector_stays_under_its_lines_a_dialect(name: str) -> None:
    sizes, dialects = files(name), len(partner(name).DIALECTS)
    each = sum(sizes.values()) / dialects
    longest = ", ".join(f"{file} {lines}" for file, lines in list(sizes.items())[:4])
    assert each < MOST, (
        f"{PARTNERS[name]} has {sum(sizes.values())} lines for {dialects} dialect(s), {each:.0f} "
        f"each, and {MOST} are too many. Its longest files: {longest}"
    )


def test_what_is_counted() -> None:
    source = '''"""A module."""

import re

# A comment.
TABLE = {
    "a": 1,
}
words({"b": "c"})


class Thing:
    """What it is,
    in two lines."""

    size: int = 0  # counts

    def double(self) -> int:
        """Counts not."""
        text = """counts,
        twice"""

        return len(text)
'''
    assert counted(source) == 6
