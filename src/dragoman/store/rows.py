"""What crosses between the engine and the store: prepared rows in, loaded rows out."""

from __future__ import annotations

from typing import Any

import msgspec

from dragoman.domain.identity import Bsuid, Person, Phone


class NewMessage(msgspec.Struct, frozen=True):
    """One inbound message as intake hands it over. `why` is JSON of the sentence that says why it
    will not be answered, None when it may be. `opens` and `free_until`: the window."""

    id: int
    key: bytes
    number_id: int
    person: Person
    kind: str
    content: str
    external_id: str | None
    at: int
    meta: str | None = None
    why: str | None = None
    window_until: int = 0
    window_opener: str = ""
    window_free: int = 0
    new_identity: Person | None = None  # a changed number or user id, learned from this message
    shared: bool = False  # the conversation spans the app's numbers
    due_in: int = 0  # debounce, ms
    media: bool = False  # it brings a file, which is fetched later


class NewReport(msgspec.Struct, frozen=True):
    """One status report. `reference` is the id of our message, where the partner echoed it."""

    id: int
    key: bytes
    number_id: int
    external_id: str
    rank: int
    status: str
    at: int
    body: str
    recipient: Person
    reference: int | None = None
    error: str | None = None
    window_closed: bool = False
    not_agreed: bool = False


class NewEvent(msgspec.Struct, frozen=True):
    """Anything else: kept, counted, shown. An inbound call opens the window of its pair."""

    id: int
    key: bytes
    kind: str
    number_id: int
    at: int
    body: str
    person: Person | None = None
    window_until: int = 0


class NewRejected(msgspec.Struct, frozen=True):
    """`key`: under which the same item, sent again, is known; empty for one that is kept each
    time."""

    id: int
    path: str
    reason: str
    raw: str | None
    key: bytes = b""


class Lease(msgspec.Struct, frozen=True):
    """A conversation that this process may answer now, with all that a turn needs."""

    app_id: int
    conversation_id: int
    token: int
    number_id: int
    contact_id: int
    contact: Person
    from_seq: int
    to_seq: int
    tries: int
    context: str
    session_id: int
    session_last: int
    messages: tuple[Waiting, ...]
    windows: dict[int, tuple[int, str, int]]  # by number id: until, opener, free until
    open_turn: int = 0  # a turn that flushed and never ended: end it as interrupted
    open_to: int = 0
    choices: str | None = None  # JSON of what was offered in plain text last


class Waiting(msgspec.Struct, frozen=True):
    """One message that waits for a turn."""

    id: int
    seq: int
    number_id: int
    kind: str
    content: str
    external_id: str | None
    at: int
    hook_id: int
    meta: str | None


class NewOutgoing(msgspec.Struct, frozen=True):
    """One message to send, as a turn (or an operator) made it. `expires`: business time after
    which it is not sent any more."""

    id: int
    number_id: int
    kind: str
    content: str
    at: int
    expires: int
    meta: str | None = None
    retry_of: int = 0
    priority: int = 0
    error: str | None = None  # refused before it could be queued: it is kept as failed


class Claimed(msgspec.Struct, frozen=True):
    """An outbox row that this process is sending, with all that a call needs."""

    app_id: int
    number_id: int
    conversation_id: int
    seq: int
    message_id: int
    contact_id: int
    attempt: int
    created: int
    spent: int
    expires: int
    partner: str
    number_key: str
    kind: str
    content: str
    meta: str | None
    phone: str | None
    bsuid: str | None
    identity_hash: str | None
    window_until: int
    external_in: str | None = None

    @property
    def recipient(self) -> Phone | Bsuid | None:
        if self.phone:
            return Phone(self.phone)
        return Bsuid(self.bsuid) if self.bsuid else None

    @property
    def notifies(self) -> bool:
        """Whether the business writes first, and no contact waits for it."""
        return origin_of(self.meta) is not None


class _Origin(msgspec.Struct):
    notification: int = 0
    n: int = 0


_origin = msgspec.json.Decoder(_Origin)


def origin_of(meta: str | None) -> tuple[int, int] | None:
    """Job and place of the recipient that a message was made for; None for an answer."""
    if not meta or '"notification"' not in meta:
        return None
    found = _origin.decode(meta)
    return (found.notification, found.n) if found.notification else None


Json = dict[str, Any]
