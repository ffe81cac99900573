"""docs/partners/gupshup.md says what the code does.

After a change: `.venv/bin/python tests/partners/test_partners_gupshup_docs.py` writes it anew.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from test_partners_cloud_docs import row, table

from dragoman.domain.sentences import Sentence, say
from dragoman.partners import gupshup, plain
from dragoman.partners.contract import Field, Outcome
from dragoman.partners.gupshup.settings import TEMPLATE_FIELDS

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "partners" / "gupshup.md"
SCRIPT = ROOT / "tests" / "fixtures" / "gupshup" / "native" / "document_with_text.js"
_LABELS = {"enterprise": "Enterprise", "access": "Access API", "v3": "v3"}


def setting(field: Field, before: str = "") -> str:
    needed = " (needed)" if field.required else ""
    only = ""
    if field.only_if is not None:
        only = ", ".join(_LABELS[name] for name in field.only_if[1])
    default = f" Default: `{field.default}`." if isinstance(field.default, str) else ""
    secret = " Secret." if field.kind == "secret" else ""
    what = f"{field.help}{secret}{default}"
    return row(f"{field.label}{needed}", f"`{before}{field.name}`", only, what, field.where_to_find)


def settings() -> str:
    rows = [row("setting", "name", "only for", "what it is", "where to find it")]
    for field in gupshup.SETTINGS:
        rows.append(setting(field))
        rows += [setting(inner, f"{field.name}.NAME.") for inner in field.fields]
    return table(*rows)


def gives() -> str:
    rows = [row("ours", "where to paste it")]
    return table(*rows, *(row(give.label, give.where_to_paste) for give in gupshup.GIVES))


def letter() -> str:
    return f"```\n{gupshup.LETTER}```"


# The table of the page that describes the channel, and what of ours each row is.
ANSWERS = (
    ("Authorization header is missing", Outcome.NO_TOKEN),
    ("Authorization header is incorrect", Outcome.WRONG_TOKEN),
    ("JSON request body is missing", Outcome.INVALID),
    ("Invalid stream id in the request URL", Outcome.UNKNOWN),
    ('Missing "mobile" field in the request body', Outcome.INVALID),
)


def answers() -> str:
    rows = [row("scenario", "status code", "message")]
    for scenario, outcome in ANSWERS:
        told = gupshup.answer(outcome)
        rows.append(row(scenario, str(told.status), told.body.decode()))
    return table(*rows)


def capabilities() -> str:
    rows = [row("kind", *(_LABELS[name] for name, _ in gupshup.DIALECTS), "how, or why not")]
    for kind in gupshup.CAPABILITIES["enterprise"]:
        found = [gupshup.CAPABILITIES[name][kind] for name, _ in gupshup.DIALECTS]
        how = []
        for ability, (name, _) in zip(found, gupshup.DIALECTS, strict=True):
            said = ability.note
            if ability.rule:
                assert ability.rule in plain.RULES
                said = say(Sentence(f"plain_{ability.rule}")).removesuffix(".")
            if said:
                how.append((_LABELS[name], said))
        rows.append(row(kind, *(one.capability for one in found), _joined(how)))
    return table(*rows)


def _joined(how: list[tuple[str, str]]) -> str:
    """What holds for several dialects is said once."""
    by_words: dict[str, list[str]] = {}
    for label, said in how:
        by_words.setdefault(said, []).append(label)
    return "; ".join(f"{', '.join(labels)}: {said}" for said, labels in by_words.items())


def native() -> str:
    rows = [row("object", "where it goes")]
    return table(*rows, *(row(shape, goes) for shape, goes in gupshup.NATIVE_SHAPES))


def script() -> str:
    return f"```js\n{SCRIPT.read_text(encoding='utf-8').rstrip()}\n```"


def errors() -> str:
    rows = [row("code", "means", "holds", "again", "what Dragoman says")]
    for key, known in gupshup.ERRORS.items():
        again = "yes" if known.retryable else "no"
        words = known.text.replace("{said}", "…")
        rows.append(row(key, known.code, known.concerns, again, words))
    return table(*rows)


def not_confirmed() -> str:
    return "\n".join(f"- **{what}.** {where}" for what, where in gupshup.NOT_CONFIRMED)


def page() -> str:
    text = PAGE.read_text(encoding="utf-8")
    parts = {
        "settings": settings(),
        "gives": gives(),
        "letter": letter(),
        "answers": answers(),
        "capabilities": capabilities(),
        "native": native(),
        "script": script(),
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


def test_the_page_names_the_fields_of_a_template() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for field in TEMPLATE_FIELDS:
        assert f"`templates.NAME.{field.name}`" in text


def test_the_script_is_the_one_that_both_texts_come_from() -> None:
    kept = json.loads((SCRIPT.parent / "document_both.json").read_text(encoding="utf-8"))
    for name in kept["payload"]:
        assert name in SCRIPT.read_text(encoding="utf-8")


def test_what_is_not_confirmed_names_a_place_that_there_is() -> None:
    """Each entry that ends with modules and names has ones that there are."""
    for what, where in gupshup.NOT_CONFIRMED:
        for module, name in re.findall(r"\b([a-z_]+)\.(_?\w+)", where.rpartition(": ")[2]):
            made = __import__(f"dragoman.partners.gupshup.{module}", fromlist=[module])
            assert hasattr(made, name), (what, module, name)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
