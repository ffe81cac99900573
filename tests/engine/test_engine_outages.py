"""A full disk, a lock, a stop: a partner hears 503, what was answered 200 is done all the same."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from dragoman.agents.contract import Turn
from dragoman.domain.sentences import Sentence, SentenceError
from dragoman.partners.contract import Hook
from dragoman.store.drivers import Tx
from dragoman.store.leases import Claim
from dragoman.store.outgoing import ClaimReady, LeaveDoubts
from dragoman.store.rows import Claimed
from world import (
    ASHA,
    HTML_500,
    STREAM,
    Answer,
    World,
    body_of,
    new_wamid,
    running,
    sign,
    text_of,
    value,
)
from world import SECRET as APP_SECRET

DAY = 86_400_000
SECRET = APP_SECRET.encode()
IMPATIENT = {"intake_wait_s": 0.1}


@contextlib.asynccontextmanager
async def locked(world: World) -> AsyncIterator[None]:
    """Another program holds the database."""
    other = sqlite3.connect(world.home / "dragoman.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def hello(world: World, text: str = "hello", **more: Any) -> dict[str, Any]:
    return body_of(value(messages=[text_of(text, at=world.clock.now() // 1000, **more)]))


def files(folder: Path) -> list[tuple[str, bytes]]:
    return [(str(f), f.read_bytes()) for f in sorted(folder.rglob("*")) if f.is_file()]


async def pages(world: World, limit: int | None) -> None:
    """Let the database grow no further, or again."""
    store = world.app.store
    now = await store.do(lambda tx: tx.run("PRAGMA page_count")[0][0])
    most = now if limit is None else limit
    await store.do(lambda tx: tx.run(f"PRAGMA max_page_count={most}"))


# --- intake --------------------------------------------------------------------------------------


async def test_a_locked_database_is_503_and_then_nothing_is_lost(tmp_path: Path) -> None:
    async with running(tmp_path, settings=IMPATIENT) as world:
        body = hello(world)
        async with locked(world):
            answer = await world.post(body)
            assert (answer.status, answer.body) == (503, b"Busy, send it again")
            assert answer.headers == (("Retry-After", "5"),)
        assert (await world.post(body)).status == 200
        await world.quiet()
        assert world.graph.texts == ["hello"]


async def test_a_full_disk_is_503_and_a_running_turn_ends_when_there_is_room(
    tmp_path: Path,
) -> None:
    gate = asyncio.Event()
    asked: list[int] = []

    async def gated(turn: Turn) -> None:
        asked.append(len(turn.text))
        await gate.wait()
        turn.reply(turn.text[:10])

    async with running(tmp_path, gated) as world:
        await world.say("hello")
        await world.until(lambda: asked == [5])
        await pages(world, None)
        big = hello(world, "x" * 300_000)
        assert (await world.post(big)).status == 503
        gate.set()
        await pages(world, 1_073_741_823)
        assert (await world.post(big)).status == 200
        await world.quiet()
        assert world.graph.texts == ["hello", "x" * 10]
        assert asked == [5, 300_000]


async def test_a_message_is_remembered_for_thirty_days_and_over_restarts(tmp_path: Path) -> None:
    wamid = new_wamid()
    async with running(tmp_path) as world:
        await world.say("once", wamid=wamid)
        await world.quiet()
        world.clock.move(29 * DAY)
        await world.app.housekeeping._prune(world.clock.now())
        await world.say("once", wamid=wamid)
        await world.quiet()
        graph = world.graph
    async with running(tmp_path, graph=graph) as world:
        await world.say("once", wamid=wamid)
        await world.quiet()
        assert graph.texts == ["once"]


async def test_a_signature_is_checked_over_the_bytes_that_came(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        text = "é / 👨‍👩‍👧‍👦 \u202e"
        escaped = json.dumps(hello(world, text)).replace("/", "\\/").encode()
        hook = Hook("POST", "", headers={"x-hub-signature-256": sign(escaped)}, body=escaped)
        assert (await world.app.intake.receive("cloud-api", STREAM, hook)).status == 200
        await world.quiet()
        assert world.graph.texts == [text]
        again = json.dumps(json.loads(escaped)).encode()  # the same JSON, other bytes
        hook = Hook("POST", "", headers={"x-hub-signature-256": sign(escaped)}, body=again)
        assert (await world.app.intake.receive("cloud-api", STREAM, hook)).status == 401


@pytest.mark.full
async def test_what_the_database_cannot_hold_is_set_aside_and_its_neighbours_go_on(
    tmp_path: Path, postgres_url: str
) -> None:
    async with running(tmp_path, settings={"database_url": postgres_url}) as world:
        at = world.clock.now() // 1000
        items = [
            text_of("before", at=at),
            text_of("nul", wamid="wamid.a\0b", at=at),
            text_of("after", at=at),
        ]
        posted = await world.post(body_of(value(messages=items)))
        assert (posted.status, posted.body) == (200, b"EVENT_RECEIVED")
        await world.quiet()
        assert {"before", "after"} <= set(world.graph.texts)
        assert await world.rows("SELECT count(*) FROM hook") == [(1,)]
        kept = await world.rows(
            """SELECT (SELECT count(*) FROM message WHERE direction=0)
            +(SELECT count(*) FROM rejected)"""
        )
        assert kept == [(3,)]  # none is dropped, whichever way the third is kept


# --- turns and calls -----------------------------------------------------------------------------


async def test_the_end_of_a_turn_waits_for_the_database_and_the_agent_is_asked_once(
    tmp_path: Path,
) -> None:
    gate = asyncio.Event()
    asked: list[str] = []

    async def gated(turn: Turn) -> None:
        asked.append(turn.text)
        await gate.wait()
        turn.reply(turn.text)

    async with running(tmp_path, gated, settings=IMPATIENT) as world:
        await world.say("hello")
        await world.until(lambda: asked == ["hello"])
        late = hello(world, "late")
        async with locked(world):
            gate.set()
            assert (await world.post(late)).status == 503  # the turn's commit met the lock, too
        assert (await world.post(late)).status == 200
        await world.quiet()
        assert asked == world.graph.texts == ["hello", "late"]


async def test_the_end_of_a_call_waits_for_the_database_and_is_no_doubt(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with running(tmp_path, settings=IMPATIENT) as world:
        world.graph.script(Answer(gate=gate))
        await world.say("hello")
        await world.until(lambda: world.graph.texts == ["hello"])
        async with locked(world):
            gate.set()
            await world.until(lambda: world.graph.taken == ["hello"])
            assert (await world.post(body_of({"new": "x"}, field="tomorrow"))).status == 503
        await world.quiet()
        assert world.graph.texts == ["hello"]
        assert await world.rows("SELECT rank,doubt FROM message WHERE direction=1") == [(2, 0)]
        assert await world.rows("SELECT outcome FROM attempt") == [("sent",)]


async def test_a_graceful_stop_loses_nothing_and_doubts_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        people = [f"120255501{i:02d}" for i in range(60)]
        posts = []
        for person in people:
            message = text_of("hello", person, at=world.clock.now() // 1000)
            posts.append(asyncio.create_task(world.post(body_of(value(messages=[message])))))
        await world.until(lambda: world.graph.texts)
        await world.app.stop()
        answers = [(await post).status for post in posts]
        kept = [p for p, status in zip(people, answers, strict=True) if status == 200]
        graph = world.graph
        async with running(tmp_path, graph=graph) as again:
            await again.quiet()
            sent = sorted(c.body["to"].removeprefix("+") for c in graph.calls)
            assert sent == sorted(kept)
            assert await again.rows("SELECT count(*) FROM message WHERE doubt<>0") == [(0,)]
            assert await again.rows("SELECT count(*) FROM message WHERE rank=4") == [(0,)]


async def test_a_stop_while_the_pace_holds_messages_back_gives_them_back(tmp_path: Path) -> None:
    async def ten(turn: Turn) -> None:
        for i in range(10):
            turn.reply(f"{i}")

    slow = {"rate_per_number": 5.0, "stop_grace_s": 0.0}
    async with running(tmp_path, ten, settings=slow) as world:
        await world.say("go")
        await world.until(lambda: len(world.graph.taken) >= 5)
        await world.app.stop()
        async with running(tmp_path, ten, graph=world.graph) as again:
            await again.quiet()
            assert world.graph.texts == [f"{i}" for i in range(10)]
            assert await again.rows("SELECT count(*) FROM message WHERE doubt<>0") == [(0,)]


# --- a wake that is lost -------------------------------------------------------------------------


async def test_a_send_that_nobody_began_is_given_back(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        world.graph.script(HTML_500)  # in doubt: the lane stands still for a moment
        await world.say("one")
        await world.until_rows("SELECT state FROM outbox", [(2,)])
        await world.say("two")
        await world.until_rows("SELECT state FROM outbox ORDER BY seq", [(2,), (0,)])
        ((app_id, number_id),) = await world.rows("SELECT app_id,number_id FROM outbox LIMIT 1")
        leave = LeaveDoubts(world.clock.now() + DAY)
        claim = ClaimReady(app_id, number_id, world.app.owner, world.clock.now(), 1)

        def at_once(tx: Tx) -> list[Claimed]:
            LeaveDoubts.apply(tx, [leave])
            return ClaimReady.apply(tx, [claim])[0]  # and nobody is told of it

        (row,) = await world.app.store.do(at_once)
        assert row.attempt == 1
        await world.until(lambda: world.graph.taken == ["two"])
        await world.quiet()
        assert await world.rows("SELECT doubt FROM message WHERE id=?", row.message_id) == [(0,)]
        assert await world.rows("SELECT n FROM attempt WHERE message_id=?", row.message_id) == [
            (1,)
        ]


async def test_a_turn_that_nobody_began_is_given_back(tmp_path: Path) -> None:
    async with running(tmp_path, setup={"app": {"debounce_ms": 400}}) as world:
        await world.say("hello")
        claim = Claim(world.app.owner, 30_000, world.clock.now() + 1_000, 1)
        (lease,) = await world.app.store.submit(claim)  # and nobody is told of it
        assert lease.tries == 1
        await world.quiet()
        assert world.graph.texts == ["hello"]
        assert await world.rows("SELECT attempt FROM turn") == [(1,)]


# --- commands ------------------------------------------------------------------------------------


async def test_a_refused_command_says_its_own_sentence(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        for command, args, expected in (
            ("app.publish", {}, Sentence("nothing_to_publish")),
            (
                "app.publish",
                {"name": "nobody"},
                Sentence("app_unknown", {"name": "nobody", "known": "world"}),
            ),
            ("app.create", {"name": "world"}, Sentence("app_exists", {"name": "world"})),
            ("nonsense", {}, Sentence("command_unknown", {"name": "nonsense"})),
            ("doubt.settle", {"id": "out-1", "arrived": True}, Sentence("not_in_doubt", {"id": 1})),
        ):
            with pytest.raises(SentenceError) as refused:
                await world.command(command, **args)
            assert refused.value.sentence == expected


async def test_secrets_are_sealed_on_the_disk(tmp_path: Path) -> None:
    token = "a-token-that-must-not-be-found-0123456789"
    async with running(tmp_path, setup={"token": token}) as world:
        await world.say("hello")
        await world.quiet()
        assert world.graph.calls[0].token == token
        assert world.graph.calls[0].body["to"] == f"+{ASHA}"
        assert token not in json.dumps(await world.command("channel.show"))
    found = [name for name, data in files(tmp_path) if token.encode() in data or SECRET in data]
    assert found == []
