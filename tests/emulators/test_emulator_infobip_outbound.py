"""Every send body of the fixtures is taken as Infobip takes it, seen on the phone, and reported."""

from __future__ import annotations

import copy
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from emulator_rig import ASHA, callback_server
from infobip_rig import (
    PERSON,
    SENDER,
    InfobipRig,
    config,
    fixture,
    infobip,
    names,
    new_ids,
    path_of,
    placed,
    structure_of,
)

from dragoman.emulators.infobip.schema import CONTENTS
from dragoman.emulators.infobip.schema_messages import BODIES

pytestmark = pytest.mark.full  # every field of every call, over real HTTP

SENDS = [name for name in names("outbound") if "typing" not in name]
DRAW = Path(__file__).parents[2] / "src/dragoman/emulators/phone/static/draw.js"
DRAWN = set(re.findall(r'^  "?([a-z_.]+)"?: ', DRAW.read_text(encoding="utf-8"), re.MULTILINE))
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
ENROUTE = {
    "groupId": 1,
    "groupName": "PENDING",
    "id": 7,
    "name": "PENDING_ENROUTE",
    "description": "Message sent to next instance",
}
ACCEPTED = {**ENROUTE, "id": 26, "name": "PENDING_ACCEPTED"}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def rig() -> AsyncIterator[InfobipRig]:
    async with callback_server() as callback, infobip(callback, config(callback.url)) as made:
        await made.writes()
        yield made


def _fit(rig: InfobipRig, content: dict[str, Any]) -> None:
    """The registered template becomes one that the fixture's send fits."""
    template = rig.emulator.templates.find("order_ready", "en_GB")
    assert template is not None
    template["structure"] = structure_of(content)
    template.pop("subCategory", None)
    if "orderStatus" in content["templateData"]:
        template["subCategory"] = "ORDER_STATUS"


