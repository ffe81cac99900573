"""The checklist that knows: what of a channel was seen working, what is broken, whose move it is.

Every step is computed from what lies in the log: webhooks, refused calls, messages, reports, holds,
and the answers of the last check of the account. Nothing is believed that was not seen. What was
seen is noted as a proof when the list is looked at, so that it outlives the log's retention. A
setting that was changed since unproves what it had proved.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from dragoman.domain import config as configs
from dragoman.domain.clock import id_text
from dragoman.domain.errors import Code, SendError
from dragoman.domain.sentences import Sentence, term, words
from dragoman.domain.status import Answer, Doubt, Status
from dragoman.partners.contract import Partner
from dragoman.store.drivers import Tx

from . import accounts
from .apps import App
from .doctor import Check
from .given import is_near
from .publish import missing
from .standing import error_sentence, phone, sentence, span

LOOK = 200  # newest rows of a kind that are looked at
CHECK_MS = 10_000  # a check of the account takes no longer
PATIENCE_MS = 60_000  # from "I wrote" until silence says something
NOTE_EVERY_MS = 3_600_000
SAVES = 50  # newest saves that a change of a setting is looked for in

words(
    {
        "step_address": "Address reachable",
        "step_credentials": "Credentials",
        "step_webhook": "Webhook reached us",
        "step_sender": "Sender proved",
        "step_live": "Enabled and published",
        "step_first_in": "First message in",
        "step_first_out": "First answer accepted",
        "step_first_report": "First delivery report",
        "seen_address": "A request for {host} reached this program.",
        "seen_address_here": "{partner} is emulated on this machine.",
        "wait_address": "No request for {host} reached this program yet.",
        "move_address": "{partner} cannot call {url}. Set public_url to the https address of this "
        "machine.",
        "move_credentials": "Fill in what is marked, and save.",
        "move_check": "Not asked yet.",
        "check_running": "{partner} is being asked, for {seconds} s at most.",
        "check_slow": "{partner} did not answer within {seconds} s. Check now asks again.",
        "authorize_running": "{who} is signing in at {partner}: it is waited for until they come "
        "back, for ten minutes at most.",
        "seen_credentials": "{partner} took an answer that was sent with them, as {id}.",
        "seen_webhook": "{partner} called the webhook URL.",
        "seen_verified": "{partner} verified this URL.",
        "verify_refused": "{partner} called with another verify token. Copy Verify token again, "
        "and press Verify and save there.",
        "move_webhook": "Paste the webhook URL at {where}.",
        "walked_webhook": "{partner}'s emulated console was given this URL: the first message will "
        "tell.",
        "letter_webhook": "{partner}'s support sets this URL: send them the letter.",
        "silent_webhook": "Nothing has reached this URL since you wrote {at} ago. It is not set at "
        "{partner}, or points elsewhere: {where}.",
        "silent_address": "Nothing has reached this URL since you wrote {at} ago, and nothing ever "
        "asked for {host}. It is not set at {partner} or points elsewhere ({where}); or {host} "
        "cannot be reached from outside: name service, firewall, certificate.",
        "silent_messages": "{partner} verified this URL but sends no messages here: look whether "
        "the webhook field *messages* is on, and whether the account is subscribed.",
        "seen_sender": "The last call proved itself.",
        "app_refused": "{partner} does not accept the app's own id and secret, by which webhooks "
        "are proved. It says: {reason}",
        "none_sender": "Nothing proves who calls: whoever learns the URL can write as any contact. "
        "Associate an app, or have a secret in the URL or a list of addresses, under *Protect the "
        "webhook*.",
        "wait_sender": "The next call will tell.",
        "seen_live": "Version {version} is published and enabled.",
        "move_enable": "Enable Channel is No. Set it to Yes, save and publish.",
        "move_publish": "These settings are saved and not live: publish. Contacts still meet "
        "{who}.",
        "setting_associated": "Associate an App",
        "setting_url_secret": "A secret in the URL",
        "setting_allow_ips": "Addresses that webhooks may come from",
        "move_publish_nobody": "nobody",
        "seen_first_in": "{name} wrote to {number}.",
        "awaited": "Waiting for your message to {number}, for a minute at most.",
        "move_first_in": "Write hello to {number}.",
        "unlisted": "{name} wrote to {number}, which the published channel does not have. Add it, "
        "save and publish.",
        "seen_first_out": "{partner} took it as {id}.",
        "wait_first_out": "The agent's first answer will tell.",
        "held": "{reason} Waiting meanwhile: {n}.",
        "seen_report": "Delivered {seconds} after it was sent.",
        "wait_report": "{partner} reports when it reaches the person.",
        "silent_report": "{partner} took it {at} ago and has reported nothing. Either its reports "
        "are not set to come here ({where}), or the person's phone is off.",
        "silent_phone": "{partner} sent it on {at} ago, and the person's phone has not taken it: "
        "it is off, or without a network.",
        "unknown": "Unknown: {reason} This fault has no name here and no remedy. The request and "
        "the answer are kept as they were, without secrets.",
        "unknown_hook": "Unknown: {partner} called, and what it sent could not be read here: "
        "{reason} It is kept as it came.",
        "unknown_failure": "Unknown: {partner} reported a failure without saying why. What it sent "
        "is kept as it came.",
    }
)


class Mark(enum.StrEnum):
    """Where a step stands."""

    NOT_YET = "not yet"
    MOVE = "your move"
    CHECKING = "checking"  # and it ends by itself
    SEEN = "seen"
    BROKEN = "broken"
    BEFORE = "seen before"  # what proved it was before a setting changed
    NONE = "not needed"


class Step(msgspec.Struct, frozen=True):
    """id: what it is called in addresses. at: when it was seen. link: the id of what shows it, as
    `dragoman why` takes it. field, changed, label: the setting that unproves it, when that was, and
    how the form calls it. fix: what to do, where `told` does not say it. raw: the request and its
    answer, secrets hidden, of what has no page of its own."""

    id: str
    title: Sentence
    mark: Mark
    told: Sentence
    at: int = 0
    link: str = ""
    field: str = ""
    changed: int = 0
    fix: Sentence | None = None
    raw: str = ""
    label: Sentence = Sentence("")


class Checklist(msgspec.Struct, frozen=True):
    """news: whether something was seen that is not noted yet, or was seen an hour later."""

    steps: Sequence[Step]
    news: bool = False

    @property
    def seen(self) -> int:
        return sum(step.mark is Mark.SEEN for step in self.steps)

    @property
    def counted(self) -> int:
        return sum(step.mark is not Mark.NONE for step in self.steps)

    @property
    def digest(self) -> str:
        """Changes with everything that is shown."""
        return hashlib.sha256(msgspec.json.encode(self.steps)).hexdigest()[:16]

    @property
    def broken(self) -> int:
        return sum(step.mark is Mark.BROKEN for step in self.steps)


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


class RefusedCall(msgspec.Struct, frozen=True):
    """One of the last calls that did not prove themselves. host: whom it asked for."""

    link: str
    at: int
    partner: str
    reason: Sentence
    host: str


def checklist(tx: Tx, app: App, around: Around) -> Checklist:
    """Of the copy in development. Reads only."""
    talker = app.draft.partner
    if talker is None:
        return Checklist(())
    look = _Look(tx, app, talker, around)
    steps = look.steps()
    return Checklist(steps, any(look.is_news(step) for step in steps))


def begin_check(tx: Tx, app: App, now: int) -> None:
    """The account is being asked from now on, until `keep_checks` or CHECK_MS."""
    prove(tx, app.id, f"{app.draft.config.channel.partner}/checking", now)


def too_slow(app: App) -> Check:
    """What a check told that did not end in time."""
    label = app.draft.partner.LABEL if app.draft.partner is not None else ""
    about = {"partner": label, "seconds": CHECK_MS // 1000}
    return Check(app.name, "fail", Sentence("check_slow", about))


def keep_checks(tx: Tx, app: App, checks: Sequence[Check], now: int) -> None:
    """What the last check of the account told."""
    body = msgspec.json.encode(checks).decode()
    prove(tx, app.id, f"{app.draft.config.channel.partner}/checked", now, body=body)


def note(tx: Tx, app: App, found: Checklist) -> None:
    """Keep what was seen, for when its rows are gone."""
    name = app.draft.config.channel.partner
    for step in found.steps:
        if step.mark is Mark.SEEN and step.at:
            told = msgspec.json.encode(step.told).decode()
            prove(tx, app.id, f"{name}/seen/{step.id}", step.at, body=told)


def prove(tx: Tx, app_id: int, step: str, at: int, *, body: str | None = None) -> None:
    tx.run(
        """INSERT INTO proof(app_id,step,at,body) VALUES (?,?,?,?)
        ON CONFLICT(app_id,step) DO UPDATE SET at=excluded.at, body=excluded.body""",
        (app_id, step, at, body),
    )


class _Look:
    """One look at the database for one channel."""

    def __init__(self, tx: Tx, app: App, talker: Partner, around: Around) -> None:
        self.tx, self.app, self.talker, self.around = tx, app, talker, around
        self.partner = {"partner": talker.LABEL}
        self.guards = [*_OURS, *(f.name for f in talker.SETTINGS if f.guards)]
        self.settings = app.draft.settings.get(talker.NAME)
        lead = talker.NAME + "/"
        self.proofs = {
            step[len(lead) :]: Proof(at, body)
            for step, at, body in tx.run("SELECT step,at,body FROM proof WHERE app_id=?", (app.id,))
            if step.startswith(lead)
        }
        self.changes = _changes(tx, app, talker)
        self.hook = self._last_hook()
        self.calls_refused = self._refused()
        self.refused = next((c for c in self.calls_refused if c.partner == talker.NAME), None)
        checked = self.proofs.get("checked")
        self.checked_at = checked.at if checked is not None else 0
        self.checks = msgspec.json.decode(checked.body or "[]", type=list[Check]) if checked else []
        self.messages = self._messages()
        self.holds = self._holds()

    def steps(self) -> list[Step]:
        return [
            self._address(), self._credentials(), self._webhook(), self._sender(), self._live(),
            self._first_in(), self._first_out(), self._first_report(),
        ]  # fmt: skip

    def is_news(self, step: Step) -> bool:
        noted = self.proofs.get(f"seen/{step.id}")
        return step.mark is Mark.SEEN and step.at > (noted.at if noted else 0) + NOTE_EVERY_MS

    # --- what there is ---------------------------------------------------------------------------

    def _last_hook(self) -> tuple[int, int, str] | None:
        """(id, at, headers) of the newest webhook of this partner. What was fetched is none."""
        rows = self.tx.run(
            """SELECT id,at,headers,partner FROM hook WHERE app_id=? AND note<>'fetched'
            ORDER BY id DESC LIMIT ?""",
            (self.app.id, LOOK),
        )
        return next(((r[0], r[1], r[2]) for r in rows if r[3] == self.talker.NAME), None)

    def _refused(self) -> list[RefusedCall]:
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

    def _messages(self) -> list[Any]:
        """The newest of this partner's numbers, newest first: id, direction, when by our
        clock, rank, error, external id, answer, why, number's key and display, contact's name and
        phone, doubt."""
        return self.tx.run(
            """SELECT m.id,m.direction,coalesce(h.at,m.at),m.rank,m.error,m.external_id,m.answer,
              m.why,n.key,n.display,c.name,c.phone,m.doubt
            FROM (SELECT * FROM message WHERE app_id=? ORDER BY id DESC LIMIT ?) m
            JOIN number n ON n.id=m.number_id
            LEFT JOIN hook h ON h.app_id=m.app_id AND h.id=m.hook_id
            LEFT JOIN contact c ON c.app_id=m.app_id AND c.id=m.contact_id
            WHERE n.partner=? ORDER BY m.id DESC""",
            (self.app.id, LOOK, self.talker.NAME),
        )

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

    def _unreadable(self) -> Sentence | None:
        """Why the newest webhook could not be read, or something in it."""
        if self.hook is None:
            return None
        rows = self.tx.run(
            "SELECT reason FROM rejected WHERE app_id=? AND hook_id=? ORDER BY id LIMIT 1",
            (self.app.id, self.hook[0]),
        )
        return sentence(rows[0][0]) if rows else None

    # --- putting a step together -----------------------------------------------------------------

    def _step(self, id: str, mark: Mark, told: Sentence, at: int = 0, link: str = "") -> Step:
        return Step(id, Sentence(f"step_{id}"), mark, told, at, link)

    def _seen(
        self, id: str, told: Sentence, at: int, link: str = "", fields: Iterable[str] = ()
    ) -> Step:
        """Seen, unless a setting that it proves was changed since."""
        for name in fields:
            changed = self.changes.get(name, 0)
            if changed > at:
                return Step(id, Sentence(f"step_{id}"), Mark.BEFORE, told, at, link, name, changed,
                            self._called(name))  # fmt: skip
        return self._step(id, Mark.SEEN, told, at, link)

    def _called(self, name: str) -> Sentence:
        if name in _OURS:
            return Sentence(f"setting_{name}")
        return term(next((f.label for f in self.talker.SETTINGS if f.name == name), name))

    def _kept(self, id: str, fields: Iterable[str] = ()) -> Step | None:
        """Seen once, and its rows are gone."""
        proof = self.proofs.get(f"seen/{id}")
        if proof is None:
            return None
        return self._seen(id, sentence(proof.body) or Sentence(f"step_{id}"), proof.at, "", fields)

    def _held(self, id: str, *, of_account: bool) -> Step | None:
        """A number that waits for the account to be mended, or for anything else."""
        for held in self.holds:
            if (held.error.code in _ACCOUNT) == of_account:
                reason = self._fault(held.error.code, held.error.sentence)
                told = Sentence("held", {"reason": reason, "n": held.waiting})
                return self._step(id, Mark.BROKEN, told, held.since, held.link)
        return None

    def _fault(self, code: str, told: Sentence | None) -> Sentence:
        """What a partner's refusal says; one that is in no list says that it is unknown."""
        if told is None:
            return Sentence("unknown_failure", self.partner)
        return Sentence("unknown", {"reason": told}) if code == Code.UNKNOWN else told

    # --- the steps -------------------------------------------------------------------------------

    def _address(self) -> Step:
        if self.around.emulated:
            return self._step("address", Mark.NONE, Sentence("seen_address_here", self.partner))
        host = {"host": self.around.host}
        for at, asked, link in self._calls():
            if asked == self.around.host:
                return self._seen("address", Sentence("seen_address", host), at, link)
        kept = self._kept("address")
        if kept is not None:
            return kept
        if is_near(self.around.url):
            told = Sentence("move_address", {**self.partner, "url": self.around.url})
            return self._step("address", Mark.MOVE, told)
        return self._step("address", Mark.NOT_YET, Sentence("wait_address", host))

    def _calls(self) -> list[tuple[int, str, str]]:
        """When, asking for which host, and what shows it."""
        last = self.hook
        kept = [(last[1], _host(last[2]), f"hook-{id_text(last[0])}")] if last is not None else []
        return [*kept, *((c.at, c.host, c.link) for c in self.calls_refused)]

    def _credentials(self) -> Step:
        if (running := self._asking()) is not None:
            return running
        if (
            self.settings is None
            or self.app.draft.complaints.get(self.talker.NAME)
            or self.talker.missing(self.settings)
        ):
            return self._step("credentials", Mark.MOVE, Sentence("move_credentials"))
        if (held := self._held("credentials", of_account=True)) is not None:
            return held
        stands = accounts.authorization(self.app.name, self.app.draft, self.around.now)
        if stands is not None and stands.state == "fail":
            return self._step("credentials", Mark.BROKEN, stands.what)
        asked, taken = self._last_check(), self._taken_with()
        if taken is not None and asked.mark is not Mark.SEEN and taken.at > self.checked_at:
            return taken
        if asked.mark in (Mark.NOT_YET, Mark.NONE):
            return self._kept("credentials", _taken(self.talker)) or asked
        return asked

    def _asking(self) -> Step | None:
        """The partner is being asked, or somebody signs in there."""
        now, begun = self.around.now, self.proofs.get("checking")
        if begun is not None and self.checked_at < begun.at <= now < begun.at + CHECK_MS:
            told = Sentence("check_running", {**self.partner, "seconds": CHECK_MS // 1000})
            return self._step("credentials", Mark.CHECKING, told)
        signing = self.tx.run(
            """SELECT who,outcome FROM oauth_state WHERE app_id=? AND partner=? AND at>?
            ORDER BY at DESC LIMIT 1""",
            (self.app.id, self.talker.NAME, now - accounts.STATE_MS),
        )
        unended = bool(signing) and signing[0][1] is None  # an earlier one was left lying
        if unended and self.talker.NAME in self.app.draft.granted:
            told = Sentence("authorize_running", {**self.partner, "who": signing[0][0]})
            return self._step("credentials", Mark.CHECKING, told)
        return None

    def _taken_with(self) -> Step | None:
        """The newest answer that the partner took, where it left with the credentials that stand
        in the form."""
        newest = next((m for m in self.messages if m[1] == 1 and m[5] and _is_taken(m[3])), None)
        if newest is None or newest[2] < self._live_since():
            return None
        told = Sentence("seen_credentials", {**self.partner, "id": newest[5]})
        link = f"out-{id_text(newest[0])}"
        return self._step("credentials", Mark.SEEN, told, newest[2], link)

    def _live_since(self) -> int:
        """Since when answers leave with what the form holds; far ahead where they do not."""
        name, live = self.talker.NAME, self.app.published
        now = {f: self._given(self.app.draft.config, f) for f in _taken(self.talker)}
        token = self.app.draft.granted.get(name)
        since = 1 << 62
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

    def _last_check(self) -> Step:
        """What the last check of the account told."""
        assert self.settings is not None
        if not self.talker.probes(self.settings):
            if self.talker.NOT_CHECKABLE is not None:
                return self._step("credentials", Mark.NONE, self.talker.NOT_CHECKABLE)
            return self._step("credentials", Mark.NONE, Sentence("move_check"))
        if not self.checked_at:
            return self._step("credentials", Mark.NOT_YET, Sentence("move_check"))
        bad = None if self._accepted() else next(self._failed(), None)
        fields = _taken(self.talker)
        if bad is not None:
            newer = self._newer(self.checked_at, fields)
            if newer:
                return self._step("credentials", Mark.NOT_YET, Sentence("move_check"))
            return self._told_bad("credentials", bad)
        good = next((c for c in self.checks if c.state == "ok"), None)
        told = good.what if good is not None else Sentence("step_credentials")
        return self._seen("credentials", told, self.checked_at, "", fields)

    def _told_bad(self, id: str, bad: Check) -> Step:
        """Broken, by what the last check of the account found."""
        told, fix = bad.what, bad.remedy
        if told.id.endswith("_error_unknown"):
            told, fix = Sentence("unknown", {"reason": told}), None
        at = self.checked_at
        return Step(id, Sentence(f"step_{id}"), Mark.BROKEN, told, at, fix=fix, raw=bad.raw)

    def _accepted(self) -> bool:
        """Whether the partner accepted the credentials at the last check."""
        return any(c.what.id == "check_probe_ok" for c in self.checks)

    def _failed(self) -> Iterator[Check]:
        return (c for c in self.checks if c.state == "fail")

    def _webhook(self) -> Step:
        last = self.hook
        refused = self.refused
        verified, wrong = self.proofs.get("verified"), self.proofs.get("verify_refused")
        unsubscribed = self._unsubscribed()
        called = max(last[1] if last else 0, refused.at if refused else 0)
        if wrong is not None and wrong.at > max(called, verified.at if verified else 0):
            told = Sentence("verify_refused", self.partner)
            return Step("webhook", Sentence("step_webhook"), Mark.BROKEN, told, wrong.at,
                        raw=wrong.body or "")  # fmt: skip
        wrote_at = self.proofs["wrote"].at if "wrote" in self.proofs else 0
        silent = wrote_at and wrote_at + PATIENCE_MS < self.around.now and called < wrote_at
        if unsubscribed is not None and (silent or not called):
            return self._told_bad("webhook", unsubscribed)
        if silent:
            return self._step("webhook", Mark.BROKEN, self._silence(wrote_at))
        if called:
            unreadable = self._unreadable() if last is not None and last[1] == called else None
            if last is not None and unreadable is not None:
                told = Sentence("unknown_hook", {**self.partner, "reason": unreadable})
                link = f"hook-{id_text(last[0])}"
                return self._step("webhook", Mark.BROKEN, told, called, link)
            seen = Sentence("seen_webhook", self.partner)
            if last is not None and last[1] == called:
                return self._seen("webhook", seen, called, f"hook-{id_text(last[0])}")
            assert refused is not None
            return self._seen("webhook", seen, called, refused.link)
        if verified is not None:
            return self._seen("webhook", Sentence("seen_verified", self.partner), verified.at)
        if (kept := self._kept("webhook")) is not None:
            return kept
        if self.around.walked:
            return self._step("webhook", Mark.NOT_YET, Sentence("walked_webhook", self.partner))
        if self.talker.LETTER:
            return self._step("webhook", Mark.MOVE, Sentence("letter_webhook", self.partner))
        told = Sentence("move_webhook", {"where": self._where()})
        return self._step("webhook", Mark.MOVE, told)

    def _silence(self, since: int) -> Sentence:
        """Why nothing may have come: the likelier cause first."""
        args = {**self.partner, "at": span(self.around.now - since), "where": self._where(),
                "host": self.around.host}  # fmt: skip
        if "verified" in self.proofs:
            return Sentence("silent_messages", args)
        reached = self.around.emulated or self._address().mark is Mark.SEEN
        return Sentence("silent_webhook" if reached else "silent_address", args)

    def _where(self, *names: str) -> Sentence:
        """Where the first of these of ours that there is goes (the webhook URL), in the partner's
        own metadata, whose texts are translated as they are."""
        places = {g.name: g.where_to_paste for g in self.talker.GIVES}
        return term(next((places[n] for n in (*names, "webhook_url") if places.get(n)), ""))

    def _unsubscribed(self) -> Check | None:
        """What the last check found of the webhooks at the partner."""
        return next((c for c in self._failed() if _of_webhook(c)), None)

    def _app_refused(self) -> Check | None:
        """The credentials are right, and the partner refused those of its own app, by which
        webhooks are proved."""
        if not self._accepted() or self._newer(self.checked_at, self.guards):
            return None
        others = (c for c in self._failed() if not _of_webhook(c) and c.name != "clock")
        bad = next(others, None)
        if bad is None:
            return None
        told = Sentence("app_refused", {**self.partner, "reason": bad.what})
        return msgspec.structs.replace(bad, what=told)

    def _newer(self, at: int, fields: Iterable[str]) -> bool:
        """Whether one of these settings was changed since."""
        return any(self.changes.get(name, 0) > at for name in fields)

    def _sender(self) -> Step:
        from . import access

        last, refused = self.hook, self.refused
        if refused is not None and (last is None or refused.at > last[1]):
            reason = refused.reason
            return self._step("sender", Mark.BROKEN, reason, refused.at, refused.link)
        app_refused = self._app_refused()
        if app_refused is not None:
            return self._told_bad("sender", app_refused)
        unguarded = access.warning(self.app.name, self.app.draft)
        if unguarded is not None:
            return self._step("sender", Mark.NONE, Sentence("none_sender"))
        if last is not None:
            told, link = Sentence("seen_sender"), f"hook-{id_text(last[0])}"
            return self._seen("sender", told, last[1], link, self.guards)
        kept = self._kept("sender", self.guards)
        return kept or self._step("sender", Mark.NOT_YET, Sentence("wait_sender"))

    def _live(self) -> Step:
        live, draft = self.app.published, self.app.draft
        if live is not None and live.config.channel == draft.config.channel:
            if live.config.channel.enabled:
                told = Sentence("seen_live", {"version": live.version})
                return self._step("live", Mark.SEEN, told)
            return self._unanswered() or self._step("live", Mark.MOVE, Sentence("move_enable"))
        lacks = missing(draft)
        if lacks:
            return self._step("live", Mark.MOVE, lacks[0].sentence)
        if not draft.config.channel.enabled:
            return self._step("live", Mark.MOVE, Sentence("move_enable"))
        if (broken := self._unanswered()) is not None:
            return broken
        meets: Sentence | str = Sentence("move_publish_nobody")
        if live is not None and live.partner is not None:
            meets = live.partner.LABEL
        return self._step("live", Mark.MOVE, Sentence("move_publish", {"who": meets}))

    def _unanswered(self) -> Step | None:
        """Messages that came and meet nobody."""
        last = next((m for m in self.messages if m[1] == 0), None)
        why = sentence(last[7]) if last is not None and last[7] else None
        if last is None or why is None or why.id not in _NOT_LIVE:
            return None
        return self._step("live", Mark.BROKEN, why, last[2], f"in-{id_text(last[0])}")

    def _first_in(self) -> Step:
        last = next((m for m in self.messages if m[1] == 0), None)
        known = last is not None and "number_unlisted" not in (last[7] or "")
        if not known and self._awaited(last[2] if last is not None else 0):
            told = Sentence("awaited", {"number": self._number()})
            return self._step("first_in", Mark.CHECKING, told)
        if last is not None:
            who = last[10] or phone(last[11]) or "?"
            args = {"name": who, "number": phone(last[9] or last[8])}
            link = f"in-{id_text(last[0])}"
            if "number_unlisted" in (last[7] or ""):
                return self._step(
                    "first_in", Mark.BROKEN, Sentence("unlisted", args), last[2], link
                )
            told = Sentence("seen_first_in", args)
            return self._seen("first_in", told, last[2], link, _NUMBERS)
        if (kept := self._kept("first_in", _NUMBERS)) is not None:
            return kept
        told = Sentence("move_first_in", {"number": self._number()})
        return self._step("first_in", Mark.MOVE, told)

    def _awaited(self, last: int) -> bool:
        """Whether the person wrote just now, and nothing came of it yet."""
        wrote = self.proofs.get("wrote")
        came = max(last, self.refused.at if self.refused is not None else 0)
        return wrote is not None and came < wrote.at <= self.around.now < wrote.at + PATIENCE_MS

    def _number(self) -> str:
        """One of the channel's numbers as people write it; a partner's id of it where no more is
        known."""
        key = next(iter(sorted(self.app.draft.numbers())), "…")
        rows = self.tx.run(
            "SELECT display FROM number WHERE app_id=? AND partner=? AND key=?",
            (self.app.id, self.talker.NAME, key),
        )
        shown = phone(rows[0][0] if rows and rows[0][0] else key)
        return key if shown == f"+{key}" else shown

    def _first_out(self) -> Step:
        if (held := self._held("first_out", of_account=False)) is not None:
            return held
        fields = _taken(self.talker)
        failed = self._parked()
        for m in self.messages:
            if m[1] != 1:
                continue
            link = f"out-{id_text(m[0])}"
            if m[3] == Status.FAILED:
                code = _code(m[4]) if m[4] else Code.UNKNOWN
                told = self._fault(code, error_sentence(m[4]) if m[4] else None)
                step = self._step("first_out", Mark.BROKEN, told, m[2], link)
                if code in _CHANNELS:
                    return step
                failed = failed or step  # of that message or that person alone, perhaps
            elif m[12] == Doubt.OPEN:
                told = self._why_doubt(m[0])
                failed = failed or self._step("first_out", Mark.BROKEN, told, m[2], link)
            elif m[3] >= Status.ACCEPTED:
                told = Sentence("seen_first_out", {**self.partner, "id": m[5] or "?"})
                return self._seen("first_out", told, m[2], link, fields)
        kept = self._kept("first_out", fields)
        waits = self._step("first_out", Mark.NOT_YET, Sentence("wait_first_out"))
        return kept or failed or waits

    def _parked(self) -> Step | None:
        """The newest message crashed the agent until it was set aside: no answer was ever made."""
        last = self.messages[0] if self.messages else None
        if last is None or last[1] != 0 or last[6] != Answer.PARKED:
            return None
        told = sentence(last[7]) or Sentence("unknown_failure", self.partner)
        return self._step("first_out", Mark.BROKEN, told, last[2], f"in-{id_text(last[0])}")

    def _why_doubt(self, message_id: int) -> Sentence:
        rows = self.tx.run(
            """SELECT error FROM attempt WHERE app_id=? AND message_id=? AND error IS NOT NULL
            ORDER BY n DESC LIMIT 1""",
            (self.app.id, message_id),
        )
        return error_sentence(rows[0][0]) if rows else Sentence("unknown_failure", self.partner)

    def _first_report(self) -> Step:
        for m in self.messages:
            if m[1] == 1 and m[3] >= Status.DELIVERED:
                at = self._reported(m[0]) or m[2]
                told = Sentence("seen_report", {"seconds": span(max(0, at - m[2]))})
                return self._seen("first_report", told, at, f"out-{id_text(m[0])}")
        kept = self._kept("first_report")
        return (
            kept
            or self._no_report()
            or self._step("first_report", Mark.NOT_YET, Sentence("wait_report", self.partner))
        )

    def _no_report(self) -> Step | None:
        """The newest answer was taken a while ago, and nobody said that it reached the person."""
        last = next((m for m in self.messages if m[1] == 1 and m[3] >= Status.ACCEPTED), None)
        if last is None or last[3] > Status.SENT or last[2] + PATIENCE_MS >= self.around.now:
            return None
        where = self._where("delivery_url")
        args = {**self.partner, "at": span(self.around.now - last[2]), "where": where}
        link = f"out-{id_text(last[0])}"
        told = Sentence("silent_phone" if last[3] == Status.SENT else "silent_report", args)
        return self._step("first_report", Mark.MOVE, told, 0, link)

    def _reported(self, message_id: int) -> int:
        rows = self.tx.run(
            """SELECT min(came) FROM report WHERE app_id=? AND message_id=?
            AND status IN ('delivered','read','played')""",
            (self.app.id, message_id),
        )
        return int(rows[0][0] or 0)


_OURS = ("associated", "url_secret", "allow_ips")
_ACCOUNT = (Code.TOKEN, Code.PERMISSION, Code.ACCOUNT_LOCKED)
# What every answer would meet, and not one message or one person alone.
_CHANNELS = frozenset(
    {
        *_ACCOUNT, Code.NUMBER_NOT_REGISTERED, Code.BILLING, Code.NOT_OPTED_IN, Code.EGRESS,
        Code.NOT_ALLOWED_RECIPIENT, Code.COUNTRY, Code.UNKNOWN,
    }
)  # fmt: skip
_NOT_LIVE = ("not_published", "channel_disabled", "other_partner")
_NUMBERS = ("numbers", "number")


def _taken(talker: Partner) -> list[str]:
    """The fields that a send depends on: all of the form but what guards webhooks."""
    return [f.name for f in talker.SETTINGS if not f.guards]


def _is_taken(rank: int) -> bool:
    return rank >= Status.ACCEPTED and rank != Status.FAILED


def _of_webhook(check: Check) -> bool:
    return any(part in check.what.id for part in ("callback", "subscri", "field"))


def _code(error: str) -> str:
    """Of a stored SendError, or of the error that a report brought."""
    return str(msgspec.json.decode(error, type=dict[str, Any]).get("code", ""))


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
