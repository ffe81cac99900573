"""The tea shop, in Python and in JavaScript: one transcript, played against both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from agents_stage import make_turn

from dragoman.agents.contract import Agent
from dragoman.agents.loader import PythonAgent
from dragoman.agents.script import ScriptAgent
from dragoman.domain.content import Outbound, decode_inbound
from dragoman.sandbox.pool import Pool

EXAMPLES = Path(__file__).parents[2] / "examples"
STEPS = json.loads(Path(__file__).with_name("tea_shop.transcript.json").read_text("utf-8"))


async def play(agent: Agent) -> list[dict[str, Any]]:
    """Each step's outcome, the context of one being the start of the next."""
    context: dict[str, Any] = {}
    outcome = []
    for step in STEPS:
        turn = make_turn(decode_inbound(json.dumps(step["in"])), context=context)
        await agent.answer(turn)
        assert turn.notes == []
        sent: list[Outbound] = [message.content for message in turn.outgoing]
        context = msgspec.json.decode(msgspec.json.encode(turn.context))
        kept = msgspec.json.decode(msgspec.json.encode(turn.context))
        outcome.append(
            {**step, "out": msgspec.json.decode(msgspec.json.encode(sent)), "context": kept}
        )
    return outcome


async def test_the_python_tea_shop_plays_the_transcript() -> None:
    agent = PythonAgent(EXAMPLES / "tea_shop.py")
    try:
        assert await play(agent) == STEPS
    finally:
        await agent.close()


async def test_the_javascript_tea_shop_plays_the_same_transcript() -> None:
    pool = Pool(size=1)
    agent = ScriptAgent(EXAMPLES / "tea_shop.js", pool=pool)
    try:
        assert await agent.check() is None
        assert await play(agent) == STEPS
    finally:
        await pool.close()


def test_the_transcript_shows_every_kind_the_shop_speaks() -> None:
    kinds = {message["kind"] for step in STEPS for message in step["out"]}
    assert kinds == {"text", "buttons", "list", "image", "document", "location_request"}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: str(step["step"]))
def test_every_file_the_shop_sends_is_there_and_small(step: dict[str, Any]) -> None:
    for message in step["out"]:
        if "link" in message:
            file = EXAMPLES / "media" / message["link"].rpartition("/")[2]
            assert 0 < file.stat().st_size < 20_000
