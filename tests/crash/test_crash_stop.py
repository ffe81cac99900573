"""A graceful stop, one server for one file, and an operator beside a running server."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys

import pytest
from tests.crash.child import ROOT, Child
from tests.crash.crash_world import free_port
from tests.crash.run import Rounds, stage

pytestmark = pytest.mark.full  # several processes a test


async def dragoman(*args: str) -> tuple[int, str, str]:
    """The command line, run as a person runs it: exit status, output, errors."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("DRAGOMAN_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dragoman", *args,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=env, cwd=ROOT,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, out.decode(), err.decode()


async def _running(rounds: Rounds) -> Child:
    child = rounds.child = Child(rounds.home, rounds.world.server_port)
    await child.start()
    assert await child.ready(), rounds.log()
    return child


async def test_a_stop_under_load_loses_nothing_and_forgets_no_half_sent_message() -> None:
    async with stage(11) as rounds:
        rounds.world.fault("slow", 2)  # two calls are on the wire when the stop comes
        rounds.world.emulator.faults.all["slow"].value = 400
        child = await _running(rounds)
        rounds.load.start()
        await asyncio.sleep(0.5)
        assert await child.end(signal.SIGTERM) == 0
        path = rounds.settings.database_url.removeprefix("sqlite:///")
        with sqlite3.connect(path) as database:
            left = database.execute(
                """SELECT (SELECT count(*) FROM outbox WHERE state<>0),
                (SELECT count(*) FROM message WHERE doubt<>0),
                (SELECT count(*) FROM conversation WHERE lease_owner IS NOT NULL),
                (SELECT count(*) FROM process)"""
            ).fetchone()
        database.close()
        assert left == (0, 0, 0, 0)
        verdict = await rounds.settle()
        assert verdict.wrong == []
        assert verdict.answered >= verdict.turns > 10
        assert verdict.doubt == verdict.echoed == 0


async def test_beside_a_running_server() -> None:
    async with stage(12) as rounds:
        child = await _running(rounds)
        home = str(rounds.home)

        # a second server on the same file is refused, and told which one is there
        status, _, errors = await dragoman("--home", home, "serve", "--port", str(free_port()))
        path = rounds.settings.database_url.removeprefix("sqlite:///")
        assert (status, errors.splitlines()[-1:]) == (
            1,
            [
                f"Another Dragoman server (dragoman on port {child.port}, process {child.pid}) "
                f"already uses {path}. Stop it first, or give this one another --home."
            ],
        )
        assert child.alive

        # a command's change is handed to the running server, which acts on it at once
        message = rounds.world.say("12025550113", 1)
        await asyncio.wait_for(rounds.world.answered[message].wait(), 5)
        assert (await dragoman("--home", home, "channel", "enable", "crash", "--off"))[0] == 0
        status, out, _ = await dragoman("--home", home, "app", "publish", "crash")
        assert (status, out) == (
            0,
            "Published crash as version 2. Its channel is switched off: messages are kept, "
            "not answered.\n",
        )
        message = rounds.world.say("12025550113", 2)
        await asyncio.wait_for(rounds.world.answered[message].wait(), 5)
        with sqlite3.connect(path) as database:
            rows = database.execute(
                "SELECT seq,answer FROM message WHERE direction=0 ORDER BY seq"
            ).fetchall()
        database.close()
        assert rows == [(1, 1), (2, 2)]
        assert await child.end(signal.SIGTERM) == 0
