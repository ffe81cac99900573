"""Bring a database to the schema of this program, or refuse it with a sentence.

Alembic is imported only when there is something to do: a start on a current database pays nothing.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, create_engine, inspect, text

from .errors import StoreError
from .schema import KNOWN_VERSIONS, VERSION


def sqlalchemy_url(url: str) -> str:
    """SQLAlchemy's spelling of our database address (psycopg 3)."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url[len(prefix) :]
    return url


def found_version(engine: Engine) -> str | None:
    """The schema version written in the database, None for an empty one."""
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
    from sqlalchemy.engine import make_url

    return make_url(url).render_as_string(hide_password=True)


def upgrade(url: str) -> None:
    """Create or migrate the schema. Raises StoreError when the database is newer than we are."""
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
