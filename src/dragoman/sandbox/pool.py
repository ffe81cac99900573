"""A pool of child processes that run authors' JavaScript, each killed at a wall-clock deadline.

Children start when they are first needed and stay warm; one job at a time each, in the order the
jobs came. A child that ran into its deadline, or died, is replaced; the others run on. What a
child answers is not trusted: sizes and types are checked here.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from dragoman.domain.sentences import Sentence

from .child import CONTEXT, ERROR, JOB, RESULT
from .failures import (
    CONTEXT_LIMIT,
    ScriptFailed,
    explain,
    split_error,
    timed_out,
)

_HERE = Path(__file__).parent
_GRACE = 0.5  # seconds past the child's own alarm until we kill it ourselves
_START = 20.0  # seconds a child may take to start, on a busy machine
_MOST = 16 * 1024 * 1024  # bytes a child may answer
_JOBS = 5000  # a child is replaced after so many, so that a leak never ends an innocent script
_LONE = re.compile(r"\\\\|\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


class ScriptResult(msgspec.Struct, frozen=True):
    """What a script did: the texts it printed, in order; the context it left, without the parts
    that the platform provides; its console lines."""

    printed: list[str]
    context: dict[str, Any]
    logged: list[str] = []


class _Failure(msgspec.Struct, frozen=True):
    name: str
    message: str
    stack: str


class _Report(msgspec.Struct, frozen=True):
    failure: _Failure | None = None
    unsettled: bool = False
    printed: list[str] = []
    logged: list[str] = []
    output_too_big: bool = False


class Pool:
    """size: how many scripts may run at once. seconds: how long one may run, by the clock on the
    wall. memory_mb: what one may use. wait_seconds: how long a job may wait for a free child."""

    def __init__(
        self,
        *,
        size: int = 4,
        seconds: float = 1.0,
        memory_mb: int = 64,
        wait_seconds: float = 10.0,
    ) -> None:
        self.size = size
        self.seconds = seconds
        self.memory_bytes = memory_mb << 20
        self.wait_seconds = wait_seconds
        self._free = asyncio.Semaphore(size)
        self._idle: list[_Child] = []
        self._children: set[_Child] = set()
        self._closed = False

    async def run(
        self, source: str, values: Mapping[str, Any], *, name: str = "script"
    ) -> ScriptResult:
        """Run a script with `values` as its globals, among them `context`.

        Raises ScriptFailed with the author's sentence; `name` is the file it names.
        """
        kind, report, context = await self._job("run", source, _encode(values), name)
        self._raise_failure(kind, report, name)
        found = _decode_report(report, name)
        if len(context) > CONTEXT_LIMIT:
            size = {"kilobytes": len(context) // 1024 + 1, "limit": CONTEXT_LIMIT // 1024}
            raise ScriptFailed(Sentence("context_too_big", size))
        kept = _decode_context(context, name)
        return ScriptResult(found.printed, kept, found.logged)

    async def check(self, source: str, *, name: str = "script") -> Sentence | None:
        """What stands in the way of running the script (its syntax), or None. Runs nothing."""
        try:
            kind, report, _ = await self._job("check", source, b"{}", name)
            self._raise_failure(kind, report, name)
        except ScriptFailed as failed:
            if failed.again:
                raise
            return failed.sentence
        return None

    async def close(self) -> None:
        """End all children and wait until they are gone. Jobs under way fail."""
        self._closed = True
        self._idle.clear()
        await asyncio.gather(*(child.end() for child in list(self._children)))
        self._children.clear()

    def pids(self) -> list[int]:
        """The processes that are alive now, for the doctor and tests."""
        return sorted(child.pid for child in self._children if child.alive)

    def _raise_failure(self, kind: int, report: bytes, name: str) -> None:
        if kind in (ERROR, CONTEXT):
            error = split_error(report.decode("utf-8", "replace"))
            if kind == CONTEXT and error[0] != "InternalError":
                raise ScriptFailed(_left_wrong(name, f"{error[0]}: {error[1]}"))
            raise ScriptFailed(explain(error, name, self.seconds, self.memory_bytes))
        found = _decode_report(report, name)
        if found.output_too_big:
            raise ScriptFailed(Sentence("script_output_big", {"place": name, "file": name}))
        if found.failure is not None:
            error = (found.failure.name, found.failure.message, found.failure.stack)
            raise ScriptFailed(explain(error, name, self.seconds, self.memory_bytes))
        if found.unsettled:
            raise ScriptFailed(Sentence("script_unsettled", {"place": name, "file": name}))

    async def _job(self, step: str, source: str, values: bytes, name: str) -> _Answer:
        if self._closed:
            raise _cut_off(name)
        try:
            async with asyncio.timeout(self.wait_seconds):
                await self._free.acquire()
        except TimeoutError:
            waited = {"place": name, "seconds": f"{self.wait_seconds:g}", "size": self.size}
            raise ScriptFailed(Sentence("script_busy", waited), again=True) from None
        try:
            child = await self._take()
            return await self._on(child, step, source, values, name)
        finally:
            self._free.release()

    async def _take(self) -> _Child:
        while self._idle:
            child = self._idle.pop()
            if child.alive and child.jobs < _JOBS:
                return child
            self._children.discard(child)
            await child.end()
        child = await _Child.start(3 * self.memory_bytes + (256 << 20))
        self._children.add(child)
        if self._closed:  # while it started
            await child.end()
        return child

    async def _on(self, child: _Child, step: str, source: str, values: bytes, name: str) -> _Answer:
        whole = False
        try:
            async with asyncio.timeout(self.seconds + _GRACE):
                answer = await child.job(step, source, values, self.seconds, self.memory_bytes)
            whole = True
            return answer
        except TimeoutError:
            raise ScriptFailed(timed_out(name, self.seconds)) from None
        except (asyncio.IncompleteReadError, ConnectionError, ValueError):
            code = await child.ended()
            if code == -signal.SIGALRM:
                raise ScriptFailed(timed_out(name, self.seconds)) from None
            if code == -signal.SIGKILL:  # us on the way out, or a system short of memory
                raise _cut_off(name) from None
            raise ScriptFailed(_crashed(name, code)) from None
        finally:
            # Whatever else ended the job, a cancelled caller included, leaves a child in an
            # unknown state: it must not serve another script.
            if whole and not self._closed:
                self._idle.append(child)
            else:
                await child.end()
                self._children.discard(child)


_Answer = tuple[int, bytes, bytes]


class _Child:
    """One process and its pipe."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.jobs = 0

    @classmethod
    async def start(cls, address_space: int) -> _Child:
        spec = importlib.util.find_spec("_quickjs")
        if spec is None or spec.origin is None:
            raise ScriptFailed(_broken("the engine was not found"), again=True)
        files = (_HERE / "child.py", spec.origin, _HERE / "prelude.js")
        # The environment is empty but for what the interpreter itself may need to start.
        keep = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TZ")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", "-X", "utf8", *map(str, files), str(address_space)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={key: os.environ[key] for key in keep if key in os.environ},
            cwd=os.sep,
            start_new_session=True,  # a Ctrl-C at the terminal is not for them
        )
        child = cls(process)
        try:
            async with asyncio.timeout(_START):
                await _out(process).readexactly(1)
        except (TimeoutError, asyncio.IncompleteReadError):
            code = await child.end()
            raise ScriptFailed(_broken(f"it ended with {code}"), again=True) from None
        except BaseException:
            await child.end()
            raise
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def job(
        self, step: str, source: str, values: bytes, seconds: float, memory: int
    ) -> _Answer:
        self.jobs += 1
        first, second = step.encode(), source.encode("utf-8", "replace")
        head = JOB.pack(len(first), len(second), len(values), seconds, memory)
        pipe = self._process.stdin
        if pipe is None:  # never: it was started with a pipe
            raise ConnectionError
        pipe.write(b"".join((head, first, second, values)))
        await pipe.drain()
        out = _out(self._process)
        kind, report, context = RESULT.unpack(await out.readexactly(RESULT.size))
        if report + context > _MOST:
            raise ValueError("an answer of that size")
        body = await out.readexactly(report + context)
        return kind, body[:report], body[report:]

    async def ended(self) -> int:
        """The exit code of one whose pipe broke. It is on its way out: a kill now could take the
        exit code away from the event loop's own wait, and with it the reason."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE):
                return await self._process.wait()
        return await self.end()

    async def end(self) -> int:
        """Kill it and wait until it is gone. The exit code: negative for a signal."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        return await self._process.wait()


