"""What Gupshup tells of a message, in the words of the API that it was sent by.

Source: Gupshup, "Real-time delivery reports", "Message events"; partner documentation, "Events".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.emulators._cloud.checks import failure
from dragoman.emulators.kit import Record, Update

from .checks import MetaRefusal, Refusal

if TYPE_CHECKING:
    from .emulator import Emulator

_WEEK_MS = 7 * 24 * 3_600_000
# Enterprise's word → cause and error code.
_ENTERPRISE = {"sent": ("SENT", "025"), "delivered": ("SUCCESS", "000"), "read": ("READ", "026")}


def reported(emulator: Emulator, record: Record, status: str, at: int, error: Any) -> Update:
    """`at` is business time in milliseconds; `error` is a refusal, Gupshup's or Meta's."""
    if record["dialect"] == "enterprise":
        return Update(_line(emulator, record, status, at, error), "report")
    if record["dialect"] == "access":
        return Update(_event(emulator, record, status, at, error), "v2")
    return Update(_status(emulator, record, status, at, error), "v3")


def _line(
    emulator: Emulator, record: Record, status: str, at: int, error: Refusal | None
) -> dict[str, Any]:
    """One element of Enterprise's `response`."""
    cause, code = _ENTERPRISE.get(status, ("", ""))
    if error is not None:
        cause, code = error.says, error.code
    made = {
        "srcAddr": emulator.config.sender_mask,
        "channel": "WHATSAPP",
        "externalId": record["id"],
        "cause": cause,
        "errorCode": code,
        "destAddr": record["person"],
        "eventType": status.upper(),
        "eventTs": at,
    }
    return made if record["extra"] is None else {**made, "extra": record["extra"]}


def envelope(emulator: Emulator, kind: str, payload: dict[str, Any], at: int) -> dict[str, Any]:
    """Version 2: `{app, timestamp, version, type, payload}`."""
    return {
        "app": emulator.app_name,
        "timestamp": at,
        "version": 2,
        "type": kind,
        "payload": payload,
    }


def _event(
    emulator: Emulator, record: Record, status: str, at: int, error: Refusal | None
) -> dict[str, Any]:
    """From *sent* on `id` is WhatsApp's, and Gupshup's stands in `gsId`, for a week. What Gupshup
    itself refuses (its own codes, of four digits) never had another id."""
    inner: dict[str, Any] = {"ts": at // 1000}
    own = False
    if error is not None:
        inner = {"code": int(error.code), "reason": error.says}
        own = len(error.code) == 4 or error.code == "500"
    payload = {
        "id": record["id"] if own else record["whatsapp_id"],
        "type": status,
        "destination": record["person"],
        "payload": inner,
    }
    if not own and at - record["at"] <= _WEEK_MS:
        payload["gsId"] = record["id"]
    return envelope(emulator, "message-event", payload, at)


def _status(emulator: Emulator, record: Record, status: str, at: int, error: Any) -> dict[str, Any]:
    """The `value` of Meta's webhook, with Gupshup's id beside Meta's."""
    report: dict[str, Any] = {
        "gs_id": record["id"],
        "id": record["whatsapp_id"],
        "status": status,
        "timestamp": str(at // 1000),
    }
    contact = record["contact"]
    if contact["phone"]:
        report["recipient_id"] = contact["phone"]
    else:
        report["recipient_user_id"] = contact["bsuid"]
    if record["extra"] is not None:
        # Not confirmed: Gupshup says nothing of it, and passes Meta's webhooks on.
        report["biz_opaque_callback_data"] = record["extra"]
    if error is not None:
        report["errors"] = [_error(error)]
    value = {"messaging_product": "whatsapp", "metadata": metadata(emulator)}
    return {**value, "statuses": [report]}


def _error(error: Refusal | MetaRefusal) -> dict[str, Any]:
    if isinstance(error, MetaRefusal):
        return failure(error)
    says = error.says
    told = {"code": int(error.code), "title": says, "message": says}
    return {**told, "error_data": {"details": says}}


def metadata(emulator: Emulator) -> dict[str, str]:
    """Meta's id of the number is not what the platform knows it by, so any will do."""
    return {"display_phone_number": emulator.number, "phone_number_id": emulator.config.waba_id}


def enqueued(emulator: Emulator, record: Record, at: int) -> Update:
    """Gupshup's own first step. In v3 its time is in milliseconds and a number, and there is
    neither metadata nor the account's id."""
    if record["dialect"] == "access":
        inner = {
            "whatsappMessageId": record["whatsapp_id"],
            "type": "session" if record["session"] else "template",
        }
        payload = {
            "id": record["id"],
            "type": "enqueued",
            "destination": record["person"],
            "payload": inner,
        }
        return Update(envelope(emulator, "message-event", payload, at), "v2")
    report = {
        "gs_id": record["id"],
        "id": record["whatsapp_id"],
        "recipient_id": record["contact"]["phone"],
        "status": "enqueued",
        "timestamp": at,
    }
    return Update({"messaging_product": "whatsapp", "statuses": [report]}, "v3")


def paid(emulator: Emulator, record: Record, payment: dict[str, Any], at: int) -> dict[str, Any]:
    """Meta's report of a payment, which v3 passes on."""
    status = "captured" if payment["status"] == "success" else "pending"
    transaction = {
        "id": payment["transaction_id"],
        "type": payment["transaction_type"],
        "status": payment["status"],
    }
    report = {
        "gs_id": record["id"],
        "id": record["whatsapp_id"],
        "recipient_id": record["contact"]["phone"],
        "type": "payment",
        "status": status,
        "timestamp": str(at // 1000),
        "payment": {
            "reference_id": payment["reference_id"],
            "amount": payment["total_amount"],
            "currency": payment["currency"],
            "transaction": transaction,
        },
    }
    value = {"messaging_product": "whatsapp", "metadata": metadata(emulator)}
    return {**value, "statuses": [report]}
