"""Which brain answers for an app: loaded once for each copy of its configuration, kept warm."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from dragoman.agents.contract import Agent
from dragoman.domain.config import AgentConfig
from dragoman.domain.sentences import Sentence, say

from .apps import App, Copy

log = structlog.get_logger("agents")

Maker = Callable[[AgentConfig, Callable[[Sentence], None]], Agent]


class Agents:
    """make(config, on_reload): builds an agent; handed in by the composition root, so that a brain
    is imported when it is first used."""

    def __init__(self, make: Maker) -> None:
        self._make = make
        self._agents: dict[tuple[int, AgentConfig], Agent] = {}
        self.told: Callable[[str], None] | None = None

    async def of(self, app: App, copy: Copy) -> Agent:
        """The agent of a copy. Raises AgentFailed when it cannot be loaded."""
        key = (app.id, copy.config.agent)
        agent = self._agents.get(key)
        if agent is None:
            agent = self._agents[key] = self._make(copy.config.agent, self._say)
        return agent

    def _say(self, sentence: Sentence) -> None:
        text = say(sentence)
        if self.told is not None:
            self.told(text)
        else:
            log.info("agent_file", said=text)

    async def forget(self, keep: set[tuple[int, AgentConfig]]) -> None:
        """Close the agents of configurations that are no longer in use."""
        for key in [k for k in self._agents if k not in keep]:
            await self._agents.pop(key).close()

    async def close(self) -> None:
        for agent in self._agents.values():
            await agent.close()
        self._agents.clear()
