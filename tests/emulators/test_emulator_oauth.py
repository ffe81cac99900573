"""Signing in at the emulated Meta: the dialog, codes and tokens, over real HTTP."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import pytest_asyncio
from emulator_rig import APP, SECRET, TRACE, WABA, Rig, callback_server, config, running
from playwright.async_api import expect

from browser import browsing
from dragoman.domain.clock import FixedClock
from dragoman.emulators.cloud_api.config import Token
from dragoman.emulators.cloud_api.oauth_table import OAUTH_CHECKS

pytestmark = pytest.mark.full  # an emulated partner over real HTTP

NOON = 1_795_435_200_000
OURS = "https://bot.example.com/oauth/cloud-api/st-tea"
BOTH = ["whatsapp_business_management", "whatsapp_business_messaging"]
APP_TOKEN = f"{APP}|{SECRET}"
ASK = {
    "client_id": APP,
    "redirect_uri": OURS,
    "state": "state+1 /é",
    "response_type": "code",
    "scope": ",".join(BOTH),
}


class Person:
    """Somebody with a browser, who presses buttons and does not follow redirects."""

    def __init__(self, rig: Rig, clock: FixedClock) -> None:
        self.rig = rig
        self.clock = clock

    async def opens(self, **changes: str) -> tuple[int, str]:
        query = {k: v for k, v in {**ASK, **changes}.items() if v}
        url = f"{self.rig.graph}/dialog/oauth?{urlencode(query)}"
        async with self.rig.client.get(url) as answer:
            assert answer.content_type == "text/html"
            return answer.status, await answer.text()

    async def presses(self, page: str, answer: str = "continue", leave: str = "") -> dict[str, str]:
        """The query with which the browser goes back."""
        ticket = re.findall(r'name="ticket" value="([^"]+)"', page)
        boxes = re.findall(r'name="(scope\.[^"]+)"', page)
        form = {"answer": answer, "ticket": ticket[0]}
        form |= {box: "on" for box in boxes if not leave or leave not in box}
        url = f"{self.rig.graph}/dialog/oauth"
        async with self.rig.client.post(url, data=form, allow_redirects=False) as back:
            assert back.status == 302
            where = back.headers["Location"]
        assert where.partition("?")[0] == OURS
        return dict(parse_qsl(urlsplit(where).query, strict_parsing=True))

    async def code(self, **changes: str) -> str:
        _, page = await self.opens(**changes)
        return (await self.presses(page))["code"]

    async def exchanges(self, **fields: str) -> tuple[int, Any]:
        query = {"client_id": APP, "client_secret": SECRET, **fields}
        path = f"oauth/access_token?{urlencode(query)}"
        return await self.rig.call("GET", path, token="")

    async def token(self, **changes: str) -> dict[str, Any]:
        code = await self.code(**changes)
        status, body = await self.exchanges(redirect_uri=OURS, code=code)
        assert status == 200
        return dict(body)

    async def looks(self, token: str) -> dict[str, Any]:
        path = f"debug_token?input_token={token}"
        _, body = await self.rig.call("GET", path, token=APP_TOKEN)
        return dict(body["data"])


@pytest_asyncio.fixture
async def person() -> AsyncIterator[Person]:
    clock = FixedClock(NOON)
    async with callback_server() as callback:
        settings = config(callback_url=callback.url, redirect_uris=[OURS])
        async with running(callback, settings, clock) as rig:
            yield Person(rig, clock)


async def test_continue_brings_a_code_and_the_state(person: Person) -> None:
    status, page = await person.opens()
    assert status == 200
    assert "Log in to Tea shop app" in page
    assert re.findall(r"checked><span>(\S+)</span></label>", page) == BOTH
    back = await person.presses(page)
    assert list(back) == ["code", "state"]
    assert back["state"] == "state+1 /é"
    assert back["code"].startswith("AQ")


async def test_cancel_brings_the_reason_and_the_state(person: Person) -> None:
    _, page = await person.opens()
    assert await person.presses(page, "cancel") == {
        "error": "access_denied",
        "error_code": "200",
        "error_description": "Permissions error",
        "error_reason": "user_denied",
        "state": "state+1 /é",
    }


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"redirect_uri": OURS + "/"}, "URL Blocked"),
        ({"redirect_uri": OURS.replace("https", "http")}, "URL Blocked"),
        ({"redirect_uri": OURS.replace("oauth", "OAuth")}, "URL Blocked"),
        ({"redirect_uri": OURS + "?x=1"}, "URL Blocked"),
        ({"redirect_uri": '"><script>alert(1)</script>'}, "URL Blocked"),
        ({"redirect_uri": ""}, "URL Blocked"),
        ({"client_id": "1"}, "Invalid App ID"),
        ({"client_id": ""}, "Invalid App ID"),
        ({"response_type": "token"}, "Invalid Request"),
        ({"scope": "whatsapp_everything"}, "Invalid Scopes"),
    ],
)
async def test_the_dialog_does_not_open(
    person: Person, changes: dict[str, str], title: str
) -> None:
    status, page = await person.opens(**changes)
    assert (status, f'<h1 id="title">{title}</h1>' in page) == (400, True)
    assert "<form" not in page and "<script>" not in page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
async def test_the_dialog_is_a_page_of_the_emulators(
    person: Person, scheme: Any, width: int
) -> None:
    back = person.rig.address.replace("127.0.0.1", "localhost") + "/back"
    person.rig.emulator.logins.list_uris([back])
    query = urlencode({**ASK, "redirect_uri": back})
    shots = os.environ.get("DRAGOMAN_SHOTS", "")
    async with browsing() as browser:
        view = {"width": width, "height": 740}
        page = await browser.new_page(viewport=view, color_scheme=scheme)  # type: ignore[arg-type]
        said: list[str] = []
        page.on("console", lambda one: said.append(one.text))
        await page.goto(f"{person.rig.graph}/dialog/oauth?{query}")
        assert (
            await page.title() == "Log in to Tea shop app · Emulated WhatsApp Cloud API · Dragoman"
        )
        await expect(page.get_by_text("Emulated WhatsApp Cloud API", exact=True)).to_be_visible()
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide == width
        ground = await page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 200) == (scheme == "dark")
        tall = await page.get_by_role("button", name="Continue").bounding_box()
        assert tall is not None and tall["height"] >= 36
        if shots:
            await page.screenshot(path=f"{shots}/dialog-{width}-{scheme}.png")
        assert said == []
        await page.get_by_role("button", name="Continue").click()
        await page.wait_for_url(f"{back}?code=**")


async def test_a_dialog_is_answered_once(person: Person) -> None:
    _, page = await person.opens()
    await person.presses(page)
    ticket = re.findall(r'name="ticket" value="([^"]+)"', page)[0]
    form = {"ticket": ticket, "answer": "continue"}
    async with person.rig.client.post(f"{person.rig.graph}/dialog/oauth", data=form) as again:
        assert again.status == 400
        assert "Session expired" in await again.text()


async def test_a_code_becomes_a_token_and_that_a_longer_one(person: Person) -> None:
    short = await person.token()
    assert {**short, "access_token": ""} == {
        "access_token": "",
        "token_type": "bearer",
        "expires_in": 5183,
    }
    status, long = await person.exchanges(
        grant_type="fb_exchange_token", fb_exchange_token=short["access_token"]
    )
    assert (status, long["expires_in"]) == (200, 5_183_944)
    assert await person.looks(long["access_token"]) == {
        "app_id": APP,
        "type": "USER",
        "application": "Tea shop app",
        "data_access_expires_at": 0,
        "expires_at": NOON // 1000 + 5_183_944,
        "is_valid": True,
        "issued_at": NOON // 1000,
        "scopes": BOTH,
        "granular_scopes": [{"scope": s, "target_ids": [WABA]} for s in BOTH],
        "user_id": "104169029247128",
    }
    assert (await person.rig.call("GET", WABA, token=long["access_token"]))[0] == 200
    person.clock.move(5_183_000)
    error = {
        "code": 190,
        "subcode": 463,
        "message": "Error validating access token: Session has expired on Monday, 23-Nov-26 "
        "05:26:23 PST. The current time is Monday, 23-Nov-26 05:26:23 PST.",
    }
    assert await person.looks(short["access_token"]) == {
        "error": error,
        "is_valid": False,
        "scopes": [],
    }
    assert (await person.looks(long["access_token"]))["is_valid"] is True
    status, body = await person.exchanges(
        grant_type="fb_exchange_token", fb_exchange_token=short["access_token"]
    )
    assert (status, body["error"]["error_subcode"]) == (401, 463)


async def test_a_login_configuration_gives_a_system_users_token(person: Person) -> None:
    token = await person.token(config_id="14151617", scope="")
    assert token["expires_in"] == 5_183_944
    assert (await person.looks(token["access_token"]))["type"] == "SYSTEM_USER"


async def test_a_permission_that_was_not_given(person: Person) -> None:
    _, page = await person.opens()
    back = await person.presses(page, leave="messaging")
    _, body = await person.exchanges(redirect_uri=OURS, code=back["code"])
    assert (await person.looks(body["access_token"]))["scopes"] == BOTH[:1]


async def test_the_app_gets_its_own_token(person: Person) -> None:
    _, body = await person.exchanges(grant_type="client_credentials")
    assert body == {"access_token": APP_TOKEN, "token_type": "bearer"}
    assert (await person.looks(APP_TOKEN))["type"] == "APP"


async def test_tokens_and_settings_outlive_the_process(person: Person) -> None:
    token = (await person.token())["access_token"]
    logins = person.rig.emulator.logins
    logins.list_uris([OURS, "https://other.example/x"])
    logins.reset([])
    assert logins.listed("https://other.example/x")
    assert (await person.looks(token))["is_valid"] is True
    person.rig.emulator.reset()
    assert (await person.looks(token))["is_valid"] is False
    assert (logins.listed(OURS), logins.listed("https://other.example/x")) == (True, False)


def e(code: int, message: str, subcode: int | None = None) -> dict[str, Any]:
    more = {} if subcode is None else {"error_subcode": subcode}
    error = {"message": message, "type": "OAuthException", "code": code, **more}
    return {"error": {**error, "fbtrace_id": TRACE}}


async def test_each_refusal_answers_its_whole_body(person: Person) -> None:
    seen: dict[str, tuple[int, Any]] = {}
    code = await person.code()
    seen["app_unknown"] = await person.exchanges(client_id="1", code=code)
    seen["app_secret_wrong"] = await person.exchanges(client_secret="wrong", code=code)
    seen["code_unknown"] = await person.exchanges(redirect_uri=OURS, code="AQnothing")
    seen["code_redirect"] = await person.exchanges(redirect_uri=OURS + "/", code=code)
    status, body = await person.exchanges(redirect_uri=OURS, code=code)
    assert status == 200
    seen["code_used"] = await person.exchanges(redirect_uri=OURS, code=code)
    late = await person.code()
    person.clock.move(30_000)
    seen["code_expired"] = await person.exchanges(redirect_uri=OURS, code=late)
    for name, subcode in (("token_password", 460), ("token_invalidated", 467)):
        await person.rig.control("invalidate-tokens", {"subcode": subcode})
        seen[name] = await person.rig.call("GET", WABA, token=body["access_token"])
        assert (await person.looks(body["access_token"]))["error"]["subcode"] == subcode
    assert seen == {
        "token_password": (
            401,
            e(
                190,
                "Error validating access token: The session has been invalidated because the user "
                "changed their password or Facebook has changed the session for security reasons.",
                460,
            ),
        ),
        "token_invalidated": (
            401,
            e(
                190,
                "Error validating access token: The session is invalid because the user logged "
                "out.",
                467,
            ),
        ),
        "app_unknown": (
            400,
            e(
                101,
                "Error validating application. Cannot get application info due to a system error.",
            ),
        ),
        "app_secret_wrong": (400, e(1, "Error validating client secret.")),
        "code_unknown": (400, e(100, "Invalid verification code format.")),
        "code_used": (400, e(100, "This authorization code has been used.", 36009)),
        "code_expired": (400, e(100, "This authorization code has expired.", 36007)),
        "code_redirect": (
            400,
            e(
                100,
                "Error validating verification code. Please make sure your redirect_uri is "
                "identical to the one you used in the OAuth dialog request",
                36008,
            ),
        ),
    }
    assert set(seen) == set(OAUTH_CHECKS)
    for fields in ({"client_secret": ""}, {}, {"grant_type": "fb_exchange_token"}):
        status, body = await person.exchanges(**fields)
        assert (status, body["error"]["code"]) == (400, 100)


async def test_a_configured_token_that_ended(person: Person) -> None:
    ended = Token(token="ended-token", invalid=467)
    person.rig.emulator.config.tokens.append(ended)
    status, body = await person.rig.call("GET", WABA, token="ended-token")
    assert (status, body["error"]["error_subcode"]) == (401, 467)
