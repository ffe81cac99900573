"""The tables. Every one but the reference tables begins with `app_id`, so that a sharded
PostgreSQL can distribute by app without a change. Times are Unix milliseconds, JSON is text.

Ids are made in process (`domain.clock.Ids`). Composite keys lead with what a statement looks up by;
in SQLite such tables have no rowid, so a row lives once, in the tree of its key.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from .version import KNOWN_VERSIONS as KNOWN_VERSIONS
from .version import VERSION as VERSION

metadata = MetaData()


def _big(name: str, *, null: bool = False, default: int | None = None) -> Column[int]:
    standard = None if default is None else text(str(default))
    return Column(name, BigInteger, nullable=null, server_default=standard)


def _small(name: str, default: int = 0) -> Column[int]:
    return Column(name, SmallInteger, nullable=False, server_default=text(str(default)))


def _text(name: str, *, null: bool = True, default: str | None = None) -> Column[str]:
    standard = None if default is None else text(f"'{default}'")
    return Column(name, Text, nullable=null, server_default=standard)


def _blob(name: str, *, null: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=null)


def _table(name: str, *parts: Column[int] | Column[str] | Column[bytes], key: tuple[str, ...],
           unique: tuple[tuple[str, ...], ...] = ()) -> Table:  # fmt: skip
    return Table(
        name,
        metadata,
        *parts,
        PrimaryKeyConstraint(*key),
        *(UniqueConstraint(*columns) for columns in unique),
        sqlite_with_rowid=False,
    )


# --- reference tables (installation-wide) --------------------------------------------------------

process = _table(
    "process",
    _big("id"),  # the epoch: a new one at every start
    _text("name", null=False),
    _big("started"),
    _big("seen_at"),
    key=("id",),
)

app = _table(
    "app",
    _big("id"),
    _text("stream_id", null=False),
    _text("name", null=False),
    _big("created"),
    _text("draft", null=False),  # the in-development copy: one mutable row
    _big("draft_rev", default=1),  # optimistic lock of the draft
    _big("draft_at", default=0),
    _big("published", default=0),  # version of `config`, 0: never published
    _big("deleted", null=True),
    key=("id",),
    unique=(("stream_id",), ("name",)),
)

number = _table(
    "number",
    _big("id"),
    _big("app_id"),
    _text("partner", null=False),
    _text("key", null=False),  # the partner's key of it: a phone number id, or the digits
    _text("display", null=False, default=""),
    _big("owner", null=True),  # the process that sends for it
    _big("owner_until", default=0),
    _big("hold_since", default=0),  # 0: not held
    _big("hold_until", default=0),  # the next try
    _text("hold"),  # the SendError that holds it
    _small("hold_tries"),
    key=("id",),
    unique=(("app_id", "partner", "key"),),
)

credential = _table(  # who may sign for an app: its client id is unique over the installation
    "credential",
    _big("id"),
    _big("app_id"),
    _text("name", null=False),
    _text("client_id", null=False),
    _text("alg", null=False),
    _blob("sealed"),  # the secret, or the public key; emptied when the credential is deleted
    _blob("previous", null=True),  # the one before the last rotation
    _big("previous_until", default=0),  # by the business clock
    _big("created"),
    _big("rotated_at", default=0),  # 0: never
    _text("scopes", null=False, default=""),  # with spaces between; empty: all of them
    _big("revoked", null=True),  # when it was deleted
    key=("id",),
    unique=(("client_id",),),
)
Index(
    "credential_name",
    credential.c.app_id,
    credential.c.name,
    unique=True,
    sqlite_where=credential.c.revoked.is_(None),
    postgresql_where=credential.c.revoked.is_(None),
)

person = _table(  # somebody who may sign in to the console
    "person",
    _big("id"),
    _text("email", null=False),  # in lower case
    _text("name", null=False),
    _text("password", null=False),  # an Argon2 digest
    _text("role", null=False),
    _big("created"),
    _small("off"),
    key=("id",),
    unique=(("email",),),
)

invitation = _table(  # a code that makes one account: the first owner's, or an invited person's
    "invitation",
    _text("digest", null=False),
    _text("role", null=False),
    _big("at"),
    _big("until"),
    _text("who", null=False, default=""),
    key=("digest",),
)

signin = _table(  # a browser that is signed in
    "signin",
    _text("digest", null=False),  # of the token in its cookie
    _big("person_id"),
    _big("at"),
    _big("seen_at"),
    _text("peer", null=False, default=""),
    _text("browser", null=False, default=""),
    key=("digest",),
)

signin_failure = _table(  # how often a password was wrong, by address and by where it came from
    "signin_failure",
    _text("digest", null=False),
    _big("count"),
    _big("at"),
    key=("digest",),
)

# --- configuration -------------------------------------------------------------------------------

config = _table(
    "config",
    _big("app_id"),
    _big("version"),
    _text("body", null=False),
    _big("at"),
    _text("by", null=False, default=""),
    _text("note", null=False, default=""),
    key=("app_id", "version"),
)

secret = _table(
    "secret",
    _big("app_id"),
    _big("id"),
    _blob("sealed"),
    _text("field", null=False),
    _big("at"),
    _big("revoked", null=True),
    key=("app_id", "id"),
)

token = _table(  # what a person authorized (OAuth): it is no version's, so a roll back keeps it
    "token",
    _big("app_id"),
    _big("id"),
    _text("partner", null=False),
    _text("account", null=False),  # the partner's app that it was granted to
    _blob("sealed"),  # emptied when another takes its place
    _big("obtained"),
    _big("expires_at", default=0),  # by the business clock, 0: never
    _text("scopes", null=False, default=""),  # with spaces between
    _text("granted_by", null=False, default=""),  # the partner's id of the person
    _text("who", null=False, default=""),  # the operator who asked for it
    _big("superseded", default=0),  # when, 0: in use
    key=("app_id", "id"),
)

oauth_state = _table(  # an authorization that was begun: its state is good once, for ten minutes
    "oauth_state",
    _big("app_id"),
    _text("digest", null=False),  # of the state, which itself is kept nowhere
    _text("partner", null=False),
    _text("account", null=False),
    _text("redirect_uri", null=False),
    _text("who", null=False),
    _big("at"),
    _big("used", default=0),
    _text("outcome"),  # JSON: what came of it
    key=("app_id", "digest"),
)

audit = _table(
    "audit",
    _big("app_id"),
    _big("id"),
    _big("at"),
    _text("who", null=False),
    _text("what", null=False),
    _text("target", null=False, default=""),
    _text("before"),
    _text("after"),
    key=("app_id", "id"),
)

# --- what came in --------------------------------------------------------------------------------

hook = _table(
    "hook",
    _big("app_id"),
    _big("id"),
    _text("partner", null=False),
    _big("at"),
    _text("headers", null=False),
    _text("note", null=False, default=""),  # which copy authenticated it; "invalid" if unreadable
    _blob("body"),
    key=("app_id", "id"),
)

seen = _table(
    "seen",
    _big("app_id"),
    _blob("key"),  # 16 bytes: a digest of the event's dedupe key
    _big("at"),
    _big("ref"),  # the message, report or event that it became
    key=("app_id", "key"),
)

jti = _table(  # the tokens that name themselves: each is good for one body
    "jti",
    _big("app_id"),
    _blob("key"),  # 16 bytes: a digest of the client id and the token's `jti`
    _blob("body"),  # 32 bytes: a digest of the body that it came with
    _big("at"),
    _big("hook_id"),  # the webhook that it came with first
    key=("app_id", "key"),
)

rejected = _table(
    "rejected",
    _big("app_id"),
    _big("id"),
    _big("hook_id"),
    _big("at"),
    _text("path", null=False),
    _text("reason", null=False),
    _text("raw"),
    key=("app_id", "id"),
)

refused = _table(
    "refused",
    _big("app_id"),
    _big("id"),
    _big("at"),
    _text("partner", null=False),
    _text("reason", null=False),
    _text("headers", null=False),
    _blob("body"),
    key=("app_id", "id"),
)

event = _table(
    "event",
    _big("app_id"),
    _big("id"),
    _big("hook_id"),
    _big("at"),
    _text("kind", null=False),
    _big("number_id", default=0),
    _text("body", null=False),
    key=("app_id", "id"),
)

# --- people and conversations --------------------------------------------------------------------

contact = _table(
    "contact",
    _big("app_id"),
    _big("id"),
    _text("name"),
    _text("username"),
    _text("phone"),
    _text("bsuid"),
    _text("parent_bsuid"),
    _text("identity_hash"),
    _big("merged_into", null=True),
    key=("app_id", "id"),
)

identity = _table(
    "identity",
    _big("app_id"),
    _small("kind"),  # 1 phone, 2 BSUID
    _text("value", null=False),
    _big("contact_id"),
    key=("app_id", "kind", "value"),
)

conversation = _table(
    "conversation",
    _big("app_id"),
    _big("id"),
    _big("number_id"),  # 0: shared over the app's numbers
    _big("contact_id"),
    _big("in_seq", default=0),
    _big("out_seq", default=0),
    _big("done_seq", default=0),
    _big("lease_owner", null=True),
    _big("lease_token", default=0),
    _big("lease_until", default=0),  # by the real clock
    _small("tries"),
    _big("due_at", null=True),  # by the business clock
    _text("context", null=False, default="{}"),
    _big("session_id", default=0),
    _big("session_last", default=0),
    _small("closed"),
    _big("open_turn", default=0),  # a turn that has flushed and not ended: it is never run again
    _big("open_to", default=0),
    _text("choices"),  # what was offered in plain text last: a typed answer may be a tap
    key=("app_id", "id"),
    unique=(("app_id", "number_id", "contact_id"),),
)
Index(
    "conversation_due",
    conversation.c.app_id,
    conversation.c.due_at,
    sqlite_where=conversation.c.due_at.isnot(None),
    postgresql_where=conversation.c.due_at.isnot(None),
)
Index(
    "conversation_leased",
    conversation.c.lease_owner,
    sqlite_where=conversation.c.lease_owner.isnot(None),
    postgresql_where=conversation.c.lease_owner.isnot(None),
)

window = _table(
    "win",  # WINDOW is a reserved word
    _big("app_id"),
    _big("number_id"),
    _big("contact_id"),
    _big("until"),
    _text("opener", null=False),
    _big("free_until", default=0),
    key=("app_id", "contact_id", "number_id"),  # one contact's windows lie together
)

message = _table(
    "message",
    _big("app_id"),
    _big("id"),
    _big("conversation_id"),
    _small("direction"),  # 0 in, 1 out
    _big("seq"),
    _big("number_id"),
    _big("contact_id"),
    _text("kind", null=False),
    _text("content", null=False),
    _text("external_id"),
    _big("at"),  # in: the partner's time; out: when it was queued
    _big("hook_id", default=0),
    _small("rank"),
    _small("answer"),
    _text("why"),
    _big("turn_id", default=0),
    _text("meta"),  # in: quoted, referral, group; out: reply_to, extra
    _text("error"),
    _small("doubt"),
    _big("doubt_since", default=0),
    _big("retry_of", default=0),
    key=("app_id", "id"),
    unique=(("app_id", "conversation_id", "direction", "seq"),),
)
Index(
    "message_doubt",
    message.c.app_id,
    message.c.number_id,
    message.c.contact_id,
    sqlite_where=message.c.doubt == text("1"),
    postgresql_where=message.c.doubt == text("1"),
)
Index(
    "message_parked",
    message.c.app_id,
    message.c.id,
    sqlite_where=message.c.answer == text("3"),
    postgresql_where=message.c.answer == text("3"),
)
# For the log's filters: rare rows among a million, and a row that is neither costs nothing.
Index(
    "message_not_answered",
    message.c.app_id,
    message.c.id,
    sqlite_where=message.c.answer == text("2"),
    postgresql_where=message.c.answer == text("2"),
)
Index(
    "message_failed",
    message.c.app_id,
    message.c.id,
    sqlite_where=message.c.rank == text("4"),
    postgresql_where=message.c.rank == text("4"),
)

turn = _table(
    "turn",
    _big("app_id"),
    _big("id"),
    _big("conversation_id"),
    _big("from_seq"),
    _big("to_seq"),
    _big("config_version"),
    _small("attempt"),
    _big("started"),
    _big("ended", default=0),
    _text("outcome", null=False),
    _text("notes"),
    _text("context"),  # what the turn changed: {key: value after, or null}
    _small("flushes"),
    key=("app_id", "id"),
    unique=(("app_id", "conversation_id", "from_seq"),),
)

flush = _table(
    "flush",
    _big("app_id"),
    _big("turn_id"),
    _small("ordinal"),
    _big("at"),
    key=("app_id", "turn_id", "ordinal"),
)

# --- what goes out -------------------------------------------------------------------------------

outbox = _table(
    "outbox",
    _big("app_id"),
    _big("number_id"),
    _big("conversation_id"),
    _big("seq"),
    _big("message_id"),
    _small("state"),  # 0 waits, 1 is being sent, 2 in doubt (holds its lane a little longer)
    _big("owner", null=True),
    _small("attempt"),
    _small("priority"),
    _big("not_before", default=0),
    _big("created"),
    _big("spent", default=0),  # ms of our own retries, while nothing else held it
    _big("expires"),
    key=("app_id", "number_id", "conversation_id", "seq"),
)
Index("outbox_ready", outbox.c.app_id, outbox.c.number_id, outbox.c.state, outbox.c.not_before)

attempt = _table(
    "attempt",
    _big("app_id"),
    _big("message_id"),
    _small("n"),
    _big("started"),
    _big("ended", default=0),
    _text("outcome", null=False, default=""),
    _text("call"),
    _text("answer"),
    _text("error"),
    key=("app_id", "message_id", "n"),
)

delivery = _table(
    "delivery",
    _big("app_id"),
    _big("number_id"),
    _text("external_id", null=False),
    _big("message_id", null=True),
    _small("rank"),
    _big("at"),
    key=("app_id", "number_id", "external_id"),
)

report = _table(
    "report",
    _big("app_id"),
    _big("id"),
    _big("message_id", default=0),
    _big("number_id"),
    _text("external_id", null=False),
    _text("status", null=False),
    _big("at"),  # the partner's clock
    _big("came"),  # ours
    _big("hook_id", default=0),
    _text("body", null=False),
    key=("app_id", "id"),
)
Index("report_message", report.c.app_id, report.c.message_id)
Index(
    "report_waiting",
    report.c.app_id,
    report.c.number_id,
    report.c.external_id,
    sqlite_where=report.c.message_id == text("0"),
    postgresql_where=report.c.message_id == text("0"),
)

notification = _table(  # a request to write first: the job of the public API
    "notification",
    _big("app_id"),
    _big("id"),
    _big("at"),
    _text("client_id", null=False),  # of the credential that asked
    _big("config_version"),  # of the published copy that took it
    _text("kind", null=False),  # text, template or script
    _text("body", null=False),  # JSON: the message, and the names of its placeholders
    _big("recipients"),  # how many
    key=("app_id", "id"),
)

recipient = _table(  # here until its message takes its place in a lane, so that answers overtake it
    "recipient",
    _big("app_id"),
    _big("notification_id"),
    _small("n"),  # its place in the request, from 0
    _big("number_id", default=0),  # which of our numbers writes
    _text("phone", null=False, default=""),  # digits; empty where none could be read
    _text("given", null=False),  # JSON: the identity as it was given
    _small("state"),  # store.notifications.Reach
    _big("message_id", default=0),
    _big("expires"),
    _big("ended", default=0),
    _text("error"),  # a sentence: why there is no message
    key=("app_id", "notification_id", "n"),
)
Index(
    "recipient_waiting",
    recipient.c.app_id,
    recipient.c.number_id,
    recipient.c.notification_id,
    recipient.c.n,
    sqlite_where=recipient.c.state == text("0"),
    postgresql_where=recipient.c.state == text("0"),
)

# --- files ---------------------------------------------------------------------------------------

media = _table(
    "media",
    _big("app_id"),
    _big("id"),  # of the message that a file came in with; an own one for what an agent made
    _big("number_id"),  # the number it came to, 0 for what an agent made
    _big("at"),  # when the message came, or the agent made it
    _big("due_at", null=True),  # waiting: the next try; kept: when it expires
    _small("state"),  # store.media.FileState
    _small("tries"),
    _text("mime", null=False, default=""),
    _text("filename"),
    _big("size", default=0),
    _text("sha256", null=False, default=""),  # hex
    _text("blob"),  # its key in the blob store, while it is kept
    _text("why"),  # a sentence: why it was refused, is gone, or was not had at the last try
    _big("ended", default=0),
    key=("app_id", "id"),
)
Index(
    "media_due",
    media.c.due_at,
    sqlite_where=media.c.due_at.isnot(None),
    postgresql_where=media.c.due_at.isnot(None),
)
Index(
    "media_blob",
    media.c.app_id,
    media.c.blob,
    sqlite_where=media.c.blob.isnot(None),
    postgresql_where=media.c.blob.isnot(None),
)

upload = _table(  # what was left with a partner to be sent by its id
    "upload",
    _big("app_id"),
    _big("number_id"),
    _text("sha256", null=False),
    _text("mime", null=False),
    _text("external_id", null=False),
    _big("until"),
    key=("app_id", "number_id", "sha256", "mime"),
)

# --- the rest ------------------------------------------------------------------------------------

consent = _table(
    "consent",
    _big("app_id"),
    _big("contact_id"),
    _big("number_id"),
    _big("at"),
    _text("how", null=False),  # "partner": it said so; "wrote first"; "refused" since
    key=("app_id", "contact_id", "number_id"),
)

proof = _table(
    "proof",
    _big("app_id"),
    _text("step", null=False),
    _big("at"),
    _big("ref", default=0),
    _text("body"),
    key=("app_id", "step"),
)
