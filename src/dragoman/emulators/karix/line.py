"""A business number of the account as the test phone sees it."""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.emulators.kit import PartnerLine, Update
from dragoman.emulators.phone.handsets import HandsetContact

from . import wire

if TYPE_CHECKING:
    from .emulator import Emulator

FILES = ("image", "video", "audio", "document")
REPLIES = ("button_reply", "list_reply")

words(
    {
        "karix_desk_nobody": "Karix names people by their phone number, and {name} shows none: "
        "write as somebody with a number.",
    }
)


class KarixLine(PartnerLine):
    """Carries text, files, taps and (inferred) places, whose shapes are known, and nothing else.
    UNSURE: quotes and names of people are left out, as no integration reads them."""

    emulator: Emulator

    def new_id(self, contact: HandsetContact) -> str:
        return wire.new_wamid(contact.phone or contact.id)

    def inbound(
        self,
        contact: HandsetContact,
        body: dict[str, Any],
        quoted: str | None,
        message_id: str,
        at: int,
    ) -> Update:
        if not contact.phone:
            raise SentenceError(Sentence("karix_desk_nobody", {"name": contact.name}))
        told = {"from": contact.phone, "to": self.number, "id": message_id, **self._content(body)}
        return Update(wire.incoming(told, at), "incoming")

    def _content(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Raises SentenceError for what has no shape here."""
        kind = body["type"]
        value = body.get(kind)
        if kind in FILES and isinstance(value, dict):
            return self._file(kind, value)
        if kind in ("text", "button", "location"):
            return {"contentType": kind, kind: value}
        if kind == "interactive" and isinstance(value, dict):
            if value.get("type") in REPLIES:
                return {"contentType": kind, kind: value}
            kind = str(value.get("type"))
        raise self.cannot_carry(kind)

    def _file(self, kind: str, media: Mapping[str, Any]) -> dict[str, Any]:
        mime = str(media.get("mime_type") or "application/octet-stream").partition(";")[0]
        ending = mimetypes.guess_extension(mime) or ".bin"
        name = str(media.get("filename") or f"{str(media['id'])[:8]}{ending}")
        out = {
            "contentType": "ATTACHMENT",
            "attachmentType": kind,
            "attachmentUrl": f"{self.emulator.base_url}/attachments/{media['id']}/{quote(name)}",
            "attachmentMimeType": mime,
            "attachmentFilename": name,
        }
        if media.get("caption"):
            out[self.emulator.config.caption_key] = str(media["caption"])
        return out
