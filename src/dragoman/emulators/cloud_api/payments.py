"""A person pays a bill, or does not: what Meta reports of it.

Source: Meta, "Payments in India: payment gateway" (2026): `type` "payment", `captured` or
`pending`; a failed attempt is pending, its transaction failed. That Meta reports nothing of UPI
links, of the legacy UPI and of Brazil is set aside here: the phone's *Pay* is always reported.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from dragoman.emulators._cloud.contacts import contact_entry
from dragoman.emulators.kit import Record
from dragoman.emulators.phone.handsets import HandsetContact

from .reports import metadata

if TYPE_CHECKING:
    from .emulator import Emulator

_TRANSACTION = {"paid": "success", "failed": "failed", "pending": "pending"}


def bill_of(record: Record) -> dict[str, Any] | None:
    """The parameters of an order_details message, or of the button of its template; None for a
    message that is no bill."""
    body = record["body"]
    if record["type"] == "interactive" and body["interactive"].get("type") == "order_details":
        return dict(body["interactive"]["action"]["parameters"])
    for component in body.get("template", {}).get("components", []):
        for parameter in component.get("parameters", []):
            order = (parameter.get("action") or {}).get("order_details")
            if order is not None:
                return dict(order)
    return None


def payment_value(
    emulator: Emulator, record: Record, bill: dict[str, Any], outcome: str, at: int
) -> dict[str, Any]:
    """The `value` of the webhook that tells it. `outcome`: paid, failed, pending."""
    contact = HandsetContact(**record["contact"])
    settings = (bill.get("payment_settings") or [{}])[0]
    gateway = settings.get("payment_gateway", {})
    transaction: dict[str, Any] = {
        "id": f"order_{secrets.token_hex(7)}",
        "pg_transaction_id": f"pay_{secrets.token_hex(7)}",
        "type": gateway.get("type", "upi"),
        "status": _TRANSACTION[outcome],
        "created_timestamp": at // 1000,
        "updated_timestamp": at // 1000,
        "method": {"type": "upi"},
    }
    if outcome == "failed":
        transaction["error"] = {"code": "BAD_REQUEST_ERROR", "reason": "incorrect_pin"}
    report = {
        "id": record["id"],
        "recipient_id": contact.phone,
        "recipient_user_id": contact.bsuid,
        "type": "payment",
        "status": "captured" if outcome == "paid" else "pending",
        "payment": {
            "reference_id": bill["reference_id"],
            "amount": bill["total_amount"],
            "currency": bill["currency"],
            "transaction": transaction,
        },
        "timestamp": str(at // 1000),
    }
    return {
        "messaging_product": "whatsapp",
        "metadata": metadata(emulator, record["number"]),
        "contacts": [contact_entry(contact, username=False)],
        "statuses": [{key: value for key, value in report.items() if value is not None}],
    }
