"""Faults on demand: named switches, each with a count of what it has done.

`value` is the fault's measure (milliseconds, or a number of webhooks). `left` None lasts until it
is switched off; else it switches itself off after so many times.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from dragoman.domain.sentences import Sentence, SentenceError, words

words(
    {
        "fault_unknown": "There is no fault {name!r}: the faults are {known}.",
    }
)


class Fault(msgspec.Struct):
    """One switch. `label` says what happens while it is on."""

    name: str
    label: str
    value: int = 0
    on: bool = False
    done: int = 0
    left: int | None = None


SHARED_FAULTS = (
    Fault("slow", "The partner answers after a pause (ms)", 3000),
    Fault("error_500", "The partner answers 500 with an HTML page"),
    Fault("error_503", "The partner answers 503, in its own shape where it has one"),
    Fault("rate_429", "Sends are refused: too many at once"),
    Fault("timeout_after_accept", "Sends are accepted, never answered (ms held)", 60000),
    Fault("torn_body", "Sends are accepted, and half of the answer arrives"),
    Fault("status_first", "The first report arrives before the answer of the send"),
    Fault("duplicate", "Each webhook comes twice, the second time in another body where it can"),
    Fault("reorder", "Delivered comes before sent, and every other message is late (ms)", 600),
    Fault("late_status", "Reports come late (ms)", 15000),
    Fault("drop_webhook", "Each n-th webhook is lost once and comes with its retry (n)", 2),
    Fault("storm", "A person's message is followed by many more (how many)", 20),
)


def faults_with(
    shared: tuple[Fault, ...], *, but: frozenset[str] = frozenset(), and_: tuple[Fault, ...] = ()
) -> tuple[Fault, ...]:
    """The shared faults without some that a partner cannot have, and with some of its own. One
    that has the name of a shared fault takes its place."""
    own = {fault.name: fault for fault in and_}
    kept = [own.pop(fault.name, fault) for fault in shared if fault.name not in but]
    return (*kept, *own.values())


class Faults:
    """All switches. The phone shows `describe()` and turns them with `set` and `all_off`.
    counted: told of each time that one happens."""

    def __init__(
        self,
        faults: tuple[Fault, ...] = SHARED_FAULTS,
        counted: Callable[[], None] = lambda: None,
    ) -> None:
        self.all = {fault.name: msgspec.structs.replace(fault) for fault in faults}
        self._counted = counted

    def describe(self) -> list[dict[str, Any]]:
        keys = ("name", "label", "on", "done", "value", "left")
        return [{key: getattr(fault, key) for key in keys} for fault in self.all.values()]

    def set(self, name: str, on: bool, count: int | None = None, value: int | None = None) -> None:
        """Turn a fault on or off; `count` times only, if given. Raises SentenceError."""
        fault = self.all.get(name)
        if fault is None:
            raise SentenceError(
                Sentence("fault_unknown", {"name": name, "known": ", ".join(self.all)})
            )
        fault.on, fault.left = on, count
        if value is not None:
            fault.value = value

    def all_off(self) -> None:
        for fault in self.all.values():
            fault.on, fault.left = False, None

    def on(self, name: str) -> bool:
        return name in self.all and self.all[name].on

    def take(self, name: str) -> Fault | None:
        """The fault if it is to happen now; it is counted, and ends when its count is used up.
        One that this partner leaves out never happens."""
        fault = self.all.get(name)
        if fault is None or not fault.on:
            return None
        fault.done += 1
        if fault.left is not None:
            fault.left -= 1
            fault.on = fault.left > 0
        self._counted()
        return fault


def faults_markdown(faults: tuple[Fault, ...] = SHARED_FAULTS) -> str:
    """The table of faults, as docs/emulators.md prints it."""
    lines = ["| fault | what happens | value |", "|---|---|---|"]
    lines += [f"| {fault.name} | {fault.label} | {fault.value or '–'} |" for fault in faults]
    return "\n".join(lines) + "\n"
