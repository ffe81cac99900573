"""Everything Meta sends, into events: fixtures as a whole, batches, keys, and what is broken."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from partner_cases import case_name, check_events, check_expected, expected_of

from dragoman.domain.content import SILENT_KINDS, FlowReply, TextReceived, Unknown, kind_of
from dragoman.domain.content import Unsupported as Unreadable
from dragoman.domain.events import (
    BusinessEcho,
    Event,
    InboundMessage,
    KeptEvent,
    NumberProblem,
    Rejected,
    StatusUpdate,
    TemplateUpdate,
)
from dragoman.domain.identity import Bsuid, Person, Phone
from dragoman.domain.sentences import Sentence, say, term
from dragoman.domain.status import Status
from dragoman.partners import cloud_api
from dragoman.partners.contract import Hook, UnreadableBody

FIXTURES = Path(__file__).parent.parent / "fixtures" / "cloud_api"
CASES = sorted((*FIXTURES.glob("inbound/*.json"), *FIXTURES.glob("status/*.json")))
PLAIN = cloud_api.Settings()
NUMBER = "106540352242922"


def parse(body: Any, channel: cloud_api.Settings = PLAIN) -> list[Event | Rejected]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return cloud_api.parse(Hook("POST", "/hooks/cloud-api/st-1", body=data), channel)


def meta_bytes(body: Any) -> bytes:
    """As Meta writes it: ASCII, with its own escapes."""
    text = json.dumps(body, ensure_ascii=True, separators=(",", ":"))
    for plain, escaped in (("/", "\\/"), ("@", "\\u0040"), ("%", "\\u0025"), ("<", "\\u003C")):
        text = text.replace(plain, escaped)
    return text.encode()


def load(case: str) -> Any:
    return json.loads((FIXTURES / case).read_text())


def change(value: Any, field: str = "messages", account: str = "102290129340398") -> Any:
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": account, "changes": [{"field": field, "value": value}]}],
    }


def value(messages: list[Any], number: str = NUMBER, **more: Any) -> dict[str, Any]:
    metadata = {"display_phone_number": "15550783881", "phone_number_id": number}
    return {"messaging_product": "whatsapp", "metadata": metadata, "messages": messages, **more}


def text(words: str = "hi", id: str | None = "wamid.A", **more: Any) -> dict[str, Any]:
    out = {"from": "12025550142", "timestamp": "1795420800", "type": "text", **more}
    out["text"] = {"body": words}
    return out if id is None else {"id": id, **out}


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_every_fixture_is_read_whole(case: Path) -> None:
    body = json.loads(case.read_text())
    for sent in (case.read_bytes(), meta_bytes(body)):
        check_events(parse(sent), expected_of(case), body)


def test_every_fixture_has_its_expected_value() -> None:
    check_expected(FIXTURES)


def test_the_payload_version_in_the_settings_does_not_matter() -> None:
    old, new = (cloud_api.Settings(webhook_version=v) for v in ("v23", "v24"))
    for case in ("status/sent_legacy_v23_conversation.json", "status/sent_free_entry_point.json"):
        assert parse(load(case), old) == parse(load(case), new)
    legacy = parse(load("inbound/text_legacy_pre_bsuid.json"), new)[0]
    assert isinstance(legacy, InboundMessage)
    assert legacy.sender == Person(Phone("16505551234"), name="Asha Rao")
    # Up to v23 every report carried a conversation; only a free entry point's end counts.
    (report,) = parse(load("status/sent_legacy_v23_conversation.json"), new)
    assert isinstance(report, StatusUpdate)
    assert report.free_entry_until is None


def test_one_post_with_many_of_everything() -> None:
    first = value([text("one", "wamid.1"), text("two", "wamid.2")])
    second = value([text("three", "wamid.3")], "200000000000000")
    second["statuses"] = [
        {
            "id": "wamid.X",
            "status": "sent",
            "timestamp": "1795420801",
            "recipient_id": "12025550142",
        },
        {
            "id": "wamid.Y",
            "status": "read",
            "timestamp": "1795420802",
            "recipient_id": "12025550142",
        },
    ]
    body = change(first)
    body["entry"][0]["changes"].append({"field": "messages", "value": second})
    body["entry"].append(change(value([text("four", "wamid.4")]), account="2")["entry"][0])
    assert [(e.number, e.external_id) for e in parse(body)] == [  # type: ignore[union-attr]
        (NUMBER, "wamid.1"),
        (NUMBER, "wamid.2"),
        ("200000000000000", "wamid.3"),
        ("200000000000000", "wamid.X"),
        ("200000000000000", "wamid.Y"),
        (NUMBER, "wamid.4"),
    ]


def test_contacts_are_matched_by_id_and_not_by_place() -> None:
    contacts = [
        {"profile": {"name": "दिव्या"}, "wa_id": "12025550143", "identity_key_hash": "k1"},
        {
            "profile": {"name": "נועה", "username": "@noa"},
            "user_id": "IL.77",
            "wa_id": "12025550142",
        },
        "broken",
    ]
    messages = [
        text("a", "wamid.1"),
        text("b", "wamid.2", **{"from": "12025550143"}),
        text("c", "wamid.3", **{"from": "12025550199"}),
    ]
    senders = [e.sender for e in parse(change(value(messages, contacts=contacts)))]  # type: ignore[union-attr]
    assert senders == [
        Person(Phone("12025550142"), Bsuid("IL.77"), None, "נועה", "noa"),
        Person(Phone("12025550143"), name="दिव्या", identity_hash="k1"),
        Person(Phone("12025550199")),
    ]


@pytest.mark.parametrize(
    ("ids", "person"),
    [
        ({"from": "+12025550142"}, Person(Phone("12025550142"))),
        ({"from": "US.13491208655302741918"}, Person(bsuid=Bsuid("US.13491208655302741918"))),
        ({"from": "", "from_user_id": "US.1"}, Person(bsuid=Bsuid("US.1"))),
        ({"from": "12025550142", "from_user_id": "?"}, Person(Phone("12025550142"))),
        (
            {"from": None, "from_user_id": "US.1", "from_parent_user_id": "US.ENT.2"},
            Person(bsuid=Bsuid("US.1"), parent_bsuid=Bsuid("US.ENT.2")),
        ),
    ],
)
def test_a_bsuid_never_becomes_a_phone(ids: dict[str, Any], person: Person) -> None:
    (event,) = parse(change(value([{**text(), **ids}])))
    assert isinstance(event, InboundMessage)
    assert event.sender == person


BROKEN: list[tuple[Any, Sentence]] = [
    ("text", Sentence("meta_not_object", {"found": term("a text")})),
    (None, Sentence("meta_not_object", {"found": "null"})),
    ({**text(), "timestamp": "yesterday"}, Sentence("meta_field_missing", {"field": "timestamp"})),
    ({**text(), "timestamp": "9" * 12}, Sentence("meta_field_missing", {"field": "timestamp"})),
    ({**text(), "text": {}}, Sentence("meta_field_missing", {"field": "body"})),
    ({**text(), "text": "bare"}, Sentence("meta_field_missing", {"field": "text"})),
    ({**text(), "from": "nobody"}, Sentence("phone_wrong", {"value": "nobody"})),
    ({**text(), "from": None}, Sentence("meta_nobody")),
    ({"from": "12025550142", "timestamp": "1"}, Sentence("meta_field_missing", {"field": "type"})),
]


@pytest.mark.parametrize(("item", "reason"), BROKEN)
def test_a_bad_item_is_kept_and_its_neighbours_go_on(item: Any, reason: Sentence) -> None:
    good = [text("one", "wamid.1"), text("two", "wamid.2")]
    alone = parse(change(value(good)))
    got = parse(change(value([good[0], item, good[1]])))
    rejected = Rejected(reason, "entry[0].changes[0].value.messages[1]", item)
    assert got == [alone[0], rejected, alone[1]]
    assert say(reason)[-1] == "."


def test_a_message_without_a_number_is_rejected() -> None:
    body = change({"messages": [text()]})
    reason = Sentence("meta_no_number")
    assert parse(body) == [Rejected(reason, "entry[0].changes[0].value.messages[0]", text())]


@pytest.mark.parametrize(
    ("entry", "path", "sentence"),
    [
        (7, "entry[0]", Sentence("meta_not_object", {"found": term("a number")})),
        ({}, "entry[0]", Sentence("meta_not_list", {"field": "changes", "found": "null"})),
        (
            {"changes": [True]},
            "entry[0].changes[0]",
            Sentence("meta_not_object", {"found": term("a boolean")}),
        ),
        (
            {"changes": [{"something": "else"}]},
            "entry[0].changes[0]",
            Sentence("meta_not_object", {"found": "null"}),
        ),
        (
            {"changes": [{"field": "messages", "value": []}]},
            "entry[0].changes[0].value",
            Sentence("meta_not_object", {"found": term("a list")}),
        ),
        (
            {"changes": [{"field": "messages", "value": {"messages": {}}}]},
            "entry[0].changes[0].value.messages",
            Sentence("meta_not_list", {"field": "messages", "found": term("an object")}),
        ),
    ],
)
def test_broken_envelopes_are_rejected_in_their_place(
    entry: Any, path: str, sentence: Sentence
) -> None:
    body = change(value([text()]))
    body["entry"].insert(0, entry)
    first, second = parse(body)
    assert isinstance(first, Rejected)
    assert (first.path, first.reason) == (path, sentence)
    assert isinstance(second, InboundMessage)


@pytest.mark.parametrize(
    ("body", "sentence_id"),
    [
        (b"", "meta_not_json"),
        (b"{", "meta_not_json"),
        (b"\xff\xfe{}", "meta_not_json"),
        (b"[" * 100_000, "meta_not_json"),
        (b"null", "meta_other_object"),
        (b"[]", "meta_other_object"),
        (b"{}", "meta_other_object"),
        (b'{"object":"page","entry":[]}', "meta_other_object"),
        (b'{"object":"whatsapp_business_account"}', "meta_no_entries"),
        (b'{"object":"whatsapp_business_account","entry":{}}', "meta_no_entries"),
    ],
)
def test_what_is_not_metas_is_unreadable(body: bytes, sentence_id: str) -> None:
    with pytest.raises(UnreadableBody) as caught:
        parse(body)
    assert caught.value.sentence.id == sentence_id


def test_half_a_surrogate_pair_does_not_sink_the_batch() -> None:
    body = change(value([text("cut \ud83d off", "wamid.1"), text("👨‍👩‍👧‍👦 शुभ", "wamid.2")]))
    assert [e.content for e in parse(body)] == [  # type: ignore[union-attr]
        TextReceived("cut ? off"),
        TextReceived("👨‍👩‍👧‍👦 शुभ"),
    ]


def test_unknown_things_are_kept() -> None:
    poll = {**text(), "type": "poll", "poll": {"question": "?"}}
    (event,) = parse(change(value([poll])))
    assert isinstance(event, InboundMessage)
    assert event.content == Unknown("poll", poll)

    dance = {**text(), "type": "interactive", "interactive": {"type": "dance", "dance": {}}}
    (event,) = parse(change(value([dance])))
    assert isinstance(event, InboundMessage)
    assert event.content == Unknown("interactive.dance", dance)

    (kept,) = parse(change({"a": 1}, "brand_new_field"))
    assert isinstance(kept, KeptEvent)
    assert (kept.field, kept.known, kept.raw) == ("brand_new_field", False, {"a": 1})

    message, extra = parse(change(value([text()], novelty=[1])))
    assert isinstance(message, InboundMessage)
    assert isinstance(extra, KeptEvent)
    assert (extra.known, extra.raw, extra.number) == (False, {"novelty": [1]}, NUMBER)

    (empty,) = parse(change({"messaging_product": "whatsapp", "contacts": []}))
    assert isinstance(empty, KeptEvent) and not empty.known


@pytest.mark.parametrize(("word", "old"), [("deleted", True), ("warning", True), ("eaten", False)])
def test_status_words_off_the_ladder_are_kept(word: str, old: bool) -> None:
    item = {"id": "wamid.X", "status": word, "timestamp": "1795420801"}
    (event,) = parse(change(value([], statuses=[item])))
    assert isinstance(event, KeptEvent)
    assert (event.known, event.raw, event.at) == (old, item, 1795420801000)


def test_a_file_that_meta_could_not_hand_over() -> None:
    error = {"code": 131052, "title": "Media download error", "error_data": {"details": "> 100 MB"}}
    item = {**text(), "type": "video", "errors": [error]}
    (event,) = parse(change(value([item])))
    assert isinstance(event, InboundMessage)
    assert isinstance(event.content, Unreadable)
    assert (event.content.type, event.content.errors[0].details) == ("video", "> 100 MB")


@pytest.mark.parametrize("form", ["not json", "[1]", '"text"', "{" * 5000])
def test_an_unreadable_flow_answer_keeps_its_text(form: str) -> None:
    reply = {"name": "flow", "body": "Sent", "response_json": form}
    item = {
        **text(),
        "type": "interactive",
        "interactive": {"type": "nfm_reply", "nfm_reply": reply},
    }
    (event,) = parse(change(value([item])))
    assert isinstance(event, InboundMessage)
    assert event.content == FlowReply({}, "Sent", None, form)


def test_a_missing_type_is_seen_from_the_body() -> None:
    item = {key: v for key, v in text().items() if key != "type"}
    (event,) = parse(change(value([item])))
    assert isinstance(event, InboundMessage)
    assert event.content == TextReceived("hi")


def test_what_is_in_another_apps_thread_is_never_answered() -> None:
    inner = value([text()])
    inner["message_echoes"] = [{**text(), "to": "12025550143"}]
    for body in (change({"standby": inner}, "standby"), change(inner, "standby")):
        kept, echo = parse(body)
        assert isinstance(kept, KeptEvent)
        assert (kept.field, kept.number, kept.known) == ("standby", NUMBER, True)
        assert isinstance(echo, BusinessEcho)
        assert (echo.recipient, echo.text) == (Person(Phone("12025550143")), "hi")
    (media,) = parse(change(value([text()]), "history"))
    assert isinstance(media, KeptEvent)


def test_template_ids_and_languages_are_put_right() -> None:
    body = load("inbound/field_message_template_status_update_approved.json")
    item = body["entry"][0]["changes"][0]["value"]
    item["message_template_id"] = 9007199254740993000
    item["message_template_language"] = "pt-BR"
    (event,) = parse(body)
    assert isinstance(event, TemplateUpdate)
    assert (event.template_id, event.language) == ("9007199254740993000", "pt_BR")


def test_the_same_template_event_at_another_time_is_another_event() -> None:
    body = load("inbound/field_message_template_status_update_paused.json")
    later = copy.deepcopy(body)
    later["entry"][0]["time"] += 3600
    (a,), (again,), (b,) = parse(body), parse(body), parse(later)
    assert a.dedupe_key == again.dedupe_key != b.dedupe_key  # type: ignore[union-attr]


def test_errors_of_a_number_are_one_event() -> None:
    (event,) = parse(load("inbound/value_errors_130429.json"))
    assert isinstance(event, NumberProblem)
    assert [problem.code for problem in event.errors] == ["130429"]


def keys(body: Any) -> list[str]:
    return [e.dedupe_key for e in parse(body) if not isinstance(e, Rejected)]


def test_a_message_has_one_key_in_every_body() -> None:
    alone = change(value([text("hi", "wamid.7")]))
    other = change(value([text("x", "wamid.6"), text("hi", "wamid.7")]), account="3")
    assert keys(alone) == ["m:wamid.7"]
    assert keys(other)[1] == "m:wamid.7"


def test_a_message_without_an_id_is_known_by_what_it_says() -> None:
    def photo(address: str) -> dict[str, Any]:
        image = {"id": "77", "url": address, "mime_type": "image/jpeg"}
        return {**text(id=None), "type": "image", "image": image}

    body = change(value([photo("https://a.example/1"), text("hi", None), text("hi", None)]))
    again = change(value([photo("https://a.example/2"), text("hi", None), text("hi", None)]))
    first = keys(body)
    assert len(set(first)) == 3  # two equal texts in one POST are two messages
    assert keys(again) == first  # a new signature on the file's address is the same message
    assert keys(change(value([text("hi", None)])))[0] == first[1]
    others = [
        text("ho", None),
        text("hi", None, timestamp="1795420801"),
        text("hi", None, **{"from": "12025550143"}),
        text("hi", None, context={"id": "wamid.Q"}),
    ]
    assert not {keys(change(value([item])))[0] for item in others} & set(first)
    assert keys(change(value([text("hi", None)], "200000000000000")))[0] not in first


def test_the_same_status_twice_is_one_event_and_two_participants_are_two() -> None:
    body = load("status/group_read_aggregated.json")
    assert len(set(keys(body))) == 2
    assert keys(body) == keys(copy.deepcopy(body))
    sent, read = ({"id": "wamid.X", "status": s, "timestamp": "1"} for s in ("sent", "read"))
    assert len(set(keys(change(value([], statuses=[sent, read, sent]))))) == 2


def test_the_ladder_is_metas() -> None:
    words = ("sent", "delivered", "read", "played", "failed")
    items = [{"id": "wamid.X", "status": word, "timestamp": "1"} for word in words]
    got = [e.status for e in parse(change(value([], statuses=items)))]  # type: ignore[union-attr]
    assert got == [Status.SENT, Status.DELIVERED, Status.READ, Status.PLAYED, Status.FAILED]


def test_a_failed_report_without_a_reason_still_says_so() -> None:
    item = {"id": "wamid.X", "status": "failed", "timestamp": "1", "recipient_id": "12025550142"}
    (event,) = parse(change(value([], statuses=[item])))
    assert isinstance(event, StatusUpdate) and event.error is not None
    assert event.error.code == "unknown"
    assert event.error.sentence == Sentence("meta_failed_silently")


def test_edits_and_system_notices_start_no_turn() -> None:
    silent = ("edit_coexistence", "revoke_coexistence", "system_user_changed_number")
    for name in silent:
        (event,) = parse(load(f"inbound/{name}.json"))
        assert isinstance(event, InboundMessage)
        assert kind_of(event.content) in SILENT_KINDS


# --- whatever comes ------------------------------------------------------------------------------

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "text", "body", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
BODIES = [json.loads(case.read_text()) for case in CASES]


def places(node: Any) -> list[tuple[Any, Any]]:
    """Every member of the body, as its holder and key."""
    out: list[tuple[Any, Any]] = []
    if isinstance(node, dict | list):
        for key, child in node.items() if isinstance(node, dict) else enumerate(node):
            out.append((node, key))
            out += places(child)
    return out


def count_items(body: Any) -> int | None:
    """Messages and statuses in a body whose envelope is whole, else None."""
    plain = {"messaging_product", "metadata", "contacts", "messages", "statuses"}
    count = 0
    try:
        for entry in body["entry"]:
            for one in entry["changes"]:
                lists = [v for k, v in one["value"].items() if k in ("messages", "statuses")]
                if one["field"] != "messages" or set(one["value"]) - plain or not lists:
                    return None
                if not all(isinstance(items, list) and items for items in lists):
                    return None
                count += sum(len(items) for items in lists)
    except (KeyError, TypeError, AttributeError):
        return None
    return count


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_parse_raises_nothing_else_and_loses_no_item(data: st.DataObject) -> None:
    body = copy.deepcopy(data.draw(st.sampled_from(BODIES)))
    for _ in range(data.draw(st.integers(1, 3))):
        holder, key = data.draw(st.sampled_from(places(body)))
        if data.draw(st.booleans()):
            holder[key] = data.draw(JUNK)
        elif isinstance(holder, dict):
            del holder[key]
        if not places(body):
            break
    try:
        events = parse(body)
    except UnreadableBody:
        return
    items = count_items(body)
    if items:
        assert len(events) == items
    for event in events:
        msgspec.json.encode(event)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(CASES), st.data())
def test_parse_survives_torn_bytes(case: Path, data: st.DataObject) -> None:
    raw = bytearray(case.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(UnreadableBody):
        parse(bytes(raw))
