"""A channel's form before it is saved: what would be wrong with it, and what it was drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dragoman.domain import config as configs
from dragoman.domain.config import AppConfig
from dragoman.partners.contract import Complaint
from dragoman.partners.registry import partner
from dragoman.store.drivers import Tx

from . import publish
from .apps import App


def look(
    apps: Iterable[App], app: App, partner_name: str, values: Mapping[str, Any]
) -> list[Complaint]:
    """What would be wrong with a partner's form if these values were saved, as `channel.save` takes
    them. Nothing is."""
    talker = partner(partner_name)
    fields = {f.name: f for f in talker.SETTINGS}
    merged = dict(app.draft.opened.get(partner_name, {}))
    for key, value in values.items():
        publish.put(lambda _, typed: typed, fields, merged, key, value)
    settings, complaints = talker.read_settings(merged)
    numbers = frozenset(talker.numbers(settings))
    return [*complaints, *publish.taken_of(apps, app, numbers, talker.SETTINGS)]


def as_of(tx: Tx, app: App, rev: int) -> AppConfig | None:
    """What was in development at an earlier revision; None where nothing tells any more. Each
    revision left a row in the audit log, with what was there before."""
    if not 0 < rev < app.draft_rev:
        return None
    rows = tx.run(
        """SELECT before FROM audit WHERE app_id=? AND what='app.save' ORDER BY id DESC
        LIMIT 1 OFFSET ?""",
        (app.id, app.draft_rev - rev - 1),
    )
    return configs.decode(rows[0][0]) if rows and rows[0][0] else None
