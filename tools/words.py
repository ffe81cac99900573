"""The words of the console for their translators: `make words`.

Collected from the templates (`_`, `ngettext`, `{% trans %}`), from the sentences that modules
register (`words({...})`) and from the titles of pages. Writes console.pot, brings hi and ar up to
date (new entries are empty, gone ones are dropped) and compiles them.
"""

from __future__ import annotations

import ast
import datetime
import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

SOURCE = Path(__file__).parents[1] / "src" / "dragoman"
LOCALES = SOURCE / "console" / "locale"
POT = LOCALES / "console.pot"
LANGUAGES = ("hi", "ar")
TEMPLATES = (SOURCE / "console" / "templates", SOURCE / "ui" / "templates")
_ENGINE = (
    "access", "accounts", "checklist", "credentials", "given", "intake", "meaning", "past",
    "people", "publish", "replay", "standing", "steps", "why",
)  # fmt: skip
# Modules whose sentences are translated; a folder stands for everything in it.
SENTENCES = (
    SOURCE / "console",
    *(SOURCE / "engine" / f"{name}.py" for name in _ENGINE),
    SOURCE / "partners" / "form.py",
    SOURCE / "cli" / "emulated.py",
    SOURCE / "cli" / "replaying.py",
)
TITLES = ("page", "_page")  # functions that take the title of a page as their third argument
# CLDR's: Hindi says "one" of 0 and 1, Arabic has six forms.
PLURALS = {
    "hi": (2, "(n > 1)"),
    "ar": (
        6,
        "(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5)",
    ),
}
_DAY = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)  # a file changes with its words only
_ABOUT = {
    "project": "Dragoman", "version": "1", "creation_date": _DAY, "revision_date": _DAY,
    "last_translator": "The Dragoman authors", "language_team": "The Dragoman authors",
    "msgid_bugs_address": "the project's issues", "fuzzy": False,
    "header_comment": "# Words of Dragoman's console. Written by `make words`; translate here.",
}  # fmt: skip


class _Own(Catalog):
    """A catalogue with our plural forms."""

    @property
    def num_plurals(self) -> int:
        return PLURALS[str(self.locale)][0] if self.locale else 2

    @property
    def plural_expr(self) -> str:
        return PLURALS[str(self.locale)][1] if self.locale else "(n != 1)"


def collected() -> Catalog:
    """Every message, with the files it is in."""
    catalog = _Own(**_ABOUT)  # type: ignore[arg-type]
    for folder in TEMPLATES:
        for file in sorted(folder.glob("*.html")):
            with file.open("rb") as stream:
                found = babel_extract(stream, ("_", "gettext", "ngettext"), (), _OPTIONS)
                for _, function, message, _ in found:
                    parts = [message] if isinstance(message, str) else list(message)
                    known = [one for one in parts if isinstance(one, str)]
                    if known:
                        words = tuple(known[:2]) if function == "ngettext" else known[0]
                        catalog.add(words, locations=[(_name(file), 0)])
    for place in SENTENCES:
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            for message in _of_module(ast.parse(file.read_bytes())):
                flags = ("python-brace-format",) if "{" in message else ()
                catalog.add(message, locations=[(_name(file), 0)], flags=flags)
    return catalog


_OPTIONS = {"newstyle_gettext": "true", "silent": "false", "encoding": "utf-8"}


def _name(file: Path) -> str:
    return file.relative_to(SOURCE).as_posix()


def _of_module(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id == "words" and node.args and isinstance(node.args[0], ast.Dict):
            values = node.args[0].values
        elif node.func.id in TITLES and len(node.args) > 2:
            values = [node.args[2]]
        else:
            continue
        for value in values:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.value


def po(language: str) -> Path:
    return LOCALES / language / "LC_MESSAGES" / "console.po"


def translated(language: str) -> Catalog:
    """A language's catalogue as it is kept."""
    catalog = _Own(locale=language, **_ABOUT)  # type: ignore[arg-type]
    path = po(language)
    if path.exists():
        with path.open("rb") as stream:
            for message in read_po(stream, locale=language):
                if message.id:
                    catalog[message.id] = message
    return catalog


def text(catalog: Catalog) -> str:
    """As it is written to a file."""
    out = io.BytesIO()
    write_po(out, catalog, width=100, sort_output=True, ignore_obsolete=True, include_lineno=False)
    return out.getvalue().decode()


def compiled(catalog: Catalog) -> bytes:
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def main() -> None:
    template = collected()
    POT.parent.mkdir(parents=True, exist_ok=True)
    POT.write_text(text(template), "utf-8")
    for language in LANGUAGES:
        catalog = translated(language)
        catalog.update(template, no_fuzzy_matching=True)
        catalog.creation_date = catalog.revision_date = _DAY
        path = po(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(catalog), "utf-8")
        path.with_suffix(".mo").write_bytes(compiled(catalog))
        empty = sum(1 for m in catalog if m.id and not all(strings(m)))
        print(f"{language}: {len(catalog)} messages, {empty} without words")  # noqa: T201


def strings(message: Message) -> list[str]:
    """What a message is translated to: one text, or one for each plural form."""
    found = message.string or ""
    return [found] if isinstance(found, str) else [one or "" for one in found]


if __name__ == "__main__":
    main()
