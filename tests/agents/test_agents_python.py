"""The Python agent: dispatch, reload, crashes, threads, the watchdog."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from agents_stage import make_turn

from dragoman.agents.contract import AgentFailed, Turn
from dragoman.agents.files import describe_crash
from dragoman.agents.loader import PythonAgent
from dragoman.agents.python import Agent
from dragoman.domain.content import (
    Button,
    ButtonReply,
    Buttons,
    ImageReceived,
    ListReply,
    Location,
    MediaReceived,
    Outbound,
    Raw,
    TemplateReply,
    Text,
)
from dragoman.domain.sentences import Sentence, say

HEAD = "from dragoman import Agent, Turn\n\nagent = Agent()\n\n\n"
ECHO = HEAD + "@agent.otherwise\nasync def echo(turn: Turn) -> None:\n    turn.reply('{}')\n"


def said(turn: Turn) -> list[Outbound]:
    return [message.content for message in turn.outgoing]


Open = Callable[..., PythonAgent]


@pytest.fixture
async def open_agent() -> AsyncIterator[Open]:
    opened: list[PythonAgent] = []

    def open_one(path: Path, **more: object) -> PythonAgent:
        opened.append(PythonAgent(path, **more))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for agent in opened:
        await agent.close()


def save(path: Path, text: str) -> Path:
    """As an editor does: a new time, even where the file system's clock is coarse."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text, encoding="utf-8")
    after = max(path.stat().st_mtime_ns, before + 1_000_000)
    os.utime(path, ns=(after, after))
    return path


# --- dispatch ------------------------------------------------------------------------------------


async def test_messages_are_handled_in_order_by_the_first_that_fits() -> None:
    agent = Agent()

    @agent.otherwise
    async def rest(turn: Turn) -> None:
        turn.reply(f"rest {turn.text}")

    @agent.on("hello", "Straße", "नमस्ते", "مرحبا")
    async def hello(turn: Turn) -> None:
        turn.reply("hello")

    @agent.matching(r"(\d+) cups?")
    async def cups(turn: Turn) -> None:
        assert turn.match is not None
        turn.reply(f"{int(turn.match[1])} cups")

    @agent.tapped("tea", "size:*")
    async def tapped(turn: Turn) -> None:
        turn.reply(f"tapped {turn.message.tapped if turn.message else ''} [{turn.rest}]")

    @agent.kind("image", "location")
    async def seen(turn: Turn) -> None:
        turn.reply("seen")

    turn = make_turn(
        "HELLO!!",
        "  strasse ",
        "नमस्ते।",
        "مرحبا",
        "hello there",
        "२ cups",
        "12 CUP",
        ButtonReply("tea", "Tea"),
        ListReply("size:large", "Large"),
        TemplateReply("size:", "Sizes"),
        ButtonReply("other", "hello"),
        ImageReceived(MediaReceived("1"), caption="hello"),
        Location(12.9, 77.5),
        "👨‍👩‍👧‍👦",
    )
    await agent.answer(turn)
    assert said(turn) == [
        Text(text)
        for text in (
            *("hello", "hello", "hello", "hello", "rest hello there"),
            *("2 cups", "12 cups", "tapped tea []"),
            *("tapped size:large [large]", "tapped size: []", "hello"),
            *("seen", "seen", "rest 👨‍👩‍👧‍👦"),
        )
    ]


async def test_a_question_mark_is_a_phrase_and_a_photo_is_not() -> None:
    agent = Agent()

    @agent.on("?", "")
    async def puzzled(turn: Turn) -> None:
        turn.reply("puzzled")

    turn = make_turn("?", ImageReceived(MediaReceived("1")), "...")
    await agent.answer(turn)
    assert said(turn) == [Text("puzzled")]


async def test_the_turn_handler_gets_the_whole_list() -> None:
    agent = Agent()

    @agent.turn
    async def all_of_it(turn: Turn) -> None:
        turn.reply(" + ".join(message.text for message in turn.messages))

    turn = make_turn("a", "b", "c")
    await agent.answer(turn)
    assert said(turn) == [Text("a + b + c")]


