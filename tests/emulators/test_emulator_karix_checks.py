"""Every row of the table of checks is provoked over real HTTP and its whole body compared; every
field of every request is taken away, mistyped and made too long."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from emulator_rig import ASHA, callback_server
from hypothesis import given, settings
from hypothesis import strategies as st
from karix_rig import (
    BULK,
    KEY,
    NUMBER,
    SEND,
    UPLOAD,
    KarixRig,
    config,
    fixture,
    request,
    running,
)

from dragoman.domain.clock import FixedClock
from dragoman.emulators.karix import checks, fields
from dragoman.emulators.karix.checks import CHECKS, Refusal
from dragoman.emulators.karix.content import kind_of, part_of
from dragoman.emulators.karix.content import shown as show
from dragoman.emulators.karix.emulator import FAULTS
from dragoman.emulators.karix.fields import TABLES, Field
from dragoman.emulators.karix.templates import Templates
from dragoman.emulators.kit import Rates, faults_markdown

pytestmark = pytest.mark.full  # every field of every call, over real HTTP

NOON = 1_795_435_200_000  # Monday, 23 November 2026, 12:00 UTC
FAMILY = "👨‍👩‍👧‍👦"  # one sign on the screen, seven code points


class Case(msgspec.Struct):
    """One request, what makes it fail, and the answer. `later`: the report's status, reason and
    code."""

    id: str
    http: int = 200
    answer: Any = None
    later: tuple[str, str, str] | None = None
    body: Any = None
    path: str = SEND
    method: str = "POST"
    key: str = f"Bearer {KEY}"
    rules: dict[str, Any] = {}
    fault: str = ""
    before: int = 0
    skip_ms: int = 0


def error(text: str) -> dict[str, str]:
    return {"errorMessage": text}


def status(code: str, text: str) -> dict[str, str]:
    return {"statusCode": code, "statusDesc": text}


def template(name: str, *values: str) -> dict[str, Any]:
    told = {"templateId": name, "parameterValues": dict(zip("0123", values, strict=False))}
    return request({"type": "TEMPLATE", "template": told})


def media_template(name: str, **more: Any) -> dict[str, Any]:
    return request({"type": "MEDIA_TEMPLATE", "mediaTemplate": {"templateId": name, **more}})


NO_META = {"message": request()["message"]}
PAGE = "<html><head><title>Error</title></head><body>Internal Server Error</body></html>"
CASES = [
    Case("path_unknown", 404, error("Not Found"), path="/services/rcm/send"),
    Case("method_wrong", 405, error("Method Not Allowed"), method="PUT"),
    Case("server_error", 500, PAGE, fault="error_500"),
    Case("service_down", 503, error("Service Unavailable"), fault="error_503"),
    Case("key_missing", 401, error("Authentication header missing"), key=KEY),
    Case("key_wrong", 401, error("Invalid authentication key"), key="Bearer चाय=="),
    Case("json_invalid", 400, error("Invalid JSON"), body=b'{"message":'),
    Case("metadata_missing", 200, status("400", "metaData is missing"), body=NO_META),
    Case(
        "invalid",
        200,
        status("400", "Invalid request: message.content.text is missing"),
        body=request({"type": "TEXT"}),
    ),
    Case(
        "sender_unknown",
        200,
        status("403", "Sender 918811111111 is not registered for this account"),
        body=request(sender={"from": "918811111111"}),
    ),
    Case("rate_number", 429, error("Too many requests"), fault="rate_429"),
    Case(
        "template_missing",
        later=("rejected", "Template name does not exist in the translation", "132001"),
        body=template("none"),
    ),
    Case(
        "template_paused",
        later=("rejected", "Template is paused", "132015"),
        body=template("winter_sale_paused"),
    ),
    Case(
        "template_values",
        later=(
            "rejected",
            "Number of parameters does not match the expected number of params",
            "132000",
        ),
        body=template("order_update", "Asha"),
    ),
    Case(
        "template_media",
        later=(
            "rejected",
            "Parameter format does not match format in the created template",
            "132012",
        ),
        body=media_template("statement", bodyParameterValues={"0": "Asha"}),
    ),
    Case(
        "template_button",
        later=("rejected", "Required parameter is missing", "131008"),
        body=media_template("promo_buttons", bodyParameterValues={"0": "Asha"}),
    ),
    Case(
        "undeliverable",
        later=("failed", "Message undeliverable", "131026"),
        rules={"blocked_us": [ASHA]},
    ),
    Case(
        "window_closed",
        later=("failed", "Re-engagement message", "131047"),
        skip_ms=24 * 3_600_000,
    ),
    Case("rate_pair", later=("not sent", "Pair rate limit hit", "131056"), before=4),
]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared() -> AsyncIterator[tuple[KarixRig, FixedClock]]:
    """One emulator for all rows, reset between them."""
    clock = FixedClock(NOON)
    async with callback_server() as callback:
        account = config(webhook_url=callback.url, rates=Rates(pair_burst=4))
        async with running(callback, account, clock) as made:
            yield made, clock


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_each_check_answers_its_whole_body(
    shared: tuple[KarixRig, FixedClock], case: Case
) -> None:
    rig, clock = shared
    clock.at = NOON
    await rig.control("reset", {})
    rig.callback.posts.clear()
    await rig.writes()
    for _ in range(case.before):
        await rig.send(request())
    clock.at += case.skip_ms
    if case.rules:
        await rig.control("rules", case.rules)
    if case.fault:
        await rig.control("faults", {"name": case.fault})
    body = request() if case.body is None else case.body
    how = {"data": body} if isinstance(body, bytes) else {"json": body}
    headers = {"Authentication": case.key}
    got = await rig.ask(case.method, case.path, headers=headers, **how)
    if case.later is None:
        assert got == (case.http, case.answer)
        assert rig.emulator.counts[f"refused {case.id}"] == 1
        return
    mid = got[1]["mid"]
    assert got[0] == 200
    await rig.callback.wait(lambda: bool(rig.reports(mid)))
    (report,) = rig.reports(mid)
    word, reason, code = case.later
    assert report["notificationAttributes"] == {"status": word, "reason": reason, "code": code}


def test_every_row_has_its_case() -> None:
    assert [case.id for case in CASES] == list(CHECKS)


def test_the_docs_print_the_tables() -> None:
    docs = Path(__file__).parents[2] / "docs" / "emulators" / "karix.md"
    text = docs.read_text(encoding="utf-8")
    assert checks.markdown() in text
    assert fields.markdown() in text
    assert faults_markdown(FAULTS) in text


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("key", "check_id"),
    [
        ("", "key_missing"),
        ("Bearer", "key_missing"),
        (f"Basic {KEY}", "key_missing"),
        (f"bearer {KEY}", "key_missing"),
        ("Bearer x", "key_wrong"),
        (f"Bearer {KEY[:-2]}", "key_wrong"),
        (f"Bearer {KEY.lower()}", "key_wrong"),
    ],
)
async def test_the_header_is_authentication_with_bearer_and_the_key(
    shared: tuple[KarixRig, FixedClock], key: str, check_id: str
) -> None:
    rig, _ = shared
    for path in (SEND, BULK, UPLOAD):
        assert await rig.call(request(), path, key) == (401, error(CHECKS[check_id].text))
    headers = {"Authorization": f"Bearer {KEY}"}
    missing = (401, error(CHECKS["key_missing"].text))
    assert await rig.ask("POST", SEND, json=request(), headers=headers) == missing


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("meta", [None, {}, [], "v1.0.9", {"version": ""}, {"version": 1}])
@pytest.mark.parametrize("name", ["text", "bulk"])
async def test_a_request_without_meta_data_fails(
    shared: tuple[KarixRig, FixedClock], name: str, meta: Any
) -> None:
    rig, _ = shared
    body = {**fixture(name), "metaData": meta}
    path = BULK if name == "bulk" else SEND
    assert await rig.call(body, path) == (200, status("400", "metaData is missing"))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"[" * 100_000, b"a=1", b"\xff"])
async def test_a_body_that_is_no_object(shared: tuple[KarixRig, FixedClock], body: bytes) -> None:
    rig, _ = shared
    headers = {"Authentication": f"Bearer {KEY}"}
    assert await rig.ask("POST", SEND, data=body, headers=headers) == (400, error("Invalid JSON"))


# --- every field of every request ----------------------------------------------------------------

LINK = "https://files.example/a.png"
BUTTONS = fixture("interactive_buttons")["message"]["content"]["interactive"]
ROWS = fixture("interactive_list")["message"]["content"]["interactive"]
FLOW = {"type": "flow", "body": {"text": "b"}, "action": {"name": "flow"}}
FRAME = {"header": {"type": "text", "text": "Top"}, "footer": {"text": "Bottom"}}


def interactive(value: dict[str, Any]) -> dict[str, Any]:
    return request({"type": "INTERACTIVE", "interactive": value})


def header(kind: str, **value: Any) -> dict[str, Any]:
    return {"header": {"type": kind, kind: {"link": LINK, **value}}}


def pictures() -> dict[str, Any]:
    value: dict[str, Any] = fixture("interactive_carousel")["message"]["content"]["interactive"]
    return value


def links() -> dict[str, Any]:
    value = pictures()
    for card in value["action"]["cards"]:
        card["header"] = header("video")["header"]
        card["action"] = {"name": "cta_url", "parameters": {"display_text": "Go", "url": LINK}}
    return value


def products() -> dict[str, Any]:
    def action() -> dict[str, str]:
        return {"catalog_id": "1", "product_retailer_id": "2"}

    cards = [{"card_index": n, "type": "product", "action": action()} for n in (0, 1)]
    return {"type": "carousel", "body": {"text": "b"}, "action": {"cards": cards}}


# A whole request for each table; together they have every field of it.
WHOLE: list[tuple[str, dict[str, Any]]] = [
    *(
        (SEND, fixture(name))
        for name in (
            "text",
            "template",
            "media_template_document",
            "media_template_buttons",
            "attachment_document",
            "interactive_list",
            "interactive_carousel",
            "location",
        )
    ),
    (SEND, request(sender={"from": NUMBER, "name": "Tea"}, recipients=[{"to": ASHA}])),
    (SEND, interactive({**BUTTONS, **FRAME})),
    *((SEND, interactive({**BUTTONS, **header(x)})) for x in ("image", "video", "document")),
    (SEND, interactive({**ROWS, **FRAME})),
    (SEND, interactive(links())),
    (SEND, interactive(products())),
    (SEND, interactive({**FLOW, **FRAME})),
    (SEND, media_template("order_news", headerParameterValues={"0": "a"})),
    (SEND, request({"type": "MEDIA_TEMPLATE",
                    "mediaTemplate": {"autoTemplate": "Hi", "buttons": {"k": "v"}}})),
    (SEND, request({"type": "ATTACHMENT",
                    "attachment": {"type": "image", "mimeType": "image/png",
                                   "attachmentData": "AA==", "fileName": "a.png",
                                   "caption": "x"}})),
    (SEND, request({"type": "LOCATION",
                    "location": {"latitude": 1, "longitude": 2.5, "name": "a", "address": "b"}})),
    (BULK, {**fixture("bulk"), "sender": {"from": NUMBER, "name": "Tea"}}),
    (UPLOAD, fixture("media_upload")),
]  # fmt: skip


def tables_of(path: str, body: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Table, what its object is called, and the object: where each field of a request stands. Told
    here anew, so that a field that nothing looks at is found."""
    if path == UPLOAD:
        yield "upload", "", body
        return
    if path == BULK:
        yield "sendBulkMessage", "", body
        for n, message in enumerate(body["messages"]):
            at = f"messages[{n}]"
            yield "sendBulkMessage message", at, message
            yield "recipient", f"{at}.recipient", message["recipient"]
            yield from contents(f"{at}.content", message["content"])
        return
    message = body["message"]
    yield "sendMessage", "", body
    yield "sendMessage message", "message", message
    for n, one in enumerate(message.get("recipients") or []):
        yield "recipient", f"message.recipients[{n}]", one
    if "recipients" not in message:
        yield "recipient", "message.recipient", message["recipient"]
    yield from contents("message.content", message["content"])


