"""Files: fetched after the 200 and judged before they are kept, handed to agents, sent on."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dragoman.agents.contract import AgentFailed, Turn
from dragoman.domain.clock import Clock, id_text
from dragoman.domain.content import Button as B
from dragoman.domain.content import Buttons, Document, Header, Image, Media, Raw, Sticker
from dragoman.domain.sentences import Sentence, say
from dragoman.domain.status import FileState
from dragoman.engine import why
from dragoman.store.blobs import BlobGone, aside_file, blob_key
from dragoman.store.queries import chain
from world import (
    ASHA,
    NUMBER,
    STREAM,
    TOKEN,
    Answer,
    Call,
    Graph,
    World,
    body_of,
    echo,
    flags_for,
    new_wamid,
    refused,
    running,
    value,
)

pytestmark = pytest.mark.full  # files over real HTTP

DAY = 86_400_000
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
PDF = b"%PDF-1.7\n" + "चाय".encode() * 500
PAGE = b"<!DOCTYPE html><html><script>alert(1)</script></html>"


class Shelf:
    """Files at Meta: an id leads to an address, the address to bytes. `at`: where the addresses
    point; `answer`: what an address answers instead."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.data: dict[str, bytes] = {}
        self.mime = "image/png"
        self.at: Callable[[str], str] = lambda id: f"http://127.0.0.1:{graph.port}/file/{id}"
        self.answer: Callable[[Call], Answer | None] = lambda call: None
        self.asked: list[str] = []
        graph.files = self._find

    def _find(self, call: Call) -> Answer | None:
        step = call.path.partition("?")[0].split("/")
        self.asked.append(call.path)
        if found := self.answer(call):
            return found
        if step[-1] == "media":
            return Answer(200, {"id": f"up{sum('/media' in path for path in self.asked)}"})
        if step[-1] not in self.data:
            return None
        if step[1] == "file":
            return Answer(200, self.data[step[-1]], {"content-type": self.mime})
        return Answer(200, {"url": self.at(step[-1]), "mime_type": self.mime, "id": step[-1]})

    @property
    def uploads(self) -> int:
        return sum(path.partition("?")[0].endswith("/media") for path in self.asked)


