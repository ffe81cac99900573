"""Settings as people paste them from Netcore's console: what is read, each slip with its own
sentence, what is missing; and what guards the webhooks."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from netcore_channel import CHANNEL, NUMBER, OTHER, hook
from partner_cases import labelled

from dragoman.domain.sentences import Sentence, known, say
from dragoman.partners import netcore
from dragoman.partners.contract import Complaint, Hook, HookAnswer, Outcome, Partner, Refused
from dragoman.partners.netcore import Number, Settings
from dragoman.partners.registry import partner

GOOD: dict[str, Any] = {"numbers": {"+91 88000 00000": {"api_key": "TESTNETCOREKEY"}}}
META = "EAA" + "a" * 40
SECRET = "a long random text of one line"


def read(**changes: Any) -> tuple[Settings, list[Complaint]]:
    settings, complaints = netcore.read_settings({**GOOD, **changes})
    return settings, list(complaints)


def one(**fields: Any) -> dict[str, Any]:
    return {"numbers": {NUMBER: {"api_key": "TESTNETCOREKEY", **fields}}}


def test_good_values_are_read() -> None:
    settings, complaints = read(
        numbers={
            "+91 88000 00000": {"api_key": " TESTNETCOREKEY\n", "source": "46100000-0000"},
            OTHER: {"api_key": "TESTOTHERKEY", "source": None},
        },
        bypass_opt_in="yes",
        priority=True,
        header_name="X-Webhook-Secret",
        header_value=f"Bearer {SECRET}",
        base_url="http://127.0.0.1:8400/emulated/netcore/",
    )
    assert complaints == []
    assert settings == Settings(
        numbers={
            NUMBER: Number("TESTNETCOREKEY", "46100000-0000"),
            OTHER: Number("TESTOTHERKEY"),
        },
        bypass_opt_in=True,
        priority=True,
        header_name="X-Webhook-Secret",
        header_value=f"Bearer {SECRET}",
        base_url="http://127.0.0.1:8400/emulated/netcore",
    )
    assert list(netcore.numbers(settings)) == [NUMBER, OTHER]
    assert list(netcore.missing(settings)) == []
    stored = msgspec.json.encode(settings)
    assert msgspec.json.decode(stored, type=Settings) == settings


def test_opt_in_is_required_as_it_comes() -> None:
    settings, complaints = read()
    assert (complaints, settings.bypass_opt_in) == ([], False)
    assert netcore.demands_opt_in(settings)


KEY = f"numbers.{NUMBER}.api_key"
KEY_LABEL = {"label": f"API Key (numbers.{NUMBER})"}
SOURCE = f"numbers.{NUMBER}.source"
SOURCE_LABEL = {"label": f"Source (numbers.{NUMBER})"}
NUMBERS = {"label": "Phone numbers"}
BYPASS = {"label": "Bypass opt-in"}
PRIORITY = {"label": "Priority lane"}
NAME = {"label": "Name of the webhook header"}
VALUE = {"label": "Value of the webhook header"}
BASE = {"label": "Base URL"}
HOST = {"example": "cpaaswa.netcorecloud.net"}
NAME_SHAPE = {"shape": "a header's name is letters, digits and hyphens, without the colon."}
SOURCE_SHAPE = {"shape": "a source is letters, digits and hyphens, as Netcore issued it."}


def number(value: str) -> dict[str, Any]:
    return {"numbers": {value: {"api_key": "TESTNETCOREKEY"}}}


WRONG_SWITCHES: tuple[Any, ...] = ("maybe", "granted", "ja", "2", 7, [])
SLIPS: list[tuple[dict[str, Any], str, str, dict[str, Any]]] = [
    # the numbers themselves
    (number("88000 00000"), "numbers", "form_number_no_country", {"value": "88000 00000"}),
    (number("08800000000"), "numbers", "form_number_no_country", {"value": "08800000000"}),
    (number("my number"), "numbers", "form_number_wrong", {"value": "my number"}),
    (number("••••••••••"), "numbers", "form_number_wrong", {"value": "••••••••••"}),
    (number("https://wa.me/91"), "numbers", "form_number_wrong", {"value": "https://wa.me/91"}),
    (number("91880000000000000"), "numbers", "form_number_wrong", {"value": "91880000000000000"}),
    ({"numbers": "+918800000000"}, "numbers", "form_group_wrong", {}),
    ({"numbers": ["+918800000000"]}, "numbers", "form_group_wrong", {}),
    ({"numbers": {NUMBER: "TESTNETCOREKEY"}}, "numbers", "form_group_wrong", {}),
    (
        {"numbers": {NUMBER: {"api_key": "TESTKEY1"}, f"+{NUMBER}": {"api_key": "TESTKEY2"}}},
        "numbers",
        "form_number_twice",
        {"value": f"+{NUMBER}"},
    ),
    (
        {"numbers": {f"9188000000{n:02d}": {"api_key": f"TESTKEY{n:02d}"} for n in range(21)}},
        "numbers",
        "form_group_many",
        {"most": 20, "count": 21},
    ),
    # their keys
    (one(api_key="Bearer TESTNETCOREKEY"), KEY, "form_has_scheme", {"word": "Bearer"}),
    (one(api_key="TEST NETCORE KEY"), KEY, "form_has_space", {}),
    (one(api_key="TEST\nKEY"), KEY, "form_has_space", {}),
    (one(api_key="••••••••••••"), KEY, "form_is_masked", {}),
    (one(api_key="'TESTNETCOREKEY'"), KEY, "form_has_quotes", {}),
    (one(api_key="https://email.netcorecloud.net"), KEY, "form_is_link", {}),
    (one(api_key="api_key: TESTNETCOREKEY"), KEY, "form_has_label", {"value": "api_key:"}),
    (one(api_key=["TESTNETCOREKEY"]), KEY, "form_not_text", {}),
    (one(api_key="+918800000000"), KEY, "netcore_key_is_number", {}),
    (one(api_key=918800000000), KEY, "netcore_key_is_number", {}),
    (one(api_key=META), KEY, "netcore_key_is_meta", {}),
    (one(api_key="abc"), KEY, "form_short", {"length": 3}),
    # their sources
    (one(source="46100000 0000"), SOURCE, "form_has_space", {}),
    (one(source="****"), SOURCE, "form_is_masked", {}),
    (one(source='"46100000"'), SOURCE, "form_has_quotes", {}),
    (one(source="https://x.example/1"), SOURCE, "form_is_link", {}),
    (one(source="source: 46100000"), SOURCE, "form_has_label", {"value": "source:"}),
    (one(source="स्रोत"), SOURCE, "form_id_wrong", {"value": "स्रोत", **SOURCE_SHAPE}),
    (one(source="x" * 65), SOURCE, "form_id_wrong", {"value": "x" * 65, **SOURCE_SHAPE}),
    # switches
    *(
        ({name: value}, name, "form_switch_wrong", {"value": str(value)})
        for name in ("bypass_opt_in", "priority")
        for value in WRONG_SWITCHES
    ),
    # the webhook's header
    ({"header_name": "X Secret"}, "header_name", "form_has_space", {}),
    ({"header_name": "••••••"}, "header_name", "form_is_masked", {}),
    ({"header_name": "'X-Secret'"}, "header_name", "form_has_quotes", {}),
    ({"header_name": "https://x.example"}, "header_name", "form_is_link", {}),
    ({"header_name": "X-Secret: abc"}, "header_name", "form_has_label", {"value": "X-Secret:"}),
    ({"header_name": "Bearer x"}, "header_name", "form_has_scheme", {"word": "Bearer"}),
    ({"header_name": "X-Secret:"}, "header_name", "form_id_wrong",
     {"value": "X-Secret:", **NAME_SHAPE}),
    ({"header_name": "गुप्त"}, "header_name", "form_id_wrong", {"value": "गुप्त", **NAME_SHAPE}),
    ({"header_value": "••••••••••••••••"}, "header_value", "form_is_masked", {}),
    ({"header_value": f'"{SECRET}"'}, "header_value", "form_has_quotes", {}),
    ({"header_value": "https://x.example/a-long-path"}, "header_value", "form_is_link", {}),
    ({"header_value": "X-Secret: abcdefghijklmnop"}, "header_value", "form_has_label",
     {"value": "X-Secret:"}),
    ({"header_value": "two lines of text\nhere"}, "header_value", "fixed_header_line", {}),
    ({"header_value": "short"}, "header_value", "fixed_header_short", {"length": 5}),
    ({"header_value": {}}, "header_value", "form_not_text", {}),
    # the address
    ({"base_url": "netcore"}, "base_url", "form_url_wrong", {"value": "netcore", **HOST}),
    ({"base_url": "https://cpaaswa netcorecloud"}, "base_url", "form_url_wrong",
     {"value": "https://cpaaswa netcorecloud", **HOST}),
    ({"base_url": "ftp://cpaaswa.netcorecloud.net"}, "base_url", "form_url_wrong",
     {"value": "ftp://cpaaswa.netcorecloud.net", **HOST}),
    ({"base_url": "http://cpaaswa.netcorecloud.net"}, "base_url", "form_url_plain",
     {"value": "http://cpaaswa.netcorecloud.net"}),
    ({"base_url": "https://cpaaswa.netcorecloud.net/docs"}, "base_url", "form_url_path",
     {"value": "https://cpaaswa.netcorecloud.net/docs", **HOST}),
    ({"base_url": "https://cpaaswa.netcorecloud.net/api/v2/message/nc"}, "base_url",
     "form_url_call", {"value": "https://cpaaswa.netcorecloud.net/api/v2/message/nc"}),
    ({"base_url": 8400}, "base_url", "form_url_wrong", {"value": "8400", **HOST}),
]  # fmt: skip
LABELS = {
    "numbers": NUMBERS, KEY: KEY_LABEL, SOURCE: SOURCE_LABEL, "bypass_opt_in": BYPASS,
    "priority": PRIORITY, "header_name": NAME, "header_value": VALUE, "base_url": BASE,
}  # fmt: skip


@pytest.mark.parametrize(("values", "field", "sentence_id", "args"), SLIPS)
def test_each_slip_has_its_own_sentence(
    values: dict[str, Any], field: str, sentence_id: str, args: dict[str, Any]
) -> None:
    _, complaints = read(**values)
    assert complaints == [
        Complaint(field, Sentence(sentence_id, labelled({**LABELS[field], **args})))
    ]
    words = say(complaints[0].sentence)
    assert sentence_id in known() and "{" not in words and words[-1] == "."


def test_each_field_has_five_slips_or_more() -> None:
    for field in LABELS:
        assert len([slip for slip in SLIPS if slip[1] == field]) >= 5, field


def test_a_key_and_a_source_belong_to_one_number() -> None:
    same = {"api_key": "TESTNETCOREKEY", "source": "46100000"}
    _, complaints = read(numbers={NUMBER: same, OTHER: same})
    assert [(one.field, one.sentence.id) for one in complaints] == [
        (f"numbers.{OTHER}.api_key", "netcore_key_twice"),
        (f"numbers.{OTHER}.source", "netcore_source_twice"),
    ]
    assert "TESTNETCOREKEY" not in say(complaints[0].sentence)


def test_what_was_typed_is_kept_beside_the_complaint() -> None:
    given = {NUMBER: {"api_key": "abc"}, "mine": {"api_key": "TESTKEY"}}
    settings, complaints = read(numbers=given)
    assert settings.numbers == {NUMBER: Number("abc")}
    assert [one.field for one in complaints] == [f"numbers.{NUMBER}.api_key", "numbers"]


def missing(**changes: Any) -> list[tuple[str, str]]:
    settings, _ = read(**changes)
    return [(gap.field, say(gap.sentence)) for gap in netcore.missing(settings)]


def test_what_stands_in_the_way_of_enabling() -> None:
    assert missing() == []
    where = "Find it at Netcore (CPaaS console) ›"
    assert missing(numbers={}) == [
        ("numbers", f"Phone numbers is missing. {where} WhatsApp."),
    ]
    key = f"API Key (numbers.{OTHER}) is missing. {where} Settings › General Settings › "
    assert missing(numbers={**GOOD["numbers"], OTHER: {"api_key": ""}}) == [
        (f"numbers.{OTHER}.api_key", f"{key}Integrate API › API › Show.")
    ]
    half = "name and value of the webhook header belong together; give both, or neither."
    assert missing(header_name="X-Secret") == [
        ("header_value", f"Value of the webhook header is missing: {half}")
    ]
    assert missing(header_value=SECRET) == [
        ("header_name", f"Name of the webhook header is missing: {half}")
    ]


def test_the_form_has_a_field_for_each_setting_and_hides_what_is_secret() -> None:
    fields = {field.name: field for field in netcore.SETTINGS}
    assert set(fields) == set(Settings.__struct_fields__)
    inner = {field.name: field for field in fields["numbers"].fields}
    assert set(inner) == set(Number.__struct_fields__)
    assert fields["numbers"].most == 20
    every = (*fields.values(), *inner.values())
    assert {field.name for field in every if field.kind == "secret"} == {"api_key", "header_value"}
    for field in every:
        assert field.label and field.help.endswith(".")
        assert field.where_to_find or not field.required
    defaults, complaints = netcore.read_settings({})
    assert (defaults, list(complaints)) == (Settings(), [])


AS_PARTNER: Partner = netcore  # mypy checks every name and signature of the contract


def test_it_is_a_registered_partner() -> None:
    assert partner("netcore") is AS_PARTNER
    assert (netcore.NAME, netcore.LABEL, netcore.ECHO) == ("netcore", "Netcore", "x-apiheader")
    assert (netcore.ASSOCIATES, netcore.LETTER) == (True, "")
    assert [(give.name, give.value) for give in netcore.GIVES] == [
        ("webhook_url", "{webhook_url}"),
        ("delivery_url", "{webhook_url}"),
        ("authorization", "{authorization}"),
    ]
    assert all(give.where_to_paste.startswith("Netcore") for give in netcore.GIVES)


# --- webhooks ------------------------------------------------------------------------------------

GUARDED = msgspec.structs.replace(CHANNEL, header_name="X-Secret", header_value=SECRET)


def test_nothing_guards_the_webhook_until_a_header_is_set() -> None:
    assert not netcore.guarded(CHANNEL)
    assert netcore.authenticate(hook({}), CHANNEL, 0) is None
    assert netcore.guarded(GUARDED) and not netcore.uses_authorization(GUARDED)
    ours = msgspec.structs.replace(GUARDED, header_name="AUTHORIZATION")
    assert netcore.uses_authorization(ours)
    assert not netcore.uses_authorization(msgspec.structs.replace(ours, header_value=""))
    assert netcore.authenticate(hook({}, authorization=SECRET), ours, 0) is None


def test_a_webhook_has_the_header_or_is_refused() -> None:
    for given in (SECRET, f" {SECRET} "):
        assert netcore.authenticate(hook({}, **{"x-secret": given}), GUARDED, 0) is None
    answer = HookAnswer(401, b"Invalid webhook header")
    for told, reason in (
        ({}, "fixed_header_missing"),
        ({"authorization": SECRET}, "fixed_header_missing"),
        ({"x-secret": ""}, "fixed_header_wrong"),
        ({"x-secret": SECRET + "x"}, "fixed_header_wrong"),
        ({"x-secret": SECRET.upper()}, "fixed_header_wrong"),
        ({"x-secret": "\udcff"}, "fixed_header_wrong"),
    ):
        refused = netcore.authenticate(hook({}, **told), GUARDED, 0)
        assert refused == Refused(
            answer, Sentence(reason, {"name": "X-Secret", "partner": "Netcore"})
        )
        assert SECRET not in say(refused.reason)


def test_a_browser_is_told_what_the_address_is_for() -> None:
    page = netcore.handshake(Hook("GET", "/hooks/netcore/st-1"), [CHANNEL])
    assert page is not None and page.status == 200
    assert b"Incoming webhook" in page.body and b"Status switch" in page.body
    assert netcore.handshake(Hook("POST", "/hooks/netcore/st-1"), [CHANNEL]) is None


@pytest.mark.parametrize(
    ("outcome", "status", "body"),
    [
        (Outcome.KEPT, 200, b"OK"),
        (Outcome.INVALID, 400, b"Not a Netcore webhook body"),
        (Outcome.BUSY, 503, b"Busy, send it again"),
        (Outcome.UNKNOWN, 404, b"Not Found"),
        (Outcome.NO_TOKEN, 401, b"Access token not found"),
        (Outcome.WRONG_TOKEN, 401, b"Invalid access"),
    ],
)
def test_what_netcore_hears(outcome: Outcome, status: int, body: bytes) -> None:
    answer = netcore.answer(outcome)
    assert (answer.status, answer.body) == (status, body)
