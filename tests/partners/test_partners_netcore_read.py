"""What Netcore answers: ids, refusals in all their shapes, doubts, consent, files, checks."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from netcore_channel import CHANNEL, FIXTURES, NUMBER

from dragoman.domain import content as c
from dragoman.domain.errors import Code, Concerns, SendError
from dragoman.domain.identity import Phone
from dragoman.domain.sentences import Sentence, known, say
from dragoman.partners import netcore
from dragoman.partners.contract import (
    HttpCall,
    MediaFile,
    NoReply,
    OutboundMessage,
    Phase,
    Reply,
    Sent,
)

UUID = "fa9d0000-0000-4000-8000-000000000001"
HTML = b"<html><body>403 Forbidden</body></html>"
JSON = {"content-type": "application/json"}


def sent() -> HttpCall:
    made = netcore.render(OutboundMessage(Phone("919900000001"), NUMBER, c.Text("hi")), CHANNEL)
    assert isinstance(made, HttpCall)
    return made


def reply(body: Any, status: int = 200, **headers: str) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {**JSON, **headers}, data)


def fixture(name: str, status: int = 200) -> Reply:
    return reply((FIXTURES / f"outbound/{name}.json").read_bytes(), status)


def failure(code: str | None, message: str = "said", status: int = 200) -> Reply:
    error = {"message": message} if code is None else {"code": code, "message": message}
    return reply({"status": "failure", "error": error}, status)


def read(answer: Reply | NoReply) -> Sent | SendError:
    return netcore.read(sent(), answer)


def refused(answer: Reply | NoReply) -> SendError:
    error = read(answer)
    assert isinstance(error, SendError)
    assert error.sentence.id in known() and "?" not in say(error.sentence)
    assert not (error.retryable and error.ambiguous)
    return error


def test_success_is_netcore_s_id() -> None:
    assert read(fixture("response_success")) == Sent(UUID)
    assert read(fixture("response_success", 202)) == Sent(UUID)


def test_success_without_an_id_is_in_doubt() -> None:
    for body in ({"status": "success"}, {"status": "success", "data": {"id": ""}},
                 {"status": "success", "data": []}):  # fmt: skip
        error = refused(reply(body))
        assert (error.code, error.ambiguous) == (Code.IN_DOUBT, True)
        assert error.sentence == Sentence("netcore_no_id")
        assert error.partner_code == "HTTP 200"


def test_a_refusal_may_come_with_http_200() -> None:
    assert read(fixture("response_failure_8006")) == SendError(
        Code.INVALID,
        Sentence("netcore_error_8006", {"said": "type is required."}),
        concerns=Concerns.MESSAGE,
        partner_code="8006",
        partner_text="type is required.",
    )


@pytest.mark.parametrize("code", [code for code in netcore.ERRORS if code.startswith("8")])
@pytest.mark.parametrize("status", [200, 400, 401, 403, 500, 503])
def test_each_code_has_its_meaning_whatever_the_http_status(code: str, status: int) -> None:
    error, meant = refused(failure(code, "said", status)), netcore.ERRORS[code]
    assert (error.code, error.concerns, error.retryable, error.ambiguous) == (
        meant.code,
        meant.concerns,
        meant.retryable,
        False,
    )
    assert (error.partner_code, error.partner_text) == (code, "said")
    assert "said" in say(error.sentence)


@pytest.mark.parametrize(
    "answer",
    [
        failure(None, "Access Denied", 401),
        failure(None, "Access Denied", 200),
        failure("8004", "Access Denied", 200),
        reply({"status": 401, "message": "Access Denied"}, 401),
        reply({"status": 403, "message": "Forbidden"}, 200),
        reply({"message": "access denied for this key"}, 400),
        reply({"error": "Access Denied"}, 401),
        reply(HTML, 403),
        reply(b"Access Denied", 200),
        reply(b"", 401),
    ],
)
def test_a_key_that_is_not_the_numbers_is_said_with_the_number(answer: Reply) -> None:
    error = refused(answer)
    assert (error.code, error.concerns, error.retryable) == (Code.TOKEN, Concerns.TOKEN, False)
    assert error.sentence == Sentence("netcore_error_denied", {"number": f"+{NUMBER}"})
    assert say(error.sentence).startswith(
        'Netcore answered "Access Denied" to the API Key of +918800000000:'
    )


def test_too_many_are_sent_more_slowly() -> None:
    later = {"retry-after": "7"}
    for answer in (failure("8005", "slow down", 429), reply(b"slow down", 429, **later)):
        error = refused(answer)
        assert (error.code, error.retryable, error.concerns) == (Code.RATE, True, Concerns.NUMBER)
        assert "+918800000000" in say(error.sentence)
    assert error.retry_after == 7.0


@pytest.mark.parametrize(
    ("answer", "code", "retryable"),
    [
        (failure("9999", "No such planet"), Code.UNKNOWN, False),
        (failure(None, "No such planet"), Code.UNKNOWN, False),
        (failure(None, ""), Code.UNKNOWN, False),
        (reply({"status": "failure"}), Code.UNKNOWN, False),
        (reply({"status": 422, "message": "No such planet"}), Code.INVALID, False),
        (reply({"status": 500, "message": "Oops"}, 500), Code.UNAVAILABLE, True),
        (reply(b"<html>", 400), Code.INVALID, False),
        (reply(b"<html>", 410), Code.INVALID, False),
        (reply(b"<html>", 413), Code.TOO_LONG, False),
        (reply({"hello": 1}, 418), Code.INVALID, False),
        (reply({"status": 404, "message": "No such page"}, 404), Code.INVALID, False),
    ],
)
def test_what_is_refused_in_other_words(answer: Reply, code: Code, retryable: bool) -> None:
    error = refused(answer)
    assert (error.code, error.retryable, error.ambiguous) == (code, retryable, False)
    told = error.partner_text
    assert not told or told in say(error.sentence)


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"<html>", 200),
        reply(b"", 200),
        reply([], 200),
        reply({}, 200),
        reply({"hello": "world"}, 200),
        reply({"status": "success"}, 500),
        reply(b"<html>", 500),
        reply(b"<html>", 502),
        failure("8006", "x", 502),
        failure("8006", "x", 504),
        reply(b"<html>", 503),
        reply(b"<html>", 408),
        reply(b'{"status":"suc', 200),
        reply(b"\xff\xfe", 200),
    ],
)
def test_what_is_not_netcore_s_is_in_doubt(answer: Reply) -> None:
    error = refused(answer)
    assert (error.code, error.ambiguous, error.retryable) == (Code.IN_DOUBT, True, False)


def test_no_answer_at_all() -> None:
    error = refused(NoReply(Phase.CONNECT, "refused"))
    assert (error.code, error.retryable, error.ambiguous) == (Code.UNAVAILABLE, True, False)
    error = refused(NoReply(Phase.SENT, "timeout"))
    assert (error.code, error.retryable, error.ambiguous) == (Code.IN_DOUBT, False, True)
    error = refused(NoReply(Phase.REFUSED, "10.0.0.1 is private"))
    assert (error.code, error.retryable, error.ambiguous) == (Code.EGRESS, False, False)
    assert "10.0.0.1 is private. Check" in say(error.sentence)


# --- opt-in --------------------------------------------------------------------------------------


def test_the_opt_in_look_up() -> None:
    found = {"phone_number": "919900000001", "optin_source": "WEB", "ip": "", "user_agent": ""}
    assert netcore.read_opt_in_look_up(reply({"status": "success", "data": found})) is True
    for missing in (fixture("response_consent_missing"), failure("8002", "Not opted in")):
        assert netcore.read_opt_in_look_up(missing) is False
    for answer, code in (
        (failure("8006", "phone_number is required."), Code.INVALID),
        (failure("8004", "Client details not found"), Code.TOKEN),
        (failure(None, "Access Denied", 401), Code.TOKEN),
        (reply(b"<html>", 500), Code.IN_DOUBT),
        (NoReply(Phase.CONNECT), Code.UNAVAILABLE),
    ):
        error = netcore.read_opt_in_look_up(answer)
        assert isinstance(error, SendError) and error.code is code


def test_the_record_of_an_opt_in() -> None:
    assert netcore.read_opt_in(fixture("response_optin_success")) is None
    assert netcore.read_opt_in(failure("8005", "Opt-in already present.")) is None
    for answer, code in (
        (failure("8005", "Update error"), Code.UNAVAILABLE),
        (failure("8006", "source cannot be empty."), Code.INVALID),
        (failure(None, "Access Denied", 401), Code.TOKEN),
        (NoReply(Phase.SENT), Code.IN_DOUBT),
    ):
        error = netcore.read_opt_in(answer)
        assert isinstance(error, SendError) and error.code is code


# --- files ---------------------------------------------------------------------------------------


def fetched(answer: Reply | NoReply) -> Any:
    call = netcore.render_media(NUMBER, "900000000000001", None, CHANNEL)
    assert call is not None
    return netcore.read_media(call, answer, CHANNEL)


def test_a_file_comes_at_once() -> None:
    assert fetched(Reply(200, {"content-type": "image/png"}, b"\x89PNG")) == MediaFile(
        b"\x89PNG", "image/png"
    )
    # A person may send JSON, too.
    for theirs in ({"status": "failure"}, {"error": {"code": "1"}}, {"status": "success"}):
        data = json.dumps(theirs).encode()
        assert fetched(reply(data)) == MediaFile(data, "application/json")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (failure("8008", "Invalid media id"), Code.MEDIA),
        (reply(b"gone", 404), Code.MEDIA),
        (reply(b"gone", 410), Code.MEDIA),
        (failure(None, "Access Denied", 401), Code.TOKEN),
        (failure("8005", "Technical error"), Code.UNAVAILABLE),
        (reply(b"", 200), Code.IN_DOUBT),
        (NoReply(Phase.SENT), Code.IN_DOUBT),
    ],
)
def test_a_file_that_does_not_come(answer: Reply | NoReply, code: Code) -> None:
    error = fetched(answer)
    assert isinstance(error, SendError) and error.code is code
    assert error.sentence.id in known()


def test_an_upload() -> None:
    media_id = "aa410000-0000-4000-8000-000000000001"
    assert netcore.read_upload(fixture("response_media_upload")) == media_id
    for answer, code in (
        (reply({"status": "success", "data": {}}), Code.MEDIA),
        (failure("8008", "bad media"), Code.MEDIA),
        (failure(None, "Access Denied", 401), Code.TOKEN),
        (NoReply(Phase.CONNECT), Code.UNAVAILABLE),
    ):
        error = netcore.read_upload(answer)
        assert isinstance(error, SendError) and error.code is code
        assert "{" not in say(error.sentence)


# --- checks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (reply({"status": "success", "data": {}}), None),
        (fixture("response_consent_missing"), None),
        (failure("8002"), None),
        (failure("8006", "phone_number is invalid."), None),
        (failure(None, "Access Denied", 401), "netcore_error_denied"),
        (reply(HTML, 403), "netcore_error_denied"),
        (failure("8004", "Client details not found"), "netcore_error_8004"),
        (failure("8005", "Technical error"), "netcore_error_8005"),
        (reply(b"<html>hello</html>"), "netcore_check_strange"),
        (reply({"hello": "world"}), "netcore_check_strange"),
        (reply(b"<html>", 502), "netcore_check_strange"),
        (NoReply(Phase.SENT), "netcore_check_silent"),
        (NoReply(Phase.CONNECT, "no such host"), "netcore_no_connection"),
        (NoReply(Phase.REFUSED, "private"), "netcore_address_refused"),
    ],
)
def test_a_check_of_a_key(answer: Reply | NoReply, sentence: str | None) -> None:
    (probe,) = netcore.probes(CHANNEL)
    found = netcore.read_probe(probe, answer)
    assert (None if found is None else found.id) == sentence
    if found is not None:
        assert "?" not in say(found)
    if sentence == "netcore_error_denied":
        assert found == Sentence(sentence, {"number": f"+{NUMBER}"})


def test_every_error_has_words_of_its_own() -> None:
    texts = [known_.text for known_ in netcore.ERRORS.values()]
    assert len(texts) == len(set(texts)) and all(text.endswith(".") for text in texts)
    for error in netcore.ERRORS.values():
        holds = (Concerns.NUMBER, Concerns.TOKEN)
        assert not error.retryable or error.concerns in (*holds, Concerns.PARTNER)
    stored = msgspec.json.encode(refused(failure("8002")))
    assert msgspec.json.decode(stored, type=SendError) == refused(failure("8002"))
