"""The parts of docs/partners/*.md that are made from the code, and the page with them in it.

A part stands between the lines `<!-- NAME: generated -->` and `<!-- /NAME -->`.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dragoman.domain.sentences import Sentence, say
from dragoman.partners import plain
from dragoman.partners.contract import Ability, Field

DOCS = Path(__file__).parents[2] / "docs" / "partners"
# `module.name`, `module.Class.name`, `_cloud/module.name`, or a module alone.
_PLACE = re.compile(r"\b(_cloud/)?(_?[a-z]\w*)((?:\.\w+)*)")


def row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def table(*rows: str) -> str:
    columns = rows[0].count("|") - 1
    return "\n".join((rows[0], "|" + "---|" * columns, *rows[1:]))


PARTS = ("settings", "gives", "capabilities", "native", "errors", "not-confirmed")


class Page:
    """`parts`: those of the page, by their names; `more`: such as this partner alone has."""

    def __init__(
        self,
        partner: Any,
        parts: Sequence[str] = PARTS,
        more: Mapping[str, Callable[[], str]] | None = None,
    ) -> None:
        self.partner = partner
        self.file = DOCS / f"{partner.NAME}.md"
        makes = {name: getattr(self, name.replace("-", "_")) for name in parts}
        self._parts: dict[str, Callable[[], str]] = makes | dict(more or {})

    @property
    def text(self) -> str:
        return self.file.read_text(encoding="utf-8")

    def write(self) -> None:
        self.file.write_text(self.made(), encoding="utf-8")

    def made(self) -> str:
        """The page as it should be."""
        text = self.text
        for name, make in self._parts.items():
            marks = re.search(rf"<!-- {name}: [^\n]*-->\n().*?()<!-- /{name} -->", text, re.S)
            assert marks is not None, name
            text = f"{text[: marks.start(1)]}{make()}\n{text[marks.start(2) :]}"
        return text

    # --- parts -----------------------------------------------------------------------------------

    def settings(self) -> str:
        head = row("setting", "name", "what it is", "where to find it")
        return table(head, *_fields(self.partner.SETTINGS))

    def gives(self) -> str:
        given = (row(give.label, give.where_to_paste) for give in self.partner.GIVES)
        return table(row("ours", "where to paste it"), *given)

    def letter(self) -> str:
        return f"```\n{self.partner.LETTER}```"

    def capabilities(self) -> str:
        dialects = [
            (name, re.split("[:,]", label or self.partner.LABEL)[0])
            for name, label in self.partner.DIALECTS
        ]
        rows = [row("kind", *(label for _, label in dialects), "how, or why not")]
        for kind in self.partner.CAPABILITIES[dialects[0][0]]:
            found = {label: self.partner.CAPABILITIES[name][kind] for name, label in dialects}
            rows.append(row(f"`{kind}`", *(a.capability for a in found.values()), _how(found)))
        return table(*rows)

    def native(self) -> str:
        given = (row(shape, goes) for shape, goes in self.partner.NATIVE_SHAPES)
        return table(row("object", "where it goes"), *given)

    def errors(self) -> str:
        rows = [row("code", "means", "holds", "again", "what Dragoman says")]
        for key, known in self.partner.ERRORS.items():
            wait = f", after {known.wait:g} s" if known.wait else ""
            again = f"yes{wait}" if known.retryable else "no"
            words = re.sub(r"\{\w+\}", "…", known.text)
            rows.append(row(key, known.code, known.concerns, again, words))
        return table(*rows)

    def not_confirmed(self) -> str:
        return "\n".join(f"- **{what}.** {where}" for what, where in self.partner.NOT_CONFIRMED)

    # --- what it promises ------------------------------------------------------------------------

    def check_places(self, every: bool = False, marked: bool = False) -> None:
        """What is not confirmed ends with the modules and names that would have to change, which
        are there. every: each entry names one. marked: the modules say NOT CONFIRMED."""
        for what, where in self.partner.NOT_CONFIRMED:
            places = list(_places(self.partner.__name__, where.rpartition(": ")[2]))
            assert places or not every, what
            for module, names in places:
                value: Any = module
                for name in names:
                    assert hasattr(value, name), (what, module.__name__, name)
                    value = getattr(value, name)
                if marked:
                    source = Path(module.__file__).read_text(encoding="utf-8")
                    assert "NOT CONFIRMED" in source, (what, module.__name__)


def _places(package: str, told: str) -> Iterable[tuple[Any, list[str]]]:
    """The modules that a text names, each with the name in it. A word alone may be just a word."""
    shared = package.rpartition(".")[0]
    for inside, module, names in _PLACE.findall(told):
        path = f"{package}.{module}"
        if inside or module == "absent":
            path = f"{shared}._cloud.{module}" if inside else f"{shared}.{module}"
        try:
            yield importlib.import_module(path), names.split(".")[1:]
        except ModuleNotFoundError:
            assert not inside and not names, (told, path)


def _fields(fields: Iterable[Field], before: str = "", above: frozenset[str] = frozenset()) -> Any:
    """A row for each; those of a group below it, but for what stands in the form itself too."""
    names = frozenset(field.name for field in fields)
    for field in fields:
        if field.name in above:
            continue
        needed = " (needed)" if field.required and field.only_if is None else ""
        what = f"{field.help}{_choices(field)}{_rest(field)}"
        name = f"`{before}{field.name}`"
        yield row(f"{field.label}{needed}", name, what, field.where_to_find)
        member = field.key_label.rpartition(" ")[2].upper()
        yield from _fields(field.fields, f"{field.name}.{member}.", names)


def _choices(field: Field) -> str:
    if field.kind != "choice":
        return ""
    told = (f"`{v}`" + (f": {label}" if label != v else "") for v, label in field.choices)
    return f" One of {'; '.join(told)}."


def _rest(field: Field) -> str:
    secret = " Secret." if field.kind == "secret" else ""
    default = f" Default: `{field.default}`." if isinstance(field.default, str) else ""
    default = " Default: on." if field.default is True else default
    most = f" At most {field.most}." if field.most else ""
    when = ""
    if field.only_if is not None:
        name, values = field.only_if
        needed = "Needed with" if field.required else "Only with"
        when = f" {needed} `{name}` {' or '.join(f'`{value}`' for value in values)}."
    return f"{secret}{default}{most}{when}"


def _how(found: Mapping[str, Ability]) -> str:
    """How a kind is said, or why not; what holds for several dialects is said once."""
    by_words: dict[str, list[str]] = {}
    for label, ability in found.items():
        said = ability.note
        if ability.rule:
            assert ability.rule in plain.RULES
            said = say(Sentence(f"plain_{ability.rule}")).removesuffix(".")
        if said:
            by_words.setdefault(said, []).append(label)
    return "; ".join(
        said if len(labels) == len(found) else f"{', '.join(labels)}: {said}"
        for said, labels in by_words.items()
    )
