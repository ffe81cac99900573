"""Order details and order status: the checks of the body.

Source: Meta, "Payments in India", "Payments in Brazil" (2026). The code of a wrong total is UNSURE.
"""

from __future__ import annotations

import re

from .checks import Refusal
from .reading import Part

_STATUSES = ("pending", "processing", "partially_shipped", "shipped", "completed", "canceled")
_REFERENCE = re.compile(r"[A-Za-z0-9_.\-]+")


def _amount(part: Part, key: str, *, zero: bool = False) -> int:
    """`{"value": int, "offset": 100}` in hundredths."""
    amount = part.object(key)
    value, offset = amount.value.get("value"), amount.value.get("offset")
    if not isinstance(value, int) or offset != 100 or value < 0 or (value == 0 and not zero):
        raise Refusal("order", problem=f"{key} must be a positive value with offset 100")
    return value


def _optional(part: Part, key: str) -> int:
    return _amount(part, key, zero=True) if part.has(key) else 0


def _reference(parameters: Part, most: int) -> None:
    reference = parameters.text("reference_id", "reference_id", most)
    if not _REFERENCE.fullmatch(reference):
        raise Refusal("order", problem="reference_id may have letters, digits, _ . and - only")


def _totals(order: Part, total: int) -> None:
    """subtotal = Σ (sale_amount or amount) x quantity, and total = subtotal + tax + shipping −
    discount."""
    lines = 0
    for item in order.objects("items", "Items", 1, 999):
        item.text("name", "Item name", 60)
        quantity = item.value.get("quantity")
        if not isinstance(quantity, int) or quantity < 1:
            raise Refusal("order", problem="quantity must be a whole number of at least 1")
        price = _amount(item, "sale_amount" if item.has("sale_amount") else "amount")
        lines += price * quantity
    subtotal = _amount(order, "subtotal")
    if subtotal != lines:
        raise Refusal("order", problem="subtotal is not the sum of the items")
    extras = _optional(order, "tax") + _optional(order, "shipping") - _optional(order, "discount")
    if total != subtotal + extras:
        raise Refusal("order", problem="total_amount is not subtotal + tax + shipping - discount")


def check_order(parameters: Part) -> None:
    """The parameters of an order_details message, or of the button of its template."""
    currency = parameters.choice("currency", ("INR", "BRL"))
    _reference(parameters, 60 if currency == "BRL" else 35)
    parameters.choice("type", ("digital-goods", "physical-goods"))
    total = _amount(parameters, "total_amount")
    order = parameters.maybe("order")
    if order is None:
        if currency == "INR":
            raise parameters.missing("order")
        return
    order.choice("status", ("pending",))
    if not order.has("tax"):
        raise order.missing("tax")
    _totals(order, total)


def check_order_details(action: Part) -> None:
    action.choice("name", ("review_and_pay",))
    check_order(action.object("parameters"))


def check_order_status(action: Part) -> None:
    action.choice("name", ("review_order",))
    parameters = action.object("parameters")
    _reference(parameters, 60)
    order, payment = parameters.maybe("order"), parameters.maybe("payment")
    if order is None and payment is None:
        raise parameters.missing("order")
    if order is not None:
        order.choice("status", _STATUSES)
        order.text("description", "Order description", 120, required=False)
    if payment is not None:
        payment.choice("status", ("pending", "captured", "failed"))
