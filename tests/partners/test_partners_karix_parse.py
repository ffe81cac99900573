"""Everything Karix sends, into events: fixtures as a whole, one object or an array, and what is
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
from karix_channel import CHANNEL, FIXTURES, NUMBER, hook, load, parse
from partner_cases import case_name, check_events, check_expected, expected_of, inbound

from dragoman.domain import content as c
from dragoman.domain.events import InboundMessage, KeptEvent, Rejected, StatusUpdate
from dragoman.domain.identity import Bsuid, Person, Phone
from dragoman.domain.sentences import known, say
from dragoman.domain.status import Status
from dragoman.partners import karix
from dragoman.partners.contract import UnreadableBody
from dragoman.partners.karix import Settings

CASES = inbound(FIXTURES)
URL = "https://media.example.test/kx/1.jpg"
AT = 1763870000000


def message(**more: Any) -> dict[str, Any]:
    """A text, with the members of its message changed; None takes one away."""
    body: dict[str, Any] = copy.deepcopy(load("inbound/text.json"))
    told = {**body["eventContent"]["message"], **more}
    body["eventContent"]["message"] = {k: v for k, v in told.items() if v is not None}
    return body


def file(**more: Any) -> dict[str, Any]:
    given = {"contentType": "ATTACHMENT", "attachmentType": "image", "attachmentUrl": URL}
    return message(text=None, **{**given, **more})


def report(**more: Any) -> dict[str, Any]:
    body: dict[str, Any] = copy.deepcopy(load("status/sent.json"))
    body["notificationAttributes"] |= more
    return body


def one(body: Any, channel: Settings = CHANNEL) -> Any:
    (event,) = parse(body, channel)
    return event


# --- fixtures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_every_fixture_is_read_whole(case: Path) -> None:
    body = json.loads(case.read_text())
    got = karix.parse(hook(case.read_bytes()), CHANNEL)
    check_events(got, expected_of(case), body)
    # The same as the one member of an array, and twice in one.
    if isinstance(body, dict):
        assert parse([body]) == got
        assert parse([body, body]) == [*got, *got]


def test_every_fixture_has_its_expected_value_and_its_source() -> None:
    check_expected(FIXTURES)
    names = {f"{p.parent.name}/{p.name}" for p in CASES}
    rows = (FIXTURES / "PROVENANCE.tsv").read_text().splitlines()[1:]
    sent = {f"outbound/{p.name}" for p in FIXTURES.glob("outbound/*.json")}
    assert {row.split("\t")[0] for row in rows} == names | sent


# --- who, when, which ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "at"),
    [
        ("1763870000000", AT),
        (1763870000000, AT),
        ("1763870000", AT),
        (1763870000, AT),
        ("1763870000123", AT + 123),
    ],
)
def test_times_of_ten_and_of_thirteen_digits(given: Any, at: int) -> None:
    body = message()
    body["events"]["timestamp"] = given
    assert one(body).at == at
    body = report()
    body["events"]["timestamp"] = given
    assert one(body).at == at


def test_a_message_may_have_the_time_that_its_events_lack() -> None:
    body = message(timestamp="1763870000")
    body["events"] = {"eventType": "User initiated"}
    assert one(body).at == AT


def test_a_business_scoped_id_may_stand_where_a_phone_does() -> None:
    bsuid = Bsuid("IN.13491208655302741918")
    assert one(message(**{"from": str(bsuid)})).sender == Person(bsuid=bsuid)
    both = one(message(from_user_id=str(bsuid))).sender
    assert both == Person(Phone("919900000001"), bsuid)
    for written in ("+919900000001", 919900000001):
        assert one(message(**{"from": written})).sender == Person(Phone("919900000001"))
    body = report()
    body["recipient"]["to"] = str(bsuid)
    assert one(body).recipient == Person(bsuid=bsuid)


@pytest.mark.parametrize("key", ["name", "profileName"])
def test_a_name_may_come_in_any_of_these(key: str) -> None:
    assert one(message(**{key: "आशा"})).sender == Person(Phone("919900000001"), name="आशा")
    body = message()
    contact = {"wa_id": "919900000001", "profile": {"name": "आशा", "username": "@asha"}}
    body["eventContent"]["contacts"] = [contact]
    assert one(body).sender == Person(Phone("919900000001"), name="आशा", username="asha")


def test_our_number_in_any_spelling_and_where_it_is_not_said() -> None:
    assert one(message(to="+91 88000 00000")).number == NUMBER
    assert one(message(to=918800000000)).number == NUMBER
    assert one(message(to="918811111111")).number == "918811111111"  # unlisted, and kept
    assert one(message(to=None)).number == NUMBER
    assert one(message(to=None), Settings()).reason.id == "karix_no_number"
    body = report()
    del body["sender"]
    assert one(body).number == NUMBER


def test_from_is_the_channels_number_where_the_two_differ() -> None:
    channel = Settings(NUMBER, sender="918899999999")
    body = report()
    body["sender"]["from"] = "918899999999"
    assert one(body, channel).number == NUMBER
    assert one(message(to="918899999999"), channel).number == NUMBER
    assert one(message(to=NUMBER), channel).number == NUMBER


def test_a_message_without_ids_is_known_by_a_hash() -> None:
    def bare(**more: Any) -> Any:
        body = file(id=None, **more)
        del body["events"]["mid"]
        return body

    first = one(bare())
    assert (first.external_id, first.dedupe_key[:2]) == (None, "h:")
    assert one(bare(attachmentUrl="https://elsewhere.test/9")).dedupe_key == first.dedupe_key
    others = [bare(**{"from": "919900000002"}), bare(to="918811111111")]
    others += [bare(attachmentFilename="2.jpg"), bare(attachmentType="video")]
    later = bare()
    later["events"]["timestamp"] = "1763870000001"
    for other in (*others, later):
        assert one(other).dedupe_key != first.dedupe_key
    twice = parse([bare(), bare()])
    assert twice[0] == first
    assert twice[1].dedupe_key == first.dedupe_key + ":1"


def test_a_message_without_whatsapps_id_has_karixs() -> None:
    assert one(message(id=None)).external_id == "kx-in-0000000000000001"
    assert one(message(id="", text={"body": "x"})).external_id == "kx-in-0000000000000001"


def test_what_is_quoted_and_the_ad_are_read_as_metas() -> None:
    event = one(message(context={"id": "wamid.Q"}, referral={"source_id": "7"}))
    assert (event.quoted.id, event.referral.source_id) == ("wamid.Q", "7")


# --- contents ------------------------------------------------------------------------------------

MEDIA = c.MediaReceived(url=URL)
WORDS = "नमस्ते 👨‍👩‍👧 שלום"


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (message(contentType="TEXT", text={"body": WORDS}), c.TextReceived(WORDS)),
        (message(contentType=None, type="text"), c.TextReceived("Hi")),
        (message(contentType=None), c.TextReceived("Hi")),
        (message(text="Hi"), c.TextReceived("Hi")),
        (message(contentType=None, text="Hi"), c.TextReceived("Hi")),
        (file(), c.ImageReceived(MEDIA)),
        (file(contentType="attachment"), c.ImageReceived(MEDIA)),
        (file(contentType=None, type="ATTACHMENT"), c.ImageReceived(MEDIA)),
        (file(contentType=None), c.ImageReceived(MEDIA)),
        (file(contentType="image"), c.ImageReceived(MEDIA)),
        (file(attachmentCaption="चाय"), c.ImageReceived(MEDIA, "चाय")),
        (file(attachmentType="VIDEO", caption="x"), c.VideoReceived(MEDIA, "x")),
        (file(attachmentType="audio"), c.AudioReceived(MEDIA)),
        (file(attachmentType="voice"), c.AudioReceived(MEDIA, True)),
        (file(attachmentType="sticker"), c.StickerReceived(MEDIA)),
        (file(attachmentType="document", caption="x"), c.DocumentReceived(MEDIA, "x")),
        (
            file(attachmentType=None, attachmentMimeType="video/mp4"),
            c.VideoReceived(c.MediaReceived(url=URL, mime_type="video/mp4")),
        ),
        (
            file(attachmentType=None, attachmentMimeType="text/plain"),
            c.DocumentReceived(c.MediaReceived(url=URL, mime_type="text/plain")),
        ),
        (
            message(contentType="image", text=None, image={"url": URL, "caption": "x"}),
            c.ImageReceived(MEDIA, "x"),
        ),
        (
            message(contentType="button", text=None, button={"text": "Yes"}),
            c.TemplateReply("Yes", "Yes"),
        ),
        (
            message(contentType="location", location={"latitude": "19.07", "longitude": 72}),
            c.Location(19.07, 72.0),
        ),
        (
            message(contentType="reaction", reaction={"message_id": "m", "emoji": "👍"}),
            c.Reaction("m", "👍"),
        ),
        (
            message(
                contentType="contacts", contacts=[{"name": {"formatted_name": "Ravi"}}]
            ),
            c.Contacts((c.ContactCard(c.ContactName("Ravi")),)),
        ),
    ],
)  # fmt: skip
def test_contents(body: dict[str, Any], content: Any) -> None:
    assert one(body).content == content


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"contentType": "hologram"}, "hologram"),
        ({"contentType": "interactive", "interactive": {"type": "wink"}}, "interactive.wink"),
        (
            {"contentType": "ATTACHMENT", "attachmentType": "odour", "attachmentUrl": URL},
            "attachment.odour",
        ),
    ],
)
def test_unknown_kinds_are_kept_whole_and_reach_the_agent(more: Any, kind: str) -> None:
    body = message(**more)
    assert one(body).content == c.Unknown(kind, body["eventContent"]["message"])


def test_events_that_nobody_knows_are_kept() -> None:
    body = report()
    body["events"]["eventType"] = "TEMPLATE EVENTS"
    kept = one(body)
    assert isinstance(kept, KeptEvent)
    told = (kept.field, kept.known, kept.number, kept.at, kept.raw)
    assert told == ("TEMPLATE EVENTS", False, NUMBER, 1763870001000, body)
    assert one(report(status="pondered")).known is False
    assert one({"events": {}}) == KeptEvent(
        one({"events": {}}).dedupe_key, "", "", 0, known=False, raw={"events": {}}
    )


# --- reports -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("queued", Status.ACCEPTED),
        ("SENT", Status.SENT),
        ("Delivered", Status.DELIVERED),
        ("read", Status.READ),
        ("failed", Status.FAILED),
        ("Rejected", Status.FAILED),
        ("not sent", Status.FAILED),
        ("NOT_SENT", Status.FAILED),
        (" not  sent ", Status.FAILED),
    ],
)
def test_words_of_a_report_in_any_spelling(word: str, status: Status) -> None:
    event = one(report(status=word))
    assert isinstance(event, StatusUpdate)
    assert (event.status, event.error is not None) == (status, status is Status.FAILED)


@pytest.mark.parametrize(
    ("code", "reason", "ours", "sentence"),
    [
        ("131026", "Message undeliverable", "not_on_whatsapp", "meta_error_131026"),
        (131047, "24 hours", "window_closed", "meta_error_131047"),
        ("077", "ODD", "unknown", "karix_failed"),
        ("KX-9", "", "unknown", "karix_failed"),
        ("", "Blocked.", "unknown", "karix_failed"),
        ("", "", "unknown", "karix_failed_silently"),
        (None, None, "unknown", "karix_failed_silently"),
    ],
)
def test_why_a_message_failed(code: Any, reason: Any, ours: str, sentence: str) -> None:
    event = one(report(status="failed", code=code, reason=reason))
    assert (event.error.code, event.error.sentence.id) == (ours, sentence)
    said = say(event.error.sentence)
    assert sentence in known() and "{" not in said and said[-1] == "."
    assert "?" not in said
    shown = [x for x in (event.error.partner_code, event.error.partner_text) if x]
    assert sentence != "karix_failed" or all(x.rstrip(".") in said for x in shown)
    assert [(p.code, p.title) for p in event.errors] == (
        [(str(code or ""), reason or "")] if code or reason else []
    )


def test_a_report_of_a_reseller_brings_whatsapps_id_and_our_reference() -> None:
    body = report()
    body["events"]["mid"] = "wamid.HBgM"
    assert (one(body).external_id, one(body).reference) == ("wamid.HBgM", "corr-77")
    del body["recipient"]
    assert (one(body).recipient, one(body).reference) == (Person(), None)


def test_the_kind_of_an_event_may_be_missing() -> None:
    for body, kind in ((message(), InboundMessage), (report(), StatusUpdate)):
        del body["events"]["eventType"]
        assert isinstance(one(body), kind)
        body["events"]["eventType"] = (
            "USER_INITIATED" if kind is InboundMessage else "Delivery Events"
        )
        assert isinstance(one(body), kind)


# --- what is broken ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "karix_not_json"),
        (b"{", "karix_not_json"),
        (b"a=1&b=2", "karix_not_json"),
        (b"\xff\xfe", "karix_not_json"),
        (b"[" * 100_000 + b"]" * 100_000, "karix_not_json"),
        (None, "karix_other_body"),
        (7, "karix_other_body"),
        ("text", "karix_other_body"),
        ({}, "karix_other_body"),
        ({"events": None}, "karix_other_body"),
        ({"events": []}, "karix_other_body"),
        ({"object": "whatsapp_business_account", "entry": []}, "karix_other_body"),
        ({"waNumber": NUMBER, "mobile": "919900000001"}, "karix_other_body"),
    ],
)
def test_bodies_that_are_not_karixs(body: Any, sentence: str) -> None:
    with pytest.raises(UnreadableBody) as caught:
        parse(body)
    assert caught.value.sentence.id == sentence
    assert "?" not in say(caught.value.sentence) and say(caught.value.sentence).endswith(".")


def replaced(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    *way, last = path.split(".")
    place = body
    for step in way:
        place = place[step]
    place[last] = value
    return body


M, N = "eventContent.message", "notificationAttributes"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (replaced(message(), "eventContent", None), "meta_field_missing"),
        (replaced(message(), "eventContent", []), "meta_field_missing"),
        (replaced(message(), M, []), "meta_field_missing"),
        (replaced(message(), f"{M}.text", None), "meta_field_missing"),
        (replaced(message(), f"{M}.text", []), "meta_field_missing"),
        (replaced(message(), f"{M}.text", {"body": None}), "meta_field_missing"),
        (message(**{"from": "anonymous"}), "phone_wrong"),
        (message(**{"from": None}), "meta_nobody"),
        (message(to="us"), "karix_no_number"),
        (replaced(message(), "events.timestamp", None), "karix_no_time"),
        (replaced(message(), "events.timestamp", True), "karix_no_time"),
        (replaced(message(), "events.timestamp", "soon"), "karix_no_time"),
        (replaced(message(), "events.timestamp", "9" * 30), "karix_no_time"),
        (replaced(message(), "events.timestamp", 10**15), "karix_no_time"),
        (file(attachmentUrl=None), "meta_field_missing"),
        (file(attachmentUrl=[URL]), "meta_field_missing"),
        (message(contentType="interactive", interactive=[]), "meta_field_missing"),
        (
            message(contentType="interactive", interactive={"type": "button_reply"}),
            "meta_field_missing",
        ),
        (message(contentType=["text"], text=None), "meta_field_missing"),
        (message(contentType="location", location={"latitude": True}), "meta_field_missing"),
        (replaced(report(), N, None), "meta_field_missing"),
        (replaced(report(), N, [{}]), "meta_field_missing"),
        (report(status=None), "meta_field_missing"),
        (report(status=["sent"]), "meta_field_missing"),
        (replaced(report(), "events.mid", None), "meta_field_missing"),
        (replaced(report(), "events.mid", {}), "meta_field_missing"),
        (replaced(report(), "events.timestamp", []), "karix_no_time"),
        (replaced(report(), "recipient.to", "nobody"), "phone_wrong"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_rejected_with_its_reason(body: Any, sentence: str) -> None:
    rejected = one(body)
    assert isinstance(rejected, Rejected), rejected
    assert (rejected.reason.id, rejected.raw) == (sentence, body)
    assert say(rejected.reason).endswith(("as it came.", "0142."))


@pytest.mark.parametrize("case", CASES, ids=case_name)
@pytest.mark.parametrize("value", [None, [], [{}], {}, "", 7, True])
def test_any_value_replaced_by_another_shape_rejects_or_reads_but_never_breaks(
    case: Path, value: Any
) -> None:
    whole = json.loads(case.read_text())
    for place in _places(whole):
        body = copy.deepcopy(whole)
        at = body
        for step in place[:-1]:
            at = at[step]
        at[place[-1]] = value
        with contextlib.suppress(UnreadableBody):
            for event in parse(body):
                msgspec.json.encode(event)


def _places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = []
    for key in value if isinstance(value, dict) else range(len(value)):
        found.append((*way, key))
        if isinstance(value[key], dict | list):
            found += _places(value[key], (*way, key))
    return found


def test_one_bad_item_never_sinks_its_batch() -> None:
    batch = [report(), None, [], {}, {"events": None}, report(status=None), message(), 7]
    told = [
        f"{e.path} {e.reason.id}" if isinstance(e, Rejected) else type(e).__name__
        for e in parse(batch)
    ]
    assert told == [
        "StatusUpdate",
        "[1] karix_not_object",
        "[2] karix_not_object",
        "[3] karix_no_events",
        "[4] karix_no_events",
        "[5] meta_field_missing",
        "InboundMessage",
        "[7] karix_not_object",
    ]
    assert parse([]) == []


def test_half_a_surrogate_pair_does_not_lose_the_message() -> None:
    body = json.dumps(message(name="cut \ud83d")).encode()
    assert parse(body)[0].sender.name == "cut ?"


KEYS = (
    *("channel", "events", "eventType", "timestamp", "mid", "eventContent", "message", "from"),
    *("to", "id", "contentType", "type", "text", "body", "attachmentType", "attachmentUrl"),
    *("interactive", "button", "location", "recipient", "reference", "cust_ref", "sender"),
    *("notificationAttributes", "status", "reason", "code", "contacts", "context"),
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS),
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
@given(st.sampled_from(CASES), st.data())
def test_a_fixture_with_one_value_replaced_breaks_nothing(case: Path, data: st.DataObject) -> None:
    body = json.loads(case.read_text())
    place = data.draw(st.sampled_from(_places(body)))
    at = body
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = data.draw(JSON)
    with contextlib.suppress(UnreadableBody):
        for event in parse(json.dumps(body).encode()):
            msgspec.json.encode(event)
