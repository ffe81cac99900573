"""An emulated Infobip account on a real port, a callback, and a client with its credentials."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
from emulator_rig import ASHA, Callback, served

from dragoman.domain.clock import Clock
from dragoman.emulators.infobip import Emulator, InfobipConfig, build
from dragoman.emulators.infobip.config import ApiKey, Delays, Rates, Sender, Setup
from dragoman.emulators.infobip.wire import basic, message_id

FIXTURES = Path(__file__).parents[1] / "fixtures" / "infobip"
SENDER, SHARED = "447700900100", "447700900188"
FIXED_ID = "7b0d4a86-53c1-4f6a-a2c7-0a5f0e1c9d22"  # the message id of every fixture
PERSON = "447700900123"  # the person of every fixture
USERNAME, PASSWORD = "acme", "test-password"
KEY = "00112233445566778899aabbccddeeff-00000000-0000-4000-8000-000000000001"
SEND_KEY, OLD_KEY = KEY[:-1] + "2", KEY[:-1] + "3"
CONSOLE = {"X-Dragoman-Console": "1"}
KINDS = {
    "interactive_buttons_document_header": "interactive/buttons",
    "interactive_flow_navigate": "interactive/flow",
    "interactive_flow_data_exchange": "interactive/flow",
    "interactive_media_carousel_url": "interactive/media-carousel",
    "interactive_media_carousel_quick_reply": "interactive/media-carousel",
}


def fixture(folder: str, name: str) -> Any:
    return json.loads((FIXTURES / folder / f"{name}.json").read_text(encoding="utf-8"))


def names(folder: str) -> list[str]:
    return sorted(path.stem for path in (FIXTURES / folder).glob("*.json"))


def path_of(name: str) -> str:
    """The endpoint of an outbound fixture."""
    if name == "messages_api_typing":
        return "/messages-api/1/events"
    if name.startswith("messages_api"):
        return "/messages-api/1/messages"
    if name == "event_typing_indicator":
        return "/whatsapp/1/events"
    if name.startswith("template_"):
        return "/whatsapp/1/message/template"
    if name.startswith("interactive_order_details"):
        return "/whatsapp/1/message/interactive/order-details"
    kind = name.replace("_", "-").replace("interactive-", "interactive/")
    return f"/whatsapp/1/message/{KINDS.get(name, kind)}"


def placed(value: Any, url: str, ids: Iterator[str]) -> Any:
    """A fixture's body for this run: to Asha, new message ids, reports to the callback."""
    if isinstance(value, list):
        return [placed(one, url, ids) for one in value]
    if not isinstance(value, dict):
        return ASHA if value == PERSON else value
    made = {}
    for key, one in value.items():
        if key == "messageId" and isinstance(one, str) and one:
            made[key] = next(ids)
        elif key == "notifyUrl" and one:
            made[key] = url
        elif key in ("delivery", "seen") and isinstance(one, dict) and one:
            made[key] = {**one, "url": url}
        else:
            made[key] = placed(one, url, ids)
    return made


def new_ids() -> Iterator[str]:
    while True:
        yield message_id()


def structure_of(content: dict[str, Any]) -> dict[str, Any]:
    """A template's structure that a fixture's `content` of a send fits."""
    data = content["templateData"]

    def words(count: int) -> str:
        return "Tea " + " ".join(f"{{{{{n}}}}}" for n in range(1, count + 1))

    def header(given: dict[str, Any] | None) -> dict[str, Any]:
        if given is None:
            return {}
        text = {"text": words(1)} if given["type"] == "TEXT" else {}
        return {"header": {"format": given["type"], **text}}

    def buttons(given: list[dict[str, Any]]) -> dict[str, Any]:
        made = []
        for one in given:
            url = {"url": "https://tea.example/{{1}}"} if one["type"] == "URL" else {}
            made.append({"type": one["type"], "text": one["type"].title(), **url})
        return {"buttons": made} if made else {}

    made = {
        **header(data.get("header")),
        "body": {"text": words(len(data["body"]["placeholders"]))},
        **buttons(data.get("buttons") or []),
        "type": "MEDIA",
    }
    if "limitedTimeOffer" in data:
        made["limitedTimeOffer"] = {"text": "Ends soon", "hasExpiration": True}
    if "carousel" in data:
        cards = data["carousel"]["cards"]
        made["carousel"] = {
            "cards": [
                {
                    **header(card["header"]),
                    "body": {"text": words(len(card["body"]["placeholders"]))},
                    **buttons(card["buttons"]),
                }
                for card in cards
            ]
        }
    return made


