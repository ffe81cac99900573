"""docs/agents.md keeps its promises: every kind, decorator and sentence of an agent is in it, and
the tables of fields say what `domain.content` does.

After a change: `.venv/bin/python tests/agents/test_agents_docs.py` writes the tables anew.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

import dragoman.agents
import dragoman.sandbox.pool
from dragoman.agents.output import KINDS
from dragoman.agents.python import Agent
from dragoman.domain import content as c
from dragoman.domain.sentences import known
from dragoman.partners._cloud.limits import COUNTS, LIMITS

PAGE = Path(__file__).parents[2] / "docs" / "agents.md"
DOCS = PAGE.read_text("utf-8")
TEMPLATE = Path(dragoman.agents.__file__).with_name("new_agent.py.txt").read_text("utf-8")


def test_every_kind_is_listed() -> None:
    assert [kind for kind in KINDS if f"`{kind}`" not in DOCS] == []


def test_every_decorator_is_listed() -> None:
    names = [name for name, _ in inspect.getmembers(Agent, inspect.isfunction) if name[0] != "_"]
    decorators = [name for name in names if name not in ("answer", "close")]
    assert [name for name in decorators if f"`@agent.{name}" not in DOCS] == []


def test_every_failure_of_a_script_is_listed() -> None:
    notes = {"script_said", "script_almost_object"}
    failures = [
        name
        for name in known()
        if name.startswith(("script_", "sandbox_", "context_")) and name not in notes
    ]
    assert [name for name in failures if f"| `{name}` |" not in DOCS] == []


def test_the_fourteen_lines_are_the_template() -> None:
    assert f"```python\n{TEMPLATE}```" in DOCS


# --- the fields of every kind --------------------------------------------------------------------

# Class.field (or .field, wherever it has no entry of its own) → its name in LIMITS or COUNTS.
LIMITED = {
    ".caption": "caption", ".body": "body", "List.body": "list body", "Card.body": "card body",
    ".footer": "footer", "Header.text": "header text", "Button.id": "button id",
    "Button.title": "button title", "List.button": "list button", ".sections": "sections",
    "Section.title": "section title", "ProductSection.title": "section title",
    "Section.rows": "rows", "ProductSection.product_ids": "products", "Row.id": "row id",
    "Row.title": "row title", "Row.description": "row description", "CtaUrl.label": "link label",
    "Card.label": "link label", "CallButton.label": "call label",
    "CallButton.payload": "call payload", "Buttons.buttons": "buttons", "Card.buttons":
    "card buttons", "Carousel.cards": "cards", "ProductCarousel.cards": "cards",
    "Contacts.contacts": "contacts", "Order.items": "order items", "OrderItem.name":
    "order item name", "Amount.description": "amount description", "Expiration.description":
    "expiration description", "OrderStatus.description": "status description",
    "OrderDetails.payment_configuration": "configuration name", "Template.name": "template name",
    "Template.cards": "template cards", "Template.code": "one-time code",
    "CopyCodeButton.code": "copy code", "VoiceCallButton.payload": "call payload",
    "Amount.discount_program_name": "amount description",
}  # fmt: skip
FREE = {"Template.body", "TemplateCard.body"}  # lists of values, no text
_WORDS: dict[Any, str] = {
    str: "text", int: "whole number", float: "number", bool: "true or false", Any: "any JSON",
}  # fmt: skip
_FILES = (c.Image, c.Video, c.Audio, c.Document, c.Sticker, c.Media, c.MediaParam)
_PARTS = {c.Param: "value", c.TemplateButton: "template button"}


def limit_of(kind: type[Any], field: str) -> str:
    if (kind, field) == (c.Text, "text"):
        return f"{LIMITS['text']:,} characters; what is longer goes as several messages"
    if kind in _FILES and field in ("id", "link"):
        return "one of `id` and `link`"
    own = f"{kind.__name__}.{field}"
    name = LIMITED.get(own) or (None if own in FREE else LIMITED.get(f".{field}"))
    if name in COUNTS:
        return "{} to {}".format(*COUNTS[name])
    return f"{LIMITS[name]:,} characters" if name else ""


def in_words(kind: Any) -> str:
    """A type as an author of JSON calls it."""
    if kind in _PARTS:
        return _PARTS[kind]
    if get_origin(kind) is Literal:
        return " or ".join(f"`{word}`" for word in get_args(kind))
    if get_origin(kind) in (Union, types.UnionType):
        for union, word in _PARTS.items():
            if set(get_args(kind)) == {*get_args(union), type(None)}:
                return word
        members = [one for one in get_args(kind) if one is not type(None)]
        return " or ".join(in_words(one) for one in members)
    if get_origin(kind) is tuple:
        return f"list of {in_words(get_args(kind)[0])}"
    if get_origin(kind) is dict:
        return "object"
    return _WORDS.get(kind) or f"`{kind.__name__}`"


def named(kind: Any) -> Iterator[type[Any]]:
    """The parts that a type is made of."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for member in get_args(kind):
        if get_origin(kind) is not Literal:
            yield from named(member)


def hints(kind: type[Any]) -> dict[str, Any]:
    told = get_type_hints(kind)
    return {name: told[name] for name in kind.__struct_fields__}


def every_struct() -> list[type[Any]]:
    """The kinds in their order, then the parts that they name, in the order of the naming."""
    found: dict[type[Any], None] = dict.fromkeys(get_args(c.Outbound))
    waiting = list(found)
    while waiting:
        new = [part for told in hints(waiting.pop(0)).values() for part in named(told)]
        new = [part for part in dict.fromkeys(new) if part not in found]
        found |= dict.fromkeys(new)
        waiting += new
    return list(found)


def block(kind: type[Any]) -> str:
    tag = kind.__struct_config__.tag
    sort = {c.Param: "a value", c.TemplateButton: "a template button"}
    among = next((f", {word}" for union, word in sort.items() if kind in get_args(union)), "")
    name = f"`{tag}` (`{kind.__name__}`{among})" if tag else f"`{kind.__name__}`"
    about = " ".join((kind.__dict__.get("__doc__") or "").split())
    lines = [f"**{name}**" + (f": {about}" if about else ""), ""]
    lines += ["| field | type | needed | limits |", "|---|---|---|---|"]
    told = hints(kind)
    for field in msgspec.structs.fields(kind):
        unset = field.default in (msgspec.NODEFAULT, None, (), "", False)
        needed = "needed" if field.required else "" if unset else f"else `{field.default}`"
        limit = limit_of(kind, field.name)
        lines.append(f"| `{field.name}` | {in_words(told[field.name])} | {needed} | {limit} |")
    return "\n".join(lines)


def made() -> str:
    """The page as it should be."""
    blocks = "\n\n".join(block(kind) for kind in every_struct())
    pattern = r"(<!-- fields: generated -->\n).*?(<!-- /fields -->)"
    page, n = re.subn(pattern, lambda m: f"{m[1]}{blocks}\n{m[2]}", DOCS, flags=re.S)
    assert n == 1
    return page


def test_every_field_of_every_kind_is_in_the_tables() -> None:
    assert made() == DOCS


def test_every_limit_of_a_message_is_in_the_tables() -> None:
    fields = {f"{kind.__name__}.{field}" for kind in every_struct() for field in hints(kind)}
    assert {name for name in LIMITED if name[0] != "."} | FREE <= fields
    told = {*LIMITED.values(), "text"}
    assert (LIMITS.keys() | COUNTS.keys()) - told == {"reference"}  # ours, not the author's


if __name__ == "__main__":
    PAGE.write_text(made(), "utf-8")
