"""The script agent: its globals, its context, its order, its errors, its reload."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from agents_stage import MIRA, NOW, make_turn

from dragoman.agents.contract import AgentFailed, Turn
from dragoman.agents.script import ScriptAgent
from dragoman.domain.content import ButtonReply, Outbound, Raw, Text
from dragoman.domain.identity import Bsuid, Person
from dragoman.domain.sentences import Sentence, say
from dragoman.sandbox.pool import Pool

RAW = {"type": "text", "text": {"body": "नमस्ते \ud83d".encode("utf-8", "replace").decode()}}


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    pool = Pool(size=2)
    yield pool
    await pool.close()


def said(turn: Turn) -> list[Outbound]:
    return [message.content for message in turn.outgoing]


async def answer(pool: Pool, source: str, *contents: Any, **more: Any) -> Turn:
    turn = make_turn(*(contents or ("hello",)), **more)
    await ScriptAgent(source=source, pool=pool, name="bot.js").answer(turn)
    return turn


async def seen(pool: Pool, expression: str, *contents: Any, **more: Any) -> Any:
    """What a script finds: the value of an expression, brought out as a native object."""
    source = f"print(JSON.stringify({{value: {expression}}}))"
    turn = await answer(pool, source, *contents, **more)
    (content,) = said(turn)
    assert isinstance(content, Raw)
    return content.payload["value"]


async def test_a_script_sees_the_message_and_who_sent_it(pool: Pool) -> None:
    value = await seen(
        pool,
        "[message, contact, number, window_, now, assets]".replace("window_", "globalThis.window"),
        ButtonReply("tea", "Tea 👨‍👩‍👧‍👦"),
    )
    assert value == [
        {
            "kind": "button_reply",
            "id": "tea",
            "title": "Tea 👨‍👩‍👧‍👦",
            "text": "Tea 👨‍👩‍👧‍👦",
            "tapped": "tea",
            "at": NOW - 999,
            "message_id": "wamid.1",
        },
        {
            "phone": "+12025550142",
            "bsuid": "US.13491208655302741918",
            "name": "Mira मीरा Rao",
            "username": None,
        },
        "106540352242922",
        {"open": True, "until": NOW + 1000},
        NOW,
        "http://127.0.0.1:8400/assets",
    ]


async def test_the_context_has_the_platforms_parts_and_the_authors(pool: Pool) -> None:
    stored = {"order": {"assam": 2}, "session": {"UserSession": {"vip": True}}}
    assert await seen(pool, "context", context=stored, raw=RAW) == {
        "order": {"assam": 2},
        "session": {
            "BotUserSession": {
                "lastMessage": {"channel": "whatsapp", "messagePayload": RAW},
                "lastUserMessageTime": NOW - 999,
            },
            "UserSession": {"vip": True},
            "UserContext": {
                "firstName": "Mira",
                "lastName": "मीरा Rao",
                "identities": [
                    {"val": "12025550142", "type": "phoneNumber"},
                    {"val": "US.13491208655302741918", "type": "bsuid"},
                ],
            },
        },
        "entities": {},
    }
    nameless = Person(bsuid=Bsuid("US.13491208655302741918"))
    assert await seen(pool, "context.session.UserContext", contact=nameless) == {
        "firstName": "",
        "lastName": "",
        "identities": [{"val": "US.13491208655302741918", "type": "bsuid"}],
    }
    assert MIRA.name == "Mira मीरा Rao"


WRITES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("nothing", "", {}, {}),
    ("kept as it was", "", {"a": {"b": [1, 2.5, None, "é"]}}, {"a": {"b": [1, 2.5, None, "é"]}}),
    ("a new key", "context.n = (context.n || 0) + 1", {"n": 1}, {"n": 2}),
    ("a deleted key", "delete context.n", {"n": 1, "m": 2}, {"m": 2}),
    ("replaced whole", "context = {only: 1}", {"n": 1}, {"only": 1}),
    (
        "the session's own variables",
        "context.session.UserSession.vip = true; context.session.BotUserSession.step = 3",
        {},
        {"session": {"UserSession": {"vip": True}, "BotUserSession": {"step": 3}}},
    ),
    (
        "a composite entity",
        "context.entities.payment = {status: 'success', total: {value: 300, offset: 100}}",
        {},
        {"entities": {"payment": {"status": "success", "total": {"value": 300, "offset": 100}}}},
    ),
    (
        "the platform's parts are not the author's to change",
        "context.session.UserContext.firstName = 'X'; context.session.UserContext.x = 1;"
        "context.session.BotUserSession.lastMessage = 'gone'",
        {},
        {},
    ),
    ("what JSON has no word for", "context.f = () => 1; context.u = undefined", {}, {}),
    ("frozen by the author", "context.n = 1; Object.freeze(context)", {}, {"n": 1}),
    ("half a surrogate pair", r"context['k\ud83d'] = 'v\ud83d\\ud83d 😀'", {},
     {"k\ufffd": "v\ufffd\\ud83d 😀"}),
]  # fmt: skip


@pytest.mark.parametrize(("source", "before", "after"), [w[1:] for w in WRITES], ids=[
    w[0] for w in WRITES
])  # fmt: skip
async def test_context_writes(
    pool: Pool, source: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    turn = await answer(pool, source, context=before)
    assert turn.context == after
    assert said(turn) == []


async def test_a_script_runs_once_a_message_and_its_context_goes_on(pool: Pool) -> None:
    source = (
        "context.all = [...(context.all || []), message.text];\n"
        "print(context.all.length + ': ' + message.text);\n"
        "if (message.text === 'b') print({type: 'text', text: {body: 'native'}});"
    )
    turn = await answer(pool, source, "a", "b", "c")
    assert said(turn) == [
        Text("1: a"),
        Text("2: b"),
        Raw({"type": "text", "text": {"body": "native"}}),
        Text("3: c"),
    ]
    assert turn.context == {"all": ["a", "b", "c"]}


PRINTS: list[tuple[str, list[Outbound]]] = [
    ("", []),
    ("print()", []),
    ("print('')", []),
    ("print('a'); print('b', 2, true)", [Text("a\nb 2 true")]),
    ("print([1,2]); print(5); print(true); print(null)", [Text("[1,2]\n5\ntrue\nnull")]),
    ("print({type:'x', a:1})", [Raw({"type": "x", "a": 1})]),
    ("print('x'); print({type:'y'}); print('z')", [Text("x"), Raw({"type": "y"}), Text("z")]),
    ("print('मीरा 👨‍👩‍👧‍👦 مرحبا')", [Text("मीरा 👨‍👩‍👧‍👦 مرحبا")]),
    ("Promise.resolve('later').then(print)", [Text("later")]),
    ("(async () => { await null; print('async'); })()", [Text("async")]),
    ("let message = 'mine', context = 'mine'; print(message)", [Text("mine")]),
    ("print(new Date(0).toISOString(), Math.max(1, 2))", [Text("1970-01-01T00:00:00.000Z 2")]),
]


@pytest.mark.parametrize(("source", "messages"), PRINTS)
async def test_prints(pool: Pool, source: str, messages: list[Outbound]) -> None:
    turn = await answer(pool, source)
    assert (said(turn), turn.notes, turn.context) == (messages, [], {})


async def test_the_console_is_for_the_author(pool: Pool) -> None:
    turn = await answer(pool, "console.log('order', {n: 1}); console.error('नहीं'); print('ok')")
    assert said(turn) == [Text("ok")]
    assert turn.notes == [
        Sentence("script_said", {"file": "bot.js", "text": 'order {"n":1}'}),
        Sentence("script_said", {"file": "bot.js", "text": "नहीं"}),
    ]


async def test_what_an_author_would_miss_is_noted(pool: Pool) -> None:
    turn = await answer(pool, 'print(\'{"kind": "text",}\')')
    assert said(turn) == [Text('{"kind": "text",}')]
    assert [note.id for note in turn.notes] == ["script_almost_object"]


FAILS = [
    ("print('a');\n\nfoo(", "script_syntax", "bot.js, line 3, cannot be read as JavaScript: "),
    ("\nprint(tea)", "script_error", "bot.js, line 2, failed: ReferenceError: tea is not defined."),
    ("throw new Error('नहीं')", "script_error", "bot.js, line 1, failed: Error: नहीं."),
    (
        "(async () => { await new Promise(() => {}); print('never') })()",
        "script_unsettled",
        "bot.js did not come to its end: it awaits what never happens.",
    ),
    ("throw 'x'", "script_error", "bot.js failed: x."),
    (
        "(async () => {\n throw new Error('late') })()",
        "script_error",
        "bot.js, line 2, failed: Error: late.",
    ),
    (
        "let a = {};\na.a = a;\nprint(a)",
        "script_error",
        "bot.js, line 3, failed: TypeError: circular reference.",
    ),
    ("\n\nJSON.parse('{')", "script_error", "bot.js, line 3, failed: SyntaxError: "),
    (
        "print({kind: 'buttons', body: 'b'})",
        "script_output_wrong",
        "bot.js printed an object that cannot be sent: buttons: missing required field `buttons`.",
    ),
    ("context = 5", "script_context_wrong", "bot.js left a context that cannot be kept: "),
    ("context.a = context", "script_context_wrong", "bot.js left a context that cannot be kept: "),
    (
        "context.a = 'é'.repeat(600000)",
        "context_too_big",
        "The context of this conversation would take 1172 KB; it may take 1024 KB.",
    ),
]


@pytest.mark.parametrize(("source", "sentence", "start"), FAILS)
async def test_an_authors_error_is_final_and_says_where(
    pool: Pool, source: str, sentence: str, start: str
) -> None:
    with pytest.raises(AgentFailed) as caught:
        await answer(pool, source, context={"kept": 1})
    assert (caught.value.final, caught.value.sentence.id) == (True, sentence)
    assert say(caught.value.sentence).startswith(start)


async def test_the_payload_of_the_platform_does_not_count_as_context(pool: Pool) -> None:
    raw = {"data": "x" * 1_500_000}
    turn = await answer(
        pool, "print(context.session.BotUserSession.lastMessage.messagePayload.data.length)",
        raw=raw,
    )  # fmt: skip
    assert (said(turn), turn.context) == ([Text("1500000")], {})


async def test_a_saved_script_reloads_and_a_broken_one_does_not(pool: Pool, tmp_path: Path) -> None:
    told: list[Sentence] = []
    path = tmp_path / "bot.js"
    said_so_far = []
    for step, source in enumerate(
        ["print('one')", "print('two')", "print('x')\n\nprint(", "print('three')"]
    ):
        path.write_text(source, encoding="utf-8")
        os.utime(path, ns=(step, step * 1_000_000))
        if step == 0:
            agent = ScriptAgent(path, pool=pool, on_reload=told.append)
        turn = make_turn("x")
        await agent.answer(turn)
        said_so_far += said(turn)
    assert said_so_far == [Text("one"), Text("two"), Text("two"), Text("three")]
    assert [(sentence.id, sentence.args.get("line")) for sentence in told] == [
        ("agent_reloaded", None),
        ("agent_not_reloaded", 3),
        ("agent_reloaded", None),
    ]
    with pytest.raises(AgentFailed) as caught:
        ScriptAgent(tmp_path / "none.js", pool=pool)
    assert say(caught.value.sentence).startswith("none.js cannot be used: ")
