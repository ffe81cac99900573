"""A start is quick and small because it imports little: what is rare comes when it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.full  # several processes a test

RARE = (
    "alembic", "argon2", "boto3", "botocore", "jinja2", "joserfc", "litestar", "opentelemetry",
    "psycopg", "pydantic", "quickjs", "sqlalchemy", "dragoman.emulators", "dragoman.conform",
    "dragoman.partners.cloud_api", "dragoman.partners.gupshup",
    "dragoman.partners.infobip", "dragoman.partners.karix", "dragoman.partners.netcore",
)  # fmt: skip

START = """
import asyncio, sys
from pathlib import Path

from dragoman.app import Dragoman
from dragoman.settings import load


async def main():
    app = Dragoman(load(Path(sys.argv[1]), {}))
    await app.start()
    await app.stop()


asyncio.run(main())
print(*[name for name in sys.argv[2:] if name in sys.modules])
"""


def test_a_start_on_a_current_database_imports_nothing_rare(tmp_path: Path) -> None:
    for names in ((), RARE):  # the first start makes the database
        done = subprocess.run(
            [sys.executable, "-c", START, str(tmp_path / "home"), *names],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert done.stdout.split() == []
