"""Every send of the fixtures is taken as Gupshup takes it; without, with another kind of, or with
too much of what it needs, it is refused in Gupshup's own words."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from emulator_rig import callback_server
from gupshup_rig import FIXTURES, GupshupRig, config, gupshup

from dragoman.emulators.gupshup import field_tables as tables
from dragoman.emulators.gupshup.config import Rates, Rules
from dragoman.emulators.gupshup.fields import Field

pytestmark = pytest.mark.full  # every field of every call, over real HTTP

SENDS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(FIXTURES.glob("outbound/*.json"))
    if "_response_" not in path.stem
}
ENTERPRISE_ID = re.compile(r"[0-9]{19}-[0-9]{17,18}")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ASHA = "919900000001"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def rig() -> AsyncIterator[GupshupRig]:
    async with callback_server() as callback:
        settings = config(
            callback_url=callback.url,
            rates=Rates(number_per_second=0, pair_burst=0),
            rules=Rules(opt_in_needed=False),
        )
        async with gupshup(callback, settings) as made:
            yield made


async def ask(rig: GupshupRig, send: dict[str, Any], method: str = "POST") -> tuple[int, Any]:
    rig.emulator.consent.clear()  # one of the fixtures opts out
    headers = {k: v for k, v in send["headers"].items() if k != "Content-Type"}
    path = urlsplit(send["url"]).path
    if "json" in send:
        return await rig.ask("POST", path, json=send["json"], headers=headers)
    form = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in send["form"].items()
    }
    how = {"data": form} if method == "POST" else {"params": form}
    return await rig.ask(method, path, headers=headers, **how)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", SENDS)
async def test_the_fixture_is_accepted(rig: GupshupRig, name: str) -> None:
    status, answer = await ask(rig, SENDS[name])
    assert status == 200, answer
    if name.startswith("ent_"):
        said = answer["response"]
        assert ENTERPRISE_ID.fullmatch(said.pop("id"))
        assert said == {"phone": ASHA, "details": "", "status": "success"}
    elif name.startswith("api_"):
        assert UUID.fullmatch(answer.pop("messageId"))
        assert answer == {"status": "submitted"}
    else:
        assert UUID.fullmatch(answer["messages"][0].pop("id"))
        contact = {"input": ASHA, "wa_id": ASHA}
        said = {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{}]}
        assert answer == said


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", [name for name in SENDS if name.startswith("ent_")])
async def test_enterprise_takes_a_query_as_well_and_answers_a_line(
    rig: GupshupRig, name: str
) -> None:
    send = {**SENDS[name], "form": {**SENDS[name]["form"], "format": "text"}}
    status, answer = await ask(rig, send, "GET")
    word, phone, made = answer.split(" | ")
    assert (status, word, phone) == (200, "success", ASHA)
    assert ENTERPRISE_ID.fullmatch(made)
    status, answer = await ask(rig, {**send, "form": {**send["form"], "v": "9"}}, "GET")
    assert (status, answer) == (200, "error | 100 | The parameter v must be one of 1.1")


# --- what a send needs ---------------------------------------------------------------------------


def unpacked(send: dict[str, Any]) -> dict[str, Any]:
    form = dict(send["form"])
    for name in ("action", "message", "template"):
        if name in form:
            form[name] = json.loads(form[name])
    return form


def rows_of(name: str) -> tuple[tuple[str, Field], ...]:
    """The rows that a fixture is held against, each with where its path begins."""
    form = unpacked(SENDS[name])
    if name.startswith("api_template"):
        rows = [("", row) for row in tables.ACCESS_TEMPLATE]
        rows += [("template", row) for row in tables.TEMPLATE_VALUES]
        if "message" in form:
            rows += [("message", row) for row in tables.HEADERS[form["message"]["type"]]]
        return tuple(rows)
    if name.startswith("api_"):
        rows = [("", row) for row in tables.ACCESS_ENVELOPE]
        rows += [("message", row) for row in tables.MESSAGES[form["message"]["type"]]]
        return tuple(rows)
    rows = [("", row) for row in tables.ENVELOPE]
    if name.startswith("ent_opt"):
        return (*rows, *(("", row) for row in tables.OPT))
    if form["method"] == "SendMediaMessage":
        rows += [("", row) for row in tables.MEDIA]
    if "interactive_type" in form:
        rows += [("", row) for row in tables.INTERACTIVE]
        rows += [("", row) for row in tables.ACTIONS[form["interactive_type"]]]
    elif name == "ent_session_text":
        rows += [("", row) for row in tables.SESSION]
    return tuple(rows)


def places(value: Any, path: str) -> list[tuple[Any, str]]:
    """Every object that has the path's last key."""
    step, _, rest = path.partition(".")
    key = step.removesuffix("[]")
    if not rest:
        return [(value, key)] if key in value else []
    inner = value.get(key)
    if inner is None:
        return []
    return [p for one in (inner if step.endswith("[]") else [inner]) for p in places(one, rest)]


