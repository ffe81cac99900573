"""Who calls the public API: an app's credential, by its token in the header `auth`; and how often.

The answer to a refused token is the same whatever is wrong with it; the reason is for our log.
Calls are counted by app, in the memory of this process.

Source: the platform's public API documentation, "API introduction" and "Rate limits".
"""

from __future__ import annotations

import hashlib
from collections import deque

import msgspec

from dragoman.domain.sentences import Sentence, words
from dragoman.store.intake import digest

from . import keys
from .apps import App
from .keys import Credential

HEADER = "auth"
SCOPE = "proactive"

words(
    {
        "api_no_token": "It brought no token in the header auth: sign one with a credential of "
        "the app {app} (`dragoman app credential create '{app}' NAME`).",
        "api_token_malformed": "The token in the header auth is no JWT of ours ({problem}): sign "
        'the payload {{"appId": CLIENT_ID}} with the secret of the credential.',
        "api_credential_unknown": "The token's appId is {found}, and the app {app} has no such "
        "credential: it was deleted, or belongs to another app.",
        "api_token_wrong_alg": "The token is signed with {found}, and the credential {name} takes "
        "{alg} only.",
        "api_token_wrong_signature": "The token's signature is not made with the key of the "
        "credential {name}.",
        "api_token_rotated": "The token is signed with the key that the credential {name} had "
        "before it was rotated, and the overlap has ended.",
        "api_token_wrong_app": "The token's appId is {found}, and the credential {name} has the "
        "client id {client_id}.",
        "api_token_expired": "The token expired {seconds} s ago: sign a new one; the caller's "
        "clock must be right.",
        "api_token_not_yet": "The token is good only in {seconds} s: the caller's clock, or this "
        "machine's, is wrong.",
        "api_no_scope": "The credential {name} was made without the scope proactive, so it cannot "
        "send notifications: make one with `dragoman app credential create '{app}' NAME --scope "
        "proactive`.",
        "api_replayed": "Its token (jti) came before with another body, so nothing of it was kept.",
        "rate_minute": "You've exceeded the per-minute rate limit. Please wait for sometime before "
        "retrying.",
        # UNSURE: the documentation breaks off after its first sentence; the second is the other's.
        "rate_hour": "You've exceeded the hourly rate limit. Please wait for sometime before "
        "retrying.",
    }
)


class Caller(msgspec.Struct, frozen=True):
    """A credential that proved itself. `token`: the digest of what its token calls itself, empty
    where it does not."""

    credential: Credential
    token: bytes = b""


def forbidden(app: App, caller: Caller) -> Sentence | None:
    """Why a credential that proved itself may not send notifications."""
    one = caller.credential
    if one.permits(SCOPE):
        return None
    return Sentence("api_no_scope", {"name": one.name, "app": app.name})


def identify(app: App, header: str, now: int) -> Caller | Sentence:
    """Whose token it is, or why it is nobody's. header: the value of `auth`. now: Unix ms, business
    clock. Which key and algorithm count is decided by the credential, never by the token."""
    token = keys.bearer(header)
    if not token:
        return Sentence("api_no_token", {"app": app.name})
    client_id = keys.named(token)
    if client_id is None:
        return Sentence("api_token_malformed", {"problem": "it names no appId"})
    credential = app.credentials.get(client_id)
    if credential is None:
        about = {"found": client_id[:60], "app": app.name}
        return Sentence("api_credential_unknown", about)
    claims = keys.judge(token, credential, now)
    if isinstance(claims, Sentence):
        return Sentence(f"api_{claims.id}", claims.args)
    if "jti" not in claims:
        return Caller(credential)
    return Caller(credential, digest(f"api\0{client_id}\0{claims['jti']}"))


def fingerprint(body: bytes) -> bytes:
    """Of the body that a token came with."""
    return hashlib.blake2b(body, digest_size=32).digest()


# --- how often -----------------------------------------------------------------------------------

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
PER_MINUTE, PER_HOUR = 600, 18_000  # of proactive and status calls together, for one app


class TooMany(msgspec.Struct, frozen=True):
    """retry_after: whole seconds until one more call fits."""

    sentence: Sentence
    retry_after: int


class Rolling:
    """A window that rolls: `most` calls in any `span_ms`."""

    def __init__(self, most: int, span_ms: int) -> None:
        self._most = most
        self._span_ms = span_ms
        self._calls: deque[int] = deque()

    def full(self, now: int) -> int:
        """Milliseconds until there is room, 0 where there is."""
        while self._calls and self._calls[0] <= now - self._span_ms:
            self._calls.popleft()
        if len(self._calls) < self._most:
            return 0
        return max(1, self._calls[0] + self._span_ms - now)

    def add(self, now: int) -> None:
        self._calls.append(now)


class Quota:
    """Calls of each app. One that is refused is not counted, so whoever waits gets through."""

    def __init__(self, per_minute: int = PER_MINUTE, per_hour: int = PER_HOUR) -> None:
        self._limits = (per_minute, per_hour)
        self._apps: dict[int, tuple[Rolling, Rolling]] = {}

    def take(self, app_id: int, now: int) -> TooMany | None:
        """Count a call, or say why there is no room for it. The hour's breach blocks all."""
        windows = self._apps.get(app_id)
        if windows is None:
            per_minute, per_hour = self._limits
            windows = (Rolling(per_minute, MINUTE_MS), Rolling(per_hour, HOUR_MS))
            self._apps[app_id] = windows
        minute, hour = windows
        for window, name in ((hour, "rate_hour"), (minute, "rate_minute")):
            wait = window.full(now)
            if wait:
                return TooMany(Sentence(name), -(-wait // 1000))
        minute.add(now)
        hour.add(now)
        return None
