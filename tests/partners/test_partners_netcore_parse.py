"""Everything Netcore sends, into events: fixtures as a whole, both ages of them, and what is
broken."""

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
from netcore_channel import CHANNEL, FIXTURES, NUMBER, OTHER, PLAIN, SOURCE, TWO, hook, parse
from partner_cases import case_name, check_events, check_expected, expected_of, inbound

from dragoman.domain import content as c
from dragoman.domain.events import InboundMessage, KeptEvent, Rejected, StatusUpdate
from dragoman.domain.identity import Bsuid, Person, Phone
from dragoman.domain.sentences import Sentence, known, say
from dragoman.domain.status import Status
from dragoman.partners import netcore
from dragoman.partners.contract import UnreadableBody
from dragoman.partners.netcore import Settings

CASES = inbound(FIXTURES)
UUID = "fa9d0000-0000-4000-8000-000000000001"


def load(case: str) -> Any:
    return json.loads((FIXTURES / case).read_text())


def item(**more: Any) -> dict[str, Any]:
    told = load("inbound/text.json")["incoming_message"][0]
    return {**told, **more}


def typed(kind: str, value: Any, **more: Any) -> dict[str, Any]:
    told = item(message_type=kind.upper(), **{f"{kind}_type": value}, **more)
    del told["text_type"]
    return told


def report(**more: Any) -> dict[str, Any]:
    return {**load("status/sent.json")["delivery_status"][0], **more}


def one(told: dict[str, Any], channel: Settings = CHANNEL) -> Any:
    """The one event of one item."""
    field = "delivery_status" if "status" in told else "incoming_message"
    (event,) = parse({field: [told]}, channel)
    return event


# --- fixtures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_every_fixture_is_read_whole(case: Path) -> None:
    for channel in (CHANNEL, TWO) if "2019" not in case.stem else (CHANNEL,):
        got = netcore.parse(hook(case.read_bytes()), channel)
        check_events(got, expected_of(case), json.loads(case.read_text()))


def test_every_fixture_has_its_expected_value() -> None:
    check_expected(FIXTURES)


def test_every_fixture_says_where_it_is_from() -> None:
    rows = [line.split("\t") for line in (FIXTURES / "PROVENANCE.tsv").read_text().splitlines()]
    folders = ("inbound", "status", "outbound")
    names = [f"{folder}/{p.name}" for folder in folders for p in FIXTURES.glob(f"{folder}/*.json")]
    assert sorted(row[0] for row in rows[1:]) == sorted(names)


# --- who, when, which ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ("1763870000", 1763870000000),
        (1763870000, 1763870000000),
        ("1763870000123", 1763870000123),
        (1763870000123, 1763870000123),
        ("2025-11-23 09:23:20", 1763870000000),
        ("2025-11-23T09:23:20.7", 1763870000000),
        ("2025-11-23 09:23:20.0", 1763870000000),
    ],
)
def test_times_in_any_way(given: Any, at: int) -> None:
    assert one(item(received_at=given)).at == at
    assert one(report(received_at=given)).at == at


@pytest.mark.parametrize(
    "given",
    ["", None, "now", "1763870000000000000", -1, 0, 1.5, True, {}, "2025-13-01 00:00:00",
     "1900-01-01 00:00:00", "2025-11-23"],
)  # fmt: skip
def test_a_time_that_is_none(given: Any) -> None:
    for told in (item(received_at=given), report(received_at=given)):
        assert one(told) == Rejected(
            Sentence("netcore_no_time"),
            "delivery_status[0]" if "status" in told else "incoming_message[0]",
            told,
        )


def test_a_business_scoped_id_may_stand_where_a_phone_does() -> None:
    bsuid = "IN.13491208655302741918"
    assert one(item(**{"from": bsuid})).sender == Person(bsuid=Bsuid(bsuid), name="Asha Test")
    assert one(report(recipient=bsuid)).recipient == Person(bsuid=Bsuid(bsuid))
    assert one(item(**{"from": "+919900000001"})).sender.phone == Phone("919900000001")
    assert one(item(**{"from": 919900000001})).sender.phone == Phone("919900000001")
    assert one(item(**{"from": "nobody"})).reason.id == "phone_wrong"


