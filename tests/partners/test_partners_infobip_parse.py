"""Everything Infobip sends, into events: fixtures as a whole, both formats, and what is broken."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from infobip_channel import (
    CHANNELS,
    FIXTURES,
    NUMBER,
    OTHER,
    TWO,
    WHATSAPP,
    changed,
    hook,
    load,
    parse,
)
from partner_cases import case_name, check_events, check_expected, expected_of, inbound

from dragoman.domain import content as c
from dragoman.domain.events import InboundMessage, KeptEvent, Rejected, StatusUpdate
from dragoman.domain.identity import Bsuid, Person, Phone
from dragoman.domain.sentences import say
from dragoman.domain.status import Status
from dragoman.engine.payments import as_message
from dragoman.partners import infobip
from dragoman.partners.contract import OutboundMessage, UnreadableBody
from dragoman.partners.infobip import Settings

CASES = inbound(FIXTURES)
ASHA = "447700900123"


def item(message: Any = None, **more: Any) -> dict[str, Any]:
    """One message in the WhatsApp format."""
    body = {"from": ASHA, "to": NUMBER, "integrationType": "WHATSAPP", "messageId": "in-1"}
    message = {"type": "TEXT", "text": "hi"} if message is None else message
    return {**body, "receivedAt": "2026-11-20T09:15:27.431+0000", "message": message, **more}


def part(*content: Any, **more: Any) -> dict[str, Any]:
    """One item in the Messages API's format."""
    body = {"event": "MO", "channel": "WHATSAPP", "sender": ASHA, "destination": NUMBER}
    told = {"messageId": "in-1", "receivedAt": "2026-11-20T09:15:27.431+0000"}
    return {**body, **told, "content": list(content), **more}


def report(status: Any = None, **more: Any) -> dict[str, Any]:
    status = {"id": 5, "groupId": 3, "name": "DELIVERED_TO_HANDSET"} if status is None else status
    body = {"messageId": "out-1", "to": ASHA, "doneAt": "2026-11-20T09:16:03.118+0000"}
    return {**body, "status": status, **more}


def one(body: Any, channel: Settings = WHATSAPP) -> Any:
    (event,) = parse(body, channel)
    return event


# --- fixtures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_every_fixture_is_read_whole(case: Path) -> None:
    # Webhooks of both APIs are read whatever the channel sends with.
    for channel in CHANNELS.values():
        got = parse(hook(case.read_bytes()), channel)
        check_events(got, expected_of(case), json.loads(case.read_text()))


def test_every_fixture_has_its_expected_value() -> None:
    check_expected(FIXTURES)


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_an_item_alone_or_in_a_list_says_the_same(case: Path) -> None:
    body = json.loads(case.read_text())
    items = body.get("results", [body])
    whole = parse(body)
    assert parse(items) == whole
    assert parse({"results": items, "messageCount": None}) == whole
    assert [event for one in items for event in parse(one)] == whole


# --- who, when, which ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        "2026-11-20T09:15:27.431+0000",
        "2026-11-20T09:15:27.431Z",
        "2026-11-20T09:15:27.431+00:00",
        "2026-11-20T06:15:27.431-0300",
        "2026-11-20T09:15:27.431",
        1795166127431,
        "1795166127431",
    ],
)
def test_times_in_any_way(given: Any) -> None:
    assert one(item(receivedAt=given)).at == 1795166127431
    assert one(report(doneAt=given)).at == 1795166127431
    assert one({"messageId": "out-1", "seenAt": given}).at == 1795166127431
    assert one(part({"type": "TEXT", "text": "x"}, receivedAt=given)).at == 1795166127431


def test_seconds_are_seconds() -> None:
    assert one(item(receivedAt="1795166127")).at == 1795166127000


@pytest.mark.parametrize(
    ("more", "person"),
    [
        ({"from": "GB.9081726354"}, Person(bsuid=Bsuid("GB.9081726354"))),
        ({"from": "+447700900123"}, Person(Phone(ASHA))),
        ({"from": 447700900123}, Person(Phone(ASHA))),
        (
            {"contact": {"name": "Asha", "phoneNumber": None, "userId": "GB.1", "username": "@a"}},
            Person(Phone(ASHA), Bsuid("GB.1"), None, "Asha", "a"),
        ),
        (
            {"from": "GB.1", "contact": {"phoneNumber": ASHA, "parentUserId": "GB.ENT.2"}},
            Person(Phone(ASHA), Bsuid("GB.1"), Bsuid("GB.ENT.2")),
        ),
        ({"from": "asha.v", "contact": {"userId": "GB.1"}}, Person(bsuid=Bsuid("GB.1"))),
        ({"contact": ["x"], "identity": {"hash": "h"}}, Person(Phone(ASHA), identity_hash="h")),
        ({"contact": None, "price": None, "keyword": None}, Person(Phone(ASHA))),
    ],
)
def test_who_wrote(more: Any, person: Person) -> None:
    assert one(item(**more)).sender == person


