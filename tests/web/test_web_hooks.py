"""The webhook door over real HTTP: what is taken, what is refused, and in which words."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from dragoman.domain.clock import Clock
from world import BEN, NUMBER, SECRET, STREAM, World, body_of, running, served, sign, text_of, value

pytestmark = pytest.mark.full  # every fixture through the program's door

FIXTURES = Path(__file__).parents[1] / "fixtures" / "cloud_api"
FIXTURE_AT = 1_795_420_800_000
PATH = f"/hooks/cloud-api/{STREAM}"
Reply = tuple[int, bytes]


class Door:
    """A running Dragoman on a real port, and a client at it."""

    def __init__(self, world: World, base: str, client: aiohttp.ClientSession) -> None:
        self.world = world
        self.base = base
        self.client = client
        self.headers: dict[str, str] = {}

    async def post(self, body: Any, path: str = PATH, **headers: str) -> Reply:
        """Signed, unless a signature is given."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"X-Hub-Signature-256": sign(data), **headers}
        headers = {name: given for name, given in headers.items() if given}
        stream = io.BytesIO(data)
        async with self.client.post(self.base + path, data=stream, headers=headers) as answer:
            self.headers = {k.lower(): v for k, v in answer.headers.items()}
            return answer.status, await answer.read()

    async def get(self, path: str) -> Reply:
        from yarl import URL

        async with self.client.get(URL(self.base + path, encoded=True)) as answer:
            self.headers = {k.lower(): v for k, v in answer.headers.items()}
            return answer.status, await answer.read()

    def message(self, text: str = "चाय", **more: Any) -> dict[str, Any]:
        at = self.world.clock.now() // 1000
        return body_of(value(NUMBER, [text_of(text, at=at, **more)]))


@contextlib.asynccontextmanager
async def opened(home: Path, **more: Any) -> AsyncIterator[Door]:
    async with (
        running(home, **more) as world,
        served(world.app) as base,
        aiohttp.ClientSession() as client,
    ):
        yield Door(world, base, client)


KEPT = (200, b"EVENT_RECEIVED")
NOT_FOUND = (404, b"Not Found")
WRONG = (401, b"Invalid signature")


