"""Bills of the business, what became of them, and how Infobip tells it: the person's confirmation
message, a notification to whoever subscribed, and the status that can be asked.

Source: Infobip, "WhatsApp payments", "Payment notifications" (2026). UNSURE: which of message and
notification comes first (here the message).
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from dragoman.emulators.kit import Answer, Books, Record, Update
from dragoman.emulators.phone.handsets import HandsetContact

from . import wire
from .calls import Call, answer
from .checks import Refusal
from .shown import OFFSET, payment_id

if TYPE_CHECKING:
    from .emulator import Emulator

_CONFIRMED = {"paid": "SUCCESS", "failed": "FAILED", "pending": "PENDING"}
_STATES = {"paid": "CAPTURED", "failed": "FAILED", "pending": "PENDING"}
_PAYU = ("UPI_PAYU", "PG_PAYU")


class Payments:
    """By sender and the business's own payment id."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def open(self, number: str, person: str, action: dict[str, Any], message_id: str) -> None:
        """An order was accepted for sending."""
        payment = action["payment"]
        kept: dict[str, Any] = {
            "person": person,
            "message": message_id,
            "kind": payment["type"],
            "status": {
                "referenceId": str(10**10 + secrets.randbelow(9 * 10**10)),
                "paymentId": payment_id(payment),
                "paymentStatus": "NEW",
                "currency": action["orderCurrency"],
                "totalAmountValue": action["totalAmount"]["value"],
                "totalAmountOffset": OFFSET,
                "transactions": [],
            },
        }
        if "callbackData" in payment:
            kept["status"]["callbackData"] = payment["callbackData"]
        self._books.put(f"payment:{number}:{payment_id(payment)}", kept)

    def get(self, number: str, name: str) -> dict[str, Any] | None:
        kept: dict[str, Any] | None = self._books.get(f"payment:{number}:{name}")
        return kept

    def settle(self, number: str, name: str, outcome: str, at: int) -> dict[str, Any] | None:
        """What became of it: paid, failed or pending. Gives the status as it is then."""
        kept = self.get(number, name)
        if kept is None:
            return None
        status, moment = kept["status"], wire.moment(at)
        transaction = {
            "id": f"txn-{secrets.token_hex(6)}",
            "type": "BR" if status["currency"] == "BRL" else "UPI",
            "status": _CONFIRMED[outcome],
            "createdTimestamp": moment,
            "updatedTimestamp": moment,
        }
        status |= {"paymentStatus": _STATES[outcome], "transactions": [transaction]}
        self._books.put(f"payment:{number}:{name}", kept)
        return dict(status)


def bill_of(record: Record) -> dict[str, Any] | None:
    """The action of order details, in a message or on a template's button."""
    content = record["body"].get("content") or {}
    if record["kind"] == "interactive/order-details":
        return dict(content["action"])
    for button in (content.get("templateData") or {}).get("buttons") or []:
        if button["type"] == "ORDER_DETAILS":
            return dict(button["action"])
    return None


def confirmation(status: dict[str, Any]) -> dict[str, Any]:
    """The body of the person's message that tells the outcome (see `inbound`)."""
    transaction = status["transactions"][0]
    payment = {
        "referenceId": status["referenceId"],
        "paymentId": status["paymentId"],
        "status": transaction["status"],
        "currency": status["currency"],
        "totalAmount": {"value": status["totalAmountValue"], "offset": OFFSET},
        "transactionId": transaction["id"],
        "transactionType": transaction["type"],
    }
    return {"type": "interactive", "interactive": {"type": "payment", "payment": payment}}


def notification(number: str, contact: HandsetContact, status: dict[str, Any], at: int) -> Update:
    content = {"from": contact.phone or contact.bsuid, "type": "payment", **status}
    body = {"from": number, "content": content, "createdAt": wire.moment(at)}
    return Update(body, "payment")


def read(emulator: Emulator, call: Call) -> Answer:
    """Any of the three addresses; that of PayU knows PayU's payments only."""
    kept = emulator.payments.get(call.parts["sender"], call.parts["payment"])
    kinds = _PAYU if "/upi/payu/" in call.path else ()
    if kept is None or (kinds and kept["kind"] not in kinds):
        raise Refusal("thing_missing")
    return answer(kept["status"])
