"""Whose fault it was: one bad message harms neither the program nor the messages after it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from dragoman.agents.contract import Turn
from world import running


@pytest.mark.parametrize("how", ["exit", "interrupt", "cancel"])
async def test_a_handler_that_ends_the_program_ends_its_turn_only(tmp_path: Path, how: str) -> None:
    async def act(turn: Turn) -> None:
        if turn.text == "bad":
            if how == "exit":
                sys.exit(3)
            if how == "interrupt":
                raise KeyboardInterrupt
            raise asyncio.CancelledError
        turn.reply(turn.text)

    async with running(tmp_path, act, settings={"turn_tries": 2}) as w:
        await w.say("bad")
        await w.quiet()
        await w.say("good")
        await w.quiet()
        assert w.graph.texts[-1] == "good"
        rows = await w.rows("SELECT outcome,notes FROM turn ORDER BY from_seq")
        assert [r[0] for r in rows] == ["parked", "answered"]
        named = {"exit": "SystemExit", "interrupt": "KeyboardInterrupt", "cancel": "CancelledError"}
        assert named[how] in rows[0][1]
        assert "test_engine_blame.py" in rows[0][1]


async def test_messages_that_come_while_a_turn_is_tried_again_are_not_parked_with_it(
    tmp_path: Path,
) -> None:
    seen: list[list[str]] = []

    async def act(turn: Turn) -> None:
        seen.append([m.text for m in turn.messages])
        if "crash" in seen[-1]:
            raise ValueError("no")
        turn.reply(turn.text)

    async with running(tmp_path, act, settings={"turn_tries": 3}) as w:
        await w.say("crash")
        await w.until(lambda: len(seen) >= 1)
        await w.say("innocent")
        await w.quiet()
        assert seen == [["crash"]] * 3 + [["innocent"]]
        assert w.graph.texts[-1] == "innocent"
        answers = await w.rows("SELECT answer FROM message WHERE direction=0 ORDER BY seq")
        assert answers == [(3,), (1,)]
        notes = (await w.rows("SELECT notes FROM turn ORDER BY from_seq"))[0][0]
        assert notes.count("turn_crashed") == 2  # every attempt is told, and that it was parked
        assert notes.count("turn_parked") == 1


async def test_a_reply_that_is_no_message_names_the_line_of_the_agent(tmp_path: Path) -> None:
    async def act(turn: Turn) -> None:
        turn.reply(None)  # type: ignore[arg-type]

    async with running(tmp_path, act, settings={"turn_tries": 1}) as w:
        await w.say("x")
        await w.quiet()
        (row,) = await w.rows("SELECT outcome,notes FROM turn")
        assert row[0] == "parked"
        assert "turn.reply takes text" in row[1]
