"""The engine of tables: members, paths, what counts as absent, checks, elements of lists."""

from __future__ import annotations

from typing import Any

import pytest

from dragoman.domain import content as c
from dragoman.partners._cloud.limits import Refuse, filled, within
from dragoman.partners.mapping import Is, May, Need, absent, at, mapped, renamed

ROW = (
    Is("type", "ROW"),
    Need("id", "id", filled, "row id"),
    May("description", "description", within, "row description"),
)


def test_members_stand_in_the_order_of_the_table_and_names_may_be_paths() -> None:
    table = (May("body.text", "body"), Is("body.type", "LIST"), Need("label", "button"))
    made = mapped(c.List("b", "Open", ()), table)
    assert made == {"body": {"text": "b", "type": "LIST"}, "label": "Open"}
    assert list(made) == ["body", "label"]
    assert mapped({"a": {"b": [1]}}, (May("x", "a.b"), May("y", "a.c.d"))) == {"x": [1]}
    given = {"a": 1}
    assert mapped(given, (Need("all"),)) == {"all": given}


def test_each_element_of_a_list_has_its_table() -> None:
    section = c.Section((c.Row("1", "One"), c.Row("2", "Two", "second")))
    assert mapped(section, (Need("rows", "rows", each=ROW),)) == {
        "rows": [
            {"type": "ROW", "id": "1"},
            {"type": "ROW", "id": "2", "description": "second"},
        ]
    }


@pytest.mark.parametrize("value", [None, False, "", (), [], {}])
def test_what_is_absent_is_left_out_and_what_is_needed_is_written(value: Any) -> None:
    assert absent(value)
    assert mapped({"a": value}, (May("a", "a"),)) == {}
    written = [] if value == () else value  # JSON has no tuples
    assert mapped({"a": value}, (Need("a", "a"),)) == {"a": written}


@pytest.mark.parametrize("value", [0, 0.0, True, "x", [None]])
def test_nought_is_a_value(value: Any) -> None:
    assert not absent(value)
    assert mapped({"a": value}, (May("a", "a"),)) == {"a": value}


def test_a_check_is_told_the_field_the_value_and_the_limit() -> None:
    told: list[Any] = []

    def check(field: str, value: Any, most: int | None) -> str:
        told.append((field, value, most))
        return "written"

    table = (Need("x", "x", check, "thing", 5), May("y", "y", check), Need("z", "z", check))
    assert mapped({"y": 1}, table) == {"x": "written", "y": "written", "z": "written"}
    assert told == [("thing", "", 5), ("", 1, None), ("", "", None)]  # nothing is an empty text


@pytest.mark.parametrize(("row", "sentence"), [
    (c.Row("", "t"), "meta_empty"),
    (c.Row("x" * 201, "t"), "meta_too_long"),
    (c.Row("x", "t", "d" * 73), "meta_too_long"),
])  # fmt: skip
def test_what_a_check_refuses_is_refused(row: c.Row, sentence: str) -> None:
    with pytest.raises(Refuse) as refusal:
        mapped(row, ROW)
    assert refusal.value.sentence.id == sentence


def test_what_is_made_of_a_value_may_be_nothing() -> None:
    table = (May("a", "a", make=str.upper), May("b", "a", make=str.strip), Need("c", "a", make=len))
    assert mapped({"a": " x "}, table) == {"a": " X ", "b": "x", "c": 3}
    assert mapped({"a": "  "}, table) == {"a": "  ", "c": 2}


def test_members_are_renamed_however_deep() -> None:
    assert renamed([{"a": {"b": ["c"]}}, 1], str.upper) == [{"A": {"B": ["c"]}}, 1]
    assert renamed("a", str.upper) == "a"


def test_a_path_through_nothing_leads_to_nothing() -> None:
    assert at({"a": None}, "a.b") is None
    assert at({"a": "text"}, "a.title") is None  # not the text's own method
    assert at(c.Text("hi"), "text") == "hi"
    assert at(c.Text("hi"), "body.text") is None
    assert at("whole", "") == "whole"
