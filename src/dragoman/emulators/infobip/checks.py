"""Refusals of the emulated Infobip and the bodies they become. The rows are in `check_table`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from .check_table import CHECKS as CHECKS
from .check_table import LEGACY, PLATFORM
from .check_table import Check as Check
from .status_table import ERRORS, STATUSES


class Refusal(Exception):
    """A check said no to the whole call. `values` fill the words of the row."""

    def __init__(self, check_id: str, **values: Any) -> None:
        super().__init__(check_id)
        self.check = CHECKS[check_id]
        self.values = values


class Violation(msgspec.Struct, frozen=True):
    """What one field of a body does wrong; `path` is `content.action.buttons[0].title`."""

    path: str
    check: str
    values: dict[str, Any] = {}

    @property
    def text(self) -> str:
        return CHECKS[self.check].says.format_map(self.values)


class Invalid(Exception):
    """Fields of the body are wrong: all that were found."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__(", ".join(f"{one.path}: {one.text}" for one in violations))
        self.violations = list(violations)


def _legacy(http: int, text: str, violations: Sequence[Violation]) -> dict[str, Any]:
    code, usual = LEGACY[http]
    said: dict[str, Any] = {"messageId": code, "text": text or usual}
    if violations:
        errors: dict[str, list[str]] = {}
        for one in violations:
            errors.setdefault(one.path, []).append(one.text)
        said["validationErrors"] = errors
    return {"requestError": {"serviceException": said}}


def _platform(
    http: int, code: str, text: str, violations: Sequence[Violation], action: str
) -> dict[str, Any]:
    usual_code, description, usual_action, resources = PLATFORM[http]
    return {
        "errorCode": code or usual_code,
        "description": text or description,
        "action": action or usual_action,
        "violations": [{"property": one.path, "violation": one.text} for one in violations],
        "resources": resources,
    }


def error_body(error: Refusal | Invalid, *, platform: bool) -> dict[str, Any]:
    """The body of a refusal: `platform` is the shape of the newer endpoints."""
    if isinstance(error, Invalid):
        if platform:
            return _platform(400, "", "", error.violations, "")
        return _legacy(400, "", error.violations)
    check = error.check
    text = check.says.format_map(error.values)
    if check.bare:
        return {"error": text}
    if platform:
        violations = [Violation(check.property, check.id)] if check.property else []
        said = text if check.code else ""
        return _platform(check.http, check.code, said, violations, check.action)
    return _legacy(check.http, text, ())


def markdown() -> str:
    """The table of every check, as the documentation prints it."""
    lines = ["| check | answer | says | when |", "|---|---|---|---|"]
    for check in CHECKS.values():
        answer, says = f"HTTP {check.http}", f"`{check.raw or check.says}`"
        if check.kind == "field":
            answer = "HTTP 400, in the violations"
        elif check.kind == "status":
            answer = "HTTP 200, refused in it" if check.http else "report"
            says = f"`{STATUSES[check.status][1]}` {check.status}"
            if check.error:
                says += f" and `{ERRORS[check.error][1]}` {check.error}"
        elif not check.says and not check.raw:
            says = f"`{LEGACY[check.http][1]}`"
            if check.http in PLATFORM:
                says += f"; newer endpoints: `{PLATFORM[check.http][1]}`"
        if check.code:
            says += f" ({check.code})"
        when = check.when + (" *(unsure)*" if check.unsure else "")
        lines.append(f"| {check.id} | {answer} | {says.replace('|', chr(92) + '|')} | {when} |")
    return "\n".join(lines) + "\n"
