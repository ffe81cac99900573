"""What Gupshup sends: the bodies of the fixtures, whole, in three forms; reports of every API;
files that people send; payments; retries, batches and faults."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from emulator_rig import ASHA as DEMO_ASHA
from emulator_rig import Callback
from gupshup_rig import FIXTURES, NUMBER, GupshupRig, config, gupshup

from dragoman.domain.clock import Clock, FixedClock
from dragoman.emulators.gupshup.config import Delays
from dragoman.emulators.kit import Batching

pytestmark = pytest.mark.full  # every field of every call, over real HTTP

AT = 1_763_870_000_000  # the time of the fixtures
ASHA = "919900000001"
WHO = {"phone": ASHA, "name": "Asha Test"}
PNG = b"\x89PNG\r\n\x1a\n"
DAY = 24 * 3_600_000
TEXT = {"type": "text", "text": "Namaste"}


def fixture(name: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return made


def tapped(kind: str, **chosen: str) -> dict[str, Any]:
    return {"type": "interactive", "interactive": {"type": kind, kind: chosen}}


PLACE = {
    "longitude": "72.8777",
    "latitude": "19.0760",
    "address": "Fort, Mumbai",
    "name": "Office",
    "url": "https://maps.example/1",
}
ENTERPRISE: dict[str, dict[str, Any]] = {
    "ent_text": {"type": "text", "text": {"body": "Hello"}},
    "ent_text_reply_quoted": {"type": "text", "text": {"body": "Yes please"}},
    "ent_button": {"type": "button", "button": {"text": "Track order", "payload": "TRACK_1"}},
    "ent_location": {"type": "location", "location": PLACE},
    "ent_interactive_button_reply": tapped("button_reply", id="yes_1", title="Yes"),
    "ent_interactive_list_reply": tapped(
        "list_reply", id="row_2", title="Balance", description="Show balance"
    ),
}
ACCESS: dict[str, dict[str, Any]] = {
    "api_text": {"type": "text", "text": {"body": "Hi"}},
    "api_location": {"type": "location", "location": PLACE},
    "api_button_reply": tapped("button_reply", id="yes", title="Yes"),
    "api_list_reply": tapped("list_reply", id="row-2", title="Balance", description="Show balance"),
}
FLOW = {"body": "Sent", "name": "flow", "response_json": '{"rating":"5","flow_token":"unused"}'}
V3: dict[str, dict[str, Any]] = {
    "v3_text": {"type": "text", "text": {"body": "Hi"}},
    "v3_flow_nfm_reply": tapped("nfm_reply", **FLOW),
}
CHOICES = {
    "api_button_reply": {
        "type": "quick_reply",
        "msgid": "msg-q1",
        "content": {"type": "text", "text": "Proceed?"},
        "options": [{"type": "text", "title": "Yes", "postbackText": "yes"}],
    },
    "api_list_reply": {
        "type": "list",
        "msgid": "list1",
        "body": "Choose",
        "globalButtons": [{"type": "text", "title": "Options"}],
        "items": [
            {
                "options": [
                    {"type": "text", "title": "Offers", "postbackText": "row-1"},
                    {"type": "text", "title": "Balance", "postbackText": "row-2"},
                ]
            }
        ],
    },
}


@pytest.fixture
async def rig(callback: Callback) -> AsyncIterator[GupshupRig]:
    """At the time of the fixtures, which stands still."""
    async with gupshup(callback, config(callback_url=callback.url), FixedClock(AT)) as made:
        yield made


async def chosen(rig: GupshupRig, dialect: str, body: str = "json") -> None:
    status, said = await rig.press("settings", "set", dialect=dialect, body=body)
    assert status == 200, said
    rig.callback.posts.clear()  # the Access API's first event


async def person_says(
    rig: GupshupRig, body: dict[str, Any], quoted: str | None = None
) -> dict[str, Any]:
    """A person says this; gives the webhook."""
    before = len(rig.callback.posts)
    await rig.control("inbound", {"contact": WHO, "body": body, "quoted": quoted})
    await rig.callback.wait(lambda: len(rig.callback.posts) > before)
    return rig.told()[-1]


async def sent(rig: GupshupRig, message: dict[str, Any]) -> str:
    _, answer = await rig.access(message, form={"destination": ASHA})
    return str(answer["messageId"])


@pytest.mark.parametrize("name", ENTERPRISE)
async def test_enterprise_s_messages_are_those_of_the_fixtures(rig: GupshupRig, name: str) -> None:
    expected = fixture(f"inbound/{name}")
    quoted = None
    if "replyId" in expected:
        await rig.control("inbound", {"contact": WHO, "body": ENTERPRISE["ent_text"]})
        _, answer = await rig.says(send_to=ASHA)
        quoted = answer["response"]["id"]
        await rig.callback.wait(lambda: len(rig.reports(quoted)) == 2)
        expected["replyId"], expected["messageId"] = quoted.split("-")
    assert await person_says(rig, ENTERPRISE[name], quoted) == expected


async def test_enterprise_s_messages_come_as_a_form_where_it_is_chosen(rig: GupshupRig) -> None:
    await chosen(rig, "enterprise", "form")
    told = await person_says(rig, {"type": "text", "text": {"body": "नमस्ते"}})
    assert told == fixture("inbound/ent_text_form")["form"]
    headers, body = rig.callback.posts[-1]
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert body.startswith(b"waNumber=918800000000&mobile=919900000001&name=Asha+Test&")


@pytest.mark.parametrize("name", ACCESS)
async def test_the_access_api_s_messages_are_those_of_the_fixtures(
    rig: GupshupRig, name: str
) -> None:
    await chosen(rig, "access")
    expected = fixture(f"inbound/{name}")
    quoted = None
    if name in CHOICES:
        await person_says(rig, ACCESS["api_text"])
        quoted = await sent(rig, CHOICES[name])
        await rig.callback.wait(lambda: len(rig.events(quoted)) == 3)
        whatsapp_id = rig.events(quoted)[-1]["id"]
        expected["payload"]["context"] = {"id": whatsapp_id, "gsId": quoted}
    told = await person_says(rig, ACCESS[name], quoted)
    made = told["payload"].pop("id")
    assert made.startswith("AB") and made != expected["payload"].pop("id")
    assert told == expected


@pytest.mark.parametrize("name", V3)
async def test_v3_s_messages_are_those_of_the_fixtures(rig: GupshupRig, name: str) -> None:
    await chosen(rig, "v3")
    expected = fixture(f"inbound/{name}")
    entry = expected["entry"][0]
    value = entry["changes"][0]["value"]
    message = value["messages"][0]
    quoted = None
    if "context" in message:
        await person_says(rig, V3["v3_text"])
        quoted = await sent(rig, TEXT)
        await rig.callback.wait(lambda: len(rig.events(quoted)) == 3)
        theirs = rig.events(quoted)[-1]["id"]
        message["context"] = {
            "from": NUMBER,
            "gs_id": quoted,
            "id": theirs,
            "meta_msg_id": theirs,
        }
    value["metadata"]["phone_number_id"] = entry["id"]
    told = await person_says(rig, V3[name], quoted)
    made = told["entry"][0]["changes"][0]["value"]["messages"][0]
    assert made["id"].startswith("wamid.")
    message["id"] = made["id"]
    assert told == expected


# --- files ---------------------------------------------------------------------------------------

FILES = [
    ("ent_image", "image", "image/jpeg", "My bill", False),
    ("ent_video", "video", "video/mp4", "clip", False),
    ("ent_document", "document", "application/pdf", "statement", False),
    ("ent_audio", "audio", "audio/mpeg", "", False),
    ("ent_voice", "audio", "audio/ogg; codecs=opus", "", True),
]


async def file_body(
    rig: GupshupRig, kind: str, mime: str, caption: str = "", voice: bool = False
) -> dict[str, Any]:
    """A person's file, as the phone writes it."""
    line = rig.emulator.lines[NUMBER]
    made = await line.store_media(PNG, mime, "s.pdf" if kind == "document" else None)
    if caption:
        made["caption"] = caption
    return {"type": kind, kind: {**made, "voice": True} if voice else made}


