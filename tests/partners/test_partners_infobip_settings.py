"""Settings as people paste them, what is missing, and who may knock at the webhook."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import msgspec
import pytest
from infobip_channel import FIRST, KEY, NUMBER, OTHER, SECOND, TWO, WHATSAPP, changed, hook

from dragoman.domain.sentences import known, say
from dragoman.partners import infobip
from dragoman.partners.contract import Hook, Outcome, Refused
from dragoman.partners.infobip import Account, Settings

UUID = "01234567-89ab-cdef-0123-456789abcdef"
GOOD: dict[str, Any] = {
    "numbers": ["+44 7700 900100"],
    "base_url": "k3pz9d.api.infobip.com",
    "api_key": KEY,
}


def read(**more: Any) -> tuple[Settings, list[tuple[str, str]]]:
    settings, complaints = infobip.read_settings({**GOOD, **more})
    for complaint in complaints:
        assert complaint.sentence.id in known()
        assert "{" not in say(complaint.sentence)
    return settings, [(one.field, one.sentence.id) for one in complaints]


def lacking(settings: Settings) -> list[tuple[str, str]]:
    return [(one.field, one.sentence.id) for one in infobip.missing(settings)]


# --- what is right -------------------------------------------------------------------------------


def test_a_simple_channel() -> None:
    settings, wrong = read()
    account = Account("", (NUMBER,), "https://k3pz9d.api.infobip.com", api_key=KEY)
    assert (settings, wrong) == (Settings(accounts=(account,)), [])
    assert lacking(settings) == []
    assert infobip.numbers(settings) == (NUMBER,)
    assert infobip.dialect(settings) == "whatsapp"


def test_every_field() -> None:
    settings, wrong = infobip.read_settings(
        {
            "dialect": "messages",
            "numbers": "+44 7700 900100",
            "base_url": "https://k3pz9d.api.infobip.com/",
            "username": "acme",
            "password": "p:ass word".replace(" ", "_"),
            "accounts": {
                "north": {
                    "numbers": [OTHER],
                    "base_url": "http://127.0.0.1:8400/emulated/infobip",
                    "api_key": KEY,
                }
            },
            "keyword": " ACMEDEMO ",
            "check": "hmac",
            "check_username": "hooks",
            "check_password": "secret-one",
            "hmac_secret": "secret-two",
            "hmac_header": "X-Acme-Signature",
            "hmac_algorithm": "HMAC_SHA_512",
            "sms_sender": "Acme Shop",
            "sms_after": 30,
            "order_payment": "PG_PAYU",
            "pull_reports": "on",
        }
    )
    assert wrong == []
    assert settings == Settings(
        "messages",
        (
            Account("", (NUMBER,), "https://k3pz9d.api.infobip.com", "acme", "p:ass_word"),
            Account("north", (OTHER,), "http://127.0.0.1:8400/emulated/infobip", api_key=KEY),
        ),
        "ACMEDEMO",
        "hmac",
        "hooks",
        "secret-one",
        "secret-two",
        "X-Acme-Signature",
        "HMAC_SHA_512",
        "Acme Shop",
        30,
        "PG_PAYU",
        True,
    )
    assert lacking(settings) == []


@pytest.mark.parametrize(
    "base", ["k3pz9d.api.infobip.com", "https://k3pz9d.api.infobip.com", " K3PZ9D.api.infobip.com/"]
)
def test_the_host_in_any_way(base: str) -> None:
    settings, wrong = read(base_url=base)
    assert wrong == []
    assert settings.accounts[0].base_url.lower() == "https://k3pz9d.api.infobip.com"


def test_a_key_is_used_rather_than_the_login() -> None:
    both, wrong = read(username="acme", password="s3cret-pass")
    assert wrong == []
    assert both.accounts[0].authorization == f"App {KEY}"
    login = Account("", (), "", "acme", "s3cret:pass")
    assert login.authorization == "Basic " + base64.b64encode(b"acme:s3cret:pass").decode()


# --- what is wrong -------------------------------------------------------------------------------

SLIPS: list[tuple[str, Any, str]] = [
    ("dialect", "omni", "form_choice_wrong"),
    ("dialect", "WhatsApp", "form_choice_wrong"),
    ("dialect", "Messages API", "form_choice_wrong"),
    ("dialect", ["whatsapp"], "form_not_text"),
    ("dialect", True, "form_not_text"),
    ("numbers", "7700900100", "form_number_no_country"),
    ("numbers", "07700 900100", "form_number_no_country"),
    ("numbers", ["+44 7700 900100", "447700900100"], "form_number_twice"),
    ("numbers", "acme", "form_number_wrong"),
    ("numbers", "GB.9081726354", "form_number_wrong"),
    ("numbers", "106540352242922", "form_number_wrong"),
    ("numbers", [f"+4477009001{n:02}" for n in range(21)], "form_numbers_many"),
    ("base_url", "https://k3pz9d.api.infobip.com/whatsapp/1", "form_url_path"),
    ("base_url", "http://k3pz9d.api.infobip.com", "form_url_plain"),
    ("base_url", "https://portal.infobip.com/homepage", "infobip_base_is_site"),
    ("base_url", "www.infobip.com", "infobip_base_is_site"),
    ("base_url", "acme@example.com", "infobip_base_is_mail"),
    ("base_url", "https://graph.facebook.com", "infobip_base_other"),
    ("base_url", "mediaapi.smsgupshup.com", "infobip_base_other"),
    ("base_url", "k3pz9d", "form_url_wrong"),
    ("base_url", "k3pz9d.api. infobip.com", "form_url_wrong"),
    ("username", "acme user", "form_has_space"),
    ("username", '"acme"', "form_has_quotes"),
    ("username", "https://portal.infobip.com", "form_is_link"),
    ("username", "acme:secret", "infobip_name_is_pair"),
    ("username", KEY, "infobip_is_key"),
    ("username", "+447700900100", "infobip_name_is_number"),
    ("username", "Username: acme", "form_has_label"),
    ("password", "•••••••••", "form_is_masked"),
    ("password", "s3cret pass", "form_has_space"),
    ("password", "Basic YWNtZTpz", "form_has_scheme"),
    ("password", KEY, "infobip_is_key"),
    ("password", "'s3cret'", "form_has_quotes"),
    ("password", 7.5, "form_not_text"),
    ("api_key", f"App {KEY}", "form_has_scheme"),
    ("api_key", f"Bearer {KEY}", "form_has_scheme"),
    ("api_key", "0123••••••••", "form_is_masked"),
    ("api_key", UUID, "infobip_key_is_session"),
    ("api_key", "EAA" + "x" * 60, "infobip_key_is_meta"),
    ("api_key", "0123456789ab", "infobip_key_short"),
    ("api_key", "acme:s3cret-password", "infobip_key_is_pair"),
    ("api_key", f"{KEY[:40]} {KEY[40:]}", "form_has_space"),
    ("accounts", "north", "form_group_wrong"),
    ("accounts", ["north"], "form_group_wrong"),
    ("accounts", {"north": "x"}, "form_group_wrong"),
    ("accounts", {f"a{n}": {} for n in range(11)}, "form_group_many"),
    ("accounts", {f"a{n}": {} for n in range(10)}, "infobip_accounts_many"),
    ("keyword", "ACME DEMO", "form_has_space"),
    ("keyword", '"ACMEDEMO"', "form_has_quotes"),
    ("keyword", "Keyword: ACMEDEMO", "form_has_label"),
    ("keyword", "k" * 51, "infobip_too_long"),
    ("keyword", "https://wa.me/447700900199", "form_is_link"),
    ("check", "basic", "form_choice_wrong"),
    ("check", "HMAC", "form_choice_wrong"),
    ("check", "yes", "form_choice_wrong"),
    ("check", {"a": 1}, "form_not_text"),
    ("check", False, "form_not_text"),
    ("check_username", "web hooks", "form_has_space"),
    ("check_username", "hooks:secret", "infobip_name_is_pair"),
    ("check_username", KEY, "infobip_is_key"),
    ("check_username", "Basic aG9va3M=", "form_has_scheme"),
    ("check_username", "“hooks”", "form_has_quotes"),
    ("check_password", "short", "infobip_secret_short"),
    ("check_password", "two words here", "form_has_space"),
    ("check_password", "********", "form_is_masked"),
    ("check_password", "Password: s3cret-one", "form_has_label"),
    ("check_password", ["x"], "form_not_text"),
    ("hmac_secret", "short", "infobip_secret_short"),
    ("hmac_secret", "...........", "form_is_masked"),
    ("hmac_secret", "secret key of mine", "form_has_space"),
    ("hmac_secret", "`secret-key-1`", "form_has_quotes"),
    ("hmac_secret", "secretKey: abcdefgh", "form_has_label"),
    ("hmac_header", "X-Hub-Signature: SHA256=ab", "form_has_label"),
    ("hmac_header", "X Hub Signature", "form_has_space"),
    ("hmac_header", "X_Hub_Signature", "form_id_wrong"),
    ("hmac_header", "Authorization", "form_id_wrong"),
    ("hmac_header", "X-Hub-Signature:", "form_id_wrong"),
    ("hmac_algorithm", "SHA256", "form_choice_wrong"),
    ("hmac_algorithm", "hmac_sha_256", "form_choice_wrong"),
    ("hmac_algorithm", "HMAC_SHA_3", "form_choice_wrong"),
    ("hmac_algorithm", 256, "form_choice_wrong"),
    ("hmac_algorithm", [], "form_not_text"),
    ("sms_sender", "A" * 25, "infobip_too_long"),
    ("sms_sender", ["Acme"], "form_not_text"),
    ("sms_sender", {"x": 1}, "form_not_text"),
    ("sms_sender", True, "form_not_text"),
    ("sms_sender", 1.5, "form_not_text"),
    ("sms_after", "soon", "infobip_minutes_wrong"),
    ("sms_after", "0", "infobip_minutes_wrong"),
    ("sms_after", 2881, "infobip_minutes_wrong"),
    ("sms_after", "-5", "infobip_minutes_wrong"),
    ("sms_after", "1.5", "infobip_minutes_wrong"),
    ("order_payment", "upi", "form_choice_wrong"),
    ("order_payment", "PG-PAYU", "form_choice_wrong"),
    ("order_payment", "pg_payu", "form_choice_wrong"),
    ("order_payment", 1, "form_choice_wrong"),
    ("order_payment", {}, "form_not_text"),
    ("pull_reports", "maybe", "form_switch_wrong"),
    ("pull_reports", 2, "form_switch_wrong"),
    ("pull_reports", [], "form_switch_wrong"),
    ("pull_reports", "ja", "form_switch_wrong"),
    ("pull_reports", ["on"], "form_switch_wrong"),
]


OF_AN_ACCOUNT = ("numbers", "base_url", "username", "password", "api_key")


@pytest.mark.parametrize(("field", "value", "sentence"), SLIPS)
def test_every_slip_has_its_sentence(field: str, value: Any, sentence: str) -> None:
    _, wrong = read(**{field: value})
    assert (field, sentence) in wrong


def test_every_field_has_five_slips() -> None:
    named = [field for field, _, _ in SLIPS]
    fields = {field.name for field in infobip.SETTINGS}
    assert {field for field in fields if named.count(field) < 5} == set()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [slip for slip in SLIPS if slip[0] in OF_AN_ACCOUNT],
)  # fmt: skip
def test_a_further_account_has_the_same_slips(field: str, value: Any, sentence: str) -> None:
    account = {"numbers": [OTHER], "base_url": GOOD["base_url"], "api_key": KEY, field: value}
    if sentence == "infobip_name_is_number":
        account["numbers"] = [value]
    settings, wrong = read(numbers=["+44 7700 900150"], accounts={"north": account})
    assert (f"accounts.north.{field}", sentence) in wrong
    assert settings.accounts[1].name == "north"


def test_the_password_is_not_the_username() -> None:
    _, wrong = read(username="acmeshop", password="acmeshop")
    assert ("password", "infobip_password_is_name") in wrong


def test_a_number_belongs_to_one_account() -> None:
    north = {"numbers": ["+44 7700 900100"], "base_url": GOOD["base_url"], "api_key": KEY}
    _, wrong = read(accounts={"north": north})
    assert wrong == [("accounts.north.numbers", "infobip_number_of_two")]


def test_twenty_numbers_over_all() -> None:
    def account(start: int) -> dict[str, Any]:
        numbers = [f"+44 7700 900{n}" for n in range(start, start + 10)]
        return {"numbers": numbers, "base_url": GOOD["base_url"], "api_key": KEY}

    _, wrong = read(numbers=[], accounts={"a": account(100), "b": account(200)})
    assert wrong == []
    _, wrong = read(accounts={"a": account(200), "b": account(300)})
    assert wrong == [("numbers", "form_numbers_many")]


# --- what is missing -----------------------------------------------------------------------------


def test_what_an_empty_form_lacks() -> None:
    settings, wrong = infobip.read_settings({})
    assert wrong == []
    assert settings.accounts == ()
    assert lacking(settings) == [
        ("numbers", "form_missing"),
        ("base_url", "form_missing"),
        ("api_key", "infobip_login_missing"),
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"api_key": "", "username": "acme"}, [("password", "infobip_login_half")]),
        ({"api_key": "", "password": "s3cret-pass"}, [("username", "infobip_login_half")]),
        ({"numbers": []}, [("numbers", "form_missing")]),
        ({"check": "account"}, [("check", "infobip_check_without_pair")]),
        (
            {"check": "own"},
            [("check_username", "form_missing"), ("check_password", "form_missing")],
        ),
        ({"check": "hmac"}, [("hmac_secret", "form_missing")]),
        (
            {"accounts": {"north": {"numbers": [OTHER]}}},
            [
                ("accounts.north.base_url", "form_missing"),
                ("accounts.north.api_key", "infobip_login_missing"),
            ],
        ),
    ],
)
def test_what_stands_in_the_way(given: Any, expected: Any) -> None:
    settings, wrong = read(**given)
    assert (wrong, lacking(settings)) == ([], expected)
    for complaint in infobip.missing(settings):
        assert complaint.sentence.id in known()
        assert "{" not in say(complaint.sentence)


def test_named_accounts_alone_will_do() -> None:
    north = {"numbers": [OTHER], "base_url": GOOD["base_url"], "api_key": KEY}
    settings, wrong = infobip.read_settings({"accounts": {"north": north}})
    assert (wrong, lacking(settings)) == ([], [])
    assert infobip.numbers(settings) == (OTHER,)


def test_a_further_account_has_switches_of_its_own() -> None:
    north = {"numbers": [OTHER], "base_url": GOOD["base_url"], "api_key": KEY}
    for given, (proactive, enabled) in (
        ({}, (True, True)),
        ({"proactive": "off"}, (False, True)),
        ({"enabled": False}, (True, False)),
    ):
        settings, wrong = infobip.read_settings({**GOOD, "accounts": {"north": north | given}})
        assert (wrong, lacking(settings)) == ([], [])
        assert infobip.numbers(settings) == (NUMBER, OTHER)  # all are kept
        assert infobip.may_notify(OTHER, settings) is proactive
        assert infobip.in_use(OTHER, settings) is enabled
        assert infobip.may_notify(NUMBER, settings) and infobip.in_use(NUMBER, settings)
    _, wrong = read(accounts={"north": north | {"enabled": "perhaps"}})
    assert wrong == [("accounts.north.enabled", "form_switch_wrong")]
    # The first account has the channel's.
    settings, _ = infobip.read_settings({**GOOD, "enabled": False, "proactive": False})
    assert infobip.may_notify(NUMBER, settings) and infobip.in_use(NUMBER, settings)


def test_an_account_that_is_switched_off_may_be_incomplete_and_is_not_asked() -> None:
    off = msgspec.structs.replace(SECOND, enabled=False)
    assert [p.about for p in infobip.probes(changed(TWO, accounts=(FIRST, off)))] == [
        "the account k3pz9d.api.infobip.com"
    ]
    assert len(infobip.pulls(changed(TWO, accounts=(FIRST, off), pull_reports=True))) == 1
    bare = Account("north", (OTHER,), enabled=False)
    assert lacking(Settings(accounts=(FIRST, bare))) == []
    alone = lacking(Settings(accounts=(bare,)))  # then there is no account at all
    assert ("numbers", "form_missing") in alone
    # Its webhooks are still known as its own, so that they can be kept.
    kept = changed(SAME, accounts=(FIRST, off))
    assert asked(kept, basic("acme:TEST:PASSWORD")) is None


def test_what_is_secret_is_marked_so() -> None:
    secret = {f.name for f in infobip.SETTINGS if f.kind == "secret"}
    assert secret == {"password", "api_key", "check_password", "hmac_secret"}
    (group,) = [f for f in infobip.SETTINGS if f.kind == "group"]
    assert {f.name for f in group.fields if f.kind == "secret"} == {"password", "api_key"}
    assert group.most == 10


# --- webhooks ------------------------------------------------------------------------------------

BODY = '{"results":[{"text":"नमस्ते"}]}'.encode()
OWN = changed(WHATSAPP, check="own", check_username="hooks", check_password="TESTHOOKPASSWORD")
SAME = changed(TWO, check="account")
HMAC = changed(WHATSAPP, check="hmac", hmac_secret="TESTHMACSECRET")


def basic(pair: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def asked(channel: Settings, headers: dict[str, str], body: bytes = BODY) -> str | None:
    refused = infobip.authenticate(hook(body, headers), channel, 0)
    if refused is None:
        return None
    assert isinstance(refused, Refused)
    assert (refused.answer.status, refused.answer.body) == (401, b"Unauthorized")
    assert refused.reason.id in known()
    assert "TEST" not in say(refused.reason)
    return refused.reason.id


@pytest.mark.parametrize(
    ("channel", "headers", "why"),
    [
        (WHATSAPP, {}, None),
        (WHATSAPP, basic("any:thing"), None),
        (OWN, basic("hooks:TESTHOOKPASSWORD"), None),
        (OWN, {"authorization": "basic  aG9va3M6VEVTVEhPT0tQQVNTV09SRA=="}, None),
        (OWN, {}, "infobip_login_absent"),
        (OWN, {"authorization": "Bearer x"}, "infobip_login_absent"),
        (OWN, {"authorization": "Basic %%%"}, "infobip_login_absent"),
        (OWN, {"authorization": "Basic é"}, "infobip_login_absent"),
        (OWN, basic("hooks:wrong"), "infobip_login_wrong"),
        (OWN, basic("other:TESTHOOKPASSWORD"), "infobip_login_wrong"),
        (OWN, basic(""), "infobip_login_wrong"),
        (SAME, basic("acme:TEST:PASSWORD"), None),
        (SAME, basic("acme:TEST"), "infobip_login_wrong"),
        (changed(WHATSAPP, check="account"), basic(":"), "infobip_login_wrong"),
        (changed(WHATSAPP, check="own"), basic(":"), "infobip_login_wrong"),
    ],
)
def test_a_username_and_password(channel: Settings, headers: Any, why: str | None) -> None:
    assert asked(channel, headers) == why


def signature(algorithm: str = "sha256", secret: str = "TESTHMACSECRET") -> bytes:
    return hmac.digest(secret.encode(), BODY, algorithm)


GOOD_SIGNATURES = [
    signature().hex(),
    signature().hex().upper(),
    "SHA256=" + signature().hex(),
    "sha256=" + signature().hex().upper(),
    "HMAC-SHA256=" + signature().hex(),
    base64.b64encode(signature()).decode(),
]


@pytest.mark.parametrize("value", GOOD_SIGNATURES)
def test_a_signature_in_any_writing(value: str) -> None:
    assert asked(HMAC, {"x-hub-signature": value}) is None
    assert asked(changed(HMAC, hmac_header="X-Acme"), {"x-acme": value}) is None
    assert asked(HMAC, {"x-hub-signature": value}, BODY + b" ") == "infobip_signature_wrong"


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "infobip_signature_absent"),
        ({"x-hub-signature": " "}, "infobip_signature_absent"),
        ({"x-other": GOOD_SIGNATURES[0]}, "infobip_signature_absent"),
        ({"x-hub-signature": "SHA256="}, "infobip_signature_wrong"),
        ({"x-hub-signature": signature(secret="other").hex()}, "infobip_signature_wrong"),
        ({"x-hub-signature": GOOD_SIGNATURES[0][:-2]}, "infobip_signature_wrong"),
        ({"x-hub-signature": "é" * 64}, "infobip_signature_wrong"),
        # The word before it does not choose the algorithm: the channel does.
        ({"x-hub-signature": "MD5=" + signature("md5").hex()}, "infobip_signature_wrong"),
        (basic("acme:TEST:PASSWORD"), "infobip_signature_absent"),
    ],
)
def test_a_signature_that_is_not_right(headers: Any, why: str) -> None:
    assert asked(HMAC, headers) == why


@pytest.mark.parametrize("name", ["HMAC_MD5", "HMAC_SHA_1", "HMAC_SHA_224", "HMAC_SHA_384"])
def test_other_algorithms(name: str) -> None:
    word = name.removeprefix("HMAC_").replace("_", "").lower()
    assert word in hashlib.algorithms_guaranteed
    channel = changed(HMAC, hmac_algorithm=name)
    assert asked(channel, {"x-hub-signature": signature(word).hex()}) is None
    assert asked(channel, {"x-hub-signature": signature().hex()}) == "infobip_signature_wrong"


def test_a_check_without_its_values_lets_nobody_in() -> None:
    channel = changed(WHATSAPP, check="hmac")
    empty = hmac.digest(b"\0", BODY, "sha256").hex()
    assert asked(channel, {"x-hub-signature": empty}) == "infobip_signature_wrong"


def test_what_guards_the_address() -> None:
    assert [infobip.guarded(c) for c in (WHATSAPP, OWN, SAME, HMAC)] == [False, True, True, True]
    assert [infobip.uses_authorization(c) for c in (WHATSAPP, OWN, SAME, HMAC)] == [
        False,
        True,
        True,
        False,
    ]
    for check in ("own", "account", "hmac"):
        assert not infobip.guarded(changed(WHATSAPP, check=check))


def test_a_browser_sees_what_the_address_is_for() -> None:
    page = infobip.handshake(Hook("GET", "/hooks/infobip/st-1"), [WHATSAPP])
    assert page is not None
    assert page.status == 200
    assert b"URL for incoming messages" in page.body
    assert infobip.handshake(hook(b"{}"), [WHATSAPP]) is None


def test_what_infobip_hears() -> None:
    said = {outcome: infobip.answer(outcome).status for outcome in Outcome}
    assert said == {
        Outcome.KEPT: 200,
        Outcome.INVALID: 400,
        Outcome.BUSY: 503,
        Outcome.UNKNOWN: 404,
        Outcome.NO_TOKEN: 401,
        Outcome.WRONG_TOKEN: 401,
    }
