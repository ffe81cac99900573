"""The apps as the engine sees them: both copies of each, with secrets opened and settings typed.

One instance in memory serves every webhook, turn and send. It changes only after a commit.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from dragoman.domain import config as configs
from dragoman.domain.clock import Ids
from dragoman.domain.config import AppConfig
from dragoman.domain.errors import SendError
from dragoman.partners.contract import Complaint, Partner
from dragoman.partners.registry import PARTNERS, partner
from dragoman.store.drivers import Tx
from dragoman.store.store import Store
from dragoman.vault import Redactor, Vault

from .keys import Credential, read_credentials
from .tokens import Token, applied, hold, read_tokens


class Copy:
    """One copy of an app's configuration. version 0 is the in-development copy."""

    def __init__(
        self, app_id: int, version: int, config: AppConfig, secrets: Mapping[int, str],
        tokens: Mapping[tuple[str, str], Token] | None = None,
        credentials: Mapping[str, Credential] | None = None,
    ) -> None:  # fmt: skip
        self.app_id = app_id
        self.version = version
        self.config = config
        # the associated one; None where none is, or it was deleted
        self.credential = (credentials or {}).get(config.channel.associated)
        self.url_secret: str = _opened(config.channel.url_secret, secrets) or ""
        self.complaints: dict[str, list[Complaint]] = {}
        self.opened: dict[str, dict[str, Any]] = {}  # values as typed, by partner, with secrets
        self.settings: dict[str, Any] = {}
        # by partner, where its token is one that a person grants: that token, None before it is
        self.granted: dict[str, Token | None] = {}
        for name, values in config.channel.values.items():
            if name not in PARTNERS:
                continue
            opened = {k: _opened(v, secrets) for k, v in values.items()}
            self.opened[name] = opened
            settings, complaints = partner(name).read_settings(opened)
            settings, token, needed = applied(name, settings, tokens or {})
            if needed:
                self.granted[name] = token
            self.settings[name] = settings
            self.complaints[name] = list(complaints)
        texts = [t.text for t in self.granted.values() if t is not None]
        self.secrets = (*(v for v in secrets.values() if v), *texts)

    @property
    def partner(self) -> Partner | None:
        name = self.config.channel.partner
        return partner(name) if name in PARTNERS else None

    @functools.cached_property
    def _listed(self) -> frozenset[str]:
        name = self.config.channel.partner
        if name not in self.settings:
            return frozenset()
        return frozenset(partner(name).numbers(self.settings[name]))

    def numbers(self) -> frozenset[str]:
        """The keys of the numbers that this copy lists."""
        return self._listed

    def notifying(self) -> list[str]:
        """The keys of those that notifications may be sent from, in the channel's order."""
        talker, settings = self.partner, self.settings.get(self.config.channel.partner)
        if talker is None or settings is None:
            return []
        return [
            key
            for key in talker.numbers(settings)
            if talker.in_use(key, settings) and talker.may_notify(key, settings)
        ]


def _opened(value: Any, secrets: Mapping[int, str]) -> Any:
    """A value with its secrets, also those inside the members of a group."""
    if not isinstance(value, dict):
        return value
    if set(value) == {"secret"} and isinstance(value["secret"], int):
        return secrets.get(value["secret"], "")
    return {key: _opened(inner, secrets) for key, inner in value.items()}


class App:
    """An app with its copies. `published` is None until the first publish. `credentials`: those
    that were not deleted, by client id."""

    def __init__(
        self, id: int, stream_id: str, name: str, draft: Copy, published: Copy | None,
        draft_rev: int, draft_at: int, credentials: Mapping[str, Credential] | None = None,
    ) -> None:  # fmt: skip
        self.id = id
        self.stream_id = stream_id
        self.name = name
        self.draft = draft
        self.published = published
        self.draft_rev = draft_rev
        self.draft_at = draft_at
        self.credentials = dict(credentials or {})

    def copies(self, partner_name: str) -> list[Copy]:
        """The copies that have settings for a partner, published first."""
        both = [self.published, self.draft]
        return [c for c in both if c is not None and partner_name in c.settings]

    def answers_at(self, partner_name: str) -> bool:
        """Whether the published channel is with a partner and switched on."""
        channel = self.published.config.channel if self.published is not None else None
        return channel is not None and channel.enabled and channel.partner == partner_name

    def sending(self, partner_name: str) -> Any | None:
        """The newest published settings of a partner: what a queued row is sent with."""
        if self.published is not None:
            return self.published.settings.get(partner_name)
        return None

    def unauthorized(self, partner_name: str, now: int) -> SendError | None:
        """Why sending waits for a person to authorize it; None where nothing does."""
        live = self.published
        if live is None or partner_name not in live.granted:
            return None
        return hold(self.name, partner(partner_name).LABEL, live.granted[partner_name], now)

    def tokens(self) -> list[Token]:
        """The granted tokens that either copy uses."""
        copies = [c for c in (self.published, self.draft) if c is not None]
        found = [t for c in copies for t in c.granted.values() if t is not None]
        return list({t.id: t for t in found}.values())


