"""Seeded causes: what is broken is said at its step, in its sentence, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from desk import Seen
from five import STREAM_ID, Five, five

from dragoman.domain.sentences import SentenceError
from dragoman.emulators.kit.console import press

pytestmark = pytest.mark.full  # the program and five partners

SHOP = Path(__file__).parents[2] / "examples" / "tea_shop.py"
FORM = f"/apps/{STREAM_ID}/channels/whatsapp/configurations"
MARKS = {"○": "not yet", "◌": "move", "●": "seen", "■": "broken", "◐": "before", "–": "none"}
Break = Callable[[Five], Awaitable[None]]


class Listed:
    """The checklist as the page shows it: marks and sentences by the steps' titles."""

    def __init__(self, seen: Seen) -> None:
        self.marks: dict[str, str] = {}
        self.told: dict[str, str] = {}
        self.raw: dict[str, str] = {}  # the request, or the address of the page that has it
        for one in re.findall(r'<li class="step.*?</li>', seen.html, re.S):
            mark = re.search(r'class="mark"[^>]*>(.)<', one)
            title = re.search(r"<strong>(.*?)</strong>", one)
            told = re.search(r'<p class="told">(.*?)</p>', one, re.S)
            assert mark and title and told, one
            self.marks[title[1]] = MARKS[mark[1]]
            self.told[title[1]] = Seen(200, told[1], {}).text
            kept = re.search(r'href="(/messages/.*?)"|<pre.*?>(.*?)</pre>', one, re.S)
            self.raw[title[1]] = (kept[1] or unescape(kept[2])) if kept else ""

    @property
    def broken(self) -> list[str]:
        return [title for title, mark in self.marks.items() if mark == "broken"]


async def asked(world: Five, method: str, path: str) -> Seen:
    address = world.emulated.settings.base_url
    async with (
        aiohttp.ClientSession() as client,
        client.request(
            method, address + FORM + path, headers={"Origin": address}, allow_redirects=False
        ) as answer,
    ):
        return Seen(answer.status, await answer.text(), dict(answer.headers))


async def page_of(world: Five, path: str) -> Seen:
    address = world.emulated.settings.base_url + path
    async with aiohttp.ClientSession() as client, client.get(address) as answer:
        return Seen(answer.status, await answer.text(), dict(answer.headers))


def secrets(world: Five, partner: str) -> list[str]:
    """What the channel keeps sealed, in the clear."""
    app = world.app.apps.by_stream[STREAM_ID]
    return [
        text
        for copy in (app.draft, app.published)
        if copy is not None
        for text in copy.settings[partner].__struct_fields__
        if any(word in text for word in ("token", "secret", "password", "key"))
        for text in [str(getattr(copy.settings[partner], text))]
        if len(text) > 7
    ]


async def listed(world: Five, *, check: bool = True) -> Listed:
    """What the guest sees, after *Check now*."""
    if check:
        assert (await asked(world, "POST", "/check")).status == 303
    return Listed(await asked(world, "GET", "/checklist"))


async def change(world: Five, partner: str, values: dict[str, Any], **switches: Any) -> None:
    await world.command("channel.set", partner=partner, values=values, switches=switches)
    await world.command("app.publish")


async def pressed(world: Five, partner: str, panel: str, button: str, **values: Any) -> None:
    await press(world.at(partner), panel, button, values)


async def hello(world: Five, partner: str) -> None:
    await world.says(partner, "hello")


# --- one function a cause: it breaks one thing, and lets what shows it happen --------------------


async def wrong_token(world: Five) -> None:
    await change(world, "cloud-api", {"token": "EAA" + "wrong" * 20})
    await hello(world, "cloud-api")
    await world.until(lambda: world.app.delivery.holds())


async def wrong_base_url(world: Five) -> None:
    await change(world, "infobip", {"base_url": "http://127.0.0.1:9"})


async def webhook_not_set(world: Five) -> None:
    await pressed(world, "infobip", "sender_1", "save", inbound_url="", delivery_url="")
    await asked(world, "POST", "/wrote")
    await hello(world, "infobip")
    world.emulated.clock.move(61_000)


