"""Pigeon Post, registered for the tests: one line in each registry."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sixth import pigeon

from dragoman.emulators.app import EMULATORS
from dragoman.partners.contract import Hook
from dragoman.partners.registry import PARTNERS, partner

SIXTH = Path(__file__).parent / "sixth"
FIXTURES = SIXTH / "fixtures"
NUMBER, KEY, SEAL = "12025550107", "LK-TESTTEST0001", "oak-wren-tin-bell"
CHANNEL = pigeon.Settings(NUMBER, KEY, SEAL)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(PARTNERS, "pigeon", "sixth.pigeon")
    monkeypatch.setitem(EMULATORS, "pigeon", "sixth.pigeon_emulator")
    partner.cache_clear()
    yield
    partner.cache_clear()


def hook(body: Any, **headers: str) -> Hook:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Hook("POST", "/hooks/pigeon/st-1", headers=headers, body=data)


def sealed(body: Any, seal: str = SEAL) -> Hook:
    made = hook(body)
    digest = hmac.new(seal.encode(), made.body, hashlib.sha256).hexdigest()
    return hook(made.body, **{"x-loft-seal": digest})


def load(case: str) -> Any:
    return json.loads((FIXTURES / case).read_text())