class Apps:
    """All apps by id and by stream id, and the numbers they have met."""

    def __init__(self, store: Store, vault: Vault, ids: Ids, redactor: Redactor) -> None:
        self._store = store
        self._redactor = redactor  # learns every secret that is opened
        self._vault = vault
        self._ids = ids
        self.by_id: dict[int, App] = {}
        self.by_stream: dict[str, App] = {}
        self._numbers: dict[tuple[int, str, str], int] = {}
        self.number_keys: dict[int, tuple[int, str, str, str]] = {}
        self._stamp: tuple[Any, ...] = ()

    async def load(self) -> None:
        """Read everything again. Called at start and after each change of an app."""
        loaded, numbers, self._stamp = await self._store.read(
            lambda tx: (read_apps(tx, self._vault), _read_numbers(tx), _stamp(tx))
        )
        self.by_id = {app.id: app for app in loaded}
        for app in loaded:
            for copy in filter(None, (app.draft, app.published)):
                self._redactor.know(copy.secrets)
            self._redactor.know(s for c in app.credentials.values() for s in c.secrets)
        self.by_stream = {app.stream_id: app for app in loaded}
        self._numbers = {(r[1], r[2], r[3]): r[0] for r in numbers}
        self.number_keys = {r[0]: (r[1], r[2], r[3], r[4]) for r in numbers}

    async def refresh(self) -> bool:
        """Load again if another process changed something."""
        if await self._store.read(_stamp) == self._stamp:
            return False
        await self.load()
        return True

    def number_id(self, app_id: int, partner_name: str, key: str) -> int | None:
        return self._numbers.get((app_id, partner_name, key))

    async def ensure_number(self, app_id: int, partner_name: str, key: str, display: str) -> int:
        """The row of a business number, made when it is first met (listed or not)."""
        row = (self._ids.new(), app_id, partner_name, key, display)

        def work(tx: Tx) -> int:
            return int(tx.run(_ENSURE_NUMBER, row)[0][0])

        number_id = await self._store.do_soon(work)
        self._numbers[(app_id, partner_name, key)] = number_id
        self.number_keys[number_id] = (app_id, partner_name, key, display)
        return number_id


_ENSURE_NUMBER = """INSERT INTO number(id,app_id,partner,key,display) VALUES (?,?,?,?,?)
    ON CONFLICT(app_id,partner,key) DO UPDATE SET
      display=CASE WHEN excluded.display<>'' THEN excluded.display ELSE number.display END
    RETURNING id"""


def read_apps(tx: Tx, vault: Vault) -> list[App]:
    """Every app that was not deleted, with both copies opened."""
    tokens, credentials = read_tokens(tx, vault), read_credentials(tx, vault)
    secrets: dict[int, dict[int, str]] = {}
    for app_id, secret_id, sealed in tx.run(
        "SELECT app_id,id,sealed FROM secret WHERE revoked IS NULL"
    ):
        opened = vault.open(bytes(sealed), context=secret_context(app_id, secret_id))
        secrets.setdefault(app_id, {})[secret_id] = opened.decode()
    out = []
    for app_id, stream_id, name, draft, rev, at, version, body in tx.run(
        """SELECT a.id,a.stream_id,a.name,a.draft,a.draft_rev,a.draft_at,a.published,c.body
        FROM app a LEFT JOIN config c ON c.app_id=a.id AND c.version=a.published
        WHERE a.deleted IS NULL ORDER BY a.id"""
    ):
        own = secrets.get(app_id, {})
        granted, signers = tokens.get(app_id, {}), credentials.get(app_id, {})
        live = None
        if body is not None:
            live = Copy(app_id, version, configs.decode(body), own, granted, signers)
        copy = Copy(app_id, 0, configs.decode(draft), own, granted, signers)
        out.append(App(app_id, stream_id, name, copy, live, rev, at, signers))
    return out


def read_copy(tx: Tx, vault: Vault, app: App, version: int) -> Copy | None:
    """One of an app's published versions as it would work now, with the secrets that were not
    revoked; None where there is no such version."""
    rows = tx.run("SELECT body FROM config WHERE app_id=? AND version=?", (app.id, version))
    if not rows:
        return None
    sealed = tx.run("SELECT id,sealed FROM secret WHERE app_id=? AND revoked IS NULL", (app.id,))
    secrets = {
        id: vault.open(bytes(text), context=secret_context(app.id, id)).decode()
        for id, text in sealed
    }
    granted = read_tokens(tx, vault).get(app.id, {})
    return Copy(
        app.id, version, configs.decode(rows[0][0]), secrets, granted, app.credentials
    )  # fmt: skip


def secret_context(app_id: int, secret_id: int) -> bytes:
    """What a sealed secret is bound to: it cannot be moved to another row."""
    return f"secret/{app_id}/{secret_id}".encode()


def _read_numbers(tx: Tx) -> list[tuple[Any, ...]]:
    return tx.run("SELECT id,app_id,partner,key,display FROM number")


def _stamp(tx: Tx) -> tuple[Any, ...]:
    rows = tx.run("SELECT id,draft_rev,published,coalesce(deleted,0) FROM app ORDER BY id")
    newest = tx.run("SELECT coalesce(max(id),0) FROM token")
    signers = tx.run("SELECT id,rotated_at,coalesce(revoked,0) FROM credential ORDER BY id")
    return tuple(tuple(r) for r in (*rows, *newest, *signers))
