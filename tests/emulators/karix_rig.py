"""An emulated Karix account on a real port, a callback, and a client with its key."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from emulator_rig import ASHA, Callback, served

from dragoman.domain.clock import Clock
from dragoman.emulators.karix import Config, Emulator, build
from dragoman.emulators.karix.config import Number
from dragoman.emulators.kit import Delays

FIXTURES = Path(__file__).parents[1] / "fixtures" / "karix"
NUMBER, KEY = "918800000000", "TESTKARIXKEY=="
SEND, BULK = "/services/rcm/sendMessage", "/services/rcm/sendBulkMessage"
UPLOAD = "/services/media/upload/attachment"
CONSOLE = {"X-Dragoman-Console": "1"}


def config(**changes: Any) -> Config:
    """The account of the fixtures, with quick reports."""
    plain: dict[str, Any] = {
        "account_key": KEY,
        "numbers": [Number(display=NUMBER, title="Tea shop")],
        "delays": Delays(sent_ms=10, delivered_ms=25, failed_ms=10),
        "retry_ms": (10, 20, 40),
    }
    return Config(**{**plain, **changes})


class KarixRig:
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
            try:
                return answer.status, json.loads(text)
            except ValueError:
                return answer.status, text

    async def call(self, body: Any, path: str = SEND, key: str = f"Bearer {KEY}") -> Any:
        headers = {"Authentication": key} if key else {}
        return await self.ask("POST", path, json=body, headers=headers)

    async def send(self, body: Any, **more: Any) -> str:
        """A send that is accepted; gives its mid."""
        status, answer = await self.call(body, **more)
        mid = str(answer["mid"])
        said = {"statusCode": "200", "statusDesc": "Successfully Accepted", "mid": mid}
        assert (status, answer) == (200, said)
        return mid

    async def control(self, path: str, body: Any = None) -> Any:
        method = "GET" if body is None else "POST"
        return (await self.ask(method, f"/_control/{path}", json=body))[1]

    async def press(self, panel: str, button: str = "", **values: Any) -> tuple[int, Any]:
        body = {"button": button, "values": values}
        return await self.ask("POST", f"/console/api/{panel}", json=body, headers=CONSOLE)

    async def writes(self, body: Any = "hello", phone: str = ASHA) -> str:
        """A person writes, so that the window is open. Gives the message's id."""
        told = {"type": "text", "text": {"body": body}} if isinstance(body, str) else body
        order = {"contact": {"phone": phone, "name": "Asha"}, "body": told}
        return str((await self.control("inbound", order))["id"])

    def told(self) -> list[dict[str, Any]]:
        """Every update that came, out of its object or array."""
        roots = self.callback.bodies()
        return [one for root in roots for one in (root if isinstance(root, list) else [root])]

    def messages(self) -> list[dict[str, Any]]:
        return [one["eventContent"]["message"] for one in self.told() if "eventContent" in one]

    def reports(self, mid: str) -> list[dict[str, Any]]:
        """The reports of a message, in order of arrival."""
        found = [one for one in self.told() if "notificationAttributes" in one]
        return [one for one in found if one["events"]["mid"] == mid]

    def words(self, mid: str) -> list[str]:
        return [one["notificationAttributes"]["status"] for one in self.reports(mid)]

    def bubble(self, mid: str, contact: str = "asha") -> dict[str, Any]:
        """What the phone shows of a message."""
        chats = self.emulator.handsets.state()["chats"]
        bubbles = next(chat for chat in chats if chat["contact"] == contact)["bubbles"]
        found: dict[str, Any] = next(one for one in bubbles if one["id"] == mid)
        return found


def fixture(name: str) -> Any:
    """The JSON of a call out."""
    return copy.deepcopy(json.loads((FIXTURES / "outbound" / f"{name}.json").read_text()))["json"]


def request(content: Any = None, to: Any = ASHA, **more: Any) -> dict[str, Any]:
    """A send to Asha of the phone. `more` goes into `message`."""
    told: dict[str, Any] = {
        "channel": "WABA",
        "content": content or {"type": "TEXT", "text": "Namaste"},
        "recipient": {"to": to, "recipient_type": "individual"},
        "sender": {"from": NUMBER},
        "preferences": {"webHookDNId": "1001"},
    }
    message = {key: value for key, value in {**told, **more}.items() if value is not None}
    return {"message": message, "metaData": {"version": "v1.0.9"}}


@contextlib.asynccontextmanager
async def running(
    callback: Callback,
    settings: Config | None = None,
    clock: Clock | None = None,
    state_dir: Path | None = None,
) -> AsyncIterator[KarixRig]:
    """An emulator that runs on a free port, with webhooks to the callback."""
    settings = settings or config(webhook_url=callback.url)
    emulator = build(settings, clock or Clock(), state_dir)
    async with served(emulator) as address, aiohttp.ClientSession() as client:
        yield KarixRig(emulator, address, callback, client)
