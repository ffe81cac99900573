"""The rest of the account: media, subscriptions, templates, tokens, people, restarts."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from emulator_rig import (
    APP,
    ASHA,
    DISPLAY,
    PNID,
    SECRET,
    TOKEN,
    WABA,
    Callback,
    Rig,
    config,
    running,
    text,
)

from dragoman.domain.clock import Clock, FixedClock
from dragoman.emulators.cloud_api import load
from dragoman.emulators.cloud_api.people import dial, normalised

pytestmark = pytest.mark.full  # an emulated partner over real HTTP

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)
DAY = 24 * 3_600_000
APP_TOKEN = f"{APP}|{SECRET}"


async def upload(rig: Rig) -> str:
    form = aiohttp.FormData()
    form.add_field("messaging_product", "whatsapp")
    form.add_field("file", PNG, filename="tea.png", content_type="image/png")
    status, answer = await rig.call("POST", f"{PNID}/media", data=form)
    assert status == 200
    return str(answer["id"])


async def test_media_goes_up_and_comes_down_for_five_minutes(rig: Rig) -> None:
    media_id = await upload(rig)
    status, said = await rig.call("GET", f"{media_id}?phone_number_id={PNID}")
    digest = hashlib.sha256(PNG).hexdigest()
    assert (status, said) == (
        200,
        {
            "messaging_product": "whatsapp",
            "url": said["url"],
            "mime_type": "image/png",
            "sha256": digest,
            "file_size": len(PNG),
            "id": media_id,
        },
    )
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    async with rig.client.get(said["url"], headers=bearer) as answer:
        assert (answer.status, answer.content_type) == (200, "image/png")
        assert await answer.read() == PNG
    async with rig.client.get(said["url"]) as answer:
        assert answer.status == 401
    await rig.control("clock", {"move_ms": 301_000})
    async with rig.client.get(said["url"], headers=bearer) as answer:
        assert answer.status == 404
    assert await rig.call("DELETE", media_id) == (200, {"success": True})
    assert (await rig.call("GET", media_id))[0] == 400


async def test_a_persons_picture_carries_url_and_base64_digest(rig: Rig) -> None:
    line = rig.emulator.lines[PNID]
    asha = rig.emulator.handsets.find(phone=ASHA)
    assert asha is not None
    media = await line.store_media(PNG, "image/png", None)
    body = {"type": "image", "image": {**media, "caption": "मेरी चाय"}}
    await rig.call("GET", PNID)  # so that it knows its address
    message_id = await line.send(asha, body, "wamid.before")
    await rig.callback.wait(lambda: len(rig.callback.posts) == 1)
    message = rig.callback.values()[0]["messages"][0]
    assert message == {
        "context": {"from": DISPLAY, "id": "wamid.before"},
        "from": ASHA,
        "from_user_id": "US.10000000000000000142",
        "id": message_id,
        "timestamp": message["timestamp"],
        "type": "image",
        "image": {
            "caption": "मेरी चाय",
            "mime_type": "image/png",
            "sha256": base64.b64encode(hashlib.sha256(PNG).digest()).decode(),
            "id": media["id"],
            "url": message["image"]["url"],
        },
    }
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with rig.client.get(message["image"]["url"], headers=headers) as answer:
        assert await answer.read() == PNG
    assert await line.load_media(media["id"]) == (PNG, "image/png")


async def test_the_handshake_is_real_and_both_subscriptions_are_needed(callback: Callback) -> None:
    async with running(callback, config(callback_url="")) as rig:
        await rig.writes("nobody hears this")
        await rig.callback.wait(lambda: rig.emulator.timeline.waiting == 0)
        assert callback.posts == []
        order = {
            "object": "whatsapp_business_account",
            "callback_url": callback.url,
            "verify_token": "verify+me",
            "fields": "messages,message_template_status_update",
        }
        path = f"{APP}/subscriptions"
        headers = {"Authorization": f"Bearer {APP_TOKEN}"}
        async with rig.client.post(f"{rig.graph}/{path}", data=order, headers=headers) as answer:
            assert await answer.json() == {"success": True}
        challenge = callback.gets[0]["hub.challenge"]
        assert callback.gets == [
            {
                "hub.mode": "subscribe",
                "hub.challenge": challenge,
                "hub.verify_token": "verify+me",
            }
        ]
        await rig.writes("still nobody")
        await rig.callback.wait(lambda: rig.emulator.timeline.waiting == 0)
        assert callback.posts == []
        subscribed = f"{WABA}/subscribed_apps"
        assert await rig.call("POST", subscribed) == (200, {"success": True})
        message_id = await rig.writes("now")
        await callback.wait(lambda: len(callback.posts) == 1)
        assert callback.values()[0]["messages"][0]["id"] == message_id
        assert await rig.call("GET", subscribed) == (
            200,
            {
                "data": [
                    {
                        "whatsapp_business_api_data": {
                            "id": APP,
                            "link": f"https://www.facebook.com/games/?app_id={APP}",
                            "name": "Tea shop app",
                        }
                    }
                ]
            },
        )


async def test_a_numbers_override_wins(rig: Rig, callback: Callback) -> None:
    override = callback.url + "?of=number"
    setting = {
        "webhook_configuration": {
            "override_callback_uri": override,
            "verify_token": "verify+me",
        }
    }
    assert await rig.call("POST", PNID, setting) == (200, {"success": True})
    status, answer = await rig.call("GET", f"{PNID}?fields=webhook_configuration")
    assert (status, answer) == (
        200,
        {
            "webhook_configuration": {"application": callback.url, "phone_number": override},
            "id": PNID,
        },
    )
    assert rig.emulator.subscriptions.callback(PNID, "messages") == override
    assert rig.emulator.subscriptions.callback(PNID, "account_update") == callback.url


async def test_a_template_is_made_reviewed_listed_and_deleted(rig: Rig) -> None:
    body = {
        "name": "tea_ready",
        "language": "hi",
        "category": "utility",
        "components": [{"type": "body", "text": "नमस्ते {{1}}, आपकी चाय तैयार है।"}],
    }
    templates = f"{WABA}/message_templates"
    status, made = await rig.call("POST", templates, body)
    assert (status, made) == (
        200,
        {"id": made["id"], "status": "PENDING", "category": "UTILITY"},
    )
    await rig.callback.wait(lambda: len(rig.callback.posts) == 1)
    entry = rig.callback.bodies()[0]["entry"][0]
    assert entry == {
        "id": WABA,
        "time": entry["time"],
        "changes": [
            {
                "value": {
                    "event": "APPROVED",
                    "message_template_id": int(made["id"]),
                    "message_template_name": "tea_ready",
                    "message_template_language": "hi",
                    "reason": "NONE",
                    "message_template_category": "UTILITY",
                },
                "field": "message_template_status_update",
            }
        ],
    }
    _, listed = await rig.call("GET", f"{templates}?name=tea_ready&fields=name,status,language")
    row = {"name": "tea_ready", "status": "APPROVED", "language": "hi", "id": made["id"]}
    assert listed == {"data": [row], "paging": listed["paging"]}
    _, first = await rig.call("GET", f"{templates}?limit=2")
    async with rig.client.get(
        first["paging"]["next"], headers={"Authorization": f"Bearer {TOKEN}"}
    ) as answer:
        names = {t["name"] for t in (await answer.json())["data"]}
    assert names.isdisjoint({t["name"] for t in first["data"]})
    assert await rig.call("DELETE", f"{templates}?name=tea_ready") == (200, {"success": True})
    assert (await rig.call("GET", f"{templates}?name=tea_ready"))[1] == {"data": []}


async def test_a_token_is_described(rig: Rig) -> None:
    path = f"debug_token?input_token={TOKEN}"
    _, answer = await rig.call("GET", path, token=APP_TOKEN)
    scopes = ["whatsapp_business_management", "whatsapp_business_messaging"]
    assert answer == {
        "data": {
            "app_id": APP,
            "type": "SYSTEM_USER",
            "application": "Tea shop app",
            "data_access_expires_at": 0,
            "expires_at": 0,
            "is_valid": True,
            "issued_at": 1767225600,
            "scopes": scopes,
            "granular_scopes": [{"scope": s, "target_ids": [WABA]} for s in scopes],
            "user_id": "104169029247128",
        }
    }
    _, answer = await rig.call("GET", "debug_token?input_token=nobody", token=APP_TOKEN)
    message = "Invalid OAuth access token - Cannot parse access token"
    error = {"code": 190, "message": message}
    assert answer == {"data": {"error": error, "is_valid": False, "scopes": []}}


async def test_read_typing_and_looking(rig: Rig) -> None:
    asha = rig.emulator.handsets.find(phone=ASHA)
    assert asha is not None
    body = {"type": "text", "text": {"body": "hi"}}
    message_id = await rig.emulator.handsets.person_sends(PNID, "asha", body)
    read = {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": message_id,
        "typing_indicator": {"type": "text"},
    }
    assert await rig.send(read) == (200, {"success": True})
    state = rig.emulator.handsets.state()
    assert [(t["line"], t["contact"]) for t in state["typing"]] == [(PNID, "asha")]
    assert state["chats"][0]["bubbles"][0]["status"] == "read"
    wamid = (await rig.send(text()))[1]["messages"][0]["id"]
    await rig.callback.wait(lambda: rig.callback.statuses(wamid) == ["sent", "delivered"])
    await rig.emulator.handsets.look(PNID, "asha")
    await rig.emulator.handsets.look(PNID, "asha")
    await rig.callback.wait(lambda: rig.callback.statuses(wamid) == ["sent", "delivered", "read"])
    value = next(
        v for v in rig.callback.values() if v.get("statuses", [{}])[0].get("status") == "read"
    )
    assert "pricing" not in value["statuses"][0]


async def test_somebody_without_a_phone(rig: Rig) -> None:
    bsuid = "US.10000000000000000144"
    meera = {"bsuid": bsuid, "username": "@meera.reads", "name": "Meera"}
    message_id = await rig.writes("من فقط نام کاربری دارم", **meera)
    await rig.callback.wait(lambda: len(rig.callback.posts) == 1)
    value = rig.callback.values()[0]
    entry = {"profile": {"name": "Meera", "username": "@meera.reads"}, "user_id": bsuid}
    assert value["contacts"] == [entry]
    assert value["messages"] == [
        {
            "from_user_id": bsuid,
            "id": message_id,
            "timestamp": value["messages"][0]["timestamp"],
            "type": "text",
            "text": {"body": "من فقط نام کاربری دارم"},
        }
    ]
    body = text(to="")
    del body["to"]
    _, answer = await rig.send({**body, "recipient": bsuid})
    assert answer["contacts"] == [{"input": bsuid, "user_id": bsuid}]
    wamid = answer["messages"][0]["id"]
    await rig.callback.wait(lambda: rig.callback.statuses(wamid) == ["sent", "delivered"])
    status = rig.callback.values()[-1]["statuses"][0]
    assert status["recipient_user_id"] == bsuid
    assert "recipient_id" not in status


async def test_a_bsuid_in_to_is_accepted_and_lost(rig: Rig) -> None:
    status, answer = await rig.send(text(to="US.10000000000000000144"))
    assert status == 200
    assert answer["messages"][0]["id"].startswith("wamid.")
    wamid = (await rig.send(text()))[1]["messages"][0]["id"]
    await rig.callback.wait(lambda: bool(rig.callback.statuses(wamid)))
    assert rig.callback.statuses(answer["messages"][0]["id"]) == []


async def test_a_new_phone_is_a_system_message_without_contacts(rig: Rig) -> None:
    who = {"name": "Guest", "phone": "12025550177", "bsuid": "US.1"}
    order = {"contact": who, "phone": "12025550178", "bsuid": "US.2"}
    answer = await rig.control("change-number", order)
    await rig.callback.wait(lambda: len(rig.callback.posts) == 1)
    value = rig.callback.values()[0]
    assert value == {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": DISPLAY, "phone_number_id": PNID},
        "messages": [
            {
                "from": "12025550177",
                "from_user_id": "US.1",
                "id": answer["id"],
                "timestamp": value["messages"][0]["timestamp"],
                "type": "system",
                "system": {
                    "body": "User Guest changed from 12025550177 to 12025550178",
                    "wa_id": "12025550178",
                    "user_id": "US.2",
                    "previous_user_id": "US.1",
                    "type": "user_changed_number",
                },
            }
        ],
    }


async def test_stopping_marketing_is_told(rig: Rig) -> None:
    who = {"name": "Guest", "phone": "12025550177"}
    await rig.control("preference", {"contact": who, "value": "stop"})
    await rig.callback.wait(lambda: len(rig.callback.posts) == 1)
    value = rig.callback.values()[0]
    assert value["user_preferences"] == [
        {
            "wa_id": "12025550177",
            "detail": "User requested to stop marketing messages",
            "category": "marketing_messages",
            "value": "stop",
            "timestamp": value["user_preferences"][0]["timestamp"],
        }
    ]
    assert rig.emulator.rules.stopped_marketing == ["12025550177"]


async def test_the_window_moves_with_the_clock(callback: Callback) -> None:
    clock = FixedClock(1_795_435_200_000)
    async with running(callback, config(callback_url=callback.url), clock) as rig:
        await rig.writes()
        clock.move(DAY - 1)
        inside = (await rig.send(text()))[1]["messages"][0]["id"]
        clock.move(1)
        outside = (await rig.send(text()))[1]["messages"][0]["id"]
        await callback.wait(lambda: len(callback.statuses(inside)) == 2)
        await callback.wait(lambda: bool(callback.statuses(outside)))
        assert callback.statuses(inside) == ["sent", "delivered"]
        assert callback.statuses(outside) == ["failed"]


async def test_old_webhooks_name_the_conversation(callback: Callback) -> None:
    settings = config(callback_url=callback.url, webhook_version="v23.0")
    async with running(callback, settings) as rig:
        await rig.writes()
        wamid = (await rig.send(text()))[1]["messages"][0]["id"]
        await callback.wait(lambda: len(callback.statuses(wamid)) == 2)
        sent, delivered = (v["statuses"][0] for v in callback.values() if "statuses" in v)
        assert set(sent["conversation"]) == {"id", "expiration_timestamp", "origin"}
        assert set(delivered["conversation"]) == {"id", "origin"}
        assert sent["conversation"]["origin"] == {"type": "service"}


async def test_a_restart_keeps_what_was_to_be_delivered(callback: Callback, tmp_path: Path) -> None:
    log = tmp_path / "sent.jsonl"
    settings = config(callback_url=callback.url, retry_ms=(50,), sent_log=str(log))
    callback.plan = lambda count: 500
    async with running(callback, settings, Clock(), tmp_path / "state") as rig:
        message_id = await rig.writes("before")
        wamid = (await rig.send(text()))[1]["messages"][0]["id"]
        media_id = await upload(rig)
        await callback.wait(lambda: len(callback.posts) >= 1)
    callback.posts.clear()
    callback.plan = lambda count: 200
    async with running(callback, settings, Clock(), tmp_path / "state") as rig:
        await callback.wait(
            lambda: (
                sorted(callback.statuses(wamid)) == ["delivered", "sent"]
                and any("messages" in v for v in callback.values())
            )
        )
        messages = [v["messages"][0]["id"] for v in callback.values() if "messages" in v]
        assert messages == [message_id]
        assert (await rig.call("GET", media_id))[0] == 200
        assert [s["wamid"] for s in (await rig.control("sent"))["sent"]] == [wamid]
        second = (await rig.send(text()))[1]["messages"][0]["id"]
        await callback.wait(lambda: callback.statuses(second) == ["sent", "delivered"])
    kept = [json.loads(line)["wamid"] for line in log.read_text().splitlines()]
    assert kept == [wamid, second]


def test_numbers_are_dialled_and_spelled_as_meta_does() -> None:
    india = "919876500000"
    cases: dict[str, Any] = {
        "+16315551234": "16315551234",
        "+1 (631) 555-1234": "16315551234",
        "(631) 555-1234": "916315551234",
        "1 (631) 555-1234": "9116315551234",
    }
    assert {to: dial(to, india, "documented") for to in cases} == cases
    assert dial("16315551234", india, "practice") == "16315551234"
    spelled = {
        "5541987650001": "554187650001",
        "5511987650001": "5511987650001",
        "525512345678": "5215512345678",
        "541112345678": "5491112345678",
        "16315551234": "16315551234",
    }
    assert {d: normalised(d, ("BR", "MX", "AR")) for d in spelled} == spelled
    assert normalised("525512345678", ()) == "525512345678"


def test_a_config_file_says_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "emulator.json"
    path.write_text('{"app_id": "1", "delays": {"sent_ms": 5}}')
    loaded = load(path)
    assert (loaded.app_id, loaded.delays.sent_ms, loaded.delays.delivered_ms) == ("1", 5, 700)
