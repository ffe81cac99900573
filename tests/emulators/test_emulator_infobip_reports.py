"""What Infobip reports of a message: its bodies, where they go, what is pulled, SMS, payments."""

from __future__ import annotations

import json
from typing import Any

import pytest
from emulator_rig import ASHA, Callback
from infobip_rig import (
    BASIC,
    FIXED_ID,
    PERSON,
    SENDER,
    InfobipRig,
    config,
    fixture,
    infobip,
    structure_of,
)

from dragoman.domain.clock import FixedClock
from dragoman.emulators.infobip.config import retry_pauses
from dragoman.emulators.infobip.wire import basic, moment, read_moment
from dragoman.emulators.kit import Batching

pytestmark = pytest.mark.full  # every field of every call, over real HTTP

AT = 1_795_166_161_902  # 2026-11-20T09:16:01.902Z
WHO = {"name": "Asha Verma", "phone": PERSON, "bsuid": "GB.9081726354", "username": "asha.v"}


def timeless(report: dict[str, Any]) -> dict[str, Any]:
    """A report whose times are checked for their form, and left out."""
    made = dict(report)
    for key in ("sentAt", "doneAt", "seenAt"):
        if key in made:
            assert read_moment(made[key]) is not None and made[key].endswith("+0000")
            del made[key]
    return made


async def sent(rig: InfobipRig, **more: Any) -> str:
    """A text to the person of the fixtures."""
    status, answer = await rig.send("text", {"text": "Hi"}, to=PERSON, **more)
    assert status == 200
    return str(answer["messageId"])


async def test_delivered_and_seen_are_the_fixtures_bodies(callback: Callback) -> None:
    settings = config(callback.url, read_policy="after", read_after_ms=0)
    async with infobip(callback, settings, FixedClock(AT)) as rig:
        await rig.writes(**WHO)
        tags = {"applicationId": "acme-app", "entityId": "acme-entity"}
        await sent(rig, messageId=FIXED_ID, callbackData="order=8841", **tags)
        await rig.heard(FIXED_ID, 2)
        delivered, seen = (body for body in rig.told() if body["results"][0].get("sentAt"))
        for told, name in ((delivered, "dlr_delivered"), (seen, "seen")):
            wanted = fixture("status", name)
            assert list(told) == list(wanted) == ["results"]
            (report,), (like,) = told["results"], wanted["results"]
            assert set(report) == set(like)
            assert timeless(report) == timeless(like)


async def test_a_bulk_s_id_is_in_its_reports(callback: Callback) -> None:
    async with infobip(callback) as rig:
        await rig.writes(**WHO)
        body = fixture("outbound", "template_bulk_with_sms_failover")
        template = rig.emulator.templates.find("order_ready", "en_GB")
        assert template is not None
        template["structure"] = structure_of(body["messages"][0]["content"])
        for message in body["messages"]:
            message.pop("notifyUrl")
        status, answer = await rig.call("POST", "/whatsapp/1/message/template", body)
        wanted = fixture("answers", "response_template_bulk")
        assert (status, answer) == (200, wanted)
        for message in wanted["messages"]:
            (report,) = await rig.heard(message["messageId"])
            assert report["bulkId"] == body["bulkId"]


async def test_the_messages_api_reports_in_its_own_words(callback: Callback) -> None:
    settings = config(callback.url, read_policy="after", read_after_ms=0)
    async with infobip(callback, settings, FixedClock(AT)) as rig:
        await rig.writes(**WHO)
        body = fixture("outbound", "messages_api_text")
        message = body["messages"][0]
        message["webhooks"]["delivery"]["url"] = callback.url + "?delivery"
        message["webhooks"]["seen"]["url"] = callback.url + "?seen"
        body["options"] = {"schedule": {"bulkId": "1688025180464000013"}}
        status, answer = await rig.call("POST", "/messages-api/1/messages", body)
        assert (status, answer["bulkId"]) == (200, "1688025180464000013")
        delivered, seen = await rig.heard(FIXED_ID, 2)
        assert timeless(delivered) == timeless(fixture("status", "messages_api_dlr")["results"][0])
        wanted = timeless(fixture("status", "messages_api_seen")["results"][0])
        # The fixture leaves the campaign out; the documentation has it.
        assert timeless(seen) == {**wanted, "campaignReferenceId": "nov-sale"}


