"""What the message log keeps of a call: everything but the secrets."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from dragoman.domain.wire import HttpCall, NoReply, Part, Phase, Reply
from dragoman.egress import as_kept, redacted
from dragoman.vault import Redactor

TOKEN = "made-up-token-0123456789"
TEXT = "नमस्ते 👨‍👩‍👧 שלום"


def call(**changes: Any) -> HttpCall:
    base = HttpCall(
        "POST",
        "https://graph.example/v26.0/1/messages",
        headers={
            "Authorization": f"Bearer {TOKEN}",
            "Content-Type": "application/json",
            "X-Other": "1",
        },
        json={"to": "12025550142", "text": {"body": TEXT}},
    )
    return msgspec.structs.replace(base, **changes)


def test_a_whole_attempt() -> None:
    reply = Reply(
        400,
        {"content-type": "application/json", "set-cookie": "a=b", "x-fb-trace-id": "T1"},
        json.dumps({"error": {"message": f"Malformed access token {TOKEN}"}}).encode(),
    )
    assert redacted(call(), reply) == {
        "method": "POST",
        "url": "https://graph.example/v26.0/1/messages",
        "purpose": "send",
        "headers": {
            "Authorization": "•••",
            "Content-Type": "application/json",
            "X-Other": "•••",
        },
        "body": {"to": "12025550142", "text": {"body": TEXT}},
        "status": 400,
        "reply_headers": {"content-type": "application/json", "x-fb-trace-id": "T1"},
        "reply_body": '{"error": {"message": "Malformed access token •••"}}',
    }


def test_no_reply_and_none_yet() -> None:
    out = redacted(call(), NoReply(Phase.SENT, "x:443: no whole answer in time"))
    assert (out["phase"], out["detail"]) == ("sent", "x:443: no whole answer in time")
    assert set(redacted(call())) == {"method", "url", "purpose", "headers", "body"}


def test_query_form_and_parts() -> None:
    names = frozenset({"access_token", "password"})
    out = redacted(call(query=(("access_token", TOKEN), ("v", "1")), secret_query=names))
    assert out["url"] == "https://graph.example/v26.0/1/messages?access_token=•••&v=1"
    out = redacted(call(url=f"https://g.example/?Access_Token={TOKEN}", secret_query=names))
    assert out["url"] == "https://g.example/?Access_Token=•••"
    out = redacted(call(json=None, form=(("Password", "x"), ("to", "y")), secret_form=names))
    assert out["body"] == [["Password", "•••"], ["to", "y"]]
    parts = (Part("file", b"\0" * 9, "a.bin", "x/y"), Part("type", b"image/png"))
    assert redacted(call(json=None, parts=parts))["body"] == [
        {"name": "file", "bytes": 9, "content_type": "x/y", "filename": "a.bin"},
        {"name": "type", "bytes": 9, "text": "image/png"},
    ]


def test_a_secret_of_a_form_is_hidden_wherever_it_comes_up() -> None:
    form = (("userid", "2000000002"), ("password", "hunter2hunter2"), ("msg", "hunter2hunter2!"))
    out = redacted(
        call(json=None, form=form, secret_form=frozenset({"password"})),
        Reply(200, {"content-type": "text/plain"}, b"wrong password=hunter2hunter2"),
    )
    assert out["body"] == [["userid", "2000000002"], ["password", "•••"], ["msg", "•••!"]]
    assert out["reply_body"] == "wrong password=•••"


def test_a_basic_password_is_known_by_itself() -> None:
    pair = base64.b64encode(b"user:hunter2hunter2").decode()
    out = redacted(
        call(headers={"Authorization": f"Basic {pair}"}),
        Reply(401, {}, b"no such password: hunter2hunter2"),
    )
    assert out["reply_body"] == "no such password: •••"


def test_what_the_installation_knows_is_hidden_too() -> None:
    out = redacted(call(json={"t": "another-secret"}), None, Redactor(["another-secret"]))
    assert out["body"] == {"t": "•••"}


def test_bodies_are_cut_and_files_are_told() -> None:
    long = ("x" * 65_530 + TOKEN + "नमस्ते") * 2
    out = redacted(
        call(json={"t": long}), Reply(200, {"content-type": "text/plain"}, long.encode())
    )
    for kept in (out["body"], out["reply_body"]):
        assert isinstance(kept, str)
        assert len(kept.encode()) < 65_536 + 40
        assert "made-up" not in kept
    png = Reply(200, {"content-type": "image/png"}, b"\x89PNG" + b"\0" * 96)
    assert redacted(call(), png)["reply_body"] == "<100 bytes of image/png>"
    assert redacted(call(), Reply(200, {}, b"\0\1"))["reply_body"] == "<2 bytes of binary data>"
    assert redacted(call(), Reply(204))["reply_body"] == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON, st.text("abcXYZ019_-./+=", min_size=6, max_size=40), st.binary(max_size=20))
def test_no_secret_is_kept_and_the_rest_is_json(value: Any, secret: str, some: bytes) -> None:
    reply = Reply(
        500, {"content-type": "text/plain", "x-request-id": secret}, some + secret.encode()
    )
    out = redacted(
        call(
            json=[value, f"x{secret}y"],
            headers={"authorization": f"Bearer {secret}"},
            query=(("key", secret), ("other", f"={secret}")),
            form=(("password", f"+{secret}"),),
            secret_query=frozenset({"key"}),
            secret_form=frozenset({"password"}),
        ),
        reply,
    )
    kept = msgspec.json.encode(out).decode()
    # the fixed words of a record are no secret, though a generated one may be among them
    assert secret not in kept or secret in msgspec.json.encode(redacted(call())).decode()


def split(one: HttpCall, reply: Reply | NoReply, **beside: Any) -> tuple[Any, Any]:
    """`redacted`, taken apart into the call and what came of it."""
    out = redacted(one, reply)
    came = {k: out.pop(k) for k in list(out) if k not in redacted(one)}
    return {**out, **beside}, came


def texts(one: HttpCall, reply: Reply | NoReply, **beside: Any) -> tuple[Any, Any]:
    asked, came = as_kept(one, reply, beside)
    return json.loads(asked), json.loads(came)


def test_the_texts_of_the_log_are_what_is_redacted() -> None:
    ok = Reply(200, {"content-type": "application/json", "set-cookie": "a"}, b'{"id": "wamid.1"}')
    told = Reply(400, {"content-type": "text/plain"}, f"bad token {TOKEN}".encode())
    form = call(json=None, form=(("Password", TOKEN), ("to", TEXT)),
                secret_form=frozenset({"password"}))  # fmt: skip
    file = call(json=None, parts=(Part("file", b"\0" * 9, "a.bin", "x/y"),))
    long = call(json={"t": "x" * 70_000 + TOKEN})
    for one in (call(), form, file, long, call(json={"t": f"with {TOKEN}"}), call(json={"t": {1}})):
        for reply in (ok, told, NoReply(Phase.CONNECT, "x:443: refused"), Reply(200, {}, b"\0")):
            assert texts(one, reply, window_until=7) == split(one, reply, window_until=7)


@given(JSON, st.text("abcXYZ019_-./+=", min_size=6, max_size=40), st.binary(max_size=20))
def test_no_secret_is_in_the_texts_of_the_log(value: Any, secret: str, some: bytes) -> None:
    one = call(json=[value, f"x{secret}y"], headers={"authorization": f"Bearer {secret}"})
    for reply in (
        Reply(500, {"content-type": "text/plain", "x-request-id": secret}, some + secret.encode()),
        Reply(200, {"content-type": "text/plain"}, some),
    ):
        assert texts(one, reply) == split(one, reply)
