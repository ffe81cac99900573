"""What an agent is shown and promised: its turn, its texts, its flush, and a stop in between."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import pytest

from dragoman.agents.contract import AgentFailed, Turn
from dragoman.domain.config import FALLBACK
from dragoman.domain.content import Image, Raw
from dragoman.domain.sentences import Sentence, words
from world import ASHA, TEXTS, World, running, stage, text_of, value
from world import body_of as body

MINUTE = 60_000
HOUR = 60 * MINUTE
words({"test_agent_failed": "The agent says {what}."})
FAMILY = "👨‍👩‍👧‍👦"


def turns(world: World) -> Awaitable[list[tuple[Any, ...]]]:
    return world.rows("SELECT from_seq,to_seq,attempt,outcome FROM turn ORDER BY from_seq")


async def test_every_message_is_answered_once_and_in_order(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        for text in TEXTS:
            await world.say(text)
        await world.quiet()
        assert world.graph.texts == list(TEXTS)
        assert world.graph.calls[0].body == {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": f"+{ASHA}",
            "biz_opaque_callback_data": world.graph.calls[0].reference,
            "type": "text",
            "text": {"body": TEXTS[0]},
        }
        found = await world.rows("SELECT answer FROM message WHERE direction=0")
        assert found == [(1,)] * 4


async def test_what_an_agent_is_shown(tmp_path: Path) -> None:
    shown: list[Any] = []

    async def look(turn: Turn) -> None:
        assert turn.message is not None
        shown.append(
            (turn.app, turn.number, turn.contact.name, turn.text, turn.message.external_id,
             turn.message.seq, turn.attempt, turn.session_new, turn.draft,
             turn.window.open_at(turn.now), turn.assets_url.rsplit("/", 2)[1:])
        )  # fmt: skip
        shown.append(await turn.raw())

    async with running(tmp_path, look) as world:
        message = text_of("हाँ", at=world.clock.now() // 1000)
        contact = {"wa_id": ASHA, "profile": {"name": "Asha Rao"}}
        await world.post(body(value(messages=[message], contacts=[contact])))
        await world.quiet()
        assert shown == [
            ("world", "12025550100", "Asha Rao", "हाँ", message["id"], 1, 1, True, False, True,
             ["assets", "st-world"]),
            message,
        ]  # fmt: skip
        assert await turns(world) == [(1, 1, 1, "silent")]


FAMILY = "👨‍👩‍👧‍👦"


@pytest.mark.parametrize(
    "text",
    [
        "x" * 4090 + FAMILY + "y" * 10,
        "x" * 4094 + "क्षि" + "य" * 10,
        FAMILY * 1000,
        "שלום " * 2000,
    ],
    ids=["family", "devanagari", "families", "hebrew"],
)
async def test_a_long_text_leaves_in_pieces_in_order(tmp_path: Path, text: str) -> None:
    async def long(turn: Turn) -> None:
        turn.reply("before")
        turn.reply(text, quote=True)
        turn.reply("after", quote=True)

    async with running(tmp_path, long) as world:
        wamid = await world.say("go")
        await world.quiet()
        first, *pieces, last = world.graph.calls
        assert (first.text, last.text) == ("before", "after")
        assert len(pieces) > 1
        assert all(0 < len(p.text) <= 4096 for p in pieces)
        assert "".join(p.text for p in pieces).replace(" ", "") == text.replace(" ", "")
        for piece in pieces:
            assert not piece.text.startswith(("\u200d", "\u093f", "\u094d"))
            assert "\u200d" not in piece.text.replace(FAMILY, "")  # no family is parted
        quoted = [c.body.get("context", {}).get("message_id") for c in world.graph.calls]
        assert quoted == [None, wamid, *[None] * (len(pieces) - 1), wamid]


async def test_a_native_payload_goes_through_with_envelope_and_recipient(tmp_path: Path) -> None:
    async def native(turn: Turn) -> None:
        turn.reply(Raw({"type": "sticker", "sticker": {"id": "1"}, "to": "someone else"}))
        turn.reply(Image(link="https://example.com/a.png"), extra={"image": {"caption": "更"}})

    async with running(tmp_path, native) as world:
        await world.say("go")
        await world.quiet()
        sticker, image = (c.body for c in world.graph.calls)
        assert (sticker["to"], sticker["sticker"]) == (f"+{ASHA}", {"id": "1"})
        assert image["image"] == {"link": "https://example.com/a.png", "caption": "更"}


async def test_a_notice_that_starts_no_agent_keeps_no_session_open(tmp_path: Path) -> None:
    new: list[bool] = []

    async def session(turn: Turn) -> None:
        new.append(turn.session_new)

    async with running(tmp_path, session) as world:
        await world.say("1")
        await world.quiet()
        for _ in range(2):
            world.clock.move(10 * MINUTE)
            notice: dict[str, Any] = {
                "type": "system",
                "system": {"type": "customer_identity_changed", "body": ""},
            }
            await world.say("", **notice)
            await world.quiet()
        await world.say("2")
        await world.quiet()
        assert new == [True, True]


async def test_a_failure_that_may_pass_is_tried_again(tmp_path: Path) -> None:
    async def fails(turn: Turn) -> None:
        if turn.attempt == 1:
            raise AgentFailed(Sentence("test_agent_failed", {"what": "not yet"}))
        turn.reply("now")

    async with running(tmp_path, fails) as world:
        await world.say("hello")
        await world.quiet()
        assert world.graph.texts == ["now"]


async def test_an_agent_that_cannot_be_loaded_gives_the_fallback_until_it_can(
    tmp_path: Path,
) -> None:
    agent = tmp_path / "bot.py"
    agent.write_text("agent = (\n")
    async with running(tmp_path, setup={"agent": agent}) as world:
        await world.say("hello")
        await world.quiet()
        assert world.graph.texts == [FALLBACK]
        ((notes,),) = await world.rows("SELECT notes FROM turn")
        assert "bot.py" in notes
        agent.write_text((tmp_path / "world_agent.py").read_text())
        await world.say("better?")
        await world.quiet()
        assert world.graph.texts == [FALLBACK, "better?"]


async def test_a_flush_is_sent_before_the_turn_ends(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def parts(turn: Turn) -> None:
        turn.context["step"] = 1
        turn.reply("part")
        await turn.flush()
        await gate.wait()
        turn.context["step"] = 2
        turn.reply("rest")

    async with running(tmp_path, parts) as world:
        await world.say("go")
        await world.until(lambda: world.graph.texts == ["part"])
        assert await world.rows("SELECT context,done_seq FROM conversation") == [('{"step":1}', 0)]
        gate.set()
        await world.quiet()
        assert world.graph.texts == ["part", "rest"]
        assert await world.rows("SELECT outcome,flushes FROM turn") == [("answered", 1)]
        assert await world.rows("SELECT context FROM conversation") == [('{"step":2}',)]


@pytest.mark.parametrize("how", ["crash", "final"])
async def test_a_turn_that_crashes_after_a_flush_is_interrupted_not_run_again(
    tmp_path: Path, how: str
) -> None:
    runs = 0

    async def parts(turn: Turn) -> None:
        nonlocal runs
        if turn.text != "go":
            turn.reply("free again")
            return
        runs += 1
        turn.context["step"] = 1
        turn.reply("part")
        await turn.flush()
        turn.context["step"] = 2
        turn.reply("never seen")
        if how == "crash":
            raise RuntimeError("boom")
        raise AgentFailed(Sentence("test_agent_failed"), final=True)

    async with running(tmp_path, parts) as world:
        await world.say("go")
        await world.quiet()
        assert runs == 1
        assert world.graph.texts == ["part", FALLBACK]
        outcome = "interrupted" if how == "crash" else "failed"
        assert await turns(world) == [(1, 1, 1, outcome)]
        assert await world.rows("SELECT context,open_turn FROM conversation") == [('{"step":1}', 0)]
        await world.say("and now?")
        await world.quiet()
        assert world.graph.texts[-1] == "free again"


async def test_a_stop_in_the_middle_of_a_flushed_turn_ends_it_as_interrupted(
    tmp_path: Path,
) -> None:
    runs = 0

    async def hangs(turn: Turn) -> None:
        nonlocal runs
        runs += 1
        turn.reply("part")
        await turn.flush()
        await asyncio.sleep(60)

    async with running(tmp_path, hangs, settings={"stop_grace_s": 0.05}) as world:
        await world.say("go")
        await world.until(lambda: world.graph.taken == ["part"])
        graph = world.graph
        await world.app.stop()
        async with _graph_again(world) as again:
            await again.quiet()
            assert runs == 1
            assert graph.texts == ["part", FALLBACK]
            assert await turns(again) == [(1, 1, 1, "interrupted")]


async def test_a_stop_in_the_middle_of_a_turn_runs_it_again(tmp_path: Path) -> None:
    runs = 0

    async def hangs(turn: Turn) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            await asyncio.sleep(60)
        turn.reply(f"attempt {turn.attempt}")

    async with running(tmp_path, hangs, settings={"stop_grace_s": 0.05}) as world:
        await world.say("go")
        await world.until(lambda: runs == 1)
        await world.app.stop()
        async with _graph_again(world) as again:
            await again.quiet()
            assert world.graph.texts == ["attempt 1"]  # a stop is no fault of the agent's


def _graph_again(world: World) -> Any:
    """The program, started again on the same folder and the same Graph."""
    return running(world.home, stage["world"], graph=world.graph)


async def test_a_slow_agent_never_turns_a_webhook_away(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def gated(turn: Turn) -> None:
        await gate.wait()
        turn.reply(turn.text)

    async with running(tmp_path, gated, settings={"concurrency": 4}) as world:
        people = [f"120255501{i:02d}" for i in range(100)]
        for person in people:
            await world.say("hello", person)
        assert len(world.app.turns._running) == 4
        gate.set()
        await world.quiet()
        assert sorted(c.body["to"] for c in world.graph.calls) == sorted("+" + p for p in people)


async def test_nothing_is_left_running_when_a_turn_follows_a_turn(tmp_path: Path) -> None:
    """The next turn of a conversation begins before the task of the last one has ended."""
    async with running(tmp_path) as world:
        for i in range(30):
            await world.post(body(value(messages=[text_of(f"{i}", at=world.clock.now() // 1000)])))
        await world.until(lambda: len(world.graph.texts) == 30 and not world.app.turns._running)
        assert world.graph.texts == [str(i) for i in range(30)]
