"""Who an item is about. Phones and business-scoped user ids (BSUIDs) are never mixed up.

Since 2026 either may be missing: a person with a username may share no phone, and payloads from
before have no BSUID. `contacts[]` is matched to items by `wa_id` or `user_id`, never by position.

Source: Meta, "Business-scoped user IDs" (2026).
"""

from __future__ import annotations

from typing import Any

from dragoman.domain.identity import Bsuid, Person, Phone
from dragoman.domain.sentences import Sentence, SentenceError

from .shape import Malformed, opt, opt_obj


def phone(text: str | None) -> Phone | None:
    """A phone as Meta writes it (digits, at times with `+`). None when it is none."""
    if not text:
        return None
    try:
        return Phone(text[1:] if text[0] == "+" else text)
    except SentenceError:
        return None


def bsuid(text: str | None) -> Bsuid | None:
    """A BSUID, or None when it is none."""
    if not text:
        return None
    try:
        return Bsuid(text)
    except SentenceError:
        return None


def match(contacts: Any, wa_id: str | None, user_id: str | None) -> dict[str, Any]:
    """The entry of `contacts[]` about the person with this phone or BSUID; empty when none is."""
    if type(contacts) is not list:
        return {}
    for contact in contacts:
        if type(contact) is not dict:
            continue
        if wa_id and contact.get("wa_id") == wa_id:
            return contact
        if user_id and contact.get("user_id") == user_id:
            return contact
    return {}


def person(
    contacts: Any,
    wa_id: str | None,
    user_id: str | None,
    parent_id: str | None = None,
    identity_hash: str | None = None,
) -> Person:
    """The person with this phone and BSUID, with what `contacts[]` says of them.

    Raises Malformed when neither id can be read.
    """
    contact = match(contacts, wa_id, user_id)
    their_phone = phone(wa_id) or phone(opt(contact, "wa_id"))
    their_bsuid = bsuid(user_id) or bsuid(opt(contact, "user_id"))
    if their_bsuid is None and their_phone is None:
        their_bsuid = bsuid(wa_id)  # a BSUID where a phone belongs is still a BSUID
        if their_bsuid is None:
            raise _unreadable(wa_id, user_id)
    if not contact:
        return Person(their_phone, their_bsuid, bsuid(parent_id), None, None, identity_hash)
    profile = contact.get("profile")
    name = username = None
    if type(profile) is dict:
        name, username = opt(profile, "name"), opt(profile, "username")
        if username and username[0] == "@":
            username = username[1:]
    return Person(
        their_phone,
        their_bsuid,
        bsuid(parent_id or opt(contact, "parent_user_id")),
        name,
        username or None,
        identity_hash or opt(contact, "identity_key_hash"),
    )


def _unreadable(wa_id: str | None, user_id: str | None) -> Malformed:
    if user_id:
        return Malformed(Sentence("bsuid_wrong", {"value": user_id}))
    if wa_id:
        return Malformed(Sentence("phone_wrong", {"value": wa_id}))
    return Malformed(Sentence("meta_nobody"))


def sender(item: dict[str, Any], contacts: Any) -> Person:
    """Who wrote a message."""
    legacy = item.get("identity")
    identity = opt(legacy, "hash") if type(legacy) is dict else None
    wa_id, user_id = opt(item, "from"), opt(item, "from_user_id")
    if not wa_id and not user_id:
        # A system notice about a person who shares no phone may name them only inside.
        user_id = opt(opt_obj(item, "system"), "previous_user_id")
    return person(contacts, wa_id, user_id, opt(item, "from_parent_user_id"), identity)
