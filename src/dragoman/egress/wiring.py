"""The parts of aiohttp that are ours: a resolver that asks the guard, and a request that knows how
far it got."""

from __future__ import annotations

import contextvars
import ipaddress
import select
import socket
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_reqrep import ClientRequest, ClientResponse
from aiohttp.connector import Connection

from dragoman.egress.guard import Guard

# Linux tells that the other side has finished, even behind unread bytes (TLS tickets). Elsewhere
# only a reset shows, and the rest of such calls are in doubt.
_GONE = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR


class Progress:
    """How far one call got. `begun`: its first byte may have left."""

    __slots__ = ("begun", "method")

    def __init__(self, method: str) -> None:
        self.begun = False
        self.method = method


progress: contextvars.ContextVar[Progress] = contextvars.ContextVar("dragoman_call")


class NothingLeft(aiohttp.ClientConnectionError):
    """The connection was found dead before the first byte of the request."""


class NotRepeated(aiohttp.ClientConnectionError):
    """aiohttp repeats PUT and DELETE on a new connection after a reset; we never do."""


class WatchedRequest(ClientRequest):
    """A request that notes the moment from which it may have arrived.

    A kept-alive connection that the other side closed in the meantime is the common cause of a
    broken call. Whoever writes to it cannot tell whether the request was taken. So we look first:
    a connection that is already closed gives `NothingLeft`, and the call may safely be repeated.
    """

    async def send(self, conn: Connection) -> ClientResponse:
        call = progress.get()
        if call.begun and call.method != "GET":
            raise NotRepeated("the connection broke after the request was sent")
        transport = conn.transport
        if transport is None or transport.is_closing() or _gone(transport):
            raise NothingLeft("the other side had closed the connection")
        call.begun = True
        return await super().send(conn)


def _gone(transport: Any) -> bool:
    """Whether the other side has closed, as the kernel knows it now; the loop may not yet."""
    sock = transport.get_extra_info("socket")
    if sock is None or not hasattr(select, "poll"):
        return False
    handle = sock.fileno()
    if handle < 0:
        return True
    poll = select.poll()
    poll.register(handle, _GONE)
    return bool(poll.poll(0))


class GuardedResolver(AbstractResolver):
    """The system's resolver; every address it gives must pass the guard, or none is used."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner: aiohttp.ThreadedResolver | None = None

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if self._inner is None:
            self._inner = aiohttp.ThreadedResolver()
        found = await self._inner.resolve(host, port, family)
        for one in found:
            self._guard.check(host, port, ipaddress.ip_address(one["host"]))
        return found

    async def close(self) -> None:
        if self._inner is not None:
            await self._inner.close()