def _out(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    if process.stdout is None:  # never: it was started with a pipe
        raise ConnectionError
    return process.stdout


def _encode(values: Mapping[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(values)
    except UnicodeEncodeError:  # half of a surrogate pair in a text from outside
        return json.dumps(values).encode()


def _whole_text(data: bytes) -> str:
    """The engine writes half a surrogate pair as an escape; nothing else of ours can read it."""
    text = data.decode()
    if "\\ud" not in text and "\\uD" not in text:
        return text
    return _LONE.sub(lambda found: found[0] if found[0] == "\\\\" else "\\ufffd", text)


def _decode_report(data: bytes, name: str) -> _Report:
    try:
        return msgspec.json.decode(_whole_text(data), type=_Report)
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise ScriptFailed(_left_wrong(name, "it changed how JSON is written")) from exc


def _decode_context(data: bytes, name: str) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(_whole_text(data)) if data else None
    except (msgspec.MsgspecError, UnicodeDecodeError) as exc:
        raise ScriptFailed(_left_wrong(name, "it is no JSON")) from exc
    except RecursionError:
        raise ScriptFailed(_left_wrong(name, "it is nested too deeply")) from None
    if not isinstance(value, dict):
        raise ScriptFailed(_left_wrong(name, "`context` must stay an object"))
    return value


def _left_wrong(name: str, problem: str) -> Sentence:
    return Sentence("script_context_wrong", {"place": name, "file": name, "problem": problem})


def _cut_off(name: str) -> ScriptFailed:
    return ScriptFailed(Sentence("script_cut_off", {"place": name, "file": name}), again=True)


def _crashed(name: str, code: int) -> Sentence:
    try:
        word = signal.Signals(-code).name
    except ValueError:
        word = f"exit code {code}"
    return Sentence("script_crashed", {"place": name, "file": name, "signal": word})


def _broken(problem: str) -> Sentence:
    return Sentence("sandbox_broken", {"problem": problem, "python": sys.executable})
