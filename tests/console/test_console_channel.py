"""Configurations: the form that the partner's metadata draws, and the checklist beside it."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from desk import Desk, Seen, desk
from playwright.async_api import expect

from browser import browsing
from dragoman.engine.checklist import begin_check
from dragoman.partners.registry import PARTNERS, partner

pytestmark = pytest.mark.full  # a program for each test

FORM = "/apps/st-tea/channels/whatsapp/configurations"
GUPSHUP = {
    "partner": "gupshup",
    "enabled": "yes",
    "gupshup.dialect": "enterprise",
    "gupshup.number": "+1 202 555 0100",
    "gupshup.waba_id": "2000193456",
    "gupshup.password": "Passw0rd-of-gupshup",
}


async def tea(d: Desk, role: str = "builder") -> None:
    await d.command("app.create", name="Tea", source="print('hello')", stream_id="st-tea")
    await d.as_role(role)


async def save(d: Desk, values: dict[str, Any], rev: int | None = None) -> Seen:
    now = d.app.apps.by_stream["st-tea"].draft_rev
    return await d.post(FORM, {"rev": now if rev is None else rev, **values})


def part(seen: Seen, name: str) -> str:
    """The part of a partner in the page."""
    pieces = re.split(r'<div class="part" data-part="', seen.html)
    return next(piece for piece in pieces if piece.startswith(name + '"'))


def settings(d: Desk) -> Any:
    draft = d.app.apps.by_stream["st-tea"].draft
    return draft.settings[draft.config.channel.partner]


@pytest.mark.parametrize("name", list(PARTNERS))
async def test_every_field_of_every_partner_is_drawn(tmp_path: Path, name: str) -> None:
    async with desk(tmp_path, public_url="https://bot.example.com") as d:
        await tea(d)
        await d.command("channel.set", name="Tea", partner=name)  # a verify token is made
        html = part(await d.get(FORM), name)
        for field in partner(name).SETTINGS:
            assert f'id="{name}.{field.name}-field"' in html
            assert field.label in html.replace("&#39;", "'")
        for give in partner(name).GIVES:
            if give.name not in ("client_id", "authorization"):  # once an app is associated
                assert f'data-copy="{name}-{give.name}"' in html
        assert f"https://bot.example.com/hooks/{name}/st-tea" in html


async def test_a_whole_form_is_saved_enabled_and_its_secret_never_comes_back(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as d:
        await tea(d)
        done = await save(d, GUPSHUP)
        assert (done.status, done.to) == (303, FORM + "?did=saved")
        found = settings(d)
        assert (found.number, found.waba_id) == ("12025550100", "2000193456")
        assert found.password == "Passw0rd-of-gupshup"
        assert d.app.apps.by_stream["st-tea"].draft.config.channel.enabled
        assert (
            d.app.apps.by_stream["st-tea"].draft_rev == 2
        )  # one save is one entry of the audit log
        seen = await d.get(FORM)
        assert "Passw0rd" not in seen.html and "•••••••• set" in seen.text
        assert 'value="+1 202 555 0100"' in seen.html
        again = await save(d, {**GUPSHUP, "gupshup.password": "", "gupshup.waba_id": "2000193477"})
        assert again.status == 303
        assert (settings(d).password, settings(d).waba_id) == ("Passw0rd-of-gupshup", "2000193477")


async def test_an_incomplete_form_is_saved_switched_off_and_marks_what_is_missing(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as d:
        await tea(d)
        said = await save(d, {**GUPSHUP, "gupshup.waba_id": "", "gupshup.password": ""})
        assert said.status == 422
        assert "Saved in development, switched off: WABA ID is missing." in said.text
        html = part(said, "gupshup")
        assert 'id="gupshup.waba_id-wrong"' in html and 'aria-invalid="true"' in html
        assert settings(d).number == "12025550100"
        assert not d.app.apps.by_stream["st-tea"].draft.config.channel.enabled


async def test_a_wrong_value_is_kept_as_typed_beside_its_sentence(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await tea(d)
        await save(d, {**GUPSHUP, "gupshup.number": "2025550100", "enabled": "no"})
        html = part(await d.get(FORM), "gupshup")
        assert 'value="2025550100"' in html
        assert "has no country code" in html


async def test_of_two_people_the_second_chooses_only_where_both_changed_a_field(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as d:
        await tea(d)
        await save(d, GUPSHUP)
        rev = d.app.apps.by_stream["st-tea"].draft_rev
        first = {**GUPSHUP, "gupshup.waba_id": "2000193111", "gupshup.number": "+1 202 555 0101"}
        await save(d, {**first, "proactive": "on", "allow_ips": "203.0.113.0/24"})
        mine = {**GUPSHUP, "gupshup.waba_id": "2000193222", "gupshup.password": "",
                "typing": "on", "enabled": "no", "allow_ips": "198.51.100.7"}  # fmt: skip
        late = await save(d, mine, rev)
        assert late.status == 409
        assert "saved this form meanwhile, so yours is not saved yet" in late.text
        html = part(late, "gupshup")
        # both changed it: mine stays in the field, theirs beside it, exactly
        assert 'value="2000193222"' in html and ">2000193111</bdi>" in html
        assert 'name="gupshup.waba_id.take" value="theirs"' in html
        assert 'name="allow_ips.take"' in late.html
        assert ">203.0.113.0/24</bdi>" in late.html and ">198.51.100.7</bdi>" in late.html
        # only they changed it: theirs, and told; only I did: mine, and nothing to choose
        assert 'value="+1 202 555 0101"' in html and "gupshup.number.take" not in html
        assert html.count("it is filled in as they saved it") == 2  # and the password
        assert re.search(r'name="proactive"[^>]* checked', late.html)
        assert re.search(r'name="typing"[^>]* checked', late.html)
        assert "typing.take" not in late.html and "enabled.take" not in late.html
        assert settings(d).waba_id == "2000193111"
        again = await save(d, {**mine, "gupshup.password": "another-of-gupshup"}, rev)
        assert "Another secret was saved meanwhile" in part(again, "gupshup")

        now = re.search(r'name="rev" value="(\d+)"', late.html)
        assert now is not None
        chosen = {**mine, "gupshup.number": "+1 202 555 0101", "proactive": "on",
                  "gupshup.waba_id.take": "theirs", "allow_ips.take": "mine"}  # fmt: skip
        assert (await save(d, chosen, int(now[1]))).status == 303
        channel = d.app.apps.by_stream["st-tea"].draft.config.channel
        assert settings(d).waba_id == "2000193111" and settings(d).number == "12025550101"
        assert channel.allow_ips == ("198.51.100.7",)
        assert channel.proactive and channel.typing and not channel.enabled


async def test_a_complaint_on_the_page_of_two_people_is_of_the_value_that_is_shown(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as d:
        await tea(d)
        await save(d, GUPSHUP)
        rev = d.app.apps.by_stream["st-tea"].draft_rev
        await save(d, {**GUPSHUP, "gupshup.number": "2025550101", "enabled": "no"})
        late = await save(d, {**GUPSHUP, "gupshup.number": "+1 202 555 0102"}, rev)
        html = part(late, "gupshup")
        assert 'value="+1 202 555 0102"' in html and ">2025550101</bdi>" in html
        assert "has no country code" not in html


async def test_two_people_add_and_remove_things_of_a_group(tmp_path: Path) -> None:
    def number(place: str, phone: str, was: str = "", **more: str) -> dict[str, str]:
        lead = f"netcore.numbers.{place}"
        return {f"{lead}.key": phone, f"{lead}.was": was,
                **{f"{lead}.{k}": v for k, v in more.items()}}  # fmt: skip

    a, b, c = (f"+1 202 555 010{n}" for n in range(3))
    start = {"partner": "netcore", "enabled": "no"}
    async with desk(tmp_path) as d:
        await tea(d)
        key = {p: f"key-of-the-number-{p[-1]}-0123456789abcdef" for p in (a, b, c)}
        await save(d, {**start, **number("0", a, api_key=key[a]), **number("1", b, api_key=key[b])})
        rev = d.app.apps.by_stream["st-tea"].draft_rev
        await save(d, {**start, **number("0", a, a), **number("n1", c, api_key=key[c])})  # b leaves
        late = await save(d, {**start, **number("0", a, a), **number("1", b, b)}, rev)
        html = part(late, "netcore")
        assert late.status == 409
        assert f'value="{a}"' in html and f'value="{c}"' in html and f'value="{b}"' not in html
        kept = await save(
            d, {**start, **number("0", a, a), **number("1", b, b, source="S123456789")}, rev
        )
        assert "Somebody else removed this meanwhile" in kept.text
        assert "key-of-the-number" not in kept.html


async def test_a_number_that_is_there_twice_or_too_many_is_said_while_it_is_typed(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as d:
        await tea(d)
        path = FORM + "/look?field=infobip.numbers"
        form = {"partner": "infobip", "infobip.numbers": ["+1 202 555 0100", "+1 (202) 555-0100"]}
        said = await d.post(path, form)
        assert said.status == 200 and "is there twice; leave one out" in said.text
        many = [f"+1 202 555 01{n:02}" for n in range(21)]
        said = await d.post(path, {**form, "infobip.numbers": many})
        assert "at most 20 numbers fit one channel, and here are 21" in said.text
        assert (await d.post(path, {**form, "infobip.numbers": many[:20]})).text == ""
        lead = "netcore.numbers"
        twice = {f"{lead}.0.key": "+1 202 555 0100", f"{lead}.n1.key": "12025550100"}
        said = await d.post(FORM + "/look?field=netcore.numbers", {"partner": "netcore", **twice})
        assert "is there twice" in said.text
        assert d.app.apps.by_stream["st-tea"].draft_rev == 1  # nothing was saved
        refused = await save(d, {"partner": "netcore", "enabled": "no", **twice})
        assert refused.status == 422 and "is there twice" in refused.text
        assert 'value="12025550100"' in part(refused, "netcore")


async def test_things_of_a_group_come_and_go_and_keep_their_secrets(tmp_path: Path) -> None:
    one = {
        "partner": "netcore",
        "enabled": "yes",
        "netcore.numbers.0.key": "+1 202 555 0100",
        "netcore.numbers.0.api_key": "key-of-the-first-number-0123456789",
    }
    async with desk(tmp_path) as d:
        await tea(d)
        assert (await save(d, one)).status == 303
        html = part(await d.get(FORM), "netcore")
        assert "key-of-the-first" not in html
        was = re.search(r'name="netcore.numbers.0.was" value="([^"]*)"', html)
        assert was is not None
        two = {
            **one, "netcore.numbers.0.was": was[1], "netcore.numbers.0.api_key": "",
            "netcore.numbers.n1.key": "+1 202 555 0101",
            "netcore.numbers.n1.api_key": "key-of-the-second-number-012345678",
        }  # fmt: skip
        assert (await save(d, two)).status == 303
        assert sorted(partner("netcore").numbers(settings(d))) == ["12025550100", "12025550101"]
        kept = d.app.apps.by_stream["st-tea"].draft.config.channel.values["netcore"]["numbers"]
        assert len(kept) == 2 and all(isinstance(m["api_key"], dict) for m in kept.values())
        gone = {k: v for k, v in two.items() if ".0." not in k}
        assert (await save(d, gone)).status == 303
        assert list(partner("netcore").numbers(settings(d))) == ["12025550101"]


async def test_a_secret_in_the_url_is_shown_once(tmp_path: Path) -> None:
    async with desk(tmp_path, public_url="https://bot.example.com") as d:
        await tea(d)
        shown = await save(d, {**GUPSHUP, "url_secret": "on"})
        key = d.app.apps.by_stream["st-tea"].draft.url_secret
        assert shown.status == 200 and f"?key={key}" in shown.html
        assert key not in (await d.get(FORM)).html
        assert (await save(d, GUPSHUP)).status == 303
        assert d.app.apps.by_stream["st-tea"].draft.url_secret == ""


async def test_an_address_that_no_partner_can_call_is_said_instead_of_copied(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as d:
        await tea(d)
        html = part(await d.get(FORM), "gupshup")
        assert "Gupshup cannot call this address. Set public_url" in html
        assert 'data-copy="gupshup-webhook_url"' not in html


async def test_a_viewer_sees_and_changes_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await tea(d, "viewer")
        seen = await d.get(FORM)
        assert seen.status == 200 and ">Save<" not in seen.html
        assert (await save(d, GUPSHUP)).status == 403
        assert d.app.apps.by_stream["st-tea"].draft.config.channel.partner == ""


async def test_markup_in_values_stays_text(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await tea(d)
        evil = '"><script>alert(1)</script>'
        await save(d, {**GUPSHUP, "gupshup.waba_id": evil, "allow_ips": evil, "enabled": "no"})
        seen = await d.get(FORM)
        assert "<script>alert" not in seen.html


# --- the checklist -------------------------------------------------------------------------------


async def test_the_checklist_says_whose_move_it_is(tmp_path: Path) -> None:
    async with desk(tmp_path, public_url="https://bot.example.com") as d:
        await tea(d)
        assert "Choose a messaging partner and save" in (await d.get(FORM)).text
        await save(d, GUPSHUP)
        text = (await d.get(FORM + "/checklist")).text
        assert "0 of 6 seen working" in text
        assert "Gupshup's support sets this URL: send them the letter." in text
        assert "These settings are saved and not live: publish." in text
        await d.command("app.publish", name="Tea")
        text = (await d.get(FORM + "/checklist")).text
        assert "Version 1 is published and enabled." in text
        assert "Write hello to +1 202 555 0100." in text


async def test_a_refused_call_is_the_broken_step_with_its_request(tmp_path: Path) -> None:
    async with desk(tmp_path, public_url="https://bot.example.com") as d:
        await tea(d)
        made = await d.command("credential.create", name="Tea", credential="key")
        await save(d, {**GUPSHUP, "associated": made["client_id"]})
        await d.command("app.publish", name="Tea")
        answer = await d._ask("POST", "/hooks/gupshup/st-tea", None, {"Content-Type": "x"})
        assert answer.status in (401, 500)
        text = (await d.get(FORM + "/checklist")).text
        assert "1 broken" in text and "See the request" in text


async def test_silence_says_something_only_after_the_person_wrote(tmp_path: Path) -> None:
    async with desk(tmp_path, public_url="https://bot.example.com") as d:
        await tea(d)
        await save(d, GUPSHUP)
        assert "Nothing has reached this URL" not in (await d.get(FORM + "/checklist")).text
        assert (await d.post(FORM + "/wrote")).status == 303
        waiting = (await d.get(FORM + "/checklist")).text
        assert "◔ First message in checking" in waiting
        assert "Waiting for your message to +1 202 555 0100, for a minute" in waiting
        assert "Nothing has reached this URL" not in (await d.get(FORM + "/checklist")).text
        d.app.clock.move(61_000)
        text = (await d.get(FORM + "/checklist")).text
        assert "Nothing has reached this URL since you wrote 1 min 1 s ago" in text
        assert "not set at Gupshup or points elsewhere" in text  # two causes look the same
        assert "or bot.example.com cannot be reached from outside" in text
        assert "1 broken" in text and "◌ First message in your move" in text


@contextlib.asynccontextmanager
async def silent_partner() -> AsyncIterator[str]:
    """An address that takes every call and answers none."""
    held: set[asyncio.StreamWriter] = set()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.add(writer)

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in held:
            writer.close()


def infobip(place: str) -> dict[str, str]:
    return {
        "partner": "infobip", "enabled": "yes", "infobip.numbers": "+1 202 555 0100",
        "infobip.base_url": f"http://{place}", "infobip.username": "tea",
        "infobip.password": "Passw0rd-of-infobip",
    }  # fmt: skip


async def test_a_check_is_shown_while_it_runs_and_ends_by_itself(tmp_path: Path) -> None:
    async with (
        silent_partner() as place,
        desk(tmp_path, egress_allow=(place,), http_timeout_s=1.0) as d,
    ):
        await tea(d)
        await save(d, infobip(place))
        asked = await d.post(FORM + "/check", **{"HX-Request": "true"})
        assert "◔ Credentials checking" in asked.text
        assert "Infobip is being asked, for 10 s at most." in asked.text
        assert "Check now" not in asked.text
        for _ in range(200):
            text = (await d.get(FORM + "/checklist")).text
            if "checking" not in text:
                break
            await asyncio.sleep(0.02)
        assert "■ Credentials broken" in text and "Check now" in text
        # a process that died meanwhile leaves no endless word
        await d.app.store.do(lambda tx: begin_check(tx, d.app.apps.by_stream["st-tea"], now(d)))
        assert "◔ Credentials" in (await d.get(FORM + "/checklist")).text
        d.app.clock.move(10_001)
        assert "◔" not in (await d.get(FORM + "/checklist")).text


def now(d: Desk) -> int:
    return d.app.clock.now() + 1


async def test_in_a_browser_a_check_is_live(tmp_path: Path) -> None:
    async with (
        silent_partner() as place,
        desk(tmp_path, guest=True, egress_allow=(place,), http_timeout_s=3.0) as d,
        browsing() as browser,
    ):
        await d.command("app.create", name="Tea", source="print('hello')", stream_id="st-tea")
        await save(d, infobip(place))
        tab = await browser.new_page()
        await tab.goto(d.address + FORM)
        await tab.get_by_role("button", name="Check now").click()
        step = tab.locator(".step").filter(has_text="Credentials")
        await expect(step.locator(".mark")).to_have_text("◔")
        await expect(step.locator(".mark")).to_have_text("■", timeout=10_000)


async def test_in_a_browser_what_was_taken_away_can_be_put_back(tmp_path: Path) -> None:
    async with desk(tmp_path, guest=True) as d, browsing() as browser:
        await d.command("app.create", name="Tea", source="print('hello')", stream_id="st-tea")
        await save(d, infobip("127.0.0.1:9"))
        tab = await browser.new_page()
        await tab.goto(d.address + FORM)
        part = tab.locator('[data-part="infobip"]')
        await part.get_by_role("button", name="Remove +1 202 555 0100").click()
        numbers = part.locator('input[name="infobip.numbers"]')
        await expect(numbers).to_have_count(1)
        await tab.get_by_role("button", name="Put back +1 202 555 0100").click()
        await expect(numbers.first).to_have_value("+1 202 555 0100")
        await expect(numbers).to_have_count(2)


async def test_a_list_that_is_known_is_not_sent_again(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await tea(d)
        await save(d, GUPSHUP)
        known = re.search(r"known=([0-9a-f]+)", (await d.get(FORM)).html)
        assert known is not None
        assert (await d.get(f"{FORM}/checklist?known={known[1]}")).status == 204
        await d.command("app.publish", name="Tea")
        assert (await d.get(f"{FORM}/checklist?known={known[1]}")).status == 200


# --- beside the form -----------------------------------------------------------------------------


async def test_a_real_number_has_a_code_to_scan(tmp_path: Path) -> None:
    async with desk(tmp_path, public_url="https://bot.example.com") as d:
        await tea(d)
        await save(d, GUPSHUP)
        seen = await d.get("/apps/st-tea/channels/whatsapp/hello")
        assert "https://wa.me/12025550100?text=hello" in seen.html
        assert 'src="data:image/svg+xml' in seen.html


async def test_authorize_leads_to_the_partners_page(tmp_path: Path) -> None:
    async with desk(tmp_path, public_url="https://bot.example.com") as d:
        await tea(d)
        await save(d, GUPSHUP)
        said = await d.post("/apps/st-tea/channels/whatsapp/authorize")
        assert said.status == 422 and "Gupshup" in said.text
        meta = {
            "partner": "cloud-api", "enabled": "no", "cloud_api.x": "",
            "cloud-api.authorization": "temporary", "cloud-api.numbers": "106540352242922",
            "cloud-api.app_id": "1234567890123456",
            "cloud-api.app_secret": "0123456789abcdef0123456789abcdef",
        }  # fmt: skip
        await save(d, meta)
        done = await d.post("/apps/st-tea/channels/whatsapp/authorize")
        assert done.status == 303 and done.to.startswith("https://www.facebook.com/")
        assert "oauth%2Fcloud-api%2Fst-tea" in done.to
        text = (await d.get(FORM + "/checklist")).text
        assert "◔ Credentials checking" in text
        assert "is signing in at WhatsApp Cloud API: it is waited for" in text
        d.app.clock.move(600_001)
        assert "◔" not in (await d.get(FORM + "/checklist")).text


async def test_unknown_apps_have_no_pages(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("owner")
        for path in ("", "/channels", "/channels/whatsapp/configurations"):
            seen = await d.get("/apps/st-nobody" + path)
            assert seen.status == 404 and "There is no app at this address" in seen.text


async def test_a_secret_that_was_typed_into_a_refused_form_is_asked_for_again(
    tmp_path: Path,
) -> None:
    async with desk(tmp_path) as d:
        await tea(d)
        said = await save(d, {**GUPSHUP, "allow_ips": "nowhere"})
        assert said.status == 422 and "Passw0rd" not in said.html
        assert "Type it once more" in part(said, "gupshup")


async def test_a_number_that_another_app_is_live_with_is_said_at_its_field(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await tea(d)
        await save(d, GUPSHUP)
        await d.command("app.publish", name="Tea")
        await d.command("app.create", name="Parcel", source="print('x')", stream_id="st-parcel")
        values = {"number": "+12025550100"}
        await d.command("channel.set", name="Parcel", partner="gupshup", values=values)
        html = part(await d.get(FORM.replace("st-tea", "st-parcel")), "gupshup")
        assert "The number +1 202 555 0100 is already used by the app Tea." in html
