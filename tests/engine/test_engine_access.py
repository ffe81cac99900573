"""Who may call a webhook: an associated app's token, a secret in the URL, a list of addresses; and
exactly the answers that Gupshup is promised."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from dragoman.agents.contract import Turn
from dragoman.domain.clock import FixedClock
from dragoman.domain.sentences import SentenceError
from dragoman.partners.contract import Hook, HookAnswer
from world import STREAM, World, running

NUMBER, PERSON = "918800000000", "919900000001"
VALUES = {"number": NUMBER, "waba_id": "200000000000001", "password": "TESTPASSWORD"}
HOUR_MS = 3_600_000
NO_TOKEN = (401, b"Access token not found")
WRONG_TOKEN = (401, b"Invalid access")
BROKEN = (500, b"Internal Server Error")
KEPT = (200, b"")


async def hush(turn: Turn) -> None:
    """Says nothing, so that nothing has to be sent."""


def said(text: str = "Hello", **changes: Any) -> dict[str, Any]:
    body = {
        "waNumber": NUMBER, "mobile": PERSON, "name": "Asha", "type": "text",
        "timestamp": str(int(time.time() * 1000)), "text": text,
    }  # fmt: skip
    return {k: v for k, v in {**body, **changes}.items() if v is not None}


class Door:
    """A Gupshup channel with a credential, and what its webhook address answers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client_id = self.secret = ""

    async def post(
        self, body: Any, token: str | None = None, *, peer: str = "203.0.113.7",
        query: tuple[tuple[str, str], ...] = (), stream: str = STREAM,
    ) -> tuple[int, bytes]:  # fmt: skip
        headers = {"content-type": "application/json"}
        if token is not None:
            headers["authorization"] = token
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        hook = Hook("POST", f"/hooks/gupshup/{stream}", query, headers, data, peer)
        answer: HookAnswer = await self.world.app.intake.receive("gupshup", stream, hook)
        return answer.status, answer.body

    async def make(self, name: str = "webhooks", alg: str = "HS256", **more: Any) -> dict[str, Any]:
        done = await self.world.command("credential.create", credential=name, alg=alg, **more)
        self.client_id, self.secret = done["client_id"], done.get("secret", "")
        return done

    async def associate(self, client_id: str | None = None) -> None:
        chosen = {"associated": client_id or self.client_id}
        await self.world.command("channel.set", switches=chosen)
        await self.world.command("app.publish")

    def signed(self, alg: str = "HS256", key: Any = None, **claims: Any) -> str:
        told = {"appId": self.client_id, **claims}
        told = {k: v for k, v in told.items() if v is not None}
        return jwt.encode({"alg": alg}, told, key or OctKey.import_key(self.secret), [alg])

    async def reasons(self) -> list[str]:
        rows = await self.world.rows("SELECT reason FROM refused ORDER BY id")
        return [json.loads(reason)["id"] for (reason,) in rows]


@contextlib.asynccontextmanager
async def opened(home: Path, *, associated: bool = True, **more: Any) -> AsyncIterator[Door]:
    async with running(home, hush, **more) as world:
        await world.command("channel.set", partner="gupshup", values=VALUES)
        await world.command("channel.enable")
        await world.command("app.publish")
        door = Door(world)
        if associated:
            await door.make()
            await door.associate()
        yield door


# --- the table of answers ------------------------------------------------------------------------


