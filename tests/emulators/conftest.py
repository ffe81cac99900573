from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from emulator_rig import Callback, Rig, callback_server, running


@pytest.fixture
async def callback() -> AsyncIterator[Callback]:
    async with callback_server() as made:
        yield made


@pytest.fixture
async def rig(callback: Callback) -> AsyncIterator[Rig]:
    async with running(callback) as made:
        yield made
