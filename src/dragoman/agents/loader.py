"""`PythonAgent`: an author's file as an agent. It reloads when the file is saved; a file that does
not load is reported, and the last good version goes on."""

from __future__ import annotations

import asyncio
import itertools
import linecache
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from dragoman.domain.sentences import Sentence

from .contract import AgentFailed, Turn
from .files import GONE, Stamp, Unusable, describe_load, stamp_of
from .python import Agent, Rule
from .watchdog import Watchdog

Tell = Callable[[Sentence], None]
_count = itertools.count(1)
LOOK_EVERY_S = 0.005  # under load a look at the file for every turn is a system call too many


class PythonAgent:
    """The agent in one file: its module-level `agent`.

    on_reload: told of each reload and of each that failed. on_slow: told once of a handler that
    holds the event loop; also called from another thread. watch: whether to look for saved files.
    Raises AgentFailed, with file and line, when the file cannot be used at the start.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        on_reload: Tell | None = None,
        on_slow: Tell | None = None,
        watch: bool = True,
    ) -> None:
        self.path = str(Path(path).resolve())
        self._on_reload = on_reload or _silent
        self._watch = watch
        self._watchdog = Watchdog(on_slow or _silent)
        self._saving = asyncio.Lock()
        self._look_at = 0.0
        self._stamp = stamp_of(self.path)
        try:
            self._agent, self._module = _load(self.path)
        except (Exception, SystemExit) as exc:
            sentence = describe_load(exc, self.path, "agent_not_loaded")
            raise AgentFailed(sentence, final=True) from exc
        self._agent.watch = self._watchdog.watch

    async def answer(self, turn: Turn) -> None:
        if self._watch and (now := time.monotonic()) >= self._look_at:
            self._look_at = now + LOOK_EVERY_S
            stamp = stamp_of(self.path)
            if stamp != self._stamp:
                await self._reload(stamp)
        await self._agent.answer(turn)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The handlers of the version that answers."""
        return self._agent.rules

    async def close(self) -> None:
        self._watchdog.close()
        sys.modules.pop(self._module, None)

    async def _reload(self, stamp: Stamp) -> None:
        """Load in a thread, so that a heavy import holds up only the turns of this agent."""
        async with self._saving:
            if stamp == self._stamp:
                return  # another turn did it while this one waited
            told = await self._replace(stamp)
            self._stamp = stamp
            self._on_reload(told)

    async def _replace(self, stamp: Stamp) -> Sentence:
        name = Path(self.path).name
        if stamp == GONE:
            return Sentence("agent_gone", {"file": name})
        try:
            agent, module = await asyncio.to_thread(_load, self.path)
        except (Exception, SystemExit) as exc:
            return describe_load(exc, self.path, "agent_not_reloaded")
        sys.modules.pop(self._module, None)
        self._agent, self._module = agent, module
        agent.watch = self._watchdog.watch
        return Sentence("agent_reloaded", {"file": name})


def _load(path: str) -> tuple[Agent, str]:
    """The `agent` of a file, and the name of its fresh module. Raises what the file raises."""
    source = Path(path).read_bytes()
    linecache.checkcache(path)
    code = compile(source, path, "exec", dont_inherit=True)
    name = f"dragoman_agent_{next(_count)}_{Path(path).stem}"
    module = ModuleType(name)
    module.__file__ = path
    folder = str(Path(path).parent)
    if folder not in sys.path:  # files beside the agent can be imported, as when it is run itself
        sys.path.append(folder)
    sys.modules[name] = module  # dataclasses and annotations look their module up
    try:
        exec(code, module.__dict__)
        agent = module.__dict__.get("agent")
        if not isinstance(agent, Agent):
            raise Unusable("it has no `agent`: write `agent = Agent()`, with a small a")
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return agent, name


def _silent(sentence: Sentence) -> None:
    """Nobody listens."""
