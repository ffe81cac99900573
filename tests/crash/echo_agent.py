"""The agent under fire: every message is answered with its own words, some of them twice, and
remembered in the context. What it would answer can be told from the text alone."""

from __future__ import annotations

import asyncio
from hashlib import blake2b

from tests.crash.aims import IN_AGENT, reach

from dragoman import Agent, Turn

agent = Agent()
TWICE = "×2"


def answers_to(text: str) -> list[str]:
    """What the agent sends for a text, in order."""
    return [f"re: {text}", f"also: {text}"] if TWICE in text else [f"re: {text}"]


def remember(heard: str, text: str) -> str:
    """What the context holds after one more text: each counts once, and in its place."""
    return blake2b((heard + text).encode(), digest_size=8).hexdigest()


@agent.otherwise
async def echo(turn: Turn) -> None:
    turn.context["heard"] = remember(turn.context.get("heard", ""), turn.text)
    for number, text in enumerate(answers_to(turn.text)):
        if number:
            await asyncio.sleep(0.002)  # somewhere to be caught between two answers
        turn.reply(text)
        reach(IN_AGENT)
