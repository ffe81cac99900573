"""Where the bytes of files lie: on this machine's disk, or in an S3-compatible store.

A key is `{app}/{two hex digits}/{sha256 in hex}`: equal files of one app are one blob. Who keeps a
blob is known to the table `media` alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar
from urllib.parse import parse_qs, urlsplit

from dragoman.domain.clock import id_number, id_text
from dragoman.domain.sentences import words

from .errors import StoreError

CHUNK = 256 * 1024
ASIDE = ".aside"  # files on their way in
# Threads of their own: a slow disk or store must not hold up those who read the database.
THREADS = 4
_T = TypeVar("_T")
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
    """`aside`: a local folder for files on their way in; see `aside_file`."""

    aside: Path

    async def put(self, key: str, file: Path) -> None:
        """Take a local file over: durable under the key when this returns, the file gone. A key
        that is there already is written anew. Raises BlobsAway."""
        ...

    def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """The bytes, in pieces; none from past the end. Raises BlobGone, before the first piece,
        and BlobsAway."""
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


def aside_file(blobs: Blobs) -> Path:
    """A name for a file on its way in; its folder is there. Blocks for a moment. Raises
    BlobsAway."""
    try:
        blobs.aside.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        detail = error.strerror or type(error).__name__
        raise BlobsAway("blobs_away", {"place": str(blobs.aside), "detail": detail}) from error
    return blobs.aside / secrets.token_hex(16)


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
        self._threads = ThreadPoolExecutor(THREADS, "blobs")

    async def put(self, key: str, file: Path) -> None:
        try:
            await self._do(lambda: self._put(key, file))
        except FileNotFoundError as error:
            raise self._away(error) from error

    async def read(
        self, key: str, start: int = 0, length: int | None = None
    ) -> AsyncIterator[bytes]:
        path = self._path(key)
        try:
            file = await self._do(lambda: path.open("rb"))
        except FileNotFoundError:
            raise BlobGone(key) from None
        with file:
            file.seek(start)
            left = length
            while left is None or left > 0:
                size = CHUNK if left is None else min(CHUNK, left)
                piece = await self._do(lambda size=size: file.read(size))  # type: ignore[misc]
                if not piece:
                    return
                if left is not None:
                    left -= len(piece)
                yield piece

    async def delete(self, key: str, *, before: int) -> bool:
        return await self._do(lambda: self._delete(key, before))

    async def keys(self, *, before: int) -> AsyncIterator[str]:
        for key in await self._do(lambda: self._keys(before)):
            yield key

    async def close(self) -> None:
        self._threads.shutdown(wait=False)

    def _put(self, key: str, file: Path) -> None:
        path = self._path(key)
        _sync(file)
        os.utime(file)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.replace(path)
        except FileNotFoundError:  # its folder went with the last file in it, just now
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
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
        for folder, _, names in os.walk(self.folder):  # a folder that goes meanwhile is no error
            for name in names:
                path = Path(folder) / name
                key = path.relative_to(self.folder).as_posix()
                with contextlib.suppress(FileNotFoundError):
                    if _KEY.fullmatch(key) and path.stat().st_mtime * 1000 < before:
                        found.append(key)
        return found

    def _path(self, key: str) -> Path:
        app_of(key)  # nothing but our own keys becomes a path
        return self.folder / key

    async def _do(self, work: Callable[[], _T]) -> _T:
        """Beside the loop. Raises FileNotFoundError as it is, any other trouble as BlobsAway."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, work)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self._away(error) from error

    def _away(self, error: OSError) -> BlobsAway:
        detail = error.strerror or type(error).__name__
        return BlobsAway("blobs_away", {"place": str(self.folder), "detail": detail})


def sweep_aside(blobs: Blobs, *, before: int) -> int:
    """Take away what a process that died had on its way in (Unix ms, real clock); how many."""
    done = 0
    for file in blobs.aside.glob("*"):
        with contextlib.suppress(OSError):
            if file.stat().st_mtime * 1000 < before:
                file.unlink()
                done += 1
    return done


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