async def wrong_verify_token(world: Five) -> None:
    url = world.emulated.settings.url_for(f"hooks/cloud-api/{STREAM_ID}")
    with pytest.raises(SentenceError):
        await pressed(
            world, "cloud-api", "webhook", "verify", callback_url=url, verify_token="another"
        )


async def wrong_signature(world: Five) -> None:
    await change(world, "cloud-api", {"app_secret": "f" * 32})
    await hello(world, "cloud-api")
    await refused(world)


async def number_not_listed(world: Five) -> None:
    await change(world, "infobip", {"numbers": ["+447700900188"]})
    await hello(world, "infobip")
    await kept(world, "number_unlisted")


async def not_published(world: Five) -> None:
    await world.app.store.do(lambda tx: tx.run("UPDATE app SET published=0"))
    await world.app._changed()
    await hello(world, "gupshup")
    await kept(world, "not_published")


async def disabled(world: Five) -> None:
    await world.command("channel.enable", on=False)
    await world.command("app.publish")
    await hello(world, "gupshup")
    await kept(world, "channel_disabled")


async def token_missing(world: Five) -> None:
    await associated(world)
    await hello(world, "gupshup")
    await refused(world)


async def token_wrong(world: Five) -> None:
    client_id = await associated(world)
    await pressed(
        world, "gupshup", "security", "save", client_id=client_id, client_secret="wrong" * 10
    )
    await hello(world, "gupshup")
    await refused(world)


async def no_opt_in(world: Five) -> None:
    await change(world, "netcore", {"bypass_opt_in": True})
    await hello(world, "netcore")
    await failed(world)


async def token_expired(world: Five) -> None:
    world.at("cloud-api").faults.set("token_expired", True)  # type: ignore[attr-defined]
    await hello(world, "cloud-api")
    await world.until(lambda: world.app.delivery.holds())


async def messages_not_subscribed(world: Five) -> None:
    await pressed(world, "cloud-api", "fields", "save", messages=False)


async def account_not_subscribed(world: Five) -> None:
    emulator: Any = world.at("cloud-api")
    emulator.subscriptions.state.account = False


async def refused(world: Five) -> None:
    await world.until(lambda: any_rows(world, "SELECT 1 FROM refused"))


async def failed(world: Five) -> None:
    await world.until(lambda: any_rows(world, "SELECT 1 FROM message WHERE rank=4"))


async def kept(world: Five, why: str) -> None:
    await world.until(lambda: any_rows(world, f"SELECT 1 FROM message WHERE why LIKE '%{why}%'"))


async def any_rows(world: Five, sql: str) -> bool:
    return bool(await world.rows(sql))


async def associated(world: Five) -> str:
    made = await world.command("credential.create", credential="key")
    await world.command("channel.set", switches={"associated": made["client_id"]})
    await world.command("app.publish")
    return str(made["client_id"])


CAUSES: list[tuple[str, Break, str, str]] = [
    ("cloud-api", wrong_token, "Credentials", "token"),
    ("infobip", wrong_base_url, "Credentials", "cannot be reached"),
    ("infobip", webhook_not_set, "Webhook reached us", "Nothing has reached this URL"),
    ("cloud-api", wrong_verify_token, "Webhook reached us", "another verify token"),
    ("cloud-api", wrong_signature, "Sender proved", "app secret"),
    ("infobip", number_not_listed, "First message in", "does not have"),
    ("gupshup", not_published, "Enabled and published", "is not published"),
    ("gupshup", disabled, "Enabled and published", "switched off in the published copy"),
    ("gupshup", token_missing, "Sender proved", "no token"),
    ("gupshup", token_wrong, "Sender proved", "credential"),
    ("netcore", no_opt_in, "First answer accepted", "opted in"),
    ("cloud-api", token_expired, "Credentials", "expired"),
    ("cloud-api", messages_not_subscribed, "Webhook reached us", "the field messages"),
    ("cloud-api", account_not_subscribed, "Webhook reached us", "subscribed"),
]


