"""Let the tests here import tests/browser.py and world.py, the whole product of roundtrip, and the
sixth partner."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "roundtrip"), str(TESTS / "partners")]
