"""What comes in is kept once, in order, with the reason when it is not answered."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from dragoman.agents.contract import Turn
from dragoman.domain.clock import Clock
from world import (
    ASHA,
    BEN,
    NUMBER,
    SECOND,
    STREAM,
    World,
    body_of,
    running,
    text_of,
    value,
)

FIXTURES = Path(__file__).parents[1] / "fixtures" / "cloud_api"
FIXTURE_AT = 1_795_420_800_000
TABLES = ("hook", "seen", "message", "report", "event", "rejected", "conversation", "contact")


def at_fixtures() -> Clock:
    """A clock that stands a minute after what the fixtures tell of."""
    clock = Clock()
    clock.offset_ms = FIXTURE_AT + 60_000 - clock.now()
    return clock


async def counts(w: World) -> dict[str, int]:
    return {t: (await w.rows(f"SELECT count(*) FROM {t}"))[0][0] for t in TABLES}


async def unanswered(w: World) -> list[str]:
    """Why each message that came in is not answered, in order; empty for those that are."""
    rows = await w.rows("SELECT answer,why FROM message WHERE direction=0 ORDER BY id")
    return [json.loads(why)["id"] if answer == 2 else "" for answer, why in rows]


# --- kept, not answered --------------------------------------------------------------------------


async def test_a_disabled_channel_keeps_and_never_answers_later(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        await w.command("channel.enable", on=False)
        await w.say("draft only")  # the published copy is still on
        await w.quiet()
        await w.command("app.publish")
        await w.say("off")
        await w.quiet()
        await w.command("channel.enable", on=True)
        await w.command("app.publish")
        await w.app.housekeeping.sweep()
        await w.say("on")
        await w.quiet()
        assert w.graph.texts == ["draft only", "on"]
        assert await unanswered(w) == ["", "channel_disabled", ""]
        assert await w.rows("SELECT from_seq,to_seq FROM turn ORDER BY id") == [(1, 1), (2, 3)]


async def test_an_app_that_was_never_published_keeps_and_proves_the_draft(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        other = {"name": "second", "stream_id": "st-second"}
        await w.app.command("app.create", {**other, "who": "tests"})
        values = {"numbers": ["1065"], "token": "t" * 30, "app_secret": "another-secret-00000000"}
        await w.app.command(
            "channel.set",
            {"name": "second", "who": "tests", "partner": "cloud-api", "values": values},
        )
        body = body_of(value("1065", [text_of("early", at=w.clock.now() // 1000)]))
        answer = await w.post(body, stream="st-second", secret="another-secret-00000000")
        assert (answer.status, answer.body) == (200, b"EVENT_RECEIVED")
        assert await unanswered(w) == ["not_published"]
        assert await w.rows("SELECT note FROM hook") == [("draft",)]
        await w.quiet()
        assert w.graph.calls == []


async def test_a_number_that_is_not_listed_is_kept(tmp_path: Path) -> None:
    async with running(tmp_path, setup={"numbers": [NUMBER]}) as w:
        await w.say("hi", number=SECOND)
        await w.quiet()
        assert await unanswered(w) == ["number_unlisted"]
        await w.command("channel.set", partner="cloud-api", values={"numbers": [NUMBER, SECOND]})
        await w.command("app.publish")
        await w.say("now", number=SECOND)
        await w.quiet()
        assert [(c.number, c.text) for c in w.graph.calls] == [(SECOND, "now")]
        assert await unanswered(w) == ["number_unlisted", ""]


async def test_groups_and_notices_and_a_missing_agent_are_kept(tmp_path: Path) -> None:
    async with running(tmp_path, clock=at_fixtures()) as w:
        for name in ("group_text", "system_user_changed_number", "edit_coexistence"):
            answer = await w.post((FIXTURES / "inbound" / f"{name}.json").read_bytes())
            assert answer.status == 200
        await w.quiet()
        assert await unanswered(w) == ["group_message", "silent_kind", "silent_kind"]
        assert w.graph.calls == []
        assert await w.rows("SELECT count(*) FROM turn") == [(0,)]


async def test_an_app_without_an_agent_keeps(tmp_path: Path) -> None:
    async with running(tmp_path, setup={"agent": ""}) as w:
        await w.say("anyone?")
        await w.quiet()
        assert await unanswered(w) == ["no_agent"]


async def test_a_channel_switched_off_while_a_message_waits_says_so(tmp_path: Path) -> None:
    async with running(tmp_path, setup={"app": {"debounce_ms": 60_000}}) as w:
        await w.say("waits")
        await w.command("channel.enable", on=False)
        await w.command("app.publish")
        w.clock.move(60_000)
        await w.quiet()
        assert await unanswered(w) == ["channel_disabled"]
        assert w.graph.calls == []


# --- once ----------------------------------------------------------------------------------------


async def test_a_batch_over_entries_changes_and_numbers(tmp_path: Path) -> None:
    async with running(tmp_path, clock=at_fixtures()) as w:
        body = json.loads(
            (FIXTURES / "inbound" / "batch_multi_entry_multi_change.json").read_text()
        )
        values = [c["value"] for e in body["entry"] for c in e["changes"]]
        numbers = [v["metadata"]["phone_number_id"] for v in values]
        assert set(numbers) <= {NUMBER, SECOND}
        # One number in the fixture: a second one beside it makes the batch of every shape.
        body["entry"].append({"id": "3", "changes": [{"field": "messages", "value": value(
            SECOND, [text_of("other", "16505551234", at=FIXTURE_AT // 1000)])}]})  # fmt: skip
        assert (await w.post(body)).status == 200
        await w.quiet()
        said = [m["text"]["body"] for v in values for m in v.get("messages", ()) if "text" in m]
        mine = await w.rows(
            """SELECT content FROM message m JOIN number n ON n.id=m.number_id
            WHERE direction=0 AND n.key=? AND kind='text' ORDER BY m.seq""", NUMBER,
        )  # fmt: skip
        assert [json.loads(c[0])["text"] for c in mine] == said
        assert [c.text for c in w.graph.calls if c.number == SECOND] == ["other"]
        assert await w.rows("SELECT count(*) FROM report") == [
            (sum(len(v.get("statuses", ())) for v in values),)
        ]


async def test_the_same_message_at_once_in_other_bodies_and_days_later_is_one(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as w:
        at = w.clock.now() // 1000
        message = text_of("चाय", at=at)
        alone = body_of(value(NUMBER, [message]))
        beside = body_of(value(NUMBER, [text_of("new", BEN, at=at), message]))
        answers = await asyncio.gather(*(w.post(b) for b in (alone, alone, beside, alone)))
        assert {a.status for a in answers} == {200}
        await w.quiet()
        assert sorted(w.graph.texts) == ["new", "चाय"]
        graph = w.graph
        await w.app.stop()
        clock = Clock(7 * 86_400_000)
        async with running(tmp_path, graph=graph, clock=clock) as again:
            assert (await again.post(alone)).status == 200
            await again.quiet()
            assert sorted(graph.texts) == ["new", "चाय"]
            assert await again.rows("SELECT count(*) FROM seen") == [(2,)]


async def test_a_bad_item_leaves_its_neighbours_alone(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        at = w.clock.now() // 1000
        bad: dict[str, Any] = {"id": 17, "timestamp": "now", "type": ["text"]}
        answer = await w.post(
            body_of(value(NUMBER, [text_of("a", at=at), bad, text_of("b", at=at)]))
        )
        assert answer.status == 200
        await w.quiet()
        assert w.graph.texts == ["a", "b"]
        [(path, raw)] = await w.rows("SELECT path,raw FROM rejected")
        assert path == "entry[0].changes[0].value.messages[1]"
        assert json.loads(raw) == bad


async def test_an_unknown_type_and_an_unknown_field_are_kept(tmp_path: Path) -> None:
    seen: list[Any] = []

    async def look(turn: Turn) -> None:
        seen.append(await turn.raw())

    async with running(tmp_path, look) as w:
        strange = {**text_of("x", at=w.clock.now() // 1000), "type": "hologram",
                   "hologram": {"depth": "चाय"}}  # fmt: skip
        assert (await w.post(body_of(value(NUMBER, [strange])))).status == 200
        assert (await w.post(body_of({"tomorrow": 1}, field="hologram_updates"))).status == 200
        await w.quiet()
        assert await w.rows("SELECT kind FROM message WHERE direction=0") == [("unknown",)]
        assert await w.rows("SELECT kind FROM event") == [("kept",)]
        assert seen == [strange]


async def test_texts_no_database_likes_are_kept_all_the_same(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        at = w.clock.now() // 1000
        await w.say("nul \x00 inside", at=at)
        await w.quiet()
        body = json.dumps(body_of(value(NUMBER, [text_of("half \ud83d of it", BEN, at=at)])))
        answer = await w.post(body.encode())
        assert answer.status in (200, 400)
        assert await w.rows("SELECT count(*) FROM hook") == [(2,)]  # never dropped
        await w.quiet()


async def test_windows_open_by_the_earlier_clock(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        now = w.clock.now()
        await w.say("from the future", at=now // 1000 + 3_600)
        [(until,)] = await w.rows("SELECT until FROM win")
        assert now + 86_400_000 <= until <= w.clock.now() + 86_400_000


async def test_the_newest_window_counts_and_another_app_has_its_own(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        at = w.clock.now() // 1000
        await w.say("late", at=at - 3_600)
        await w.say("now", at=at)
        await w.say("older still", at=at - 7_200)
        assert await w.rows("SELECT until,opener FROM win") == [(at * 1000 + 86_400_000, "message")]
        await w.quiet()
        assert w.graph.texts == ["late", "now", "older still"]  # arrival decides, not timestamps


async def test_the_stream_belongs_to_its_app(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        assert (await w.post({}, stream="st-nobody")).status == 404
        assert (await w.post({}, partner="nobody")).status == 404
        assert (await w.post({}, partner="gupshup")).status == 500  # Gupshup's word for it
        assert (await w.post({}, partner="cloud-api", stream=STREAM.upper())).status == 404
        assert await counts(w) == dict.fromkeys(TABLES, 0)


async def test_a_person_with_two_spellings_is_one_contact(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        await w.say("com nove", "5511987654321")
        await w.say("sem nove", "551187654321")
        await w.quiet()
        assert await w.rows("SELECT in_seq FROM conversation") == [(2,)]
        assert await w.rows("SELECT value FROM identity ORDER BY value") == [
            ("551187654321",), ("5511987654321",),
        ]  # fmt: skip
        assert ASHA not in {c.body["to"] for c in w.graph.calls}
