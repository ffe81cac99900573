"""A file on its way in, written aside until it is known to be one that is kept."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hashlib
from pathlib import Path


class Incoming:
    """A file on its way in: written aside, counted and summed. Every write is beside the loop."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.size = 0
        self._sum = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._sum.hexdigest()

    async def begin(self) -> None:
        """From the beginning again."""
        self.size, self._sum = 0, hashlib.sha256()
        await asyncio.to_thread(self.file.write_bytes, b"")

    async def take(self, piece: bytes) -> None:
        await asyncio.to_thread(self._take, piece)

    def _take(self, piece: bytes) -> None:
        with self.file.open("ab") as out:
            out.write(piece)
        self._sum.update(piece)
        self.size += len(piece)

    async def remove(self) -> None:
        with contextlib.suppress(OSError):  # what stays is swept
            await asyncio.to_thread(self.file.unlink, missing_ok=True)


def checksum_of(said: str | None) -> str | None:
    """A sha256 as partners write it (hex, or base64), in hex; None for none that is one."""
    text = (said or "").strip()
    try:
        data = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    return data.hex() if len(data) == 32 else None
