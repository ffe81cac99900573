"""Templates: the values that fill an approved message.

The text itself is with Meta, which checks the number and format of the values (132000, 132012).

Source: Meta, "Templates: components" and the page of each template kind (2025–2026).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dragoman.domain.content import (
    CatalogButton,
    CopyCodeButton,
    CurrencyParam,
    DateTimeParam,
    FlowButton,
    GroupParam,
    LocationParam,
    MediaParam,
    OrderDetailsButton,
    Param,
    PaymentRequestButton,
    ProductParam,
    ProductsButton,
    QuickReplyButton,
    Template,
    TemplateButton,
    TemplateCard,
    TextParam,
    UrlButton,
    VoiceCallButton,
)
from dragoman.domain.sentences import Sentence, term, words

from .bodies import degrees
from .interactive import product_sections
from .limits import (
    Name,
    alike,
    between,
    counted,
    filled,
    one_of,
    refuse,
    template_file,
    web_link,
    within,
)
from .orders import parameters, state

words(
    {
        "template_value_is": "a value that is a {kind}",
        "template_of_button": "a button of the sort {kind}",
        "template_value_of_button": "a value of a button of the sort {kind}",
    }
)

UNBOUND = 100_000  # Meta checks the whole text's length, which we do not know

# Parts that only Meta's own API is known to have a place for, as people call them.
ONLY_META: Mapping[str, Sentence] = {
    "cards": term("cards"),
    "offer_expires_at": term("an offer's end"),
    "order_status": term("an order's state"),
    "tap_target_url": term("a tap target"),
    "marketing": term("the marketing endpoint"),
    "components": term("Meta's components"),
}


def template(content: Template) -> dict[str, Any]:
    """Meta's `template` object. Raises Refuse."""
    language = {"code": filled("template language", content.language, 20)}
    if content.policy:
        language = {"policy": content.policy, **language}
    out: dict[str, Any] = {
        "name": filled("template name", content.name),
        "language": language,
    }
    components = _components(content)
    if components:
        out["components"] = components
    return out


def _components(content: Template) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    if content.header is not None:
        out.append({"type": "header", "parameters": [_param(content.header)]})
    if content.body:
        out.append({"type": "body", "parameters": [_param(value) for value in content.body]})
    if content.code is not None:
        out += _code(content)
    if content.offer_expires_at is not None:
        out.append(_offer(content.offer_expires_at))
    # Meta's samples count the buttons of an offer in numbers, of others in digits; it takes both.
    numbers = content.offer_expires_at is not None
    out += [_button(button, numbers) for button in content.buttons]
    if content.cards:
        out.append(_carousel(content.cards))
    if content.order_status is not None:
        given = state(content.order_status)
        one = {"type": "order_status", "order_status": given}
        out.append({"type": "order_status", "parameters": [one]})
    if content.tap_target_url:
        out.append(_tap_target(content))
    return out + [dict(component) for component in content.components]


def _code(content: Template) -> list[dict[str, Any]]:
    """A one-time code stands in the body and again in the button that copies it."""
    if content.body or content.buttons:
        rule = "with a code, leave body and buttons out: the code fills both"
        raise refuse("meta_choose", field="authentication template", rule=rule)
    values = [{"type": "text", "text": filled("one-time code", content.code or "")}]
    button = {"type": "button", "sub_type": "url", "index": "0", "parameters": list(values)}
    return [{"type": "body", "parameters": values}, button]


def _offer(expires_at: int) -> dict[str, Any]:
    value = {"expiration_time_ms": expires_at}
    parameter = {"type": "limited_time_offer", "limited_time_offer": value}
    return {"type": "limited_time_offer", "parameters": [parameter]}


def _tap_target(content: Template) -> dict[str, Any]:
    target = {"url": web_link("tap target", content.tap_target_url or "")}
    if content.tap_target_title:
        target["title"] = content.tap_target_title
    kind = "tap_target_configuration"
    return {"type": kind, "parameters": [{"type": kind, kind: [target]}]}


def _carousel(cards: tuple[TemplateCard, ...]) -> dict[str, Any]:
    counted("template cards", len(cards))
    alike([_shape(card) for card in cards])
    return {
        "type": "carousel",
        "cards": [
            {"card_index": index, "components": _card(card)} for index, card in enumerate(cards)
        ],
    }


def _shape(card: TemplateCard) -> tuple[object, ...]:
    kinds = tuple(type(button) for button in card.buttons)
    head = card.header.type if isinstance(card.header, MediaParam) else type(card.header)
    return (head, len(card.body), kinds)


def _card(card: TemplateCard) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    if card.header is not None:
        out.append({"type": "header", "parameters": [_param(card.header)]})
    if card.body:
        out.append({"type": "body", "parameters": [_param(value) for value in card.body]})
    return out + [_button(button, False) for button in card.buttons]


def _param(value: Param) -> dict[str, Any]:
    if isinstance(value, TextParam):
        text = filled("template value", value.text, UNBOUND)
        return {"type": "text", **_named(value.name), "text": text}
    if isinstance(value, CurrencyParam):
        money = {
            "fallback_value": value.fallback,
            "code": value.code,
            "amount_1000": value.amount_1000,
        }
        return {"type": "currency", **_named(value.name), "currency": money}
    if isinstance(value, DateTimeParam):
        shown = {"fallback_value": value.fallback}
        return {"type": "date_time", **_named(value.name), "date_time": shown}
    if isinstance(value, MediaParam):
        return {"type": value.type, value.type: _media(value)}
    if isinstance(value, LocationParam):
        return {"type": "location", "location": _location(value)}
    if isinstance(value, ProductParam):
        ids = {"product_retailer_id": value.product_id, "catalog_id": value.catalog_id}
        return {"type": "product", "product": ids}
    assert isinstance(value, GroupParam)
    return {"type": "group_id", "group_id": value.group_id}


