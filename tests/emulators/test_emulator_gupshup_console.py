"""Gupshup's dashboard as the seed of a channel walks it; nothing arrives until it is walked."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from emulator_rig import ASHA, Callback
from gupshup_rig import KEY, PASSWORD, TOKEN, GupshupRig, config, gupshup

from dragoman.emulators.kit import walked

pytestmark = pytest.mark.full  # an emulated partner over real HTTP

TEXT = {"type": "text", "text": "Namaste"}


@pytest.fixture
async def new(callback: Callback) -> AsyncIterator[GupshupRig]:
    """An account without an app."""
    async with gupshup(callback, config(app_name="", hsm_user_id="")) as made:
        yield made


async def shown(rig: GupshupRig, panel: str) -> dict[str, Any]:
    _, console = await rig.ask("GET", "/console/api")
    found = next(one for one in console["panels"] if one["id"] == panel)
    return {control["id"]: control["value"] for control in found["controls"]}


async def live(rig: GupshupRig) -> None:
    assert (await rig.press("dashboard", "create", app_name="TeaShop"))[0] == 200
    assert (await rig.press("golive", "proceed"))[0] == 200


async def test_nothing_works_before_the_dashboard_is_walked(new: GupshupRig) -> None:
    callback = new.callback
    assert (await new.says())[1]["response"]["id"] == "101"
    assert (await new.access(TEXT))[0] == 401
    assert (await new.v3({}))[0] == 401
    assert (await new.writes())["error"].startswith("Gupshup has issued no number yet")
    assert await shown(new, "golive") == {
        "number": "", "waba_id": "", "password": "", "proceed": "",
        "api_url": new.emulator.base_url,
    }  # fmt: skip
    status, said = await new.press("golive", "proceed")
    assert (status, said["detail"]) == (400, "There is no app yet: press Create App first.")
    await live(new)
    issued = await shown(new, "golive")
    assert (issued["number"], issued["waba_id"]) == ("+918800000000", "200000000000001")
    assert (await new.says())[1]["response"]["status"] == "success"
    await new.writes("into the void")
    await callback.wait(lambda: new.emulator.timeline.waiting == 0)
    assert callback.posts == []
    status, said = await new.press("settings", "set", linked=True, callback_url=callback.url)
    assert said["said"] == "The callback URL is set: messages and events go there."
    await new.writes("heard")
    await callback.wait(lambda: bool(callback.posts))
    assert new.told() == [{**new.told()[0], "text": "heard", "mobile": ASHA}]
    await new.press("settings", "set", linked=False)
    await new.writes("unheard")
    await callback.wait(lambda: new.emulator.timeline.waiting == 0)
    assert len(callback.posts) == 1


async def test_secrets_are_shown_on_a_click_only(new: GupshupRig) -> None:
    await live(new)
    _, said = await new.press("golive", "proceed")
    assert said["shown"] == {"password": PASSWORD}
    _, said = await new.press("keys", "show")
    assert said["shown"] == {"api_key": KEY, "app_token": TOKEN}
    await new.press("security", "save", client_id="cs-1", client_secret="hush-hush")
    page = await new.ask("GET", "/console")
    everything = json.dumps(
        [page, await new.ask("GET", "/console/api"), await new.control("state")]
    )
    assert [secret in everything for secret in (PASSWORD, KEY, TOKEN, "hush-hush")] == [False] * 4
    assert (page[0], "cs-1" in everything) == (200, True)
    sent = json.dumps(new.emulator.handsets.state()["wire"])
    await new.says()
    sent = json.dumps(new.emulator.handsets.state()["wire"])
    assert "DATA_TEXT" in sent and PASSWORD not in sent


@pytest.mark.parametrize(
    ("panel", "button", "values", "said"),
    [
        ("dashboard", "create", {"app_name": " "}, "' ' cannot name an app"),
        ("dashboard", "create", {"app_name": "Tea shop"}, "'Tea shop' cannot name an app"),
        ("dashboard", "create", {"app_name": "TeaShop"}, "An app named TeaShop exists already"),
        ("dashboard", "create", {"app_name": "Other", "type": "bot"}, "This platform links to"),
        ("settings", "set", {"linked": True}, "'' is no callback URL"),
        ("settings", "set", {"linked": True, "callback_url": "bot.example/x"}, "'bot.example/x'"),
        ("settings", "set", {"linked": True, "callback_url": "http://["}, "'http://['"),
        ("security", "save", {"client_id": "cs-1"}, "The token is signed with both"),
        ("security", "save", {"client_secret": "hush"}, "The token is signed with both"),
    ],
)
async def test_what_the_dashboard_does_not_take_it_says(
    new: GupshupRig, panel: str, button: str, values: dict[str, Any], said: str
) -> None:
    await live(new)
    status, answer = await new.press(panel, button, **values)
    assert (status, answer["detail"][: len(said)]) == (400, said)


async def test_a_new_app_is_not_live_and_has_another_id(new: GupshupRig) -> None:
    await live(new)
    first = (await shown(new, "keys"))["app_id"]
    await new.press("dashboard", "create", app_name="Second")
    keys = await shown(new, "keys")
    assert (keys["app_name"], keys["app_id"] != first) == ("Second", True)
    assert (await new.says())[1]["response"]["id"] == "101"


def payload_of(token: str, secret: str) -> dict[str, Any]:
    """The payload of a JWT that was signed with this secret."""
    signed, _, signature = token.rpartition(".")
    digest = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    assert urlsafe_b64decode(signature + "=") == digest
    header, payload = (urlsafe_b64decode(part + "==") for part in signed.split("."))
    assert json.loads(header) == {"alg": "HS256", "typ": "JWT"}
    told: dict[str, Any] = json.loads(payload)
    return told


async def test_webhooks_bring_the_token_that_was_pasted(new: GupshupRig) -> None:
    callback = new.callback
    await live(new)
    await new.press("settings", "set", linked=True, callback_url=callback.url)
    await new.writes()
    _, said = await new.press("security", "save", client_id="cs-1", client_secret="s" * 40)
    assert said["said"] == "Saved: every webhook brings a token signed for cs-1."
    await new.writes()
    await new.press("security", "save", client_id="cs-1")  # the secret stays
    await new.writes()
    await new.press("security", "remove")
    _, said = await new.press("security", "save", header="Bearer as-it-stands")
    assert said["said"] == "Saved: every webhook brings the Authorization header as it stands."
    await new.writes()
    await callback.wait(lambda: len(callback.posts) == 4)
    brought = [headers.get("Authorization") for headers, _ in callback.posts]
    assert (brought[0], brought[3]) == (None, "Bearer as-it-stands")
    assert payload_of(brought[1] or "", "s" * 40) == {"appId": "cs-1"}
    assert brought[1] == brought[2]


async def test_the_access_api_s_callback_must_answer_its_first_event(new: GupshupRig) -> None:
    callback = new.callback
    await live(new)
    setting = {"linked": True, "callback_url": callback.url, "dialect": "access"}
    callback.plan = lambda count: 401
    status, said = await new.press("settings", "set", **setting)
    assert (status, "answered Gupshup's first event with 401" in said["detail"]) == (400, True)
    assert not new.emulator.account.linked
    callback.plan = lambda count: 200
    assert (await new.press("settings", "set", **setting))[0] == 200
    expected = {"phone": "callbackSetPhone", "type": "sandbox-start"}
    assert [body["payload"] for body in new.told()] == [expected, expected]
    assert (new.told()[0]["type"], new.told()[0]["app"]) == ("user-event", "TeaShop")
    setting["callback_url"] = "http://127.0.0.1:1/nobody"
    status, said = await new.press("settings", "set", **setting)
    assert (status, "ClientConnectorError" in said["detail"]) == (400, True)


async def test_the_walk_sets_a_channel_up(callback: Callback) -> None:
    async with gupshup(callback, config(events=("enqueued", "failed"))) as rig:
        known = {"api": rig.base, "webhook_url": callback.url}
        told = await walked(rig.emulator, rig.emulator.WALK.give, known)
        assert (told["number"], told["password"]) == ("+918800000000", PASSWORD)
        await walked(rig.emulator, rig.emulator.WALK.take, told)
        await rig.writes()
        await callback.wait(lambda: bool(callback.posts))
        assert (await shown(rig, "golive"))["hsm_user_id"] == "2000000001"
