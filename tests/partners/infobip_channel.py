"""The channels of the Infobip tests, one for each of its APIs, and the hooks of fixtures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from dragoman.partners import infobip
from dragoman.partners.contract import Hook
from dragoman.partners.infobip import Account, Settings

FIXTURES = Path(__file__).parent.parent / "fixtures" / "infobip"
NUMBER = "447700900100"
OTHER = "447700900101"  # of a second account
KEY = "0123456789abcdef0123456789abcdef-01234567-89ab-cdef-0123-456789abcdef"
FIRST = Account("", (NUMBER,), "https://k3pz9d.api.infobip.com", api_key=KEY)
SECOND = Account(
    "north", (OTHER,), "https://north.api.infobip.com", "acme", "TEST:PASSWORD"
)  # a password may hold a colon, a username may not
WHATSAPP = Settings(accounts=(FIRST,))
MESSAGES = Settings("messages", (FIRST,))
TWO = Settings(accounts=(FIRST, SECOND))
CHANNELS = {"whatsapp": WHATSAPP, "messages": MESSAGES}
SECRETS = (KEY, "TEST:PASSWORD", "TESTHMACSECRET", "TESTHOOKPASSWORD")
JSON = {"content-type": "application/json"}


def channel_of(case: str) -> Settings:
    """The channel that a fixture's name belongs to."""
    return MESSAGES if case.startswith("messages_api") else WHATSAPP


def hook(body: Any, headers: dict[str, str] | None = None) -> Hook:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Hook("POST", "/hooks/infobip/st-1", headers=headers or JSON, body=data)


def parse(body: Any, channel: Settings = WHATSAPP) -> list[Any]:
    return infobip.parse(body if isinstance(body, Hook) else hook(body), channel)


def changed(channel: Settings, **more: Any) -> Settings:
    return msgspec.structs.replace(channel, **more)


def load(case: str) -> Any:
    return json.loads((FIXTURES / case).read_text())