def _kind(body: dict[str, Any]) -> str:
    return f"interactive.{body['interactive']['type']}" if "interactive" in body else body["type"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", SENDS)
async def test_the_fixture_is_accepted_seen_and_reported(rig: InfobipRig, name: str) -> None:
    body = placed(fixture("outbound", name), rig.callback.url, new_ids())
    body.get("options", {}).pop("schedule", None)
    if name.startswith("template_"):
        _fit(rig, body["messages"][0]["content"])
    elif name == "messages_api_template":
        data = {"header": {"type": "IMAGE"}, "body": {"placeholders": ["1", "2"]}}
        _fit(rig, {"templateData": {**data, "buttons": [{"type": "URL"}]}})
    elif name == "messages_api_failover_sms":
        _fit(rig, {"templateData": {"body": {"placeholders": ["1", "2"]}}})
    status, answer = await rig.call("POST", path_of(name), body)
    assert status == 200, answer
    wanted = [_answered(name, one) for one in body.get("messages", [body])]
    if "messages" not in body:
        assert answer == wanted[0]
    elif name.startswith("template_"):
        bulk = body.get("bulkId") or answer["bulkId"]
        assert answer == {"messages": wanted, "bulkId": bulk}
        assert body.get("bulkId") or re.fullmatch(r"\d{19}", answer["bulkId"])
    else:
        assert answer == {"bulkId": answer["bulkId"], "messages": wanted}
        assert UUID.fullmatch(answer["bulkId"])
    message_id = wanted[0]["messageId"]
    (report,) = await rig.heard(message_id)
    assert report["status"]["name"] == "DELIVERED_TO_HANDSET", report
    shown = rig.bubble(message_id)["body"]
    assert _kind(shown) in DRAWN
    if shown["type"] == "template":
        assert shown["rendered"]["body"].startswith("Tea")
    if "callbackData" in body:
        assert report["callbackData"] == body["callbackData"]
    if "context" in body:
        assert shown["context"] == {"message_id": body["context"]["replyToMessageId"]}


def _answered(name: str, message: dict[str, Any]) -> dict[str, Any]:
    """What the answer says of one message, whole."""
    if name.startswith("messages_api"):
        target = message["destinations"][0]
        to = target.get("to") or target["byChannel"][0]["to"]
        return {"messageId": target["messageId"], "status": ACCEPTED, "destination": to}
    sent = {"to": message["to"], "messageCount": 1, "messageId": message["messageId"]}
    return {**sent, "status": ENROUTE}


def test_every_endpoint_and_every_body_has_its_fixture() -> None:
    kinds = {path_of(name).removeprefix("/whatsapp/1/message/") for name in SENDS}
    assert kinds - {"template", "/messages-api/1/messages"} == set(CONTENTS)
    told = {
        fixture("outbound", name)["messages"][0]["content"]["body"]["type"]
        for name in SENDS
        if name.startswith("messages_api")
    }
    assert told <= set(BODIES)


# What the fixtures lack of the Messages API: each body, and what a person sees of it.
BUTTON = {"text": "Go"}
MESSAGES: dict[str, tuple[Any, Any]] = {
    "video": ({"body": {"type": "VIDEO", "url": "https://cdn.example.com/v.mp4"}}, "video"),
    "document": (
        {"body": {"type": "DOCUMENT", "url": "https://cdn.example.com/d.pdf", "filename": "d.pdf"}},
        "document",
    ),
    "link": ({"body": {"type": "RICH_LINK", "url": "https://tea.example"}}, "text"),
    "cards": ({"body": {"type": "CAROUSEL", "text": "Teas", "cards": [{}]}}, "text"),
    "place": ({"body": {"type": "LOCATION", "latitude": 1.5, "longitude": 2}}, "location"),
    "card": (
        {"body": {"type": "CONTACT", "name": "Sam Lee", "phoneNumber": "+1 202 555 0155"}},
        "contacts",
    ),
    "sticker": (
        {"body": {"type": "STICKER", "reference": "https://cdn.example.com/s.webp"}},
        "sticker",
    ),
    "products": (
        {
            "body": {
                "type": "PRODUCT",
                "catalogId": "9",
                "sections": [{"title": "Tea", "productIds": ["a", "b"]}],
            }
        },
        "interactive.product_list",
    ),
    "order": ({"body": {"type": "ORDER_REQUEST"}}, "text"),
    "order news": ({"body": {"type": "ORDER_STATUS", "text": "Shipped"}}, "text"),
    "open url": (
        {
            "body": {"type": "TEXT", "text": "See"},
            "buttons": [{**BUTTON, "type": "OPEN_URL", "url": "https://tea.example"}],
        },
        "interactive.cta_url",
    ),
    "picture and reply": (
        {
            "body": {"type": "IMAGE", "url": "https://cdn.example.com/p.jpg", "text": "Blue"},
            "buttons": [{**BUTTON, "type": "REPLY", "postbackData": "go"}],
        },
        "interactive.button",
    ),
    "where are you": (
        {
            "body": {"type": "TEXT", "text": "Where?"},
            "buttons": [{**BUTTON, "type": "REQUEST_LOCATION"}],
        },
        "interactive.location_request_message",
    ),
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", MESSAGES)
async def test_each_body_of_the_messages_api_is_seen(rig: InfobipRig, name: str) -> None:
    content, kind = MESSAGES[name]
    message = _message(content)
    status, answer = await rig.call("POST", "/messages-api/1/messages", {"messages": [message]})
    assert status == 200, answer
    message_id = answer["messages"][0]["messageId"]
    await rig.heard(message_id)
    assert _kind(rig.bubble(message_id)["body"]) == kind


def _message(content: Any, **more: Any) -> dict[str, Any]:
    target = {"channel": "WHATSAPP", "sender": SENDER, "destinations": [{"to": ASHA}]}
    return {**target, "content": content, **more}


@pytest.mark.asyncio(loop_scope="module")
async def test_what_whatsapp_lacks_becomes_words_unless_adaptation_is_off(rig: InfobipRig) -> None:
    content = {
        "header": {"type": "TEXT", "text": "Tea shop"},
        "body": {"type": "TEXT", "text": "Call us"},
        "buttons": [
            {"type": "DIAL_PHONE", "text": "Ring", "phoneNumber": "+12025550100"},
            {"type": "SHOW_LOCATION", "text": "Here", "latitude": 1, "longitude": 2},
            {"type": "ADD_CALENDAR_EVENT", "text": "Tasting"},
        ],
    }
    body = {"messages": [_message(content)]}
    _, answer = await rig.call("POST", "/messages-api/1/messages", body)
    message_id = answer["messages"][0]["messageId"]
    await rig.heard(message_id)
    words = "Tea shop\nCall us\nRing: +12025550100\nHere: 1, 2\nTasting"
    assert rig.bubble(message_id)["body"] == {"type": "text", "text": {"body": words}}
    body = {"messages": [_message(content, options={"adaptationMode": False})]}
    status, answer = await rig.call("POST", "/messages-api/1/messages", body)
    assert status == 400
    assert [one["property"] for one in answer["violations"]] == [
        f"messages[0].content.buttons[{n}]" for n in range(3)
    ]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", ["event_typing_indicator", "messages_api_typing"])
async def test_typing_is_seen_and_reads_what_was_written_last(rig: InfobipRig, name: str) -> None:
    last = await rig.writes("are you there?")
    body = placed(fixture("outbound", name), rig.callback.url, new_ids())
    status, answer = await rig.call("POST", path_of(name), body)
    message_id = answer["messages"][0]["messageId"]
    said = {"messageId": message_id, "status": ACCEPTED, "destination": ASHA}
    assert (status, answer) == (200, {"bulkId": answer["bulkId"], "messages": [said]})
    assert UUID.fullmatch(message_id)
    state = rig.emulator.handsets.state()
    assert [one["contact"] for one in state["typing"]] == ["asha"]
    assert rig.bubble(last)["status"] == "read"


@pytest.mark.asyncio(loop_scope="module")
async def test_mark_as_read(rig: InfobipRig) -> None:
    last = await rig.writes("read me")
    path = f"/whatsapp/1/senders/{SENDER}/message/{last}/read"
    assert await rig.call("POST", path) == (204, "")
    assert rig.bubble(last)["status"] == "read"


@pytest.mark.asyncio(loop_scope="module")
async def test_a_template_reaches_the_phone_in_words(rig: InfobipRig) -> None:
    data = {
        "body": {"placeholders": ["مريم", "५६६७"]},
        "header": {"type": "TEXT", "placeholder": "👨‍👩‍👧"},
        "buttons": [
            {"type": "QUICK_REPLY", "parameter": "thanks:1"},
            {"type": "URL", "parameter": "5667"},
        ],
    }
    template = rig.emulator.templates.find("order_ready", "en_GB")
    assert template is not None
    from dragoman.emulators.infobip.template_seeds import seeds

    template["structure"] = next(s for s in seeds() if s["name"] == "order_ready")["structure"]
    template.pop("subCategory", None)
    content = {"templateName": "order_ready", "language": "en_GB", "templateData": data}
    _, answer = await rig.template(content)
    message_id = answer["messages"][0]["messageId"]
    await rig.heard(message_id)
    assert rig.bubble(message_id)["body"] == {
        "type": "template",
        "template": {"name": "order_ready", "language": {"code": "en_GB"}},
        "rendered": {
            "header": {"type": "text", "text": "News for 👨‍👩‍👧"},
            "body": "Hello مريم, order ५६६७ is ready.",
            "footer": "Tea shop",
            "buttons": [
                {"type": "quick_reply", "text": "Thanks", "payload": "thanks:1"},
                {"type": "url", "text": "Track order", "url": "https://tea.example/o/5667"},
            ],
        },
    }


# --- each field of each fixture, taken away, mistyped, too long ----------------------------------


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every object, array and value in a body."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner:
        yield (*path, key)
        if isinstance(one, dict | list):
            yield from _leaves(one, (*path, key))


def _with(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy with another value at a path; ... takes it away."""
    made = copy.deepcopy(body)
    holder = made
    for key in path[:-1]:
        holder = holder[key]
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return made


def _spelled(path: tuple[Any, ...]) -> str:
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text


# Fields that may be left out, by the documentation: these names wherever they stand, everything in
# these objects, and these in one place. Every other field of the fixtures is needed.
OPTIONAL = frozenset(
    """
    messageId callbackData notifyUrl urlOptions entityId applicationId context smsFailover bulkId
    previewUrl caption voice filename lastName phones emails org addresses urls birthday header
    footer description mode flowMessageVersion flowAction data beneficiary secondAddressLine city
    state postalCode customerLastName format paymentLink code merchantName keyType key flowType
    saleAmount catalogId shipping discount programName orderExpiration buttonDisplayText
    callValidityPeriod callContextPayload buttons carousel limitedTimeOffer orderStatus flowToken
    thumbnailProductRetailerId options webhooks failover subtext sectionTitle action
    receiveTriggeredFailoverReports
    """.split()  # noqa: SIM905
)
WHOLLY = {"urlOptions", "phones", "emails", "org", "addresses", "urls", "options", "webhooks"}
OPTIONAL_THERE = re.compile(
    r"location: content\.(name|address)|(product|order_status): content\.body$"
    r"|carousel\w*: .*cards\[\d\]\.body$"
    r"|(image|failover_sms|template): .*content(\.body)?(\.text)?$"
    r"|.*failover\[0\]\.validityPeriod|.*\.body\.\d$|.*payload\.\w+$"
)
NEEDED_THERE = re.compile(
    r"interactive.*: content\.action(\.buttons|\.catalogId|\.flowToken)?$"
    r"|interactive_media_carousel_quick_reply: .*cards\[\d\]\.buttons$"
    r"|interactive_multi_product: content\.header$|template.*header\.filename$"
    r"|.*payment\.format\.paymentLink$"
)
NEEDED_NOT = re.compile(r"interactive_voice_button: content\.action$")


def _needed(name: str, path: tuple[Any, ...]) -> bool:
    where = f"{name}: {_spelled(path)}"
    if isinstance(path[-1], int) or set(path[:-1]) & WHOLLY or _free(name, path):
        return False
    if NEEDED_NOT.fullmatch(where):
        return False
    if NEEDED_THERE.fullmatch(where):
        return True
    return path[-1] not in OPTIONAL and not OPTIONAL_THERE.search(where)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", SENDS)
async def test_a_field_of_another_type_is_refused(rig: InfobipRig, name: str) -> None:
    """A number or flag where a text, object or array belongs, a text where a number does: 400,
    in the shape of the endpoint, and nothing is sent."""
    body = placed(fixture("outbound", name), rig.callback.url, new_ids())
    before = rig.emulator.counts["accepted"]
    for path in list(_leaves(body)):
        old = body
        for key in path:
            old = old[key]
        if _free(name, path):
            continue
        wrong: Any = "x" if isinstance(old, int | float) and not isinstance(old, bool) else 5
        if isinstance(old, str):
            wrong = {"not": "text"}
        status, answer = await rig.call("POST", path_of(name), _with(body, path, wrong))
        assert status == 400, (name, _spelled(path), answer)
        if name.startswith("messages_api"):
            assert answer["errorCode"] == "E400", (name, _spelled(path))
        else:
            said = answer["requestError"]["serviceException"]
            assert said["messageId"] == "BAD_REQUEST", (name, _spelled(path))
    assert rig.emulator.counts["accepted"] == before


def _free(name: str, path: tuple[Any, ...]) -> bool:
    """Fields that may hold anything, or that the emulator does not read."""
    text = _spelled(path)
    return bool(
        re.search(
            r"flowActionPayload\.data\.|buttons\[\d\]\.data\.|callbackData\.|addresses\[\d\]\."
            r"|validityPeriod\.|\.(body|header)\.\d$|action\.payload\.\w+\.",
            text,
        )
    )


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", SENDS)
async def test_a_field_that_is_needed_is_named_when_it_is_missing(
    rig: InfobipRig, name: str
) -> None:
    body = placed(fixture("outbound", name), rig.callback.url, new_ids())
    before = rig.emulator.counts["accepted"]
    missing = 0
    for path in filter(lambda path: _needed(name, path), list(_leaves(body))):
        status, answer = await rig.call("POST", path_of(name), _with(body, path, ...))
        where = (name, _spelled(path), answer)
        assert status == 400, where
        _named(name, path, answer)
        missing += 1
    assert missing >= 2
    assert rig.emulator.counts["accepted"] == before


def _named(name: str, path: tuple[Any, ...], answer: Any) -> None:
    """The answer names the field, unless its absence made the body unreadable (`type` says what
    the others are) or another rule speaks of its whole."""
    unreadable = path[-1] in ("type", "channel", "orderCurrency", "orderType", "status", "template")
    text = str(answer)
    if name.startswith("template_"):
        spelled = _spelled(path).partition("].")[2] or "messages"
    else:
        spelled = _spelled(path)
    whole = "titles must not be blank" in text
    assert spelled in text or unreadable or whole, (spelled, answer)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", SENDS)
async def test_empty_values_anywhere_break_nothing(rig: InfobipRig, name: str) -> None:
    """null, "", [], {}, [null] in the place of anything: taken or refused, never broken."""
    body = fixture("outbound", name)
    body.get("options", {}).pop("schedule", None)
    for path in list(_leaves(body)):
        for odd in (None, "", [], {}, [None]):
            changed = placed(_with(body, path, odd), rig.callback.url, new_ids())
            status, _ = await rig.call("POST", path_of(name), changed)
            assert status in (200, 400), (name, _spelled(path), odd)
    await rig.quiet()


LONG = [
    ("text", ("content", "text"), 4096, "size must be between 1 and 4096"),
    ("image", ("content", "caption"), 3000, "size must be between 0 and 3000"),
    ("document", ("content", "filename"), 240, "size must be between 0 and 240"),
    ("video", ("content", "caption"), 3000, "size must be between 0 and 3000"),
    ("location", ("content", "name"), 1000, "size must be between 0 and 1000"),
    ("interactive_buttons", ("content", "body", "text"), 1024, "size must be between 1 and 1024"),
    (
        "interactive_buttons",
        ("content", "action", "buttons", 0, "title"),
        20,
        "size must be between 1 and 20",
    ),
    ("interactive_buttons", ("content", "header", "text"), 60, "size must be between 1 and 60"),
    ("interactive_buttons", ("content", "footer", "text"), 60, "size must be between 1 and 60"),
    ("interactive_list", ("content", "action", "title"), 20, "size must be between 1 and 20"),
    (
        "interactive_list",
        ("content", "action", "sections", 0, "title"),
        24,
        "size must be between 0 and 24",
    ),
    (
        "interactive_list",
        ("content", "action", "sections", 0, "rows", 1, "description"),
        72,
        "size must be between 0 and 72",
    ),
    ("text", ("callbackData",), 4000, "size must be between 0 and 4000"),
    ("text", ("messageId",), 200, "size must be between 0 and 200"),
    ("text", ("to",), 150, "size must be between 1 and 150"),
    ("interactive_url_button", ("content", "action", "displayText"), 20, "between 1 and 20"),
]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("letter", ["x", "च", "🍵", "ش"])
@pytest.mark.parametrize(
    ("name", "path", "most", "says"), LONG, ids=lambda v: str(v) if isinstance(v, str) else None
)
async def test_lengths_are_counted_in_code_points(
    rig: InfobipRig, name: str, path: tuple[Any, ...], most: int, says: str, letter: str
) -> None:
    body = placed(fixture("outbound", name), rig.callback.url, new_ids())
    status, answer = await rig.call("POST", path_of(name), _with(body, path, letter * most))
    assert status == 200, answer
    body = placed(fixture("outbound", name), rig.callback.url, new_ids())
    status, answer = await rig.call("POST", path_of(name), _with(body, path, letter * (most + 1)))
    errors = answer["requestError"]["serviceException"]["validationErrors"]
    assert (status, list(errors)) == (400, [_spelled(path)])
    assert says in errors[_spelled(path)][0]


def test_the_person_of_the_fixtures_is_replaced_everywhere() -> None:
    body = placed(fixture("outbound", "messages_api_failover_sms"), "u", new_ids())
    assert PERSON not in str(body)
