"""The check that reads everything that the others left: tables, lines of the log, what commands
show; and finds no secret in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import msgspec

from dragoman.engine.apps import App
from dragoman.engine.why import story
from dragoman.store.drivers import Tx
from dragoman.store.queries import chain
from dragoman.store.schema import metadata
from dragoman.vault import Redactor

from .bench import Bench, expect

SHOWN = ("channel.show", "app.list", "app.versions", "credential.list")
SHORT = 20  # letters; tokens that are shorter are words like `nonsense`
STORIES = 200  # of the newest messages


async def redaction(bench: Bench) -> None:
    secrets = _secrets(bench.product.app.apps.by_id.values()) | bench.product.secrets
    tokens = {token for token in bench.product.tokens if len(token) > SHORT}
    hidden = Redactor(secrets)  # it knows the forms that encoders give a text
    expect("that there are secrets to look for", True, bool(secrets))
    async for where, text in _everything(bench):
        found = sum(token in text for token in tokens)
        if hidden.finds(text):
            found += sum(Redactor([secret]).finds(text) for secret in secrets)
        expect(f"secrets in {where}", 0, found)


def _secrets(apps: Iterable[App]) -> set[str]:
    """Every secret that the program has in use, and all that were replaced while it ran."""
    found: set[str] = set()
    for app in apps:
        for copy in (app.draft, app.published):
            found |= set(copy.secrets) if copy is not None else set()
        for credential in app.credentials.values():
            found |= set(credential.secrets)
    return {secret for secret in found if secret}


async def _everything(bench: Bench) -> AsyncIterator[tuple[str, str]]:
    """Names of places, and what stands there."""
    for table in metadata.sorted_tables:
        rows = await bench.product.rows(f"SELECT * FROM {table.name}")
        yield f"the table {table.name}", "\n".join(_texts(rows))
    yield "the log", "".join(bench.product.logs.written)
    yield "what the program says", "\n".join(bench.product.said)
    for command in SHOWN:
        shown = await bench.product.command(command)
        yield f"what {command} shows", msgspec.json.encode(shown).decode()
    stories = await bench.product.app.store.read(lambda tx: _stories(tx, bench))
    yield "what why tells", "\n".join(stories)


def _texts(rows: list[tuple[Any, ...]]) -> Iterator[str]:
    for row in rows:
        for value in row:
            if isinstance(value, bytes | memoryview):
                yield bytes(value).decode("utf-8", "replace")
            elif isinstance(value, str):
                yield value


def _stories(tx: Tx, bench: Bench) -> list[str]:
    """The stories of the newest messages of ours, with what was called and answered."""
    rows = tx.run("SELECT app_id,id FROM message WHERE direction=1 ORDER BY id DESC LIMIT ?",
                  (STORIES,))  # fmt: skip
    now, redactor = bench.emulator.clock.now(), bench.product.app.redactor
    return [
        msgspec.json.encode(story(tx, chain.Found("message", app_id, id), now, redactor)).decode()
        for app_id, id in rows
    ]
