"""Notifications on their way: one message each, behind the answers, through everything that may
stand in the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dragoman.agents.contract import Turn
from dragoman.engine.pacing import Bucket, Pace
from notifying import TEMPLATE, Api, asking, calling
from world import (
    ASHA,
    BEN,
    DROP,
    NUMBER,
    SECOND,
    TEXTS,
    Answer,
    Graph,
    refused,
)

pytestmark = pytest.mark.full  # whole audiences over real HTTP

DAY_MS = 86_400_000
SLOW = {"retry_base_ms": 60_000, "retry_cap_ms": 60_000}
SENT = "Notification has been sent successfully"


async def hush(turn: Turn) -> None:
    """Says nothing."""


async def remember(turn: Turn) -> None:
    turn.context["cups"] = turn.context.get("cups", 0) + 1


async def open_window(api: Api, *phones: str, **more: Any) -> None:
    """These people write, so that free-form messages may go to them."""
    for phone in phones:
        await api.world.say("hello", phone, **more)
    await api.world.quiet()


# --- what is sent --------------------------------------------------------------------------------


async def test_a_text_with_each_recipients_own_parameters(tmp_path: Path) -> None:
    async with calling(tmp_path, hush) as api:
        await open_window(api, ASHA, BEN)
        job = await api.notified(
            asking(
                "text", "{name}, {tea} is ready {please}",
                {"phoneNumber": ASHA, "parameters": {"name": "आशा", "tea": TEXTS[1]}},
                {"phoneNumber": BEN, "parameters": {"name": "{tea}", "tea": "Assam"}},
            )
        )  # fmt: skip
        assert await api.comments(job) == [SENT, SENT]
        assert sorted(api.world.graph.texts) == sorted(
            [f"आशा, {TEXTS[1]} is ready {{please}}", "{tea}, Assam is ready {please}"]
        )


async def test_a_recipients_own_text_takes_the_place_of_any_message(tmp_path: Path) -> None:
    async with calling(tmp_path, hush) as api:
        await open_window(api, ASHA)
        own = {"phoneNumber": ASHA, "customMessage": "for {n}", "parameters": {"n": "you"}}
        for kind, value in (("text", "x"), ("template", TEMPLATE), ("script", "print('x')")):
            assert await api.comments(await api.notified(asking(kind, value, own))) == [SENT]
        assert api.world.graph.texts == ["for you"] * 3


async def test_templates_native_and_neutral_and_as_text(tmp_path: Path) -> None:
    async with calling(tmp_path, hush) as api:
        await open_window(api, ASHA)
        link = {"type": "document", "document": {"link": "https://x.example/{file}.pdf"}}
        with_file = {"phoneNumber": ASHA, "parameters": {"file": "bill"}}
        values: list[Any] = [link, '{"kind":"text","text":"{file}"}', "just {file}", "{file"]
        for value in values:
            job = await api.notified(asking("template", value, with_file))
            assert await api.comments(job) == [SENT]
        first, *rest = api.world.graph.calls
        assert first.body["document"] == {"link": "https://x.example/bill.pdf"}
        assert [call.text for call in rest] == ["bill", "just bill", "{file"]


async def test_a_placeholder_is_never_sent_empty(tmp_path: Path) -> None:
    async with calling(tmp_path, hush) as api:
        await open_window(api, ASHA, BEN)
        named = {"phoneNumber": ASHA, "parameters": {"name": "Asha"}}
        job = await api.notified(asking("text", "Hello {name}", named, BEN))
        assert await api.comments(job) == [
            SENT,
            "Its text has the placeholder {name}, and this recipient has no such parameter, so it "
            "was not sent half empty.",
        ]
        long = {"phoneNumber": ASHA, "parameters": {"name": "x" * 200}}
        job = await api.notified(asking("text", "{name}" * 21, long))
        assert await api.comments(job) == [
            "With its parameters the text has 4200 characters, and one message may have 4096."
        ]
        kind = {"phoneNumber": ASHA, "parameters": {"k": "nonsense"}}
        job = await api.notified(asking("template", {"type": "{k}", "x": ["{k}", 1]}, kind))
        assert (await api.ended(job))["status"] == "SUCCESS"
        assert api.world.graph.calls[-1].body["x"] == ["nonsense", 1]


# --- scripts -------------------------------------------------------------------------------------


async def test_a_script_runs_for_each_and_reads_the_conversation(tmp_path: Path) -> None:
    async with calling(tmp_path, remember) as api:
        await open_window(api, ASHA, BEN)
        await open_window(api, ASHA)
        source = """
            const user = context.session.UserContext;
            context.cups = 99;
            print(`${context.cups0 || ''}${parameters.what} for ${contact.phone} ` +
                  `${user.identities[0].val} ${window.open} ${number}`);
        """
        what = [{"phoneNumber": p, "parameters": {"what": "`tea`');print(1"}} for p in (ASHA, BEN)]
        assert await api.comments(await api.notified(asking("script", source, *what))) == [SENT] * 2
        number = "12025550100"
        assert sorted(api.world.graph.texts) == [
            f"`tea`');print(1 for +{p} {p} true {number}" for p in (ASHA, BEN)
        ]
        job = await api.notified(asking("script", "print(`cups: ${context.cups}`)", ASHA))
        assert await api.comments(job) == [SENT]
        assert api.world.graph.texts[-1] == "cups: 2"  # what a script writes there is not kept


@pytest.mark.parametrize(("source", "comment"), [
    ("", "The script printed nothing for this recipient, so there was nothing to send."),
    ("print('1'); print({type: 'text', text: {body: '2'}})", "The script printed 2 messages for "
     "this recipient, and a notification is one."),
    ("print({kind: 'temp'})", "The script printed an object that cannot be sent (there is no "
     "`kind` 'temp'; did you mean 'template'?)."),
    ("nobody.home", "message.value, line 2, failed: ReferenceError: nobody is not defined."),
    ("print('x'.repeat(4097))", "With its parameters the text has 4097 characters, and one message "
     "may have 4096."),
])  # fmt: skip
async def test_a_script_that_sends_nothing_costs_one_recipient(
    tmp_path: Path, source: str, comment: str
) -> None:
    async with calling(tmp_path, hush) as api:
        await open_window(api, ASHA, BEN)
        choosing = f"if (contact.phone === '+{BEN}') print('fine'); else {{\n{source} }}"
        assert await api.comments(await api.notified(asking("script", choosing, ASHA, BEN))) == [
            comment, SENT,
        ]  # fmt: skip
        assert api.world.graph.texts == ["fine"]


# --- who and from where --------------------------------------------------------------------------


async def test_a_stranger_gets_a_template_and_nothing_else(tmp_path: Path) -> None:
    async with calling(tmp_path, hush) as api:
        assert await api.comments(await api.notified(asking("text", "hello", BEN))) == [
            "The 24-hour window of this contact is closed, so only a template may be sent. Send a "
            "template, or wait until the contact writes."
        ]
        job = await api.notified(asking("template", TEMPLATE, f"+{BEN[0]} ({BEN[1:4]}) {BEN[4:]}"))
        assert await api.comments(job) == [SENT]
        (call,) = api.world.graph.calls
        assert (call.body["to"], call.number) == ("+" + BEN, NUMBER)
        assert await api.world.rows("SELECT phone FROM contact") == [(BEN,)]
        await api.world.say("thanks", BEN)
        await api.world.quiet()
        assert await api.world.rows("SELECT count(*) FROM conversation") == [(1,)]


async def test_it_leaves_from_the_number_that_was_written_to_last(tmp_path: Path) -> None:
    async with calling(tmp_path, hush) as api:
        await open_window(api, ASHA)
        api.world.clock.move(1000)
        await open_window(api, ASHA, number=SECOND)
        await api.comments(await api.notified(asking("text", "hello", ASHA)))
        await api.comments(await api.notified(asking("template", TEMPLATE, BEN)))
        assert [call.number for call in api.world.graph.calls] == [SECOND, NUMBER]
        assert await api.world.rows("SELECT number_id FROM message WHERE direction=1") != []


async def test_the_same_number_twice_is_one_message(tmp_path: Path) -> None:
    async with calling(tmp_path, hush) as api:
        job = await api.notified(asking("template", TEMPLATE, BEN, "+" + BEN, ASHA))
        assert await api.comments(job) == [
            SENT,
            "The same number is in this request before, at identities[0]: one recipient gets one "
            "message.",
            SENT,
        ]
        assert len(api.world.graph.calls) == 2


async def test_an_agent_meets_who_was_notified(tmp_path: Path) -> None:
    """A notification opens no session and leaves the context as it is."""
    seen: list[tuple[bool, dict[str, Any]]] = []

    async def look(turn: Turn) -> None:
        seen.append((turn.session_new, dict(turn.context)))
        turn.context["met"] = True

    async with calling(tmp_path, look) as api:
        await api.comments(await api.notified(asking("template", TEMPLATE, BEN)))
        await open_window(api, BEN)
        await api.comments(await api.notified(asking("text", "hello", BEN)))
        await open_window(api, BEN)
        assert seen == [(True, {}), (False, {"met": True})]


# --- answers go first ----------------------------------------------------------------------------


async def test_answers_overtake_all_that_wait(tmp_path: Path) -> None:
    settings = {"concurrency": 4, "http_timeout_s": 30.0}
    async with calling(tmp_path, settings=settings) as api:
        await open_window(api, ASHA)
        gate = asyncio.Event()
        api.world.graph.calls.clear()
        api.world.graph.always = lambda call: (
            Answer(gate=gate) if call.body["type"] == "template" else None
        )
        many = [f"1202556{i:04}" for i in range(50)]
        job = await api.notified(asking("template", TEMPLATE, *many))
        await api.world.until(lambda: len(api.world.graph.calls) == 1)
        await api.world.say("how are you?", ASHA)
        await api.world.until(lambda: "how are you?" in api.world.graph.texts)
        assert len(api.world.graph.calls) == 2  # a quarter of four calls, and the answer
        assert await api.world.rows("SELECT count(*) FROM outbox WHERE priority=1") == [(1,)]
        _, told = await api.status(job)
        assert (told["status"], told["count"]) == ("IN_PROGRESS", 0)
        gate.set()
        end = await api.ended(job)
        assert (end["status"], end["count"]) == ("SUCCESS", 50)
        to = [call.body["to"] for call in api.world.graph.calls if call.body["type"] == "template"]
        assert to == ["+" + phone for phone in many]  # one each, in the order asked for


async def test_a_reply_in_the_same_conversation_keeps_the_lane_in_order(tmp_path: Path) -> None:
    async with calling(tmp_path, settings={"http_timeout_s": 30.0}) as api:
        await open_window(api, ASHA)
        gate = asyncio.Event()
        api.world.graph.script(Answer(gate=gate))
        job = await api.notified(asking("text", "the notification", ASHA))
        await api.world.until(lambda: "the notification" in api.world.graph.texts)
        await api.world.say("the answer", ASHA)
        gate.set()
        await api.world.until(lambda: "the answer" in api.world.graph.texts)
        await api.world.quiet()
        assert await api.comments(job) == [SENT]
        found = await api.world.rows("SELECT kind,seq FROM message WHERE direction=1 ORDER BY seq")
        assert found == [("text", 1), ("text", 2), ("text", 3)]


def test_the_pace_leaves_room_for_answers() -> None:
    pace = Pace(80.0)
    waits = [pace.wait(1, i, 0.0, nobody_waits=True) for i in range(61)]
    assert max(waits[:60]) == 0
    assert waits[60] == pytest.approx(1 / 80)
    pace.give_back(1, 60)
    assert [pace.wait(1, 100 + i, 0.0) for i in range(20)] == [0.0] * 20  # twenty answers at once
    slow = Pace(0.5)
    assert slow.wait(1, 1, 0.0, nobody_waits=True) >= 0
    one = Bucket(1.0, 1.0, 0.0)
    assert one.take(0.0, leave=0.25) == 0  # a number that is slow is still reached


async def test_everybody_is_reached_at_a_rate(tmp_path: Path) -> None:
    """More than the bucket holds: some are put back, and everybody gets it in the end."""
    async with calling(tmp_path, hush, settings={"rate_per_number": 40.0}) as api:
        many = [f"1202556{i:04}" for i in range(60)]
        end = await api.ended(await api.notified(asking("template", TEMPLATE, *many)))
        assert end["status"] == "SUCCESS"
        assert len(api.world.graph.calls) == 60


# --- what a partner can carry --------------------------------------------------------------------

GUPSHUP = {"number": "918800000000", "waba_id": "200000000000001", "password": "TESTPASSWORD"}


async def test_what_the_partner_cannot_say_is_degraded_or_refused(tmp_path: Path) -> None:
    async with calling(tmp_path, hush) as api:
        command = api.world.command
        await command("channel.set", partner="gupshup", values=GUPSHUP)
        await command("channel.enable")
        await command("app.publish")
        link: dict[str, Any] = {
            "kind": "cta_url", "body": "Tea", "label": "Look", "url": "https://x.example/tea",
        }  # fmt: skip
        job = await api.notified(asking("template", link, ASHA))
        text = "Tea\n\nLook: https://x.example/tea"
        degraded = """SELECT kind,content,meta FROM message WHERE direction=1"""
        await api.world.until(lambda: api.world.rows(degraded))
        ((kind, content, meta),) = await api.world.rows(degraded)
        assert (kind, json.loads(content)["text"], json.loads(meta)["degraded"]) == (
            "text", text, "link",
        )  # fmt: skip
        assert (await api.ended(job))["status"] == "FAILURE"  # its window is closed
        pictured = {**link, "header": {"image": {"link": "https://x.example/tea.jpg"}}}
        assert await api.comments(await api.notified(asking("template", pictured, ASHA))) == [
            "On this partner it would be 2 messages, and a notification is one: shorten it, or "
            "choose another kind of message."
        ]
        flow = {"kind": "flow", "body": "x", "label": "y", "flow_id": "1"}
        job = await api.notified(asking("template", flow, ASHA))
        end = await api.ended(job)
        assert end["status"] == "FAILURE"
        assert "messagestoreId" in end["statusLogs"][0]  # it is in the log, too
        assert await api.world.rows("SELECT count(*) FROM outbox") == [(0,)]


async def test_a_mistake_of_ours_costs_one_recipient(
    tmp_path: Path, said: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with calling(tmp_path, hush) as api:
        check = api.world.app.delivery.check

        def broken(copy: Any, number_id: int, contact: Any, outgoing: Any) -> Any:
            if contact.phone.digits == ASHA:
                raise RuntimeError("boom")
            return check(copy, number_id, contact, outgoing)

        monkeypatch.setattr(api.world.app.delivery, "check", broken)
        job = await api.notified(asking("template", TEMPLATE, ASHA, BEN))
        assert await api.comments(job) == [
            "A mistake in Dragoman kept it from being sent: RuntimeError: boom.", SENT,
        ]  # fmt: skip
        assert "notification_broken" in said()


async def test_a_script_waits_for_a_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No sandbox is free: whoever waits, waits on, and nothing is sent half made."""
    async with calling(tmp_path, hush) as api:
        await open_window(api, ASHA)
        pool = api.world.app._scripts()
        await api.world.app.broadcast.stop()
        job = await api.notified(asking("script", "print('at last')", ASHA))
        monkeypatch.setattr(pool, "wait_seconds", 0.01)
        await pool._free.acquire()
        assert await api.world.app.broadcast.look() == 0
        status, answer = await api.notify(asking("script", "print('x')", ASHA))
        assert status == 503
        assert answer["errors"][0]["msg"].startswith(
            "Nothing was kept, so send the request again. message.value waited 0.01 s for a free "
        )
        pool._free.release()
        assert await api.world.app.broadcast.look() == 1
        assert await api.comments(job) == [SENT]


