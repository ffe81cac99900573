"""App credentials as the door knows them: opened, and tokens judged against them.

A credential has a client id (`cs-…`) and either a secret, shared with whoever signs (HS256, HS512),
or the public half of a key pair (RS256). A token is a JWT (RFC 7519) whose payload names the client
id in `appId`. The one before the last rotation is accepted until its overlap ends.
"""

from __future__ import annotations

import base64
import functools
import math
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.store.drivers import Tx
from dragoman.vault import Vault

if TYPE_CHECKING:
    from joserfc.jwk import OctKey, RSAKey
    from joserfc.jws import JWSRegistry

ALGORITHMS: Final = ("HS256", "HS512", "RS256")
SCOPES: Final = ("webhooks", "proactive")  # sign a partner's webhooks; write to people first
LEEWAY_S = 60
MAX_TOKEN = 8192  # letters; a token of ours has about 200
LEAST_RSA_BITS = 2048

words(
    {
        "token_malformed": "The token in the header Authorization is no JWT: {problem}. Give the "
        "partner what `dragoman app credential token APP {name}` prints, whole.",
        "token_wrong_alg": "The token is signed with {found}, and the associated credential {name} "
        "takes {alg} only: sign it so, or associate a credential for {found}.",
        "token_wrong_signature": "The token's signature is not made with the key of the associated "
        "credential {name}: give the partner its present secret, or a token signed with it.",
        "token_rotated": "The token is signed with the key that the credential {name} had before "
        "it was rotated, and the overlap has ended: give the partner the present one.",
        "token_wrong_app": "The token's appId is {found}, and the associated credential {name} has "
        "the client id {client_id}: the partner signs for another app.",
        "token_expired": "The token expired {seconds} s ago: the partner must sign a new one, and "
        "its clock must be right.",
        "token_not_yet": "The token is good only in {seconds} s: the partner's clock, or this "
        "machine's, is wrong.",
        "credential_unknown": "The app {app} has no credential {name!r}. Credentials: {known}.",
        "credential_deleted": "The credential {name} was deleted, and a deleted one is never "
        "accepted again: make another with `dragoman app credential create`.",
        "credential_elsewhere": "The client id {name} belongs to the app {other}: take one of "
        "{app}'s own credentials ({known}).",
        "key_no_public": "That is no public key in PEM: paste the block from -----BEGIN PUBLIC "
        "KEY----- to -----END PUBLIC KEY-----.",
        "key_private": "That is a private key, which whoever signs keeps: paste the public one "
        "(openssl rsa -in private.pem -pubout).",
        "key_not_rsa": "RS256 needs an RSA key of at least {least} bits, and that is {found}.",
    }
)


class Credential(msgspec.Struct, frozen=True):
    """alg: the only one accepted. key: the secret, or the public key in PEM; `previous`: the one
    before, good until `previous_until` by the business clock. Times in Unix ms."""

    id: int
    app_id: int
    name: str
    client_id: str
    alg: str
    key: str
    previous: str = ""
    previous_until: int = 0
    created: int = 0
    rotated_at: int = 0
    scopes: tuple[str, ...] = ()

    def permits(self, scope: str) -> bool:
        """Whether it may be used for one of SCOPES; where none is named, for all."""
        return not self.scopes or scope in self.scopes

    @property
    def shared(self) -> bool:
        """Whether the key is a secret that both sides have."""
        return self.alg != "RS256"

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(k for k in (self.key, self.previous) if k and self.shared)


class Pair(msgspec.Struct, frozen=True):
    """What is kept to verify with, and what is handed out, once, to sign with."""

    kept: str
    given: str


def context(credential_id: int) -> bytes:
    """What a sealed key is bound to: it cannot be moved to another row."""
    return f"credential/{credential_id}".encode()


