"""Faults on demand, retries, and what is delivered in the end."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest
from emulator_rig import PNID, Callback, Rig, config, running, text

from dragoman.domain.sentences import SentenceError
from dragoman.emulators.cloud_api.config import Batching

pytestmark = pytest.mark.full  # an emulated partner over real HTTP


async def test_a_webhook_comes_again_until_it_is_answered_200(rig: Rig) -> None:
    rig.callback.plan = lambda count: 500 if count <= 3 else 200
    message_id = await rig.writes()
    await rig.callback.wait(lambda: len(rig.callback.posts) == 4)
    assert {v["messages"][0]["id"] for v in rig.callback.values()} == {message_id}
    assert len({body for _, body in rig.callback.posts}) == 1
    assert rig.callback.signed()
    await rig.callback.wait(lambda: rig.emulator.timeline.waiting == 0)
    state = await rig.control("state")
    assert state["webhooks"] == {"delivered": 1, "failed": 3, "expired": 0}


async def test_a_webhook_is_given_up_after_seven_days_of_business_time(rig: Rig) -> None:
    rig.callback.plan = lambda count: 503
    await rig.writes()
    await rig.callback.wait(lambda: len(rig.callback.posts) >= 2)
    moved = await rig.control("clock", {"move_ms": 7 * 24 * 3_600_000})
    assert moved["offset_ms"] == 7 * 24 * 3_600_000
    await rig.callback.wait(lambda: rig.emulator.timeline.waiting == 0)
    assert rig.emulator.timeline.expired == 1


async def test_an_answer_too_late_is_no_answer(callback: Callback) -> None:
    settings = config(callback_url=callback.url, webhook_timeout_ms=80)
    async with running(callback, settings) as rig:
        callback.plan = lambda count: 0.3 if count == 1 else 200
        await rig.writes()
        await callback.wait(lambda: len(callback.posts) == 2)


async def test_duplicate_brings_the_same_update_in_another_body(rig: Rig) -> None:
    await rig.control("faults", {"name": "duplicate", "count": 1})
    message_id = await rig.writes()
    await rig.callback.wait(lambda: len(rig.callback.posts) == 2)
    ids = [v["messages"][0]["id"] for v in rig.callback.values()]
    assert ids == [message_id] * 3
    assert rig.callback.posts[0][1] != rig.callback.posts[1][1]
    assert rig.callback.signed()


async def test_reorder_swaps_reports_and_messages(rig: Rig) -> None:
    await rig.control("faults", {"name": "reorder", "value": 100})
    first = await rig.writes("one")
    second = await rig.writes("two")
    await rig.callback.wait(lambda: len(rig.callback.posts) == 2)
    assert [v["messages"][0]["id"] for v in rig.callback.values()] == [second, first]
    wamid = (await rig.send(text()))[1]["messages"][0]["id"]
    await rig.callback.wait(lambda: len(rig.callback.statuses(wamid)) == 2)
    assert rig.callback.statuses(wamid) == ["delivered", "sent"]


async def test_status_first_reports_before_it_answers(rig: Rig) -> None:
    await rig.writes()
    await rig.control("faults", {"name": "status_first"})
    wamid = (await rig.send(text()))[1]["messages"][0]["id"]
    assert rig.callback.statuses(wamid)[:1] == ["sent"]
    await rig.callback.wait(lambda: rig.callback.statuses(wamid) == ["sent", "delivered"])


async def test_late_status_waits(rig: Rig) -> None:
    await rig.writes()
    await rig.control("faults", {"name": "late_status", "value": 150})
    started = time.monotonic()
    wamid = (await rig.send(text()))[1]["messages"][0]["id"]
    await rig.callback.wait(lambda: rig.callback.statuses(wamid) == ["sent", "delivered"])
    assert time.monotonic() - started > 0.15


async def test_timeout_after_accept_sends_and_never_answers(rig: Rig) -> None:
    await rig.writes()
    await rig.control("faults", {"name": "timeout_after_accept", "count": 1})
    with pytest.raises(TimeoutError):
        await rig.send(text(), timeout=aiohttp.ClientTimeout(total=0.2))
    sent = (await rig.control("sent"))["sent"]
    await rig.callback.wait(
        lambda: rig.callback.statuses(sent[0]["wamid"]) == ["sent", "delivered"]
    )
    assert (await rig.send(text()))[0] == 200


async def test_torn_body_accepts_and_answers_half(rig: Rig) -> None:
    await rig.writes()
    await rig.control("faults", {"name": "torn_body", "count": 1})
    headers = {"Authorization": "Bearer test-access-token"}
    url = f"{rig.graph}/{PNID}/messages"
    async with rig.client.post(url, json=text(), headers=headers) as answer:
        assert answer.status == 200
        assert (await answer.text()).startswith('{"messaging_product":"whatsapp","contacts"')
        assert not (await answer.text()).endswith("}")
    assert len((await rig.control("sent"))["sent"]) == 1


async def test_storm_follows_a_message(rig: Rig) -> None:
    await rig.control("faults", {"name": "storm", "value": 7, "count": 1})
    await rig.writes("नमस्ते")
    await rig.callback.wait(lambda: len(rig.callback.posts) == 8)
    words = [v["messages"][0]["text"]["body"] for v in rig.callback.values()]
    assert words == ["नमस्ते", *(f"storm {n}" for n in range(1, 8))]


async def test_a_dropped_webhook_comes_with_its_retry(rig: Rig) -> None:
    await rig.control("faults", {"name": "drop_webhook", "value": 1, "count": 1})
    message_id = await rig.writes()
    await rig.callback.wait(lambda: len(rig.callback.posts) == 1)
    assert rig.callback.values()[0]["messages"][0]["id"] == message_id
    assert rig.emulator.timeline.failed == 1


async def test_slow_and_expired_count_what_they_did(rig: Rig) -> None:
    await rig.control("faults", {"name": "slow", "value": 60, "count": 2})
    started = time.monotonic()
    await asyncio.gather(rig.send(text()), rig.send(text()))
    assert time.monotonic() - started > 0.06
    await rig.control("faults", {"name": "token_expired"})
    status, answer = await rig.send(text())
    assert (status, answer["error"]["code"], answer["error"]["error_subcode"]) == (401, 190, 463)
    faults = {f["name"]: f for f in (await rig.control("faults"))["faults"]}
    assert (faults["slow"]["on"], faults["slow"]["done"]) == (False, 2)
    assert (faults["token_expired"]["on"], faults["token_expired"]["done"]) == (True, 1)
    await rig.control("all-off", {})
    assert (await rig.send(text()))[0] == 200


async def test_an_unknown_fault_is_named(rig: Rig) -> None:
    answer = await rig.control("faults", {"name": "meteor"})
    assert answer["error"].startswith("There is no fault 'meteor': the faults are slow, ")
    with pytest.raises(SentenceError):
        rig.emulator.faults.set("meteor", True)


async def test_batches_hold_several_updates(callback: Callback) -> None:
    batching = Batching(updates=10, within_ms=80)
    settings = config(callback_url=callback.url, batching=batching)
    async with running(callback, settings) as rig:
        ids = [await rig.writes(f"message {n}") for n in range(3)]
        await callback.wait(lambda: len(callback.posts) == 1)
        assert [v["messages"][0]["id"] for v in callback.values()] == ids
        assert len(callback.bodies()[0]["entry"]) == 1


async def test_an_open_phone_is_told_whenever_a_fault_happens(rig: Rig) -> None:
    """Also where nothing more comes over the wire: the call was refused."""
    await rig.control("faults", {"name": "error_500"})
    changes = rig.emulator.handsets.changes()
    await anext(changes)
    assert (await rig.send(text()))[0] == 500
    async with asyncio.timeout(5):
        told = await anext(changes)
        while told["event"] != "controls":
            told = await anext(changes)
    faults = told["controls"]["faults"][rig.emulator.partner]
    assert {one["name"]: one["done"] for one in faults}["error_500"] == 1
