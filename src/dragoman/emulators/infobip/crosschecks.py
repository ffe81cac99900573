"""What no single field says: ids that must differ, sums, parts that need or forbid each other.

Each check gets an object that `fields.check` found nothing wrong with, and adds to the violations.
Source: Infobip, OpenAPI document of WhatsApp 3.210 (July 2026).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from .checks import Violation

Found = list[Violation]
_BAD_TEXT = re.compile(r"[\n\r\t]| {5,}")
_NO_CONFIGURATION = ("BRAZIL_LINK", "BRAZIL_BOLETO", "BRAZIL_PAYMENTS", "UPI_INTENT")
_MAY_CONFIGURATION = ("BRAZIL_PIX_DC", "UPI_LINK")
_ALONE = ("CATALOG", "MULTI_PRODUCT", "ORDER_DETAILS")
_MOST_BUTTONS = {"URL": 2, "COPY_CODE": 1, "FLOW": 1}


def _twice(values: list[Any]) -> bool:
    return len(set(values)) < len(values)


def _buttons(content: dict[str, Any], found: Found) -> None:
    buttons = content["action"]["buttons"]
    if _twice([one["id"] for one in buttons]) or _twice([one["title"] for one in buttons]):
        found.append(Violation("content.action.buttons", "buttons_unique"))


def _titles(sections: list[dict[str, Any]], path: str, found: Found) -> None:
    if len(sections) > 1 and not all((one.get("title") or "").strip() for one in sections):
        found.append(Violation(path, "titles_blank"))


def _list(content: dict[str, Any], found: Found) -> None:
    path = "content.action.sections"
    sections = content["action"]["sections"]
    rows = [row for section in sections for row in section["rows"]]
    if not 1 <= len(rows) <= 10:
        found.append(Violation(path, "rows_total"))
    if _twice([row["id"] for row in rows]):
        found.append(Violation(path, "rows_unique"))
    _titles(sections, path, found)


def _products(content: dict[str, Any], found: Found) -> None:
    path = "content.action.sections"
    sections = content["action"]["sections"]
    ids = [section["productRetailerIds"] for section in sections]
    _titles(sections, path, found)
    if not 1 <= sum(map(len, ids)) <= 30:
        found.append(Violation(path, "products_total"))
    for index, section in enumerate(ids):
        if _twice(section):
            found.append(Violation(f"{path}[{index}].productRetailerIds", "products_unique"))


def _flow(content: dict[str, Any], found: Found) -> None:
    action = content["action"]
    path, payload = "content.action.flowActionPayload", action.get("flowActionPayload")
    navigates = action.get("flowAction") in (None, "NAVIGATE")
    if navigates and payload is None:
        found.append(Violation(path, "null"))
    if not navigates and payload is not None:
        found.append(Violation(path, "not_null"))


def _value(holder: dict[str, Any] | None, *keys: str) -> int:
    for key in keys:
        holder = (holder or {}).get(key)
    return int((holder or {}).get("value") or 0)


def order(action: dict[str, Any], path: str, found: Found) -> None:
    """The action of order details, in a message or on a template's button."""
    payment, what = action["payment"], action["order"]
    kind, configuration = payment["type"], action.get("paymentConfiguration")
    if kind in _NO_CONFIGURATION and configuration is not None:
        found.append(Violation(f"{path}.paymentConfiguration", "not_null"))
    elif kind not in (*_NO_CONFIGURATION, *_MAY_CONFIGURATION) and configuration is None:
        found.append(Violation(f"{path}.paymentConfiguration", "blank"))
    several = payment.get("payments") or []
    if len({one["id"] for one in several}) > 1:
        found.append(Violation(f"{path}.payment.payments", "payments_same"))
    goods = what["items"]
    if kind == "UPI_PAYU" and not what.get("catalogId"):
        needed = ("originCountry", "importerName", "importerAddress")
        if not all(one.get(key) for one in goods for key in needed):
            found.append(Violation(f"{path}.order", "order_catalog"))
    for index, one in enumerate(goods):
        if one.get("saleAmount") and _value(one, "saleAmount") >= _value(one, "amount"):
            found.append(Violation(f"{path}.order.items[{index}]", "order_sale"))
    total = _value(what, "subtotal") + _value(what, "tax") + _value(what, "shipping")
    if _value(action, "totalAmount") != total - _value(what, "discount", "amount"):
        found.append(Violation(path, "order_total"))


def _order_details(content: dict[str, Any], found: Found) -> None:
    order(content["action"], "content.action", found)


CROSSCHECKS: dict[str, Callable[[dict[str, Any], Found], None]] = {
    "interactive/buttons": _buttons,
    "interactive/list": _list,
    "interactive/multi-product": _products,
    "interactive/flow": _flow,
    "interactive/order-details": _order_details,
}


def template(content: dict[str, Any], found: Found) -> None:
    """The content of a template send."""
    data = content["templateData"]
    path, header = "content.templateData", data.get("header") or {}
    if header.get("type") == "TEXT" and _BAD_TEXT.search(header.get("placeholder") or ""):
        found.append(Violation(f"{path}.header.placeholder", "placeholder_text"))
    buttons = data.get("buttons") or []
    counts = Counter(one["type"] for one in buttons)
    if len(buttons) > 1 and any(kind in counts for kind in _ALONE):
        found.append(Violation(f"{path}.buttons", "only_button"))
    if any(counts[kind] > most for kind, most in _MOST_BUTTONS.items()):
        found.append(Violation(f"{path}.buttons", "buttons_kinds"))
    for index, one in enumerate(buttons):
        if one["type"] == "ORDER_DETAILS":
            order(one["action"], f"{path}.buttons[{index}].action", found)
