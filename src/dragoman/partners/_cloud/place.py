"""Where an item of a webhook body stands: account, number, contacts and time around it."""

from __future__ import annotations

from typing import Any

from .shape import digest, opt, opt_obj, seconds


class Place:
    """One change of one entry.

    account: the WhatsApp account's id. number, display: our number's id and digits, empty where
    the value names none. entry_at: the entry's own time, Unix milliseconds, 0 where it has none.
    equals: how often each hash has been seen in this POST, for messages without an id.
    """

    __slots__ = (
        "account",
        "contacts",
        "display",
        "entry_at",
        "equals",
        "field",
        "number",
        "path",
        "value",
    )

    def __init__(
        self, entry: dict[str, Any], change: dict[str, Any], path: str, equals: dict[str, int]
    ) -> None:
        self.account = opt(entry, "id") or ""
        self.field = opt(change, "field") or ""
        self.path = path
        self.equals = equals
        self.entry_at = seconds(entry.get("time")) or 0
        self.value: Any = change.get("value")
        self.contacts: Any = None
        self.number = self.display = ""
        if type(self.value) is dict:
            self.enter(self.value)

    def enter(self, value: dict[str, Any]) -> None:
        """Take the number and the contacts from this object, where it has them."""
        metadata = value.get("metadata")
        if type(metadata) is dict:
            self.number = opt(metadata, "phone_number_id") or ""
            self.display = opt(metadata, "display_phone_number") or ""
        elif not self.display:
            self.display = opt(value, "display_phone_number") or ""
            ours = opt_obj(value, "recipient")  # a handover names us here
            if ours:
                self.number = opt(ours, "phone_number_id") or ""
                self.display = opt(ours, "display_phone_number") or self.display
        if "contacts" in value:
            self.contacts = value["contacts"]

    def time_of(self, item: dict[str, Any]) -> int:
        """The item's own time, else the entry's, else 0. Unix milliseconds."""
        own = item.get("timestamp")
        if own is None:
            own = opt_obj(item, "metadata").get("timestamp")
        return seconds(own) or self.entry_at

    def key(self, item: Any) -> str:
        """The dedupe key of an item without an id: the same for every delivery of the same POST.

        The entry's time is in it, so that a template paused twice is two events.
        """
        return "h:" + digest(self.field, self.account, self.number, self.entry_at, item)
