"""Every answer to a send: each response and error fixture, every code, and silence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.domain.errors import Code, Concerns, SendError
from dragoman.domain.sentences import Sentence, known, say
from dragoman.partners import cloud_api
from dragoman.partners.contract import HttpCall, NoReply, Phase, Reply, Sent

FIXTURES = Path(__file__).parent.parent / "fixtures" / "cloud_api" / "outbound"
SEND = HttpCall("POST", "https://graph.facebook.com/v26.0/106540352242922/messages")
READ_RECEIPT = HttpCall("POST", SEND.url, "mark_read")
WAMID = "wamid.HBgLMTY1MDU1NTEyMzQVAgARGBIzN0Y0QkI3NjJCM0JDQTlGN0MA"


def reply(status: int, body: Any, **headers: str) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {key.replace("_", "-"): v for key, v in headers.items()}, data)


def error(code: int, status: int = 400, **more: Any) -> Reply:
    body = {"message": "m", "type": "OAuthException", "code": code, "fbtrace_id": "A", **more}
    return reply(status, {"error": body})


def refused(
    code: Code,
    concerns: Concerns,
    key: str,
    text: str,
    said: bool = False,
    retryable: bool = False,
    partner_code: str = "",
) -> SendError:
    args = {"said": text if text.endswith(".") else text + "."} if said else {}
    sentence = Sentence(f"meta_error_{key}", args)
    written = partner_code or key
    return SendError(
        code,
        sentence,
        retryable=retryable,
        concerns=concerns,
        partner_code=written,
        partner_text=text,
    )


def details(name: str) -> str:
    body = json.loads((FIXTURES / f"response_error_{name}.json").read_text())["error"]
    return str(body.get("error_data", {}).get("details") or body["message"])


M, T, N = Concerns.MESSAGE, Concerns.TOKEN, Concerns.NUMBER
ANSWERS: dict[str, tuple[int, Sent | SendError]] = {
    "response_send_ok": (200, Sent(WAMID, "16505551234")),
    "response_send_to_bsuid_ok": (200, Sent(WAMID, "US.13491208655302741918")),
    "response_send_template_ok": (200, Sent(WAMID, "16505551234")),
    "response_send_template_held": (
        200,
        Sent(WAMID, "16505551234", "held_for_quality_assessment"),
    ),
    "response_send_brazil_wa_id_differs": (
        200,
        Sent("wamid.HBgMNTU0MTg3NjUwMDAxFQIAERgSQTczRjQ1NzBBOTNDRDRCNTVDAA==", "554187650001"),
    ),
}
REFUSALS: dict[str, tuple[int, Code, Concerns, bool, bool, str]] = {
    # fixture: status, code, concerns, the sentence carries Meta's detail, retryable, key
    "100_invalid_parameter": (400, Code.INVALID, M, True, False, "100"),
    "100_missing_to": (400, Code.INVALID, M, True, False, "100"),
    "10_permission": (403, Code.PERMISSION, T, False, False, "10"),
    "130429_throughput": (429, Code.RATE, N, False, True, "130429"),
    "131008_missing_param": (400, Code.INVALID, M, True, False, "131008"),
    "131009_bad_value": (400, Code.INVALID, M, True, False, "131009"),
    "131030_not_in_allowed_list": (
        400,
        Code.NOT_ALLOWED_RECIPIENT,
        Concerns.CONTACT,
        False,
        False,
        "131030",
    ),
    "131056_pair_rate": (400, Code.PAIR_RATE, Concerns.PAIR, False, True, "131056"),
    "131062_bsuid_unsupported": (400, Code.UNSUPPORTED, M, False, False, "131062"),
    "131063_marketing_disabled": (400, Code.UNSUPPORTED, M, False, False, "131063"),
    "132000_param_count": (400, Code.TEMPLATE_PARAMETERS, M, True, False, "132000"),
    "132001_no_template": (404, Code.TEMPLATE_MISSING, M, True, False, "132001"),
    "133010_not_registered": (400, Code.NUMBER_NOT_REGISTERED, N, False, False, "133010"),
    "134011_payments_tos": (400, Code.PAYMENT, M, True, False, "134011"),
    "190_expired": (401, Code.TOKEN, T, False, False, "190/463"),
    "33_object_missing": (400, Code.NUMBER_NOT_REGISTERED, N, False, False, "100/33"),
}
ANSWERS |= {
    f"response_error_{name}": (
        status,
        refused(code, concerns, key, details(name), said, retryable),
    )
    for name, (status, code, concerns, said, retryable, key) in REFUSALS.items()
}


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_every_answer_fixture_is_read_whole(name: str) -> None:
    status, expected = ANSWERS[name]
    body = (FIXTURES / f"{name}.json").read_bytes()
    assert cloud_api.read(SEND, Reply(status, {}, body)) == expected


def test_every_answer_fixture_is_read() -> None:
    elsewhere = {"response_media_upload", "response_media_url", "response_success_true"}
    assert {path.stem for path in FIXTURES.glob("response_*")} == set(ANSWERS) | elsewhere
    success = (FIXTURES / "response_success_true.json").read_bytes()
    assert cloud_api.read(READ_RECEIPT, Reply(200, {}, success)) == Sent("")


def codes() -> list[tuple[str, int, int | None]]:
    out: list[tuple[str, int, int | None]] = []
    for key in cloud_api.ERRORS:
        if key == "100/proof":
            continue
        first, _, second = key.partition("/")
        low, _, high = first.partition("-")
        out.append((key, int(low), int(second) if second else None))
        if high:
            out.append((key, int(high), None))
    return out


@pytest.mark.parametrize(("key", "code", "subcode"), codes())
def test_every_code_of_the_table(key: str, code: int, subcode: int | None) -> None:
    entry = cloud_api.ERRORS[key]
    extra: dict[str, Any] = {"error_data": {"details": "the detail"}}
    if subcode is not None:
        extra["error_subcode"] = subcode
    for status in (400, 500):  # the HTTP status does not decide
        got = cloud_api.read(SEND, error(code, status, **extra))
        assert got == SendError(
            entry.code,
            Sentence(
                f"meta_error_{key}", {"said": "the detail."} if "{said}" in entry.text else {}
            ),
            retryable=entry.retryable,
            concerns=entry.concerns,
            partner_code=key if subcode is not None else str(code),
            partner_text="the detail",
            retry_after=entry.wait,
        )
        assert isinstance(got, SendError)
        words = say(got.sentence)
        assert "{" not in words and "?" not in words and words[-1] == "."
        assert not (got.retryable and got.ambiguous)


def test_the_table_covers_what_may_come_from_messages() -> None:
    needed = """0 1 2 3 4 10 17 33 100 102 104 190 200 219 299 341 368 613 2500 80007 80008
    130403 130429 130472 130497 131000 131005 131008 131009 131016 131020 131021 131026 131030
    131031 131035 131036 131037 131041 131042 131044 131045 131047 131048 131049 131050 131051
    131052 131053 131055 131056 131057 131059 131060 131062 131063 131064 132000 132001 132005
    132007 132008 132012 132015 132016 132018 132068 132069 133000 133004 133005 133006 133008
    133009 133010 133015 133016 134011 134100 134101 134102 135000 137000 138000 138006 139000
    139200 2040 2046 2047 1026 131201 131207 131215"""
    for code in needed.split():
        got = cloud_api.read(SEND, error(int(code)))
        assert isinstance(got, SendError)
        assert got.sentence.id.startswith("meta_error_")
        assert got.sentence.id != "meta_error_unknown", code


def test_what_holds_a_queue() -> None:
    held = {
        key
        for key, entry in cloud_api.ERRORS.items()
        if entry.concerns in (Concerns.NUMBER, Concerns.ACCOUNT, Concerns.TOKEN)
    }
    for key in ("0", "10", "102", "190", "200-299", "368", "2500", "131031", "131042", "133010"):
        assert key in held
        assert not cloud_api.ERRORS[key].retryable
    # A recipient's trouble, a template's or a payment's never holds the others.
    assert not held & {"131026", "131047", "131049", "132001", "132015", "134011", "131009"}


PROOFS = [
    "API calls from the server require an appsecret_proof argument",
    "Invalid appsecret_proof provided in the API argument",
]


@pytest.mark.parametrize("message", PROOFS)
def test_a_missing_or_wrong_proof_concerns_the_token(message: str) -> None:
    got = cloud_api.read(SEND, error(100, message=message))
    expected = refused(Code.TOKEN, T, "100/proof", message, partner_code="100")
    assert got == expected


def test_a_code_that_is_not_known() -> None:
    got = cloud_api.read(SEND, error(987654, message="(#987654) Odd"))
    assert got == SendError(
        Code.UNKNOWN,
        Sentence("meta_error_unknown", {"code": "987654", "said": "(#987654) Odd."}),
        partner_code="987654",
        partner_text="(#987654) Odd",
    )
    passing = cloud_api.read(SEND, error(987654, 503, is_transient=True))
    assert isinstance(passing, SendError)
    assert (passing.code, passing.retryable) == (Code.UNAVAILABLE, True)
    assert passing.sentence.id == "meta_error_passing"


def test_a_code_written_as_text_is_the_same_code() -> None:
    body = {"error": {"message": "m", "type": "OAuthException", "code": "131009"}}
    got = cloud_api.read(SEND, reply(400, body))
    assert isinstance(got, SendError) and got.partner_code == "131009"


def doubt(sentence_id: str, status: int, body: str) -> SendError:
    args = {} if sentence_id == "meta_no_id" else {"status": status}
    return SendError(
        Code.IN_DOUBT,
        Sentence(sentence_id, args),
        ambiguous=True,
        concerns=Concerns.PARTNER,
        partner_code=f"HTTP {status}",
        partner_text=body,
    )


PROXY = '{"error": {"code": 503, "message": "upstream"}}'
IN_METAS_SHAPE = '{"error": {"message": "m", "type": "OAuthException", "code": 2}}'


@pytest.mark.parametrize(
    ("status", "body", "sentence_id"),
    [
        (500, "<html>Sorry</html>", "meta_not_understood"),
        (503, PROXY, "meta_not_understood"),
        (500, "", "meta_not_understood"),
        (403, "<html>Forbidden</html>", "meta_not_understood"),
        (429, "slow down", "meta_not_understood"),
        (302, "", "meta_not_understood"),
        (400, '{"error": "oops"}', "meta_not_understood"),
        (400, '{"error": {"type": "OAuthException"}}', "meta_not_understood"),
        (502, "Bad Gateway", "meta_gateway"),
        (504, IN_METAS_SHAPE, "meta_gateway"),
        (200, "", "meta_no_id"),
        (200, "[]", "meta_no_id"),
        (200, '{"messages": []}', "meta_no_id"),
        (200, '{"messages": [{"message_status": "accepted"}]}', "meta_no_id"),
        (200, '{"success": true}', "meta_no_id"),
    ],
)
def test_what_is_not_metas_own_answer_is_in_doubt(status: int, body: str, sentence_id: str) -> None:
    got = cloud_api.read(SEND, reply(status, body.encode()))
    assert got == doubt(sentence_id, status, body)
    assert sentence_id in known()


def test_an_error_inside_a_200_is_a_refusal() -> None:
    got = cloud_api.read(SEND, error(131009, 200))
    assert isinstance(got, SendError)
    assert (got.code, got.ambiguous) == (Code.INVALID, False)


def test_no_reply_by_how_far_the_call_got() -> None:
    assert cloud_api.read(SEND, NoReply(Phase.CONNECT, "refused")) == SendError(
        Code.UNAVAILABLE,
        Sentence("meta_no_connection", {"detail": "refused"}),
        retryable=True,
        concerns=Concerns.PARTNER,
    )
    assert cloud_api.read(SEND, NoReply(Phase.SENT, "timed out after 30 s")) == SendError(
        Code.IN_DOUBT,
        Sentence("meta_no_answer", {"detail": "timed out after 30 s"}),
        ambiguous=True,
        concerns=Concerns.PARTNER,
    )
    assert cloud_api.read(SEND, NoReply(Phase.REFUSED, "10.0.0.1 is private")) == SendError(
        Code.EGRESS,
        Sentence("meta_address_refused", {"detail": "10.0.0.1 is private."}),
        concerns=Concerns.ACCOUNT,
    )


def usage(*minutes: Any) -> str:
    rows = [{"type": "whatsapp", "estimated_time_to_regain_access": m} for m in minutes]
    return json.dumps({"102290129340398": rows})


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "Mon, 23 Nov 2026 12:00:00 GMT"}, None),
        ({"retry_after": "-3"}, None),
        ({"x_business_use_case_usage": usage(0)}, None),
        ({"x_business_use_case_usage": usage(0, 3, 2)}, 180.0),
        ({"x_business_use_case_usage": usage(1), "retry_after": "90"}, 90.0),
        ({"x_business_use_case_usage": "not json"}, None),
        ({"x_business_use_case_usage": "[1]"}, None),
        ({"x_business_use_case_usage": '{"1": 2}'}, None),
        ({"x_business_use_case_usage": usage("5", True)}, None),
    ],
)
def test_how_long_meta_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    body = {"error": {"message": "m", "type": "OAuthException", "code": 80007}}
    got = cloud_api.read(SEND, reply(400, body, **headers))
    assert isinstance(got, SendError)
    assert (got.code, got.retry_after, got.retryable) == (Code.RATE, seconds, True)


def test_a_code_with_its_own_wait_keeps_the_longer_one() -> None:
    body = {"error": {"message": "m", "type": "OAuthException", "code": 131057}}
    for asked, waited in (("5", 60.0), ("300", 300.0)):
        got = cloud_api.read(SEND, reply(500, body, retry_after=asked))
        assert isinstance(got, SendError) and got.retry_after == waited


def test_a_token_that_meta_repeats_is_cut_out() -> None:
    token = "EAA" + "b" * 20
    got = cloud_api.read(SEND, error(190, 401, message=f"Malformed access token {token}"))
    assert isinstance(got, SendError)
    assert got.partner_text == "Malformed access token EAA…"
    strange = cloud_api.read(SEND, reply(500, f"<p>{token}</p>".encode()))
    assert isinstance(strange, SendError)
    assert strange.partner_text == "<p>EAA…</p>"


@settings(max_examples=200, deadline=None)
@given(st.integers(100, 599), st.binary(max_size=60), st.booleans())
def test_read_never_raises_and_never_repeats_a_doubt(
    status: int, body: bytes, wrapped: bool
) -> None:
    data = b'{"error":' + body + b"}" if wrapped else body
    got = cloud_api.read(SEND, Reply(status, {}, data))
    assert isinstance(got, SendError)
    assert got.ambiguous and not got.retryable
