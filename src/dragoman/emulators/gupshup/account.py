"""What the console holds of the account, kept in the books: the app, its callback, its token."""

from __future__ import annotations

import uuid

import msgspec

from dragoman.emulators.kit import Books

from .config import Config, Dialect

EVENTS = ("enqueued", "failed", "sent", "delivered", "read")
FIRST_EVENTS = ["enqueued", "failed"]


class Account(msgspec.Struct):
    """`app_name` "" before *Create App*, `live` after *Go Live*. `linked`: the callback's switch.
    `events`: those of the Access API and of v3 that are told. `client_id` and `client_secret`
    sign the webhooks' token; `header` is sent as it stands where there is none."""

    app_name: str = ""
    app_id: str = ""
    live: bool = False
    linked: bool = False
    callback_url: str = ""
    dialect: Dialect = "enterprise"
    form: bool = False
    events: list[str] = msgspec.field(default_factory=lambda: list(FIRST_EVENTS))
    client_id: str = ""
    client_secret: str = ""
    header: str = ""


def opened(books: Books, config: Config) -> Account:
    """As the books have it, else as the configuration says; a configured callback goes over it."""
    kept = books.get("account")
    if kept is not None:
        account = msgspec.convert(kept, Account)
    else:
        has_app = bool(config.app_name)
        account = Account(config.app_name, config.app_id if has_app else "", has_app)
        account.dialect, account.form = config.dialect, config.form
        account.events = list(config.events)
    if config.callback_url:
        account.callback_url, account.linked = config.callback_url, True
    return account


def new_app(name: str) -> Account:
    return Account(name, str(uuid.uuid4()))
