"""What a person sees of each content of the WhatsApp API: a send body in the Cloud API's shape."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Body = dict[str, Any]
_SNAKE = re.compile(r"(?<=[a-z0-9])([A-Z])")
OFFSET = 100  # amounts are in hundredths


def snake(value: Any) -> Any:
    """`waId` → `wa_id` in every key."""
    if isinstance(value, dict):
        return {_SNAKE.sub(r"_\1", key).lower(): snake(one) for key, one in value.items()}
    return [snake(one) for one in value] if isinstance(value, list) else value


def _some(**values: Any) -> Body:
    return {key: value for key, value in values.items() if value is not None}


def media(content: Body) -> Body:
    return _some(
        link=content.get("mediaUrl") or content.get("url"),
        caption=content.get("caption"),
        filename=content.get("filename"),
        voice=content.get("voice"),
    )


def header(given: Body | None) -> Body | None:
    """A header of either API (`mediaUrl` or `url`)."""
    if given is None:
        return None
    kind = str(given.get("type", "TEXT")).lower()
    if kind == "text":
        return {"type": "text", "text": given.get("text", "")}
    return {"type": kind, kind: media(given)}


def interactive(kind: str, content: Body, action: Body) -> Body:
    body = content.get("body") or {}
    inner: Body = {"type": kind}
    top = header(content.get("header"))
    if top is not None:
        inner["header"] = top
    if body.get("text"):
        inner["body"] = {"text": body["text"]}
    if content.get("footer"):
        inner["footer"] = {"text": content["footer"]["text"]}
    return {"type": "interactive", "interactive": {**inner, "action": action}}


def _plain(kind: str) -> Callable[[Body], Body]:
    return lambda content: {"type": kind, kind: media(content)}


def _text(content: Body) -> Body:
    text = _some(body=content["text"], preview_url=content.get("previewUrl"))
    return {"type": "text", "text": text}


def _location(content: Body) -> Body:
    place = {k: content[k] for k in ("latitude", "longitude", "name", "address") if k in content}
    return {"type": "location", "location": place}


def _contact(content: Body) -> Body:
    return {"type": "contacts", "contacts": snake(content["contacts"])}


def reply(button_id: str, title: str) -> Body:
    return {"type": "reply", "reply": {"id": button_id, "title": title}}


def _buttons(content: Body) -> Body:
    made = [reply(one["id"], one["title"]) for one in content["action"]["buttons"]]
    return interactive("button", content, {"buttons": made})


def _list(content: Body) -> Body:
    action = content["action"]
    return interactive("list", content, {"button": action["title"], "sections": action["sections"]})


def link_action(label: str, url: str) -> Body:
    return {"name": "cta_url", "parameters": {"display_text": label, "url": url}}


def _card(index: int, card: Body) -> Body:
    made: Body = {"card_index": index, "type": "cta_url", "header": header(card["header"])}
    if card.get("body"):
        made["body"] = {"text": card["body"]["text"]}
    if "button" in card:
        one = card["button"]
        return {**made, "action": link_action(one["displayText"], one["url"])}
    replies = [
        {"type": "quick_reply", "quick_reply": {"id": one["id"], "title": one["title"]}}
        for one in card["buttons"]
    ]
    return {**made, "action": {"buttons": replies}}


def _carousel(content: Body) -> Body:
    cards = [_card(index, card) for index, card in enumerate(content["action"]["cards"])]
    return interactive("carousel", content, {"cards": cards})


def _named(kind: str, name: str) -> Callable[[Body], Body]:
    return lambda content: interactive(kind, content, {"name": name})


def _product(content: Body) -> Body:
    return interactive("product", content, snake(content["action"]))


def product_sections(sections: list[Body], title: str = "title") -> list[Body]:
    return [
        _some(
            title=section.get(title),
            product_items=[
                {"product_retailer_id": one}
                for one in section.get("productRetailerIds") or section.get("productIds") or []
            ],
        )
        for section in sections
    ]


def _products(content: Body) -> Body:
    action = content["action"]
    made = {
        "catalog_id": action["catalogId"],
        "sections": product_sections(action["sections"]),
    }
    return interactive("product_list", content, made)


def flow_action(given: Body, label: str) -> Body:
    parameters = _some(
        flow_message_version="3",
        flow_id=given.get("flowId"),
        flow_token=given.get("flowToken"),
        flow_cta=label,
        mode=str(given.get("mode") or "PUBLISHED").lower(),
        flow_action=str(given.get("flowAction") or "NAVIGATE").lower(),
        flow_action_payload=given.get("flowActionPayload"),
    )
    return {"name": "flow", "parameters": parameters}


def _flow(content: Body) -> Body:
    action = content["action"]
    return interactive("flow", content, flow_action(action, action["callToActionButton"]))


def _url_button(content: Body) -> Body:
    action = content["action"]
    return interactive("cta_url", content, link_action(action["displayText"], action["url"]))


def _amount(given: Body | None) -> Body | None:
    if not given:
        return None
    return _some(value=given["value"], offset=OFFSET, description=given.get("description"))


def payment_id(payment: Body) -> str:
    """The id of a payment; several ways to pay one order share it."""
    several = payment.get("payments") or [{}]
    return str(payment.get("id") or several[0].get("id") or "")


def order_parameters(action: Body) -> Body:
    order = action["order"]
    goods = [
        _some(
            retailer_id=one["retailerId"],
            name=one["name"],
            amount=_amount(one["amount"]),
            sale_amount=_amount(one.get("saleAmount")),
            quantity=one["quantity"],
        )
        for one in order["items"]
    ]
    discount = order.get("discount") or {}
    return {
        "reference_id": payment_id(action["payment"]),
        "type": action["orderType"].lower().replace("_", "-"),
        "currency": action["orderCurrency"],
        "total_amount": _amount(action["totalAmount"]),
        "order": _some(
            status="pending",
            catalog_id=order.get("catalogId"),
            items=goods,
            subtotal=_amount(order["subtotal"]),
            tax=_amount(order["tax"]),
            shipping=_amount(order.get("shipping")),
            discount=_amount(discount.get("amount")),
        ),
    }


def _order_details(content: Body) -> Body:
    action = {"name": "review_and_pay", "parameters": order_parameters(content["action"])}
    return interactive("order_details", content, action)


def order_state(given: Body) -> Body:
    order = _some(status=given["status"].lower(), description=given.get("description"))
    return {"reference_id": given["payment"]["id"], "order": order}


def _order_status(content: Body) -> Body:
    action = {"name": "review_order", "parameters": order_state(content["action"])}
    return interactive("order_status", content, action)


def _voice_button(content: Body) -> Body:
    given = content.get("action") or {}
    parameters = _some(
        display_text=given.get("buttonDisplayText"),
        ttl_minutes=given.get("callValidityPeriod"),
        payload=given.get("callContextPayload"),
    )
    return interactive("voice_call", content, {"name": "voice_call", "parameters": parameters})


def _authentication(content: Body) -> Body:
    """The Cloud API's shapes have no such message; the phone shows what WhatsApp asks."""
    return {"type": "text", "text": {"body": "The business asks you to confirm who you are."}}


