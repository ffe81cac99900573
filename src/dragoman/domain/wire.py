"""Requests out and what came of them, as values: compared whole in tests, carried out by `egress`.

They live here because both sides of the wire speak of them: partners write an `HttpCall` and read
a `Reply`, egress makes the one into the other, and neither imports its counterpart.
"""

from __future__ import annotations

import enum
from typing import Any, Literal

import msgspec

from .sentences import Sentence, words

words({"no_detail": "no detail"})


class Part(msgspec.Struct, frozen=True):
    """One part of a multipart body."""

    name: str
    data: bytes
    filename: str | None = None
    content_type: str | None = None


class HttpCall(msgspec.Struct, frozen=True):
    """One request out. At most one of `json`, `form`, `parts`.

    `secret_headers`, `secret_query` and `secret_form` name the fields that must never be logged.
    `purpose` names the call in the log ("send", "mark_read", …). `about` is for whoever reads the
    answer and is not sent: the number that the call is of.
    """

    method: Literal["GET", "POST", "DELETE", "PUT"]
    url: str
    purpose: str = "send"
    headers: dict[str, str] = {}
    query: tuple[tuple[str, str], ...] = ()
    json: Any = None
    form: tuple[tuple[str, str], ...] = ()
    parts: tuple[Part, ...] = ()
    secret_headers: frozenset[str] = frozenset({"authorization"})
    secret_query: frozenset[str] = frozenset()
    secret_form: frozenset[str] = frozenset()
    about: str = ""


class Reply(msgspec.Struct, frozen=True):
    """What came back. Header names are lower-case."""

    status: int
    headers: dict[str, str] = {}
    body: bytes = b""


class Phase(enum.StrEnum):
    """How far a call got that brought no reply."""

    REFUSED = "refused"  # we refused to make it (address not allowed)
    CONNECT = "connect"  # no byte left: safe to repeat
    SENT = "sent"  # bytes left, no whole reply came: in doubt


class NoReply(msgspec.Struct, frozen=True):
    """detail: why, in English; why: the same as a sentence, where it is ours. unwritable: it was
    refused for what is in it, and not for where it goes."""

    phase: Phase
    detail: str = ""
    unwritable: bool = False
    why: Sentence | None = None

    @property
    def said(self) -> Sentence | str:
        """For another sentence; without a full stop, where it is not a sentence of its own."""
        return self.why or self.detail or Sentence("no_detail")


class TooLong(NoReply, frozen=True):
    """An answer came and was longer than it may be, so the rest of it was not read."""
