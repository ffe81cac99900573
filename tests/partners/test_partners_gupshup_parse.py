"""Everything Gupshup sends, into events: fixtures as a whole, both kinds of body, and what is
broken."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from gupshup_channel import (
    CHANNELS,
    ENTERPRISE,
    FIXTURES,
    FORM,
    NUMBER,
    channel_of,
    fixture_hook,
    form_hook,
    hook,
    parse,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from partner_cases import case_name, check_events, check_expected, expected_of, inbound

from dragoman.domain import content as c
from dragoman.domain.events import InboundMessage, KeptEvent, Rejected
from dragoman.domain.identity import Bsuid, Person, Phone
from dragoman.domain.sentences import known, say
from dragoman.domain.status import Status
from dragoman.partners import gupshup
from dragoman.partners.contract import Hook, UnreadableBody
from dragoman.partners.gupshup import Settings

CASES = inbound(FIXTURES)


def load(case: str) -> Any:
    return json.loads((FIXTURES / case).read_text())


def whole(path: Path) -> Any:
    """A fixture as an object, its `response` taken out of the text that it is written in."""
    body = json.loads(path.read_text())
    body = body.get("form", body)
    if isinstance(body.get("response"), str):
        body["response"] = json.loads(body["response"])
    return body


def flat(**more: Any) -> dict[str, Any]:
    body = {"waNumber": NUMBER, "mobile": "919900000001", "name": "Asha", "type": "text"}
    return {**body, "timestamp": "1763870000000", "text": "hi", **more}


def nested(kind: str, value: Any) -> dict[str, Any]:
    return {**flat(type=kind), kind: json.dumps(value)}


def report(**more: Any) -> dict[str, Any]:
    event = {"externalId": "4-3", "eventType": "SENT", "eventTs": 1763870001000}
    return {**event, "destAddr": "919900000001", **more}


def reports(*events: Any) -> dict[str, str]:
    return {"response": json.dumps(events)}


def one(body: Any, channel: Settings = ENTERPRISE) -> Any:
    (event,) = parse(body, channel)
    return event


# --- fixtures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_every_fixture_is_read_whole(case: Path) -> None:
    expected = expected_of(case)
    if isinstance(expected, dict):
        with pytest.raises(UnreadableBody) as caught:
            gupshup.parse(fixture_hook(case), channel_of(case.stem))
        assert {"unreadable": caught.value.sentence.id} == expected
        assert caught.value.sentence.id in known()
        return
    # Any dialect's body is read whatever the channel is set to.
    for channel in CHANNELS.values():
        check_events(gupshup.parse(fixture_hook(case), channel), expected, whole(case))


def test_every_fixture_has_its_expected_value() -> None:
    check_expected(FIXTURES)


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_a_flat_body_says_the_same_as_json_and_as_a_form(case: Path) -> None:
    body = json.loads(case.read_text())
    body = body.get("form", body)
    if not case.stem.startswith("ent_") or ("mobile" not in body and "response" not in body):
        return
    for headers in (None, FORM):
        assert parse(hook(json.dumps(body).encode(), headers)) == parse(form_hook(body))


def test_a_form_may_be_marked_in_many_ways() -> None:
    form = form_hook(flat(text="1+1 = 2 & नमस्ते"))
    told = parse(form)[0].content
    assert told == c.TextReceived("1+1 = 2 & नमस्ते")
    for headers in ({}, {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}):
        assert parse(Hook("POST", "/", headers=headers, body=form.body))[0].content == told


# --- who, when, which ----------------------------------------------------------------------------


def test_a_hash_is_the_key_where_gupshup_gives_no_id() -> None:
    image = load("inbound/ent_image.json")
    again = copy.deepcopy(image)
    again["image"] = again["image"].replace("TESTSIGNATURE", "ANOTHER")
    first, second = one(image), one(again)
    assert first.dedupe_key == second.dedupe_key
    assert second.content.media.url == "https://media.example.test/inbound/image-0001?sig=ANOTHER"
    # The same told in other words of JSON is the same.
    spaced = {**image, "image": json.dumps(json.loads(image["image"]), indent=3)}
    assert one(spaced).dedupe_key == first.dedupe_key
    for other in (
        {"timestamp": "1763870000001"},
        {"mobile": "919900000002"},
        {"waNumber": "918800000001"},
        {"type": "video", "video": image["image"]},
        {"replyId": "1", "messageId": "2"},
        {"image": image["image"].replace("0001", "0002")},
        {"image": image["image"].replace("My bill", "Bill")},
    ):
        assert one({**image, **other}).dedupe_key != first.dedupe_key, other


def test_equals_within_one_post_are_two_messages() -> None:
    twice = [flat(), flat()]
    first, second = parse(twice)
    assert first.dedupe_key != second.dedupe_key
    assert parse(twice) == [first, second]
    assert one(flat()).dedupe_key == first.dedupe_key


def test_a_business_scoped_id_may_stand_where_a_phone_does() -> None:
    assert one(flat(mobile="IN.13491208655302741918")).sender == Person(
        bsuid=Bsuid("IN.13491208655302741918"), name="Asha"
    )
    assert one(flat(mobile="+919900000001")).sender.phone == Phone("919900000001")
    assert one(flat(mobile=919900000001)).sender.phone == Phone("919900000001")


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ("1763870000000", 1763870000000),
        (1763870000000, 1763870000000),
        ("1763870000", 1763870000000),
        (1763870000, 1763870000000),
    ],
)
def test_times_in_any_way(given: Any, at: int) -> None:
    assert one(flat(timestamp=given)).at == at
    assert one(reports(report(eventTs=given))).at == at


def test_our_number_is_the_channels_where_the_body_does_not_say() -> None:
    body = flat(waNumber="+91 88000 00000")
    assert one(body).number == NUMBER
    del body["waNumber"]
    assert one(body).number == NUMBER
    rejected = one(body, Settings())
    assert rejected.reason.id == "gupshup_no_number"
    assert one(flat(waNumber="918811111111")).number == "918811111111"  # unlisted, and kept


def test_what_is_quoted_needs_both_halves_of_its_id() -> None:
    assert one(flat(replyId="4", messageId="3")).quoted.id == "4-3"
    assert one(flat(messageId="3")).quoted is None
    assert one(flat(replyId="4", messageId=None)).quoted is None


# --- contents ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (
            nested("sticker", {"url": "https://m.test/1", "mime_type": "image/webp"}),
            c.StickerReceived(c.MediaReceived(None, "https://m.test/1", "image/webp")),
        ),
        (
            nested("document", {"url": "https://m.test/1", "contentType": "a/b", "name": "x.pdf"}),
            c.DocumentReceived(
                c.MediaReceived(None, "https://m.test/1", "a/b", filename="x.pdf")
            ),
        ),
        (
            nested("reaction", {"message_id": "4-3", "emoji": "👍"}),
            c.Reaction("4-3", "👍"),
        ),
        (
            nested("contacts", [{"name": {"formatted_name": "Ravi"}}]),
            c.Contacts((c.ContactCard(c.ContactName("Ravi")),)),
        ),
        (
            nested("location", {"latitude": 19, "longitude": 72.8777}),
            c.Location(19.0, 72.8777),
        ),
        (nested("button", {"text": "Track"}), c.TemplateReply("Track", "Track")),
        (
            nested(
                "interactive",
                {"type": "nfm_reply", "nfm_reply": {"response_json": '{"a":1,"flow_token":"t"}'}},
            ),
            c.FlowReply({"a": 1}, None, "t"),
        ),
        (flat(type="TEXT", text="नमस्ते 👨‍👩‍👧 שלום"), c.TextReceived("नमस्ते 👨‍👩‍👧 שלום")),
        (flat(type=None), c.TextReceived("hi")),
        # An object where a text of JSON is expected is read all the same.
        (
            {**flat(type="button"), "button": {"text": "a", "payload": "b"}},
            c.TemplateReply("b", "a"),
        ),
        (
            nested("interactive", {"type": "payment", "payment": {"reference_id": "r",
                                                                 "status": "CAPTURED"}}),
            c.PaymentReceived("r", "success", data={"reference_id": "r", "status": "CAPTURED"}),
        ),
    ],
)  # fmt: skip
def test_contents(body: dict[str, Any], content: Any) -> None:
    assert one(body).content == content


def test_amounts_are_whole_numbers_or_left_in_the_data() -> None:
    for value in ("300", 300.5, None, [300]):
        paid = {"reference_id": "r", "status": "success", "total_amount": {"value": value}}
        content = one(nested("interactive", {"type": "payment", "payment": paid})).content
        assert (content.total, content.data) == (None, paid)
    paid = {"reference_id": "r", "status": "pending", "total_amount": {"value": 10**15}}
    content = one(nested("interactive", {"type": "payment", "payment": paid})).content
    assert content.total == c.Amount(10**15)


def test_unknown_kinds_are_kept_whole_and_reach_the_agent() -> None:
    body = nested("hologram", {"depth": 3})
    assert one(body).content == c.Unknown("hologram", body)
    body = nested("interactive", {"type": "wink", "wink": {}})
    assert one(body).content == c.Unknown("interactive.wink", body)
    v2 = load("inbound/api_text.json")
    v2["payload"]["type"] = "hologram"
    assert one(v2).content == c.Unknown("hologram", v2["payload"])
    v2["type"] = "weather-event"
    kept = one(v2)
    assert isinstance(kept, KeptEvent)
    assert (kept.field, kept.known, kept.raw) == ("weather-event", False, v2)
    kept = one(reports(report(eventType="LOST")))
    assert isinstance(kept, KeptEvent)
    assert (kept.field, kept.known) == ("lost", False)


@pytest.mark.parametrize(
    ("kind", "inner", "content"),
    [
        ("audio", {"url": "https://m.test/1"}, c.AudioReceived(c.MediaReceived(url="https://m.test/1"))),
        (
            "voice",
            {"url": "https://m.test/1"},
            c.AudioReceived(c.MediaReceived(url="https://m.test/1"), True),
        ),
        ("quick_reply", {"text": "Yes", "type": "button"}, c.TemplateReply("Yes", "Yes")),
        ("button_reply", {"title": "Yes", "id": "m1"}, c.ButtonReply("Yes", "Yes")),
        (
            "contact",
            {"contacts": [{"name": {"formatted_name": "Ravi"}, "phones": [{"phone": "+91"}]}]},
            c.Contacts((c.ContactCard(c.ContactName("Ravi"), (c.ContactPhone("+91"),)),)),
        ),
    ],
)  # fmt: skip
def test_contents_of_the_access_api(kind: str, inner: Any, content: Any) -> None:
    body = load("inbound/api_text.json")
    body["payload"] |= {"type": kind, "payload": inner}
    assert one(body).content == content


def test_a_message_of_the_access_api_without_an_id_has_a_hash() -> None:
    body = load("inbound/api_image.json")
    del body["payload"]["id"]
    later = copy.deepcopy(body)
    later["payload"]["payload"] |= {"url": "https://elsewhere.test/9", "urlExpiry": 1}
    assert one(body).dedupe_key == one(later).dedupe_key
    later["payload"]["payload"]["caption"] = "other"
    assert one(body).dedupe_key != one(later).dedupe_key


# --- reports -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "code", "sentence"),
    [
        (
            {"cause": "UNKNOWN_SUBSCRIBER"},
            "not_on_whatsapp",
            "gupshup_error_report/UNKNOWN_SUBSCRIBER",
        ),
        ({"errorCode": "1012", "cause": "gone"}, "opted_out", "gupshup_error_access/1012"),
        ({"errCode": 131047, "cause": "24 hours"}, "window_closed", "meta_error_131047"),
        ({"errorCode": "077", "cause": "ODD"}, "unknown", "gupshup_failed"),
        ({"errorCode": "077"}, "unknown", "gupshup_failed"),
        ({}, "unknown", "gupshup_failed_silently"),
    ],
)  # fmt: skip
def test_why_a_message_failed(event: Any, code: str, sentence: str) -> None:
    update = one(reports(report(eventType="FAILED", **event)))
    assert update.status is Status.FAILED
    assert (update.error.code, update.error.sentence.id) == (code, sentence)
    assert "{" not in say(update.error.sentence)
    assert "077" not in str(event) or "077" in say(update.error.sentence)


def test_a_report_of_the_access_api_after_a_week_has_whatsapps_id_alone() -> None:
    body = load("status/api_read.json")
    del body["payload"]["gsId"]
    assert one(body).external_id == "gBEGkZkAAAAAAglTESTMESSAGE01"
    body["payload"]["payload"]["ts"] = "1763870010"
    assert one(body).at == 1763870010000
    del body["payload"]["payload"]
    assert one(body).at == 1763870002000  # the envelope's


def test_reports_may_come_as_a_list_or_one_by_one() -> None:
    as_text = parse(reports(report(), report(eventType="READ")))
    assert [event.word for event in as_text] == ["sent", "read"]
    assert parse({"response": [report(), report(eventType="READ")]}) == as_text
    assert parse(json.dumps([report(), report(eventType="READ")]).encode()) == as_text
    assert parse({"response": report()}) == as_text[:1]
    assert parse(report()) == as_text[:1]


def test_the_envelope_of_v3_may_lack_our_number() -> None:
    body = load("status/v3_sent.json")
    del body["entry"][0]["changes"][0]["value"]["metadata"]
    assert one(body).number == NUMBER
    failed = copy.deepcopy(body)
    status = failed["entry"][0]["changes"][0]["value"]["statuses"][0]
    status |= {"status": "failed", "errors": [{"code": 131026, "title": "Undeliverable"}]}
    event = one(failed)
    assert (event.external_id, event.error.code) == (status["gs_id"], "not_on_whatsapp")
    del status["gs_id"]
    assert one(failed).external_id == status["id"]


# --- what is broken ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "gupshup_no_body"),
        (b" \r\n ", "gupshup_no_body"),
        (b"{", "gupshup_not_read"),
        (b'{"a":', "gupshup_not_read"),
        (b"hello", "gupshup_not_read"),
        (b"\xff\xfe", "gupshup_not_read"),
        (b"a=1&b=2", "gupshup_no_mobile"),
        (b"<xml/>", "gupshup_not_read"),
        ({}, "gupshup_no_mobile"),
        ({"waNumber": NUMBER, "type": "text", "text": "x"}, "gupshup_no_mobile"),
        ({"object": "page", "entry": []}, "meta_other_object"),
    ],
)
def test_bodies_that_are_not_gupshups(body: Any, sentence: str) -> None:
    with pytest.raises(UnreadableBody) as caught:
        parse(body)
    assert caught.value.sentence.id == sentence
    assert say(caught.value.sentence).endswith(".")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (flat(mobile=""), "gupshup_mobile_blank"),
        (flat(mobile="  "), "gupshup_mobile_blank"),
        (flat(mobile=None), "gupshup_mobile_blank"),
        (flat(mobile=["919900000001"]), "gupshup_mobile_blank"),
        (flat(mobile="anonymous"), "phone_wrong"),
        (flat(timestamp=""), "gupshup_no_time"),
        (flat(timestamp=None), "gupshup_no_time"),
        (flat(timestamp=True), "gupshup_no_time"),
        (flat(timestamp="9" * 30), "gupshup_no_time"),
        (flat(text=None), "meta_field_missing"),
        (flat(text={"body": "x"}), "meta_field_missing"),
        ({**flat(type=None), "image": "{}"}, "meta_field_missing"),
        ({**flat(type="image"), "image": "{not json"}, "gupshup_inner_json"),
        ({**flat(type="interactive"), "interactive": ""}, "gupshup_inner_json"),
        ({**flat(type="interactive"), "interactive": None}, "meta_field_missing"),
        (nested("interactive", []), "meta_field_missing"),
        (nested("interactive", {"type": "payment", "payment": []}), "meta_field_missing"),
        (nested("interactive", {"type": "payment", "payment": {}}), "meta_field_missing"),
        (nested("image", []), "meta_field_missing"),
        (nested("image", {"signature": "x"}), "meta_field_missing"),
        (nested("location", {"latitude": None}), "meta_field_missing"),
        ({"response": "not json"}, "gupshup_inner_json"),
        (reports(report(externalId=None)), "meta_field_missing"),
        (reports(report(eventTs="soon")), "gupshup_no_time"),
        (reports(report(destAddr="nobody")), "phone_wrong"),
        (reports(7), "gupshup_not_object"),
        ({"type": "message", "payload": []}, "meta_field_missing"),
        ({"type": "message", "payload": {}, "timestamp": 1763870000000}, "meta_nobody"),
        ({"type": 7.5, "payload": {}}, "meta_field_missing"),
    ],
)
def test_what_cannot_be_read_is_rejected_with_its_reason(body: Any, sentence: str) -> None:
    rejected = one(body)
    assert isinstance(rejected, Rejected)
    assert rejected.reason.id == sentence
    assert say(rejected.reason).endswith(("as it came.", "0142."))
    assert rejected.raw is not None


def test_one_bad_item_never_sinks_its_batch() -> None:
    events = parse(
        reports(report(), None, {"x": 1}, report(eventTs=None), report(eventType="READ"))
    )
    assert [getattr(e, "word", None) or f"{e.path} {e.reason.id}" for e in events] == [
        "sent",
        "response[1] gupshup_not_object",
        "response[2] gupshup_no_mobile",
        "response[3] gupshup_no_time",
        "read",
    ]
    mixed = [
        flat(),
        {"waNumber": NUMBER},
        load("inbound/api_text.json"),
        load("inbound/v3_text.json"),
    ]
    assert [type(event) for event in parse(mixed)] == [
        InboundMessage,
        Rejected,
        InboundMessage,
        InboundMessage,
    ]


def test_deep_nesting_is_no_trap() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    with pytest.raises(UnreadableBody):
        parse(deep.encode())
    assert one({**flat(type="button"), "button": deep}).reason.id == "gupshup_inner_json"
    assert one({"response": deep}).reason.id == "gupshup_inner_json"


def test_half_a_surrogate_pair_does_not_lose_the_message() -> None:
    body = json.dumps(flat(name="cut \ud83d")).encode()
    assert parse(body)[0].sender.name == "cut ?"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "mobile",
                    "waNumber",
                    "type",
                    "timestamp",
                    "text",
                    "image",
                    "interactive",
                    "entry",
                    "response",
                    "externalId",
                    "eventType",
                    "eventTs",
                    "payload",
                    "id",
                    "sender",
                    "url",
                    "object",
                    "changes",
                    "value",
                    "messages",
                    "statuses",
                    "gs_id",
                    "button",
                    "status",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_no_json_breaks_it(value: Any) -> None:
    with contextlib.suppress(UnreadableBody):
        for event in parse(json.dumps(value).encode()):
            msgspec.json.encode(event)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_break_it(body: bytes) -> None:
    with contextlib.suppress(UnreadableBody):
        parse(body)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(CASES), st.data())
def test_a_fixture_with_one_value_replaced_breaks_nothing(case: Path, data: st.DataObject) -> None:
    body = json.loads(case.read_text())
    body = body.get("form", body)
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    walk(body)
    node, key = data.draw(st.sampled_from(places))
    node[key] = data.draw(JSON)
    with contextlib.suppress(UnreadableBody):
        for event in parse(json.dumps(body).encode()):
            msgspec.json.encode(event)
