"""What is in no list says *unknown* and shows what there is; two causes that look the same are both
named."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from five import STREAM_ID, Five, five, free_port
from test_console_causes import (
    SHOP,
    Break,
    any_rows,
    asked,
    associated,
    change,
    failed,
    hello,
    listed,
    page_of,
    pressed,
    refused,
    secrets,
)

pytestmark = pytest.mark.full  # the program and five partners

MOON = "The moon is in the wrong house"
# A refusal in each partner's own shape, with a code that nobody has heard of.
ODD: dict[str, tuple[int, Any]] = {
    "cloud-api": (400, {"error": {"message": MOON, "type": "MoonException", "code": 987654}}),
    "infobip": (
        200,
        {
            "messages": [
                {
                    "status": {
                        "groupId": 5,
                        "groupName": "REJECTED",
                        "id": 987,
                        "name": "MOON",
                        "description": MOON,
                    }
                }
            ]
        },
    ),
    "gupshup": (200, {"response": {"id": "987", "details": MOON, "status": "error"}}),
    "karix": (200, {"statusCode": "MOON", "statusDesc": MOON}),
    "netcore": (400, {"status": "error", "error": {"code": 9876, "message": MOON}}),
}
ADDRESS = {"cloud-api": "graph_url"}  # the field of the others is base_url


@contextlib.asynccontextmanager
async def odd(status: int, body: Any) -> AsyncIterator[str]:
    """A server that answers everything alike."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("partner", list(ODD))
async def test_an_unlisted_refusal_is_unknown_with_its_request(
    tmp_path: Path, partner: str
) -> None:
    async with (
        odd(*ODD[partner]) as address,
        five(tmp_path, SHOP, egress_allow=("127.0.0.1",)) as world,
    ):
        await world.use(partner)
        await change(world, partner, {ADDRESS.get(partner, "base_url"): address})
        await hello(world, partner)
        await failed(world)
        found = await listed(world, check=False)
        assert found.broken == ["First answer accepted"], found.told
        told = found.told["First answer accepted"]
        assert told.startswith("Unknown: ") and MOON in told
        kept = (await page_of(world, found.raw["First answer accepted"])).html
        assert MOON in kept and "/messages" in kept
        for secret in secrets(world, partner):
            assert secret not in kept


@pytest.mark.parametrize("partner", ["cloud-api", "netcore"])
async def test_an_unlisted_answer_to_the_check_is_unknown_with_its_request(
    tmp_path: Path, partner: str
) -> None:
    async with (
        odd(*ODD[partner]) as address,
        five(tmp_path, SHOP, egress_allow=("127.0.0.1",)) as world,
    ):
        await world.use(partner)
        await change(world, partner, {ADDRESS.get(partner, "base_url"): address})
        found = await listed(world)
        assert found.broken == ["Credentials"], found.told
        assert found.told["Credentials"].startswith("Unknown: ")
        kept = json.loads(found.raw["Credentials"])
        assert kept["url"].startswith(address) and MOON in kept["reply_body"]
        for secret in secrets(world, partner):
            assert secret not in found.raw["Credentials"]


async def test_a_call_that_cannot_be_read_is_unknown_with_its_request(tmp_path: Path) -> None:
    async with five(tmp_path, SHOP) as world:
        await world.use("karix")
        hook = world.emulated.settings.url_for(f"hooks/karix/{STREAM_ID}")
        async with aiohttp.ClientSession() as client:
            await client.post(hook, data=b"<moon/>", headers={"Content-Type": "text/xml"})
        await world.until(lambda: any_rows(world, "SELECT 1 FROM rejected"))
        found = await listed(world, check=False)
        assert found.broken == ["Webhook reached us"], found.told
        assert found.told["Webhook reached us"].startswith("Unknown: Karix called")
        assert "moon" in (await page_of(world, found.raw["Webhook reached us"])).html
        await hello(world, "karix")
        await world.quiet()
        assert (await listed(world, check=False)).broken == []  # the next one could be read


