"""The languages of every page: which one a reader wants, and its words.

The source is English, whose texts are the ids of the messages. `tools/words.py` collects them; the
translations lie with the console, most of whose words they are.
"""

from __future__ import annotations

import gettext
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

LOCALES = Path(__file__).parents[1] / "console" / "locale"
LANGUAGES = {"en": "English", "hi": "हिन्दी", "ar": "العربية"}
RIGHT_TO_LEFT = frozenset({"ar"})
LANGUAGE_COOKIE = "dragoman_language"

# What a script says: _("one text") or _n("one", "many", number), in double quotes.
_TEXT = r'"((?:[^"\\]|\\.)*)"'
_ONE = re.compile(rf"\b_\(\s*{_TEXT}")
_MANY = re.compile(rf"\b_n\(\s*{_TEXT},\s*{_TEXT}")


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The words of a language; English where it has none."""
    return gettext.translation("console", LOCALES, [language], fallback=True)


def direction(language: str) -> str:
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def wanted(cookies: Mapping[str, str], accepted: str) -> str:
    """The language that was chosen, else the first that the browser asks for and we have.
    accepted: the header Accept-Language."""
    chosen = cookies.get(LANGUAGE_COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    for part in accepted.split(","):
        code = part.split(";")[0].strip().split("-")[0].casefold()
        if code in LANGUAGES:
            return code
    return "en"


def said_by_scripts(files: Iterable[Path]) -> tuple[set[str], set[tuple[str, str]]]:
    """The texts that scripts say, and those that depend on a number."""
    once: set[str] = set()
    counted: set[tuple[str, str]] = set()
    for file in files:
        source = file.read_text("utf-8")
        once |= {_text(found) for found in _ONE.findall(source)}
        counted |= {(_text(one), _text(many)) for one, many in _MANY.findall(source)}
    return once, counted


def for_scripts(
    language: str, once: Iterable[str], counted: Iterable[tuple[str, str]] = ()
) -> dict[str, Any]:
    """Those texts in a language, by the English ones: a text, or one for each plural form in the
    order of the language's rule. Empty for English."""
    words = catalogue(language)
    said: dict[str, Any] = {text: words.gettext(text) for text in once if text}
    said = {text: other for text, other in said.items() if other != text}
    for one, many in counted:
        forms = [words.ngettext(one, many, n) for n in _FORMS.get(language, ())]
        if set(forms) - {one, many}:
            said[one] = forms
    return said


# A number of each plural form, in the order of CLDR: zero, one, two, few, many, other.
_FORMS = {"hi": (1, 2), "ar": (0, 1, 2, 3, 11, 100)}


def _text(literal: str) -> str:
    return str(json.loads(f'"{literal}"'))
