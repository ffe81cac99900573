"""What every messaging partner is: pure functions and data. No await, clock, disk or socket.

A partner is a module (its folder's package) with the names of `Partner`. `registry.py` lists them.
Values here are compared whole in tests and carried out elsewhere: `egress` makes an `HttpCall`,
`web` answers with a `HookAnswer`.
"""

from __future__ import annotations

import enum
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeVar

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
    peer: str = ""  # the address that it came from


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
    UNKNOWN = "unknown"  # no app has this stream id with this partner
    NO_TOKEN = "no_token"  # an app is associated, and the webhook brought no token
    WRONG_TOKEN = "wrong_token"  # it brought one that is not the associated app's


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
    """One field of the partner's settings, for the form, the CLI and the docs alike.

    A `group` is a list of things of one sort (accounts, numbers with a key each): its value maps
    the thing's own key (a name, a phone number: `key_label`) to the values of `fields`; `most` is
    how many it holds; `key_kind` "number": one phone number is one thing, however it is spelled.
    `only_if`: shown where that other field has one of these values. `guards`: it has to do with
    who may call the webhook, and not with what is sent.
    """

    name: str
    label: str
    help: str
    kind: Literal["text", "secret", "number", "numbers", "url", "choice", "switch", "group"] = (
        "text"
    )
    required: bool = False
    where_to_find: str = ""
    default: Any = None
    choices: tuple[tuple[str, str], ...] = ()
    advanced: bool = False
    fields: tuple[Field, ...] = ()
    key_label: str = ""
    key_kind: Literal["text", "number"] = "text"
    most: int = 0
    only_if: tuple[str, tuple[str, ...]] | None = None
    guards: bool = False


class Give(msgspec.Struct, frozen=True):
    """Something of ours to paste at the partner: `value` is a template with {webhook_url},
    {callback_url} (of OAuth), {verify_token}, {client_id}, {authorization} (a ready header)."""

    name: str
    label: str
    value: str
    where_to_paste: str


class Capability(enum.StrEnum):
    NATIVE = "native"
    DEGRADED = "degraded"
    REFUSED = "refused"


