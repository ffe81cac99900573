"""Meta's own message objects, read back as the neutral messages that they stand for.

For partners that do not take Meta's shape: an author's object of it is still understood. An object
is read only where a neutral message says all of it; a member that would be lost makes it unknown.

Source: Meta, "Messages" (2025–2026), one page for each type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from dragoman.domain import content as c

from .envelope import OURS


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A piece of Meta's object."""


class _Words(_Strict, frozen=True):
    text: str


class _File(_Strict, frozen=True):
    id: str | None = None
    link: str | None = None
    filename: str | None = None


class _Header(_Strict, frozen=True):
    type: Literal["text", "image", "video", "document"]
    text: str | None = None
    image: _File | None = None
    video: _File | None = None
    document: _File | None = None


class _Pair(_Strict, frozen=True):
    id: str
    title: str


class _Reply(_Strict, frozen=True):
    reply: _Pair
    type: Literal["reply"] = "reply"


class _Replies(_Strict, frozen=True):
    buttons: tuple[_Reply, ...]


class _Row(_Strict, frozen=True):
    id: str
    title: str
    description: str | None = None


class _Section(_Strict, frozen=True):
    rows: tuple[_Row, ...]
    title: str | None = None


class _Sections(_Strict, frozen=True):
    button: str
    sections: tuple[_Section, ...]


class _Link(_Strict, frozen=True):
    display_text: str
    url: str


class _Opens(_Strict, frozen=True):
    name: Literal["cta_url"]
    parameters: _Link


class _Asks(_Strict, frozen=True):
    name: Literal["send_location"]


class _Interactive(_Strict, frozen=True, tag_field="type"):
    body: _Words
    header: _Header | None = None
    footer: _Words | None = None


class _Buttons(_Interactive, frozen=True, tag="button", kw_only=True):
    action: _Replies


class _List(_Interactive, frozen=True, tag="list", kw_only=True):
    action: _Sections


class _CtaUrl(_Interactive, frozen=True, tag="cta_url", kw_only=True):
    action: _Opens


class _LocationRequest(_Strict, frozen=True, tag_field="type", tag="location_request_message"):
    body: _Words
    action: _Asks


class _Text(_Strict, frozen=True):
    body: str
    preview_url: bool = False


_INTERACTIVE = _Buttons | _List | _CtaUrl | _LocationRequest


def neutral(payload: Mapping[str, Any]) -> c.Outbound | None:
    """What an object with `type` and the member it names says; None for any other, and for one
    with more than that. The envelope in it is not the author's to give, and is left out."""
    kind = payload.get("type")
    if type(kind) is not str or kind not in payload:
        return None
    read = _READERS.get(kind)
    if read is None or not {"type", kind, *OURS}.issuperset(payload):
        return None
    try:
        return read(payload[kind])
    except (msgspec.ValidationError, RecursionError):
        return None


def _text(given: Any) -> c.Outbound:
    text = msgspec.convert(given, _Text)
    return c.Text(text.body, text.preview_url)


def _alike(kind: type[Any]) -> Callable[[Any], c.Outbound | None]:
    """For a kind whose members Meta names as we do."""

    def read(given: Any) -> c.Outbound | None:
        if type(given) is not dict or "kind" in given:
            return None
        found: c.Outbound = msgspec.convert(given, kind)
        told = msgspec.to_builtins(found)
        return found if _said({**told, "kind": None}) == _said(given) else None

    return read


def _contacts(given: Any) -> c.Outbound | None:
    cards = msgspec.convert(given, tuple[c.ContactCard, ...])
    return c.Contacts(cards) if _said(msgspec.to_builtins(cards)) == _said(given) else None


def _said(value: Any) -> Any:
    """A value without what says nothing, however deep."""
    if isinstance(value, dict):
        pairs = ((key, _said(item)) for key, item in value.items())
        return {key: item for key, item in pairs if item is not None and item is not False}
    return [_said(item) for item in value] if isinstance(value, list | tuple) else value


def _interactive(given: Any) -> c.Outbound | None:
    found: Any = msgspec.convert(given, _INTERACTIVE)
    if isinstance(found, _LocationRequest):
        return c.LocationRequest(found.body.text)
    body, footer = found.body.text, found.footer.text if found.footer else None
    header = _header(found.header)
    if found.header is not None and header is None:
        return None
    if isinstance(found, _Buttons):
        buttons = tuple(c.Button(one.reply.id, one.reply.title) for one in found.action.buttons)
        return c.Buttons(body, buttons, header, footer)
    if isinstance(found, _List):
        sections = tuple(
            c.Section(
                tuple(c.Row(row.id, row.title, row.description) for row in one.rows), one.title
            )
            for one in found.action.sections
        )
        return c.List(body, found.action.button, sections, header, footer)
    link = found.action.parameters
    return c.CtaUrl(body, link.display_text, link.url, header, footer)


def _header(given: _Header | None) -> c.Header | None:
    """None where its type and its one member do not agree."""
    if given is None:
        return None
    names = [name for name in ("text", "image", "video", "document") if getattr(given, name)]
    if names != [given.type]:
        return None
    if given.text is not None:
        return c.Header(text=given.text)
    file: _File = getattr(given, given.type)
    media = c.Media(file.id, file.link, file.filename)
    parts: dict[str, Any] = {given.type: media}
    return c.Header(**parts)


_READERS: Mapping[str, Callable[[Any], c.Outbound | None]] = {
    "text": _text,
    **{
        str(kind.__struct_config__.tag): _alike(kind)
        for kind in (c.Image, c.Video, c.Audio, c.Document, c.Sticker, c.Location, c.Reaction)
    },
    "contacts": _contacts,
    "interactive": _interactive,
}