def test_our_number_is_the_channels_only_one_where_the_item_does_not_say() -> None:
    told = item()
    del told["to"]
    assert one(told).number == NUMBER
    lost = one(told, TWO)
    assert lost == Rejected(
        Sentence("netcore_no_number", {"count": 2}), "incoming_message[0]", told
    )
    assert one(told, Settings()).reason.id == "netcore_no_number"
    assert one(item(to="+91 88000 00000")).number == NUMBER
    assert one(item(to="918811111111"), TWO).number == "918811111111"  # unlisted, and kept


def test_a_report_is_of_the_number_whose_source_it_names() -> None:
    assert one(report(source=SOURCE), TWO).number == NUMBER
    assert one(report(source=OTHER), TWO).number == OTHER
    assert one(report(source=NUMBER), TWO).number == NUMBER
    assert one(report(source="unknown"), PLAIN).number == NUMBER
    for source in ("unknown", "", None):
        assert one(report(source=source), TWO).reason.id == "netcore_no_number"


def test_a_message_without_an_id_has_a_hash() -> None:
    told = item(message_id=None)
    first = one(told)
    assert (first.external_id, first.dedupe_key[:2]) == (None, "h:")
    assert one(item(message_id="")).dedupe_key == first.dedupe_key
    for other in (
        {"received_at": "1763870001"},
        {"from": "919900000002"},
        {"to": OTHER},
        {"text_type": {"text": "Hi!"}},
        {"context": {"ncmessage_id": UUID, "message_id": ""}},
    ):
        assert one({**told, **other}).dedupe_key != first.dedupe_key, other
    twice = parse({"incoming_message": [told, told]})
    assert twice[0].dedupe_key == first.dedupe_key != twice[1].dedupe_key
    assert parse({"incoming_message": [told, told]}) == twice


def test_what_is_quoted_is_ours_by_netcore_s_id_and_theirs_by_whatsapp_s() -> None:
    context = {"ncmessage_id": UUID, "message_id": "wamid.1", "x-apiheader": "corr-77"}
    assert one(item(context=context)).quoted.id == UUID
    assert one(item(context={"ncmessage_id": "", "message_id": "wamid.1"})).quoted.id == "wamid.1"
    nothing: tuple[Any, ...] = (None, {}, [], "x", {"ncmessage_id": None, "message_id": None})
    for empty in nothing:
        assert one(item(context=empty)).quoted is None


# --- contents ------------------------------------------------------------------------------------

FILE = {"id": "900000000000009", "mime_type": "a/b"}
GOT = c.MediaReceived("900000000000009", None, "a/b")


@pytest.mark.parametrize(
    ("told", "content"),
    [
        (typed("image", {**FILE, "caption": "चाय"}), c.ImageReceived(GOT, "चाय")),
        (typed("video", {**FILE, "caption": ""}), c.VideoReceived(GOT)),
        (typed("audio", FILE), c.AudioReceived(GOT)),
        (typed("audio", {**FILE, "voice": False}), c.AudioReceived(GOT)),
        (typed("voice", FILE), c.AudioReceived(GOT, True)),
        (typed("sticker", FILE), c.StickerReceived(GOT)),
        (typed("document", {**FILE, "caption": "x"}), c.DocumentReceived(GOT, "x")),
        (
            typed("location", {"latitude": 19, "longitude": 72.8, "name": "", "url": None}),
            c.Location(19.0, 72.8),
        ),
        (typed("button", {"text": "Track", "payload": "t-1"}), c.TemplateReply("t-1", "Track")),
        (typed("button", {"text": "Track"}), c.TemplateReply("Track", "Track")),
        (
            typed(
                "interactive",
                {"type": "nfm_reply", "nfm_reply": {"response_json": '{"a":1,"flow_token":"t"}'}},
            ),
            c.FlowReply({"a": 1}, None, "t"),
        ),
        (
            typed("reaction", {"emoji": ""}, context={"message_id": "wamid.1"}),
            c.Reaction("wamid.1", ""),
        ),
        (item(text_type={"text": "नमस्ते 👨‍👩‍👧 שלום"}), c.TextReceived("नमस्ते 👨‍👩‍👧 שלום")),
        (item(message_type=" text "), c.TextReceived("Hi")),
        (item(message_type=None), c.TextReceived("Hi")),
        (item(message_type=None, text_type=None), c.Unsupported()),
    ],
)
def test_contents(told: dict[str, Any], content: Any) -> None:
    assert one(told).content == content


