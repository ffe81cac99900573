"""Every row of Infobip's table of checks is provoked over real HTTP, its whole body compared."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web
from emulator_rig import ASHA, Callback, callback_server
from infobip_rig import (
    BASIC,
    KEY,
    OLD_KEY,
    SEND_KEY,
    SENDER,
    InfobipRig,
    config,
    fixture,
    infobip,
)

from dragoman.domain.clock import FixedClock
from dragoman.emulators.infobip.checks import CHECKS, markdown
from dragoman.emulators.infobip.config import Rates
from dragoman.emulators.infobip.emulator import FAULTS
from dragoman.emulators.infobip.wire import basic, moment
from dragoman.emulators.kit import faults_markdown

pytestmark = pytest.mark.full  # every field of every call, over real HTTP

NOON = 1_795_435_200_000  # Monday, 23 November 2026, 12:00 UTC
BSUID = "US.10000000000000000144"
SEND = "/whatsapp/1/message/"
PLATFORM = "/messages-api/1/messages"
HTML = "<html><head><title>500 Internal Server Error</title></head><body></body></html>"


class Case(msgspec.Struct):
    """One call, what makes it fail, and the whole answer. A status check's answer is (status id,
    error id) of the report, or of the answer where `http` is 200."""

    id: str
    http: int
    answer: Any
    path: str = SEND + "text"
    body: Any = None
    method: str = "POST"
    auth: str = f"App {KEY}"
    rules: dict[str, Any] = {}
    fault: str = ""
    before: tuple[dict[str, Any], ...] = ()
    spoken: bool = True


def said(http: int, text: str = "", **errors: Any) -> dict[str, Any]:
    """The older shape; `errors` are violations with `_` for dots."""
    words = {400: "BAD_REQUEST", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND"}
    inner: dict[str, Any] = {"messageId": words[http], "text": text or "Bad request"}
    return {"requestError": {"serviceException": inner}}


def wrong(path: str, *texts: str) -> dict[str, Any]:
    """The older shape with one field's violations."""
    answer = said(400)
    answer["requestError"]["serviceException"]["validationErrors"] = {path: list(texts)}
    return answer


def message(content: Any = None, **more: Any) -> dict[str, Any]:
    plain = {"from": SENDER, "to": ASHA, "content": content or {"text": "नमस्ते"}}
    return {**plain, **more}


def buttons(*pairs: tuple[str, str]) -> dict[str, Any]:
    made = [{"type": "REPLY", "id": key, "title": title} for key, title in pairs]
    return message({"body": {"text": "चाय?"}, "action": {"buttons": made}})


def rows(*sections: tuple[str, int], same: bool = False) -> dict[str, Any]:
    """A list with so many rows in each section."""
    made = []
    for name, count in sections:
        ids = ["r" if same else f"{name}{n}" for n in range(count)]
        made.append({"title": name, "rows": [{"id": key, "title": "Row"} for key in ids]})
    return message({"body": {"text": "चाय?"}, "action": {"title": "Choose", "sections": made}})


def goods(*sections: list[str]) -> dict[str, Any]:
    made = [{"title": f"S{n}", "productRetailerIds": ids} for n, ids in enumerate(sections)]
    header, body = {"type": "TEXT", "text": "Picks"}, {"text": "Our picks"}
    action = {"catalogId": "9", "sections": made}
    return message({"header": header, "body": body, "action": action})


def template(**changes: Any) -> dict[str, Any]:
    data = {"body": {"placeholders": ["1042", "Monday"]}, **changes.pop("data", {})}
    content = {"templateName": "order_late", "language": "en", "templateData": data, **changes}
    return {"messages": [message(content)]}


