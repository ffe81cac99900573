"""The channel of the Karix tests, and hooks with its bodies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dragoman.partners import karix
from dragoman.partners.contract import Hook
from dragoman.partners.karix import Settings

FIXTURES = Path(__file__).parent.parent / "fixtures" / "karix"
NUMBER = "918800000000"
KEY = "TESTKARIXKEY=="
CHANNEL = Settings(NUMBER, KEY)
URL = "https://rcmapi.instaalerts.zone/services/rcm/sendMessage"


def hook(body: Any) -> Hook:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    return Hook("POST", "/hooks/karix/st-1", headers=headers, body=data)


def parse(body: Any, channel: Settings = CHANNEL) -> list[Any]:
    return karix.parse(hook(body), channel)


def load(case: str) -> Any:
    return json.loads((FIXTURES / case).read_text())
