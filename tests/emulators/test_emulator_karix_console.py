"""Karix has no portal: the account comes by mail, and the webhook is set by support from a letter.
Nothing arrives before that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from emulator_rig import Callback
from karix_rig import KEY, NUMBER, KarixRig, config, request, running

from dragoman.emulators.karix.config import Number
from dragoman.partners import karix
from dragoman.partners.letter import written

pytestmark = pytest.mark.full  # an emulated partner over real HTTP


@pytest.fixture
async def bare(callback: Callback) -> AsyncIterator[KarixRig]:
    """An account that support has configured nothing for."""
    async with running(callback, config()) as made:
        yield made


async def shown(rig: KarixRig) -> dict[str, dict[str, Any]]:
    """What each panel shows: control → value."""
    _, state = await rig.ask("GET", "/console/api")
    return {p["id"]: {c["id"]: c.get("value") for c in p["controls"]} for p in state["panels"]}


async def drained(rig: KarixRig) -> None:
    await rig.callback.wait(lambda: rig.emulator.timeline.waiting == 0)


@pytest.mark.parametrize("token", ["", "Bearer eyJ.x-1.y_2"])
@pytest.mark.parametrize("own", ["", "Tea-Shop-Key"])
async def test_nothing_arrives_until_support_has_our_letter(
    bare: KarixRig, token: str, own: str
) -> None:
    callback = bare.callback
    await bare.writes("before")
    lost = await bare.send(request())
    await drained(bare)
    assert callback.posts == []
    # The letter that the channel writes, word for word.
    values = {"numbers": "+91 88000 00000", "webhook_url": callback.url, "authorization": token}
    values |= {"header_name": own, "header_value": own and "a long one 123456"}
    status, said = await bare.press("letter", "send", letter=written(karix.LETTER, values))
    names = [name for name, there in (("Authorization", token), (own, own)) if there]
    header = f", with the header {' and '.join(names)}" if names else ""
    assert (status, said["said"]) == (
        200,
        f"Karix support answers: done, {callback.url} is configured for incoming messages and "
        f"delivery reports{header}.",
    )
    message_id = await bare.writes("now")
    mid = await bare.send(request())
    await callback.wait(lambda: len(bare.reports(mid)) == 2)
    assert [one["id"] for one in bare.messages()] == [message_id]
    assert bare.reports(lost) == []
    assert {headers.get("Authorization", "") for headers, _ in callback.posts} == {token}
    if own:
        assert {headers[own] for headers, _ in callback.posts} == {"a long one 123456"}
    state = (await bare.control("state"))["hooks"]
    assert state == {
        "incoming": callback.url,
        "reports": "",
        "dn_id": "1001",
        "header": "hidden" if names else "",
    }


@pytest.mark.parametrize(
    "letter", ["", "Hello, please set our webhook.", "https://", "ftp://x.example"]
)
async def test_a_letter_without_an_address_is_answered(bare: KarixRig, letter: str) -> None:
    status, said = await bare.press("letter", "send", letter=letter)
    assert status == 400
    assert said["detail"].startswith("Karix support answers: the letter has no webhook URL")
    assert bare.emulator.desk.hooks.incoming == ""


async def test_the_mail_hands_over_vendor_key_and_from(bare: KarixRig) -> None:
    mail = (await shown(bare))["mail"]
    assert {k: mail[k] for k in ("vendor", "sender", "account_key")} == {
        "vendor": "Tanla",
        "sender": NUMBER,
        "account_key": "",
    }
    page = (await bare.ask("GET", "/console"))[1]
    assert KEY not in repr(await shown(bare)) and KEY not in page
    _, said = await bare.press("mail", "open")
    assert said["shown"] == {"account_key": KEY}
    assert KEY not in repr(said["panels"])


async def test_reports_may_have_an_address_of_their_own(bare: KarixRig) -> None:
    callback = bare.callback
    other = callback.url + "?reports"
    given = {"incoming": callback.url, "reports": other, "dn_id": "sandbox"}
    status, said = await bare.press("webhook", "save", **given, header="X-Key: tea 1")
    assert (status, said["said"]) == (
        200,
        f"Configured: incoming messages go to {callback.url}, delivery reports to {other}, with "
        "the header X-Key.",
    )
    await bare.writes()
    ours = await bare.send(request(preferences={"webHookDNId": "sandbox"}))
    await callback.wait(lambda: len(callback.posts) == 3)
    theirs = await bare.send(request())
    await drained(bare)
    assert (len(bare.reports(ours)), bare.reports(theirs)) == (2, [])
    assert {headers["X-Key"] for headers, _ in callback.posts} == {"tea 1"}
    emulator = bare.emulator
    assert emulator.desk.address("reports sandbox") == other
    assert emulator.desk.address("incoming") == callback.url
    # The header stays until it is replaced, and is not shown.
    await bare.press("webhook", "save", reports="")
    assert emulator.desk.hooks.header == "X-Key: tea 1"
    hook = (await shown(bare))["webhook"]
    assert (hook["header_name"], hook["header"]) == ("X-Key", "")
    assert "tea 1" not in repr(await shown(bare))
    await bare.press("webhook", "remove")
    await bare.writes("after")
    await drained(bare)
    assert len(callback.posts) == 3


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"incoming": ""}, "'' is no address that Karix could call"),
        ({"incoming": "agents.example/hooks"}, "'agents.example/hooks' is no address"),
        ({"incoming": "https://[", "reports": ""}, "'https://[' is no address"),
        ({"reports": "https://agents example"}, "'https://agents example' is no address"),
        ({"dn_id": ""}, "'' is no webHookDNId"),
        ({"dn_id": "10 01"}, "'10 01' is no webHookDNId"),
        ({"header": "Bearer eyJ.x.y"}, "'Bearer eyJ.x…' is no header"),
        ({"header": "X-Key: "}, "'X-Key:…' is no header"),
    ],
)
async def test_what_support_does_not_take(bare: KarixRig, values: Any, said: str) -> None:
    given = {"incoming": "https://a.example", **values}
    status, answer = await bare.press("webhook", "save", **given)
    assert (status, answer["detail"][: len(said)]) == (400, said)
    assert bare.emulator.desk.hooks.incoming == ""


async def test_every_number_is_a_line_and_sends(callback: Callback) -> None:
    numbers = [Number(display=d, title="Tea") for d in ("918800000000", "918800000001")]
    async with running(callback, config(webhook_url=callback.url, numbers=numbers)) as rig:
        body = {"type": "text", "text": {"body": "hi"}}
        second = "karix:918800000001"
        await rig.emulator.handsets.person_sends(second, "asha", body)
        mid = await rig.send(request(sender={"from": 918800000001}))
        await callback.wait(lambda: rig.words(mid) == ["sent", "delivered"])
        assert rig.messages()[0]["to"] == "918800000001"
        assert rig.reports(mid)[0]["sender"] == {"from": "918800000001"}
        first = await rig.send(request())
        await callback.wait(lambda: rig.words(first) == ["failed"])  # the window is the other's
