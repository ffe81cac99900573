"""Buttons, lists, links, flows, products, carousels and requests.

Each function gives Meta's `interactive` object, with its members in the order of Meta's samples.
Raises Refuse.

Source: Meta, "Messages: interactive …" (2025–2026), one page for each type.
"""

from __future__ import annotations

from typing import Any

from dragoman.domain.content import (
    AddressRequest,
    Buttons,
    CallButton,
    CallPermissionRequest,
    Card,
    Carousel,
    Catalog,
    ContactRequest,
    CtaUrl,
    Flow,
    Header,
    List,
    LocationRequest,
    Media,
    Product,
    ProductCarousel,
    Products,
    ProductSection,
    Section,
)
from dragoman.domain.sentences import Sentence, term

from .limits import (
    alike,
    between,
    counted,
    filled,
    header_file,
    one_of,
    refuse,
    unique,
    web_link,
    within,
)

_ALL = ("text", "image", "video", "document")

# Meta's page says `contact_request`, newer code `request_contact_info`: not confirmed.
CONTACT_REQUEST = "request_contact_info"


def parts_of(header: Header) -> list[str]:
    """Which members of a header are given."""
    return [name for name in _ALL if getattr(header, name)]


def part_of(kind: str, value: Header, allowed: tuple[str, ...]) -> str:
    """The one member of a header that is given, which a message of this kind must allow."""
    given = parts_of(value)
    if len(given) != 1:
        raise refuse("meta_header_parts", found=[term(one) for one in given] or term("nothing"))
    name = given[0]
    if name not in allowed:
        listed = [term(one) for one in allowed] or term("no header")
        raise refuse("meta_bad_header", kind=kind, found=term(name), allowed=listed)
    return name


def header(kind: str, value: Header, allowed: tuple[str, ...] = _ALL) -> dict[str, Any]:
    """Meta's header object, for a message of this kind."""
    name = part_of(kind, value, allowed)
    if value.text:
        return {"type": "text", "text": filled("header text", value.text)}
    media: Media = getattr(value, name)
    body: dict[str, Any] = one_of(header_file(name), media.id, media.link)
    if name == "document" and media.filename:
        body["filename"] = media.filename
    return {"type": name, name: body}


def _body(text: str, field: str = "body") -> dict[str, str]:
    return {"text": filled(field, text)}


def _footer(text: str) -> dict[str, str]:
    return {"text": within("footer", text)}


def _framed(
    kind: str,
    value: Header | None,
    body: dict[str, str],
    footer: str | None,
    action: dict[str, Any],
    allowed: tuple[str, ...] = _ALL,
) -> dict[str, Any]:
    out: dict[str, Any] = {"type": kind}
    if value is not None:
        out["header"] = header(kind, value, allowed)
    out["body"] = body
    if footer:
        out["footer"] = _footer(footer)
    out["action"] = action
    return out


def buttons(content: Buttons) -> dict[str, Any]:
    counted("buttons", len(content.buttons))
    unique("button titles", (button.title for button in content.buttons))
    unique("button ids", (button.id for button in content.buttons))
    replies = [
        {
            "type": "reply",
            "reply": {
                "id": filled("button id", button.id),
                "title": filled("button title", button.title),
            },
        }
        for button in content.buttons
    ]
    action = {"buttons": replies}
    return _framed("button", content.header, _body(content.body), content.footer, action)


def list_(content: List) -> dict[str, Any]:
    counted("sections", len(content.sections))
    counted("rows", sum(len(section.rows) for section in content.sections))
    unique("row ids", (row.id for section in content.sections for row in section.rows))
    many = len(content.sections) > 1
    action = {
        "button": filled("list button", content.button),
        "sections": [_section(section, many) for section in content.sections],
    }
    body = _body(content.body, "list body")
    return _framed("list", content.header, body, content.footer, action, ("text",))


def _section(section: Section, needs_title: bool) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if section.title or needs_title:
        out["title"] = filled("section title", section.title or "")
    counted("rows", len(section.rows))
    out["rows"] = rows = []
    for row in section.rows:
        item = {"id": filled("row id", row.id), "title": filled("row title", row.title)}
        if row.description:
            item["description"] = within("row description", row.description)
        rows.append(item)
    return out


def _link(label: str, url: str) -> dict[str, Any]:
    parameters = {"display_text": filled("link label", label), "url": web_link("link", url)}
    return {"name": "cta_url", "parameters": parameters}


def cta_url(content: CtaUrl) -> dict[str, Any]:
    out: dict[str, Any] = {"type": "cta_url"}
    if content.header is not None:
        out["header"] = header("cta_url", content.header)
    out["body"] = _body(content.body)
    out["action"] = _link(content.label, content.url)
    if content.footer:
        out["footer"] = _footer(content.footer)
    return out


def flow(content: Flow) -> dict[str, Any]:
    if bool(content.flow_id) == bool(content.flow_name):
        raise refuse("meta_choose", field="flow", rule="give either flow_id or flow_name")
    given: dict[str, Any] = {"flow_message_version": content.version}
    if content.token:
        given["flow_token"] = content.token
    if content.flow_id:
        given["flow_id"] = content.flow_id
    else:
        given["flow_name"] = content.flow_name
    given["flow_cta"] = filled("flow label", content.label, 1000)
    if content.draft:
        given["mode"] = "draft"
    if content.action:
        given["flow_action"] = content.action
    if content.screen or content.data:
        given["flow_action_payload"] = _first_screen(content)
    action = {"name": "flow", "parameters": given}
    return _framed("flow", content.header, _body(content.body), content.footer, action)


