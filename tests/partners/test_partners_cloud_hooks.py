"""The door: handshake, signature, and what Meta hears."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.domain.sentences import Sentence, known
from dragoman.partners import cloud_api
from dragoman.partners.contract import Hook, HookAnswer, Outcome, Refused

SECRET = "0123456789abcdef0123456789abcdef"
SIGNED = cloud_api.Settings(app_secret=SECRET, verify_token="v3rify+me")
INVALID = HookAnswer(401, b"Invalid signature")
BODY = b'{"object":"whatsapp_business_account","entry":[],"a":"caf\\u00e9 \\/ \\ud83d\\ude00"}'
NOSNIFF = (("X-Content-Type-Options", "nosniff"),)


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def post(body: bytes = BODY, header: str | None = None) -> Hook:
    headers = {} if header is None else {"x-hub-signature-256": header}
    return Hook("POST", "/hooks/cloud-api/st-1", headers=headers, body=body)


def check(hook: Hook, settings: cloud_api.Settings = SIGNED) -> Refused | None:
    return cloud_api.authenticate(hook, settings, 0)


def refused(reason: str) -> Refused:
    assert reason in known()
    return Refused(INVALID, Sentence(reason))


def test_metas_signature_is_over_the_bytes_as_they_came() -> None:
    assert check(post(header=signature(BODY))) is None
    assert check(post(header="sha256=" + signature(BODY)[7:].upper())) is None
    rewritten = BODY.replace(b"\\/", b"/")
    assert check(post(rewritten, signature(BODY))) == refused("cloud_signature_wrong")
    assert check(post(BODY + b" ", signature(BODY))) == refused("cloud_signature_wrong")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, "cloud_signature_missing"),
        ("", "cloud_signature_missing"),
        (signature(BODY, "f" * 32), "cloud_signature_wrong"),
        ("sha256=" + "0" * 64, "cloud_signature_wrong"),
        ("sha256=" + "z" * 64, "cloud_signature_wrong"),
        ("sha256=", "cloud_signature_malformed"),
        (signature(BODY)[7:], "cloud_signature_malformed"),
        (signature(BODY).replace("256", "1"), "cloud_signature_malformed"),
        (signature(BODY) + "0", "cloud_signature_malformed"),
        ("sha256=" + "é" * 64, "cloud_signature_malformed"),
        ("SHA256=" + signature(BODY)[7:], "cloud_signature_malformed"),
    ],
)
def test_anything_else_is_refused_in_the_same_words(header: str | None, reason: str) -> None:
    assert check(post(header=header)) == refused(reason)


def test_without_a_secret_only_the_named_tick_lets_webhooks_in() -> None:
    none = cloud_api.Settings()
    assert check(post(header=signature(BODY)), none) == refused("cloud_signature_uncheckable")
    assert check(post(), none) == refused("cloud_signature_missing")
    ticked = cloud_api.Settings(allow_unsigned=True)
    assert check(post(), ticked) is None
    assert check(post(header=signature(BODY)), ticked) is None
    # With a secret, a signature that is there must be right, tick or no tick.
    both = cloud_api.Settings(allow_unsigned=True, app_secret=SECRET)
    assert check(post(), both) is None
    assert check(post(header="sha256=" + "0" * 64), both) == refused("cloud_signature_wrong")


@given(st.text(max_size=80))
def test_no_header_makes_it_raise(header: str) -> None:
    assert check(post(header=header)) is not None


def get(*query: tuple[str, str]) -> Hook:
    return Hook("GET", "/hooks/cloud-api/st-1", query)


def ask(token: str, challenge: str = "1158201444", mode: str = "subscribe") -> Hook:
    return get(("hub.mode", mode), ("hub.challenge", challenge), ("hub.verify_token", token))


FORBIDDEN = HookAnswer(403, b"Invalid verify token")
CHALLENGED = HookAnswer(200, b"1158201444", headers=NOSNIFF)


def test_the_challenge_comes_back_for_the_token_of_either_copy() -> None:
    other = cloud_api.Settings(verify_token="published")
    assert cloud_api.handshake(ask("v3rify+me"), [SIGNED, other]) == CHALLENGED
    assert cloud_api.handshake(ask("published"), [SIGNED, other]) == CHALLENGED
    assert CHALLENGED.content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("hook", "channels"),
    [
        (ask("wrong"), [SIGNED]),
        (ask(""), [SIGNED]),
        (ask("v3rify+me", mode="unsubscribe"), [SIGNED]),
        (ask("v3rify+me", challenge=""), [SIGNED]),
        (ask("v3rify+me"), []),
        (ask(""), [cloud_api.Settings()]),
        (get(("hub.mode", "subscribe")), [SIGNED]),
        (get(("hub.verify_token", "v3rify+me")), [SIGNED]),
        (ask("V3RIFY+ME"), [SIGNED]),
        (ask("é👨‍👩‍👧‍👦"), [SIGNED]),
    ],
)
def test_everything_else_is_forbidden_in_constant_words(
    hook: Hook, channels: list[cloud_api.Settings]
) -> None:
    assert cloud_api.handshake(hook, channels) == FORBIDDEN


def sent_as(token: str, style: str) -> str:
    """The token as our door hands it over: percent-decoded, `+` left as it was sent."""
    encoded = {
        "percent": quote(token, safe=""),
        "bare": quote(token, safe="+"),
        "form": quote(token, safe="").replace("%20", "+"),
        "as space": quote(token.replace("+", " "), safe=""),
    }[style]
    return unquote(encoded)


@pytest.mark.parametrize("style", ["percent", "bare", "form", "as space"])
@pytest.mark.parametrize("token", ["a+b", "+a++b+", "a b+c", "शु+भ", "plain"])
def test_a_plus_in_the_token_survives_every_encoding(token: str, style: str) -> None:
    channel = cloud_api.Settings(verify_token=token)
    assert cloud_api.handshake(ask(sent_as(token, style)), [channel]) == CHALLENGED


@pytest.mark.parametrize("query", [(), (("utm_source", "mail"),)])
def test_a_person_with_a_browser_is_told_what_this_is(query: Any) -> None:
    page = cloud_api.handshake(get(*query), [SIGNED])
    assert page is not None
    assert (page.status, page.content_type) == (200, "text/plain; charset=utf-8")
    text = page.body.decode()
    for words in ("Callback URL", "Verify token", "can be reached", '"messages"'):
        assert words in text
    assert SIGNED.verify_token not in text and SECRET not in text


def test_other_methods_are_no_handshake() -> None:
    assert cloud_api.handshake(post(), [SIGNED]) is None


def test_what_meta_hears() -> None:
    assert [cloud_api.answer(outcome).status for outcome in Outcome] == [
        200,
        400,
        503,
        404,
        401,
        401,
    ]
    assert cloud_api.answer(Outcome.BUSY).headers == (("Retry-After", "5"),)
