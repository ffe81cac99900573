"""Kept files, at /media/{app}/{id}?e=…&s=…: for whoever was handed the signed address.

What is served came from strangers, so a browser is never let run it: its type is fixed, pages and
programs are only handed out for saving, and everything is sandboxed.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from urllib.parse import quote

from dragoman.domain.filetypes import served_as
from dragoman.domain.status import FileState
from dragoman.engine.files import Files
from dragoman.store.blobs import BlobGone, BlobsAway
from dragoman.store.errors import StoreError
from dragoman.store.media import FileRow

from .asgi import Receive, Scope, Send, respond

_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})", re.ASCII)
_SAFE: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"sandbox; default-src 'none'"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"accept-ranges", b"bytes"),
    (b"cache-control", b"private, max-age=3600"),
)
_LATER = ((b"retry-after", b"2"),)


class Media:
    def __init__(self, files: Files) -> None:
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await respond(send, 405, b"Method Not Allowed", headers=((b"allow", b"GET, HEAD"),))
            return
        rest = scope["path"].removeprefix("/media/")
        query = scope["query_string"].decode("latin-1")
        try:
            found = await self._files.behind(f"{rest}?{query}")
        except StoreError:
            await respond(send, 503, b"Come again", headers=_LATER)
            return
        if found is None:
            await respond(send, 403, b"Forbidden")
            return
        row = found[1]
        if row is not None and row.state == FileState.WAITING:
            await respond(send, 503, b"Come again", headers=_LATER)
        elif row is None or row.state != FileState.KEPT or row.blob is None:
            await respond(send, 404, b"Not Found")
        else:
            await self._serve(row, scope, send)

    async def _serve(self, row: FileRow, scope: Scope, send: Send) -> None:
        asked = {name: value.decode("latin-1") for name, value in scope["headers"]}
        tag = f'"{row.sha256}"'
        headers = (*_about(row), (b"etag", tag.encode()))
        if tag in asked.get(b"if-none-match", ""):
            await _begin(send, 304, headers)
            await send({"type": "http.response.body", "body": b""})
            return
        part = _part(asked, tag, row.size)
        if part is None:
            over = (b"content-range", f"bytes */{row.size}".encode())
            await respond(send, 416, b"Range Not Satisfiable", headers=(over,))
            return
        start, length = part
        status = 200
        if length != row.size:
            status = 206
            text = f"bytes {start}-{start + length - 1}/{row.size}"
            headers = (*headers, (b"content-range", text.encode()))
        headers = (*headers, (b"content-length", b"%d" % length))
        if scope["method"] == "HEAD":
            await _begin(send, status, headers)
            await send({"type": "http.response.body", "body": b""})
            return
        await self._stream(row, start, length, status, headers, send)

    async def _stream(
        self,
        row: FileRow,
        start: int,
        length: int,
        status: int,
        headers: tuple[tuple[bytes, bytes], ...],
        send: Send,
    ) -> None:
        """Nothing is answered before the first piece is in hand."""
        pieces: AsyncIterator[bytes] = self._files.read(row, start, length)
        try:
            first = await anext(pieces, b"")
        except BlobGone:
            await respond(send, 404, b"Not Found")
            return
        except BlobsAway:
            await respond(send, 503, b"Come again", headers=_LATER)
            return
        await _begin(send, status, headers)
        await send({"type": "http.response.body", "body": first, "more_body": True})
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _begin(send: Send, status: int, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})


def _about(row: FileRow) -> tuple[tuple[bytes, bytes], ...]:
    kind, shown = served_as(row.mime)
    return (
        (b"content-type", kind.encode()),
        (b"content-disposition", _disposition(row.filename, shown)),
        *_SAFE,
    )


def _disposition(name: str | None, shown: bool) -> bytes:
    """RFC 6266: the name in UTF-8, and for old readers in the ASCII that is left of it."""
    how = "inline" if shown else "attachment"
    if not name:
        return how.encode()
    plain = re.sub(r"[^\w.,()+ -]", "_", name, flags=re.ASCII)
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}".encode()


def _part(asked: dict[bytes, str], tag: str, size: int) -> tuple[int, int] | None:
    """Start and length of what is to be sent: all of it, unless one range is asked for that is
    still of this file. None for a range that it does not have (RFC 9110, 14)."""
    found = _RANGE.fullmatch(asked.get(b"range", "").strip())
    if found is None or found[0] == "bytes=-" or asked.get(b"if-range", tag) != tag:
        return 0, size
    first, last = found.groups()
    if not first:
        length = min(int(last), size)
        return (size - length, length) if length else None
    start, end = int(first), int(last) if last else size - 1
    if last and end < start:
        return 0, size  # no range at all, by the RFC
    return (start, min(end, size - 1) - start + 1) if start < size else None
