"""`dragoman log`: lines, filters, what a message waits for, following, and wrong questions."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest
from bench import messages as many
from cli_desk import Said, child, clean_environment, desk, still

from dragoman.agents.contract import Turn
from dragoman.cli.lines import one_line
from dragoman.domain.clock import id_text
from dragoman.engine.standing import duration, phone
from dragoman.store.queries import chain, messages
from dragoman.store.queries.messages import Filter
from dragoman.store.store import reader
from world import ASHA, BEN, DROP, World, body_of, refused, running, text_of, value

pytestmark = pytest.mark.full  # the program and a terminal

FAMILY = "👨‍👩‍👧‍👦"


async def first(world: World, **more: Any) -> str:
    """Asha says hello and gets her answer, delivered and read."""
    wamid = await world.say("hello", **more)
    await world.quiet()
    call = world.graph.calls[-1]
    await world.report(call, "delivered")
    await world.report(call, "read")
    return wamid


async def test_lines_newest_last(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        named = [{"wa_id": ASHA, "profile": {"name": "Asha"}}]
        message = text_of("hello", at=world.clock.now() // 1000)
        await world.post(body_of(value(messages=[message], contacts=named)))
        await world.quiet()
        await world.report(world.graph.calls[0], "delivered")
        await world.say("चाय चाहिए " + FAMILY, BEN)
        await world.quiet()
        said = await child(tmp_path, "log")
        assert (said.code, said.err) == (0, "")
        asha, ben, shop = "Asha +1 202 555 0142", "+1 202 555 0143", "+1 202 555 0100"
        assert still(said.out).splitlines() == [
            f"TIME ▼ in-ID   handled       {asha} → {shop}  text: hello",
            f"TIME ▲ out-ID  delivered     {shop} → {asha}  text: hello",
            f"TIME ▼ in-ID   handled       {ben} → {shop}  text: चाय चाहिए {FAMILY}",
            f"TIME ▲ out-ID  accepted      {shop} → {ben}  text: चाय चाहिए {FAMILY}",
        ]


async def test_filters(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        wamid = await first(world)
        await world.say("second", BEN)
        await world.quiet()
        out_wamid = world.graph.calls[0].wamid

        async def texts(*args: str) -> list[str]:
            said = await desk(tmp_path, "log", "--json", *args)
            assert (said.code, said.err) == (0, "")
            return [f"{line['direction']} {line['text']}" for line in said.json()]

        every = ["in hello", "out hello", "in second", "out second"]
        assert await texts() == every
        assert await texts("-n", "2") == every[2:]
        assert await texts("-n", "0") == []
        assert await texts("--in") == ["in hello", "in second"]
        assert await texts("--out") == ["out hello", "out second"]
        assert await texts("--in", "--out") == every
        assert await texts("--app", "world") == every
        assert await texts("--since", "1h") == every
        assert await texts("--conversation", "+1 202 555-0142") == every[:2]
        assert await texts("--conversation", BEN, "--out") == ["out second"]
        assert await texts("--conversation", BEN, "--status", "accepted") == ["out second"]
        assert await texts("--message", wamid) == ["in hello"]
        assert await texts("--message", out_wamid) == ["out hello"]
        assert await texts("--status", "read") == ["out hello"]
        assert await texts("--status", "Accepted") == ["out second"]
        assert await texts("--status", "handled") == ["in hello", "in second"]
        for word in messages.WORDS:
            if word not in ("read", "accepted", "handled"):
                assert await texts("--status", word.replace(" ", "-")) == []
        conversation = (await world.rows("SELECT conversation_id FROM message"))[0][0]
        assert await texts("--conversation", f"conv-{id_text(conversation)}") == every[:2]


async def test_json_has_everything(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        wamid = await world.say("hello")
        await world.quiet()
        (line,) = (await desk(tmp_path, "log", "--json", "-n", "5", "--in")).json()
        id, came = (await world.rows("SELECT m.id,h.at FROM message m JOIN hook h"))[0]
        assert line.pop("at").endswith(f"{came % 1000:03d}Z")
        assert line == {
            "id": f"in-{id_text(id)}",
            "app": "world",
            "direction": "in",
            "contact": {"name": None, "phone": ASHA, "bsuid": None},
            "number": "12025550100",
            "partner": "cloud-api",
            "kind": "text",
            "text": "hello",
            "status": "handled",
            "why": None,
            "external_id": wamid,
        }


async def waiting(home: Path, word: str) -> str:
    """The one line of a status, without its times."""
    said = await desk(home, "log", "--status", word)
    assert (said.code, len(said.lines)) == (0, 1), said
    return still(said.out).strip()


async def test_what_it_waits_for(tmp_path: Path) -> None:
    async def many(turn: Turn) -> None:
        for part in turn.text.split():
            turn.reply(part)

    hour = 3_600_000
    slow = {"retry_base_ms": hour, "retry_cap_ms": hour, "lane_hold_ms": 9 * hour}
    async with running(tmp_path, many, settings=slow) as world:
        world.graph.script(refused(131016))
        await world.say("retry behind")
        await world.until_rows("SELECT count(*) FROM attempt WHERE outcome='retry'", [(1,)])
        lines = (await desk(tmp_path, "log", "--status", "waiting")).lines
        assert [still(line).partition("  text: ")[2] for line in lines] == [
            "retry — Attempt 1 failed: WhatsApp's service is unavailable for the moment; the "
            "message is tried again. Next try in SPAN.",
            "behind — Behind out-ID, which must leave first.",
        ]
        world.graph.script(DROP)
        await world.say("doubtful", BEN)
        await world.until_rows("SELECT count(*) FROM message WHERE doubt=1", [(1,)])
        assert (await waiting(tmp_path, "in-doubt")).endswith(
            "text: doubtful — Unknown for SPAN whether it arrived, so it is not sent again by "
            "itself."
        )


async def test_held_number(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        world.graph.always = lambda call: refused(190, 401)
        await world.say("hello")
        await world.until_rows("SELECT count(*) FROM number WHERE hold IS NOT NULL", [(1,)])
        await world.until_rows("SELECT count(*) FROM outbox WHERE state=0", [(1,)])
        line = await waiting(tmp_path, "waiting")
        assert "text: hello — +1 202 555 0100 may not send: " in line
        assert line.endswith(("Next try in SPAN.", "Next try in a moment."))


async def test_not_answered_and_parked(tmp_path: Path) -> None:
    async def crash(turn: Turn) -> None:
        raise ValueError("no tea")

    async with running(tmp_path, crash, settings={"turn_tries": 1}) as world:
        await world.say("hello")
        await world.until_rows("SELECT count(*) FROM message WHERE answer=3", [(1,)])
        line = await waiting(tmp_path, "parked")
        assert "text: hello — The agent crashed 1 times on these messages, so they were" in line
        assert "ValueError: no tea" in line
        await world.command("channel.enable", on=False)
        await world.command("app.publish")
        await world.say("anybody there")
        assert (await waiting(tmp_path, "not answered")).endswith(
            "text: anybody there — The channel is switched off in the published copy, so the "
            "message was kept and not answered. Enable the channel and publish."
        )


async def test_waiting_for_its_turn(tmp_path: Path) -> None:
    go = asyncio.Event()

    async def slow(turn: Turn) -> None:
        await go.wait()

    async with running(tmp_path, slow) as world:
        await world.say("hello")
        assert (await waiting(tmp_path, "waiting")).endswith("text: hello — Its turn is running.")
        go.set()
        await world.quiet()


async def test_several_apps_are_named(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        await world.app.command("app.create", {"name": "other", "who": "tests"})
        await world.say("hello")
        await world.quiet()
        out = (await desk(tmp_path, "log", "--in")).out
        assert "▼ world  in-" in out
        assert (await desk(tmp_path, "log", "--app", "other")) == Said(0, "", "No message fits.\n")


# --- following -----------------------------------------------------------------------------------


async def test_follow(tmp_path: Path) -> None:
    async with running(tmp_path) as world:
        await first(world)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "dragoman", "--home", str(tmp_path), "log", "-f", "-n", "1",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=clean_environment(),
        )  # fmt: skip
        assert process.stdout is not None

        async def next_line() -> str:
            assert process.stdout is not None
            line = await asyncio.wait_for(process.stdout.readline(), 10)
            return still(line.decode().rstrip("\n"))

        shop, asha = "+1 202 555 0100", "+1 202 555 0142"
        try:
            assert await next_line() == f"TIME ▲ out-ID  read          {shop} → {asha}  text: hello"
            await world.say("second")
            await world.quiet()
            assert (await next_line()).startswith("TIME ▼ in-ID ")
            said = await next_line()
            if "  sending  " in said:  # a look fell into the call
                assert await next_line() == f"TIME ○ out-ID  accepted      {asha}"
            else:
                assert said == f"TIME ▲ out-ID  accepted      {shop} → {asha}  text: second"
            await world.report(world.graph.calls[-1], "delivered")
            assert await next_line() == f"TIME ○ out-ID  delivered     {asha}"
            process.send_signal(signal.SIGINT)
            out, err = await asyncio.wait_for(process.communicate(), 10)
            assert (process.returncode, out, err) == (0, b"", b"")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def test_follow_tells_a_failure_without_a_report(tmp_path: Path) -> None:
    """A refused call writes no report: the message that waits is looked at again."""
    from dragoman.engine.follow import Follower

    heard: list[str] = []

    class Ear:
        def message(self, line: messages.Line) -> None:
            heard.append(f"new {messages.word(line, 0)}")

        def change(self, line: messages.Line, at: int) -> None:
            heard.append(f"now {messages.word(line, 0)}")

    gate = asyncio.Event()
    async with running(tmp_path, settings={"http_timeout_s": 5}) as world:
        tx = reader(world.app.settings.database_url)
        every = Follower(tx, Filter(), Ear())
        failed = Follower(tx, Filter(status="failed"), Ear())
        answer = refused(131009)
        answer.gate = gate
        world.graph.script(answer)
        await world.say("hello")
        await world.until(lambda: world.graph.calls)
        every.look(tx)
        failed.look(tx)
        assert heard == ["new handled", "new sending"]
        gate.set()
        await world.quiet()
        every.look(tx)
        failed.look(tx)
        every.look(tx)
        assert heard[2:] == ["now failed", "now failed"]


# --- asked wrong ---------------------------------------------------------------------------------


async def test_wrong_questions(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    missing = (
        f"The database sqlite:///{empty}/dragoman.db has no Dragoman tables yet. Start the server "
        "once, or run `dragoman app create`.\n"
    )
    for args in (["log"], ["why", "last"], ["doubt"], ["settle", "out-1", "--arrived"], ["replay"]):
        assert await desk(empty, *args) == Said(1, "", missing)
    assert not empty.exists()
    assert await child(empty, "log") == Said(1, "", missing)
    async with running(tmp_path) as world:
        assert await desk(tmp_path, "log") == Said(0, "", "There is no message yet.\n")
        assert await desk(tmp_path, "why", "last") == Said(1, "", "There is no message yet.\n")
        await world.say("hello")
        await world.quiet()
        wrong = {
            ("--app", "nowhere"): "There is no app 'nowhere'. Apps: world.",
            ("--status", "lost"): "'lost' is no status. One of: queued, sending, accepted, sent, "
            "delivered, read, played, failed, in-doubt, sent-again, waiting, handled, "
            "not-answered, parked.",
            ("--since", "yesterday"): "'yesterday' is no length of time: write 90s, 10m, 2h or 7d.",
            ("--conversation", "12025550199"): "Nobody with '12025550199' has written yet. Give a "
            "phone number with its country code, a user id, or a conversation's id.",
            ("--message", "in-0"): "Nothing here has the id 'in-0'. Ids look like in-6YJH247DX400 "
            "or out-6YJH247DX401; a partner's id, a phone number and `last` work too. "
            "`dragoman log` lists messages.",
        }
        for args, sentence in wrong.items():
            assert await desk(tmp_path, "log", *args) == Said(1, "", sentence + "\n")
    with sqlite3.connect(tmp_path / "dragoman.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num='9999'")
    connection.close()
    newer = await desk(tmp_path, "log")
    assert newer == Said(
        1,
        "",
        f"The database sqlite:///{tmp_path}/dragoman.db was written by a newer Dragoman (schema "
        "9999; this program knows up to 0002). Start the newer program, or restore a backup.\n",
    )


# --- small forms ---------------------------------------------------------------------------------


def test_one_line_is_safe_and_whole() -> None:
    assert one_line("a\n\tb\x1b[31m red\x07 \u202egnp.exe") == "a b [31m red gnp.exe"
    assert one_line("शुभ " * 30, 20) == "शुभ शुभ शुभ शुभ शुभ…"
    assert one_line(FAMILY * 10, 30) == FAMILY * 4 + "…"
    assert one_line("שלום עולם") == "\u2068שלום עולם\u2069"
    assert one_line("") == ""


def test_durations_and_phones() -> None:
    cases = {0: "0 ms", 999: "999 ms", 1_100: "1.1 s", 12_400: "12 s", 60_000: "1 min",
             125_000: "2 min 5 s", 11_400_000: "3 h 10 min", 86_400_000: "1 d",
             187_200_000: "2 d 4 h", -1_500: "-1.5 s"}  # fmt: skip
    assert {ms: duration(ms) for ms in cases} == cases
    phones = {"12025550142": "+1 202 555 0142", "5511961234567": "+55 11 96123 4567",
              "106540352242922": "+106540352242922", "": "", "abc": "abc"}  # fmt: skip
    assert {digits: phone(digits) for digits in phones} == phones


# --- by index ------------------------------------------------------------------------------------


class Explaining:
    """A connection that refuses a statement which would walk a big table."""

    dialect = "sqlite"

    def __init__(self, tx: Any) -> None:
        self.tx = tx
        self.wakes: list[Any] = []
        self.plans: set[str] = set()

    def run(self, sql: str, params: Any = ()) -> Any:
        for row in self.tx.run("EXPLAIN QUERY PLAN " + sql, params):
            self.plans.add(row[3])
        return self.tx.run(sql, params)

    def many(self, statement: Any, rows: Any, tail: Any = ()) -> Any:
        flat = [v for row in rows[:1] for v in row]
        for row in self.tx.run("EXPLAIN QUERY PLAN " + statement.sqlite(1), flat):
            self.plans.add(row[3])
        return self.tx.many(statement, rows, tail)

    def walks(self) -> list[str]:
        """Plans that read a whole table of many rows."""
        small = ("app", "number", "newest", "b", "(subquery", "batch", "CONSTANT", "2-ROW", "a")
        return sorted(
            plan for plan in self.plans
            if plan.startswith("SCAN") and plan.split()[1] not in small
        )  # fmt: skip


def ask_everything(tx: Any, n: int) -> None:
    """Every question of the log and of `why`, once."""
    now = many.START_MS + n * 100
    person = "+12020000001"
    for status in (None, *messages.WORDS):
        for direction in (None, 0, 1):
            messages.newest(tx, Filter(status=status, direction=direction), 20, now)
    for words, name in (("day", ""), ("नहीं", ""), ("", "Person 7"), ("tea", "Étienne")):
        for status in (None, "failed", "waiting", "read"):
            messages.page(tx, Filter(status=status, words=words, name=name, numbers=(2,)), 20, now)
    own = tuple(chain.conversations_of(tx, person))
    assert own == ((many.APP, 2),)
    messages.newest(tx, Filter(conversations=own, status="failed"), 20, now)
    messages.since(tx, many.APP, many.id_of(n - 5), 10)
    messages.reported(tx, many.APP, 0, 10)
    messages.last_ids(tx, many.APP)
    for asked in ("last", person, "wamid.1", "wamid.0", f"out-{id_text(many.id_of(1))}"):
        found = chain.find(tx, asked)
        if found is None:  # what came in is found by `seen`, which this database lacks
            assert asked == "wamid.0"
            continue
        line = messages.load(tx, [(found.app_id, found.id)])[0]
        chain.attempts(tx, line.app_id, line.id)
        chain.reports(tx, line.app_id, line.id)
        chain.sent_again(tx, line)
        chain.settled(tx, line)
        chain.turn_at(tx, line.app_id, line.conversation_id, 1)
        chain.items_of(tx, line.app_id, line.id)
        chain.last_change(tx, line.app_id, line.id)


def test_every_question_has_an_index(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'few.db'}"
    many.fill(url, 2_000)
    tx = Explaining(reader(url))
    ask_everything(tx, 2_000)
    tx.tx.close()
    assert tx.walks() == []
