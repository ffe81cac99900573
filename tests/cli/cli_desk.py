"""An operator's desk: the commands, run in this process (quick) or as a child (the real thing)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import uvicorn
from click.testing import CliRunner

from dragoman.cli import cli, is_said
from world import World


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    def json(self) -> list[dict[str, Any]]:
        """Every line as JSON."""
        return [msgspec.json.decode(line) for line in self.lines]


async def desk(home: Path, *args: str, env: dict[str, str] | None = None) -> Said:
    """A command beside whatever runs here. An error that is a sentence ends as in `main`."""

    def work() -> Said:
        result = CliRunner(env=env).invoke(cli, ["--home", str(home), *args])
        if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
            assert is_said(result.exception), result.exception
            return Said(1, result.stdout, f"{result.exception}\n")
        return Said(result.exit_code, result.stdout, result.stderr)

    return await asyncio.to_thread(work)


def clean_environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DRAGOMAN_", "DATABASE_"))}
    return {**kept, "TZ": "UTC", **more}


async def child(home: Path, *args: str, **env: str) -> Said:
    """The command as a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "error", "-m", "dragoman", "--home", str(home), *args,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=clean_environment(**env),
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 30)
    return Said(process.returncode or 0, out.decode(), err.decode())


_TIME = re.compile(r"\d\d:\d\d:\d\d\.\d{3}")
_ID = re.compile(r"\b(in|out|hook|turn|rejected|refused|event|report)-[0-9A-Z]{12,13}")
_PAST = re.compile(r"(?<![\w.])\+?(\d+ ms|\d+(\.\d)? s|\d+ min( \d+ s)?)(?!\w)")


def still(text: str) -> str:
    """Without what differs from run to run: times, ids, ports."""
    text = _TIME.sub("TIME", text)
    text = _ID.sub(r"\1-ID", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return _PAST.sub("SPAN", text)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


@contextlib.asynccontextmanager
async def serving(world: World, port: int) -> AsyncIterator[None]:
    """The program on the port that its lock file names."""
    config = uvicorn.Config(world.app, host="127.0.0.1", port=port, log_level="error",
                            lifespan="off")  # fmt: skip
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    yield
    server.should_exit = True
    await task