# --- what stands in the way ----------------------------------------------------------------------


async def test_switched_off_midway_stops_who_still_waits(tmp_path: Path) -> None:
    settings = {"concurrency": 4, "http_timeout_s": 30.0}
    async with calling(tmp_path, hush, settings=settings) as api:
        gate = asyncio.Event()
        api.world.graph.always = lambda call: Answer(gate=gate)
        job = await api.notified(asking("template", TEMPLATE, ASHA, BEN))
        await api.world.until(lambda: len(api.world.graph.calls) == 1)
        await api.world.command("channel.set", switches={"proactive": False})
        await api.world.command("app.publish")
        stopped = "SELECT count(*) FROM recipient WHERE state=2"
        await api.world.until_rows(stopped, [(1,)])
        gate.set()
        assert await api.comments(job) == [
            SENT,
            "Proactive notifications were switched off before its turn came, so it was not sent.",
        ]
        assert len(api.world.graph.calls) == 1


async def test_a_channel_that_is_off_lets_them_wait_a_day(tmp_path: Path) -> None:
    async with calling(tmp_path, hush) as api:
        api.world.graph.always = lambda call: refused(131016, 500)
        await api.world.app.broadcast.stop()
        job = await api.notified(asking("template", TEMPLATE, BEN))
        await api.world.command("channel.enable", on=False)
        await api.world.command("app.publish")
        assert await api.world.app.broadcast.look() == 0
        assert (await api.status(job))[1]["status"] == "IN_PROGRESS"
        api.world.clock.move(DAY_MS)
        assert await api.world.app.broadcast.look() == 1
        assert await api.comments(job) == [
            "It waited longer than a day and was not sent any more. Last reason: it could not be "
            "sent in time"
        ]
        assert api.world.graph.calls == []


