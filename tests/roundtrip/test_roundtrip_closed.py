"""Outside the window, at every partner in every dialect: a native template reaches the phone, and a
native object that is free-form is never sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from five import ASHA, FORMS, Form, content, five, ids

from dragoman.agents.contract import Turn
from dragoman.domain.content import Outbound, Text
from dragoman.domain.identity import Phone
from dragoman.partners.contract import HttpCall, OutboundMessage
from dragoman.partners.registry import partner

pytestmark = pytest.mark.full  # whole ways, several processes or emulators

DAY_MS = 86_400_000
HI = Text("hi, after all")


def native(form: Form, settings: Any, said: Outbound) -> dict[str, Any]:
    """What an author would write for this dialect: the body of our own call."""
    talker = partner(form[0])
    message = OutboundMessage(Phone(ASHA), talker.numbers(settings)[0], said)
    call = talker.render(message, settings)
    assert isinstance(call, HttpCall), call
    if form != ("gupshup", "access"):
        return dict(call.json or call.form)
    told = {name: value for name, value in call.form if name in ("message", "template")}
    if "template" in told:
        return {name: json.loads(value) for name, value in told.items()}
    return dict(json.loads(told["message"]))


@pytest.mark.full
async def test_only_a_template_leaves(tmp_path: Path) -> None:
    form, settings = FORMS[0], None

    async def late(turn: Turn) -> None:
        world.emulated.clock.move(DAY_MS + 1_000)
        turn.reply(native(form, settings, HI))
        turn.reply(native(form, settings, content("template")))

    async with five(tmp_path, late) as world:
        for form in FORMS:
            name = form[0]
            await world.use(*form)
            live = world.emulated._app.published
            assert live is not None
            settings = live.settings[name]
            before = len(world.bubbles(name))
            await world.says(name, "hello")
            await world.quiet()
            came = [bubble["body"]["type"] for bubble in world.bubbles(name)[before:]]
            assert came == ["template"], ids(form)
            newest = "SELECT kind,error FROM message WHERE direction=1 ORDER BY id DESC LIMIT 2"
            [(_, sent), (kind, kept)] = await world.rows(newest)
            assert (kind, sent) == ("raw", None)
            assert json.loads(kept)["sentence"]["id"] == "window_closed", ids(form)
