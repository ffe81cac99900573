"""A send, its answer, its reports: whole values over real HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from emulator_rig import (
    APP,
    ASHA,
    DISPLAY,
    PNID,
    SECRET,
    WABA,
    Callback,
    Rig,
    config,
    running,
    text,
)

from dragoman.emulators._cloud.wire import meta_bytes, signature

pytestmark = pytest.mark.full  # an emulated partner over real HTTP

ASHA_ENTRY = {
    "profile": {"name": "Asha"},
    "wa_id": ASHA,
    "user_id": "US.10000000000000000142",
}
PRICE = {
    "billable": False,
    "pricing_model": "PMP",
    "type": "free_customer_service",
    "category": "service",
}


async def test_a_send_is_answered_and_reported_whole(rig: Rig) -> None:
    await rig.writes()
    status, answer = await rig.send(text("नमस्ते 👨‍👩‍👧 مرحبا", biz_opaque_callback_data="order=1"))
    wamid = answer["messages"][0]["id"]
    assert status == 200
    assert answer == {
        "messaging_product": "whatsapp",
        "contacts": [{"input": "+" + ASHA, "wa_id": ASHA}],
        "messages": [{"id": wamid}],
    }
    await rig.callback.wait(lambda: rig.callback.statuses(wamid) == ["sent", "delivered"])
    reports = [v for v in rig.callback.values() if "statuses" in v]
    for value, name in zip(reports, ("sent", "delivered"), strict=True):
        at = value["statuses"][0]["timestamp"]
        assert value == {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": DISPLAY, "phone_number_id": PNID},
            "contacts": [ASHA_ENTRY],
            "statuses": [
                {
                    "id": wamid,
                    "status": name,
                    "timestamp": at,
                    "recipient_id": ASHA,
                    "recipient_user_id": "US.10000000000000000142",
                    "biz_opaque_callback_data": "order=1",
                    "pricing": PRICE,
                }
            ],
        }
    sent = (await rig.control("sent"))["sent"]
    assert [(s["wamid"], s["order"], s["biz_opaque_callback_data"]) for s in sent] == [
        (wamid, 1, "order=1")
    ]


async def test_a_webhook_has_metas_bytes_and_signature(rig: Rig) -> None:
    said = "caf\u00e9 a/b <i> 100% @you 👨‍👩‍👧 नमस्ते مرحبا"
    message_id = await rig.writes(said)
    await rig.callback.wait(lambda: len(rig.callback.posts) == 1)
    headers, body = rig.callback.posts[0]
    value = json.loads(body)["entry"][0]["changes"][0]["value"]
    expected = {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": WABA,
                "changes": [
                    {
                        "value": {
                            "messaging_product": "whatsapp",
                            "metadata": {"display_phone_number": DISPLAY, "phone_number_id": PNID},
                            "contacts": [ASHA_ENTRY],
                            "messages": [
                                {
                                    "from": ASHA,
                                    "from_user_id": "US.10000000000000000142",
                                    "id": message_id,
                                    "timestamp": value["messages"][0]["timestamp"],
                                    "type": "text",
                                    "text": {"body": said},
                                }
                            ],
                        },
                        "field": "messages",
                    }
                ],
            }
        ],
    }
    assert body == meta_bytes(expected)
    assert rb"caf\u00e9 a\/b \u003Ci> 100\u0025 \u0040you \ud83d\udc68\u200d" in body
    assert headers["X-Hub-Signature-256"] == signature(body, SECRET)
    assert headers["Content-Type"] == "application/json"
    assert headers["User-Agent"] == "facebookexternalua"


async def test_graph_answers_carry_metas_headers(rig: Rig) -> None:
    url = f"{rig.address}{rig.emulator.config.prefix}/{PNID}"
    async with rig.client.get(url, params={"access_token": "test-access-token"}) as answer:
        assert answer.headers["facebook-api-version"] == "v21.0"
        assert set(answer.headers) >= {
            "x-fb-request-id",
            "x-fb-trace-id",
            "x-fb-rev",
            "x-fb-debug",
            "x-app-usage",
            "x-business-use-case-usage",
        }
        assert await answer.json() == {
            "verified_name": "Tea shop",
            "code_verification_status": "VERIFIED",
            "display_phone_number": "+1 202-555-0100",
            "quality_rating": "GREEN",
            "id": PNID,
        }
    assert APP != WABA


def _template(name: str) -> dict[str, Any]:
    value = {"name": name, "language": {"code": "en_US"}}
    body = {**text(), "type": "template", "template": value}
    del body["text"]
    return body


async def test_a_brazilian_number_comes_back_without_its_nine(rig: Rig) -> None:
    status, answer = await rig.send(text(to="+5541987650001"))
    assert (status, answer["contacts"]) == (
        200,
        [{"input": "+5541987650001", "wa_id": "554187650001"}],
    )


async def test_a_held_template_is_sent_when_it_is_released(rig: Rig) -> None:
    await rig.control("rules", {"hold_templates": {"hello_world": "release"}})
    _, answer = await rig.send(_template("hello_world"))
    message = answer["messages"][0]
    assert message["message_status"] == "held_for_quality_assessment"
    wamid = message["id"]
    await rig.callback.wait(lambda: rig.callback.statuses(wamid) == ["sent", "delivered"])
    assert rig.callback.values()[0]["statuses"][0]["pricing"] == {
        "billable": True,
        "pricing_model": "PMP",
        "type": "regular",
        "category": "utility",
    }


async def test_an_ad_opens_a_free_entry_point(rig: Rig) -> None:
    referral = {"source_type": "ad", "source_id": "1", "ctwa_clid": "x"}
    body = {"type": "text", "text": {"body": "hi"}, "referral": referral}
    await rig.control("inbound", {"contact": {"phone": "12025550177"}, "body": body})
    wamid = (await rig.send(text(to="+12025550177")))[1]["messages"][0]["id"]
    await rig.callback.wait(lambda: len(rig.callback.statuses(wamid)) == 2)
    sent = next(v["statuses"][0] for v in rig.callback.values() if "statuses" in v)
    assert sent["pricing"] == {
        "billable": False,
        "pricing_model": "PMP",
        "type": "free_entry_point",
        "category": "referral_conversion",
    }
    assert sent["conversation"]["origin"] == {"type": "referral_conversion"}


async def test_service_messages_are_priced_after_the_free_thousand(callback: Callback) -> None:
    settings = config(callback_url=callback.url, service_price_from=0, free_service_messages=1)
    async with running(callback, settings) as rig:
        await rig.writes()
        wamids = [(await rig.send(text()))[1]["messages"][0]["id"] for _ in range(2)]
        await callback.wait(lambda: all(len(callback.statuses(w)) == 2 for w in wamids))
        reports = [v["statuses"][0] for v in callback.values() if "statuses" in v]
        prices = {r["id"]: r["pricing"] for r in reports}
        assert [prices[w]["billable"] for w in wamids] == [False, True]
        assert prices[wamids[1]] == {
            "billable": True,
            "pricing_model": "PMP",
            "type": "regular",
            "category": "service",
        }


async def test_a_voice_note_is_played_and_a_reaction_is_only_sent(rig: Rig) -> None:
    await rig.writes()
    note = rig.emulator.media.keep(PNID, b"OggS", "audio/ogg; codecs=opus", None)
    body = {**text(), "type": "audio", "audio": {"id": note, "voice": True}}
    wamid = (await rig.send(body))[1]["messages"][0]["id"]
    await rig.callback.wait(lambda: len(rig.callback.statuses(wamid)) == 2)
    await rig.emulator.handsets.play(PNID, wamid)
    await rig.callback.wait(lambda: rig.callback.statuses(wamid) == ["sent", "delivered", "played"])
    reaction = {"message_id": wamid, "emoji": "👨‍👩‍👧"}
    body = {**text(), "type": "reaction", "reaction": reaction}
    second = (await rig.send(body))[1]["messages"][0]["id"]
    third = (await rig.send(text()))[1]["messages"][0]["id"]
    await rig.callback.wait(lambda: rig.callback.statuses(third) == ["sent", "delivered"])
    assert rig.callback.statuses(second) == ["sent"]


async def test_an_old_or_missing_version_gets_the_oldest(rig: Rig) -> None:
    headers = {"Authorization": "Bearer test-access-token"}
    base = rig.address + rig.emulator.config.prefix
    seen = {}
    for path in (f"v26.0/{PNID}", f"v19.0/{PNID}", PNID, f"v23.0/{PNID}"):
        async with rig.client.get(f"{base}/{path}", headers=headers) as answer:
            seen[path] = (answer.status, answer.headers["facebook-api-version"])
    assert list(seen.values()) == [
        (200, "v26.0"),
        (200, "v21.0"),
        (200, "v21.0"),
        (200, "v23.0"),
    ]
