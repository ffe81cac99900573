"""One attempt as the message log keeps it: the call and what came of it, without secrets."""

from __future__ import annotations

import base64
import binascii
import functools
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from dragoman.domain.wire import HttpCall, NoReply, Part, Reply
from dragoman.vault import HIDDEN, Redactor, redact_headers, redact_url

MAX_KEPT = 65_536  # bytes of either body

_SENT_HEADERS = frozenset({"accept", "content-type", "content-length", "user-agent"})
_CAME_HEADERS = frozenset(
    {
        "content-length",
        "content-type",
        "date",
        "facebook-api-version",
        "retry-after",
        "server",
        "x-app-usage",
        "x-business-use-case-usage",
        "x-correlation-id",
        "x-fb-debug",
        "x-fb-rev",
        "x-fb-trace-id",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "x-request-id",
    }
)
_encode = msgspec.json.Encoder().encode
_TEXT_TYPES = ("text/", "application/json", "application/xml", "application/x-www-form-urlencoded")


def redacted(
    call: HttpCall, reply: Reply | NoReply | None = None, redactor: Redactor | None = None
) -> dict[str, Any]:
    """What to keep of an attempt, as JSON.

    Always `method`, `url`, `purpose`, `headers`, `body` (a JSON value, form pairs, a list of
    parts, or cut text). With a reply `status`, `reply_headers`, `reply_body` (text); with a
    NoReply `phase`, `detail` (a text, or a Sentence's mapping). Hidden: headers not on the
    allow-list, the call's `secret_query` and `secret_form`, and the values of its secrets wherever
    they come up, such as in an error that quotes the token. `redactor` adds what the installation
    knows.
    """
    own = _own(call)
    out = {**_asked(call, _body(call)), **_came(reply)}
    for one in (own, redactor):
        if one is not None and one.finds(_encode(out).decode()):
            out = one.json(out)
    return _shortened(out)


def as_kept(call: HttpCall, reply: Reply | NoReply, beside: dict[str, Any]) -> tuple[str, str]:
    """`redacted`, as the two JSON texts that the message log keeps: the call and what came of it.
    beside: what is kept with the call and holds no secret. The usual attempt, short and without
    a secret in its bodies, is put into JSON once."""
    try:
        asked = _asked(call, _body(call) if call.json is None else call.json)
        texts = _encode({**asked, **beside}).decode(), _encode(_came(reply)).decode()
    except (TypeError, ValueError):  # a body that is not JSON
        texts = None
    if texts is None or max(map(len, texts)) > MAX_KEPT // 4 or _found(_own(call), texts):
        out = redacted(call, reply)
        came = {name: out.pop(name) for name in _came(reply)}
        texts = _encode({**out, **beside}).decode(), _encode(came).decode()
    return texts


def _found(own: Redactor | None, texts: tuple[str, str]) -> bool:
    return own is not None and (own.finds(texts[0]) or own.finds(texts[1]))


def _asked(call: HttpCall, body: Any) -> dict[str, Any]:
    return {
        "method": call.method,
        "url": redact_url(_url(call), _lower(call.secret_query)),
        "purpose": call.purpose,
        "headers": redact_headers(call.headers, _SENT_HEADERS - call.secret_headers),
        "body": body,
    }


def _came(reply: Reply | NoReply | None) -> dict[str, Any]:
    if isinstance(reply, Reply):
        headers = {k: v for k, v in reply.headers.items() if k in _CAME_HEADERS}
        return {"status": reply.status, "reply_headers": headers, "reply_body": _text(reply)}
    if reply is None:
        return {}
    why = reply.detail if reply.why is None else msgspec.to_builtins(reply.why)
    return {"phase": reply.phase.value, "detail": why}


def _lower(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _url(call: HttpCall) -> str:
    if not call.query:
        return call.url
    mark = "&" if "?" in call.url else "?"
    return call.url + mark + "&".join(f"{name}={value}" for name, value in call.query)


def _body(call: HttpCall) -> Any:
    if call.json is not None:
        try:
            return msgspec.to_builtins(call.json)
        except (TypeError, ValueError):
            return f"<{type(call.json).__name__}, not JSON>"
    if call.form:
        secret_names = _lower(call.secret_form)
        return [[k, HIDDEN if k.lower() in secret_names else v] for k, v in call.form]
    return [_part(part) for part in call.parts] or None


def _part(part: Part) -> dict[str, Any]:
    """A file is told by its size; a plain field is shown."""
    shown: dict[str, Any] = {"name": part.name, "bytes": len(part.data)}
    if part.content_type is not None:
        shown["content_type"] = part.content_type
    if part.filename is not None:
        shown["filename"] = part.filename
    elif len(part.data) <= 1024:
        shown["text"] = part.data.decode("utf-8", "replace")
    return shown


def _text(reply: Reply) -> str:
    kind = reply.headers.get("content-type", "").lower()
    looks_like_text = kind.startswith(_TEXT_TYPES) or "+json" in kind
    if not looks_like_text and (kind or b"\0" in reply.body):
        return f"<{len(reply.body)} bytes of {kind or 'binary data'}>" if reply.body else ""
    return reply.body.decode("utf-8", "replace")


def _shortened(out: dict[str, Any]) -> dict[str, Any]:
    """Both bodies within the limit. Cut last: a secret cut in two would no longer be found."""
    text = out.get("reply_body", "")
    if len(text) > MAX_KEPT // 4:  # no code point takes more than four bytes
        out["reply_body"] = _cut(text.encode("utf-8", "replace"))
    body = out["body"]
    if body is not None:
        data = _encode(body)
        if len(data) > MAX_KEPT:
            out["body"] = _cut(data)
    return out


def _cut(data: bytes) -> str:
    if len(data) <= MAX_KEPT:
        return data.decode()
    return f"{data[:MAX_KEPT].decode('utf-8', 'ignore')}… ({len(data)} bytes)"


def _own(call: HttpCall) -> Redactor | None:
    """Knows the values that this call's own declarations make secret."""
    found: set[str] = set()
    for name, value in call.headers.items():
        if name.lower() in call.secret_headers:
            found |= _header_secrets(value)
    if call.secret_query:
        names = _lower(call.secret_query)
        query = parse_qsl(call.url.partition("?")[2].partition("#")[0], keep_blank_values=True)
        found |= {text for key, text in (*query, *call.query) if key.lower() in names}
    if call.secret_form:
        names = _lower(call.secret_form)
        found |= {text for key, text in call.form if key.lower() in names}
    return _redactor(frozenset(found))


@functools.lru_cache(maxsize=256)
def _header_secrets(value: str) -> frozenset[str]:
    """A header's value, its token behind the scheme, and a Basic header's password."""
    scheme, space, token = value.partition(" ")
    found = {value, token.strip()} if space else {value}
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(token, validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return frozenset(found)
        found |= {pair, pair.partition(":")[2]}
    return frozenset(found)


@functools.lru_cache(maxsize=256)
def _redactor(secrets: frozenset[str]) -> Redactor | None:
    """A channel's secrets are the same from call to call."""
    return Redactor(secrets) if secrets else None
