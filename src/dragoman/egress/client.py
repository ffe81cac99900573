"""The one HTTP client out of the house: guarded, timed, capped, and honest about how far it got."""

from __future__ import annotations

import functools
import importlib.metadata
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import aiohttp
from yarl import URL

from dragoman.domain.sentences import Sentence, say, words
from dragoman.domain.wire import HttpCall, NoReply, Phase, Reply, TooLong
from dragoman.egress.body import encode_body
from dragoman.egress.guard import AddressRefused, Guard
from dragoman.egress.wiring import (
    GuardedResolver,
    NothingLeft,
    Progress,
    WatchedRequest,
    progress,
)

USER_AGENT = f"dragoman/{importlib.metadata.version('dragoman')}"
MAX_BODY = 3 * 1024 * 1024
MAX_MEDIA = 100 * 1024 * 1024  # the largest document WhatsApp carries
_KEEP_ALIVE_S = 15.0  # under the idle limits of the load balancers in front of partners
_DNS_TTL_S = 30
_FRESH_TRIES = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, token
_BOUND_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
_PIECE = 256 * 1024  # how much of a download is handed on at once
HEAD = 64 * 1024  # how much of a download comes back in the reply

Sink = Callable[[bytes], Awaitable[None]]
_Read = Callable[[aiohttp.ClientResponse], Awaitable[bytes]]


class _TooLong(Exception):
    """The answer is over the cap."""


class _SinkFailed(Exception):
    """Whoever takes a download could not take it; the cause is why."""


