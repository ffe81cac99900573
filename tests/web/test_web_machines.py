"""Metrics as Prometheus reads them, nonsense at the control door, and what lies beside an agent."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from yarl import URL

from world import NUMBER, SECRET, STREAM, TOKEN, World, running, served

pytestmark = pytest.mark.full  # whole ways, several processes or emulators

Client = aiohttp.ClientSession


@contextlib.asynccontextmanager
async def opened(home: Path) -> AsyncIterator[tuple[World, str, Client]]:
    async with running(home) as world, served(world.app) as base, aiohttp.ClientSession() as client:
        yield world, base, client


async def get(client: Client, url: str) -> tuple[int, bytes]:
    async with client.get(URL(url, encoded=True)) as answer:
        return answer.status, await answer.read()


async def test_metrics_parse_and_count_a_message(tmp_path: Path) -> None:
    async with opened(tmp_path) as (w, base, client):

        async def read() -> dict[tuple[str, ...], float]:
            """Our counters by name and label values."""
            async with client.get(base + "/metrics") as answer:
                assert answer.status == 200
                assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
                text = await answer.text()
            return {
                (s.name, *(v for _, v in sorted(s.labels.items(), reverse=True))): s.value
                for family in text_string_to_metric_families(text)
                for s in family.samples
                if s.name.startswith("dragoman") and s.name.endswith("_total")
            }

        before = await read()
        await w.say("चाय")
        await w.quiet()
        risen = {key: n - before.get(key, 0) for key, n in (await read()).items()}
        told = {key[1:]: n for key, n in risen.items() if n and len(key) > 1}
        assert told == {
            ("cloud-api", "kept"): 1, ("cloud-api", "text"): 1, ("answered",): 1,
            ("cloud-api", "accepted"): 1,
        }  # fmt: skip


@pytest.mark.parametrize(("command", "body", "status"), [
    ("channel.show", '{"name": "nobody"}', 422), ("no.such", "{}", 422),
    ("channel.show", "[]", 400), ("channel.show", "{", 400), ("channel.show", "{}", 422),
    ("app.rollback", '{"name": "world", "version": "x"}', 422),
    ("app.set", '{"name": "world", "debounce_ms": "soon"}', 422),
    ("doubt.settle", '{"id": "out-!", "arrived": true}', 422),
])  # fmt: skip
async def test_what_the_control_door_says_to_nonsense(
    tmp_path: Path, command: str, body: str, status: int
) -> None:
    async with opened(tmp_path) as (w, base, client):
        headers = {"x-dragoman-control": w.app._token}
        async with client.post(f"{base}/_control/{command}", data=body, headers=headers) as answer:
            text = await answer.text()
            assert answer.status == status, text
        if status == 422:
            told = json.loads(text)
            assert set(told) == {"error", "text"}
            assert told["error"]["id"] != "unit_poisoned"
        await w.say("still alive")
        await w.quiet()
        assert w.graph.texts == ["still alive"]


async def test_a_channel_is_shown_without_its_secrets(tmp_path: Path) -> None:
    async with opened(tmp_path) as (w, base, client):
        headers, args = {"x-dragoman-control": w.app._token}, '{"name": "world"}'
        url = f"{base}/_control/channel.show"
        async with client.post(url, data=args, headers=headers) as answer:
            shown = await answer.text()
        assert json.loads(shown)["numbers"] == ["106540352242922", "106540352242933"]
        assert TOKEN not in shown
        assert SECRET not in shown


OUTSIDE = (
    "../world_agent.py", "..%2Fworld_agent.py", "%2e%2e/world_agent.py", "..%5Cworld_agent.py",
    "%2e%2e%2fworld_agent.py", ".hidden", "deep/file.txt", "deep%2Ffile.txt", "deep", "..",
    "%2e%2e", "link.txt", "nothing.png", "", "%00", "chai.png%00", "chai.png/more",
    "/etc/passwd", "%2Fetc%2Fpasswd", "....//world_agent.py", "a" * 5000,
)  # fmt: skip


async def test_nothing_but_the_files_beside_an_agent_is_served(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, base, client):
        media = tmp_path / "media"
        (media / "deep").mkdir(parents=True)
        (media / "chai.png").write_bytes(b"\x89PNG picture")
        (media / "चाय.txt").write_text("tea")
        (media / ".hidden").write_text("hidden")
        (media / "deep" / "file.txt").write_text("deep")
        (tmp_path / "secret.txt").write_text("secret")
        (media / "link.txt").symlink_to(tmp_path / "secret.txt")
        root = f"{base}/assets/{STREAM}"
        async with client.get(f"{root}/chai.png") as answer:
            assert (answer.status, await answer.read()) == (200, b"\x89PNG picture")
            assert answer.headers["content-type"] == "image/png"
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert (await get(client, f"{root}/%E0%A4%9A%E0%A4%BE%E0%A4%AF.txt"))[1] == b"tea"
        for path in OUTSIDE:
            assert await get(client, f"{root}/{path}") == (404, b"Not Found"), path
        assert await get(client, f"{base}/assets/st-nobody/chai.png") == (404, b"Not Found")
        async with client.post(f"{root}/chai.png") as answer:
            assert answer.status == 404
        async with client.head(f"{root}/chai.png") as answer:
            assert (answer.status, answer.headers["content-length"]) == (200, "12")


async def test_no_secret_is_in_the_database_after_every_door(tmp_path: Path) -> None:
    async with opened(tmp_path) as (w, base, client):
        token = (await w.command("channel.show"))["verify_token"]
        query = f"?hub.mode=subscribe&hub.challenge=1&hub.verify_token={token}x"
        assert (await get(client, f"{base}/hooks/cloud-api/{STREAM}{query}"))[0] == 403
        headers = {"Authorization": "Bearer not-to-be-kept", "X-Hub-Signature-256": "not-kept"}
        url = f"{base}/hooks/cloud-api/{STREAM}"
        async with client.post(url, data=b"{}", headers=headers) as answer:
            assert answer.status == 401
        await w.say("hi")
        await w.quiet()
        control = w.app._token
        await w.app.stop()
        held = (tmp_path / "dragoman.db").read_bytes()
        assert NUMBER.encode() in held
        for secret in (TOKEN, SECRET, token + "x", "not-to-be-kept", "not-kept", control):
            assert secret.encode() not in held
