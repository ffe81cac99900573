"""One scripted conversation with one agent file on all five partners, in every dialect: the same
transcript, only the lines that the dialect's table declares degraded differ."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from five import FIVE, FORMS, Five, Form, five

from dragoman.domain.sentences import SentenceError
from dragoman.partners.contract import Capability
from dragoman.partners.registry import partner

pytestmark = pytest.mark.full  # whole ways, several processes or emulators


def seen(body: dict[str, Any]) -> str:
    """A bubble in one line, as a person reads it."""
    kind = body["type"]
    value = body[kind]
    if kind == "text":
        return f"text: {value['body']}"
    if kind == "interactive":
        action = value["action"]
        if value["type"] == "button":
            titles = [b["reply"]["title"] for b in action["buttons"]]
            return f"buttons: {value['body']['text']} {titles}"
        if value["type"] == "list":
            titles = [r["title"] for s in action["sections"] for r in s["rows"]]
            return f"list: {value['body']['text']} {titles}"
        total = action["parameters"]["total_amount"]
        return f"bill: {value['body']['text']} {total['value']}"
    if kind == "template":
        rendered = body.get("rendered") or {}
        return f"template: {rendered.get('body') or value['name']}"
    if kind == "location":
        return f"place: {value.get('name')} {float(value['latitude'])}"
    return f"{kind}: {value.get('caption', '')} {value.get('filename', '')}".strip()


async def say(world: Five, name: str, what: Any) -> list[str]:
    """The lines that an act of the person brings."""
    before = len(world.bubbles(name))
    if isinstance(what, str):
        await world.says(name, what)
    else:
        last = world.bubbles(name)[-1]["id"] if before else None
        await world.does(name, what, quoted=last if what["type"] == "interactive" else None)
    await world.quiet()
    return [seen(bubble["body"]) for bubble in world.bubbles(name)[before:]]


def tap(kind: str, id: str, title: str) -> dict[str, Any]:
    reply = {"id": id, "title": title}
    return {"type": "interactive", "interactive": {"type": kind, kind: reply}}


SHOP = Path(__file__).with_name("shop_agent.py")
HOME = {"type": "location", "location": {"latitude": 26.2, "longitude": 91.8}}
WHOLE: list[tuple[str, Any, list[str]]] = [
    ("buttons", "hello", ["buttons: Welcome to the tea shop. ['Order', 'Visit us']"]),
    (
        "list",
        tap("button_reply", "order", "Order"),
        ["list: Which tea? ['Assam', 'Sencha']"],
    ),
    (
        "image",
        tap("list_reply", "assam", "Assam"),
        ["image: Assam", "document: This month's prices prices.pdf"],
    ),
    ("location", "where", ["place: Tea shop 26.1"]),
    ("text", HOME, ["text: We deliver there."]),
    ("template", "shipped?", ["template: Hi Asha, your order T-17 has shipped."]),
    ("order_details", "pay", ["bill: Please pay 21000"]),
]


async def pays(world: Five, name: str) -> list[str] | None:
    """What follows when the person pays; None where the partner tells nothing of it."""
    bill = world.bubbles(name)[-1]["id"]
    before = len(world.bubbles(name))
    try:
        await world.handsets.pay(world.line(name).key, "asha", bill, "paid")
    except SentenceError:
        return None
    await world.until(lambda: len(world.bubbles(name)) > before)
    await world.quiet()
    return [seen(bubble["body"]) for bubble in world.bubbles(name)[before:]]


@pytest.mark.full
async def test_one_conversation_on_all_five(tmp_path: Path) -> None:
    paid: dict[Form, list[str] | None] = {}
    async with five(tmp_path, SHOP) as world:
        for name, dialect in FORMS:
            await world.use(name, dialect)
            live = world.emulated._app.published
            assert live is not None and partner(name).dialect(live.settings[name]) == dialect
            can = partner(name).CAPABILITIES[dialect]
            for kind, act, expected in WHOLE:
                lines = await say(world, name, act)
                ability = can[kind].capability
                where = (name, dialect, kind, lines)
                if ability is Capability.NATIVE:
                    assert lines == expected, where
                elif ability is Capability.DEGRADED:
                    assert lines and all(line.startswith("text: ") for line in lines), where
                else:
                    assert lines == [], where
            if can["order_details"].capability is Capability.NATIVE:
                paid[name, dialect] = await pays(world, name)
    told = {form: lines for form, lines in paid.items() if lines is not None}
    assert {name for name, _ in told} >= {"cloud-api", "gupshup"} & set(FIVE)
    assert all(lines == ["text: Payment success, thank you."] for lines in told.values()), told