def test_unknown_kinds_are_kept_whole_and_reach_the_agent() -> None:
    told = typed("hologram", {"depth": 3})
    assert one(told).content == c.Unknown("hologram", told)
    told = typed("interactive", {"type": "wink", "wink": {}})
    assert one(told).content == c.Unknown("interactive.wink", told)
    kept = one(report(status="Played"))
    assert isinstance(kept, KeptEvent)
    assert (kept.field, kept.known, kept.number, kept.raw["status"]) == (
        "played",
        False,
        NUMBER,
        "Played",
    )


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (item(text_type=[{"text": "Hi"}]), "meta_field_missing"),
        (item(text_type="Hi"), "meta_field_missing"),
        (item(text_type=None), "meta_field_missing"),
        (item(text_type={"text": None}), "meta_field_missing"),
        (typed("image", {}), "meta_field_missing"),
        (typed("location", {"latitude": "19.0"}), "meta_field_missing"),
        (typed("location", {"latitude": "north", "longitude": "1"}), "meta_field_missing"),
        (typed("reaction", {"emoji": "👍"}), "meta_field_missing"),
        (typed("interactive", {"type": "button_reply"}), "meta_field_missing"),
        (typed("interactive", {"type": "button_reply", "button_reply": []}), "meta_field_missing"),
        (item(**{"from": None}), "meta_nobody"),
        (report(ncmessage_id=None), "meta_field_missing"),
        (report(status=None), "meta_field_missing"),
        (report(status=["sent"]), "meta_field_missing"),
    ],
)
def test_what_cannot_be_read_is_rejected_with_its_reason(told: Any, sentence: str) -> None:
    rejected = one(told)
    assert isinstance(rejected, Rejected)
    assert (rejected.reason.id, rejected.raw) == (sentence, told)
    assert sentence in known() and "?" not in say(rejected.reason)


# --- reports -------------------------------------------------------------------------------------


def test_a_report_brings_our_reference_back() -> None:
    told = {**report(), "x-apiheader": "corr-77"}
    assert one(told).reference == "corr-77"
    assert one({**told, "x-apiheader": ""}).reference is None
    # Newer ones may name WhatsApp's id beside Netcore's, or alone.
    assert one(report(message_id="wamid.1")).external_id == UUID
    assert one(report(ncmessage_id=None, message_id="wamid.1")).external_id == "wamid.1"


@pytest.mark.parametrize(
    ("remark", "code", "written"),
    [
        ("Phone number is not opted in", "8002", ""),
        ("User has not opted-in", "8002", ""),
        ("WhatsApp contact does not exist", "8003", ""),
        ("Outside the 24 hour window", "8007", ""),
        ("Invalid media", "8008", ""),
        ("8007: send a template", "8007", "8007"),
        ("(8003)", "8003", "8003"),
    ],
)
def test_the_words_of_a_failure(remark: str, code: str, written: str) -> None:
    event = one(report(status="FAILED", status_remark=remark))
    assert event.status is Status.FAILED
    assert event.errors == (c.Problem(written, remark),)
    meant = netcore.ERRORS[code]
    assert (event.error.code, event.error.concerns) == (meant.code, meant.concerns)
    assert event.error.sentence == Sentence(f"netcore_error_{code}", {"said": remark})
    assert (event.error.partner_code, event.error.partner_text) == (written, remark)


