"""What printed text and plain objects become, as tables."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dragoman.agents.output import KINDS, read_object, read_printed
from dragoman.domain.content import (
    Button,
    Buttons,
    Header,
    Image,
    List,
    LocationRequest,
    Media,
    Outbound,
    Raw,
    Row,
    Section,
    Template,
    Text,
    TextParam,
)
from dragoman.domain.sentences import SentenceError, say

FAMILY = "👨‍👩‍👧‍👦"
NATIVE = {"type": "image", "image": {"link": "https://example.com/a.jpg", "caption": "नमस्ते"}}
DOCUMENT_WITH_TEXT = {
    "type": "document",
    "message_text": "This is the document",
    "caption": "Guide",
    "filename": "Developer.pdf",
    "document": {"url": "https://example.com/EnterpriseAPIDocument.pdf"},
}

PRINTED: list[tuple[str, list[str], list[Outbound]]] = [
    ("nothing", [], []),
    ("blank", ["", "  ", "\n"], []),
    ("a text", ["hello"], [Text("hello")]),
    ("texts are lines", ["नमस्ते", "", f"{FAMILY} مرحبا"], [Text(f"नमस्ते\n\n{FAMILY} مرحبا")]),
    ("a native object", [json.dumps(NATIVE)], [Raw(NATIVE)]),
    ("a document with text", [json.dumps(DOCUMENT_WITH_TEXT)], [Raw(DOCUMENT_WITH_TEXT)]),
    ("spaces around an object", [f"\n {json.dumps(NATIVE)} "], [Raw(NATIVE)]),
    ("an array is text", ["[1, 2]"], [Text("[1, 2]")]),
    ("an array of objects is text", ['[{"kind": "text"}]'], [Text('[{"kind": "text"}]')]),
    ("a number is text", ["42"], [Text("42")]),
    ("a boolean is text", ["true"], [Text("true")]),
    ("null is text", ["null"], [Text("null")]),
    ("a quoted string is text", ['"hi"'], [Text('"hi"')]),
    ("braces that are no JSON are text", ["{name}, hello"], [Text("{name}, hello")]),
    ("an object and more is text", ['{"a":1} and more'], [Text('{"a":1} and more')]),
    (
        "order is kept",
        ["a", "b", '{"kind":"location_request","body":"Where?"}', "c", json.dumps(NATIVE), "d"],
        [Text("a\nb"), LocationRequest("Where?"), Text("c"), Raw(NATIVE), Text("d")],
    ),
    (
        "two objects are two messages",
        ['{"kind":"text","text":"1"}', '{"kind":"text","text":"2"}'],
        [Text("1"), Text("2")],
    ),
    ("an object beats blank neighbours", ["", json.dumps(NATIVE), " "], [Raw(NATIVE)]),
]


@pytest.mark.parametrize(("printed", "messages"), [row[1:] for row in PRINTED], ids=[
    row[0] for row in PRINTED
])  # fmt: skip
def test_printed(printed: list[str], messages: list[Outbound]) -> None:
    assert read_printed(printed) == messages


OBJECTS: list[tuple[dict[str, Any], Outbound]] = [
    (
        {
            "kind": "buttons",
            "body": "Tea?",
            "buttons": [{"id": "y", "title": "Yes"}],
            "header": {"image": {"link": "https://example.com/a.png"}},
        },
        Buttons(
            "Tea?",
            (Button("y", "Yes"),),
            header=Header(image=Media(link="https://example.com/a.png")),
        ),
    ),
    (
        {
            "kind": "list",
            "body": "b",
            "button": "Open",
            "sections": [{"title": "s", "rows": [{"id": "1", "title": "t"}]}],
        },
        List("b", "Open", (Section((Row("1", "t"),), "s"),)),
    ),
    ({"kind": "image", "link": "x", "caption": None}, Image(link="x")),
    (
        {
            "kind": "template",
            "name": "n",
            "language": "hi",
            "body": [{"kind": "text", "text": "मीरा"}],
        },
        Template("n", "hi", body=(TextParam("मीरा"),)),
    ),
    ({"kind": "raw", "payload": {"type": "text"}}, Raw({"type": "text"})),
    ({"Kind": "no kind of ours"}, Raw({"Kind": "no kind of ours"})),
]


@pytest.mark.parametrize(("given", "content"), OBJECTS)
def test_objects(given: dict[str, Any], content: Outbound) -> None:
    assert read_object(given) == content


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "it is empty"),
    ({"kind": 5}, "its `kind` must be a text, not 5"),
    ({"kind": "butons"}, "there is no `kind` 'butons'; did you mean 'buttons'?"),
    ({"kind": "zzz"}, f"there is no `kind` 'zzz'; known are {', '.join(KINDS)}"),
    ({"kind": "text"}, "text: missing required field `text`"),
    ({"kind": "text", "text": 5}, "text: expected `str`, got `int` at `text`"),
    (
        {"kind": "text", "text": "x", "preview": True},
        "there is no field `preview`; did you mean `preview_url`?",
    ),
    (
        {"kind": "buttons", "body": "b", "buttons": [{"id": "1", "title": "x"}, {"id": "2"}]},
        "buttons: missing required field `title` at `buttons[1]`",
    ),
    (
        {"kind": "buttons", "body": "b", "buttons": [{"id": "1", "title": "x", "tile": 1}]},
        "there is no field `buttons[0].tile`; did you mean `title`?",
    ),
    (
        {"kind": "buttons", "body": "b", "buttons": [], "header": {"img": {}}},
        "there is no field `header.img`; did you mean `image`?",
    ),
]


@pytest.mark.parametrize(("given", "problem"), WRONG)
def test_a_wrong_object_names_the_field(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(SentenceError) as caught:
        read_object(given)
    assert caught.value.sentence.id == "output_wrong"
    assert caught.value.sentence.args == {"problem": problem}
    assert problem in say(caught.value.sentence)


def test_depth_is_an_error_or_text_never_a_crash() -> None:
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    assert read_printed([deep]) == [Text(deep)]
