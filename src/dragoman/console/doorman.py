"""Who stands at the door: which host a page is asked under, whether a change comes from a page of
ours, and who is signed in.

A change is believed only from a page of this origin: browsers say where a request comes from
(`Sec-Fetch-Site`, `Origin`), and what says neither is nobody's. The cookie is sent to this origin
alone and is never readable by a script. A name that was pointed at this machine by a stranger (DNS
rebinding) is none of our hosts.
"""

from __future__ import annotations

from collections.abc import Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Any

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from dragoman.domain.networks import bare_host, is_loopback, is_loopback_host
from dragoman.domain.sentences import Sentence, say, words
from dragoman.engine import people
from dragoman.engine.people import Person

from .house import House

COOKIE = "dragoman_sign_in"
WHO = "dragoman.who"  # the scope's key of a `Who`
SEEN_EVERY_MS = 60_000
GUEST = Person(0, "", "Guest on this machine", "builder", 0)

words(
    {
        "console_host": "The console is not to be found under the name {host!r}: open it under "
        "{known}. If it should be, add the name to the setting console_hosts.",
        "console_stranger": "This change did not come from a page of this console, so nothing was "
        "changed: open the page anew and try again.",
    }
)


class Who(msgspec.Struct, frozen=True):
    """Somebody signed in. `token`: of the cookie, empty for the guest. lapsed: a guest who was
    signed in until now, and is told so."""

    person: Person
    token: str = ""
    lapsed: bool = False

    @property
    def is_guest(self) -> bool:
        return not self.token

    @property
    def name(self) -> str:
        """How the audit log calls somebody."""
        return self.person.email or "guest"


class Doorman:
    """ASGI, before everything of the console, which is `inner`."""

    def __init__(self, inner: ASGIApp, house: House) -> None:
        self.inner = inner
        self._house = house
        self._hosts = frozenset(host.casefold() for host in house.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.inner(scope, receive, send)
            return
        assert "method" in scope
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        host = headers.get("host", "")
        if not self._is_ours(host):
            known = ", ".join(sorted(self._hosts)) or "127.0.0.1"
            told = Sentence("console_host", {"host": host[:80], "known": known})
            await _refuse(send, 421, say(told))
            return
        if _changes(scope) and _from_elsewhere(headers, host):
            await _refuse(send, 403, say(Sentence("console_stranger")))
            return
        scope[WHO] = await self.who(scope)  # type: ignore[literal-required]
        await self.inner(scope, receive, send)

    async def who(self, scope: Any) -> Who | None:
        """Who asks, in the name of whom something may be done; also for a page that stands beside
        the console, which lets nobody in whom its own guard keeps out."""
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        if not _changes(scope):
            return await self._who(headers, headers.get("host", ""), scope)
        # No browser, which says where it comes from: nobody is signed in by a cookie or as a guest.
        silent = not {"origin", "sec-fetch-site"} & headers.keys()
        who = None if silent else await self._who(headers, headers.get("host", ""), scope)
        # One that lapsed was begun under a name: nothing is done under another without a word.
        return None if who is not None and who.lapsed else who

    def _is_ours(self, host: str) -> bool:
        name = bare_host(host)
        return is_loopback(name) or name in self._hosts

    async def _who(self, headers: dict[str, str], host: str, scope: Any) -> Who | None:
        token = cookie(headers.get("cookie", ""))
        if token:
            now = self._house.clock.real()
            found = await self._house.store.read(lambda tx: people.who(tx, token, now))
            if found is not None:
                if now - found[1] > SEEN_EVERY_MS:
                    await self._house.store.do(lambda tx: people.seen(tx, token, now))
                return Who(found[0], token)
        peer = (scope.get("client") or ("", 0))[0]
        here = is_loopback(peer) and is_loopback_host(host)
        forwarded = any(name in headers for name in ("x-forwarded-for", "forwarded"))
        if not self._house.guest or not here or forwarded:
            return None
        return Who(GUEST, lapsed=bool(token))


def _changes(scope: Any) -> bool:
    return scope["method"] not in ("GET", "HEAD")


def cookie(header: str) -> str:
    """The token in a Cookie header, empty where there is none."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(header)
    except CookieError:
        return ""
    return jar[COOKIE].value if COOKIE in jar else ""


def _from_elsewhere(headers: dict[str, str], host: str) -> bool:
    """Whether a browser says that a page of another origin asks."""
    site = headers.get("sec-fetch-site")
    origin = headers.get("origin")
    if origin is not None:
        return origin.partition("://")[2].casefold() != host.casefold()
    return site not in (None, "same-origin")


async def _refuse(send: Any, status: int, text: str) -> None:
    body = (text + "\n").encode()
    headers: Sequence[tuple[bytes, bytes]] = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
