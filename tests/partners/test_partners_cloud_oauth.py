"""Signing in at Meta, the token's inspection and the subscriptions: calls as values, answers read,
talks carried out with answers written down beforehand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest

from dragoman.domain.sentences import Sentence, known, say
from dragoman.partners import cloud_api
from dragoman.partners.addresses import difference
from dragoman.partners.cloud_api import oauth
from dragoman.partners.cloud_api.answers import callbacks as callbacks_in
from dragoman.partners.cloud_api.answers import number_ids, read_subscriptions
from dragoman.partners.cloud_api.answers import read as read_check
from dragoman.partners.cloud_api.calls import (
    ACCOUNT_NUMBERS,
    CALLBACKS,
    SUBSCRIBE,
    SUBSCRIPTIONS,
    graph_call,
)
from dragoman.partners.contract import (
    Account,
    Finding,
    Grant,
    HttpCall,
    NoReply,
    Phase,
    Probe,
    Reply,
    Talk,
)
from dragoman.partners.registry import account

FIXTURES = Path(__file__).parent.parent / "fixtures" / "cloud_api" / "outbound"
PNID, SECOND, WABA = "106540352242922", "106540352242933", "102290129340398"
APP, SECRET = "634974688087057", "0123456789abcdef0123456789abcdef"
OURS = "https://bot.example.com/oauth/cloud-api/st-tea"
HOOK = "https://bot.example.com/hooks/cloud-api/st-1"
GRAPH = "https://graph.facebook.com/v26.0"
NOW = 1_795_420_800_000
DAY_MS = 86_400_000
BOTH = ["whatsapp_business_management", "whatsapp_business_messaging"]

SIGNING = cloud_api.Settings(
    numbers=(cloud_api.Number(PNID),),
    app_id=APP,
    app_secret=SECRET,
    authorization="temporary",
)
GRANTED = oauth.with_token(SIGNING, "EAAgranted")
PASTED = cloud_api.Settings(numbers=SIGNING.numbers, token="EAApasted")
AS_APP = {"Authorization": f"Bearer {APP}|{SECRET}"}

AS_ACCOUNT: Account = oauth  # mypy checks every name and signature
T = TypeVar("T")


def said(body: Any, status: int = 200) -> Reply:
    return Reply(status, {}, json.dumps(body).encode())


def fixture(name: str) -> Reply:
    return Reply(200, {}, (FIXTURES / f"{name}.json").read_bytes())


def error(message: str, code: int = 100, **more: Any) -> Reply:
    body = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A", **more}
    return said({"error": body}, 400)


def token_info(**changes: Any) -> Reply:
    data = {
        "app_id": APP,
        "type": "USER",
        "is_valid": True,
        "expires_at": NOW // 1000 + 60 * 86_400,
        "scopes": BOTH,
        "granular_scopes": [{"scope": BOTH[0], "target_ids": [WABA]}],
        "user_id": "1041690",
    }
    return said({"data": {**data, **changes}})


def carried(talk: Talk[T], replies: Sequence[Reply | NoReply]) -> tuple[list[HttpCall], T]:
    """A talk with these answers: its calls, and its result."""
    calls, left = [], list(replies)
    try:
        call = next(talk)
        while True:
            calls.append(call)
            call = talk.send(left.pop(0))
    except StopIteration as done:
        assert left == []
        result: T = done.value
        return calls, result


def sentences(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    for one in findings:
        assert one.what.id in known() and "{" not in say(one.what)
        assert one.remedy is None or "{" not in say(one.remedy)
    return [(one.state, one.what.id) for one in findings]


# --- the dialog ----------------------------------------------------------------------------------


def test_it_is_the_account_side_of_the_partner() -> None:
    assert account("cloud-api") is AS_ACCOUNT
    assert (oauth.granted(SIGNING), oauth.granted(PASTED)) == (True, False)
    assert (oauth.account(SIGNING), GRANTED.token) == (APP, "EAAgranted")


def test_the_address_of_the_dialog() -> None:
    url = oauth.render_authorize_url(SIGNING, OURS, "state-1")
    assert url.partition("?")[0] == "https://www.facebook.com/v26.0/dialog/oauth"
    assert parse_qsl(urlsplit(url).query, strict_parsing=True) == [
        ("client_id", APP),
        ("redirect_uri", OURS),
        ("state", "state-1"),
        ("response_type", "code"),
        ("scope", "whatsapp_business_management,whatsapp_business_messaging"),
    ]
    assert f"redirect_uri={'https%3A%2F%2Fbot.example.com%2Foauth%2Fcloud-api%2Fst-tea'}" in url
    with_config = msgspec.structs.replace(SIGNING, config_id="1415161718")
    url = oauth.render_authorize_url(with_config, OURS, "state-1")
    assert parse_qsl(urlsplit(url).query)[4:] == [
        ("config_id", "1415161718"),
        ("override_default_response_type", "true"),
    ]


def test_an_emulator_has_its_dialog_beside_its_graph() -> None:
    emulated = msgspec.structs.replace(SIGNING, graph_url="http://127.0.0.1:8410/emulated")
    url = oauth.render_authorize_url(emulated, OURS, "s")
    assert url.startswith("http://127.0.0.1:8410/emulated/v26.0/dialog/oauth?client_id=")


DENIED = {
    "error": "access_denied",
    "error_code": "200",
    "error_description": "Permissions error",
    "error_reason": "user_denied",
}


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"code": "c"}, None),
        (DENIED, Sentence("cloud_oauth_cancelled")),
        (
            {"error": "server_error", "error_description": "Try later."},
            Sentence("cloud_oauth_denied", {"said": "Try later."}),
        ),
        (
            {"error_code": "1349048", "error_message": "Invalid Scopes: x"},
            Sentence("cloud_oauth_denied", {"said": "Invalid Scopes: x."}),
        ),
        ({"error": "temporarily_unavailable"},
         Sentence("cloud_oauth_denied", {"said": "temporarily_unavailable."})),
        ({}, Sentence("cloud_oauth_no_code")),
        ({"code": ""}, Sentence("cloud_oauth_no_code")),
    ],
)  # fmt: skip
def test_how_the_person_came_back(query: dict[str, str], sentence: Sentence | None) -> None:
    assert oauth.read_denial({**query, "state": "s"}) == sentence
    assert sentence is None or "{" not in say(sentence)


# --- the exchange --------------------------------------------------------------------------------

CODE = HttpCall(
    "GET",
    f"{GRAPH}/oauth/access_token",
    "code_exchange",
    query=(
        ("client_id", APP),
        ("client_secret", SECRET),
        ("redirect_uri", OURS),
        ("code", "code-1"),
    ),
    secret_query=frozenset({"client_secret", "code", "fb_exchange_token"}),
)
LONGER = HttpCall(
    "GET",
    f"{GRAPH}/oauth/access_token",
    "long_lived_exchange",
    query=(
        ("client_id", APP),
        ("client_secret", SECRET),
        ("grant_type", "fb_exchange_token"),
        ("fb_exchange_token", "EAAshort"),
    ),
    secret_query=frozenset({"client_secret", "code", "fb_exchange_token"}),
)


def inspected(token: str) -> HttpCall:
    return HttpCall(
        "GET",
        f"{GRAPH}/debug_token",
        "debug_token",
        AS_APP,
        (("input_token", token),),
        secret_query=frozenset({"input_token"}),
    )


SHORT = said({"access_token": "EAAshort", "token_type": "bearer", "expires_in": 5183})
LONG = said({"access_token": "EAAlong", "token_type": "bearer", "expires_in": 5_183_944})


def test_code_then_long_lived_then_what_meta_says_of_it() -> None:
    talk = oauth.grant(SIGNING, OURS, "code-1", NOW)
    calls, grant = carried(talk, [SHORT, LONG, token_info()])
    assert calls == [CODE, LONGER, inspected("EAAlong")]
    assert grant == Grant("EAAlong", NOW + 5_183_944_000, tuple(BOTH), "1041690")


def test_a_token_that_lives_long_already_is_kept() -> None:
    calls, grant = carried(oauth.grant(SIGNING, OURS, "code-1", NOW), [LONG, token_info()])
    assert calls == [CODE, inspected("EAAlong")]
    assert grant == Grant("EAAlong", NOW + 5_183_944_000, tuple(BOTH), "1041690")
    endless = fixture("auth_code_exchange_response")
    answers = [endless, token_info(expires_at=0)]
    calls, grant = carried(oauth.grant(SIGNING, OURS, "code-1", NOW), answers)
    assert len(calls) == 2
    assert grant == Grant("EAAExampleBusinessToken", 0, tuple(BOTH), "1041690")
    _, grant = carried(oauth.grant(SIGNING, OURS, "code-1", NOW), [endless, token_info()])
    assert isinstance(grant, Grant) and grant.expires_at == NOW + 60 * DAY_MS  # as Meta says


def test_the_fixtures_of_both_exchanges() -> None:
    read = oauth.read_exchange
    assert read(fixture("auth_code_exchange_response")) == oauth.Exchanged(
        "EAAExampleBusinessToken"
    )
    assert read(fixture("auth_fb_exchange_token_response")) == oauth.Exchanged(
        "EAAExampleLongLived", 5_183_944
    )


def test_a_spent_code_is_not_lost_to_a_silent_look_up() -> None:
    answers: list[Reply | NoReply] = [LONG, NoReply(Phase.SENT, "timed out")]
    _, grant = carried(oauth.grant(SIGNING, OURS, "code-1", NOW), answers)
    assert grant == Grant("EAAlong", NOW + 5_183_944_000)


def test_a_token_that_could_not_send_is_not_kept() -> None:
    talk = oauth.grant(SIGNING, OURS, "code-1", NOW)
    _, lacks = carried(talk, [LONG, token_info(scopes=BOTH[:1])])
    assert lacks == Sentence("cloud_token_lacks", {"scopes": BOTH[1]})
    talk = oauth.grant(SIGNING, OURS, "code-1", NOW)
    _, other = carried(talk, [LONG, token_info(app_id="1")])
    assert other == Sentence("cloud_token_other_app", {"theirs": "1", "ours": APP})


REFUSALS: list[tuple[Reply | NoReply, Sentence]] = [
    (
        error("This authorization code has been used.", error_subcode=36009),
        Sentence("cloud_code_used"),
    ),
    (error("This authorization code has been used."), Sentence("cloud_code_used")),
    (error("Whatever", error_subcode=36007), Sentence("cloud_code_late")),
    (error("This authorization code has expired."), Sentence("cloud_code_late")),
    (
        error(
            "Error validating verification code. Please make sure your redirect_uri is identical "
            "to the one you used in the OAuth dialog request",
            error_subcode=36008,
        ),
        Sentence("cloud_code_redirect", {"uri": OURS}),
    ),
    (error("Error validating client secret.", 1), Sentence("cloud_code_secret")),
    (
        error("Error validating application. Cannot get application info due to a system error.",
              101),
        Sentence("cloud_code_app"),
    ),
    (error("Something new", 4711), Sentence("cloud_code_refused", {"said": "Something new."})),
    (NoReply(Phase.CONNECT, "refused"), Sentence("cloud_code_silent", {"detail": "refused"})),
    (NoReply(Phase.SENT), Sentence("cloud_code_silent", {"detail": Sentence("no_detail")})),
    (said({"token_type": "bearer"}), Sentence("cloud_code_no_token")),
    (
        Reply(502, {}, b"<html>"),
        Sentence("cloud_check_strange", {"host": "The Graph API address", "status": 502}),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "sentence"), REFUSALS)
def test_why_there_is_no_token(reply: Reply | NoReply, sentence: Sentence) -> None:
    _, result = carried(oauth.grant(SIGNING, OURS, "code-1", NOW), [reply])
    assert result == sentence
    assert sentence.id in known() and "{" not in say(sentence)
    _, result = carried(oauth.grant(SIGNING, OURS, "code-1", NOW), [SHORT, reply])
    assert isinstance(result, Sentence)


# --- the token -----------------------------------------------------------------------------------


def test_a_token_is_asked_about_as_the_app_where_that_is_known() -> None:
    number, about_token = cloud_api.probes(GRANTED)
    assert number.call.headers == {"Authorization": "Bearer EAAgranted"}
    assert about_token == Probe("the access token", inspected("EAAgranted"), APP)
    assert cloud_api.probes(SIGNING) == ()  # nobody has signed in yet


PROBE = Probe("the access token", inspected("EAAgranted"), APP)


def invalid(subcode: int) -> Reply:
    told = {"code": 190, "message": "Error validating access token", "subcode": subcode}
    return said({"data": {"is_valid": False, "error": told, "scopes": []}})


@pytest.mark.parametrize(
    ("reply", "sentence"),
    [
        (token_info(), None),
        (token_info(expires_at=0), None),
        (invalid(460), Sentence("meta_error_190/460")),
        (invalid(463), Sentence("meta_error_190/463")),
        (invalid(467), Sentence("meta_error_190/467")),
        (invalid(1), Sentence("meta_error_190")),
        (token_info(app_id="1"), Sentence("cloud_token_other_app", {"theirs": "1", "ours": APP})),
        (token_info(scopes=[]), Sentence("cloud_token_lacks", {"scopes": " and ".join(BOTH)})),
        (token_info(scopes=BOTH[1:]), Sentence("cloud_token_lacks", {"scopes": BOTH[0]})),
        (NoReply(Phase.SENT, "slow"), Sentence("cloud_check_silent", {"detail": "slow"})),
        (
            NoReply(Phase.CONNECT, "refused"),
            Sentence("meta_no_connection", {"detail": "refused"}),
        ),
    ],
)
def test_what_a_token_is_worth(reply: Reply | NoReply, sentence: Sentence | None) -> None:
    assert cloud_api.read_probe(PROBE, reply) == sentence


def test_without_an_app_id_any_app_is_right() -> None:
    assert cloud_api.read_probe(Probe("t", PROBE.call), token_info(app_id="1")) is None


# --- the subscriptions ---------------------------------------------------------------------------


def test_the_calls_of_the_subscriptions() -> None:
    assert graph_call(SUBSCRIPTIONS, APP, SIGNING) == HttpCall(
        "GET", f"{GRAPH}/{APP}/subscriptions", "subscriptions", AS_APP
    )
    bearer = {"Authorization": "Bearer EAApasted"}
    assert graph_call(CALLBACKS, PNID, PASTED) == HttpCall(
        "GET",
        f"{GRAPH}/{PNID}",
        "webhook_configuration",
        bearer,
        (("fields", "webhook_configuration"),),
    )
    assert graph_call(ACCOUNT_NUMBERS, WABA, PASTED) == HttpCall(
        "GET",
        f"{GRAPH}/{WABA}/phone_numbers",
        "account_numbers",
        bearer,
        (("fields", "id"), ("limit", "200")),
    )


def subscribed(*apps: str) -> Reply:
    rows = [{"whatsapp_business_api_data": {"id": app, "name": "x", "link": "y"}} for app in apps]
    return said({"data": rows})


def callbacks(**levels: str) -> Reply:
    return said({"webhook_configuration": levels, "id": PNID})


def fields(*names: str, active: bool = True) -> Reply:
    row = {
        "object": "whatsapp_business_account",
        "callback_url": HOOK,
        "active": active,
        "fields": [{"name": name, "version": "v26.0"} for name in names],
    }
    return said({"data": [{**row, "object": "page"}, row]})


def test_the_answers_of_the_subscriptions() -> None:
    assert read_subscriptions(fields("messages", "flows")) == ("messages", "flows")
    assert read_subscriptions(fields("messages", active=False)) == ()
    assert read_check(callbacks(application=HOOK), callbacks_in) == {
        "phone_number": "",
        "whatsapp_business_account": "",
        "application": HOOK,
    }
    listed = read_check(fixture("mgmt_phone_numbers_list_response"), number_ids)
    assert isinstance(listed, tuple) and listed[0] == PNID
    refused = error("Invalid OAuth access token signature.", 190)
    assert read_subscriptions(refused) == Sentence(
        "cloud_app_refused", {"said": "Invalid OAuth access token signature."}
    )
    silent = NoReply(Phase.SENT, "slow")
    for found in (
        read_subscriptions(silent),
        read_check(silent, callbacks_in),
        read_check(silent, number_ids),
    ):
        assert found == Sentence("cloud_check_silent", {"detail": "slow"})


def test_all_is_well() -> None:
    answers = [token_info(), subscribed("1", APP), callbacks(application=HOOK), fields("messages")]
    calls, found = carried(oauth.inspect(GRANTED, HOOK, NOW), answers)
    assert [call.url.removeprefix(GRAPH) for call in calls] == [
        "/debug_token",
        f"/{WABA}/subscribed_apps",
        f"/{PNID}",
        f"/{APP}/subscriptions",
    ]
    assert sentences(found) == [
        ("ok", "cloud_account_subscribed"),
        ("ok", "cloud_callback_ours"),
        ("ok", "cloud_field_ok"),
    ]


def test_everything_is_missing() -> None:
    answers = [token_info(), subscribed("1"), callbacks(), fields("account_update")]
    _, found = carried(oauth.inspect(GRANTED, HOOK, NOW), answers)
    assert sentences(found) == [
        ("fail", "cloud_account_not_subscribed"),
        ("fail", "cloud_callback_none"),
        ("fail", "cloud_field_missing"),
    ]
    answers = [token_info(), subscribed(APP), callbacks(application=HOOK),
               fields("messages", active=False)]  # fmt: skip
    _, found = carried(oauth.inspect(GRANTED, HOOK, NOW), answers)
    assert sentences(found)[2] == ("fail", "cloud_field_missing")


@pytest.mark.parametrize(
    ("levels", "name", "fix"),
    [
        ({"application": "https://old.example/x"}, "cloud_callback_other", "cloud_callback_fix"),
        ({"application": HOOK + "/"}, "cloud_callback_almost", "cloud_callback_fix"),
        (
            {"application": HOOK, "phone_number": "https://other.example/x"},
            "cloud_callback_other",
            "cloud_override_fix",
        ),
        (
            {"application": HOOK, "whatsapp_business_account": HOOK.upper()},
            "cloud_callback_almost",
            "cloud_override_fix",
        ),
    ],
)
def test_webhooks_that_go_elsewhere(levels: dict[str, str], name: str, fix: str) -> None:
    answers = [token_info(), subscribed(APP), callbacks(**levels), fields("messages")]
    _, found = carried(oauth.inspect(GRANTED, HOOK, NOW), answers)
    assert sentences(found)[1] == ("fail", name)
    assert found[1].remedy is not None and found[1].remedy.id == fix


def test_an_override_that_is_ours_is_as_good() -> None:
    levels = {"application": "https://other.example/x", "phone_number": HOOK}
    answers = [token_info(), subscribed(APP), callbacks(**levels), fields("messages")]
    _, found = carried(oauth.inspect(GRANTED, HOOK, NOW), answers)
    assert sentences(found)[1] == ("ok", "cloud_callback_ours")


@pytest.mark.parametrize(
    ("expires_at", "state", "name"),
    [
        (0, "ok", "cloud_expires_never"),
        (NOW // 1000 + 15 * 86_400, "ok", "cloud_expires"),
        (NOW // 1000 + 14 * 86_400, "warn", "cloud_expires_soon"),
    ],
)
def test_a_pasted_token_tells_its_end_and_cannot_ask_for_the_field(
    expires_at: int, state: str, name: str
) -> None:
    answers = [token_info(expires_at=expires_at), subscribed(APP), callbacks(application=HOOK)]
    calls, found = carried(oauth.inspect(PASTED, HOOK, NOW), answers)
    assert all(call.headers == {"Authorization": "Bearer EAApasted"} for call in calls)
    assert sentences(found) == [
        (state, name),
        ("ok", "cloud_account_subscribed"),
        ("ok", "cloud_callback_ours"),
        ("none", "cloud_field_unasked"),
    ]


def test_a_bad_token_ends_the_inspection() -> None:
    _, found = carried(oauth.inspect(GRANTED, HOOK, NOW), [invalid(463)])
    assert found == [Finding("fail", Sentence("meta_error_190/463"))]
    _, found = carried(oauth.inspect(GRANTED, HOOK, NOW), [token_info(scopes=BOTH[:1])])
    assert sentences(found) == [("fail", "cloud_token_lacks")]
    assert carried(oauth.inspect(SIGNING, HOOK, NOW), []) == ([], [])


def grants(*wabas: str) -> list[dict[str, Any]]:
    return [{"scope": BOTH[0], "target_ids": list(wabas)}]


def test_the_accounts_are_given_or_found() -> None:
    given = msgspec.structs.replace(PASTED, numbers=(cloud_api.Number(PNID, waba_id="77777"),))
    calls, found = carried(oauth.subscribe(given), [token_info(), said({"success": True})])
    assert calls[1:] == [graph_call(SUBSCRIBE, "77777", given)]
    assert found == [Finding("ok", Sentence("cloud_subscribed", {"waba": "77777"}))]
    # a token of several accounts: the one that lists the number
    answers = [
        token_info(granular_scopes=grants("11111", "22222", "33333")),
        said({"data": [{"id": SECOND}]}),
        said({"data": [{"id": PNID}, {"id": "5"}]}),
        said({"success": True}),
    ]
    calls, found = carried(oauth.subscribe(PASTED), answers)
    assert [call.url.removeprefix(GRAPH) for call in calls[1:]] == [
        "/11111/phone_numbers",
        "/22222/phone_numbers",
        "/22222/subscribed_apps",
    ]
    assert sentences(found) == [("ok", "cloud_subscribed")]


def test_an_account_that_meta_does_not_tell() -> None:
    _, found = carried(oauth.subscribe(PASTED), [token_info(granular_scopes=[])])
    assert sentences(found) == [("none", "cloud_accounts_unknown")]
    answers = [token_info(), said({"success": False})]
    _, found = carried(oauth.subscribe(PASTED), answers)
    assert found == [Finding("fail", Sentence("cloud_not_done"))]
    assert carried(oauth.subscribe(SIGNING), []) == ([], [])


# --- addresses, letter by letter -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("theirs", "name"),
    [
        (OURS, None),
        (OURS.replace("https", "http"), "address_scheme"),
        ("bot.example.com/oauth/cloud-api/st-tea", "address_scheme"),
        (OURS + "/", "address_slash"),
        (OURS.replace("oauth", "OAuth"), "address_case"),
        (OURS.replace("https", "HTTPS"), "address_case"),
        (OURS.replace("bot", "Bot"), "address_case"),
        (OURS.replace("bot", "bot2"), "address_host"),
        (OURS.replace(".com", ".com:443"), "address_host"),
        (OURS.replace("/oauth", "//oauth"), "address_slashes"),
        (OURS.replace("cloud-api", "cloud%2Dapi"), "address_encoding"),
        (OURS + "?", "address_query"),
        (OURS + "?x=1", "address_query"),
        (OURS + "#_=_", "address_query"),
        (OURS.replace("/oauth", "/x/oauth"), "address_path"),
        (OURS + " ", "address_space"),
        ("", "address_space"),
        ("https://[bot/", "address_path"),
    ],
)
def test_where_two_addresses_part(theirs: str, name: str | None) -> None:
    found = difference(theirs, OURS)
    assert (found and found.id) == name
    assert found is None or (found.id in known() and "{" not in say(found))
