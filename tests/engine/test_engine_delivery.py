"""What a Graph API may answer, and what becomes of the message, its lane and its number."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from dragoman.agents.contract import Turn
from dragoman.domain.clock import id_text
from dragoman.domain.content import Button, Buttons, Template, Text
from dragoman.domain.sentences import Sentence, say
from world import (
    ASHA,
    BEN,
    DROP,
    GATEWAY_502,
    HANG,
    HTML_500,
    NO_ID,
    NUMBER,
    RESET,
    SECOND,
    STREAM,
    TEXTS,
    TOKEN,
    TORN,
    Answer,
    Call,
    World,
    body_of,
    refused,
    running,
    value,
)

HOUR, DAY = 3_600_000, 86_400_000
CLOUDY = refused(2, 503)
OUT = "SELECT content,rank,doubt FROM message WHERE direction=1 ORDER BY conversation_id,seq"


async def fates(w: World) -> list[tuple[str, int, int]]:
    """(text, rank, doubt) of everything that goes or went out, in order."""
    return [(json.loads(c)["text"], rank, doubt) for c, rank, doubt in await w.rows(OUT)]


async def last_error(w: World) -> tuple[str, str]:
    """Code and sentence id of the newest failed message."""
    rows = await w.rows("SELECT error FROM message WHERE error IS NOT NULL ORDER BY id DESC")
    error = json.loads(rows[0][0])
    return error["code"], error["sentence"]["id"]


async def settled(w: World, *expected: tuple[str, int, int]) -> None:
    async def so() -> bool:
        return await fates(w) == list(expected)

    try:
        await w.until(so)
    except AssertionError:
        assert await fates(w) == list(expected)
        raise


async def three(turn: Turn) -> None:
    for text in ("one", "two", "three"):
        turn.reply(text)


# --- tried again ---------------------------------------------------------------------------------


async def test_a_refusal_that_passes_is_tried_again_and_keeps_its_place(tmp_path: Path) -> None:
    async with running(tmp_path, three) as w:
        w.graph.script(CLOUDY, CLOUDY)
        await w.say("go")
        await w.quiet()
        assert w.graph.texts == ["one", "one", "one", "two", "three"]
        assert w.graph.taken == ["one", "two", "three"]
        tries = await w.rows("SELECT n,outcome FROM attempt ORDER BY message_id,n")
        assert tries == [(1, "retry"), (2, "retry"), (3, "sent"), (1, "sent"), (1, "sent")]
        assert await fates(w) == [("one", 2, 0), ("two", 2, 0), ("three", 2, 0)]


async def test_a_lane_held_too_long_fails_its_head_and_goes_on(tmp_path: Path) -> None:
    async with running(tmp_path, three, settings={"lane_hold_ms": 60}) as w:
        w.graph.always = lambda call: CLOUDY if call.text == "one" else None
        await w.say("go")
        await w.quiet()
        assert w.graph.taken == ["two", "three"]
        assert await fates(w) == [("one", 4, 0), ("two", 2, 0), ("three", 2, 0)]
        assert await last_error(w) == ("unavailable", "meta_error_2")


async def test_another_contact_does_not_wait_for_a_lane_that_is_held(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        w.graph.always = lambda call: CLOUDY if call.body["to"].endswith(ASHA) else None
        await w.say("stuck")
        await w.until(lambda: "stuck" in w.graph.texts)
        await w.say("free", BEN)
        await w.until(lambda: w.graph.taken == ["free"])
        w.graph.always = lambda call: None
        await w.quiet()
        assert w.graph.taken == ["free", "stuck"]


async def test_too_many_to_one_person_waits_as_the_partner_asks(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        w.graph.script(refused(131056))
        await w.say("often")
        await w.until_rows("SELECT state,attempt,spent FROM outbox", [(0, 1, 1000)])
        w.clock.move(1_000)
        await w.quiet()
        assert w.graph.taken == ["often"]


async def test_a_permanent_refusal_fails_at_once_and_frees_the_lane(tmp_path: Path) -> None:
    async with running(tmp_path, three) as w:
        w.graph.script(refused(131026))
        await w.say("go")
        await w.quiet()
        assert w.graph.texts == ["one", "two", "three"]
        assert await fates(w) == [("one", 4, 0), ("two", 2, 0), ("three", 2, 0)]
        assert await last_error(w) == ("not_on_whatsapp", "meta_error_131026")


# --- a held number -------------------------------------------------------------------------------


async def new_token(w: World, token: str = "newer-token-0123456789-0123456789") -> None:
    await w.command("channel.set", partner="cloud-api", values={"token": token})
    await w.command("app.publish")


def by_token(call: Call) -> Answer | None:
    return refused(190, 401) if call.token == TOKEN else None


async def test_a_dead_token_holds_the_number_until_a_new_one_is_published(tmp_path: Path) -> None:
    async with running(tmp_path, three) as w:
        w.graph.always = by_token
        await w.say("go")
        await w.until_rows("SELECT count(*) FROM number WHERE hold IS NOT NULL", [(1,)])
        await w.say("go", BEN)
        await w.until_rows("SELECT count(*) FROM outbox WHERE state=0", [(6,)])
        assert w.graph.texts == ["one"]  # nobody else's message ran into the same refusal
        await new_token(w)
        await w.quiet()
        good = [c for c in w.graph.calls if c.wamid]
        for person in (ASHA, BEN):
            mine = [c.text for c in good if c.body["to"].endswith(person)]
            assert mine == ["one", "two", "three"]
        assert {c.token for c in good} == {"newer-token-0123456789-0123456789"}
        assert await w.rows("SELECT count(*) FROM number WHERE hold IS NOT NULL") == [(0,)]
        assert {rank for _, rank, _ in await fates(w)} == {2}


async def test_a_call_that_we_refuse_to_make_holds_the_number(tmp_path: Path) -> None:
    async with running(tmp_path, three) as w:
        mended = w.app.apps.by_stream[STREAM].draft.config.channel.values["cloud-api"]["graph_url"]
        elsewhere = {"graph_url": "http://127.0.0.1:1"}
        await w.command("channel.set", values=elsewhere)
        await w.command("app.publish")
        await w.say("go")
        held = "SELECT count(*) FROM number WHERE hold LIKE '%address_refused%'"
        await w.until_rows(held, [(1,)])
        await w.command("channel.set", values={"graph_url": mended})
        await w.command("app.publish")
        await w.quiet()
        assert w.graph.taken == ["one", "two", "three"]


async def test_a_hold_ends_with_a_publish_where_nothing_waits_any_more(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        w.graph.always = by_token
        await w.say("go")
        await w.until_rows("SELECT count(*) FROM number WHERE hold IS NOT NULL", [(1,)])
        await w.app.store.do(lambda tx: tx.run("DELETE FROM outbox"))  # as when its day is over
        await new_token(w)
        await w.until_rows("SELECT count(*) FROM number WHERE hold IS NOT NULL", [(0,)])
        assert w.app.delivery.holds() == {}
        await w.say("again", BEN)
        await w.quiet()
        assert w.graph.taken == ["again"]


async def test_a_held_number_leaves_the_other_number_alone(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        w.graph.always = lambda call: refused(131031, 403) if call.number == NUMBER else None
        await w.say("here")
        await w.until_rows("SELECT count(*) FROM number WHERE hold IS NOT NULL", [(1,)])
        await w.say("there", BEN, number=SECOND)
        await w.until(lambda: w.graph.taken == ["there"])
        await w.until_rows("SELECT count(*) FROM outbox", [(1,)])  # settled: theirs is out


async def test_the_pause_of_a_hold_honours_what_the_partner_asks(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        w.graph.script(refused(130429, 429, **{"retry-after": "120"}))
        await w.say("slow")
        await w.until_rows("SELECT hold_until-hold_since,hold_tries FROM number", [(120_000, 1)])
        w.clock.move(119_000)
        await w.app.housekeeping.sweep()
        assert w.graph.texts == ["slow"]
        w.clock.move(2_000)
        await w.quiet()
        assert w.graph.taken == ["slow"]


async def test_a_hold_survives_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        w.graph.always = by_token
        await w.say("wait")
        await w.until_rows("SELECT count(*) FROM number WHERE hold IS NOT NULL", [(1,)])
        graph = w.graph
        await w.app.stop()
        async with running(tmp_path, graph=graph) as again:
            await again.say("more", BEN)
            await again.until_rows("SELECT count(*) FROM outbox WHERE state=0", [(2,)])
            assert graph.texts == ["wait"]
            await new_token(again)
            await again.quiet()
            assert sorted(graph.taken) == ["more", "wait"]


async def test_free_form_in_a_held_queue_fails_when_its_window_ends(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        w.graph.always = by_token
        await w.say("late", at=w.clock.now() // 1000 - 20 * 3600)
        await w.until_rows("SELECT count(*) FROM number WHERE hold IS NOT NULL", [(1,)])
        w.graph.always = lambda call: None
        w.clock.move(4 * HOUR)
        await w.quiet()
        assert w.graph.texts == ["late"]
        assert await fates(w) == [("late", 4, 0)]
        assert await last_error(w) == ("window_closed", "window_closed")


async def test_what_waited_longer_than_a_day_expires_and_says_what_held_it(tmp_path: Path) -> None:
    async def template(turn: Turn) -> None:
        turn.reply(Template("order_update", "en"))

    async with running(tmp_path, template) as w:
        w.graph.always = by_token
        await w.say("go")
        await w.until_rows("SELECT count(*) FROM number WHERE hold IS NOT NULL", [(1,)])
        w.graph.always = lambda call: None
        w.clock.move(DAY + 1_000)
        await w.quiet()
        assert len(w.graph.calls) == 1
        [(rank, error)] = await w.rows("SELECT rank,error FROM message WHERE direction=1")
        assert (rank, json.loads(error)["code"]) == (4, "expired")
        reason = json.loads(error)["sentence"]["args"]["reason"]
        assert say(Sentence(**reason)).startswith("The access token is wrong or has expired")


# --- in doubt ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer", [DROP, RESET, TORN, HTML_500, GATEWAY_502, NO_ID],
    ids=["drop", "reset", "torn", "html", "gateway", "no_id"],
)  # fmt: skip
async def test_a_doubt_is_never_repeated_and_its_lane_goes_on(
    tmp_path: Path, answer: Answer
) -> None:
    async with running(tmp_path, three) as w:
        w.graph.script(answer)
        await w.say("go")
        await w.quiet()
        assert w.graph.texts == ["one", "two", "three"]
        assert await fates(w) == [("one", 1, 1), ("two", 2, 0), ("three", 2, 0)]


async def test_a_call_that_is_never_answered_is_in_doubt_when_its_time_is_over(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, settings={"http_timeout_s": 0.3}) as w:
        w.graph.script(HANG)
        await w.say("hm")
        await w.until_rows("SELECT count(*) FROM outbox WHERE state=2", [(1,)])
        assert await fates(w) == [("hm", 1, 1)]
        ((came,),) = await w.rows("SELECT answer FROM attempt")
        assert json.loads(came)["phase"] == "sent"
        assert say(Sentence(**json.loads(came)["detail"])).endswith(": no whole answer in time")


async def test_a_doubt_holds_its_lane_first(tmp_path: Path) -> None:
    async with running(tmp_path, three, settings={"doubt_lane_hold_ms": 30_000}) as w:
        w.graph.script(RESET)
        await w.say("go")
        await w.until_rows("SELECT state FROM outbox ORDER BY seq", [(2,), (0,), (0,)])
        await w.app.housekeeping.sweep()
        assert w.graph.texts == ["one"]
        w.clock.move(30_000)
        await w.quiet()
        assert w.graph.texts == ["one", "two", "three"]


@pytest.mark.parametrize("status", ["sent", "delivered", "read"])
async def test_an_echo_of_our_reference_settles_a_doubt(tmp_path: Path, status: str) -> None:
    async with running(tmp_path, three, settings={"doubt_lane_hold_ms": 30_000}) as w:
        w.graph.script(RESET)
        await w.say("go")
        await w.until_rows("SELECT count(*) FROM outbox WHERE state=2", [(1,)])
        await w.report(w.graph.calls[0], status, wamid="wamid.found")
        await w.quiet()
        rank = {"sent": 3, "delivered": 5, "read": 6}[status]
        assert await fates(w) == [("one", rank, 2), ("two", 2, 0), ("three", 2, 0)]
        assert w.graph.texts == ["one", "two", "three"]


async def test_an_echo_that_comes_while_the_call_hangs_leaves_no_doubt(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        gate = asyncio.Event()
        w.graph.script(Answer(how="reset", gate=gate))
        await w.say("early")
        await w.until(lambda: bool(w.graph.calls))
        await w.report(w.graph.calls[0], "delivered", wamid="wamid.early")
        gate.set()
        await w.quiet()
        assert await fates(w) == [("early", 5, 2)]
        assert w.graph.texts == ["early"]


async def test_a_person_says_that_it_arrived(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        w.graph.script(RESET)
        await w.say("hm")
        await w.quiet()
        [(number,)] = await w.rows("SELECT id FROM message WHERE direction=1")
        result = await w.command("doubt.settle", id=f"out-{id_text(number)}", arrived=True)
        assert result == {"again": None}
        assert await fates(w) == [("hm", 2, 2)]
        audit = await w.rows("SELECT who,target,after FROM audit WHERE what='doubt.settle'")
        assert audit == [("tests", str(number), "arrived")]
        assert w.graph.texts == ["hm"]


async def test_a_person_has_it_sent_again(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        w.graph.script(RESET)
        await w.say("hm")
        await w.quiet()
        [(number,)] = await w.rows("SELECT id FROM message WHERE direction=1")
        result = await w.command("doubt.settle", id=f"out-{id_text(number)}", arrived=False)
        await w.quiet()
        rows = await w.rows("SELECT id,retry_of,rank,doubt FROM message WHERE direction=1")
        assert rows[0] == (number, 0, 1, 3)
        assert rows[1][1:] == (number, 2, 0)
        assert result == {"again": f"out-{id_text(rows[1][0])}"}
        assert w.graph.texts == ["hm", "hm"]
        audit = await w.rows("SELECT who,target,after FROM audit WHERE what='doubt.settle'")
        assert audit == [("tests", str(number), "sent again")]


async def test_a_policy_sends_again_after_a_silence_and_once(tmp_path: Path) -> None:
    setup = {"app": {"resend_after_ms": 60_000}}
    async with running(tmp_path, setup=setup) as w:
        w.graph.script(RESET)
        await w.say("hm")
        await w.quiet()
        assert w.graph.texts == ["hm"]
        w.clock.move(60_000)
        await w.until(lambda: w.graph.taken == ["hm"])
        await w.quiet()
        assert await fates(w) == [("hm", 1, 3), ("hm", 2, 0)]
        audit = await w.rows("SELECT who,after FROM audit WHERE what='doubt.settle'")
        assert audit == [("policy", "sent again")]
        w.clock.move(60_000)
        for _ in range(10):
            await w.app.housekeeping.sweep()
        assert w.graph.texts == ["hm", "hm"]


async def test_a_row_found_sending_at_start_is_in_doubt(tmp_path: Path) -> None:
    async with running(tmp_path, settings={"http_timeout_s": 30, "stop_grace_s": 0}) as w:
        w.graph.script(HANG)
        await w.say("cut")
        await w.until(lambda: w.graph.texts == ["cut"])
        w.app.delivery._timeout_s = 0  # the stop waits for a call as long as one may take
        graph = w.graph
        await w.app.stop()
        async with running(tmp_path, graph=graph) as again:
            await again.quiet()
            assert await fates(again) == [("cut", 1, 1)]
            assert graph.texts == ["cut"]


# --- the window ----------------------------------------------------------------------------------


async def test_a_closed_window_is_judged_when_the_message_leaves(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        await w.say("old", at=w.clock.now() // 1000 - 25 * 3600)
        await w.quiet()
        assert w.graph.calls == []
        assert await fates(w) == [("old", 4, 0)]
        assert await last_error(w) == ("window_closed", "window_closed")
        assert await w.rows("SELECT outcome,call FROM attempt") == [("failed", "{}")]


async def test_a_template_leaves_through_a_closed_window(tmp_path: Path) -> None:
    async def template(turn: Turn) -> None:
        assert not turn.window.open_at(turn.now)
        turn.reply(Template("order_update", "en"))

    async with running(tmp_path, template) as w:
        await w.say("old", at=w.clock.now() // 1000 - 25 * 3600)
        await w.quiet()
        assert [c.body["type"] for c in w.graph.calls] == ["template"]
        assert await w.rows("SELECT rank FROM message WHERE direction=1") == [(2,)]


@pytest.mark.parametrize("free", [{"template": 1}, {}])
async def test_of_native_objects_a_template_leaves_through_a_closed_window(
    tmp_path: Path, free: dict[str, Any]
) -> None:
    """What it is, its partner says, not a member that happens to be there."""
    hello = {"type": "text", "text": {"body": "hello"}, **free}
    template = {"template": {"name": "order_update", "language": {"code": "en"}}}

    async def both(turn: Turn) -> None:
        assert not turn.window.open_at(turn.now)
        turn.reply(hello)
        turn.reply(template)

    async with running(tmp_path, both) as w:
        await w.say("old", at=w.clock.now() // 1000 - 25 * 3600)
        await w.quiet()
        assert [c.body["type"] for c in w.graph.calls] == ["template"]
        ranks = await w.rows("SELECT rank FROM message WHERE direction=1 ORDER BY seq")
        assert ranks == [(4,), (2,)]
        assert await last_error(w) == ("window_closed", "window_closed")


async def test_a_native_template_in_a_held_queue_outlives_its_window(tmp_path: Path) -> None:
    async def both(turn: Turn) -> None:
        turn.reply({"template": {"name": "order_update", "language": {"code": "en"}}})
        turn.reply({"text": {"body": "hello"}})

    async with running(tmp_path, both) as w:
        w.graph.always = by_token
        await w.say("late", at=w.clock.now() // 1000 - 20 * 3600)
        await w.until_rows("SELECT count(*) FROM number WHERE hold IS NOT NULL", [(1,)])
        w.clock.move(5 * HOUR)
        await w.until_rows("SELECT rank FROM message WHERE direction=1 ORDER BY seq", [(1,), (4,)])
        w.graph.always = lambda call: None
        await new_token(w)
        await w.quiet()
        assert {c.body["type"] for c in w.graph.calls} == {"template"}
        assert await w.rows("SELECT rank FROM message WHERE direction=1 ORDER BY seq") == [
            (2,),
            (4,),
        ]


REENGAGE = {"code": 131047, "title": "Re-engagement message", "message": "Re-engagement message"}


async def test_a_report_of_131047_closes_the_stored_window(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        await w.say("hi")
        await w.quiet()
        w.clock.move(5_000)
        await w.report(w.graph.calls[0], "failed", errors=[REENGAGE])
        [(until,)] = await w.rows("SELECT until FROM win")
        assert until <= w.clock.now()
        assert await fates(w) == [("hi", 4, 0)]
        assert (await last_error(w))[0] == "window_closed"
        w.clock.move(5_000)
        await w.say("again")  # what the contact writes opens it again
        await w.quiet()
        assert w.graph.taken == ["hi", "again"]


async def test_an_answer_of_131047_closes_the_stored_window(tmp_path: Path) -> None:
    async with running(tmp_path, three) as w:
        w.graph.script(refused(131047))
        await w.say("hi")
        await w.quiet()
        assert w.graph.texts == ["one"]
        assert await fates(w) == [("one", 4, 0), ("two", 4, 0), ("three", 4, 0)]
        [(until,)] = await w.rows("SELECT until FROM win")
        assert until <= w.clock.now()


# --- statuses ------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [("sent", "delivered", "read"), ("read", "delivered", "sent"),
                                   ("delivered", "failed", "sent", "read")])  # fmt: skip
async def test_every_order_of_reports_ends_the_same(tmp_path: Path, order: tuple[str, ...]) -> None:
    async with running(tmp_path) as w:
        await w.say("hi")
        await w.quiet()
        for status in order:
            errors = [{"code": 131000, "title": "Something"}] if status == "failed" else []
            await w.report(w.graph.calls[0], status, errors=errors)
        assert await fates(w) == [("hi", 6, 0)]
        kept = await w.rows("SELECT status FROM report WHERE message_id<>0 ORDER BY id")
        assert kept == [(s,) for s in order]


async def test_a_report_before_the_answer_waits_for_it(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        gate = asyncio.Event()
        w.graph.script(Answer(gate=gate))
        await w.say("hi")
        await w.until(lambda: bool(w.graph.calls))
        call = w.graph.calls[0]
        status: dict[str, Any] = {
            "id": "wamid.world000001", "status": "delivered", "recipient_id": ASHA,
            "timestamp": str(w.clock.now() // 1000),
        }  # fmt: skip
        answer = await w.post(body_of(value(call.number, statuses=[status])))
        assert answer.status == 200
        gate.set()
        await w.quiet()
        assert await fates(w) == [("hi", 5, 0)]


# --- what leaves ---------------------------------------------------------------------------------


async def test_the_reply_leaves_from_the_number_that_was_written_to(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        await w.say("first")
        await w.say("second", number=SECOND)
        await w.quiet()
        assert sorted((c.number, c.text) for c in w.graph.calls) == [
            (NUMBER, "first"), (SECOND, "second"),
        ]  # fmt: skip


async def test_a_shared_conversation_answers_each_from_its_own_number(tmp_path: Path) -> None:
    async def count(turn: Turn) -> None:
        for message in turn.messages:
            turn.message = message
            turn.context["n"] = turn.context.get("n", 0) + 1
            turn.reply(f"{message.text} {turn.context['n']}")

    setup = {"switches": {"share_sessions": True}}
    async with running(tmp_path, count, setup=setup) as w:
        for text, number in (("a", NUMBER), ("b", SECOND), ("c", NUMBER), ("d", SECOND)):
            await w.say(text, number=number)
        await w.quiet()
        assert [c.text for c in w.graph.calls if c.number == NUMBER] == ["a 1", "c 3"]
        assert [c.text for c in w.graph.calls if c.number == SECOND] == ["b 2", "d 4"]
        assert await w.rows("SELECT number_id,in_seq FROM conversation") == [(0, 4)]


async def test_sharing_leaves_a_conversation_that_began_on_its_number(tmp_path: Path) -> None:
    async def count(turn: Turn) -> None:
        turn.context["n"] = turn.context.get("n", 0) + 1
        turn.reply(f"{turn.text} {turn.context['n']}")

    async with running(tmp_path, count) as w:
        await w.say("a", number=NUMBER)
        await w.quiet()
        share = {"name": "world", "switches": {"share_sessions": True}}
        await w.app.command("channel.set", {**share, "partner": "cloud-api", "values": {}})
        await w.app.command("app.publish", {"name": "world"})
        await w.say("b", number=NUMBER)  # goes on where it began
        await w.say("c", number=SECOND)  # begins after sharing was published
        await w.quiet()
        assert [c.text for c in w.graph.calls] == ["a 1", "b 2", "c 1"]
        numbers = await w.rows("SELECT number_id<>0,in_seq FROM conversation ORDER BY id")
        assert numbers == [(1, 2), (0, 1)]


async def test_a_long_text_leaves_in_pieces_and_in_order(tmp_path: Path) -> None:
    family, tea = "👨‍👩‍👧‍👦", "चाय"
    long = ("ab " * 1_365) + family * 600 + " " + f"{tea} शुक्रिया " * 400

    async def answer(turn: Turn) -> None:
        turn.reply(long, quote=True)
        turn.reply("end")

    async with running(tmp_path, answer) as w:
        wamid = await w.say("go")
        await w.quiet()
        *pieces, end = w.graph.texts
        assert end == "end"
        assert max(map(len, pieces)) <= 4096
        assert len(pieces) == 4
        assert "".join("".join(pieces).split()) == "".join(long.split())
        for piece in pieces:  # no family is torn apart, no syllable begins without its letter
            assert not piece.startswith(("\u200d", "ा", "ि", "्")) and not piece.endswith("\u200d")
        quotes = [c.body.get("context") for c in w.graph.calls]
        assert quotes == [{"message_id": wamid}, None, None, None, None]


async def test_what_cannot_be_said_is_refused_before_it_leaves(tmp_path: Path) -> None:
    async def answer(turn: Turn) -> None:
        turn.reply("before")
        turn.reply(Buttons(Text("choose").text, (Button("a", "चाय " * 6),)))
        turn.reply("after")

    async with running(tmp_path, answer) as w:
        await w.say("go")
        await w.quiet()
        assert w.graph.texts == ["before", "after"]
        rows = await w.rows("SELECT kind,rank,error FROM message WHERE direction=1 ORDER BY seq")
        assert [(r[0], r[1]) for r in rows] == [("text", 2), ("buttons", 4), ("text", 2)]
        error = json.loads(rows[1][2])
        assert error["sentence"]["id"] == "meta_too_long"
        assert error["sentence"]["args"] == {
            "field": {"id": "term", "args": {"text": "button title"}},
            "length": 24,
            "limit": 20,
        }
        assert await w.rows("SELECT count(*) FROM attempt") == [(2,)]


@pytest.mark.parametrize(("switches", "typing"), [
    ({"read_receipts": True}, False), ({"typing": True}, True),
    ({"typing": True, "read_receipts": True}, True), ({}, None),
])  # fmt: skip
async def test_signals_are_shown_when_the_channel_says_so(
    tmp_path: Path, switches: dict[str, bool], typing: bool | None
) -> None:
    async with running(tmp_path, setup={"switches": switches}) as w:
        wamid = await w.say("hi")
        await w.quiet()
        await w.until(lambda: not w.app.delivery._side)
        expected: list[dict[str, Any]] = []
        if typing is not None:
            expected = [{"messaging_product": "whatsapp", "status": "read", "message_id": wamid}]
            if typing:
                expected[0]["typing_indicator"] = {"type": "text"}
        assert [c.body for c in w.graph.signals] == expected
        assert w.graph.texts == ["hi"]


async def test_text_of_every_script_arrives_as_written(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        for text in TEXTS:
            await w.say(text)
        await w.quiet()
        assert w.graph.texts == list(TEXTS)


def database(home: Path) -> bytes:
    """Everything on the disk of it, as bytes."""
    return b"".join(p.read_bytes() for p in home.iterdir() if p.name.startswith("dragoman.db"))


async def test_no_secret_is_in_any_row(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        w.graph.script(CLOUDY, HTML_500)
        await w.say("hi")
        await w.say("ho", BEN)
        await w.quiet()
        await new_token(w)
        await w.app.stop()
        held = database(tmp_path)
        assert b"127.0.0.1" in held  # the file does hold the calls
        for secret in (TOKEN, "newer-token-0123456789-0123456789", "0123456789abcdef0123456789"):
            assert secret.encode() not in held
