"""Every sentence for people is a template id with arguments; it is put into words at the door.

A door is the CLI, the API, a page or the log. `say` is the wording: English by itself, and in the
language of a catalogue where one is handed in, whose message ids are the English templates. A
sentence says what happened, why, and what to do.

What fills a template is either as it is (a name, an id, what a partner wrote) or words of ours, and
then a Sentence itself, so that it is translated with the sentence that it stands in.
"""

from __future__ import annotations

import gettext
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

# One template, or two: of one and of many, told apart by the argument `n`.
Template = str | tuple[str, str]
ENGLISH = gettext.NullTranslations()
TERM, TOGETHER = "term", "together"


class Sentence(msgspec.Struct, frozen=True, omit_defaults=True):
    """`id` names the template, `args` fills it. Stored, compared and sent as this value.

    An argument is a text or a number, a Sentence (as it was stored, its mapping), or a list of
    these, which is said with commas.
    """

    id: str
    args: dict[str, Any] = {}


class SentenceError(ValueError):
    """Bad input, with the sentence that the person who gave it should read."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(say(sentence))
        self.sentence = sentence


_WORDS: dict[str, Template] = {}


def words(table: Mapping[str, Template]) -> None:
    """Add templates. Each module that owns sentences keeps them beside its code.

    Raises ValueError when an id is taken with another wording.
    """
    for key, text in table.items():
        if _WORDS.get(key, text) != text:
            raise ValueError(f"the sentence id {key!r} is taken by: {_WORDS[key]}")
        _WORDS[key] = text


def term(text: str) -> Sentence:
    """A word or a text of ours that is its own template: a field's label, a status."""
    return Sentence(TERM, {"text": text})


def together(sentences: Iterable[Sentence]) -> Sentence:
    """Sentences behind each other, each once."""
    parts: list[Sentence] = []
    for sentence in sentences:
        if sentence not in parts:
            parts.append(sentence)
    return parts[0] if len(parts) == 1 else Sentence(TOGETHER, {"parts": parts})


def inner(value: Any) -> Sentence | None:
    """An argument that is a Sentence; a stored one comes back as its mapping."""
    if isinstance(value, Sentence):
        return value
    if isinstance(value, Mapping) and value.keys() <= {"id", "args"}:
        id, args = value.get("id"), value.get("args", {})
        if isinstance(id, str) and isinstance(args, dict):
            return Sentence(id, args)
    return None


class Lenient(dict[str, Any]):
    """Arguments, of which one that is absent is shown as a question mark."""

    def __missing__(self, key: str) -> str:
        return "?"


def say(sentence: Sentence, catalogue: gettext.NullTranslations = ENGLISH) -> str:
    """The wording; English where the catalogue has none. An unknown id is shown with its
    arguments, never swallowed."""
    if sentence.id == TOGETHER:
        return " ".join(_spoken(part, catalogue) for part in sentence.args.get("parts", ()))
    template = template_of(sentence, catalogue)
    if template is None:
        args = ", ".join(f"{k}={v}" for k, v in sentence.args.items())
        return f"{sentence.id}({args})"
    if sentence.id == TERM:
        return template
    return template.format_map(
        Lenient({k: _spoken(v, catalogue) for k, v in sentence.args.items()})
    )


def template_of(sentence: Sentence, catalogue: gettext.NullTranslations = ENGLISH) -> str | None:
    """What its arguments fill, in the catalogue's language; None for an unknown id."""
    if sentence.id == TOGETHER:
        return "{parts}"
    if sentence.id == TERM:
        text = str(sentence.args.get("text", ""))
        return catalogue.gettext(text) if text else ""  # of an empty one gettext tells its header
    template = _WORDS.get(sentence.id)
    if isinstance(template, tuple):
        count = sentence.args.get("n")
        return catalogue.ngettext(*template, count if isinstance(count, int) else 2)
    return None if template is None else catalogue.gettext(template)


def comma(catalogue: gettext.NullTranslations = ENGLISH) -> str:
    """What stands between the members of a list."""
    return template_of(Sentence("comma"), catalogue) or ", "


def map_texts(sentence: Sentence, change: Callable[[str], str]) -> Sentence:
    """The same with every text among its arguments changed, those of inner ones too."""

    def changed(value: Any) -> Any:
        if isinstance(value, str):
            return change(value)
        if isinstance(value, list | tuple):
            return [changed(one) for one in value]
        found = inner(value)
        return value if found is None else map_texts(found, change)

    return Sentence(sentence.id, {k: changed(v) for k, v in sentence.args.items()})


def _spoken(value: Any, catalogue: gettext.NullTranslations) -> Any:
    if isinstance(value, list | tuple):
        return comma(catalogue).join(str(_spoken(one, catalogue)) for one in value)
    found = inner(value)
    return value if found is None else say(found, catalogue)


def known() -> dict[str, Template]:
    """Every template by id, for the docs and their test."""
    return dict(sorted(_WORDS.items()))


words(
    {
        "comma": ", ",
        "phone_wrong": "{value!r} is not a phone number: write it with the country code and "
        "digits only, like +1 202 555 0142.",
        "bsuid_wrong": "{value!r} is not a business-scoped user id: Meta's look like "
        "US.13491208655302741918.",
    }
)
