"""What every messaging partner is: pure functions and data. No await, clock, disk or socket.

A partner is a module (its folder's package) with the names of `Partner`. `registry.py` lists them.
Values here are compared whole in tests and carried out elsewhere: `egress` makes an `HttpCall`,
`web` answers with a `HookAnswer`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from dragoman.domain.content import Outbound
from dragoman.domain.errors import Code, SendError
from dragoman.domain.events import Event, Rejected
from dragoman.domain.identity import Recipient
from dragoman.domain.sentences import Sentence
from dragoman.domain.wire import HttpCall as HttpCall
from dragoman.domain.wire import NoReply as NoReply
from dragoman.domain.wire import Part as Part
from dragoman.domain.wire import Phase as Phase
from dragoman.domain.wire import Reply as Reply


class Hook(msgspec.Struct, frozen=True):
    """A request to our webhook, as bytes came. Header names are lower-case; `query` keeps order
    and repeats and is already percent-decoded, with `+` left as it was sent."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = {}
    body: bytes = b""


class HookAnswer(msgspec.Struct, frozen=True):
    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


class Refused(msgspec.Struct, frozen=True):
    """Authentication failed. `answer` is constant; `reason` is for our log and pages only."""

    answer: HookAnswer
    reason: Sentence


class Outcome(enum.StrEnum):
    """How a POST ended, for `answer`."""

    KEPT = "kept"
    INVALID = "invalid"  # not readable as this partner's body; kept raw
    BUSY = "busy"  # not stored; the partner should send it again


class Sent(msgspec.Struct, frozen=True, omit_defaults=True):
    """The partner took it. `recipient` is the partner's id of the person, which may differ from
    what was sent; `note` its word for a special state (held for a quality check)."""

    external_id: str
    recipient: str | None = None
    note: str | None = None


class Unsupported(msgspec.Struct, frozen=True):
    """This partner cannot say it: refused before any I/O."""

    sentence: Sentence
    code: Code = Code.UNSUPPORTED


class OutboundMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message to one person from one number.

    number: the partner's key of our number. reference: ours, echoed by partners that can.
    reply_to: the partner's id of the message to quote. identity_hash, category: see the partner.
    extra: merged last into the body, as the author wrote it.
    """

    recipient: Recipient
    number: str
    content: Outbound
    reference: str | None = None
    reply_to: str | None = None
    identity_hash: str | None = None
    category: str | None = None
    extra: dict[str, Any] | None = None


class Field(msgspec.Struct, frozen=True):
    """One field of the partner's settings, for the form, the CLI and the docs alike."""

    name: str
    label: str
    help: str
    kind: Literal["text", "secret", "numbers", "url", "choice", "switch"] = "text"
    required: bool = False
    where_to_find: str = ""
    default: Any = None
    choices: tuple[tuple[str, str], ...] = ()
    advanced: bool = False


class Give(msgspec.Struct, frozen=True):
    """Something of ours to paste at the partner: `value` is a template with {webhook_url},
    {verify_token}, {callback_url}."""

    name: str
    label: str
    value: str
    where_to_paste: str


class Capability(enum.StrEnum):
    NATIVE = "native"
    DEGRADED = "degraded"
    REFUSED = "refused"


class Complaint(msgspec.Struct, frozen=True):
    """A setting that is wrong, and what to do."""

    field: str
    sentence: Sentence


class Partner(Protocol):
    """The shape of a partner module. `settings` is an instance of its `Settings` struct."""

    NAME: str
    LABEL: str
    SETTINGS: Sequence[Field]
    GIVES: Sequence[Give]
    CAPABILITIES: Mapping[str, Capability]
    ECHO: str | None
    Settings: type[Any]

    def read_settings(
        self, values: Mapping[str, Any]
    ) -> tuple[Any, Sequence[Complaint]]:  # settings and what is wrong with them
        ...

    def missing(self, settings: Any) -> Sequence[Complaint]:
        """What stands in the way of enabling the channel."""
        ...

    def numbers(self, settings: Any) -> Sequence[str]:
        """The keys of our numbers at this partner."""
        ...

    def authenticate(self, hook: Hook, settings: Any, now: int) -> Refused | None: ...

    def handshake(self, hook: Hook, settings: Sequence[Any]) -> HookAnswer | None:
        """Answer a GET. `settings`: every copy of the channel whose token is accepted."""
        ...

    def parse(self, hook: Hook, settings: Any) -> list[Event | Rejected]:
        """Raises UnreadableBody when the body as a whole is not the partner's."""
        ...

    def answer(self, outcome: Outcome) -> HookAnswer: ...

    def render(self, message: OutboundMessage, settings: Any) -> HttpCall | Unsupported: ...

    def read(self, call: HttpCall, reply: Reply | NoReply) -> Sent | SendError: ...

    def render_signal(
        self, number: str, external_id: str, typing: bool, settings: Any
    ) -> HttpCall | None:
        """Mark a message as read, and show *typing* where asked. None where the partner cannot."""
        ...

    def render_probe(self, settings: Any) -> HttpCall | None:
        """A call that checks the credentials without sending. None where there is none."""
        ...

    def read_probe(self, reply: Reply | NoReply) -> Sentence | None:
        """None when the credentials are right, else what is wrong."""
        ...


class UnreadableBody(ValueError):
    """The body is not this partner's: not JSON, or another shape altogether."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.id)
        self.sentence = sentence
