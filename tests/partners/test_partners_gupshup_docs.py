"""docs/partners/gupshup.md says what the code does.

After a change: `.venv/bin/python tests/partners/test_partners_gupshup_docs.py` writes it anew.
"""

from __future__ import annotations

import json

from partner_page import DOCS, PARTS, Page, row, table

from dragoman.partners import gupshup
from dragoman.partners.contract import Outcome
from dragoman.partners.gupshup.settings import TEMPLATE_FIELDS

SCRIPT = DOCS.parents[1] / "tests" / "fixtures" / "gupshup" / "native" / "document_with_text.js"

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


def script() -> str:
    return f"```js\n{SCRIPT.read_text(encoding='utf-8').rstrip()}\n```"


PAGE = Page(gupshup, (*PARTS, "letter"), {"answers": answers, "script": script})


def test_the_page_says_what_the_code_does() -> None:
    assert PAGE.text == PAGE.made()


def test_the_page_names_the_fields_of_a_template() -> None:
    for field in TEMPLATE_FIELDS:
        assert f"`templates.NAME.{field.name}`" in PAGE.text


def test_the_script_is_the_one_that_both_texts_come_from() -> None:
    kept = json.loads((SCRIPT.parent / "document_both.json").read_text(encoding="utf-8"))
    for name in kept["payload"]:
        assert name in SCRIPT.read_text(encoding="utf-8")


def test_what_is_not_confirmed_names_a_place_that_there_is() -> None:
    PAGE.check_places()


if __name__ == "__main__":
    PAGE.write()