def test_our_number_is_kept_as_digits_listed_or_not() -> None:
    assert one(item(to="+44 7700 900100")).number == NUMBER
    assert one(item(to="447700900999")).number == "447700900999"


def test_a_hash_is_the_key_where_there_is_no_id() -> None:
    image = item({"type": "IMAGE", "url": "https://x/1", "caption": "a"}, messageId=None)
    first = one(image)
    assert first.external_id is None
    again = copy.deepcopy(image)
    assert one(again).dedupe_key == first.dedupe_key
    again["message"]["caption"] = "b"
    assert one(again).dedupe_key != first.dedupe_key
    twice = parse([image, image])
    assert twice[0].dedupe_key != twice[1].dedupe_key
    assert parse([image, image]) == twice


# --- contents ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "content"),
    [
        ({"type": "text", "text": "नमस्ते 👨‍👩‍👧 שלום"}, c.TextReceived("नमस्ते 👨‍👩‍👧 שלום")),
        (
            {"type": "DOCUMENT", "url": "https://x/1", "caption": "my bill"},
            c.DocumentReceived(c.MediaReceived(url="https://x/1"), "my bill"),
        ),
        (
            {"type": "DOCUMENT", "url": "https://x/1", "caption": None},
            c.DocumentReceived(c.MediaReceived(url="https://x/1")),
        ),
        ({"type": "BUTTON", "text": "Yes", "payload": None}, c.TemplateReply("Yes", "Yes")),
        (
            {"type": "INTERACTIVE_FLOW_REPLY", "response": '{"a": 1, "flow_token": "t"}'},
            c.FlowReply({"a": 1}, None, "t"),
        ),
        (
            {"type": "INTERACTIVE_CALL_PERMISSION_REPLY",
             "callPermissionReply": {"response": "accept", "expirationTimestamp": None}},
            c.CallPermissionReply(True),
        ),
        (
            {"type": "INTERACTIVE_PAYMENT_CONFIRMATION", "paymentId": "p", "status": "CANCELED",
             "totalAmount": {"value": 3.5}},
            c.PaymentReceived(
                "p", "canceled",
                data={"paymentId": "p", "status": "CANCELED", "totalAmount": {"value": 3.5}},
            ),
        ),
        ({"type": "REACTION", "action": "REMOVED", "emoji": "👍", "context": {"id": "o"}},
         c.Reaction("o", "")),
        ({"type": "HOLOGRAM", "depth": 3}, c.Unknown("hologram", {"type": "HOLOGRAM", "depth": 3})),
    ],
)  # fmt: skip
def test_contents(message: Any, content: Any) -> None:
    assert one(item(message)).content == content


@pytest.mark.parametrize(
    ("told", "content"),
    [
        ({"type": "URL", "url": "https://x"}, c.TextReceived("https://x")),
        ({"type": "BUTTON_REPLY", "text": "Yes", "payload": "p"}, c.TemplateReply("p", "Yes")),
        ({"type": "FILE", "url": "https://x/1", "text": None},
         c.DocumentReceived(c.MediaReceived(url="https://x/1"))),
        ({"type": "AUDIO", "url": "https://x/1"}, c.AudioReceived(c.MediaReceived(url="https://x/1"))),
        ({"type": "REACTION", "emoji": "👍", "action": "ADDED"}, c.Reaction("out-1", "👍")),
        ({"type": "SUBJECT", "text": "x"}, c.Unknown("subject", {"type": "SUBJECT", "text": "x"})),
    ],
)  # fmt: skip
def test_contents_of_the_messages_api(told: Any, content: Any) -> None:
    assert one(part(told, pairedMessageId="out-1")).content == content