async def test_gupshup_hears_exactly_what_it_was_promised(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        good = door.signed()
        assert await door.post(said()) == NO_TOKEN
        assert await door.post(said(), "") == NO_TOKEN
        assert await door.post(said(), "Bearer ") == NO_TOKEN
        assert await door.post(said(), "nonsense") == WRONG_TOKEN
        assert await door.post(b"", good) == BROKEN
        assert await door.post(b"{", good) == BROKEN
        assert await door.post(said(), good, stream="st-nobody") == BROKEN
        assert await door.post(said(mobile=None), good) == BROKEN
        assert await door.post(said(mobile=""), good) == KEPT
        assert await door.post(said("first"), good) == KEPT
        assert await door.post(said("second"), f"Bearer {good}") == KEPT
        assert await door.post(said("third"), f"bearer  {good}") == KEPT
        await door.world.quiet()
        kept = await door.world.rows("SELECT content FROM message WHERE direction=0 ORDER BY id")
        assert [json.loads(c)["text"] for (c,) in kept] == ["first", "second", "third"]
        # What could not be read is kept raw where app and sender are known, with the reason.
        bodies = [bytes(b) for (b,) in await door.world.rows("SELECT body FROM hook ORDER BY id")]
        assert b"" in bodies and b"{" in bodies
        assert json.dumps(said(mobile=None))[:40].encode() in b"".join(bodies)
        assert len(await door.world.rows("SELECT id FROM rejected")) == 4
        assert await door.reasons() == ["access_no_token"] * 3 + ["token_malformed"]


async def test_a_delivery_report_needs_no_mobile(tmp_path: Path) -> None:
    report = {
        "externalId": "3a50000000000000000-112233",
        "eventType": "DELIVERED",
        "eventTs": int(time.time() * 1000),
        "destAddr": PERSON,
        "srcAddr": "TESTIN",
        "cause": "SUCCESS",
        "errorCode": "000",
        "channel": "WHATSAPP",
    }
    async with opened(tmp_path) as door:
        body = {"response": json.dumps([report])}
        assert await door.post(body, door.signed()) == KEPT
        assert await door.world.rows("SELECT status FROM report") == [("delivered",)]


# --- tokens --------------------------------------------------------------------------------------


async def test_a_token_is_the_associated_apps_or_it_is_none(tmp_path: Path) -> None:
    async with opened(tmp_path, clock=FixedClock(int(time.time() * 1000))) as door:
        now = door.world.clock.now() // 1000
        header = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
        payload = base64.urlsafe_b64encode(json.dumps({"appId": door.client_id}).encode()).decode()
        other_key = OctKey.import_key("x" * 64)
        wrong = {
            "alg none": (f"{header}.{payload.rstrip('=')}.", "token_wrong_alg"),
            "HS512 for HS256": (door.signed("HS512"), "token_wrong_alg"),
            "another key": (door.signed(key=other_key), "token_wrong_signature"),
            "another app": (door.signed(appId="cs-other"), "token_wrong_app"),
            "no appId": (door.signed(appId=None), "token_wrong_app"),
            "expired": (door.signed(exp=now - 61), "token_expired"),
            "not yet": (door.signed(nbf=now + 61), "token_not_yet"),
            "exp no number": (door.signed(exp="soon"), "token_malformed"),
            "jti no text": (door.signed(jti=7), "token_malformed"),
            "two parts": ("a.b", "token_malformed"),
            "too long": ("a." * 5000, "token_malformed"),
        }
        for name, (token, reason) in wrong.items():
            assert await door.post(said(name), token) == WRONG_TOKEN, name
            assert (await door.reasons())[-1] == reason, name
        good = {
            "no times": door.signed(),
            "in time": door.signed(exp=now + 60, nbf=now - 60),
            "just over": door.signed(exp=now - 59, nbf=now + 59),
            "more claims": door.signed(iss="them", sub=7),
        }
        for name, token in good.items():
            assert await door.post(said(name), token) == KEPT, name
        assert len(await door.world.rows("SELECT id FROM message")) == len(good)


async def test_a_public_key_does_not_become_a_secret(tmp_path: Path) -> None:
    """RS256 turned into HS256 with the public key as the secret: the old confusion."""
    async with opened(tmp_path, associated=False) as door:
        made = await door.make("pair", "RS256")
        await door.associate()
        private = RSAKey.import_key(made["private_key"])
        assert await door.post(said("a"), door.signed("RS256", private)) == KEPT
        public = private.as_pem(private=False)
        confused = door.signed("HS256", OctKey.import_key(base64.b64encode(public).decode()))
        assert await door.post(said("b"), confused) == WRONG_TOKEN
        assert (await door.reasons())[-1] == "token_wrong_alg"


async def test_a_token_that_names_itself_is_good_for_one_body(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        once, body = door.signed(jti="one"), said("once")
        assert await door.post(body, once) == KEPT
        assert await door.post(body, once) == KEPT  # delivered again
        assert await door.post(said("another"), once) == WRONG_TOKEN
        assert (await door.reasons())[-1] == "access_replayed"
        assert await door.post(said("fresh"), door.signed(jti="two")) == KEPT
        texts = await door.world.rows("SELECT content FROM message WHERE direction=0 ORDER BY id")
        assert [json.loads(c)["text"] for (c,) in texts] == ["once", "fresh"]


async def test_a_body_that_is_not_kept_does_not_spend_its_token(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        token = door.signed(jti="spent")
        assert await door.post(b"{", token) == BROKEN
        assert await door.post(b"{", token) == BROKEN
        assert len(await door.world.rows("SELECT id FROM message")) == 0


async def test_the_header_for_pasting_lasts(tmp_path: Path) -> None:
    async with opened(tmp_path, clock=FixedClock(int(time.time() * 1000))) as door:
        done = await door.world.command("credential.token", credential="webhooks")
        door.world.clock.move(400 * 24 * HOUR_MS)
        for text in ("a", "b"):
            assert await door.post(said(text), done["authorization"]) == KEPT


async def test_a_rotated_secret_is_good_until_the_overlap_ends(tmp_path: Path) -> None:
    async with opened(tmp_path, clock=FixedClock(int(time.time() * 1000))) as door:
        old = door.signed()
        done = await door.world.command(
            "credential.rotate", credential="webhooks", overlap_ms=HOUR_MS
        )
        door.secret = done["secret"]
        assert await door.post(said("old"), old) == KEPT
        assert await door.post(said("new"), door.signed()) == KEPT
        door.world.clock.move(HOUR_MS)
        assert await door.post(said("late"), old) == WRONG_TOKEN
        assert (await door.reasons())[-1] == "token_rotated"
        assert await door.post(said("new still"), door.signed()) == KEPT


async def test_the_selected_credential_is_not_deleted(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        command = door.world.command
        with pytest.raises(SentenceError) as refused:
            await command("credential.delete", credential="webhooks")
        assert refused.value.sentence.id == "credential_selected"
        await command("channel.set", switches={"associated": "none"})
        with pytest.raises(SentenceError):  # the published copy still asks for it
            await command("credential.delete", credential="webhooks")
        await command("app.publish")
        await command("credential.delete", credential="webhooks")
        assert await door.post(said()) == KEPT


async def test_a_roll_back_never_revives_a_deleted_credential(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        command, token = door.world.command, door.signed()
        asking = (await command("app.versions"))["versions"][0]["version"]
        await command("channel.set", switches={"associated": "none"})
        await command("app.publish")
        await command("credential.delete", credential="webhooks")
        await command("app.rollback", version=asking)
        assert await door.post(said(), token) == WRONG_TOKEN
        assert await door.post(said()) == NO_TOKEN
        assert set(await door.reasons()) == {"access_credential_gone"}


async def test_a_secret_is_shown_once_and_stands_nowhere(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        shown = await door.world.command("credential.list")
        assert door.secret not in json.dumps(shown)
        audit = await door.world.rows("SELECT before,after FROM audit")
        assert door.secret not in str(audit)
        await door.post(said(), door.signed())
        await door.post(said(), "Bearer wrong-token-of-somebody")
        both = "SELECT headers FROM refused UNION SELECT headers FROM hook"
        headers = await door.world.rows(both)
        assert "wrong-token" not in str(headers) and "authorization" not in str(headers).lower()
        sealed = await door.world.rows("SELECT sealed FROM credential")
        assert door.secret.encode() not in bytes(sealed[0][0])


# --- the other guards ----------------------------------------------------------------------------


async def test_nothing_guards_it_and_every_surface_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path, associated=False) as door:
        told = (await door.world.command("channel.show"))["unguarded"]
        assert told.startswith("Nothing authenticates the webhooks of this channel")
        assert "--url-secret new" in told and "--allow-ip" in told and "--associate" in told
        await door.world.command("channel.set", switches={"allow_ips": ["203.0.113.0/24"]})
        assert (await door.world.command("channel.show"))["unguarded"] == ""


async def test_a_secret_in_the_url(tmp_path: Path) -> None:
    async with opened(tmp_path, associated=False) as door:
        done = await door.world.command("channel.set", switches={"url_secret": "new"})
        await door.world.command("app.publish")
        key = done["url_key"]
        assert len(key) == 32
        assert await door.post(said("a"), query=(("key", key),)) == KEPT
        assert await door.post(said("b")) == WRONG_TOKEN
        assert await door.post(said("c"), query=(("key", key + "x"),)) == WRONG_TOKEN
        assert await door.reasons() == ["access_key_none", "access_key_wrong"]
        assert key not in json.dumps(await door.world.command("channel.show"))


async def test_a_list_of_addresses(tmp_path: Path) -> None:
    async with opened(tmp_path, associated=False) as door:
        listed = ["203.0.113.0/24", "2001:db8::/32"]
        await door.world.command("channel.set", switches={"allow_ips": listed})
        await door.world.command("app.publish")
        for peer in ("203.0.113.7", "::ffff:203.0.113.9", "2001:db8::1"):
            assert await door.post(said(peer), peer=peer) == KEPT, peer
        for peer in ("198.51.100.1", "2001:db9::1", "", "unix"):
            assert await door.post(said(peer), peer=peer) == WRONG_TOKEN, peer


async def test_either_copy_lets_a_webhook_in_and_which_is_recorded(tmp_path: Path) -> None:
    """Whoever changes the secret gives the partner the new one before publishing."""
    async with opened(tmp_path) as door:
        published = door.signed()
        await door.make("next")
        await door.world.command("channel.set", switches={"associated": door.client_id})
        assert await door.post(said("by the published"), published) == KEPT
        assert await door.post(said("by the draft"), door.signed()) == KEPT
        notes = await door.world.rows("SELECT note FROM hook ORDER BY id")
        assert [note for (note,) in notes] == ["", "draft"]


async def test_meta_signs_so_no_app_is_associated_there(tmp_path: Path) -> None:
    async with running(tmp_path, hush) as world:
        door = Door(world)
        await door.make()
        with pytest.raises(SentenceError) as refused:
            await world.command("channel.set", switches={"associated": door.client_id})
        assert refused.value.sentence.id == "associate_not_offered"


async def test_a_draft_that_asks_for_nothing_opens_nothing_that_is_live(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        await door.world.command("channel.set", switches={"associated": "none"})
        assert await door.post(said()) == NO_TOKEN
        assert await door.post(said(), "wrong") == WRONG_TOKEN
        assert await door.post(said(), door.signed()) == KEPT
        await door.world.command("app.publish")
        assert await door.post(said("open now")) == KEPT


async def test_an_unpublished_tick_does_not_open_a_signed_channel(tmp_path: Path) -> None:
    async with running(tmp_path, hush) as world:
        await world.command("channel.set", values={"allow_unsigned": True})
        hook = Hook("POST", f"/hooks/cloud-api/{STREAM}", headers={}, body=b"{}")
        assert (await world.app.intake.receive("cloud-api", STREAM, hook)).status == 401
        shown = await world.command("channel.show")
        assert shown["unguarded"].startswith("Nothing authenticates the webhooks")