def _first_screen(content: Flow) -> dict[str, Any]:
    if content.action == "data_exchange":
        rule = "screen and data belong to the action navigate; data_exchange asks your endpoint"
        raise refuse("meta_choose", field="flow's first screen", rule=rule)
    out: dict[str, Any] = {"screen": filled("flow's first screen", content.screen or "", 1000)}
    if content.data:
        out["data"] = content.data
    return out


def product(content: Product) -> dict[str, Any]:
    out: dict[str, Any] = {"type": "product"}
    if content.body:
        out["body"] = {"text": within("body", content.body)}
    if content.footer:
        out["footer"] = _footer(content.footer)
    out["action"] = {
        "catalog_id": filled("catalog id", content.catalog_id, 1000),
        "product_retailer_id": filled("product id", content.product_id, 1000),
    }
    return out


def products(content: Products) -> dict[str, Any]:
    action = {
        "catalog_id": filled("catalog id", content.catalog_id, 1000),
        "sections": product_sections(content.sections),
    }
    body = _body(content.body)
    return _framed("product_list", content.header, body, content.footer, action, ("text",))


def product_sections(sections: tuple[ProductSection, ...]) -> list[dict[str, Any]]:
    """Meta's `sections` of products, for messages and for template buttons."""
    counted("sections", len(sections))
    counted("products", sum(len(section.product_ids) for section in sections))
    out = []
    for section in sections:
        one: dict[str, Any] = {}
        if section.title or len(sections) > 1:
            one["title"] = filled("section title", section.title or "")
        counted("products", len(section.product_ids))
        one["product_items"] = [
            {"product_retailer_id": filled("product id", id, 1000)} for id in section.product_ids
        ]
        out.append(one)
    return out


def catalog(content: Catalog) -> dict[str, Any]:
    action: dict[str, Any] = {"name": "catalog_message"}
    if content.thumbnail_product_id:
        action["parameters"] = {"thumbnail_product_retailer_id": content.thumbnail_product_id}
    out: dict[str, Any] = {
        "type": "catalog_message",
        "body": _body(content.body),
        "action": action,
    }
    if content.footer:
        out["footer"] = _footer(content.footer)
    return out


def location_request(content: LocationRequest) -> dict[str, Any]:
    return {
        "type": "location_request_message",
        "body": _body(content.body),
        "action": {"name": "send_location"},
    }


def contact_request(content: ContactRequest) -> dict[str, Any]:
    return {
        "type": CONTACT_REQUEST,
        "body": _body(content.body),
        "action": {"name": CONTACT_REQUEST},
    }


def call_permission_request(content: CallPermissionRequest) -> dict[str, Any]:
    return {
        "type": "call_permission_request",
        "action": {"name": "call_permission_request"},
        "body": _body(content.body),
    }


def call_button(content: CallButton) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if content.label:
        given["display_text"] = filled("call label", content.label)
    if content.ttl_minutes is not None:
        between("life of the call button in minutes", content.ttl_minutes, 1, 43_200)
        given["ttl_minutes"] = content.ttl_minutes
    if content.payload:
        given["payload"] = within("call payload", content.payload)
    action: dict[str, Any] = {"name": "voice_call"}
    if given:
        action["parameters"] = given
    return {"type": "voice_call", "body": _body(content.body), "action": action}


def address_request(content: AddressRequest) -> dict[str, Any]:
    given: dict[str, Any] = {"country": filled("country", content.country, 2)}
    if content.values:
        given["values"] = content.values
    if content.saved:
        given["saved_addresses"] = list(content.saved)
    if content.errors:
        given["validation_errors"] = content.errors
    action = {"name": "address_message", "parameters": given}
    return _framed("address_message", content.header, _body(content.body), content.footer, action)


def carousel(content: Carousel) -> dict[str, Any]:
    counted("cards", len(content.cards))
    alike([_shape(card) for card in content.cards])
    return {
        "type": "carousel",
        "body": _body(content.body),
        "action": {"cards": [_card(index, card) for index, card in enumerate(content.cards)]},
    }


def _shape(card: Card) -> tuple[object, ...]:
    return (tuple(parts_of(card.header)), bool(card.body), bool(card.url), len(card.buttons))


def _card(index: int, card: Card) -> dict[str, Any]:
    """Meta calls every card `cta_url`, also one with quick replies."""
    out: dict[str, Any] = {
        "card_index": index,
        "type": "cta_url",
        "header": header("carousel", card.header, ("image", "video")),
    }
    if card.body:
        within("card body", card.body)
        if card.body.count("\n") > 2:
            raise refuse("meta_choose", field="card body", rule="at most two line breaks")
        out["body"] = {"text": card.body}
    if bool(card.url) == bool(card.buttons):
        rule = "give either a link (label and url) or buttons"
        raise refuse("meta_choose", field=Sentence("meta_card", {"index": index + 1}), rule=rule)
    if card.url:
        out["action"] = _link(card.label or "", card.url)
        return out
    counted("card buttons", len(card.buttons))
    unique("button titles", (button.title for button in card.buttons))
    replies = []
    for button in card.buttons:
        reply = {
            "id": filled("button id", button.id),
            "title": filled("button title", button.title),
        }
        replies.append({"type": "quick_reply", "quick_reply": reply})
    out["action"] = {"buttons": replies}
    return out


def product_carousel(content: ProductCarousel) -> dict[str, Any]:
    counted("cards", len(content.cards))
    if len({card.catalog_id for card in content.cards}) > 1:
        rule = "all its products must be of one catalog"
        raise refuse("meta_choose", field="product carousel", rule=rule)
    cards = [
        {
            "card_index": index,
            "type": "product",
            "action": {
                "product_retailer_id": filled("product id", card.product_id, 1000),
                "catalog_id": filled("catalog id", card.catalog_id, 1000),
            },
        }
        for index, card in enumerate(content.cards)
    ]
    return {"type": "carousel", "body": _body(content.body), "action": {"cards": cards}}
