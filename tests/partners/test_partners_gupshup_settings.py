"""Settings as people paste them from Gupshup's dashboard: what is read, each slip with its own
sentence, what is missing."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec
import pytest
from partner_cases import labelled

from dragoman.domain.sentences import Sentence, known, say
from dragoman.partners import gupshup
from dragoman.partners.contract import Complaint
from dragoman.partners.gupshup import KnownTemplate, Settings
from dragoman.partners.gupshup.settings import account_of

NUMBER, WABA, PASSWORD = "918800000000", "200000000000001", "TESTPASSWORD"
APP_ID = "82ed0000-0000-4000-8000-000000000001"
GOOD: dict[str, Any] = {"number": "+91 88000 00000", "waba_id": WABA, "password": PASSWORD}


def read(**changes: Any) -> tuple[Settings, list[Complaint]]:
    settings, complaints = gupshup.read_settings({**GOOD, **changes})
    return settings, list(complaints)


def test_the_three_values_of_the_dashboard_are_enough() -> None:
    settings, complaints = read()
    assert complaints == []
    assert settings == Settings(number=NUMBER, waba_id=WABA, password=PASSWORD)
    assert list(gupshup.numbers(settings)) == [NUMBER]
    assert list(gupshup.missing(settings)) == []
    assert account_of(settings, False).user_id == WABA
    assert account_of(settings, True).user_id == WABA
    stored = msgspec.json.encode(settings)
    assert msgspec.json.decode(stored, type=Settings) == settings


def test_everything_else_is_read_too() -> None:
    settings, complaints = read(
        user_id=2000000002,
        hsm_user_id="2000000001",
        hsm_password=" SECOND ",
        opt_in="on",
        bearer=True,
        base_url="media.smsgupshup.com/",
        templates={
            "shipped": {"text": " Hi {{1}} "},
            "quote": {"template_id": "2200000000000001", "buttons": "yes"},
        },
    )
    assert complaints == []
    assert settings == Settings(
        number=NUMBER,
        waba_id=WABA,
        password=PASSWORD,
        user_id="2000000002",
        hsm_user_id="2000000001",
        hsm_password="SECOND",
        opt_in=True,
        bearer=True,
        base_url="https://media.smsgupshup.com",
        templates={
            "shipped": KnownTemplate(text=" Hi {{1}} "),  # WhatsApp compares the spaces, too
            "quote": KnownTemplate("2200000000000001", buttons=True),
        },
    )
    assert account_of(settings, False).user_id == "2000000002"
    assert account_of(settings, True).user_id == "2000000001"


@pytest.mark.parametrize(
    ("dialect", "values", "lacks"),
    [
        ("enterprise", {"waba_id": "", "password": None}, ["waba_id", "password"]),
        ("enterprise", {"waba_id": "", "user_id": "2000000002"}, []),
        ("enterprise", {"hsm_user_id": "2000000001"}, ["hsm_password"]),
        ("enterprise", {"hsm_password": "SECOND"}, ["hsm_user_id"]),
        ("access", {}, ["api_key", "app_name"]),
        ("access", {"api_key": "TESTAPIKEY", "app_name": "TeaShop"}, []),
        ("v3", {"number": ""}, ["number", "app_id", "app_token"]),
        ("v3", {"app_id": APP_ID, "app_token": "TESTAPPTOKEN"}, []),
    ],
)
def test_what_is_missing(dialect: str, values: dict[str, Any], lacks: list[str]) -> None:
    settings, complaints = read(dialect=dialect, **values)
    assert complaints == []
    found = list(gupshup.missing(settings))
    assert [one.field for one in found] == lacks
    assert all(say(one.sentence) for one in found)


def label(name: str) -> str:
    return next(field.label for field in gupshup.SETTINGS if field.name == name)


def told(name: str, **more: Any) -> dict[str, Any]:
    return {"label": label(name), **more}


IDS = ("waba_id", "user_id", "hsm_user_id")
SECRETS = ("password", "hsm_password", "api_key", "app_token")
Slip = tuple[dict[str, Any], str, str, dict[str, Any]]
SLIPS: list[Slip] = [
    ({"dialect": "entreprise"}, "dialect", "form_choice_wrong",
     told("dialect", value="entreprise", choices="enterprise, access, v3")),
    ({"dialect": "Enterprise"}, "dialect", "form_choice_wrong",
     told("dialect", value="Enterprise", choices="enterprise, access, v3")),
    ({"dialect": "2"}, "dialect", "form_choice_wrong",
     told("dialect", value="2", choices="enterprise, access, v3")),
    ({"dialect": ["v3"]}, "dialect", "form_not_text", told("dialect")),
    ({"dialect": "v 3"}, "dialect", "form_choice_wrong",
     told("dialect", value="v 3", choices="enterprise, access, v3")),
    *(
        ({"number": value}, "number", sentence, told("number", value=value))
        for value, sentence in (
            ("98800 00000", "form_number_no_country"),
            ("08800000000", "form_number_no_country"),
            ("our number", "form_number_wrong"),
            ("+91 88000 00000 ext 5", "form_number_wrong"),
            ("+91 880", "form_number_wrong"),
        )
    ),
    *(
        slip
        for name in IDS
        for slip in (
            ({name: "2000 000001"}, name, "form_has_space", told(name)),
            ({name: "•••••••"}, name, "form_is_masked", told(name)),
            ({name: f"https://gupshup.io/{WABA}"}, name, "form_is_link", told(name)),
            ({name: "918800000000"}, name, "gupshup_id_is_number", told(name)),
            ({name: "TeaShop"}, name, "form_id_wrong",
             told(name, value="TeaShop", shape="it is digits only.")),
            ({name: {"id": WABA}}, name, "form_not_text", told(name)),
        )
    ),
    *(
        slip
        for name in SECRETS
        for slip in (
            ({name: "Bearer TESTSECRET"}, name, "form_has_scheme", told(name, word="Bearer")),
            ({name: "TEST SECRET"}, name, "form_has_space", told(name)),
            ({name: "••••••••"}, name, "form_is_masked", told(name)),
            ({name: '"TESTSECRET"'}, name, "form_has_quotes", told(name)),
            ({name: "https://www.gupshup.io/whatsapp"}, name, "form_is_link", told(name)),
            ({name: ["TESTSECRET"]}, name, "form_not_text", told(name)),
        )
    ),
    ({"password": WABA}, "password", "gupshup_password_is_id", told("password")),
    *(
        slip
        for name in ("api_key", "app_token")
        for slip in (
            ({name: "EAA" + "x" * 60}, name, "gupshup_key_is_meta", told(name)),
            ({name: APP_ID}, name, "gupshup_key_is_app_id", told(name)),
            ({name: "abc"}, name, "form_short", told(name, length=3)),
        )
    ),
    ({"app_name": "Tea shop"}, "app_name", "form_has_space", told("app_name")),
    ({"app_name": "••••"}, "app_name", "form_is_masked", told("app_name")),
    ({"app_name": "“TeaShop”"}, "app_name", "form_has_quotes", told("app_name")),
    ({"app_name": "https://gupshup.io/TeaShop"}, "app_name", "form_is_link", told("app_name")),
    ({"app_name": APP_ID}, "app_name", "form_id_wrong",
     told("app_name", value=APP_ID,
          shape="this is the app's id; give the name that the list of apps shows.")),
    ({"app_name": "चाय"}, "app_name", "form_id_wrong",
     told("app_name", value="चाय",
          shape="a name has letters, digits, hyphens and underscores only.")),
    *(
        ({"app_id": value}, "app_id", "form_id_wrong",
         told("app_id", value=value, shape=f"it looks like {APP_ID}."))
        for value in ("TeaShop", WABA, APP_ID[:-1])
    ),
    ({"app_id": "•" * 36}, "app_id", "form_is_masked", told("app_id")),
    ({"app_id": f"App ID: {APP_ID}"}, "app_id", "form_has_label", told("app_id", value="App ID:")),
    *(
        ({name: value}, name, "form_switch_wrong", told(name, value=str(value)))
        for name in ("opt_in", "bearer")
        for value in ("maybe", "ja", 2, [True], "enabled")
    ),
    ({"templates": ["shipped"]}, "templates", "form_group_wrong", told("templates")),
    ({"templates": "shipped"}, "templates", "form_group_wrong", told("templates")),
    ({"templates": {"shipped": "Hi"}}, "templates", "form_group_wrong", told("templates")),
    ({"templates": 7}, "templates", "form_group_wrong", told("templates")),
    ({"templates": {f"t{n}": {"text": "x"} for n in range(201)}}, "templates",
     "form_group_many", told("templates", most=200, count=201)),
    *(
        ({"base_url": value}, "base_url", sentence, told("base_url", value=value, **more))
        for value, sentence, more in (
            ("not a host", "form_url_wrong", {"example": "mediaapi.smsgupshup.com"}),
            ("https://media.example.com/x", "form_url_path",
             {"example": "mediaapi.smsgupshup.com"}),
            ("http://media.example.com", "form_url_plain", {}),
            ("https://mediaapi.smsgupshup.com/GatewayAPI/rest", "form_url_call", {}),
            ("https://api.gupshup.io", "gupshup_host_other", {}),
            ("ftp://media.example.com", "form_url_wrong", {"example": "mediaapi.smsgupshup.com"}),
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("values", "field", "sentence_id", "args"), SLIPS)
def test_each_slip_has_its_own_sentence(
    values: dict[str, Any], field: str, sentence_id: str, args: dict[str, Any]
) -> None:
    _, complaints = read(**values)
    assert complaints == [Complaint(field, Sentence(sentence_id, labelled(args)))]
    assert sentence_id in known() and say(complaints[0].sentence).startswith(args["label"])


def test_every_field_has_at_least_five_slips() -> None:
    count = Counter(field for _, field, _, _ in SLIPS)
    assert {field.name for field in gupshup.SETTINGS} == set(count)
    assert min(count.values()) >= 5, count


@pytest.mark.parametrize("name", ["template_id", "text", "header", "footer", "buttons"])
def test_a_slip_in_a_template_names_it(name: str) -> None:
    good = {"text": "Hi"} if name != "text" else {"template_id": "1"}
    _, complaints = read(templates={"shipped": {**good, name: ["x"]}})
    assert [one.field for one in complaints] == [f"templates.shipped.{name}"]
    assert "(templates.shipped)" in say(complaints[0].sentence)


def test_a_template_needs_an_id_or_its_text() -> None:
    _, complaints = read(templates={"shipped": {"footer": "Bye"}})
    assert [one.field for one in complaints] == ["templates.shipped.template_id"]


def test_what_was_typed_wrong_is_not_lost() -> None:
    settings, complaints = read(api_key="abc", waba_id="TeaShop")
    assert len(complaints) == 2
    assert (settings.api_key, settings.waba_id) == ("abc", "TeaShop")
