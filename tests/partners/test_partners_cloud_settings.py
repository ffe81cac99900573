"""Settings as people paste them: what is read, each slip with its own sentence, what is missing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from partner_cases import labelled

from dragoman.domain.sentences import Sentence, known, say
from dragoman.partners import cloud_api
from dragoman.partners.cloud_api.settings import NEWEST_GRAPH
from dragoman.partners.contract import Complaint, Partner
from dragoman.partners.registry import partner

PNID = "106540352242922"
WABA = "102290129340398"
GOOD: dict[str, Any] = {
    "numbers": f"{PNID} +1 202 555 0142",
    "token": "token-of-a-system-user",
    "app_secret": "0123456789abcdef0123456789ABCDEF",
    "verify_token": "a+b c".replace(" ", "-"),
}


def read(**changes: Any) -> tuple[cloud_api.Settings, list[Complaint]]:
    settings, complaints = cloud_api.read_settings({**GOOD, **changes})
    return settings, list(complaints)


def test_good_values_are_read() -> None:
    settings, complaints = read(app_id=634974688087057, allow_unsigned="on", appsecret_proof=True)
    assert complaints == []
    assert settings == cloud_api.Settings(
        numbers=(cloud_api.Number(PNID, "12025550142"),),
        token="token-of-a-system-user",
        app_secret="0123456789abcdef0123456789ABCDEF",
        verify_token="a+b-c",
        app_id="634974688087057",
        allow_unsigned=True,
        appsecret_proof=True,
    )
    assert cloud_api.numbers(settings) == (PNID,)
    assert list(cloud_api.missing(settings)) == []
    stored = msgspec.json.encode(settings)
    assert msgspec.json.decode(stored, type=cloud_api.Settings) == settings


def test_white_space_around_a_value_is_no_slip() -> None:
    settings, complaints = read(token="  token-of-a-system-user\n", graph_url="https://x.example/ ")
    assert complaints == []
    assert (settings.token, settings.graph_url) == ("token-of-a-system-user", "https://x.example")


@pytest.mark.parametrize(
    "numbers",
    [
        f"{PNID}\n200000000000000",
        f"{PNID}, 200000000000000",
        [PNID, "200000000000000"],
        [{"key": PNID}, {"key": "200000000000000"}],
        [int(PNID), 200000000000000],
        (cloud_api.Number(PNID), cloud_api.Number("200000000000000")),
    ],
)
def test_numbers_in_every_form(numbers: Any) -> None:
    settings, complaints = read(numbers=numbers)
    assert (cloud_api.numbers(settings), complaints) == ((PNID, "200000000000000"), [])


def test_a_number_with_all_its_parts() -> None:
    whole = (cloud_api.Number(PNID, "12025550142", WABA),)
    settings, _ = read(numbers=[{"key": PNID, "display": "+1 (202) 555-0142", "waba_id": WABA}])
    assert settings.numbers == whole
    settings, complaints = read(numbers=f"{PNID} +1 202 555 0142 waba {WABA}")
    assert (settings.numbers, complaints) == (whole, [])
    settings, complaints = read(numbers=f"{PNID} WABA: {WABA}")
    assert (settings.numbers, complaints) == ((cloud_api.Number(PNID, None, WABA),), [])


def test_a_pasted_token_does_not_count_where_a_person_signs_in() -> None:
    settings, complaints = read(
        authorization="temporary", app_id="634974688087057", config_id="12345"
    )
    assert complaints == []
    assert settings == cloud_api.Settings(
        numbers=(cloud_api.Number(PNID, "12025550142"),),
        app_secret="0123456789abcdef0123456789ABCDEF",
        verify_token="a+b-c",
        app_id="634974688087057",
        authorization="temporary",
        config_id="12345",
    )
    assert read(authorization="temporary", app_id="634974688087057", token="•••")[1] == []


TOKEN, SECRET = {"label": "Access token"}, {"label": "App secret"}
CONFIG, APP_ID = {"label": "Login configuration ID"}, {"label": "App ID"}
SLIPS: list[tuple[dict[str, Any], str, str, dict[str, Any]]] = [
    (
        {"token": "Bearer token-of-a-system-user"},
        "token",
        "form_has_scheme",
        {**TOKEN, "word": "Bearer"},
    ),
    ({"token": "bearer\ttoken-of-a-user"}, "token", "form_has_scheme", {**TOKEN, "word": "bearer"}),
    ({"token": "words of a user"}, "token", "form_has_space", TOKEN),
    ({"token": "token-of\n-a-user"}, "token", "form_has_space", TOKEN),
    ({"token": "••••••••••••"}, "token", "form_is_masked", TOKEN),
    ({"token": "EAA********"}, "token", "form_is_masked", TOKEN),
    ({"token": '"token-of-a-user"'}, "token", "form_has_quotes", TOKEN),
    ({"token": "https://developers.facebook.com"}, "token", "form_is_link", TOKEN),
    ({"token": "634974688087057|0f0f0f0f"}, "token", "cloud_token_is_app", {}),
    ({"token": "0123456789abcdef0123456789abcdef"}, "token", "cloud_token_is_secret", {}),
    ({"token": "EAA"}, "token", "cloud_token_short", {"length": 3}),
    ({"token": ["a"]}, "token", "form_not_text", TOKEN),
    ({"app_secret": "●●●●●●●●"}, "app_secret", "form_is_masked", SECRET),
    ({"app_secret": "0123 4567"}, "app_secret", "form_has_space", SECRET),
    ({"app_secret": "0123456789abcdef"}, "app_secret", "cloud_secret_wrong", {"length": 16}),
    ({"app_secret": "g" * 32}, "app_secret", "cloud_secret_wrong", {"length": 32}),
    ({"app_secret": "EAAexample"}, "app_secret", "cloud_secret_is_token", {}),
    ({"verify_token": "two words"}, "verify_token", "form_has_space", {"label": "Verify token"}),
    (
        {"numbers": "+1 202 555 0142"},
        "numbers",
        "cloud_number_is_phone",
        {"value": "+1 202 555 0142"},
    ),
    ({"numbers": "12025550142"}, "numbers", "cloud_number_is_phone", {"value": "12025550142"}),
    (
        {"numbers": "(202) 555-0142"},
        "numbers",
        "cloud_number_is_phone",
        {"value": "(202) 555-0142"},
    ),
    ({"numbers": "my number"}, "numbers", "cloud_number_wrong", {"value": "my number"}),
    ({"numbers": [{"display": "1"}]}, "numbers", "cloud_number_wrong", {"value": ""}),
    ({"numbers": [PNID, PNID]}, "numbers", "cloud_number_twice", {"value": PNID}),
    (
        {"numbers": [{"key": WABA, "waba_id": WABA}]},
        "numbers",
        "cloud_number_is_waba",
        {"value": WABA},
    ),
    ({"numbers": PNID, "app_id": PNID}, "numbers", "cloud_number_is_app", {"value": PNID}),
    (
        {"numbers": [{"key": PNID, "waba_id": WABA}], "app_id": WABA},
        "numbers",
        "cloud_waba_is_app",
        {"value": WABA},
    ),
    (
        {"numbers": [{"key": PNID, "waba_id": "mine"}]},
        "numbers",
        "cloud_id_wrong",
        {"label": "WhatsApp Business Account ID", "value": "mine"},
    ),
    (
        {"app_id": "my-app"},
        "app_id",
        "cloud_id_wrong",
        {"label": "App ID", "value": "my-app"},
    ),
    ({"app_id": "••••••"}, "app_id", "form_is_masked", APP_ID),
    ({"app_id": "6349 7468"}, "app_id", "form_has_space", APP_ID),
    ({"app_id": "https://x.example/1"}, "app_id", "form_is_link", APP_ID),
    ({"app_id": "634"}, "app_id", "cloud_id_wrong", {"label": "App ID", "value": "634"}),
    ({"config_id": "••••••"}, "config_id", "form_is_masked", CONFIG),
    ({"config_id": "14 15"}, "config_id", "form_has_space", CONFIG),
    ({"config_id": "'1415161718'"}, "config_id", "form_has_quotes", CONFIG),
    ({"config_id": "https://x.example/1"}, "config_id", "form_is_link", CONFIG),
    (
        {"config_id": "main"},
        "config_id",
        "cloud_id_wrong",
        {"label": "Login configuration ID", "value": "main"},
    ),
    (
        {"config_id": "634974688087057", "app_id": "634974688087057"},
        "config_id",
        "cloud_config_is_app",
        {"value": "634974688087057"},
    ),
    (
        {"numbers": f"{PNID} +1 202 555 0142 waba mine"},
        "numbers",
        "cloud_id_wrong",
        {"label": "WhatsApp Business Account ID", "value": "mine"},
    ),
    *(
        (
            {"authorization": value},
            "authorization",
            "form_choice_wrong",
            {"label": "Authorization", "value": value, "choices": "permanent, temporary"},
        )
        for value in ("Permanent", "temp", "token", "App ID")
    ),
    (
        {"graph_version": "26"},
        "graph_version",
        "cloud_version_wrong",
        {"value": "26", "newest": NEWEST_GRAPH},
    ),
    (
        {"graph_version": "v26"},
        "graph_version",
        "cloud_version_wrong",
        {"value": "v26", "newest": NEWEST_GRAPH},
    ),
    (
        {"graph_version": "v20.0"},
        "graph_version",
        "cloud_version_ended",
        {"value": "v20.0", "newest": NEWEST_GRAPH},
    ),
    (
        {"graph_url": "graph.facebook.com"},
        "graph_url",
        "cloud_url_wrong",
        {"value": "graph.facebook.com"},
    ),
    ({"graph_url": "https://graph.facebook.com/v26.0"}, "graph_url", "cloud_url_has_version", {}),
    (
        {"webhook_version": "25"},
        "webhook_version",
        "form_choice_wrong",
        {"label": "Webhook payload version", "value": "25", "choices": "v24, v23"},
    ),
    (
        {"authorization": "oauth"},
        "authorization",
        "form_choice_wrong",
        {"label": "Authorization", "value": "oauth", "choices": "permanent, temporary"},
    ),
    (
        {"allow_unsigned": "maybe"},
        "allow_unsigned",
        "form_switch_wrong",
        {"label": "Accept webhooks without a signature", "value": "maybe"},
    ),
]


@pytest.mark.parametrize(("values", "field", "sentence_id", "args"), SLIPS)
def test_each_slip_has_its_own_sentence(
    values: dict[str, Any], field: str, sentence_id: str, args: dict[str, Any]
) -> None:
    _, complaints = read(**values)
    assert complaints == [Complaint(field, Sentence(sentence_id, labelled(args)))]
    words = say(complaints[0].sentence)
    assert sentence_id in known() and "{" not in words and words[-1] == "."


def test_complaints_come_in_the_order_of_the_form() -> None:
    _, complaints = read(graph_version="26", token="•••", numbers="x")
    assert [complaint.field for complaint in complaints] == ["numbers", "token", "graph_version"]


def missing(**changes: Any) -> list[tuple[str, str]]:
    settings, _ = read(**changes)
    return [(gap.field, gap.sentence.id) for gap in cloud_api.missing(settings)]


def test_what_stands_in_the_way_of_enabling() -> None:
    assert missing() == []
    assert missing(numbers="", token="", app_secret="", verify_token="") == [
        ("numbers", "cloud_numbers_missing"),
        ("token", "cloud_token_missing"),
        ("app_secret", "cloud_secret_missing"),
        ("verify_token", "cloud_verify_missing"),
    ]
    assert missing(app_secret="", allow_unsigned=True) == []
    # by signing in: the app's id and secret come first, then the person
    assert missing(authorization="temporary", app_secret="", allow_unsigned=True) == [
        ("app_id", "cloud_app_id_missing"),
        ("app_secret", "cloud_app_secret_needed"),
    ]
    signing = {"authorization": "temporary", "app_id": "634974688087057"}
    assert missing(**signing) == [("authorization", "cloud_not_authorized")]
    settings, _ = read(**signing)
    assert cloud_api.missing(cloud_api.ACCOUNT.with_token(settings, "granted-token")) == []
    assert missing(app_secret="", allow_unsigned=True, appsecret_proof=True) == [
        ("appsecret_proof", "cloud_proof_needs_secret")
    ]


def test_the_form_has_a_field_for_each_setting_and_hides_what_is_secret() -> None:
    fields = {field.name: field for field in cloud_api.SETTINGS}
    assert set(fields) == set(cloud_api.Settings.__struct_fields__)
    secrets = {name for name, field in fields.items() if field.kind == "secret"}
    assert secrets == {"token", "app_secret"}  # the verify token is there to be shown and pasted
    for field in fields.values():
        assert field.label and field.help.endswith(".")
    defaults, complaints = cloud_api.read_settings({})
    assert (defaults, list(complaints)) == (cloud_api.Settings(), [])


AS_PARTNER: Partner = cloud_api  # mypy checks every name and signature of the contract


def test_it_is_a_registered_partner() -> None:
    assert partner("cloud-api") is AS_PARTNER
    names = [name for name in partner("cloud-api").__dict__ if not name.startswith("_")]
    for wanted in ("NAME", "LABEL", "SETTINGS", "GIVES", "CAPABILITIES", "ECHO", "Settings"):
        assert wanted in names
    assert [(give.name, give.value) for give in cloud_api.GIVES] == [
        ("webhook_url", "{webhook_url}"),
        ("verify_token", "{verify_token}"),
        ("callback_url", "{callback_url}"),
    ]
