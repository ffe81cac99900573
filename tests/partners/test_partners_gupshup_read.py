"""What Gupshup's answers mean: every response of the fixtures whole, every code of the table, and
what may have been sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gupshup_channel import ACCESS, ENTERPRISE, FIXTURES, NUMBER, V3

from dragoman.domain.content import Text
from dragoman.domain.errors import Code, Concerns, SendError
from dragoman.domain.identity import Phone
from dragoman.domain.sentences import Sentence, known, say
from dragoman.partners import gupshup
from dragoman.partners._cloud.known import Known
from dragoman.partners.contract import (
    HttpCall,
    MediaFile,
    NoReply,
    OutboundMessage,
    Outcome,
    Phase,
    Reply,
    Sent,
)
from dragoman.partners.gupshup import Settings

ID = "4340000000000000001-310000000000000001"
FETCH = HttpCall("GET", "https://media.example.test/1.jpg", "media_download")


def call(channel: Settings) -> HttpCall:
    made = gupshup.render(OutboundMessage(Phone("919900000001"), NUMBER, Text("hi")), channel)
    assert isinstance(made, HttpCall)
    return made


def reply(status: int, body: Any, **headers: str) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, headers, data)


def read(
    status: int, body: Any, channel: Settings = ENTERPRISE, **headers: str
) -> Sent | SendError:
    return gupshup.read(call(channel), reply(status, body, **headers))


def refused(status: int, body: Any, channel: Settings = ENTERPRISE, **headers: str) -> SendError:
    found = read(status, body, channel, **headers)
    assert isinstance(found, SendError), found
    assert found.sentence.id in known(), found.sentence
    assert "{" not in say(found.sentence)
    return found


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / "outbound" / f"{name}.json").read_bytes())


def enterprise(id: str, details: str = "no", status: str = "error") -> dict[str, Any]:
    return {"response": {"id": id, "phone": "919900000001", "details": details, "status": status}}


# --- the fixtures --------------------------------------------------------------------------------


def test_every_answer_of_the_fixtures_is_read_whole() -> None:
    said = "Authentication failed due to invalid userId or password"
    wrong = SendError(
        Code.TOKEN, Sentence("gupshup_error_enterprise/102", {"said": said + "."}),
        concerns=Concerns.TOKEN, partner_code="102", partner_text=said,
    )  # fmt: skip
    lines = fixture("ent_response_text_format")
    assert read(200, fixture("ent_response_success")) == Sent(ID, "919900000001")
    assert read(200, lines["success"].encode()) == Sent(ID, "919900000001")
    for body in (fixture("ent_response_error_102"), lines["error"].encode()):
        found = refused(200, body)
        assert found.code is wrong.code and found.concerns is wrong.concerns
        assert (found.partner_code, found.partner_text) == ("102", said)
        assert not found.retryable and not found.ambiguous
    taken = read(202, fixture("api_response_submitted"), ACCESS)
    assert taken == Sent("0b7d2c1e-5a34-4f0e-9c55-1f2e3d4c5b6a")
    unknown = refused(401, fixture("api_response_error_401"), ACCESS)
    assert (unknown.code, unknown.concerns) == (Code.TOKEN, Concerns.TOKEN)
    assert unknown.partner_text == "Portal User Not Found With APIKey"
    answers = {path.stem for path in FIXTURES.glob("outbound/*_response_*.json")}
    assert answers == {
        "ent_response_success", "ent_response_error_102", "ent_response_text_format",
        "api_response_submitted", "api_response_error_401",
    }  # fmt: skip


# --- every code of the table ---------------------------------------------------------------------


def of(table: str) -> list[str]:
    return [key.partition("/")[2] for key in gupshup.ERRORS if key.startswith(table + "/")]


def same(found: SendError, meant: Known) -> None:
    assert (found.code, found.concerns, found.retryable) == (
        meant.code, meant.concerns, meant.retryable,
    )  # fmt: skip
    assert not found.ambiguous


@pytest.mark.parametrize("code", of("enterprise"))
def test_a_number_of_enterprise_has_its_meaning(code: str) -> None:
    found = refused(200, enterprise(code, "said Gupshup"))
    same(found, gupshup.ERRORS[f"enterprise/{code}"])
    assert (found.partner_code, found.partner_text) == (code, "said Gupshup")


@pytest.mark.parametrize("code", of("access"))
def test_a_code_of_the_access_api_has_its_meaning(code: str) -> None:
    body = {"status": "error", "message": "said Gupshup", "code": code}
    found = refused(400, body, ACCESS)
    same(found, gupshup.ERRORS[f"access/{code}"])
    assert found.partner_code == code


@pytest.mark.parametrize("status", of("http"))
def test_a_bare_status_has_its_meaning(status: str) -> None:
    words = {"status": "error", "message": "no app"} if status == "404" else b"nobody's words"
    found = refused(int(status), words, ACCESS)
    same(found, gupshup.ERRORS[f"http/{status}"])
    assert found.partner_code == f"HTTP {status}"


def test_an_unknown_number_is_judged_by_the_status_and_shown_raw() -> None:
    for status, code, retryable in (
        (200, Code.UNKNOWN, False),
        (429, Code.RATE, True),
        (500, Code.UNAVAILABLE, True),
        (503, Code.UNAVAILABLE, True),
    ):
        found = refused(status, enterprise("999", "Something new"))
        assert (found.code, found.retryable) == (code, retryable), status
        assert (found.partner_code, found.partner_text) == ("999", "Something new")
        assert "Something new" in say(found.sentence)


def test_when_to_come_again_is_heard() -> None:
    found = refused(429, {"status": "error", "message": "slow"}, ACCESS, **{"retry-after": "7"})
    assert (found.code, found.retryable, found.retry_after) == (Code.RATE, True, 7)


# --- what may have been sent ---------------------------------------------------------------------


@pytest.mark.parametrize("channel", [ENTERPRISE, ACCESS, V3], ids=lambda c: c.dialect)
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""), (200, b"<html>"), (200, {}), (200, []), (200, {"response": {}}),
        (200, {"response": {"status": "success"}}), (200, {"response": {"status": "?"}}),
        (408, b""), (500, b"oops"), (502, b""), (504, enterprise("100")), (503, b"<html>busy"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_gupshups_own_word_is_a_doubt(
    channel: Settings, status: int, body: Any
) -> None:
    found = refused(status, body, channel)
    assert (found.code, found.ambiguous, found.retryable) == (Code.IN_DOUBT, True, False)


@pytest.mark.parametrize(
    ("phase", "code", "retryable", "ambiguous"),
    [
        (Phase.CONNECT, Code.UNAVAILABLE, True, False),
        (Phase.REFUSED, Code.EGRESS, False, False),
        (Phase.SENT, Code.IN_DOUBT, False, True),
    ],
)
@pytest.mark.parametrize("channel", [ENTERPRISE, ACCESS, V3], ids=lambda c: c.dialect)
def test_no_answer_at_all(
    channel: Settings, phase: Phase, code: Code, retryable: bool, ambiguous: bool
) -> None:
    found = gupshup.read(call(channel), NoReply(phase, "no detail of it"))
    assert isinstance(found, SendError)
    assert (found.code, found.retryable, found.ambiguous) == (code, retryable, ambiguous)
    assert "no detail of it" in say(found.sentence)


# --- opt-in, files, what Gupshup hears -----------------------------------------------------------


def test_opt_in_is_done_or_it_says_why() -> None:
    assert gupshup.read_opt_in(reply(200, enterprise("", "OPT_IN", "success"))) is None
    assert gupshup.read_opt_in(reply(202, b"")) is None
    found = gupshup.read_opt_in(reply(200, enterprise("102", "wrong")))
    assert found is not None and found.code is Code.TOKEN
    found = gupshup.read_opt_in(reply(401, {"status": "error", "message": "no key"}))
    assert found is not None and found.code is Code.TOKEN
    found = gupshup.read_opt_in(NoReply(Phase.CONNECT, "down"))
    assert found is not None and found.retryable


def test_a_file_is_the_answer_itself() -> None:
    got = gupshup.read_media(FETCH, reply(200, b"\x89PNG", **{"content-type": "image/png"}), ACCESS)
    assert got == MediaFile(b"\x89PNG", "image/png")
    for status in (401, 403, 404, 410):
        gone = gupshup.read_media(FETCH, reply(status, b""), ACCESS)
        assert isinstance(gone, SendError) and gone.code is Code.MEDIA
        assert str(status) in say(gone.sentence)
    down = gupshup.read_media(FETCH, NoReply(Phase.CONNECT, "down"), ACCESS)
    assert isinstance(down, SendError) and down.retryable


def test_what_gupshup_must_hear() -> None:
    """The table of the platform: status and body, exactly."""
    heard = {o: (a.status, a.body) for o in Outcome if (a := gupshup.answer(o))}
    assert heard == {
        Outcome.KEPT: (200, b""),
        Outcome.INVALID: (500, b"Internal Server Error"),
        Outcome.BUSY: (503, b"Busy, send it again"),
        Outcome.UNKNOWN: (500, b"Internal Server Error"),
        Outcome.NO_TOKEN: (401, b"Access token not found"),
        Outcome.WRONG_TOKEN: (401, b"Invalid access"),
    }
    assert dict(gupshup.answer(Outcome.BUSY).headers)["Retry-After"]