async def send(
    w: World, data: bytes = PNG, kind: str = "image", mime: str = "image/png", **more: Any
) -> None:
    """A person sends a file. sha256, file_size, filename …: as Meta would say them."""
    shelf: Shelf = w.shelf  # type: ignore[attr-defined]
    id = more.pop("id", f"m{len(shelf.data) + 1}")
    shelf.data[id] = data
    checksum = base64.b64encode(hashlib.sha256(data).digest()).decode()
    file = {"id": id, "mime_type": mime, "sha256": checksum, **more}
    message = {
        "id": new_wamid(), "from": ASHA, "timestamp": str(w.clock.now() // 1000), "type": kind,
        kind: {k: v for k, v in file.items() if v is not None},
    }  # fmt: skip
    assert (await w.post(body_of(value(messages=[message])))).status == 200


@contextlib.asynccontextmanager
async def opened(home: Path, act: Any = echo, **more: Any) -> AsyncIterator[tuple[World, Shelf]]:
    settings = {"media_timeout_s": 5.0, **more.pop("settings", {})}
    async with running(home, act, settings=settings, **more) as w:
        shelf = w.shelf = Shelf(w.graph)  # type: ignore[attr-defined]
        yield w, shelf


async def ended(w: World, state: FileState, why: str | None = None) -> dict[str, Any]:
    """The one file once it has come so far: its row by column, `why` as a sentence."""
    await w.until_rows("SELECT state FROM media", [(int(state),)])
    columns = "app_id,id,state,tries,mime,filename,size,sha256,blob,due_at,why"
    row = dict(zip(columns.split(","), (await w.rows(f"SELECT {columns} FROM media"))[0],
                   strict=True))  # fmt: skip
    told = msgspec.json.decode(row["why"], type=Sentence) if row["why"] else None
    assert (told.id if told else None) == why, row
    row["why"] = say(told) if told else ""
    return row


async def content(w: World, blob: str) -> bytes:
    return b"".join([piece async for piece in w.app.files.blobs.read(blob)])


def files_in(home: Path) -> list[str]:
    """The names of all; folders may go while they are looked through, as `os.walk` allows."""
    return sorted(name for _, _, names in os.walk(home / "files") for name in names)


# --- fetched -------------------------------------------------------------------------------------


async def test_a_file_is_fetched_after_the_200_checked_and_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as (w, _shelf):
        await send(w, filename="चाय/../x.png", caption="hi")
        row = await ended(w, FileState.KEPT)
        digest = hashlib.sha256(PNG).hexdigest()
        assert (row["mime"], row["filename"], row["size"]) == ("image/png", "x.png", len(PNG))
        assert (row["sha256"], row["tries"]) == (digest, 1)
        assert await content(w, row["blob"]) == PNG
        assert files_in(tmp_path) == [digest]
        assert [c.token for c in w.graph.others] == [TOKEN, TOKEN]
        assert row["due_at"] - w.clock.now() > 29 * DAY
        await w.quiet()
        assert w.graph.texts == ["hi"]  # the caption is answered, whatever becomes of the file


async def test_a_file_longer_than_the_reply_that_is_read_is_kept_whole(tmp_path: Path) -> None:
    long = PNG + os.urandom(700_000)
    async with opened(tmp_path) as (w, _shelf):
        await send(w, long)
        row = await ended(w, FileState.KEPT)
        assert await content(w, row["blob"]) == long


async def test_equal_files_lie_there_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as (w, _shelf):
        await send(w)
        await send(w)
        await w.until_rows("SELECT count(*) FROM media WHERE state=1", [(2,)])
        assert len(files_in(tmp_path)) == 1


async def test_more_files_than_are_fetched_at_once_all_come(tmp_path: Path) -> None:
    async with opened(tmp_path, settings={"sweep_ms": 60_000}) as (w, _shelf):
        for n in range(30):
            await send(w, PNG + bytes([n]))
        await w.until_rows("SELECT count(*) FROM media WHERE state=1", [(30,)])
        assert len(files_in(tmp_path)) == 30


@pytest.mark.parametrize(("kind", "mime", "data", "kept"), [
    ("image", "image/jpeg", PNG, "image/png"),
    ("image", "image/webp", b"RIFF\x24\0\0\0WEBPVP8 " + b"x" * 30, "image/webp"),
    ("sticker", "image/webp", b"RIFF\x24\0\0\0WEBPVP8 " + b"x" * 30, "image/webp"),
    ("audio", "audio/ogg; codecs=opus", b"OggS" + b"\0" * 40, "audio/ogg"),
    ("audio", "audio/mp4", b"\0\0\0\x20ftypisom" + b"\0" * 40, "audio/mp4"),
    ("audio", "audio/amr", b"#!AMR\n" + b"\0" * 40, "audio/amr"),
    ("audio", "audio/mpeg", b"\xff\xfb\x90\x00" + b"\0" * 40, "audio/mpeg"),
    ("video", "video/mp4", b"\0\0\0\x20ftypmp42" + b"\0" * 40, "video/mp4"),
    ("video", "video/3gpp", b"\0\0\0\x14ftyp3gp4" + b"\0" * 40, "video/3gpp"),
    ("document", "application/pdf", PDF, "application/pdf"),
    ("document", "text/plain", "नमस्ते".encode(), "text/plain"),
    ("document", "text/plain", b"\xff\xfe" + "hi".encode("utf-16-le"), "text/plain"),
    ("document", "application/octet-stream", PDF, "application/pdf"),
    ("document", "application/x-tea", b"anything", "application/x-tea"),
    ("document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
     b"PK\x03\x04" + b"x" * 30,
     "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
])  # fmt: skip
async def test_what_is_what_it_says(
    tmp_path: Path, kind: str, mime: str, data: bytes, kept: str
) -> None:
    async with opened(tmp_path) as (w, shelf):
        shelf.mime = mime
        await send(w, data, kind, mime)
        assert (await ended(w, FileState.KEPT))["mime"] == kept


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "mime", "data", "found"), [
    ("image", "image/png", PAGE, "text/html"),
    ("image", "image/png", b"no picture at all", "something else"),
    ("image", "image/png", PDF, "application/pdf"),
    ("image", "image/svg+xml", b"<svg xmlns='x'/>", "something else"),
    ("audio", "audio/ogg", PNG, "image/png"),
    ("video", "video/mp4", PAGE, "text/html"),
    ("sticker", "image/webp", b"\0\0\0\x20ftypmp42", "video/mp4"),
    ("document", "application/pdf", b"MZ" + b"\0" * 99, "application/x-msdownload"),
    ("document", "application/pdf", PAGE, "text/html"),
    ("document", "text/plain", b"tea\0\1\2", "binary data"),
    ("document", "image/png", PAGE, "text/html"),
])  # fmt: skip
async def test_what_is_not_what_it_says_is_refused(
    tmp_path: Path, kind: str, mime: str, data: bytes, found: str
) -> None:
    async with opened(tmp_path) as (w, _shelf):
        await send(w, data, kind, mime)
        row = await ended(w, FileState.REFUSED, "media_other")
        assert found in row["why"]
        assert files_in(tmp_path) == []
        assert row["tries"] == 1