def contents(at: str, content: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    yield "content", at, content
    kind = content["type"].upper()
    inner = content.get("mediaTemplate") or content.get("attachment") or {}
    yield next((x for x in ("autoTemplate", "attachmentData") if x in inner), kind), at, content
    if kind == "INTERACTIVE":
        at, value = f"{at}.interactive", content["interactive"]
        own = f"interactive {value['type']}"
        yield own if own in TABLES else "interactive", at, value
        if value["type"] == "carousel":
            for n, card in enumerate(value["action"]["cards"]):
                yield f"card {card['type']}", f"{at}.action.cards[{n}]", card


Way = tuple[Any, ...]


def ways(value: Any, steps: list[str], way: Way = ()) -> Iterator[Way]:
    """The ways to a field that is there."""
    key, many = steps[0].removesuffix("[]"), steps[0].endswith("[]")
    if not isinstance(value, dict) or value.get(key) is None:
        return
    if len(steps) == 1:
        yield (*way, key)
    elif many:
        for n, member in enumerate(value[key]):
            yield from ways(member, steps[1:], (*way, key, n))
    else:
        yield from ways(value[key], steps[1:], (*way, key))


def wrong_values(field: Field) -> list[Any]:
    """Values of another type, too long, or none of its words."""
    other: dict[str, list[Any]] = {
        "text": [7, [], {}, True],
        "name": [7, [], {}, "Order Update", "order-update", ""],
        "object": [7, "x", [], True],
        "list": [7, "x", {}, [7], [None]],
        "map": [7, "x", [], {"0": 7}, {"0": None}],
        "flag": [7, "true", [], {}],
        "phone": [
            "anonymous",
            "12345",
            "9" * 16,
            True,
            [],
            {},
            "IN.1349120865530274",
            "0123456789",
        ],
        "degrees": ["north", True, [], {}, str(field.most + 1), -field.most - 1, "nan"],
        "link": [
            "files.example/a.png",
            "ftp://files.example/a",
            "https:// x",
            "https://",
            7,
            [],
            {},
        ],
        "index": [0, "10", "a", [], {}, ""],
        "number": ["0", 1.5, True, [], {}],
    }
    out = other[field.kind]
    if field.kind in ("text", "name") and field.most:
        out = [*out, (FAMILY * field.most)[: field.most + 1], "a" * (field.most + 1)]
    if field.choices:
        out = [*out, "other", field.choices[0] + " "]
    if field.kind == "text" and field.required:
        out = [*out, ""]
    return out


def changed(body: dict[str, Any], way: Way, value: Any) -> dict[str, Any]:
    """The body with another value there; None takes it away."""
    made: dict[str, Any] = copy.deepcopy(body)
    place: Any = made
    for step in way[:-1]:
        place = place[step]
    if value is None:
        del place[way[-1]]
    else:
        place[way[-1]] = value
    return made


def way_to(at: str) -> Way:
    """`a[0].b` → ("a", 0, "b")"""
    steps = at.replace("]", "").replace("[", ".").split(".") if at else []
    return tuple(int(step) if step.isdigit() else step for step in steps)


def called(way: Way) -> str:
    said = ""
    for step in way:
        said += f"[{step}]" if isinstance(step, int) else f".{step}" if said else str(step)
    return said


FIELDS = [
    pytest.param(path, body, field, way, id=f"{path.rpartition('/')[2]} {called(way)} {n}")
    for n, (path, body) in enumerate(WHOLE)
    for table, at, value in tables_of(path, body)
    for field in TABLES[table]
    for way in [(*way_to(at), *way) for way in ways(value, field.path.split("."))]
]


def test_the_requests_have_every_field_of_every_table() -> None:
    """One that stands in no request would not be tested."""
    met = {
        (table, field.path)
        for path, body in WHOLE
        for table, _, value in tables_of(path, body)
        for field in TABLES[table]
        if any(ways(value, field.path.split(".")))
    }
    every = {(table, field.path) for table, rows in TABLES.items() for field in rows}
    rare = {
        ("recipient", "reference.messageTag2"),
        ("recipient", "reference.messageTag3"),
        ("interactive list", "action.sections[].title"),
    }
    assert every - met <= rare


async def refusal(rig: KarixRig, path: str, body: dict[str, Any]) -> str:
    """The words of the refusal; "" when it was accepted."""
    http, answer = await rig.call(body, path)
    assert http == 200, answer
    told = (answer.get("batchStatus") or [answer])[0]
    if told.get("statusCode", "200") == "200":
        return ""
    (said,) = [v for k, v in told.items() if k == "statusDesc"]
    if told["statusCode"] == "400":
        assert said.startswith("Invalid request: ")
    return str(said)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("path", "body", "field", "way"), FIELDS)
