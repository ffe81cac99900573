"""One server for one SQLite file, by a lock that the system frees when the process dies.

The lock file also says how to reach the running server, so that a CLI command can hand its change
over. It is readable by its owner only, because it carries the token for that.
"""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from .errors import StoreError


class ServerLock:
    """Held from `take` to `release`. `path` is the lock file beside the database."""

    def __init__(self, database: Path) -> None:
        self.path = database.with_name(database.name + ".lock")
        self._fd: int | None = None

    def take(self, about: dict[str, Any]) -> None:
        """Become the server. `about`: name, pid, url, token. Raises StoreError naming the other."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.with_suffix("").touch(mode=0o600)  # every message will be in it
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            other = _read(fd)
            os.close(fd)
            args = {
                "name": other.get("name", "unknown"),
                "pid": other.get("pid", "?"),
                "path": str(self.path).removesuffix(".lock"),
            }
            raise StoreError("server_running", args) from None
        os.ftruncate(fd, 0)
        os.write(fd, json.dumps(about).encode())
        self._fd = fd

    def update(self, about: dict[str, Any]) -> None:
        """Say something new about the server, such as the port it got."""
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, json.dumps(about).encode(), 0)

    def release(self) -> None:
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None


def running_server(database: Path) -> dict[str, Any] | None:
    """What the running server says of itself; None when none runs."""
    path = database.with_name(database.name + ".lock")
    try:
        fd = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return None
    except OSError:
        return _read(fd) or None
    finally:
        os.close(fd)


def _read(fd: int) -> dict[str, Any]:
    try:
        value = json.loads(os.pread(fd, 65536, 0) or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
