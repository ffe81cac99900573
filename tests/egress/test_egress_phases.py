"""How far a call got: the difference between a safe retry and a message sent twice."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from typing import Literal

import pytest
from egress_sockets import Serve, answer, bare, read_request, reset

from dragoman.domain.wire import HttpCall, NoReply, Phase, Reply
from dragoman.egress import Egress

LOOPBACK = ["127.0.0.0/8", "localhost"]
Method = Literal["GET", "POST", "PUT", "DELETE"]


def post(port: int, path: str = "/v26.0/1/messages", scheme: str = "http") -> HttpCall:
    return HttpCall("POST", f"{scheme}://127.0.0.1:{port}{path}", json={"to": "12025550142"})


async def test_a_closed_port_is_connect(closed_port: int) -> None:
    async with Egress(LOOPBACK) as egress:
        assert bare(await egress.call(post(closed_port))) == NoReply(
            Phase.CONNECT,
            f"127.0.0.1:{closed_port}: Connect call failed ('127.0.0.1', {closed_port})",
        )


async def test_a_name_that_does_not_resolve_is_connect() -> None:
    async with Egress() as egress:
        reply = await egress.call(HttpCall("POST", "https://partner.invalid/send", json={}))
    assert isinstance(reply, NoReply)
    assert reply.phase is Phase.CONNECT
    assert reply.detail.startswith("partner.invalid:443: the name does not resolve")


async def test_accepted_and_closed_at_once_never_raises(serve: Serve) -> None:
    """Whether the FIN or our bytes came first is a race; either phase is honest."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        return None

    async with serve(talk) as port, Egress(LOOPBACK) as egress:
        for _ in range(20):
            reply = await egress.call(post(port))
            assert isinstance(reply, NoReply)
            assert reply.phase in (Phase.CONNECT, Phase.SENT)


async def test_closed_after_the_request_is_sent(serve: Serve) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)

    async with serve(talk) as port, Egress(LOOPBACK) as egress:
        assert bare(await egress.call(post(port))) == NoReply(
            Phase.SENT, f"127.0.0.1:{port}: the connection was closed before an answer"
        )


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_a_reset_is_sent_and_never_repeated(serve: Serve, method: Method) -> None:
    """aiohttp itself would repeat PUT and DELETE on a kept connection."""
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            head, _body = await read_request(reader)
            seen.append(head.split(b" ")[0])
            if len(seen) == 1:
                writer.write(answer(b"{}"))
            else:
                reset(writer)
                return

    async with serve(talk) as port, Egress(LOOPBACK) as egress:
        call = HttpCall(method, f"http://127.0.0.1:{port}/", json={"a": 1})
        assert await egress.call(call) == Reply(200, {"content-length": "2"}, b"{}")
        reply = await egress.call(call)
    assert isinstance(reply, NoReply)
    assert reply.phase is Phase.SENT
    assert seen == [method.encode()] * 2


@pytest.mark.parametrize("linger", [None, 0])
async def test_a_stale_connection_is_left_for_a_fresh_one(linger: int | None) -> None:
    """Closed (FIN) or reset (RST) by the other side while idle, and our loop has not heard of it:
    the sockets are closed here and now, with no turn of the loop before the next call."""
    loop = asyncio.get_running_loop()
    accepted: list[socket.socket] = []

    async def accept(listener: socket.socket) -> None:
        while True:
            peer, _ = await loop.sock_accept(listener)
            accepted.append(peer)
            await loop.sock_recv(peer, 65_536)
            await loop.sock_sendall(peer, answer(b"{}"))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        port = listener.getsockname()[1]
        server = asyncio.create_task(accept(listener))
        async with Egress(LOOPBACK) as egress:
            for _ in range(3):
                assert isinstance(await egress.call(post(port)), Reply)
                if linger is not None:
                    option = struct.pack("ii", 1, linger)
                    accepted[-1].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
                accepted[-1].close()
        server.cancel()
    assert len(accepted) == 3


async def test_reset_in_the_middle_of_the_answer(serve: Serve) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer(b'{"messages"', length=100))
        await writer.drain()
        await asyncio.sleep(0.05)
        reset(writer)

    async with serve(talk) as port, Egress(LOOPBACK) as egress:
        reply = await egress.call(post(port))
    assert isinstance(reply, NoReply)
    assert reply.phase is Phase.SENT


async def test_half_a_body_is_no_reply(serve: Serve) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer(b'{"messages"', length=100))

    async with serve(talk) as port, Egress(LOOPBACK) as egress:
        assert bare(await egress.call(post(port))) == NoReply(
            Phase.SENT, f"127.0.0.1:{port}: the answer broke off"
        )


@pytest.mark.parametrize("some", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", answer(b"{", length=2)])
async def test_no_whole_answer_in_time_is_sent(serve: Serve, some: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(some)
        await asyncio.sleep(30)

    async with serve(talk) as port, Egress(LOOPBACK) as egress:
        began = time.monotonic()
        assert bare(await egress.call(post(port), timeout_s=0.2)) == NoReply(
            Phase.SENT, f"127.0.0.1:{port}: no whole answer in time"
        )
        assert 0.15 < time.monotonic() - began < 2


async def test_no_free_connection_in_time_is_connect(serve: Serve) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await asyncio.sleep(30)

    async with serve(talk) as port, Egress(LOOPBACK, limit=1) as egress:
        first = asyncio.create_task(egress.call(post(port), timeout_s=0.6))
        await asyncio.sleep(0.05)
        assert bare(await egress.call(post(port), timeout_s=0.2)) == NoReply(
            Phase.CONNECT, f"127.0.0.1:{port}: no connection in time"
        )
        reply = await first
    assert isinstance(reply, NoReply)
    assert reply.phase is Phase.SENT


async def test_tls_garbage_is_connect(serve: Serve) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\nthis is not TLS")

    async with serve(talk) as port, Egress(LOOPBACK) as egress:
        reply = await egress.call(post(port, scheme="https"))
    assert isinstance(reply, NoReply)
    assert reply.phase is Phase.CONNECT


async def test_a_tls_handshake_that_never_ends_is_connect(serve: Serve) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with serve(talk) as port, Egress(LOOPBACK) as egress:
        reply = await egress.call(post(port, scheme="https"), timeout_s=0.2)
    assert isinstance(reply, NoReply)
    assert reply.phase is Phase.CONNECT


async def test_a_certificate_nobody_signed_is_connect(
    serve: Serve, self_signed: ssl.SSLContext
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.start_tls(self_signed)

    async with serve(talk) as port, Egress(LOOPBACK) as egress:
        reply = await egress.call(post(port, scheme="https"))
    assert isinstance(reply, NoReply)
    assert reply.phase is Phase.CONNECT
    assert "TLS failed" in reply.detail


@pytest.mark.parametrize("garbage", [b"SSH-2.0-OpenSSH_9.7\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
async def test_an_answer_that_is_not_http_is_sent(serve: Serve, garbage: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(garbage)

    async with serve(talk) as port, Egress(LOOPBACK) as egress:
        reply = await egress.call(post(port))
    assert isinstance(reply, NoReply)
    assert reply.phase is Phase.SENT


async def test_an_endless_answer_is_cut_off(serve: Serve) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
            await writer.drain()

    async with serve(talk) as port, Egress(LOOPBACK) as egress:
        assert bare(await egress.call(post(port), max_body=100_000)) == NoReply(
            Phase.SENT, "the answer is longer than 100000 bytes"
        )


async def test_cancelling_is_passed_on(serve: Serve) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with serve(talk) as port, Egress(LOOPBACK) as egress:
        task = asyncio.create_task(egress.call(post(port)))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
