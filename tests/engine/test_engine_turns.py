"""Turns: one at a time, in order, all or nothing, and what becomes of those that go wrong."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from dragoman.agents.contract import AgentFailed, Turn
from dragoman.domain.config import FALLBACK
from dragoman.domain.sentences import Sentence
from world import ASHA, BEN, NUMBER, SECOND, World, body_of, echo, running, text_of, value

HOUR = 3_600_000
ENDS = "SELECT from_seq,to_seq,outcome,attempt FROM turn ORDER BY id"


async def notes(w: World) -> list[str]:
    """The sentences beside the newest turn."""
    [(found,)] = await w.rows("SELECT notes FROM turn ORDER BY id DESC LIMIT 1")
    return [n["id"] for n in json.loads(found or "[]")]


# --- order ---------------------------------------------------------------------------------------


async def test_many_at_once_are_answered_in_order_one_turn_at_a_time(tmp_path: Path) -> None:
    running_now: dict[str, int] = defaultdict(int)
    seen: dict[str, list[int]] = defaultdict(list)

    async def careful(turn: Turn) -> None:
        who = str(turn.contact.phone)
        running_now[who] += 1
        assert running_now[who] == 1
        await asyncio.sleep(0.001)
        assert turn.message is not None
        seen[who].append(turn.message.seq)
        turn.context["n"] = turn.context.get("n", 0) + 1
        turn.reply(f"{turn.message.seq}")
        running_now[who] -= 1

    async with running(tmp_path, careful) as w:
        people = [ASHA, BEN, "12025550144"]
        await asyncio.gather(*(w.say("m", person) for _ in range(30) for person in people))
        await w.quiet()
        for person in people:
            mine = [c.text for c in w.graph.calls if c.body["to"].endswith(person)]
            assert mine == [str(n) for n in range(1, 31)]
        assert sorted(seen.values()) == [list(range(1, 31))] * 3
        kept = await w.rows("SELECT context,in_seq,done_seq,out_seq FROM conversation")
        assert kept == [('{"n":30}', 30, 30, 30)] * 3


async def test_messages_that_come_during_a_turn_wait_for_the_next(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def slow(turn: Turn) -> None:
        await gate.wait()
        if turn.message is turn.messages[-1]:
            turn.reply("+".join(m.text for m in turn.messages))

    async with running(tmp_path, slow) as w:
        for text in ("a", "b", "c"):
            await w.say(text)
        gate.set()
        await w.quiet()
        assert w.graph.texts == ["a", "b+c"]
        assert [r[:3] for r in await w.rows(ENDS)] == [(1, 1, "answered"), (2, 3, "answered")]


async def test_quick_messages_become_one_turn_where_the_app_waits(tmp_path: Path) -> None:
    async def join(turn: Turn) -> None:
        if turn.message is turn.messages[-1]:
            turn.reply("+".join(m.text for m in turn.messages))

    async with running(tmp_path, join, setup={"app": {"debounce_ms": 60_000}}) as w:
        for text in ("चाय", "two", "👨‍👩‍👧‍👦"):
            await w.say(text)
        for _ in range(3):
            await w.app.housekeeping.sweep()
        assert w.graph.calls == []
        w.clock.move(60_000)
        await w.quiet()
        assert w.graph.texts == ["चाय+two+👨‍👩‍👧‍👦"]
        assert await w.rows(ENDS) == [(1, 3, "answered", 1)]


# --- context and session -------------------------------------------------------------------------


async def test_context_survives_turns_and_a_restart(tmp_path: Path) -> None:
    async def remember(turn: Turn) -> None:
        turn.context.setdefault("said", []).append(turn.text)
        turn.reply(" ".join(turn.context["said"]))

    async with running(tmp_path, remember) as w:
        await w.say("चाय")
        await w.quiet()
        graph = w.graph
        await w.app.stop()
        async with running(tmp_path, remember, graph=graph) as again:
            await again.say("👨‍👩‍👧‍👦")
            await again.quiet()
            assert graph.texts == ["चाय", "चाय 👨‍👩‍👧‍👦"]


async def test_a_silence_ends_the_session_and_only_its_part_of_the_context(tmp_path: Path) -> None:
    seen: list[tuple[bool, dict[str, Any]]] = []

    async def note(turn: Turn) -> None:
        seen.append((turn.session_new, json.loads(json.dumps(turn.context))))
        turn.context["kept"] = 1
        turn.context.setdefault("session", {})["step"] = len(seen)

    async with running(tmp_path, note) as w:
        for minutes in (0, 14, 16):
            w.clock.move(minutes * 60_000)
            await w.say("hi")
            await w.quiet()
        assert seen == [
            (True, {}),
            (False, {"kept": 1, "session": {"step": 1}}),
            (True, {"kept": 1}),
        ]
        changes = await w.rows("SELECT context FROM turn ORDER BY id")
        assert [json.loads(c[0]) for c in changes] == [
            {"kept": 1, "session": {"step": 1}}, {"session": {"step": 2}}, {"session": {"step": 3}},
        ]  # fmt: skip


@pytest.mark.parametrize(("bad", "sentence"), [
    (object(), "turn_context_not_json"), ("x" * (1 << 20), "context_too_big"),
    ("\ud800", "turn_context_not_json"),
])  # fmt: skip
async def test_a_context_that_cannot_be_kept_fails_the_turn_and_keeps_the_old(
    tmp_path: Path, bad: object, sentence: str
) -> None:
    async def act(turn: Turn) -> None:
        turn.context["good"] = turn.text
        if turn.text == "bad":
            turn.context["bad"] = bad
        turn.reply(turn.text)

    async with running(tmp_path, act) as w:
        for text in ("one", "bad", "two"):
            await w.say(text)
            await w.quiet()
        assert w.graph.texts == ["one", FALLBACK, "two"]
        assert [r[2] for r in await w.rows(ENDS)] == ["answered", "failed", "answered"]
        noted = await w.rows("SELECT notes FROM turn WHERE outcome='failed'")
        assert [n["id"] for n in json.loads(noted[0][0])] == [sentence]
        assert await w.rows("SELECT context FROM conversation") == [('{"good":"two"}',)]


# --- crashes -------------------------------------------------------------------------------------


async def test_a_crash_is_tried_again_and_nothing_of_it_stays(tmp_path: Path) -> None:
    tries: list[int] = []

    async def shaky(turn: Turn) -> None:
        tries.append(turn.attempt)
        turn.context["tries"] = turn.attempt
        turn.reply(f"try {turn.attempt}")
        if turn.attempt < 3:
            raise RuntimeError("चाय is out")

    async with running(tmp_path, shaky) as w:
        await w.say("hi")
        await w.quiet()
        assert tries == [1, 2, 3]
        assert w.graph.texts == ["try 3"]
        assert await w.rows("SELECT context FROM conversation") == [('{"tries":3}',)]
        assert await w.rows(ENDS) == [(1, 1, "answered", 3)]


async def test_a_turn_that_keeps_crashing_is_parked_and_the_next_is_free(tmp_path: Path) -> None:
    tries: list[str] = []

    async def bad(turn: Turn) -> None:
        tries.append(turn.text)
        if turn.text == "poison":
            raise RuntimeError("always")
        turn.reply("fine")

    async with running(tmp_path, bad, settings={"turn_tries": 3}) as w:
        await w.say("poison")
        await w.quiet()
        await w.say("next")
        await w.quiet()
        assert tries == ["poison"] * 3 + ["next"]
        assert w.graph.texts == [FALLBACK, "fine"]
        assert [r[2] for r in await w.rows(ENDS)] == ["parked", "answered"]
        kept = await w.rows("SELECT answer,why FROM message WHERE direction=0 ORDER BY seq")
        assert [k[0] for k in kept] == [3, 1]
        why = json.loads(kept[0][1])
        assert why["id"] == "turn_parked"
        assert why["args"]["tries"] == 3
        assert "always" in why["args"]["error"]


async def test_silence_is_a_fallback_too(tmp_path: Path) -> None:
    async def bad(turn: Turn) -> None:
        raise AgentFailed(Sentence("no"), final=True)

    async with running(tmp_path, bad, setup={"app": {"fallback": ""}}) as w:
        await w.say("hi")
        await w.quiet()
        assert w.graph.calls == []
        assert await w.rows(ENDS) == [(1, 1, "failed", 1)]


async def test_a_final_failure_is_not_tried_again(tmp_path: Path) -> None:
    async def bad(turn: Turn) -> None:
        turn.reply("never sent")
        turn.context["never"] = "kept"
        raise AgentFailed(Sentence("agent_said", {"why": "चाय"}), final=True)

    async with running(tmp_path, bad) as w:
        await w.say("hi")
        await w.quiet()
        assert w.graph.texts == [FALLBACK]
        assert await w.rows(ENDS) == [(1, 1, "failed", 1)]
        assert await notes(w) == ["agent_said"]
        assert await w.rows("SELECT context FROM conversation") == [("{}",)]


async def test_a_turn_that_takes_too_long_is_stopped_and_tried_again(tmp_path: Path) -> None:
    async def slow(turn: Turn) -> None:
        if turn.attempt == 1:
            await asyncio.sleep(30)
        turn.reply("now")

    async with running(tmp_path, slow, settings={"turn_timeout_s": 0.1}) as w:
        await w.say("hi")
        await w.quiet()
        assert w.graph.texts == ["now"]
        assert await w.rows(ENDS) == [(1, 1, "answered", 2)]


async def test_the_agents_own_timeout_is_a_crash_and_not_ours(tmp_path: Path) -> None:
    async def bad(turn: Turn) -> None:
        raise TimeoutError("the shop did not answer")

    async with running(tmp_path, bad, settings={"turn_tries": 1}) as w:
        await w.say("hi")
        await w.quiet()
        [(why,)] = await w.rows("SELECT why FROM message WHERE direction=0")
        assert json.loads(why)["args"]["error"].startswith("TimeoutError: the shop")


@pytest.mark.parametrize("how", ["crash", "final", "timeout"])
async def test_a_turn_that_flushed_is_never_run_again(tmp_path: Path, how: str) -> None:
    runs: list[str] = []

    async def flushing(turn: Turn) -> None:
        runs.append(turn.text)
        turn.reply(f"part of {turn.text}")
        turn.context["at"] = turn.text
        await turn.flush()
        turn.context["lost"] = turn.text
        turn.reply("lost")
        if turn.text == "one" and how == "crash":
            raise RuntimeError("after the flush")
        if turn.text == "one" and how == "final":
            raise AgentFailed(Sentence("no"), final=False)
        if turn.text == "one":
            await asyncio.sleep(30)
        turn.outgoing.clear()
        turn.context.pop("lost")

    async with running(tmp_path, flushing, settings={"turn_timeout_s": 0.3}) as w:
        await w.say("one")
        await w.quiet()
        await w.say("two")
        await w.quiet()
        assert runs == ["one", "two"]
        assert w.graph.texts == ["part of one", FALLBACK, "part of two"]
        ends = [r[2] for r in await w.rows(ENDS)]
        assert ends == ["failed" if how == "final" else "interrupted", "answered"]
        assert await w.rows("SELECT context FROM conversation") == [('{"at":"two"}',)]
        assert await w.rows("SELECT ordinal FROM flush") == [(1,), (1,)]


async def test_a_flush_that_cannot_be_kept_leaves_the_turn_to_be_tried_again(
    tmp_path: Path,
) -> None:
    async def act(turn: Turn) -> None:
        turn.reply(f"try {turn.attempt}")
        if turn.attempt == 1:
            turn.context["bad"] = object()
            try:
                await turn.flush()
            except AgentFailed:
                raise RuntimeError("tried to go on") from None
        await turn.flush()

    async with running(tmp_path, act) as w:
        await w.say("hi")
        await w.quiet()
        assert w.graph.texts == ["try 2"]
        assert await w.rows(ENDS) == [(1, 1, "answered", 2)]


async def test_a_flushed_turn_of_a_process_that_died_ends_as_interrupted(tmp_path: Path) -> None:
    async def hang(turn: Turn) -> None:
        turn.reply("part")
        await turn.flush()
        await asyncio.sleep(60)

    async with running(tmp_path, hang, settings={"stop_grace_s": 0}) as w:
        await w.say("one")
        await w.until(lambda: w.graph.taken == ["part"])
        graph = w.graph
        await w.app.stop()
        async with running(tmp_path, echo, graph=graph) as again:
            await again.quiet()
            assert graph.texts == ["part", FALLBACK]
            assert [r[2] for r in await again.rows(ENDS)] == ["interrupted"]
            await again.say("next")
            await again.quiet()
            assert graph.texts == ["part", FALLBACK, "next"]


async def test_a_turn_cut_off_before_its_commit_is_run_again_after_a_restart(
    tmp_path: Path,
) -> None:
    async def hang(turn: Turn) -> None:
        turn.reply("never")
        await asyncio.sleep(60)

    async with running(tmp_path, hang, settings={"stop_grace_s": 0}) as w:
        await w.say("one")
        await w.until(lambda: bool(w.app.turns._running))
        graph = w.graph
        await w.app.stop()
        async with running(tmp_path, echo, graph=graph) as again:
            again.clock.move(2_000)
            await again.quiet()
            assert graph.texts == ["one"]
            assert await again.rows(ENDS) == [(1, 1, "answered", 1)]  # a stop costs no attempt


async def test_what_an_agent_makes_that_is_no_message_is_its_own_failure(tmp_path: Path) -> None:
    async def act(turn: Turn) -> None:
        if turn.text == "bad":
            turn.reply({"type": "text", "text": {"body": object()}})
        turn.reply(turn.text)

    async with running(tmp_path, act) as w:
        await w.say("bad")
        await w.say("good", BEN)
        await w.quiet()
        assert sorted(w.graph.texts) == sorted([FALLBACK, "good"])


# --- scripts -------------------------------------------------------------------------------------

SCRIPT = """
const last = context.session.BotUserSession.lastMessage;
const raw = last.messagePayload;
context.count = (context.count || 0) + 1;
if (message.text === "card") {
  print("चाय first");
  print(JSON.stringify({type: "text", text: {body: "from " + raw.from + " " + raw.id}}));
  print("last");
} else if (message.text === "loop") {
  for (;;) {}
} else if (message.text !== "quiet") {
  print(raw.text.body + " " + context.count + " " + last.channel);
}
"""


async def test_a_script_sees_the_partners_own_json_and_its_prints_leave_in_order(
    tmp_path: Path,
) -> None:
    agent = tmp_path / "agent.js"
    agent.write_text(SCRIPT)
    settings = {"script_timeout_ms": 300}
    async with running(tmp_path, setup={"agent": str(agent)}, settings=settings) as w:
        await w.say("👨‍👩‍👧‍👦", extra_field={"kept": True})
        await w.say("quiet")
        wamid = await w.say("card")
        await w.quiet()
        await w.say("loop")
        await w.quiet()
        await w.say("שלום")
        await w.quiet()
        assert w.graph.texts == [
            "👨‍👩‍👧‍👦 1 whatsapp", "चाय first", f"from {ASHA} {wamid}", "last", FALLBACK,
            "שלום 4 whatsapp",
        ]  # fmt: skip
        [(context,)] = await w.rows("SELECT context FROM conversation")
        assert json.loads(context)["count"] == 4
        assert "lastMessage" not in context  # the partner's JSON is provided, never stored


async def test_several_messages_of_one_turn_run_the_script_once_each(tmp_path: Path) -> None:
    agent = tmp_path / "agent.js"
    agent.write_text(SCRIPT)
    setup = {"agent": str(agent), "app": {"debounce_ms": 60_000}}
    async with running(tmp_path, setup=setup) as w:
        for text, number in (("a", NUMBER), ("b", NUMBER), ("c", NUMBER), ("z", SECOND)):
            await w.say(text, number=number)
        w.clock.move(60_000)
        await w.quiet()
        texts = [c.text for c in w.graph.calls if c.number == NUMBER]
        assert texts == ["a 1 whatsapp", "b 2 whatsapp", "c 3 whatsapp"]
        assert [c.text for c in w.graph.calls if c.number == SECOND] == ["z 1 whatsapp"]


# --- contacts ------------------------------------------------------------------------------------


async def test_a_contact_without_a_phone_is_answered_by_its_user_id(tmp_path: Path) -> None:
    bsuid = "US.13491208655302741918"
    async with running(tmp_path) as w:
        await w.say("hi", None, bsuid=bsuid)
        await w.quiet()
        [call] = w.graph.calls
        assert (call.body.get("to"), call.body.get("recipient")) == (None, bsuid)
        await w.say("ho", ASHA, bsuid=bsuid)
        await w.quiet()
        assert await w.rows("SELECT phone,bsuid FROM contact") == [(ASHA, bsuid)]
        assert await w.rows("SELECT in_seq FROM conversation") == [(2,)]


async def test_two_people_in_one_post_have_two_conversations(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        at = w.clock.now() // 1000
        messages = [text_of("a", ASHA, at=at), text_of("b", BEN, at=at), text_of("c", ASHA, at=at)]
        assert (await w.post(body_of(value(NUMBER, messages)))).status == 200
        await w.quiet()
        mine = {p: [c.text for c in w.graph.calls if c.body["to"].endswith(p)] for p in (ASHA, BEN)}
        assert mine == {ASHA: ["a", "c"], BEN: ["b"]}
