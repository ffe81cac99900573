"""Who is at the other end: the phone's contacts, and people that a test made write."""

from __future__ import annotations

from dragoman.domain.identity import Phone, variants
from dragoman.emulators.phone.handsets import HandsetContact, Handsets


def person_key(contact: HandsetContact) -> str:
    """The person's one name in the books: phone digits where known, else the BSUID."""
    return contact.phone or contact.bsuid or contact.id


def stranger(phone: str | None, bsuid: str | None = None) -> HandsetContact:
    name = phone or bsuid or "?"
    return HandsetContact(
        id=f"wa-{name}", name=name, phone=phone, bsuid=bsuid, username=None, avatar=""
    )


class People:
    """Contacts by phone and by BSUID: the phone's first, then those a test brought in."""

    def __init__(self, handsets: Handsets) -> None:
        self._handsets = handsets
        self._guests: dict[str, HandsetContact] = {}

    def remember(self, contact: HandsetContact) -> None:
        for address in (contact.phone, contact.bsuid):
            if address:
                self._guests[address] = contact

    def clear(self) -> None:
        self._guests.clear()

    def by_phone(self, digits: str) -> HandsetContact | None:
        spellings = (digits, *(v.digits for v in variants(Phone(digits))))
        for spelling in spellings:
            found = self._handsets.find(phone=spelling) or self._guests.get(spelling)
            if found is not None:
                return found
        return None

    def by_bsuid(self, bsuid: str) -> HandsetContact | None:
        return self._handsets.find(bsuid=bsuid) or self._guests.get(bsuid)

    def by_key(self, key: str) -> HandsetContact:
        if key.isdigit():
            return self.by_phone(key) or stranger(key)
        return self.by_bsuid(key) or stranger(None, key)