def order(kind: str = "upi_payu", **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = fixture("outbound", f"interactive_order_details_{kind}")
    action = body["content"]["action"]
    for path, value in changes.items():
        holder, *rest = path.split("__")
        inner = action[holder] if rest else action
        for key in rest[:-1]:
            inner = inner[int(key) if key.isdigit() else key]
        key = rest[-1] if rest else holder
        if value is None:
            del inner[key]
        else:
            inner[key] = value
    return {"from": SENDER, "to": ASHA, "content": body["content"]}


def platform(**more: Any) -> dict[str, Any]:
    target: dict[str, Any] = {"channel": "WHATSAPP", "sender": SENDER}
    content = {"body": {"type": "TEXT", "text": "Hello"}}
    one = {**target, "destinations": [{"to": ASHA}], "content": content, **more}
    return {"messages": [one]}


def violated(path: str, text: str) -> dict[str, Any]:
    """The newer shape with one violation."""
    answer: dict[str, Any] = fixture("answers", "http_400_platform")
    return {**answer, "violations": [{"property": path, "violation": text}]}


ORDER = SEND + "interactive/order-details"
TEMPLATE = SEND + "template"
TEMPLATES = f"/whatsapp/2/senders/{SENDER}/templates"
FLOWS = f"/whatsapp/1/senders/{SENDER}/flows"
IDENTITY = f"/whatsapp/1/{SENDER}/contacts/{ASHA}/identity"
CONTACT = {"name": {"firstName": "Sam", "formattedName": "Sam"}}
UTILITY = fixture("account", "template_create_utility")

CALLS = [
    Case("path_unknown", 404, fixture("answers", "http_404"), "/whatsapp/1/logs", method="GET"),
    Case("auth_missing", 401, fixture("answers", "http_401"), body=message(), auth=""),
    Case(
        "auth_wrong",
        401,
        fixture("answers", "http_401_invalid_login_observed"),
        body=message(),
        auth=basic("acme", "wrong"),
    ),
    Case(
        "auth_expired",
        401,
        fixture("answers", "http_401_invalid_login_observed"),
        body=message(),
        auth=f"App {OLD_KEY}",
    ),
    Case(
        "scope_missing",
        403,
        fixture("answers", "http_403"),
        TEMPLATES,
        method="GET",
        auth=f"App {SEND_KEY}",
    ),
    Case(
        "sender_missing",
        404,
        fixture("answers", "http_404"),
        "/whatsapp/2/senders/1/templates",
        method="GET",
    ),
    Case("thing_missing", 404, fixture("answers", "http_404"), TEMPLATES + "/1", method="GET"),
    Case(
        "media_missing",
        404,
        fixture("answers", "http_404"),
        f"/whatsapp/1/senders/{SENDER}/media/20669_22_1",
        method="GET",
    ),
    Case(
        "read_target",
        400,
        {"error": "Message wamid.x== was not found."},
        f"/whatsapp/1/senders/{SENDER}/message/wamid.x==/read",
    ),
    Case("too_many", 429, fixture("answers", "http_429"), body=message(), fault="rate_429"),
    Case(
        "general_error", 500, fixture("answers", "http_500"), body=message(), fault="general_error"
    ),
    Case("service_down", 503, fixture("answers", "http_500"), body=message(), fault="error_503"),
    Case("server_error", 500, HTML, body=message(), fault="error_500"),
    Case("json_invalid", 400, fixture("answers", "http_400_plain"), body=b"{nope"),
    Case("body_wrong", 400, fixture("answers", "http_400_plain"), body=message({"text": ["a"]})),
    Case(
        "template_null",
        400,
        fixture("answers", "http_400_template_body_missing_field_observed"),
        TEMPLATE,
        body=template(templateData={"header": {"type": "TEXT", "placeholder": "x"}}),
    ),
    Case(
        "template_unknown",
        400,
        said(400, "Template not found"),
        TEMPLATE,
        body=template(language="en_GB"),
    ),
    Case(
        "template_exists",
        400,
        said(400, "Template with given name and language already exists"),
        TEMPLATES,
        body=UTILITY,
        before=({"path": TEMPLATES, "body": {**UTILITY, "name": "twice"}},),
    ),
    Case(
        "template_fixed",
        400,
        said(400, "Template cannot be edited"),
        TEMPLATES + "/DISABLED",
        method="PATCH",
        body=fixture("account", "template_edit"),
    ),
    Case(
        "hash_conflict",
        409,
        {"requestError": {"serviceException": {"messageId": "CONFLICT", "text": "Conflict"}}},
        IDENTITY,
        method="PUT",
        body={"hash": "old"},
        rules={"identity_hashes": {ASHA: "new"}},
    ),
    Case(
        "flow_sender",
        404,
        fixture("answers", "http_404_flow_sender"),
        "/whatsapp/1/senders/1/flows",
        method="GET",
    ),
]
FIELDS = [
    Case(
        "blank",
        400,
        fixture("answers", "http_400_validation"),
        body=message({"text": ""}),
    ),
    Case(
        "null",
        400,
        {**violated("events[0].content", "must not be null")},
        "/whatsapp/1/events",
        body={"events": [{"sender": SENDER, "destinations": [{"to": ASHA}]}]},
    ),
    Case(
        "size",
        400,
        wrong("content.action.buttons", "size must be between 1 and 3"),
        SEND + "interactive/buttons",
        body=buttons(*[(f"b{n}", f"B{n}") for n in range(4)]),
    ),
    Case(
        "url",
        400,
        wrong("content.mediaUrl", "is not a valid url"),
        SEND + "image",
        body=message({"mediaUrl": "ftp://cdn.example.com/p.jpg"}),
    ),
    Case(
        "least",
        400,
        wrong("content.latitude", "must be greater than or equal to -90"),
        SEND + "location",
        body=message({"latitude": -90.5, "longitude": 1}),
    ),
    Case(
        "most",
        400,
        wrong("content.longitude", "must be less than or equal to 180"),
        SEND + "location",
        body=message({"latitude": 1, "longitude": 181}),
    ),
    Case(
        "date",
        400,
        wrong("content.contacts[0].birthday", "must be in the YYYY-MM-DD format"),
        SEND + "contact",
        body=message({"contacts": [{**CONTACT, "birthday": "1 April"}]}),
    ),
    Case(
        "email",
        400,
        wrong("content.contacts[0].emails[0].email", "must be a well-formed email address"),
        SEND + "contact",
        body=message({"contacts": [{**CONTACT, "emails": [{"email": "sam"}]}]}),
    ),
    Case(
        "pattern",
        400,
        wrong("content.templateName", 'must match "[a-z0-9_]+"'),
        TEMPLATE,
        body=template(templateName="Order Ready"),
    ),
    Case(
        "buttons_unique",
        400,
        wrong("content.action.buttons", "ids and titles must be unique"),
        SEND + "interactive/buttons",
        body=buttons(("a", "Yes"), ("b", "Yes")),
    ),
    Case(
        "rows_total",
        400,
        wrong("content.action.sections", "number of rows must be between 1 and 10"),
        SEND + "interactive/list",
        body=rows(("a", 6), ("b", 5)),
    ),
    Case(
        "rows_unique",
        400,
        wrong("content.action.sections", "row's ids must be unique across sections"),
        SEND + "interactive/list",
        body=rows(("a", 1), ("b", 1), same=True),
    ),
    Case(
        "titles_blank",
        400,
        wrong(
            "content.action.sections",
            "titles must not be blank when more than one section provided",
        ),
        SEND + "interactive/list",
        body=rows(("a", 1), ("", 1)),
    ),
    Case(
        "products_total",
        400,
        wrong("content.action.sections", "number of products must be between 1 and 30"),
        SEND + "interactive/multi-product",
        body=goods([f"a{n}" for n in range(20)], [f"b{n}" for n in range(11)]),
    ),
    Case(
        "products_unique",
        400,
        wrong(
            "content.action.sections[1].productRetailerIds", "products in section must be unique"
        ),
        SEND + "interactive/multi-product",
        body=goods(["a"], ["b", "b"]),
    ),
    Case(
        "placeholder_text",
        400,
        wrong(
            "content.templateData.header.placeholder",
            "cannot have new-line/tab characters or more than 4 consecutive spaces",
        ),
        TEMPLATE,
        body=template(data={"header": {"type": "TEXT", "placeholder": "a     b"}}),
    ),
    Case(
        "order_total",
        400,
        fixture("answers", "http_400_order_total"),
        ORDER,
        body=order(totalAmount__value=1),
    ),
    Case(
        "order_catalog",
        400,
        wrong(
            "content.action.order",
            "if catalogId is not present then originCountry, importerName and importerAddress "
            "must be specified",
        ),
        ORDER,
        body=order(order__catalogId=None),
    ),
    Case(
        "order_sale",
        400,
        wrong("content.action.order.items[0]", "saleAmount must be less than amount"),
        ORDER,
        body=order(order__items__0__saleAmount={"value": 120000}),
    ),
    Case(
        "not_null",
        400,
        wrong("content.action.paymentConfiguration", "must be null"),
        ORDER,
        body=order("upi_intent", paymentConfiguration="acme-conf"),
    ),
    Case(
        "payments_same",
        400,
        wrong("content.action.payment.payments", "all payments must have the same id"),
        ORDER,
        body=order("brazil_payments", payment__payments__0__id="other"),
    ),
    Case(
        "only_button",
        400,
        wrong("content.templateData.buttons", "must be the only button"),
        TEMPLATE,
        body=template(
            data={"buttons": [{"type": "CATALOG"}, {"type": "QUICK_REPLY", "parameter": "x"}]}
        ),
    ),
    Case(
        "buttons_kinds",
        400,
        wrong(
            "content.templateData.buttons",
            "at most 2 URL, 1 COPY_CODE and 1 FLOW buttons are allowed",
        ),
        TEMPLATE,
        body=template(data={"buttons": [{"type": "URL", "parameter": "x"}] * 3}),
    ),
    Case(
        "channels",
        400,
        violated(
            "messages[0].destinations[0].byChannel", "must have one destination for each channel"
        ),
        PLATFORM,
        body=platform(
            failover=[
                {
                    "channel": "SMS",
                    "sender": "Tea",
                    "content": {"body": {"type": "TEXT", "text": "x"}},
                }
            ]
        ),
    ),
    Case(
        "adaptation",
        400,
        violated("messages[0].content.buttons[0]", "is not supported by WHATSAPP"),
        PLATFORM,
        body=platform(
            content={
                "body": {"type": "TEXT", "text": "Hello"},
                "buttons": [{"type": "DIAL_PHONE", "text": "Ring", "phoneNumber": "+1"}],
            },
            options={"adaptationMode": False},
        ),
    ),
    Case(
        "flow_name",
        400,
        violated("name", "Flow with given name already exists."),
        FLOWS,
        body=fixture("account", "flow_create"),
        before=({"path": FLOWS, "body": fixture("account", "flow_create")},),
    ),
]
FLOW = fixture("outbound", "interactive_flow_navigate")["content"]
PROMO = {
    "templateName": "promo_image",
    "data": {
        "body": {"placeholders": ["Asha"]},
        "header": {"type": "IMAGE", "mediaUrl": "https://cdn.example.com/p.jpg"},
        "buttons": [{"type": "QUICK_REPLY", "parameter": "stop"}],
    },
}
STATUSES = [
    Case(
        "duplicate_id",
        200,
        (23, 0),
        body=message(messageId="mine"),
        before=({"path": SEND + "text", "body": message(messageId="mine")},),
    ),
    Case("no_credit", 200, (12, 0), body=message(), rules={"no_credit": True}),
    Case(
        "not_registered",
        0,
        (18, 0),
        body=message(),
        rules={"verified_recipients": ["12025550143"]},
    ),
    Case("destination", 0, (52, 351), body=message(to="Asha Verma")),
    Case("sender_unknown", 0, (4, 7034), body=message(notifyUrl="HOOK") | {"from": "447700900111"}),
    Case("unknown_user", 0, (4, 7002), body=message(to="12025550199")),
    Case("blocked_user", 0, (4, 7003), body=message(), rules={"blocked_us": [ASHA]}),
    Case("identity", 0, (4, 7029), body=message(), rules={"identity_hashes": {ASHA: "x"}}),
    Case(
        "template_invalid",
        0,
        (4, 7009),
        TEMPLATE,
        body=template(templateName="winter_sale_paused", data={"body": {"placeholders": []}}),
    ),
    Case(
        "template_args", 0, (4, 7008), TEMPLATE, body=template(data={"body": {"placeholders": []}})
    ),
    Case(
        "opted_out",
        0,
        (4, 7033),
        TEMPLATE,
        body=template(**PROMO),
        rules={"stopped_marketing": [ASHA]},
    ),
    Case(
        "capped",
        0,
        (4, 7032),
        TEMPLATE,
        body=template(**PROMO),
        rules={"capped_marketing": [ASHA]},
    ),
    Case("no_session", 0, (4, 7010), body=message(), spoken=False),
    Case(
        "flow_invalid",
        0,
        (4, 7031),
        SEND + "interactive/flow",
        body=message(FLOW),
        rules={"bad_flows": ["1049250280482345"]},
    ),
    Case("tier", 0, (4, 7016), body=message(), rules={"tier_used_up": True}),
    Case(
        "meta_rate",
        0,
        (4, 7017),
        body=message(),
        before=tuple({"path": SEND + "text", "body": message()} for _ in range(4)),
    ),
    Case(
        "media_hosting",
        0,
        (4, 7013),
        SEND + "image",
        body=message({"mediaUrl": "FILES/none"}),
    ),
    Case(
        "media_metadata",
        0,
        (4, 7015),
        SEND + "sticker",
        body=message({"mediaUrl": "FILES/large"}),
    ),
    Case(
        "media_unsupported",
        0,
        (4, 7022),
        SEND + "image",
        body=message({"mediaUrl": "FILES/large"}),
    ),
    Case("expired", 0, (15, 4101), body=message(), rules={"phones_off": [ASHA]}),
]
CASES = [*CALLS, *FIELDS, *STATUSES]
# Documented error → the fixture with its whole report.
DOCUMENTED = {
    7002: "dlr_unknown_user",
    7003: "dlr_blocked_user",
    7008: "dlr_invalid_template_args",
    7009: "dlr_invalid_template",
    7010: "dlr_no_session_24h",
    7016: "dlr_spam_rate",
    7031: "dlr_invalid_flow",
    7032: "dlr_frequency_capping",
    7033: "dlr_marketing_opt_out",
    4101: "dlr_expired",
}
BY_STATUS = {12: "dlr_not_enough_credits", 18: "dlr_trial_destination_not_registered"}


async def _large(request: web.Request) -> web.Response:
    return web.Response(body=b"\0" * 600_000, content_type="image/webp")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared() -> AsyncIterator[tuple[InfobipRig, FixedClock, str]]:
    """One emulator for all rows, reset between them, and a server with files."""
    clock = FixedClock(NOON)
    app = web.Application()
    app.router.add_get("/large", _large)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    files = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with callback_server() as callback:
        settings = config(callback.url, rates=Rates(number_per_second=0, pair_burst=4))
        async with infobip(callback, settings, clock) as made:
            yield made, clock, files
    await runner.cleanup()


def _placed(value: Any, files: str, hook: str) -> Any:
    if isinstance(value, dict):
        return {key: _placed(one, files, hook) for key, one in value.items()}
    if isinstance(value, str):
        return value.replace("FILES", files).replace("HOOK", hook)
    return value


async def _ask(rig: InfobipRig, case: Case, files: str) -> tuple[int, Any]:
    path = case.path
    if path.endswith("/DISABLED"):
        template = rig.emulator.templates.find("spam_disabled", "en")
        assert template is not None
        path = path.replace("DISABLED", template["id"])
    if isinstance(case.body, bytes):
        return await rig.call(case.method, path, auth=case.auth, data=case.body)
    body = _placed(case.body, files, rig.callback.url)
    return await rig.call(case.method, path, body, auth=case.auth)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_each_check_answers_its_whole_body(
    shared: tuple[InfobipRig, FixedClock, str], case: Case
) -> None:
    rig, _, files = shared
    await rig.control("reset", {})
    rig.callback.posts.clear()
    if case.spoken:
        await rig.writes()
    else:
        # What she said before the reset is still on her phone.
        rig.emulator.clock.move(24 * 3_600_000)
    if case.rules:
        await rig.control("rules", case.rules)
    for step in case.before:
        assert (await rig.call("POST", step["path"], step["body"]))[0] in (200, 201)
    if case.fault:
        await rig.control("faults", {"name": case.fault})
    status, answer = await _ask(rig, case, files)
    if CHECKS[case.id].kind != "status":
        assert (status, answer) == (case.http, case.answer)
        assert rig.emulator.counts[f"refused {case.id}"] == 1
        return
    assert status == 200
    await _refused_in_it(rig, case, answer)


async def _refused_in_it(rig: InfobipRig, case: Case, answer: Any) -> None:
    """The answer of an accepted message, and the report that says why it failed."""
    first = answer["messages"][0] if "messages" in answer else answer
    state, error = case.answer
    assert first["status"]["id"] == (state if case.http else 7)
    if case.id == "duplicate_id":
        assert first["status"]["groupName"] == "REJECTED"
        assert rig.emulator.counts["accepted"] == 1
        return
    (report,) = await rig.heard(first["messageId"])
    assert (report["status"]["id"], report["error"]["id"]) == (state, error)
    name = DOCUMENTED.get(error) or BY_STATUS.get(state)
    if name:
        wanted = fixture("status", name)["results"][0]
        done = report["doneAt"]
        own = {"messageId": first["messageId"], "to": first["to"], "doneAt": done}
        assert report == {**wanted, **own, "sentAt": moment(rig.emulator.clock.now())}


def test_every_row_has_its_case() -> None:
    assert [case.id for case in CASES] == list(CHECKS)


def test_the_docs_print_the_tables() -> None:
    docs = Path(__file__).parents[2] / "docs" / "emulators" / "infobip.md"
    assert markdown() in docs.read_text(encoding="utf-8")
    assert faults_markdown(FAULTS) in docs.read_text(encoding="utf-8")


# --- the same refusals in the newer shape --------------------------------------------------------

NEWER = [
    ("POST", PLATFORM, platform()),
    ("POST", "/messages-api/1/events", fixture("outbound", "messages_api_typing")),
    ("GET", "/messages-api/1/reports", None),
    ("GET", "/messages-api/1/inbound?channel=WHATSAPP", None),
    ("GET", "/whatsapp/1/templates", None),
    ("POST", "/whatsapp/1/events", fixture("outbound", "event_typing_indicator")),
    ("POST", "/whatsapp/1/conversions/waba", fixture("account", "conversions")),
    ("GET", FLOWS, None),
]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("method", "path", "body"), NEWER, ids=lambda v: str(v)[:40])
async def test_newer_endpoints_refuse_in_the_newer_shape(
    shared: tuple[InfobipRig, FixedClock, str], method: str, path: str, body: Any
) -> None:
    rig, _, _ = shared
    await rig.control("reset", {})
    for auth in ("", "App nonsense", basic("acme", "no"), "Bearer x", "IBSSO x", "Digest x"):
        answer = await rig.call(method, path, body, auth=auth)
        assert answer == (401, fixture("answers", "http_401_platform")), auth
    await rig.control("faults", {"name": "general_error", "count": 1})
    answer = await rig.call(method, path, body)
    assert answer == (500, fixture("answers", "http_500_platform"))
    status, _ = await rig.call(method, path, body, auth=BASIC)
    assert status in (200, 204)
    if path == PLATFORM:
        await rig.control("faults", {"name": "rate_429", "count": 1})
        answer = await rig.call(method, path, body)
        assert answer == (429, fixture("answers", "http_429_platform"))
    elif "inbound?" in path or path == FLOWS or "conversions" in path:
        answer = await rig.call(method, path, body, auth=f"App {SEND_KEY}")
        assert answer == (403, fixture("answers", "http_403_platform"))


