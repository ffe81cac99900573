"""Drawings of where something is at a partner, from the words of its metadata."""

from __future__ import annotations

import pytest

from dragoman.console.drawing import LONGEST, drawing
from dragoman.partners.registry import PARTNERS, partner

META = "Meta app › WhatsApp › Configuration › Webhook › Callback URL; then subscribe to messages"


def test_each_step_is_one_picture_and_the_last_has_the_ring() -> None:
    steps = drawing(META, "Callback URL")
    assert [s.text for s in steps] == ["WhatsApp", "Configuration", "Webhook", "Callback URL"]
    assert ["ring" in s.svg for s in steps] == [False, False, False, True]
    assert all("Meta app" in s.svg for s in steps)


def test_a_menu_that_has_another_name_leads_to_the_field() -> None:
    texts = [s.text for s in drawing("Portal › Senders, once it is verified", "Phone numbers")]
    assert texts == ["Senders", "Phone numbers"]


def test_what_is_no_path_is_not_drawn() -> None:
    assert drawing("the mail of the support team", "Account key") == []
    assert drawing("", "x") == []


def test_what_comes_by_mail_is_a_letter_with_the_line_to_copy() -> None:
    (step,) = drawing("the mail of the support team", "Account key", True)
    assert step.text == "the mail of the support team"
    assert "ring" in step.svg and "Account key" in step.svg


def test_markup_is_text() -> None:
    steps = drawing("<b>A</b> › <script>alert(1)</script>", "<i>")
    assert all("<script" not in s.svg and "<b>" not in s.svg for s in steps)


@pytest.mark.parametrize("name", list(PARTNERS))
def test_no_word_runs_over_its_edge(name: str) -> None:
    for field in partner(name).SETTINGS:
        for step in drawing(field.where_to_find, field.label, "mail" in field.where_to_find):
            inside = step.svg.unescape()
            texts = [piece.split("</text>")[0] for piece in inside.split("<text ")[1:]]
            assert all(len(t.partition(">")[2]) <= LONGEST for t in texts), step.text
