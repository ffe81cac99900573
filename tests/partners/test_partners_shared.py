"""What connectors share beside Meta's own objects: slips of one field, required fields, files by
address, items of a webhook, refusals that become values."""

from __future__ import annotations

import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from dragoman.domain.errors import Code
from dragoman.domain.sentences import say, term
from dragoman.domain.wire import Reply
from dragoman.partners._cloud.limits import Refuse, filled, tried, unsupported
from dragoman.partners.contract import Complaint, Field, MediaFile, Unsupported
from dragoman.partners.form import Reading, Slip, in_order, lacks
from dragoman.partners.items import iso_ms, listed
from dragoman.partners.links import Links
from dragoman.partners.replies import Replies, file_in

FIELDS = (
    Field("key", "Key", "", required=True),
    Field("name", "Name", ""),
    Field("secret", "Secret", "", required=True, only_if=("name", ("b",))),
)
SLIPS = (
    Slip(".{1,3}", "form_short", ("length",)),
    Slip("x.*", "form_id_wrong", ("value",), {"shape": "it begins with another letter."}),
)


def told(complaints: Any) -> list[tuple[str, str]]:
    assert all("?" not in say(complaint.sentence) for complaint in complaints)
    return [(complaint.field, complaint.sentence.id) for complaint in complaints]


# --- forms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "sentence"), [
    ("abc", "form_short"),
    ("xyz1", "form_id_wrong"),
    ("abcd", None),
    ("", None),
    ("Bearer abc", "form_has_scheme"),  # the usual slips come first, and one is enough
])  # fmt: skip
def test_the_first_slip_of_a_field_is_told_once(value: str, sentence: str | None) -> None:
    reading = Reading(FIELDS, {"key": value})
    assert reading.pasted("key", SLIPS) == value
    assert told(reading.complaints) == ([("key", sentence)] if sentence else [])


def test_a_slip_is_told_what_it_asks_for() -> None:
    reading = Reading(FIELDS, {"key": "x y z", "name": "ab"})
    assert (reading.text("key", SLIPS), reading.text("name", SLIPS)) == ("x y z", "ab")
    shape = {
        "label": term("Key"),
        "value": "x y z",
        "shape": "it begins with another letter.",
    }
    assert [one.sentence.args for one in reading.complaints] == [
        shape,
        {"label": term("Name"), "length": 2},
    ]


def test_complaints_stand_in_the_order_of_the_form() -> None:
    reading = Reading(FIELDS, {"key": "a", "name": "b", "secret": "c"})
    for name in ("secret", "key", "name"):
        reading.pasted(name, SLIPS)
    assert [complaint.field for complaint in in_order(reading)] == ["key", "name", "secret"]


@pytest.mark.parametrize(("given", "missing"), [
    ({"key": "", "name": "a", "secret": ""}, ["key"]),
    ({"key": "k", "name": "b", "secret": ""}, ["secret"]),
    ({"key": "k", "name": "b", "secret": "s"}, []),
])  # fmt: skip
def test_a_field_lacks_a_value_where_it_is_required_and_shown(
    given: dict[str, str], missing: list[str]
) -> None:
    found = lacks(SimpleNamespace(**given), FIELDS, "accounts.north.")
    assert [complaint.field for complaint in found] == [f"accounts.north.{n}" for n in missing]
    assert all(isinstance(complaint, Complaint) for complaint in found)


# --- sending -------------------------------------------------------------------------------------


def test_a_file_is_given_by_its_address_alone() -> None:
    links = Links("owl", "Owl Post")
    assert links.of("image", None, "https://x.example/a") == "https://x.example/a"
    for id, link, sentence in (
        ("4", "https://x.example/a", "owl_link_only"),
        (None, None, "owl_no_link"),
        (None, "x.example", "meta_bad_link"),
    ):
        refusal = tried(links.of, "image", id, link)
        assert isinstance(refusal, Refuse)
        assert refusal.sentence.id == sentence
        assert "?" not in say(refusal.sentence)


def test_what_is_refused_becomes_a_value() -> None:
    @unsupported
    def render(text: str) -> str:
        return filled("text", text)

    assert render("hi") == "hi"
    refusal = render("")
    assert isinstance(refusal, Unsupported)
    assert (refusal.sentence.id, refusal.code) == ("meta_empty", Code.INVALID)


# --- reading -------------------------------------------------------------------------------------


def test_items_are_listed_with_their_paths() -> None:
    assert listed([1, 2], "results") == [("results[0]", 1), ("results[1]", 2)]
    assert listed({"a": 1}) == [("", {"a": 1})]
    assert listed([]) == []


@pytest.mark.parametrize(("value", "at"), [
    ("1970-01-01T00:00:01.5Z", 1500),
    (" 2026-11-20T09:15:27.431+0000 ", 1795166127431),
    ("2026-11-20", 1795132800000),
    ("1969-12-31T23:59:59Z", None),
    ("soon", None),
    ("", None),
    (1795166127431, None),
    (None, None),
])  # fmt: skip
def test_a_written_time_is_read(value: Any, at: int | None) -> None:
    assert iso_ms(value) == at


def test_a_time_without_a_zone_is_of_the_partners() -> None:
    india = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
    assert iso_ms("1970-01-01T05:30:01", india) == 1000
    assert iso_ms("1970-01-01T05:30:01Z", india) == 19801000


def test_an_answer_is_a_file_or_none() -> None:
    headers = {"content-type": "image/png; charset=x"}
    assert file_in(Reply(200, headers, b"png")) == MediaFile(b"png", "image/png")
    assert file_in(Reply(200, headers, b"")) is None
    assert file_in(Reply(404, headers, b"gone")) is None


@pytest.mark.parametrize(("status", "own", "sentence"), [
    (400, True, None),
    (400, False, None),  # no gateway says it of a call that went through
    (500, True, None),
    (404, True, None),
    (404, False, "owl_nobody_there"),
    (500, False, "owl_not_understood"),
    (502, True, "owl_not_understood"),
    (408, False, "owl_not_understood"),
])  # fmt: skip
def test_a_refusal_that_is_not_the_partners_is_told(
    status: int, own: bool, sentence: str | None
) -> None:
    strange = Replies("owl", "Owl Post").strange(Reply(status, {}, b"words"), own)
    assert (strange and strange.sentence.id) == sentence