class Egress:
    """Carries out `HttpCall`s. One per process; its session opens with the first call.

    allow: the operator's `egress_allow`. limit: calls in flight; more wait, within their timeout.
    shut: refuse every call (replay); may be switched at any time. emulated: partners are called on
    this machine only; what an agent calls is its author's business.
    """

    def __init__(
        self, allow: Iterable[str] = (), *, limit: int = 256, shut: bool = False,
        emulated: bool = False,
    ) -> None:  # fmt: skip
        self.guard = Guard(allow)
        self.shut = shut
        self._emulated = emulated
        self._limit = limit
        self._session: aiohttp.ClientSession | None = None
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}
        self._closed = False

    async def __aenter__(self) -> Egress:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection. Calls made afterwards are refused."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def call(
        self, call: HttpCall, *, timeout_s: float = 10.0, max_body: int = MAX_BODY
    ) -> Reply | NoReply:
        """Make one call. Redirects are not followed: they are returned as they are.

        `timeout_s` covers all of it, from waiting for a connection to the last byte of the answer;
        `max_body` is in bytes, after decompression. Never raises for what the network, the other
        side or the call's values do; being cancelled is passed on.
        """
        reply = await self._call(call, timeout_s, lambda response: _read(response, max_body))
        if type(reply) is TooLong:
            return _told(Phase.SENT, Sentence("no_reply_longer", {"most": max_body}))
        return reply

    async def download(
        self,
        call: HttpCall,
        sink: Sink,
        *,
        timeout_s: float = 60.0,
        max_body: int = MAX_MEDIA,
        redirects: int = 3,
    ) -> Reply | NoReply:
        """Make a GET whose answer may be long: its body goes to `sink`, piece by piece, and the
        reply holds only its beginning (`HEAD`). Of an answer that is no success, `sink` gets
        nothing. TooLong for what is over `max_body`.

        Up to `redirects` redirects are followed, each judged by the guard; the call's secret
        headers stay behind when the scheme, host or port changes. What `sink` raises is passed on.
        """

        async def pour(response: aiohttp.ClientResponse) -> bytes:
            if 200 <= response.status < 300:
                return await _pour(response, sink, max_body)
            return await _read(response, MAX_BODY)

        try:
            for left in range(redirects, -1, -1):
                reply = await self._call(call, timeout_s, pour)
                if isinstance(reply, NoReply) or reply.status not in _REDIRECTS or left == 0:
                    return reply
                hop = _hop(call, reply)
                if not isinstance(hop, HttpCall):
                    return hop or reply
                call = hop
        except _SinkFailed as failed:
            raise failed.__cause__ or failed from None
        return reply

    async def _call(self, call: HttpCall, timeout_s: float, read: _Read) -> Reply | NoReply:
        if self.shut or self._closed:
            return _told(Phase.REFUSED, Sentence("egress_shut"))
        try:
            url = self.guard.target(call.url)
            if self._emulated and call.purpose != "agent" and not self.guard.is_here(url):
                return _told(Phase.REFUSED, Sentence("egress_emulated", {"host": url.authority}))
            if call.query:
                url = url.extend_query(call.query)
            data, content_type = encode_body(call)
            headers = _headers(tuple(call.headers.items()), content_type)
        except AddressRefused as refused:
            return _told(Phase.REFUSED, refused.sentence)
        except (TypeError, ValueError, OverflowError) as error:
            why = f"the call cannot be written: {type(error).__name__}"
            return NoReply(Phase.REFUSED, why, unwritable=True)
        return await self._make(call.method, url, headers, data, timeout_s, read)

    async def fetch(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 30.0,
        max_body: int = MAX_MEDIA,
        redirects: int = 3,
    ) -> Reply | NoReply:
        """GET with up to `redirects` redirects followed, each judged by the guard.

        Authorization and cookies are left behind when the scheme, host or port changes. One
        redirect too many is returned as it is. `timeout_s` is for each hop.
        """
        call = HttpCall("GET", url, purpose="fetch", headers=dict(headers or {}))
        for left in range(redirects, -1, -1):
            reply = await self.call(call, timeout_s=timeout_s, max_body=max_body)
            if isinstance(reply, NoReply) or reply.status not in _REDIRECTS or left == 0:
                return reply
            hop = _hop(call, reply)
            if not isinstance(hop, HttpCall):
                return hop or reply
            call = hop
        return reply

    async def _make(
        self,
        method: str,
        url: URL,
        headers: dict[str, str],
        data: bytes | None,
        timeout_s: float,
        read: _Read,
    ) -> Reply | NoReply:
        """The call itself. What breaks before `begun` left nothing behind; all else is in doubt."""
        session = self._session or self._open()
        timeout = self._timeouts.get(timeout_s) or self._timeout(timeout_s)
        here = Progress(method)
        token = progress.set(here)
        try:
            for last in (False,) * (_FRESH_TRIES - 1) + (True,):
                try:
                    async with session.request(
                        method,
                        url,
                        data=data,
                        headers=headers,
                        allow_redirects=False,
                        timeout=timeout,
                    ) as response:
                        body = await read(response)
                        return Reply(response.status, _lower(response.headers), body)
                except NothingLeft:
                    if last:
                        return _told(Phase.CONNECT, Sentence("no_reply_every"))
        except _TooLong:
            why = Sentence("no_reply_long")
            return TooLong(Phase.SENT, say(why), why=why)
        except _SinkFailed:
            raise
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, AddressRefused):
                return _told(Phase.REFUSED, error.os_error.sentence)
            return _no_reply(here, url, error)
        except Exception as error:  # aiohttp's family, OSError, ssl, timeouts, broken HTTP
            return _no_reply(here, url, error)
        finally:
            progress.reset(token)
        raise AssertionError("unreachable")

    def _open(self) -> aiohttp.ClientSession:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._limit,
                keepalive_timeout=_KEEP_ALIVE_S,
                ttl_dns_cache=_DNS_TTL_S,
                resolver=GuardedResolver(self.guard),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT},
            request_class=WatchedRequest,
        )
        return self._session

    def _timeout(self, seconds: float) -> aiohttp.ClientTimeout:
        if len(self._timeouts) > 100:
            self._timeouts.clear()
        # aiohttp rounds deadlines over 5 s up to whole seconds unless told otherwise
        made = aiohttp.ClientTimeout(total=seconds, ceil_threshold=float("inf"))
        self._timeouts[seconds] = made
        return made


@functools.lru_cache(maxsize=256)
def _headers(given: tuple[tuple[str, str], ...], content_type: str) -> dict[str, str]:
    """The call's headers with a content type, unless it has one. Raises ValueError for a header
    that would break the request open. A channel's headers are the same from call to call."""
    headers = dict(given)
    typed = not content_type
    for name, value in given:
        if not _NAME.fullmatch(name) or not (
            value.isprintable() or value.replace("\t", "").isprintable()
        ):
            raise ValueError("a header holds what no header may")
        if not typed and name.lower() == "content-type":
            typed = True
    if not typed:
        headers["Content-Type"] = content_type
    return headers


