"""The phone over HTTP: who may drive it, what each gesture becomes, what files are served as."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import pytest
from tea_chat import AT, TEA, Switches, TeaLine, serving, text

from dragoman.domain.clock import FixedClock
from dragoman.domain.networks import is_loopback_host
from dragoman.emulators.phone import Handsets

pytestmark = pytest.mark.full  # several emulators a test

OURS = {"X-Dragoman-Phone": "1"}
CHAT = {"line": TEA, "contact": "asha"}
NO_SCRIPT = (
    "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Served:
    def __init__(self, address: str, client: aiohttp.ClientSession) -> None:
        self.handsets, self.line = Handsets(FixedClock(AT)), TeaLine()
        self.address, self.client = address, client

    async def post(
        self, path: str, data: Any, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        body = data if isinstance(data, bytes) else json.dumps(data)
        headers = {"Content-Type": "application/json", **(OURS if headers is None else headers)}
        async with self.client.post(self.address + path, data=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
        async with self.client.get(self.address + path, headers=headers) as answer:
            return answer.status, answer.headers.copy(), await answer.read()


@pytest.fixture
async def phone() -> AsyncIterator[Served]:
    async with aiohttp.ClientSession() as client:
        served = Served("", client)
        served.handsets.connect(served.line)
        async with serving(served.handsets) as address:
            served.address = address
            yield served


async def test_the_page_carries_a_strict_policy_and_no_inline_script(phone: Served) -> None:
    status, headers, page = await phone.get("/phone")
    assert status == 200
    assert headers["Content-Security-Policy"] == NO_SCRIPT
    assert b"Emulated phone. Nothing leaves this machine." in page
    assert b"<script>" not in page and b"onclick" not in page and b"style=" not in page


async def test_everything_the_page_asks_for_is_served_here(phone: Served) -> None:
    kinds = {
        "/phone/ui/tokens.css": "text/css; charset=utf-8",
        "/phone/ui/base.css": "text/css; charset=utf-8",
        "/phone/ui/theme.js": "text/javascript; charset=utf-8",
        "/phone/ui/fonts/atkinson-hyperlegible-next-latin-400-normal.woff2": "font/woff2",
        "/phone/ui/fonts/OFL-atkinson-hyperlegible-mono.txt": "text/plain; charset=utf-8",
        "/phone/static/phone.js": "text/javascript; charset=utf-8",
        "/phone/static/phone.css": "text/css; charset=utf-8",
    }
    for path, kind in kinds.items():
        status, headers, _ = await phone.get(path)
        assert (path, status, headers["Content-Type"]) == (path, 200, kind)
        again, _, body = await phone.get(path, **{"If-None-Match": headers["ETag"]})
        assert (again, body) == (304, b"")
    for path in ("/phone/static/../routes.py", "/phone/static/%2e%2e/routes.py", "/phone/ui/no"):
        assert (await phone.get(path))[0] == 404


async def test_the_scripts_are_small(phone: Served) -> None:
    scripts = ("dom", "rich", "parts", "draw", "template", "sheets", "panels", "phone")
    sizes = [
        len(gzip.compress((await phone.get(f"/phone/static/{name}.js"))[2])) for name in scripts
    ]
    assert sum(sizes) <= 60_000


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"X-Dragoman-Phone": "0"}, 403),
        ({**OURS, "Origin": "https://stranger.example"}, 403),
        ({**OURS, "Origin": "http://127.0.0.1:1"}, 403),
        ({**OURS, "Origin": "null"}, 403),
        ({**OURS, "Sec-Fetch-Site": "cross-site"}, 403),
        ({**OURS, "Host": "rebound.example"}, 403),
        ({**OURS, "Sec-Fetch-Site": "same-origin"}, 201),
        (OURS, 201),
    ],
)
async def test_only_its_own_page_drives_it(
    phone: Served, headers: dict[str, str], status: int
) -> None:
    got, answer = await phone.post("/phone/do", {"do": "write", **CHAT, "text": "hi"}, headers)
    assert got == status
    assert phone.line.sent == ([] if status == 403 else [("asha", text("hi"), None)])
    if status == 403:
        assert "test phone" in answer["detail"]


async def test_a_name_that_was_pointed_at_this_machine_reads_nothing(phone: Served) -> None:
    for path in ("/phone", "/phone/state", "/phone/events", "/phone/static/phone.js"):
        status, _, body = await phone.get(path, Host="rebound.example")
        assert status == 403
        assert b"open it as http://127.0.0.1" in body


def test_which_hosts_are_this_machine() -> None:
    ours = ["127.0.0.1:8400", "localhost", "localhost:1", "[::1]:8400", "[::1]", "127.0.0.2"]
    others = ["", "evil.example", "127.0.0.1.evil.example", "10.0.0.1", "0.0.0.0:8400", ":8400"]
    assert [host for host in ours + others if is_loopback_host(host)] == ours


def interactive(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "interactive", "interactive": {"type": kind, kind: value}}


GESTURES: list[tuple[dict[str, Any], dict[str, Any], str | None]] = [
    ({"do": "write", "text": "مرحبا 👨‍👩‍👧‍👦"}, text("مرحبا 👨‍👩‍👧‍👦"), None),
    ({"do": "write", "text": "yes", "quoted": "w1"}, text("yes"), "w1"),
    (
        {"do": "button", "message": "w1", "id": "teas", "title": "See the teas"},
        interactive("button_reply", {"id": "teas", "title": "See the teas"}),
        "w1",
    ),
    (
        {"do": "row", "message": "w1", "id": "a", "title": "Assam", "description": "Malty"},
        interactive("list_reply", {"id": "a", "title": "Assam", "description": "Malty"}),
        "w1",
    ),
    (
        {"do": "row", "message": "w1", "id": "a", "title": "Assam"},
        interactive("list_reply", {"id": "a", "title": "Assam"}),
        "w1",
    ),
    (
        {"do": "template_button", "message": "w1", "payload": "STOP", "text": "Unsubscribe"},
        {"type": "button", "button": {"payload": "STOP", "text": "Unsubscribe"}},
        "w1",
    ),
    (
        {"do": "location", "latitude": 12.95, "longitude": 77.58, "name": "Gate", "address": ""},
        {
            "type": "location",
            "location": {"latitude": 12.95, "longitude": 77.58, "name": "Gate"},
        },
        None,
    ),
    (
        {"do": "contact", "name": "Noor Rahman", "phone": "+1 202 555 0199"},
        {
            "type": "contacts",
            "contacts": [
                {
                    "name": {"first_name": "Noor", "formatted_name": "Noor Rahman"},
                    "phones": [
                        {"phone": "+1 202 555 0199", "wa_id": "12025550199", "type": "CELL"}
                    ],
                }
            ],
        },
        None,
    ),
    (
        {"do": "contact", "name": "Asha", "phone": "+1 202 555 0142", "message": "w1"},
        {
            "type": "contacts",
            "contacts": [
                {
                    "vcard": "BEGIN:VCARD\nVERSION:3.0\nFN:Asha\n"
                    "TEL;type=CELL;waid=12025550142:+1 202 555 0142\nEND:VCARD",
                    "origin": "contact_request",
                    "phones": [
                        {"phone": "+1 202 555 0142", "wa_id": "12025550142", "type": "CELL"}
                    ],
                }
            ],
        },
        "w1",
    ),
    (
        {"do": "react", "message": "w1", "emoji": "👍"},
        {"type": "reaction", "reaction": {"message_id": "w1", "emoji": "👍"}},
        None,
    ),
    (
        {"do": "react", "message": "w1", "emoji": ""},
        {"type": "reaction", "reaction": {"message_id": "w1"}},
        None,
    ),
    (
        {"do": "form", "message": "w1", "name": "flow", "answers": {"flow_token": "f", "n": 2}},
        interactive(
            "nfm_reply",
            {"name": "flow", "body": "Sent", "response_json": '{"flow_token": "f", "n": 2}'},
        ),
        "w1",
    ),
    (
        {"do": "calls", "message": "w1", "accept": True, "until": 1796025600},
        interactive(
            "call_permission_reply",
            {
                "response": "accept",
                "is_permanent": False,
                "expiration_timestamp": "1796025600",
                "response_source": "user_action",
            },
        ),
        "w1",
    ),
    (
        {"do": "calls", "message": "w1", "accept": False},
        interactive(
            "call_permission_reply", {"response": "reject", "response_source": "user_action"}
        ),
        "w1",
    ),
    (
        {"do": "order", "message": "w1", "catalog": "19", "items": {"p1": 2, "p2": 0}},
        {
            "type": "order",
            "order": {
                "catalog_id": "19",
                "product_items": [
                    {
                        "product_retailer_id": "p1",
                        "quantity": 2,
                        "item_price": 25,
                        "currency": "USD",
                    }
                ],
            },
        },
        "w1",
    ),
]


async def test_each_gesture_becomes_the_body_that_the_partner_would_send(phone: Served) -> None:
    for gesture, body, quoted in GESTURES:
        phone.line.sent.clear()
        assert (await phone.post("/phone/do", {**CHAT, **gesture}))[0] == 201
        assert phone.line.sent == [("asha", body, quoted)]


@pytest.mark.parametrize(
    "wrong", [b"{", b"[]", {"do": "fly", **CHAT}, {"do": "write", **CHAT}, {"do": "write"}]
)
async def test_a_gesture_that_is_none_is_refused_in_words(phone: Served, wrong: Any) -> None:
    status, answer = await phone.post("/phone/do", wrong)
    assert status == 400
    assert answer["detail"].startswith("The test phone did not understand what its page sent (")


async def test_files_of_each_kind_are_stored_and_sent(phone: Served) -> None:
    for kind, name, expected in (
        ("image", "cup.png", {"mime_type": "image/png", "caption": "a & b"}),
        ("document", "résumé 📄.pdf", {"filename": "résumé 📄.pdf", "caption": "a & b"}),
        ("sticker", "s.webp", {"animated": False}),
        ("audio", "a.mp3", {"voice": False}),
        ("voice", "", {"voice": True, "mime_type": "audio/ogg; codecs=opus"}),
    ):
        phone.line.sent.clear()
        usual = {"sticker": "image/webp", "audio": "audio/mpeg"}.get(kind, "image/png")
        mime = expected.get("mime_type", usual)
        query = {**CHAT, "kind": kind, "filename": name, "caption": "a & b"}
        url = f"{phone.address}/phone/upload"
        headers = {**OURS, "Content-Type": str(mime)}
        async with phone.client.post(url, params=query, data=b"bytes", headers=headers) as answer:
            assert answer.status == 201, await answer.text()
        ((_, body, _),) = phone.line.sent
        value = body["audio" if kind == "voice" else kind]
        assert {key: value[key] for key in expected} == expected
        stored, _ = phone.line.files[value["id"]]
        assert stored.startswith(b"OggS") if kind == "voice" else stored == b"bytes"


async def test_an_empty_file_and_an_unknown_kind_are_refused(phone: Served) -> None:
    base = f"/phone/upload?line={TEA}&contact=asha"
    status, answer = await phone.post(f"{base}&kind=image&filename=a.png", b"")
    assert (status, answer["detail"]) == (
        400,
        "The file 'a.png' is empty: choose one with something in it.",
    )
    status, answer = await phone.post(f"{base}&kind=program", b"x")
    assert status == 400 and answer["detail"].startswith("'program' is no kind of file to send")


@pytest.mark.parametrize(
    ("kind", "mime", "size", "sentence"),
    [
        ("image", "text/html", 9, "'a.x' is text/html, which is not sent as image"),
        ("sticker", "image/png", 9, "'a.x' is image/png, which is not sent as sticker"),
        ("image", "image/png", 5 * 1024 * 1024 + 1, "'a.x' is larger than 5120 kB, the most"),
        ("sticker", "image/webp", 512 * 1024 + 1, "'a.x' is larger than 512 kB, the most"),
    ],
)
async def test_a_file_of_the_wrong_kind_or_too_large_is_not_stored(
    phone: Served, kind: str, mime: str, size: int, sentence: str
) -> None:
    url = f"{phone.address}/phone/upload?line={TEA}&contact=asha&kind={kind}&filename=a.x"
    headers = {**OURS, "Content-Type": mime}
    async with phone.client.post(url, data=io.BytesIO(b"x" * size), headers=headers) as answer:
        assert answer.status == 400
        assert sentence in (await answer.json())["detail"]
    assert phone.line.files == {} and phone.line.sent == []


async def test_a_file_never_becomes_a_page_of_this_origin(phone: Served) -> None:
    phone.line.files["1"] = (b"<script>alert(1)</script>", "text/html")
    phone.line.files["2"] = (b"<svg onload='alert(1)'/>", "image/svg+xml")
    phone.line.files["3"] = (b"\x89PNG", "image/png")
    for media, attached in (("1", True), ("2", True), ("3", False)):
        _, headers, _ = await phone.get(f"/phone/media/{TEA}/{media}")
        assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert ("Content-Disposition" in headers) is attached
    assert (await phone.get(f"/phone/media/{TEA}/404"))[0] == 404


async def test_faults_and_clock_are_there_only_where_the_emulator_gives_them(
    phone: Served,
) -> None:
    assert phone.handsets.panel() == {
        "live": None, "answered": None, "others": {}, "faults": {}, "clock": None,
    }  # fmt: skip
    assert (await phone.post("/phone/faults", {"name": "slow", "on": True}))[0] == 400
    assert (await phone.post("/phone/clock", {"by": 1}))[0] == 400
    switches, others = Switches(), Switches()
    phone.handsets.controls = {"clock": phone.handsets.clock}
    phone.handsets.faults = {"WhatsApp Cloud API": switches, "Other partner": others}
    await phone.post("/phone/faults", {"name": "slow", "on": True})
    await phone.post("/phone/faults", {"partner": "Other partner", "name": "slow", "on": True})
    assert (switches.on, others.on) == (True, True)
    _, answer = await phone.post("/phone/faults", {})
    assert (switches.on, others.on) == (False, True)
    assert answer["controls"]["faults"] == {
        "WhatsApp Cloud API": switches.describe(),
        "Other partner": others.describe(),
    }
    assert (await phone.post("/phone/faults", {"partner": "Nobody", "name": "slow"}))[0] == 400
    _, answer = await phone.post("/phone/clock", {"by": 3_600_000})
    assert answer["controls"]["clock"]["now"] == AT + 3_600_000


async def test_looking_inventing_and_paying(phone: Served) -> None:
    phone.handsets.receive(TEA, "asha", "w1", text("hi"), AT)
    assert await phone.post("/phone/look", CHAT) == (201, {"ok": True, "seen": 1})
    _, answer = await phone.post("/phone/invent", {"name": "Noor"})
    assert answer["contact"]["phone"] == "12025550145"
    await phone.post("/phone/paid", {**CHAT, "message": "w1", "outcome": "paid"})
    assert phone.line.paid == [("asha", "w1", "paid")]
    bad = {**CHAT, "message": "w1", "outcome": "stolen"}
    assert (await phone.post("/phone/paid", bad))[0] == 400


class Channel:
    """A channel that the phone can switch to another partner."""

    def __init__(self) -> None:
        self.current = "WhatsApp Cloud API"
        self.others: dict[str, str] = {}

    @property
    def answered(self) -> list[str]:
        return [self.current]

    async def to(self, label: str, scope: Any) -> None:
        self.current = label


async def test_the_channel_is_switched_where_there_is_one(phone: Served) -> None:
    phone.handsets.faults = {"WhatsApp Cloud API": Switches(), "Other partner": Switches()}
    status, answer = await phone.post("/phone/switch", {"partner": "Other partner"})
    assert (status, "start the demo" in answer["detail"]) == (400, True)
    phone.handsets.controls = {"switch": Channel()}
    assert phone.handsets.panel()["live"] == "WhatsApp Cloud API"
    _, answer = await phone.post("/phone/switch", {"partner": "Other partner"})
    assert answer["controls"]["live"] == "Other partner"
    assert (await phone.post("/phone/switch", {"partner": "Nobody"}))[0] == 400
    assert phone.handsets.panel()["live"] == "Other partner"


async def test_the_stream_tells_a_change_and_ends_when_the_server_stops(phone: Served) -> None:
    async with phone.client.get(f"{phone.address}/phone/events") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        assert await stream.content.readuntil(b"\n\n") == b": open\n\n"
        assert await stream.content.readuntil(b"\n\n") == b'data: {"event":"hello"}\n\n'
        phone.handsets.receive(TEA, "asha", "w1", text("line one\nline two"), AT)
        told = json.loads((await stream.content.readuntil(b"\n\n")).removeprefix(b"data: "))
        assert (told["event"], told["bubble"]["body"]) == ("bubble", text("line one\nline two"))
        phone.handsets.end_streams()
        assert await asyncio.wait_for(stream.content.read(), 2) == b""
