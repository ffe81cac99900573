"""`kill -9` in the middle of a notification to many: each recipient gets exactly one message.

The request, too, is made again and again, because its caller never knows whether it was taken: with
a token that names itself it is one job.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import signal
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from tests.crash.aims import UNREAD, UNSTORED
from tests.crash.child import Child
from tests.crash.crash_world import STREAM, World
from tests.crash.run import prepare

from dragoman.cli.common import change
from dragoman.domain.clock import id_text
from dragoman.engine.references import our_reference
from dragoman.settings import Settings
from dragoman.store.store import reader

pytestmark = pytest.mark.full  # whole ways, several processes or emulators

PEOPLE = [f"1202555{i:04}" for i in range(1000, 1240)]
TEMPLATE = {"kind": "template", "name": "hello_world", "language": "en_US"}
BODY = json.dumps(
    {
        "channel": "whatsapp",
        "message": {"type": "template", "value": TEMPLATE},
        "identities": [{"phoneNumber": phone} for phone in PEOPLE],
    }
)
SENT = "Notification has been sent successfully"
AT_SEND, RANDOM = "call sent, killed by Graph", "at random"
LIVES = (RANDOM, UNREAD, AT_SEND, UNSTORED, RANDOM, AT_SEND, UNREAD, RANDOM)


class Caller:
    """A program that wants everybody to be told once, and does not give up."""

    def __init__(self, world: World, token: str, client: aiohttp.ClientSession) -> None:
        self.base = f"http://127.0.0.1:{world.server_port}/api/public/bot/{STREAM}"
        self._headers = {"auth": token}
        self._client = client
        self.jobs: set[str] = set()

    async def ask(self) -> None:
        """The same request once more; nobody may be there, or die while it is taken."""
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async with self._client.post(
                f"{self.base}/notifyV2", data=BODY, headers=self._headers
            ) as answer:
                told = await answer.json()
                assert answer.status == 200, told
                self.jobs.add(told["_id"])

    async def status(self) -> dict[str, Any]:
        (job,) = self.jobs
        async with self._client.get(
            f"{self.base}/notifyV2/status/{job}", headers=self._headers
        ) as answer:
            assert answer.status == 200
            return dict(await answer.json())


def furnish(home: Path, world: World, database_url: str) -> tuple[Settings, str]:
    """The app, with notifications on, and a token of its own making that names itself."""
    settings = prepare(home, world, database_url)
    path = home / "dragoman.toml"
    path.write_text(path.read_text("utf-8") + "concurrency = 32\n", "utf-8")
    name = {"who": "test", "name": "crash"}
    change(settings, "channel.set", {**name, "values": {}, "switches": {"proactive": True}})
    change(settings, "app.publish", name)
    made = change(settings, "credential.create", {**name, "credential": "caller"})
    claims = {"appId": made["client_id"], "jti": "the one request"}
    key = OctKey.import_key(made["secret"])
    return settings, jwt.encode({"alg": "HS256"}, claims, key, ["HS256"])


async def live_and_die(home: Path, world: World, caller: Caller, aim: str) -> None:
    """One life of the server: it is asked, it sends, it is killed."""
    inside = aim if aim in (UNREAD, UNSTORED) else ""
    child = Child(home, world.server_port, inside, world.pick.randint(1, 12))
    await child.start()
    if await child.ready():
        if aim == AT_SEND:
            world.kill_at_send = (world.pick.randint(1, 30), child.pid)
        asking = asyncio.create_task(caller.ask())
        await child.ended(world.pick.uniform(0.02, 0.5) if aim == RANDOM else 5)
        world.kill_at_send = None
        await child.end(signal.SIGKILL)
        await asking
    await child.end(signal.SIGKILL)


async def many_are_told_once(
    home: Path, database_url: str, seed: int, lives: Sequence[str] = LIVES
) -> None:
    """seed: of the moments at which the server is killed."""
    async with World(random.Random(seed)).open() as world, aiohttp.ClientSession() as client:
        settings, token = await asyncio.to_thread(furnish, home, world, database_url)
        caller = Caller(world, token, client)
        for aim in lives:
            await live_and_die(home, world, caller, aim)
        child = await Child(home, world.server_port).start()
        try:
            assert await child.ready()
            await caller.ask()
            assert len(caller.jobs) == 1
            end = await settled(world, settings, caller)
        finally:
            await child.end(signal.SIGTERM)
        assert Counter(call.to for call in world.calls) == dict.fromkeys(
            ["+" + phone for phone in PEOPLE], 1
        )
        assert {entry["comments"] for entry in end["statusLogs"]} == {SENT}
        assert end["status"] == "SUCCESS"
        assert [entry["originalId"] for entry in end["statusLogs"]] == PEOPLE


async def settled(world: World, settings: Settings, caller: Caller) -> dict[str, Any]:
    """How it went, when nothing is to be done any more. What Meta's echoes did not settle was
    claimed and never called, as the wire shows: a person has it sent again."""
    told = await quiet(world, settings, caller)
    for message_id in await asyncio.to_thread(doubts, settings):
        assert our_reference(message_id) not in {call.reference for call in world.calls}
        again = {"who": "test", "id": f"out-{id_text(message_id)}", "arrived": False}
        await asyncio.to_thread(change, settings, "doubt.settle", again)
        told = await quiet(world, settings, caller)
    return told


async def quiet(world: World, settings: Settings, caller: Caller) -> dict[str, Any]:
    """The status of the job once it is over and Meta has reported everything."""
    async with asyncio.timeout(120):
        while True:
            told = await caller.status()
            if told["status"] != "IN_PROGRESS" and not world.delivering:
                return await caller.status()
            await asyncio.sleep(0.25)  # the documented rate is 600 calls a minute


def doubts(settings: Settings) -> list[int]:
    tx: Any = reader(settings.database_url)
    try:
        return [row[0] for row in tx.run("SELECT id FROM message WHERE doubt=1 ORDER BY id")]
    finally:
        tx.close()


async def test_each_recipient_gets_exactly_one_message(tmp_path: Path) -> None:
    await many_are_told_once(tmp_path, "", 5, LIVES[:3])


@pytest.mark.full
async def test_each_recipient_gets_exactly_one_message_through_eight_kills(tmp_path: Path) -> None:
    await many_are_told_once(tmp_path, "", random.randrange(10**6))


@pytest.mark.full
async def test_each_recipient_gets_exactly_one_message_on_postgresql(
    tmp_path: Path, postgres_url: str
) -> None:
    await many_are_told_once(tmp_path, postgres_url, random.randrange(10**6))
