"""The channels of the Gupshup tests, one for each of its interfaces, and the hooks of fixtures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from dragoman.partners import gupshup
from dragoman.partners.contract import Hook
from dragoman.partners.gupshup import KnownTemplate, Settings

FIXTURES = Path(__file__).parent.parent / "fixtures" / "gupshup"
NUMBER = "918800000000"
TEMPLATES = {
    "order_shipped": KnownTemplate(text="Hi {{1}}, your order {{2}} has shipped."),
    "login_code": KnownTemplate(text="Your OTP is {{1}}", footer="Expires in 10 minutes"),
    "quote": KnownTemplate("2200000000000001"),
    "hello": KnownTemplate("2200000000000001", text="Hello {{1}}"),
    "new_offer": KnownTemplate(text="Hi {{1}}, see the new offer", footer="Reply STOP to opt out"),
    "order_update": KnownTemplate("c6ae0000-0000-4000-8000-000000000001"),
}
ENTERPRISE = Settings(
    number=NUMBER,
    waba_id="200000000000001",
    user_id="2000000002",
    password="TESTPASSWORD",
    hsm_user_id="2000000001",
    hsm_password="TESTPASSWORD",
    templates=TEMPLATES,
)
BEARER = Settings(
    number=NUMBER,
    waba_id="2000000001",
    password="TESTSECRET",
    bearer=True,
    templates=TEMPLATES,
)
ACCESS = Settings("access", NUMBER, api_key="TESTAPIKEY", app_name="DemoApp", templates=TEMPLATES)
V3 = Settings("v3", NUMBER, app_id="82ed0000-0000-4000-8000-000000000001", app_token="TESTAPPTOKEN")
CHANNELS = {"enterprise": ENTERPRISE, "access": ACCESS, "v3": V3}
JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def channel_of(case: str) -> Settings:
    """The channel that a fixture's name belongs to."""
    if case.startswith("ent_"):
        return BEARER if "bearer" in case else ENTERPRISE
    return ACCESS if case.startswith("api_") else V3


def hook(body: Any, headers: dict[str, str] | None = None) -> Hook:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Hook("POST", "/hooks/gupshup/st-1", headers=headers or JSON, body=data)


def form_hook(fields: dict[str, str]) -> Hook:
    return hook(urlencode(fields).encode(), FORM)


def fixture_hook(path: Path) -> Hook:
    """A fixture as it would come: a form where it describes one."""
    body = json.loads(path.read_text())
    return form_hook(body["form"]) if "form" in body else hook(path.read_bytes())


def parse(body: Any, channel: Settings = ENTERPRISE) -> list[Any]:
    return gupshup.parse(body if isinstance(body, Hook) else hook(body), channel)
