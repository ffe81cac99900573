"""Media: uploads of the business, files people send, URLs that live five minutes.

Source: Meta, "Media" (2026). Uploads live 30 days, files from people 7 days, URLs 5 minutes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from dragoman.domain.clock import Clock
from dragoman.emulators._cloud import wire
from dragoman.emulators._cloud.checks import Refusal
from dragoman.emulators.kit import Books, Files, Stored

_MB = 1024 * 1024
URL_LIFE_S = 300
KINDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "audio": (16 * _MB, ("audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg")),
    "document": (
        100 * _MB,
        (
            "text/plain",
            "application/pdf",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ),
    ),
    "image": (5 * _MB, ("image/jpeg", "image/png")),
    "sticker": (500 * 1024, ("image/webp",)),
    "video": (16 * _MB, ("video/mp4", "video/3gpp")),
}
ALL_TYPES = ", ".join(mime for _, types in KINDS.values() for mime in types)


def plain_type(mime: str) -> str:
    return mime.partition(";")[0].strip().lower()


def allowed_types(kind: str) -> str:
    """The list as Meta writes it in a refusal of a message of this kind."""
    types = [m if m != "audio/ogg" else "audio/ogg; codecs=opus" for m in KINDS[kind][1]]
    return ", ".join(types)


class MediaStore(Files):
    """Files under Meta's numeric ids, and their signed download links."""

    def __init__(self, books: Books, clock: Clock, secret: str) -> None:
        super().__init__(books, clock)
        self._secret = secret.encode()

    def new_id(self) -> str:
        return wire.media_id()

    def upload(self, number: str, data: bytes, mime: str, filename: str | None) -> str:
        """A business's upload. Raises Refusal for a type or size that Meta does not take."""
        plain = plain_type(mime)
        for kind, (most, types) in KINDS.items():
            if plain in types:
                if len(data) > most:
                    raise Refusal("media_size", what=kind, most=most)
                return self.keep(number, data, mime, filename, days=30)
        raise Refusal("media_type", types=ALL_TYPES, got=mime)

    def _hash(self, media_id: str, expires: int) -> str:
        digest = hmac.new(self._secret, f"{media_id}.{expires}".encode(), hashlib.sha256).digest()
        return "AR" + base64.urlsafe_b64encode(digest[:12]).decode()

    def url(self, base: str, media_id: str, source: str) -> str:
        """A download link in the shape of Meta's; it ends after five minutes of business time."""
        expires = self._clock.now() // 1000 + URL_LIFE_S
        query = f"mid={media_id}&source={source}&ext={expires}&hash={self._hash(media_id, expires)}"
        return f"{base}/whatsapp_business/attachments/?{query}"

    def open_url(self, query: dict[str, str]) -> Stored:
        """The file behind a download link. Raises Refusal when the link is over or forged."""
        media_id, expires = query.get("mid", ""), query.get("ext", "")
        good = expires.isdigit() and hmac.compare_digest(
            query.get("hash", ""), self._hash(media_id, int(expires))
        )
        found = self.load(media_id) if good else None
        if found is None or int(expires) * 1000 < self._clock.now():
            raise Refusal("media_url_expired")
        return found

    def described(self, stored: Stored, url: str) -> dict[str, Any]:
        """The answer of GET /{media id}; the digest is hex here and base64 in webhooks."""
        return {
            "messaging_product": "whatsapp",
            "url": url,
            "mime_type": stored.mime,
            "sha256": stored.sha256,
            "file_size": len(stored.data),
            "id": stored.id,
        }
