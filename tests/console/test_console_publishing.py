"""Publishing, versions and rolling back, over HTTP."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from desk import Desk, desk

pytestmark = pytest.mark.full  # a program for each test

FORM = {"number": "+12025550101", "waba_id": "1029384756", "password": "correct-horse-battery"}


async def parcel(d: Desk, **values: Any) -> str:
    """An app with a complete Gupshup channel in development; gives its page's address."""
    made = await d.command("app.create", name="Parcel", source="print(1);")
    given = {**FORM, **values}
    await d.command("channel.set", name="Parcel", partner="gupshup", values=given)
    await d.command("channel.enable", name="Parcel", on=True)
    return f"/apps/{made['stream_id']}"


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found is not None, f"no field {name}"
    return found[1]


async def test_a_publish_shows_what_differs_and_goes_back(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        base = await parcel(d)
        seen = await d.get(f"{base}/publish", Referer=f"{d.address}{base}/agent")
        assert "Messaging Partner before nothing → after Gupshup" in seen.text
        assert "Password before not set → after set" in seen.text
        assert FORM["password"] not in seen.html
        assert "Enable Channel before off → after on" in seen.text
        assert "+ added print(1);" in seen.text
        rev = hidden(seen.html, "rev")
        form = {"rev": rev, "next": hidden(seen.html, "next"), "note": "<b>first</b>"}
        done = await d.post(f"{base}/publish", form)
        assert (done.status, done.to) == (303, f"{base}/agent")
        told = await d.get(done.to)
        assert "Published as version 1: contacts are answered by it now." in told.text
        assert "Published as version" not in (await d.get(base)).text  # said once
        assert "<b>first</b>" not in (await d.get(f"{base}/versions")).html
        again = await d.get(f"{base}/publish")
        assert (
            "Nothing to publish" in again.text
            and '<button type="submit" class="lead">' not in again.html
        )


async def test_what_changed_meanwhile_is_not_published(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        base = await parcel(d)
        rev = hidden((await d.get(f"{base}/publish")).html, "rev")
        await d.command("app.set", name="Parcel", source="print(2);")
        refused = await d.post(f"{base}/publish", {"rev": rev, "note": "mine", "next": base})
        assert refused.status == 409
        assert "Somebody saved this app while you were looking" in refused.text
        assert "print(2);" in refused.text and 'value="mine"' in refused.html
        assert d.app.apps.by_stream[base.rsplit("/", 1)[-1]].published is None
        for junk in ("", "x", "-1", "9" * 40, "1.5"):
            assert (await d.post(f"{base}/publish", {"rev": junk})).status == 409
        fresh = hidden(refused.html, "rev")
        assert (await d.post(f"{base}/publish", {"rev": fresh})).to == base


async def test_what_stands_in_the_way_leads_to_its_field(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        base = await parcel(d)
        rev = hidden((await d.get(f"{base}/publish")).html, "rev")
        await d.post(f"{base}/publish", {"rev": rev})
        await d.command("channel.set", name="Parcel", values={"waba_id": "", "password": ""})
        other = await d.command("app.create", name="Second", agent="")
        number = {**FORM, "password": "another-horse-battery"}
        await d.command("channel.set", name="Second", partner="gupshup", values=number)
        seen = await d.get(f"{base}/publish")
        assert "The button comes when nothing stands in the way." in seen.text
        assert '/channels/whatsapp/configurations#gupshup.password-field"' in seen.html
        assert "◐ changed" not in seen.text and "Password before set → after not set" in seen.text
        taken = await d.get(f"/apps/{other['stream_id']}/publish")
        assert "The number +1 202 555 0101 is already used by the app Parcel" in taken.text
        assert '/channels/whatsapp/configurations#gupshup.number-field"' in taken.html
        form = await d.get(f"{base}/channels/whatsapp/configurations")
        assert 'id="gupshup.number-field"' in form.html
        refused = await d.post(f"{base}/publish", {"rev": hidden(seen.html, "rev")})
        assert refused.status == 422 and "cannot be enabled yet" in refused.text


async def test_next_leads_nowhere_else(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        base = await parcel(d)
        page = await d.get(f"{base}/publish", Referer="https://evil.example/x")
        assert hidden(page.html, "next") == base
        form = {"rev": hidden(page.html, "rev"), "next": "//evil.example"}
        assert (await d.post(f"{base}/publish", form)).to == "/"


async def history_of(d: Desk) -> str:
    """Three versions: a script, another script, another password; then an unpublished change."""
    base = await parcel(d)
    await d.command("app.publish", name="Parcel", note="one")
    await d.command("app.set", name="Parcel", source="print(2);")
    await d.command("app.publish", name="Parcel", note="two")
    await d.command("channel.set", name="Parcel", values={"password": "another-horse-battery"})
    await d.command("app.publish", name="Parcel", note="three")
    await d.command("app.set", name="Parcel", source="print(4);")
    return base


async def test_the_history_says_what_each_version_changed(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("viewer")
        base = await history_of(d)
        seen = await d.get(f"{base}/versions")
        order = [
            seen.text.index(word) for word in ("three Password", "two Script", "one Messaging")
        ]
        assert order == sorted(order)
        assert "Roll back" not in seen.text  # a viewer looks
        one = await d.get(f"{base}/versions/3")
        assert "From version 2 to version 3" in one.text and "◐ changed" in one.text
        draft = await d.get(f"{base}/versions/2?with=draft")
        assert "From version 2 to what is in development" in draft.text
        assert "removed print(2);" in draft.text and "added print(4);" in draft.text
        first = await d.get(f"{base}/versions/1")
        assert "The first version: everything was new" in first.text
        gone = await d.get(f"{base}/versions/77")
        assert gone.status == 422 and "has no version 77. Versions: 3, 2, 1." in gone.text
        assert (await d.get(f"{base}/versions/x")).status == 404
        older = await d.get(f"{base}/versions?before=2")
        assert "one Messaging" in older.text and "three Password" not in older.text


async def test_a_roll_back_says_what_it_does_and_does_it(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        base = await history_of(d)
        seen = await d.get(f"{base}/versions/1/roll-back")
        assert "What was saved there and never published is lost" in seen.text
        assert "- removed print(2); 1 + added print(1);" in seen.text
        assert "In development, never published, lost by this" in seen.text
        form = {"rev": hidden(seen.html, "rev")}
        await d.command("app.set", name="Parcel", source="print(5);")
        refused = await d.post(f"{base}/versions/1/roll-back", form)
        assert refused.status == 409 and "nothing was rolled back" in refused.text
        form = {"rev": hidden(refused.html, "rev")}
        done = await d.post(f"{base}/versions/1/roll-back", form)
        assert done.to == f"{base}/versions"
        told = await d.get(done.to)
        assert "Version 1 is live again, published as version 4." in told.text
        app = d.app.apps.by_stream[base.rsplit("/", 1)[-1]]
        assert app.published is not None and app.published.config == app.draft.config
        assert app.published.config.agent.source == "print(1);"
        live = await d.get(f"{base}/versions/4/roll-back")
        assert live.status == 422 and "there is nothing to roll back" in live.text


async def test_a_roll_back_revives_no_revoked_secret(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        base = await history_of(d)
        await d.app.store.do(lambda tx: tx.run("UPDATE secret SET revoked=1"))
        seen = await d.get(f"{base}/versions/1/roll-back")
        assert "What that version would lack today" in seen.text
        assert "Password" in seen.text.split("What that version would lack today")[1]
        await d.post(f"{base}/versions/1/roll-back", {"rev": hidden(seen.html, "rev")})
        app = d.app.apps.by_stream[base.rsplit("/", 1)[-1]]
        assert app.published is not None and app.published.settings["gupshup"].password == ""


async def test_who_may(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        base = await history_of(d)
        await d.as_role("responder")
        for path in ("/publish", "/versions/1/roll-back"):
            assert (await d.get(base + path)).status == 403
            assert (await d.post(base + path, {"rev": "5"})).status == 403
        await d.as_role("owner")
        foreign = await d.post(f"{base}/publish", {"rev": "5"}, Origin="https://evil.example")
        assert foreign.status == 403
        gone = await d.get("/apps/st-none/versions")
        assert gone.status == 404 and "There is no app at this address" in gone.text


async def test_a_forged_notice_is_text_or_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path, guest=True) as d:
        for value in ("x", "e30=", "eyJpZCI6ICI8c2NyaXB0PngifQ=="):
            d.client.cookie_jar.update_cookies({"dragoman_told": value})
            seen = await d.get("/")
            assert seen.status == 200 and "<script>x" not in seen.html


async def test_a_script_that_cannot_run_is_not_published(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        base = await parcel(d)
        await d.command("app.set", name="Parcel", source='print("x";')
        seen = await d.get(f"{base}/publish")
        assert seen.status == 200 and "The script cannot run, so nothing is published" in seen.text
        refused = await d.post(f"{base}/publish", {"rev": hidden(seen.html, "rev")})
        assert refused.status == 422 and "line 1" in refused.text
        assert d.app.apps.by_stream[base.rsplit("/", 1)[-1]].published is None


async def test_what_is_in_development_can_be_dropped(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        base = await parcel(d)
        await d.command("app.publish", name="Parcel")
        assert (await d.get(f"{base}/versions/1/roll-back")).status == 422  # nothing is lost
        await d.command("app.set", name="Parcel", source="print(2);")
        assert "Differs: Script." in (await d.get(base)).text
        seen = await d.get(f"{base}/publish")
        assert f'href="{base}/versions/1/roll-back"' in seen.html
        plan = await d.get(f"{base}/versions/1/roll-back")
        assert plan.status == 200
        done = await d.post(f"{base}/versions/1/roll-back", {"rev": hidden(plan.html, "rev")})
        assert done.status == 303
        assert "Nothing waiting." in (await d.get(base)).text
