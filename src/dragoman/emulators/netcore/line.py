"""A business number of the account as the test phone sees it.

Source: captured webhooks of 2026. BUTTON is UNSURE. Stickers are not forwarded; of contact cards,
orders, forms and call permissions no webhook is known.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import TYPE_CHECKING, Any

from dragoman.domain.clock import Clock
from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.emulators.kit import Books, Files, PartnerLine, Update
from dragoman.emulators.phone.handsets import HandsetContact

from .config import Number

if TYPE_CHECKING:
    from .emulator import Emulator

words(
    {
        "netcore_person_without_phone": "Netcore knows people by their phone number, and {name} "
        "shares none: write as somebody who has one.",
    }
)

_FILES = ("image", "video", "audio", "document")
_EMOJI = re.compile(
    r"[\U0001F000-\U0001FAFF\u2600-\u27BF\u2B00-\u2BFF\u200D\uFE0F\u20E3\U000E0020-\U000E007F\s]+"
)


class PeopleFiles(Files):
    """Files that people send have ids of fifteen digits."""

    def __init__(self, books: Books, clock: Clock) -> None:
        super().__init__(books, clock)

    def new_id(self) -> str:
        return str(secrets.randbelow(9 * 10**14) + 10**14)


class NetcoreLine(PartnerLine):
    emulator: Emulator

    def __init__(self, emulator: Emulator, number: Number) -> None:
        super().__init__(emulator, number.display, number.display, number.title)

    def new_id(self, contact: HandsetContact) -> str:
        return self.emulator.new_wamid()

    def inbound(
        self,
        contact: HandsetContact,
        body: dict[str, Any],
        quoted: str | None,
        message_id: str,
        at: int,
    ) -> Update:
        if not contact.phone:
            raise SentenceError(Sentence("netcore_person_without_phone", {"name": contact.name}))
        kind = str(body.get("type", ""))
        content = self._content(kind, body)
        if kind == "reaction":
            quoted = body["reaction"]["message_id"]
        told = {
            "message_id": message_id,
            "from": contact.phone,
            "to": self.number,
            "from_name": contact.name,
            "received_at": str(at // 1000),
            "context": self._context(quoted),
        }
        return Update({**told, **content}, "incoming_message")

    def _context(self, quoted: str | None) -> dict[str, str]:
        """Both members are there and empty where nothing is quoted."""
        if not quoted:
            return {"ncmessage_id": "", "message_id": ""}
        record = self.emulator.books.sent(quoted)
        if record is None:
            return {"ncmessage_id": "", "message_id": quoted}
        header = str(record["x-apiheader"] or "")
        return {"ncmessage_id": quoted, "message_id": record["wamid"], "x-apiheader": header}

    def _content(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        """`message_type` and its block. Raises SentenceError."""
        value = body.get(kind)
        if kind == "text" and isinstance(value, dict):
            if self.emulator.config.bare_emoji and _EMOJI.fullmatch(value["body"]):
                return {}
            return _block(kind, {"text": value["body"]})
        if kind in _FILES and isinstance(value, dict):
            return _block(kind, self._file(kind, value))
        if kind == "location" and isinstance(value, dict):
            return _block(kind, _place(value))
        if kind == "reaction" and isinstance(value, dict):
            return _block(kind, {"emoji": value.get("emoji", "")})
        if kind == "button" and isinstance(value, dict):
            return _block(kind, {"text": value["text"], "payload": value["payload"]})
        if kind == "interactive" and isinstance(value, dict):
            inner = value.get("type")
            if inner in ("button_reply", "list_reply"):
                return _block(kind, {"type": inner, inner: value[inner]})
            kind = f"{kind} {inner}"
        raise self.cannot_carry(kind)

    def _file(self, kind: str, value: dict[str, Any]) -> dict[str, Any]:
        keys = ("filename", "mime_type", "sha256", "id", "caption")
        told = {key: value[key] for key in keys if value.get(key)}
        if kind != "document":
            told.pop("filename", None)
        if kind == "audio":
            told["voice"] = value.get("voice") is True
        return told

    async def store_media(self, data: bytes, mime: str, filename: str | None) -> dict[str, Any]:
        media_id = self.emulator.received.keep(self.number, data, mime, filename)
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        made: dict[str, Any] = {"id": media_id, "mime_type": mime, "sha256": digest}
        return {**made, "filename": filename} if filename else made


def _block(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"message_type": kind.upper(), f"{kind}_type": value}


def _place(value: dict[str, Any]) -> dict[str, str]:
    """Degrees are texts; what is not given is empty."""
    degrees = {key: f"{float(value[key]):.12f}" for key in ("latitude", "longitude")}
    return {**degrees, **{key: str(value.get(key) or "") for key in ("name", "url", "address")}}
