"""Faults on demand: named switches, each with a count of what it has done.

`value` is the fault's measure (milliseconds, or a number of webhooks). `left` None lasts until it
is switched off; else it switches itself off after so many times.
"""

from __future__ import annotations

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


_FAULTS = (
    ("slow", "Graph answers after a pause (ms)", 3000),
    ("error_500", "Graph answers 500 with an HTML page", 0),
    ("error_503", "Graph answers 503, code 2, in Meta's shape", 0),
    ("rate_429", "Sends are refused with 429, code 130429", 0),
    (
        "timeout_after_accept",
        "Sends are accepted, never answered (ms held)",
        60000,
    ),
    ("torn_body", "Sends are accepted, and half of the answer arrives", 0),
    ("status_first", "The sent report arrives before the answer of the send", 0),
    ("token_expired", "Every token is expired: 190, subcode 463", 0),
    ("duplicate", "Each webhook comes twice, the second time in another body", 0),
    ("reorder", "Delivered comes before sent, and every other message is late (ms)", 600),
    ("late_status", "Reports come late (ms)", 15000),
    ("drop_webhook", "Each n-th webhook is lost once and comes with its retry (n)", 2),
    ("storm", "A person's message is followed by many more (how many)", 20),
)


class Faults:
    """All switches. The phone shows `describe()` and turns them with `set` and `all_off`."""

    def __init__(self) -> None:
        self.all = {name: Fault(name, label, value) for name, label, value in _FAULTS}

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
        return self.all[name].on

    def take(self, name: str) -> Fault | None:
        """The fault if it is to happen now; it is counted, and ends when its count is used up."""
        fault = self.all[name]
        if not fault.on:
            return None
        fault.done += 1
        if fault.left is not None:
            fault.left -= 1
            fault.on = fault.left > 0
        return fault


def faults_markdown() -> str:
    """The table of faults, as docs/emulators.md prints it."""
    lines = ["| fault | what happens | value |", "|---|---|---|"]
    lines += [f"| {name} | {label} | {value or '–'} |" for name, label, value in _FAULTS]
    return "\n".join(lines) + "\n"
