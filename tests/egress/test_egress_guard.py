"""Where calls may go. Server-side request forgery, tried in every way we know."""

from __future__ import annotations

import asyncio
import ipaddress

import pytest
from egress_sockets import Serve, answer, read_request

from dragoman.domain.sentences import SentenceError
from dragoman.domain.wire import HttpCall, NoReply, Phase, Reply
from dragoman.egress import AddressRefused, Egress, Guard
from dragoman.egress.guard import public

PRIVATE = [
    "0.0.0.0",
    "10.1.2.3",
    "100.100.100.200",  # a cloud's metadata, in shared space
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "100::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["8.8.8.8", "157.240.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_not_public(address: str) -> None:
    assert not public(ipaddress.ip_address(address))
    url = f"https://[{address}]/" if ":" in address else f"https://{address}/"
    with pytest.raises(AddressRefused) as caught:
        Guard().target(url)
    assert caught.value.sentence.id == "egress_address_refused"


@pytest.mark.parametrize("address", PUBLIC)
def test_public(address: str) -> None:
    assert public(ipaddress.ip_address(address))
    Guard().target(f"https://[{address}]/" if ":" in address else f"https://{address}/")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://partner.example/", "only http and https are"),
        ("file:///etc/passwd", "only http and https are"),
        ("gopher://127.0.0.1:6379/_", "only http and https are"),
        ("//partner.example/", "only http and https are"),
        ("partner.example/x", "only http and https are"),
        ("", "only http and https are"),
        ("http://", "it names no host"),
        ("http:///x", "it names no host"),
        ("https://user@partner.example/", "it carries a user or a password"),
        ("https://user:made-up@partner.example/", "it carries a user or a password"),
        ("https://partner.example:0/", "it has port 0"),
        ("http://2130706433/", "its host is neither a name nor a plain IP address"),
        ("http://0177.0.0.1/", "its host is neither a name nor a plain IP address"),
        ("http://0x7f.0.0.1/", "its host is neither a name nor a plain IP address"),
        ("http://0x7f000001/", "its host is neither a name nor a plain IP address"),
        ("http://127.1/", "its host is neither a name nor a plain IP address"),
        ("http://127.0.0.1./", "its host is neither a name nor a plain IP address"),
        ("http://0/", "its host is neither a name nor a plain IP address"),
    ],
)
def test_urls_refused_before_any_look_up(url: str, why: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        Guard(["127.0.0.0/8", "0.0.0.0/0"]).target(url)
    sentence = caught.value.sentence
    assert (sentence.id, sentence.args["why"]) == ("egress_url_wrong", why)
    assert "made-up" not in sentence.args["url"]


@pytest.mark.parametrize(
    "url", ["https://[oops/", "https://a b/", "https://partner.example:99999/", "https://x\x00y/"]
)
async def test_what_is_no_url_is_refused_or_does_not_resolve(url: str) -> None:
    async with Egress() as egress:
        reply = await egress.call(HttpCall("POST", url, json={}))
    assert isinstance(reply, NoReply)
    assert reply.phase in (Phase.REFUSED, Phase.CONNECT)


@pytest.mark.parametrize(
    ("allow", "host", "port", "address", "allowed"),
    [
        ("127.0.0.1", "127.0.0.1", 80, "127.0.0.1", True),
        ("127.0.0.1:8400", "127.0.0.1", 8400, "127.0.0.1", True),
        ("127.0.0.1:8400", "127.0.0.1", 8401, "127.0.0.1", False),
        ("127.0.0.1", "::ffff:7f00:1", 80, "::ffff:127.0.0.1", True),
        ("10.0.0.0/8", "db.internal", 443, "10.2.3.4", True),
        ("10.0.0.0/8", "db.internal", 443, "192.168.0.1", False),
        ("10.0.0.0/8:443", "db.internal", 443, "10.0.0.1", True),
        ("10.0.0.0/8:443", "db.internal", 80, "10.0.0.1", False),
        ("db.internal", "DB.internal.", 80, "10.0.0.1", True),
        ("DB.Internal.:80", "db.internal", 80, "10.0.0.1", True),
        ("db.internal:80", "db.internal", 81, "10.0.0.1", False),
        ("db.internal", "evil-db.internal", 80, "10.0.0.1", False),
        ("localhost", "127.0.0.1", 80, "127.0.0.1", False),
        ("::1", "::1", 80, "::1", True),
        ("[::1]:80", "::1", 80, "::1", True),
        ("[::1]:80", "::1", 81, "::1", False),
        ("fd00::/8", "x.internal", 80, "fd12::1", True),
    ],
)
def test_the_operators_exceptions(
    allow: str, host: str, port: int, address: str, allowed: bool
) -> None:
    guard = Guard([allow])
    if allowed:
        guard.check(host, port, ipaddress.ip_address(address))
    else:
        with pytest.raises(AddressRefused):
            guard.check(host, port, ipaddress.ip_address(address))


@pytest.mark.parametrize("item", ["", "http://x/", "a b", "10.0.0.0/99", "x:0", "1.2.3", "*", "é"])
def test_an_exception_that_is_none_is_named(item: str) -> None:
    with pytest.raises(SentenceError) as caught:
        Guard([item])
    assert caught.value.sentence.args == {"item": item}


async def test_a_name_is_judged_by_what_it_resolves_to(closed_port: int) -> None:
    call = HttpCall("POST", f"http://localhost:{closed_port}/", json={})
    async with Egress() as egress:
        reply = await egress.call(call)
        assert isinstance(reply, NoReply)
        assert reply.phase is Phase.REFUSED
        assert f"localhost:{closed_port} was not called, because" in reply.detail
    async with Egress([f"localhost:{closed_port}"]) as egress:
        reply = await egress.call(call)
        assert isinstance(reply, NoReply)
        assert reply.phase is Phase.CONNECT


async def test_a_fetch_follows_and_judges_every_hop(serve: Serve) -> None:
    seen: list[tuple[str, bool]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head, _ = await read_request(reader)
            path = head.split(b" ")[1].decode()
            host = head.lower().split(b"host: ")[1].split(b":")[0].decode()
            seen.append((host + path, b"authorization" in head.lower()))
            port = writer.get_extra_info("sockname")[1]
            there = {
                "/same": "/file",
                "/other": f"http://localhost:{port}/file",
                "/metadata": "http://169.254.169.254/latest/meta-data",
                "/file-scheme": "file:///etc/passwd",
                "/user": f"http://u:p@127.0.0.1:{port}/file",
                "/loop": "/loop",
                "/broken": "http://[oops/",
            }.get(path)
            if there is None:
                writer.write(answer(b"bytes"))
            else:
                writer.write(answer(b"", "302 Found", (f"Location: {there}",)))

    async with serve(talk) as port, Egress(["127.0.0.1", "localhost"]) as egress:

        async def fetch(path: str) -> Reply | NoReply:
            seen.clear()
            headers = {"Authorization": "Bearer made-up"}
            return await egress.fetch(f"http://127.0.0.1:{port}{path}", headers=headers)

        done = Reply(200, {"content-length": "5"}, b"bytes")
        assert await fetch("/same") == done
        assert seen == [("127.0.0.1/same", True), ("127.0.0.1/file", True)]
        assert await fetch("/other") == done
        assert seen == [("127.0.0.1/other", True), ("localhost/file", False)]
        for path in ("/metadata", "/file-scheme", "/user", "/broken"):
            reply = await fetch(path)
            assert isinstance(reply, NoReply)
            assert reply.phase is Phase.REFUSED, path
            assert len(seen) == 1
        reply = await fetch("/loop")
        assert isinstance(reply, Reply)
        assert reply.status == 302
        assert len(seen) == 4
