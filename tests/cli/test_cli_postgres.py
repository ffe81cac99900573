"""The commands that look, on PostgreSQL: the same questions, the same answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_desk import desk, still

from dragoman.domain.clock import id_text
from dragoman.store.queries import messages
from world import ASHA, DROP, World, running

pytestmark = pytest.mark.full

CUPS = """
from dragoman import Agent, Turn

agent = Agent()


@agent.otherwise
async def cup(turn: Turn) -> None:
    turn.reply(f"you said {turn.text}")
"""


async def texts(world: World, *args: str) -> list[str]:
    said = await desk(world.home, "log", "--json", *args, env=environment(world))
    assert (said.code, said.err) == (0, "")
    return [f"{line['direction']} {line['text']}" for line in said.json()]


def environment(world: World) -> dict[str, str]:
    return {"DATABASE_URL": world.app.settings.database_url}


async def test_all_commands(tmp_path: Path, postgres_url: str) -> None:
    path = tmp_path / "cups.py"
    path.write_text(CUPS)
    where = {"database_url": postgres_url}
    async with running(tmp_path, settings=where, setup={"agent": str(path)}) as world:
        wamid = await world.say("चाय")
        await world.until(lambda: world.graph.calls)
        await world.quiet()
        await world.report(world.graph.calls[0], "delivered")
        env = environment(world)
        both = ["in चाय", "out you said चाय"]
        assert await texts(world) == both
        assert await texts(world, "--conversation", ASHA) == both
        assert await texts(world, "--message", wamid) == both[:1]
        for word in messages.WORDS:
            expected = {"delivered": both[1:], "handled": both[:1]}.get(word, [])
            assert await texts(world, "--status", word) == expected
        told = await desk(tmp_path, "why", "last", "--raw", env=env)
        assert still(told.lines[1]).startswith("delivered: It reached +1 202 555 0142 SPAN after")
        hook = (await world.rows("SELECT id FROM hook ORDER BY id"))[0][0]
        told = await desk(tmp_path, "why", f"hook-{id_text(hook)}", env=env)
        assert told.lines[1] == "It brought 1 message."
        same = await desk(tmp_path, "replay", env=env)
        assert same.lines[-1] == "1 turn: 1 same, 0 different."

        world.graph.script(DROP)
        await world.say("doubtful")
        await world.until_rows("SELECT count(*) FROM message WHERE doubt=1", [(1,)])
        doubtful = (await desk(tmp_path, "doubt", "--all", "--json", env=env)).json()[0]["id"]
        done = await desk(tmp_path, "settle", doubtful, "--arrived", env=env)
        assert done.out == f"{doubtful} is settled: it arrived.\n"
    lines = (await desk(tmp_path, "doctor", env=env)).lines
    assert any(line.startswith("ok    database   postgresql://") for line in lines)
    assert "–     server     No server was seen within the last minute." in lines
