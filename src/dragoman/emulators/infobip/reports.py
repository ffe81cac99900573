"""What is reported of a message, in the words of both APIs, and the reports that wait to be read.

Source: Infobip, "Receive WhatsApp delivery reports", "Seen reports", "Messages API" (2026).
UNSURE: where `callbackData` stands in a delivery report (here the top of the result), and that
only what no webhook took can be read from /messages-api/1/reports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dragoman.emulators.kit import Books, Record
from dragoman.emulators.phone.handsets import HandsetContact

from . import status_table, wire
from .checks import CHECKS

if TYPE_CHECKING:
    from .emulator import Emulator

KEPT_MS = 48 * 3_600_000


def contact_entry(contact: HandsetContact) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": contact.name}
    if contact.phone:
        entry["phoneNumber"] = contact.phone
    if contact.bsuid:
        entry["userId"] = contact.bsuid
    if contact.username:
        entry["username"] = contact.username.removeprefix("@")
    return entry


def outcome(status: str, error: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The `status` and `error` objects of a report. `error` is the id of a status check."""
    if error is not None:
        check = CHECKS[error]
        return status_table.status(check.status), status_table.error(check.error)
    reached = 2 if status == "sent" else 5
    return status_table.status(reached), status_table.error(0)


def delivery(
    emulator: Emulator, record: Record, status: str, at: int, error: str | None
) -> dict[str, Any]:
    """A result of the WhatsApp API's delivery report."""
    state, problem = outcome(status, error)
    price = emulator.config.price if error is None else 0
    result: dict[str, Any] = {
        "bulkId": record["bulk"],
        "price": {"pricePerMessage": price, "currency": emulator.config.currency},
        "status": state,
        "error": problem,
        "messageId": record["id"],
        "doneAt": wire.moment(at),
        "messageCount": 1,
        "sentAt": wire.moment(record["at"]),
        "to": record["to"],
    }
    if record["callback"] is not None:
        result["callbackData"] = record["callback"]
    if error is None:
        result["contact"] = contact_entry(HandsetContact(**record["contact"]))
    return result


def seen(record: Record, at: int) -> dict[str, Any]:
    """A result of the WhatsApp API's seen report: `from` is who read, `to` the business."""
    contact = HandsetContact(**record["contact"])
    result: dict[str, Any] = {
        "messageId": record["id"],
        "from": contact.phone or contact.bsuid,
        "to": record["number"],
        "sentAt": wire.moment(record["at"]),
        "seenAt": wire.moment(at),
    }
    result |= {key: value for key, value in record["platform"].items() if value}
    return {**result, "contact": contact_entry(contact)}


def _api_head(record: Record, event: str, channel: str) -> dict[str, Any]:
    return {
        "event": event,
        "channel": channel,
        "sender": record["number"],
        "destination": record["to"],
        "sentAt": wire.moment(record["at"]),
    }


def _api_tail(record: Record) -> dict[str, Any]:
    tail: dict[str, Any] = {"bulkId": record["bulk"], "messageId": record["id"]}
    if record["callback"] is not None:
        tail["callbackData"] = record["callback"]
    return tail


def _api_tags(record: Record) -> dict[str, Any]:
    tags: dict[str, Any] = {}
    platform = {key: value for key, value in record["platform"].items() if value}
    if platform:
        tags["platform"] = platform
    if record["campaign"]:
        tags["campaignReferenceId"] = record["campaign"]
    return tags


def api_delivery(
    record: Record, status: str, at: int, error: str | None, channel: str = "WHATSAPP"
) -> dict[str, Any]:
    """A result of the Messages API's delivery report."""
    state, problem = outcome(status, error)
    return {
        **_api_head(record, "DELIVERY", channel),
        "doneAt": wire.moment(at),
        **_api_tail(record),
        "messageCount": 1,
        "status": state,
        "error": problem,
        **_api_tags(record),
    }


def api_seen(record: Record, at: int) -> dict[str, Any]:
    return {
        **_api_head(record, "SEEN", "WHATSAPP"),
        "seenAt": wire.moment(at),
        **_api_tail(record),
        **_api_tags(record),
    }


def pulled(record: Record, result: dict[str, Any]) -> dict[str, Any]:
    """A delivery result as /messages-api/1/reports gives it, whichever API sent the message."""
    if "event" in result:
        return result
    head = {**_api_head(record, "DELIVERY", "WHATSAPP"), "doneAt": result["doneAt"]}
    said = {key: result[key] for key in ("messageCount", "status", "error")}
    return {**head, **_api_tail(record), **said, **_api_tags(record)}


class Waiting:
    """Results that no webhook took, until they are read (once) or 48 hours old."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def keep(self, kind: str, name: str, result: dict[str, Any], now: int) -> None:
        """`name` is the message's id and what is said of it; the same twice is one."""
        self._books.put(f"waiting:{kind}:{name}", {"at": now, "result": result})

    def drop(self, kind: str, name: str) -> None:
        self._books.db.execute("DELETE FROM kv WHERE key=?", (f"waiting:{kind}:{name}",))

    def read(self, kind: str, now: int, limit: int, wanted: dict[str, str]) -> list[dict[str, Any]]:
        """The oldest first; `wanted` compares fields of the result, "" is any. Read once."""
        rows = self._books.db.execute(
            "SELECT key FROM kv WHERE key LIKE ? ORDER BY rowid", (f"waiting:{kind}:%",)
        ).fetchall()
        read: list[dict[str, Any]] = []
        for (key,) in rows:
            kept = self._books.get(key)
            result = kept["result"]
            if now - kept["at"] > KEPT_MS:
                self._books.db.execute("DELETE FROM kv WHERE key=?", (key,))
            elif len(read) < limit and all(
                value in ("", str(result.get(field, ""))) for field, value in wanted.items()
            ):
                self._books.db.execute("DELETE FROM kv WHERE key=?", (key,))
                read.append(result)
        return read

    def count(self, kind: str) -> int:
        row = self._books.db.execute(
            "SELECT count(*) FROM kv WHERE key LIKE ?", (f"waiting:{kind}:%",)
        ).fetchone()
        return int(row[0])
