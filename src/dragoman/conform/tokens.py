"""Checks of the token that an associated app's webhooks must carry (a JWT in `Authorization`).

Wrong tokens are made here by hand, letter by letter: a library would refuse to make most of them.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from dragoman.emulators.kit import Post
from dragoman.engine import keys
from dragoman.partners.contract import Outcome

from .bench import Bench, expect
from .bodies import like
from .door import Door, headed

_HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
_count = itertools.count(1)
HOUR_MS = 3_600_000


class Signer(msgspec.Struct):
    """An app's credential as whoever signs has it. `key`: a secret, or the private key in PEM."""

    name: str
    client_id: str
    alg: str
    key: str
    ready: str  # the header that is handed out with it

    def token(self, alg: str = "", key: bytes | None = None, **claims: Any) -> str:
        """A token with HMAC; a claim of None is left out."""
        told = {"appId": self.client_id, **claims}
        told = {name: value for name, value in told.items() if value is not None}
        return forged({"alg": alg or self.alg, "typ": "JWT"}, told, key or self.key.encode())


def forged(head: dict[str, Any], claims: dict[str, Any], key: bytes) -> str:
    """A token with any head; signed where its algorithm is one of HMAC's."""
    parts = ".".join(_part(json.dumps(one).encode()) for one in (head, claims))
    made = _HASHES.get(str(head.get("alg")))
    return f"{parts}.{_part(hmac.digest(key, parts.encode(), made)) if made else ''}"


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Guarded:
    """A channel whose webhooks need a token of `signer`."""

    def __init__(self, bench: Bench, door: Door, signer: Signer) -> None:
        self._bench, self.door, self.signer = bench, door, signer

    def post(self, token: str | None, of: Post | None = None) -> Post:
        if token:
            self._bench.product.tokens.add(token.removeprefix("Bearer "))
        return headed(of or self.door.post(), {"Authorization": token})

    async def takes(self, what: str, token: str) -> None:
        await self.door.takes(what, self.post(token))

    async def refuses(self, what: str, token: str | None, outcome: Outcome) -> None:
        answer = self._bench.answer(outcome)
        await self.door.refuses(what, self.post(token), answer)

    async def wrong(self, what: str, token: str) -> None:
        await self.refuses(what, token, Outcome.WRONG_TOKEN)


async def credential(bench: Bench, alg: str = "HS256", app: str = "") -> Signer:
    """A new credential of the channel's app, or of another app."""
    name = f"conform {next(_count)}"
    args: dict[str, Any] = {"credential": name, "alg": alg, **({"name": app} if app else {})}
    made = await bench.product.command("credential.create", **args)
    key = made.get("secret") or made["private_key"]
    bench.product.secrets.add(key)
    bench.product.tokens.add(made["authorization"].removeprefix("Bearer "))
    return Signer(name, made["client_id"], alg, key, made["authorization"])


@contextlib.asynccontextmanager
async def associated(bench: Bench, alg: str = "HS256") -> AsyncIterator[Guarded]:
    signer, door = await credential(bench, alg), await Door.of(bench)
    await bench.product.change(partner=bench.name, switches={"associated": signer.client_id})
    try:
        yield Guarded(bench, door, signer)
    finally:
        await bench.product.change(switches={"associated": "none"})


async def missing(bench: Bench) -> None:
    async with associated(bench) as at:
        for what, token in (
            ("no header", None),
            ("an empty header", ""),
            ("a bare word", "Bearer"),
        ):
            await at.refuses(what, token, Outcome.NO_TOKEN)


async def wrong(bench: Bench) -> None:
    async with associated(bench) as at:
        good = at.signer.token()
        head, claims, signature = good.split(".")
        tokens = {
            "a word that is no token": "nonsense",
            "two parts": f"{head}.{claims}",
            "four parts": good + ".more",
            "a token without its signature": f"{head}.{claims}.",
            "another signature": f"{head}.{claims}.{like(signature)}",
            "other claims under the signature": f"{head}.{_part(b'{}')}.{signature}",
            "another key": at.signer.token(key=b"x" * 64),
            "another algorithm with the same key": at.signer.token("HS512"),
            "letters that are not base64": "a\u00e9.b.c".encode().decode("latin-1"),
            "ten thousand letters": "a." * 5000 + "b",
            "a head that is no object": f"{_part(b'7')}.{claims}.{signature}",
            "no app at all": at.signer.token(appId=None),
            "a name and a password": "Basic " + base64.b64encode(b"name:password").decode(),
        }
        for what, token in tokens.items():
            await at.wrong(what, token)


