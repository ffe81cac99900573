"""One life of the server under test: started as a process, awaited, killed or stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Child:
    """`python -m tests.crash.server serve`. `hit`: it killed itself at its aim."""

    def __init__(self, home: Path, port: int, aim: str = "", at_pass: int = 1) -> None:
        self.home = home
        self.port = port
        self.hit = False
        self.ready_ms = 0
        self.text = ""
        self._aim = aim
        self._pass = at_pass
        self._ready = asyncio.Event()

    async def start(self) -> Child:
        env = {k: v for k, v in os.environ.items() if not k.startswith("DRAGOMAN_")}
        env |= {"DRAGOMAN_TEST_AIM": self._aim, "DRAGOMAN_TEST_PASS": str(self._pass)}
        self.began = time.perf_counter()
        with (self.home / "server.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.crash.server", "--home", str(self.home),
                "serve", "--port", str(self.port), stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, stderr=log, env=env, cwd=ROOT,
            )  # fmt: skip
        self._reading = asyncio.create_task(self._read())
        return self

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            text = line.decode()
            self.text += text
            if text.startswith("Ready"):
                self.ready_ms = round((time.perf_counter() - self.began) * 1000)
                self._ready.set()
            self.hit = self.hit or text == "hit\n"
        await self.process.wait()
        self._ready.set()  # it never will be: whoever waits looks at `alive`

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    @property
    def pid(self) -> int:
        return self.process.pid

    async def ready(self) -> bool:
        """Wait until it serves. False when it died before that."""
        await asyncio.wait_for(self._ready.wait(), 30)
        return self.ready_ms > 0

    async def ended(self, seconds: float) -> bool:
        """Whether it ends within so long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(self._reading), seconds)
        return not self.alive

    async def end(self, how: signal.Signals, seconds: float = 20) -> int:
        """Send a signal and reap; gives the exit status."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(how)
        if not await self.ended(seconds):
            self.process.kill()
            await self._reading
            raise AssertionError(f"the server did not end within {seconds} s of {how.name}")
        await self._reading
        return self.process.returncode or 0
