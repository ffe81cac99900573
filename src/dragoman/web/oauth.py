"""Where a partner sends a browser back after an authorization: /oauth/{partner}/{stream id}.

A person is in front of it. Whoever began in the console (a cookie says so) is sent back there; all
others get a page in their language: one sentence, nothing to load, nothing that a query could put
into it. The address carries a code, so it is neither kept nor passed on.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable, Mapping
from html import escape
from http.cookies import CookieError, SimpleCookie
from typing import NamedTuple
from urllib.parse import parse_qsl

import structlog

from dragoman.domain.sentences import Sentence, say, words
from dragoman.engine.accounts import BEGUN_HERE, Accounts, CameBack, begun_id
from dragoman.partners.registry import PARTNERS, account, partner

from .asgi import Receive, Scope, Send, respond

log = structlog.get_logger("oauth")

words(
    {
        "oauth_title_done": "Authorized",
        "oauth_title_not": "Not authorized",
        "oauth_close": "You can close this window.",
        "oauth_broken": "A mistake in Dragoman kept the authorization from ending: see the "
        "server's log, and authorize again.",
    }
)

_HTML = b"text/html; charset=utf-8"
_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        b"frame-ancestors 'none'",
    ),
)
_PAGE = """\
<!doctype html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · {label}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 18vh auto 0;
  padding: 0 1.5rem; overflow-wrap: anywhere; }}
h1 {{ font-size: 1.25rem; }}
small {{ opacity: .7; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{told}</p>
<p><small>{close}</small></p>
</main>
</body>
</html>
"""


class Tongue(NamedTuple):
    """A language: its code, `ltr` or `rtl`, and its words."""

    language: str
    direction: str
    words: gettext.NullTranslations


class OAuth:
    """The callback of every partner that has one. `back`: the console's page that tells how an
    authorization ended, of an app and of what was begun (`Begun.id`). `tongue`: what a reader is
    told in, by their cookies and their Accept-Language."""

    def __init__(
        self,
        accounts: Accounts,
        back: Callable[[str, str], str],
        tongue: Callable[[Mapping[str, str], str], Tongue],
    ) -> None:
        self._tongue = tongue
        self._accounts = accounts
        self._back = back

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        where = _place(scope["path"])
        if where is None or not self._accounts.has(where[1]):
            await respond(send, 404, b"Not Found", headers=_HEADERS)
            return
        name, stream_id = where
        if scope["method"] != "GET":
            await respond(send, 405, b"Method Not Allowed", headers=((b"allow", b"GET"),))
            return
        query = dict(reversed(parse_qsl(scope["query_string"].decode("latin-1"))))
        try:
            end = await self._accounts.come_back(name, stream_id, query)
        except Exception:
            log.exception("oauth_broken", partner=name)
            await self._tell(scope, send, 500, name, CameBack(False, _BROKEN))
            return
        if _begun_in_console(scope, stream_id) and query.get("state"):
            await self._send_back(send, stream_id, begun_id(query["state"]))
            return
        await self._tell(scope, send, 200 if end.done else 400, name, end)

    async def _tell(self, scope: Scope, send: Send, status: int, name: str, end: CameBack) -> None:
        accepted = b", ".join(v for k, v in scope["headers"] if k == b"accept-language")
        tongue = self._tongue(_cookies(scope), accepted.decode("latin-1"))
        await respond(send, status, _page(name, end, tongue), _HTML, _HEADERS)

    async def _send_back(self, send: Send, stream_id: str, begun: str) -> None:
        over = f"{BEGUN_HERE}=; Path=/oauth; Max-Age=0; HttpOnly; SameSite=Lax".encode()
        to = self._back(stream_id, begun).encode()
        await respond(send, 303, b"", _HTML, (*_HEADERS, (b"location", to), (b"set-cookie", over)))


def _begun_in_console(scope: Scope, stream_id: str) -> bool:
    return _cookies(scope).get(BEGUN_HERE) == stream_id


def _cookies(scope: Scope) -> dict[str, str]:
    for name, value in scope["headers"]:
        if name == b"cookie":
            try:
                found = SimpleCookie(value.decode("latin-1"))
            except CookieError:
                return {}
            return {key: one.value for key, one in found.items()}
    return {}


_BROKEN = Sentence("oauth_broken")


def _place(path: str) -> tuple[str, str] | None:
    """Partner and stream id of a path."""
    parts = path.split("/")
    if len(parts) != 4 or parts[0] or parts[1] != "oauth":
        return None
    name, stream_id = parts[2:]
    return (name, stream_id) if name in PARTNERS and account(name) is not None else None


def _page(name: str, end: CameBack, tongue: Tongue) -> bytes:
    title = say(Sentence("oauth_title_done" if end.done else "oauth_title_not"), tongue.words)
    return _PAGE.format(
        language=tongue.language,
        direction=tongue.direction,
        title=escape(title),
        label=escape(partner(name).LABEL),
        told=escape(say(end.sentence, tongue.words)),
        close=escape(say(Sentence("oauth_close"), tongue.words)),
    ).encode()
