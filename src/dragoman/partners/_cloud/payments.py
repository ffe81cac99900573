"""What a partner tells of a payment, whose words and amounts are Meta's in the end."""

from __future__ import annotations

from typing import Any

from dragoman.domain.content import Amount

_PAID = {"captured": "success"}


def paid_word(word: str) -> str:
    """What became of a payment: success, failed, pending, or the partner's word in small
    letters."""
    return _PAID.get(word.lower(), word.lower())


def total(told: Any) -> Amount | None:
    """Of an object with `value` and, where it is not 100, `offset`. Whole numbers only: money is
    never rounded here."""
    if type(told) is not dict:
        return None
    value, offset = told.get("value"), told.get("offset", 100)
    if type(value) is not int or type(offset) is not int:
        return None
    return Amount(value, offset)
