"""No secret survives, in any form, anywhere."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import given
from hypothesis import strategies as st

from dragoman.vault import HIDDEN, Redactor, redact_headers, redact_json, redact_url

PLAIN = st.characters(exclude_categories=["Cs"], exclude_characters="•")
SECRETS = st.text(PLAIN, min_size=6, max_size=40)
AROUND = st.text(PLAIN, max_size=30)


@given(st.lists(SECRETS, min_size=1, max_size=4), st.data())
def test_no_secret_survives_in_text(secrets: list[str], data: st.DataObject) -> None:
    pieces = data.draw(st.lists(st.one_of(AROUND, st.sampled_from(secrets)), max_size=8))
    out = Redactor(secrets).text("".join(pieces))
    assert not [s for s in secrets if s in out]


@given(SECRETS, AROUND, AROUND)
def test_no_encoded_form_survives(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    percent = quote(secret, safe="")
    for form in (
        percent,
        re.sub("%..", lambda found: found.group().lower(), percent),
        quote(secret),
        quote(secret, safe="~!*'()"),
        urlencode({"t": secret})[2:],
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        json.dumps(secret)[1:-1].replace("/", "\\/"),
        quote(json.dumps(secret, ensure_ascii=False)[1:-1], safe=""),
    ):
        assert form not in redactor.text(f"{before}{form}{after}")


@given(SECRETS, st.text(max_size=20), st.text(max_size=20))
def test_no_basic_header_survives(secret: str, user: str, after: str) -> None:
    plain = f"{user}:{secret}{after}".encode("utf-8", "surrogatepass")
    for encoded in (base64.b64encode(plain), base64.urlsafe_b64encode(plain)):
        out = Redactor([secret]).text(f'{{"authorization": "Basic {encoded.decode()}"}}')
        assert out == '{"authorization": "Basic •••"}'


@given(SECRETS, st.recursive(AROUND, lambda x: st.dictionaries(AROUND, x) | st.lists(x)))
def test_no_secret_survives_in_json(secret: str, value: Any) -> None:
    out = Redactor([secret]).json({"a": [value, secret], secret: f"x{secret}"})
    assert secret not in json.dumps(out, ensure_ascii=False)
    assert secret not in json.loads(json.dumps(out))
    body = json.dumps([value, secret]).encode()
    assert secret not in str(json.loads(Redactor([secret]).bytes(body).decode()))


def test_the_wording_and_what_stays() -> None:
    redactor = Redactor(["नमस्ते-token", "short", "123456789", "abcdefgh", "fghijklmnop"])
    assert redactor.text("शेष 👨‍👩‍👧 नमस्ते-token שלום") == "शेष 👨‍👩‍👧 ••• שלום"
    assert redactor.text("a short word") == "a short word"
    assert redactor.text("<abcdefghijklmnop>") == "<•••>"
    assert redactor.text("abcdefghabcdefgh") == HIDDEN
    assert redactor.json({"n": 123456789, "m": 12, "f": 1.5, "b": True, "z": None}) == {
        "n": HIDDEN,
        "m": 12,
        "f": 1.5,
        "b": True,
        "z": None,
    }
    assert redactor.bytes(b"\xff\x00abcdefgh\xfe") == b"\xff\x00\xe2\x80\xa2\xe2\x80\xa2" + (
        b"\xe2\x80\xa2\xfe"
    )
    same = "nothing here"
    assert redactor.text(same) is same


def test_secrets_are_learned() -> None:
    redactor = Redactor()
    assert redactor.text("later-secret") == "later-secret"
    redactor.know(["later-secret"])
    redactor.know(["another-one"])
    assert redactor.text("later-secret another-one") == "••• •••"


def test_a_secret_that_looks_like_our_mark_hides_all() -> None:
    assert Redactor(["a•••bc", "xsecretx"]).text("see axsecretxbc") == HIDDEN


def test_headers_by_allow_list() -> None:
    headers = {"Content-Type": "application/json", "Authorization": "Bearer x", "X-New": "1"}
    assert redact_headers(headers, {"content-type"}) == {
        "Content-Type": "application/json",
        "Authorization": HIDDEN,
        "X-New": HIDDEN,
    }


def test_json_by_name() -> None:
    value = {"Token": "x", "in": [{"app_secret": {"deep": 1}}, "kept"], "n": 1}
    assert redact_json(value, {"token", "app_secret"}) == {
        "Token": HIDDEN,
        "in": [{"app_secret": HIDDEN}, "kept"],
        "n": 1,
    }


def test_urls_by_name() -> None:
    names = {"access_token", "appsecret"}
    for url, shown in {
        "https://a.example/p?access_token=x&b=1#f": "https://a.example/p?access_token=•••&b=1#f",
        "https://u:p@a.example:8/p?B=1": "https://•••@a.example:8/p?B=1",
        "https://a.example/p@q": "https://a.example/p@q",
        "https://a.example/?access%5Ftoken=x&appSecret=y": (
            "https://a.example/?access%5Ftoken=•••&appSecret=•••"
        ),
        "https://a.example/#access_token=x&s=1": "https://a.example/#access_token=•••&s=1",
        "no url at all": "no url at all",
        "https://[oops": "https://[oops",
        "?access_token": "?access_token•••",
    }.items():
        assert redact_url(url, names) == shown
