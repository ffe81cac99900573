"""What fields of raw bodies mean, found by reading them again with one of them changed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "roundtrip"))

from five import FIVE, STREAM_ID, five

from dragoman.domain.sentences import say
from dragoman.engine import meaning
from dragoman.engine.why import story
from dragoman.store.drivers import Tx
from dragoman.store.queries import chain

SHOP = Path(__file__).parents[2] / "examples" / "tea_shop.py"


def flat(body: bytes) -> list[dict[str, str]]:
    """A reader of texts only."""
    found = json.loads(body)
    if found["type"] != "text":
        raise ValueError(found["type"])
    told = {"event": "message", "at": str(found["at"]), "content.text": found["inner"]}
    return [{**told, "content.text": json.loads(told["content.text"])["text"]}]


def test_a_field_means_what_changes_with_it() -> None:
    body = {
        "type": "text",
        "at": 7,
        "inner": json.dumps({"text": "नमस्ते"}),
        "price": 0.5,
        "no": None,
    }
    found = meaning.probed(json.dumps(body).encode(), flat)
    told = {one.place: ", ".join(map(say, one.means)) for one in found}
    assert told == {
        "type": "what kind of item it is", "at": "when, by the partner's clock",
        "inner.text": "the words", "price": "", "no": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    "body", [b"", b"null", b"7", b"\xff\xfe", b"[" * 9_000, b"{}" + b" " * 40_000]
)
def test_what_is_no_body_of_fields_has_none(body: bytes) -> None:
    assert meaning.probed(body, flat) == []


def test_a_form_is_taken_apart_as_well() -> None:
    def read(body: bytes) -> list[dict[str, str]]:
        return [{"content.text": body.decode().partition("text=")[2]}]

    found = meaning.probed(b"mobile=1&text=tea", read)
    assert [(one.place, one.value) for one in found] == [("mobile", "1"), ("text", "tea")]
    assert [say(one.means[0]) for one in found if one.means] == ["the words"]


@pytest.mark.full
async def test_every_partners_bodies_have_their_meaning(tmp_path: Path) -> None:
    async with five(tmp_path, SHOP) as world:
        for name in FIVE:
            await world.use(name)
            await world.says(name, "hello")
            await world.quiet()
            found = await world.app.store.read(lambda tx: _told(tx, world.app))
            for label, wanted in (
                ("body", {"the words": "hello", "the contact": "12025550142"}),
                ("sent", {"the message's `body`": "Welcome to the", "the contact": "1202555"}),
                ("answer", {"the partner's id of it": ""}),
            ):  # fmt: skip
                rows = next(rows for (_, at), rows in found.items() if at == label)
                for means, value in wanted.items():
                    hit = [r for r in rows if means in [say(one) for one in r.means]]
                    assert any(value in one.value for one in hit), (name, label, means)


def _told(tx: Tx, app: object) -> dict[tuple[int, str], list[meaning.Raw]]:
    last = chain.last(tx)
    assert last is not None
    one = app.apps.by_stream[STREAM_ID]  # type: ignore[attr-defined]
    return meaning.of_steps(tx, one, story(tx, last, 0).steps)
