"""The server's answers, each in one system call: head and body leave together.

uvicorn writes the head of an answer and then its body, and the transport sends each at once: two
system calls here, two packets and two reads on the other side, for an answer of fourteen bytes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Http
else:
    from uvicorn.protocols.http.auto import AutoHTTPProtocol as Http


class OneWrite(Http):
    """uvicorn's protocol of HTTP over a transport that holds a write until the next one."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        held = Held(cast(asyncio.Transport, transport), self.loop)
        super().connection_made(cast(asyncio.Transport, held))


class Held:
    """A transport that holds a write until the next one, or until the loop goes round. Everything
    else is the inner transport's."""

    __slots__ = ("_held", "_inner", "_loop")

    def __init__(self, inner: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._inner = inner
        self._loop = loop
        self._held = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def write(self, data: bytes) -> None:
        if self._held:
            data, self._held = self._held + data, b""
            self._inner.write(data)
        else:
            self._held = data
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        self._flush()
        self._inner.close()

    def _flush(self) -> None:
        if self._held:
            data, self._held = self._held, b""
            if not self._inner.is_closing():  # else the other side left meanwhile
                self._inner.write(data)
