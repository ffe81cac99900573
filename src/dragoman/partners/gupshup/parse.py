"""One POST of Gupshup's webhook, read into events: three wire formats, told apart by their shape.

Enterprise bodies come as JSON and as a form; the channel's own dialect does not matter here. An
item that cannot be read becomes `Rejected`, and its neighbours are read all the same.

Source: Gupshup, "Inbound messages", "Message events", "Real-time delivery reports"; its partner
documentation for v3. What only one integration shows, or none, is in NOT_CONFIRMED.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from dragoman.domain.events import Event, Rejected
from dragoman.domain.sentences import Sentence, words
from dragoman.partners import once
from dragoman.partners._cloud.shape import Malformed, found
from dragoman.partners.contract import Hook, UnreadableBody
from dragoman.partners.json_body import decode

from . import parse_access, parse_enterprise, parse_v3
from .parse_enterprise import ITEMS
from .settings import Settings

words(
    {
        "gupshup_no_body": "The body is empty, so it did not come from Gupshup as it was sent.",
        "gupshup_not_read": "The body is neither JSON nor a form, so it did not come from Gupshup "
        "as it was sent; it is kept as it came.",
        "gupshup_other_body": "The body is not Gupshup's ({found}); it is kept as it came.",
        "gupshup_no_mobile": "The body has no field *mobile*, so nobody knows who wrote it; it is "
        "kept as it came.",
    }
)


def parse(hook: Hook, settings: Settings) -> list[Event | Rejected]:
    """Every event of one POST, in the body's order. Raises UnreadableBody."""
    root = _root(hook)
    if type(root) is list:
        return _many(root, "", settings)
    if type(root) is not dict:
        raise UnreadableBody(Sentence("gupshup_other_body", {"found": found(root)}))
    if parse_v3.is_v3(root):
        return parse_v3.parse(root, settings)
    if "response" in root:
        return _reports(root, settings)
    places = once.Places()
    reader = _reader(root)
    if reader is None:
        raise UnreadableBody(Sentence("gupshup_no_mobile"))
    return [_read(reader, root, "", settings, places)]


def _root(hook: Hook) -> Any:
    """The body's value; a form is an object of texts."""
    body = hook.body.strip()
    if not body:
        raise UnreadableBody(Sentence("gupshup_no_body"))
    if body[:1] in b"{[":
        try:
            return decode(body)
        except ValueError:
            raise UnreadableBody(Sentence("gupshup_not_read")) from None
    try:
        # A field that comes twice counts as it came first.
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True)
        return dict(reversed(pairs))
    except (ValueError, UnicodeError):
        raise UnreadableBody(Sentence("gupshup_not_read")) from None


def _reader(item: dict[str, Any]) -> Any:
    """Who reads an object that stands for one event; None for nobody."""
    if parse_access.is_v2(item):
        return parse_access.event
    if "externalId" in item and "mobile" not in item:
        return parse_enterprise.report
    return parse_enterprise.message if "mobile" in item else None


def _reports(root: dict[str, Any], settings: Settings) -> list[Event | Rejected]:
    """`response`: a list of reports, written as text."""
    try:
        reports = parse_enterprise.unpacked(root["response"], "response")
    except Malformed as error:
        return [Rejected(error.sentence, "response", root)]
    items = reports if type(reports) is list else [reports]
    return _many(items, "response", settings)


def _many(items: list[Any], path: str, settings: Settings) -> list[Event | Rejected]:
    places = once.Places()
    out: list[Event | Rejected] = []
    for place, item in enumerate(items):
        where = f"{path}[{place}]"
        if type(item) is dict and parse_v3.is_v3(item):
            try:
                out += parse_v3.parse(item, settings)
            except UnreadableBody as error:
                out.append(Rejected(error.sentence, where, item))
        else:
            out.append(_read(None, item, where, settings, places))
    return out


def _read(
    reader: Any, item: Any, path: str, settings: Settings, places: once.Places
) -> Event | Rejected:
    def event(item: dict[str, Any]) -> Event:
        read = reader or _reader(item)
        if read is None:
            raise Malformed(Sentence("gupshup_no_mobile"))
        made: Event = read(item, settings, places)
        return made

    return ITEMS.read(item, path, event)
