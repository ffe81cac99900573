"""Trying a script: in a real sandbox, against every partner's form as it stands before it is filled
in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from dragoman.agents.examples import tea_shop
from dragoman.domain.clock import FixedClock
from dragoman.domain.config import AppConfig
from dragoman.domain.content import ButtonReply, TextReceived
from dragoman.domain.sentences import SentenceError, say
from dragoman.engine.apps import App, Copy
from dragoman.engine.trying import Trial, Tried, Trying, read_context
from dragoman.partners.registry import PARTNERS
from dragoman.sandbox.pool import Pool
from dragoman.vault import Redactor

APP = App(1, "st-1", "Tea", Copy(1, 0, AppConfig(), {}), None, 1, 0)


@pytest.fixture
async def trying() -> AsyncIterator[Trying]:
    pool = Pool(size=1, seconds=1.0, memory_mb=64)
    clock = FixedClock(1_700_000_000_000)
    yield Trying(lambda: pool, clock, Redactor(), "http://127.0.0.1/assets")
    await pool.close()


async def run(trying: Trying, source: str, text: str = "hello", partner: str = "") -> Tried:
    return await trying.script(APP, Trial(source, TextReceived(text), {}, partner))


async def test_what_a_script_prints_and_remembers(trying: Trying) -> None:
    source = 'context.n = 1; print(message.text + " " + contact.name + " " + window.open)'
    done = await run(trying, source)
    assert [one.content for one in done.said] == [{"kind": "text", "text": "hello Asha true"}]
    assert done.context["n"] == 1 and done.failed is None


async def test_a_tap_and_the_context_before_it(trying: Trying) -> None:
    trial = Trial("print(message.tapped + context.n)", ButtonReply("teas", "Teas"), {"n": 2})
    done = await trying.script(APP, trial)
    assert done.said[0].content["text"] == "teas2"


async def test_the_payload_has_metas_form(trying: Trying) -> None:
    source = "print(context.session.BotUserSession.lastMessage.messagePayload.text.body)"
    assert (await run(trying, source)).said[0].content["text"] == "hello"


@pytest.mark.parametrize("name", sorted(PARTNERS))
async def test_every_partner_answers_with_an_empty_form(trying: Trying, name: str) -> None:
    done = await run(trying, tea_shop(), "teas", name)
    [said] = done.said
    assert said.content["kind"] == "list"
    for piece in said.pieces:
        assert (piece.call is None) != (piece.refused is None)
        assert "authorization" not in str(piece.call).lower() or "•••" in str(piece.call)


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("print(1);\nnope();", 2, "line 2, failed: ReferenceError"),
        ("print(1;", 1, "cannot be read as JavaScript"),
        ("for (;;) {}", 0, "was stopped: a script may run for 1 s"),
        ('print(JSON.stringify({kind: "buton"}))', 0, "did you mean 'buttons'"),
        ('\n\nthrow new Error("</script>")', 3, "line 3, failed: Error: </script>"),
    ],
)
async def test_a_failure_names_its_line(trying: Trying, source: str, line: int, words: str) -> None:
    done = await run(trying, source)
    assert done.failed is not None and words in say(done.failed)
    assert done.line == line and done.said == ()


async def test_a_native_object_is_drawn_as_what_it_says(trying: Trying) -> None:
    button = '{type: "reply", reply: {id: "a", title: "A"}}'
    inner = f'{{type: "button", body: {{text: "Choose"}}, action: {{buttons: [{button}]}}}}'
    source = f'print(JSON.stringify({{type: "interactive", interactive: {inner}}}))'
    for name in ("", "cloud-api", "infobip"):
        [said] = (await run(trying, source, partner=name)).said
        assert said.content["kind"] == "raw"
        drawn = {"kind": "buttons", "body": "Choose", "buttons": ({"id": "a", "title": "A"},)}
        assert said.pieces[0].content == drawn


async def test_a_flood_is_cut(trying: Trying) -> None:
    source = 'for (let i = 0; i < 80; i++) print(JSON.stringify({kind: "text", text: "" + i}))'
    done = await run(trying, source)
    assert len(done.said) == 50
    assert say(done.notes[-1]) == "The script printed 80 messages; the first 50 are shown."


@pytest.mark.parametrize("text", ["[1]", "{", '"x"', "[" * 5000, '{"a": "\ud800"}'])
def test_a_context_is_an_object(text: str) -> None:
    with pytest.raises(SentenceError, match="The context is no JSON object"):
        read_context(text)


def test_no_context_is_an_empty_one() -> None:
    assert read_context("  ") == {} and read_context('{"a": 1}') == {"a": 1}
