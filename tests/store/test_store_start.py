"""What a start finds: nothing, an older schema, a newer one, another server."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect
from storehouse import House

from dragoman.domain.sentences import Sentence
from dragoman.store import migrate, schema
from dragoman.store.errors import StoreError
from dragoman.store.lock import ServerLock, running_server
from dragoman.store.store import reader


async def test_an_empty_database_gets_every_table(house: House) -> None:
    engine = create_engine(migrate.sqlalchemy_url(house.url))
    try:
        found = set(inspect(engine).get_table_names())
        assert found == set(schema.metadata.tables) | {"alembic_version"}
        assert migrate.found_version(engine) == schema.VERSION == schema.KNOWN_VERSIONS[-1]
    finally:
        engine.dispose()


async def test_a_second_migration_changes_nothing(house: House) -> None:
    before = await house.rows("SELECT version_num FROM alembic_version")
    migrate.upgrade(house.url)
    assert await house.rows("SELECT version_num FROM alembic_version") == before


async def test_every_table_leads_with_the_app(house: House) -> None:
    people = {"person", "invitation", "signin", "signin_failure"}
    reference = {"process", "app", "number", "credential"} | people
    leading = {name: next(iter(t.primary_key)).name for name, t in schema.metadata.tables.items()}
    assert {n for n, first in leading.items() if first != "app_id"} == reference


async def test_a_newer_schema_is_refused_with_its_sentence(url: str) -> None:
    async with House(url).open() as house:
        await house.store.do(lambda tx: tx.run("UPDATE alembic_version SET version_num='9999'"))
    for attempt in (lambda: migrate.upgrade(url), lambda: reader(url)):
        with pytest.raises(StoreError) as refused:
            attempt()
        assert refused.value.sentence == Sentence(
            "schema_newer",
            {"url": migrate.public(url), "found": "9999", "known": schema.VERSION},
        )
        assert "was written by a newer Dragoman (schema 9999" in str(refused.value)


def test_a_password_is_not_in_the_sentence() -> None:
    assert migrate.public("postgresql://me:s3cret@host/name") == "postgresql://me:***@host/name"


def test_a_command_says_when_there_is_no_database(tmp_path: Path) -> None:
    for name in ("none.db", "empty.db"):
        file = tmp_path / name
        if name == "empty.db":
            sqlite3.connect(file).close()
            file.touch()
        with pytest.raises(StoreError, match="has no Dragoman tables yet"):
            reader(f"sqlite:///{file}")


async def test_a_reader_beside_a_server_cannot_write(tmp_path: Path) -> None:
    async with House(f"sqlite:///{tmp_path / 'store.db'}").open() as house:
        beside = reader(house.url)
        assert beside.run("SELECT count(*) FROM message") == [(0,)]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            beside.run("DELETE FROM app")
        closing: Any = beside
        closing.close()


# --- one server ----------------------------------------------------------------------------------


def test_a_second_server_is_refused_by_name(tmp_path: Path) -> None:
    database = tmp_path / "store.db"
    first, second = ServerLock(database), ServerLock(database)
    first.take({"name": "dragoman on port 8400", "pid": 4711, "token": "t"})
    with pytest.raises(StoreError) as refused:
        second.take({"name": "the second", "pid": 4712})
    assert refused.value.sentence == Sentence(
        "server_running", {"name": "dragoman on port 8400", "pid": 4711, "path": str(database)}
    )
    assert running_server(database) == {
        "name": "dragoman on port 8400", "pid": 4711, "token": "t",
    }  # fmt: skip
    first.release()
    assert running_server(database) is None
    second.take({"name": "the second", "pid": 4712})
    second.update({"name": "the second", "pid": 4712, "url": "http://127.0.0.1:1"})
    assert (running_server(database) or {})["url"] == "http://127.0.0.1:1"
    second.release()


def test_only_its_owner_reads_how_to_reach_the_server(tmp_path: Path) -> None:
    lock = ServerLock(tmp_path / "store.db")
    lock.take({"token": "secret"})
    assert stat.S_IMODE(os.stat(lock.path).st_mode) == 0o600
    lock.release()


def test_the_lock_of_a_dead_server_is_nobody_s(tmp_path: Path) -> None:
    database = tmp_path / "store.db"
    database.with_name("store.db.lock").write_text('{"name":"dead","pid":1}')
    assert running_server(database) is None
    lock = ServerLock(database)
    lock.take({"name": "alive"})
    assert running_server(database) == {"name": "alive"}
    lock.release()


def test_no_lock_file_no_server(tmp_path: Path) -> None:
    assert running_server(tmp_path / "store.db") is None
