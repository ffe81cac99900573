"""docs/partners/cloud-api.md says what the code does.

After a change: `.venv/bin/python tests/partners/test_partners_cloud_docs.py` writes it anew.
"""

from __future__ import annotations

from partner_page import Page

from dragoman.partners import cloud_api

PAGE = Page(cloud_api, ("settings", "gives", "errors", "not-confirmed"))


def test_the_page_says_what_the_code_does() -> None:
    assert PAGE.text == PAGE.made()


def test_each_error_has_words_of_its_own_place() -> None:
    words = [known.text for key, known in cloud_api.ERRORS.items() if key not in ("33", "100/33")]
    assert len(words) == len(set(words))
    assert all(text.endswith((".", "{said}")) for text in words)


def test_what_is_not_confirmed_names_a_place_that_there_is() -> None:
    PAGE.check_places()


if __name__ == "__main__":
    PAGE.write()
