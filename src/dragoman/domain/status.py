"""The status ladder: a message only ever climbs it, so every order of reports ends the same."""

from __future__ import annotations

import enum


class Status(enum.IntEnum):
    """Ranks as stored. `ACCEPTED` is the partner's 200 and is never shown as sent."""

    QUEUED = 0
    SENDING = 1
    ACCEPTED = 2
    SENT = 3
    FAILED = 4
    DELIVERED = 5
    READ = 6
    PLAYED = 7

    @property
    def word(self) -> str:
        return self.name.lower()


def climb(current: Status, reported: Status) -> Status:
    """The status after a report: the higher of the two."""
    return reported if reported > current else current


class Answer(enum.IntEnum):
    """What became of a message that came in. `NOT_ANSWERED` carries why, beside it."""

    WAITING = 0
    HANDLED = 1
    NOT_ANSWERED = 2
    PARKED = 3

    @property
    def word(self) -> str:
        return self.name.lower().replace("_", " ")


class FileState(enum.IntEnum):
    """What became of a file. `REFUSED`: we would not keep it; `GONE`: it could not be had, or its
    time is over. Both carry why, beside it."""

    WAITING = 0
    KEPT = 1
    REFUSED = 2
    GONE = 3

    @property
    def word(self) -> str:
        return self.name.lower()


class Doubt(enum.IntEnum):
    """Whether it is known that a send reached the partner."""

    NONE = 0
    OPEN = 1
    SETTLED_ARRIVED = 2
    SETTLED_SENT_AGAIN = 3
    SETTLED_INFERRED = 4
