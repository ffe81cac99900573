"""docs/partners/infobip.md says what the code does.

After a change: `.venv/bin/python tests/partners/test_partners_infobip_docs.py` writes it anew.
"""

from __future__ import annotations

from partner_page import Page

from dragoman.partners import infobip

PAGE = Page(infobip)


def test_the_page_says_what_the_code_does() -> None:
    assert PAGE.text == PAGE.made()


def test_what_is_not_confirmed_names_a_place_that_there_is() -> None:
    PAGE.check_places(marked=True)


if __name__ == "__main__":
    PAGE.write()
