"""What an operator sees of a notification: the log and `why` name the job it was made for."""

from __future__ import annotations

from pathlib import Path

from cli_desk import desk

from dragoman.agents.contract import Turn
from notifying import asking, calling
from world import ASHA


async def hush(turn: Turn) -> None:
    """Says nothing."""


async def test_the_log_and_why_name_the_job(tmp_path: Path) -> None:
    async with calling(tmp_path, hush) as api:
        await api.world.say("hello", ASHA)
        await api.world.quiet()
        named = {"phoneNumber": ASHA, "parameters": {"name": "Asha"}}
        job = await api.notified(asking("text", "Hello {name}", named, "x"))
        end = await api.ended(job)
        entry = end["statusLogs"][0]
        line = (await desk(tmp_path, "log", "--out")).lines[-1]
        assert line.endswith(f"text: Hello Asha  [{job}]")
        (shown,) = (await desk(tmp_path, "log", "--out", "--json")).json()
        assert shown["notification"] == job
        (inbound,) = (await desk(tmp_path, "log", "--in", "--json")).json()
        assert "notification" not in inbound
        said = (await desk(tmp_path, "why", "last")).out
        assert "Notification to +1 202 555 0142" in said
        assert f"{job}: recipient 1 of 2, by the credential caller" in said
        for id in (entry["_id"], entry["messagestoreId"], shown["id"]):
            assert (await desk(tmp_path, "why", id)).out == said
        whole = (await desk(tmp_path, "why", job)).out
        assert f"Notification {job}" in whole
        assert "It was asked for 2 recipients: 1 sent, 1 failed, 0 on their way." in whole
        assert f"+1 202 555 0142: {shown['id']} was sent" in whole
        assert "x: 'x' is not a phone number" in whole
