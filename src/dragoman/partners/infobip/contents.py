"""Neutral messages as `content` of the WhatsApp outbound API, and the endpoint of each.

Source: Infobip OpenAPI, "Send WhatsApp … message", one page for each type (2026).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.partners._cloud import bodies
from dragoman.partners._cloud.limits import (
    alike,
    between,
    counted,
    filled,
    refuse,
    unique,
    web_link,
    within,
)

from .limits import (
    LIMITS,
    caption,
    has_address,
    header,
    link_of,
    number,
    sized,
)
from .orders import order_details, order_status
from .settings import Settings
from .shape import camel

_ALL = ("text", "image", "video", "document")
# Meta's own samples say this where a Flow needs no token; Infobip wants one.
NO_TOKEN = "unused"
_USUAL_FLOW_VERSION = "3"

Content = dict[str, Any]


def _framed(
    body: str | None, action: Content, top: Content | None = None, footer: str | None = None
) -> Content:
    out: Content = {}
    if body is not None:
        out["body"] = {"text": filled("body", body)}
    if action:
        out["action"] = action
    if top is not None:
        out["header"] = top
    if footer:
        out["footer"] = {"text": filled("footer", footer)}
    return out


def _header(kind: str, value: c.Header | None, allowed: tuple[str, ...] = _ALL) -> Content | None:
    return None if value is None else header(kind, value, allowed)


# --- simple messages -----------------------------------------------------------------------------


def _text(content: c.Text, settings: Settings) -> Content:
    out: Content = {"text": filled("text", content.text)}
    if content.preview_url and has_address(content.text):  # without an address it is refused
        out["previewUrl"] = True
    return out


def _file(content: c.Image | c.Video | c.Audio | c.Document | c.Sticker, _: Settings) -> Content:
    kind = c.kind_of(content)
    out: Content = {"mediaUrl": link_of(kind, content.id, content.link)}
    if isinstance(content, c.Image | c.Video | c.Document) and content.caption:
        out["caption"] = caption(content.caption)
    if isinstance(content, c.Document) and content.filename:
        out["filename"] = sized("file name", content.filename)
    if isinstance(content, c.Audio) and content.voice:
        out["voice"] = True
    return out


def _location(content: c.Location, settings: Settings) -> Content:
    out: Content = {
        "latitude": number("latitude", content.latitude, 90),
        "longitude": number("longitude", content.longitude, 180),
    }
    for name in ("name", "address"):
        if text := getattr(content, name):
            out[name] = sized(f"place's {name}", text, "place")
    return out


# What a card's parts may be called here; WhatsApp itself takes any word.
_PHONES = frozenset({"CELL", "MAIN", "IPHONE", "HOME", "WORK"})
_PLACES = frozenset({"HOME", "WORK"})
_CALLED = {"MOBILE": "CELL", "COMPANY": "WORK", "OFFICE": "WORK", "BUSINESS": "WORK"}


def _contacts(content: c.Contacts, settings: Settings) -> Content:
    """Meta's members in camel case. A first name is needed: the whole name where none is given. A
    type that Infobip has no word for is left out."""
    cards = camel(bodies.contacts(_with_first_names(content)))
    for card in cards:
        for part in ("phones", "emails", "urls", "addresses"):
            known = _PHONES if part == "phones" else _PLACES
            for one in card.get(part, ()):
                word = str(one.pop("type", "") or "").upper()
                word = _CALLED.get(word, word)
                if word in known:
                    one["type"] = word
    return {"contacts": cards}


def _with_first_names(content: c.Contacts) -> c.Contacts:
    cards = []
    for card in content.contacts:
        name = card.name
        if name is not None and not name.first_name and name.formatted_name:
            name = c.ContactName(
                name.formatted_name, name.formatted_name, name.last_name, name.middle_name,
                name.suffix, name.prefix,
            )  # fmt: skip
        cards.append(
            c.ContactCard(
                name, card.phones, card.emails, card.urls, card.addresses, card.org, card.birthday
            )
        )
    return c.Contacts(tuple(cards))


# --- interactive messages ------------------------------------------------------------------------


def _buttons(content: c.Buttons, settings: Settings) -> Content:
    counted("buttons", len(content.buttons))
    unique("button titles", (button.title for button in content.buttons))
    unique("button ids", (button.id for button in content.buttons))
    shown = [
        {
            "type": "REPLY",
            "id": filled("button id", button.id),
            "title": filled("button title", button.title),
        }
        for button in content.buttons
    ]
    top = _header("buttons", content.header)
    return _framed(content.body, {"buttons": shown}, top, content.footer)


def _list(content: c.List, settings: Settings) -> Content:
    counted("sections", len(content.sections))
    counted("rows", sum(len(section.rows) for section in content.sections))
    unique("row ids", (row.id for section in content.sections for row in section.rows))
    many = len(content.sections) > 1
    sections = []
    for section in content.sections:
        counted("rows", len(section.rows))
        titled: Content = {}
        if section.title or many:
            titled["title"] = filled("section title", section.title or "")
        sections.append({**titled, "rows": [_row(row) for row in section.rows]})
    action = {"title": filled("list button", content.button), "sections": sections}
    top = _header("list", content.header, ("text",))
    return _framed(content.body, action, top, content.footer)


def _row(row: c.Row) -> Content:
    out = {"id": filled("row id", row.id), "title": filled("row title", row.title)}
    if row.description:
        out["description"] = within("row description", row.description)
    return out


def _url_button(content: c.CtaUrl, settings: Settings) -> Content:
    action = {
        "displayText": filled("link label", content.label),
        "url": within("link", web_link("link", content.url), LIMITS["link"]),
    }
    return _framed(content.body, action, _header("cta_url", content.header), content.footer)


def _flow(content: c.Flow, settings: Settings) -> Content:
    """A draft is said; a published Flow is what Infobip takes it for."""
    action = flow_action(content)
    if content.draft:
        action["mode"] = "DRAFT"
    if content.version != _USUAL_FLOW_VERSION:
        if not content.version.isdecimal():
            rule = "it is a whole number, like 3"
            raise refuse("meta_choose", field="flow's version", rule=rule)
        action["flowMessageVersion"] = int(content.version)
    top = _header("flow", content.header, ("text",))
    return _framed(content.body, action, top, content.footer)


def flow_action(content: c.Flow) -> Content:
    """What a Flow begins with. Raises Refuse."""
    if not content.flow_id:
        part = "a Flow's name" if content.flow_name else "a Flow without an id"
        raise refuse("infobip_no_place", part=part, where="a Flow message")
    out: Content = {
        "flowId": content.flow_id,
        "flowToken": sized("flow token", content.token or NO_TOKEN),
        "callToActionButton": sized("flow label", content.label),
    }
    if content.action:
        out["flowAction"] = content.action.upper()
    first: Content = {"screen": content.screen} if content.screen else {}
    if content.data:
        first["data"] = content.data
    if content.action == "data_exchange" and first:
        rule = "screen and data belong to the action navigate; data_exchange asks your endpoint"
        raise refuse("meta_choose", field="flow's first screen", rule=rule)
    if content.action != "data_exchange":
        filled("flow's first screen", content.screen or "", 1000)
        out["flowActionPayload"] = first
    return out


def _product(content: c.Product, settings: Settings) -> Content:
    action = {
        "catalogId": filled("catalog id", content.catalog_id, 1000),
        "productRetailerId": filled("product id", content.product_id, 1000),
    }
    return _framed(content.body or None, action, None, content.footer)


def _products(content: c.Products, settings: Settings) -> Content:
    action = {
        "catalogId": filled("catalog id", content.catalog_id, 1000),
        "sections": product_sections(content.sections, "productRetailerIds"),
    }
    top = _header("products", content.header, ("text",))
    return _framed(content.body, action, top, content.footer)


def product_sections(sections: tuple[c.ProductSection, ...], ids: str) -> list[Content]:
    """`ids`: what Infobip calls a section's list of products there."""
    counted("sections", len(sections))
    counted("products", sum(len(section.product_ids) for section in sections))
    out = []
    for section in sections:
        unique("products of a section", section.product_ids)
        titled: Content = {}
        if section.title or len(sections) > 1:
            titled["title"] = filled("section title", section.title or "")
        out.append({**titled, ids: list(section.product_ids)})
    return out