@pytest.mark.parametrize(
    ("partner", "cause", "step", "words"), CAUSES, ids=[c[1].__name__ for c in CAUSES]
)
async def test_each_cause_is_said_at_its_step_alone(
    tmp_path: Path, partner: str, cause: Break, step: str, words: str
) -> None:
    async with five(tmp_path, SHOP) as world:
        await world.use(partner)
        await cause(world)
        found = await listed(world)
        assert found.broken == [step], found.told
        assert words in found.told[step]
        if cause is webhook_not_set:
            return  # there is no request that could be kept
        kept = found.raw[step]
        if kept.startswith("/messages/"):
            seen = await page_of(world, kept)
            assert seen.status == 200
            kept = seen.html
        assert kept
        for secret in secrets(world, partner):
            assert secret not in kept


@pytest.mark.parametrize("partner", ["infobip", "gupshup", "karix", "netcore", "cloud-api"])
async def test_a_healthy_channel_has_nothing_broken(tmp_path: Path, partner: str) -> None:
    async with five(tmp_path, SHOP) as world:
        await world.use(partner)
        await world.says(partner, "hello")
        await world.quiet()
        found = await listed(world)
        assert found.broken == []
        for step in ("Webhook reached us", "Enabled and published", "First message in",
                     "First answer accepted", "First delivery report"):  # fmt: skip
            assert found.marks[step] == "seen", found.told


@pytest.mark.parametrize("name", ["infobip", "gupshup", "karix", "netcore", "cloud-api"])
async def test_an_answer_that_was_taken_proves_the_credentials_it_left_with(
    tmp_path: Path, name: str
) -> None:
    async with five(tmp_path, SHOP) as world:
        await world.use(name)
        assert (await listed(world, check=False)).marks["Credentials"] in ("not yet", "none")
        await hello(world, name)
        await world.quiet()
        found = await listed(world, check=False)
        assert found.marks["Credentials"] == "seen"
        assert "took an answer that was sent with them" in found.told["Credentials"]
        # saved and not live: what was taken left with the others
        secret = {"infobip": "password", "gupshup": "password", "karix": "account_key",
                  "cloud-api": "token"}.get(name, "numbers.12025550100.api_key")  # fmt: skip
        world.emulated.clock.move(1_000)
        await world.command("channel.set", partner=name, values={secret: "another-" + "x" * 30})
        assert (await listed(world, check=False)).marks["Credentials"] in ("before", "move")


async def test_a_changed_setting_unproves_what_it_proved(tmp_path: Path) -> None:
    async with five(tmp_path, SHOP) as world:
        await world.use("gupshup")
        await hello(world, "gupshup")
        await world.quiet()
        assert (await listed(world)).marks["First message in"] == "seen"
        world.emulated.clock.move(1_000)
        await world.command("channel.set", partner="gupshup", values={"number": "+12025550199"})
        found = await listed(world)
        assert found.marks["First message in"] == "before"
        assert "Seen before you changed Mobile number " in found.told["First message in"]
        assert found.marks["First delivery report"] == "seen"  # no number proves it


async def script_broken(world: Five) -> None:
    await world.command("app.set", source='print("x";')
    await world.command("app.publish")
    await hello(world, "gupshup")
    await world.quiet()


async def partner_gone(world: Five) -> None:
    world.at("infobip").faults.set("error_503", True)  # type: ignore[attr-defined]
    await hello(world, "infobip")
    tried = "SELECT 1 FROM attempt WHERE error IS NOT NULL GROUP BY message_id HAVING count(*)>1"
    await world.until(lambda: any_rows(world, tried))


@pytest.mark.parametrize(("partner", "cause", "step", "words"), [
    ("cloud-api", messages_not_subscribed, "Webhook reached us", "the field messages"),
    ("gupshup", script_broken, "First answer accepted", "The agent failed on the newest message"),
    ("infobip", partner_gone, "First answer accepted", "after attempts that failed"),
], ids=lambda one: one.__name__ if callable(one) else "")  # fmt: skip
async def test_what_breaks_later_is_red_too(
    tmp_path: Path, partner: str, cause: Break, step: str, words: str
) -> None:
    async with five(tmp_path, SHOP) as world:
        await world.use(partner)
        await hello(world, partner)
        await world.quiet()
        assert (await listed(world)).broken == []
        world.emulated.clock.move(1_000)
        await cause(world)
        world.emulated.clock.move(1_000)
        found = await listed(world, check=partner == "cloud-api")
        assert found.broken == [step], found.told
        assert words in found.told[step]
