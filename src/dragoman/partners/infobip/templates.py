"""Templates of the WhatsApp outbound API: values by their place, buttons in their order.

Source: Infobip OpenAPI, "Send WhatsApp template message" (2026).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from dragoman.domain import content as c
from dragoman.domain.errors import Code
from dragoman.domain.sentences import words
from dragoman.partners._cloud.limits import between, counted, filled, matched, refuse, within
from dragoman.partners._cloud.templates import unplaced, worded

from .contents import Content, product_sections
from .limits import file_name, link_of, number, sized
from .orders import action, news
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
    "tap_target_url": "a tap target",
    "tap_target_title": "a tap target",
    "marketing": "the marketing endpoint",
    "components": "Meta's components",
}
_MOST = {"URL": 2, "COPY_CODE": 1, "FLOW": 1}
_ALONE = frozenset({"CATALOG", "MULTI_PRODUCT", "ORDER_DETAILS"})
_MOST_BUTTONS = 10


def template(content: c.Template, settings: Settings) -> Content:
    """The `content` of a template message. Raises Refuse."""
    fits(content)
    data: Content = {"body": {"placeholders": list(values(content.body))}}
    buttons = content.buttons
    if content.code is not None:
        # WhatsApp's button that copies a code is an address button, and wants the code once more.
        code = sized("one-time code", content.code, "copy code")
        data["body"] = {"placeholders": [code]}
        buttons = (c.UrlButton(0, code),)
    if content.header is not None:
        data["header"] = _header(content.header)
    if buttons:
        data["buttons"] = button_list(buttons, settings)
    if content.cards:
        counted("template cards", max(len(content.cards), 2))
        data["carousel"] = {"cards": [_card(card, settings) for card in content.cards]}
    if content.offer_expires_at is not None:
        data["limitedTimeOffer"] = {"expirationTime": written_time(content.offer_expires_at)}
    if content.order_status is not None:
        told = {"type": "ORDER_STATUS", **news(content.order_status, settings)}
        data["orderStatus"] = {"orderStatuses": [told]}
    return {
        "templateName": content.name,
        "templateData": data,
        "language": filled("template language", content.language, 20),
    }


def fits(content: c.Template) -> None:
    """That Infobip has a place for everything in it. Raises Refuse."""
    if (part := unplaced(content, _ABSENT)) is not None:
        raise refuse("infobip_no_place", Code.UNSUPPORTED, part=part, where="a template")
    rule = "a name has small letters, digits and _ only"
    matched("template name", filled("template name", content.name), _NAME, rule)


def values(params: tuple[c.Param, ...]) -> tuple[str, ...]:
    """The values in order: Infobip counts places and knows no names. Raises Refuse."""
    return tuple(value(param) for param in params)


def value(param: c.Param) -> str:
    text = worded(param)
    if text is not None:
        return text
    part = f"a value that is a {param.__struct_config__.tag}"
    raise refuse("infobip_no_place", Code.UNSUPPORTED, part=part, where="a template's text")


def header_text(param: c.Param) -> str:
    text = value(param)
    if _BROKEN_HEADER.search(text):
        raise refuse("infobip_template_header")
    return text


def _header(param: c.Param) -> Content:
    if isinstance(param, c.MediaParam):
        link = link_of(f"template {param.type}", param.id, param.link)
        out: Content = {"type": param.type.upper(), "mediaUrl": link}
        if param.type == "document":
            out["filename"] = file_name(param.filename, link)
        return out
    if isinstance(param, c.LocationParam):
        if param.name or param.address:
            part = "a place's name or address"
            raise refuse("infobip_no_place", part=part, where="a template's header")
        return {
            "type": "LOCATION",
            "latitude": number("latitude", param.latitude, 90),
            "longitude": number("longitude", param.longitude, 180),
        }
    return {"type": "TEXT", "placeholder": header_text(param)}


# --- buttons -------------------------------------------------------------------------------------


def ordered(buttons: tuple[c.TemplateButton, ...]) -> list[c.TemplateButton]:
    """As they stand in the template; those without a value are left out by the author."""
    return sorted(buttons, key=lambda button: button.index or 0)


def button_list(buttons: tuple[c.TemplateButton, ...], settings: Settings) -> list[Content]:
    """Raises Refuse."""
    made = [_BUTTONS.get(type(one), _no_button)(one, settings) for one in ordered(buttons)]
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


def _no_button(button: c.TemplateButton, settings: Settings) -> Content:
    part = f"a value of a button of the sort {button.__struct_config__.tag}"
    raise refuse("infobip_no_place", Code.UNSUPPORTED, part=part, where="a template")


def _quick_reply(button: c.QuickReplyButton, settings: Settings) -> Content:
    return {"type": "QUICK_REPLY", "parameter": sized("quick reply payload", button.payload)}


def _url(button: c.UrlButton, settings: Settings) -> Content:
    return {"type": "URL", "parameter": filled("link suffix", button.suffix, 2000)}


def _copy_code(button: c.CopyCodeButton, settings: Settings) -> Content:
    return {"type": "COPY_CODE", "parameter": sized("copy code", button.code)}


def _flow(button: c.FlowButton, settings: Settings) -> Content:
    out: Content = {"type": "FLOW"}
    if button.token:
        out["flowToken"] = sized("flow token", button.token)
    if button.data:
        out["data"] = button.data
    return out


def _catalog(button: c.CatalogButton, settings: Settings) -> Content:
    out: Content = {"type": "CATALOG"}
    if button.thumbnail_product_id:
        out["thumbnailProductRetailerId"] = sized("product id", button.thumbnail_product_id)
    return out


def _products(button: c.ProductsButton, settings: Settings) -> Content:
    for section in button.sections:
        filled("section title", section.title or "")
    return {
        "type": "MULTI_PRODUCT",
        "thumbnailProductRetailerId": sized("product id", button.thumbnail_product_id),
        "sections": product_sections(button.sections, "productRetailerIds"),
    }


def _order(button: c.OrderDetailsButton, settings: Settings) -> Content:
    return {"type": "ORDER_DETAILS", "action": action(button.order)}


def _call(button: c.VoiceCallButton, settings: Settings) -> Content:
    out: Content = {"type": "VOICE_CALL"}
    if button.ttl_minutes is not None:
        between("call button's minutes", button.ttl_minutes, 1, 43200)
        out["callValidityPeriod"] = button.ttl_minutes
    if button.payload:
        out["callContextPayload"] = within("call payload", button.payload)
    return out


_BUTTONS: Mapping[type[Any], Callable[[Any, Settings], Content]] = {
    c.QuickReplyButton: _quick_reply,
    c.UrlButton: _url,
    c.CopyCodeButton: _copy_code,
    c.FlowButton: _flow,
    c.CatalogButton: _catalog,
    c.ProductsButton: _products,
    c.OrderDetailsButton: _order,
    c.VoiceCallButton: _call,
}


def _card(card: c.TemplateCard, settings: Settings) -> Content:
    if not isinstance(card.header, c.MediaParam) or card.header.type not in ("image", "video"):
        raise refuse("meta_choose", field="card's header", rule="it is an image or a video")
    out: Content = {
        "header": _header(card.header),
        "body": {"placeholders": list(values(card.body))},
    }
    if card.buttons:
        counted("card buttons", len(card.buttons))
        for button in card.buttons:
            if not isinstance(button, c.QuickReplyButton | c.UrlButton):
                raise refuse("meta_choose", field="card's button",
                             rule="it is a quick reply or an address")  # fmt: skip
        out["buttons"] = button_list(card.buttons, settings)
    return out
