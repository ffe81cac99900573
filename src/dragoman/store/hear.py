"""PostgreSQL tells processes of each other's commits; the sweep only repairs what this misses."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

CHANNEL = "dragoman"


class Hear:
    """Listens in a thread of its own; `told` is called in the loop that started it."""

    def __init__(self, url: str, told: Callable[[], None]) -> None:
        self._url = url
        self._told = told
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hear", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        import psycopg

        while not self._stopping.is_set():
            with (
                contextlib.suppress(psycopg.Error),
                psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection,
            ):
                connection.execute(f"LISTEN {CHANNEL}")
                while not self._stopping.is_set():
                    for _ in connection.notifies(timeout=0.5, stop_after=1):
                        assert self._loop is not None
                        with contextlib.suppress(RuntimeError):  # the loop has ended
                            self._loop.call_soon_threadsafe(self._told)
            self._stopping.wait(1)  # the database went away: ask again
