"""The items of one POST of a webhook, each read on its own, so that a bad one sinks no other.

Each partner has one `Items`; its sentences have the partner's name in them and its prefix before
their ids.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, TypeVar

from dragoman.domain.events import Rejected
from dragoman.domain.sentences import Sentence, words

from ._cloud.shape import Malformed, found
from .contract import UnreadableBody
from .json_body import decode

_WORDS = {
    "not_json": "The body is not JSON, so it did not come from PARTNER as it was sent; it is kept "
    "as it came.",
    "not_object": "PARTNER's item is not an object but {found}; it is kept as it came.",
    "too_deep": "PARTNER's item is nested too deep to be read; it is kept as it came.",
    "no_time": "PARTNER's item has no readable time; it is kept as it came.",
}
_LAST_MS = 1 << 48  # the year 10,889; beyond it a time is a mistake and breaks the database
_LEAST_MS = 100_000_000_000  # below it, a number counts seconds

_T = TypeVar("_T")


class Items:
    def __init__(self, prefix: str, label: str) -> None:
        self._prefix = prefix
        words({f"{prefix}_{id}": text.replace("PARTNER", label) for id, text in _WORDS.items()})

    def _sentence(self, id: str, **args: Any) -> Sentence:
        return Sentence(f"{self._prefix}_{id}", args)

    def root(self, body: bytes) -> Any:
        """The body's value. Raises UnreadableBody."""
        try:
            return decode(body)
        except ValueError:
            raise UnreadableBody(self._sentence("not_json")) from None

    def read(self, item: Any, path: str, reader: Callable[[dict[str, Any]], _T]) -> _T | Rejected:
        """What `reader`, which raises Malformed, makes of an item."""
        try:
            if type(item) is not dict:
                raise Malformed(self._sentence("not_object", found=found(item)))
            return reader(item)
        except Malformed as error:
            return Rejected(error.sentence, path, item)
        except RecursionError:
            return Rejected(self._sentence("too_deep"), path, item)

    def time(self, *values: Any, read: Callable[[Any], int | None] | None = None) -> int:
        """The first value that can be read, in Unix ms. Raises Malformed."""
        for value in values:
            at = (read or unix_ms)(value)
            if at is not None:
                return at
        raise Malformed(self._sentence("no_time"))


def listed(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """The items of a list with their paths; anything else is the one item."""
    if type(value) is not list:
        return [(path, value)]
    return [(f"{path}[{place}]", item) for place, item in enumerate(value)]


_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def iso_ms(value: Any, zone: datetime.tzinfo = datetime.UTC) -> int | None:
    """Milliseconds of a date with the time, as ISO 8601 writes it. zone: where it names none. None
    for what is no time."""
    try:
        moment = datetime.datetime.fromisoformat(value.strip()) if type(value) is str else None
        if moment is None:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        at = (moment - _EPOCH) // datetime.timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return None
    return at if at >= 0 else None


def unix_ms(value: Any) -> int | None:
    """Milliseconds, as a number or as digits; what is too small for them is seconds. None for
    what is no time."""
    if type(value) is str and value.isascii() and value.isdigit() and len(value) < 16:
        value = int(value)
    if type(value) is not int or not 0 < value < _LAST_MS:
        return None
    return value if value >= _LEAST_MS else value * 1000
