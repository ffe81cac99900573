"""What Infobip answers: sends in both APIs, both shapes of error, files, checks, pulled reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from infobip_channel import (
    FIXTURES,
    KEY,
    MESSAGES,
    NUMBER,
    OTHER,
    SECOND,
    TWO,
    WHATSAPP,
    changed,
    hook,
    load,
    parse,
)

from dragoman.domain import content as c
from dragoman.domain.errors import Code, Concerns, SendError
from dragoman.domain.identity import Phone
from dragoman.domain.sentences import known, say
from dragoman.domain.wire import HttpCall, NoReply, Phase, Reply
from dragoman.partners import infobip
from dragoman.partners.contract import MediaFile, OutboundMessage, Sent
from dragoman.partners.infobip import Account

ID = "7b0d4a86-53c1-4f6a-a2c7-0a5f0e1c9d22"
PENDING = {"groupId": 1, "groupName": "PENDING", "id": 7, "name": "PENDING_ENROUTE"}
JSON = {"content-type": "application/json"}


def sent_call(channel: Any = WHATSAPP) -> HttpCall:
    made = infobip.render(OutboundMessage(Phone("447700900123"), NUMBER, c.Text("x")), channel)
    assert isinstance(made, HttpCall)
    return made


def reply(status: int, body: Any = b"", headers: dict[str, str] | None = None) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, headers or JSON, data)


def read(answer: Reply | NoReply, channel: Any = WHATSAPP) -> Sent | SendError:
    result = infobip.read(sent_call(channel), answer)
    if isinstance(result, SendError):
        assert not (result.retryable and result.ambiguous)
        assert result.sentence.id in known()
        assert "{said}" not in say(result.sentence)
        assert "?" not in say(result.sentence)
    return result


def error(answer: Reply | NoReply) -> SendError:
    result = read(answer)
    assert isinstance(result, SendError), result
    return result


# --- every answer of the fixtures ----------------------------------------------------------------

# Fixture → HTTP status, and what is read: an id, or (code, retryable, concerns, partner's code).
ANSWERS: dict[str, tuple[int, Any]] = {
    "response_single": (200, Sent(ID, "447700900123")),
    "response_template_bulk": (200, Sent(ID, "447700900123")),
    "response_event": (200, Sent(ID, "447700900123")),
    "response_single_rejected": (200, (Code.BILLING, False, Concerns.ACCOUNT, "12")),
    "http_400_plain": (400, (Code.INVALID, False, Concerns.MESSAGE, "BAD_REQUEST")),
    "http_400_validation": (400, (Code.INVALID, False, Concerns.MESSAGE, "BAD_REQUEST")),
    "http_400_order_total": (400, (Code.INVALID, False, Concerns.MESSAGE, "BAD_REQUEST")),
    "http_400_template_body_missing_field_observed": (
        400, (Code.INVALID, False, Concerns.MESSAGE, "BAD_REQUEST"),
    ),
    "http_400_platform": (400, (Code.INVALID, False, Concerns.MESSAGE, "E400")),
    "http_401": (401, (Code.TOKEN, False, Concerns.TOKEN, "UNAUTHORIZED")),
    "http_401_invalid_login_observed": (401, (Code.TOKEN, False, Concerns.TOKEN, "UNAUTHORIZED")),
    "http_401_platform": (401, (Code.TOKEN, False, Concerns.TOKEN, "E401")),
    "http_403": (403, (Code.PERMISSION, False, Concerns.TOKEN, "FORBIDDEN")),
    "http_403_platform": (403, (Code.PERMISSION, False, Concerns.TOKEN, "E403")),
    "http_404": (404, (Code.INVALID, False, Concerns.MESSAGE, "NOT_FOUND")),
    "http_404_flow_sender": (404, (Code.INVALID, False, Concerns.MESSAGE, "WA-FLOW-SENDER404")),
    "http_429": (429, (Code.RATE, True, Concerns.ACCOUNT, "TOO_MANY_REQUESTS")),
    "http_429_platform": (429, (Code.RATE, True, Concerns.ACCOUNT, "E429")),
    "http_500": (500, (Code.UNAVAILABLE, True, Concerns.PARTNER, "GENERAL_ERROR")),
    "http_500_platform": (500, (Code.UNAVAILABLE, True, Concerns.PARTNER, "E500")),
}  # fmt: skip


@pytest.mark.parametrize("case", ANSWERS)
def test_every_answer_is_read_whole(case: str) -> None:
    status, expected = ANSWERS[case]
    result = read(reply(status, load(f"answers/{case}.json")))
    if isinstance(expected, Sent):
        assert result == expected
        return
    assert isinstance(result, SendError)
    told = (result.code, result.retryable, result.concerns, result.partner_code)
    assert told == expected
    assert not result.ambiguous


def test_every_answer_has_its_row() -> None:
    others = {"sender_quality_response"}
    assert {path.stem for path in FIXTURES.glob("answers/*.json")} == {*ANSWERS, *others}


def test_what_is_wrong_is_said_with_its_place() -> None:
    told = say(error(reply(400, load("answers/http_400_validation.json"))).sentence)
    assert "content.text: size must be between 1 and 4096, must not be blank" in told
    told = say(error(reply(400, load("answers/http_400_platform.json"))).sentence)
    assert "events[0].content: must not be null" in told


# --- a 200 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "concerns"),
    [
        ({"groupId": 5, "id": 18}, Code.NOT_ALLOWED_RECIPIENT, Concerns.CONTACT),
        ({"groupId": 5, "id": 13}, Code.NUMBER_NOT_REGISTERED, Concerns.NUMBER),
        ({"groupId": 2, "id": 9}, Code.UNKNOWN, Concerns.CONTACT),
        ({"groupId": 4, "id": 15}, Code.EXPIRED, Concerns.CONTACT),
        ({"groupName": "REJECTED", "name": "REJECTED_ODD"}, Code.UNKNOWN, Concerns.MESSAGE),
    ],
)
def test_a_200_may_refuse(status: Any, code: Code, concerns: Concerns) -> None:
    for body in ({"messageId": ID, "status": status}, {"messages": [{"status": status}]}):
        found = error(reply(200, body))
        assert (found.code, found.concerns) == (code, concerns)
        assert not (found.retryable or found.ambiguous)


def test_a_message_that_infobip_has_had_is_in_doubt() -> None:
    status = {"groupId": 5, "id": 23, "name": "REJECTED_DUPLICATE_MESSAGE_ID"}
    found = error(reply(200, {"messageId": ID, "status": status}))
    assert (found.code, found.ambiguous, found.partner_code) == (Code.IN_DOUBT, True, "23")


def test_infobips_advice_is_kept() -> None:
    body = {"messageId": ID, "to": "GB.1", "status": {**PENDING, "action": "Verify the sender"}}
    assert read(reply(200, body)) == Sent(ID, "GB.1", "Verify the sender")
    assert read(reply(200, {"messageId": ID, "status": None})) == Sent(ID)


@pytest.mark.parametrize(
    "body",
    [b"", b"OK", b"<html>", {}, [], {"messages": []}, {"status": PENDING}, {"messageId": ""}],
)
def test_a_200_without_an_id_is_in_doubt(body: Any) -> None:
    found = error(reply(200, body))
    assert (found.ambiguous, found.sentence.id) == (True, "infobip_no_id")


# --- anything else -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (NoReply(Phase.SENT, "timeout"), "infobip_no_answer"),
        (reply(502, b"<html>bad gateway</html>"), "infobip_not_understood"),
        (reply(504, b""), "infobip_not_understood"),
        (reply(503, b"upstream"), "infobip_not_understood"),
        (reply(500, b"{"), "infobip_not_understood"),
        (reply(502, {"requestError": {"serviceException": {"text": "x"}}}),
         "infobip_not_understood"),
        (reply(302, b""), "infobip_not_understood"),
        (reply(408, b""), "infobip_not_understood"),
    ],
)  # fmt: skip
def test_what_may_have_been_sent_is_in_doubt(answer: Any, sentence: str) -> None:
    found = error(answer)
    assert (found.code, found.ambiguous, found.retryable) == (Code.IN_DOUBT, True, False)
    assert found.sentence.id == sentence


def test_nothing_left_us() -> None:
    found = error(NoReply(Phase.CONNECT, "no such host"))
    assert (found.code, found.retryable, found.ambiguous) == (Code.UNAVAILABLE, True, False)
    found = error(NoReply(Phase.REFUSED, "10.0.0.1 is private"))
    assert (found.code, found.retryable, found.ambiguous) == (Code.EGRESS, False, False)


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, Code.INVALID), (401, Code.TOKEN), (403, Code.PERMISSION), (418, Code.INVALID),
     (429, Code.RATE)],
)  # fmt: skip
def test_4xx_in_any_words_was_not_sent(status: int, code: Code) -> None:
    for body in (b"", b"nope", {"x": 1}):
        found = error(reply(status, body))
        assert (found.code, found.ambiguous, found.partner_code) == (code, False, f"HTTP {status}")


def test_a_template_that_infobip_does_not_know() -> None:
    body = {"requestError": {"serviceException": {"messageId": "BAD_REQUEST",
                                                  "text": "Template not found"}}}  # fmt: skip
    assert error(reply(400, body)).code is Code.TEMPLATE_MISSING


def test_how_long_to_wait() -> None:
    body = load("answers/http_429.json")
    assert error(reply(429, body, {**JSON, "retry-after": "7"})).retry_after == 7
    assert error(reply(429, body)).retry_after is None


@pytest.mark.parametrize(
    "body",
    [
        {"requestError": None},
        {"requestError": {"serviceException": []}},
        {"requestError": {"serviceException": {"text": None, "validationErrors": ["x"]}}},
        {"requestError": {"serviceException": {"text": 7, "validationErrors": {"a": "b"}}}},
        {"errorCode": None, "violations": {"a": 1}},
        {"errorCode": "E400", "description": None, "violations": [None, {"property": 1}]},
        {"error": "gone"},
        [{"requestError": 1}],
    ],
)
def test_no_shape_of_error_breaks_it(body: Any) -> None:
    for status in (400, 401, 404, 429, 500, 503):
        error(reply(status, body))


def test_a_signal_has_no_id() -> None:
    for typing, answer in (
        (False, reply(204)),
        (True, reply(200, load("answers/response_event.json"))),
    ):
        made = infobip.render_signal(NUMBER, Phone("447700900123"), "in-1", typing, WHATSAPP)
        assert infobip.read(made, answer) == Sent("")
    refused = infobip.read(made, reply(400, {"error": "Message not found"}))
    assert isinstance(refused, SendError)
    assert refused.partner_text == "Message not found"


# --- the table -----------------------------------------------------------------------------------


def test_every_error_is_whole() -> None:
    for key, found in infobip.ERRORS.items():
        assert found.text.endswith((".", "meanwhile.")), key
        assert f"infobip_error_{key}" in known()
    words = [found.text for found in infobip.ERRORS.values()]
    assert len(words) == len(set(words))


# Errors of reports by Infobip's registry: those that it calls passing (`permanent: false`).
PASSING = {"7012", "7013", "7014", "7017", "7024", "7035", "7036", "7037", "7050", "7051"}


def test_the_codes_of_the_registry_are_all_there() -> None:
    chat = {*range(7001, 7028), *range(7029, 7039), *range(7050, 7053), *range(7080, 7085)}
    others = {7102, 7201, 7280, 7281, 1, 255, 351, 2052, 2053, 4100, 4101, 4103}
    assert {int(key) for key in infobip.ERRORS if key.isdigit()} == chat | others
    assert set(infobip.ERRORS) >= PASSING


# --- files ---------------------------------------------------------------------------------------


def test_a_file() -> None:
    made = infobip.render_media(NUMBER, "m-1", None, WHATSAPP)
    assert made is not None
    got = infobip.read_media(
        made, reply(200, b"\x89PNG", {"content-type": "image/png; a=b"}), WHATSAPP
    )
    assert got == MediaFile(b"\x89PNG", "image/png")
    elsewhere = reply(302, b"", {"location": "https://cdn.example/1?sig=x"})
    assert infobip.read_media(made, elsewhere, WHATSAPP) == HttpCall(
        "GET", "https://cdn.example/1?sig=x", "media_download"
    )
    for status, code in ((404, Code.MEDIA), (410, Code.MEDIA), (401, Code.TOKEN), (429, Code.RATE)):
        found = infobip.read_media(made, reply(status, b""), WHATSAPP)
        assert isinstance(found, SendError)
        assert found.code is code
    for answer in (reply(302, b"", {"location": "/x"}), reply(200, b""), NoReply(Phase.SENT)):
        assert isinstance(infobip.read_media(made, answer, WHATSAPP), SendError)


# --- checks --------------------------------------------------------------------------------------


def test_each_account_is_asked_for_its_numbers() -> None:
    first, second = infobip.probes(TWO)
    assert (first.about, second.about) == (
        "the account k3pz9d.api.infobip.com",
        "the account north",
    )
    assert second.call == HttpCall(
        "GET",
        "https://north.api.infobip.com/whatsapp/1/senders/quality",
        "probe",
        {"Authorization": SECOND.authorization, "Accept": "application/json"},
        (("senders", OTHER),),
    )
    for lame in (Account("", (NUMBER,)), Account("", (), "https://x", api_key=KEY)):
        assert infobip.probes(changed(WHATSAPP, accounts=(lame,))) == ()


def quality(**more: Any) -> dict[str, Any]:
    row = load("answers/sender_quality_response.json")["results"][0]
    return {"results": [{**row, **more}]}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (reply(200, quality()), None),
        (reply(200, quality(status=None)), None),
        (reply(200, quality(status="FLAGGED")), None),
        (reply(403, load("answers/http_403.json")), None),
        (reply(200, quality(status="BANNED")), "infobip_sender_state"),
        (reply(200, quality(sender=OTHER)), "infobip_sender_absent"),
        (reply(200, {"results": []}), "infobip_sender_absent"),
        (reply(404, load("answers/http_404.json")), "infobip_sender_absent"),
        (reply(401, load("answers/http_401.json")), "infobip_error_http/401"),
        (reply(401, b""), "infobip_error_http/401"),
        (reply(429, load("answers/http_429.json")), "infobip_error_http/429"),
        (reply(200, b"<html>"), "infobip_check_strange"),
        (reply(404, b"<html>"), "infobip_check_strange"),
        (reply(403, b"<html>"), "infobip_check_strange"),
        (reply(502, b""), "infobip_check_strange"),
        (NoReply(Phase.CONNECT, "no such host"), "infobip_no_connection"),
        (NoReply(Phase.REFUSED, "private"), "infobip_address_refused"),
        (NoReply(Phase.SENT), "infobip_check_silent"),
    ],
)
def test_what_a_check_tells(answer: Any, sentence: str | None) -> None:
    (probe,) = infobip.probes(WHATSAPP)
    told = infobip.read_probe(probe, answer)
    assert (told.id if told else None) == sentence
    if told:
        assert told.id in known()
        assert "{" not in say(told)


# --- pulled reports ------------------------------------------------------------------------------


def test_reports_are_fetched_where_that_is_switched_on() -> None:
    assert infobip.pulls(TWO) == ()
    twin = Account("twin", ("447700900102",), SECOND.base_url, SECOND.username, SECOND.password)
    channel = changed(TWO, accounts=(*TWO.accounts, twin), pull_reports=True)
    first, second = infobip.pulls(channel)  # one login is asked once
    assert [pull.about for pull in (first, second)] == [
        "the account k3pz9d.api.infobip.com",
        "the account north",
    ]
    assert (first.call.url, first.call.query) == (
        "https://k3pz9d.api.infobip.com/messages-api/1/reports",
        (("channel", "WHATSAPP"), ("limit", "1000")),
    )


def test_what_was_fetched_is_a_body_for_the_webhook() -> None:
    body = (FIXTURES / "status" / "messages_api_dlr.json").read_bytes()
    assert infobip.read_pull(reply(200, body)) == body
    assert parse(hook(body), MESSAGES) == parse(hook(body))
    assert infobip.read_pull(reply(200, {"results": []})) == b""
    for answer in (
        reply(200, b"<html>"),
        reply(200, {}),
        reply(401, load("answers/http_401_platform.json")),
        reply(403, load("answers/http_403_platform.json")),
        NoReply(Phase.SENT, "timeout"),
    ):
        assert isinstance(infobip.read_pull(answer), SendError)


def test_the_fixtures_name_their_origin() -> None:
    rows = (FIXTURES / "PROVENANCE.tsv").read_text().splitlines()
    named = {row.split("\t")[0] for row in rows}
    folders = ("inbound", "status", "outbound", "answers", "account")
    files = {f"{f}/{p.name}" for f in folders for p in Path(FIXTURES / f).glob("*.json")}
    assert named == files
