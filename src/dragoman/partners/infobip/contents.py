"""Neutral messages as `content` of the WhatsApp outbound API, and the endpoint of each.

Source: Infobip OpenAPI, "Send WhatsApp … message", one page for each type (2026).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.partners._cloud import bodies
from dragoman.partners._cloud.limits import (
    alike,
    counted,
    filled,
    refuse,
    unique,
    within,
)
from dragoman.partners.mapping import Is, May, Need, Table, mapped

from .limits import (
    CAPTION,
    FILE_NAME,
    FLOW_TOKEN,
    ID,
    LINK,
    address,
    header,
    link_of,
    number,
    ranged,
    several,
)
from .orders import bill, news
from .settings import Settings
from .shape import camel

Content = dict[str, Any]

# Meta's own samples say this where a Flow needs no token; Infobip wants one.
NO_TOKEN = "unused"
_USUAL_FLOW_VERSION = "3"


# --- simple messages -----------------------------------------------------------------------------

_FILE = (
    Need("mediaUrl", "", link_of, most=LINK),
    May("caption", "caption", within, "caption", CAPTION),
    May("filename", "filename", filled, "file name", FILE_NAME),
    May("voice", "voice"),
)
LOCATION = (
    Need("latitude", "latitude", number, "latitude", 90),
    Need("longitude", "longitude", number, "longitude", 180),
    May("name", "name", filled, "place's name", 1000),
    May("address", "address", filled, "place's address", 1000),
)


def _text(content: c.Text) -> Content:
    out: Content = {"text": filled("text", content.text)}
    # Without an address in the text it is refused.
    if content.preview_url and re.search(r"https?://\S", content.text, re.IGNORECASE):
        out["previewUrl"] = True
    return out


# What a card's parts may be called here; WhatsApp itself takes any word.
_PLACES = frozenset({"HOME", "WORK"})
_TYPES: Mapping[str, frozenset[str]] = {
    "phones": frozenset({"CELL", "MAIN", "IPHONE"}) | _PLACES,
    "emails": _PLACES,
    "urls": _PLACES,
    "addresses": _PLACES,
}
_CALLED = {"MOBILE": "CELL", "COMPANY": "WORK", "OFFICE": "WORK", "BUSINESS": "WORK"}


def _contacts(content: c.Contacts) -> Content:
    """Meta's members in camel case. A type that Infobip has no word for is left out."""
    cards = camel(bodies.contacts(c.Contacts(tuple(map(_first_named, content.contacts)))))
    for part, known in _TYPES.items():
        for one in (one for card in cards for one in card.get(part, ())):
            word = str(one.pop("type", "") or "").upper()
            word = _CALLED.get(word, word)
            if word in known:
                one["type"] = word
    return {"contacts": cards}


def _first_named(card: c.ContactCard) -> c.ContactCard:
    """A first name is needed: the whole name where none is given."""
    if card.name is None:
        return card
    first = card.name.first_name or card.name.formatted_name
    return msgspec.structs.replace(card, name=msgspec.structs.replace(card.name, first_name=first))


# --- interactive messages ------------------------------------------------------------------------

_BODY = Need("body.text", "body", filled, "body")
_MAY_HAVE_BODY = May("body.text", "body", filled, "body")
_FOOTER = May("footer.text", "footer", filled, "footer")

_BUTTON = (
    Is("type", "REPLY"),
    Need("id", "id", filled, "button id"),
    Need("title", "title", filled, "button title"),
)
_ROW = (
    Need("id", "id", filled, "row id"),
    Need("title", "title", filled, "row title"),
    May("description", "description", within, "row description"),
)
_ROWS = (Need("rows", "rows", several, "rows", each=_ROW),)
_PRODUCTS = (Need("productRetailerIds", "product_ids"),)
_URL_BUTTON = (
    Need("displayText", "label", filled, "link label"),
    Need("url", "url", address, "link", LINK),
)
CALL = (
    May("callValidityPeriod", "ttl_minutes", ranged, "call button's minutes", 43200),
    May("callContextPayload", "payload", within, "call payload"),
)
_FLOW = (
    Need("flowId", "flow_id"),
    May("flowToken", "token", filled, "flow token", FLOW_TOKEN),
    Need("callToActionButton", "label", filled, "flow label", 20),
    May("flowAction", "action", make=str.upper),
    May("flowActionPayload.screen", "screen"),
    May("flowActionPayload.data", "data"),
)


def _buttons(content: c.Buttons) -> Content:
    counted("buttons", len(content.buttons))
    unique("button titles", (button.title for button in content.buttons))
    unique("button ids", (button.id for button in content.buttons))
    return {"buttons": [mapped(button, _BUTTON) for button in content.buttons]}


def _list(content: c.List) -> Content:
    counted("sections", len(content.sections))
    counted("rows", sum(len(section.rows) for section in content.sections))
    unique("row ids", (row.id for section in content.sections for row in section.rows))
    sections = _sections(content.sections, _ROWS)
    return {"title": filled("list button", content.button), "sections": sections}


def product_sections(sections: tuple[c.ProductSection, ...], titled: bool = False) -> list[Content]:
    """Sections of products. titled: one alone needs a title as well. Raises Refuse."""
    counted("sections", len(sections))
    counted("products", sum(len(section.product_ids) for section in sections))
    for section in sections:
        unique("products of a section", section.product_ids)
    return _sections(sections, _PRODUCTS, titled)


def _sections(sections: Sequence[Any], members: Table, titled: bool = False) -> list[Content]:
    """Several have a title each."""
    kind = Need if titled or len(sections) > 1 else May
    title = kind("title", "title", filled, "section title")
    return [mapped(section, (title, *members)) for section in sections]