def test_a_failure_in_other_words_is_shown_with_them() -> None:
    event = one(report(status="failed", status_remark="Blocked by the moon"))
    assert say(event.error.sentence) == (
        "Netcore reported the message as failed: Blocked by the moon."
    )
    silent = one(report(status="failed", status_remark=None))
    assert (silent.error.sentence, silent.errors) == (Sentence("netcore_failed_silently"), ())
    assert one(report(status="sent", status_remark="fine")).errors == ()


# --- what is broken ------------------------------------------------------------------------------


def test_a_bad_item_never_sinks_its_batch() -> None:
    bad: list[Any] = [None, 7, "x", [], {}, item(received_at="x"), typed("image", [])]
    body = {
        "incoming_message": [item(), *bad, item(message_id="wamid.2")],
        "delivery_status": [report(), None, report(status="read")],
    }
    events = parse(body)
    kinds = [type(event) for event in events]
    assert kinds == [
        InboundMessage,
        *([Rejected] * len(bad)),
        InboundMessage,
        StatusUpdate,
        Rejected,
        StatusUpdate,
    ]
    assert [e.path for e in events if isinstance(e, Rejected)] == [
        *(f"incoming_message[{n}]" for n in range(1, len(bad) + 1)),
        "delivery_status[1]",
    ]
    assert [e.raw for e in events if isinstance(e, Rejected)] == [*bad, None]


def test_one_item_without_the_list_around_it_is_one_item() -> None:
    assert parse({"incoming_message": item()}) == parse({"incoming_message": [item()]})
    assert parse({"incoming_message": [], "delivery_status": []}) == []
    for wrong in (None, 7, "x"):
        (rejected,) = parse({"incoming_message": wrong})
        assert (rejected.reason.id, rejected.path) == ("netcore_not_items", "incoming_message")
    assert len(parse({"incoming_message": None, "delivery_status": [report()]})) == 2


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "netcore_not_json"),
        (b"incoming_message=1", "netcore_not_json"),
        (b"\xff\xfe", "netcore_not_json"),
        (b"[" * 5000, "netcore_not_json"),
        ([], "netcore_other_body"),
        ([item()], "netcore_other_body"),
        ({}, "netcore_other_body"),
        (7, "netcore_other_body"),
        ({"object": "whatsapp_business_account", "entry": []}, "netcore_other_body"),
        ({"events": {"eventType": "User initiated"}}, "netcore_other_body"),
    ],
)
def test_a_body_that_is_not_netcore_s(body: Any, sentence: str) -> None:
    with pytest.raises(UnreadableBody) as caught:
        parse(body)
    assert caught.value.sentence.id == sentence
    assert sentence in known()


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_nulls_everywhere_and_the_wrong_type_everywhere(case: Path) -> None:
    """Each member in turn becomes null, a list, an object, a number: never an exception."""
    body = json.loads(case.read_text())

    def spots(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        inner: Any = value.items() if isinstance(value, dict) else ()
        inner = enumerate(value) if isinstance(value, list) else inner
        return [p for key, v in inner for p in ((*path, key), *spots(v, (*path, key)))]

    wrongs: tuple[Any, ...] = (None, [], {}, [{}], 7, "", True, "x" * 10)
    for path in spots(body):
        for wrong in wrongs:
            changed = copy.deepcopy(body)
            at = changed
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = wrong
            with contextlib.suppress(UnreadableBody):
                for event in parse(changed):
                    assert json.loads(msgspec.json.encode(event))["event"]


@settings(max_examples=150, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["incoming_message", "message_type", "text_type", "context", "from", "to", "text",
                 "received_at", "delivery_status", "status", "ncmessage_id", "source"]
            ),
            inner,
            max_size=4,
        ),
        max_leaves=12,
    )
)  # fmt: skip
def test_nothing_raises_but_what_is_unreadable(body: Any) -> None:
    for wrapped in (body, {"incoming_message": body}, {"delivery_status": [body]}):
        with contextlib.suppress(UnreadableBody):
            parse(wrapped)
