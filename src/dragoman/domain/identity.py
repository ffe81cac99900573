"""Who a contact is: a phone, a business-scoped user id (BSUID), or both; never one string for both.

A phone number is kept exactly as the partner gave it. Brazil, Mexico and Argentina write one
subscriber in two ways; `variants` lists the other spellings so that they can stand side by side.
Nothing here ever rewrites a number.

Source: Meta, "Business-scoped user IDs" (2026) and "Send messages" (number formats).
"""

from __future__ import annotations

import re

import msgspec

from .sentences import Sentence, SentenceError

_BSUID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
_PUNCTUATION = str.maketrans("", "", " -().\u00a0\u202a\u202c")


class Phone(msgspec.Struct, frozen=True, tag="phone", tag_field="kind"):
    """A phone number in E.164, digits only, without `+`: `Phone("16505551234")`."""

    digits: str

    def __post_init__(self) -> None:
        if not (self.digits.isascii() and self.digits.isdigit() and 5 <= len(self.digits) <= 15):
            raise SentenceError(Sentence("phone_wrong", {"value": self.digits}))

    def __str__(self) -> str:
        return "+" + self.digits


class Bsuid(msgspec.Struct, frozen=True, tag="bsuid", tag_field="kind"):
    """A business-scoped user id: `US.13491208655302741918`, parent form `US.ENT.…`."""

    value: str

    def __post_init__(self) -> None:
        if not _BSUID.fullmatch(self.value):
            raise SentenceError(Sentence("bsuid_wrong", {"value": self.value}))

    @property
    def is_parent(self) -> bool:
        return self.value[3:7] == "ENT."

    def __str__(self) -> str:
        return self.value


class Group(msgspec.Struct, frozen=True, tag="group", tag_field="kind"):
    """A group chat, by the partner's id for it."""

    id: str

    def __str__(self) -> str:
        return self.id


Recipient = Phone | Bsuid | Group


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one event says of the person behind it. At least one of `phone` and `bsuid` is set,
    except on events that name nobody (an account event)."""

    phone: Phone | None = None
    bsuid: Bsuid | None = None
    parent_bsuid: Bsuid | None = None
    name: str | None = None
    username: str | None = None
    identity_hash: str | None = None

    @property
    def recipient(self) -> Phone | Bsuid | None:
        """Where an answer goes: the phone where it is known, else the BSUID."""
        return self.phone or self.bsuid


def read_phone(text: str) -> Phone:
    """A phone number as people and partners write it (`+1 (650) 555-1234`, `16505551234`).

    Raises SentenceError for anything else; letters are refused, so a BSUID never becomes a phone.
    """
    digits = text.strip().translate(_PUNCTUATION)
    digits = digits[1:] if digits.startswith("+") else digits
    try:
        return Phone(digits)
    except SentenceError:
        raise SentenceError(Sentence("phone_wrong", {"value": text})) from None


def read_recipient(text: str) -> Phone | Bsuid:
    """A phone or a BSUID, told apart by shape."""
    stripped = text.strip()
    return Bsuid(stripped) if _BSUID.fullmatch(stripped) else read_phone(stripped)


def variants(phone: Phone) -> tuple[Phone, ...]:
    """The other ways to write the same mobile subscriber, for look-ups only.

    Brazil: with and without the ninth digit (mobiles only: a landline begins with 2 to 5).
    Mexico: 52 and 521. Argentina: 54 and 549. All others: none.
    """
    d = phone.digits
    if d.startswith("55") and len(d) == 13 and d[4] == "9" and d[5] in "6789":
        return (Phone(d[:4] + d[5:]),)
    if d.startswith("55") and len(d) == 12 and d[4] in "6789":
        return (Phone(d[:4] + "9" + d[4:]),)
    if d.startswith("521") and len(d) == 13:
        return (Phone("52" + d[3:]),)
    if d.startswith("52") and len(d) == 12:
        return (Phone("521" + d[2:]),)
    if d.startswith("549") and len(d) == 13:
        return (Phone("54" + d[3:]),)
    if d.startswith("54") and len(d) == 12:
        return (Phone("549" + d[2:]),)
    return ()
