"""A download is handed on in pieces, never longer than it may be, and leaves secrets at home."""

from __future__ import annotations

import asyncio
import gzip
import os
from typing import Any

import pytest
from egress_sockets import Serve, answer, read_request

from dragoman.domain.wire import HttpCall, NoReply, Phase, Reply, TooLong
from dragoman.egress import Egress
from dragoman.egress.client import HEAD

LOOPBACK = ["127.0.0.0/8"]
LONG = os.urandom(900_000)


class Taken:
    def __init__(self, fails: Exception | None = None) -> None:
        self.pieces: list[bytes] = []
        self.fails = fails

    async def __call__(self, piece: bytes) -> None:
        if self.fails is not None:
            raise self.fails
        self.pieces.append(piece)

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)


def saying(*replies: bytes, seen: list[bytes] | None = None) -> Any:
    """Each request gets the next of these; the last one stays."""
    left = list(replies)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, _ = await read_request(reader)
            if seen is not None:
                seen.append(head)
            writer.write(left.pop(0) if len(left) > 1 else left[0])

    return talk


def get(port: int, path: str = "/f", **more: Any) -> HttpCall:
    return HttpCall("GET", f"http://127.0.0.1:{port}{path}", **more)


async def test_all_of_it_goes_to_the_sink_and_its_beginning_comes_back(serve: Serve) -> None:
    taken = Taken()
    async with serve(saying(answer(LONG))) as port, Egress(LOOPBACK) as egress:
        reply = await egress.download(get(port), taken)
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body) == (200, LONG[:HEAD])
    assert taken.data == LONG
    assert len(taken.pieces) > 1


async def test_what_is_no_success_goes_nowhere(serve: Serve) -> None:
    taken = Taken()
    said = answer(b'{"error":1}', status="404 Not Found")
    async with serve(saying(said)) as port, Egress(LOOPBACK) as egress:
        reply = await egress.download(get(port), taken)
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body, taken.pieces) == (404, b'{"error":1}', [])


@pytest.mark.parametrize("told", [True, False])
async def test_longer_than_it_may_be(serve: Serve, told: bool) -> None:
    taken = Taken()
    plain = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + LONG

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer(LONG) if told else plain)
        await writer.drain()
        writer.close()

    async with serve(talk) as port, Egress(LOOPBACK) as egress:
        reply = await egress.download(get(port), taken, max_body=len(LONG) - 1)
        assert isinstance(reply, TooLong) and isinstance(reply, NoReply)
        assert len(taken.data) < len(LONG)
        whole = await egress.download(get(port), Taken(), max_body=len(LONG))
        assert isinstance(whole, Reply)


async def test_the_cap_counts_what_comes_out_of_a_packed_body(serve: Serve) -> None:
    packed = gzip.compress(bytes(5_000_000))
    said = answer(packed, headers=("Content-Encoding: gzip",))
    async with serve(saying(said)) as port, Egress(LOOPBACK) as egress:
        reply = await egress.download(get(port), Taken(), max_body=1_000_000)
    assert isinstance(reply, TooLong)


async def test_what_the_sink_raises_is_passed_on(serve: Serve) -> None:
    full = OSError(28, "No space left on device")
    async with serve(saying(answer(LONG))) as port, Egress(LOOPBACK) as egress:
        with pytest.raises(OSError) as raised:
            await egress.download(get(port), Taken(full))
        assert raised.value is full


async def test_secret_headers_follow_a_redirect_on_the_same_host_only(serve: Serve) -> None:
    first: list[bytes] = []
    second: list[bytes] = []
    headers = {"Authorization": "Bearer made-up", "X-Key": "made-up", "X-Plain": "told"}
    call = {"headers": headers, "secret_headers": frozenset({"authorization", "x-key"})}
    async with serve(saying(answer(b"file"), seen=second)) as other:
        there = answer(b"", status="302 Found", headers=(f"Location: http://127.0.0.1:{other}/b",))
        here = answer(b"", status="302 Found", headers=("Location: /a",))
        async with serve(saying(here, there, seen=first)) as port, Egress(LOOPBACK) as egress:
            taken = Taken()
            reply = await egress.download(get(port, **call), taken)
    assert isinstance(reply, Reply) and taken.data == b"file"
    assert [b"made-up" in head for head in first] == [True, True]
    assert b"made-up" not in second[0] and b"X-Plain: told" in second[0]


async def test_one_redirect_too_many_and_one_to_a_private_address(serve: Serve) -> None:
    round_and_round = answer(b"", status="302 Found", headers=("Location: /f",))
    inward = answer(b"", status="302 Found", headers=("Location: http://10.0.0.1/x",))
    async with Egress(LOOPBACK) as egress:
        async with serve(saying(round_and_round)) as port:
            reply = await egress.download(get(port), Taken())
            assert isinstance(reply, Reply) and reply.status == 302
        async with serve(saying(inward)) as port:
            reply = await egress.download(get(port), Taken())
            assert isinstance(reply, NoReply) and reply.phase is Phase.REFUSED
