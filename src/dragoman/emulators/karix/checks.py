"""Refusals of the emulated RCM API and the bodies they become. The rows are in `check_table`."""

from __future__ import annotations

import json
from typing import Any

from dragoman.emulators.kit import Answer

from .check_table import CHECKS as CHECKS
from .check_table import Check as Check


class Refusal(Exception):
    """A check said no. `values` fill the row's text."""

    def __init__(self, check_id: str, **values: Any) -> None:
        super().__init__(check_id)
        self.check = CHECKS[check_id]
        self.values = values

    @property
    def text(self) -> str:
        return self.check.text.format_map(self.values)


def invalid(problem: str) -> Refusal:
    return Refusal("invalid", problem=problem)


def answer(value: Any, status: int = 200) -> Answer:
    """JSON in UTF-8, as it is."""
    return Answer(json.dumps(value, ensure_ascii=False).encode(), status)


def refused(refusal: Refusal) -> Answer:
    """The answer of a refusal that is not a report."""
    check = refusal.check
    if check.shape == "page":
        return Answer(check.text.encode(), check.http, "text/html; charset=utf-8")
    return answer(refusal_body(refusal), check.http)


def refusal_body(refusal: Refusal) -> dict[str, str]:
    if refusal.check.shape == "status":
        return {"statusCode": refusal.check.code, "statusDesc": refusal.text}
    return {"errorMessage": refusal.text}


def markdown() -> str:
    """The table of every check, as docs/emulators/karix.md prints it."""
    lines = ["| check | answer | body | when |", "|---|---|---|---|"]
    for check in CHECKS.values():
        answered = f"HTTP {check.http}"
        said = check.text
        if check.shape == "report":
            answered = f"report `{check.word}`"
            said = f'"code": "{check.code}", "reason": "{check.text}"'
        elif check.shape == "status":
            said = f'{{"statusCode": "{check.code}", "statusDesc": "{check.text}"}}'
        elif check.shape == "error":
            said = f'{{"errorMessage": "{check.text}"}}'
        lines.append(f"| {check.id} | {answered} | `{said}` | {check.when} |")
    return "\n".join(lines) + "\n"
