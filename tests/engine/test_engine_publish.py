"""Two copies of an app: what runs is the published one, whole, until the next publish."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dragoman.agents.contract import Turn
from dragoman.domain.sentences import SentenceError
from world import (
    NUMBER,
    SECOND,
    SECRET,
    STREAM,
    TOKEN,
    Answer,
    World,
    body_of,
    running,
    set_up,
    stage,
    text_of,
    value,
)


async def versions(w: World) -> list[int]:
    """The versions that the turns were run with."""
    return [r[0] for r in await w.rows("SELECT config_version FROM turn ORDER BY id")]


async def test_a_turn_keeps_the_version_it_began_with(tmp_path: Path) -> None:
    gate, begun = asyncio.Event(), asyncio.Event()

    async def slow(turn: Turn) -> None:
        begun.set()
        await gate.wait()
        raise RuntimeError("so that the fallback of its version is sent")

    setup = {"app": {"fallback": "old words"}}
    async with running(tmp_path, slow, setup=setup, settings={"turn_tries": 1}) as w:
        await w.say("hi")
        await begun.wait()
        await w.command("app.set", fallback="new words")
        assert (await w.command("app.publish"))["version"] == 2
        gate.set()
        await w.quiet()
        await w.say("again")
        await w.quiet()
        assert w.graph.texts == ["old words", "new words"]
        assert await versions(w) == [1, 2]


async def test_a_change_waits_for_its_publish_and_a_roll_back_undoes_it(tmp_path: Path) -> None:
    async def bad(turn: Turn) -> None:
        raise RuntimeError("always")

    setup = {"app": {"fallback": "one"}}
    async with running(tmp_path, bad, setup=setup, settings={"turn_tries": 1}) as w:

        async def told() -> str:
            await w.say("hi")
            await w.quiet()
            return w.graph.texts[-1]

        await w.command("app.set", fallback="two")
        assert await told() == "one"
        await w.command("app.publish")
        assert await told() == "two"
        result = await w.command("app.rollback", version=1)
        assert (result["version"], result["waiting"]) == (3, False)
        assert await told() == "one"
        found = (await w.command("app.versions"))["versions"]
        assert [(v["version"], v["by"], v["note"]) for v in found] == [
            (3, "tests", "roll back to 1"), (2, "tests", ""), (1, "tests", ""),
        ]  # fmt: skip


async def test_nothing_to_publish_and_no_such_version(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        with pytest.raises(SentenceError, match="Nothing to publish"):
            await w.command("app.publish")
        with pytest.raises(SentenceError, match=r"has no version 9\. Versions: 1"):
            await w.command("app.rollback", version=9)


async def test_a_number_belongs_to_one_app(tmp_path: Path) -> None:
    async with running(tmp_path, setup={"numbers": [NUMBER]}) as w:
        with pytest.raises(SentenceError, match=f"The number {SECOND}|{NUMBER}.*world"):
            await set_up(w.app, w.graph, w.home, name="other", stream="st-other", numbers=[NUMBER])
        rows = await w.rows("SELECT name,published FROM app ORDER BY id")
        assert rows == [("world", 1), ("other", 0)]
        values = {"numbers": [SECOND]}
        other = {"name": "other", "who": "tests"}
        await w.app.command("channel.set", {**other, "partner": "cloud-api", "values": values})
        await w.app.command("app.publish", other)

        async def theirs(turn: Turn) -> None:
            turn.reply(f"other {turn.text}")

        stage["other"] = theirs
        await w.say("a")
        await w.say("b", number=SECOND, stream="st-other")
        await w.quiet()
        assert sorted((c.number, c.text) for c in w.graph.calls) == [
            (NUMBER, "a"), (SECOND, "other b"),
        ]  # fmt: skip


async def test_a_roll_back_cannot_take_a_number_that_was_given_away(tmp_path: Path) -> None:
    async with running(tmp_path, setup={"numbers": [NUMBER, SECOND]}) as w:
        await w.command("channel.set", partner="cloud-api", values={"numbers": [NUMBER]})
        await w.command("app.publish")
        await set_up(w.app, w.graph, w.home, name="other", stream="st-other", numbers=[SECOND])
        with pytest.raises(SentenceError, match=SECOND):
            await w.command("app.rollback", version=1)
        assert w.app.apps.by_stream[STREAM].draft.numbers() == {NUMBER}  # all or nothing
        assert len((await w.command("app.versions"))["versions"]) == 2


async def test_what_waits_is_sent_with_the_newest_published_token(tmp_path: Path) -> None:
    async def two(turn: Turn) -> None:
        turn.reply("one")
        turn.reply("two")

    async with running(tmp_path, two) as w:
        gate = asyncio.Event()
        w.graph.script(Answer(gate=gate))
        await w.say("hi")
        await w.until(lambda: bool(w.graph.calls))
        await w.command("channel.set", partner="cloud-api", values={"token": "next-" + TOKEN})
        await w.command("app.publish")
        gate.set()
        await w.quiet()
        assert [(c.text, c.token) for c in w.graph.calls] == [
            ("one", TOKEN), ("two", "next-" + TOKEN),
        ]  # fmt: skip


async def test_a_channel_without_an_app_secret_cannot_be_enabled(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        other = {"name": "other", "who": "tests"}
        await w.app.command("app.create", other)
        values = {"numbers": [SECOND], "token": TOKEN}
        await w.app.command("channel.set", {**other, "partner": "cloud-api", "values": values})
        with pytest.raises(SentenceError, match="cannot be enabled yet"):
            await w.app.command("channel.enable", other)
        shown = await w.app.command("channel.show", other)
        assert TOKEN not in str(shown)
        assert shown["values"]["token"] == "••••••••"


async def test_a_published_channel_that_lost_its_secret_takes_nothing_on_trust(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as w:
        await w.command("channel.set", partner="cloud-api", values={"app_secret": ""})
        with pytest.raises(SentenceError, match="There is no app secret"):
            await w.command("app.publish")
        await w.command("channel.enable", on=False)
        await w.command("app.publish")
        body = body_of(value(NUMBER, [text_of("hi", at=w.clock.now() // 1000)]))
        for secret in ("", SECRET):
            assert (await w.post(body, secret=secret)).status == 401
        assert await w.rows("SELECT count(*) FROM message") == [(0,)]


# --- a channel that lacks something ---------------------------------------------------------------


async def test_another_partner_whose_form_is_empty_switches_the_channel_off(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as w:
        done = await w.command("channel.set", partner="karix")
        assert (done["switched_off"], done["enabled"]) == (True, False)
        assert done["live_enabled"]  # what runs is the published copy
        assert not (await w.command("channel.set", partner="karix"))["switched_off"]
        with pytest.raises(SentenceError, match="cannot be enabled yet"):
            await w.command("channel.enable")
        done = await w.command("channel.set", partner="cloud-api")  # its form is complete
        assert (done["switched_off"], done["enabled"]) == (False, False)
        await w.command("channel.enable")
        assert (await w.command("app.publish"))["live_enabled"]


async def test_a_change_of_partner_leaves_an_enabled_channel_on_where_nothing_is_missing(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as w:
        values = {"number": "+1 202-555-0100", "account_key": "TESTKARIXKEY=="}
        await w.command("channel.set", partner="karix", values=values)
        await w.command("channel.set", partner="cloud-api")
        await w.command("channel.enable")
        done = await w.command("channel.set", partner="karix")
        assert (done["switched_off"], done["enabled"]) == (False, True)


async def test_an_enabled_channel_that_lacks_something_is_not_published(tmp_path: Path) -> None:
    async with running(tmp_path) as w:
        await w.command("channel.set", values={"token": ""})
        with pytest.raises(SentenceError, match="cannot be enabled yet"):
            await w.command("app.publish")
        await w.command("channel.enable", on=False)
        assert (await w.command("app.publish"))["live_enabled"] is False


async def test_a_phone_number_is_one_member_in_any_spelling(tmp_path: Path) -> None:
    one, two = "+1 202-555-0100", "12025550100"
    async with running(tmp_path) as w:

        async def set_to(**values: object) -> dict[str, dict[str, str]]:
            done = await w.command("channel.set", partner="netcore", values=values)
            found: dict[str, dict[str, str]] = done["values"]["numbers"]
            return found

        await set_to(**{f"numbers.{one}.api_key": "TESTNETCOREKEY"})
        both = await set_to(**{f"numbers.{two}.source": "tea"})
        assert both == {one: {"api_key": "••••••••", "source": "tea"}}
        assert await set_to(**{f"numbers.{two}": ""}) == {}
        await set_to(**{f"numbers.{one}.source": "tea"})
        for nothing in ("", [""], []):  # as the API and as the command line have it
            await set_to(**{f"numbers.{one}.source": "tea"})
            assert await set_to(numbers=nothing) == {}
