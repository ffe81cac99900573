"""What a file is, by its bytes, and what of its name is kept."""

from __future__ import annotations

import pytest

from dragoman.domain.filetypes import clean_name, guessed, mismatch, served_as, settled, sniff


@pytest.mark.parametrize(("name", "kept"), [
    ("menu.pdf", "menu.pdf"), ("/etc/passwd", "passwd"), ("..\\..\\boot.ini", "boot.ini"),
    ("चाय 👨‍👩‍👧‍👦.png", "चाय 👨‍👩‍👧‍👦.png"), ("naïve.txt", "naïve.txt"), ("שלום.txt", "שלום.txt"),
    ("exe\u202egnp.x", "exegnp.x"), ("a\r\nb\0c", "abc"), (".htaccess", "htaccess"),
    ("a/", None), ("..", None), ("", None), (None, None), ("\u200e", None),
    ("x" * 300 + ".pdf", "x" * 196 + ".pdf"), ("x" * 300, "x" * 200),
    ("\ud800.txt", "txt"),
])  # fmt: skip
def test_a_name_is_cleaned(name: str | None, kept: str | None) -> None:
    assert clean_name(name) == kept


@pytest.mark.parametrize(("said", "head", "kept"), [
    ("image/jpeg", b"\x89PNG\r\n\x1a\n", "image/png"),
    ("", b"\x89PNG\r\n\x1a\n", "image/png"), ("", b"tea", "application/octet-stream"),
    ("application/octet-stream", b"%PDF-1.4", "application/pdf"),
    ("Audio/OGG; codecs=opus", b"OggS", "audio/ogg"), ("text/csv", b"a,b", "text/csv"),
    ("video/mp4", b"\0\0\0\x20ftypisom", "video/mp4"),
])  # fmt: skip
def test_the_type_that_is_kept(said: str, head: bytes, kept: str) -> None:
    assert settled(said, head) == kept


def test_the_type_that_nobody_told() -> None:
    assert guessed("menu.pdf", b"%PDF-1.7") == "application/pdf"
    assert guessed("tea.jpg", b"\x89PNG\r\n\x1a\n") == "image/png"
    assert guessed(None, b"\xff\xd8\xff") == "image/jpeg"
    assert guessed("x.unknown", b"tea") == "application/octet-stream"


@pytest.mark.parametrize(
    "head", [b"", b"\xff", b"RIFF", b"RIFF1234", b"\0\0\0\0ftyp", b"<", b"%PD"]
)
def test_too_few_bytes_show_nothing_strange(head: bytes) -> None:
    assert sniff(head) in ("", "video/mp4")
    assert mismatch("image", "image/png", head) is not None
    assert mismatch("document", "application/x-tea", head) is None


def test_only_pictures_sound_and_films_are_shown() -> None:
    assert served_as("image/png") == ("image/png", True)
    assert served_as("text/csv") == ("text/csv", False)
    assert served_as("text/html") == ("application/octet-stream", False)