async def test_a_message_nobody_takes_is_noted() -> None:
    turn = make_turn("hello")
    await Agent().answer(turn)
    assert (said(turn), turn.notes) == ([], [Sentence("no_handler", {"kind": "text"})])


async def test_reply_takes_objects_and_refuses_wrong_ones() -> None:
    turn = make_turn("hello")
    turn.reply({"kind": "buttons", "body": "b", "buttons": [{"id": "1", "title": "t"}]})
    turn.reply({"type": "text", "text": {"body": "native"}}, quote=True)
    with pytest.raises(AgentFailed) as caught:
        turn.reply({"kind": "buttons", "body": "b"})
    assert caught.value.final
    assert caught.value.sentence.args == {"problem": "buttons: missing required field `buttons`"}
    assert said(turn) == [
        Buttons("b", (Button("1", "t"),)),
        Raw({"type": "text", "text": {"body": "native"}}),
    ]
    assert turn.outgoing[1].reply_to == "wamid.1"


async def test_plain_functions_run_in_a_thread_and_signal_in_the_loop() -> None:
    agent = Agent()
    places: list[tuple[str, int]] = []

    @agent.otherwise
    def slow(turn: Turn) -> None:
        places.append(("handler", threading.get_ident()))
        turn.typing()
        turn.reply("done")

    def on_signal(message: object, typing: bool) -> None:
        places.append(("signal", threading.get_ident()))

    turn = make_turn("x", on_signal=on_signal)
    await agent.answer(turn)
    await asyncio.sleep(0)
    assert said(turn) == [Text("done")]
    here = threading.get_ident()
    assert [(name, ident == here) for name, ident in places] == [
        ("handler", False),
        ("signal", True),
    ]


# --- the file ------------------------------------------------------------------------------------


async def test_a_saved_file_is_the_next_answer(tmp_path: Path, open_agent: Open) -> None:
    told: list[Sentence] = []
    path = save(tmp_path / "bot.py", ECHO.format("one"))
    agent = open_agent(path, on_reload=told.append)
    turns = [make_turn("x"), make_turn("x")]
    await agent.answer(turns[0])
    save(path, ECHO.format("two"))
    await agent.answer(turns[1])
    assert [said(turn) for turn in turns] == [[Text("one")], [Text("two")]]
    assert told == [Sentence("agent_reloaded", {"file": "bot.py"})]


async def test_turns_at_once_reload_once(tmp_path: Path, open_agent: Open) -> None:
    told: list[Sentence] = []
    path = save(tmp_path / "bot.py", ECHO.format("one"))
    agent = open_agent(path, on_reload=told.append)
    save(path, "import time\ntime.sleep(0.05)\n" + ECHO.format("two"))
    turns = [make_turn("x") for _ in range(20)]
    await asyncio.gather(*(agent.answer(turn) for turn in turns))
    assert [said(turn) for turn in turns] == [[Text("two")]] * 20
    assert len(told) == 1


BROKEN = [
    ("syntax", ECHO.format("x") + "\n\ndef oops(:\n", 11, "invalid syntax"),
    ("at import", HEAD + "import no_such_thing_at_all\n", 6, "No module named"),
    ("at run", HEAD + "1 / 0\n", 6, "ZeroDivisionError: division by zero"),
    ("exit", HEAD + "raise SystemExit('bye')\n", 6, "SystemExit: bye"),
    ("no agent", "x = 1\n", 0, "it has no `agent`"),
]


