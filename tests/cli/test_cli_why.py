"""`dragoman why`: the whole way of one message, of every kind, without a secret."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cli_desk import child, desk, still

from dragoman.agents.contract import Turn
from dragoman.domain.clock import id_text
from dragoman.domain.content import Text
from dragoman.engine.why import Story, story
from dragoman.store.queries import chain
from dragoman.store.store import reader
from world import (
    ASHA,
    BEN,
    DROP,
    NUMBER,
    SECRET,
    TOKEN,
    Answer,
    World,
    body_of,
    refused,
    running,
    text_of,
    value,
)

pytestmark = pytest.mark.full  # the program and a terminal


async def why(home: Path, what: str = "last", *more: str) -> list[str]:
    """The story without its times; the first line names it, the second answers."""
    said = await desk(home, "why", what, *more)
    assert (said.code, said.err) == (0, "")
    return [line.strip() for line in still(said.out).splitlines()]


async def count(turn: Turn) -> None:
    turn.context["cups"] = turn.context.get("cups", 0) + 1
    turn.reply(f"cup {turn.context['cups']}: {turn.text}")


async def test_answer_from_webhook_to_read(tmp_path: Path) -> None:
    async with running(tmp_path, count) as world:
        wamid = await world.say("चाय चाहिए")
        await world.quiet()
        call = world.graph.calls[0]
        await world.report(
            call, "delivered", pricing={"category": "service", "pricing_model": "PMP"}
        )
        await world.report(call, "read")
        said = await child(tmp_path, "why", "last")
        assert (said.code, said.err) == (0, "")
        assert [" ".join(line.split()) for line in still(said.out).splitlines()] == [
            "Answer to +1 202 555 0142 · from +1 202 555 0100 · TIME · out-ID",
            "read: It reached +1 202 555 0142 SPAN after their message came to us. Read SPAN after "
            "it.",
            "",
            f"TIME ▼ Webhook in {await size(world)} bytes from WhatsApp Cloud API, accepted by the "
            "published copy, content-type application/json",
            "SPAN ● Stored in-ID: text “चाय चाहिए”; then answered 200",
            f"WhatsApp Cloud API's id {wamid}",
            "their clock TIME",
            "SPAN ● Turn began configuration version 1, attempt 1, 1 message",
            "SPAN ● Agent answered 1 message; context: cups",
            "SPAN ● Queued out-ID: text “cup 1: चाय चाहिए”",
            f"SPAN ▲ Call 1 POST http://127.0.0.1:PORT/v26.0/{NUMBER}/messages → 200, SPAN",
            f"SPAN ○ accepted WhatsApp Cloud API's id {call.wamid}",
            "window open 23 h SPAN more",
            "SPAN ○ delivered service, PMP",
            "their clock TIME",
            "SPAN ○ read their clock TIME",
        ]
        same = await why(tmp_path, call.wamid)
        own = (await world.rows("SELECT id FROM message WHERE direction=1"))[0][0]
        assert await why(tmp_path, f"out-{id_text(own)}") == same
        assert await why(tmp_path, id_text(own).lower()) == same
        assert await why(tmp_path, f"+{ASHA}") == same


async def size(world: World) -> int:
    return int((await world.rows("SELECT length(body) FROM hook ORDER BY id"))[0][0])


async def test_message_that_came_in(tmp_path: Path) -> None:
    async with running(tmp_path, count) as world:
        wamid = await world.say("hello")
        await world.quiet()
        told = await why(tmp_path, wamid)
        assert told[:2] == [
            "Message from +1 202 555 0142 · to +1 202 555 0100 · TIME · in-ID",
            "handled: It was answered with 1 message; the first, out-ID, is accepted.",
        ]
        assert [line.split()[-1] for line in told if "○ delivered" in line] == ["reported"]
        hook = (await world.rows("SELECT id FROM hook"))[0][0]
        told = await why(tmp_path, f"hook-{id_text(hook)}")
        assert told[:2] == ["Webhook hook-ID · TIME · hook-ID", "It brought 1 message."]
        turn = (await world.rows("SELECT id FROM turn"))[0][0]
        assert await why(tmp_path, f"turn-{id_text(turn)}") == await why(tmp_path, wamid)


async def test_silence_crash_and_not_answered(tmp_path: Path) -> None:
    async def act(turn: Turn) -> None:
        if turn.text == "crash":
            raise ValueError("no tea")

    async with running(tmp_path, act, settings={"retry_base_ms": 60_000, "retry_cap_ms": 60_000,
                                                "sweep_ms": 60_000}) as world:  # fmt: skip
        await world.say("silence")
        await world.quiet()
        assert (await why(tmp_path))[1] == "handled: The agent took it and answered nothing."
        await world.say("crash", BEN)
        await world.until_rows("SELECT count(*) FROM turn WHERE outcome='crashed'", [(1,)])
        told = await why(tmp_path)
        assert told[1] == (
            "waiting: It waits for its turn. Attempt 1 at its turn crashed. Next try in SPAN."
        )
        assert any("● Turn ended: crashed" in line for line in told)
        assert any("ValueError: no tea" in line for line in told)
        await world.say("unlisted", number="106540352242999")
        assert (await why(tmp_path))[1] == (
            "not answered: It was not answered. The number 12025550100 is not in the published "
            "channel, so the message was kept and not answered. Add the number and publish."
        )


async def test_failures(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        world.graph.script(refused(131009))
        await world.say("refused")
        await world.quiet()
        told = await why(tmp_path)
        assert told[1].startswith("failed: It failed. ")
        call = next(i for i, line in enumerate(told) if "▲ Call 1" in line)
        assert "→ 400, SPAN" in told[call]
        assert told[call + 1] in told[1]
        await world.say("later")
        await world.quiet()
        problem = {"code": 131026, "title": "Message undeliverable"}
        await world.report(world.graph.calls[-1], "failed", errors=[problem])
        told = await why(tmp_path)
        assert told[1].startswith("failed: It failed. ")
        assert any("○ failed" in line and "131026" in line for line in told)


async def test_window_closed_is_not_called(tmp_path: Path) -> None:
    from dragoman.domain.clock import FixedClock

    clock = FixedClock(1_795_438_000_000)
    gate = asyncio.Event()

    async def slow(turn: Turn) -> None:
        await gate.wait()
        turn.reply(Text("too late"))

    async with running(tmp_path, slow, clock=clock) as world:
        await world.say("hello")
        clock.move(25 * 3_600_000)
        gate.set()
        await world.quiet()
        told = await why(tmp_path)
        assert told[1].startswith("failed: It failed. The 24-hour window of this contact is closed")
        called = [" ".join(line.split()) for line in told if "▲" in line]
        assert called == ["SPAN ▲ Not called judged when it should have left"]


async def test_doubt_settled_by_a_person(tmp_path: Path) -> None:
    async with running(tmp_path, settings={"doubt_lane_hold_ms": 10}) as world:
        world.graph.script(DROP)
        await world.say("hello")
        await world.until_rows("SELECT count(*) FROM message WHERE doubt=1", [(1,)])
        told = await why(tmp_path)
        assert told[1] == (
            "in doubt: We sent it and no answer told whether it arrived, so it is not sent again "
            "by itself. End the doubt with `dragoman settle out-ID --arrived` or `--send-again` "
            "(which may double it)."
        )
        called = next(line for line in told if "▲ Call 1" in line)
        assert "→ no whole answer (127.0.0.1:PORT: " in called
        id = (await world.rows("SELECT id FROM message WHERE doubt=1"))[0][0]
        name = f"out-{id_text(id)}"
        await world.command("doubt.settle", id=name, arrived=False)
        await world.quiet()
        told = await why(tmp_path, name)
        assert told[1] == "sent again: It was in doubt and was sent again as out-ID."
        assert any(line.endswith("it was sent again, by tests") for line in told)
        again = await why(tmp_path)
        assert any(line == "in place of out-ID" for line in again)


async def test_doubt_settled_by_an_echo(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        world.graph.script(DROP)
        await world.say("hello")
        await world.until_rows("SELECT count(*) FROM message WHERE doubt=1", [(1,)])
        await world.report(world.graph.calls[0], "delivered", wamid="wamid.echoed")
        told = await why(tmp_path)
        assert told[1].startswith("delivered: It reached +1 202 555 0142 ")
        assert any(
            "◆ Doubt ended" in t and t.endswith("it arrived; a report named it") for t in told
        )


async def test_what_is_no_message(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        good, bad = text_of("hello", at=world.clock.now() // 1000), {"type": "text", "id": "x"}
        await world.post(body_of(value(messages=[good, bad])))
        await world.quiet()
        rejected = (await world.rows("SELECT id FROM rejected"))[0][0]
        told = await why(tmp_path, f"rejected-{id_text(rejected)}")
        assert told[0].startswith("An item that could not be read · TIME")
        assert told[1].startswith("This item could not be read, so it was kept as it came; ")
        hook = (await world.rows("SELECT id FROM hook"))[0][0]
        told = await why(tmp_path, f"hook-{id_text(hook)}")
        assert told[1] == "It brought 1 message, 1 that could not be read."

        await world.post(body_of(), secret="another")
        refused_id = (await world.rows("SELECT id FROM refused"))[0][0]
        told = await why(tmp_path, f"refused-{id_text(refused_id)}")
        assert told[1] == (
            "The request was refused and nothing in it was handled. The webhook's signature does "
            "not fit its bytes: the app secret is of another Meta app, or something on the way "
            "changed the body."
        )
        await world.post(b"{not json")
        hook = (await world.rows("SELECT id FROM hook WHERE note='invalid'"))[0][0]
        told = await why(tmp_path, f"hook-{id_text(hook)}")
        assert told[1] == ("It could not be read as this partner's body and was kept as it came.")
        status = {"id": "wamid.foreign", "status": "delivered", "timestamp": "1795438000",
                  "recipient_id": ASHA}  # fmt: skip
        await world.post(body_of(value(statuses=[status])))
        told = await why(tmp_path, "wamid.foreign")
        assert told[1].startswith("Reports came for this id, but no message of ours has it.")
        report = (await world.rows("SELECT id FROM report"))[0][0]
        assert await why(tmp_path, f"report-{id_text(report)}") == told

        event = body_of({"event": "DISABLED_UPDATE"}, field="account_update")
        assert (await world.post(event)).status == 200
        kept = (await world.rows("SELECT id FROM event"))[0][0]
        told = await why(tmp_path, f"event-{id_text(kept)}")
        assert told[1] == "It was kept; nothing answers such an event."


async def test_nothing_secret(tmp_path: Path) -> None:
    """Not in a partner's error that quotes the token, nor in what a person pasted into the chat."""
    quoted = {"error": {"message": f"token {TOKEN} said no", "type": "OAuthException",
                        "code": 131009, "fbtrace_id": "A"}}  # fmt: skip
    async with running(tmp_path) as world:
        world.graph.script(Answer(400, quoted, {"x-fb-trace-id": TOKEN}))
        await world.say(f"is {SECRET} yours, or {TOKEN}?")
        await world.quiet()
        for args in ([], ["--raw"], ["--json"]):
            for what in ("last", "in"):
                asked = await inbound(world) if what == "in" else what
                said = await desk(tmp_path, "why", asked, *args)
                assert (said.code, said.err) == (0, "")
                assert TOKEN not in said.out
                assert SECRET not in said.out
        raw = await desk(tmp_path, "why", "last", "--raw")
        assert "is ••• yours, or •••?" in raw.out
        assert '"Authorization": "•••"' in raw.out


