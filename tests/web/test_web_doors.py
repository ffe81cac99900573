"""The doors for machines beside the webhooks, over real HTTP: health, control, an agent's files."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from dragoman.store.lock import running_server
from world import SECRET, STREAM, World, body_of, running, served, sign, text_of, value

HOOK = f"/hooks/cloud-api/{STREAM}"
MAX = 3_145_728
NOT_FOUND = (404, "Not Found")
INVALID_SIGNATURE = (401, "Invalid signature")


class Door:
    """A client at the door of a running program."""

    def __init__(self, world: World, base: str, client: aiohttp.ClientSession) -> None:
        self.world = world
        self.base = base
        self.client = client

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, str]:
        async with self.client.request(
            method, URL(self.base + path, encoded=True), **more
        ) as answer:
            return answer.status, await answer.text()

    async def post(self, body: Any, path: str = HOOK, secret: str = SECRET) -> tuple[int, str]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.ask(
            "POST", path, data=data, headers={"X-Hub-Signature-256": sign(data, secret)}
        )

    def hello(self, text: str = "hello", **more: Any) -> dict[str, Any]:
        at = self.world.clock.now() // 1000
        return body_of(value(messages=[text_of(text, at=at, **more)]))


@contextlib.asynccontextmanager
async def opened(home: Path, **more: Any) -> AsyncIterator[Door]:
    async with (
        running(home, **more) as world,
        served(world.app) as base,
        aiohttp.ClientSession() as client,
    ):
        yield Door(world, base, client)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with opened(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    "path",
    [
        "/hooks/cloud-api/st-nobody",
        f"/hooks/nobody/{STREAM}",
        "/hooks/cloud-api",
        "/hooks/",
        f"{HOOK}/more",
        f"/hooks/cloud-api/{STREAM}%2F..",
        "/hooks/cloud-api/%00",
    ],
)
async def test_an_unknown_address_is_404_in_constant_text(door: Door, path: str) -> None:
    assert await door.post(door.hello(), path) == NOT_FOUND
    assert await door.ask("GET", path) == NOT_FOUND


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_not_allowed(door: Door, method: str) -> None:
    assert await door.ask(method, HOOK) == (405, "Method Not Allowed")


async def test_health_readiness_and_metrics(door: Door) -> None:
    assert await door.ask("GET", "/healthz") == (200, "ok")
    status, ready = await door.ask("GET", "/readyz")
    assert (status, json.loads(ready)) == (200, {"ready": True, "problems": []})
    await door.post(door.hello())
    await door.world.quiet()
    status, metrics = await door.ask("GET", "/metrics")
    assert status == 200
    assert 'outcome="kept"' in metrics and 'outcome="answered"' in metrics
    assert SECRET not in metrics


async def test_a_stopped_program_is_not_ready(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        await door.world.app.stop()
        status, ready = await door.ask("GET", "/readyz")
        assert status == 503
        told = {"ready": False, "problems": ["The program is starting or stopping."]}
        assert json.loads(ready) == told
        assert await door.ask("GET", "/healthz") == (200, "ok")
        assert (await door.post(door.hello()))[0] == 503  # not kept, so not 200


async def test_everything_else_is_a_page_that_says_so(door: Door) -> None:
    for path in ("/nothing", "/hook/cloud-api/x", "/metrics/", "/_controls/x", "/.env"):
        status, text = await door.ask("GET", path)
        assert status == 404 and "There is no page at this address." in text
        assert path not in text.replace(f"next={path}", "")


async def test_the_control_door_is_shut_without_its_token(door: Door) -> None:
    for headers in ({}, {"x-dragoman-control": ""}, {"x-dragoman-control": "é".encode().decode()}):
        answer = await door.ask("POST", "/_control/app.list", data=b"{}", headers=headers)
        assert answer == NOT_FOUND
    key = (running_server(door.world.home / "dragoman.db") or {})["token"]
    assert await door.ask(
        "GET", "/_control/app.list", headers={"x-dragoman-control": key}
    ) == NOT_FOUND  # fmt: skip


async def test_the_control_door_runs_commands_with_it(door: Door) -> None:
    key = {"x-dragoman-control": (running_server(door.world.home / "dragoman.db") or {})["token"]}
    status, said = await door.ask("POST", "/_control/app.list", data=b"{}", headers=key)
    (app,) = json.loads(said)["apps"]
    assert (status, app["name"], app["stream_id"]) == (200, "world", STREAM)
    assert SECRET not in said
    status, said = await door.ask(
        "POST", "/_control/app.publish", data=b'{"name":"nobody"}', headers=key
    )
    assert (status, json.loads(said)) == (
        422,
        {
            "error": {"id": "app_unknown", "args": {"name": "nobody", "known": "world"}},
            "text": "There is no app 'nobody'. Apps: world.",
        },
    )
    for wrong in (b"not json", b"[]", b"{}"):
        status, _ = await door.ask("POST", "/_control/app.publish", data=wrong, headers=key)
        assert status in (400, 422)


async def test_only_files_in_the_media_folder_are_served(door: Door) -> None:
    home = door.world.home
    (home / "media").mkdir()
    (home / "media" / "मेनू.txt").write_text("चाय")
    (home / "media" / ".hidden").write_text("no")
    (home / "media" / "out").symlink_to(home / "key")
    (home / "secret.txt").write_text("no")
    async with door.client.get(f"{door.base}/assets/{STREAM}/मेनू.txt") as answer:
        assert (answer.status, await answer.text()) == (200, "चाय")
        assert answer.headers["Content-Security-Policy"] == "sandbox"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for name in (
        "none.txt", ".hidden", "out", "..", "../secret.txt", "..%2Fsecret.txt", "%2e%2e/secret.txt",
        "..%5Csecret.txt", "%00", "a%00.txt", "%2Fetc%2Fpasswd", "", "media", "x/../../secret.txt",
    ):  # fmt: skip
        assert await door.ask("GET", f"/assets/{STREAM}/{name}") == NOT_FOUND, name
    assert await door.ask("GET", "/assets/st-nobody/मेनू.txt".replace("मेनू", "menu")) == NOT_FOUND
    assert await door.ask("POST", f"/assets/{STREAM}/out") == NOT_FOUND
