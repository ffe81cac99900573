"""Files in the operator's hands: what became of one, and a replay that touches none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_desk import child, desk

from world import ASHA, Answer, Call, World, body_of, new_wamid, running, value

PNG = b"\x89PNG\r\n\x1a\n" + bytes(2_000)
ECHO = """
from dragoman import Agent, Image, Turn

agent = Agent()


@agent.kind("image")
async def back(turn: Turn) -> None:
    turn.reply(Image(link=turn.message.content.media.url, caption="back"))
    turn.reply(Image(link=await turn.attach(b"\\x89PNG\\r\\n\\x1a\\n mine"), caption="mine"))
"""


def shelf(call: Call) -> Answer | None:
    """One picture, and a place for uploads."""
    step = call.path.partition("?")[0].rpartition("/")[2]
    if step == "media":
        return Answer(200, {"id": "up"})
    if step == "picture":
        return Answer(200, PNG, {"content-type": "image/png"})
    return Answer(200, {"url": f"http://{call.host}/picture"})


async def send(w: World) -> None:
    message: dict[str, Any] = {
        "id": new_wamid(), "from": ASHA, "timestamp": str(w.clock.now() // 1000), "type": "image",
        "image": {"id": "m1", "mime_type": "image/png"},
    }  # fmt: skip
    assert (await w.post(body_of(value(messages=[message])))).status == 200


async def test_why_tells_of_the_file_and_of_what_went_before_a_send(tmp_path: Path) -> None:
    (tmp_path / "back.py").write_text(ECHO)
    async with running(tmp_path, setup={"agent": str(tmp_path / "back.py")}) as w:
        w.graph.files = shelf
        await send(w)
        await w.until(lambda: len(w.graph.calls) == 2)
        await w.quiet()
        ((id,),) = await w.rows("SELECT external_id FROM message WHERE direction=0")
        told = (await desk(tmp_path, "why", id)).out
        assert "File            image/png, 2.0 KB, kept for 29 d 23 h more" in told
        told = (await desk(tmp_path, "why", "last")).out
        assert "before it, media upload: POST " in told


@pytest.mark.full
async def test_a_replay_compares_links_and_keeps_no_file(tmp_path: Path) -> None:
    (tmp_path / "back.py").write_text(ECHO)
    async with running(tmp_path, setup={"agent": str(tmp_path / "back.py")}) as w:
        w.graph.files = shelf
        await send(w)
        await w.until(lambda: len(w.graph.calls) == 2)
        await w.quiet()
    before = sorted(p.name for p in (tmp_path / "files").rglob("*"))
    asked = len(w.graph.others)
    said = await child(tmp_path, "replay", "--exit-code")
    assert (said.code, said.lines[-1]) == (0, "1 turn: 1 same, 0 different."), said
    assert sorted(p.name for p in (tmp_path / "files").rglob("*")) == before
    assert len(w.graph.others) == asked
