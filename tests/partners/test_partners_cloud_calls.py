"""The calls beside sending: probe, files, subscriptions, token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dragoman.domain.errors import Code, SendError
from dragoman.domain.sentences import Sentence, known
from dragoman.partners import cloud_api
from dragoman.partners.cloud_api.answers import (
    TokenInfo,
    read,
    read_debug_token,
    subscribed_apps,
    unconfirmed,
)
from dragoman.partners.cloud_api.calls import (
    SUBSCRIBE,
    SUBSCRIBED_APPS,
    graph_call,
    render_debug_token,
    render_media_download,
)
from dragoman.partners.contract import HttpCall, MediaFile, NoReply, Part, Phase, Probe, Reply

FIXTURES = Path(__file__).parent.parent / "fixtures" / "cloud_api" / "outbound"
PNID, WABA = "106540352242922", "102290129340398"
CHANNEL = cloud_api.Settings(numbers=(cloud_api.Number(PNID),), token="token-of-the-test")
GRAPH = "https://graph.facebook.com/v26.0"
BEARER = {"Authorization": "Bearer token-of-the-test"}


def answer(name: str) -> Reply:
    return Reply(200, {}, (FIXTURES / f"{name}.json").read_bytes())


def said(body: Any, status: int = 200) -> Reply:
    return Reply(status, {}, json.dumps(body).encode())


PROBE = Probe(PNID, HttpCall("GET", f"{GRAPH}/{PNID}"))
EXPIRED = Reply(401, {}, (FIXTURES / "response_error_190_expired.json").read_bytes())


def test_the_calls_are_these_values() -> None:
    fields = (
        "display_phone_number,verified_name,quality_rating,status,platform_type,throughput,"
        "code_verification_status"
    )
    call = HttpCall("GET", f"{GRAPH}/{PNID}", "probe", BEARER, (("fields", fields),))
    about_token = render_debug_token(CHANNEL, CHANNEL.token)
    assert cloud_api.probes(CHANNEL) == (Probe(PNID, call), Probe("the access token", about_token))
    assert cloud_api.probes(cloud_api.Settings(numbers=CHANNEL.numbers)) == ()
    owner = (("phone_number_id", PNID),)
    assert cloud_api.render_media(PNID, "77", None, CHANNEL) == HttpCall(
        "GET", f"{GRAPH}/77", "media_url", BEARER, owner
    )
    parts = (
        Part("messaging_product", b"whatsapp"),
        Part("type", b"image/png"),
        Part("file", b"\x89PNG", "a.png", "image/png"),
    )
    file = MediaFile(b"\x89PNG", "image/png", "a.png")
    upload = cloud_api.render_upload(PNID, file, CHANNEL)
    assert upload == HttpCall("POST", f"{GRAPH}/{PNID}/media", "media_upload", BEARER, parts=parts)
    assert graph_call(SUBSCRIBED_APPS, WABA, CHANNEL) == HttpCall(
        "GET", f"{GRAPH}/{WABA}/subscribed_apps", "subscribed_apps", BEARER
    )
    assert graph_call(SUBSCRIBE, WABA, CHANNEL) == HttpCall(
        "POST", f"{GRAPH}/{WABA}/subscribed_apps", "subscribe", BEARER
    )
    assert about_token == HttpCall(
        "GET",
        f"{GRAPH}/debug_token",
        "debug_token",
        BEARER,
        (("input_token", "token-of-the-test"),),
        secret_query=frozenset({"input_token"}),
    )


@pytest.mark.parametrize(
    ("url", "with_token"),
    [
        ("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1", True),
        ("https://scontent.xx.fbcdn.net/v/a.jpg", True),
        ("https://graph.facebook.com/1", True),
        ("http://lookaside.fbsbx.com/a", False),
        ("https://evilfbsbx.com/a", False),
        ("https://fbsbx.com.evil.example/a", False),
        ("https://lookaside.fbsbx.com@evil.example/a", False),
        ("https://evil.example/lookaside.fbsbx.com", False),
        ("http://127.0.0.1:8400/media/1", False),
    ],
)
def test_the_token_goes_to_metas_hosts_only(url: str, with_token: bool) -> None:
    headers = BEARER if with_token else {}
    assert render_media_download(url, CHANNEL) == HttpCall("GET", url, "media_download", headers)


def test_an_emulator_gets_the_token_for_its_own_files() -> None:
    channel = cloud_api.Settings(token="token-of-the-test", graph_url="http://127.0.0.1:8400")
    call = render_media_download("http://127.0.0.1:8400/media/1", channel)
    assert call.headers == BEARER
    assert render_media_download("http://127.0.0.1:9/media/1", channel).headers == {}


def test_a_number_that_may_be_seen() -> None:
    good = answer("mgmt_phone_number_get_response")
    assert cloud_api.read_probe(PROBE, good) is None


STRANGE = {"host": "The Graph API address"}
WRONG: list[tuple[Reply | NoReply, Sentence]] = [
    (EXPIRED, Sentence("meta_error_190/463")),
    (answer("response_error_33_object_missing"), Sentence("meta_error_100/33")),
    (NoReply(Phase.CONNECT, "refused"), Sentence("meta_no_connection", {"detail": "refused"})),
    (NoReply(Phase.SENT, "slow"), Sentence("cloud_check_silent", {"detail": "slow"})),
    (Reply(404, {}, b"<html>"), Sentence("cloud_check_strange", {**STRANGE, "status": 404})),
    (Reply(502, {}, b""), Sentence("cloud_check_strange", {**STRANGE, "status": 502})),
    (Reply(200, {}, b"[]"), Sentence("cloud_check_strange", {**STRANGE, "status": 200})),
]


@pytest.mark.parametrize(("reply", "sentence"), WRONG)
def test_what_is_wrong_with_a_check(reply: Reply | NoReply, sentence: Sentence) -> None:
    assert sentence.id in known()
    assert cloud_api.read_probe(PROBE, reply) == sentence
    assert read(reply, unconfirmed) == sentence
    assert read(reply, subscribed_apps) == sentence
    assert read_debug_token(reply) == sentence


def test_a_probe_without_an_id_is_no_success() -> None:
    assert cloud_api.read_probe(PROBE, said({"data": []})) == Sentence(
        "cloud_check_strange", {**STRANGE, "status": 200}
    )


def test_files() -> None:
    def fetched(reply: Reply | NoReply) -> Any:
        call = cloud_api.render_media(PNID, "77", None, CHANNEL)
        assert call is not None
        return cloud_api.read_media(call, reply, CHANNEL)

    assert cloud_api.read_upload(answer("response_media_upload")) == "1479537139650973"
    found = fetched(answer("response_media_url"))
    assert found == render_media_download(
        "https://lookaside.fbsbx.com/whatsapp_business/attachments/"
        "?mid=1337000000000001&source=webhook&ext=1795421100&hash=ARxEXAMPLE",
        CHANNEL,
    )
    as_text = fetched(said({"url": "https://x.example", "file_size": "12"}))
    assert as_text == HttpCall("GET", "https://x.example", "media_download")
    for reader in (cloud_api.read_upload, fetched):
        refused, odd = reader(EXPIRED), reader(said({}))
        assert isinstance(refused, SendError) and refused.code is Code.TOKEN
        assert isinstance(odd, SendError) and odd.ambiguous
        silent = reader(NoReply(Phase.CONNECT))
        assert isinstance(silent, SendError) and silent.retryable


def test_subscriptions() -> None:
    apps = read(answer("mgmt_subscribed_apps_get_response"), subscribed_apps)
    assert apps == ("670843887433847",)
    assert read(said({"data": []}), subscribed_apps) == ()
    assert read(answer("response_success_true"), unconfirmed) is None
    assert read(said({"success": False}), unconfirmed) == Sentence("cloud_not_done")


def test_the_token() -> None:
    scopes = ("whatsapp_business_management", "whatsapp_business_messaging")
    assert read_debug_token(answer("auth_debug_token_response")) == TokenInfo(
        "634974688087057", "SYSTEM_USER", scopes, None, (WABA,), "104169029247128"
    )
    body = {"data": {"is_valid": True, "app_id": "1", "type": "USER", "expires_at": 1795420800}}
    assert read_debug_token(said(body)) == TokenInfo("1", "USER", (), 1795420800000)
    invalid = {"data": {"is_valid": False, "error": {"message": "Session expired"}}}
    assert read_debug_token(said(invalid)) == Sentence(
        "cloud_token_invalid", {"said": "Session expired"}
    )
