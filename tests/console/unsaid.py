"""What a page says in a language that has no letter of English: every word of ours is written in
full-width letters, so that a word in plain ones was not translated, wherever it stands."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser

from dragoman.console import render
from dragoman.emulators.phone import routes as phone
from dragoman.ui import languages

_KEPT = re.compile(r"(%\(\w+\)[sd]|%%|\{\{|\}\}|\{[^{}]*\}|<[^>]+>|&\w+;)")
_WIDE = {code: code + 0xFEE0 for code in range(ord("A"), ord("z") + 1) if chr(code).isalpha()}
# Elements whose text is not ours, or is to be read by a machine, a terminal or the partner.
_NOT_OURS = frozenset({"script", "style", "pre", "code", "textarea", "output"})
_TOLD = ("title", "aria-label", "placeholder", "alt", "data-done", "data-busy", "data-off",
         "data-one", "data-many")  # fmt: skip
_VOID = frozenset({"input", "link", "meta", "br", "img", "path", "circle", "rect", "line", "hr"})
# What is called the same in every language.
NAMES = (
    "Dragoman", "WhatsApp", "Cloud", "API", "Gupshup", "Infobip", "Karix", "Netcore", "English",
    "URL", "UTC", "SQLite", "GB", "MB", "kB", "KB", "JSON", "htmx", "Atkinson Hyperlegible Next",
    "Atkinson Hyperlegible Mono",
)  # fmt: skip


def wide(text: str) -> str:
    """A text in full-width letters; places to be filled stay as they are."""
    pieces = _KEPT.split(text)
    return "".join(p if n % 2 else p.translate(_WIDE) for n, p in enumerate(pieces))


class _Wide(gettext.NullTranslations):
    def gettext(self, message: str) -> str:
        return wide(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return wide(msgid1 if n == 1 else msgid2)


@contextmanager
def in_wide_letters() -> Iterator[None]:
    """Hindi and Arabic are full-width English meanwhile."""
    found = gettext.translation

    def wide_one(domain: str, *args: object, **more: object) -> gettext.NullTranslations:
        return _Wide()

    caches = (languages.catalogue, render._environment, phone._environment)
    gettext.translation = wide_one  # type: ignore[assignment]
    for cache in caches:
        cache.cache_clear()
    try:
        yield
    finally:
        gettext.translation = found
        for cache in caches:
            cache.cache_clear()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        hidden = (
            tag in _NOT_OURS
            or "mono" in given.get("class", "").split()
            or given.get("lang", "hi") not in ("hi", "ar")
            or (tag in ("bdi", "table") and given.get("dir") == "ltr")  # a table of code
            or given.get("dir") == "auto"  # the test phone's people and businesses
        )
        if not (hidden or self.hidden):
            self.texts += [given[name] for name in _TOLD if given.get(name)]
        if tag not in _VOID:
            self._open.append((tag, hidden))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        for place in range(len(self._open) - 1, -1, -1):
            if self._open[place][0] == tag:
                del self._open[place:]
                return

    @property
    def hidden(self) -> bool:
        return any(hidden for _, hidden in self._open)

    def handle_data(self, data: str) -> None:
        if data.strip() and not self.hidden:
            self.texts.append(data)


def unsaid(html: str, known: tuple[str, ...] = ()) -> list[str]:
    """Every text of a page with a word in plain letters. known: what people, partners and the
    network said, which nobody translates."""
    reader = _Reader()
    reader.feed(html)
    fine = "|".join(re.escape(one) for one in sorted((*NAMES, *known), key=len, reverse=True))
    out = []
    for text in reader.texts:
        bare = re.sub(r"\bin \S+\.py, line \d+", " ", text)  # where an agent failed
        bare = re.sub(r"\S*[@/_\d\[]\S*|\b[\w-]+\.(?:py|js|com|example)\b", " ", bare)
        bare = re.sub(rf"(?<![A-Za-z])(?:{fine})(?![A-Za-z])", " ", bare)
        if re.search(r"[A-Za-z]{2}", bare):
            out.append(" ".join(text.split()))
    return out