@pytest.mark.asyncio(loop_scope="module")
async def test_an_unknown_template_in_the_newer_shape(
    shared: tuple[InfobipRig, FixedClock, str],
) -> None:
    rig, _, _ = shared
    body = platform(template={"templateName": "nobody_s", "language": "en"}, content=None)
    answer = await rig.call("POST", PLATFORM, body)
    assert answer == (400, violated("template", "Template not found"))


async def test_the_endpoint_takes_so_many_requests_a_second(callback: Callback) -> None:
    clock = FixedClock(NOON)
    rates = Rates(requests_per_second=2, number_per_second=0, pair_burst=0)
    async with infobip(callback, config(callback.url, rates=rates), clock) as rig:
        codes = [(await rig.send("text", {"text": "hi"}))[0] for _ in range(3)]
        assert codes == [200, 200, 429]
        assert (await rig.send("sticker", {"mediaUrl": "https://cdn.example.com/s.webp"}))[0] == 200
        clock.move(1000)
        assert (await rig.send("text", {"text": "hi"}))[0] == 200


ODD = ["1", "abc", "+", "US.", "9" * 16, "٣٤٥٦٧٨", " ", "US.1\n", "null", "🍵"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("endpoint", ["text", "template", "events", "messages", "typing"])
async def test_odd_addresses_break_nothing(
    shared: tuple[InfobipRig, FixedClock, str], endpoint: str
) -> None:
    """Whatever stands in `to`: an answer, and a report of the failure."""
    rig, _, _ = shared
    await rig.control("reset", {})
    for odd in ODD:
        sms = {"from": "Tea", "text": "x"}
        late = template()["messages"][0]["content"]
        bodies: dict[str, tuple[str, Any]] = {
            "text": (SEND + "text", message(to=odd)),
            "template": (TEMPLATE, {"messages": [message(late, to=odd, smsFailover=sms)]}),
            "messages": (PLATFORM, platform(destinations=[{"to": odd}])),
            "events": (
                "/whatsapp/1/events",
                {
                    "events": [
                        {
                            "sender": SENDER,
                            "destinations": [{"to": odd}],
                            "content": {"type": "TYPING_INDICATOR"},
                        }
                    ]
                },
            ),
            "typing": (
                "/messages-api/1/events",
                {
                    "events": [
                        {
                            "channel": "WHATSAPP",
                            "sender": SENDER,
                            "destinations": [{"to": odd}],
                            "event": "TYPING_STARTED",
                        }
                    ]
                },
            ),
        }
        path, body = bodies[endpoint]
        status, answer = await rig.call("POST", path, body)
        assert status == (400 if odd == " " else 200), (odd, answer)
    await rig.quiet()
    ends = [one["reports"][-1]["status"] for one in rig.emulator.books.all_sent()]
    assert set(ends) <= {"failed"}
