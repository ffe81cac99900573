"""Files as agents and readers have them: found, waited for, read, and kept for sending.

A file that a person sent is fetched by `media`; one that an agent made is kept at once. Both are a
row of `media` and a blob, and both are reached by a signed link.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from dragoman.agents.contract import AgentFailed, TurnFile
from dragoman.domain.clock import Clock, Ids
from dragoman.domain.filetypes import HEAD, clean_name, guessed, plain
from dragoman.domain.sentences import Sentence, words
from dragoman.domain.status import FileState
from dragoman.store import media
from dragoman.store.blobs import CHUNK, Blobs, BlobsAway, aside_file, blob_key
from dragoman.store.media import FileRow
from dragoman.store.store import Store

from .links import Link, Links

DAY_MS = 86_400_000
MOST = 100_000_000  # bytes; WhatsApp carries no larger file
_LOOK_S = 0.5  # how often a file that another process fetches is looked for

words(
    {
        "file_awaited": "The file is still being fetched from the partner. It is tried again.",
        "file_no_more": "The file is not kept here (any more).",
        "attach_unreadable": "{file} cannot be attached: {detail}.",
        "attach_empty": "{file} cannot be attached: it is empty.",
        "attach_too_big": "{file} cannot be attached: it has more than {most} bytes, and WhatsApp "
        "carries none that large.",
    }
)


class Files:
    """days: how long a file that an agent made is kept. fetching: whether anybody fetches at all
    (nobody does in a replay, so nobody waits)."""

    def __init__(
        self,
        store: Store,
        blobs: Blobs,
        links: Links,
        clock: Clock,
        ids: Ids,
        *,
        days: float,
        fetching: Callable[[], bool] = lambda: True,
    ) -> None:
        self.blobs = blobs
        self.links = links
        self._store = store
        self._clock = clock
        self._ids = ids
        self._life_ms = int(days * DAY_MS)
        self._fetching = fetching
        self._waiters: dict[tuple[int, int], set[asyncio.Event]] = {}

    # --- found -----------------------------------------------------------------------------------

    async def find(self, app_id: int, id: int) -> FileRow | None:
        return await self._store.read(lambda tx: media.find(tx, app_id, id))

    async def behind(self, rest: str) -> tuple[Link, FileRow | None] | None:
        """What a signed link that is still good stands for, by what is behind `/media/`."""
        link = self.links.read_rest(rest)
        if link is None or link.until <= self._clock.now():
            return None
        return link, await self.find(link.app_id, link.id)

    def read(self, row: FileRow, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """The bytes of a kept file, in pieces. Raises BlobGone, BlobsAway."""
        assert row.blob is not None
        return self.blobs.read(row.blob, start, length)

    async def whole(self, row: FileRow) -> bytes:
        return b"".join([piece async for piece in self.read(row)])

    async def of(self, app_id: int, message_id: int, wait_s: float) -> TurnFile | Sentence | None:
        """The file of a message, waited for; or why there is none (None: it brought none)."""
        row = await self._settled(app_id, message_id, wait_s)
        if row is None:
            return None
        if row.state != FileState.KEPT or row.blob is None:
            return reason(row)
        url = self.links.url(app_id, row.id, self._clock.now())
        return TurnFile(
            url, row.mime, row.filename, row.size, row.sha256, load=lambda: self.whole(row)
        )

    async def _settled(self, app_id: int, id: int, wait_s: float) -> FileRow | None:
        """The row once it no longer waits, or as it stands when the time is over."""
        loop = asyncio.get_running_loop()
        end = loop.time() + wait_s
        key, ended = (app_id, id), asyncio.Event()
        self._waiters.setdefault(key, set()).add(ended)
        try:
            while True:
                ended.clear()
                row = await self.find(app_id, id)
                left = end - loop.time()
                waits = row is not None and row.state == FileState.WAITING
                if not waits or left <= 0 or not self._fetching():
                    return row
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), min(left, _LOOK_S))
        finally:
            self._waiters[key].discard(ended)
            if not self._waiters[key]:
                del self._waiters[key]

    def tell(self, app_id: int, id: int) -> None:
        """A file was fetched, or will not be: whoever waits for it looks now."""
        for event in self._waiters.get((app_id, id), ()):
            event.set()

    # --- kept for sending ------------------------------------------------------------------------

    async def attach(
        self, app_id: int, folder: Path, given: bytes | str, mime: str | None, name: str | None
    ) -> str:
        """Keep bytes, or a copy of a file (relative paths begin at `folder`); gives its link.
        Raises AgentFailed, final, for what cannot be kept; BlobsAway, StoreError."""
        told = "The file" if isinstance(given, bytes) else given
        source = given if isinstance(given, bytes) else folder / given
        file = await asyncio.to_thread(aside_file, self.blobs)
        try:
            size, sha256, head = await asyncio.to_thread(_take, source, file)
            if size > MOST or not size:
                problem = "attach_too_big" if size else "attach_empty"
                args = {"file": told, "most": MOST}
                raise AgentFailed(Sentence(problem, args), final=True)
            key = blob_key(app_id, sha256)
            await self.blobs.put(key, file)
        except OSError as error:
            detail = error.strerror or type(error).__name__
            if error.filename not in (None, str(file)):
                wrong = Sentence("attach_unreadable", {"file": told, "detail": detail})
                raise AgentFailed(wrong, final=True) from error
            args = {"place": str(file.parent), "detail": detail}
            raise BlobsAway("blobs_away", args) from error
        finally:
            with contextlib.suppress(OSError):  # what stays is swept
                await asyncio.to_thread(file.unlink, missing_ok=True)
        now = self._clock.now()
        filename = clean_name(name or (None if isinstance(given, bytes) else given))
        row = FileRow(
            app_id, self._ids.new(), 0, now, now + self._life_ms, FileState.KEPT, 0,
            plain(mime) or guessed(filename, head), filename, size, sha256, key, None, now,
        )  # fmt: skip
        id = await self._store.do(lambda tx: media.add(tx, row))
        return self.links.url(app_id, id, now)


def _take(source: bytes | Path, file: Path) -> tuple[int, str, bytes]:
    """Copy what is to be kept; stops soon after it is too much. Size, sha256, first bytes."""
    digest = hashlib.sha256()
    if isinstance(source, bytes):
        if len(source) <= MOST:
            file.write_bytes(source)
        digest.update(source)
        return len(source), digest.hexdigest(), source[:HEAD]
    size, head = 0, b""
    with source.open("rb") as found, file.open("wb") as out:
        while size <= MOST and (piece := found.read(CHUNK)):
            size, head = size + len(piece), head or piece[:HEAD]
            digest.update(piece)
            out.write(piece)
    return size, digest.hexdigest(), head


def reason(row: FileRow) -> Sentence:
    """Why a file is not there to be used."""
    if row.why is not None:
        return msgspec.json.decode(row.why, type=Sentence)
    return Sentence("file_awaited" if row.state == FileState.WAITING else "file_no_more")
