"""A business number as the test phone sees it: people write to it, and look at what it wrote."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from dragoman.domain.window import FREE_ENTRY_MS
from dragoman.emulators.phone.handsets import HandsetContact

from . import wire
from .config import Number
from .media import MediaStore, Stored
from .people import person_key
from .reports import contact_entry, metadata, report

if TYPE_CHECKING:
    from .emulator import Emulator

_MEDIA = ("image", "video", "audio", "document", "sticker")
_MEDIA_ORDER = ("caption", "filename", "mime_type", "sha256", "id", "url", "voice", "animated")


READ_AFTER_DELIVERED_MS = 50


class CloudApiLine:
    """Implements the phone's `Line`. `key` is the phone number id, `display` the digits."""

    partner = "WhatsApp Cloud API"

    def __init__(self, emulator: Emulator, number: Number) -> None:
        self._emulator = emulator
        self.key = number.phone_number_id
        self.display = number.display
        self.title = number.title

    async def send(self, contact: HandsetContact, body: dict[str, Any], quoted: str | None) -> str:
        """A person sends: the webhook goes out, and opens her window. Gives the message's id."""
        message_id = self.say(contact, body, quoted)
        storm = self._emulator.faults.take("storm")
        for count in range(storm.value if storm is not None else 0):
            text = {"type": "text", "text": {"body": f"storm {count + 1}"}}
            self.say(contact, text, None)
        return message_id

    def say(self, contact: HandsetContact, body: dict[str, Any], quoted: str | None) -> str:
        emulator = self._emulator
        now = emulator.clock.now()
        message_id = wire.wamid(person_key(contact), from_business=False)
        emulator.people.remember(contact)
        free = now + FREE_ENTRY_MS if "referral" in body else 0
        emulator.books.keep_received(message_id, self.key, person_key(contact), now, free)
        message = self._message(contact, body, quoted, message_id, now)
        value: dict[str, Any] = {
            "messaging_product": "whatsapp",
            "metadata": metadata(emulator, self.key),
        }
        if body.get("type") != "system":
            value["contacts"] = [contact_entry(contact, username=True)]
        value["messages"] = [message]
        late = emulator.every_other_late()
        emulator.timeline.update(
            {"value": value, "field": "messages"},
            number=self.key,
            lane=f"{self.key}:{person_key(contact)}",
            in_ms=late,
            title=f"message {body.get('type', 'text')}",
            contact=contact.id,
            message=message_id,
            tick="",
        )
        return message_id

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

    def _with_url(self, media: dict[str, Any]) -> dict[str, Any]:
        emulator = self._emulator
        full = dict(media)
        if "id" in full and "url" not in full:
            full["url"] = emulator.media.url(emulator.base_url, str(full["id"]), "webhook")
        first = {key: full.pop(key) for key in _MEDIA_ORDER if key in full}
        return {**first, **full}

    async def store_media(self, data: bytes, mime: str, filename: str | None) -> dict[str, Any]:
        """Keep a person's file; gives what a message body says of it (digest in base 64)."""
        media_id = self._emulator.media.keep(self.key, data, mime, filename)
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        made: dict[str, Any] = {"id": media_id, "mime_type": mime, "sha256": digest}
        return {**made, "filename": filename} if filename else made

    async def load_media(self, media_id: str) -> tuple[bytes, str] | None:
        store: MediaStore = self._emulator.media
        found: Stored | None = store.load(media_id, self.key)
        return None if found is None else (found.data, found.mime)

    async def seen(self, contact: HandsetContact, message_ids: list[str]) -> None:
        """The person looked. Read goes out once a message, unless she hides her ticks."""
        if self._emulator.config.read_policy == "auto":
            for message_id in message_ids:
                self._report_once(message_id, "read")

    async def played(self, contact: HandsetContact, message_id: str) -> None:
        self._report_once(message_id, "played")

    def _report_once(self, message_id: str, status: str) -> None:
        record = self._emulator.books.sent(message_id)
        if record is None or record["number"] != self.key or record["type"] == "reaction":
            return
        done = {entry["status"] for entry in record["reports"]}
        if status not in done and "failed" not in done:
            # Looking is quicker than the network: what she has seen was delivered first.
            delivered = record["at"] + self._emulator.config.delays.delivered_ms
            wait = delivered + READ_AFTER_DELIVERED_MS - self._emulator.clock.now()
            report(self._emulator, record, status, max(0, wait))