@pytest.mark.parametrize(("source", "line", "problem"), [b[1:] for b in BROKEN], ids=[
    b[0] for b in BROKEN
])  # fmt: skip
async def test_a_broken_file_keeps_the_last_good_version(
    tmp_path: Path, open_agent: Open, source: str, line: int, problem: str
) -> None:
    told: list[Sentence] = []
    path = save(tmp_path / "bot.py", ECHO.format("good"))
    agent = open_agent(path, on_reload=told.append)
    for text in (source, source + "\n", ECHO.format("mended")):
        save(path, text)
        turn = make_turn("x")
        await agent.answer(turn)
        last = said(turn)
    assert last == [Text("mended")]
    assert [sentence.id for sentence in told] == ["agent_not_reloaded"] * 2 + ["agent_reloaded"]
    assert (told[0].args["file"], told[0].args["line"]) == ("bot.py", line)
    assert problem in told[0].args["problem"]
    assert say(told[0]).startswith(f"bot.py, line {line}," if line else "bot.py was saved")


async def test_the_first_load_fails_with_file_and_line(tmp_path: Path) -> None:
    path = save(tmp_path / "bot.py", "x = 1\ny = (\n")
    with pytest.raises(AgentFailed) as caught:
        PythonAgent(path)
    assert caught.value.final
    assert say(caught.value.sentence) == "bot.py, line 2, cannot be used: '(' was never closed."
    with pytest.raises(AgentFailed) as caught:
        PythonAgent(tmp_path / "missing.py")
    assert "missing.py cannot be used: FileNotFoundError" in say(caught.value.sentence)


async def test_a_file_that_is_gone_goes_on_and_comes_back(tmp_path: Path, open_agent: Open) -> None:
    told: list[Sentence] = []
    path = save(tmp_path / "bot.py", ECHO.format("one"))
    agent = open_agent(path, on_reload=told.append)
    path.unlink()
    turn = make_turn("x")
    await agent.answer(turn)
    await agent.answer(make_turn("x"))
    save(path, ECHO.format("two"))
    back = make_turn("x")
    await agent.answer(back)
    assert [said(turn), said(back)] == [[Text("one")], [Text("two")]]
    assert [sentence.id for sentence in told] == ["agent_gone", "agent_reloaded"]


async def test_files_beside_the_agent_and_dataclasses_work(
    tmp_path: Path, open_agent: Open
) -> None:
    save(tmp_path / "tea_shop_words_of_this_test.py", "WORD = 'beside'\n")
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "from tea_shop_words_of_this_test import WORD\n"
        + HEAD
        + "@dataclass\nclass Cup:\n    size: int = 2\n\n"
        "@agent.otherwise\nasync def echo(turn: Turn) -> None:\n"
        "    turn.reply(f'{WORD} {Cup()}')\n"
    )
    agent = open_agent(save(tmp_path / "bot.py", source))
    turn = make_turn("x")
    await agent.answer(turn)
    assert said(turn) == [Text("beside Cup(size=2)")]


async def test_a_crash_names_file_line_and_function(tmp_path: Path, open_agent: Open) -> None:
    source = HEAD + (
        "@agent.otherwise\nasync def greet(turn: Turn) -> None:\n    price('नौ')\n\n\n"
        "def price(text: str) -> int:\n    return int(text)\n"
    )
    path = save(tmp_path / "bot.py", source)
    agent = open_agent(path)
    with pytest.raises(ValueError) as caught:
        await agent.answer(make_turn("x"))
    assert describe_crash(caught.value, agent.path) == Sentence(
        "agent_crashed",
        {
            "place": "bot.py, line 12,",
            "file": "bot.py",
            "line": 12,
            "function": "price",
            "problem": "ValueError: invalid literal for int() with base 10: 'नौ'",
        },
    )


async def test_the_new_agent_template_is_fourteen_lines_and_answers(
    tmp_path: Path, open_agent: Open
) -> None:
    import dragoman.agents

    template = Path(dragoman.agents.__file__).with_name("new_agent.py.txt").read_text("utf-8")
    assert len(template.splitlines()) == 14
    agent = open_agent(save(tmp_path / "bot.py", template))
    turn = make_turn("Hi", ButtonReply("tea", "Tea"), "lemonade")
    await agent.answer(turn)
    choices = (Button("tea", "Tea"), Button("coffee", "Coffee"))
    assert said(turn) == [
        Buttons("Hello! What would you like?", choices),
        Text("One Tea, coming up."),
        Text("One lemonade, coming up."),
    ]