async def test_a_number_that_is_held_holds_them(tmp_path: Path) -> None:
    async with calling(tmp_path, hush, settings=SLOW) as api:
        api.world.graph.script(refused(190, 401))  # the token is not good
        first = await api.notified(asking("template", TEMPLATE, ASHA))
        await api.world.until(lambda: bool(api.world.app.delivery.holds()))
        second = await api.notified(asking("template", TEMPLATE, BEN))
        assert await api.world.app.broadcast.look() == 0
        assert await api.world.rows("SELECT state FROM recipient ORDER BY notification_id") == [
            (1,), (0,),
        ]  # fmt: skip
        await api.world.app.delivery.release()  # as after an app was changed or authorized
        assert await api.comments(first) == await api.comments(second) == [SENT]
        assert [call.body["to"] for call in api.world.graph.calls] == [
            "+" + p for p in (ASHA, ASHA, BEN)
        ]


async def test_a_doubt_is_told_and_never_sent_again_by_itself(tmp_path: Path) -> None:
    async with calling(tmp_path, hush) as api:
        api.world.graph.script(DROP)
        job = await api.notified(asking("template", TEMPLATE, BEN))
        end = await api.ended(job)
        (entry,) = end["statusLogs"]
        assert end["status"] == "FAILURE"
        assert entry["comments"].startswith("Nobody can say whether it arrived. Do not send it ")
        (call,) = api.world.graph.calls
        await api.world.report(call, "delivered", wamid="wamid.late")
        await api.world.until_rows("SELECT count(*) FROM message WHERE doubt=1", [(0,)])
        assert (await api.ended(job))["status"] == "SUCCESS"  # the partner's echo settled it
        assert len(api.world.graph.calls) == 1


