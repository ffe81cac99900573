"""The channels of the Netcore tests, and the hooks of fixtures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dragoman.partners import netcore
from dragoman.partners.contract import Hook
from dragoman.partners.netcore import Number, Settings

FIXTURES = Path(__file__).parent.parent / "fixtures" / "netcore"
NUMBER = "918800000000"
OTHER = "918800000001"
KEY = "TESTNETCOREKEY"
SOURCE = "46100000-0000-4000-8000-000000000001"
CHANNEL = Settings(numbers={NUMBER: Number(KEY, SOURCE)})
PLAIN = Settings(numbers={NUMBER: Number(KEY)})
TWO = Settings(numbers={NUMBER: Number(KEY, SOURCE), OTHER: Number("TESTOTHERKEY")})
PRIORITY = Settings(numbers={NUMBER: Number(KEY, "any")}, priority=True)


def channel_of(case: str) -> Settings:
    """The channel that an outbound fixture is of."""
    return PRIORITY if "priority" in case else CHANNEL


def hook(body: Any, **headers: str) -> Hook:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {"content-type": "application/json", **headers}
    return Hook("POST", "/hooks/netcore/st-1", headers=told, body=data)


def parse(body: Any, channel: Settings = CHANNEL) -> list[Any]:
    return netcore.parse(hook(body), channel)