class Ability(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a partner does with one kind of content. `rule` names the rule of `plain.RULES` that
    degrades it; `note` says why it is refused, or what of it is not confirmed."""

    capability: Capability
    rule: str = ""
    note: str = ""


NATIVE = Ability(Capability.NATIVE)


def degraded(rule: str) -> Ability:
    return Ability(Capability.DEGRADED, rule)


def refused(note: str) -> Ability:
    return Ability(Capability.REFUSED, note=note)


class Probe(msgspec.Struct, frozen=True):
    """A call that tells something without sending a message. `about`: what it asks of, for
    people ("the account main", "the number 918800000001"), or where a pull comes from. `expect`:
    what the partner's reader compares the answer with."""

    about: str
    call: HttpCall
    expect: str = ""


class MediaFile(msgspec.Struct, frozen=True):
    """A file that was fetched, or is to be left with the partner. `mime` as the partner said it,
    empty if it said none. Where `read_media` hands on the reply's body as it is, that stands for
    the whole file, of which a long one's reply holds the beginning."""

    data: bytes
    mime: str = ""
    filename: str | None = None


class Complaint(msgspec.Struct, frozen=True):
    """A setting that is wrong, and what to do."""

    field: str
    sentence: Sentence


class Partner(Protocol):
    """The shape of a partner module. `settings` is an instance of its `Settings` struct. What a
    partner does not have it takes from `absent`.

    DIALECTS: (name, label) of the wire formats it speaks, the usual one first; one with the name
    "" where there is only one. CAPABILITIES: dialect → kind → ability, complete. ECHO: what of
    ours comes back in reports, or None (see `registry.echoes`). NATIVE_SHAPES: (native object,
    where it goes). ASSOCIATES: whether an app's token can be asked of its webhooks. LETTER: to its
    support, where a person there sets the address; a template like `Give.value`. NOT_CHECKABLE:
    why there is no probe. MEDIA_LIMITS: kind → bytes. UPLOAD_DAYS: how long an uploaded file's id
    lives.
    """

    NAME: str
    LABEL: str
    DIALECTS: Sequence[tuple[str, str]]
    SETTINGS: Sequence[Field]
    GIVES: Sequence[Give]
    LETTER: str
    CAPABILITIES: Mapping[str, Mapping[str, Ability]]
    ERRORS: Any
    ECHO: str | None
    NOT_CONFIRMED: Sequence[tuple[str, str]]
    NATIVE_SHAPES: Sequence[tuple[str, str]]
    ASSOCIATES: bool
    NOT_CHECKABLE: Sentence | None
    MEDIA_LIMITS: Mapping[str, int]
    UPLOAD_DAYS: int
    Settings: type[Any]

    # settings

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

    def in_use(self, number: str, settings: Any) -> bool:
        """Whether one of our numbers is answered and sent from: not while its account is switched
        off."""
        ...

    def may_notify(self, number: str, settings: Any) -> bool:
        """Whether the business may write first from one of our numbers, by its account's switch."""
        ...

    def dialect(self, settings: Any) -> str: ...

    # webhooks

    def guarded(self, settings: Any) -> bool:
        """Whether the partner's own check (signature, password) authenticates its webhooks."""
        ...

    def uses_authorization(self, settings: Any) -> bool:
        """Whether that check needs the header Authorization, which a token would need as well."""
        ...

    def authenticate(self, hook: Hook, settings: Any, now: int) -> Refused | None: ...

    def handshake(self, hook: Hook, settings: Sequence[Any]) -> HookAnswer | None:
        """Answer a GET. `settings`: every copy of the channel whose token is accepted."""
        ...

    def parse(self, hook: Hook, settings: Any) -> list[Event | Rejected]:
        """Raises UnreadableBody when the body as a whole is not the partner's."""
        ...

    def answer(self, outcome: Outcome) -> HookAnswer: ...

    # sending

    def render(self, message: OutboundMessage, settings: Any) -> HttpCall | Unsupported: ...

    def knows_native(self, payload: Mapping[str, Any], settings: Any) -> bool:
        """Whether a native object is one of NATIVE_SHAPES, right or wrong in its members. For any
        other, `render` gives `Unsupported`."""
        ...

    def is_template(self, payload: Mapping[str, Any], settings: Any) -> bool:
        """Whether a native object is a template of this partner's, which may be sent when the
        window is closed. False for what `render` refuses."""
        ...

    def read(self, call: HttpCall, reply: Reply | NoReply) -> Sent | SendError: ...

    def render_signal(
        self, number: str, whom: Recipient, external_id: str, typing: bool, settings: Any
    ) -> HttpCall | None:
        """Mark a person's message as read, and show *typing* where asked. None where the partner
        cannot."""
        ...

    # opt-in

    def demands_opt_in(self, settings: Any) -> bool:
        """Whether a person must have agreed before the first send, by this channel's settings."""
        ...

    def render_opt_in_look_up(
        self, number: str, recipient: Recipient, settings: Any
    ) -> HttpCall | None:
        """None where the partner has no look-up: then only our own record counts."""
        ...

    def read_opt_in_look_up(self, reply: Reply | NoReply) -> bool | SendError: ...

    def render_opt_in(self, number: str, recipient: Recipient, settings: Any) -> HttpCall | None:
        """Record at the partner that the person agreed."""
        ...

    def read_opt_in(self, reply: Reply | NoReply) -> SendError | None: ...

    # media

    def render_media(
        self, number: str, media_id: str | None, link: str | None, settings: Any
    ) -> HttpCall | None:
        """The first call that fetches a file that a person sent."""
        ...

    def read_media(
        self, call: HttpCall, reply: Reply | NoReply, settings: Any
    ) -> MediaFile | HttpCall | SendError:
        """The file, or the next call on the way to it."""
        ...

    def render_upload(self, number: str, file: MediaFile, settings: Any) -> HttpCall | None:
        """Leave a file with the partner, to be sent by its id. None where it takes links only."""
        ...

    def read_upload(self, reply: Reply | NoReply) -> str | SendError:
        """The id of the uploaded file."""
        ...

    # asking

    def probes(self, settings: Any) -> Sequence[Probe]:
        """Calls that check the credentials without sending; none: see NOT_CHECKABLE."""
        ...

    def read_probe(self, probe: Probe, reply: Reply | NoReply) -> Sentence | None:
        """None when the credentials are right, else what is wrong."""
        ...

    def pulls(self, settings: Any) -> Sequence[Probe]:
        """Calls that fetch reports instead of waiting for webhooks, where that is switched on. The
        reading takes them away at the partner, so one process asks for each."""
        ...

    def read_pull(self, reply: Reply | NoReply) -> bytes | SendError:
        """A body for `parse`; empty when there was nothing."""
        ...


class Grant(msgspec.Struct, frozen=True):
    """A token that a person granted. `expires_at`: Unix ms, 0 for never. `granted_by`: the
    partner's id of that person."""

    token: str
    expires_at: int = 0
    scopes: tuple[str, ...] = ()
    granted_by: str = ""


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. state: none for what cannot be asked."""

    state: Literal["ok", "warn", "fail", "none"]
    what: Sentence
    remedy: Sentence | None = None


_T = TypeVar("_T")

# Several calls, each decided by the answer before: yields calls, is sent their replies, returns
# the result. Whoever carries it out does the I/O.
Talk = Generator[HttpCall, Reply | NoReply, _T]


class Account(Protocol):
    """What only some partners have: an account that a person opens to us (OAuth), and webhooks
    that are subscribed by calls. Such a partner's module names it ACCOUNT; see
    `registry.account`."""

    def granted(self, settings: Any) -> bool:
        """Whether these settings' token is one that a person grants, and not one pasted."""
        ...

    def account(self, settings: Any) -> str:
        """The partner's app that the token is granted to; empty while it is not set."""
        ...

    def with_token(self, settings: Any, token: str) -> Any: ...

    def render_authorize_url(self, settings: Any, redirect_uri: str, state: str) -> str:
        """The page that asks the person, for a browser."""
        ...

    def read_denial(self, query: Mapping[str, str]) -> Sentence | None:
        """Why the person came back without a code; None when there is one."""
        ...

    def grant(
        self, settings: Any, redirect_uri: str, code: str, now: int
    ) -> Talk[Grant | Sentence]:
        """The token for a code, which is good once; or why there is none."""
        ...

    def inspect(self, settings: Any, webhook_url: str, now: int) -> Talk[list[Finding]]:
        """The token's life, and whether the webhooks come to us."""
        ...

    def subscribe(self, settings: Any) -> Talk[list[Finding]]:
        """Let the webhooks of the channel's accounts come to the partner's app."""
        ...


class UnreadableBody(ValueError):
    """The body is not this partner's: not JSON, or another shape altogether."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.id)
        self.sentence = sentence