@pytest.mark.parametrize(("name", "kind", "mime", "caption", "voice"), FILES)
async def test_a_file_comes_as_address_and_signature(
    rig: GupshupRig, name: str, kind: str, mime: str, caption: str, voice: bool
) -> None:
    told = await person_says(rig, await file_body(rig, kind, mime, caption, voice))
    expected = fixture(f"inbound/{name}")
    assert list(told) == list(expected)
    word = told["type"]
    mine, theirs = json.loads(told.pop(word)), json.loads(expected.pop(word))
    url, signature = mine.pop("url"), mine.pop("signature")
    assert (url.startswith("http://"), signature[0]) == (True, "?")
    assert (mine, told) == (
        {k: v for k, v in theirs.items() if k not in ("url", "signature")},
        expected,
    )
    async with rig.client.get(url + signature) as answer:
        assert (await answer.read(), answer.headers["Content-Type"]) == (PNG, mime)
    for wrong in ("", signature[:-1], signature.replace("until=1", "until=2"), "?until=x&sig=y"):
        async with rig.client.get(url + wrong) as answer:
            assert answer.status == 403
    rig.emulator.clock.move(rig.emulator.config.signature_ms + 1)
    async with rig.client.get(url + signature) as answer:
        assert (answer.status, await answer.text()) == (403, "Forbidden")


