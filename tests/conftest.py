"""What every folder of tests may use. pytest puts this folder on the path, for `world`, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from postgres import postgres_server, postgres_url  # noqa: F401

# How a file says that every test of it is for `make full`.
WHOLE = ("\npytestmark = pytest.mark.full", "\npytestmark = [\n    pytest.mark.full,")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The fast suite does not even read what holds nothing for it: that halves its start."""
    if config.option.markexpr != "not full" or not collection_path.name.startswith("test_"):
        return None
    text = collection_path.read_text("utf-8")
    return True if any(sign in text for sign in WHOLE) else None


@pytest.fixture
def said() -> Iterator[Callable[[], list[str]]]:
    """The program's own log lines, by event name, instead of on the terminal."""
    with structlog.testing.capture_logs() as lines:
        yield lambda: [str(line["event"]) for line in lines]
