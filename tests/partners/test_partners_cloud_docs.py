"""docs/partners/cloud-api.md says what the code does.

After a change: `.venv/bin/python tests/partners/test_partners_cloud_docs.py` writes it anew.
"""

from __future__ import annotations

import re
from pathlib import Path

from dragoman.partners import cloud_api

PAGE = Path(__file__).parent.parent.parent / "docs" / "partners" / "cloud-api.md"


def row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def table(*rows: str) -> str:
    columns = rows[0].count("|") - 1
    return "\n".join((rows[0], "|" + "---|" * columns, *rows[1:]))


def settings() -> str:
    rows = [row("setting", "name", "what it is", "where to find it")]
    for field in cloud_api.SETTINGS:
        needed = " (needed)" if field.required else ""
        default = f" Default: `{field.default}`." if isinstance(field.default, str) else ""
        secret = " Secret." if field.kind == "secret" else ""
        what = f"{field.help}{secret}{default}"
        rows.append(row(f"{field.label}{needed}", f"`{field.name}`", what, field.where_to_find))
    return table(*rows)


def gives() -> str:
    rows = [row("ours", "where to paste it")]
    return table(*rows, *(row(give.label, give.where_to_paste) for give in cloud_api.GIVES))


def errors() -> str:
    rows = [row("code", "means", "holds", "again", "what Dragoman says")]
    for key, known in cloud_api.ERRORS.items():
        wait = f", after {known.wait:g} s" if known.wait else ""
        again = f"yes{wait}" if known.retryable else "no"
        words = known.text.replace("{said}", "…")
        rows.append(row(key, known.code, known.concerns, again, words))
    return table(*rows)


def not_confirmed() -> str:
    return "\n".join(f"- **{what}.** {where}" for what, where in cloud_api.NOT_CONFIRMED)


def page() -> str:
    text = PAGE.read_text(encoding="utf-8")
    parts = {
        "settings": settings(),
        "gives": gives(),
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


def test_each_error_has_words_of_its_own_place() -> None:
    words = [known.text for key, known in cloud_api.ERRORS.items() if key not in ("33", "100/33")]
    assert len(words) == len(set(words))
    assert all(text.endswith((".", "{said}")) for text in words)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