async def test_a_report_that_it_failed_after_all(tmp_path: Path) -> None:
    async with calling(tmp_path, hush) as api:
        job = await api.notified(asking("template", TEMPLATE, BEN))
        assert await api.comments(job) == [SENT]
        (call,) = api.world.graph.calls
        problem = {"code": 131026, "title": "Message undeliverable"}
        await api.world.report(call, "failed", errors=[problem])
        await api.world.until_rows("SELECT rank FROM message", [(4,)])
        end = await api.ended(job)
        assert end["status"] == "FAILURE"
        assert SENT not in end["statusLogs"][0]["comments"]


async def test_nothing_of_a_request_is_lost_or_doubled_by_a_restart(tmp_path: Path) -> None:
    async with Graph().open() as graph:
        many = [f"1202556{i:04}" for i in range(40)]
        settings = {"concurrency": 8}
        async with calling(tmp_path, hush, graph=graph, settings=settings) as api:
            job = await api.notified(asking("template", TEMPLATE, *many))
            token = api.token
            await api.world.until(lambda: len(graph.calls) > 5)
        async with calling(tmp_path, hush, graph=graph, settings=settings, token=token) as api:
            end = await api.ended(job)
            assert end["status"] == "SUCCESS"
        assert sorted(call.body["to"] for call in graph.calls) == ["+" + p for p in many]
