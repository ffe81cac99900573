"""An emulated Gupshup account on a real port, a callback, and a client with its credentials."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
from emulator_rig import ASHA, Callback, served

from dragoman.domain.clock import Clock
from dragoman.emulators.gupshup import Config, Emulator, build
from dragoman.emulators.gupshup.config import Delays

FIXTURES = Path(__file__).parents[1] / "fixtures" / "gupshup"
NUMBER, WABA = "918800000000", "200000000000001"
TWO_WAY, HSM = "2000000002", "2000000001"
PASSWORD, SECRET = "TESTPASSWORD", "TESTSECRET"
KEY, APP, APP_ID, TOKEN = (
    "TESTAPIKEY",
    "DemoApp",
    "82ed0000-0000-4000-8000-000000000001",
    "TESTAPPTOKEN",
)
EVENTS = ("enqueued", "failed", "sent", "delivered", "read")
CONSOLE = {"X-Dragoman-Console": "1"}


def config(**changes: Any) -> Config:
    """The account of the fixtures, with quick reports and every event switched on."""
    plain: dict[str, Any] = {
        "number": NUMBER,
        "app_name": APP,
        "waba_id": WABA,
        "user_id": TWO_WAY,
        "password": PASSWORD,
        "hsm_user_id": HSM,
        "hsm_password": PASSWORD,
        "secret": SECRET,
        "api_key": KEY,
        "app_id": APP_ID,
        "app_token": TOKEN,
        "events": EVENTS,
        "delays": Delays(sent_ms=10, delivered_ms=25, failed_ms=10, access_ms=0),
        "retry_ms": (10, 20, 40),
    }
    return Config(**{**plain, **changes})


class GupshupRig:
    """The emulator, its address, its callback, and a client."""

    def __init__(
        self, emulator: Emulator, address: str, callback: Callback, client: aiohttp.ClientSession
    ) -> None:
        self.emulator, self.callback, self.client = emulator, callback, client
        self.base = f"{address}{emulator.config.prefix}"

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        """One call; gives status and JSON, or text."""
        async with self.client.request(method, f"{self.base}{path}", **more) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text[:1] in ("{", "[") else text

    async def gateway(self, http: str = "POST", **fields: str) -> tuple[int, Any]:
        """Enterprise, with the two-way account unless the fields say otherwise; a field that is
        given as "-" is left out."""
        form = {"userid": TWO_WAY, "password": PASSWORD, "auth_scheme": "plain", "v": "1.1"}
        form |= {"format": "json", "send_to": ASHA, **fields}
        form = {name: value for name, value in form.items() if value != "-"}
        how = {"params": form} if http == "GET" else {"data": form}
        return await self.ask(http, "/GatewayAPI/rest", **how)

    async def says(self, text: str = "Namaste", **fields: str) -> tuple[int, Any]:
        """A text of the session."""
        plain = {"method": "SendMessage", "msg_type": "DATA_TEXT", "msg": text}
        return await self.gateway(**{**plain, **fields})

    async def notifies(self, text: str = "Hello Asha", **fields: str) -> tuple[int, Any]:
        """A template by its text, through the HSM account."""
        plain = {"method": "SendMessage", "msg_type": "HSM", "isHSM": "true", "msg": text}
        return await self.gateway(**{**plain, "userid": HSM, **fields})

    async def access(self, message: Any, path: str = "/wa/api/v1/msg", **more: Any) -> Any:
        form = {"channel": "whatsapp", "source": NUMBER, "destination": ASHA, "src.name": APP}
        form |= {"message": message if isinstance(message, str) else json.dumps(message)}
        form |= more.pop("form", {})
        form = {name: value for name, value in form.items() if value != "-"}
        headers = {"apikey": more.pop("key", KEY)}
        return await self.ask("POST", path, data=form, headers=headers)

    async def by_id(self, template: Any, **form: str) -> Any:
        """A template of the Access API."""
        values = {"channel": "-", "message": "-", "template": json.dumps(template), **form}
        return await self.access("-", "/wa/api/v1/template/msg", form=values)

    async def v3(self, body: Any, token: str = TOKEN, app_id: str = APP_ID) -> tuple[int, Any]:
        path, headers = f"/partner/app/{app_id}/v3/message", {"Authorization": token}
        return await self.ask("POST", path, json=body, headers=headers)

    async def control(self, path: str, body: Any = None) -> Any:
        method = "GET" if body is None else "POST"
        return (await self.ask(method, f"/_control/{path}", json=body))[1]

    async def press(self, panel: str, button: str = "", **values: Any) -> tuple[int, Any]:
        body = {"button": button, "values": values}
        return await self.ask("POST", f"/console/api/{panel}", json=body, headers=CONSOLE)

    async def writes(self, text: str = "hello", **contact: Any) -> Any:
        """A person writes, so that the window is open. Gives what the control answers."""
        who = contact or {"phone": ASHA, "name": "Asha"}
        body = {"type": "text", "text": {"body": text}}
        return await self.control("inbound", {"contact": who, "body": body})

    def told(self) -> list[dict[str, Any]]:
        """Every body that came, forms as objects."""
        return [_read(headers, body) for headers, body in self.callback.posts]

    def reports(self, message_id: str) -> list[dict[str, Any]]:
        """Enterprise's reports of a message, in order of arrival."""
        found = [json.loads(body["response"]) for body in self.told() if "response" in body]
        return [one for many in found for one in many if one["externalId"] == message_id]

    def events(self, message_id: str) -> list[dict[str, Any]]:
        """The Access API's events of a message."""
        payloads = [b["payload"] for b in self.told() if b.get("type") == "message-event"]
        return [one for one in payloads if message_id in (one["id"], one.get("gsId"))]

    def statuses(self, message_id: str) -> list[dict[str, Any]]:
        """v3's statuses of a message."""
        values = [b["entry"][0]["changes"][0]["value"] for b in self.told() if "entry" in b]
        found = [one for value in values for one in value.get("statuses", [])]
        return [one for one in found if one["gs_id"] == message_id]

    def bubble(self, message_id: str, contact: str = "asha") -> dict[str, Any]:
        """What the phone shows of a message."""
        chats = self.emulator.handsets.state()["chats"]
        bubbles = next(chat for chat in chats if chat["contact"] == contact)["bubbles"]
        found: dict[str, Any] = next(one for one in bubbles if one["id"] == message_id)
        return found


def _read(headers: dict[str, str], body: bytes) -> dict[str, Any]:
    if headers["Content-Type"].startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(body.decode(), strict_parsing=True))
    made: dict[str, Any] = json.loads(body)
    return made


@contextlib.asynccontextmanager
async def gupshup(
    callback: Callback,
    settings: Config | None = None,
    clock: Clock | None = None,
    state_dir: Path | None = None,
) -> AsyncIterator[GupshupRig]:
    """An emulator that serves on a free port, with webhooks to the callback."""
    settings = settings or config(callback_url=callback.url)
    emulator = build(settings, clock or Clock(), state_dir)
    async with served(emulator) as address, aiohttp.ClientSession() as client:
        emulator.learn_address(address.partition("://")[2])
        yield GupshupRig(emulator, address, callback, client)