def flow_action(content: c.Flow) -> Content:
    """What a Flow begins with. Raises Refuse."""
    if not content.flow_id:
        part = "a Flow's name" if content.flow_name else "a Flow without an id"
        raise refuse("infobip_no_place", part=part, where="a Flow message")
    out = mapped(msgspec.structs.replace(content, token=content.token or NO_TOKEN), _FLOW)
    if content.action != "data_exchange":
        filled("flow's first screen", content.screen or "", ID)
    elif "flowActionPayload" in out:
        rule = "screen and data belong to the action navigate; data_exchange asks your endpoint"
        raise refuse("meta_choose", field="flow's first screen", rule=rule)
    return out


def _flow(content: c.Flow) -> Content:
    return {**flow_action(content), **mapped(content, _FLOW_MODE)}


def _version(content: c.Flow) -> int | None:
    if content.version == _USUAL_FLOW_VERSION:
        return None
    if not content.version.isdecimal():
        rule = "it is a whole number, like 3"
        raise refuse("meta_choose", field="flow's version", rule=rule)
    return int(content.version)


# A draft is said; a published Flow is what Infobip takes it for.
_FLOW_MODE = (
    May("mode", "draft", make={True: "DRAFT"}.get),
    May("flowMessageVersion", make=_version),
)


def _carousel(content: c.Carousel) -> Content:
    counted("cards", len(content.cards))
    replies = bool(content.cards[0].buttons)
    alike([(bool(card.body), len(card.buttons), bool(card.url)) for card in content.cards])
    cards = [mapped(card, _REPLY_CARD if replies else _LINK_CARD) for card in content.cards]
    return {"type": "QUICK_REPLY" if replies else "URL", "cards": cards}


def _card_header(value: c.Header) -> Content:
    top = header("carousel", value, ("image", "video"))
    return {"type": top["type"], "url": top["mediaUrl"]}


_CARD = (
    Need("header", "header", make=_card_header),
    May("body.text", "body", within, "card body"),
)
_CARD_BUTTON = (
    Need("id", "id", filled, "card button id", 20),
    Need("title", "title", filled, "card button title", 20),
)
_REPLY_CARD = (
    *_CARD,
    Need("buttons", "buttons", several, "card buttons", each=_CARD_BUTTON),
)
_LINK_CARD = (
    *_CARD,
    Need("button.displayText", "label", filled, "link label"),
    Need("button.url", "url", address, "link", LINK),
)
_PRODUCT = (
    Need("catalogId", "catalog_id", filled, "catalog id", ID),
    Need("productRetailerId", "product_id", filled, "product id", ID),
)
_PRODUCT_LIST = (
    Need("catalogId", "catalog_id", filled, "catalog id", ID),
    Need("sections", "sections", make=product_sections),
)
_CALL_BUTTON = (May("buttonDisplayText", "label", filled, "call label"), *CALL)

_ALL = ("text", "image", "video", "document")
_WORDS = ("text",)

# kind → (endpoint, content); or (endpoint, `action` of the content, the headers that it may have).
# The rest of the endpoint's path is always the same.
_KINDS: Mapping[type[Any], tuple[str, Table | Callable[[Any], Content], tuple[str, ...] | None]] = {
    c.Text: ("text", _text, None),
    c.Image: ("image", _FILE, None),
    c.Video: ("video", _FILE, None),
    c.Audio: ("audio", _FILE, None),
    c.Document: ("document", _FILE, None),
    c.Sticker: ("sticker", _FILE, None),
    c.Location: ("location", LOCATION, None),
    c.Contacts: ("contact", _contacts, None),
    c.Buttons: ("interactive/buttons", _buttons, _ALL),
    c.List: ("interactive/list", _list, _WORDS),
    c.CtaUrl: ("interactive/url-button", _URL_BUTTON, _ALL),
    c.Flow: ("interactive/flow", _flow, _WORDS),
    c.Product: ("interactive/product", _PRODUCT, ()),
    c.Products: ("interactive/multi-product", _PRODUCT_LIST, _WORDS),
    c.LocationRequest: ("interactive/location-request", (), ()),
    c.ContactRequest: ("interactive/request-contact-info", (), ()),
    # WhatsApp asks in its own words: there is no place for ours.
    c.CallPermissionRequest: ("interactive/call-permission-request", (), None),
    c.CallButton: ("interactive/voice-button", _CALL_BUTTON, ()),
    c.Carousel: ("interactive/media-carousel", _carousel, ()),
    c.OrderDetails: ("interactive/order-details", bill, ("image",)),
}
_PARTS = ("body", "action", "header", "footer")


def whatsapp(content: c.Outbound, settings: Settings) -> tuple[str, Content]:
    """Endpoint and content; an empty content is left out of the call. Raises Refuse."""
    if isinstance(content, c.OrderStatus):
        around = mapped(content, (_MAY_HAVE_BODY, _FOOTER))
        return "interactive/order-status", {"action": news(content, settings), **around}
    if type(content) not in _KINDS:
        raise refuse("infobip_cannot", Code.UNSUPPORTED, kind=c.kind_of(content))
    endpoint, make, headers = _KINDS[type(content)]
    made = make(content) if callable(make) else mapped(content, make)
    if headers is None:
        return endpoint, made
    told: Content = {"action": made}
    if (top := getattr(content, "header", None)) is not None:
        told["header"] = header(c.kind_of(content), top, headers)
    told |= mapped(content, (_MAY_HAVE_BODY if isinstance(content, c.Product) else _BODY, _FOOTER))
    return endpoint, {name: told[name] for name in _PARTS if told.get(name)}