CONTENTS: dict[str, Callable[[Body], Body]] = {
    "text": _text,
    "image": _plain("image"),
    "document": _plain("document"),
    "audio": _plain("audio"),
    "video": _plain("video"),
    "sticker": _plain("sticker"),
    "location": _location,
    "contact": _contact,
    "interactive/buttons": _buttons,
    "interactive/list": _list,
    "interactive/media-carousel": _carousel,
    "interactive/location-request": _named("location_request_message", "send_location"),
    "interactive/product": _product,
    "interactive/multi-product": _products,
    "interactive/flow": _flow,
    "interactive/url-button": _url_button,
    "interactive/order-details": _order_details,
    "interactive/order-status": _order_status,
    "interactive/call-permission-request": _named(
        "call_permission_request", "call_permission_request"
    ),
    "interactive/voice-button": _voice_button,
    "interactive/in-thread-authentication-request": _authentication,
    "interactive/request-contact-info": _named("request_contact_info", "request_contact_info"),
}


def shown(kind: str, message: Body) -> Body:
    """A message of the WhatsApp API (`content`, `context`) as the person sees it."""
    body = CONTENTS[kind](message.get("content") or {})
    quoted = (message.get("context") or {}).get("replyToMessageId")
    return {**body, "context": {"message_id": quoted}} if quoted else body
