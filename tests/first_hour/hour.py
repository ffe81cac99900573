"""A running demo as a stranger starts it: a process, its printed lines, its address."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

EMULATOR = "/emulated/cloud-api"


class Demo:
    """`said` is what it printed so far; `url` where it listens."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self._log = log
        self.url = ""

    @property
    def said(self) -> str:
        return self._log.read_text("utf-8")

    def wait_for(self, pattern: str, seconds: float = 30) -> re.Match[str]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(pattern, self.said)
            if found:
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"{pattern!r} was not printed; it printed:\n{self.said}")

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(
            self.url + path, json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            result: dict[str, Any] = json.loads(answer.read())
        return result

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            found: bytes = answer.read()
        return found

    def write(self, text: str, phone: str = "12025550142") -> None:
        """A person writes on the emulated phone."""
        body = {"type": "text", "text": {"body": text}}
        self.post(f"{EMULATOR}/_control/inbound", {"contact": {"phone": phone}, "body": body})

    def answers(self) -> list[dict[str, Any]]:
        """Everything that came out at the emulated Graph API, in order."""
        found: list[dict[str, Any]] = json.loads(self.get(f"{EMULATOR}/_control/sent"))["sent"]
        return found

    def wait_for_answers(self, n: int, seconds: float = 20) -> list[dict[str, Any]]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.answers()
            if len(found) >= n:
                return found
            time.sleep(0.05)
        raise AssertionError(f"{len(self.answers())} answers, not {n}; it printed:\n{self.said}")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(20)


@contextmanager
def demo(
    program: list[str], folder: Path, log: str = "demo.log", env: dict[str, str] | None = None
) -> Iterator[Demo]:
    """Run a command until it is ready; end it at the end."""
    path = folder / log
    with path.open("w") as out:
        process = subprocess.Popen(
            program, cwd=folder, stdout=out, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, **(env or {})},
        )  # fmt: skip
    running = Demo(process, path)
    try:
        running.url = running.wait_for(r"Talk to it +(http://\S+)/phone", 60)[1]
        running.wait_for(r"Nothing leaves this machine")
        yield running
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)
