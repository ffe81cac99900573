"""Every kind of content, on every partner, from the agent to the phone over real HTTP: equal where
the capability table says native, as declared where it is degraded, and nothing where it is refused.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from five import ASHA, FORMS, NEUTRAL, Five, Form, content, five, ids, neutral

from dragoman.agents.contract import Turn
from dragoman.domain import content as c
from dragoman.domain.identity import Phone
from dragoman.partners import cloud_api, plain
from dragoman.partners.contract import Capability, HttpCall, OutboundMessage
from dragoman.partners.registry import partner

pytestmark = pytest.mark.full  # whole ways, several processes or emulators

KINDS = [path.stem for path in sorted(NEUTRAL.glob("*.json"))]
SHIPPED = "Hi Asha, your order TEA-17 has shipped."
LEAD = ("messaging_product", "recipient_type", "to", "biz_opaque_callback_data", "context")


def test_there_is_a_shared_file_for_every_kind() -> None:
    kinds = {str(kind.__struct_config__.tag) for kind in c.Outbound.__args__}
    assert set(KINDS) == kinds - {"raw"}


def on_the_phone(said: c.Outbound) -> dict[str, Any]:
    """What a person should see: the Cloud API's own body of the same content."""
    settings = cloud_api.Settings(token="t", app_secret="0" * 32)
    call = cloud_api.render(OutboundMessage(Phone(ASHA), "1", said), settings)
    assert isinstance(call, HttpCall), call
    return {key: value for key, value in call.json.items() if key not in LEAD}


async def answer(turn: Turn) -> None:
    kind = turn.text
    if kind not in KINDS:
        turn.reply("here")
        return
    said = neutral(kind)
    if kind == "reaction":
        assert turn.message is not None
        said["message_id"] = turn.message.external_id or "unknown"
    turn.reply(said)


async def arrived(world: Five, name: str, kind: str) -> list[dict[str, Any]]:
    """The bubbles that one answer became."""
    before = len(world.bubbles(name))
    await world.says(name, kind)
    await world.quiet()
    return [bubble["body"] for bubble in world.bubbles(name)[before:]]


@pytest.mark.full
@pytest.mark.parametrize("form", FORMS, ids=ids)
async def test_every_kind_reaches_the_phone(tmp_path: Path, form: Form) -> None:
    name, wrong = form[0], dict[str, Any]()
    async with five(tmp_path, answer) as world:
        await world.use(*form)
        await arrived(world, name, "hello")
        copy = world.emulated._app.published
        assert copy is not None
        assert partner(name).dialect(copy.settings[name]) == form[1]
        abilities = partner(name).CAPABILITIES[form[1]]
        for kind in KINDS:
            bodies = await arrived(world, name, kind)
            ability, said = abilities[kind], content(kind)
            if isinstance(said, c.Reaction):
                last = bodies[0].get("reaction", {}).get("message_id", "") if bodies else ""
                said = c.Reaction(last, said.emoji)
            expected: list[dict[str, Any]] = []
            if ability.capability is Capability.NATIVE:
                expected = [on_the_phone(said)]
            elif ability.capability is Capability.DEGRADED:
                expected = [on_the_phone(one) for one in plain.RULES[ability.rule](said).contents]
            if kind == "template" and expected:  # a person sees the words, not the values
                assert [body["rendered"]["body"] for body in bodies] == [SHIPPED], (name, bodies)
                continue
            seen = [pared(body) for body in bodies]
            wanted = [lost(name, kind, pared(body)) for body in expected]
            if seen != wanted:
                errors = await world.rows(
                    "SELECT error FROM message WHERE direction=1 ORDER BY id DESC LIMIT 1"
                )
                wrong[kind] = {"seen": seen, "not": wanted, "why": errors}
        # What left was reported on as well, in the dialect's own words; a reaction as sent only.
        left = """SELECT count(*) FROM message WHERE direction=1 AND rank<>4
          AND rank<CASE WHEN kind='reaction' THEN 3 ELSE 5 END"""
        await world.until(lambda: none(world, left))
    assert not wrong, json.dumps(wrong, indent=1, ensure_ascii=False)


async def none(world: Five, sql: str) -> bool:
    return await world.rows(sql) == [(0,)]


# Natively carried, and still not whole: the note of the capability table says so.
LOST = {("infobip", "call_permission_request"): "body"}


def lost(name: str, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    if (name, kind) == ("infobip", "contacts"):  # Infobip has a few words for what a part is
        return typeless(body)
    if (name, kind) not in LOST:
        return body
    inner = dict(body[body["type"]])
    del inner[LOST[name, kind]]
    return {**body, body["type"]: inner}


def typeless(value: Any) -> Any:
    if isinstance(value, list):
        return [typeless(one) for one in value]
    if isinstance(value, dict):
        known = {"MOBILE": "CELL", "OFFICE": "WORK", "COMPANY": "WORK"}
        return {
            k: known.get(v.upper(), v.upper()) if k == "type" and v != "contacts" else typeless(v)
            for k, v in value.items()
        }
    return value


# What the phone does not show: the preview of a link (WhatsApp's own business where a partner has
# no switch for it), a Flow's usual mode, and of a bill who is paid and who imported it.
UNSAID = frozenset(
    {
        "rendered", "context", "preview_url", "mode", "payment_settings", "country_of_origin",
        "importer_name", "importer_address", "discount_program_name",
    }
)  # fmt: skip


def pared(value: Any) -> Any:
    """Without what says nothing to a person: what is not shown, empty members, names of values
    that are their places."""
    if isinstance(value, dict):
        inner = {key: pared(one) for key, one in value.items() if key not in UNSAID}
        if str(inner.get("parameter_name", "")).isdecimal():
            del inner["parameter_name"]
        return {key: one for key, one in inner.items() if one not in (None, {}, [])}
    if isinstance(value, list):
        return [pared(one) for one in value]
    return value
