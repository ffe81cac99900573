"""The simple messages: text, files, places, contact cards, reactions.

Each function gives the object that stands under the message's type. Raises Refuse.

Source: Meta, "Messages" (2025–2026), one page for each type.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from dragoman.domain.content import (
    Audio,
    ContactCard,
    Contacts,
    Document,
    Image,
    Location,
    Reaction,
    Sticker,
    Text,
    Video,
)

from .limits import between, counted, filled, one_of, refuse, within


def text(content: Text) -> dict[str, Any]:
    body: dict[str, Any] = {"preview_url": True} if content.preview_url else {}
    body["body"] = filled("text", content.text)
    return body


def _captioned(field: str, content: Image | Video) -> dict[str, Any]:
    body: dict[str, Any] = one_of(field, content.id, content.link)
    if content.caption:
        body["caption"] = within("caption", content.caption)
    return body


def image(content: Image) -> dict[str, Any]:
    return _captioned("image", content)


def video(content: Video) -> dict[str, Any]:
    return _captioned("video", content)


def audio(content: Audio) -> dict[str, Any]:
    body: dict[str, Any] = one_of("audio", content.id, content.link)
    if content.voice:
        body["voice"] = True
    return body


def document(content: Document) -> dict[str, Any]:
    body: dict[str, Any] = one_of("document", content.id, content.link)
    if content.filename:
        body["filename"] = content.filename
    if content.caption:
        body["caption"] = within("caption", content.caption)
    return body


def sticker(content: Sticker) -> dict[str, Any]:
    return dict(one_of("sticker", content.id, content.link))


def degrees(field: str, value: float | str, most: int) -> float | str:
    """Decimal degrees, kept as written."""
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        rule = "write decimal degrees, like 37.4421"
        raise refuse("meta_bad_pattern", field=field, value=str(value), rule=rule)
    between(field, number, -most, most)
    return value


def location(content: Location) -> dict[str, Any]:
    body: dict[str, Any] = {
        "latitude": degrees("latitude", content.latitude, 90),
        "longitude": degrees("longitude", content.longitude, 180),
    }
    if content.name:
        body["name"] = content.name
    if content.address:
        body["address"] = content.address
    return body


def contacts(content: Contacts) -> list[dict[str, Any]]:
    counted("contacts", len(content.contacts))
    return [_card(card) for card in content.contacts]


_ORDER = ("addresses", "birthday", "emails", "name", "org", "phones", "urls")


def _card(card: ContactCard) -> dict[str, Any]:
    """One card. Meta wants the formatted name and at least one part of it."""
    if card.name is None:
        raise refuse("meta_empty", field="contact's name")
    filled("contact's formatted name", card.name.formatted_name, 10_000)
    if len([part for part in _plain(card.name).values() if part]) < 2:
        rule = (
            "beside formatted_name it needs one of first_name, last_name, middle_name, prefix and "
            "suffix"
        )
        raise refuse("meta_choose", field="contact's name", rule=rule)
    values = _plain(card)
    return {key: values[key] for key in _ORDER if values.get(key)}


def _plain(value: Any) -> dict[str, Any]:
    """A struct as JSON without empty members, however deep."""
    built = msgspec.to_builtins(value)
    return {key: _clean(item) for key, item in built.items() if item is not None}


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value


def reaction(content: Reaction) -> dict[str, Any]:
    """An empty emoji takes a reaction back (seen in practice; not confirmed by Meta)."""
    filled("id of the message reacted to", content.message_id, 1000)
    return {"message_id": content.message_id, "emoji": content.emoji}
