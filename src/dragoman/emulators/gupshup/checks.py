"""Refusals of the emulated Gupshup, and the bodies that they become. The rows are in
`check_table`."""

from __future__ import annotations

from typing import Any

from dragoman.emulators._cloud.checks import Refusal as MetaRefusal
from dragoman.emulators._cloud.checks import failure as meta_failure
from dragoman.emulators.kit import Answer

from . import wire
from .check_table import CHECKS, Check

__all__ = ["CHECKS", "Check", "MetaRefusal", "Problem", "Refusal", "markdown", "passed_on"]


class Problem(Exception):
    """A parameter is wrong; each API says it in its own shape. The text is for the caller."""


class Refusal(Exception):
    """A check said no. `values` fill the row's code and words."""

    def __init__(self, check_id: str, **values: Any) -> None:
        super().__init__(check_id)
        self.check, self.values = CHECKS[check_id], values

    @property
    def code(self) -> str:
        return self.check.code.format_map(self.values)

    @property
    def says(self) -> str:
        return self.check.says.format_map(self.values)

    def raw(self) -> Answer:
        return Answer(self.says.encode(), self.check.http, "text/html; charset=utf-8")

    def status_error(self) -> Answer:
        """The refusal of the Access API and of the partner's: `{"status": "error", …}`."""
        if self.check.raw:
            return self.raw()
        body: dict[str, Any] = {"status": "error", "message": self.says}
        if self.code:
            body["code"] = int(self.code)
        return wire.said(body, self.check.http)


def reason(refusal: MetaRefusal) -> str:
    """Meta's words in one line: what is wrong, in detail where it says so."""
    told = meta_failure(refusal)
    return str(told["error_data"]["details"] or told["title"])


def passed_on(refusal: MetaRefusal) -> Refusal:
    """What Meta refuses after Gupshup took it, in the Access API's events."""
    return Refusal("api_meta", code=str(refusal.check.code), reason=reason(refusal))


def markdown() -> str:
    """The table of every check, as docs/emulators/gupshup.md prints it."""
    lines = ["| check | answer | code | says | when |", "|---|---|---|---|---|"]
    for check in CHECKS.values():
        answer = f"HTTP {check.http}" if check.http else "*failed* report"
        code = f"`{check.code}`" if check.code else "–"
        unsure = " *(unsure)*" if check.unsure else ""
        lines.append(f"| {check.id} | {answer} | {code} | `{check.says}` | {check.when}{unsure} |")
    return "\n".join(lines) + "\n"
