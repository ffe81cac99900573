"""Giving an app's published channel to another of its partners at one press. That publishes, so
nothing else may wait in development: it would go live without having been looked at."""

from __future__ import annotations

import msgspec

from dragoman.domain.config import AppConfig
from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.store.drivers import Tx

from . import publish
from .apps import App
from .differing import called, differences
from .publish import Change

MOST_NAMED = 4  # of what waits

words(
    {
        "switch_waits": "Nothing was switched, because that publishes {app}, and this waits in "
        "development too: {what}. Look at it on the app’s Publish page in the console first.",
    }
)


def check(app: App, filled: str = "") -> None:
    """Raises SentenceError where more than the messaging partner waits to be published. filled:
    a partner whose form was filled for this switch, and may differ."""
    live = app.published.config if app.published is not None else None
    draft = app.draft.config
    if live is not None and filled:
        live = _with_form(live, draft, filled)
    wait = [one for one in differences(live, draft, app.credentials) if one.name != "partner"]
    if wait:
        what = [called(one) for one in wait[:MOST_NAMED]]
        if len(wait) > MOST_NAMED:
            what.append("…")
        raise SentenceError(Sentence("switch_waits", {"app": app.name, "what": what}))


def _with_form(live: AppConfig, draft: AppConfig, name: str) -> AppConfig:
    values = {**live.channel.values, name: draft.channel.values.get(name, {})}
    return msgspec.structs.replace(
        live, channel=msgspec.structs.replace(live.channel, values=values, enabled=True)
    )


def switch(
    tx: Tx, change: Change, name: str, partner: str, filled: bool = False
) -> tuple[App, int]:
    """Publish the app with another partner, enabled. filled: its form was filled for that just
    now. Returns the app and its version. Raises SentenceError, and then nothing is changed: the
    transaction is the caller's to roll back."""
    check(publish.find(tx, change.vault, name), partner if filled else "")
    app, _, _ = publish.set_channel(tx, change, name, partner, {})
    if not app.draft.config.channel.enabled:
        publish.enable(tx, change, name, True)
    return publish.publish(tx, change, name)
