"""Interactive messages: which type may have which parts, and how long each may be.

Source: Meta, "Interactive messages" pages (2026).
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from .checks import Refusal
from .orders import check_order_details, check_order_status
from .reading import MediaKnown, Part, check_media, web_url

_ALL_MEDIA = ("image", "video", "document")


def _unique(values: list[str], what: str) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise Refusal("duplicate", what=what, value=value)
        seen.add(value)


def _buttons(action: Part) -> None:
    buttons = action.objects("buttons", "Buttons", 1, 3)
    titles, ids = [], []
    for button in buttons:
        button.choice("type", ("reply",))
        reply = button.object("reply")
        ids.append(reply.text("id", "Button id", 256))
        titles.append(reply.text("title", "Button title", 20))
    _unique(titles, "button title")
    _unique(ids, "button id")


def _list(action: Part) -> None:
    action.text("button", "Button label", 20)
    sections = action.objects("sections", "Sections", 1, 10)
    ids = []
    for section in sections:
        section.text("title", "Section title", 24, required=len(sections) > 1)
        for row in section.objects("rows", "Rows", 1, 100):
            ids.append(row.text("id", "Row id", 200))
            row.text("title", "Row title", 24)
            row.text("description", "Row description", 72, required=False)
    if len(ids) > 10:
        raise Refusal("rows_total")
    _unique(ids, "row id")


def _link(parameters: Part) -> None:
    parameters.text("display_text", "Button display text", 20)
    if not web_url(parameters.text("url")):
        raise Refusal("url_wrong", what=parameters.at("url"))


def _cta_url(action: Part) -> None:
    _named(action)
    _link(action.object("parameters"))


def _named(action: Part) -> None:
    """`action.name` says the type again, under the name that Meta gives it."""
    names = {
        "location_request_message": ("send_location",),
        "request_contact_info": ("request_contact_info", "contact_request"),
        "contact_request": ("request_contact_info", "contact_request"),
    }
    action.choice("name", names.get(action.kind, (action.kind,)))


def _flow(action: Part) -> None:
    _named(action)
    parameters = action.object("parameters")
    version = parameters.value.get("flow_message_version")
    if version is None:
        raise parameters.missing("flow_message_version")
    if str(version) != "3":
        param = parameters.at("flow_message_version")
        raise Refusal("choice", param=param, choices="3", value=version)
    if not parameters.has("flow_id") and not parameters.has("flow_name"):
        raise parameters.missing("flow_id")
    parameters.text("flow_cta", "Flow CTA", 30)
    parameters.choice("mode", ("published", "draft"), required=False)
    parameters.choice("flow_action", ("navigate", "data_exchange"), required=False)
    payload = parameters.maybe("flow_action_payload")
    if payload is not None:
        payload.text("screen")


def _product(action: Part) -> None:
    action.text("catalog_id")
    action.text("product_retailer_id")


def _product_list(action: Part) -> None:
    action.text("catalog_id")
    sections = action.objects("sections", "Sections", 1, 10)
    total = 0
    for section in sections:
        section.text("title", "Section title", 24, required=len(sections) > 1)
        for item in section.objects("product_items", "Products", 1, 30):
            item.text("product_retailer_id")
            total += 1
    if total > 30:
        raise Refusal("count", what="Products", least=1, most=30)


def _address(action: Part) -> None:
    _named(action)
    action.object("parameters").text("country")


def _voice_call(action: Part) -> None:
    _named(action)
    parameters = action.maybe("parameters")
    if parameters is None:
        return
    parameters.text("display_text", "Button display text", 20, required=False)
    parameters.text("payload", "Payload", 512, required=False)
    ttl = parameters.value.get("ttl_minutes")
    if ttl is not None and (not isinstance(ttl, int) or not 1 <= ttl <= 43200):
        raise Refusal("length", what="ttl_minutes", least=1, most=43200)


def _card_shape(card: Part, media_known: MediaKnown) -> tuple[object, ...]:
    """Check one card and give what all cards must share."""
    kind = card.choice("type", ("cta_url", "product"))
    action = card.object("action")
    if kind == "product":
        _product(action)
        return (kind,)
    header = card.object("header")
    media = header.choice("type", ("image", "video"))
    _media_of(header, media, media_known)
    body = card.maybe("body")
    if body is not None:
        body.text("text", "Card body text", 160)
    if not action.has("buttons"):
        _link(action.object("parameters"))
        return (kind, media, body is None, "link")
    buttons = action.objects("buttons", "Card buttons", 1, 2)
    for button in buttons:
        button.choice("type", ("quick_reply",))
        reply = button.object("quick_reply")
        reply.text("id", "Button id", 256)
        reply.text("title", "Button title", 20)
    return (kind, media, body is None, len(buttons))


def _carousel(action: Part, media_known: MediaKnown) -> None:
    cards = action.objects("cards", "Cards", 2, 10)
    if len({_card_shape(card, media_known) for card in cards}) > 1:
        raise Refusal("cards_differ")


class Shape(msgspec.Struct, frozen=True):
    """Which parts a type may have. `body` is its longest text, 0 where none is needed."""

    action: Callable[[Part], None] | None
    headers: tuple[str, ...] = ()
    body: int = 1024
    header_needed: bool = False
    footer: bool = True


SHAPES: dict[str, Shape] = {
    "button": Shape(_buttons, ("text", *_ALL_MEDIA)),
    "list": Shape(_list, ("text",), 4096),
    "cta_url": Shape(_cta_url, ("text", *_ALL_MEDIA)),
    "flow": Shape(_flow, ("text", *_ALL_MEDIA)),
    "product": Shape(_product, body=0),
    "product_list": Shape(_product_list, ("text",), header_needed=True),
    "catalog_message": Shape(_named),
    "location_request_message": Shape(_named, footer=False),
    "address_message": Shape(_address, ("text", *_ALL_MEDIA)),
    "carousel": Shape(None, footer=False),
    "call_permission_request": Shape(_named, footer=False),
    "voice_call": Shape(_voice_call),
    "request_contact_info": Shape(_named, footer=False),
    "contact_request": Shape(_named, footer=False),
    "order_details": Shape(check_order_details, ("image", "document")),
    "order_status": Shape(check_order_status),
}


def _media_of(header: Part, kind: str, media_known: MediaKnown) -> None:
    check_media(header.object(kind), media_known)


def _header(part: Part, shape: Shape, media_known: MediaKnown) -> None:
    header = part.maybe("header")
    if header is None:
        if shape.header_needed:
            raise part.missing("header")
        return
    kind = header.text("type")
    if kind not in shape.headers:
        raise Refusal("not_allowed_here", what=f"Header of type {kind}", kind=part.kind)
    if kind == "text":
        header.text("text", "Header text", 60)
    else:
        _media_of(header, kind, media_known)


def check_interactive(part: Part, media_known: MediaKnown) -> None:
    """The whole interactive object. Raises Refusal."""
    kind = part.choice("type", tuple(SHAPES))
    part = Part(part.value, part.path, kind)
    shape = SHAPES[kind]
    _header(part, shape, media_known)
    if shape.body or part.has("body"):
        part.object("body").text("text", "Body text", shape.body or 1024)
    footer = part.maybe("footer")
    if footer is not None:
        if not shape.footer:
            raise Refusal("not_allowed_here", what="Footer", kind=kind)
        footer.text("text", "Footer text", 60)
    action = part.object("action")
    if shape.action is None:
        _carousel(action, media_known)
    else:
        shape.action(action)