def test_several_contents_are_several_messages() -> None:
    body = part({"type": "TEXT", "text": "a"}, {"type": "TEXT", "text": "b"})
    first, second = parse(body)
    assert [first.content.text, second.content.text] == ["a", "b"]
    assert [first.dedupe_key, second.dedupe_key] == ["m:in-1", "m:in-1#1"]
    body["content"] = {"type": "TEXT", "text": "a"}  # an object for a list
    assert one(body).content == c.TextReceived("a")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("ACMEDEMO hello", "hello"),
        ("acmedemo\nhello there", "hello there"),
        ("  Acmedemo   hello", "hello"),
        ("ACMEDEMO", "ACMEDEMO"),
        ("ACMEDEMOhello", "ACMEDEMOhello"),
        ("hello ACMEDEMO", "hello ACMEDEMO"),
        ("", ""),
    ],
)
def test_the_sandbox_keyword_is_taken_off(text: str, read: str) -> None:
    channel = changed(WHATSAPP, keyword="AcmeDemo")
    assert one(item({"type": "TEXT", "text": text}), channel).content == c.TextReceived(read)
    told = one(part({"type": "TEXT", "text": text, "keyword": "ACMEDEMO"}), channel)
    assert told.content == c.TextReceived(read)
    assert one(item({"type": "TEXT", "text": text})).content == c.TextReceived(text)


def test_a_message_in_a_group_says_so() -> None:
    message = {"type": "TEXT", "text": "hi", "context": {"groupId": "g-1"}}
    assert one(item(message)).group == "g-1"


def test_both_tellings_of_a_payment_are_one() -> None:
    confirmed = one(load("inbound/interactive_payment_confirmation.json"))
    noticed = as_message(one(load("status/payment_notification.json")))
    by_messages = one(load("inbound/messages_api_payment_response.json"))
    assert confirmed.dedupe_key == noticed.dedupe_key == by_messages.dedupe_key
    same = ("reference_id", "status", "transaction_id", "transaction_type", "currency", "total")
    for name in same:
        values = {getattr(e.content, name) for e in (confirmed, noticed, by_messages)}
        assert len(values) == 1, name
    failed = load("status/payment_notification.json")
    failed["content"] |= {"paymentStatus": "FAILED", "transactions": []}
    assert one(failed).dedupe_key == "p:pay-000231:failed:"


def test_what_has_another_channel_is_kept() -> None:
    for body in (item(integrationType="SMS"), part({"type": "TEXT", "text": "x"}, channel="SMS")):
        kept = one(body)
        assert isinstance(kept, KeptEvent)
        assert (kept.field, kept.known, kept.raw) == ("SMS", False, body)


# --- reports -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "step"),
    [
        ({"id": 7, "groupId": 1}, Status.ACCEPTED),
        ({"id": 26, "groupName": "PENDING"}, Status.ACCEPTED),
        ({"groupId": 0}, Status.ACCEPTED),
        ({"id": 2, "groupId": 3}, Status.SENT),
        ({"id": "5", "groupId": "3"}, Status.DELIVERED),
        ({"groupName": "delivered"}, Status.DELIVERED),
        ({"id": 9, "groupId": 2}, Status.FAILED),
        ({"id": 15, "groupId": 4}, Status.FAILED),
        ({"id": 12, "groupId": 5}, Status.FAILED),
        ({"groupId": 9, "groupName": "REJECTED"}, Status.FAILED),
    ],
)
def test_the_ladder(status: Any, step: Status) -> None:
    assert one(report(status)).status is step


@pytest.mark.parametrize("status", [{"groupId": 9, "groupName": "LOST"}, {}, {"id": 5}, [1], "x"])
def test_a_report_of_no_known_step_is_kept(status: Any) -> None:
    kept = one(report(status))
    assert isinstance(kept, KeptEvent)
    assert (kept.field, kept.raw) == ("report", report(status))


@pytest.mark.parametrize(
    ("status", "error", "code", "sentence"),
    [
        ({"id": 4, "groupId": 2}, {"id": 7002}, "not_on_whatsapp", "infobip_error_7002"),
        ({"id": 4, "groupId": 2}, {"id": "7032"}, "marketing_capped", "infobip_error_7032"),
        ({"id": 12, "groupId": 5}, {"id": 0}, "billing", "infobip_error_status/12"),
        ({"id": 12, "groupId": 5}, None, "billing", "infobip_error_status/12"),
        ({"id": 777, "groupId": 5, "name": "REJECTED_ODD"}, {"id": 0}, "unknown", "infobip_failed"),
        (
            {"id": 4, "groupId": 2},
            {"id": 9999, "description": "New"},
            "unknown",
            "infobip_failed",
        ),
        ({"groupId": 2}, {}, "unknown", "infobip_failed_silently"),
    ],
)
def test_why_a_message_failed(status: Any, error: Any, code: str, sentence: str) -> None:
    update = one(report(status, error=error))
    assert (update.error.code, update.error.sentence.id) == (code, sentence)
    told = say(update.error.sentence)
    assert "{" not in told and "?" not in told
    assert "9999" not in str(error) or "New (9999)" in told


