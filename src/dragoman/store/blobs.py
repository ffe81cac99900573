"""Where the bytes of files lie: on this machine's disk, or in an S3-compatible store.

A key is `{app}/{two hex digits}/{sha256 in hex}`: equal files of one app are one blob. Who keeps a
blob is known to the table `media` alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from dragoman.domain.clock import id_number, id_text
from dragoman.domain.sentences import words

from .errors import StoreError

CHUNK = 256 * 1024
ASIDE = ".aside"  # files on their way in
_KEY = re.compile(r"([0-9A-Z]+)/([0-9a-f]{2})/(\2[0-9a-f]{62})")

words(
    {
        "blobs_away": "The store of files {place} cannot be used: {detail}. Mend it; files are "
        "fetched again meanwhile.",
        "blobs_no_library": "media_store names an S3-compatible store, and the library for it is "
        "not installed. Install dragoman[s3].",
        "blobs_wrong": "{text!r} is no place for files: write disk, or "
        "s3://bucket/prefix?endpoint=https://host&region=name.",
    }
)


class BlobsAway(StoreError):
    """The store of files cannot be read or written now."""


class BlobGone(KeyError):
    """There is no such blob."""


class Blobs(Protocol):
    """`aside`: a local folder for files on their way in."""

    aside: Path

    async def put(self, key: str, file: Path) -> None:
        """Take a local file over: durable under the key when this returns, the file gone. A key
        that is there already is written anew. Raises BlobsAway."""
        ...

    def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """The bytes, in pieces. Raises BlobGone, BlobsAway, both before the first piece."""
        ...

    async def delete(self, key: str, *, before: int) -> bool:
        """Delete it if it was last written before (Unix ms, real clock). Whether it is gone.
        Raises BlobsAway."""
        ...

    def keys(self, *, before: int) -> AsyncIterator[str]:
        """Every key that was last written before (Unix ms, real clock). Raises BlobsAway."""
        ...

    async def close(self) -> None: ...


def blob_key(app_id: int, sha256: str) -> str:
    return f"{id_text(app_id)}/{sha256[:2]}/{sha256}"


def app_of(key: str) -> int:
    """The app of a key. Raises ValueError for what is none of ours."""
    found = _KEY.fullmatch(key)
    if found is None:
        raise ValueError(key)
    return id_number(found[1])


def open_blobs(text: str, folder: Path) -> Blobs:
    """The store that `media_store` names; `folder` is ours on this machine. Raises StoreError."""
    if text == "disk":
        return DiskBlobs(folder)
    bucket, prefix, endpoint, region = read_s3(text)
    from .blobs_s3 import S3Blobs

    return S3Blobs(bucket, prefix, endpoint, region, folder / ASIDE)


def read_s3(text: str) -> tuple[str, str, str, str]:
    """Bucket, prefix, endpoint and region of `s3://…`. Raises StoreError."""
    try:
        parts = urlsplit(text)
        query = (
            {k: v[-1] for k, v in parse_qs(parts.query, strict_parsing=True).items()}
            if (parts.query)
            else {}
        )
    except ValueError:
        raise StoreError("blobs_wrong", {"text": text}) from None
    endpoint = query.pop("endpoint", "")
    region = query.pop("region", "")
    wrong_end = endpoint and urlsplit(endpoint).scheme not in ("http", "https")
    if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc or query or wrong_end:
        raise StoreError("blobs_wrong", {"text": text})
    return parts.netloc, parts.path.strip("/"), endpoint, region


class DiskBlobs:
    """Files below a folder, each written aside, synced, and renamed into its place."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.aside = folder / ASIDE
        self.aside.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def put(self, key: str, file: Path) -> None:
        await self._do(self._put, key, file)

    async def read(
        self, key: str, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        try:
            file = await asyncio.to_thread(self._path(key).open, "rb")
        except FileNotFoundError:
            raise BlobGone(key) from None
        except OSError as error:
            raise self._away(error) from error
        left = length
        with file:
            file.seek(start)
            while left is None or left > 0:
                piece = await asyncio.to_thread(file.read, min(CHUNK, left or CHUNK))
                if not piece:
                    return
                if left is not None:
                    left -= len(piece)
                yield piece

    async def delete(self, key: str, *, before: int) -> bool:
        return bool(await self._do(self._delete, key, before))

    async def keys(self, *, before: int) -> AsyncIterator[str]:
        for key in await self._do(self._keys, before):
            yield key

    async def close(self) -> None:
        """Nothing is open."""

    def _put(self, key: str, file: Path) -> None:
        path = self._path(key)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync(file)
        os.utime(file)
        file.replace(path)
        for folder in (path.parent, path.parent.parent, self.folder):
            _sync(folder)

    def _delete(self, key: str, before: int) -> bool:
        path = self._path(key)
        try:
            if path.stat().st_mtime * 1000 >= before:
                return False
            path.unlink()
        except FileNotFoundError:
            return True
        with contextlib.suppress(OSError):  # the folders of the last one go, too
            path.parent.rmdir()
            path.parent.parent.rmdir()
        return True

    def _keys(self, before: int) -> list[str]:
        found = []
        for path in self.folder.glob("*/*/*"):
            key = path.relative_to(self.folder).as_posix()
            with contextlib.suppress(FileNotFoundError):
                if _KEY.fullmatch(key) and path.stat().st_mtime * 1000 < before:
                    found.append(key)
        return found

    def _path(self, key: str) -> Path:
        app_of(key)  # nothing but our own keys becomes a path
        return self.folder / key

    async def _do(self, work, *args):  # type: ignore[no-untyped-def]
        try:
            return await asyncio.to_thread(work, *args)
        except OSError as error:
            raise self._away(error) from error

    def _away(self, error: OSError) -> BlobsAway:
        detail = error.strerror or type(error).__name__
        return BlobsAway("blobs_away", {"place": str(self.folder), "detail": detail})


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
