"""Signing in: the dialog that a person sees, the codes and tokens that come of it.

The dialog compares the redirect URI with the app's *Valid OAuth Redirect URIs* letter by letter.
A code is good once and for a short while; a person's token lives an hour or two, its long-lived
exchange about 60 days, all by the emulator's clock.

Source: Meta, "Manually build a login flow", "Get long-lived tokens" (2026). Not confirmed: how long
a code lives (30 s is Embedded Signup's), and the words of the dialog's own error pages.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from dragoman.domain.clock import Clock
from dragoman.emulators._cloud.checks import Refusal
from dragoman.emulators.kit import Answer, Books, dialog

from .calls import Call, answer, app_token, find_token
from .config import SCOPES, Token
from .oauth_table import OAUTH_CHECKS

if TYPE_CHECKING:
    from .emulator import Emulator

CODE_MS = 30_000
SHORT_S = 5_183  # a person's token
REVOKED = 467  # the subcode of a token that was taken back
LONG_S = 5_183_944  # its long-lived exchange, and the token of a login configuration
KNOWN_SCOPES = (*SCOPES, "business_management", "public_profile", "email")
_HTML = "text/html; charset=utf-8"


class Code(msgspec.Struct):
    """What a redirect brought. `system`: it is exchanged for a system user's token."""

    code: str
    redirect_uri: str
    scopes: tuple[str, ...]
    until: int
    system: bool = False
    used: bool = False


class Kept(msgspec.Struct):
    redirect_uris: list[str] = []
    codes: list[Code] = []
    tokens: list[Token] = []


class Logins:
    """The app's login settings, its codes and the tokens that people granted."""

    def __init__(self, books: Books, clock: Clock, redirect_uris: list[str]) -> None:
        self._books = books
        self._clock = clock
        self._open: dict[str, Call] = {}  # dialogs that a person has before them
        self.reset(redirect_uris)

    def reset(self, redirect_uris: list[str]) -> None:
        """What the books know; configured redirect URIs go over it."""
        kept = self._books.get("logins")
        self.kept = Kept() if kept is None else msgspec.convert(kept, Kept)
        if redirect_uris:
            self.kept.redirect_uris = list(redirect_uris)
        self._open.clear()

    def keep(self) -> None:
        self._books.put("logins", msgspec.to_builtins(self.kept))

    @property
    def tokens(self) -> list[Token]:
        return self.kept.tokens

    def list_uris(self, uris: list[str]) -> None:
        """*Valid OAuth Redirect URIs*, as they are saved."""
        self.kept.redirect_uris = uris
        self.keep()

    def listed(self, uri: str) -> bool:
        return uri in self.kept.redirect_uris

    def show(self, call: Call) -> str:
        ticket = secrets.token_urlsafe(16)
        self._open[ticket] = call
        return ticket

    def shown(self, ticket: str) -> Call | None:
        return self._open.pop(ticket, None)

    def code(self, redirect_uri: str, scopes: tuple[str, ...], system: bool) -> str:
        text = "AQ" + secrets.token_urlsafe(48)
        until = self._clock.now() + CODE_MS
        self.kept.codes.append(Code(text, redirect_uri, scopes, until, system))
        self.keep()
        return text

    def spend(self, text: str, redirect_uri: str) -> Code:
        """Raises Refusal for a code that is unknown, used, late or of another redirect URI."""
        given = text.encode()
        code = next(
            (c for c in self.kept.codes if hmac.compare_digest(c.code.encode(), given)), None
        )
        if code is None:
            raise Refusal(OAUTH_CHECKS["code_unknown"])
        if code.used:
            raise Refusal(OAUTH_CHECKS["code_used"])
        if self._clock.now() >= code.until:
            raise Refusal(OAUTH_CHECKS["code_expired"])
        if code.redirect_uri != redirect_uri:
            raise Refusal(OAUTH_CHECKS["code_redirect"])
        code.used = True
        self.keep()
        return code

    def issue(self, scopes: tuple[str, ...], life_s: int, *, system: bool) -> Token:
        """A new token; a life of 0 is for ever."""
        now = self._clock.now()
        token = Token(
            token="EAA" + secrets.token_urlsafe(60).replace("-", "x").replace("_", "y"),
            scopes=scopes,
            expires_at=now + life_s * 1000 if life_s else 0,
            kind="SYSTEM_USER" if system else "USER",
            issued_at=now,
        )
        self.kept.tokens.append(token)
        self.keep()
        return token

    def invalidate(self, subcode: int) -> int:
        """The person changed the password (460) or withdrew the session (467): every granted token
        ends. Returns how many."""
        for token in self.kept.tokens:
            token.invalid = subcode
        self.keep()
        return len(self.kept.tokens)


# --- the dialog ----------------------------------------------------------------------------------


def _error_page(emulator: Emulator, title: str, text: str) -> Answer:
    """Meta shows these in place of the dialog; nothing goes back to the app."""
    return dialog(emulator, title, text, status=400)


