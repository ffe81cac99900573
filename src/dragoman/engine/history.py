"""The published versions of an app: what each was, and what a roll back to one would do."""

from __future__ import annotations

import msgspec

from dragoman.domain import config as configs
from dragoman.domain.config import AppConfig
from dragoman.domain.sentences import Sentence, SentenceError
from dragoman.partners.contract import Complaint
from dragoman.store.drivers import Tx
from dragoman.store.queries import versions as kept

from . import publish
from .apps import App, read_apps, read_copy
from .differing import Difference, differences
from .publish import Change


class Version(msgspec.Struct, frozen=True):
    """One published version. at: Unix ms. changed: what it changed of the one before."""

    version: int
    at: int
    by: str
    note: str
    changed: tuple[Difference, ...] = ()


def history(tx: Tx, app: App, most: int, before: int = 0) -> list[Version]:
    """The newest versions, newest first. before: those below this number, 0 for all."""
    rows = kept.page(tx, app.id, most + 1, before)
    out = []
    for at, row in enumerate(rows[:most]):
        older = configs.decode(rows[at + 1].body) if at + 1 < len(rows) else None
        changed = differences(older, configs.decode(row.body), app.credentials)
        out.append(Version(row.version, row.at, row.by, row.note, tuple(changed)))
    return out


def version_of(tx: Tx, app: App, version: int) -> tuple[Version, AppConfig]:
    """A version and its configuration. Raises SentenceError."""
    row = kept.one(tx, app.id, version)
    if row is None:
        known = ", ".join(str(v[0]) for v in publish.versions(tx, app)) or "none"
        args = {"name": app.name, "version": version, "known": known}
        raise SentenceError(Sentence("version_unknown", args))
    return Version(row.version, row.at, row.by, row.note), configs.decode(row.body)


def lacks(tx: Tx, change: Change, app: App, version: int) -> list[Complaint]:
    """What the channel of an older version would lack if it were live again: a secret that was
    revoked meanwhile, a credential that was deleted, a number that another app has now."""
    copy = read_copy(tx, change.vault, app, version)
    if copy is None or not copy.config.channel.enabled:
        return []
    return [*publish.missing(copy), *publish.taken(read_apps(tx, change.vault), app, copy)]
