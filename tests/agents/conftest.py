"""A saved file counts at once in these tests; the program looks again after 5 ms."""

import pytest

from dragoman.agents import loader


@pytest.fixture(autouse=True)
def look_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "LOOK_EVERY_S", 0.0)
