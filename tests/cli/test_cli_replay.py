"""`dragoman replay`: same and different answers, the context as it was, and nothing sent."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest
from cli_desk import Said, child, desk, still

from world import ASHA, BEN, World, body_of, running, text_of, value

pytestmark = pytest.mark.full  # several processes a test

CUPS = """
from dragoman import Agent, Turn

agent = Agent()


@agent.otherwise
async def cup(turn: Turn) -> None:
    turn.context["cups"] = turn.context.get("cups", 0) + 1
    turn.reply(f"cup {turn.context['cups']}: {turn.text}")
"""
GREEDY = CUPS.replace(
    "    turn.reply",
    """    try:
        await turn.http.get("http://127.0.0.1:PORT/called")
    except Exception as error:
        turn.reply(type(error).__name__)
    import socket
    try:
        socket.create_connection(("127.0.0.1", PORT))
    except PermissionError as error:
        turn.reply(str(error))
    turn.reply""",
)


def agent(home: Path, source: str = CUPS, name: str = "cups.py") -> str:
    home.mkdir(parents=True, exist_ok=True)
    path = home / name
    path.write_text(source)
    return str(path)


async def talk(world: World) -> None:
    """Asha writes twice, Ben once."""
    for text, phone in (("चाय", ASHA), ("तीन", ASHA), ("hello", BEN)):
        await world.say(text, phone)
        await world.quiet()


def state(home: Path) -> tuple[list[str], list[str]]:
    """What must not change: the files, and every row. (Pages may move from SQLite's log into the
    database at any time.)"""
    with contextlib.closing(sqlite3.connect(home / "dragoman.db")) as connection:
        rows = list(connection.iterdump())
    return sorted(f.name for f in home.rglob("*") if f.suffix != ".pyc"), rows


def tidy(said: Said) -> list[str]:
    assert said.err == ""
    return [" ".join(still(line).split()) for line in said.lines]


async def test_same_agent_same_answers(tmp_path: Path) -> None:
    path = agent(tmp_path)
    async with running(tmp_path, setup={"agent": path}) as world:
        await talk(world)
        sent = len(world.graph.calls)
        before = state(tmp_path)
        said = await child(tmp_path, "replay", "--exit-code")  # beside the running server
        assert said.code == 0
        assert tidy(said) == [
            f"Agent: {path} (published copy). Nothing is sent.",
            "TIME same in-ID चाय",
            "TIME same in-ID तीन",
            "TIME same in-ID hello",
            "3 turns: 3 same, 0 different.",
        ]
        assert state(tmp_path) == before
        # The last message alone: the context is put together from the turns before it.
        said = await desk(tmp_path, "replay", "-n", "2")
        assert tidy(said)[1:] == [
            "TIME same in-ID तीन",
            "TIME same in-ID hello",
            "2 turns: 2 same, 0 different.",
        ]
        assert len(world.graph.calls) == sent


async def test_links_lead_to_the_server_that_runs(tmp_path: Path) -> None:
    """It may listen on a port that this command was not told of."""
    linking = CUPS.replace("turn.reply(", "turn.reply(turn.assets_url + ")
    setup = {"agent": agent(tmp_path, linking)}
    async with running(tmp_path, setup=setup, settings={"port": 8499}) as world:
        await world.say("चाय", ASHA)
        await world.quiet()
        assert ":8499/" in world.graph.texts[0]
        said = await child(tmp_path, "replay")
        assert tidy(said)[-1] == "1 turn: 1 same, 0 different."


async def test_another_agent_and_nothing_sent(tmp_path: Path) -> None:
    """The agent tries the platform's HTTP, a socket of its own, and answers: no byte arrives."""
    arrived: list[bytes] = []

    async def listener(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.append(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(listener, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    path = agent(tmp_path)
    allow = {"DRAGOMAN_EGRESS_ALLOW": "127.0.0.1"}
    async with running(tmp_path, setup={"agent": path}) as world:
        await world.say("tea")
        await world.quiet()
        world.graph.calls.clear()
        greedy = agent(tmp_path, GREEDY.replace("PORT", str(port)), "greedy.py")
        said = await child(tmp_path, "replay", "--file", greedy, "--exit-code", **allow)
        assert said.code == 1
        assert tidy(said) == [
            f"Agent: {greedy} (this file). Nothing is sent.",
            "TIME different in-ID tea",
            "+ text: HttpFailed",
            "+ text: A connection was refused, because egress is shut during a replay.",
            "text: cup 1: tea",
            "1 turn: 0 same, 1 different.",
        ]
        assert world.graph.calls == []
        assert world.graph.signals == []
    server.close()
    assert arrived == []


async def test_script_crash_and_silence(tmp_path: Path) -> None:
    path = agent(tmp_path)
    async with running(tmp_path, setup={"agent": path}) as world:
        await world.say("tea")
        await world.quiet()
        script = agent(tmp_path, 'print("שלום from a script");', "hello.js")
        said = await desk(tmp_path, "replay", "--file", script)
        assert tidy(said)[1:] == [
            "TIME different in-ID tea",
            "- text: cup 1: tea",
            "+ \u2068text: שלום from a script\u2069",
            "1 turn: 0 same, 1 different.",
        ]
        crash = agent(tmp_path, CUPS.replace("turn.reply(f", "raise ValueError(f"), "crash.py")
        said = await desk(tmp_path, "replay", "--file", crash)
        lines = tidy(said)
        assert lines[1] == "TIME different in-ID tea"
        assert lines[2].startswith("now: The agent crashed 1 times on these messages")
        assert "ValueError: cup 1: tea" in lines[2]


async def test_draft_against_published(tmp_path: Path) -> None:
    path = agent(tmp_path)
    async with running(tmp_path, setup={"agent": path}) as world:
        await world.say("tea")
        await world.quiet()
        newer = agent(tmp_path, CUPS.replace("cup {", "glass {"), "newer.py")
        await world.command("app.set", agent=newer)
        assert tidy(await desk(tmp_path, "replay"))[-1] == "1 turn: 1 same, 0 different."
        said = await desk(tmp_path, "replay", "--draft")
        assert tidy(said) == [
            f"Agent: {newer} (in-development copy). Nothing is sent.",
            "TIME different in-ID tea",
            "- text: cup 1: tea",
            "+ text: glass 1: tea",
            "1 turn: 0 same, 1 different.",
        ]


async def test_what_was_not_answered_and_batches(tmp_path: Path) -> None:
    path = agent(tmp_path)
    async with running(tmp_path, setup={"agent": path}) as world:
        at = world.clock.now() // 1000
        both = [text_of("one", at=at), text_of("two", at=at)]
        await world.post(body_of(value(messages=both)))  # one turn over two messages
        await world.quiet()
        await world.post(body_of(value(messages=both)))  # again: nothing new
        await world.command("channel.enable", on=False)
        await world.command("app.publish")
        await world.say("anybody", BEN)
        said = await desk(tmp_path, "replay")
        lines = tidy(said)
        assert lines[1] == "TIME same in-ID, in-ID one / two"
        assert lines[2] == "TIME different in-ID anybody"
        assert lines[3].startswith("then: The channel is switched off in the published copy")
        assert lines[4:] == ["+ text: cup 1: anybody", "2 turns: 1 same, 1 different."]


async def test_asked_wrong(tmp_path: Path) -> None:
    path = agent(tmp_path)
    async with running(tmp_path, setup={"agent": path}) as world:
        nothing = "No webhook with a message is stored for world in that time.\n"
        assert await desk(tmp_path, "replay") == Said(1, "", nothing)
        await world.say("tea")
        await world.quiet()
        await world.app.command("app.create", {"name": "other", "who": "tests", "agent": path})
        which = "There are several apps: say which with --app. Apps: world, other.\n"
        assert await desk(tmp_path, "replay") == Said(1, "", which)
        live = "The app other is not published. Replay with --draft, or publish it first.\n"
        assert await desk(tmp_path, "replay", "--app", "other") == Said(1, "", live)
        assert (await desk(tmp_path, "replay", "--app", "world")).code == 0
