"""The parts of the conformance kit: bodies with one place changed, the table, the page, the lines
of the command."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dragoman.cli import cli
from dragoman.conform import altered, lengths
from dragoman.conform.bench import NEEDS
from dragoman.conform.table import CHECKS
from dragoman.domain.sentences import known

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
BODY = {
    "type": "text",
    "to": "+12025550100",
    "at": "1700000000",
    "items": [{"id": 7, "inside": '{"a": [1, "x"]}'}],
}


def changed(alter: Any, *args: Any) -> list[tuple[str, Any]]:
    return [(altered.named(path), altered.put(BODY, path, new)) for path, new in alter(BODY, *args)]


def test_a_place_inside_a_text_is_changed_there() -> None:
    path = next(p for p, there in altered.places(BODY) if there == "x")
    assert altered.named(path) == "items[0].inside().a[1]"
    assert altered.put(BODY, path, None)["items"][0]["inside"] == '{"a": [1, null]}'
    assert BODY["items"][0]["inside"] == '{"a": [1, "x"]}'  # type: ignore[index]


def test_null_comes_to_every_place_and_to_all() -> None:
    made = dict(changed(altered.without))
    places = {"type", "to", "at", "items", "items[0]", "items[0].id", "items[0].inside"}
    places |= {"items[0].inside()", "items[0].inside().a[0]", "items[0].inside().a[1]"}
    assert made.keys() >= places
    assert made["items[0].id"] == {**BODY, "items": [{**BODY["items"][0], "id": None}]}  # type: ignore[dict-item]
    *_, (_, everything) = altered.without(BODY)
    inside = '{"a": [null, null]}'
    assert everything == {
        "type": None, "to": None, "at": None, "items": [{"id": None, "inside": inside}],
    }  # fmt: skip


def test_shapes_are_exchanged() -> None:
    made = changed(altered.misshapen)
    assert ("items[0]", {**BODY, "items": [[BODY["items"][0]]]}) in made  # type: ignore[index]
    assert ("items", {**BODY, "items": {"0": BODY["items"]}}) in made
    assert ("type", {**BODY, "type": ["text"]}) in made


def test_kinds_times_and_texts_of_json_are_found() -> None:
    assert [name for name, _ in changed(altered.unknown_words)] == ["type"]
    assert changed(altered.times, 1_700_000_000_500) == [
        ("at", {**BODY, "at": "1700000000500"}),
    ]
    broken = [body["items"][0]["inside"] for _, body in changed(altered.unparseable)]
    assert len(broken) == 5
    for text in broken:
        with pytest.raises(ValueError):
            json.loads(text)


def test_a_number_is_replaced_with_and_without_its_plus() -> None:
    body = {"a": "+12025550100", "b": 12025550100, "c": "1202555010"}
    assert altered.replaced(body, "12025550100", "12025550177") == {
        "a": "+12025550177", "b": "12025550177", "c": "1202555010",
    }  # fmt: skip
    assert altered.replaced(body, "12025550100", "US.1")["a"] == "US.1"


@pytest.mark.parametrize("script", lengths.SCRIPTS)
@pytest.mark.parametrize("count", [1, 7, 20, 24, 60, 1024])
def test_texts_have_the_length_that_was_asked_for(script: str, count: int) -> None:
    text = lengths.filled(script, count)
    assert len(text) == count and text == text.strip()


def test_every_row_of_the_table_is_a_check() -> None:
    for one in CHECKS.values():
        assert inspect.iscoroutinefunction(one.run), one.id
        assert one.title.endswith("."), one.id
        assert one.needs == "" or one.needs in NEEDS, one.id
    for need in NEEDS:
        assert f"conform_needs_{need}" in known()


def test_the_page_tells_every_check() -> None:
    page = PAGE.read_text("utf-8")
    rows = [f"| `{one.id}` | {one.title} |" for one in CHECKS.values()]
    assert [row for row in rows if row not in page] == []


def command(*args: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["conform", *args])
    error = "" if done.exception is None else str(done.exception)
    return done.exit_code, done.output + error


def test_the_command_lists_and_explains() -> None:
    code, text = command("--list")
    assert code == 0 and all(one.title in text for one in CHECKS.values())
    for args, said in (
        ((), "Name a partner to try"),
        (("nobody",), "There is no partner 'nobody' to try"),
        (("karix/other",), "karix has no way 'other'"),
        (("karix", "--only", "nothing"), "There is no check 'nothing'"),
    ):
        code, text = command(*args)
        assert code == 1 and said in text, text


def test_the_command_tries_a_partner(tmp_path: Path) -> None:
    home = tmp_path / "kept"
    code, text = command("karix", "--only", "slow", "--only", "json_in_json", "--keep", str(home))
    assert code == 0, text
    assert text.splitlines()[:2] == [
        f"● slow               {CHECKS['slow'].title}",
        "○ json_in_json       Karix writes no JSON inside texts.",
    ]
    assert "1 passed, 0 failed, 1 absent" in text
    assert (home / "dragoman.db").exists()
    assert "is not empty" in command("karix", "--keep", str(home))[1]
