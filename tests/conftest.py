"""What every folder of tests may use. pytest puts this folder on the path, for `world`, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import structlog

from postgres import postgres_server, postgres_url  # noqa: F401


@pytest.fixture
def said() -> Iterator[Callable[[], list[str]]]:
    """The program's own log lines, by event name, instead of on the terminal."""
    with structlog.testing.capture_logs() as lines:
        yield lambda: [str(line["event"]) for line in lines]
