"""What people send arrives in the shape of the fixtures, in both renderers and both styles."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from emulator_rig import ASHA, Callback, callback_server
from infobip_rig import (
    BASIC,
    FIXED_ID,
    KEY,
    PERSON,
    SENDER,
    SHARED,
    USERNAME,
    InfobipRig,
    config,
    fixture,
    infobip,
)

from dragoman.domain.clock import FixedClock
from dragoman.domain.sentences import SentenceError
from dragoman.emulators.infobip import wire
from dragoman.emulators.infobip.config import Sender, Setup

pytestmark = pytest.mark.full  # every field of every call, over real HTTP

AT = 1_795_166_127_431  # 2026-11-20T09:15:27.431Z
WHO = {
    "name": "Asha Verma",
    "phone": PERSON,
    "bsuid": "GB.9081726354",
    "username": "@asha.v",
}
MEDIA = "6c1f0b52-8f0e-4d0b-9a5e-2f6d6f1b7c31"


def media(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, kind: {"id": MEDIA, "mime_type": "x/y", "sha256": "s", **more}}


def reply(kind: str, **value: Any) -> dict[str, Any]:
    return {"type": "interactive", "interactive": {"type": kind, kind: value}}


ADDRESS = {
    "street": "1 High St",
    "city": "Leeds",
    "state": "West Yorkshire",
    "zip": "LS1 1AA",
    "country": "United Kingdom",
    "country_code": "GB",
    "type": "HOME",
}
SAM = {
    "addresses": [ADDRESS],
    "birthday": "1990-04-01",
    "emails": [{"email": "sam@example.com", "type": "WORK"}],
    "name": {"first_name": "Sam", "last_name": "Lee", "formatted_name": "Sam Lee"},
    "org": {"company": "Acme", "department": "Ops", "title": "Lead"},
    "phones": [{"phone": "+44 7700 900155", "type": "CELL", "wa_id": "447700900155"}],
    "urls": [{"url": "https://example.com", "type": "WORK"}],
}
ITEM = {"currency": "EUR", "item_price": 19.99, "product_retailer_id": "SKU-RED-M", "quantity": 2}
ANSWERS = '{"flow_token": "tok-771", "appointment_date": "2026-12-01", "seats": "2"}'
AD = {
    "source_type": "ad",
    "source_id": "120210000000012345",
    "source_url": "https://fb.me/exampleAd",
    "headline": "Winter sale",
    "body": "Up to 40% off",
    "media_type": "image",
    "image_url": "https://example.com/ad.jpg",
    "ctwa_clid": "ARBexampleClickId_01",
}
PRODUCT = {"catalog_id": "904411223344", "product_retailer_id": "SKU-RED-M"}
PLACE = {
    "latitude": 51.50735,
    "longitude": -0.12776,
    "name": "Nelson's Column",
    "address": "Trafalgar Sq, London",
    "url": "https://example.com/place/1",
}
# Fixture → the person's body in the phone's shape, and whether it quotes the business's message.
SENT: dict[str, tuple[dict[str, Any], bool]] = {
    "text": ({"type": "text", "text": {"body": "Hi, is my order ready?"}}, False),
    "text_reply_with_context": ({"type": "text", "text": {"body": "Yes, the blue one"}}, True),
    "text_referral_ad": (
        {"type": "text", "text": {"body": "I saw your ad"}, "referral": AD},
        False,
    ),
    "text_product_enquiry": (
        {
            "type": "text",
            "text": {"body": "Do you have this in M?"},
            "context": {"referred_product": PRODUCT},
        },
        True,
    ),
    "image": (media("image", caption="Receipt"), False),
    "video": (media("video", caption="See the crack"), False),
    "audio": (media("audio"), False),
    "voice": (media("audio", voice=True), False),
    "document": (media("document", filename="invoice-1182.pdf"), False),
    "sticker": (media("sticker"), False),
    "location": ({"type": "location", "location": PLACE}, False),
    "contact": ({"type": "contacts", "contacts": [SAM]}, False),
    "button": ({"type": "button", "button": {"text": "Yes", "payload": "confirm:8841"}}, True),
    "interactive_button_reply": (reply("button_reply", id="opt-1", title="Track order"), True),
    "interactive_list_reply": (
        reply("list_reply", id="row-3", title="Saturday 10:00", description="Central branch"),
        True,
    ),
    "interactive_flow_reply": (
        reply("nfm_reply", name="flow", body="Sent", response_json=ANSWERS),
        True,
    ),
    "interactive_call_permission_accept": (
        reply("call_permission_reply", response="accept", expiration_timestamp="1795770927"),
        True,
    ),
    "interactive_call_permission_reject": (
        reply("call_permission_reply", response="reject"),
        True,
    ),
    "order": (
        {
            "type": "order",
            "order": {
                "catalog_id": "904411223344",
                "product_items": [ITEM],
                "text": "Gift wrap please",
            },
        },
        False,
    ),
    "reaction_added": (
        {"type": "reaction", "reaction": {"message_id": FIXED_ID, "emoji": "👍"}},
        False,
    ),
    "reaction_removed": ({"type": "reaction", "reaction": {"message_id": FIXED_ID}}, False),
    "unsupported": ({"type": "unsupported"}, False),
}
# Fixture of the Messages API's renderer → the body, and what the fixture has for an agreed field
# that this body cannot carry.
API_SENT: dict[str, dict[str, Any]] = {
    "messages_api_image": media("image", caption="Receipt"),
    "messages_api_list_reply": reply("list_reply", id="row-3", title="Saturday 10:00"),
    "messages_api_location": {
        "type": "location",
        "location": {"latitude": 51.50735, "longitude": -0.12776},
    },
    "messages_api_flow_response": reply(
        "nfm_reply", name="flow", body="Sent", response_json='{"flow_token":"tok-771","rating":5}'
    ),
    "messages_api_reaction": {
        "type": "reaction",
        "reaction": {"message_id": FIXED_ID, "emoji": "❤️"},
    },
    "messages_api_text": {"type": "text", "text": {"body": "START hello"}},
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def rig() -> AsyncIterator[InfobipRig]:
    """The sender has sent one message, that of the fixtures, to the person of the fixtures."""
    async with (
        callback_server() as callback,
        infobip(callback, config(callback.url), FixedClock(AT)) as made,
    ):
        await made.writes(**WHO)
        status, _ = await made.send(
            "text", {"text": "Hi"}, to=PERSON, messageId=FIXED_ID, callbackData="order=8841"
        )
        assert status == 200
        await made.quiet()
        yield made


async def arrived(rig: InfobipRig, body: Any, **more: Any) -> dict[str, Any]:
    """The whole POST that a message became."""
    rig.callback.posts.clear()
    message_id = await rig.inbound(body, **more)
    await rig.heard(message_id)
    return rig.told()[-1]


def own(told: dict[str, Any], wanted: dict[str, Any], base: str) -> dict[str, Any]:
    """The fixture with the id and the addresses of this run."""
    result = wanted["results"][0]
    result["messageId"] = told["results"][0]["messageId"]
    raw = msgspec.json.encode(wanted).decode()
    raw = raw.replace("https://k3pz9d.api.infobip.com", base)
    made: dict[str, Any] = msgspec.json.decode(raw)
    return made


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", SENT)
async def test_each_kind_arrives_as_the_fixture(rig: InfobipRig, name: str) -> None:
    body, quotes = SENT[name]
    told = await arrived(rig, body, quoted=FIXED_ID if quotes else None, **WHO)
    wanted = own(told, fixture("inbound", name), rig.base)
    if quotes:
        # Documented as optional; here it is what the quoted message says.
        wanted["results"][0] |= {"pairedMessageId": FIXED_ID, "callbackData": "order=8841"}
    assert told == wanted
    assert list(told["results"][0])[:4] == ["from", "to", "integrationType", "receivedAt"]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_username_alone_and_a_security_code(rig: InfobipRig) -> None:
    who = {"name": "Asha", "bsuid": "GB.777", "username": "asha.v"}
    told = await arrived(
        rig, {"type": "text", "text": {"body": "Hi from a username account"}}, **who
    )
    result = told["results"][0]
    assert (result["from"], result["contact"]) == (
        "GB.777",
        {"name": "Asha", "userId": "GB.777", "username": "asha.v"},
    )
    await rig.control("rules", {"identity_hashes": {PERSON: "eU2Fdi4EMUw="}})
    told = await arrived(rig, {"type": "text", "text": {"body": "Hello"}}, **WHO)
    identity = told["results"][0]["identity"]
    assert identity == {
        "acknowledged": False,
        "hash": "eU2Fdi4EMUw=",
        "createdAt": identity["createdAt"],
    }
    await rig.control("rules", {"identity_hashes": {}})


@pytest.mark.asyncio(loop_scope="module")
async def test_a_number_that_was_asked_for_comes_as_a_contact(rig: InfobipRig) -> None:
    vcard = "BEGIN:VCARD\nVERSION:3.0\nFN:Asha Verma\nTEL;waid=1:+1\nEND:VCARD"
    phones = [{"phone": "+1", "wa_id": "1", "type": "CELL"}]
    card = {"vcard": vcard, "origin": "contact_request", "phones": phones}
    told = await arrived(rig, {"type": "contacts", "contacts": [card]}, quoted=FIXED_ID, **WHO)
    assert told["results"][0]["message"]["contacts"] == [
        {
            "name": {"firstName": "Asha", "formattedName": "Asha Verma"},
            "phones": [{"phone": "+1", "waId": "1", "type": "CELL"}],
        }
    ]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", API_SENT)
async def test_the_messages_api_s_renderer(rig: InfobipRig, name: str) -> None:
    keyword = "START" if name == "messages_api_text" else ""
    await rig.press("sender_1", "save", format="MO_MESSAGES_API_JSON", keyword=keyword)
    told = await arrived(rig, API_SENT[name], **WHO)
    await rig.press("sender_1", "save", format="MO_OTT_CONTACT", keyword="")
    wanted = own(told, fixture("inbound", name), rig.base)
    del wanted["results"][0]["platform"]  # the demo account uses no tags
    assert told == wanted


@pytest.mark.asyncio(loop_scope="module")
async def test_buttons_of_the_messages_api_and_what_it_does_not_carry(rig: InfobipRig) -> None:
    await rig.press("sender_1", "save", format="MO_MESSAGES_API_JSON")
    told = await arrived(rig, SENT["interactive_button_reply"][0], quoted=FIXED_ID, **WHO)
    result = told["results"][0]
    assert result["content"] == [
        {"text": "Track order", "payload": "opt-1", "id": "opt-1", "type": "BUTTON_REPLY"}
    ]
    assert (result["pairedMessageId"], result["callbackData"]) == (FIXED_ID, "order=8841")
    told = await arrived(rig, SENT["button"][0], quoted=FIXED_ID, **WHO)
    assert told["results"][0]["content"] == [
        {"text": "Yes", "payload": "confirm:8841", "type": "BUTTON_REPLY"}
    ]
    for name in ("sticker", "contact", "order", "unsupported"):
        answer = await rig.control("inbound", {"contact": {"phone": ASHA}, "body": SENT[name][0]})
        assert "Infobip passes on no message of the kind" in answer["error"]
    await rig.press("sender_1", "save", format="MO_OTT_MSISDN")
    told = await arrived(rig, SENT["text"][0], **WHO)
    assert "contact" not in told["results"][0]
    await rig.press("sender_1", "save", format="MO_OTT_CONTACT")


@pytest.mark.asyncio(loop_scope="module")
async def test_an_address_form_is_not_passed_on(rig: InfobipRig) -> None:
    form = {"name": "address_message", "body": "x", "response_json": "{}"}
    with pytest.raises(SentenceError, match="of the kind interactive"):
        line = rig.emulator.lines[SENDER]
        await line.send(rig.emulator.handsets.contacts()[0], reply("nfm_reply", **form), None)


async def test_live_style_is_as_captured_in_2026(callback: Callback) -> None:
    settings = config(callback.url, inbound_style="live", currency="USD")
    async with infobip(callback, settings, FixedClock(AT)) as rig:
        who = {key: value for key, value in WHO.items() if key != "username"}
        told = await arrived(rig, {"type": "text", "text": {"body": "Hello"}}, **who)
        wanted = fixture("inbound", "text_live_style_2026")
        wanted["results"][0]["messageId"] = told["results"][0]["messageId"]
        wanted["pendingMessageCount"] = 0
        assert told == wanted
        assert re.fullmatch(r"[A-Za-z0-9_-]{88}", told["results"][0]["messageId"])
        raw = callback.posts[-1][1]
        assert b'"pricePerMessage":0.000000,"currency":"USD"' in raw
        image = {"id": rig.emulator.media.keep(SENDER, b"\x89PNG", "image/png", None)}
        told = await arrived(rig, {"type": "image", "image": image}, **who)
        url = told["results"][0]["message"]["url"]
        base = re.escape(f"{rig.base}/whatsapp/1/senders/{SENDER}/media/")
        assert re.fullmatch(base + r"\d{5}_\d{1,2}_\d{16}", url)


# --- the shared sender, and who may be trusted ---------------------------------------------------


async def test_the_shared_sender_passes_on_what_begins_with_the_keyword(callback: Callback) -> None:
    async with infobip(callback) as rig:
        await rig.press("sender_2", "save", inbound_url=callback.url)
        await rig.writes("hello", SHARED)
        first = await rig.writes(f"{USERNAME} hello", SHARED)
        await rig.press("sender_2", "save", keyword="ACMEDEMO")
        await rig.writes(f"{USERNAME} again", SHARED)
        await rig.writes("ACMEDEMOS hello", SHARED)
        second = await rig.writes("acmedemo नमस्ते", SHARED)
        image = {"id": rig.emulator.media.keep(SHARED, b"x", "image/png", None)}
        third = await rig.inbound({"type": "image", "image": image}, SHARED)
        await rig.quiet()
        results = [one for body in rig.told() for one in body["results"]]
        assert [one["messageId"] for one in results] == [first, second, third]
        assert [one.get("keyword") for one in results] == [USERNAME, "ACMEDEMO", None]
        assert results[1]["message"]["text"] == "acmedemo नमस्ते"
        # Only what was for the account waits to be pulled when there is no URL.
        await rig.press("sender_2", "save", inbound_url="")
        await rig.writes("nobody's", SHARED)
        await rig.writes("ACMEDEMO mine", SHARED)
        await rig.quiet()
        path = "/messages-api/1/inbound?channel=WHATSAPP"
        status, pulled = await rig.call("GET", path)
        assert (status, pulled["messageCount"], pulled["pendingMessageCount"]) == (200, 1, 0)
        assert pulled["results"][0]["content"] == [
            {"text": "ACMEDEMO mine", "cleanText": "mine", "keyword": "ACMEDEMO", "type": "TEXT"}
        ]
        again = (await rig.call("GET", path))[1]
        assert again == {"results": [], "messageCount": 0, "pendingMessageCount": 0}
        assert (await rig.call("GET", "/messages-api/1/inbound"))[0] == 400
        assert (await rig.call("GET", "/messages-api/1/inbound?channel=FAX"))[0] == 400


@pytest.mark.parametrize("algorithm", list(wire.ALGORITHMS))
async def test_the_body_is_signed_in_the_header_that_was_named(
    callback: Callback, algorithm: str
) -> None:
    setup = Setup(
        inbound_url=callback.url,
        forwarding="hmac",
        secret="s3cret",
        algorithm=algorithm,
        header="X-Acme-Signature",
    )
    settings = config(senders=[Sender(number=SENDER, title="Acme", setup=setup)])
    async with infobip(callback, settings) as rig:
        await rig.writes("नमस्ते")
        await callback.wait(lambda: len(callback.posts) == 1)
        headers, body = callback.posts[0]
        name = wire.ALGORITHMS[algorithm]
        digest = hmac.new(b"s3cret", body, getattr(hashlib, name)).hexdigest()
        assert headers["X-Acme-Signature"] == f"{name.upper()}={digest}"
        assert "Authorization" not in headers


async def test_capital_letters_in_the_signature(callback: Callback) -> None:
    setup = Setup(inbound_url=callback.url, forwarding="hmac", secret="s3cret")
    senders = [Sender(number=SENDER, title="Acme", setup=setup)]
    async with infobip(callback, config(senders=senders, signature_case="upper")) as rig:
        await rig.writes("hi")
        await callback.wait(lambda: len(callback.posts) == 1)
        value = callback.posts[0][0]["X-Hub-Signature"]
        assert re.fullmatch(r"SHA256=[0-9A-F]{64}", value)


async def test_basic_with_the_account_s_pair_or_another(callback: Callback) -> None:
    async with infobip(callback) as rig:
        await rig.press("sender_1", "save", forwarding="account")
        await rig.writes("one")
        await rig.press(
            "sender_1", "save", forwarding="basic", username="hook", password="change-me"
        )
        await rig.writes("two")
        await rig.press("sender_1", "save", forwarding="none")
        await rig.writes("three")
        await callback.wait(lambda: len(callback.posts) == 3)
        told = [headers.get("Authorization") for headers, _ in callback.posts]
        assert told == [BASIC, wire.basic("hook", "change-me"), None]


# --- files ---------------------------------------------------------------------------------------


async def test_a_person_s_file_is_fetched_with_the_credentials(callback: Callback) -> None:
    clock = FixedClock(AT)
    async with infobip(callback, None, clock) as rig:
        handsets = rig.emulator.handsets
        line = f"infobip:{SENDER}"
        image = await handsets.upload(line, b"\x89PNG", "image/png", "cup.png")
        await handsets.person_sends(line, "asha", {"type": "image", "image": image})
        await callback.wait(lambda: len(callback.posts) == 1)
        path = rig.told()[0]["results"][0]["message"]["url"].removeprefix(rig.base)
        headers = {"Authorization": f"App {KEY}"}
        async with rig.client.get(rig.base + path, headers=headers) as answer:
            assert (answer.status, answer.content_type) == (200, "image/png")
            assert await answer.read() == b"\x89PNG"
        async with rig.client.head(rig.base + path, headers=headers) as answer:
            assert (answer.status, answer.headers["Content-Length"]) == (200, "4")
            assert answer.content_type == "image/png"
        assert (await rig.call("GET", path, auth=""))[0] == 401
        await rig.control("rules", {"media_by_redirect": True})
        async with rig.client.get(
            rig.base + path, headers=headers, allow_redirects=False
        ) as answer:
            assert answer.status == 302
            copy = answer.headers["Location"]
        async with rig.client.get(copy) as answer:
            assert await answer.read() == b"\x89PNG"
        clock.move(8 * 24 * 3_600_000)
        assert (await rig.call("GET", path))[0] == 404
        clock.move(-8 * 24 * 3_600_000)
        where = f"/whatsapp/1/senders/{SENDER}/media"
        assert await rig.call("DELETE", where, {"url": rig.base + path}) == (204, "")
        assert (await rig.call("DELETE", where, {"url": rig.base + path}))[0] == 404
        assert (await rig.call("GET", path))[0] == 404
