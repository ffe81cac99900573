"""Refusals of the emulated Graph API and the bodies they become. The rows are in `check_table`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .check_table import CHECKS as CHECKS
from .check_table import Check as Check
from .wire import ERROR_PAGE


class Refusal(Exception):
    """A check said no: a row of CHECKS, or one of a table of a partner's own. `args` fill its
    templates."""

    def __init__(self, check: str | Check, **args: Any) -> None:
        self.check = CHECKS[check] if isinstance(check, str) else check
        super().__init__(self.check.id)
        self.values = args

    @property
    def http(self) -> int:
        return self.check.http


def error_body(refusal: Refusal, trace: str) -> dict[str, Any]:
    """The Graph error envelope of a synchronous refusal."""
    check, values = refusal.check, refusal.values
    error: dict[str, Any] = {
        "message": check.message.format_map(values),
        "type": check.type,
        "code": check.code,
    }
    if check.subcode is not None:
        error["error_subcode"] = check.subcode
    if check.details:
        details = check.details.format_map(values)
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    if check.user_title:
        error["is_transient"] = False
        error["error_user_title"] = check.user_title
        error["error_user_msg"] = check.user_message.format_map(values)
    error["fbtrace_id"] = trace
    return {"error": error}


def failure(refusal: Refusal) -> dict[str, Any]:
    """The object in `statuses[].errors` of an asynchronous failure."""
    check, values = refusal.check, refusal.values
    title = check.message.format_map(values)
    return {
        "code": check.code,
        "title": title,
        "message": title,
        "error_data": {"details": check.details.format_map(values)},
        "href": ERROR_PAGE,
    }


def markdown(rows: Iterable[Check]) -> str:
    """A table of checks, as docs/emulators.md prints it."""
    lines = ["| check | answer | code | body says | when |", "|---|---|---|---|---|"]
    for check in rows:
        answer = f"HTTP {check.http}" if check.http else "`failed` status"
        code = str(check.code) if check.code else "–"
        code += f" / {check.subcode}" if check.subcode is not None else ""
        says = [f"`{text}`" for text in (check.message, check.details, check.raw) if text]
        if check.user_title:
            says.append(f"`{check.user_title}`: `{check.user_message}`")
        text = "<br>".join(says).replace("|", "\\|").replace("{{", "{").replace("}}", "}")
        when = check.when.replace("{{", "{").replace("}}", "}").replace("|", "\\|")
        when += " *(wording unsure)*" if check.unsure else ""
        lines.append(f"| {check.id} | {answer} | {code} | {text} | {when} |")
    return "\n".join(lines) + "\n"
