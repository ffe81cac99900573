"""The agent that answers while the kit runs: what was written comes back, or what a check wants.

`cues`: what to answer to a text; changed by the checks at any time.
"""

from __future__ import annotations

from dragoman import Agent, Turn
from dragoman.conform.cues import cues

agent = Agent()


@agent.otherwise
async def act(turn: Turn) -> None:
    for content in cues.get(turn.text, (turn.text or "something else",)):
        turn.reply(content)