def test_a_report_finds_its_number_by_the_id_that_we_chose() -> None:
    call = infobip.render(OutboundMessage(Phone(ASHA), OTHER, c.Text("x"), "dragoman:1"), TWO)
    id = call.json["messageId"]  # type: ignore[union-attr]
    for body in (report(messageId=id), {"messageId": id, "seenAt": 1795166127431}):
        update = one(body, TWO)
        assert (update.number, update.reference, update.external_id) == (OTHER, "dragoman:1", id)
    # The Messages API names the sender, an SMS's is none of our numbers.
    assert one(report(sender=OTHER, channel="WHATSAPP"), TWO).number == OTHER
    told = one(report(messageId=id, sender="AcmeSMS", channel="SMS"), TWO)
    assert (told.number, told.status) == (OTHER, Status.DELIVERED)
    told = one(report(messageId=id, sender="447700900999", channel="SMS"), TWO)
    assert told.number == OTHER


def test_a_foreign_id_is_the_only_numbers_or_kept() -> None:
    assert one(report()).number == NUMBER
    assert isinstance(one(report(), TWO), KeptEvent)
    assert one({"messageId": "x", "seenAt": 1, "from": ASHA, "to": OTHER}, TWO).number == OTHER
    assert isinstance(one(report(), Settings()), KeptEvent)


@pytest.mark.parametrize(("first", "second"), [(ASHA, NUMBER), (NUMBER, ASHA)])
def test_the_reader_is_the_end_that_is_not_ours(first: str, second: str) -> None:
    body = {"messageId": "out-1", "seenAt": 1795166127431, "from": first, "to": second}
    update = one(body)
    assert (update.number, update.status) == (NUMBER, Status.READ)
    assert update.recipient == Person(Phone(ASHA))


def test_a_report_again_is_the_same_and_of_another_step_is_not() -> None:
    assert one(report()).dedupe_key == one(report()).dedupe_key
    assert one(report({"id": 2})).dedupe_key != one(report()).dedupe_key


def test_a_report_without_a_readable_person_still_counts() -> None:
    assert one(report(to="nobody")).recipient == Person()
    assert one(report(to="GB.1")).recipient == Person(bsuid=Bsuid("GB.1"))


def test_a_deletion_without_a_sender_is_kept() -> None:
    body = {"messageId": "in-1", "to": NUMBER, "deletedAt": "2026-11-20T09:18:00.000+0000"}
    assert isinstance(one(body), KeptEvent)


# --- news ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {"from": NUMBER, "content": {"type": "wink"}, "createdAt": "2026-11-20T09:18:00Z"},
        {"content": {"notificationMessagesStatus": "maybe", "from": ASHA}},
        {"event": "BILLING", "channel": "WHATSAPP", "amount": 3},
        {"channel": "WHATSAPP"},
    ],
)
def test_unknown_news_is_kept_whole(body: Any) -> None:
    kept = one(body)
    assert isinstance(kept, KeptEvent)
    assert (kept.known, kept.raw) == (False, body)


