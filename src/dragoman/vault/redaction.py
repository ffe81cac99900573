"""Taking secrets out of what people will see: headers, URLs, JSON, and any text at all.

Two habits work together. What is known by name (a header, a query parameter, a JSON field) is
hidden by name; what is known by value (the configured tokens) is hidden wherever it turns up,
also in the forms that encoders give it.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

HIDDEN = "•••"
SHORTEST = 6  # a shorter value would hide harmless words everywhere

_SAFE_SETS = ("", "/", "~!*'()", "!$'()*,/:;?@~", "!$&'()*+,;=:@/?~")
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_=-]*")
_BASE64_URL = str.maketrans("+/", "-_")
_HEX_ESCAPES = re.compile(r"%[0-9A-F]{2}|\\u[0-9a-f]{4}")


def redact_headers(headers: Mapping[str, str], allow: Collection[str]) -> dict[str, str]:
    """Headers with every value hidden that `allow` (lower-case names) does not name."""
    return {k: v if k.lower() in allow else HIDDEN for k, v in headers.items()}


def redact_json(value: Any, secret_names: Collection[str]) -> Any:
    """A copy of a JSON value in which fields named in `secret_names` (lower-case) are hidden, at
    any depth and with all that is under them."""
    if isinstance(value, Mapping):
        return {
            k: HIDDEN if str(k).lower() in secret_names else redact_json(v, secret_names)
            for k, v in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [redact_json(item, secret_names) for item in value]
    return value


def redact_url(url: str, secret_query: Collection[str] = ()) -> str:
    """A URL with its user and password, and the query values named in `secret_query`
    (lower-case), hidden. Never raises: it is cut by hand, because it may not be a URL."""
    rest, hash_mark, fragment = url.partition("#")
    head, question, query = rest.partition("?")
    scheme, slashes, after = head.partition("//")
    if slashes:
        host, slash, path = after.partition("/")
        if "@" in host:
            host = f"{HIDDEN}@{host.rpartition('@')[2]}"
        head = scheme + slashes + host + slash + path
    if question and secret_query:
        query = "&".join(_hide_pair(pair, secret_query) for pair in query.split("&"))
    if hash_mark and secret_query:  # OAuth's implicit answers carry tokens behind the #
        fragment = "&".join(_hide_pair(pair, secret_query) for pair in fragment.split("&"))
    return head + question + query + hash_mark + fragment


def _hide_pair(pair: str, secret_query: Collection[str]) -> str:
    name, equals, _ = pair.partition("=")
    return name + equals + HIDDEN if unquote_plus(name).lower() in secret_query else pair


class Redactor:
    """Knows secret values and replaces them, in any of their forms, by •••.

    Forms: as they are, percent-encoded, JSON-escaped, HTML-escaped, and inside base64 (as in a
    Basic header). Values under six characters are not looked for. Overlapping secrets are hidden
    as one. Safe to share between threads.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._plain: tuple[str, ...] = ()
        self._encoded: tuple[str, ...] = ()
        self._forms: tuple[str, ...] = ()
        self._values: frozenset[str] = frozenset()
        self.know(values)

    def know(self, values: Iterable[str]) -> None:
        """Add secrets, such as those of a channel that was just saved."""
        known = self._values | {v for v in values if len(v) >= SHORTEST}
        plain = {form for value in known for form in _plain_forms(value)}
        encoded = {form for value in known for form in _base64_cores(value)}
        self._plain = tuple(sorted(plain, key=len, reverse=True))
        self._encoded = tuple(encoded)
        self._forms = self._plain + self._encoded
        self._values = frozenset(known)

    def finds(self, text: str) -> bool:
        """Whether any known secret is in the text."""
        # not any(...): the generator costs more than the search, and every log line comes by
        for form in self._forms:  # noqa: SIM110
            if form in text:
                return True
        return False

    def text(self, text: str) -> str:
        """The text without secrets; the very same object when there are none in it."""
        if not self.finds(text):
            return text
        spans = [(at, at + len(form)) for form in self._plain for at in _places(form, text)]
        for form in self._encoded:
            spans += [_whole_run(at, text) for at in _places(form, text)]
        out = _cut(text, sorted(spans))
        # a secret that contains ••• could be made by cutting another: then nothing is shown
        return HIDDEN if self.finds(out) else out

    def bytes(self, data: bytes) -> bytes:
        """As `text`, for bytes that are mostly UTF-8; other bytes pass unchanged."""
        text = data.decode("utf-8", "surrogateescape")
        out = self.text(text)
        return data if out is text else out.encode("utf-8", "surrogateescape")

    def json(self, value: Any) -> Any:
        """A copy of a JSON value without secrets, in keys, strings and numbers."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self._key(k): self.json(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.json(item) for item in value]
        if isinstance(value, (bytes, bytearray, memoryview)):
            return self.bytes(bytes(value))
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (int, float)) and not self.finds(str(value)):
            return value
        return self.text(str(value))  # whatever a log line was given is shown as text

    def _key(self, key: Any) -> Any:
        return self.text(key) if isinstance(key, str) else key


def _plain_forms(value: str) -> set[str]:
    """What encoders make of a value, the base64 family apart."""
    raw = value.encode("utf-8", "surrogatepass")
    quoted = json.dumps(value, ensure_ascii=False)[1:-1]
    forms = {value, quoted, json.dumps(value)[1:-1], html.escape(value), html.escape(value, False)}
    forms |= {form.replace("/", "\\/") for form in forms}
    encoders: tuple[Callable[..., str], ...] = (quote, quote_plus)
    for encode in encoders:
        forms |= {encode(raw, safe=safe) for safe in _SAFE_SETS}
        forms.add(encode(quoted.encode("utf-8", "surrogatepass"), safe=""))
    return forms | {_HEX_ESCAPES.sub(_other_case, form) for form in forms}


def _other_case(match: re.Match[str]) -> str:
    found = match.group()
    return found.lower() if found[0] == "%" else found[:2] + found[2:].upper()


def _base64_cores(value: str) -> set[str]:
    """The letters of base64 that a value makes wherever it stands in the encoded text: three
    alignments, without the letters that share bits with what is before and after."""
    data = value.encode("utf-8", "surrogatepass")
    cores = set()
    for before in range(3):
        letters = base64.b64encode(b"\0" * before + data).decode("ascii")
        core = letters[(0, 2, 3)[before] : (before + len(data)) * 8 // 6]
        cores |= {core, core.translate(_BASE64_URL)}
    return cores


def _places(form: str, text: str) -> Iterable[int]:
    at = text.find(form)
    while at >= 0:
        yield at
        at = text.find(form, at + 1)


def _whole_run(at: int, text: str) -> tuple[int, int]:
    """The span of the base64 text around a place in it."""
    match = _BASE64_RUN.match(text, at)
    end = match.end() if match else at
    start = at
    while start and _BASE64_RUN.fullmatch(text[start - 1]):
        start -= 1
    return start, end


def _cut(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with every span, overlapping ones as one, replaced."""
    out: list[str] = []
    done = 0
    for start, end in spans:
        if start > done or not out:
            out += [text[done:start], HIDDEN]
            done = end
        else:
            done = max(done, end)
    return "".join(out) + text[done:]
