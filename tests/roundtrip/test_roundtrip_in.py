"""Everything that a person can do on the phone, at every partner: what the agent is handed is the
same whoever carried it, or the phone says that this partner does not pass it on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from five import FORMS, Five, Form, five, ids

from dragoman.agents.contract import Turn
from dragoman.domain.content import encode
from dragoman.domain.sentences import SentenceError
from dragoman.emulators.phone.gestures import (
    Basket,
    FinishForm,
    React,
    SendContact,
    SendLocation,
    TapButton,
    TapRow,
    Write,
    body_of,
)

pytestmark = pytest.mark.full  # whole ways, several processes or emulators

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    b"\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\x00\x00\x00\x03\x00\x01\x18\xdd\x8d"
    b"\xb0\x00\x00\x00\x00IEND\xaeB`\x82"
)
PDF = b"%PDF-1.4\n%%EOF\n"
SCRIPTS = "चाय, 👨‍👩‍👧‍👦, שלום, naïve ☕️"
FILES = {"image": ("image/png", PNG), "document": ("application/pdf", PDF)}


def gesture(kind: str, message: str) -> Any:
    at = {"line": "", "contact": ""}
    match kind:
        case "text":
            return Write(**at, text=SCRIPTS)
        case "button":
            return TapButton(**at, message=message, id="teas", title="See the teas")
        case "row":
            return TapRow(**at, message=message, id="assam", title="Assam", description="strong")
        case "location":
            return SendLocation(**at, latitude=26.1445, longitude=91.7362, name="Garden")
        case "contact":
            return SendContact(**at, name="Ben Berg", phone="+12025550143")
        case "reaction":
            return React(**at, message=message, emoji="👍")
        case "form":
            return FinishForm(
                **at, message=message, name="flow", answers={"flow_token": "t", "n": 2}
            )
        case "order":
            return Basket(**at, message=message, catalog="194836987003835", items={"assam": 2})
    raise AssertionError(kind)


KINDS = ("text", "button", "row", "location", "contact", "reaction", "form", "order")
heard: list[Any] = []


async def hear(turn: Turn) -> None:
    heard.extend(message.content for message in turn.messages)
    if turn.text == "hello":
        turn.reply({
            "kind": "buttons", "body": "Well?",
            "buttons": [{"id": "teas", "title": "See the teas"}],
        })  # fmt: skip


def told(content: Any) -> Any:
    """A content without what each partner names in its own way: ids, addresses and digests of
    files, and whether a description comes back."""
    value = json.loads(encode(content))
    value.pop("description", None)
    media = value.get("media")
    if isinstance(media, dict):
        value["media"] = {k: v for k, v in media.items() if k in ("mime_type", "filename")}
    if value.pop("message_id", None):  # of a reaction
        value["message_id"] = "known"
    for card in value.get("contacts", []):
        for phone in card.get("phones", []):
            phone.pop("type", None)
            phone.pop("wa_id", None)
            phone["phone"] = phone["phone"].lstrip("+")
        card.pop("org", None)
    return value


async def one(world: Five, name: str, kind: str, message: str) -> Any:
    """What the agent was handed for a gesture, or the phone's refusal."""
    heard.clear()
    body, quoted = (None, None) if kind in FILES else body_of(gesture(kind, message))
    if body is None:
        mime, data = FILES[kind]
        filename = "prices.pdf" if kind == "document" else None
        media = await world.handsets.upload(world.line(name).key, data, mime, filename)
        value = {**media, "caption": "look"}
        if filename:
            value["filename"] = filename
        else:
            value.pop("filename", None)
        body = {"type": kind, kind: value}
    try:
        await world.does(name, body, quoted=quoted)
    except SentenceError as refused:
        return refused.sentence.id
    await world.until(lambda: len(heard) > 0)
    await world.quiet()
    return told(heard[0])


async def everything(folder: Path, form: Form) -> dict[str, Any]:
    name = form[0]
    async with five(folder, hear) as world:
        await world.use(*form)
        heard.clear()
        await world.says(name, "hello")
        await world.quiet()
        message = world.bubbles(name)[-1]["id"]
        return {kind: await one(world, name, kind, message) for kind in (*KINDS, *FILES)}


# What a partner has no known shape for: the phone says so. Its docs page has the list.
NOT_CARRIED: dict[Form, set[str]] = {
    ("gupshup", "access"): {"reaction", "form", "order"},
    ("infobip", "messages"): {"contact", "order"},  # as the Messages API's renderer passes it on
    ("karix", ""): {"contact", "reaction", "form", "order"},
    ("netcore", ""): {"contact", "form", "order"},
}


# What is passed on, and not whole: the dialect has no member for the rest.
LOST: dict[tuple[Form, str], str] = {
    (("gupshup", "access"), "location"): "name",
    (("infobip", "messages"), "location"): "name",
    (("infobip", "messages"), "form"): "body",
    (("infobip", "messages"), "reaction"): "message_id",
}


def same(got: Any, usual: Any) -> bool:
    """Of a file, partners tell the type, the name, or neither; what they tell must agree."""
    if isinstance(got, dict) and isinstance(usual, dict) and "media" in usual:
        told, known = got.get("media", {}), usual["media"]
        if any(told[key] != known[key] for key in told.keys() & known.keys()):
            return False
        return {**got, "media": 0} == {**usual, "media": 0}
    return bool(got == usual)


@pytest.mark.full
async def test_the_agent_is_handed_the_same_at_every_partner(tmp_path: Path) -> None:
    for form in FORMS:
        (tmp_path / ids(form)).mkdir()
    seen = {form: await everything(tmp_path / ids(form), form) for form in FORMS}
    usual = seen["cloud-api", ""]
    assert "line_cannot_carry" not in usual.values()
    assert usual["text"] == {"kind": "text", "text": SCRIPTS}
    assert usual["button"] == {"kind": "button_reply", "id": "teas", "title": "See the teas"}
    for form, found in seen.items():
        refused = {kind for kind, got in found.items() if got == "line_cannot_carry"}
        assert refused == NOT_CARRIED.get(form, set()), form
        for kind in found.keys() - refused:
            wanted = usual[kind]
            if (form, kind) in LOST:
                wanted = {k: v for k, v in wanted.items() if k != LOST[form, kind]}
            assert same(found[kind], wanted), (form, kind, found[kind], wanted)