async def good(bench: Bench) -> None:
    async with associated(bench) as at:
        token = at.signer.token()
        for text in (token, f"Bearer {token}", f"bearer   {token}", at.signer.ready):
            await at.takes("the app's token", text)
        await at.takes("a token with more in it", at.signer.token(iss="them", sub=7))
    async with associated(bench, "HS512") as at:
        await at.takes("a token of HS512", at.signer.token())
    async with associated(bench, "RS256") as at:
        await at.takes("a token of RS256", at.signer.ready)


async def alg_none(bench: Bench) -> None:
    for alg in ("HS256", "RS256"):
        async with associated(bench, alg) as at:
            claims = {"appId": at.signer.client_id}
            for word in ("none", "None", "NONE", "nOnE", "", None):
                unsigned = forged({"alg": word, "typ": "JWT"}, claims, b"")
                await at.wrong(f"a token with the algorithm {word!r}", unsigned)
                await at.wrong(f"one with {word!r} and a signature", unsigned + _part(b"x" * 32))
            await at.wrong("a token without an algorithm", forged({"typ": "JWT"}, claims, b""))


async def confused(bench: Bench) -> None:
    from cryptography.hazmat.primitives import serialization

    async with associated(bench, "RS256") as at:
        private = serialization.load_pem_private_key(at.signer.key.encode(), None)
        public = private.public_key()
        pem = public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        der = public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        for key in (pem, pem.strip(), base64.b64encode(pem), der, base64.b64encode(der)):
            for alg in ("HS256", "HS384", "HS512"):
                forgery = at.signer.token(alg, key)
                await at.wrong(f"{alg} made with the public key", forgery)
        await at.takes("a token of the key pair", at.signer.ready)


async def other_app(bench: Bench) -> None:
    name = f"Another app beside {bench.place}".replace("/", " ")
    await bench.product.command("app.create", name=name)
    theirs = await credential(bench, app=name)
    async with associated(bench) as at:
        await at.wrong("another app's own token", theirs.ready)
        await at.wrong("another app's id", at.signer.token(appId=theirs.client_id))
        await at.wrong("an id that there is not", at.signer.token(appId="cs-nobody"))
        await at.wrong("our id with another app's key", theirs.token(appId=at.signer.client_id))
        await at.takes("the app's own token", at.signer.ready)


async def times(bench: Bench) -> None:
    leeway = keys.LEEWAY_S
    async with associated(bench) as at:
        now = bench.emulator.clock.now() // 1000
        await at.wrong("a token whose time is over", at.signer.token(exp=now - leeway - 10))
        await at.wrong("a token that expired long ago", at.signer.token(exp=1))
        await at.wrong("a token for later", at.signer.token(nbf=now + leeway + 60))
        for value in ("soon", [now + 60], True, 1e400):
            await at.wrong("an end that is no time", at.signer.token(exp=value))
        await at.takes("a token in its time", at.signer.token(exp=now + 60, nbf=now - 60))


async def replayed(bench: Bench) -> None:
    async with associated(bench) as at:
        token = at.signer.token(jti=f"once at {bench.place}")
        first = at.post(token)
        for _ in range(3):
            await at.door.takes("the same token with the same body", first)
        kept = await bench.product.rows("SELECT count(*) FROM hook WHERE body=?", first.body)
        expect("how often the body is kept", [(1,)], kept)
        await at.wrong("the same token with another body", token)
        await at.takes("another token", at.signer.token(jti=f"twice at {bench.place}"))
        await at.wrong("a token that calls itself a number", at.signer.token(jti=7))


async def rotated(bench: Bench) -> None:
    async with associated(bench) as at:
        order: dict[str, Any] = {"credential": at.signer.name, "overlap_ms": HOUR_MS}
        made = await bench.product.command("credential.rotate", **order)
        old = at.signer
        new = msgspec.structs.replace(old, key=made["secret"], ready=made["authorization"])
        bench.product.secrets.add(new.key)
        await at.takes("the old secret within the overlap", old.token())
        await at.takes("the new secret", new.token())
        bench.product.emulated.clock.move(HOUR_MS)
        await at.wrong("the old secret after the overlap", old.token())
        await at.takes("the new secret after the overlap", new.token())