async def inbound(world: World) -> str:
    id = (await world.rows("SELECT id FROM message WHERE direction=0"))[0][0]
    return f"in-{id_text(id)}"


async def test_data_for_pages(tmp_path: Path) -> None:
    """The same story as a value, and as JSON."""
    async with running(tmp_path, count) as world:
        await world.say("hello")
        await world.quiet()
        tx = reader(world.app.settings.database_url)
        found = chain.find(tx, "last")
        assert found is not None
        told: Story = story(tx, found, world.clock.now())
        tx.close()  # type: ignore[attr-defined]
        kinds = ["hook", "stored", "turn", "agent", "queued", "call", "accepted", "missing"]
        assert [step.kind for step in told.steps] == kinds
        assert (told.status, told.sentence.id) == ("accepted", "why_accepted")
        assert [bool(step.at) for step in told.steps] == [True] * 7 + [False]
        (shown,) = (await desk(tmp_path, "why", "last", "--json")).json()
        assert [step["kind"] for step in shown["steps"]] == kinds
        assert shown["id"] == told.id
        sent: dict[str, Any] = dict(msgspec.to_builtins(told.steps[5].raw))
        assert json.loads(sent["sent"])["text"] == {"body": "cup 1: hello"}


async def test_terminal_stays_in_hand(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        await world.say("evil \x1b[2J\x1b]0;title\x07 \u202eabc")
        await world.quiet()
        for args in (["why", "last"], ["why", "last", "--raw"], ["log"]):
            out = (await desk(tmp_path, *args)).out
            assert not set(out) & {"\x1b", "\x07", "\u202e"}


def test_every_stored_sentence_has_words() -> None:
    """`wording` knows the home of every template that is stored with a message."""
    source = Path(__file__).parents[2] / "src" / "dragoman"
    folders = ("engine", "agents", "sandbox", "egress", "partners")
    said_at_once = {  # never stored: told to whoever asked
        "engine.commands", "engine.publish", "engine.standing", "engine.steps", "engine.why",
        "engine.past", "engine.replay", "engine.credentials", "engine.doctor", "engine.asked",
        "engine.doctor_channels", "engine.agents", "engine.trying",
        "engine.people", "engine.given", "engine.checklist", "engine.meaning", "engine.differing",
        "engine.judging", "engine.judging_account", "engine.judging_messages", "engine.switching",
    }  # fmt: skip
    homes = {
        ".".join(file.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
        for folder in folders
        for file in (source / folder).rglob("*.py")
        if "\nwords(" in file.read_text("utf-8")
    }
    code = (
        "import importlib, sys, json\n"
        "from dragoman.engine import wording\n"
        "for m in wording._homes(): importlib.import_module(m)\n"
        "print(json.dumps(sorted(m[9:] for m in sys.modules if m.startswith('dragoman.'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert homes - said_at_once - set(json.loads(done.stdout)) == set()
