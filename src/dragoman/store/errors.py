"""What a store can refuse or fail at, with the sentence for whoever asked."""

from __future__ import annotations

from typing import Any

from dragoman.domain.sentences import Sentence, SentenceError, words


class StoreError(SentenceError):
    """The database cannot be used as asked."""

    def __init__(self, id: str, args: dict[str, Any] | None = None) -> None:
        super().__init__(Sentence(id, args or {}))


class Unavailable(StoreError):
    """Nothing was written: full, locked or gone. The same unit may be submitted again."""


class StoreClosed(Unavailable):
    """The program stops. Nothing was written, and nothing will be before its next start."""


class Busy(StoreError):
    """The queue to the writer was full for the whole wait. Nothing was written."""


class Poisoned(StoreError):
    """This unit fails alone, too. Its batch went on without it."""


words(
    {
        "database_url_wrong": "{url} is not the address of a database: write sqlite:///path or "
        "postgresql://user:password@host/name.",
        "schema_newer": "The database {url} was written by a newer Dragoman (schema {found}; this "
        "program knows up to {known}). Start the newer program, or restore a backup.",
        "schema_missing": "The database {url} has no Dragoman tables yet. Start the server once, "
        "or run `dragoman app create`.",
        "store_full": "The database could not be written: {detail}. Free disk space; senders are "
        "asked to come again meanwhile.",
        "store_locked": "The database is locked by another program: {detail}. Close it; senders "
        "are asked to come again meanwhile.",
        "store_gone": "The database does not answer: {detail}.",
        "store_busy": "More work waits for the database than may wait ({waiting}). The sender is "
        "asked to come again.",
        "store_slow": "The database took no write within {seconds} s: it is locked, full or "
        "overloaded. The sender is asked to come again.",
        "store_closed": "The store is closing.",
        "key_gone": "The key file {path} is gone, and {count} stored secrets need it. Bring it "
        "back from its backup, or give the key in DRAGOMAN_KEY. No new key was made.",
        "not_in_doubt": "No message in doubt has this id. `dragoman doubt` lists those that have.",
        "doubt_ended": "That doubt has ended already: {how}, by {who}, {when}.",
        "doubt_stays_ended": "This doubt cannot be opened again: only within ten minutes after "
        "somebody said that it arrived, and only while no report of the partner came.",
        "unit_poisoned": "One unit of work could not be written and was set aside: {detail}.",
        "server_running": "Another Dragoman server ({name}, process {pid}) already uses {path}. "
        "Stop it first, or give this one another --home.",
    }
)
