"""Time and ids. Both are handed in, never looked up, so that tests and the demo can move them."""

from __future__ import annotations

import secrets
import threading
import time


class Clock:
    """Two clocks. `now` is business time (windows, sessions, tokens, retries) and moves with
    `move`; `real` is the machine's and decides leases. Both in Unix milliseconds."""

    def __init__(self, offset_ms: int = 0) -> None:
        self.offset_ms = offset_ms

    def now(self) -> int:
        return time.time_ns() // 1_000_000 + self.offset_ms

    def real(self) -> int:
        return time.time_ns() // 1_000_000

    def move(self, by_ms: int) -> None:
        self.offset_ms += by_ms


class FixedClock(Clock):
    """A clock that stands still until a test moves it."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def now(self) -> int:
        return self.at

    def real(self) -> int:
        return self.at

    def move(self, by_ms: int) -> None:
        self.at += by_ms


EPOCH_MS = 1_735_689_600_000  # 2025-01-01: 41 bits of milliseconds from here last until 2094
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {c: i for i, c in enumerate(_ALPHABET)} | {"I": 1, "L": 1, "O": 0}


class Ids:
    """63-bit ids, rising within a process: 41 bits of milliseconds, 10 of process, 12 of count.

    `node` keeps the ids of concurrent processes apart; it is random unless given.
    """

    def __init__(self, node: int | None = None) -> None:
        self._node = (secrets.randbelow(1024) if node is None else node & 1023) << 12
        self._last = 0
        self._count = 0
        self._lock = threading.Lock()

    def new(self) -> int:
        with self._lock:
            ms = time.time_ns() // 1_000_000 - EPOCH_MS
            if ms > self._last:
                self._last, self._count = ms, 0
            else:
                self._count += 1
                if self._count > 4095:  # more than 4,096 in a millisecond: borrow from the next
                    self._last, self._count = self._last + 1, 0
            return (self._last << 22) | self._node | self._count


def id_text(number: int) -> str:
    """An id as people see it: base 32 without I, L, O, U."""
    out = ""
    while number:
        out = _ALPHABET[number & 31] + out
        number >>= 5
    return out or "0"


def id_number(text: str) -> int:
    """The inverse of `id_text`; case and I/L/O slips are forgiven. Raises ValueError."""
    number = 0
    for c in text.strip().upper():
        if c not in _VALUE:
            raise ValueError(f"{c!r} is no letter of an id")
        number = number * 32 + _VALUE[c]
    return number