async def test_a_message_is_taken_kept_and_answered(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        assert await door.post(door.message("👨‍👩‍👧‍👦")) == KEPT
        await door.world.quiet()
        assert door.world.graph.texts == ["👨‍👩‍👧‍👦"]


STRANGE = (
    "/hooks/cloud-api/st-nobody", f"/hooks/nobody/{STREAM}",
    "/hooks/cloud-api", "/hooks/", f"/hooks/cloud-api/{STREAM}/more",
    f"/hooks/cloud-api/{STREAM.upper()}", f"/hooks/CLOUD-API/{STREAM}", "/hooks/cloud-api/../x",
)  # fmt: skip


async def test_an_unknown_address_says_one_thing(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        for path in STRANGE:
            assert await door.post(door.message(), path) == NOT_FOUND, path
            assert await door.get(path + "?hub.mode=subscribe") == NOT_FOUND, path
        assert await door.world.rows("SELECT count(*) FROM hook") == [(0,)]
        assert await door.world.rows("SELECT count(*) FROM refused") == [(0,)]


@pytest.mark.parametrize("path", [PATH + "/", PATH.replace("/", "//"), PATH + "//"])
async def test_trailing_and_doubled_slashes_are_forgiven(tmp_path: Path, path: str) -> None:
    async with opened(tmp_path) as door:
        assert await door.post(door.message(), path) == KEPT


MOST = 3_145_728


async def raw(door: Door, *sent: bytes) -> bytes:
    """Write bytes to the port; gives all that comes back until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(door.base.rsplit(":", 1)[1]))
    for piece in (f"POST {PATH} HTTP/1.1\r\nHost: here\r\n".encode(), *sent):
        writer.write(piece)
        await writer.drain()
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


async def test_too_long_a_body_is_refused_before_it_is_read(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        answer = await raw(door, b"Content-Length: %d\r\n\r\n" % (MOST + 1))
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert answer.endswith(b"\r\n\r\nThe body is larger than 3145728 bytes.")


async def test_a_caller_that_sends_all_before_it_reads_sees_why_its_body_is_refused(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as door:
        for _ in range(5):
            size = 3 * MOST
            answer = await raw(door, b"Content-Length: %d\r\n\r\n" % size, b"x" * size)
            assert answer.startswith(b"HTTP/1.1 413 ")


async def test_too_long_a_body_is_refused_when_it_comes_in_chunks(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
        chunks = [chunk] * (MOST // 65_536) + [b"1\r\nx\r\n"]  # one more byte, and no end
        answer = await raw(door, b"Transfer-Encoding: chunked\r\n\r\n", *chunks)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert await door.world.rows("SELECT count(*) FROM refused") == [(0,)]


async def test_the_longest_body_is_taken_whole(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        message = json.dumps(door.message()).encode()
        assert await door.post(message + b" " * (MOST - len(message))) == KEPT
        assert await door.world.rows("SELECT length(body) FROM hook") == [(MOST,)]


async def test_a_sender_that_leaves_half_way_leaves_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        message = json.dumps(door.message()).encode()
        port = int(door.base.rsplit(":", 1)[1])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST {PATH} HTTP/1.1\r\nHost: h\r\nX-Hub-Signature-256: {sign(message)}\r\n"
        writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(message) + message[:50])
        await writer.drain()
        writer.transport.abort()
        assert await door.post(door.message()) == KEPT
        assert await door.world.rows("SELECT count(*) FROM hook") == [(1,)]


FORGED = (
    "", "sha256=", "sha256=" + "0" * 64, "sha1=" + "0" * 40, "0" * 64, "sha256=" + "g" * 64,
    "sha256=" + "0" * 63, "sha256=\xe9" + "0" * 63,
)  # fmt: skip


async def test_a_wrong_signature_says_one_thing(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        for signature in FORGED:
            answer = await door.post(door.message(), **{"X-Hub-Signature-256": signature})
            assert answer == WRONG, signature
        assert await door.world.rows("SELECT count(*) FROM hook") == [(0,)]
        assert await door.world.rows("SELECT count(*) FROM refused") == [(len(FORGED),)]


async def test_the_last_twenty_refused_are_kept_and_no_more(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        for n in range(25):
            wrong = {"X-Hub-Signature-256": "sha256=" + "0" * 64, "Authorization": "Bearer secret"}
            assert await door.post(door.message(f"{n}"), **wrong) == WRONG
        rows = await door.world.rows("SELECT headers,body FROM refused ORDER BY id")
        kept = [json.loads(b)["entry"][0]["changes"][0]["value"]["messages"][0] for _, b in rows]
        assert [m["text"]["body"] for m in kept] == [str(n) for n in range(5, 25)]
        assert {tuple(sorted(json.loads(h))) for h, _ in rows} == {
            ("content-length", "content-type", "host", "user-agent")
        }


async def test_the_signature_is_of_the_bytes_as_they_came(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        escaped = json.dumps(door.message("naïve ☕️/चाय")).replace("/", "\\/").encode()
        assert b"\\u" in escaped
        assert await door.post(escaped) == KEPT
        rewritten = json.dumps(json.loads(escaped), ensure_ascii=False).encode()
        assert await door.post(rewritten, **{"X-Hub-Signature-256": sign(escaped)}) == WRONG
        await door.world.quiet()
        assert door.world.graph.texts == ["naïve ☕️/चाय"]


UNREADABLE = (
    b"", b"{", b"\xff\xfe", b"[]", b"null", b'"text"', b"{}", b'{"object":"page","entry":[]}',
    b'{"entry":' + b"[" * 100_000, b'{"object":"whatsapp_business_account"}',
)  # fmt: skip


async def test_what_is_not_readable_is_kept_raw(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        for body in UNREADABLE:
            assert await door.post(body) == (400, b"Not a WhatsApp webhook body"), body[:80]
        kept = await door.world.rows("SELECT note,body FROM hook ORDER BY id")
        assert kept == [("invalid", body) for body in UNREADABLE]
        assert await door.world.rows("SELECT count(*) FROM rejected") == [(len(UNREADABLE),)]
        assert await door.post(door.message()) == KEPT


async def test_a_bad_item_is_shown_and_its_neighbours_are_handled(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        at = door.world.clock.now() // 1000
        items: list[Any] = [text_of("a", at=at), "no message", None, text_of("b", BEN, at=at)]
        assert await door.post(body_of(value(NUMBER, items))) == KEPT
        await door.world.quiet()
        assert sorted(door.world.graph.texts) == ["a", "b"]
        rows = await door.world.rows("SELECT path,raw FROM rejected ORDER BY id")
        base = "entry[0].changes[0].value.messages"
        assert rows == [(f"{base}[1]", '"no message"'), (f"{base}[2]", "null")]


async def test_every_fixture_is_kept_whole_and_once(tmp_path: Path) -> None:
    clock = Clock()
    clock.offset_ms = FIXTURE_AT + 60_000 - clock.now()

    async with opened(tmp_path, clock=clock) as door:
        w = door.world

        async def kept() -> dict[str, int]:
            tables = ("hook", "message WHERE direction=0", "report", "event", "rejected", "seen")
            return {t: (await w.rows(f"SELECT count(*) FROM {t}"))[0][0] for t in tables}

        for path in sorted((FIXTURES / "inbound").glob("*.json")):
            expected = json.loads((FIXTURES / "expected" / "inbound" / path.name).read_text())
            kinds = [e.get("event", "rejected") for e in expected]
            known = {"message": "message WHERE direction=0", "status": "report",
                     "rejected": "rejected"}  # fmt: skip
            wanted = dict.fromkeys(("hook", *known.values(), "event"), 0)
            wanted["hook"] = 1
            for kind in kinds:
                wanted[known.get(kind, "event")] += 1
            before = await kept()
            assert await door.post(path.read_bytes()) == KEPT, path.name
            after = await kept()
            gained = {t: after[t] - before[t] for t in wanted}
            assert gained == wanted, path.name
            assert await door.post(path.read_bytes()) == KEPT
            if not wanted["rejected"]:
                assert await kept() == after, path.name  # twice adds nothing
            await w.app.store.do(lambda tx: tx.run("DELETE FROM seen"))  # ids repeat over files
        await w.quiet()
        states = await w.rows("SELECT DISTINCT answer FROM message WHERE direction=0")
        assert sorted(states) == [(1,), (2,)]


# --- the handshake -------------------------------------------------------------------------------


async def ask(
    door: Door, token: str, challenge: str = "1158201444", mode: str = "subscribe"
) -> Reply:
    query = f"?hub.mode={mode}&hub.challenge={challenge}&hub.verify_token={token}"
    return await door.get(PATH + query)


async def test_the_handshake_is_answered_and_proven(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        token = (await door.world.command("channel.show"))["verify_token"]
        assert len(token) == 32
        assert await ask(door, "wrong") == (403, b"Invalid verify token")
        assert await ask(door, "") == (403, b"Invalid verify token")
        assert await ask(door, token, mode="unsubscribe") == (403, b"Invalid verify token")
        assert await ask(door, token) == (200, b"1158201444")
        assert await ask(door, token, "%3Cb%3Ehi") == (200, b"<b>hi")
        assert door.headers["content-type"].startswith("text/plain")
        assert door.headers["x-content-type-options"] == "nosniff"
        steps = await door.world.rows("SELECT step FROM proof ORDER BY step")
        assert steps == [("cloud-api/verified",), ("cloud-api/verify_refused",)]


async def test_a_plus_in_the_token_survives(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        values = {"verify_token": "a+b c/चाय=&"}
        await door.world.command("channel.set", partner="cloud-api", values=values)
        for sent in (
            "a%2Bb%20c%2F%E0%A4%9A%E0%A4%BE%E0%A4%AF%3D%26",
            "a+b+c/%E0%A4%9A%E0%A4%BE%E0%A4%AF=%26",
        ):
            assert await ask(door, sent) == (200, b"1158201444"), sent
        assert await ask(door, "ab%20c/%E0%A4%9A%E0%A4%BE%E0%A4%AF=%26") == (
            403,
            b"Invalid verify token",
        )


async def test_the_token_of_either_copy_is_accepted(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        old = (await door.world.command("channel.show"))["verify_token"]
        await door.world.command(
            "channel.set", partner="cloud-api", values={"verify_token": "newer-one"}
        )
        assert await ask(door, old) == (200, b"1158201444")
        assert await ask(door, "newer-one") == (200, b"1158201444")
        await door.world.command("app.publish")
        assert await ask(door, old) == (403, b"Invalid verify token")
        assert await ask(door, "newer-one") == (200, b"1158201444")


async def test_the_secret_of_either_copy_signs_and_which_is_recorded(tmp_path: Path) -> None:
    newer = "fedcba9876543210fedcba9876543210"
    async with opened(tmp_path) as door:
        await door.world.command("channel.set", partner="cloud-api", values={"app_secret": newer})
        for secret in (SECRET, newer):
            data = json.dumps(door.message(secret[:3])).encode()
            assert await door.post(data, **{"X-Hub-Signature-256": sign(data, secret)}) == KEPT
        assert await door.world.rows("SELECT note FROM hook ORDER BY id") == [("",), ("draft",)]


async def test_a_person_with_a_browser_is_told_what_this_is(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        token = (await door.world.command("channel.show"))["verify_token"]
        status, body = await door.get(PATH)
        assert status == 200
        assert b"This is a Dragoman webhook address" in body
        assert token.encode() not in body
        assert SECRET.encode() not in body
        assert await door.world.rows("SELECT count(*) FROM proof") == [(0,)]
        for method in ("PUT", "DELETE", "PATCH"):
            async with door.client.request(method, door.base + PATH) as answer:
                assert (answer.status, await answer.read()) == (405, b"Method Not Allowed")


# --- the database is away ------------------------------------------------------------------------


Stop = Callable[[], Any]


def locked(door: Door) -> Stop:
    """Another program holds the write lock of the file."""
    other = sqlite3.connect(door.world.home / "dragoman.db", check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    return other.rollback


def stuck(door: Door) -> Stop:
    """The writer hangs in one unit, as on a disk that does not answer."""
    free = threading.Event()
    task = asyncio.ensure_future(door.world.app.store.do(lambda tx: free.wait(20)))
    task.add_done_callback(lambda _: None)
    return free.set


@pytest.mark.parametrize("how", [locked, stuck])
@pytest.mark.parametrize("number", [NUMBER, "106540352299999"], ids=["known", "new"])
async def test_no_commit_is_no_200_and_nothing_is_lost(
    tmp_path: Path, how: Callable[[Door], Stop], number: str
) -> None:
    async with opened(tmp_path, settings={"intake_wait_s": 0.5}) as door:
        assert await door.post(door.message("before")) == KEPT
        await door.world.quiet()
        at = door.world.clock.now() // 1000
        body = body_of(value(number, [text_of("שלום", at=at)]))
        stop = how(door)
        try:
            assert await door.post(body) == (503, b"Busy, send it again")
            assert door.headers["retry-after"] == "5"
            assert await door.post(body, **{"X-Hub-Signature-256": "sha256=" + "0" * 64}) == WRONG
            assert (await door.get("/healthz"))[0] == 200
        finally:
            stop()
        assert await door.post(body) == KEPT
        assert await door.post(body) == KEPT
        await door.world.quiet()
        rows = await door.world.rows("SELECT count(*) FROM message WHERE direction=0")
        assert rows == [(2,)]
        assert door.world.graph.texts == (["before", "שלום"] if number == NUMBER else ["before"])


async def test_a_full_disk_is_no_200_and_nothing_is_lost(tmp_path: Path) -> None:
    async with opened(tmp_path) as door:
        store = door.world.app.store
        pages = (await store.do(lambda tx: tx.run("PRAGMA page_count")))[0][0]
        await store.do(lambda tx: tx.run(f"PRAGMA max_page_count={pages}"))
        big = door.message("x" * 4000 * 20)
        assert await door.post(big) == (503, b"Busy, send it again")
        assert door.headers["retry-after"] == "5"
        await store.do(lambda tx: tx.run("PRAGMA max_page_count=1000000"))
        assert await door.post(big) == KEPT
        await door.world.quiet()
        assert await door.world.rows("SELECT count(*) FROM hook") == [(1,)]
        assert "".join(door.world.graph.texts) == "x" * 80_000
