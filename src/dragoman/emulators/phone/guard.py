"""Who may drive the test phone or a partner's console: a page of this origin, on this machine.

A foreign web page can make a browser send requests here. It cannot add the header of our own
script without asking first, and its Origin gives it away; a name that was pointed at this machine
(DNS rebinding) fails the check of the Host.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from dragoman.domain.networks import is_loopback_host
from dragoman.domain.sentences import Sentence, say, words

HEADER = "X-Dragoman-Phone"
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FILE_POLICY = "default-src 'none'; sandbox"
PAGE_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

words(
    {
        "phone_host_refused": "The test phone answers only on this machine's own address, and was "
        "asked as {host!r}: open it as http://127.0.0.1.",
        "phone_page_refused": "Only the test phone's own page may do this: another page, or a "
        "request without the header X-Dragoman-Phone: 1, asked for it.",
    }
)


Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]


def only_page(header: str, host_refused: str, page_refused: str) -> Guard:
    """A guard for the routes of one page, whose script sends `header`: 1 with each POST. Raises
    403 with one of the two sentences (`host_refused` gets the host)."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        host = connection.headers.get("Host", "")
        if not is_loopback_host(host):
            raise PermissionDeniedException(say(Sentence(host_refused, {"host": host[:80]})))
        if connection.scope["method"] in ("GET", "HEAD"):  # type: ignore[typeddict-item]
            return
        origin = connection.headers.get("Origin")
        same = origin is None or origin.partition("://")[2] == host
        site = connection.headers.get("Sec-Fetch-Site", "same-origin")
        if connection.headers.get(header) != "1" or not same or site != "same-origin":
            raise PermissionDeniedException(say(Sentence(page_refused)))

    return guard


only_our_page = only_page(HEADER, "phone_host_refused", "phone_page_refused")
