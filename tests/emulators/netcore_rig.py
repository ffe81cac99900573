"""An emulated Netcore account on a real port, a callback, and a client with its key."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from emulator_rig import ASHA, Callback, served

from dragoman.domain.clock import Clock
from dragoman.emulators.netcore import Config, Emulator, Key, Number, build
from dragoman.emulators.netcore.config import Delays

FIXTURES = Path(__file__).parents[1] / "fixtures" / "netcore"
NUMBER, OTHER = "918800000000", "918800000001"
KEY, OTHER_KEY = "TESTNETCOREKEY", "TESTOTHERKEY"
SOURCE = "46100000-0000-4000-8000-000000000001"
PASSWORD = "tea"
CONSOLE = {"X-Dragoman-Console": "1"}
TEXT = {"type": "text", "text": {"body": "Namaste"}}


def config(callback: Callback | None = None, **changes: Any) -> Config:
    """The account of the fixtures, with quick reports; both webhooks go to the callback."""
    url = callback.url if callback is not None else ""
    plain: dict[str, Any] = {
        "numbers": [
            Number(display=NUMBER, title="Tea shop", source=SOURCE),
            Number(display=OTHER, title="Tea shop, north"),
        ],
        "keys": [
            Key(number=NUMBER, name="Default", key=KEY),
            Key(number=OTHER, name="North", key=OTHER_KEY),
        ],
        "password": PASSWORD,
        "incoming_url": url,
        "delivery_url": url,
        "delays": Delays(sent_ms=10, delivered_ms=25, failed_ms=10, template_review_ms=10),
        "retry_ms": (10, 20),
    }
    return Config(**{**plain, **changes})


class NetcoreRig:
    """The emulator, its address, its callback, and a client."""

    def __init__(
        self, emulator: Emulator, address: str, callback: Callback, client: aiohttp.ClientSession
    ) -> None:
        self.emulator, self.callback, self.client = emulator, callback, client
        self.address = address
        self.base = f"{address}{emulator.config.prefix}"

    async def ask(
        self, method: str, path: str, body: Any = None, *, key: str = f"Bearer {KEY}", **more: Any
    ) -> tuple[int, Any]:
        """One call; gives status and JSON, or text."""
        headers = {"Authorization": key} if key else {}
        if isinstance(body, bytes):
            more["data"] = body
        elif body is not None:
            more["json"] = body
        url = f"{self.base}{path}"
        async with self.client.request(method, url, headers=headers, **more) as answer:
            data = await answer.read()
            plain = answer.content_type == "application/json"
            return answer.status, json.loads(data) if plain else data.decode("utf-8", "replace")

    async def send(self, element: Any, **more: Any) -> tuple[int, Any]:
        return await self.ask("POST", "/api/v2/message/nc", {"message": [element]}, **more)

    async def sent(self, element: Any, **more: Any) -> str:
        """Sends what must be accepted; gives the id."""
        status, answer = await self.send(element, **more)
        assert (status, answer.get("status")) == (200, "success"), answer
        return str(answer["data"]["id"])

    async def opts_in(self, phone: str = ASHA, **more: Any) -> None:
        body = {"type": "optin", "recipients": [{"recipient": phone, "source": "WEB"}]}
        status, answer = await self.ask("POST", "/api/v2/consent/manage/", body, **more)
        assert (status, answer["status"]) == (200, "success"), answer

    async def writes(self, body: Any = None, *, number: str = NUMBER, **contact: Any) -> str:
        """A person writes, so that the window is open. Gives the message's id."""
        order = {"contact": contact or {"phone": ASHA}, "body": body or TEXT, "number": number}
        answer = await self.control("inbound", order)
        assert "id" in answer, answer
        return str(answer["id"])

    async def control(self, path: str, body: Any = None) -> Any:
        method = "GET" if body is None else "POST"
        url = f"{self.base}/_control/{path}"
        async with self.client.request(method, url, json=body) as answer:
            return await answer.json()

    async def press(self, panel: str, button: str, **values: Any) -> tuple[int, dict[str, Any]]:
        body = {"button": button, "values": values}
        url = f"{self.base}/console/api/{panel}"
        async with self.client.post(url, json=body, headers=CONSOLE) as answer:
            return answer.status, await answer.json()

    # what came to the platform

    def items(self, field: str) -> list[dict[str, Any]]:
        return [item for body in self.callback.bodies() for item in body.get(field, [])]

    def reports(self, message_id: str = "") -> list[dict[str, Any]]:
        every = self.items("delivery_status")
        return [one for one in every if message_id in ("", one["ncmessage_id"])]

    def messages(self) -> list[dict[str, Any]]:
        return self.items("incoming_message")

    async def reported(self, message_id: str, *statuses: str) -> list[dict[str, Any]]:
        """Wait until exactly these statuses were reported of a message."""
        await self.callback.wait(
            lambda: [one["status"] for one in self.reports(message_id)] == list(statuses)
        )
        return self.reports(message_id)


def element(text: str = "Namaste", whom: str = ASHA, **more: Any) -> dict[str, Any]:
    told = {"recipient_whatsapp": whom, "message_type": "text", "source": SOURCE}
    return {**told, "type_text": [{"content": text}], **more}


@contextlib.asynccontextmanager
async def netcore(
    callback: Callback,
    settings: Config | None = None,
    clock: Clock | None = None,
    state_dir: Path | None = None,
) -> AsyncIterator[NetcoreRig]:
    emulator = build(settings or config(callback), clock or Clock(), state_dir)
    async with served(emulator) as address, aiohttp.ClientSession() as client:
        yield NetcoreRig(emulator, address, callback, client)