def read_credentials(tx: Tx, vault: Vault) -> dict[int, dict[str, Credential]]:
    """Those that were not deleted: app → client id → credential."""
    out: dict[int, dict[str, Credential]] = {}
    for (
        id, app_id, name, client_id, alg, sealed, previous, until, created, rotated_at, scopes,
    ) in tx.run(
        """SELECT id,app_id,name,client_id,alg,sealed,previous,previous_until,created,rotated_at,
        scopes FROM credential WHERE revoked IS NULL ORDER BY id"""
    ):  # fmt: skip
        key, before = (
            "" if one is None else vault.open_text(bytes(one), context=context(id))
            for one in (sealed, previous)
        )
        out.setdefault(app_id, {})[client_id] = Credential(
            id, app_id, name, client_id, alg, key, before, until, created, rotated_at,
            tuple(scopes.split()),
        )  # fmt: skip
    return out


def pick(tx: Tx, app: str, own: Mapping[str, Credential], text: str) -> Credential:
    """One of an app's `own` credentials by name or client id. app: its name. Raises SentenceError
    that tells an unknown one, a deleted one and another app's apart."""
    wanted = text.strip()
    for one in own.values():
        if wanted in (one.name, one.client_id):
            return one
    known = ", ".join(c.name for c in own.values()) or "none yet (dragoman app credential create)"
    about = {"app": app, "name": wanted, "known": known}
    rows = tx.run(
        """SELECT c.revoked,a.name FROM credential c JOIN app a ON a.id=c.app_id
        WHERE c.client_id=?""",
        (wanted,),
    )
    for revoked, other in rows:
        if other != app:
            raise SentenceError(Sentence("credential_elsewhere", {**about, "other": other}))
        if revoked is not None:
            raise SentenceError(Sentence("credential_deleted", about))
    raise SentenceError(Sentence("credential_unknown", about))


# --- making --------------------------------------------------------------------------------------


