"""Every sentence for people is a template id with arguments; it is put into words at the door.

A door is the CLI, the API, a page or the log. `say` is the English wording; pages translate the
same ids. A sentence says what happened, why, and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Sentence(msgspec.Struct, frozen=True, omit_defaults=True):
    """`id` names the template, `args` fills it. Stored, compared and sent as this value."""

    id: str
    args: dict[str, Any] = {}


class SentenceError(ValueError):
    """Bad input, with the sentence that the person who gave it should read."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(say(sentence))
        self.sentence = sentence


_WORDS: dict[str, str] = {}


def words(table: Mapping[str, str]) -> None:
    """Add templates. Each module that owns sentences keeps them beside its code.

    Raises ValueError when an id is taken with another wording.
    """
    for key, text in table.items():
        if _WORDS.get(key, text) != text:
            raise ValueError(f"the sentence id {key!r} is taken by: {_WORDS[key]}")
        _WORDS[key] = text


class _Lenient(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def say(sentence: Sentence) -> str:
    """The English wording. An unknown id is shown with its arguments, never swallowed."""
    template = _WORDS.get(sentence.id)
    if template is None:
        args = ", ".join(f"{k}={v}" for k, v in sentence.args.items())
        return f"{sentence.id}({args})"
    return template.format_map(_Lenient(sentence.args))


def known() -> dict[str, str]:
    """Every template by id, for the docs and their test."""
    return dict(sorted(_WORDS.items()))


words(
    {
        "phone_wrong": "{value!r} is not a phone number: write it with the country code and "
        "digits only, like +1 202 555 0142.",
        "bsuid_wrong": "{value!r} is not a business-scoped user id: Meta's look like "
        "US.13491208655302741918.",
    }
)
