"""Status webhooks: what is reported of an accepted message, when, and at what price.

Source: Meta, "Webhooks: status messages" (2026). What `pricing` says of the free service messages
after 1 October 2026 is UNSURE.
"""

from __future__ import annotations

import datetime
import hashlib
from typing import TYPE_CHECKING, Any

from dragoman.domain.window import SERVICE_MS
from dragoman.emulators._cloud.checks import Refusal, failure
from dragoman.emulators._cloud.contacts import contact_entry
from dragoman.emulators.kit import Record
from dragoman.emulators.phone.handsets import HandsetContact

from .config import version_number

if TYPE_CHECKING:
    from .emulator import Emulator


def metadata(emulator: Emulator, number: str) -> dict[str, str]:
    display = emulator.numbers[number].display
    return {"display_phone_number": display, "phone_number_id": number}


def price(emulator: Emulator, record: Record, template: dict[str, Any] | None) -> dict[str, Any]:
    """The `pricing` of a message, judged when it is accepted."""
    now, number = emulator.clock.now(), record["number"]
    spoken_at, free_until = emulator.books.spoken(number, record["person"])
    if now < free_until:
        return _pricing(False, "free_entry_point", "referral_conversion")
    if template is not None and record["marketing_api"]:
        return _pricing(True, "regular", "marketing_lite")
    if template is not None:
        category = template["category"].lower()
        free = (
            category == "utility"
            and now - spoken_at < SERVICE_MS
            and now < emulator.config.service_price_from
        )
        return _pricing(not free, "free_customer_service" if free else "regular", category)
    if now < emulator.config.service_price_from:
        return _pricing(False, "free_customer_service", "service")
    moment = datetime.datetime.fromtimestamp(now / 1000, datetime.UTC)
    key = f"service:{number}:{moment:%Y-%m}"
    count = (emulator.books.get(key) or 0) + 1
    emulator.books.put(key, count)
    free = count <= emulator.config.free_service_messages
    return _pricing(not free, "free_customer_service" if free else "regular", "service")


def _pricing(billable: bool, kind: str, category: str) -> dict[str, Any]:
    return {"billable": billable, "pricing_model": "PMP", "type": kind, "category": category}


def _conversation(emulator: Emulator, record: Record, status: str) -> dict[str, Any] | None:
    """Webhooks up to v23 name the conversation; later ones only a free entry point."""
    origin = record["pricing"]["category"]
    old = version_number(emulator.config.webhook_version) <= 23
    if not old and origin != "referral_conversion":
        return None
    name = f"{record['number']}:{record['person']}:{origin}"
    made: dict[str, Any] = {"id": hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()}
    if status == "sent":
        made["expiration_timestamp"] = str((record["at"] + SERVICE_MS) // 1000)
    return {**made, "origin": {"type": origin}}


def status_value(
    emulator: Emulator, record: Record, status: str, at: int, error: Refusal | None = None
) -> dict[str, Any]:
    """The `value` of one status webhook. `at` is business time in milliseconds."""
    contact = HandsetContact(**record["contact"])
    value: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": metadata(emulator, record["number"]),
    }
    if status != "failed":
        username = status in ("delivered", "read")
        value["contacts"] = [contact_entry(contact, username=username)]
    report: dict[str, Any] = {
        "id": record["id"],
        "status": status,
        "timestamp": str(at // 1000),
    }
    failed, by_bsuid = status == "failed", record["by_bsuid"]
    if contact.phone and not (failed and by_bsuid):
        report["recipient_id"] = contact.phone
    if contact.bsuid and not (failed and not by_bsuid):
        report["recipient_user_id"] = contact.bsuid
    if record["biz_opaque_callback_data"] is not None:
        report["biz_opaque_callback_data"] = record["biz_opaque_callback_data"]
    if error is not None:
        report["errors"] = [failure(error)]
    elif status in ("sent", "delivered") or (status == "read" and not record["priced"]):
        conversation = _conversation(emulator, record, status)
        if conversation is not None:
            report["conversation"] = conversation
        report["pricing"] = record["pricing"]
    value["statuses"] = [report]
    return value