async def test_an_intermediate_report_only_when_it_is_asked_for(callback: Callback) -> None:
    async with infobip(callback) as rig:
        await rig.writes()
        body = fixture("outbound", "messages_api_image")
        message = body["messages"][0]
        message["destinations"][0]["to"] = ASHA
        message["webhooks"] = {"delivery": {"url": callback.url, "intermediateReport": True}}
        await rig.call("POST", "/messages-api/1/messages", body)
        first, last = await rig.heard(FIXED_ID, 2)
        assert [first["status"]["id"], last["status"]["id"]] == [2, 5]


# --- where they go -------------------------------------------------------------------------------


async def test_a_message_s_own_url_goes_first_and_brings_no_credentials(
    callback: Callback,
) -> None:
    async with infobip(callback) as rig:
        await rig.press("sender_1", "save", forwarding="account", delivery_url="", seen_url="")
        await rig.writes()
        _, answer = await rig.send("text", {"text": "a"}, notifyUrl=callback.url)
        await rig.heard(answer["messageId"])
        assert "Authorization" not in callback.posts[-1][0]
        await rig.press("sender_1", "save", delivery_url=callback.url)
        _, answer = await rig.send("text", {"text": "b"})
        await rig.heard(answer["messageId"])
        assert callback.posts[-1][0]["Authorization"] == BASIC


async def test_what_no_webhook_took_is_read_once(callback: Callback) -> None:
    clock = FixedClock(AT)
    async with infobip(callback, config(), clock) as rig:
        await rig.writes(**WHO)
        first = await sent(rig, callbackData="order=8841")
        second = await sent(rig)
        await rig.quiet()
        path = "/messages-api/1/reports?channel=WHATSAPP"
        answer = (await rig.call("GET", f"{path}&messageId={first}"))[1]
        (report,) = answer["results"]
        assert timeless(report) == {
            "event": "DELIVERY",
            "channel": "WHATSAPP",
            "sender": SENDER,
            "destination": PERSON,
            "bulkId": "",
            "messageId": first,
            "callbackData": "order=8841",
            "messageCount": 1,
            "status": fixture("status", "messages_api_dlr")["results"][0]["status"],
            "error": fixture("status", "messages_api_dlr")["results"][0]["error"],
        }
        assert (await rig.call("GET", f"{path}&messageId={first}"))[1] == {"results": []}
        answer = (await rig.call("GET", f"{path}&limit=1"))[1]
        assert [one["messageId"] for one in answer["results"]] == [second]
        await sent(rig)
        await rig.quiet()
        clock.move(48 * 3_600_000 + 1)
        assert (await rig.call("GET", path))[1] == {"results": []}


async def test_a_report_that_is_taken_at_last_is_not_read(callback: Callback) -> None:
    callback.plan = lambda count: 500 if count < 4 else 200
    async with infobip(callback) as rig:
        message_id = (await rig.send("text", {"text": "outside the window"}))[1]["messageId"]
        await callback.wait(lambda: len(callback.posts) == 4)
        await rig.quiet()
        bodies = [json.loads(body) for _, body in callback.posts]
        assert bodies == [bodies[0]] * 4
        assert bodies[0]["results"][0]["messageId"] == message_id
        assert (await rig.call("GET", "/messages-api/1/reports"))[1] == {"results": []}


