"""Every word of the console is collected, and said whole in Hindi and in Arabic."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import msgspec
import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from desk import OWNER, desk
from tools import words

from dragoman.console.render import words_of
from dragoman.domain import sentences
from dragoman.domain.sentences import Sentence, term
from dragoman.ui.languages import for_scripts

pytestmark = pytest.mark.full  # a program for each test

_PLACE = re.compile(r"%\(\w+\)[sd]|\{\w+(?:![rs])?\}|<[^>]+>|`[^`]+`")
# Forms that are for one number only, and may say it in a word.
ONE_NUMBER = {"hi": frozenset[int](), "ar": frozenset({0, 1, 2})}


def test_the_template_is_up_to_date() -> None:
    assert words.POT.read_text("utf-8") == words.text(words.collected()), "run make words"


def _messages(language: str) -> list[Message]:
    with words.po(language).open("rb") as stream:
        return [message for message in read_po(stream, locale=language) if message.id]


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_word_is_translated(language: str) -> None:
    found = {message.id: message for message in _messages(language)}
    wanted = {message.id: message for message in words.collected() if message.id}
    assert set(found) == set(wanted), "run make words"
    lacking = [id for id, message in found.items() if not all(words.strings(message))]
    assert lacking == []
    assert [m.id for m in found.values() if m.fuzzy] == []


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_a_translation_has_the_places_of_its_original(language: str) -> None:
    forms, _ = words.PLURALS[language]
    for message in _messages(language):
        plural = not isinstance(message.id, str)
        last = message.id[-1] if plural else message.id
        said = words.strings(message)
        assert len(said) == (forms if plural else 1), message.id
        for number, text in enumerate(said):
            places = sorted(_PLACE.findall(text))
            if plural and number in ONE_NUMBER[language] and not places:
                continue
            assert places == sorted(_PLACE.findall(last)), message.id
            assert text.endswith(" ") == last.endswith(" "), message.id


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_what_runs_is_what_was_translated(language: str) -> None:
    compiled = words.po(language).with_suffix(".mo").read_bytes()
    assert compiled == words.compiled(words.translated(language)), "run make words"


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [
        ("hi", 0, "0 फ़ाइल"),
        ("hi", 1, "1 फ़ाइल"),
        ("hi", 2, "2 फ़ाइलें"),
        ("ar", 0, "لا ملفات"),
        ("ar", 1, "ملف واحد"),
        ("ar", 2, "ملفان"),
        ("ar", 3, "3 ملفات"),
        ("ar", 11, "11 ملفًا"),
        ("ar", 100, "100 ملف"),
        ("ar", 103, "103 ملفات"),
    ],
)
def test_plural_forms(language: str, number: int, said: str) -> None:
    found = gettext.translation("console", words.LOCALES, [language])
    text = found.ngettext("%(num)d file", "%(num)d files", number)
    assert text % {"num": number} == said


async def test_pages_speak_the_language_that_was_chosen(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.person("owner", OWNER)
        arabic = await d.get("/signin", **{"Accept-Language": "ar-EG,ar;q=0.9,en;q=0.5"})
        assert '<html lang="ar" dir="rtl"' in arabic.html and "تسجيل الدخول" in arabic.text
        assert (await d.get("/language/hi?next=/signin")).to == "/signin"
        hindi = await d.post("/signin", {"email": OWNER, "password": "wrong", "next": "/"})
        assert '<html lang="hi" dir="ltr"' in hindi.html
        assert "ई-मेल पता और पासवर्ड मेल नहीं खाते।" in hindi.text
        await d.sign_in()
        unknown = await d.post("/settings/people/invite", {"role": "<king>"})
        assert "'<king>' कोई भूमिका नहीं" in unknown.text and "<king>" not in unknown.html


async def test_an_untranslated_language_is_english(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.person("owner", OWNER)
        seen = await d.get("/signin", **{"Accept-Language": "eo"})
        assert '<html lang="en" dir="ltr"' in seen.html and "Sign in" in seen.text


def test_words_of_a_partner_that_are_not_translated_yet_are_english() -> None:
    words_of_it = {"sixth_full": "The box of {number} is full: {why}", "sixth_why": "it rains."}
    sentences.words(words_of_it)
    told = Sentence("sixth_full", {"number": "7", "why": Sentence("sixth_why")})
    assert words_of(told, "hi") == words_of(told, "en") == "The box of 7 is full: it rains."
    assert words_of(term("Colour of the box"), "ar") == "Colour of the box"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "It was answered with 3 messages; the first, out-1, is delivered."),
        ("hi", "3 संदेश"),
        ("ar", "3 رسائل"),
    ],
)
def test_what_fills_a_sentence_is_said_in_its_language(language: str, said: str) -> None:
    count = Sentence("count_messages", {"n": 3})
    told = Sentence("why_in_answered", {"n": count, "id": "out-1", "status": term("delivered")})
    assert said in words_of(told, language)
    stored = msgspec.json.decode(msgspec.json.encode(told), type=Sentence)
    assert words_of(stored, language) == words_of(told, language)


def test_a_script_is_given_each_plural_form() -> None:
    assert for_scripts("en", {"Send"}, {("{n} day", "{n} days")}) == {}
    said = for_scripts("ar", {"Send", "never collected"}, {("{n} day", "{n} days")})
    assert said["Send"] == "أرسل" and "never collected" not in said
    assert said["{n} day"] == ["{n} يوم", "يوم واحد", "يومان", "{n} أيام", "{n} يومًا", "{n} يوم"]
