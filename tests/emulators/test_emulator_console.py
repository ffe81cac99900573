"""Meta's console: what is set there decides what arrives, and what it shows once it shows once."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from emulator_rig import APP, PNID, SECRET, WABA, Callback, Rig, config, running, text
from playwright.async_api import expect

from browser import browsing

pytestmark = pytest.mark.full  # an emulated partner over real HTTP

HEADER = {"X-Dragoman-Console": "1"}


@pytest.fixture
async def bare(callback: Callback) -> AsyncIterator[Rig]:
    """An account that nothing was set up for."""
    async with running(callback, config(verify_token="")) as made:
        yield made


async def press(rig: Rig, panel: str, button: str, **values: Any) -> tuple[int, dict[str, Any]]:
    url = f"{rig.address}{rig.emulator.config.prefix}/console/api/{panel}"
    body = {"button": button, "values": values}
    async with rig.client.post(url, json=body, headers=HEADER) as answer:
        return answer.status, await answer.json()


async def shown(rig: Rig) -> dict[str, dict[str, Any]]:
    """What each panel shows: control → value."""
    url = f"{rig.address}{rig.emulator.config.prefix}/console/api"
    async with rig.client.get(url) as answer:
        panels = (await answer.json())["panels"]
    return {p["id"]: {c["id"]: c.get("value") for c in p["controls"]} for p in panels}


async def test_nothing_arrives_until_callback_field_and_account_are_set(bare: Rig) -> None:
    callback = bare.callback
    await bare.writes("before")
    status, said = await press(
        bare, "webhook", "verify", callback_url=callback.url, verify_token="no"
    )
    assert (status, said["detail"][:51]) == (
        400,
        "The callback URL or verify token couldn't be valida",
    )
    assert "HTTP Status Code = 403" in said["detail"]
    values = {"callback_url": callback.url, "verify_token": callback.verify_token}
    status, said = await press(bare, "webhook", "verify", **values)
    assert (status, said["said"][:18]) == (200, "Verified and saved")
    assert callback.gets[-1]["hub.mode"] == "subscribe"
    await bare.writes("no field yet")
    _, said = await press(bare, "fields", "save", messages=True)
    assert said["said"] == "Saved: subscribed to messages."
    await bare.writes("no account yet")
    assert (await bare.call("POST", f"{WABA}/subscribed_apps"))[0] == 200
    last = await bare.writes("now")
    await callback.wait(lambda: len(callback.posts) == 1)
    assert callback.values()[0]["messages"][0]["id"] == last
    state = await shown(bare)
    assert state["webhook"] == {
        "callback_url": callback.url, "verify_token": "", "verify": "", "remove": "",
    }  # fmt: skip
    assert [name for name, on in state["fields"].items() if on] == ["messages"]
    await press(bare, "webhook", "remove")
    await bare.writes("after")
    await callback.wait(lambda: bare.emulator.timeline.waiting == 0)
    assert len(callback.posts) == 1


@pytest.mark.parametrize(
    ("uris", "wrong"),
    [
        ("https://agents.example/oauth", None),
        ("http://127.0.0.1:8400/oauth\n\n https://agents.example/oauth ", None),
        ("http://agents.example/oauth", "http://agents.example/oauth"),
        ("agents.example/oauth", "agents.example/oauth"),
        ("https://agents.example/oauth#x", "https://agents.example/oauth#x"),
        ("https://[", "https://["),
        ("https://agents.example/a b", "https://agents.example/a b"),
    ],
)
async def test_redirect_uris_are_whole_addresses(bare: Rig, uris: str, wrong: str | None) -> None:
    status, said = await press(bare, "login", "save", redirect_uris=uris)
    if wrong is None:
        assert status == 200
        listed = bare.emulator.logins.kept.redirect_uris
        assert listed == [uri.strip() for uri in uris.split("\n") if uri.strip()]
    else:
        assert (status, said["detail"].startswith(f"{wrong!r} is no redirect URI")) == (400, True)


async def test_the_validator_compares_letter_by_letter(bare: Rig) -> None:
    uri = "https://agents.example/oauth"
    await press(bare, "login", "save", redirect_uris=uri)
    assert (await press(bare, "login", "check", uri=uri))[0] == 200
    for other in (uri + "/", uri.upper(), "http" + uri[5:], ""):
        status, said = await press(bare, "login", "check", uri=other)
        assert (status, "is an invalid redirect URI" in said["detail"]) == (400, True)


async def test_a_token_is_shown_once_and_sends(bare: Rig) -> None:
    scopes = {"whatsapp_business_management": False, "whatsapp_business_messaging": False}
    status, said = await press(bare, "token", "generate", **scopes)
    assert (status, said["detail"][:22]) == (400, "A token needs at least")
    _, said = await press(bare, "token", "generate", whatsapp_business_management=False)
    token = said["shown"]["token"]
    assert (await bare.send(text(), token=token))[0] == 200
    assert (await bare.call("GET", PNID, token=token))[0] == 403
    page = await bare.client.get(f"{bare.address}/emulated/cloud-api/console")
    for seen in (repr(await shown(bare)), await page.text()):
        assert (token in seen, SECRET in seen, APP in seen) == (False, False, True)
    assert (await press(bare, "app", "show"))[1]["shown"] == {"app_secret": SECRET}
    await press(bare, "token", "generate", expires="60")
    bare.emulator.clock.move(61 * 24 * 3_600_000)
    late = bare.emulator.logins.tokens[-1].token
    assert (await bare.send(text(), token=late))[0] == 401
    assert (await bare.send(text(), token=token))[0] == 200


async def test_only_its_own_page_and_this_machine_may_press(bare: Rig) -> None:
    url = f"{bare.address}{bare.emulator.config.prefix}/console/api/app"
    strangers: list[dict[str, str]] = [
        {},
        {**HEADER, "Origin": "https://evil.example"},
        {**HEADER, "Sec-Fetch-Site": "cross-site"},
        {**HEADER, "Host": "evil.example"},
    ]
    for headers in strangers:
        async with bare.client.post(url, json={"button": "show"}, headers=headers) as answer:
            assert answer.status == 403
    page = f"{bare.address}{bare.emulator.config.prefix}/console"
    async with bare.client.get(page, headers={"Host": "evil.example"}) as answer:
        assert answer.status == 403
    async with bare.client.get(page) as answer:
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
    async with bare.client.post(url, data=b"[1]", headers=HEADER) as answer:
        assert (answer.status, (await answer.json())["detail"][:22]) == (
            400,
            "The console takes an o",
        )


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_person_sets_it_up_on_a_small_screen(bare: Rig, scheme: Any) -> None:
    callback, troubles = bare.callback, list[str]()
    async with browsing() as browser:
        page = await browser.new_page(viewport={"width": 360, "height": 740}, color_scheme=scheme)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console",
            lambda said: troubles.append(said.text) if said.type in ("error", "warning") else None,
        )
        await page.goto(f"{bare.address}/emulated/cloud-api/console")
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await page.evaluate(wide) == 0
        hook = page.locator("#webhook")
        await page.get_by_label("Valid OAuth Redirect URIs").fill("https://half.example/typed")
        await hook.get_by_label("Callback URL").fill(callback.url)
        await hook.get_by_label("Verify token").fill(callback.verify_token)
        await hook.get_by_role("button", name="Verify and save").click()
        await expect(hook.get_by_role("status")).to_contain_text("Verified and saved")
        await expect(hook.get_by_role("button", name="Verify and save")).to_be_focused()
        typed = page.get_by_label("Valid OAuth Redirect URIs")
        await expect(typed).to_have_value("https://half.example/typed")
        fields = page.locator("#fields")
        await fields.get_by_role("switch", name="messages", exact=True).check()
        await fields.get_by_role("button", name="Save").click()
        await expect(fields.get_by_role("status")).to_have_text("Saved: subscribed to messages.")
        token = page.locator("#token output")
        await expect(token).to_have_text("••••••••")
        await page.get_by_role("button", name="Generate token").click()
        await expect(token).to_have_text(re.compile(r"EAA\w{40,}"))
        assert await page.evaluate(wide) == 0
        await page.locator("#login").get_by_role("button", name="Check URI").click()
        await expect(page.locator("#login .said.bad")).to_contain_text("invalid redirect URI")
        await page.reload()
        await expect(token).to_have_text("••••••••")
    assert [one for one in troubles if "400 (Bad Request)" not in one] == []
    assert bare.emulator.subscriptions.state.fields == ["messages"]
