"""Templates of the WhatsApp outbound API: values by their place, buttons in their order.

Source: Infobip OpenAPI, "Send WhatsApp template message" (2026).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.sentences import term, words
from dragoman.partners._cloud.limits import Name, counted, filled, matched, refuse, template_file
from dragoman.partners._cloud.templates import said, value_of_button, values_and_buttons
from dragoman.partners.mapping import Is, May, Need, Table, mapped

from .contents import CALL, LOCATION, Content, product_sections
from .limits import FLOW_TOKEN, file_header, placed, several
from .orders import bill, news
from .settings import Settings
from .shape import written_time

words(
    {
        "infobip_template_buttons": "A template on Infobip takes at most {limit} values of {kind} "
        "buttons, and here are {count}: leave some out.",
        "infobip_template_alone": "A button with {kind} must be the only one that gets a value: "
        "leave the others out.",
        "infobip_template_header": "The header's value has a line break, a tab or more than four "
        "spaces in a row, which WhatsApp refuses in a template: take them out.",
    }
)

_NAME = re.compile(r"[a-z0-9_]{1,512}")
_BROKEN_HEADER = re.compile(r"[\n\r\t]| {5,}")
_ABSENT = {
    "tap_target_url": term("a tap target"),
    "tap_target_title": term("a tap target"),
    "marketing": term("the marketing endpoint"),
    "components": term("Meta's components"),
}
_NOT_OF_PLACES = dict.fromkeys(("name", "address"), term("a place's name or address"))
_MOST = {"URL": 2, "COPY_CODE": 1, "FLOW": 1}
_ALONE = frozenset({"CATALOG", "MULTI_PRODUCT", "ORDER_DETAILS"})
_MOST_BUTTONS = 10


def template(content: c.Template, settings: Settings) -> Content:
    """The `content` of a template message. Raises Refuse."""
    placed(content, _ABSENT, "a template", Code.UNSUPPORTED)
    rule = "a name has small letters, digits and _ only"
    matched("template name", filled("template name", content.name), _NAME, rule)
    _values(content.body)  # also where a code takes their place
    # WhatsApp's button that copies a code is an address button, and wants the code once more.
    body, buttons = values_and_buttons(content)
    out = mapped(msgspec.structs.replace(content, body=body, buttons=buttons), _TEMPLATE)
    if content.order_status is not None:
        told = {"type": "ORDER_STATUS", **news(content.order_status, settings)}
        out["templateData"]["orderStatus"] = {"orderStatuses": [told]}
    return out


def _values(params: tuple[c.Param, ...]) -> list[str]:
    """The values in order: Infobip counts places and knows no names. Raises Refuse."""
    return [said(param, _no_place) for param in params]


def _no_place(part: Name) -> Exception:
    where = "a template's text"
    return refuse("infobip_no_place", Code.UNSUPPORTED, part=part, where=where)


def _header(param: c.Param) -> Content:
    if isinstance(param, c.MediaParam):
        return file_header(template_file(param.type), param.type, param, named=True)
    if isinstance(param, c.LocationParam):
        placed(param, _NOT_OF_PLACES, "a template's header")
        return {"type": "LOCATION", **mapped(param, LOCATION)}
    text = said(param, _no_place)
    if _BROKEN_HEADER.search(text):
        raise refuse("infobip_template_header")
    return {"type": "TEXT", "placeholder": text}


# --- buttons -------------------------------------------------------------------------------------


_THUMBNAIL = ("thumbnail_product_id", filled, "product id", 3000)
_BUTTONS: Mapping[type[Any], Table] = {
    c.QuickReplyButton: (
        Is("type", "QUICK_REPLY"),
        Need("parameter", "payload", filled, "quick reply payload", 128),
    ),
    c.UrlButton: (
        Is("type", "URL"),
        Need("parameter", "suffix", filled, "link suffix", 2000),
    ),
    c.CopyCodeButton: (
        Is("type", "COPY_CODE"),
        Need("parameter", "code", filled, "copy code", 15),
    ),
    c.FlowButton: (
        Is("type", "FLOW"),
        May("flowToken", "token", filled, "flow token", FLOW_TOKEN),
        May("data", "data"),
    ),
    c.CatalogButton: (
        Is("type", "CATALOG"),
        May("thumbnailProductRetailerId", *_THUMBNAIL),
    ),
    c.ProductsButton: (
        Is("type", "MULTI_PRODUCT"),
        Need("thumbnailProductRetailerId", *_THUMBNAIL),
        Need("sections", "sections", make=partial(product_sections, titled=True)),
    ),
    c.OrderDetailsButton: (
        Is("type", "ORDER_DETAILS"),
        Need("action", "order", make=bill),
    ),
    c.VoiceCallButton: (Is("type", "VOICE_CALL"), *CALL),
}


def _button_list(buttons: tuple[c.TemplateButton, ...]) -> list[Content]:
    """As they stand in the template; those without a value are left out by the author. Raises
    Refuse."""
    made = [_button(one) for one in sorted(buttons, key=lambda button: button.index or 0)]
    if len(made) > _MOST_BUTTONS:
        raise refuse("meta_too_many", field="buttons", count=len(made), limit=_MOST_BUTTONS)
    kinds = [one["type"] for one in made]
    for kind, most in _MOST.items():
        if (count := kinds.count(kind)) > most:
            raise refuse("infobip_template_buttons", kind=kind, limit=most, count=count)
    alone = [kind for kind in kinds if kind in _ALONE]
    if alone and len(kinds) > 1:
        raise refuse("infobip_template_alone", kind=alone[0])
    return made


def _button(button: c.TemplateButton) -> Content:
    if type(button) in _BUTTONS:
        return mapped(button, _BUTTONS[type(button)])
    part = value_of_button(button)
    raise refuse("infobip_no_place", Code.UNSUPPORTED, part=part, where="a template")


# --- cards, and the whole ------------------------------------------------------------------------


def _cards(cards: tuple[c.TemplateCard, ...]) -> list[Content]:
    counted("template cards", max(len(cards), 2))  # one alone is let through
    return [mapped(card, _CARD) for card in cards]


def _card_header(param: c.Param | None) -> Content:
    if not isinstance(param, c.MediaParam) or param.type not in ("image", "video"):
        raise refuse("meta_choose", field="card's header", rule="it is an image or a video")
    return _header(param)


def _card_buttons(buttons: tuple[c.TemplateButton, ...]) -> list[Content]:
    if not all(isinstance(button, c.QuickReplyButton | c.UrlButton) for button in buttons):
        rule = "it is a quick reply or an address"
        raise refuse("meta_choose", field="card's button", rule=rule)
    return _button_list(buttons)


_CARD = (
    Need("header", "header", make=_card_header),
    Need("body.placeholders", "body", make=_values),
    May("buttons", "buttons", several, "card buttons", make=_card_buttons),
)
_TEMPLATE = (
    Need("templateName", "name"),
    Need("templateData.body.placeholders", "body", make=_values),
    May("templateData.header", "header", make=_header),
    May("templateData.buttons", "buttons", make=_button_list),
    May("templateData.carousel.cards", "cards", make=_cards),
    May("templateData.limitedTimeOffer.expirationTime", "offer_expires_at", make=written_time),
    Need("language", "language", filled, "template language", 20),
)
