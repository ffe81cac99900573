"""Bring a database to the schema of this program, or refuse it with a sentence.

SQLAlchemy and Alembic are imported only when there is something to do: a start on a current
database pays nothing.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from .drivers import connect
from .errors import StoreError
from .version import KNOWN_VERSIONS, VERSION

if TYPE_CHECKING:
    from sqlalchemy import Engine


def sqlalchemy_url(url: str) -> str:
    """SQLAlchemy's spelling of our database address (psycopg 3)."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url[len(prefix) :]
    return url


def found_version(engine: Engine) -> str | None:
    """The schema version written in the database, None for an empty one."""
    from sqlalchemy import inspect, text

    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def check(url: str, version: str | None) -> None:
    """Raise StoreError for a schema that this program does not know."""
    if version is not None and version not in KNOWN_VERSIONS:
        raise StoreError("schema_newer", {"url": public(url), "found": version, "known": VERSION})


def public(url: str) -> str:
    """The address without its password."""
    return re.sub(r"^([^:/@]+://[^:/@]*):.*@", r"\1:***@", url)


def upgrade(url: str) -> None:
    """Create or migrate the schema. Raises StoreError when the database is newer than we are."""
    if _is_current(url):
        return
    from sqlalchemy import create_engine

    engine = create_engine(sqlalchemy_url(url))
    try:
        version = found_version(engine)
        check(url, version)
        if version == VERSION:
            return
        from alembic import command
        from alembic.config import Config

        settings = Config()
        settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with engine.begin() as connection:
            settings.attributes["connection"] = connection
            command.upgrade(settings, "head")
    finally:
        engine.dispose()


def _is_current(url: str) -> bool:
    """Whether there is nothing to do, asked by the driver alone. Whatever is wrong is found, and
    told, by who does the work."""
    if url.startswith("sqlite:") and not Path(url.removeprefix("sqlite:///")).exists():
        return False
    try:
        tx = connect(url, write=False)
    except StoreError:
        return False
    try:
        return bool(tx.run("SELECT version_num FROM alembic_version")[0][0] == VERSION)
    except Exception:  # no such table, no row, no database
        return False
    finally:
        tx.close()
