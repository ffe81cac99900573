"""App credentials, over HTTP: secrets shown once, and again for a password only."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from desk import OWNER, PASSWORD, Desk, desk

pytestmark = pytest.mark.full  # a program for each test

MAKE = {"credential": "Gupshup key", "alg": "HS256", "scopes": ["webhooks", "proactive"]}


async def app_page(d: Desk) -> str:
    made = await d.command("app.create", name="Parcel", agent="")
    return f"/apps/{made['stream_id']}/credentials"


def shown(html: str, id: str) -> str:
    found = re.search(rf'<output id="{id}"[^>]*><bdi dir="ltr">([^<]*)</bdi>', html)
    assert found is not None, f"{id} is not shown"
    return found[1]


async def audited(d: Desk, what: str) -> list[tuple[Any, ...]]:
    sql = "SELECT who,target,before,after FROM audit WHERE what=? ORDER BY id"
    return [tuple(row) for row in await d.app.store.read(lambda tx: tx.run(sql, (what,)))]


async def test_a_secret_is_shown_once(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        page = await app_page(d)
        assert "No credential yet" in (await d.get(page)).text
        made = await d.post(f"{page}/new", MAKE)
        assert made.status == 200 and made.headers["Cache-Control"] == "no-store"
        secret = shown(made.html, "secret")
        assert len(secret) >= 32 and "Location" not in made.headers
        assert shown(made.html, "authorization").startswith("Bearer ")
        listed = await d.get(page)
        assert "Gupshup key" in listed.text and "not asked for" in listed.text
        assert secret not in listed.html
        again = await d.post(f"{page}/new", MAKE)  # the page loaded again
        assert again.status == 422 and "has a credential named 'Gupshup key' already" in again.text


@pytest.mark.parametrize(
    ("change", "sentence", "kept"),
    [
        ({"credential": "<b>x</b>"}, "cannot name a credential", "&lt;b&gt;x&lt;/b&gt;"),
        ({"credential": ""}, "cannot name a credential", ""),
        ({"alg": "none"}, "'none' is no algorithm for a credential", "Gupshup key"),
        ({"scopes": []}, "tick at least one", "Gupshup key"),
        ({"scopes": ["root"]}, "'root' is no scope", "Gupshup key"),
        (
            {"public_key": "</textarea><script>x()</script>"},
            "Only RS256 has a public key",
            "Gupshup",
        ),
        (
            {"alg": "RS256", "public_key": "</textarea><script>x()"},
            "no public key in PEM",
            "Gupshup",
        ),
    ],
)
async def test_what_is_wrong_stands_at_its_field(
    tmp_path: Path, change: dict[str, Any], sentence: str, kept: str
) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        page = await app_page(d)
        said = await d.post(f"{page}/new", {**MAKE, **change})
        assert said.status == 422 and sentence in said.text
        assert kept in said.html and "<script>x" not in said.html and "<b>x" not in said.html
        assert "-wrong" in said.html


async def test_a_pair_is_made_and_only_its_public_half_kept(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        page = await app_page(d)
        made = await d.post(f"{page}/new", {**MAKE, "alg": "RS256"})
        assert "BEGIN PRIVATE KEY" in shown(made.html, "secret")
        assert "Show the header" not in (await d.get(page)).text
        client = shown(made.html, "client-id")
        await d.person("builder", OWNER)
        await d.sign_in()
        told = await d.post(f"{page}/{client}/header", {"password": PASSWORD})
        assert told.status == 422 and "the token is signed where the private key is" in told.text


async def test_a_rotation_leaves_the_old_one_for_a_while(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        page = await app_page(d)
        made = await d.post(f"{page}/new", MAKE)
        client, first = shown(made.html, "client-id"), shown(made.html, "secret")
        assert "1 day" in (await d.get(f"{page}/{client}/rotate")).text
        form = {"days": "7", "rotated_at": "0"}
        done = await d.post(f"{page}/{client}/rotate", form)
        assert shown(done.html, "secret") != first
        assert "The one before stays good until" in done.text
        assert "The one before is good until" in (await d.get(page)).text
        again = await d.post(f"{page}/{client}/rotate", form)  # the page loaded again
        assert again.status == 422 and "was made anew meanwhile" in again.text
        for days in ("", "2", "-1", "x"):
            said = await d.post(f"{page}/{client}/rotate", {"days": days})
            assert said.status == 422 and "Choose how long" in said.text
        assert "audit" and len(await audited(d, "credential.rotate")) == 1


async def test_one_that_the_channel_asks_for_stays(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        page = await app_page(d)
        client = shown((await d.post(f"{page}/new", MAKE)).html, "client-id")
        switches = {"associated": client}
        await d.command("channel.set", name="Parcel", partner="gupshup", switches=switches)
        assert "asked for by the channel in development" in (await d.get(page)).text
        assert "cannot be deleted yet" in (await d.get(f"{page}/{client}/delete")).text
        refused = await d.post(f"{page}/{client}/delete")
        assert refused.status == 422 and "asks webhooks for its token" in refused.text
        await d.command("channel.set", name="Parcel", switches={"associated": "none"})
        done = await d.post(f"{page}/{client}/delete")
        assert done.to == page
        assert "The credential Gupshup key is deleted" in (await d.get(page)).text
        gone = await d.get(f"{page}/{client}/rotate")
        assert gone.status == 422 and "has no credential" in gone.text


async def test_the_header_is_shown_for_the_password_and_written_down(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.person("builder", OWNER)
        await d.sign_in()
        page = await app_page(d)
        made = await d.post(f"{page}/new", MAKE)
        client, ready = shown(made.html, "client-id"), shown(made.html, "authorization")
        asked = await d.get(f"{page}/{client}/header")
        assert "Your password" in asked.text and "Bearer" not in asked.html
        wrong = await d.post(f"{page}/{client}/header", {"password": "wrong password"})
        assert wrong.status == 422 and "This is not your password" in wrong.text
        assert "Bearer" not in wrong.html and await audited(d, "credential.token") == []
        right = await d.post(f"{page}/{client}/header", {"password": PASSWORD})
        assert right.status == 200 and right.headers["Cache-Control"] == "no-store"
        assert shown(right.html, "authorization").startswith(ready[:20])
        assert shown(made.html, "secret") not in right.html
        assert await audited(d, "credential.token") == [(OWNER, "Gupshup key", None, client)]


async def test_guessing_is_slowed_down_with_signing_in(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.person("builder", OWNER)
        await d.sign_in()
        page = await app_page(d)
        client = shown((await d.post(f"{page}/new", MAKE)).html, "client-id")
        for _ in range(5):
            await d.post(f"{page}/{client}/header", {"password": "wrong password"})
        told = await d.post(f"{page}/{client}/header", {"password": PASSWORD})
        assert told.status == 422 and "Too many wrong passwords: wait 1" in told.text
        assert "Too many wrong passwords" in (await d.sign_in()).text


async def test_a_guest_is_shown_no_secret_again(tmp_path: Path) -> None:
    async with desk(tmp_path, guest=True) as d:
        page = await app_page(d)
        client = shown((await d.post(f"{page}/new", MAKE)).html, "client-id")
        asked = await d.get(f"{page}/{client}/header")
        assert "You are a guest without an account here" in asked.text
        refused = await d.post(f"{page}/{client}/header", {"password": ""})
        assert refused.status == 422 and "Bearer" not in refused.html


async def test_who_may(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        page = await app_page(d)
        args = {"name": "Parcel", "credential": "key"}
        client = (await d.command("credential.create", **args))["client_id"]
        await d.as_role("responder")
        seen = await d.get(page)
        assert (
            client in seen.html and "Rotate" not in seen.text and "New credential" not in seen.text
        )
        for path in ("new", f"{client}/rotate", f"{client}/delete", f"{client}/header"):
            assert (await d.get(f"{page}/{path}")).status == 403
            assert (await d.post(f"{page}/{path}", MAKE)).status == 403
        await d.as_role("owner")
        foreign = await d.post(f"{page}/{client}/delete", {}, Origin="https://evil.example")
        assert foreign.status == 403
