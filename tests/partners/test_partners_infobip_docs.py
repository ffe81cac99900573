"""docs/partners/infobip.md says what the code does.

After a change: `.venv/bin/python tests/partners/test_partners_infobip_docs.py` writes it anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from test_partners_cloud_docs import row, table

from dragoman.partners import infobip
from dragoman.partners.contract import Ability, Field

PAGE = Path(__file__).parent.parent.parent / "docs" / "partners" / "infobip.md"


def settings() -> str:
    return table(
        row("setting", "name", "what it is", "where to find it"), *_settings(infobip.SETTINGS)
    )


def _settings(fields: Iterable[Field]) -> Iterable[str]:
    for field in fields:
        needed = " (needed)" if field.required and field.only_if is None else ""
        default = f" Default: `{field.default}`." if isinstance(field.default, str) else ""
        secret = " Secret." if field.kind == "secret" else ""
        when = ""
        if field.only_if is not None:
            name, values = field.only_if
            when = f" Only with `{name}` {' or '.join(f'`{value}`' for value in values)}."
        choices = ""
        if field.kind == "choice":
            told = (f"`{value}`" + (f": {label}" if label != value else "")
                    for value, label in field.choices)  # fmt: skip
            choices = f" One of {'; '.join(told)}."
        what = f"{field.help}{choices}{secret}{default}{when}"
        yield row(f"{field.label}{needed}", f"`{field.name}`", what, field.where_to_find)


def gives() -> str:
    rows = [row("ours", "where to paste it")]
    return table(*rows, *(row(give.label, give.where_to_paste) for give in infobip.GIVES))


def _ability(ability: Ability) -> str:
    rule = f" ({ability.rule})" if ability.rule else ""
    note = f": {ability.note}" if ability.note else ""
    return f"{ability.capability}{rule}{note}"


def capabilities() -> str:
    names = [name for name, _ in infobip.DIALECTS]
    rows = [row("kind", *(f"`{name}`: {label}" for name, label in infobip.DIALECTS))]
    rows += [
        row(f"`{kind}`", *(_ability(infobip.CAPABILITIES[name][kind]) for name in names))
        for kind in infobip.CAPABILITIES[names[0]]
    ]
    return table(*rows)


def native() -> str:
    rows = [row("object", "where it goes")]
    return table(*rows, *(row(shape, where) for shape, where in infobip.NATIVE_SHAPES))


def errors() -> str:
    rows = [row("code", "means", "holds", "again", "what Dragoman says")]
    for key, known in infobip.ERRORS.items():
        again = "yes" if known.retryable else "no"
        words = known.text.replace("{said}", "…")
        rows.append(row(key, known.code, known.concerns, again, words))
    return table(*rows)


def not_confirmed() -> str:
    return "\n".join(f"- **{what}.** {where}" for what, where in infobip.NOT_CONFIRMED)


def page() -> str:
    text = PAGE.read_text(encoding="utf-8")
    parts = {
        "settings": settings(),
        "gives": gives(),
        "capabilities": capabilities(),
        "native": native(),
        "errors": errors(),
        "not-confirmed": not_confirmed(),
    }
    for name, made in parts.items():
        marks = re.search(rf"<!-- {name}: [^\n]*-->\n().*?()<!-- /{name} -->", text, re.S)
        assert marks is not None, name
        text = f"{text[: marks.start(1)]}{made}\n{text[marks.start(2) :]}"
    return text


def test_the_page_says_what_the_code_does() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_place_that_is_not_confirmed_exists() -> None:
    """What the list names (`module.name`) is there, so that one line changes with the truth."""
    folder = Path(infobip.__file__).parent
    for what, where in infobip.NOT_CONFIRMED:
        for module, name in re.findall(r"\b([a-z_]+)(?:\.([a-z_]+))?(?=[,.])", where):
            file = folder / f"{module}.py"
            if file.exists():
                source = file.read_text()
                assert not name or f"def {name}(" in source, (what, module, name)
                assert "NOT CONFIRMED" in source, (what, module)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