async def test_a_field_removed_mistyped_or_too_long_is_refused_by_name(
    shared: tuple[KarixRig, FixedClock], path: str, body: dict[str, Any], field: Field, way: Way
) -> None:
    rig, _ = shared
    # The first message of a bulk is what is looked at here; the others go on.
    if path == BULK and way[:2] == ("messages", 1):
        body = {**body, "messages": body["messages"][1:]}
        way = (way[0], 0, *way[2:])
    await rig.control("reset", {})
    without = await refusal(rig, path, changed(body, way, None))
    if field.required:
        assert f"{called(way)} is missing" in without or _parent(way, without), without
    for value in wrong_values(field):
        await rig.control("reset", {})
        said = await refusal(rig, path, changed(body, way, value))
        assert called(way) in said, (value, said)
    if field.kind == "text" and field.most and not field.choices:
        full = changed(body, way, (FAMILY * field.most)[: field.most])
        assert called(way) not in await refusal(rig, path, full)


def _parent(way: Way, said: str) -> bool:
    """Some are missed by who holds them: a header without the member that its type names, a card
    without its action, a content of no type that could tell what it lacks."""
    return said != "" and any(
        called(way[:n]) in said for n in range(max(1, len(way) - 2), len(way) + 1)
    )


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (request(recipient=None), "message.recipient is missing"),
        (request(recipient=[]), "message.recipient is missing"),
        (request({"type": "text", "text": "x"}), "message.content.type must be one of TEXT, "),
        (request({"type": "HOLOGRAM"}), "message.content.type must be one of TEXT, "),
        (
            request({"type": "ATTACHMENT", "attachment": {
                "type": "image", "mimeType": "a/b", "attachmentData": "%"}}),
            "message.content.attachment.attachmentData must be base 64",
        ),
        (interactive({"type": "wink"}), "interactive.type must be one of button, list, carousel, "),
        (
            interactive({**BUTTONS, "header": {"type": "image", "text": "x"}}),
            "message.content.interactive.header.image is missing",
        ),
        (
            interactive({"type": "button", "body": {"text": "b"}, "action": {"buttons": [
                {"type": "reply", "reply": {"id": "1", "title": t}} for t in "ab"]}}),
            "action.buttons has a id twice",
        ),
        (
            interactive({"type": "button", "body": {"text": "b"}, "action": {"buttons": [
                {"type": "reply", "reply": {"id": i, "title": "a"}} for i in "12"]}}),
            "action.buttons has a title twice",
        ),
        (
            interactive({"type": "button", "body": {"text": "b"}, "action": {"buttons": [
                {"type": "reply", "reply": {"id": i, "title": i}} for i in "1234"]}}),
            "action.buttons must have 1 to 3 members",
        ),
        (
            interactive({**ROWS, "action": {"button": "o", "sections": [
                {"title": s, "rows": [{"id": f"{s}{n}", "title": "r"} for n in range(6)]}
                for s in "ab"]}}),
            "must have 1 to 10 rows in all",
        ),
        (
            interactive({**ROWS, "action": {"button": "o", "sections": [
                {"rows": [{"id": s, "title": "r"}]} for s in "ab"]}}),
            "sections[].title is missing",
        ),
        (
            interactive({**pictures(), "action": {"cards": pictures()["action"]["cards"][:1]}}),
            "action.cards must have 2 to 10 members",
        ),
    ],
)  # fmt: skip
async def test_what_no_single_field_tells(
    shared: tuple[KarixRig, FixedClock], body: Any, said: str
) -> None:
    rig, _ = shared
    await rig.control("reset", {})
    assert said in await refusal(rig, SEND, body)