def config(url: str = "", **changes: Any) -> InfobipConfig:
    """The account of the fixtures, with quick reports; the sender's messages and reports go to
    `url`."""
    setup = Setup(inbound_url=url, delivery_url=url, seen_url=url)
    plain: dict[str, Any] = {
        "username": USERNAME,
        "password": PASSWORD,
        "api_keys": [
            ApiKey(key=KEY, name="all"),
            ApiKey(key=SEND_KEY, name="send", scopes=("message:send",)),
            ApiKey(key=OLD_KEY, name="old", expires_at=1),
        ],
        "senders": [
            Sender(number=SENDER, title="Acme", setup=setup),
            Sender(number=SHARED, title="Test sender", shared=True),
        ],
        "delays": Delays(sent_ms=10, delivered_ms=25, failed_ms=10, template_review_ms=10),
        "rates": Rates(number_per_second=0, pair_burst=0),
        "inbound_style": "documented",
        "retry_ms": (10, 20, 40),
    }
    return InfobipConfig(**{**plain, **changes})


class InfobipRig:
    """The emulator, its address, its callback, and a client."""

    def __init__(
        self, emulator: Emulator, address: str, callback: Callback, client: aiohttp.ClientSession
    ) -> None:
        self.emulator, self.callback, self.client = emulator, callback, client
        self.base = f"{address}{emulator.config.prefix}"

    async def call(
        self, method: str, path: str, body: Any = None, *, auth: str = f"App {KEY}", **more: Any
    ) -> tuple[int, Any]:
        """One call; gives status and JSON, or text. `auth` "" sends no header."""
        headers = {"Authorization": auth} if auth else {}
        headers |= more.pop("headers", {})
        if body is not None:
            more["json"] = body
        url = f"{self.base}{path}"
        async with self.client.request(method, url, headers=headers, **more) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text[:1] in ("{", "[") else text

    async def send(self, kind: str, content: Any = None, **more: Any) -> tuple[int, Any]:
        """One message of the WhatsApp API to Asha; `more` are fields beside `content`."""
        body = {"from": SENDER, "to": ASHA, **more}
        if content is not None:
            body["content"] = content
        return await self.call("POST", f"/whatsapp/1/message/{kind}", body)

    async def template(self, content: Any, **more: Any) -> tuple[int, Any]:
        body = {"messages": [{"from": SENDER, "to": ASHA, "content": content, **more}]}
        return await self.call("POST", "/whatsapp/1/message/template", body)

    async def control(self, path: str, body: Any = None) -> Any:
        method = "GET" if body is None else "POST"
        return (await self.call(method, f"/_control/{path}", body, auth=""))[1]

    async def press(self, panel: str, button: str = "", **values: Any) -> tuple[int, Any]:
        body = {"button": button, "values": values}
        return await self.call("POST", f"/console/api/{panel}", body, auth="", headers=CONSOLE)

    async def shown(self) -> dict[str, dict[str, Any]]:
        """What each panel of the console shows: control → value."""
        panels = (await self.call("GET", "/console/api", auth=""))[1]["panels"]
        return {p["id"]: {c["id"]: c.get("value") for c in p["controls"]} for p in panels}

    async def writes(self, text: str = "hello", number: str = "", **contact: Any) -> Any:
        """A person writes, so that the window is open. Gives the message's id."""
        body = {"type": "text", "text": {"body": text}}
        return await self.inbound(body, number, **contact)

    async def inbound(
        self, body: Any, number: str = "", quoted: str | None = None, **contact: Any
    ) -> Any:
        who = contact or {"phone": ASHA, "name": "Asha"}
        order = {"contact": who, "body": body, "number": number, "quoted": quoted}
        return (await self.control("inbound", order))["id"]

    def told(self) -> list[dict[str, Any]]:
        return self.callback.bodies()

    def results(self, message_id: str) -> list[dict[str, Any]]:
        """Every result that names the message, in order of arrival."""
        found = [one for body in self.told() for one in body.get("results", [])]
        return [one for one in found if one["messageId"] == message_id]

    async def heard(self, message_id: str, count: int = 1) -> list[dict[str, Any]]:
        await self.callback.wait(lambda: len(self.results(message_id)) >= count)
        return self.results(message_id)

    async def quiet(self) -> None:
        """Until nothing waits any more."""
        await self.callback.wait(lambda: self.emulator.timeline.waiting == 0)

    def bubble(self, message_id: str, contact: str = "asha") -> dict[str, Any]:
        """What the phone shows of a message."""
        chats = self.emulator.handsets.state()["chats"]
        bubbles = [one for c in chats if c["contact"] == contact for one in c["bubbles"]]
        return copy.deepcopy(next(one for one in bubbles if one["id"] == message_id))


BASIC = basic(USERNAME, PASSWORD)


@contextlib.asynccontextmanager
async def infobip(
    callback: Callback,
    settings: InfobipConfig | None = None,
    clock: Clock | None = None,
    state_dir: Path | None = None,
) -> AsyncIterator[InfobipRig]:
    """An emulator that serves on a free port, with webhooks to the callback."""
    settings = settings or config(callback.url)
    emulator = build(settings, clock or Clock(), state_dir)
    async with served(emulator) as address, aiohttp.ClientSession() as client:
        emulator.learn_address(address.removeprefix("http://"))
        yield InfobipRig(emulator, address, callback, client)
