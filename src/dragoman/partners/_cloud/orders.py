"""Bills to pay in the chat and their later states (India, Brazil). Money moves outside Dragoman.

Source: Meta, "Payments" for India and Brazil (2025–2026).
"""

from __future__ import annotations

from typing import Any

from dragoman.domain.content import Amount, Order, OrderDetails, OrderItem, OrderStatus
from dragoman.domain.sentences import Sentence

from .interactive import header
from .limits import LIMITS, REFERENCE_ID, between, counted, filled, matched, refuse, within

STATES = frozenset(
    {"pending", "processing", "partially_shipped", "shipped", "completed", "canceled"}
    | {"partially-shipped"}  # Meta's pages spell it both ways
)
PAID = frozenset({"pending", "captured", "failed"})


def order_details(content: OrderDetails) -> dict[str, Any]:
    """The `interactive` object of a bill. Raises Refuse."""
    out: dict[str, Any] = {"type": "order_details"}
    if content.header is not None:
        out["header"] = header("order_details", content.header, ("image", "document"))
    out["body"] = {"text": filled("body", content.body)}
    if content.footer:
        out["footer"] = {"text": within("footer", content.footer)}
    out["action"] = {"name": "review_and_pay", "parameters": parameters(content)}
    return out


def _reference(value: str, currency: str) -> str:
    limit, pattern = REFERENCE_ID.get(currency, REFERENCE_ID[""])
    filled("reference id", value, limit)
    rule = "use letters, digits, _, . and -" if currency == "INR" else "leave out white space"
    return matched("reference id", value, pattern, rule)


def parameters(content: OrderDetails) -> dict[str, Any]:
    """Meta's `parameters` of a bill, for messages and for template buttons. Raises Refuse."""
    out: dict[str, Any] = {
        "reference_id": _reference(content.reference_id, content.currency),
        "type": content.goods,
    }
    if content.payment_type:
        out["payment_type"] = content.payment_type
    if content.payment_settings:
        out["payment_settings"] = list(content.payment_settings)
    if content.payment_configuration:
        name = within("configuration name", content.payment_configuration)
        out["payment_configuration"] = name
    if content.beneficiaries:
        out["beneficiaries"] = list(content.beneficiaries)
    out["currency"] = filled("currency", content.currency, 3)
    out["total_amount"] = _amount(content.total)
    if content.order is not None:
        out["order"] = _order(content.order)
    elif content.currency == "INR":  # only Brazil has bills without their items
        raise refuse("meta_empty", field="order")
    return out


def _amount(amount: Amount) -> dict[str, Any]:
    between("amount", amount.value, 0, 10**15)
    out: dict[str, Any] = {"value": amount.value, "offset": amount.offset}
    if amount.description:
        out["description"] = within("amount description", amount.description)
    if amount.discount_program_name:
        out["discount_program_name"] = within("amount description", amount.discount_program_name)
    return out


def _order(order: Order) -> dict[str, Any]:
    counted("order items", len(order.items))
    out: dict[str, Any] = {"status": order.status}
    if order.type:
        out["type"] = order.type
    if order.catalog_id:
        out["catalog_id"] = order.catalog_id
    if order.expiration is not None:
        out["expiration"] = {"timestamp": str(order.expiration.at)}
        if order.expiration.description:
            text = within("expiration description", order.expiration.description)
            out["expiration"]["description"] = text
    out["items"] = [_item(item) for item in order.items]
    out["subtotal"] = _amount(order.subtotal)
    for name in ("tax", "shipping", "discount"):
        amount = getattr(order, name)
        if amount is not None:
            out[name] = _amount(amount)
    return out


def _item(item: OrderItem) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if item.retailer_id:
        out["retailer_id"] = item.retailer_id
    out["name"] = filled("order item name", item.name)
    if item.image_link:
        out["image"] = {"link": item.image_link}
    out["amount"] = _amount(item.amount)
    between("quantity", item.quantity, 1, 10**9)
    out["quantity"] = item.quantity
    if item.sale_amount is not None:
        out["sale_amount"] = _amount(item.sale_amount)
    if item.country_of_origin:
        out["country_of_origin"] = item.country_of_origin
    if item.importer_name:
        out["importer_name"] = item.importer_name
    if item.importer_address:
        out["importer_address"] = item.importer_address
    return out


def order_status(content: OrderStatus) -> dict[str, Any]:
    """The `interactive` object of an order's new state. Raises Refuse."""
    out: dict[str, Any] = {
        "type": "order_status",
        "body": {"text": filled("body", content.body)},
    }
    if content.footer:
        out["footer"] = {"text": within("footer", content.footer)}
    out["action"] = {"name": "review_order", "parameters": state(content)}
    return out


def state(content: OrderStatus) -> dict[str, Any]:
    """Meta's `parameters` of an order's state, for messages and for templates. Raises Refuse."""
    out: dict[str, Any] = {"reference_id": _reference(content.reference_id, "")}
    if content.status is None and content.payment_status is None:
        rule = "give status, payment_status or both"
        raise refuse("meta_choose", field="order status", rule=rule)
    if content.status is not None:
        _known("order status", content.status, STATES)
        out["order"] = {"status": content.status}
        if content.description:
            text = within("status description", content.description, LIMITS["status description"])
            out["order"]["description"] = text
    if content.payment_status is not None:
        _known("payment status", content.payment_status, PAID)
        out["payment"] = {"status": content.payment_status}
        if content.payment_at is not None:
            out["payment"]["timestamp"] = content.payment_at
    return out


def _known(field: str, value: str, allowed: frozenset[str]) -> None:
    if value not in allowed:
        rule = Sentence("meta_knows", {"known": ", ".join(sorted(allowed))})
        raise refuse("meta_bad_pattern", field=field, value=value, rule=rule)