# --- what is broken ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "infobip_not_json"),
        (b"{", "infobip_not_json"),
        (b"a=1&b=2", "infobip_not_json"),
        (b"\xff\xfe", "infobip_not_json"),
        (b"7", "infobip_other_body"),
        (b"null", "infobip_other_body"),
        ({}, "infobip_other_body"),
        ({"entry": []}, "infobip_other_body"),
        ({"waNumber": NUMBER, "mobile": ASHA}, "infobip_other_body"),
    ],
)
def test_bodies_that_are_not_infobips(body: Any, sentence: str) -> None:
    with pytest.raises(UnreadableBody) as caught:
        parse(body)
    assert caught.value.sentence.id == sentence
    assert say(caught.value.sentence).endswith(".")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"results": "x"}, "infobip_not_object"),
        ({"results": [None]}, "infobip_not_object"),
        ([[]], "infobip_not_object"),
        (item(to=None), "infobip_no_number"),
        (item(to="Acme"), "infobip_no_number"),
        (item(receivedAt=None), "infobip_no_time"),
        (item(receivedAt="soon"), "infobip_no_time"),
        (item(receivedAt="9" * 30), "infobip_no_time"),
        (item(receivedAt=True), "infobip_no_time"),
        (item(receivedAt="0001-01-01T00:00:00+2300"), "infobip_no_time"),
        (item(**{"from": None}), "infobip_nobody"),
        (item(**{"from": "anonymous"}), "infobip_nobody"),
        (item(**{"from": ["x"]}), "infobip_nobody"),
        (item([]), "meta_field_missing"),
        ({**item(), "message": None}, "meta_field_missing"),
        (item({"type": None}), "meta_field_missing"),
        (item({"text": "x"}), "meta_field_missing"),
        (item({"type": "TEXT", "text": None}), "meta_field_missing"),
        (item({"type": "TEXT", "text": {"body": "x"}}), "meta_field_missing"),
        (item({"type": "IMAGE", "url": None}), "meta_field_missing"),
        (item({"type": "LOCATION", "latitude": None, "longitude": 1}), "meta_field_missing"),
        (item({"type": "CONTACT", "contacts": {}}), "meta_field_missing"),
        (item({"type": "ORDER", "catalogId": None}), "meta_field_missing"),
        (item({"type": "INTERACTIVE_BUTTON_REPLY", "title": "x"}), "meta_field_missing"),
        (item({"type": "INTERACTIVE_FLOW_REPLY", "response": None}), "meta_field_missing"),
        (item({"type": "INTERACTIVE_PAYMENT_CONFIRMATION"}), "meta_field_missing"),
        (item({"type": "INTERACTIVE_CALL_PERMISSION_REPLY"}), "meta_field_missing"),
        (part(), "meta_field_missing"),
        (part("x"), "meta_field_missing"),
        (part({"type": "BUTTON_REPLY"}), "meta_field_missing"),
        (part({"type": "TEXT", "text": "x"}, sender=None), "infobip_nobody"),
        (part({"type": "TEXT", "text": "x"}, destination=None), "infobip_no_number"),
        (report(messageId=None), "meta_field_missing"),
        (report(doneAt=None), "infobip_no_time"),
        ({"messageTemplateId": 1, "change": []}, "meta_field_missing"),
        ({"from": NUMBER, "content": {"type": "payment"}, "createdAt": 1}, "meta_field_missing"),
        (
            {"from": NUMBER, "createdAt": 1,
             "content": {"type": "payment", "paymentId": "p", "paymentStatus": "NEW"}},
            "infobip_nobody",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_rejected_with_its_reason(body: Any, sentence: str) -> None:
    rejected = one(body)
    assert isinstance(rejected, Rejected), rejected
    assert rejected.reason.id == sentence
    assert say(rejected.reason).endswith("as it came.")


def test_one_bad_item_never_sinks_its_batch() -> None:
    events = parse(
        {"results": [item(), None, {"x": 1}, item(receivedAt=None), report(), part("x"), item()]}
    )
    assert [type(event) for event in events] == [
        InboundMessage,
        Rejected,
        KeptEvent,
        Rejected,
        StatusUpdate,
        Rejected,
        InboundMessage,
    ]
    assert [e.path for e in events if isinstance(e, Rejected)] == [
        "results[1]",
        "results[3]",
        "results[5]",
    ]


def test_nothing_came() -> None:
    for body in ({"results": []}, {"results": None, "messageCount": 0}, []):
        assert parse(body) == []


def test_deep_nesting_is_no_trap() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    with pytest.raises(UnreadableBody):
        parse(deep.encode())
    with pytest.raises(UnreadableBody):
        parse(f'{{"results": [{{"message": {deep}}}]}}'.encode())


def test_a_name_cut_in_two_does_not_lose_the_message() -> None:
    body = json.dumps(item(contact={"name": "cut \ud83d"})).encode()
    assert one(body).sender.name == "cut ?"


NAMES = [
    "results", "from", "to", "integrationType", "receivedAt", "messageId", "message", "type",
    "text", "url", "context", "id", "contact", "phoneNumber", "userId", "event", "channel",
    "sender", "destination", "content", "status", "groupId", "error", "doneAt", "seenAt",
    "deletedAt", "createdAt", "messageTemplateId", "change", "referral", "referralMedia",
    "contacts", "paymentId", "totalAmount", "transactions",
]  # fmt: skip
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6)
    ),
    max_leaves=25,
)


def survives(body: bytes) -> None:
    for channel in (WHATSAPP, TWO, Settings()):
        with contextlib.suppress(UnreadableBody):
            for event in parse(body, channel):
                msgspec.json.encode(event)


@settings(max_examples=300, deadline=None)
@given(JSON_VALUES)
def test_no_json_breaks_it(value: Any) -> None:
    survives(json.dumps(value).encode())
    survives(json.dumps({"results": [value]}).encode())


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_bytes_break_it(body: bytes) -> None:
    survives(body)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(CASES), st.data())
def test_a_fixture_with_one_value_replaced_breaks_nothing(case: Path, data: st.DataObject) -> None:
    body = json.loads(case.read_text())
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    walk(body)
    node, key = data.draw(st.sampled_from(places))
    node[key] = data.draw(JSON_VALUES)
    survives(json.dumps(body).encode())
