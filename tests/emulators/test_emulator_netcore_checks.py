"""Every row of Netcore's table of checks is provoked over real HTTP, its whole body compared."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio
from emulator_rig import ASHA, callback_server
from netcore_rig import KEY, NUMBER, OTHER, SOURCE, NetcoreRig, config, element, netcore

from dragoman.domain.clock import FixedClock
from dragoman.emulators import kit
from dragoman.emulators.kit import faults_markdown
from dragoman.emulators.netcore.checks import CHECKS, markdown
from dragoman.emulators.netcore.emulator import FAULTS

pytestmark = pytest.mark.full  # every field of every call, over real HTTP

NOON = 1_795_435_200_000  # Monday, 23 November 2026, 12:00 UTC, 17:30 in India
HTML = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
SEND, MANAGE = "/api/v2/message/nc", "/api/v2/consent/manage/"
LOOK_UP, UPLOAD = "/api/v2/consent/", "/api/v2/media/upload/"
TEMPLATES = "/api/v2/metainfo/template"


class Case(msgspec.Struct):
    """One call, what makes it fail, and the whole answer; a failure that comes later is the
    `status_remark` of a report. `times`: how often it is asked, the last answer counts."""

    id: str
    answer: Any
    body: Any = None
    http: int = 200
    path: str = SEND
    method: str = "POST"
    key: str = f"Bearer {KEY}"
    file: tuple[bytes, str] | None = None
    rules: dict[str, Any] = {}
    fault: str = ""
    opted: bool = True
    skip_ms: int = 0
    times: int = 1


def no(message: str, code: str = "") -> dict[str, Any]:
    error = {"code": code} if code else {}
    return {"status": "failure", "error": {**error, "message": message}}


def send(**more: Any) -> dict[str, Any]:
    return {"message": [element(**more)]}


def agreed(*, source: Any = "WEB", recipient: Any = ASHA, type: Any = "optin") -> dict[str, Any]:
    return {"type": type, "recipients": [{"recipient": recipient, "source": source}]}


def template(name: str, *values: str, **beside: Any) -> dict[str, Any]:
    language = {"locale": "en", "policy": "deterministic"}
    named = {"name": name, "attributes": list(values), "language": language}
    told: dict[str, Any] = {"recipient_whatsapp": ASHA, "message_type": "template"}
    told["type_template"] = [named]
    if beside:
        told |= {"message_type": "media_template", "type_media_template": beside}
    return {"message": [told]}


NEW = {"name": "offer", "language": "en", "category": "MARKETING", "components": [{}]}
CASES = [
    Case("server_error", HTML.format("500 Internal Server Error"), send(), 500, fault="error_500"),
    Case("service_down", no("Technical error.", "8005"), send(), 503, fault="error_503"),
    Case("path_unknown", no("Not found"), send(), 404, "/api/v2/messages"),
    Case("key_bare", HTML.format("403 Forbidden"), send(), 403, key=KEY),
    Case("access_denied", no("Access Denied"), send(), 401, key="Bearer ANOTHERKEY"),
    Case("rate", no("Too many requests.", "8005"), send(), 429, fault="rate_429"),
    Case("json_invalid", no("Invalid JSON.", "8006"), b'{"message":'),
    Case("required", no("type_text is required.", "8001"), send(type_text=None)),
    Case("invalid", no("message_type is invalid.", "8006"), send(message_type="sms")),
    Case(
        "count",
        no("message must have 1 to 1 items.", "8006"),
        {"message": [element(), element()]},
    ),
    Case(
        "too_long",
        no("content must be at most 4096 characters long.", "8006"),
        send(text="क" * 4097),
    ),
    Case(
        "recipient_numeric", no("recipient should be numeric.", "8006"), send(whom="+12025550142")
    ),
    Case(
        "recipient_short",
        no("recipient should be at least 10 digits.", "8006"),
        send(whom="123456789"),
    ),
    Case(
        "recipient_long",
        no("recipient should be at most 15 digits.", "8006"),
        send(whom="1234567890123456"),
    ),
    Case(
        "media_unknown",
        no("Invalid media id.", "8008"),
        {
            "message": [
                {
                    "recipient_whatsapp": ASHA,
                    "message_type": "media",
                    "type_media": [{"attachments": [{"attachment_id": "aa41"}]}],
                }
            ]
        },
    ),
    Case("type_required", no("type is required.", "8006"), agreed(type=None), path=MANAGE),
    Case("type_invalid", no("type is invalid.", "8006"), agreed(type="opt"), path=MANAGE),
    Case(
        "recipients_required",
        no("recipients is required.", "8006"),
        {"type": "optin", "recipients": []},
        path=MANAGE,
    ),
    Case("source_empty", no("source cannot be empty.", "8006"), agreed(source=""), path=MANAGE),
    Case(
        "source_long",
        no("source must be at most 25 characters long.", "8006"),
        agreed(source="W" * 26),
        path=MANAGE,
    ),
    Case("already", no("Opt-in already present.", "8005"), agreed(), path=MANAGE),
    Case(
        "consent_missing",
        no(f"Optin details not found for {ASHA}"),
        {"phone_number": ASHA},
        path=LOOK_UP,
        opted=False,
    ),
    Case("file_required", no("file is required.", "8001"), {}, path=UPLOAD),
    Case(
        "file_type",
        no("Unsupported media type text/html.", "8008"),
        path=UPLOAD,
        file=(b"<html>", "text/html; charset=utf-8"),
    ),
    Case(
        "file_size",
        no("Media is larger than 100000 bytes.", "8008"),
        path=UPLOAD,
        file=(b"x" * 100_001, "image/webp"),
    ),
    Case(
        "template_unknown",
        no("Template details not found for monsoon"),
        path=f"{TEMPLATES}/status?templatename=monsoon",
        method="GET",
    ),
    Case(
        "template_exists",
        no("Template offer already exists.", "8006"),
        NEW,
        path=f"{TEMPLATES}/create",
    ),
    Case("not_opted_in", "Phone number is not opted in", send(), 0, opted=False),
    Case(
        "unreachable",
        "WhatsApp contact does not exist",
        send(),
        0,
        rules={"blocked_us": [ASHA]},
    ),
    Case(
        "window_closed",
        "Message is outside the 24 hour window, use a template",
        send(),
        0,
        skip_ms=24 * 3_600_000,
    ),
    Case(
        "template_missing",
        "Template winter_sale does not exist in en",
        template("winter_sale"),
        0,
    ),
    Case(
        "template_values",
        "Template order_update takes 2 attributes, 1 were given",
        template("order_update", "Asha"),
        0,
    ),
    Case(
        "template_media",
        "Template statement takes document as header",
        template("statement", "Asha"),
        0,
    ),
    Case(
        "template_button",
        "Template offer needs a payload for the button 0",
        template("offer", "Asha", type="image", url="https://files.example/a.jpg"),
        0,
    ),
]

# Other ways to the same rows, and values at the edges.
MORE = [
    Case("path_unknown", no("Not found"), None, 404, "/api/v1/message/nc"),
    Case("path_unknown", no("Not found"), None, 404, "/api"),
    Case("path_unknown", no("Not found"), None, 404, SEND, "GET"),
    Case("path_unknown", no("Not found"), None, 404, "/api/v2/media/upload", "GET"),
    Case("key_bare", HTML.format("403 Forbidden"), send(), 403, key=""),
    Case("key_bare", HTML.format("403 Forbidden"), send(), 403, key="Basic abc"),
    Case("key_bare", HTML.format("403 Forbidden"), send(), 403, key="Bearer "),
    Case("key_bare", HTML.format("403 Forbidden"), None, 403, f"{TEMPLATES}/list", "GET", ""),
    Case("access_denied", no("Access Denied"), None, 401, f"{TEMPLATES}/list", "GET", "WRONG"),
    Case("access_denied", no("Access Denied"), send(source=OTHER), 401),
    Case("access_denied", no("Access Denied"), send(), 401, fault="key_denied"),
    Case("access_denied", no("Access Denied"), agreed(), 401, MANAGE, key="Bearer WRONG"),
    Case("rate", no("Too many requests.", "8005"), send(), 429, times=5),
    Case("json_invalid", no("Invalid JSON.", "8006"), b"[" * 100_000),
    Case("json_invalid", no("Invalid JSON.", "8006"), []),
    Case("json_invalid", no("Invalid JSON.", "8006"), b"", path=MANAGE),
    Case("required", no("message is required.", "8001"), {}),
    Case("required", no("recipient_whatsapp is required.", "8001"), send(whom="")),
    Case("required", no("phone_number is required.", "8001"), {}, path=LOOK_UP),
    Case("required", no("recipient is required.", "8001"), agreed(recipient=None), path=MANAGE),
    Case("required", no("templatename is required.", "8001"), path=f"{TEMPLATES}/preview",
         method="GET"),
    Case("required", no("components is required.", "8001"), {**NEW, "components": []},
         path=f"{TEMPLATES}/create"),
    Case("invalid", no("message is invalid.", "8006"), {"message": element()}),
    Case("invalid", no("message is invalid.", "8006"), {"message": ["x"]}),
    Case("invalid", no("recipients is invalid.", "8006"), {"type": "optin", "recipients": ["x"]},
         path=MANAGE),
    Case("invalid", no("components is invalid.", "8006"), {**NEW, "components": ["x"]},
         path=f"{TEMPLATES}/create"),
    Case("invalid", no("limit is invalid.", "8006"), path=f"{TEMPLATES}/list?limit=x",
         method="GET"),
    Case("recipient_numeric", no("recipient should be numeric.", "8006"),
         send(whom="IN.13491208655302741918")),
    Case("recipient_numeric", no("recipient should be numeric.", "8006"), send(whom="१२३४५६७८९०")),
    Case("recipient_numeric", no("recipient should be numeric.", "8006"), {"phone_number": 7},
         path=LOOK_UP),
    Case("recipients_required", no("recipients is required.", "8006"), {"type": "optout"},
         path=MANAGE),
    Case("unreachable", "WhatsApp contact does not exist", send(), 0,
         rules={"not_on_whatsapp": [ASHA]}),
    Case("template_missing", "Template nothing does not exist in en", template("nothing"), 0),
    Case("template_media", "Template hello_tea takes no file as header",
         template("hello_tea", type="image", url="https://files.example/a.jpg"), 0),
    Case("template_media", "Template offer takes image as header",
         template("offer", "A", type="video", url="https://files.example/a.mp4"), 0),
]  # fmt: skip


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared() -> AsyncIterator[tuple[NetcoreRig, FixedClock]]:
    clock = FixedClock(NOON)
    async with callback_server() as callback:
        settings = config(callback, rates=kit.Rates(pair_burst=4))
        async with netcore(callback, settings, clock) as made:
            yield made, clock


async def ask(rig: NetcoreRig, case: Case) -> tuple[int, Any]:
    more: dict[str, Any] = {}
    if case.file is not None:
        form = aiohttp.FormData()
        form.add_field("file", case.file[0], filename="x", content_type=case.file[1])
        more["data"] = form
    return await rig.ask(case.method, case.path, case.body, key=case.key, **more)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", [*CASES, *MORE], ids=lambda case: case.id)
async def test_each_check_answers_its_whole_body(
    shared: tuple[NetcoreRig, FixedClock], case: Case
) -> None:
    rig, clock = shared
    clock.at = NOON
    await rig.control("reset", {})
    rig.callback.posts.clear()
    if case.opted:
        await rig.opts_in()
    await rig.writes()
    if case.rules:
        await rig.control("rules", case.rules)
    clock.at += case.skip_ms
    if case.fault:
        await rig.control("faults", {"name": case.fault})
    for _ in range(case.times - 1):
        assert (await ask(rig, case))[0] == 200
    status, answer = await ask(rig, case)
    assert rig.emulator.counts[f"refused {case.id}"] == 1
    if case.http:
        assert (status, answer) == (case.http, case.answer)
        return
    assert (status, answer["status"]) == (200, "success")
    message_id = answer["data"]["id"]
    (report,) = await rig.reported(message_id, "failed")
    assert report == {
        "ncmessage_id": message_id,
        "recipient": ASHA,
        "status": "failed",
        "status_remark": case.answer,
        "received_at": "2026-11-24 17:30:00" if case.skip_ms else "2026-11-23 17:30:00",
        "source": case.body["message"][0].get("source", ""),
    }


def test_every_row_has_its_case() -> None:
    assert [case.id for case in CASES] == list(CHECKS)


def test_the_docs_print_the_table() -> None:
    docs = Path(__file__).parents[2] / "docs" / "emulators" / "netcore.md"
    assert markdown() in docs.read_text(encoding="utf-8")
    assert faults_markdown(FAULTS) in docs.read_text(encoding="utf-8")


def test_what_is_documented_is_not_a_guess() -> None:
    sure = [check.id for check in CHECKS.values() if not check.unsure]
    assert sure == [
        "server_error",
        "key_bare",
        "type_required",
        "source_empty",
        "consent_missing",
        "not_opted_in",
    ]
    assert SOURCE and NUMBER  # the account of the fixtures
