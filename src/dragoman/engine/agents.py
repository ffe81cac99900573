"""Which brain answers for an app: loaded once for each copy of its configuration, kept warm."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import structlog

from dragoman.agents.contract import Agent, AgentFailed
from dragoman.agents.python import Rule
from dragoman.domain.clock import Clock
from dragoman.domain.config import AgentConfig
from dragoman.domain.sentences import Sentence, SentenceError, say, words

from .apps import App, Copy

log = structlog.get_logger("agents")

Maker = Callable[[AgentConfig, Callable[[Sentence], None]], Agent]
_Key = tuple[int, AgentConfig]
_GOOD = "agent_reloaded"  # what is told of a file that was read again; all else is trouble


words(
    {
        "agent_file_missing": "There is no file {path} on the machine that Dragoman runs on: write "
        "its whole path, beginning with /.",
        "agent_file_kind": "{path} is neither a Python file (.py) nor JavaScript (.js).",
    }
)


def check_file(path: str) -> None:
    """Whether a path can be an agent's. Raises SentenceError."""
    file = Path(path)
    try:
        found = file.is_absolute() and file.is_file()
    except (OSError, ValueError):  # longer than any name, or with a NUL in it
        found = False
    if not found:
        raise SentenceError(Sentence("agent_file_missing", {"path": path[:300]}))
    if file.suffix not in (".py", ".js"):
        raise SentenceError(Sentence("agent_file_kind", {"path": path[:300]}))


class Known(msgspec.Struct, frozen=True):
    """What is known of an agent in a file. loaded_at: when it was first loaded, reloaded_at: when
    it was last read again, Unix ms, 0 for never. trouble: the last thing that was wrong with it,
    and when; None where nothing was. rules: its handlers, in the order in which they are asked."""

    loaded_at: int = 0
    reloaded_at: int = 0
    trouble: Sentence | None = None
    trouble_at: int = 0
    rules: tuple[Rule, ...] = ()


class Agents:
    """make(config, on_reload): builds an agent; handed in by the composition root, so that a brain
    is imported when it is first used."""

    def __init__(self, make: Maker, clock: Clock | None = None) -> None:
        self._make = make
        self._clock = clock or Clock()
        self._agents: dict[_Key, Agent] = {}
        self._known: dict[_Key, Known] = {}
        self.told: Callable[[str], None] | None = None

    async def of(self, app: App, copy: Copy) -> Agent:
        """The agent of a copy. Raises AgentFailed when it cannot be loaded."""
        key = (app.id, copy.config.agent)
        agent = self._agents.get(key)
        if agent is None:
            try:
                agent = self._make(copy.config.agent, partial(self._say, key))
            except AgentFailed as error:
                self._note(key, trouble=error.sentence, trouble_at=self._clock.real())
                raise
            self._agents[key] = agent
            self._note(key, loaded_at=self._clock.real())
        return agent

    async def load(self, app: App, copy: Copy) -> Sentence | None:
        """Load a copy's agent now; says why it cannot be."""
        try:
            await self.of(app, copy)
        except AgentFailed as error:
            return error.sentence
        return None

    def known(self, app: App, copy: Copy) -> Known:
        """What is known of a copy's agent. Nothing is loaded for it."""
        key = (app.id, copy.config.agent)
        known = self._known.get(key, Known())
        rules = tuple(getattr(self._agents.get(key), "rules", ()))
        return msgspec.structs.replace(known, rules=rules)

    def _note(self, key: _Key, **news: object) -> None:
        known = self._known.get(key, Known())
        self._known[key] = msgspec.structs.replace(known, **news)

    def _say(self, key: _Key, sentence: Sentence) -> None:
        now = self._clock.real()
        if sentence.id == _GOOD:
            self._note(key, reloaded_at=now, trouble=None, trouble_at=0)
        else:
            self._note(key, trouble=sentence, trouble_at=now)
        text = say(sentence)
        if self.told is not None:
            self.told(text)
        else:
            log.info("agent_file", said=text)

    async def forget(self, keep: set[_Key]) -> None:
        """Close the agents of configurations that are no longer in use."""
        for key in [k for k in self._agents if k not in keep]:
            await self._agents.pop(key).close()
        self._known = {k: v for k, v in self._known.items() if k in keep}

    async def close(self) -> None:
        for agent in self._agents.values():
            await agent.close()
        self._agents.clear()