# --- templates -----------------------------------------------------------------------------------

ONE = {"bodyParameterValues": {"0": "a"}}
PICTURE = {"media": {"type": "image", "url": LINK}}


def action(index: str) -> dict[str, Any]:
    return {"actions": [{"type": "url", "index": index, "payload": "x"}]}


def reply(index: str) -> dict[str, Any]:
    return {"quickReplies": [{"index": index, "payload": "x"}]}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (template("hello_world"), ""),
        (template("namaste", "आशा"), ""),
        (media_template("hello_world"), ""),
        (media_template("promo_buttons", **ONE, buttons=action("1")), ""),
        (media_template("promo_buttons", **ONE, buttons={**action("1"), **reply("0")}), ""),
        (media_template("login_code", **ONE, buttons=action("0")), ""),
        (
            media_template(
                "order_news",
                headerParameterValues={"0": "a"},
                bodyParameterValues={"0": "a", "1": "b"},
            ),
            "",
        ),
        (template("hello_world", "x"), "132000"),
        (template("order_update", "a", "b", "c"), "132000"),
        (media_template("order_update", bodyParameterValues={"1": "a", "2": "b"}), "132000"),
        (media_template("order_news", bodyParameterValues={"0": "a", "1": "b"}), "132000"),
        (media_template("hello_world", **PICTURE), "132012"),
        (media_template("statement", **PICTURE, **ONE), "132012"),
        (template("statement", "a"), "132012"),
        (media_template("promo_buttons", **ONE, buttons=action("0")), "131008"),
        (
            media_template("promo_buttons", **ONE, buttons={**action("1"), **reply("1")}),
            "131008",
        ),
        (media_template("hello_world", buttons=reply("0")), "131008"),
        (template("spam_disabled"), "132015"),
    ],
)
async def test_a_template_is_held_against_what_is_registered(
    shared: tuple[KarixRig, FixedClock], body: Any, code: str
) -> None:
    rig, clock = shared
    clock.at = NOON
    await rig.control("reset", {})
    rig.callback.posts.clear()
    mid = await rig.send(body)
    await rig.callback.wait(lambda: bool(rig.reports(mid)))
    assert rig.reports(mid)[0]["notificationAttributes"]["code"] == code


