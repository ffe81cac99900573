"""No page has a colour, a size of type or a space of its own: tokens.css has them all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "dragoman"
TOKENS = SOURCE / "ui" / "static" / "tokens.css"
FILES = sorted(
    file
    for folder in ("ui", "console", "emulators")
    for file in (SOURCE / folder).rglob("*.css")
    if file != TOKENS
)

# What is no token and yet no invention: nothing at all, hairlines, the whole of something, what
# takes after its surroundings (`ch` and `em` of a text, too), and the factors of calc().
SPACES = frozenset({"0", "1px", "-1px", "2px", "-2px", "auto", "100%", "inherit", "-1", "2"})
RADII = frozenset({"0", "1px", "50%", "inherit"})

_COMMENT = re.compile(r"/\*.*?\*/", re.S)
_RULE = re.compile(r"[{;]\s*(--?[\w-]+|[\w-]+)\s*:\s*([^;{}]+)")
_COLOUR = re.compile(r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch|color)a?\(", re.I)
_NAMED = re.compile(
    r"(?<![\w-])(?:white|black|red|green|blue|gray|grey|silver|orange|yellow|purple|navy|teal|"
    r"maroon|olive|lime|aqua|fuchsia|canvas|canvastext|linktext)(?![\w-])",
    re.I,
)
_SPACE = re.compile(r"(?:margin|padding|gap|row-gap|column-gap|scroll-margin)(?:-\w+)*")
_PAINT = re.compile(
    r"(?:background|background-color|color|border|border-\w+|border-\w+-\w+|outline|fill|stroke|"
    r"box-shadow|text-shadow|caret-color|accent-color|background-image|column-rule|--[\w-]+)"
)
_VALUE = re.compile(r"-?[\d.]+[a-z%]*|[a-z][a-z-]*", re.I)


def declarations(css: str) -> Iterator[tuple[int, str, str]]:
    """(line, property, value) of every declaration."""
    bare = _COMMENT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), css)
    for found in _RULE.finditer(bare):
        yield bare.count("\n", 0, found.start(1)) + 1, found[1].lower(), found[2].strip()


def strange(name: str, value: str) -> str | None:
    """What is wrong with a declaration; None for nothing."""
    own = re.sub(r"var\(--[\w-]+\)", "", value.replace("!important", ""))
    if _PAINT.fullmatch(name) and (_COLOUR.search(own) or _NAMED.search(own)):
        return "a colour that is no token"
    if name in ("font", "font-size", "line-height", "letter-spacing"):
        return _type(name, own)
    if _SPACE.fullmatch(name):
        words = _VALUE.findall(re.sub(r"calc\(|max\(|min\(|[()*+,/]", " ", own))
        odd = [w for w in words if w not in SPACES and not re.fullmatch(r"[\d.]+(ch|em)", w)]
        return f"a space that is no token: {' '.join(odd)}" if odd else None
    if name.endswith("radius"):
        odd = [w for w in own.split() if w not in RADII]
        return f"a radius that is no token: {' '.join(odd)}" if odd else None
    return None


def _type(name: str, own: str) -> str | None:
    sizes = re.findall(r"(?<![\w-])[\d.]+(?:px|rem|em|pt|%)", own)
    if name == "line-height" and re.fullmatch(r"[\d.]+|normal|inherit", own.strip()):
        return None
    return f"a size of type that is no token: {' '.join(sizes)}" if sizes else None


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(SOURCE)))
def test_every_colour_size_and_space_is_a_token(file: Path) -> None:
    wrong = [
        f"{file.name}:{line}: {name}: {value}: {told}"
        for line, name, value in declarations(file.read_text("utf-8"))
        if (told := strange(name, value)) is not None
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("color", "var(--ink)", True),
        ("color", "#fff", False),
        ("border", "1px solid white", False),
        ("border-top-color", "rgb(0 0 0 / .2)", False),
        ("background", "color-mix(in srgb, var(--act) 88%, var(--ink))", True),
        ("--mine", "#123456", False),
        ("font", "var(--help)", True),
        ("font", "600 14px/20px var(--text)", False),
        ("font-size", "14px", False),
        ("margin", "0 auto", True),
        ("margin", "-4px", False),
        ("padding-inline", "var(--s2) 6px", False),
        ("padding", "2px var(--s1)", True),
        ("gap", "calc(var(--s2) + 1px)", True),
        ("border-radius", "3px", False),
        ("width", "37px", True),
    ],
)
def test_the_test_itself(name: str, value: str, right: bool) -> None:
    assert (strange(name, value) is None) is right


def test_tokens_are_not_named_without_being_there() -> None:
    """A misspelt token is an empty value, which no browser complains of."""
    known = set(re.findall(r"(--[\w-]+)\s*:", TOKENS.read_text("utf-8")))
    for file in FILES:
        css = _COMMENT.sub("", file.read_text("utf-8"))
        here = known | set(re.findall(r"(--[\w-]+)\s*:", css))
        assert set(re.findall(r"var\((--[\w-]+)\)", css)) - here == set(), file.name