def _carousel(content: c.Carousel, settings: Settings) -> Content:
    counted("cards", len(content.cards))
    replies = bool(content.cards[0].buttons)
    alike([(bool(card.body), len(card.buttons), bool(card.url)) for card in content.cards])
    cards = [_card(card, replies) for card in content.cards]
    action = {"type": "QUICK_REPLY" if replies else "URL", "cards": cards}
    return _framed(content.body, action)


def _card(card: c.Card, replies: bool) -> Content:
    top = header("carousel", card.header, ("image", "video"))
    out: Content = {"header": {"type": top["type"], "url": top["mediaUrl"]}}
    if card.body:
        out["body"] = {"text": within("card body", card.body)}
    if replies:
        counted("card buttons", len(card.buttons))
        out["buttons"] = [
            {
                "id": sized("card button id", button.id, "card button"),
                "title": sized("card button title", button.title, "card button"),
            }
            for button in card.buttons
        ]
        return out
    out["button"] = {
        "displayText": filled("link label", card.label or ""),
        "url": within("link", web_link("link", card.url or ""), LIMITS["link"]),
    }
    return out


def _question(content: c.LocationRequest | c.ContactRequest, settings: Settings) -> Content:
    return _framed(content.body, {})


def _nothing(content: c.CallPermissionRequest, settings: Settings) -> Content:
    """Infobip has no place for words in it: WhatsApp asks in its own."""
    return {}


