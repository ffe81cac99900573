from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from emulator_rig import Callback, Rig, callback_server, running

sys.path.insert(0, str(Path(__file__).parents[1]))  # tests/browser.py


@pytest.fixture
async def callback() -> AsyncIterator[Callback]:
    async with callback_server() as made:
        yield made


@pytest.fixture
async def rig(callback: Callback) -> AsyncIterator[Rig]:
    async with running(callback) as made:
        yield made
