"""Every send of the fixtures: its answer, its reports, the phone's view; and what people send."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from emulator_rig import ASHA, Callback, callback_server
from karix_rig import (
    BULK,
    FIXTURES,
    KEY,
    NUMBER,
    UPLOAD,
    KarixRig,
    config,
    fixture,
    request,
    running,
)

from dragoman.domain.clock import FixedClock
from dragoman.domain.sentences import SentenceError
from dragoman.emulators.kit import Batching, Rates

pytestmark = pytest.mark.full  # whole ways, several processes or emulators

NOON = 1_795_435_200_000  # Monday, 23 November 2026, 12:00 UTC
PERSON = "919900000001"
SENDS = sorted(
    path.stem
    for path in FIXTURES.glob("outbound/*.json")
    if not path.stem.startswith(("response_", "bulk", "media_upload"))
)
OTHERS = {"bulk", "media_upload", "response_success", "response_media_upload"}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared() -> AsyncIterator[KarixRig]:
    """One emulator for all fixtures."""
    async with callback_server() as callback:
        rates = Rates(number_per_second=0, pair_burst=0)
        async with running(callback, config(webhook_url=callback.url, rates=rates)) as made:
            yield made


@pytest.fixture
async def rig(callback: Callback) -> AsyncIterator[KarixRig]:
    async with running(callback, clock=FixedClock(NOON)) as made:
        yield made


# --- fixtures ------------------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", SENDS)
async def test_the_fixture_is_accepted_and_arrives(shared: KarixRig, name: str) -> None:
    rig = shared
    await rig.writes(phone=PERSON)
    body = fixture(name)
    mid = await rig.send(body)
    await rig.callback.wait(lambda: len(rig.reports(mid)) == 2)
    assert rig.words(mid) == ["sent", "delivered"]
    for report in rig.reports(mid):
        assert report["recipient"] == body["message"]["recipient"]


def test_every_outbound_fixture_is_a_send_or_one_of_these() -> None:
    assert {path.stem for path in FIXTURES.glob("outbound/*.json")} == {*SENDS, *OTHERS}


@pytest.mark.asyncio(loop_scope="module")
async def test_the_answer_has_the_fixtures_shape(shared: KarixRig) -> None:
    expected = json.loads((FIXTURES / "outbound" / "response_success.json").read_text())
    status, answer = await shared.call(fixture("template"))
    assert status == 200
    assert {**answer, "mid": expected["mid"]} == expected


@pytest.mark.asyncio(loop_scope="module")
async def test_the_bulk_fixture_is_accepted_one_by_one(shared: KarixRig) -> None:
    body = fixture("bulk")
    body["messages"][0]["content"]["template"]["parameterValues"]["1"] = "42"
    body["messages"].insert(1, {"content": {"type": "TEXT"}, "recipient": {"to": PERSON}})
    status, answer = await shared.call(body, BULK)
    mids = [one.pop("mid", "") for one in answer["batchStatus"]]
    accepted = {"statusCode": "200", "statusDesc": "Successfully Accepted"}
    assert (status, answer) == (
        200,
        {
            **accepted,
            "batchStatus": [
                {"to": "919900000001", "cust_ref": "a", **accepted},
                {
                    "statusCode": "400",
                    "statusDesc": "Invalid request: messages[1].content.text is missing",
                },
                {"to": "919900000002", "cust_ref": "b", **accepted},
            ],
        },
    )
    await shared.callback.wait(lambda: len(shared.reports(mids[0])) == 2)
    await shared.callback.wait(lambda: shared.words(mids[2]) == ["rejected"])


@pytest.mark.asyncio(loop_scope="module")
async def test_several_people_may_get_one_message(shared: KarixRig) -> None:
    recipients = [{"to": PERSON, "reference": {"cust_ref": "a"}}, {"to": "anonymous"}]
    body = request(recipient=None, recipients=recipients)
    _, answer = await shared.call(body)
    assert [one["statusCode"] for one in answer["batchStatus"]] == ["200", "400"]
    assert "message.recipients[1].to must be" in answer["batchStatus"][1]["statusDesc"]


@pytest.mark.asyncio(loop_scope="module")
async def test_the_upload_fixture_gives_an_id(shared: KarixRig) -> None:
    expected = json.loads((FIXTURES / "outbound" / "response_media_upload.json").read_text())
    status, answer = await shared.call(fixture("media_upload"), UPLOAD)
    media_id = answer["response"]["mediaId"]
    assert (status, answer) == (200, {"response": {"mediaId": media_id}})
    assert len(media_id) == len(expected["response"]["mediaId"]) and media_id.isdigit()


# --- reports -------------------------------------------------------------------------------------


def whole(mid: str, word: str, reason: str, code: str = "", **more: Any) -> dict[str, Any]:
    reference = {"cust_ref": "corr-77", "messageTag1": "tag-1", "conversationId": "conv-1"}
    return {
        "channel": "WABA",
        "appDetails": {"type": "LIVE"},
        "recipient": {"to": ASHA, "recipient_type": "individual", "reference": reference},
        "sender": {"from": NUMBER},
        "events": {
            "eventType": "DELIVERY EVENTS",
            "timestamp": str(NOON),
            "date": "2026-11-23",
            "mid": mid,
        },
        "notificationAttributes": {"status": word, "reason": reason, "code": code},
        **more,
    }


def at(report: dict[str, Any], moment: int) -> dict[str, Any]:
    return {**report, "events": {**report["events"], "timestamp": str(moment)}}


def referenced(**more: Any) -> dict[str, Any]:
    body = request(**more)
    reference = {"cust_ref": "corr-77", "messageTag1": "tag-1", "conversationId": "conv-1"}
    body["message"]["recipient"]["reference"] = reference
    return body


async def test_a_message_is_reported_whole_and_read_when_it_is_looked_at(rig: KarixRig) -> None:
    await rig.writes()
    mid = await rig.send(referenced())
    await rig.callback.wait(lambda: len(rig.reports(mid)) == 2)
    assert rig.reports(mid) == [
        at(whole(mid, "sent", "Message sent"), NOON + 10),
        at(whole(mid, "delivered", "Message delivered"), NOON + 25),
    ]
    bubble = rig.bubble(mid)
    assert bubble["body"] == {"type": "text", "text": {"body": "Namaste", "preview_url": False}}
    await rig.emulator.handsets.look(f"karix:{NUMBER}", "asha")
    await rig.callback.wait(lambda: len(rig.reports(mid)) == 3)
    report = rig.reports(mid)[2]
    assert report == at(whole(mid, "read", "Message read"), int(report["events"]["timestamp"]))


async def test_a_template_is_named_in_its_reports(rig: KarixRig) -> None:
    content = fixture("template")["message"]["content"]
    mid = await rig.send(referenced(content=content))
    await rig.callback.wait(lambda: len(rig.reports(mid)) == 2)
    expected = whole(mid, "sent", "Message sent", templateId="order_update")
    assert rig.reports(mid)[0] == at(expected, NOON + 10)


async def test_reports_go_to_the_address_that_the_send_names(rig: KarixRig) -> None:
    await rig.writes()
    unknown = await rig.send(request(preferences={"webHookDNId": "1002"}))
    usual = await rig.send(request(preferences=None))
    await rig.callback.wait(lambda: rig.words(usual) == ["sent", "delivered"])
    await rig.callback.wait(lambda: rig.emulator.timeline.waiting == 0)
    assert rig.words(unknown) == []
    assert rig.bubble(unknown)["status"] == "delivered"


async def test_one_update_is_an_object_and_several_are_an_array(callback: Callback) -> None:
    settings = config(webhook_url=callback.url, batching=Batching(updates=10, within_ms=80))
    async with running(callback, settings) as rig:
        await rig.writes()
        await callback.wait(lambda: len(callback.posts) == 1)
        assert isinstance(callback.bodies()[0], dict)
        mid = await rig.send(request())
        await callback.wait(lambda: len(rig.reports(mid)) == 2)
        assert [type(body) for body in callback.bodies()[1:]] == [list]
        await rig.control("faults", {"name": "root_array", "count": 1})
        await rig.writes()
        await callback.wait(lambda: len(callback.posts) == 3)
        assert isinstance(callback.bodies()[2], list) and len(callback.bodies()[2]) == 1


async def test_a_reseller_s_reports_bring_whatsapps_id_and_our_reference(rig: KarixRig) -> None:
    await rig.control("faults", {"name": "mid_is_wamid"})
    await rig.writes()
    mid = await rig.send(referenced())
    found = [one for one in rig.told() if "notificationAttributes" in one]
    await rig.callback.wait(lambda: len(rig.told()) == 3)
    found = [one for one in rig.told() if "notificationAttributes" in one]
    assert len({one["events"]["mid"] for one in found}) == 1
    for one in found:
        assert one["events"]["mid"] != mid and one["events"]["mid"].startswith("wamid.")
        assert one["recipient"]["reference"]["cust_ref"] == "corr-77"


async def test_a_webhook_is_tried_again_and_then_given_up(callback: Callback) -> None:
    callback.plan = lambda count: 500
    async with running(callback) as rig:
        await rig.writes()
        await callback.wait(lambda: rig.emulator.timeline.waiting == 0)
        assert (len(callback.posts), rig.emulator.timeline.expired) == (4, 1)
        assert len({body for _, body in callback.posts}) == 1


@pytest.mark.parametrize("fault", ["timeout_after_accept", "torn_body"])
async def test_an_accepted_send_whose_answer_is_lost_still_arrives(
    rig: KarixRig, fault: str
) -> None:
    await rig.writes()
    await rig.control("faults", {"name": fault, "count": 1, "value": 1})
    status, answer = await rig.call(referenced())
    assert (status, isinstance(answer, str)) == (200, fault == "torn_body")
    sent = (await rig.control("sent"))["sent"]
    await rig.callback.wait(lambda: len(rig.reports(sent[0]["id"])) == 2)
    assert sent[0]["reference"]["cust_ref"] == "corr-77"


async def test_the_first_report_may_come_before_the_answer(rig: KarixRig) -> None:
    await rig.writes()
    await rig.control("faults", {"name": "status_first"})
    mid = await rig.send(request())
    assert rig.words(mid) == ["sent"]


# --- what the phone shows ------------------------------------------------------------------------


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("name", "body"),
    [
        (
            "attachment_document",
            {
                "type": "document",
                "document": {
                    "link": "https://files.example/s.pdf",
                    "filename": "s.pdf",
                    "caption": "statement",
                },
            },
        ),
        (
            "location",
            {"type": "location", "location": {"latitude": "19.0760", "longitude": "72.8777"}},
        ),
        (
            "template",
            {
                "type": "template",
                "template": {
                    "name": "order_update",
                    "language": {"code": "en_US"},
                    "components": [
                        {
                            "type": "body",
                            "parameters": [
                                {"type": "text", "text": "Asha"},
                                {"type": "text", "text": "42"},
                            ],
                        }
                    ],
                },
                "rendered": {"body": "Hello Asha, your order 42 is on its way.", "buttons": []},
            },
        ),
        (
            "media_template_document",
            {
                "type": "template",
                "template": {
                    "name": "statement",
                    "language": {"code": "en_US"},
                    "components": [
                        {
                            "type": "header",
                            "parameters": [
                                {
                                    "type": "document",
                                    "document": {
                                        "link": "https://files.example/s.pdf",
                                        "filename": "s.pdf",
                                    },
                                }
                            ],
                        },
                        {"type": "body", "parameters": [{"type": "text", "text": "Asha"}]},
                    ],
                },
                "rendered": {
                    "header": {
                        "type": "document",
                        "document": {"link": "https://files.example/s.pdf", "filename": "s.pdf"},
                    },
                    "body": "Dear Asha, your statement is here.",
                    "buttons": [],
                },
            },
        ),
        (
            "media_template_buttons",
            {
                "type": "template",
                "template": {
                    "name": "offer",
                    "language": {"code": "en_US"},
                    "components": [
                        {
                            "type": "header",
                            "parameters": [
                                {
                                    "type": "image",
                                    "image": {"link": "https://files.example/a.jpg"},
                                }
                            ],
                        },
                        {"type": "body", "parameters": [{"type": "text", "text": "Asha"}]},
                        {
                            "type": "button",
                            "sub_type": "url",
                            "index": "0",
                            "parameters": [{"type": "text", "text": "offer/42"}],
                        },
                        {
                            "type": "button",
                            "sub_type": "quick_reply",
                            "index": "1",
                            "parameters": [{"type": "payload", "payload": "INTERESTED"}],
                        },
                    ],
                },
                "rendered": {
                    "header": {"type": "image", "image": {"link": "https://files.example/a.jpg"}},
                    "body": "Hello Asha, our new tea has come in.",
                    "buttons": [
                        {
                            "type": "url",
                            "text": "See it",
                            "url": "https://www.example.com/offer/42",
                        },
                        {"type": "quick_reply", "text": "Interested", "payload": "INTERESTED"},
                    ],
                    "footer": "Reply STOP to opt out",
                },
            },
        ),
    ],
)
async def test_the_phone_shows_it_as_whatsapp_would(
    shared: KarixRig, name: str, body: dict[str, Any]
) -> None:
    await shared.writes()
    mid = await shared.send(request(fixture(name)["message"]["content"]))
    await shared.callback.wait(lambda: len(shared.reports(mid)) == 2)
    assert shared.bubble(mid)["body"] == body


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", ["buttons", "list", "carousel"])
async def test_an_interactive_message_is_metas_own_object(shared: KarixRig, name: str) -> None:
    await shared.writes()
    content = fixture(f"interactive_{name}")["message"]["content"]
    mid = await shared.send(request(content))
    await shared.callback.wait(lambda: len(shared.reports(mid)) == 2)
    told = {"type": "interactive", "interactive": content["interactive"]}
    assert shared.bubble(mid)["body"] == told


@pytest.mark.asyncio(loop_scope="module")
async def test_older_and_rarer_contents(shared: KarixRig) -> None:
    await shared.writes()
    data = {"mimeType": "image/png", "attachmentData": base64.b64encode(b"\x89PNG").decode()}
    inside = await shared.send(
        request({"type": "ATTACHMENT", "attachment": {"type": "image", **data, "caption": "x"}})
    )
    auto = {"autoTemplate": "Namaste!", "buttons": {"k": "v"}}
    made = await shared.send(request({"type": "MEDIA_TEMPLATE", "mediaTemplate": auto}))
    text = {"templateId": "order_update", "bodyParameterValues": {"0": "a", "1": "b"}}
    plain = await shared.send(request({"type": "MEDIA_TEMPLATE", "mediaTemplate": text}))
    place = {"type": "LOCATION", "location": {"latitude": 19.07, "longitude": 72, "name": "Fort"}}
    spelled = await shared.send(request(place))
    bill = {"type": "order_details", "body": {"text": "Pay"}, "action": {"name": "review_and_pay"}}
    passed = await shared.send(request({"type": "INTERACTIVE", "interactive": bill}))
    for mid in (inside, made, plain, spelled, passed):
        await shared.callback.wait(lambda mid=mid: len(shared.reports(mid)) == 2)
    shown = shared.bubble(inside)["body"]["image"]
    assert shown["caption"] == "x"
    found = await shared.emulator.handsets.media(f"karix:{NUMBER}", shown["id"])
    assert found == (b"\x89PNG", "image/png")
    assert shared.bubble(made)["body"]["rendered"] == {"body": "Namaste!", "buttons": []}
    assert shared.bubble(plain)["body"]["rendered"]["body"].startswith("Hello a")
    assert shared.bubble(spelled)["body"]["location"] == place["location"]
    assert shared.bubble(passed)["body"]["interactive"] == bill


@pytest.mark.parametrize("to", [f"+{ASHA}", int(ASHA)])
async def test_a_number_may_be_an_int_or_have_a_plus(rig: KarixRig, to: Any) -> None:
    await rig.writes()
    mid = await rig.send(request(to=to))
    await rig.callback.wait(lambda: len(rig.reports(mid)) == 2)
    assert rig.reports(mid)[0]["recipient"]["to"] == ASHA


# --- what people send ----------------------------------------------------------------------------


def incoming(message: dict[str, Any], mid: str) -> dict[str, Any]:
    return {
        "channel": "WABA",
        "appDetails": {"type": "LIVE"},
        "events": {
            "eventType": "User initiated",
            "timestamp": str(NOON),
            "date": "2026-11-23",
            "mid": mid,
        },
        "eventContent": {"message": message},
    }


BUTTON = {"payload": '{"entity_type":"post","id":7}', "text": "Interested"}
REPLY = {"type": "button_reply", "button_reply": {"id": "yes_1", "title": "Yes"}}
ROW = {"id": "row_2", "title": "Balance", "description": "Show balance"}
PLACE = {"latitude": 19.076, "longitude": 72.8777, "name": "Office", "address": "Fort, Mumbai"}
CARRIED: dict[str, dict[str, Any]] = {
    "text": {"type": "text", "text": {"body": "Hi"}},
    "button": {"type": "button", "button": BUTTON},
    "interactive_button_reply": {"type": "interactive", "interactive": REPLY},
    "interactive_list_reply": {
        "type": "interactive",
        "interactive": {"type": "list_reply", "list_reply": ROW},
    },
    "location_UNSURE": {"type": "location", "location": PLACE},
}


@pytest.mark.parametrize("name", CARRIED)
async def test_what_a_person_sends_has_the_fixtures_bytes(rig: KarixRig, name: str) -> None:
    expected = json.loads((FIXTURES / "inbound" / f"{name}.json").read_text())
    message_id = await rig.writes(CARRIED[name])
    await rig.callback.wait(lambda: len(rig.callback.posts) == 1)
    headers, body = rig.callback.posts[0]
    got = json.loads(body)
    told = {**expected["eventContent"]["message"], "from": ASHA, "to": NUMBER, "id": message_id}
    assert got == incoming(told, got["events"]["mid"])
    assert headers["Content-Type"] == "application/json"
    assert message_id.startswith("wamid.") and got["events"]["mid"] != message_id


@pytest.mark.parametrize(
    ("kind", "mime", "name", "fixture_name"),
    [
        ("image", "image/jpeg", None, "attachment_image"),
        ("document", "application/pdf", "चाय 1.pdf", "attachment_document"),
        ("video", "video/mp4", None, ""),
        ("audio", "audio/ogg; codecs=opus", None, ""),
    ],
)
async def test_a_file_comes_by_its_address(
    rig: KarixRig, kind: str, mime: str, name: str | None, fixture_name: str
) -> None:
    handsets, line = rig.emulator.handsets, f"karix:{NUMBER}"
    rig.emulator.learn_address(rig.base.split("/")[2])  # as whoever mounts it does
    media = await handsets.upload(line, b"\xff\xd8data", mime, name)
    body = {"type": kind, kind: {**media, "caption": "see"}}
    message_id = await handsets.person_sends(line, "asha", body)
    await rig.callback.wait(lambda: len(rig.messages()) == 1)
    (told,) = rig.messages()
    assert told == {
        "from": ASHA,
        "to": NUMBER,
        "id": message_id,
        "contentType": "ATTACHMENT",
        "attachmentType": kind,
        "attachmentUrl": told["attachmentUrl"],
        "attachmentMimeType": mime.partition(";")[0],
        "attachmentFilename": name or told["attachmentFilename"],
        "caption": "see",
    }
    if fixture_name:
        expected = json.loads((FIXTURES / "inbound" / f"{fixture_name}.json").read_text())
        assert set(told) - {"caption"} == set(expected["eventContent"]["message"])
    async with rig.client.get(told["attachmentUrl"]) as answer:
        assert (answer.status, await answer.read()) == (200, b"\xff\xd8data")
        assert answer.headers["Content-Type"].startswith(mime.partition(";")[0])
    async with rig.client.get(f"{rig.base}/attachments/none/x") as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"type": "reaction", "reaction": {"message_id": "m", "emoji": "👍"}}, "reaction"),
        ({"type": "contacts", "contacts": []}, "contacts"),
        ({"type": "order", "order": {"catalog_id": "1"}}, "order"),
        ({"type": "sticker", "sticker": {"id": "1"}}, "sticker"),
        (
            {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {}}},
            "nfm_reply",
        ),
    ],
)
async def test_what_karix_has_no_shape_for_is_told_on_the_phone(
    rig: KarixRig, body: Any, kind: str
) -> None:
    with pytest.raises(SentenceError, match=f"Karix passes on no message of the kind {kind}"):
        await rig.emulator.handsets.person_sends(f"karix:{NUMBER}", "asha", body)
    with pytest.raises(SentenceError, match="Meera shows none"):
        await rig.emulator.handsets.person_sends(f"karix:{NUMBER}", "meera", CARRIED["text"])


async def test_a_tap_on_the_phone_comes_back_with_our_id(rig: KarixRig) -> None:
    await rig.writes()
    mid = await rig.send(request(fixture("interactive_buttons")["message"]["content"]))
    await rig.callback.wait(lambda: len(rig.reports(mid)) == 2)
    reply = rig.bubble(mid)["body"]["interactive"]["action"]["buttons"][0]["reply"]
    body = {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": reply}}
    await rig.emulator.handsets.person_sends(f"karix:{NUMBER}", "asha", body, mid)
    await rig.callback.wait(lambda: len(rig.messages()) == 2)
    assert rig.messages()[1]["interactive"] == body["interactive"]


# --- over restarts -------------------------------------------------------------------------------


async def test_what_is_undelivered_and_configured_outlives_a_restart(
    callback: Callback, tmp_path: Path
) -> None:
    settings = config(retry_ms=(10,) * 1000)
    callback.plan = lambda count: 503
    async with running(callback, settings, state_dir=tmp_path) as rig:
        await rig.press("webhook", "save", incoming=callback.url)
        await rig.writes()
        await callback.wait(lambda: len(callback.posts) >= 2)
    callback.plan = lambda count: 200
    async with running(callback, settings, state_dir=tmp_path) as rig:
        await callback.wait(lambda: rig.emulator.timeline.delivered == 1)
        assert rig.emulator.desk.hooks.incoming == callback.url
        await rig.control("reset", {})
        assert rig.emulator.desk.hooks.incoming == ""
    assert KEY not in repr(await _kept(tmp_path))


async def _kept(folder: Path) -> bytes:
    return (folder / "karix.db").read_bytes()