def spoilt(name: str) -> list[tuple[str, str, dict[str, Any]]]:
    """The fixture's form with each needed value left out, each value of another kind, and each
    text or list too long."""
    made = []
    for start, row in rows_of(name):
        path = f"{start}.{row.path}" if start else row.path
        wrong = {"text": 7, "one of": "neither", "number": "north", "url": "files.example/x"}
        wrong |= {"object": "words", "list": "words", "switch": "perhaps"}
        nested = "." in path or start
        if row.kind == "text" and not nested:
            wrong.pop("text")  # whatever stands in a form is a text
        ways: dict[str, Any] = {"another kind": wrong[row.kind]} if row.kind in wrong else {}
        if row.needed:
            ways["missing"] = None
        if row.most and row.kind == "text":
            ways["too long"] = "क" * (row.most + 1)
        for way, value in ways.items():
            form = unpacked(SENDS[name])
            found = places(form, path)
            if not found:
                continue
            parent, key = found[0]
            if value is None:
                del parent[key]
            else:
                parent[key] = value
            made.append((path, way, form))
    return made


SPOILT = [
    pytest.param(name, form, id=f"{name} {path} {way}")
    for name in SENDS
    if not name.startswith("v3_")
    for path, way, form in spoilt(name)
]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("name", "form"), SPOILT)
async def test_what_is_wrong_is_refused(rig: GupshupRig, name: str, form: dict[str, Any]) -> None:
    status, answer = await ask(rig, {**SENDS[name], "form": form})
    if name.startswith("ent_"):
        said = answer["response"]
        assert (status, said["status"]) == (200, "error"), answer
        assert said["id"] in ("100", "105")
        assert said["details"]
    else:
        assert (status, answer["status"]) == (400, "error"), answer
        assert answer["message"]


def test_enough_was_spoilt() -> None:
    ways = {param.id.rsplit(" ", 1)[-1] for param in SPOILT if param.id}
    assert ways == {"kind", "missing", "long"}
    assert len(SPOILT) > 200


@pytest.mark.asyncio(loop_scope="module")
async def test_v3_passes_meta_s_own_refusals_on(rig: GupshupRig) -> None:
    body = SENDS["v3_message_text"]["json"]
    for wrong, code in (
        ({**body, "type": "hologram"}, 131051),
        ({**body, "text": {}}, 131008),
        ({**body, "text": {"body": "क" * 4097}}, 100),
        ({**body, "text": "words"}, 100),
        ({**body, "to": "nobody"}, 131009),
        ({k: v for k, v in body.items() if k != "to"}, 100),
        ({k: v for k, v in body.items() if k != "messaging_product"}, 100),
        ([], 100),
    ):
        status, answer = await rig.v3(wrong)
        assert (status, answer["error"]["code"]) == (400, code), answer