async def test_a_file_of_the_other_dialects(rig: GupshupRig) -> None:
    await chosen(rig, "access")
    for kind, mime, name in (
        ("image", "image/jpeg", "api_image"),
        ("document", "application/pdf", "api_file"),
    ):
        caption = "bill" if kind == "image" else ""
        told = await person_says(rig, await file_body(rig, kind, mime, caption))
        payload, expected = told["payload"], fixture(f"inbound/{name}")["payload"]
        inner, theirs = payload["payload"], expected["payload"]
        async with rig.client.get(inner["url"]) as answer:
            assert await answer.read() == PNG
        assert inner["urlExpiry"] > AT
        assert (payload["type"], list(inner)) == (
            expected["type"],
            ["name", "url", "urlExpiry", "contentType"] if kind == "document" else list(theirs),
        )
    await chosen(rig, "v3")
    told = await person_says(rig, await file_body(rig, "image", "image/png"))
    image = told["entry"][0]["changes"][0]["value"]["messages"][0]["image"]
    path = f"/partner/app/{rig.emulator.app_id}/media/{image['id']}"
    headers = {
        "Authorization": rig.emulator.config.app_token,
        "token": rig.emulator.config.app_token,
    }
    async with rig.client.get(rig.base + path, headers=headers) as answer:
        assert (await answer.read(), answer.status) == (PNG, 200)


async def test_what_is_not_passed_on_is_told_on_the_phone(rig: GupshupRig) -> None:
    order = {"type": "order", "order": {"catalog_id": "1", "product_items": []}}
    system = {"type": "system", "system": {"body": "new number"}}
    form = tapped("nfm_reply", **FLOW)
    for dialect, body, kind in (
        ("enterprise", system, "system"),
        ("access", order, "order"),
        ("access", form, "nfm_reply"),
    ):
        await chosen(rig, dialect)
        answer = await rig.control("inbound", {"contact": WHO, "body": body})
        assert f"Gupshup passes on no message of the kind {kind}" in answer["error"]
    nameless = {"bsuid": "US.10000000000000000144", "name": "Meera"}
    body = {"type": "text", "text": {"body": "hi"}}
    answer = await rig.control("inbound", {"contact": nameless, "body": body})
    assert "Meera has no phone number" in answer["error"]
    await chosen(rig, "v3")
    await rig.control("inbound", {"contact": nameless, "body": body})
    await rig.callback.wait(lambda: bool(rig.callback.posts))
    message = rig.told()[0]["entry"][0]["changes"][0]["value"]["messages"][0]
    assert message["from_user_id"] == nameless["bsuid"] and "from" not in message