# --- the watchdog --------------------------------------------------------------------------------

SLOW = HEAD + (
    "import asyncio, time\n\n\n@agent.on('slow')\nasync def slow(turn: Turn) -> None:\n"
    "    await asyncio.sleep(0)\n    time.sleep(0.15)\n\n\n"
    "@agent.on('wait')\nasync def wait(turn: Turn) -> None:\n"
    "    await asyncio.sleep(0.15)\n    turn.reply('waited')\n\n\n"
    "@agent.on('thread')\ndef thread(turn: Turn) -> None:\n    time.sleep(0.15)\n\n\n"
    "@agent.on('stuck')\nasync def stuck(turn: Turn) -> None:\n    time.sleep(1.2)\n"
)


async def test_a_handler_that_holds_the_loop_is_named_once(
    tmp_path: Path, open_agent: Open
) -> None:
    told: list[Sentence] = []
    agent = open_agent(save(tmp_path / "bot.py", SLOW), on_slow=told.append)
    for word in ("wait", "thread", "slow", "slow"):
        await agent.answer(make_turn(word))
    milliseconds = told[0].args["milliseconds"]
    assert 150 <= milliseconds < 1000
    args = {"name": "slow", "file": "bot.py", "line": 9, "milliseconds": milliseconds}
    assert told == [Sentence("handler_slow", args)]
    assert say(told[0]).startswith(
        f"handler slow in bot.py line 9 held the event loop for {milliseconds} ms"
    )


async def test_one_that_does_not_let_go_is_named_while_it_holds(
    tmp_path: Path, open_agent: Open
) -> None:
    told: list[tuple[Sentence, bool]] = []
    here = threading.get_ident()

    def tell(sentence: Sentence) -> None:
        told.append((sentence, threading.get_ident() == here))

    agent = open_agent(save(tmp_path / "bot.py", SLOW), on_slow=tell)
    agent._watchdog._stuck = 0.3
    await agent.answer(make_turn("stuck"))
    named = [(sentence.id, sentence.args["line"], in_loop) for sentence, in_loop in told]
    assert named == [("handler_stuck", 28, False), ("handler_slow", 26, True)]


async def test_the_watchdog_passes_errors_and_cancellation_through(
    tmp_path: Path, open_agent: Open
) -> None:
    source = HEAD + (
        "import asyncio\n\n\n@agent.on('catch')\nasync def catch(turn: Turn) -> None:\n"
        "    try:\n        async with asyncio.timeout(0.01):\n            await asyncio.sleep(9)\n"
        "    except TimeoutError:\n        turn.reply('in time')\n\n\n"
        "@agent.on('wait')\nasync def wait(turn: Turn) -> None:\n"
        "    try:\n        await asyncio.sleep(9)\n"
        "    except asyncio.CancelledError:\n        turn.reply('cancelled')\n        raise\n"
    )
    agent = open_agent(save(tmp_path / "bot.py", source))
    turn = make_turn("catch")
    await agent.answer(turn)
    assert said(turn) == [Text("in time")]
    turn = make_turn("wait")
    task = asyncio.create_task(agent.answer(turn))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert said(turn) == [Text("cancelled")]


async def test_turns_overlap_while_they_wait(tmp_path: Path, open_agent: Open) -> None:
    agent = open_agent(save(tmp_path / "bot.py", SLOW))
    turns = [make_turn("wait") for _ in range(50)]
    start = time.monotonic()
    await asyncio.gather(*(agent.answer(turn) for turn in turns))
    assert time.monotonic() - start < 3
    assert [said(turn) for turn in turns] == [[Text("waited")]] * 50