def _call_button(content: c.CallButton, settings: Settings) -> Content:
    action: Content = {}
    if content.label:
        action["buttonDisplayText"] = filled("call label", content.label)
    if content.ttl_minutes is not None:
        between("call button's minutes", content.ttl_minutes, 1, 43200)
        action["callValidityPeriod"] = content.ttl_minutes
    if content.payload:
        action["callContextPayload"] = within("call payload", content.payload)
    return _framed(content.body, action)


# kind → (endpoint, content); the rest of the endpoint's path is always the same.
_MAKE: Mapping[type[Any], tuple[str, Callable[[Any, Settings], Content]]] = {
    c.Text: ("text", _text),
    c.Image: ("image", _file),
    c.Video: ("video", _file),
    c.Audio: ("audio", _file),
    c.Document: ("document", _file),
    c.Sticker: ("sticker", _file),
    c.Location: ("location", _location),
    c.Contacts: ("contact", _contacts),
    c.Buttons: ("interactive/buttons", _buttons),
    c.List: ("interactive/list", _list),
    c.CtaUrl: ("interactive/url-button", _url_button),
    c.Flow: ("interactive/flow", _flow),
    c.Product: ("interactive/product", _product),
    c.Products: ("interactive/multi-product", _products),
    c.LocationRequest: ("interactive/location-request", _question),
    c.ContactRequest: ("interactive/request-contact-info", _question),
    c.CallPermissionRequest: ("interactive/call-permission-request", _nothing),
    c.CallButton: ("interactive/voice-button", _call_button),
    c.Carousel: ("interactive/media-carousel", _carousel),
    c.OrderDetails: ("interactive/order-details", order_details),
    c.OrderStatus: ("interactive/order-status", order_status),
}


def whatsapp(content: c.Outbound, settings: Settings) -> tuple[str, Content]:
    """Endpoint and content; an empty content is left out of the call. Raises Refuse."""
    made = _MAKE.get(type(content))
    if made is None:
        raise refuse("infobip_cannot", Code.UNSUPPORTED, kind=c.kind_of(content))
    endpoint, make = made
    return endpoint, make(content, settings)
