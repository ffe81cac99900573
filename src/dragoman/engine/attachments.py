"""Kept files on their way out: a link to one of ours is signed anew when its message leaves, or the
file is left with the partner and sent by its id, where nobody outside could fetch the link.

What a partner has of us already is known for as long as its ids live, so one file goes there once.
"""

from __future__ import annotations

import asyncio
import mimetypes
from typing import Any

import msgspec

from dragoman.domain.clock import Clock
from dragoman.domain.content import Outbound, Raw
from dragoman.domain.errors import Code, SendError
from dragoman.domain.sentences import Sentence, words
from dragoman.domain.status import FileState
from dragoman.egress import Egress
from dragoman.partners.contract import MediaFile, Partner
from dragoman.partners.registry import partner
from dragoman.store import media
from dragoman.store.blobs import BlobGone, BlobsAway
from dragoman.store.media import FileRow
from dragoman.store.rows import Claimed
from dragoman.store.store import Store

from .files import DAY_MS, Files, reason
from .preparing import Asking, Prepared, repeatable

# An id that is about to end is not given to a message any more.
_LIFE_USED = 0.9
_KINDS = frozenset({"image", "video", "audio", "document", "sticker"})

words(
    {
        "file_not_sent": "The file in this message cannot be sent: {reason}",
        "file_too_big": "The file in this message has {size} bytes, and {partner} carries at most "
        "{limit} as {kind}.",
    }
)


class Unsendable(Exception):
    def __init__(self, error: SendError) -> None:
        super().__init__(error.sentence.id)
        self.error = error


class Attachments:
    """A part of preparing a send. timeout_s: one upload."""

    def __init__(
        self, store: Store, files: Files, egress: Egress, clock: Clock, *, timeout_s: float
    ) -> None:
        self._store = store
        self._files = files
        self._egress = egress
        self._clock = clock
        self._timeout_s = timeout_s
        self._uploading: dict[tuple[int, int, str, str], asyncio.Lock] = {}

    async def __call__(self, row: Claimed, content: Outbound, settings: Any) -> Prepared:
        if self._files.links.start not in row.content:
            return Prepared(content)
        asking = Asking(self._egress, self._timeout_s)
        going = _Going(self, row, settings, asking, native=isinstance(content, Raw))
        try:
            made = await going.value(msgspec.to_builtins(content), "")
        except Unsendable as no:
            return Prepared(content, no.error, tuple(asking.steps))
        return Prepared(msgspec.convert(made, Outbound), None, tuple(asking.steps))

    async def kept(self, row: Claimed, url: str) -> FileRow | None:
        """The file that a link of ours stands for; None for a link that is none of this app's.
        Raises Unsendable when it is not there."""
        link = self._files.links.read(url)
        if link is None or link.app_id != row.app_id:
            return None
        file = await self._files.find(link.app_id, link.id)
        if file is not None and file.state == FileState.KEPT:
            return file
        why = reason(file) if file is not None else Sentence("file_no_more")
        if file is not None and file.state == FileState.WAITING:
            raise Unsendable(SendError(Code.UNAVAILABLE, why, retryable=True))
        raise _not_sent(why)

    async def left(self, row: Claimed, file: FileRow, settings: Any, asking: Asking) -> str | None:
        """The partner's id of the file, which is left there where it is not yet; None where it
        takes links only. Raises Unsendable."""
        key = (row.app_id, row.number_id, file.sha256, file.mime)
        lock = self._uploading.setdefault(key, asyncio.Lock())
        try:
            async with lock:  # whoever sends the same file to a thousand people uploads it once
                now = self._clock.now()
                known = await self._store.read(lambda tx: media.uploaded(tx, key, now))
                return known or await self._upload(row, file, settings, asking, key)
        finally:
            if not lock.locked():
                self._uploading.pop(key, None)

    async def _upload(
        self,
        row: Claimed,
        file: FileRow,
        settings: Any,
        asking: Asking,
        key: tuple[int, int, str, str],
    ) -> str | None:
        talker = partner(row.partner)
        probe = talker.render_upload(row.number_key, MediaFile(b"", file.mime), settings)
        if probe is None:
            return None
        try:
            data = await self._files.whole(file)
        except BlobGone:
            raise _not_sent(Sentence("file_no_more")) from None
        except BlobsAway as away:
            raise Unsendable(SendError(Code.UNAVAILABLE, away.sentence, retryable=True)) from None
        name = file.filename or f"file{mimetypes.guess_extension(file.mime) or ''}"
        call = talker.render_upload(row.number_key, MediaFile(data, file.mime, name), settings)
        assert call is not None
        found = talker.read_upload(await asking.ask(call))
        if isinstance(found, SendError):
            raise Unsendable(repeatable(found))
        until = self._clock.now() + int(talker.UPLOAD_DAYS * DAY_MS * _LIFE_USED)
        await self._store.do(lambda tx: media.keep_upload(tx, key, found, until))
        return found

    def fresh(self, row: Claimed, file: FileRow) -> str:
        return self._files.links.url(row.app_id, file.id, self._clock.now())

    @property
    def reachable(self) -> bool:
        return self._files.links.reachable


class _Going:
    """One content on its way out, walked as JSON values."""

    def __init__(
        self, part: Attachments, row: Claimed, settings: Any, asking: Asking, *, native: bool
    ) -> None:
        self.part = part
        self.row = row
        self.settings = settings
        self.asking = asking
        self.native = native

    async def value(self, value: Any, name: str) -> Any:
        """A copy with every link of ours made good. name: of the field that holds it."""
        if isinstance(value, str):
            file = await self.part.kept(self.row, value)
            return value if file is None else self.part.fresh(self.row, file)
        if isinstance(value, (list, tuple)):
            return [await self.value(item, name) for item in value]
        if not isinstance(value, dict):
            return value
        if not self.native and isinstance(value.get("link"), str):
            return await self._media(value, name)
        return {k: await self.value(v, k) for k, v in value.items()}

    async def _media(self, value: dict[str, Any], name: str) -> dict[str, Any]:
        """A neutral file, by link or id. A native object has fields that are the partner's."""
        file = await self.part.kept(self.row, value["link"])
        if file is None:
            return value
        kind = next((k for k in (value.get("kind"), value.get("type"), name) if k in _KINDS), "")
        _check_size(partner(self.row.partner), kind, file)
        out = {k: v for k, v in value.items() if k != "link"}
        if not self.part.reachable:
            id = await self.part.left(self.row, file, self.settings, self.asking)
            if id is not None:
                return {**out, "id": id}
        return {**out, "link": self.part.fresh(self.row, file)}


def _check_size(talker: Partner, kind: str, file: FileRow) -> None:
    limit = talker.MEDIA_LIMITS.get(kind, file.size)
    if file.size > limit:
        args = {"size": file.size, "partner": talker.LABEL, "limit": limit, "kind": kind}
        raise Unsendable(SendError(Code.MEDIA, Sentence("file_too_big", args)))


def _not_sent(why: Sentence) -> Unsendable:
    return Unsendable(SendError(Code.MEDIA, Sentence("file_not_sent", {"reason": why})))