async def test_enterprise_passes_on_what_nobody_has_confirmed(rig: GupshupRig) -> None:
    card = [{"name": {"formatted_name": "Ravi"}, "phones": [{"phone": "+1 202 555 0143"}]}]
    told = await person_says(rig, {"type": "contacts", "contacts": card})
    assert (told["type"], json.loads(told["contacts"])) == ("contacts", card)
    reaction = {"message_id": "4-3", "emoji": "👍"}
    told = await person_says(rig, {"type": "reaction", "reaction": reaction})
    assert told["reaction"] == '{"message_id":"4-3","emoji":"👍"}'
    told = await person_says(rig, tapped("nfm_reply", **FLOW))
    assert json.loads(told["interactive"])["nfm_reply"] == FLOW


# --- reports -------------------------------------------------------------------------------------


async def looks(rig: GupshupRig) -> None:
    await rig.emulator.handsets.look(rig.emulator.key(NUMBER), "asha")


@pytest.mark.parametrize("body", ["json", "form"])
async def test_enterprise_s_reports_are_those_of_the_fixtures(
    callback: Callback, body: str
) -> None:
    async with gupshup(callback, config(callback_url=callback.url)) as rig:
        await chosen(rig, "enterprise", body)
        await rig.writes()
        _, answer = await rig.says(extra="corr-77")
        made = answer["response"]["id"]
        await callback.wait(lambda: len(rig.reports(made)) == 2)
        await looks(rig)
        await callback.wait(lambda: len(rig.reports(made)) == 3)
        for report, name in zip(rig.reports(made), ("sent", "delivered", "read"), strict=True):
            (expected,) = json.loads(fixture(f"status/ent_{name}")["response"])
            assert abs(report["eventTs"] - time.time_ns() // 1_000_000) < 60_000
            told = {"externalId": made, "destAddr": DEMO_ASHA, "eventTs": report["eventTs"]}
            assert report == {**expected, **told, "extra": "corr-77"}
        kinds = {headers["Content-Type"] for headers, _ in callback.posts}
        assert kinds == {f"application/{'json' if body == 'json' else 'x-www-form-urlencoded'}"}


async def test_reports_share_a_post_and_never_more_than_twenty(callback: Callback) -> None:
    batching = Batching(updates=50, within_ms=150)
    settings = config(callback_url=callback.url, batching=batching)
    async with gupshup(callback, settings) as rig:
        await rig.writes()
        ids = [(await rig.says())[1]["response"]["id"] for _ in range(12)]
        await callback.wait(lambda: all(len(rig.reports(made)) == 2 for made in ids))
        counts = [len(json.loads(b["response"])) for b in rig.told() if "response" in b]
        assert (sum(counts), max(counts) <= 20, len(counts) < 24) == (24, True, True)


async def test_the_access_api_s_events_are_those_of_the_fixtures(callback: Callback) -> None:
    async with gupshup(callback, config(callback_url=callback.url)) as rig:
        await chosen(rig, "access")
        await rig.writes()
        _, answer = await rig.access(TEXT)
        made = answer["messageId"]
        await callback.wait(lambda: len(rig.events(made)) == 3)
        await looks(rig)
        await callback.wait(lambda: len(rig.events(made)) == 4)
        theirs = rig.events(made)[-1]["id"]
        assert theirs.startswith("gB")
        for event, name in zip(
            rig.events(made), ("enqueued", "sent", "delivered", "read"), strict=True
        ):
            expected = fixture(f"status/api_{name}")["payload"]
            expected["destination"] = DEMO_ASHA
            if name == "enqueued":
                expected |= {
                    "id": made,
                    "payload": {"whatsappMessageId": theirs, "type": "session"},
                }
            else:
                told = {"ts": event["payload"]["ts"]}
                expected |= {"id": theirs, "gsId": made, "payload": told}
            assert event == expected
        whole = next(b for b in rig.told() if b["type"] == "message-event")
        assert (whole["app"], whole["version"]) == ("DemoApp", 2)


async def test_after_a_week_only_whatsapp_s_id_is_told(callback: Callback) -> None:
    async with gupshup(callback, config(callback_url=callback.url)) as rig:
        await chosen(rig, "access")
        await rig.writes()
        made = (await rig.access(TEXT))[1]["messageId"]
        await callback.wait(lambda: len(rig.events(made)) == 3)
        theirs = rig.events(made)[-1]["id"]
        await rig.control("clock", {"move_ms": 8 * DAY})
        await looks(rig)
        await callback.wait(lambda: len(rig.events(theirs)) == 3)
        read = next(e for e in rig.events(theirs) if e["type"] == "read")
        assert "gsId" not in read


async def test_events_that_are_switched_off_do_not_come(callback: Callback) -> None:
    settings = config(callback_url=callback.url, events=("enqueued", "failed"))
    async with gupshup(callback, settings) as rig:
        await chosen(rig, "access")
        await rig.writes()
        made = (await rig.access(TEXT))[1]["messageId"]
        await callback.wait(lambda: rig.emulator.timeline.waiting == 0)
        assert [event["type"] for event in rig.events(made)] == ["enqueued"]
        bubble = rig.bubble(made)
        assert bubble["body"] == {"type": "text", "text": {"body": "Namaste"}}
        assert bubble["status"] == "delivered"
        _, said = await rig.press("events", "save", delivered=True)
        assert said["said"] == "Saved: enqueued, failed, delivered."


async def test_the_access_api_holds_its_events_back(callback: Callback) -> None:
    delays = Delays(sent_ms=0, delivered_ms=5, access_ms=120)
    async with gupshup(callback, config(callback_url=callback.url, delays=delays)) as rig:
        await rig.writes()
        await callback.wait(lambda: len(callback.posts) == 1)
        begun = time.monotonic()
        made = (await rig.access(TEXT))[1]["messageId"]
        await callback.wait(lambda: bool(rig.events(made)))
        assert time.monotonic() - begun > 0.1
        assert rig.bubble(made)


async def test_v3_s_statuses_are_those_of_the_fixtures(callback: Callback) -> None:
    async with gupshup(callback, config(callback_url=callback.url)) as rig:
        await rig.writes()
        body = {"messaging_product": "whatsapp", "to": DEMO_ASHA, "type": "text"}
        body |= {"text": {"body": "hi"}, "biz_opaque_callback_data": "corr-77"}
        made = (await rig.v3(body))[1]["messages"][0]["id"]
        await callback.wait(lambda: len(rig.statuses(made)) == 3)
        roots = {}
        for root in rig.told():
            for status in (
                root.get("entry", [{}])[0]
                .get("changes", [{}])[0]
                .get("value", {})
                .get("statuses", [])
            ):
                roots[status["status"]] = root
        theirs = rig.statuses(made)[-1]["id"]
        for name in ("enqueued", "sent"):
            expected = fixture(f"status/v3_{name}")
            entry = expected["entry"][0]
            value = entry["changes"][0]["value"]
            status = value["statuses"][0]
            told = roots[name]["entry"][0]["changes"][0]["value"]["statuses"][0]
            kind = int if name == "enqueued" else str
            assert isinstance(told["timestamp"], kind)
            status |= {"gs_id": made, "id": theirs, "recipient_id": DEMO_ASHA}
            status["timestamp"] = told["timestamp"]
            if name == "sent":
                del status["conversation"]  # newer webhooks have none
                status["biz_opaque_callback_data"] = "corr-77"
                value["metadata"]["phone_number_id"] = entry["id"]
            assert roots[name] == expected


# --- payments ------------------------------------------------------------------------------------


async def billed(rig: GupshupRig, reference: str = "order-0001") -> str:
    """The business asks for money."""
    form = fixture("outbound/ent_order_details_UNSURE")["form"]
    action = json.loads(form["action"])
    action["parameters"]["reference_id"] = reference
    fields = {"method": "SendMessage", "msg": "Please pay", "interactive_type": "order_details"}
    _, answer = await rig.gateway(**fields, action=json.dumps(action))
    made: str = answer["response"]["id"]
    await rig.callback.wait(lambda: len(rig.reports(made)) == 2)
    return made


async def pays(rig: GupshupRig, message: str, outcome: str) -> Any:
    body = {"contact": {"phone": DEMO_ASHA}, "message": message, "outcome": outcome}
    return await rig.control("pay", body)


@pytest.mark.parametrize(
    ("outcome", "word"), [("paid", "success"), ("failed", "failed"), ("pending", "pending")]
)
async def test_a_phone_pays_fails_to_or_leaves_it(
    callback: Callback, outcome: str, word: str
) -> None:
    async with gupshup(callback, config(callback_url=callback.url), FixedClock(AT)) as rig:
        await rig.writes()
        made = await billed(rig)
        assert rig.bubble(made)["body"]["interactive"]["type"] == "order_details"
        callback.posts.clear()
        assert await pays(rig, made, outcome) == {"success": True}
        await callback.wait(lambda: bool(callback.posts))
        (told,) = rig.told()
        name = "success" if word == "success" else "failed"
        expected = fixture(f"inbound/ent_interactive_payment_{name}")
        mine, theirs = json.loads(told["interactive"]), json.loads(expected["interactive"])
        assert list(mine) == list(theirs)
        assert list(mine["payment"]) == list(theirs["payment"])
        assert mine["payment"].pop("transaction_id").isdigit()
        assert mine["payment"] == {
            "reference_id": "order-0001",
            "total_amount": {"offset": 100, "value": 300},
            "currency": "INR",
            "transaction_type": "upi",
            "status": word,
        }
        assert {k: told[k] for k in ("waNumber", "mobile", "type", "timestamp")} == {
            "waNumber": NUMBER,
            "mobile": DEMO_ASHA,
            "type": "interactive",
            "timestamp": str(AT),
        }
        again = await pays(rig, made, "paid")
        paid_before = "The bill order-0001 is paid already: ask for another."
        assert again == ({"error": paid_before} if outcome == "paid" else {"success": True})


async def test_what_else_a_payment_meets(callback: Callback) -> None:
    async with gupshup(callback, config(callback_url=callback.url)) as rig:
        await rig.writes()
        _, answer = await rig.says()
        no_bill = "There is nothing to pay in this message: choose one that asks for money."
        assert await pays(rig, answer["response"]["id"], "paid") == {"error": no_bill}
        assert await pays(rig, "4-3", "paid") == {"error": no_bill}
        made = await billed(rig)
        await chosen(rig, "access")
        refused = await pays(rig, made, "paid")
        assert "Gupshup passes on no message of the kind payment" in refused["error"]
        await chosen(rig, "v3")
        assert await pays(rig, made, "paid") == {"success": True}
        await callback.wait(lambda: bool(rig.statuses(made)))
        (status,) = rig.statuses(made)
        assert (status["type"], status["status"]) == ("payment", "captured")
        assert status["payment"]["reference_id"] == "order-0001"
        assert status["payment"]["amount"] == {"value": 300, "offset": 100}


# --- the wire ------------------------------------------------------------------------------------


async def test_it_comes_again_three_times_and_is_given_up(callback: Callback) -> None:
    callback.plan = lambda count: 500
    async with gupshup(callback, config(callback_url=callback.url)) as rig:
        await rig.writes()
        await callback.wait(lambda: rig.emulator.timeline.waiting == 0)
        assert len(callback.posts) == 4
        assert len({body for _, body in callback.posts}) == 1
        assert rig.emulator.timeline.expired == 1


async def test_any_2xx_is_taken_and_slowness_is_not(callback: Callback) -> None:
    callback.plan = lambda count: {1: 204, 2: 0.3}.get(count, 202)
    settings = config(callback_url=callback.url, webhook_timeout_ms=100)
    async with gupshup(callback, settings) as rig:
        await rig.writes("one")
        await rig.writes("two")
        await callback.wait(lambda: rig.emulator.timeline.waiting == 0)
        assert [b["text"] for b in rig.told()] == ["one", "two", "two"]


async def test_the_shared_faults(callback: Callback) -> None:
    async with gupshup(callback, config(callback_url=callback.url)) as rig:
        await rig.control("faults", {"name": "duplicate", "count": 1})
        await rig.writes("twice")
        await callback.wait(lambda: len(callback.posts) == 2)
        assert callback.posts[0][1] == callback.posts[1][1]
        await rig.control("faults", {"name": "torn_body", "count": 1})
        status, torn = await rig.ask("POST", "/GatewayAPI/rest", data={**_form(), "format": "text"})
        assert (status, torn[:12], len(torn) < 40) == (200, "success | 12", True)
        await rig.control("faults", {"name": "status_first", "count": 1})
        made = (await rig.says())[1]["response"]["id"]
        assert [one["eventType"] for one in rig.reports(made)] == ["SENT"]
        await rig.control("faults", {"name": "storm", "value": 3, "count": 1})
        before = len(callback.posts)
        await rig.writes("नमस्ते")
        await callback.wait(lambda: sum("text" in b for b in rig.told()) == 6)
        assert len(callback.posts) >= before + 4


def _form() -> dict[str, str]:
    form = fixture("outbound/ent_session_text")["form"]
    return {**form, "send_to": DEMO_ASHA}


async def test_a_restart_goes_on_where_it_was(callback: Callback, tmp_path: Path) -> None:
    settings = config(callback_url="")
    clock = Clock()
    async with gupshup(callback, settings, clock, tmp_path) as rig:
        await rig.press("settings", "set", linked=True, callback_url=callback.url, body="form")
        await rig.gateway(
            method="OPT_IN", channel="WHATSAPP", phone_number=DEMO_ASHA, userid="2000000001"
        )
    async with gupshup(callback, settings, clock, tmp_path) as rig:
        assert rig.emulator.consent == {DEMO_ASHA: True}
        await rig.writes()
        await callback.wait(lambda: bool(callback.posts))
        assert rig.told()[0]["mobile"] == DEMO_ASHA
        await rig.control("reset", {})
        assert rig.emulator.consent == {}
        assert rig.emulator.account.callback_url == ""


async def test_a_template_s_review_and_a_person_s_consent_are_told(callback: Callback) -> None:
    async with gupshup(callback, config(callback_url=callback.url), FixedClock(AT)) as rig:
        await chosen(rig, "access")
        order = {"template": "order_update", "status": "rejected", "reason": "Invalid format"}
        assert await rig.control("template", order) == {"success": True}
        await callback.wait(lambda: len(callback.posts) == 1)
        expected = fixture("inbound/api_template_event")
        expected["payload"]["languageCode"] = "en_US"
        assert rig.told() == [expected]
        await rig.control("consent", {"contact": WHO, "agreed": True})
        await callback.wait(lambda: len(callback.posts) == 2)
        assert rig.told()[1] == fixture("inbound/api_user_event_optin")
        assert (await rig.control("state"))["consent"] == {ASHA: True}
        assert await rig.control("template", {"template": "no", "status": "x"}) == {
            "success": False
        }
