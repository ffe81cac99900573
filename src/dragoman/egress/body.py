"""The body of a request, as bytes."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

import msgspec

from dragoman.domain.wire import HttpCall, Part

_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_encode = msgspec.json.Encoder().encode
_ESCAPES = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})  # as browsers do (WHATWG)


def encode_body(call: HttpCall) -> tuple[bytes | None, str]:
    """The bytes of a call's body and their content type; None where it has none.

    Raises TypeError or ValueError when a value cannot be put into JSON or UTF-8.
    """
    if call.json is not None:
        return _encode(call.json), _JSON
    if call.form:
        return urlencode(call.form).encode("ascii"), _FORM
    if call.parts:
        return multipart(call.parts, secrets.token_hex(16))
    return None, ""


def multipart(parts: tuple[Part, ...], boundary: str) -> tuple[bytes, str]:
    """A multipart/form-data body (RFC 7578) and its content type."""
    out = bytearray()
    for part in parts:
        out += f"--{boundary}\r\n".encode()
        out += f'Content-Disposition: form-data; name="{_quoted(part.name)}"'.encode()
        if part.filename is not None:
            out += f'; filename="{_quoted(part.filename)}"'.encode()
        if part.content_type is not None:
            if "\r" in part.content_type or "\n" in part.content_type:
                raise ValueError("a content type holds a line break")
            out += f"\r\nContent-Type: {part.content_type}".encode()
        out += b"\r\n\r\n" + part.data + b"\r\n"
    out += f"--{boundary}--\r\n".encode()
    return bytes(out), f"multipart/form-data; boundary={boundary}"


def _quoted(text: str) -> str:
    return text.translate(_ESCAPES)
