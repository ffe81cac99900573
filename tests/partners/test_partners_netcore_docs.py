"""The page docs/partners/netcore.md says what the code does.

After a change: `.venv/bin/python tests/partners/test_partners_netcore_docs.py` writes it anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from test_partners_cloud_docs import row, table

from dragoman.domain.sentences import known
from dragoman.partners import netcore, plain
from dragoman.partners.contract import Field

PAGE = Path(__file__).parent.parent.parent / "docs" / "partners" / "netcore.md"


def fields(given: Sequence[Field], before: str = "") -> list[str]:
    rows = []
    for field in given:
        needed = " (needed)" if field.required else ""
        default = f" Default: `{field.default}`." if isinstance(field.default, str) else ""
        secret = " Secret." if field.kind == "secret" else ""
        most = f" At most {field.most}." if field.most else ""
        what = f"{field.help}{secret}{default}{most}"
        name = f"`{before}{field.name}`"
        rows.append(row(f"{field.label}{needed}", name, what, field.where_to_find))
        rows += fields(field.fields, f"{field.name}.NUMBER.")
    return rows


def settings() -> str:
    head = row("setting", "name", "what it is", "where to find it")
    return table(head, *fields(netcore.SETTINGS))


def gives() -> str:
    rows = [row("ours", "where to paste it")]
    return table(*rows, *(row(give.label, give.where_to_paste) for give in netcore.GIVES))


def capabilities() -> str:
    rows = [row("kind", "at Netcore", "how")]
    for kind, ability in netcore.CAPABILITIES[""].items():
        assert not ability.rule or ability.rule in plain.RULES
        how = known()[f"plain_{ability.rule}"] if ability.rule else ability.note
        rows.append(row(f"`{kind}`", ability.capability, how))
    return table(*rows)


def native() -> str:
    return "\n".join(f"- {shape}: {where}." for shape, where in netcore.NATIVE_SHAPES)


def errors() -> str:
    rows = [row("code", "means", "holds", "again", "what Dragoman says")]
    for key, meant in netcore.ERRORS.items():
        words = re.sub(r"\{\w+\}", "…", meant.text)
        again = "yes" if meant.retryable else "no"
        rows.append(row(key, meant.code, meant.concerns, again, words))
    return table(*rows)


def not_confirmed() -> str:
    return "\n".join(f"- **{what}.** {where}" for what, where in netcore.NOT_CONFIRMED)


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


def test_what_is_not_confirmed_has_a_place_in_the_code() -> None:
    folder = Path(netcore.__file__).parent
    for _, where in netcore.NOT_CONFIRMED:
        for module, name in re.findall(r"\b([a-z_]+)\.(?:Settings\.)?([A-Za-z_]+)\b", where):
            source = folder / f"{module}.py"
            assert name in source.read_text(encoding="utf-8"), where


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