def test_the_schedule_of_retries_is_infobip_s() -> None:
    minutes = [pause // 60_000 for pause in retry_pauses()]
    assert minutes[:6] + minutes[-1:] == [1, 2, 5, 10, 17, 26, 362]
    assert (len(minutes), sum(minutes)) == (20, 41 * 60 + 30)
    made = config(retry_ms=retry_pauses())
    assert (made.retry_ms, made.retry_for_ms) == (retry_pauses(), 0)


async def test_a_webhook_is_lost_after_the_last_retry(callback: Callback) -> None:
    callback.plan = lambda count: 503
    async with infobip(callback, config(callback.url, retry_ms=(1, 1))) as rig:
        await rig.writes()
        await callback.wait(lambda: rig.emulator.timeline.waiting == 0)
        assert (len(callback.posts), rig.emulator.timeline.expired) == (3, 1)
        pulled = await rig.call("GET", "/messages-api/1/inbound?channel=WHATSAPP")
        assert pulled[1]["messageCount"] == 1


async def test_results_share_a_post_when_batched(callback: Callback) -> None:
    batching = Batching(updates=5, within_ms=60)
    async with infobip(callback, config(callback.url, batching=batching)) as rig:
        ids = [await rig.writes("one"), await rig.writes("two", phone="12025550143")]
        await callback.wait(lambda: len(callback.posts) == 1)
        (told,) = rig.told()
        assert [one["messageId"] for one in told["results"]] == ids
        assert (told["messageCount"], told["pendingMessageCount"]) == (2, 0)


async def test_a_subscription_hears_where_the_sender_has_no_url(callback: Callback) -> None:
    settings = config(read_policy="after", read_after_ms=0)
    async with infobip(callback, settings) as rig:
        body = fixture("account", "subscription_create_whatsapp")
        body["profile"]["webhook"]["notifyUrl"] = callback.url
        assert (await rig.call("POST", "/subscriptions/1/subscription/WHATSAPP", body))[0] == 201
        message_id = await rig.writes()
        await rig.heard(message_id)
        headers, _ = callback.posts[-1]
        assert headers["X-Acme"] == "1"
        assert headers["X-Hub-Signature"].startswith("SHA256=")
        reply = (await rig.send("text", {"text": "a"}))[1]["messageId"]
        await rig.heard(reply, 2)
        listed = (await rig.call("GET", "/subscriptions/1/subscriptions"))[1]
        assert [one["subscriptionId"] for one in listed["results"]] == ["acme-wa"]
        # A security by its name, made first.
        named = fixture("account", "security_basic")
        assert (await rig.call("POST", "/subscriptions/1/security", named))[0] == 201
        body["profile"]["security"] = {"authId": "acme-basic", "type": "BASIC"}
        await rig.call("POST", "/subscriptions/1/subscription/WHATSAPP", body)
        await rig.heard(await rig.writes())
        assert callback.posts[-1][0]["Authorization"] == basic("hook", "change-me")
        where = "/subscriptions/1/subscription/WHATSAPP/acme-wa"
        assert await rig.call("DELETE", where) == (204, "")
        assert (await rig.call("DELETE", where))[0] == 404


# --- SMS instead, later, payments, other events --------------------------------------------------


async def test_an_sms_leaves_when_whatsapp_fails(callback: Callback) -> None:
    async with infobip(callback) as rig:
        rig.emulator.rules.blocked_us = [ASHA]
        body = fixture("outbound", "messages_api_failover_sms")
        message = body["messages"][0]
        for one in message["destinations"][0]["byChannel"]:
            one["to"] = ASHA
        message["template"] = {"templateName": "order_late", "language": "en"}
        message["webhooks"]["delivery"]["url"] = callback.url
        await rig.call("POST", "/messages-api/1/messages", body)
        failed, texted = await rig.heard(FIXED_ID, 2)
        assert (failed["channel"], failed["error"]["name"]) == ("WHATSAPP", "EC_BLOCKED_USER")
        assert (texted["channel"], texted["status"]["id"]) == ("SMS", 5)
        shown = rig.bubble(f"{FIXED_ID}:sms")["body"]["text"]["body"]
        assert shown == "SMS from AcmeSMS\nYour order 8841 is ready"
        assert rig.emulator.counts["sms"] == 1
        # The WhatsApp API's own failover: the person gets it, no report tells of it.
        content = fixture("outbound", "template_body")["messages"][0]["content"]
        content = {**content, "templateName": "order_late", "language": "en"}
        sms = {"from": "AcmeSMS", "text": "ready"}
        _, answer = await rig.template(content, smsFailover=sms)
        await rig.quiet()
        assert len(rig.results(answer["messages"][0]["messageId"])) == 1
        assert rig.emulator.counts["sms"] == 2


async def test_a_scheduled_message_is_sent_later(callback: Callback) -> None:
    async with infobip(callback) as rig:
        await rig.writes()
        body = fixture("outbound", "messages_api_image")
        body["messages"][0]["destinations"][0]["to"] = ASHA
        body["messages"][0]["webhooks"] = {"delivery": {"url": callback.url}}
        at = rig.emulator.clock.now() + 3_600_000
        body["options"] = {"schedule": {"sendAt": moment(at)}}
        status, _ = await rig.call("POST", "/messages-api/1/messages", body)
        assert status == 200
        await callback.wait(lambda: len(callback.posts) == 1)  # what she wrote
        assert rig.results(FIXED_ID) == []
        due = [row[1] - rig.emulator.clock.real() for row in rig.emulator.books.items()]
        assert due and all(3_500_000 < ms < 3_700_000 for ms in due)


OUTCOMES = {"paid": ("SUCCESS", "CAPTURED"), "failed": ("FAILED",) * 2, "pending": ("PENDING",) * 2}


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("name", ["pg_payu", "pg_razorpay", "upi_intent", "brazil"])
async def test_a_payment_is_told_three_times(callback: Callback, name: str, outcome: str) -> None:
    async with infobip(callback, config(callback.url), FixedClock(AT)) as rig:
        subscription = fixture("account", "subscription_create_whatsapp")
        subscription["profile"]["webhook"]["notifyUrl"] = callback.url
        await rig.call("POST", "/subscriptions/1/subscription/WHATSAPP", subscription)
        await rig.writes(**WHO)
        content = fixture("outbound", f"interactive_order_details_{name}")["content"]
        payment = content["action"]["payment"]
        await rig.send(
            "interactive/order-details", content, to=PERSON, messageId=FIXED_ID, callbackData="o"
        )
        kind = "br" if name == "brazil" else "upi/payu" if name == "pg_payu" else "upi"
        path = f"/whatsapp/1/senders/{SENDER}/payments/{kind}/{payment['id']}"
        new = (await rig.call("GET", path))[1]
        assert (new["paymentStatus"], new["transactions"]) == ("NEW", [])
        order = {"contact": WHO, "message": FIXED_ID, "outcome": outcome}
        assert await rig.control("pay", order) == {"success": True}
        await callback.wait(lambda: len(callback.posts) == 4)
        told = rig.told()[1:]
        (confirmed,) = [b for b in told if b.get("results", [{}])[0].get("integrationType")]
        (notified,) = [b for b in told if "content" in b]
        state = (await rig.call("GET", path))[1]
        message = confirmed["results"][0]["message"]
        like = fixture("inbound", "interactive_payment_confirmation")["results"][0]["message"]
        assert set(message) == set(like)
        assert message["context"] == like["context"] | {"from": SENDER}
        assert [message["status"], state["paymentStatus"]] == list(OUTCOMES[outcome])
        assert message["totalAmount"] == {"value": 231000, "offset": 100}
        assert message["transactionType"] == ("BR" if name == "brazil" else "UPI")
        assert notified["content"] == {"from": PERSON, "type": "payment", **state}
        fixtures = {"pg_payu": "_payu", "pg_razorpay": "_razorpay", "brazil": "_brazil"}
        wanted = fixture("status", "payment_notification" + fixtures.get(name, ""))
        assert set(notified["content"]) == set(wanted["content"])
        assert set(state) - {"callbackData"} == set(fixture("account", "payment_status_response"))
        assert (await rig.call("GET", path + "x"))[0] == 404
        if name == "upi_intent":
            assert (await rig.call("GET", path.replace("/upi/", "/upi/payu/")))[0] == 404
        order["message"] = "nothing"
        assert "nothing to pay" in (await rig.control("pay", order))["error"]


async def test_the_other_events_go_to_whoever_subscribed(callback: Callback) -> None:
    async with infobip(callback, config(), FixedClock(AT)) as rig:
        subscription = fixture("account", "subscription_create_whatsapp")
        subscription["profile"]["webhook"]["notifyUrl"] = callback.url
        await rig.call("POST", "/subscriptions/1/subscription/WHATSAPP", subscription)

        async def told(name: str) -> None:
            await callback.wait(lambda: len(callback.posts) == 1)
            (body,), wanted = rig.told(), fixture("status", name)
            callback.posts.clear()
            for key in ("createdAt", "timestamp", "messageTemplateId"):
                if key in body:
                    wanted[key] = body[key]
            assert body == wanted

        who = {key: WHO[key] for key in ("phone", "bsuid")}
        for value in ("stop", "resume"):
            await rig.control("preference", {"contact": who, "value": value})
            await told(f"marketing_update_{value}")
        await rig.control("identity", {"contact": who, "hash": "eU2Fdi4EMUw="})
        await told("identity_change")
        template = fixture("account", "template_create_utility")
        path = f"/whatsapp/2/senders/{SENDER}/templates"
        await rig.call("DELETE", f"{path}/order_ready")
        assert (await rig.call("POST", path, template))[0] == 201
        await told("template_update_approved")
        order = {"update": fixture("status", "template_update_category"), "kind": "template"}
        await rig.control("webhook", order)
        await told("template_update_category")
        identity = f"/whatsapp/1/{SENDER}/contacts/{PERSON}/identity"
        assert (await rig.call("GET", identity))[1]["acknowledged"] is False
        confirm = fixture("account", "identity_confirm")
        assert await rig.call("PUT", identity, confirm) == (204, "")
        assert (await rig.call("GET", identity))[1]["acknowledged"] is True
        assert await rig.call("DELETE", identity) == (204, "")
        assert (await rig.call("GET", identity))[1]["acknowledged"] is False
        assert (await rig.call("GET", identity.replace(PERSON, "1")))[0] == 404
