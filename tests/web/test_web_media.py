"""Kept files at their door: only with a good signature, whole or in part, and never to be run."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from dragoman.domain.clock import Clock, id_text
from dragoman.domain.status import FileState
from dragoman.store import media
from dragoman.store.blobs import CHUNK, aside_file, blob_key
from dragoman.store.media import FileRow
from world import STREAM, World, running, served

pytestmark = pytest.mark.full  # files over real HTTP

DATA = bytes(range(256)) * 40
HOUR = 3_600_000
FORBIDDEN = (403, b"Forbidden")


class Door:
    def __init__(self, world: World, base: str, client: aiohttp.ClientSession) -> None:
        self.world = world
        self.base = base
        self.client = client

    async def keep(self, data: bytes = DATA, **more: Any) -> FileRow:
        """A file of the app, as if it had been fetched."""
        digest = hashlib.sha256(data).hexdigest()
        files, now = self.world.app.files, self.world.clock.now()
        app_id = self.world.app.apps.by_stream[STREAM].id
        key = blob_key(app_id, digest)
        file = aside_file(files.blobs)
        file.write_bytes(data)
        await files.blobs.put(key, file)
        plain: dict[str, Any] = {
            "app_id": app_id, "id": self.world.app.ids.new(), "number_id": 1, "at": now,
            "due_at": now + 720 * HOUR, "state": FileState.KEPT, "tries": 1, "mime": "image/png",
            "filename": "tea.png", "size": len(data), "sha256": digest, "blob": key, "why": None,
            "ended": now,
        }  # fmt: skip
        row = FileRow(**{**plain, **more})
        await self.world.app.store.do(lambda tx: media.add(tx, row))
        return row

    def url(self, row: FileRow) -> str:
        link = self.world.app.files.links.url(row.app_id, row.id, self.world.clock.now())
        return self.base + link[link.index("/media/") :]

    async def ask(
        self, url: str, method: str = "GET", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        async with self.client.request(method, URL(url, encoded=True), headers=named) as answer:
            told = {k.lower(): v for k, v in answer.headers.items()}
            return answer.status, told, await answer.read()


@contextlib.asynccontextmanager
async def opened(home: Path, **more: Any) -> AsyncIterator[Door]:
    async with (
        running(home, **more) as world,
        served(world.app) as base,
        aiohttp.ClientSession() as client,
    ):
        yield Door(world, base, client)


async def test_a_file_is_served_to_whoever_has_its_link(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        row = await door.keep()
        status, told, body = await door.ask(door.url(row))
        assert (status, body) == (200, DATA)
        assert told["content-type"] == "image/png"
        assert told["content-length"] == str(len(DATA))
        assert (
            told["content-disposition"] == "inline; filename=\"tea.png\"; filename*=UTF-8''tea.png"
        )
        assert told["x-content-type-options"] == "nosniff"
        assert told["content-security-policy"] == "sandbox; default-src 'none'"
        assert told["etag"] == f'"{row.sha256}"'
        assert told["accept-ranges"] == "bytes"
        status, head, nothing = await door.ask(door.url(row), "HEAD")
        assert (status, nothing, head["content-length"]) == (200, b"", str(len(DATA)))
        assert {k: v for k, v in head.items() if k != "date"} == {
            k: v for k, v in told.items() if k != "date"
        }


async def test_a_large_file_comes_whole(tmp_path: Path) -> None:
    large = DATA * (3 * CHUNK // len(DATA) + 1)
    async with opened(tmp_path) as door:
        row = await door.keep(large)
        assert (await door.ask(door.url(row)))[2] == large


async def test_no_link_but_a_signed_one_opens_anything(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        row, other = await door.keep(), await door.keep(b"another")
        good = door.url(row)
        path, _, query = good.removeprefix(door.base).partition("?")
        until = re.search(r"e=(\d+)", query)
        assert until is not None
        app, id = path.removeprefix("/media/").split("/")
        wrong = [
            path,
            f"{path}?e={until[1]}",
            f"{path}?{query[:-1]}{'A' if query[-1] != 'A' else 'B'}",
            f"{path}?{query}A",
            f"{path}?{query.replace(until[1], str(int(until[1]) + 1))}",
            f"{path}?{query.replace('e=', 'e=0')}",
            f"{path}?{query}&x=1",
            f"{path}?{'&'.join(reversed(query.split('&')))}",
            f"{path}/?{query}",
            f"//media/{app}/{id}?{query}".replace("//media", "/media/"),
            f"/media/{app}/{id_text(other.id)}?{query}",
            f"/media/{id_text(row.app_id + 1)}/{id}?{query}",
            f"/media/{app.lower()}/{id.lower()}?{query}",
            f"/media/0{app}/{id}?{query}",
            f"/media/{app}/{id}/..?{query}",
            f"/media/{app}%2F{id}?{query}",
            f"/media/..%2F..%2Fkey?{query}",
            f"/media/{app}/%00?{query}",
            f"/media/{app}/{id}?e=&s=",
            "/media/",
            "/media/X/Y?e=1&s=" + "%C3%A9" * 11,
            "/media/" + "A" * 9000,
        ]
        for url in wrong:
            status, _, body = await door.ask(door.base + url)
            if url == f"/media/{app}%2F{id}?{query}":
                assert status in (200, 403)  # the same path, percent-encoded
                continue
            assert (status, body) == FORBIDDEN, url
        assert (await door.ask(good))[0] == 200


async def test_a_link_ends(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(tmp_path, clock=clock, settings={"media_link_hours": 2}) as door:
        row = await door.keep()
        url = door.url(row)
        clock.move(2 * HOUR - 5_000)
        assert (await door.ask(url))[0] == 200
        clock.move(5_000)
        assert (await door.ask(url))[::2] == FORBIDDEN
        assert (await door.ask(door.url(row)))[0] == 200


@pytest.mark.parametrize(("state", "status", "body"), [
    (FileState.WAITING, 503, b"Come again"), (FileState.REFUSED, 404, b"Not Found"),
    (FileState.GONE, 404, b"Not Found"),
])  # fmt: skip
async def test_what_is_not_kept_is_not_served(
    tmp_path: Path, state: FileState, status: int, body: bytes
) -> None:
    async with opened(tmp_path) as door:
        row = await door.keep(state=state, blob=None, due_at=None)
        found, told, said = await door.ask(door.url(row))
        assert (found, said) == (status, body)
        assert ("retry-after" in told) is (status == 503)


async def test_a_row_whose_bytes_are_lost_is_not_found(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        row = await door.keep()
        assert row.blob is not None
        (tmp_path / "files" / row.blob).unlink()
        assert (await door.ask(door.url(row)))[::2] == (404, b"Not Found")
        nobody = FileRow(**{**{f: getattr(row, f) for f in row.__struct_fields__}, "id": 99})
        assert (await door.ask(door.url(nobody)))[::2] == (404, b"Not Found")


async def test_a_store_that_is_away_says_come_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        row = await door.keep()
        assert row.blob is not None
        file = tmp_path / "files" / row.blob
        file.unlink()
        file.mkdir()
        status, told, body = await door.ask(door.url(row))
        assert (status, body, told["retry-after"]) == (503, b"Come again", "2")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_not_allowed(tmp_path: Path, method: str) -> None:
    async with opened(tmp_path) as door:
        row = await door.keep()
        status, told, body = await door.ask(door.url(row), method)
        assert (status, told["allow"], body) == (405, "GET, HEAD", b"Method Not Allowed")


SIZE = len(DATA)


@pytest.mark.parametrize(("asked", "status", "start", "end"), [
    ("bytes=0-0", 206, 0, 1), ("bytes=0-99", 206, 0, 100), ("bytes=100-", 206, 100, SIZE),
    ("bytes=-1", 206, SIZE - 1, SIZE), (f"bytes=-{SIZE * 2}", 200, 0, SIZE),
    (f"bytes=5-{SIZE * 9}", 206, 5, SIZE), (f"bytes={SIZE - 1}-", 206, SIZE - 1, SIZE),
    ("bytes=0-", 200, 0, SIZE), (f"bytes={SIZE}-", 416, 0, 0), ("bytes=-0", 416, 0, 0),
    ("bytes=999999999999-", 416, 0, 0), ("bytes=9-5", 200, 0, SIZE), ("bytes=-", 200, 0, SIZE),
    ("bytes=0-1,4-5", 200, 0, SIZE), ("lines=0-1", 200, 0, SIZE), ("bytes=a-b", 200, 0, SIZE),
    ("bytes=٠-٩", 200, 0, SIZE), (f"bytes=0-{'9' * 40}", 200, 0, SIZE), ("", 200, 0, SIZE),
])  # fmt: skip
async def test_a_part_of_a_file(
    tmp_path: Path, asked: str, status: int, start: int, end: int
) -> None:
    async with opened(tmp_path) as door:
        row = await door.keep()
        found, told, body = await door.ask(door.url(row), range=asked)
        assert found == status
        if status == 416:
            assert (told["content-range"], body) == (f"bytes */{SIZE}", b"Range Not Satisfiable")
            return
        assert body == DATA[start:end]
        assert told["content-length"] == str(end - start)
        assert told.get("content-range") == (
            f"bytes {start}-{end - 1}/{SIZE}" if status == 206 else None
        )
        head = await door.ask(door.url(row), "HEAD", range=asked)
        assert head[0] == status and head[1]["content-length"] == str(end - start)


async def test_what_a_reader_has_is_not_sent_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        row = await door.keep()
        url, tag = door.url(row), f'"{row.sha256}"'
        status, _, body = await door.ask(url, if_none_match=f'"x", {tag}')
        assert (status, body) == (304, b"")
        assert (await door.ask(url, if_none_match='"x"'))[0] == 200
        assert (await door.ask(url, range="bytes=0-1", if_range=tag))[0] == 206
        assert (await door.ask(url, range="bytes=0-1", if_range='"x"'))[2] == DATA


@pytest.mark.parametrize(("mime", "kind", "how"), [
    ("image/jpeg", "image/jpeg", "inline"), ("video/mp4", "video/mp4", "inline"),
    ("audio/ogg; codecs=opus", "audio/ogg", "inline"),
    ("application/pdf", "application/pdf", "attachment"),
    ("text/plain", "text/plain", "attachment"),
    ("text/html", "application/octet-stream", "attachment"),
    ("image/svg+xml", "application/octet-stream", "attachment"),
    ("application/xhtml+xml", "application/octet-stream", "attachment"),
    ("text/javascript", "application/octet-stream", "attachment"),
    ("x\r\nset-cookie: a=b", "application/octet-stream", "attachment"),
    ("", "application/octet-stream", "attachment"),
    ("चाय/चाय", "application/octet-stream", "attachment"),
])  # fmt: skip
async def test_nothing_is_served_that_a_browser_would_run(
    tmp_path: Path, mime: str, kind: str, how: str
) -> None:
    async with opened(tmp_path) as door:
        row = await door.keep(mime=mime, filename=None)
        status, told, _ = await door.ask(door.url(row))
        assert (status, told["content-type"], told["content-disposition"]) == (200, kind, how)
        assert "set-cookie" not in told


@pytest.mark.parametrize(("name", "plain", "coded"), [
    ("चाय 👨‍👩‍👧‍👦.png", "___ _______.png",
     "%E0%A4%9A%E0%A4%BE%E0%A4%AF%20%F0%9F%91%A8%E2%80%8D%F0%9F%91%A9%E2%80%8D%F0%9F%91%A7"
     "%E2%80%8D%F0%9F%91%A6.png"),
    ('a"; filename="b.exe', "a__ filename__b.exe", "a%22%3B%20filename%3D%22b.exe"),
    ("a\r\nx: y", "a__x_ y", "a%0D%0Ax%3A%20y"),
    ("../../etc/passwd", ".._.._etc_passwd", "..%2F..%2Fetc%2Fpasswd"),
    ("50%.png", "50_.png", "50%25.png"),
])  # fmt: skip
async def test_a_name_breaks_no_header(tmp_path: Path, name: str, plain: str, coded: str) -> None:
    async with opened(tmp_path) as door:
        row = await door.keep(filename=name)
        _, told, _ = await door.ask(door.url(row))
        assert (
            told["content-disposition"] == f"inline; filename=\"{plain}\"; filename*=UTF-8''{coded}"
        )


async def test_a_link_is_good_under_an_older_key(tmp_path: Path) -> None:
    import base64

    keys = [base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2)]
    async with opened(tmp_path, settings={"key": keys[0]}) as door:
        row = await door.keep()
        path = door.url(row).removeprefix(door.base)
    async with opened(tmp_path, settings={"key": f"{keys[1]},{keys[0]}"}) as door:
        assert (await door.ask(door.base + path))[0] == 200
        assert door.url(row).removeprefix(door.base) != path