async def test_a_damaged_file_is_fetched_again_and_then_refused(tmp_path: Path) -> None:
    async with opened(tmp_path) as (w, _shelf):
        await send(w, sha256=hashlib.sha256(b"another").hexdigest())
        row = await ended(w, FileState.REFUSED, "media_checksum")
        assert row["tries"] == 3
        assert files_in(tmp_path) == []


async def test_a_file_that_was_damaged_once_is_kept(tmp_path: Path) -> None:
    async with opened(tmp_path) as (w, shelf):
        shelf.answer = lambda call: (
            Answer(200, PNG[:-1] + b"!", {"content-type": "image/png"})
            if len(shelf.asked) == 2
            else None
        )
        await send(w)
        row = await ended(w, FileState.KEPT)
        assert (row["tries"], await content(w, row["blob"])) == (2, PNG)


@pytest.mark.parametrize("checksum", [None, "", "nonsense", "ab", "é"])
async def test_a_checksum_that_is_none_is_not_compared(tmp_path: Path, checksum: Any) -> None:
    async with opened(tmp_path) as (w, _shelf):
        await send(w, sha256=checksum)
        await ended(w, FileState.KEPT)


async def test_larger_than_the_kind_may_be_is_refused(tmp_path: Path) -> None:
    sticker = b"RIFF\x24\0\0\0WEBPVP8 " + b"x" * 530_000
    async with opened(tmp_path) as (w, _shelf):
        await send(w, sticker, "sticker", "image/webp")
        row = await ended(w, FileState.REFUSED, "media_too_big")
        assert "sticker" in row["why"]
        assert (files_in(tmp_path), row["tries"]) == ([], 1)


async def test_a_body_without_end_is_cut_off(tmp_path: Path) -> None:
    """The server says no length and does not stop."""
    sent = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: image/webp\r\n\r\n")
            while True:
                writer.write(b"RIFF\x24\0\0\0WEBP" * 4096)
                sent += 12 * 4096
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(pour, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with Graph().open() as graph:
        allow = (f"127.0.0.1:{graph.port}", f"127.0.0.1:{port}")
        async with opened(tmp_path, graph=graph, settings={"egress_allow": allow}) as (w, shelf):
            shelf.at = lambda id: f"http://127.0.0.1:{port}/endless"
            await send(w, b"", "sticker", "image/webp", sha256=None)
            await ended(w, FileState.REFUSED, "media_too_big")
            assert files_in(tmp_path) == []
            assert sent < 20_000_000
    server.close()


@pytest.mark.parametrize(("said", "state", "why"), [
    ({"id": "m1", "size": 600_000_000}, FileState.REFUSED, "media_too_big"),
    ({"mime_type": "image/png"}, FileState.GONE, "media_nothing"),
])  # fmt: skip
async def test_what_needs_no_call_makes_none(
    tmp_path: Path, said: Mapping[str, Any], state: FileState, why: str
) -> None:
    async with opened(tmp_path) as (w, shelf):
        shelf.answer = lambda _: Answer(500, "")
        await send(w)
        await w.until(lambda: shelf.asked)
        told = json.dumps({"kind": "image", "media": said})  # as another partner would tell it
        await w.app.store.do(
            lambda tx: tx.run("UPDATE message SET content=? WHERE direction=0", (told,))
        )
        await ended(w, state, why)
        asked = len(shelf.asked)
        await w.app.housekeeping.sweep()
        assert len(shelf.asked) == asked


@pytest.mark.parametrize("url", [
    "http://127.0.0.1:1/file/m1", "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/x",
    "http://[::1]/x", "http://2130706433/x", "http://localhost:1/x", "file:///etc/passwd",
    "ftp://127.0.0.1/x", "http://user:pass@127.0.0.1/x", "not a url",
])  # fmt: skip
async def test_an_address_that_only_this_machine_reaches_is_refused(
    tmp_path: Path, url: str
) -> None:
    async with opened(tmp_path) as (w, shelf):
        shelf.at = lambda id: url
        await send(w)
        row = await ended(w, FileState.REFUSED, "media_address")
        assert (row["tries"], len(shelf.asked)) == (1, 1)
        assert "pass@" not in row["why"]


async def test_a_redirect_to_such_an_address_is_refused_too(tmp_path: Path) -> None:
    async with opened(tmp_path) as (w, shelf):
        shelf.answer = lambda call: (
            Answer(302, "", {"location": "http://169.254.169.254/x"})
            if call.path.startswith("/file/")
            else None
        )
        await send(w)
        await ended(w, FileState.REFUSED, "media_address")


@pytest.mark.parametrize("how", ["address", "redirect"])
async def test_the_token_goes_to_the_partner_alone(tmp_path: Path, how: str) -> None:
    async with Graph().open() as graph, Graph().open() as other:
        allow = (f"127.0.0.1:{graph.port}", f"127.0.0.1:{other.port}")
        async with opened(tmp_path, graph=graph, settings={"egress_allow": allow}) as (w, shelf):
            there = f"http://127.0.0.1:{other.port}/cdn"
            other.files = lambda call: Answer(200, PNG, {"content-type": "image/png"})
            if how == "address":
                shelf.at = lambda id: there
            else:
                shelf.answer = lambda call: (
                    Answer(302, "", {"location": there}) if "/file/" in call.path else None
                )
            await send(w)
            await ended(w, FileState.KEPT)
            (call,) = other.others
            assert (call.path, call.token) == ("/cdn", "")
            assert {c.token for c in graph.others} == {TOKEN}


# --- tried again, given up -----------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [
    Answer(500, "<html>down</html>"), Answer(429, {}), Answer(how="reset"),
    Answer(200, {}, how="torn"),
    refused(131056, 400), refused(190, 401), refused(4, 400),
], ids=["500", "429", "reset", "torn", "pair", "token", "rate"])  # fmt: skip
async def test_a_partner_that_is_down_is_asked_again(tmp_path: Path, trouble: Answer) -> None:
    async with opened(tmp_path) as (w, shelf):
        shelf.answer = lambda call: trouble if len(shelf.asked) <= 3 else None
        await send(w)
        row = await ended(w, FileState.KEPT)
        assert row["tries"] > 1 and await content(w, row["blob"]) == PNG


