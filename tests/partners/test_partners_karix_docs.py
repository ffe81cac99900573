"""docs/partners/karix.md says what the code does.

After a change: `.venv/bin/python tests/partners/test_partners_karix_docs.py` writes it anew.
"""

from __future__ import annotations

import re
from pathlib import Path

from test_partners_cloud_docs import row, table

from dragoman.domain.sentences import Sentence, say
from dragoman.partners import karix, plain

PAGE = Path(__file__).parent.parent.parent / "docs" / "partners" / "karix.md"


def settings() -> str:
    rows = [row("setting", "name", "what it is", "where to find it")]
    for field in karix.SETTINGS:
        needed = " (needed)" if field.required else ""
        default = f" Default: `{field.default}`." if isinstance(field.default, str) else ""
        secret = " Secret." if field.kind == "secret" else ""
        what = f"{field.help}{secret}{default}"
        rows.append(row(f"{field.label}{needed}", f"`{field.name}`", what, field.where_to_find))
    return table(*rows)


def gives() -> str:
    rows = [row("ours", "where to paste it")]
    return table(*rows, *(row(give.label, give.where_to_paste) for give in karix.GIVES))


def letter() -> str:
    return f"```\n{karix.LETTER}```"


def capabilities() -> str:
    rows = [row("kind", "Karix", "how, or why not")]
    for kind, ability in karix.CAPABILITIES[""].items():
        how = ability.note
        if ability.rule:
            assert ability.rule in plain.RULES
            how = say(Sentence(f"plain_{ability.rule}"))
        rows.append(row(kind, ability.capability, how))
    return table(*rows)


def native() -> str:
    rows = [row("object", "where it goes")]
    return table(*rows, *(row(shape, goes) for shape, goes in karix.NATIVE_SHAPES))


def errors() -> str:
    rows = [row("code", "means", "holds", "again", "what Dragoman says")]
    for key, known in karix.ERRORS.items():
        again = "yes" if known.retryable else "no"
        words = known.text.replace("{said}", "…")
        rows.append(row(key, known.code, known.concerns, again, words))
    return table(*rows)


def not_confirmed() -> str:
    return "\n".join(f"- **{what}.** {where}" for what, where in karix.NOT_CONFIRMED)


def page() -> str:
    text = PAGE.read_text(encoding="utf-8")
    parts = {
        "settings": settings(),
        "gives": gives(),
        "letter": letter(),
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


def test_what_is_not_confirmed_names_a_place_that_there_is() -> None:
    """Each entry ends with the modules and names that would have to change."""
    for what, where in karix.NOT_CONFIRMED:
        places = re.findall(r"\b(_?[a-z]\w*)(?:[./](_?\w+))?", where.rpartition(": ")[2])
        assert places, what
        for module, name in places:
            if module in ("_cloud", "absent"):
                continue
            made = __import__(f"dragoman.partners.karix.{module}", fromlist=[module])
            assert not name or hasattr(made, name), (what, module, name)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
