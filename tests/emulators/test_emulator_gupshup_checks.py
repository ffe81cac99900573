"""Every row of Gupshup's table of checks is provoked over real HTTP, its whole body compared."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from emulator_rig import ASHA, callback_server
from gupshup_rig import APP_ID, HSM, KEY, NUMBER, TOKEN, TWO_WAY, GupshupRig, config, gupshup

from dragoman.domain.clock import FixedClock
from dragoman.emulators.gupshup.checks import CHECKS, markdown
from dragoman.emulators.gupshup.config import Rates
from dragoman.emulators.gupshup.emulator import FAULTS
from dragoman.emulators.kit import faults_markdown

pytestmark = pytest.mark.full  # every field of every call, over real HTTP

NOON = 1_795_435_200_000
DAY = 24 * 3_600_000
STRANGER = "12025550177"  # who never wrote
Call = Callable[[GupshupRig], Awaitable[tuple[int, Any]]]
HTML = "<html><head><title>500</title></head><body><h1>Internal Server Error</h1></body></html>"
TEXT = {"type": "text", "text": "Namaste"}


class Case(msgspec.Struct):
    """One call, what makes it fail, and the answer; `later`: (code, words) of the failure that
    comes as a report of an accepted send. `opted`: what is recorded of Asha before."""

    id: str
    ask: Call
    http: int = 200
    answer: Any = None
    later: tuple[str, str] | None = None
    rules: dict[str, Any] = {}
    fault: str = ""
    whom: str = ASHA
    skip_ms: int = 0
    opted: bool | None = None
    times: int = 1


def ent(code: str, details: str, phone: str = ASHA) -> dict[str, Any]:
    said = {"id": code, "phone": phone, "details": details, "status": "error"}
    return {"response": said}


def api(message: str, code: int | None = None) -> dict[str, Any]:
    said: dict[str, Any] = {"status": "error", "message": message}
    return said if code is None else {**said, "code": code}


def portal(path: str, **form: str) -> Call:
    return lambda rig: rig.ask("POST", path, data=form)


def media(url: str, kind: str = "image") -> dict[str, Any]:
    named = {"originalUrl": url, "previewUrl": url} if kind == "image" else {"url": url}
    return {"type": kind, **named, "caption": ""}


async def gone(rig: GupshupRig, kind: str = "image") -> tuple[int, Any]:
    return await rig.access(media(f"{rig.base}/inbound/nothing", kind))


async def gone_by_enterprise(rig: GupshupRig) -> tuple[int, Any]:
    fields = {"method": "SendMediaMessage", "msg_type": "IMAGE", "caption": "", "isHSM": "false"}
    return await rig.gateway(media_url=f"{rig.base}/inbound/nothing", **fields)


async def large(rig: GupshupRig) -> tuple[int, Any]:
    made = rig.emulator.media.keep(NUMBER, b"\0" * 100_001, "image/webp", None)
    return await rig.access(media(f"{rig.base}/wa/files/{made}", "sticker"))


def access(**changes: Any) -> Call:
    return lambda rig: rig.access(TEXT, **changes)


def sticker(to: str = ASHA) -> Call:
    message = media("https://files.example/s.webp", "sticker")
    return lambda rig: rig.access(message, form={"destination": to})


def failing(code: str, words: str) -> Case:
    rule = {"failing": {ASHA: code}}
    return Case(f"api_{code}", access(), later=(code, words), rules=rule)


ENTERPRISE = [
    Case(
        "ent_user",
        lambda rig: rig.says(userid="2000000009"),
        answer=ent("101", "Authentication failed due to invalid userId"),
    ),
    Case(
        "ent_password",
        lambda rig: rig.says(password="guess"),
        answer=ent("102", "Authentication failed due to invalid userId or password"),
    ),
    Case(
        "ent_phone",
        lambda rig: rig.says(send_to="+" + ASHA),
        answer=ent("105", f'The phone number "+{ASHA}" is not a valid phone number', "+" + ASHA),
    ),
    Case(
        "ent_invalid",
        lambda rig: rig.says(msg="क" * 4097),
        answer=ent("100", "The parameter msg has more than 4096 characters"),
    ),
    Case(
        "ent_account",
        lambda rig: rig.says(userid=HSM),
        answer=ent("100", f"The account {HSM} is not enabled for session messages"),
    ),
    Case(
        "ent_template",
        lambda rig: rig.notifies("Hi Asha, your tea has shipped."),
        answer=ent("100", "The message does not match any approved template"),
    ),
    Case(
        "ent_template_part",
        lambda rig: rig.notifies("Your OTP is 123456", msg_type="TEXT", buttonUrlParam="t"),
        answer=ent(
            "100", "The message does not match the template login_code: isTemplate is not true"
        ),
    ),
    Case(
        "ent_opt_in",
        lambda rig: rig.notifies(),
        answer=ent("100", f"The user {ASHA} has not opted in"),
        opted=False,
    ),
    Case(
        "ent_rate",
        lambda rig: rig.says(),
        429,
        ent("100", "Too many requests"),
        fault="rate_429",
    ),
    Case(
        "ent_down",
        lambda rig: rig.says(),
        503,
        ent("100", "Service temporarily unavailable"),
        fault="error_503",
    ),
    Case(
        "ent_unreachable",
        lambda rig: rig.says(),
        later=("003", "UNKNOWN_SUBSCRIBER"),
        rules={"blocked_us": [ASHA]},
    ),
    Case("ent_window", lambda rig: rig.says(), later=("470", "SESSION_EXPIRED"), skip_ms=DAY),
    Case("ent_media", gone_by_enterprise, later=("1010", "INVALID_MEDIA_URL")),
    Case(
        "ent_pair",
        lambda rig: rig.says(),
        later=("131056", "PAIR_RATE_LIMIT_HIT"),
        times=4,
    ),
    Case(
        "ent_failing",
        lambda rig: rig.says(),
        later=("1003", "Wallet balance is low"),
        rules={"wallet_empty": True},
    ),
]
ACCESS = [
    Case("api_key", access(key="guess"), 401, api("Portal User Not Found With APIKey")),
    Case(
        "api_path",
        lambda rig: rig.ask("POST", "/wa/api/v2/msg", headers={"apikey": KEY}),
        404,
        api("Not Found"),
    ),
    Case("api_app", access(form={"src.name": "Other"}), 400, api("Invalid App Details")),
    Case("api_source", access(form={"source": ASHA}), 400, api("Invalid Source Details")),
    Case("api_destination", access(form={"destination": "x"}), 400, api("Invalid Destination")),
    Case(
        "api_invalid",
        lambda rig: rig.access({"type": "text"}),
        400,
        api("The parameter text is missing"),
    ),
    Case("api_rate", access(), 429, api("API rate limited", 4001), fault="rate_429"),
    Case("api_down", access(), 503, api("Internal Server Error", 500), fault="error_503"),
    Case("html_error", access(), 500, HTML, fault="error_500"),
    Case(
        "api_meta",
        lambda rig: rig.by_id({"id": "order_shipped", "params": ["Asha"]}),
        later=(
            "132000",
            "body: number of localizable_params (1) does not match the expected number of params "
            "(2)",
        ),
    ),
]
FAILURES = [
    Case(
        "api_470",
        sticker(),
        later=("470", "Re-engagement message"),
        skip_ms=DAY,
    ),
    failing("500", "Internal error"),
    failing("1001", "Last mapped bot failed"),
    Case(
        "api_1002",
        access(),
        later=("1002", "Number Does Not Exist On WhatsApp"),
        rules={"not_on_whatsapp": [ASHA]},
    ),
    Case(
        "api_1003",
        access(),
        later=("1003", "Wallet balance is low"),
        rules={"wallet_empty": True},
    ),
    Case(
        "api_1004",
        access(),
        later=("1004", "Template messaging is disabled and the session is inactive"),
        rules={"templates_off": True},
        skip_ms=DAY,
    ),
    Case("api_1005", access(), later=("1005", "Template did not match"), skip_ms=DAY),
    Case(
        "api_1006",
        lambda rig: rig.by_id({"id": "hello_name", "params": ["Asha"]}, destination=STRANGER),
        later=("1006", "User has not opted in for template messages"),
        whom=STRANGER,
    ),
    Case(
        "api_1007",
        access(form={"destination": STRANGER}),
        later=("1007", "User has not opted in and the template did not match"),
        whom=STRANGER,
    ),
    Case(
        "api_1008",
        sticker(STRANGER),
        later=("1008", "User has not opted in and is inactive"),
        whom=STRANGER,
    ),
    Case("api_1010", gone, later=("1010", "Invalid media url")),
    Case("api_1011", large, later=("1011", "Media size exceeds the limit")),
    Case("api_1012", access(), later=("1012", "Number has opted out"), opted=False),
    failing("4001", "API rate limited"),
    failing("4002", "Invalid response from WhatsApp"),
    Case(
        "api_4003",
        lambda rig: rig.by_id({"id": "c6ae0000-0000-4000-8000-000000000009"}),
        later=("4003", "No template match"),
    ),
    failing("4004", "Supported on Cloud API only"),
    Case(
        "api_4005",
        lambda rig: rig.by_id({"id": "winter_sale_paused"}),
        later=("4005", "Template is paused"),
    ),
]
V3 = [
    Case(
        "v3_token",
        lambda rig: rig.v3({}, token="Bearer " + TOKEN),
        401,
        api("Unauthorised access to the resource"),
    ),
    Case("v3_app", lambda rig: rig.v3({}, app_id="other"), 400, api("Invalid app id")),
    Case(
        "v3_path",
        lambda rig: rig.ask(
            "GET", f"/partner/app/{APP_ID}/media/nothing", headers={"Authorization": TOKEN}
        ),
        404,
        api("Not Found"),
    ),
    Case(
        "v3_login",
        portal("/partner/account/login", email="shop@tea.example", password="guess"),
        401,
        api("Invalid email or password"),
    ),
]
FILES = [Case("file_gone", lambda rig: rig.ask("GET", "/inbound/nothing"), 403, "Forbidden")]
CASES = [*ENTERPRISE, *ACCESS, *FAILURES, *V3, *FILES]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared() -> AsyncIterator[tuple[GupshupRig, FixedClock]]:
    """One emulator for all rows, reset between them."""
    clock = FixedClock(NOON)
    async with callback_server() as callback:
        settings = config(callback_url=callback.url, rates=Rates(pair_burst=3))
        async with gupshup(callback, settings, clock) as made:
            yield made, clock


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_each_check_answers_its_whole_body(
    shared: tuple[GupshupRig, FixedClock], case: Case
) -> None:
    rig, clock = shared
    clock.at = NOON
    await rig.control("reset", {})
    rig.callback.posts.clear()
    await rig.writes()
    if case.opted is not None:
        await rig.control("consent", {"contact": {"phone": ASHA}, "agreed": case.opted})
    if case.rules:
        await rig.control("rules", case.rules)
    clock.at += case.skip_ms
    if case.fault:
        await rig.control("faults", {"name": case.fault})
    for _ in range(case.times):
        status, answer = await case.ask(rig)
    if case.later is None:
        assert (status, answer) == (case.http, case.answer)
        assert rig.emulator.counts[f"refused {case.id}"] == 1
        return
    assert status == 200, answer
    await _failed(rig, answer, case)


async def _failed(rig: GupshupRig, answer: dict[str, Any], case: Case) -> None:
    """The report of the failure comes, in the words of the API of the send."""
    code, words = case.later or ("", "")
    if "response" in answer:
        made = answer["response"]["id"]
        await rig.callback.wait(lambda: bool(rig.reports(made)))
        (report,) = rig.reports(made)
        assert report == {
            "srcAddr": "SDTEXT",
            "channel": "WHATSAPP",
            "externalId": made,
            "cause": words,
            "errorCode": code,
            "destAddr": ASHA,
            "eventType": "FAILED",
            "eventTs": report["eventTs"],
        }
        return
    made = answer["messageId"]
    await rig.callback.wait(lambda: len(rig.events(made)) == 2)
    event = next(one for one in rig.events(made) if one["type"] == "failed")
    own = len(code) == 4 or code == "500"
    whatsapp_id = rig.emulator.books.sent(made)["whatsapp_id"]  # type: ignore[index]
    assert event == {
        "id": made if own else whatsapp_id,
        "type": "failed",
        "destination": case.whom,
        "payload": {"code": int(code), "reason": words},
        **({} if own else {"gsId": made}),
    }


def test_every_row_has_its_case() -> None:
    assert [case.id for case in CASES] == list(CHECKS)


def test_the_docs_print_the_tables() -> None:
    docs = Path(__file__).parents[2] / "docs" / "emulators" / "gupshup.md"
    assert markdown() in docs.read_text(encoding="utf-8")
    assert faults_markdown(FAULTS) in docs.read_text(encoding="utf-8")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("name", "code"),
    [("blocked_us", 131026), ("wallet_empty", 131042), ("failing", 4002)],
)
async def test_v3_fails_in_meta_s_words(
    shared: tuple[GupshupRig, FixedClock], name: str, code: int
) -> None:
    rig, clock = shared
    clock.at = NOON
    await rig.control("reset", {})
    rig.callback.posts.clear()
    await rig.writes()
    values: dict[str, Any] = {"blocked_us": [ASHA], "wallet_empty": True, "failing": {ASHA: "4002"}}
    await rig.control("rules", {name: values[name]})
    body = {"messaging_product": "whatsapp", "to": ASHA, "type": "text", "text": {"body": "hi"}}
    _, answer = await rig.v3(body)
    made = answer["messages"][0]["id"]
    await rig.callback.wait(lambda: len(rig.statuses(made)) == 2)
    failed = next(one for one in rig.statuses(made) if one["status"] == "failed")
    assert failed["errors"][0]["code"] == code
    assert failed["recipient_id"] == ASHA


@pytest.mark.asyncio(loop_scope="module")
async def test_a_refused_key_is_refused_by_every_api(
    shared: tuple[GupshupRig, FixedClock],
) -> None:
    rig, _ = shared
    await rig.control("reset", {})
    await rig.control("faults", {"name": "key_refused", "count": 3})
    assert (await rig.says())[1]["response"]["id"] == "102"
    assert (await rig.access(TEXT))[0] == 401
    assert (await rig.v3({}))[0] == 401
    assert (await rig.says())[1]["response"]["status"] == "success"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"userid": "-"}, "101"),
        ({"userid": ""}, "101"),
        ({"password": "-"}, "102"),
        ({"password": ""}, "102"),
        ({"userid": HSM, "password": "x"}, "102"),
        ({"method": "-"}, "100"),
        ({"method": "Shout"}, "100"),
        ({"send_to": "-"}, "105"),
        ({"send_to": "12345"}, "105"),
        ({"send_to": "1" * 16}, "105"),
        ({"msg_type": "LOCATION"}, "100"),
        ({"action": "{", "interactive_type": "list"}, "100"),
        ({"action": "[]", "interactive_type": "list"}, "100"),
        ({"interactive_type": "carousel"}, "100"),
        ({"isHSM": "yes"}, "100"),
    ],
)
async def test_enterprise_s_slips(
    shared: tuple[GupshupRig, FixedClock], fields: dict[str, str], code: str
) -> None:
    rig, _ = shared
    await rig.control("reset", {})
    status, answer = await rig.says(**fields)
    assert (status, answer["response"]["id"]) == (200, code), answer


@pytest.mark.asyncio(loop_scope="module")
async def test_what_enterprise_forgives(shared: tuple[GupshupRig, FixedClock]) -> None:
    rig, _ = shared
    await rig.control("reset", {})
    for fields in (
        {"method": "SENDMESSAGE", "msg_type": "text"},
        {"auth_scheme": "-", "format": "JSON"},
        {"send_to": "9900000001"},
        {"userid": rig.emulator.config.waba_id},
        {"mask": "TEA", "principalEntityId": "1", "messageId": "7"},
    ):
        status, answer = await rig.says(**fields)
        assert (status, answer["response"]["status"]) == (200, "success"), answer
    assert rig.emulator.books.all_sent()[2]["person"] == "919900000001"
    headers = {"Authorization": f"Bearer {rig.emulator.config.secret}"}
    form = {"userid": TWO_WAY, "v": "1.1", "method": "SendMessage", "msg_type": "TEXT"}
    form |= {"msg": "by header", "send_to": ASHA}
    status, answer = await rig.ask("POST", "/GatewayAPI/rest", data=form, headers=headers)
    assert (status, answer.split(" | ")[0]) == (200, "success")
    headers["Authorization"] = "Bearer guess"
    status, answer = await rig.ask("POST", "/GatewayAPI/rest", data=form, headers=headers)
    said = "error | 102 | Authentication failed due to invalid userId or password"
    assert (status, answer) == (200, said)


@pytest.mark.asyncio(loop_scope="module")
async def test_bad_bytes_are_refused_and_nothing_else(
    shared: tuple[GupshupRig, FixedClock],
) -> None:
    rig, _ = shared
    await rig.control("reset", {})
    headers = {"apikey": KEY, "Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"\xff\xfe", b"message=%7B", b"", b"message=null&channel=whatsapp"):
        status, answer = await rig.ask("POST", "/wa/api/v1/msg", data=body, headers=headers)
        assert (status, answer["status"]) == (400, "error")
    for raw in (b"{", b"7", b"\xff"):
        path = f"/partner/app/{APP_ID}/v3/message"
        status, answer = await rig.ask("POST", path, data=raw, headers={"Authorization": TOKEN})
        assert (status, answer["error"]["code"]) == (400, 100)
    status, answer = await rig.ask("PUT", "/GatewayAPI/rest", data=b"\xff\xfe")
    assert (status, answer) == (200, "error | 101 | Authentication failed due to invalid userId")
    for message in ({"type": "list", "items": "x"}, {"type": 7}, {"type": "contact", "contact": 1}):
        assert (await rig.access(message))[0] == 400
    assert (await rig.access(json.dumps([1])))[0] == 400
    assert (await rig.by_id({"id": "hello_name", "params": [1]}))[0] == 400
    assert (await rig.access(TEXT))[0] == 200