async def test_a_partner_that_stays_down_is_given_up_with_the_last_reason(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(tmp_path, clock=clock, settings={"media_give_up_hours": 2}) as (w, shelf):
        shelf.answer = lambda call: Answer(500, "<html>down</html>")
        await send(w)
        await w.until(lambda: len(shelf.asked) >= 3)
        await w.until_rows("SELECT state FROM media", [(0,)])
        clock.move(2 * 3_600_000)
        row = await ended(w, FileState.GONE, "media_given_up")
        assert row["why"].startswith("The file could not be fetched within 2 hours")
        assert row["due_at"] is None


async def test_what_the_partner_no_longer_has_is_gone_at_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as (w, shelf):
        await send(w)  # fetched first, so that the next one is the one that is asked about
        await ended(w, FileState.KEPT)
        shelf.answer = lambda call: Answer(404, "") if call.path.startswith("/file/") else None
        await send(w, PDF, "document", "application/pdf")
        await w.until_rows("SELECT state,tries FROM media ORDER BY id", [(1, 1), (3, 1)])


async def test_a_channel_that_lost_its_settings_lets_files_wait(tmp_path: Path) -> None:
    async with opened(tmp_path) as (w, shelf):
        shelf.answer = lambda _: Answer(500, "")
        await send(w)
        await w.until(lambda: shelf.asked)
        apps, kept = w.app.apps, dict(w.app.apps.by_id)
        apps.by_id.clear()
        shelf.answer = lambda _: None
        await w.until_rows("SELECT state FROM media WHERE why LIKE '%media_no_settings%'", [(0,)])
        apps.by_id.update(kept)
        await ended(w, FileState.KEPT)


async def test_a_store_of_files_that_is_away_loses_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as (w, _shelf):
        (tmp_path / "files").write_text("a file where the folder should be")
        await send(w)
        await w.until_rows("SELECT count(*) FROM media WHERE why LIKE '%blobs_away%'", [(1,)])
        (tmp_path / "files").unlink()
        row = await ended(w, FileState.KEPT)
        assert await content(w, row["blob"]) == PNG


async def test_a_process_that_dies_while_it_fetches_loses_nothing(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    async with Graph().open() as graph:
        gate = asyncio.Event()
        async with opened(first, graph=graph) as (w, shelf):
            shelf.answer = lambda call: (
                Answer(200, PNG, {"content-type": "image/png"}, gate=gate)
                if call.path.startswith("/file/") and not gate.is_set()
                else None
            )
            await send(w)
            await w.until(lambda: any(p.startswith("/file/") for p in shelf.asked))
            await w.quiet()
            assert (await w.rows("SELECT tries,due_at>? FROM media", w.clock.now())) == [(1, 1)]
            shutil.copytree(first, second)  # as it lies there when the power goes
            gate.set()
        async with running(second, echo, graph=graph) as again:
            row = await ended(again, FileState.KEPT)
            assert (row["tries"], await content(again, row["blob"])) == (2, PNG)


async def test_a_stop_gives_back_what_it_cannot_end(tmp_path: Path) -> None:
    async with Graph().open() as graph:
        async with opened(tmp_path, graph=graph, settings={"stop_grace_s": 0.0}) as (w, shelf):
            shelf.answer = lambda call: Answer(how="hang")
            await send(w)
            await w.until(lambda: shelf.asked)
        async with opened(tmp_path, graph=graph) as (w, shelf):
            shelf.data["m1"] = PNG
            await ended(w, FileState.KEPT)


# --- kept for a while ----------------------------------------------------------------------------


def age(home: Path) -> None:
    for file in (home / "files").rglob("*"):
        if file.is_file():
            os.utime(file, (1_000_000, 1_000_000))


async def test_a_file_is_deleted_when_its_time_is_over(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(tmp_path, clock=clock, settings={"media_days": 2}) as (w, _shelf):
        await send(w)
        row = await ended(w, FileState.KEPT)
        age(tmp_path)
        clock.move(2 * DAY)
        over = await ended(w, FileState.GONE, "media_over")
        assert (over["blob"], over["size"]) == (None, len(PNG))
        await w.until(lambda: files_in(tmp_path) == [])
        with pytest.raises(BlobGone):
            await content(w, row["blob"])


async def test_a_blob_stays_while_another_message_has_it(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(tmp_path, clock=clock, settings={"media_days": 2}) as (w, _shelf):
        await send(w)
        await ended(w, FileState.KEPT)
        clock.move(DAY)
        await send(w)
        await w.until_rows("SELECT state FROM media", [(1,), (1,)])
        age(tmp_path)
        clock.move(DAY)
        await w.until_rows("SELECT state FROM media ORDER BY id", [(3,), (1,)])
        await w.app.media.tidy(clock.now())
        assert files_in(tmp_path) == [hashlib.sha256(PNG).hexdigest()]


async def test_blobs_of_nobody_are_swept_and_fresh_ones_are_left(tmp_path: Path) -> None:
    async with opened(tmp_path) as (w, _shelf):
        await send(w)
        await ended(w, FileState.KEPT)
        blobs = w.app.files.blobs
        for data in (b"lost long ago",):
            file = aside_file(blobs)
            file.write_bytes(data)
            await blobs.put(blob_key(5, hashlib.sha256(data).hexdigest()), file)
        aside_file(blobs).write_bytes(b"half a file of a process that died")
        age(tmp_path)
        fresh = aside_file(blobs)
        fresh.write_bytes(b"just put")
        key = blob_key(5, hashlib.sha256(b"just put").hexdigest())
        await blobs.put(key, fresh)
        await w.app.media.tidy(w.clock.now())
        kept = [hashlib.sha256(PNG).hexdigest(), key.rpartition("/")[2]]
        assert files_in(tmp_path) == sorted(kept)


# --- the agent has it ----------------------------------------------------------------------------


async def test_an_agent_waits_for_the_file_and_reads_it(tmp_path: Path) -> None:
    async def act(turn: Turn) -> None:
        file = await turn.file()
        assert file is not None
        data = await file.read()
        turn.reply(f"{file.mime} {file.size} {file.filename} {data == PNG} {file.sha256[:4]}")

    async with opened(tmp_path, act) as (w, _shelf):
        await send(w, filename="चाय.png")
        await w.quiet()
        await w.until(lambda: w.graph.texts)
        digest = hashlib.sha256(PNG).hexdigest()[:4]
        assert w.graph.texts == [f"image/png {len(PNG)} चाय.png True {digest}"]


async def test_an_agent_is_told_why_there_is_no_file(tmp_path: Path) -> None:
    async def act(turn: Turn) -> None:
        turn.reply(f"{await turn.file()}")

    async with opened(tmp_path, act) as (w, _shelf):
        await send(w, PAGE)
        await w.until(lambda: w.graph.texts)
        await w.say("no file here")
        await w.quiet()
        assert w.graph.texts == ["None", "None"]
        notes = [n for (n,) in await w.rows("SELECT notes FROM turn ORDER BY id")]
        assert "media_other" in notes[0] and json.loads(notes[1] or "[]") == []


async def test_a_file_that_does_not_come_in_time_keeps_no_turn(tmp_path: Path) -> None:
    async def act(turn: Turn) -> None:
        turn.reply(f"{await turn.file(wait_s=0.05)}")

    async with opened(tmp_path, act) as (w, shelf):
        gate = asyncio.Event()
        shelf.answer = lambda call: Answer(200, "", gate=gate) if not gate.is_set() else None
        await send(w)
        await w.until(lambda: w.graph.texts == ["None"])
        (note,) = [n for (n,) in await w.rows("SELECT notes FROM turn")]
        assert "file_awaited" in note
        gate.set()


async def test_why_tells_what_became_of_a_file(tmp_path: Path) -> None:
    async def told(w: World) -> str:
        def look(tx: Any) -> why.Story:
            (id,) = tx.run("SELECT max(id) FROM message WHERE direction=0")[0]
            found = chain.find(tx, f"in-{id_text(id)}")
            assert found is not None
            return why.story(tx, found, w.clock.now())

        story = await w.app.store.read(look)
        (step,) = [s for s in story.steps if s.kind == "file"]
        return " ".join(say(d) for d in step.detail)

    async with opened(tmp_path) as (w, shelf):
        shelf.answer = lambda call: Answer(500, "")
        await send(w, filename="tea.png")
        await w.until_rows("SELECT why IS NOT NULL FROM media", [(1,)])
        assert (await told(w)).startswith("it waits to be fetched")
        shelf.answer = lambda call: None
        await ended(w, FileState.KEPT)
        assert (await told(w)).startswith("“tea.png”, image/png, 10.2 KB, kept for 29 d 23 h")
        await send(w, PAGE)
        await w.until_rows("SELECT count(*) FROM media WHERE state=2", [(1,)])
        assert await told(w) == (
            "it is not kept The file was not kept: it came as image/png and is text/html."
        )
        text = w.app.metrics.render().decode()
        for outcome in ("kept", "refused"):
            assert f'dragoman_files_total{{outcome="{outcome}",partner="cloud-api"}} 1.0' in text


# --- sent ----------------------------------------------------------------------------------------

PUBLIC = {"public_url": "https://bot.example.com"}


async def attach(turn: Turn) -> None:
    turn.reply(Image(link=await turn.attach(PNG), caption=turn.text))


def images(w: World) -> list[dict[str, Any]]:
    return [call.body["image"] for call in w.graph.calls if call.body["type"] == "image"]


async def test_a_file_is_left_with_the_partner_once_where_nobody_reaches_us(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(tmp_path, attach, clock=clock) as (w, _shelf):
        for text in ("one", "two"):
            await w.say(text)
            await w.quiet()
        assert images(w) == [{"id": "up1", "caption": "one"}, {"id": "up1", "caption": "two"}]
        (upload,) = w.graph.others
        assert (upload.path.partition("/")[2].partition("/")[2], upload.token) == (
            f"{NUMBER}/media", TOKEN,
        )  # fmt: skip
        assert PNG in upload.body and b"image/png" in upload.body
        clock.move(28 * DAY)  # Meta's ids live for thirty days
        await w.say("three")
        await w.quiet()
        assert images(w)[-1] == {"id": "up2", "caption": "three"}
        assert await w.rows("SELECT count(*) FROM media") == [(1,)]


async def test_many_answers_with_one_file_upload_it_once(tmp_path: Path) -> None:
    async with opened(tmp_path, attach) as (w, shelf):
        await asyncio.gather(*(w.say("tea", f"1202555{n:04}") for n in range(20)))
        await w.until(lambda: len(images(w)) == 20)
        assert {i["id"] for i in images(w)} == {"up1"}
        assert shelf.uploads == 1


async def test_a_link_is_sent_where_everybody_reaches_us(tmp_path: Path) -> None:
    async with opened(tmp_path, attach, settings=PUBLIC) as (w, shelf):
        await w.say("link")
        await w.quiet()
        (image,) = images(w)
        found = w.app.files.links.read(image["link"])
        assert found is not None
        row = await w.app.files.find(found.app_id, found.id)
        assert row is not None and await w.app.files.whole(row) == PNG
        assert abs(found.until - w.clock.now() - DAY) < 60_000
        assert shelf.asked == []


async def test_a_link_is_signed_anew_when_its_message_leaves(tmp_path: Path) -> None:
    clock = Clock()
    links: list[str] = []

    async def act(turn: Turn) -> None:
        if not links:
            links.append(await turn.attach(PDF, filename="मेनू.pdf"))
        turn.reply(Document(link=links[0], filename="menu.pdf"))

    async with opened(tmp_path, act, clock=clock, settings=PUBLIC) as (w, _shelf):
        await w.say("today")
        await w.quiet()
        clock.move(3 * DAY)  # the agent kept the old link
        await w.say("three days later")
        await w.quiet()
        sent = [call.body["document"] for call in w.graph.calls]
        assert [d["filename"] for d in sent] == ["menu.pdf"] * 2
        until = [w.app.files.links.read(d["link"]).until for d in sent]  # type: ignore[union-attr]
        assert until[1] - until[0] >= 3 * DAY - 1_000


async def test_what_a_person_sent_is_sent_on_by_its_link(tmp_path: Path) -> None:
    async def act(turn: Turn) -> None:
        content: Any = turn.message.content  # type: ignore[union-attr]
        turn.reply(Image(link=content.media.url))

    async with opened(tmp_path, act) as (w, shelf):
        gate = asyncio.Event()
        shelf.answer = lambda call: (
            Answer(200, PNG, {"content-type": "image/png"}, gate=gate)
            if call.path.startswith("/file/")
            else None
        )
        await send(w)  # answered before the file is here: its message waits for it
        await w.until_rows("SELECT count(*) FROM attempt WHERE error LIKE '%file_awaited%'", [(1,)])
        gate.set()
        await w.until(lambda: images(w))
        assert images(w) == [{"id": "up1"}]


async def test_a_file_is_found_wherever_it_stands(tmp_path: Path) -> None:
    async def act(turn: Turn) -> None:
        link = await turn.attach(PNG)
        turn.reply(Buttons("Tea?", (B("y", "Yes"),), header=Header(image=Media(link=link))))
        turn.reply(Raw({"type": "image", "image": {"link": link}}))
        turn.reply(f"see {link}")
        turn.reply(Image(link="https://example.com/other.png"))

    async with opened(tmp_path, act) as (w, _shelf):
        await w.say("go")
        await w.quiet()
        buttons, native, text, other = [call.body for call in w.graph.calls]
        assert buttons["interactive"]["header"]["image"] == {"id": "up1"}
        assert w.app.files.links.read(native["image"]["link"]) is not None
        assert text["text"]["body"].startswith("see http://127.0.0.1")
        assert other["image"] == {"link": "https://example.com/other.png"}


async def test_a_file_beside_the_agent_is_attached_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "menu.pdf").write_bytes(PDF)

    async def act(turn: Turn) -> None:
        first = await turn.attach("menu.pdf")
        second = await turn.attach(tmp_path / "menu.pdf")
        assert first.partition("?")[0] == second.partition("?")[0]
        turn.reply(Document(link=first))

    async with opened(tmp_path, act) as (w, _shelf):
        await w.say("menu")
        await w.quiet()
        (row,) = await w.rows("SELECT mime,filename,size,number_id FROM media")
        assert row == ("application/pdf", "menu.pdf", len(PDF), 0)
        assert b'filename="menu.pdf"' in w.graph.others[0].body


@pytest.mark.parametrize(("given", "problem"), [
    ("none.pdf", "attach_unreadable"), (".", "attach_unreadable"), (b"", "attach_empty"),
    ("empty.txt", "attach_empty"), (bytes(100_000_001), "attach_too_big"),
], ids=["none", "folder", "nothing", "empty", "huge"])  # fmt: skip
async def test_what_cannot_be_attached_is_the_authors_error(
    tmp_path: Path, given: Any, problem: str
) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    told: list[str] = []

    async def act(turn: Turn) -> None:
        try:
            await turn.attach(given)
        except AgentFailed as failed:
            told.append(failed.sentence.id)
            raise

    async with opened(tmp_path, act, setup={"app": {"fallback": "Sorry."}}) as (w, _shelf):
        await w.say("go")
        await w.quiet()
        assert (told, w.graph.texts) == ([problem], ["Sorry."])
        assert files_in(tmp_path) == []


async def test_an_upload_that_fails_in_passing_is_made_again(tmp_path: Path) -> None:
    async with opened(tmp_path, attach) as (w, shelf):
        shelf.answer = lambda call: [Answer(500, "<html>"), Answer(how="reset"), None][
            min(len(shelf.asked), 3) - 1
        ]
        await w.say("go")
        await w.until(lambda: images(w))
        await w.quiet()
        assert len(images(w)) == 1
        assert await w.rows("SELECT outcome FROM attempt ORDER BY n") == [
            ("retry",), ("retry",), ("sent",),
        ]  # fmt: skip
        (call,) = await w.rows("SELECT call FROM attempt WHERE outcome='sent'")
        (before,) = json.loads(call[0])["before"]
        assert (before["purpose"], before["status"]) == ("media_upload", 200)
        assert TOKEN not in call[0]


async def test_a_stop_during_an_upload_leaves_no_doubt(tmp_path: Path) -> None:
    async with Graph().open() as graph:
        settings = {"stop_grace_s": 0.0, "http_timeout_s": 0.1}
        gate = asyncio.Event()
        async with opened(tmp_path, attach, graph=graph, settings=settings) as (w, shelf):
            shelf.answer = lambda _: Answer(200, {"id": "late"}, gate=gate)
            await w.say("go")
            await w.until(lambda: shelf.uploads)
        gate.set()
        async with opened(tmp_path, attach, graph=graph) as (w, _shelf):
            await w.until(lambda: images(w))
            await w.quiet()
            assert [i["caption"] for i in images(w)] == ["go"]
            assert await w.rows("SELECT count(*) FROM message WHERE doubt<>0") == [(0,)]


async def test_a_file_the_partner_does_not_take_fails_its_message_with_its_words(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, attach) as (w, shelf):
        shelf.answer = lambda call: refused(131053)
        await w.say("go")
        await w.until_rows("SELECT rank FROM message WHERE direction=1", [(4,)])
        assert w.graph.calls == []


async def test_a_file_too_large_for_its_kind_is_not_uploaded(tmp_path: Path) -> None:
    async def act(turn: Turn) -> None:
        turn.reply(Sticker(link=await turn.attach(b"RIFF\x24\0\0\0WEBP" + b"x" * 600_000)))

    async with opened(tmp_path, act) as (w, shelf):
        await w.say("go")
        await w.until_rows("SELECT rank FROM message WHERE direction=1", [(4,)])
        ((error,),) = await w.rows("SELECT error FROM message WHERE direction=1")
        assert "file_too_big" in error
        assert shelf.asked == []


async def test_a_file_that_is_no_more_fails_its_message(tmp_path: Path) -> None:
    clock = Clock()
    links: list[str] = []

    async def act(turn: Turn) -> None:
        if not links:
            links.append(await turn.attach(PNG))
        turn.reply(Image(link=links[0]))

    async with opened(tmp_path, act, clock=clock, settings={"media_days": 1}) as (w, _shelf):
        await w.say("one")
        await w.quiet()
        clock.move(DAY)
        await w.until_rows("SELECT count(*) FROM media", [(0,)])
        await w.say("two")
        await w.quiet()
        assert len(images(w)) == 1
        ((error,),) = await w.rows("SELECT error FROM message WHERE direction=1 AND rank=4")
        assert "file_not_sent" in error


async def test_a_link_of_another_app_or_of_nobody_is_left_alone(tmp_path: Path) -> None:
    forged: list[str] = []

    async def act(turn: Turn) -> None:
        for link in forged:
            turn.reply(Image(link=link))

    async with opened(tmp_path, act) as (w, shelf):
        links = w.app.files.links
        forged += [links.url(12345, 678, w.clock.now()), links.start + "X/Y?e=1&s=" + "A" * 22]
        await w.say("go")
        await w.quiet()
        assert [i["link"] for i in images(w)] == forged
        assert shelf.asked == []


async def test_a_script_passes_a_file_on(tmp_path: Path) -> None:
    script = tmp_path / "bot.js"
    script.write_text('print({kind: "image", link: message.media.url, caption: "back"});')
    setup = {"agent": str(script)}
    async with opened(tmp_path, setup=setup) as (w, _shelf):
        await send(w)
        await w.until(lambda: images(w))
        assert images(w) == [{"id": "up1", "caption": "back"}]


async def test_settings_of_files_reach_the_program(tmp_path: Path) -> None:
    async with Graph().open() as graph:
        flags = flags_for(graph, {"media_link_hours": 1, "public_url": "https://a.example.com/x"})
        async with running(tmp_path, graph=graph, settings=flags) as w:
            url = w.app.files.links.url(1, 2, w.clock.now())
            assert url.startswith("https://a.example.com/x/media/1/2?e=")
            found = w.app.files.links.read(url)
            assert found is not None and 3_590_000 < found.until - w.clock.now() <= 3_600_000
            assert STREAM not in url


@pytest.mark.full
async def test_files_on_postgres(tmp_path: Path, postgres_url: str) -> None:
    async def act(turn: Turn) -> None:
        file = await turn.file()
        assert file is not None
        turn.reply(Image(link=await turn.attach(await file.read()), caption=file.mime))

    async with opened(tmp_path, act, settings={"database_url": postgres_url}) as (w, shelf):
        for _ in range(3):
            await send(w)
        await w.until(lambda: len(images(w)) == 3)
        assert images(w) == [{"id": "up1", "caption": "image/png"}] * 3
        assert shelf.uploads == 1
        age(tmp_path)
        w.clock.move(31 * DAY)
        await w.until_rows("SELECT DISTINCT state FROM media", [(3,)])
        await w.until(lambda: files_in(tmp_path) == [])
