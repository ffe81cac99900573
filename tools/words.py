"""The words of all pages for their translators: `make words`.

Collected are

- what templates say: `_`, `ngettext`, `{% trans %}`; and titles, the third argument of `page(…)`;
- every sentence that a module registers (`words({…})`) and every `term("…")`;
- what partners bring along: labels, help, choices, places of their forms, letters, and the labels
  of the faults of their emulators;
- what scripts say: `_("…")`, `_n("…", "…", n)`.

Partners are those of the registry, so the words of a new one are here as soon as it is. Sentences
that only a command line or an emulated console says are left out. Writes console.pot, brings hi and
ar up to date (new entries are empty, gone ones are dropped) and compiles them.
"""

from __future__ import annotations

import ast
import datetime
import importlib
import io
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

SOURCE = Path(__file__).parents[1] / "src" / "dragoman"
LOCALES = SOURCE / "console" / "locale"
POT = LOCALES / "console.pot"
LANGUAGES = ("hi", "ar")
PHONE = SOURCE / "emulators" / "phone"
TEMPLATES = (SOURCE / "console" / "templates", SOURCE / "ui" / "templates", PHONE / "templates")
SCRIPTS = (SOURCE / "console" / "static", PHONE / "static")
# No page shows what these say: the command line, the conformance kit, consoles that imitate a
# partner's own, and what is said before there is a page.
UNSEEN = ("cli", "conform", "emulators", "settings.py", "setting_values.py", "observe.py", "app.py")
SEEN = ("emulators/phone",)
TITLES = ("page", "_page")  # functions that take the title of a page as their third argument
# Functions that are told what people call a part of a message, and at which place.
NAMED = {
    "within": 0, "filled": 0, "counted": 0, "unique": 0, "web_link": 0, "one_of": 0, "between": 0,
    "matched": 0, "degrees": 0, "check": 0, "_captioned": 0, "_known": 0, "_body": 1, "May": 3,
    "Need": 3, "placed": 2, "_no_place": -1,
}  # fmt: skip
# What else in a partner's refusal is words of ours: as an argument, or a local of that name.
TOLD = frozenset({"field", "rule", "part", "where"})
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
    for words, place in (*_of_templates(), *_of_modules(), *_of_scripts(), *_registered()):
        texts = (words,) if isinstance(words, str) else words
        braces = any("{" in text for text in texts)
        flags = ("python-brace-format",) if braces and place.endswith(".py") else ()
        catalog.add(words, locations=[(place, 0)], flags=flags)
    return catalog


Words = str | tuple[str, str]


def _of_templates() -> Iterator[tuple[Words, str]]:
    for folder in TEMPLATES:
        for file in sorted(folder.glob("*.html")):
            with file.open("rb") as stream:
                found = babel_extract(stream, ("_", "gettext", "ngettext"), (), _OPTIONS)
                for _, function, message, _ in found:
                    parts = [message] if isinstance(message, str) else list(message)
                    known = [one for one in parts if isinstance(one, str)]
                    if known:
                        many = function == "ngettext"
                        yield (known[0], known[1]) if many else known[0], _name(file)


def _of_modules() -> Iterator[tuple[Words, str]]:
    for file in sorted(SOURCE.rglob("*.py")):
        if _seen(_name(file)):
            tree = ast.parse(file.read_bytes())
            refusals = _of_refusals(tree) if _name(file).startswith("partners/") else ()
            yield from ((text, _name(file)) for text in (*_of_module(tree), *refusals))


def _of_scripts() -> Iterator[tuple[Words, str]]:
    from dragoman.ui.languages import said_by_scripts

    for folder in SCRIPTS:
        for file in sorted(folder.glob("*.js")):
            once, counted = said_by_scripts([file])
            for words in (*sorted(once), *sorted(counted)):
                yield words, _name(file)


def _seen(name: str) -> bool:
    return name.startswith(SEEN) or not name.startswith(UNSEEN)


@cache
def _registered() -> tuple[tuple[Words, str], ...]:
    """What modules say when they are imported. A fresh interpreter tells, because here others may
    be imported that no page needs, and nobody saw who said what."""
    root = SOURCE.parents[1]
    run = [sys.executable, "-m", "tools.words", "registered"]
    told = subprocess.run(run, cwd=root, check=True, capture_output=True).stdout
    return tuple(
        (words if isinstance(words, str) else (words[0], words[1]), place)
        for words, place in json.loads(told)
    )


def registered() -> list[tuple[Words, str]]:
    """The sentences and the partners' metadata, each with its file, of a program that has imported
    nothing yet."""
    from dragoman.domain import sentences

    found = [(words, "domain/sentences.py") for words in sentences.known().values()]
    register = sentences.words

    def heard(table: Mapping[str, Words]) -> None:
        place = sys._getframe(1).f_globals["__file__"]
        found.extend((words, _name(Path(place))) for words in table.values())
        register(table)

    sentences.words = heard
    import dragoman

    for module in pkgutil.walk_packages(dragoman.__path__, "dragoman."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return [one for one in (*found, *_metadata()) if one[0] and _seen(one[1])]


def _metadata() -> Iterator[tuple[Words, str]]:
    from dragoman.emulators.kit.faults import Fault
    from dragoman.emulators.phone.routes import SHOWN
    from dragoman.partners._cloud.limits import COUNTS, LIMITS
    from dragoman.partners.registry import PARTNERS, partner

    counted = (name.removeprefix("template ") for name in COUNTS)
    yield from ((text, "partners/_cloud/limits.py") for text in (*LIMITS, *counted))
    yield from ((text, "emulators/phone/routes.py") for text in SHOWN)
    for name, path in PARTNERS.items():
        talker = partner(name)
        place = path.removeprefix("dragoman.").replace(".", "/")
        texts = [*_fields(talker.SETTINGS), talker.LETTER]
        texts += [text for give in talker.GIVES for text in (give.label, give.where_to_paste)]
        yield from ((text, place) for text in texts)
    for module in list(sys.modules.values()):
        if module.__name__.startswith("dragoman.emulators."):
            for value in vars(module).values():
                faults = value if isinstance(value, tuple) else ()
                yield from ((one.label, "emulators/phone") for one in faults
                            if isinstance(one, Fault))  # fmt: skip


def _fields(fields: Iterable[Any]) -> Iterator[str]:
    for field in fields:
        yield from (field.label, field.help, field.where_to_find, field.key_label)
        yield from (text for _, text in field.choices)
        yield from _fields(field.fields)


_OPTIONS = {"newstyle_gettext": "true", "silent": "false", "encoding": "utf-8"}


def _name(file: Path) -> str:
    return file.relative_to(SOURCE).as_posix()


def _of_module(tree: ast.AST) -> Iterator[str]:
    """Titles of pages, and terms."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id == "term" and node.args:
            yield from _texts(node.args[0])
        elif node.func.id in TITLES and len(node.args) > 2:
            yield from _texts(node.args[2])


def _of_refusals(tree: ast.AST) -> Iterator[str]:
    """What partners call the parts of a message, and what they say is wrong with them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            if any(isinstance(to, ast.Name) and to.id in TOLD for to in node.targets):
                yield from _texts(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            place = NAMED.get(node.func.id)
            if place is not None and len(node.args) > place:
                yield from _texts(node.args[place])
            if node.func.id == "matched":
                yield from _texts(node.args[3])
            if node.func.id == "refuse":
                for one in node.keywords:
                    if one.arg in TOLD:
                        yield from _texts(one.value)


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value


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
    if sys.argv[1:] == ["registered"]:
        print(json.dumps(registered()))  # noqa: T201
        return
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
