"""Settings as people paste them out of a mail: what is read, each slip with its own sentence, what
is missing."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest
from partner_cases import labelled

from dragoman.domain.sentences import Sentence, known, say
from dragoman.partners import karix
from dragoman.partners.contract import Complaint, Partner
from dragoman.partners.registry import partner

KEY = "MDEyMzQ1Njc4OWFiY2RlZg=="
GOOD: dict[str, Any] = {"number": "+91 88000 00000", "account_key": KEY}


def read(**changes: Any) -> tuple[karix.Settings, list[Complaint]]:
    settings, complaints = karix.read_settings({**GOOD, **changes})
    return settings, list(complaints)


def test_good_values_are_read() -> None:
    settings, complaints = read(
        sender=918899999999,
        vendor=" Tanla Platforms ",
        header_name="X-Webhook-Secret",
        header_value=" Bearer 0123456789 ",
        base_url="rcmapisandbox.instaalerts.zone/",
        webhook_dn_id="SANDBOXDEMO123",
    )
    assert complaints == []
    assert settings == karix.Settings(
        number="918800000000",
        account_key=KEY,
        sender="918899999999",
        vendor="Tanla Platforms",
        base_url="https://rcmapisandbox.instaalerts.zone",
        webhook_dn_id="SANDBOXDEMO123",
        header_name="X-Webhook-Secret",
        header_value="Bearer 0123456789",
    )
    assert list(karix.numbers(settings)) == ["918800000000"]
    assert list(karix.missing(settings)) == []
    stored = msgspec.json.encode(settings)
    assert msgspec.json.decode(stored, type=karix.Settings) == settings


@pytest.mark.parametrize(
    "number", ["+91 88000 00000", "00918800000000", "918800000000", 918800000000]
)
def test_numbers_in_every_spelling(number: Any) -> None:
    assert read(number=number)[0].number == "918800000000"


@pytest.mark.parametrize("key", ["TESTKARIXKEY==", f" {KEY}\n", "abcd1234abcd1234abcd1234abcd1234"])
def test_keys_of_other_lengths_are_let_through(key: str) -> None:
    settings, complaints = read(account_key=key)
    assert (settings.account_key, complaints) == (key.strip(), [])


def test_defaults() -> None:
    settings, complaints = karix.read_settings({})
    assert (settings, list(complaints)) == (karix.Settings(), [])
    assert settings.base_url == "https://rcmapi.instaalerts.zone"
    for empty in (None, "", "  "):
        assert read(sender=empty, vendor=empty, base_url=empty, webhook_dn_id=empty)[1] == []
    emulated = "http://127.0.0.1:8400/emulated/karix"
    assert read(base_url=emulated)[0].base_url == emulated


HEADER, VALUE = {"label": "Name of the webhook header"}, {"label": "Value of the webhook header"}
PHONE, FROM = {"label": "Phone Number"}, {"label": "From"}
ACCOUNT, VENDOR = {"label": "Account Key"}, {"label": "Vendor"}
BASE = {"label": "Base URL", "example": "rcmapi.instaalerts.zone"}
DN = {"label": "webHookDNId"}
WRONG_NUMBERS = [
    ("98800 00000", "form_number_no_country"),
    ("08800000000", "form_number_no_country"),
    ("our number", "form_number_wrong"),
    ("+91 88000 00000 ext 5", "form_number_wrong"),
    ("106540352242922", "form_number_wrong"),
    ("+91 880", "form_number_wrong"),
]
SLIPS: list[tuple[dict[str, Any], str, str, dict[str, Any]]] = [
    *(({"number": v}, "number", s, {**PHONE, "value": v}) for v, s in WRONG_NUMBERS),
    *(({"sender": v}, "sender", s, {**FROM, "value": v}) for v, s in WRONG_NUMBERS),
    ({"number": ["918800000000"]}, "number", "form_not_text", PHONE),
    (
        {"account_key": f"Bearer {KEY}"},
        "account_key",
        "form_has_scheme",
        {**ACCOUNT, "word": "Bearer"},
    ),
    (
        {"account_key": f"Authentication: {KEY}"},
        "account_key",
        "form_has_label",
        {**ACCOUNT, "value": "Authentication:"},
    ),
    ({"account_key": "MDEy NTY3"}, "account_key", "form_has_space", ACCOUNT),
    ({"account_key": "••••••••••••"}, "account_key", "form_is_masked", ACCOUNT),
    ({"account_key": f'"{KEY}"'}, "account_key", "form_has_quotes", ACCOUNT),
    ({"account_key": "https://rcmapi.instaalerts.zone"}, "account_key", "form_is_link", ACCOUNT),
    ({"account_key": {"key": KEY}}, "account_key", "form_not_text", ACCOUNT),
    (
        {"account_key": "918800000000"},
        "account_key",
        "karix_key_is_number",
        {**ACCOUNT, "value": "918800000000"},
    ),
    ({"account_key": "EAA" + "x" * 60}, "account_key", "karix_key_is_meta", ACCOUNT),
    ({"account_key": KEY[:-2]}, "account_key", "karix_key_cut", ACCOUNT),
    (
        {"account_key": "82ed0000-0000-4000-8000-000000000001"},
        "account_key",
        "form_id_wrong",
        {
            **ACCOUNT,
            "value": "82e…",
            "shape": "Karix's keys are letters and digits that end in ==.",
        },
    ),
    ({"vendor": ["Tanla"]}, "vendor", "form_not_text", VENDOR),
    ({"vendor": "•••••"}, "vendor", "form_is_masked", VENDOR),
    ({"vendor": "https://tanla.example"}, "vendor", "form_is_link", VENDOR),
    ({"vendor": "“Tanla”"}, "vendor", "form_has_quotes", VENDOR),
    (
        {"vendor": "+91 88000 00000"},
        "vendor",
        "karix_vendor_is_number",
        {**VENDOR, "value": "+91 88000 00000"},
    ),
    ({"vendor": KEY}, "vendor", "karix_vendor_is_key", VENDOR),
    ({"vendor": "क" * 101}, "vendor", "karix_vendor_long", {**VENDOR, "length": 101}),
    *(
        ({"base_url": v}, "base_url", s, {**BASE, "value": v})
        for v, s in (
            ("rcmapi", "form_url_wrong"),
            ("ftp://rcmapi.instaalerts.zone", "form_url_wrong"),
            ("https://rcmapi instaalerts.zone", "form_url_wrong"),
            ("https://rcmapi.instaalerts.zone/services/rcm/sendMessage", "form_url_path"),
            ("rcmapi.instaalerts.zone?x=1", "form_url_path"),
            ("the sandbox", "form_url_wrong"),
        )
    ),
    (
        {"base_url": "http://rcmapi.instaalerts.zone"},
        "base_url",
        "form_url_plain",
        {"label": "Base URL", "value": "http://rcmapi.instaalerts.zone"},
    ),
    ({"base_url": 7.5}, "base_url", "form_not_text", {"label": "Base URL"}),
    ({"webhook_dn_id": "https://agents.example"}, "webhook_dn_id", "karix_dn_is_link", DN),
    *(
        (
            {"webhook_dn_id": v},
            "webhook_dn_id",
            "form_id_wrong",
            {**DN, "value": v, "shape": "it is a short word like 1001."},
        )
        for v in ("10 01", "•••••", "1001,1002", "x" * 41, '"1001"')
    ),
    ({"header_name": "X Key"}, "header_name", "form_has_space", HEADER),
    ({"header_name": "https://x.example"}, "header_name", "form_is_link", HEADER),
    ({"header_name": "'X-Key'"}, "header_name", "form_has_quotes", HEADER),
    ({"header_name": "•••••"}, "header_name", "form_is_masked", HEADER),
    ({"header_name": "X-Key: tea"}, "header_name", "form_has_label", {**HEADER, "value": "X-Key:"}),
    (
        {"header_name": "X_Key"},
        "header_name",
        "form_id_wrong",
        {
            **HEADER,
            "value": "X_Key",
            "shape": "a header's name is letters, digits and hyphens, without the colon.",
        },
    ),
    ({"header_value": "short"}, "header_value", "fixed_header_short", {**VALUE, "length": 5}),
    ({"header_value": "a" * 16 + "\n" + "b"}, "header_value", "fixed_header_line", VALUE),
    ({"header_value": "••••••••••••••••"}, "header_value", "form_is_masked", VALUE),
    ({"header_value": '"0123456789abcdef"'}, "header_value", "form_has_quotes", VALUE),
    ({"header_value": "चाय चाय चाय चाय चाय"}, "header_value", "fixed_header_letters", VALUE),
    ({"header_value": ["0123456789abcdef"]}, "header_value", "form_not_text", VALUE),
]  # fmt: skip


@pytest.mark.parametrize(("values", "field", "sentence_id", "args"), SLIPS)
def test_each_slip_has_its_own_sentence(
    values: dict[str, Any], field: str, sentence_id: str, args: dict[str, Any]
) -> None:
    _, complaints = read(**values)
    assert complaints == [Complaint(field, Sentence(sentence_id, labelled(args)))]
    words = say(complaints[0].sentence)
    assert sentence_id in known() and "{" not in words and words[-1] == "."


def test_every_field_has_at_least_five_wrong_values() -> None:
    counted = Counter(field for _, field, _, _ in SLIPS)
    assert set(counted) == {field.name for field in karix.SETTINGS}
    assert min(counted.values()) >= 5


def test_a_secret_in_the_wrong_field_is_not_kept_there() -> None:
    settings, complaints = read(vendor=KEY)
    assert settings.vendor == ""
    assert KEY not in say(complaints[0].sentence)
    for key in (f"Authentication: {KEY}", f"Bearer {KEY}", f'"{KEY}"', KEY[:-2], KEY + "-"):
        _, complaints = read(account_key=key)
        assert KEY[:-2] not in say(complaints[0].sentence)


def test_complaints_come_in_the_order_of_the_form() -> None:
    _, complaints = read(webhook_dn_id="a b", base_url="x", account_key="•••", number="x")
    fields = [complaint.field for complaint in complaints]
    assert fields == ["number", "account_key", "base_url", "webhook_dn_id"]


def test_what_stands_in_the_way_of_enabling() -> None:
    gaps = karix.missing(karix.Settings())
    assert [(gap.field, gap.sentence.id) for gap in gaps] == [
        ("number", "form_missing"),
        ("account_key", "form_missing"),
    ]
    assert "Karix support team" in say(gaps[1].sentence)
    assert list(karix.numbers(karix.Settings())) == []
    for one, other in (("header_name", "header_value"), ("header_value", "header_name")):
        settings, complaints = read(**{one: "X-Webhook-Secret"})
        gaps = karix.missing(settings)
        assert complaints == []
        assert [(gap.field, gap.sentence.id) for gap in gaps] == [(other, "fixed_header_half")]


def test_the_form_has_a_field_for_each_setting_and_hides_what_is_secret() -> None:
    fields = {field.name: field for field in karix.SETTINGS}
    assert list(fields) == list(karix.Settings.__struct_fields__)
    secrets = {name for name, field in fields.items() if field.kind == "secret"}
    assert secrets == {"account_key", "header_value"}
    for field in fields.values():
        assert field.label and field.help.endswith(".")


AS_PARTNER: Partner = karix  # mypy checks every name and signature of the contract


def test_it_is_a_registered_partner() -> None:
    assert partner("karix") is AS_PARTNER
    assert set(karix.__all__) >= set(Partner.__annotations__)
    for name in karix.__all__:
        assert hasattr(karix, name)
    given = [(give.name, give.value) for give in karix.GIVES]
    assert given == [("webhook_url", "{webhook_url}"), ("authorization", "{authorization}")]