def new_pair(alg: str, public_key: str = "") -> Pair:
    """A new secret (64 letters), a new key pair, or a pasted public key, of which nothing is given
    back. Raises SentenceError."""
    if alg != "RS256":
        secret = secrets.token_urlsafe(48)
        return Pair(secret, secret)
    if public_key:
        return Pair(_read_public(public_key), "")
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(public_exponent=65537, key_size=LEAST_RSA_BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    return Pair(_pem(private.public_key()), pem)


def _read_public(text: str) -> str:
    """A pasted public key, as it is kept. Raises SentenceError."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if "PRIVATE KEY" in text:
        raise SentenceError(Sentence("key_private"))
    try:
        key = load_pem_public_key(text.strip().encode())
    except (ValueError, UnsupportedAlgorithm):
        raise SentenceError(Sentence("key_no_public")) from None
    bits = key.key_size if isinstance(key, rsa.RSAPublicKey) else 0
    if bits < LEAST_RSA_BITS:
        found = f"an RSA key of {bits} bits" if bits else "another kind of key"
        raise SentenceError(Sentence("key_not_rsa", {"least": LEAST_RSA_BITS, "found": found}))
    return _pem(key)


def _pem(key: Any) -> str:
    from cryptography.hazmat.primitives import serialization

    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem: bytes = key.public_bytes(serialization.Encoding.PEM, form)
    return pem.decode()


def authorization(client_id: str, alg: str, signing_key: str) -> str:
    """A ready value of the header Authorization, for pasting: without `exp`, because nobody renews
    it, and without `jti`, because it comes with every webhook."""
    from joserfc import jwt

    text = jwt.encode({"alg": alg}, {"appId": client_id}, _key(alg, signing_key), [alg])
    return f"Bearer {text}"


# --- judging -------------------------------------------------------------------------------------


class _Head(msgspec.Struct):
    alg: str


class _Named(msgspec.Struct):
    appId: str


@functools.lru_cache(maxsize=1024)
def _key(alg: str, text: str) -> OctKey | RSAKey:
    """A key, parsed once: reading a PEM takes longer than verifying with it."""
    from joserfc.jwk import OctKey, RSAKey

    return RSAKey.import_key(text) if alg == "RS256" else OctKey.import_key(text)


@functools.cache
def _only(alg: str) -> JWSRegistry:
    """The one algorithm that a credential takes; headers unknown to us do no harm."""
    from joserfc.jws import JWSRegistry

    return JWSRegistry(algorithms=[alg], strict_check_header=False)


def bearer(header: str) -> str:
    """The token in an Authorization header, with or without `Bearer`; empty when there is none."""
    text = header.strip()
    head, _, tail = text.partition(" ")
    return tail.strip() if head.lower() == "bearer" else text


def named(token: str) -> str | None:
    """The client id that a token claims, before anything of it is believed; None for no JWT."""
    if len(token) > MAX_TOKEN or token.count(".") != 2 or not token.isascii():
        return None
    found = _part(token, 1, _Named)
    return None if found is None else str(found.appId)


def judge(token: str, credential: Credential, now: int) -> Mapping[str, Any] | Sentence:
    """The claims of a token, or why it is not the credential's. now: Unix ms, business clock.

    `exp` and `nbf` are honoured where they are, with 60 s of leeway; `jti`, where it is, is a text.
    """
    about = {"name": credential.name, "alg": credential.alg, "client_id": credential.client_id}
    found = _alg(token)
    if isinstance(found, Sentence):
        return _about(found, about)
    if found != credential.alg:
        return Sentence("token_wrong_alg", {**about, "found": found[:20]})
    claims = _verified(token, credential, now)
    if isinstance(claims, Sentence):
        return _about(claims, about)
    if claims.get("appId") != credential.client_id:
        return Sentence("token_wrong_app", {**about, "found": str(claims.get("appId"))[:60]})
    return _in_time(claims, now, about)


def _about(sentence: Sentence, about: Mapping[str, str]) -> Sentence:
    return Sentence(sentence.id, {**about, **sentence.args})


def _malformed(problem: str) -> Sentence:
    return Sentence("token_malformed", {"problem": problem})


def _alg(token: str) -> str | Sentence:
    """The algorithm that a token names, before anything of it is believed."""
    if len(token) > MAX_TOKEN:
        return _malformed(f"it has {len(token)} letters, and a JWT {MAX_TOKEN} at most")
    if token.count(".") != 2 or not token.isascii():
        return _malformed("it is not three parts of letters with dots between")
    head = _part(token, 0, _Head)
    return _malformed("its first part does not name an algorithm") if head is None else head.alg


def _part(token: str, place: int, form: Any) -> Any:
    """The header (0) or the payload (1) of a token that is not verified; None if it is none."""
    text = token.split(".")[place]
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.json.decode(raw, type=form)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return None


def _verified(token: str, credential: Credential, now: int) -> dict[str, Any] | Sentence:
    """The claims, when the signature is made with one of the credential's keys that count now."""
    from joserfc import jwt
    from joserfc.errors import BadSignatureError, JoseError

    alg = credential.alg
    for text in (credential.key, credential.previous):
        if not text:
            continue
        try:
            claims: dict[str, Any] = jwt.decode(token, _key(alg, text), registry=_only(alg)).claims
        except BadSignatureError:
            continue
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            return _malformed(str(getattr(error, "description", "")) or type(error).__name__)
        old = text is credential.previous and now >= credential.previous_until
        return Sentence("token_rotated") if old else claims
    named = _part(token, 1, _Named)  # not believed: it only makes the reason plainer
    if named is not None and named.appId != credential.client_id:
        return Sentence("token_wrong_app", {"found": named.appId[:60]})
    return Sentence("token_wrong_signature")


def _in_time(
    claims: dict[str, Any], now: int, about: Mapping[str, str]
) -> dict[str, Any] | Sentence:
    for name in ("exp", "nbf"):
        if name in claims and not _is_time(claims[name]):
            return _about(_malformed(f"its {name} is not a number of seconds"), about)
    if not isinstance(claims.get("jti", ""), str):
        return _about(_malformed("its jti is not a text"), about)
    seconds = now / 1000
    if "exp" in claims and claims["exp"] + LEEWAY_S <= seconds:
        return Sentence("token_expired", {**about, "seconds": round(seconds - claims["exp"])})
    if "nbf" in claims and claims["nbf"] - LEEWAY_S > seconds:
        return Sentence("token_not_yet", {**about, "seconds": round(claims["nbf"] - seconds)})
    return claims


def _is_time(value: Any) -> bool:
    """NaN would never expire, and a whole number may be too large for a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e15 and math.isfinite(value)
