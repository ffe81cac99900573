"""The account side of a channel: a person authorizes it at the partner (OAuth), and its credentials
and subscriptions are looked at.

An authorization begins with `begin`, which makes a random state, good once and for ten minutes,
bound to the app and to the operator who asked. The person's browser comes back with it to
`Accounts.come_back`, which exchanges the code and keeps the token.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

import msgspec
import structlog

from dragoman.domain.clock import Clock, Ids
from dragoman.domain.sentences import Sentence, SentenceError, say, together, words
from dragoman.domain.wire import HttpCall, NoReply, Reply
from dragoman.partners.addresses import difference
from dragoman.partners.contract import Finding, Grant, Talk
from dragoman.partners.registry import PARTNERS, partner
from dragoman.partners.registry import account as account_of
from dragoman.store.drivers import Tx
from dragoman.store.errors import StoreError
from dragoman.store.store import Store
from dragoman.vault import Vault

from . import publish, tokens
from .apps import App, Apps, Copy
from .publish import Change

if TYPE_CHECKING:
    from dragoman.egress import Egress

log = structlog.get_logger("accounts")

STATE_MS = 600_000
KEEP_STATES_MS = 86_400_000
BEGUN_HERE = "dragoman_authorizing"  # the cookie of whoever began in the console: the app's id

words(
    {
        "authorize_not_granted": "The channel of {app} is not one that is authorized by signing "
        "in: set authorization=temporary first.",
        "authorize_incomplete": "The channel of {app} cannot be authorized yet: {missing}",
        "authorize_done": "{app} is authorized at {partner}. {until}",
        "authorize_state_none": "This address is where {partner} sends a browser back after an "
        "authorization, and this visit brought no state: press Authorize in the console, or run "
        "`dragoman channel authorize` and open the address that it prints.",
        "authorize_state_unknown": "This authorization was not begun here, so nothing was changed: "
        "press Authorize in the console, or run `dragoman channel authorize` and open the address "
        "that it prints.",
        "authorize_state_used": "This authorization has come back once already, and counts once "
        "only: if it did not succeed, authorize again.",
        "authorize_state_late": "This authorization took longer than ten minutes: authorize again.",
        "authorize_changed": "The channel's partner or App ID was changed while the authorization "
        "was under way, so nothing was kept: authorize again.",
        "authorize_not_kept": "The authorization could not be stored: {why} When that is mended, "
        "authorize again.",
        "redirect_exact": "{partner} opens its dialog only for a redirect URI that is listed there "
        "letter by letter: scheme, capitals and the slash at the end count.",
        "redirect_same": "The redirect URI at {partner} is ours, letter by letter.",
        "redirect_differs": "{partner} will refuse to open its dialog, because the redirect URI "
        "there is not ours letter by letter: {said}",
        "redirect_plain": "{partner} refuses redirect URIs that begin with http://, except those "
        "of localhost: set public_url to the https address of this machine.",
        "redirect_fix": "List {url} there.",
    }
)

_T = TypeVar("_T")
Called = tuple[HttpCall, Reply | NoReply]


class CameBack(msgspec.Struct, frozen=True):
    """How an authorization ended, for the person in front of the browser."""

    done: bool
    sentence: Sentence


class Begun(msgspec.Struct, frozen=True):
    """An authorization under way. `id`: by which its end can be looked up."""

    id: str
    url: str
    redirect_uri: str


def begun_id(state: str) -> str:
    """Of the authorization that a state came with."""
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()


def begin(tx: Tx, change: Change, name: str, redirect_uri: str) -> Begun:
    """Begin to authorize the in-development channel. Raises SentenceError with what is missing."""
    app = publish.find(tx, change.vault, name)
    chosen = app.draft.config.channel.partner
    side = account_of(chosen) if chosen in PARTNERS else None
    settings = app.draft.settings.get(chosen)
    if side is None or settings is None or not side.granted(settings):
        raise SentenceError(Sentence("authorize_not_granted", {"app": app.name}))
    wrong = list(app.draft.complaints.get(chosen, []))
    if not side.account(settings) or wrong:
        lacks = wrong or list(partner(chosen).missing(settings))
        args = {"app": app.name, "missing": together(c.sentence for c in lacks)}
        raise SentenceError(Sentence("authorize_incomplete", args))
    state = secrets.token_urlsafe(32)
    tx.run("DELETE FROM oauth_state WHERE at<?", (change.now - KEEP_STATES_MS,))
    tx.run(
        """INSERT INTO oauth_state(digest,app_id,partner,account,redirect_uri,who,at)
        VALUES (?,?,?,?,?,?,?)""",
        (begun_id(state), app.id, chosen, side.account(settings), redirect_uri, change.who,
         change.now),
    )  # fmt: skip
    url = side.render_authorize_url(settings, redirect_uri, state)
    return Begun(begun_id(state), url, redirect_uri)


def ended(tx: Tx, begun_id: str) -> CameBack | None:
    """How an authorization ended; None while it is under way."""
    rows = tx.run("SELECT outcome FROM oauth_state WHERE digest=?", (begun_id,))
    if not rows or rows[0][0] is None:
        return None
    return msgspec.json.decode(rows[0][0], type=CameBack)


_KNOWN = "SELECT 1 FROM oauth_state WHERE digest=? AND partner=? AND app_id=?"


class _Taken(msgspec.Struct, frozen=True):
    """A state that came back for the first time and in time."""

    digest: str
    app_id: int
    account: str
    redirect_uri: str
    who: str


def _take(tx: Tx, partner_name: str, digest: str, now: int) -> _Taken | Sentence:
    """Spend a state: whoever comes second, at the same moment too, finds it used."""
    rows = tx.run(
        """SELECT app_id,account,redirect_uri,who,at,used FROM oauth_state
        WHERE digest=? AND partner=?""",
        (digest, partner_name),
    )
    if not rows:
        return Sentence("authorize_state_unknown")
    app_id, account, redirect_uri, who, at, used = rows[0]
    if used or not tx.run(
        "UPDATE oauth_state SET used=? WHERE digest=? AND used=0 RETURNING app_id", (now, digest)
    ):
        return Sentence("authorize_state_used")
    if now >= at + STATE_MS:
        late = Sentence("authorize_state_late")
        _note(tx, digest, CameBack(False, late))
        return late
    return _Taken(digest, app_id, account, redirect_uri, who)


def _note(tx: Tx, digest: str, end: CameBack) -> None:
    body = msgspec.json.encode(end).decode()
    tx.run("UPDATE oauth_state SET outcome=? WHERE digest=?", (body, digest))


class Accounts:
    """The end of authorizations. `changed`: told when an app has a new token."""

    def __init__(
        self,
        store: Store,
        apps: Apps,
        vault: Vault,
        ids: Ids,
        egress: Egress,
        clock: Clock,
        *,
        timeout_s: float,
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._apps = apps
        self._vault = vault
        self._ids = ids
        self._egress = egress
        self._clock = clock
        self._timeout_s = timeout_s
        self._changed = changed

    def has(self, stream_id: str) -> bool:
        """Whether an app has this stream id."""
        return stream_id in self._apps.by_stream

    async def come_back(
        self, partner_name: str, stream_id: str, query: Mapping[str, str]
    ) -> CameBack:
        """A browser came back from a partner's dialog to an app's address with this query. A state
        that was made for another app is left as it is."""
        state = query.get("state", "")
        if not state:
            label = partner(partner_name).LABEL
            return CameBack(False, Sentence("authorize_state_none", {"partner": label}))
        now, digest = self._clock.now(), begun_id(state)
        about = (digest, partner_name, self._apps.by_stream[stream_id].id)
        try:
            if not await self._store.read(lambda tx: tx.run(_KNOWN, about)):
                return CameBack(False, Sentence("authorize_state_unknown"))
            taken = await self._store.do(lambda tx: _take(tx, partner_name, digest, now))
            if isinstance(taken, Sentence):
                return CameBack(False, taken)
            end = await self._finish(partner_name, taken, query)
            if not end.done:
                await self._store.do(lambda tx: _note(tx, digest, end))
        except StoreError as error:
            log.error("authorization_not_kept", why=str(error))
            why = Sentence("authorize_not_kept", {"why": error.sentence})
            return CameBack(False, why)
        log.info("authorization_came_back", done=end.done, why=say(end.sentence))
        return end

    async def _finish(
        self, partner_name: str, taken: _Taken, query: Mapping[str, str]
    ) -> CameBack:  # fmt: skip
        side = account_of(partner_name)
        assert side is not None  # a state is made for such a partner only
        denied = side.read_denial(query)
        if denied is not None:
            return CameBack(False, denied)
        app, copy = self._copy(partner_name, taken)
        if app is None or copy is None:
            return CameBack(False, Sentence("authorize_changed"))
        settings = copy.settings[partner_name]
        talk = side.grant(settings, taken.redirect_uri, query["code"], self._clock.now())
        found = await carry_out(self._egress, talk, self._timeout_s)
        if isinstance(found, Sentence):
            return CameBack(False, found)
        return await self._keep(partner_name, app, taken, found)

    def _copy(self, partner_name: str, taken: _Taken) -> tuple[App | None, Copy | None]:
        """The copy whose partner app was authorized: in development first, it was asked for."""
        side, app = account_of(partner_name), self._apps.by_id.get(taken.app_id)
        for copy in (app.draft, app.published) if app is not None else ():
            settings = copy.settings.get(partner_name) if copy is not None else None
            if side is None or settings is None or not side.granted(settings):
                continue
            if side.account(settings) == taken.account:
                return app, copy
        return app, None

    async def _keep(
        self, partner_name: str, app: App, taken: _Taken, grant: Grant
    ) -> CameBack:  # fmt: skip
        now = self._clock.now()
        token = tokens.Token(0, partner_name, taken.account, "", now, grant.expires_at)
        label = partner(partner_name).LABEL
        until = tokens.standing(app.name, label, token, now).what
        args = {"app": app.name, "partner": label, "until": until}
        end = CameBack(True, Sentence("authorize_done", args))

        def work(tx: Tx) -> None:
            tokens.keep(
                tx, self._vault, self._ids, grant, app_id=app.id, partner=partner_name,
                account=taken.account, who=taken.who, now=now,
            )  # fmt: skip
            change = Change(self._vault, self._ids, taken.who, now)
            publish.audit(tx, change, app.id, "channel.authorize", app.name, None, say(until))
            _note(tx, taken.digest, end)

        await self._store.do(work)
        await self._changed()
        return end


# --- looking -------------------------------------------------------------------------------------


async def carry_out(
    egress: Egress, talk: Talk[_T], timeout_s: float, hear: Callable[[Called], None] | None = None
) -> _T:
    """Make the calls of a talk, one after the other. Returns its result. `hear`: told each call
    with its answer."""
    try:
        call = next(talk)
        while True:
            reply = await egress.call(call, timeout_s=timeout_s)
            if hear is not None:
                hear((call, reply))
            call = talk.send(reply)
    except StopIteration as done:
        result: _T = done.value
        return result


async def check_subscriptions(
    egress: Egress, copy: Copy, webhook_url: str, now: int, timeout_s: float,
    hear: Callable[[Called], None] | None = None,
) -> list[Finding]:  # fmt: skip
    """Whether the webhooks of a copy's channel come to us, and how long its token lasts. Empty
    where the partner has nothing to ask, or there is no token to ask with. hear: as in
    `carry_out`."""
    name = copy.config.channel.partner
    side, settings = account_of(name) if name in PARTNERS else None, copy.settings.get(name)
    if side is None or settings is None:
        return []
    return await carry_out(egress, side.inspect(settings, webhook_url, now), timeout_s, hear)


async def subscribe(egress: Egress, copy: Copy, timeout_s: float) -> list[Finding]:
    """Let the webhooks of the channel's accounts come to the partner's app. Empty where the partner
    has no such call."""
    name = copy.config.channel.partner
    side, settings = account_of(name) if name in PARTNERS else None, copy.settings.get(name)
    if side is None or settings is None:
        return []
    return await carry_out(egress, side.subscribe(settings), timeout_s)


def authorization(app: str, copy: Copy, now: int) -> Finding | None:
    """How long a copy's authorization lasts; None where its token is not one that is granted."""
    name = copy.config.channel.partner
    if name not in copy.granted:
        return None
    return tokens.standing(app, partner(name).LABEL, copy.granted[name], now)


def check_redirect(label: str, ours: str, listed: str = "") -> list[Finding]:
    """What the partner's dialog will say of our redirect URI. `listed`: as it stands at the
    partner, where a person has read it there; it cannot be asked."""
    args = {"partner": label, "url": ours}
    out = []
    plain = ours.startswith("http://")
    if plain and not ours.startswith(("http://localhost", "http://127.0.0.1", "http://[::1]")):
        out.append(Finding("fail", Sentence("redirect_plain", args)))
    fix = Sentence("redirect_fix", args)
    if not listed:
        return [*out, Finding("none", Sentence("redirect_exact", args), fix)]
    near = difference(listed, ours)
    if near is None:
        return [*out, Finding("ok", Sentence("redirect_same", args))]
    differs = Sentence("redirect_differs", {**args, "said": near})
    return [*out, Finding("fail", differs, fix)]