async def test_a_doubt_is_no_working_answer(tmp_path: Path) -> None:
    async with five(tmp_path, SHOP, http_timeout_s=0.5) as world:
        await world.use("karix")
        world.at("karix").faults.set("timeout_after_accept", True, 1, 5_000)
        world.at("karix").faults.set("late_status", True, None, 60_000)
        await hello(world, "karix")
        await world.until(lambda: any_rows(world, "SELECT 1 FROM message WHERE doubt=1"))
        found = await listed(world, check=False)
        assert found.broken == ["First answer accepted"], found.told
        assert "may have been sent" in found.told["First answer accepted"]
        world.at("karix").faults.all_off()


# --- pairs that look the same from here ----------------------------------------------------------


async def set_nowhere(world: Five) -> None:
    await pressed(world, "infobip", "sender_1", "save", inbound_url="", delivery_url="")
    await wrote(world, "infobip")


async def set_elsewhere(world: Five) -> None:
    elsewhere = world.emulated.settings.url_for("nobody")
    await pressed(world, "infobip", "sender_1", "save", inbound_url=elsewhere)
    await wrote(world, "infobip")


async def field_off(world: Five) -> None:
    await pressed(world, "cloud-api", "fields", "save", messages=False)
    await wrote(world, "cloud-api")


async def account_off(world: Five) -> None:
    world.at("cloud-api").subscriptions.state.account = False  # type: ignore[attr-defined]
    await wrote(world, "cloud-api")


async def wrote(world: Five, partner: str) -> None:
    await asked(world, "POST", "/wrote")
    await hello(world, partner)
    world.emulated.clock.move(61_000)


async def other_secret(world: Five) -> None:
    await change(world, "cloud-api", {"app_secret": "f" * 32})
    await hello(world, "cloud-api")
    await refused(world)


async def changed_body(world: Five) -> None:
    """Something on the way puts a space into what Meta signed."""
    hook = world.emulated.settings.url_for(f"hooks/cloud-api/{STREAM_ID}")
    signed = {"X-Hub-Signature-256": "sha256=" + "0" * 64, "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as client:
        await client.post(hook, data=b'{ "object":"whatsapp_business_account"}', headers=signed)
    await refused(world)


async def no_header_set(world: Five) -> None:
    await associated(world)
    await hello(world, "gupshup")
    await refused(world)


async def header_removed(world: Five) -> None:
    await associated(world)
    hook = world.emulated.settings.url_for(f"hooks/gupshup/{STREAM_ID}")
    async with aiohttp.ClientSession() as client:
        await client.post(hook, data=b"{}", headers={"Content-Type": "application/json"})
    await refused(world)


async def reports_not_set(world: Five) -> None:
    await pressed(world, "netcore", "delivery", "save", status=False)
    await answered(world)


async def phone_off(world: Five) -> None:
    world.at("netcore").faults.set("late_status", True, None, 600_000)
    await answered(world)


async def answered(world: Five) -> None:
    await hello(world, "netcore")
    await world.until(lambda: any_rows(world, "SELECT 1 FROM message WHERE direction=1 AND rank=2"))
    world.app.clock.move(61_000)


ALIKE: list[tuple[str, str, Break, str, Break, str]] = [
    ("infobip", "Webhook reached us", set_nowhere, "not set at", set_elsewhere, "elsewhere"),
    ("cloud-api", "Webhook reached us", field_off, "messages is on", account_off, "subscribed"),
    ("cloud-api", "Sender proved", other_secret, "another Meta app", changed_body, "on the way"),
    ("gupshup", "Sender proved", no_header_set, "give the partner", header_removed, "on the way"),
    ("netcore", "First delivery report", reports_not_set, "not set to come", phone_off, "is off"),
]


@pytest.mark.parametrize(
    ("partner", "step", "one", "its", "other", "others"),
    ALIKE,
    ids=[f"{a[2].__name__} or {a[4].__name__}" for a in ALIKE],
)
async def test_causes_that_look_alike_are_both_named(
    tmp_path: Path, partner: str, step: str, one: Break, its: str, other: Break, others: str
) -> None:
    said = []
    for name, cause in (("one", one), ("other", other)):
        (tmp_path / name).mkdir()
        async with five(tmp_path / name, SHOP) as world:
            await world.use(partner)
            await cause(world)
            found = await listed(world, check=False)
            assert its in found.told[step] and others in found.told[step], found.told
            assert found.broken in ([step], [])
            said.append(re.sub(r"\d+ (min|s|ms)", "…", found.told[step]))
    assert said[0] == said[1]
