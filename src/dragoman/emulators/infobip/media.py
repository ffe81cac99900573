"""Files: those of people, which Infobip keeps for seven days, and links of the business.

Infobip takes media by link only. Links to this machine are fetched, others count as fetched.
Source: Infobip, "Download WhatsApp inbound media", "Free-form messages" (2026).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import aiohttp

from dragoman.domain.clock import Clock
from dragoman.emulators.kit import Answer, Books, Files

from . import wire
from .calls import Call, nothing
from .checks import Invalid, Refusal
from .fields import check
from .schema_account import MEDIA_DELETE

if TYPE_CHECKING:
    from .emulator import Emulator

_MB = 1024 * 1024
KINDS: dict[str, tuple[int, tuple[str, ...]]] = {
    "image": (5 * _MB, ("image/jpeg", "image/png")),
    "video": (16 * _MB, ("video/mp4", "video/3gpp")),
    "audio": (
        16 * _MB,
        ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/opus"),
    ),
    "sticker": (500 * 1024, ("image/webp",)),
    "gif": (int(3.5 * _MB), ("video/mp4",)),
    "document": (100 * _MB, ()),
}
"""Kind → the most bytes, and the types (none: any)."""


class MediaStore(Files):
    def __init__(self, books: Books, clock: Clock, style: Literal["live", "documented"]) -> None:
        super().__init__(books, clock)
        self._style = style

    def new_id(self) -> str:
        return wire.media_id(self._style)


async def fetch(emulator: Emulator, kind: str, link: str) -> str:
    """The status check that a link fails, or ""."""
    most, types = KINDS[kind]
    try:
        async with emulator.http.get(link) as answer:
            if answer.status != 200:
                return "media_hosting"
            size, mime = len(await answer.read()), answer.content_type
    except (aiohttp.ClientError, TimeoutError, OSError):
        return "media_hosting"
    if types and mime not in types:
        return "media_unsupported"
    return "media_metadata" if size > most else ""


def read(emulator: Emulator, call: Call) -> Answer:
    """The bytes, or (rule media_by_redirect) the way to the copy that needs no credentials."""
    sender, media_id = call.parts["sender"], call.parts["media"]
    found = emulator.media.load(media_id, sender)
    if found is None:
        raise Refusal("media_missing")
    if call.method == "HEAD":
        return Answer(b"", mime=found.mime, headers={"Content-Length": str(len(found.data))})
    if emulator.rules.media_by_redirect:
        return Answer(
            b"", 302, headers={"Location": f"{emulator.base_url}/cdn/{sender}/{media_id}"}
        )
    return Answer(found.data, mime=found.mime)


def cached(emulator: Emulator, call: Call) -> Answer:
    found = emulator.media.load(call.parts["media"], call.parts["sender"])
    if found is None:
        raise Refusal("media_missing")
    return Answer(found.data, mime=found.mime)


def delete(emulator: Emulator, call: Call) -> Answer:
    body = call.body()
    violations = check(MEDIA_DELETE, body)
    if violations:
        raise Invalid(violations)
    media_id = str(body["url"]).rstrip("/").rpartition("/")[2]
    if emulator.media.load(media_id, call.parts["sender"]) is None:
        raise Refusal("media_missing")
    emulator.media.delete(media_id)
    return nothing()