# --- what nobody would send ----------------------------------------------------------------------

ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**63 - 1) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([body for path, body in WHOLE if path == SEND]), ODD, st.data())
def test_no_content_breaks_the_checks(body: Any, odd: Any, data: st.DataObject) -> None:
    content = copy.deepcopy(body["message"]["content"])
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    walk(content)
    node, key = data.draw(st.sampled_from(places))
    node[key] = odd
    try:
        kind = kind_of(content, "content")
    except Refusal as refusal:
        assert refusal.check.id == "invalid"
        return
    shown = show(kind, content, None, lambda data, mime, name: "media-1")
    assert shown[shown["type"]]
    with contextlib.suppress(Refusal):
        if kind in ("TEMPLATE", "MEDIA_TEMPLATE") and part_of(kind, content).get("templateId"):
            Templates(None).compose(part_of(kind, content))


async def test_rates_can_be_switched_off() -> None:
    async with callback_server() as callback:
        for rates, refused in (
            (Rates(number_per_second=2, pair_burst=0), 429),
            (Rates(number_per_second=0, pair_burst=0), 200),
        ):
            account = config(webhook_url=callback.url, rates=rates)
            async with running(callback, account, FixedClock(NOON)) as rig:
                answers = [(await rig.call(request()))[0] for _ in range(3)]
                assert answers == [200, 200, refused]
