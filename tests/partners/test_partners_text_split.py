"""Long texts in pieces: nothing lost, nothing cut that people see as one character."""

from __future__ import annotations

import pytest
import regex  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.domain.text import split_text

FAMILY = "👨‍👩‍👧‍👦"


@pytest.mark.parametrize(
    ("text", "limit", "pieces"),
    [
        ("", 5, []),
        ("hello", 5, ["hello"]),
        ("hello world", 5, ["hello", "world"]),
        ("hello world", 6, ["hello", "world"]),
        ("hello", 2, ["he", "ll", "o"]),
        ("     \n ", 3, []),
        ("One two. Three four", 14, ["One two.", "Three four"]),
        ("First line\nsecond one. more", 18, ["First line", "second one. more"]),
        ("A paragraph.\n\nAnother. One", 20, ["A paragraph.", "Another. One"]),
        ("a\n\nlong words follow here", 15, ["a\n\nlong words", "follow here"]),
        ("क्षि क्षि", 4, ["क्षि", "क्षि"]),
        ("यह एक है। यह दो है।", 12, ["यह एक है।", "यह दो है।"]),
        (FAMILY * 2, 10, [FAMILY, FAMILY]),
        (FAMILY, 3, ["👨‍👩", "‍👧‍", "👦"]),
        ("مرحبا بكم؟ نعم", 11, ["مرحبا بكم؟", "نعم"]),
        ("שלום עולם", 6, ["שלום", "עולם"]),
        ("東京です。大阪です。", 7, ["東京です。", "大阪です。"]),
        ("🇮🇳🇺🇸🇧🇷", 3, ["🇮🇳", "🇺🇸", "🇧🇷"]),
        ("a\r\nb", 2, ["a", "b"]),
    ],
)
def test_cuts_are_where_people_would_cut(text: str, limit: int, pieces: list[str]) -> None:
    assert split_text(text, limit) == pieces


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        split_text("a", 0)


SCRIPTS = st.sampled_from(
    [
        "a",
        "Z",
        " ",
        "\n",
        "\n\n",
        ". ",
        "! ",
        "क्षि",
        "ी",
        FAMILY,
        "e\u0301",
        "שלום",
        "؟ ",
        "。",
        "👍🏽",
        "\u200d",
        "\r\n",
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(SCRIPTS, max_size=60).map("".join), st.integers(1, 40))
def test_nothing_is_lost_but_white_space_at_the_cuts(text: str, limit: int) -> None:
    pieces = split_text(text, limit)
    assert all(0 < len(piece) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    rest = text
    for piece in pieces:
        # Each piece follows in order, with nothing but white space between.
        gap = rest.index(piece)
        assert not rest[:gap].strip()
        rest = rest[gap + len(piece) :]
    assert not rest.strip()


@settings(max_examples=200, deadline=None)
@given(st.lists(SCRIPTS, min_size=1, max_size=40).map("".join), st.integers(8, 40))
def test_no_character_is_cut_unless_it_alone_is_too_long(text: str, limit: int) -> None:
    whole = regex.findall(r"\X", text)
    if max(map(len, whole)) > limit:
        return
    pieces = split_text(text, limit)
    seen = [g for piece in pieces for g in regex.findall(r"\X", piece)]
    # White space may go at a cut; everything else is there as the same characters.
    assert [g for g in seen if g.strip()] == [g for g in whole if g.strip()]
