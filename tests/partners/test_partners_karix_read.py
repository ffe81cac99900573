"""What Karix's answers mean, to sends and to fetched files; and what Karix must hear of us."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from karix_channel import CHANNEL, KEY, NUMBER, hook, load

from dragoman.domain.content import Text
from dragoman.domain.errors import Code, Concerns, SendError
from dragoman.domain.identity import Phone
from dragoman.domain.sentences import Sentence, known, say
from dragoman.partners import karix
from dragoman.partners.contract import (
    Hook,
    HookAnswer,
    HttpCall,
    MediaFile,
    NoReply,
    OutboundMessage,
    Outcome,
    Phase,
    Reply,
    Sent,
)
from dragoman.partners.letter import written

_CALL = karix.render(OutboundMessage(Phone("919900000001"), NUMBER, Text("hi")), CHANNEL)
assert isinstance(_CALL, HttpCall)
CALL: HttpCall = _CALL
FETCH = HttpCall("GET", "https://media.example.test/kx/1.jpg", "media_download")


def reply(status: int, body: Any, **headers: str) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, headers, data)


def read(status: int, body: Any, **headers: str) -> Sent | SendError:
    return karix.read(CALL, reply(status, body, **headers))


def test_the_fixture_of_a_success_is_read_whole() -> None:
    assert read(200, load("outbound/response_success.json")) == Sent("kx-mid-0000000000000001")


@pytest.mark.parametrize(
    "body",
    [
        {"statusCode": "200", "mid": "wamid.X"},
        {"statusCode": 200, "statusDesc": None, "mid": "wamid.X", "more": []},
    ],
)
def test_a_success_is_its_code_and_a_mid(body: Any) -> None:
    assert read(200, body) == Sent("wamid.X")


SAID = "Invalid key"


@pytest.mark.parametrize(
    ("status", "body", "code", "concerns", "key", "shown", "again"),
    [
        (200, {"statusCode": "400", "statusDesc": SAID}, "invalid", "message", "400", "400", False),
        (200, {"statusCode": "401", "statusDesc": SAID}, "token", "token", "401", "401", False),
        (200, {"statusCode": 402, "statusDesc": SAID}, "billing", "account", "402", "402", False),
        (
            200,
            {"statusCode": "403", "errorMessage": SAID},
            "permission",
            "number",
            "403",
            "403",
            False,
        ),
        (200, {"statusCode": "404", "statusDesc": SAID}, "invalid", "message", "404", "404", False),
        (
            200,
            {"statusCode": "413", "statusDesc": SAID},
            "too_long",
            "message",
            "413",
            "413",
            False,
        ),
        (200, {"statusCode": "422", "statusDesc": SAID}, "invalid", "message", "400", "422", False),
        (200, {"statusCode": "429", "statusDesc": SAID}, "rate", "number", "429", "429", True),
        (
            200,
            {"statusCode": "500", "statusDesc": SAID},
            "unavailable",
            "partner",
            "500",
            "500",
            True,
        ),
        (
            200,
            {"statusCode": "599", "statusDesc": SAID},
            "unavailable",
            "partner",
            "500",
            "599",
            True,
        ),
        (
            200,
            {"statusCode": "503", "statusDesc": SAID},
            "unavailable",
            "partner",
            "503",
            "503",
            True,
        ),
        (401, {"errorMessage": SAID}, "token", "token", "401", "HTTP 401", False),
        (400, {"errorMessage": SAID}, "invalid", "message", "400", "HTTP 400", False),
        (409, {"errorMessage": SAID}, "invalid", "message", "400", "HTTP 409", False),
        (429, {"errorMessage": SAID}, "rate", "number", "429", "HTTP 429", True),
        (500, {"errorMessage": SAID}, "unavailable", "partner", "500", "HTTP 500", True),
        (503, {"errorMessage": SAID}, "unavailable", "partner", "503", "HTTP 503", True),
        (
            401,
            {"error": {"code": 401, "message": SAID, "type": "x"}},
            "token",
            "token",
            "401",
            "401",
            False,
        ),
        (403, {"error": {"message": SAID}}, "permission", "number", "403", "HTTP 403", False),
        # What is known by its number alone.
        (401, SAID.encode(), "token", "token", "401", "HTTP 401", False),
        (404, {"errorMessage": SAID}, "invalid", "message", "404", "HTTP 404", False),
    ],
)
def test_a_refusal_in_karixs_words_is_trusted(
    status: int, body: Any, code: str, concerns: str, key: str, shown: str, again: bool
) -> None:
    error = read(status, body)
    text = karix.ERRORS[key].text
    args = {"said": SAID} if "{said}" in text else {}
    assert error == SendError(
        Code(code),
        Sentence(f"karix_error_{key}", args),
        retryable=again,
        concerns=Concerns(concerns),
        partner_code=shown,
        partner_text=SAID,
    )
    assert "{" not in say(error.sentence)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, {"statusCode": "1003", "statusDesc": "Odd"}, "1003"),
        (200, {"statusCode": "KX", "statusDesc": "Odd."}, "KX"),
        (200, {"errorMessage": "Odd"}, "HTTP 200"),
        (200, {"statusCode": "302"}, "302"),
    ],
)
def test_an_unknown_code_is_shown_raw(status: int, body: Any, code: str) -> None:
    error = read(status, body)
    assert isinstance(error, SendError)
    assert (error.code, error.sentence.id) == (Code.UNKNOWN, "karix_error_unknown")
    assert (error.retryable, error.ambiguous, error.partner_code) == (False, False, code)
    assert code in say(error.sentence) and say(error.sentence).endswith(".")


def test_an_unknown_code_counts_by_the_http_status_beside_it() -> None:
    for status, ours in ((400, Code.INVALID), (401, Code.TOKEN), (500, Code.UNAVAILABLE)):
        error = read(status, {"statusCode": "1003", "statusDesc": "Odd"})
        assert isinstance(error, SendError)
        assert (error.code, error.partner_code) == (ours, "1003")


def test_it_waits_as_long_as_it_is_told() -> None:
    error = karix.read(CALL, Reply(429, {"retry-after": "30"}, b"{}"))
    assert isinstance(error, SendError)
    assert (error.retryable, error.retry_after) == (True, 30.0)


DOUBTS: list[tuple[int, Any]] = [
    (200, b""),
    (200, b"{"),
    (200, b"<html>"),
    (200, []),
    (200, {}),
    (200, {"statusCode": "200"}),
    (200, {"statusCode": "200", "mid": ""}),
    (200, {"statusCode": "200", "mid": None}),
    (200, {"statusCode": "200", "mid": ["m"]}),
    (200, {"statusCode": None, "mid": "m"}),
    (200, {"statusCode": ["200"], "mid": "m"}),
    (200, {"statusCode": "202", "mid": "m"}),
    (200, {"mid": "m"}),
    (302, b""),
    (500, b"<html>"),
    (500, {"statusCode": "200", "mid": "m"}),
    (503, b""),
    (502, {"errorMessage": "Bad gateway"}),
    (504, {"statusCode": "504", "statusDesc": "late"}),
    (408, {"errorMessage": "late"}),
]


@pytest.mark.parametrize(("status", "body"), DOUBTS)
def test_all_else_is_in_doubt_and_never_repeated(status: int, body: Any) -> None:
    error = read(status, body)
    assert isinstance(error, SendError)
    assert (error.code, error.ambiguous, error.retryable) == (Code.IN_DOUBT, True, False)
    assert error.partner_code == f"HTTP {status}"
    assert error.sentence.id in known()


@pytest.mark.parametrize(
    ("phase", "code", "retryable", "ambiguous", "sentence"),
    [
        (Phase.CONNECT, Code.UNAVAILABLE, True, False, "karix_no_connection"),
        (Phase.SENT, Code.IN_DOUBT, False, True, "karix_no_answer"),
        (Phase.REFUSED, Code.EGRESS, False, False, "karix_address_refused"),
    ],
)
@pytest.mark.parametrize("detail", ["", "timed out", "127.0.0.1 is private."])
def test_no_answer_at_all(
    phase: Phase, code: Code, retryable: bool, ambiguous: bool, sentence: str, detail: str
) -> None:
    error = karix.read(CALL, NoReply(phase, detail))
    assert isinstance(error, SendError)
    assert (error.code, error.retryable, error.ambiguous) == (code, retryable, ambiguous)
    assert error.sentence.id == sentence
    assert detail in say(error.sentence) and ".." not in say(error.sentence)


# --- files ---------------------------------------------------------------------------------------


def test_a_file_is_its_bytes() -> None:
    answer = Reply(200, {"content-type": "image/jpeg; charset=x"}, b"\xff\xd8")
    assert karix.read_media(FETCH, answer, CHANNEL) == MediaFile(b"\xff\xd8", "image/jpeg")
    assert karix.read_media(FETCH, Reply(200, {}, b"x"), CHANNEL) == MediaFile(b"x")
    assert karix.UPLOAD_DAYS == 0
    assert karix.render_upload(NUMBER, MediaFile(b"x"), CHANNEL) is None


@pytest.mark.parametrize(
    ("answer", "code", "again"),
    [
        (Reply(200, {}, b""), Code.MEDIA, False),
        (Reply(404, {}, b"no"), Code.MEDIA, False),
        (Reply(403, {}, b"no"), Code.MEDIA, False),
        (Reply(410, {}, b"no"), Code.MEDIA, False),
        (Reply(429, {}, b"no"), Code.UNAVAILABLE, True),
        (Reply(500, {}, b"no"), Code.UNAVAILABLE, True),
        (NoReply(Phase.CONNECT, "refused"), Code.UNAVAILABLE, True),
        (NoReply(Phase.SENT, "timed out"), Code.UNAVAILABLE, True),
        (NoReply(Phase.REFUSED, "10.0.0.1 is private."), Code.EGRESS, False),
    ],
)
def test_a_file_that_cannot_be_had(answer: Any, code: Code, again: bool) -> None:
    error = karix.read_media(FETCH, answer, CHANNEL)
    assert isinstance(error, SendError)
    assert (error.code, error.retryable, error.ambiguous) == (code, again, False)
    assert "been sent" not in say(error.sentence) and say(error.sentence).endswith(".")


# --- what Karix hears of us ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "status", "body"),
    [
        (Outcome.KEPT, 200, b"OK"),
        (Outcome.INVALID, 400, b"Not a Karix webhook body"),
        (Outcome.BUSY, 503, b"Busy, send it again"),
        (Outcome.UNKNOWN, 404, b"Not Found"),
        (Outcome.NO_TOKEN, 401, b"Access token not found"),
        (Outcome.WRONG_TOKEN, 401, b"Invalid access"),
    ],
)
def test_answers(outcome: Outcome, status: int, body: bytes) -> None:
    answer = karix.answer(outcome)
    assert (answer.status, answer.body) == (status, body)
    assert (("Retry-After", "5") in answer.headers) is (outcome is Outcome.BUSY)
    assert len(list(Outcome)) == 6


def test_nothing_of_karixs_guards_the_address() -> None:
    assert karix.authenticate(hook({}), CHANNEL, 0) is None
    assert not karix.guarded(CHANNEL)
    assert not karix.uses_authorization(CHANNEL)
    assert karix.ASSOCIATES


GUARDED = msgspec.structs.replace(CHANNEL, header_name="X-Key", header_value="TESTHEADERVALUE-16")


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({"x-key": "TESTHEADERVALUE-16"}, None),
        ({"x-key": " TESTHEADERVALUE-16 "}, None),
        ({}, "fixed_header_missing"),
        ({"x-other": "TESTHEADERVALUE-16"}, "fixed_header_missing"),
        ({"x-key": ""}, "fixed_header_wrong"),
        ({"x-key": "testheadervalue-16"}, "fixed_header_wrong"),
        ({"x-key": "चाय"}, "fixed_header_wrong"),
    ],
)
def test_a_header_that_was_arranged_guards_it(headers: Any, sentence: str | None) -> None:
    assert karix.guarded(GUARDED) and not karix.uses_authorization(GUARDED)
    refused = karix.authenticate(Hook("POST", "/", headers=headers), GUARDED, 0)
    if sentence is None:
        assert refused is None
        return
    assert refused is not None
    told = {"name": "X-Key", "partner": "Karix"}
    assert refused.reason == Sentence(sentence, told)
    assert refused.answer == HookAnswer(401, b"Invalid webhook header")
    assert "TESTHEADER" not in say(refused.reason)


def test_half_a_header_guards_nothing_and_authorization_is_for_one_of_two() -> None:
    for name, value in (("X-Key", ""), ("", "TESTHEADERVALUE-16")):
        half = msgspec.structs.replace(CHANNEL, header_name=name, header_value=value)
        assert not karix.guarded(half)
        assert karix.authenticate(hook({}), half, 0) is None
    own = msgspec.structs.replace(GUARDED, header_name="authorization")
    assert karix.uses_authorization(own)


def test_a_browser_sees_what_the_address_is_for() -> None:
    page = karix.handshake(Hook("GET", "/hooks/karix/st-1"), [CHANNEL])
    assert isinstance(page, HookAnswer)
    assert (page.status, page.content_type) == (200, "text/plain; charset=utf-8")
    assert b"Karix support team" in page.body and KEY.encode() not in page.body
    assert ("X-Content-Type-Options", "nosniff") in page.headers
    assert karix.handshake(hook({}), [CHANNEL]) is None


def test_the_letter_leaves_out_what_is_not_there() -> None:
    values = {
        "numbers": "+91 88000 00000",
        "webhook_url": "https://agents.example/hooks/karix/st-1",
    }
    letter = written(karix.LETTER, values)
    assert letter.startswith("Subject: WhatsApp webhook for +91 88000 00000\n")
    assert "\nhttps://agents.example/hooks/karix/st-1\n" in letter
    assert "Authorization" not in letter and "vendor" not in letter and "{" not in letter
    full = written(karix.LETTER, {**values, "authorization": "Bearer x.y.z", "vendor": "Tanla"})
    assert "Authorization: Bearer x.y.z\n" in full
    assert full.count("\n") == letter.count("\n") + 2
    own = written(karix.LETTER, {**values, "header_name": "X-Key", "header_value": "tea 1"})
    assert "every request: X-Key: tea 1\n" in own and "Authorization" not in own


def test_what_karix_has_no_call_for() -> None:
    assert list(karix.probes(CHANNEL)) == list(karix.pulls(CHANNEL)) == []
    assert karix.NOT_CHECKABLE is not None
    assert "not checkable until the first send" in say(karix.NOT_CHECKABLE)
    assert karix.render_signal(NUMBER, Phone("919900000001"), "m", True, CHANNEL) is None
    assert not karix.demands_opt_in(CHANNEL)
    assert karix.render_opt_in(NUMBER, Phone("919900000001"), CHANNEL) is None
    assert karix.render_opt_in_look_up(NUMBER, Phone("919900000001"), CHANNEL) is None
