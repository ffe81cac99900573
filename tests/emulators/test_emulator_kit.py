"""What the kit gives every emulated partner, seen through an invented one."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import pytest
from emulator_rig import ASHA, PNID, Callback, config, free_port
from relay import Config, Relay

from dragoman.domain.clock import Clock, FixedClock
from dragoman.domain.sentences import SentenceError
from dragoman.emulators import app, cloud_api, kit
from dragoman.emulators.kit.console import press
from dragoman.emulators.kit.control import Person
from dragoman.emulators.phone.handsets import Handsets

pytestmark = pytest.mark.full  # an emulated partner over real HTTP

QUICK: dict[str, Any] = {
    "delays": kit.Delays(sent_ms=5, delivered_ms=15, failed_ms=5),
    "retry_ms": (0, 5),
}
TEXT = {"type": "text", "text": {"body": "नमस्ते"}}


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.EMULATORS, "relay", "relay")


@asynccontextmanager
async def serving(
    configs: dict[str, kit.PartnerConfig], state_dir: Path | None = None
) -> AsyncIterator[tuple[list[kit.PartnerEmulator], str, aiohttp.ClientSession]]:
    """Emulators on one port, as `serve_all` serves them."""
    emulators = app.build_all(configs, Clock(), state_dir)
    ready, port = asyncio.Event(), free_port()
    task = asyncio.create_task(app.serve_emulators(emulators, "127.0.0.1", port, ready=ready))
    await ready.wait()
    try:
        async with aiohttp.ClientSession() as client:
            yield emulators, f"http://127.0.0.1:{port}", client
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def send(client: aiohttp.ClientSession, base: str, text: str = "hi") -> tuple[int, str]:
    body = {"from": "12025550101", "to": ASHA, "text": text}
    async with client.post(f"{base}/emulated/relay/send", json=body) as answer:
        return answer.status, await answer.text()


async def test_a_partner_s_own_bytes_leave_and_its_reports_share_posts(callback: Callback) -> None:
    settings = Config(batching=kit.Batching(updates=10, within_ms=60), **QUICK)
    async with serving({"relay": settings}) as (emulators, base, client):
        relay, handsets = emulators[0], emulators[0].handsets
        await press(relay, "hooks", "save", {"url": callback.url})
        said = [
            await handsets.person_sends("relay:12025550101", "asha", TEXT),
            await handsets.person_sends("relay:12025550101", "asha", TEXT),
        ]
        await callback.wait(lambda: len(callback.posts) == 2)
        assert [dict(parse_qsl(body.decode())) for _, body in callback.posts] == [
            {"id": message_id, "from": ASHA, "to": "12025550101", "text": "नमस्ते"}
            for message_id in said
        ]
        assert callback.posts[0][0]["Content-Type"] == "application/x-www-form-urlencoded"
        sent = [json.loads((await send(client, base))[1])["id"] for _ in range(2)]
        await callback.wait(lambda: len(callback.posts) == 3)
        headers, body = callback.posts[2]
        assert json.loads(body) == {"events": [{"id": i, "status": "delivered"} for i in sent]}
        assert (headers["Content-Type"], headers["X-Relay"]) == ("application/json", "relay-key")
        chat = next(c for c in handsets.state()["chats"] if c["contact"] == "asha")
        assert [b["id"] for b in chat["bubbles"]][2:] == sent
        await handsets.look("relay:12025550101", "asha")
        await callback.wait(lambda: len(callback.posts) == 4)
        read = {"events": [{"id": i, "status": "read"} for i in sent]}
        assert json.loads(callback.posts[3][1]) == read


async def test_two_partners_share_one_port_one_phone_and_no_key(
    callback: Callback, tmp_path: Path
) -> None:
    configs = {"cloud-api": config(callback_url=callback.url), "relay": Config(**QUICK)}
    async with serving(configs, tmp_path) as (emulators, base, client):
        cloud, relay = emulators
        state = await (await client.get(f"{base}/phone/state")).json()
        assert [(one["key"], one["partner"]) for one in state["lines"]] == [
            (PNID, "WhatsApp Cloud API"),
            ("relay:12025550101", "Relay"),
            ("relay:12025550102", "Relay"),
        ]
        assert set(state["controls"]["faults"]) == {"WhatsApp Cloud API", "Relay"}
        names = [fault["name"] for fault in state["controls"]["faults"]["Relay"]]
        assert "error_503" not in names and "token_expired" not in names
        order = {"partner": "Relay", "name": "error_500", "on": True}
        headers = {"X-Dragoman-Phone": "1"}
        await client.post(f"{base}/phone/faults", json=order, headers=headers)
        assert (await send(client, base))[0] == 500
        assert [cloud.faults.on("error_500"), relay.faults.on("error_500")] == [False, True]
        for prefix in ("cloud-api", "relay"):
            page = await client.get(f"{base}/emulated/{prefix}/console")
            assert page.status == 200
            seen = await client.get(f"{base}/emulated/{prefix}/_control/state")
            assert seen.status == 200
        assert (await client.get(f"{base}/emulated/relays/console")).status == 404
    kept = {name for name in os.listdir(tmp_path) if name.endswith(".db")}
    assert kept == {"cloud_api.db", "phone.db", "relay.db"}


async def test_status_first_is_the_first_report_that_the_partner_makes(callback: Callback) -> None:
    async with serving({"relay": Config(**QUICK)}) as (emulators, base, client):
        await press(emulators[0], "hooks", "", {"url": callback.url})
        await (
            emulators[0].lines["12025550101"].send(emulators[0].handsets.contacts()[0], TEXT, None)
        )
        emulators[0].faults.set("status_first", True)
        sent = json.loads((await send(client, base))[1])["id"]
        reports = [json.loads(body) for _, body in callback.posts if body.startswith(b"{")]
        assert reports == [{"events": [{"id": sent, "status": "delivered"}]}]
        await callback.wait(lambda: emulators[0].timeline.waiting == 0)
        assert len([body for _, body in callback.posts if body.startswith(b"{")]) == 1


async def test_what_fails_and_what_is_too_much(callback: Callback) -> None:
    rates = kit.Rates(number_per_second=0, pair_burst=2)
    async with serving({"relay": Config(rates=rates, **QUICK)}) as (emulators, base, client):
        relay = emulators[0]
        await press(relay, "hooks", "save", {"url": callback.url})
        first, second, third = [await send(client, base) for _ in range(3)]
        assert (first[0], second[0], third) == (202, 202, (429, '{"error": "pair"}'))
        await callback.wait(lambda: len(callback.posts) == 2)
        why = {json.loads(body)["events"][0]["why"] for _, body in callback.posts}
        assert why == {"window"}
        relay.faults.set("rate_429", True, 1)
        assert await send(client, base) == (429, '{"error": "number"}')
        relay.faults.set("torn_body", True, 1)
        relay.reset()
        relay.faults.set("torn_body", True, 1)
        status, text = await send(client, base)
        assert (status, text[:6], text[-1] == "}") == (202, '{"id":', False)


async def test_a_webhook_is_given_up_when_the_partner_s_list_of_pauses_is(
    callback: Callback,
) -> None:
    callback.plan = lambda count: 500
    settings = Config(delays=QUICK["delays"], retry_ms=(0, 5), retry_for_ms=0)
    async with serving({"relay": settings}) as (emulators, _, _):
        relay = emulators[0]
        await press(relay, "hooks", "save", {"url": callback.url})
        await relay.handsets.person_sends("relay:12025550101", "asha", TEXT)
        await callback.wait(lambda: relay.timeline.waiting == 0)
        assert (len(callback.posts), relay.timeline.failed, relay.timeline.expired) == (3, 3, 1)


async def test_a_kind_that_the_partner_cannot_carry_is_told_on_the_phone() -> None:
    handsets = Handsets(FixedClock(1_794_560_400_000))
    relay = kit.made(Relay, Config(), handsets.clock, None, handsets)
    order: dict[str, Any] = {"type": "order", "order": {"catalog_id": "1", "product_items": []}}
    with pytest.raises(SentenceError, match="Relay passes on no message of the kind order"):
        await handsets.person_sends("relay:12025550101", "asha", order)
    image = await handsets.upload("relay:12025550101", b"\x89PNG", "image/png", None)
    assert await handsets.media("relay:12025550101", image["id"]) == (b"\x89PNG", "image/png")
    assert await relay.lines["12025550102"].load_media(image["id"]) is None
    relay.books.close()
    handsets.close()


def test_state_survives_and_an_older_layout_is_begun_anew(tmp_path: Path) -> None:
    books = kit.Books(tmp_path, "relay")
    books.put("url", "http://127.0.0.1:1/x")
    books.close()
    books = kit.Books(tmp_path, "relay")
    assert books.get("url") == "http://127.0.0.1:1/x"
    books.db.execute("PRAGMA user_version=1")
    books.close()
    assert kit.Books(tmp_path, "relay").get("url") is None


@pytest.mark.parametrize(
    ("panel", "button", "values", "said"),
    [
        ("hook", "save", {}, "Relay's console has no panel 'hook': its panels are hooks."),
        ("hooks", "sav", {}, "The panel hooks has no button 'sav': its buttons are save, show."),
        ("hooks", "save", {"uri": ""}, "The panel hooks has no field 'uri': its fields are url, "),
        ("hooks", "save", {"url": 1}, "The field 'url' takes text: give one of those."),
        ("hooks", "save", {"on": "yes"}, "The field 'on' takes true or false"),
        ("hooks", "save", {"format": "xml"}, "The field 'format' takes form, json"),
        ("hooks", "save", {"key": "x"}, "The panel hooks has no field 'key'"),
        ("hooks", "show", {"password": "cup"}, "The password is wrong"),
    ],
)
async def test_what_the_console_does_not_take_it_says(
    panel: str, button: str, values: dict[str, Any], said: str
) -> None:
    async with serving({"relay": Config()}) as (_, base, client):
        url = f"{base}/emulated/relay/console/api/{panel}"
        headers = {"X-Dragoman-Console": "1"}
        body = {"button": button, "values": values}
        async with client.post(url, json=body, headers=headers) as answer:
            assert answer.status == 400
            assert (await answer.json())["detail"].startswith(said)


async def test_the_registry_builds_what_it_names() -> None:
    assert app.config_of("cloud-api") == cloud_api.EmulatorConfig()
    assert app.config_of("relay") == Config()
    with pytest.raises(KeyError):
        app.config_of("pigeon")


@pytest.mark.parametrize("written", ["+12025550142", "+1 202 555-0142", "12025550142"])
def test_a_phone_is_the_same_person_however_it_is_written(written: str) -> None:
    contact = Person(phone=written).contact()
    assert (contact.phone, contact.id) == ("12025550142", "wa-12025550142")
    assert Person(bsuid="US.1").contact().phone is None
