"""Who a webhook of Meta's is about."""

from __future__ import annotations

from typing import Any

from dragoman.emulators.phone.handsets import HandsetContact


def contact_entry(contact: HandsetContact, *, username: bool) -> dict[str, Any]:
    """A member of `contacts`; a person without a known phone has no `wa_id`."""
    profile: dict[str, Any] = {"name": contact.name}
    if username and contact.username:
        profile["username"] = contact.username
    entry: dict[str, Any] = {"profile": profile}
    if contact.phone:
        entry["wa_id"] = contact.phone
    if contact.bsuid:
        entry["user_id"] = contact.bsuid
    return entry
