"""One call to the emulated Graph API, read: version, path, token, fields."""

from __future__ import annotations

import datetime
import hmac
import json
import re
from typing import TYPE_CHECKING, Any

import msgspec

from dragoman.emulators._cloud import wire
from dragoman.emulators._cloud.checks import Refusal
from dragoman.emulators.kit import Answer

from .config import Token, version_number
from .oauth_table import OAUTH_CHECKS

if TYPE_CHECKING:
    from .emulator import Emulator

_VERSION = re.compile(r"v\d+\.\d+")
_PST = datetime.timezone(datetime.timedelta(hours=-8))
_HOUR_MS = 3_600_000


class Upload(msgspec.Struct, frozen=True):
    data: bytes
    mime: str
    filename: str | None


class Call(msgspec.Struct):
    """`segments` is the path without version; `fields` are query, form and JSON fields together;
    `body` is the JSON body as it came; `form` says that it was a form."""

    method: str
    version: str
    segments: list[str]
    headers: dict[str, str]
    fields: dict[str, Any]
    body: dict[str, Any]
    upload: Upload | None = None
    token: Token | None = None

    @property
    def edge(self) -> str:
        return "/".join(self.segments[1:])

    def field(self, name: str) -> str:
        value = self.fields.get(name)
        return "" if value is None else str(value)


def graph_bytes(value: Any) -> bytes:
    """A Graph answer: compact ASCII JSON with `\\/`."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("/", "\\/").encode()


def answer(value: Any, status: int = 200) -> Answer:
    return Answer(graph_bytes(value), status)


def split_version(emulator: Emulator, path: str) -> tuple[str, list[str]]:
    """Version and path segments. Unversioned and expired calls get the oldest usable version; a
    version that is not out yet is an unknown path. Raises Refusal."""
    segments = [s for s in path.split("/") if s]
    oldest, newest = emulator.config.graph_oldest_version, emulator.config.graph_max_version
    if not segments or not re.match(r"v\d", segments[0]):
        return oldest, segments
    if not _VERSION.fullmatch(segments[0]):
        raise Refusal("path_unknown", path="/".join(segments))
    try:
        asked = version_number(segments[0])
    except ValueError:
        raise Refusal("path_unknown", path="/".join(segments)) from None
    if asked > version_number(newest):
        raise Refusal("path_unknown", path="/".join(segments))
    if asked < version_number(oldest):
        return oldest, segments[1:]
    return segments[0], segments[1:]


def form_fields(items: list[tuple[str, str]]) -> dict[str, Any]:
    """Form or query fields; a value that is a JSON object or array counts as that."""
    fields: dict[str, Any] = {}
    for name, value in items:
        fields[name] = value
        if value[:1] in ("{", "["):
            try:
                fields[name] = json.loads(value)
            except ValueError:
                fields[name] = value
    return fields


def json_body(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw)
    except ValueError:
        raise Refusal("json_invalid") from None
    if not isinstance(value, dict):
        raise Refusal("json_invalid")
    return value


def _said(at: int) -> str:
    moment = datetime.datetime.fromtimestamp(at / 1000, _PST)
    return f"{moment:%A, %d-%b-%y %H:%M:%S} PST"


def token_text(call: Call) -> str:
    kind, _, value = call.headers.get("authorization", "").partition(" ")
    if kind.lower() in ("bearer", "oauth") and value.strip():
        return value.strip()
    return call.field("access_token")


def app_token(emulator: Emulator) -> str:
    return f"{emulator.config.app_id}|{emulator.config.app_secret}"


def find_token(emulator: Emulator, text: str) -> Token:
    """The token behind its text. Raises Refusal when it is unknown or its time is over."""
    now = emulator.clock.now()
    if hmac.compare_digest(text.encode(), app_token(emulator).encode()):
        return Token(token=text, scopes=())
    for token in (*emulator.config.tokens, *emulator.logins.tokens):
        if hmac.compare_digest(text.encode(), token.token.encode()):
            if token.invalid:
                name = "token_password" if token.invalid == 460 else "token_invalidated"
                raise Refusal(OAUTH_CHECKS[name])
            if token.expires_at and now >= token.expires_at:
                raise Refusal("token_expired", expired=_said(token.expires_at), now=_said(now))
            return token
    raise Refusal("token_unknown")


def authenticate(emulator: Emulator, call: Call) -> Token:
    """Meta's order: a token, a known one, its time, the app's proof. Raises Refusal."""
    text = token_text(call)
    if not text:
        raise Refusal("token_missing")
    token = find_token(emulator, text)
    if emulator.faults.take("token_expired") is not None:
        now = emulator.clock.now()
        raise Refusal("token_expired", expired=_said(now - _HOUR_MS), now=_said(now))
    proof = call.field("appsecret_proof")
    if proof:
        right = wire.appsecret_proof(text, emulator.config.app_secret)
        if not hmac.compare_digest(proof.encode(), right.encode()):
            raise Refusal("proof_wrong")
    elif emulator.rules.require_appsecret_proof and token.scopes:
        raise Refusal("proof_missing")
    return token


def allow(emulator: Emulator, call: Call, scope: str) -> None:
    """The token may touch the account, and has the permission. Raises Refusal."""
    assert call.token is not None
    wabas = call.token.wabas
    if wabas is not None and emulator.config.waba_id not in wabas:
        raise Refusal("asset_missing")
    if scope not in call.token.scopes:
        raise Refusal("scope_missing")
