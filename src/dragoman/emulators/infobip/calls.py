"""One call to the emulated Infobip API, read: path, query, body, who calls and what they may.

Four schemes: `App` (an API key, with scopes and perhaps an end), `Basic`, `IBSSO` (a session token
of 60 minutes) and `Bearer` (OAuth, an hour); the last three may do everything.
Source: Infobip, "API authentication", "API authorization" (2026).
"""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec

from dragoman.emulators.kit import Answer

from . import wire
from .checks import Refusal
from .config import ApiKey

if TYPE_CHECKING:
    from .emulator import Emulator

SESSION_MS = 3_600_000
PREFIXES = (
    "/messages-api/",
    "/whatsapp/1/events",
    "/whatsapp/1/templates",
    "/whatsapp/1/conversions",
)


class Call(msgspec.Struct):
    """`parts` are what the route's `{…}` matched. `platform`: errors in the newer shape."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    raw: bytes
    parts: dict[str, str] = {}
    platform: bool = False

    def one(self, name: str) -> str:
        """The first value of a query parameter, or ""."""
        return self.query.get(name, [""])[0]

    def many(self, name: str) -> list[str]:
        """All values of a query parameter, repeated or with commas between."""
        return [part for value in self.query.get(name, []) for part in value.split(",") if part]

    def limit(self) -> int:
        """`limit`, 50 unless given, 1000 at most."""
        text = self.one("limit")
        return min(1000, max(1, int(text))) if text.isdigit() else 50

    def body(self) -> dict[str, Any]:
        """The JSON body. Raises Refusal."""
        try:
            value = json.loads(self.raw)
        except ValueError:
            raise Refusal("json_invalid") from None
        if not isinstance(value, dict):
            raise Refusal("body_wrong")
        return value


def platform_shape(path: str) -> bool:
    """Whether a path's errors have the newer shape."""
    return path.startswith(PREFIXES) or "/flows" in path


def answer(value: Any, status: int = 200) -> Answer:
    return Answer(wire.json_bytes(value), status, "application/json")


def nothing(status: int = 204) -> Answer:
    return Answer(b"", status, "application/json")


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())


class Sessions:
    """Session and OAuth tokens, until their hour is over (business time). Not kept on disk."""

    def __init__(self) -> None:
        self._until: dict[str, int] = {}

    def issue(self, now: int) -> str:
        token = wire.message_id()
        self._until[token] = now + SESSION_MS
        return token

    def end(self, token: str) -> None:
        self._until.pop(token, None)

    def clear(self) -> None:
        self._until.clear()

    def check(self, token: str, now: int) -> None:
        """Raises Refusal for a token that is unknown or over."""
        if token not in self._until:
            raise Refusal("auth_wrong")
        if now >= self._until[token]:
            raise Refusal("auth_expired")


def _key(emulator: Emulator, text: str) -> ApiKey:
    for key in emulator.keys:
        if same(key.key, text):
            if key.expires_at and emulator.clock.now() >= key.expires_at:
                raise Refusal("auth_expired")
            return key
    raise Refusal("auth_wrong")


def authenticate(emulator: Emulator, call: Call, scopes: tuple[str, ...]) -> None:
    """The caller is known and may do one of `scopes`. Raises Refusal."""
    given = call.headers.get("authorization", "")
    scheme, _, value = given.partition(" ")
    scheme, value = scheme.lower(), value.strip()
    if not given:
        raise Refusal("auth_missing")
    config, now = emulator.config, emulator.clock.now()
    if scheme == "app":
        key = _key(emulator, value)
        if key.scopes is not None and scopes and not set(scopes) & set(key.scopes):
            raise Refusal("scope_missing")
    elif scheme == "basic":
        if not same(f"Basic {value}", wire.basic(config.username, config.password)):
            raise Refusal("auth_wrong")
    elif scheme in ("ibsso", "bearer"):
        emulator.sessions.check(value, now)
    else:
        raise Refusal("auth_wrong")
    if emulator.faults.take("credentials_expired") is not None:
        raise Refusal("auth_expired")


def open_session(emulator: Emulator, call: Call, body: dict[str, Any]) -> Answer:
    config = emulator.config
    right = same(str(body["username"]), config.username)
    if not (right and same(str(body["password"]), config.password)):
        raise Refusal("auth_wrong")
    return answer({"token": emulator.sessions.issue(emulator.clock.now())})


def close_session(emulator: Emulator, call: Call) -> Answer:
    emulator.sessions.end(call.headers.get("authorization", "").partition(" ")[2].strip())
    return nothing()


def oauth_token(emulator: Emulator, call: Call) -> Answer:
    form = {key: values[0] for key, values in parse_qs(call.raw.decode("utf-8", "replace")).items()}
    config = emulator.config
    if form.get("grant_type") != "client_credentials":
        raise Refusal("body_wrong")
    right = same(form.get("client_id", ""), config.username)
    if not (right and same(form.get("client_secret", ""), config.password)):
        raise Refusal("auth_wrong")
    token = emulator.sessions.issue(emulator.clock.now())
    made = {"access_token": token, "expires_in": SESSION_MS // 1000, "token_type": "Bearer"}
    return answer(made)
