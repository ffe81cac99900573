"""What the rows say of one channel: webhooks, refused calls, messages, reports, holds, proofs, the
last check of the account, and which setting was changed when. Read only; nothing is judged here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from dragoman.domain import config as configs
from dragoman.domain.clock import id_text
from dragoman.domain.errors import Code, SendError
from dragoman.domain.sentences import Sentence
from dragoman.domain.status import Status
from dragoman.partners.contract import Partner
from dragoman.store.drivers import Tx
from dragoman.store.queries.messages import IN, OUT

from . import accounts
from .apps import App
from .doctor import Check
from .standing import error_sentence, phone, sentence

LOOK = 200  # newest rows of a kind that are looked at
SAVES = 50  # newest saves that a change of a setting is looked for in
CHECK_MS = 10_000  # a check of the account takes no longer
NEVER = 1 << 62  # later than any time
# Settings of every channel that guard its webhooks, beside the partner's own.
GUARDS = ("associated", "url_secret", "allow_ips")


class Around(msgspec.Struct, frozen=True):
    """What is known besides the database. url: of the webhook. host: the public one. emulated:
    whether the partner is emulated on this machine. walked: its emulated console was given the
    URL."""

    url: str
    host: str
    emulated: bool
    now: int
    walked: bool = False


class Held(msgspec.Struct, frozen=True):
    """A number whose queue waits. waiting: how many messages. link: the first of them."""

    error: SendError
    since: int
    waiting: int
    link: str


class Proof(msgspec.Struct, frozen=True):
    at: int
    body: str | None


class Call(msgspec.Struct, frozen=True):
    """A webhook that proved itself. host: whom it asked for."""

    id: int
    at: int
    host: str

    @property
    def link(self) -> str:
        return f"hook-{id_text(self.id)}"


class RefusedCall(msgspec.Struct, frozen=True):
    """One of the last calls that did not prove themselves. host: whom it asked for."""

    link: str
    at: int
    partner: str
    reason: Sentence
    host: str


class Message(msgspec.Struct, frozen=True):
    """at: by our clock. key, display: of its number. name, phone: of its contact. error, why: as
    they are stored."""

    id: int
    direction: int
    at: int
    rank: int
    error: str | None
    external_id: str | None
    answer: int
    why: str | None
    key: str
    display: str | None
    name: str | None
    phone: str | None
    doubt: int

    @property
    def link(self) -> str:
        return f"{'in' if self.direction == IN else 'out'}-{id_text(self.id)}"

    @property
    def taken(self) -> bool:
        """Whether the partner took it, and has not said since that it failed."""
        return self.rank >= Status.ACCEPTED and self.rank != Status.FAILED

    @property
    def code(self) -> str:
        """Of the error it failed with."""
        if not self.error:
            return Code.UNKNOWN
        return str(msgspec.json.decode(self.error, type=dict[str, Any]).get("code", ""))

    @property
    def reason(self) -> Sentence | None:
        """Of the error it failed with."""
        return error_sentence(self.error) if self.error else None

    @property
    def unlisted(self) -> bool:
        """Whether it came to a number that the published channel does not have."""
        return "number_unlisted" in (self.why or "")


class Evidence:
    """One look at the database for one channel, in its copy in development.

    guards: the settings by which webhooks are proved. sends: those that a send depends on, which
    are all others of the form. settings: None where the form cannot be read. partner: its name, as
    sentences take it. hook: the newest webhook of this partner. refused: the newest call refused.
    """

    def __init__(self, tx: Tx, app: App, talker: Partner, around: Around) -> None:
        self.tx, self.app, self.talker, self.around = tx, app, talker, around
        self.partner = {"partner": talker.LABEL}
        self.guards = [*GUARDS, *(f.name for f in talker.SETTINGS if f.guards)]
        self.sends = [f.name for f in talker.SETTINGS if not f.guards]
        self.settings = app.draft.settings.get(talker.NAME)
        self.proofs = self._proofs()
        self.changes = _changes(tx, app, talker)
        self.hook = self._last_hook()
        self.calls_refused = self._calls_refused()
        self.refused = next((c for c in self.calls_refused if c.partner == talker.NAME), None)
        checked = self.proofs.get("checked")
        self.checked_at = checked.at if checked is not None else 0
        self.checks = msgspec.json.decode(checked.body or "[]", type=list[Check]) if checked else []
        self.messages = self._messages()
        self.holds = self._holds()

    # --- read at once ----------------------------------------------------------------------------

    def _proofs(self) -> dict[str, Proof]:
        lead = self.talker.NAME + "/"
        rows = self.tx.run("SELECT step,at,body FROM proof WHERE app_id=?", (self.app.id,))
        return {
            step[len(lead) :]: Proof(at, body) for step, at, body in rows if step.startswith(lead)
        }

    def _last_hook(self) -> Call | None:
        """What was fetched is none."""
        rows = self.tx.run(
            """SELECT id,at,headers,partner FROM hook WHERE app_id=? AND note<>'fetched'
            ORDER BY id DESC LIMIT ?""",
            (self.app.id, LOOK),
        )
        mine = (Call(r[0], r[1], _host(r[2])) for r in rows if r[3] == self.talker.NAME)
        return next(mine, None)

    def _calls_refused(self) -> list[RefusedCall]:
        """The last ones of the app, newest first."""
        rows = self.tx.run(
            "SELECT id,at,partner,reason,headers FROM refused WHERE app_id=? ORDER BY id DESC",
            (self.app.id,),
        )
        return [
            RefusedCall(
                f"refused-{id_text(id)}", at, name,
                msgspec.json.decode(reason, type=Sentence), _host(headers),
            )
            for id, at, name, reason, headers in rows
        ]  # fmt: skip

    def _messages(self) -> list[Message]:
        """The newest of this partner's numbers, newest first."""
        rows = self.tx.run(
            """SELECT m.id,m.direction,coalesce(h.at,m.at),m.rank,m.error,m.external_id,m.answer,
              m.why,n.key,n.display,c.name,c.phone,m.doubt
            FROM (SELECT * FROM message WHERE app_id=? ORDER BY id DESC LIMIT ?) m
            JOIN number n ON n.id=m.number_id
            LEFT JOIN hook h ON h.app_id=m.app_id AND h.id=m.hook_id
            LEFT JOIN contact c ON c.app_id=m.app_id AND c.id=m.contact_id
            WHERE n.partner=? ORDER BY m.id DESC""",
            (self.app.id, LOOK, self.talker.NAME),
        )
        return [Message(*row) for row in rows]

    def _holds(self) -> list[Held]:
        """What keeps numbers of this partner from sending."""
        rows = self.tx.run(
            """SELECT hold,hold_since,
              (SELECT count(*) FROM outbox o WHERE o.app_id=n.app_id AND o.number_id=n.id),
              (SELECT min(message_id) FROM outbox o WHERE o.app_id=n.app_id AND o.number_id=n.id)
            FROM number n WHERE app_id=? AND partner=? AND hold_since>0 AND hold IS NOT NULL""",
            (self.app.id, self.talker.NAME),
        )
        return [
            Held(msgspec.json.decode(hold, type=SendError), since, n,
                 f"out-{id_text(first)}" if first else "")
            for hold, since, n, first in rows
        ]  # fmt: skip

    # --- told by it ------------------------------------------------------------------------------

    @property
    def last_in(self) -> Message | None:
        return next((m for m in self.messages if m.direction == IN), None)

    @property
    def sent(self) -> Iterator[Message]:
        """Newest first."""
        return (m for m in self.messages if m.direction == OUT)

    @property
    def calls(self) -> list[Call | RefusedCall]:
        """The newest that proved itself, and the last ones that did not, of any partner."""
        return [*([self.hook] if self.hook is not None else []), *self.calls_refused]

    @property
    def called_at(self) -> int:
        """When the partner called last, whether it was let in or not."""
        return max(call.at if call is not None else 0 for call in (self.hook, self.refused))

    def proved_at(self, name: str) -> int:
        proof = self.proofs.get(name)
        return proof.at if proof is not None else 0

    @property
    def asking(self) -> bool:
        """Whether the partner is being asked now."""
        begun, now = self.proofs.get("checking"), self.around.now
        return begun is not None and self.checked_at < begun.at <= now < begun.at + CHECK_MS

    @property
    def accepted(self) -> bool:
        """Whether the partner accepted the credentials at the last check."""
        return any(c.what.id == "check_probe_ok" for c in self.checks)

    @property
    def failed(self) -> Iterator[Check]:
        """What the last check found wrong."""
        return (c for c in self.checks if c.state == "fail")

    def changed_since(self, at: int, fields: Iterable[str]) -> str | None:
        """The first of these settings that was changed since."""
        return next((name for name in fields if self.changes.get(name, 0) > at), None)

    # --- read when it is asked for ---------------------------------------------------------------

    def unreadable(self) -> Sentence | None:
        """Why the newest webhook could not be read, or something in it."""
        if self.hook is None:
            return None
        rows = self.tx.run(
            "SELECT reason FROM rejected WHERE app_id=? AND hook_id=? ORDER BY id LIMIT 1",
            (self.app.id, self.hook.id),
        )
        return sentence(rows[0][0]) if rows else None

    def signing_in(self) -> str | None:
        """Who signs in at the partner now, if the newest who began has not ended; an earlier one
        was left lying."""
        rows = self.tx.run(
            """SELECT who,outcome FROM oauth_state WHERE app_id=? AND partner=? AND at>?
            ORDER BY at DESC LIMIT 1""",
            (self.app.id, self.talker.NAME, self.around.now - accounts.STATE_MS),
        )
        return str(rows[0][0]) if rows and rows[0][1] is None else None

    def live_since(self) -> int:
        """Since when answers leave with what the form holds; NEVER where they do not."""
        name, live = self.talker.NAME, self.app.published
        now = {f: self._given(self.app.draft.config, f) for f in self.sends}
        token = self.app.draft.granted.get(name)
        since = NEVER
        if live is None or live.config.channel.partner != name:
            return since
        for body, at in self.tx.run(
            "SELECT body,at FROM config WHERE app_id=? ORDER BY version DESC LIMIT ?",
            (self.app.id, SAVES),
        ):
            config = configs.decode(body)
            if any(self._given(config, f) != value for f, value in now.items()):
                break
            since = at
        return max(since, token.obtained) if token is not None else since

    def _given(self, config: configs.AppConfig, field: str) -> Any:
        return config.channel.values.get(self.talker.NAME, {}).get(field)

    def number(self) -> str:
        """One of the channel's numbers as people write it; a partner's id of it where no more is
        known."""
        key = next(iter(sorted(self.app.draft.numbers())), "…")
        rows = self.tx.run(
            "SELECT display FROM number WHERE app_id=? AND partner=? AND key=?",
            (self.app.id, self.talker.NAME, key),
        )
        shown = phone(rows[0][0] if rows and rows[0][0] else key)
        return key if shown == f"+{key}" else shown

    def why_not_sent(self, message_id: int) -> tuple[int, Sentence | None]:
        """How many attempts of a message went wrong, and what did at the last of them."""
        rows = self.tx.run(
            """SELECT error FROM attempt WHERE app_id=? AND message_id=? AND error IS NOT NULL
            ORDER BY n DESC""",
            (self.app.id, message_id),
        )
        return len(rows), error_sentence(rows[0][0]) if rows else None

    def why_agent_failed(self, message_id: int) -> Sentence | None:
        """Why the agent failed on a message that came, where it did."""
        rows = self.tx.run(
            """SELECT t.notes FROM message m JOIN turn t ON t.app_id=m.app_id AND t.id=m.turn_id
            WHERE m.app_id=? AND m.id=? AND t.outcome='failed' AND t.notes IS NOT NULL""",
            (self.app.id, message_id),
        )
        notes = msgspec.json.decode(rows[0][0], type=list[Sentence]) if rows else []
        return notes[-1] if notes else None

    def reported_at(self, message_id: int) -> int:
        """When it was told first that it reached the person; 0 where no row tells it."""
        rows = self.tx.run(
            """SELECT min(came) FROM report WHERE app_id=? AND message_id=?
            AND status IN ('delivered','read','played')""",
            (self.app.id, message_id),
        )
        return int(rows[0][0] or 0)


def _host(headers: str) -> str:
    found: Mapping[str, str] = msgspec.json.decode(headers)
    return str(found.get("host", "")).rsplit(":", 1)[0].casefold()


def _changes(tx: Tx, app: App, talker: Partner) -> dict[str, int]:
    """When each setting of a channel was changed last, by its name, as far as the newest saves
    tell; a form that is filled in for the first time changes nothing."""
    out: dict[str, int] = {}
    for at, before, after in tx.run(
        """SELECT at,before,after FROM audit WHERE app_id=? AND what='app.save'
        ORDER BY id DESC LIMIT ?""",
        (app.id, SAVES),
    ):
        if before is None or after is None:
            continue
        old, new = (_flat(configs.decode(text), talker.NAME) for text in (before, after))
        for name in old.keys() | new.keys():
            if old.get(name) != new.get(name):
                out.setdefault(name, at)
    return out


def _flat(config: configs.AppConfig, name: str) -> dict[str, Any]:
    channel = config.channel
    return {
        **channel.values.get(name, {}), "associated": channel.associated,
        "url_secret": channel.url_secret, "allow_ips": list(channel.allow_ips),
    }  # fmt: skip
