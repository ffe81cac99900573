"""Let the tests here take in tests/postgres.py, and reach `tests.crash` however they were begun."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from postgres import postgres_server, postgres_url  # noqa: E402, F401