def _named(name: str | None) -> dict[str, str]:
    return {"parameter_name": name} if name else {}


def _media(value: MediaParam) -> dict[str, Any]:
    body: dict[str, Any] = one_of(template_file(value.type), value.id, value.link)
    if value.filename and value.type == "document":
        body["filename"] = value.filename
    return body


def _location(value: LocationParam) -> dict[str, Any]:
    body: dict[str, Any] = {
        "latitude": degrees("latitude", value.latitude, 90),
        "longitude": degrees("longitude", value.longitude, 180),
    }
    if value.name:
        body["name"] = value.name
    if value.address:
        body["address"] = value.address
    return body


def _button(button: TemplateButton, numbers: bool) -> dict[str, Any]:
    """One button's values. `numbers`: write its index as a number where Meta's sample does."""
    if isinstance(button, VoiceCallButton):
        return _call(button)
    between("button index", button.index, 0, 9)
    sub_type, parameter, number = _values(button)
    return {
        "type": "button",
        "sub_type": sub_type,
        "index": button.index if number or numbers else str(button.index),
        "parameters": [parameter],
    }


def _values(button: TemplateButton) -> tuple[str, dict[str, Any], bool]:
    """Sub-type, parameter, and whether Meta's sample counts this button in numbers."""
    if isinstance(button, QuickReplyButton):
        # Meta does not say how long a payload may be (not confirmed: 128 to 256).
        payload = filled("button payload", button.payload, UNBOUND)
        return "quick_reply", {"type": "payload", "payload": payload}, False
    if isinstance(button, UrlButton):
        return "url", {"type": "text", "text": filled("link suffix", button.suffix, 2000)}, False
    if isinstance(button, CopyCodeButton):
        code = filled("copy code", button.code)
        return "copy_code", {"type": "coupon_code", "coupon_code": code}, True
    if isinstance(button, FlowButton):
        action: dict[str, Any] = {}
        if button.token:
            action["flow_token"] = button.token
        if button.data:
            action["flow_action_data"] = button.data
        return "flow", {"type": "action", "action": action}, False
    if isinstance(button, CatalogButton):
        shown = button.thumbnail_product_id
        action = {"thumbnail_product_retailer_id": shown} if shown else {}
        return "CATALOG", {"type": "action", "action": action}, True
    if isinstance(button, ProductsButton):
        action = {
            "thumbnail_product_retailer_id": button.thumbnail_product_id,
            "sections": product_sections(button.sections),
        }
        return "mpm", {"type": "action", "action": action}, True
    if isinstance(button, OrderDetailsButton):
        action = {"order_details": parameters(button.order)}
        return "order_details", {"type": "action", "action": action}, True
    assert isinstance(button, PaymentRequestButton)
    action = {"payment_request": {"payment_setting": button.setting}}
    return "payment_request", {"type": "action", "action": action}, False


def _call(button: VoiceCallButton) -> dict[str, Any]:
    out: dict[str, Any] = {"type": "button", "sub_type": "voice_call"}
    if button.index is not None:
        between("button index", button.index, 0, 9)
        out["index"] = button.index
    values: list[dict[str, Any]] = []
    if button.ttl_minutes is not None:
        between("life of the call button in minutes", button.ttl_minutes, 1, 43_200)
        values.append({"type": "ttl_minutes", "ttl_minutes": button.ttl_minutes})
    if button.payload:
        values.append({"type": "payload", "payload": within("call payload", button.payload)})
    out["parameters"] = values
    return out


# --- for partners with templates of their own ----------------------------------------------------


def unplaced(content: Template, parts: Mapping[str, Sentence] = ONLY_META) -> Sentence | None:
    """The first of these parts that a template has, in words."""
    return next((words for name, words in parts.items() if getattr(content, name)), None)


def said(param: Param, no_place: Callable[[Name], Exception]) -> str:
    """A value as text. no_place: makes the Refuse of one that is none, from what it is in words.
    Raises Refuse."""
    if isinstance(param, TextParam):
        return filled("template value", param.text, UNBOUND)
    if isinstance(param, CurrencyParam | DateTimeParam):
        return filled("template value", param.fallback, UNBOUND)
    raise no_place(Sentence("template_value_is", {"kind": param.__struct_config__.tag}))


def of_button(button: TemplateButton) -> Sentence:
    """What people call a button by its sort."""
    return Sentence("template_of_button", {"kind": button.__struct_config__.tag})


def value_of_button(button: TemplateButton) -> Sentence:
    """What people call a value of a button by the button's sort."""
    return Sentence("template_value_of_button", {"kind": button.__struct_config__.tag})


def values_and_buttons(content: Template) -> tuple[tuple[Param, ...], tuple[TemplateButton, ...]]:
    """Those of a template. NOT CONFIRMED outside Meta's own API: a one-time code fills the body
    and the button that copies it. Raises Refuse."""
    if content.code is None:
        return content.body, content.buttons
    code = filled("one-time code", content.code)
    return (TextParam(code),), (UrlButton(0, code),)
