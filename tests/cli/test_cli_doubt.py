"""`dragoman doubt` and `dragoman settle`: beside a running server, and without one."""

from __future__ import annotations

import getpass
from pathlib import Path

from cli_desk import Said, child, desk, free_port, serving, still

from dragoman.domain.clock import id_text
from world import DROP, World, running

LINE = "TIME ▲ world  out-ID  in doubt      +1 202 555 0100 → +1 202 555 0142  text: hello — Unk"


async def doubtful(world: World) -> str:
    """A message in doubt; gives its id."""
    world.graph.script(DROP)
    await world.say("hello")
    await world.until_rows("SELECT count(*) FROM message WHERE doubt=1", [(1,)])
    id = (await world.rows("SELECT id FROM message WHERE doubt=1"))[0][0]
    return f"out-{id_text(id)}"


async def test_listed_after_a_while(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        assert await desk(tmp_path, "doubt", "--all") == Said(0, "Nothing is in doubt.\n", "")
        name = await doubtful(world)
        assert (await desk(tmp_path, "doubt")).out == (
            "1 in doubt, but not for long: they may still settle by themselves. "
            "See them with dragoman doubt --all.\n"
        )
        said = await desk(tmp_path, "doubt", "--all")
        assert said.lines[0].split()[3] == name
        assert still(said.lines[0]).startswith(LINE)
        assert said.lines[1:] == [
            "End each with: dragoman settle ID --arrived, or --send-again (may double it)."
        ]
        env = {"DRAGOMAN_DOUBT_LIST_MS": "0"}
        (line,) = (await desk(tmp_path, "doubt", "--json", env=env)).json()
        assert (line["id"], line["status"], line["since"][:2]) == (name, "in doubt", "20")


async def test_settled_by_the_running_server(tmp_path: Path) -> None:
    port = free_port()
    async with running(tmp_path, settings={"port": port}) as world:
        name = await doubtful(world)
        async with serving(world, port):
            said = await child(tmp_path, "settle", name, "--send-again")
        assert (said.code, said.err) == (0, "")
        assert still(said.out) == "out-ID is settled: it is sent again as out-ID.\n"
        await world.until(lambda: len(world.graph.calls) == 2)
        assert world.graph.texts == ["hello", "hello"]
        rows = await world.rows("SELECT who,what,after FROM audit WHERE what='doubt.settle'")
        assert rows == [(getpass.getuser(), "doubt.settle", "sent again")]


async def test_settled_without_a_server(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        name = await doubtful(world)
    assert await desk(tmp_path, "settle", name, "--arrived") == Said(
        0, f"{name} is settled: it arrived.\n", ""
    )
    told = await desk(tmp_path, "why", name)
    assert "accepted" in told.lines[1]
    assert f"it arrived, by {getpass.getuser()}" in told.out
    again = await desk(tmp_path, "settle", name, "--arrived")
    assert (again.code, again.out) == (1, "")
    ended = f"That doubt has ended already: arrived, by {getpass.getuser()}, "
    assert again.err.startswith(ended)
    never = await desk(tmp_path, "settle", "out-6YJH247DX401", "--arrived")
    sentence = "No message in doubt has this id. `dragoman doubt` lists those that have.\n"
    assert never == Said(1, "", sentence)


async def test_settled_wrongly(tmp_path: Path) -> None:
    async with running(tmp_path):
        pass
    how = "Say how it ended: --arrived (the person has it) or --send-again (it may double).\n"
    assert await desk(tmp_path, "settle", "out-1") == Said(1, "", how)
    assert await desk(tmp_path, "settle", "out-1", "--arrived", "--send-again") == Said(1, "", how)
    wrong = "'out-U!' is no message id. They look like out-7F3KQ2M0ZB4C1.\n"
    assert await desk(tmp_path, "settle", "out-U!", "--arrived") == Said(1, "", wrong)
