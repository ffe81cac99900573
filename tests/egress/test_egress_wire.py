"""What goes over the wire, byte for byte, and what comes back."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest
from egress_sockets import Serve, answer, bare, read_request

from dragoman.domain.wire import HttpCall, NoReply, Part, Phase, Reply
from dragoman.egress import USER_AGENT, AgentHttp, Egress, HttpFailed
from dragoman.egress.body import multipart

LOOPBACK = ["127.0.0.0/8", "localhost"]
TEXT = "नमस्ते 👨‍👩‍👧 שלום"


def echo(seen: list[tuple[bytes, bytes]], reply: bytes = b"{}") -> Any:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            seen.append(await read_request(reader))
            writer.write(answer(reply, headers=("X-A: 1", "x-a: 2", "Retry-After: 3")))

    return talk


async def test_a_json_call_byte_for_byte(serve: Serve) -> None:
    seen: list[tuple[bytes, bytes]] = []
    async with serve(echo(seen)) as port, Egress(LOOPBACK) as egress:
        call = HttpCall(
            "POST",
            f"http://127.0.0.1:{port}/v26.0/1/messages?keep=%2B",
            headers={"Authorization": "Bearer made-up"},
            query=(("a b", "ü&="), ("a b", "2")),
            json={"text": TEXT},
        )
        assert await egress.call(call) == Reply(
            200, {"content-length": "2", "x-a": "1, 2", "retry-after": "3"}, b"{}"
        )
    head, body = seen[0]
    assert json.loads(body) == {"text": TEXT}
    assert sorted(head.decode().split("\r\n")) == sorted(
        [
            "POST /v26.0/1/messages?keep=%2B&a+b=%C3%BC%26%3D&a+b=2 HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Authorization: Bearer made-up",
            "Content-Type: application/json",
            f"User-Agent: {USER_AGENT}",
            "Accept: */*",
            "Accept-Encoding: gzip, deflate",
            f"Content-Length: {len(body)}",
            "",
            "",
        ]
    )


async def test_form_parts_get_and_a_content_type_of_ones_own(serve: Serve) -> None:
    seen: list[tuple[bytes, bytes]] = []
    async with serve(echo(seen)) as port, Egress(LOOPBACK) as egress:
        url = f"http://localhost:{port}/"
        await egress.call(HttpCall("POST", url, form=(("to", "+1 202"), ("t", TEXT))))
        await egress.call(HttpCall("GET", url))
        await egress.call(
            HttpCall("POST", url, json=[1], headers={"content-type": "application/vnd.x+json"})
        )
        await egress.call(HttpCall("POST", url, parts=(Part("f", b"\0\r\n", "a.bin", "x/y"),)))
    assert seen[0][1].startswith(b"to=%2B1+202&t=%E0%A4%A8")
    assert b"\r\nContent-Type: application/x-www-form-urlencoded\r\n" in seen[0][0]
    assert seen[1][0].startswith(b"GET / HTTP/1.1\r\n")
    assert b"Content-Type" not in seen[1][0]
    assert seen[2][0].lower().count(b"content-type") == 1
    boundary = seen[3][0].split(b"boundary=")[1].split(b"\r\n")[0]
    assert seen[3][1] == (
        b"--" + boundary + b"\r\n"
        b'Content-Disposition: form-data; name="f"; filename="a.bin"\r\n'
        b"Content-Type: x/y\r\n\r\n\0\r\n\r\n--" + boundary + b"--\r\n"
    )


def test_a_file_name_cannot_break_out_of_its_header() -> None:
    body, kind = multipart((Part("n", b"1", f'{TEXT}"\r\nX-Evil: 1'),), "b")
    assert kind == "multipart/form-data; boundary=b"
    assert (
        body
        == (
            '--b\r\nContent-Disposition: form-data; name="n"; '
            f'filename="{TEXT}%22%0D%0AX-Evil: 1"\r\n\r\n1\r\n--b--\r\n'
        ).encode()
    )
    with pytest.raises(ValueError, match="line break"):
        multipart((Part("n", b"", None, "text/plain\r\nX-Evil: 1"),), "b")


@pytest.mark.parametrize(
    "call",
    [
        HttpCall("POST", "http://127.0.0.1:1/", json={"x": object()}),
        HttpCall("POST", "http://127.0.0.1:1/", json={"x": "\ud800"}),
        HttpCall("POST", "http://127.0.0.1:1/", json={}, headers={"A": "b\r\nX-Evil: 1"}),
        HttpCall("POST", "http://127.0.0.1:1/", json={}, headers={"A\r\nX": "1"}),
        HttpCall("POST", "http://127.0.0.1:1/", json={}, headers={"A b": "1"}),
        HttpCall("POST", "http://127.0.0.1:1/", form=(("a", "\ud800"),)),
    ],
)
async def test_a_call_that_cannot_be_written_is_refused(call: HttpCall) -> None:
    async with Egress(LOOPBACK) as egress:
        reply = await egress.call(call)
    assert isinstance(reply, NoReply)
    assert reply.phase is Phase.REFUSED
    assert "cannot be written" in reply.detail and reply.unwritable


async def test_redirects_are_returned_as_they_are(serve: Serve) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(answer(b"", "302 Found", ("Location: http://169.254.169.254/",)))

    async with serve(talk) as port, Egress(LOOPBACK) as egress:
        call = HttpCall("POST", f"http://127.0.0.1:{port}/", json={})
        assert await egress.call(call) == Reply(
            302, {"content-length": "0", "location": "http://169.254.169.254/"}, b""
        )


async def test_packed_answers_are_unpacked_and_still_capped(serve: Serve) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, _ = await read_request(reader)
            size = 10_000_000 if b"/bomb" in head else 1_000
            packed = gzip.compress(b"x" * size)
            writer.write(answer(packed, headers=("Content-Encoding: gzip",)))

    async with serve(talk) as port, Egress(LOOPBACK) as egress:
        reply = await egress.call(HttpCall("GET", f"http://127.0.0.1:{port}/"))
        assert isinstance(reply, Reply)
        assert reply.body == b"x" * 1_000
        bomb = await egress.call(HttpCall("GET", f"http://127.0.0.1:{port}/bomb"))
        assert bare(bomb) == NoReply(Phase.SENT, "the answer is longer than 3145728 bytes")


async def test_cookies_are_not_kept(serve: Serve) -> None:
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, _ = await read_request(reader)
            seen.append(head)
            writer.write(answer(b"", headers=("Set-Cookie: a=1",)))

    async with serve(talk) as port, Egress(LOOPBACK) as egress:
        for _ in range(2):
            await egress.call(HttpCall("GET", f"http://localhost:{port}/"))
    assert not [head for head in seen if b"cookie" in head.lower()]


async def test_connections_are_kept_and_limited(serve: Serve) -> None:
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            await read_request(reader)
            writer.write(answer(b"{}"))

    async with serve(talk) as port, Egress(LOOPBACK, limit=4) as egress:
        call = HttpCall("POST", f"http://127.0.0.1:{port}/", json={})
        for _ in range(3):
            replies = await asyncio.gather(*(egress.call(call) for _ in range(20)))
            assert {r.status for r in replies if isinstance(r, Reply)} == {200}
            assert len(replies) == 20
    assert connections == 4


async def test_shut_and_closed_refuse_everything(serve: Serve) -> None:
    seen: list[tuple[bytes, bytes]] = []
    refused = NoReply(
        Phase.REFUSED, "No call was made, because egress is shut (as it is during a replay)."
    )
    async with serve(echo(seen)) as port:
        egress = Egress(LOOPBACK, shut=True)
        call = HttpCall("POST", f"http://127.0.0.1:{port}/", json={})
        assert bare(await egress.call(call)) == refused
        assert bare(await egress.fetch(call.url)) == refused
        with pytest.raises(HttpFailed):
            await AgentHttp(egress).get(call.url)
        egress.shut = False
        assert isinstance(await egress.call(call), Reply)
        await egress.close()
        assert bare(await egress.call(call)) == refused
    assert len(seen) == 1


async def test_agents_get_a_small_client(serve: Serve) -> None:
    seen: list[tuple[bytes, bytes]] = []
    async with serve(echo(seen, b'{"price": 120}')) as port, Egress(LOOPBACK) as egress:
        http = AgentHttp(egress)
        url = f"http://localhost:{port}/p?x=1"
        reply = await http.get(url, params={"q": "चाय", "n": 2})
        assert (reply.status, reply.ok, reply.json(), reply.headers["retry-after"]) == (
            200,
            True,
            {"price": 120},
            "3",
        )
        assert reply.text == '{"price": 120}'
        await http.post(url, json={"t": TEXT})
        await http.post(url, form={"a": "1"})
    assert seen[0][0].startswith(b"GET /p?x=1&q=%E0%A4%9A%E0%A4%BE%E0%A4%AF&n=2 ")
    assert json.loads(seen[1][1]) == {"t": TEXT}
    assert seen[2][1] == b"a=1"


async def test_an_agent_is_told_what_is_wrong(serve: Serve) -> None:
    seen: list[tuple[bytes, bytes]] = []
    async with serve(echo(seen, b"<html>")) as port:
        async with Egress(LOOPBACK) as egress:
            with pytest.raises(HttpFailed) as caught:
                (await AgentHttp(egress).get(f"http://127.0.0.1:{port}/")).json()
            assert caught.value.sentence.id == "agent_http_not_json"
        async with Egress() as egress:
            with pytest.raises(HttpFailed) as caught:
                await AgentHttp(egress).post(f"http://127.0.0.1:{port}/", json={})
    assert str(caught.value) == (
        f"The agent's POST 127.0.0.1 brought no answer: 127.0.0.1:{port} was not called, because "
        "127.0.0.1 is not a public address; if that is meant, the operator adds "
        f"127.0.0.1:{port} to egress_allow; see that the address is right and the other side is up."
    )
    assert len(seen) == 1


async def test_with_emulated_partners_only_agents_call_outside(serve: Serve) -> None:
    async with Egress(["internal.example:9"], emulated=True) as egress:
        refused = await egress.call(HttpCall("POST", "https://partner.example/send"))
        assert isinstance(refused, NoReply) and refused.phase is Phase.REFUSED
        assert refused.why is not None and refused.why.id == "egress_emulated"
        for url, purpose in (
            ("https://partner.example/send", "agent"), ("http://internal.example:9/", "send"),
            ("http://localhost:9/", "send"),
        ):  # fmt: skip
            asked = await egress.call(HttpCall("POST", url, purpose=purpose), timeout_s=1)
            assert isinstance(asked, NoReply)
            assert asked.why is None or asked.why.id != "egress_emulated"
