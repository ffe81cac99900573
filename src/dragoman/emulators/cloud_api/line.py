"""A phone number of the account as the test phone sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.emulators._cloud import wire
from dragoman.emulators._cloud.contacts import contact_entry
from dragoman.emulators.kit import PartnerLine, Record, Update, person_key
from dragoman.emulators.phone.handsets import HandsetContact

from .config import Number
from .payments import bill_of, payment_value
from .reports import metadata

if TYPE_CHECKING:
    from .emulator import Emulator

_MEDIA = ("image", "video", "audio", "document", "sticker")
_MEDIA_ORDER = ("caption", "filename", "mime_type", "sha256", "id", "url", "voice", "animated")


class CloudApiLine(PartnerLine):
    """Its number is the phone number id, and so is its key."""

    emulator: Emulator

    def __init__(self, emulator: Emulator, number: Number) -> None:
        super().__init__(emulator, number.phone_number_id, number.display, number.title)
        self.key = self.number

    def new_id(self, contact: HandsetContact) -> str:
        return wire.wamid(person_key(contact), from_business=False)

    def inbound(
        self,
        contact: HandsetContact,
        body: dict[str, Any],
        quoted: str | None,
        message_id: str,
        at: int,
    ) -> Update:
        message = self._message(contact, body, quoted, message_id, at)
        value: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "metadata": metadata(self.emulator, self.number),
        }
        if body.get("type") != "system":
            value["contacts"] = [contact_entry(contact, username=True)]
        value["messages"] = [message]
        return Update({"value": value, "field": "messages"})

    def payment(
        self, contact: HandsetContact, record: Record, outcome: str, at: int
    ) -> Update | None:
        bill = bill_of(record)
        if bill is None:
            return None
        value = payment_value(self.emulator, record, bill, outcome, at)
        return Update({"value": value, "field": "messages"})

    def _message(
        self,
        contact: HandsetContact,
        body: dict[str, Any],
        quoted: str | None,
        message_id: str,
        now: int,
    ) -> dict[str, Any]:
        message: dict[str, Any] = {}
        if quoted:
            message["context"] = {"from": self.display, "id": quoted}
        if contact.phone:
            message["from"] = contact.phone
        if contact.bsuid:
            message["from_user_id"] = contact.bsuid
        message |= {"id": message_id, "timestamp": str(now // 1000), **body}
        kind = body.get("type")
        if kind in _MEDIA and isinstance(body.get(kind), dict):
            message[kind] = self._with_url(body[kind])
        return message

    def _with_url(self, described: dict[str, Any]) -> dict[str, Any]:
        full = dict(described)
        if "id" in full and "url" not in full:
            base, media = self.emulator.base_url, self.emulator.media
            full["url"] = media.url(base, str(full["id"]), "webhook")
        first = {key: full.pop(key) for key in _MEDIA_ORDER if key in full}
        return {**first, **full}