def show_dialog(emulator: Emulator, call: Call) -> Answer:
    """GET: what the app asks for, or why the dialog does not open."""
    if call.field("client_id") != emulator.config.app_id:
        return _error_page(emulator, "Invalid App ID", "The provided app ID does not look valid.")
    uri = call.field("redirect_uri")
    if not emulator.logins.listed(uri):
        said = "The redirect URI is not in the list of this app's Valid OAuth Redirect URIs: "
        return _error_page(emulator, "URL Blocked", said + uri)
    if call.field("response_type") != "code":
        return _error_page(emulator, "Invalid Request", "response_type must be code.")
    unknown = [name for name in _asked(call) if name not in KNOWN_SCOPES]
    if unknown:
        return _error_page(emulator, "Invalid Scopes", f"Invalid Scopes: {', '.join(unknown)}.")
    name = emulator.config.app_name
    return dialog(
        emulator,
        f"Log in to {name}",
        f"{name} asks to:",
        hidden={"ticket": emulator.logins.show(call)},
        ticks={f"scope.{one}": one for one in _asked(call)},
        buttons={"continue": "Continue", "cancel": "Cancel"},
    )


def _asked(call: Call) -> tuple[str, ...]:
    """A login configuration asks for the same two permissions here."""
    if call.field("config_id"):
        return SCOPES
    return tuple(name for name in call.field("scope").split(",") if name) or ("public_profile",)


def answer_dialog(emulator: Emulator, call: Call) -> Answer:
    """POST: the person pressed a button; the browser goes back to the app."""
    asked = emulator.logins.shown(call.field("ticket"))
    if asked is None:
        return _error_page(emulator, "Session expired", "Open the dialog again.")
    state = {"state": asked.field("state")} if "state" in asked.fields else {}
    if call.field("answer") != "continue":
        denied = {
            "error": "access_denied",
            "error_code": "200",
            "error_description": "Permissions error",
            "error_reason": "user_denied",
        }
        return _back(asked, {**denied, **state})
    scopes = tuple(name for name in _asked(asked) if call.field(f"scope.{name}"))
    uri = asked.field("redirect_uri")
    system = bool(asked.field("config_id"))
    code = emulator.logins.code(uri, scopes, system)
    return _back(asked, {"code": code, **state})


def _back(asked: Call, query: dict[str, str]) -> Answer:
    uri = asked.field("redirect_uri")
    mark = "&" if "?" in uri else "?"
    return Answer(b"", 302, _HTML, {"Location": f"{uri}{mark}{urlencode(query)}"})


# --- the exchanges -------------------------------------------------------------------------------


def exchange(emulator: Emulator, call: Call) -> Answer:
    """/oauth/access_token: a code, a token that should live longer, or the app itself."""
    for name in ("client_id", "client_secret"):
        if not call.field(name):
            raise Refusal("required", param=name)
    if call.field("client_id") != emulator.config.app_id:
        raise Refusal(OAUTH_CHECKS["app_unknown"])
    given, right = call.field("client_secret").encode(), emulator.config.app_secret.encode()
    if not hmac.compare_digest(given, right):
        raise Refusal(OAUTH_CHECKS["app_secret_wrong"])
    kind = call.field("grant_type")
    if kind == "client_credentials":
        return answer({"access_token": app_token(emulator), "token_type": "bearer"})
    if kind == "fb_exchange_token":
        if not call.field("fb_exchange_token"):
            raise Refusal("required", param="fb_exchange_token")
        short = find_token(emulator, call.field("fb_exchange_token"))
        system = short.kind == "SYSTEM_USER"
        return _granted(emulator.logins.issue(short.scopes, LONG_S, system=system), LONG_S)
    if not call.field("code"):
        raise Refusal("required", param="code")
    code = emulator.logins.spend(call.field("code"), call.field("redirect_uri"))
    life = LONG_S if code.system else SHORT_S
    return _granted(emulator.logins.issue(code.scopes, life, system=code.system), life)


def _granted(token: Token, life_s: int) -> Answer:
    return answer({"access_token": token.token, "token_type": "bearer", "expires_in": life_s})


# Paths that are open to those who have no token yet.
OPEN: dict[tuple[str, str], Callable[[Emulator, Call], Answer]] = {
    ("dialog/oauth", "GET"): show_dialog,
    ("dialog/oauth", "POST"): answer_dialog,
    ("oauth/access_token", "GET"): exchange,
    ("oauth/access_token", "POST"): exchange,
}


def invalidate(emulator: Emulator, raw: bytes) -> dict[str, Any]:
    """Control: every granted token ends with this subcode, 460 or 467."""
    order: dict[str, int] = msgspec.json.decode(raw, type=dict[str, int])
    return {"tokens": emulator.logins.invalidate(order.get("subcode", REVOKED))}