def _lower(headers: Any) -> dict[str, str]:
    """Header names in lower case; a name that comes twice has its values joined by a comma."""
    out: dict[str, str] = {}
    for name, value in headers.items():
        key = name.lower()
        out[key] = f"{out[key]}, {value}" if key in out else value
    return out


async def _read(response: aiohttp.ClientResponse, max_body: int) -> bytes:
    """The whole body, never more than the cap in memory. Raises _TooLong."""
    length = response.content_length
    if length is not None and length > max_body:
        raise _TooLong
    if length is not None and "Content-Encoding" not in response.headers:
        return await response.read()
    out = bytearray()
    async for chunk in response.content.iter_any():
        out += chunk
        if len(out) > max_body:
            raise _TooLong
    return bytes(out)


async def _pour(response: aiohttp.ClientResponse, sink: Sink, max_body: int) -> bytes:
    """Hand the body on in pieces; gives its beginning. Raises _TooLong, _SinkFailed."""
    length = response.content_length
    if length is not None and length > max_body:
        raise _TooLong
    head, piece, size = bytearray(), bytearray(), 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > max_body:
            raise _TooLong
        head += chunk[: HEAD - len(head)]
        piece += chunk
        if len(piece) >= _PIECE:
            await _hand(sink, piece)
    if piece:
        await _hand(sink, piece)
    return bytes(head)


async def _hand(sink: Sink, piece: bytearray) -> None:
    try:
        await sink(bytes(piece))
    except Exception as error:
        raise _SinkFailed from error
    piece.clear()


def _hop(call: HttpCall, reply: Reply) -> HttpCall | NoReply | None:
    """The call to where an answer points; None when it points nowhere."""
    location = reply.headers.get("location")
    if location is None:
        return None
    try:
        here = URL(call.url)
        there = here.join(URL(location))
        same = there.origin() == here.origin()
    except ValueError:  # a location that is no http URL
        args = {"url": location[:200], "why": "it is not a URL"}
        return _told(Phase.REFUSED, Sentence("egress_url_wrong", args))
    secret = _BOUND_HEADERS | call.secret_headers
    headers = {k: v for k, v in call.headers.items() if same or k.lower() not in secret}
    return HttpCall("GET", str(there), call.purpose, headers, secret_headers=call.secret_headers)


def _no_reply(here: Progress, url: URL, error: Exception) -> NoReply:
    """How far it got, and why it ended. The detail names host and port, never path or query,
    which may hold secrets."""
    phase = Phase.SENT if here.begun else Phase.CONNECT
    about = {"place": f"{url.host}:{url.port}", "reason": _reason(error)}
    for kinds, id in _ENDS:
        if isinstance(error, kinds):
            return _told(phase, Sentence(id, about))
    if isinstance(error, TimeoutError):
        return _told(phase, Sentence("no_reply_late" if here.begun else "no_reply_none", about))
    return _told(phase, Sentence("no_reply_other", about))


_ENDS: tuple[tuple[Any, str], ...] = (
    (aiohttp.ServerFingerprintMismatch | aiohttp.ClientSSLError, "no_reply_tls"),
    (aiohttp.ClientConnectorDNSError, "no_reply_name"),
    (aiohttp.ServerDisconnectedError, "no_reply_closed"),
    (aiohttp.ClientPayloadError, "no_reply_broke"),
    (aiohttp.ClientResponseError, "no_reply_not_http"),
)

words(
    {
        "no_reply_every": "the other side closed every connection",
        "no_reply_long": "the answer is too long",
        "no_reply_longer": "the answer is longer than {most} bytes",
        "no_reply_tls": "{place}: TLS failed ({reason})",
        "no_reply_name": "{place}: the name does not resolve ({reason})",
        "no_reply_late": "{place}: no whole answer in time",
        "no_reply_none": "{place}: no connection in time",
        "no_reply_closed": "{place}: the connection was closed before an answer",
        "no_reply_broke": "{place}: the answer broke off",
        "no_reply_not_http": "{place}: the answer is not HTTP",
        "no_reply_other": "{place}: {reason}",
    }
)


def _told(phase: Phase, why: Sentence) -> NoReply:
    return NoReply(phase, say(why), why=why)


def _reason(error: Exception) -> str:
    inner = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    text = inner.strerror if isinstance(inner, OSError) else None
    return text or type(inner).__name__
