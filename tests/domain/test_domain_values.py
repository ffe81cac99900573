"""Identity, ids, sentences, and the configuration as it is stored."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.domain import config as configs
from dragoman.domain.clock import Clock, FixedClock, Ids, id_number, id_text
from dragoman.domain.config import AgentConfig, AppConfig, ChannelConfig
from dragoman.domain.identity import (
    Bsuid,
    Person,
    Phone,
    read_phone,
    read_recipient,
    variants,
)
from dragoman.domain.sentences import Sentence, SentenceError, known, say, words

# --- identity ------------------------------------------------------------------------------------

phones = st.from_regex(r"[1-9][0-9]{4,14}", fullmatch=True).map(Phone)
bsuids = st.from_regex(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,40}", fullmatch=True).map(Bsuid)


@given(phones, bsuids)
def test_a_phone_and_a_bsuid_are_never_confused(phone: Phone, bsuid: Bsuid) -> None:
    assert {phone, bsuid} == {bsuid, phone} and len({phone, bsuid}) == 2
    assert read_recipient(str(phone)) == phone
    assert read_recipient(str(bsuid)) == bsuid
    with pytest.raises(SentenceError):
        read_phone(str(bsuid))
    with pytest.raises(SentenceError):
        Bsuid(phone.digits)
    assert Person(phone=phone, bsuid=bsuid).recipient == phone
    assert Person(bsuid=bsuid).recipient == bsuid
    decoded = msgspec.json.decode(msgspec.json.encode([phone, bsuid]), type=list[Phone | Bsuid])
    assert decoded == [phone, bsuid]


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("+1 202 555 0142", "12025550142"),
        ("+1 (202) 555-0142", "12025550142"),
        ("12025550142", "12025550142"),
        ("\u202a+91 98765\u00a043210\u202c", "919876543210"),
    ],
)
def test_phones_are_read_as_people_write_them(text: str, digits: str) -> None:
    assert read_phone(text) == Phone(digits)


@pytest.mark.parametrize(
    "text", ["", "+", "1234", "1" * 16, "US.13491208655302741918", "+12o2", "१२३४५६७", "++12345678"]
)
def test_what_is_no_phone_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(SentenceError) as caught:
        read_phone(text)
    assert caught.value.sentence == Sentence("phone_wrong", {"value": text})
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["us.1", "U.1", "US1", "US.", "US.1 2", "US.é", "US." + "1" * 129])
def test_what_is_no_bsuid_is_refused(text: str) -> None:
    with pytest.raises(SentenceError):
        Bsuid(text)


def test_a_parent_bsuid_is_told_apart() -> None:
    assert Bsuid("US.ENT.11815799212886844830").is_parent
    assert not Bsuid("US.13491208655302741918").is_parent


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5511987654321", "551187654321"),  # Brazil: with the ninth digit, and without
        ("5521996123456", "552196123456"),
        ("5215512345678", "525512345678"),  # Mexico: 521 and 52
        ("5491123456789", "541123456789"),  # Argentina: 549 and 54
    ],
)
def test_one_subscriber_in_two_spellings(one: str, other: str) -> None:
    assert variants(Phone(one)) == (Phone(other),)
    assert variants(Phone(other)) == (Phone(one),)


@pytest.mark.parametrize(
    "digits",
    [
        "551132345678",  # a landline in São Paulo: there is no ninth digit to add
        "552122345678",
        "554155345678",
        "5511912345678",  # nine, but what would be left is a landline's
        "12025550142",
        "919876543210",
        "5411234567",
    ],
)
def test_landlines_and_other_countries_have_one_spelling(digits: str) -> None:
    assert variants(Phone(digits)) == ()


@given(phones)
def test_a_variant_of_a_variant_is_the_number(phone: Phone) -> None:
    for other in variants(phone):
        assert variants(other) == (phone,)
        assert other != phone


# --- ids and clocks ------------------------------------------------------------------------------


def test_ids_rise_and_are_unique_over_threads() -> None:
    ids = Ids()
    made: list[list[int]] = [[] for _ in range(4)]

    def work(mine: list[int]) -> None:
        mine.extend(ids.new() for _ in range(5_000))

    threads = [threading.Thread(target=work, args=(mine,)) for mine in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = [i for mine in made for i in mine]
    assert len(set(together)) == 20_000
    assert all(mine == sorted(mine) for mine in made)
    assert all(0 < i < 1 << 63 for i in together)


def test_ids_of_two_processes_differ() -> None:
    a, b = Ids(node=1), Ids(node=2)
    assert {a.new() for _ in range(1000)}.isdisjoint({b.new() for _ in range(1000)})


@given(st.integers(0, (1 << 63) - 1))
def test_an_id_survives_being_read_aloud(number: int) -> None:
    text = id_text(number)
    assert id_number(text) == number
    assert id_number(text.lower().replace("1", "l").replace("0", "o")) == number
    assert not set("ILOU") & set(text)


def test_no_id() -> None:
    with pytest.raises(ValueError, match="no letter of an id"):
        id_number("7F3K-2M")


def test_business_time_moves_and_the_machine_s_does_not() -> None:
    clock = Clock()
    before = clock.real()
    clock.move(7 * 86_400_000)
    assert clock.now() - clock.real() >= 7 * 86_400_000 - 5
    assert before <= clock.real()
    fixed = FixedClock(1000)
    fixed.move(5)
    assert fixed.now() == 1005


# --- sentences -----------------------------------------------------------------------------------


def test_a_sentence_without_words_shows_what_it_has() -> None:
    assert say(Sentence("no_such_sentence", {"a": 1, "b": "दो"})) == "no_such_sentence(a=1, b=दो)"


def test_a_missing_argument_never_breaks_a_page() -> None:
    assert say(Sentence("phone_wrong")).startswith("'?' is not a phone number")


def test_an_id_has_one_wording() -> None:
    words({"phone_wrong": known()["phone_wrong"]})
    with pytest.raises(ValueError, match="'phone_wrong' is taken"):
        words({"phone_wrong": "something else"})


# --- configuration -------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=40)
@given(
    st.builds(
        AppConfig,
        agent=st.builds(
            AgentConfig, st.sampled_from(["none", "python", "script"]), st.text(), st.text()
        ),
        channel=st.builds(
            ChannelConfig,
            partner=st.text(),
            enabled=st.booleans(),
            values=st.dictionaries(st.text(), st.dictionaries(st.text(), json_values)),
            share_sessions=st.booleans(),
        ),
        fallback=st.text(),
        debounce_ms=st.integers(0, 60_000),
    )
)
def test_a_configuration_comes_back_as_it_was(config: AppConfig) -> None:
    assert configs.decode(configs.encode(config)) == config


def test_defaults_are_not_written_and_strangers_are_ignored() -> None:
    assert configs.encode(AppConfig()) == "{}"
    newer: dict[str, Any] = {"debounce_ms": 5, "a_setting_of_tomorrow": True}
    assert configs.decode(msgspec.json.encode(newer)) == AppConfig(debounce_ms=5)
