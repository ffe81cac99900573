"""Settings: people and their roles, one's own account, sign-ins, the audit log, health."""

from __future__ import annotations

import re
from pathlib import Path

import aiohttp
import pytest
from desk import OWNER, PASSWORD, Desk, desk

from dragoman.engine import people

pytestmark = pytest.mark.full  # a program for each test


async def _owner(d: Desk) -> people.Person:
    one = await d.person("owner", OWNER)
    assert (await d.sign_in()).status == 303
    return one


async def _find(d: Desk, person_id: int) -> people.Person:
    return await d.app.store.read(lambda tx: people.find(tx, person_id))


def _code(html: str) -> str:
    found = re.search(r'id="invitation-code"[^>]*><bdi dir="ltr">([0-9A-F-]+)</bdi>', html)
    assert found is not None
    return found[1]


async def test_an_invitation_makes_one_account_with_its_role(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await _owner(d)
        made = await d.post("/settings/people/invite", {"role": "builder"})
        code = _code(made.html)
        assert f"/invitation#{code}" in made.html and "good for seven days" in made.text
        listed = await d.get("/settings/people")
        assert code not in listed.html and "Open invitations builder made" in listed.text
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as other:
            ravi = Desk(d.app, d.address, other)
            form = {"code": code, "name": "Ravi", "email": "ravi@example.com", "password": PASSWORD}
            assert (await ravi.post("/invitation", form)).to == "/"
            assert "Ravi builder" in (await ravi.get("/")).text
            twice = await ravi.post("/invitation", {**form, "email": "eve@example.com"})
            assert twice.status == 422 and "was used" in twice.text
        assert "builder made" not in (await d.get("/settings/people")).text


async def test_a_revoked_invitation_opens_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await _owner(d)
        code = _code((await d.post("/settings/people/invite", {"role": "admin"})).html)
        page = await d.get("/settings/people")
        revoke = re.search(r'action="(/settings/people/revoke/[0-9a-f]{16})"', page.html)
        assert revoke is not None
        assert (await d.post(revoke[1])).to == "/settings/people"
        again = await d.post(revoke[1])
        assert again.status == 422 and "not open any more" in again.text
        form = {"code": code, "name": "Eve", "email": "eve@example.com", "password": PASSWORD}
        assert (await d.post("/invitation", form)).status == 422


async def test_nobody_gives_a_role_above_their_own(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        owner = await d.person("owner", OWNER)
        viewer = await d.person("viewer")
        await d.as_role("admin")
        refused = await d.post("/settings/people/invite", {"role": "owner"})
        assert refused.status == 422 and "A role above your own" in refused.text
        up = await d.post(f"/settings/people/{viewer.id}", {"role": "owner"})
        assert up.status == 422 and "A role above your own" in up.text
        down = await d.post(f"/settings/people/{owner.id}", {"off": "yes"})
        assert down.status == 422 and "Owner has a role above yours" in down.text
        assert "only somebody who has it" in (await d.get(f"/settings/people/{owner.id}")).text
        unknown = await d.post(f"/settings/people/{viewer.id}", {"role": "king"})
        assert unknown.status == 422 and "'king' is no role" in unknown.text
        assert (await _find(d, viewer.id)).role == "viewer"


async def test_a_role_is_changed_and_changed_back(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await _owner(d)
        ravi = await d.person("viewer")
        done = await d.post(f"/settings/people/{ravi.id}", {"role": "admin"})
        assert done.to == f"/settings/people?of={ravi.id}&was=viewer"
        page = await d.get(done.to)
        assert "Viewer has the role admin now. Undo" in page.text
        assert (await d.post(f"/settings/people/{ravi.id}", {"role": "viewer"})).status == 303
        assert (await _find(d, ravi.id)).role == "viewer"


async def test_an_account_switched_off_is_signed_out_and_stays_out(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await _owner(d)
        ravi = await d.person("builder", "ravi@example.com")
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as other:
            his = Desk(d.app, d.address, other)
            assert (await his.sign_in("ravi@example.com")).to == "/"
            await d.post(f"/settings/people/{ravi.id}", {"off": "yes"})
            assert (await his.get("/")).to == "/signin?next=/"
            told = await his.sign_in("ravi@example.com")
            assert told.status == 422 and "This account is switched off" in told.text
            await d.post(f"/settings/people/{ravi.id}", {"off": "no"})
            assert (await his.sign_in("ravi@example.com")).to == "/"


async def test_an_owner_always_remains(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        owner = await _owner(d)
        lower = await d.post(f"/settings/people/{owner.id}", {"role": "admin"})
        assert lower.status == 422 and "Owner is the only owner" in lower.text
        off = await d.post(f"/settings/people/{owner.id}", {"off": "yes"})
        assert off.status == 422 and "not yours to switch off" in off.text
        await d.person("owner", "second@example.com")
        gone = await d.post(f"/settings/people/{owner.id}", {"role": "viewer"})
        assert gone.to == "/settings/you"
        assert (await d.get("/settings/people")).status == 403


async def test_a_password_is_changed_only_with_the_current_one(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await _owner(d)
        new = "black coffee beans"
        wrong = await d.post("/settings/you/password", {"current": "no", "password": new})
        assert wrong.status == 422 and "The current password is not right" in wrong.text
        short = await d.post("/settings/you/password", {"current": PASSWORD, "password": "tea"})
        assert short.status == 422 and "has a length of 3" in short.text
        assert new not in wrong.html and PASSWORD not in short.html
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as other:
            elsewhere = Desk(d.app, d.address, other)
            await elsewhere.sign_in()
            done = await d.post("/settings/you/password", {"current": PASSWORD, "password": new})
            assert done.to == "/settings/you?saved=password"
            assert (await elsewhere.get("/")).to == "/signin?next=/"
            assert (await elsewhere.sign_in()).status == 422
            assert (await elsewhere.sign_in(password=new)).to == "/"
        assert (await d.get("/settings/you")).status == 200


async def test_guessing_the_current_password_is_slowed_down(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await _owner(d)
        form = {"current": "wrong", "password": "black coffee beans"}
        for _ in range(5):
            await d.post("/settings/you/password", form)
        told = await d.post("/settings/you/password", {**form, "current": PASSWORD})
        assert told.status == 422 and "Too many wrong passwords: wait 1" in told.text


async def test_ones_sign_ins_are_seen_and_ended(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await _owner(d)
        jars = [aiohttp.CookieJar(unsafe=True) for _ in range(2)]
        phone = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile"
        async with (
            aiohttp.ClientSession(cookie_jar=jars[0], headers={"User-Agent": phone}) as one,
            aiohttp.ClientSession(cookie_jar=jars[1]) as two,
        ):
            first, second = Desk(d.app, d.address, one), Desk(d.app, d.address, two)
            await first.sign_in()
            await second.sign_in()
            page = await d.get("/settings/sessions")
            assert "Chrome on Android 127.0.0.1" in page.text
            assert page.text.count("End it…") == 2 and page.text.count("this browser") == 1
            end = re.search(r'Chrome on Android.*?action="([^"]+)"', page.html, re.S)
            assert end is not None
            assert (await d.post(end[1])).to == "/settings/sessions"
            assert (await first.get("/")).to == "/signin?next=/"
            twice = await d.post(end[1])
            assert twice.status == 422 and "This sign-in is over already." in twice.text
            await d.post("/settings/sessions/end-others")
            assert (await second.get("/")).to == "/signin?next=/"
        assert "End it" not in (await d.get("/settings/sessions")).text


async def test_nobody_ends_a_sign_in_of_another(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await _owner(d)
        change = d.change()
        ravi = await d.person("viewer")
        token = await d.app.store.do(lambda tx: people.sign_in(tx, change, ravi, "", ""))
        refused = await d.post(f"/settings/sessions/end/{people.key_of(token)}")
        assert refused.status == 422
        now = d.app.clock.real()
        assert await d.app.store.read(lambda tx: people.who(tx, token, now)) is not None


async def test_the_audit_log_says_who_changed_what(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await _owner(d)
        ravi = await d.person("viewer", "ravi@example.com")
        await d.post("/apps/new", {"name": "Tea", "agent": "shop"})
        await d.post(f"/settings/people/{ravi.id}", {"role": "admin"})
        await d.post("/settings/you/name", {"name": "<b>Asha</b>"})
        page = await d.get("/settings/audit")
        assert f"{OWNER} App made · Tea Tea" in page.text
        assert (
            f"{OWNER} Role or account changed · ravi@example.com before viewer → after admin"
            in (page.text)
        )
        assert "before Owner → after <b>Asha</b>" in page.text
        assert "<b>Asha" not in page.html


async def test_a_saved_secret_is_not_in_the_audit_log(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await _owner(d)
        secret = "karix-key-0123456789"
        await d.command("app.create", name="Tea", agent="")
        for partner in ("karix", "gupshup"):
            values = {"account_key": secret} if partner == "karix" else {"password": secret}
            await d.command("channel.set", name="Tea", partner=partner, values=values)
        await d.command("app.set", name="Tea", fallback=f"call {secret}")
        page = await d.get("/settings/audit")
        assert secret not in page.html
        assert "Messaging Partner before Karix → after Gupshup" in page.text
        assert "Password before not set → after set" in page.text
        assert "after call •••" in page.text


async def test_the_audit_log_is_filtered_in_the_address_and_paged(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await _owner(d)
        for n in range(60):
            await d.command("app.create", name=f"App {n}", agent="")
        app = next(a for a in d.app.apps.by_id.values() if a.name == "App 7")
        one = await d.get(f"/settings/audit?app={app.stream_id}")
        assert one.html.count('<li class="row">') == 1 and "App made · App 7" in one.text
        signed = await d.get(f"/settings/audit?what=person.sign_in&who={OWNER}")
        assert signed.html.count('<li class="row">') == 1
        assert "No change fits." in (await d.get("/settings/audit?to=2020-01-01")).text
        assert "No change fits." in (await d.get("/settings/audit?who=%27%20or%201=1--")).text
        newest = await d.get("/settings/audit?what=app")
        assert newest.html.count('<li class="row">') == 50
        older = re.search(r'rel="next" href="([^"]+)"', newest.html)
        assert older is not None
        rest = await d.get(older[1].replace("&amp;", "&"))
        assert rest.html.count('<li class="row">') == 10 and 'rel="next"' not in rest.html
        wrong = await d.get("/settings/audit?from=yesterday")
        assert wrong.status == 422 and "'yesterday' is no date" in wrong.text
        assert (await d.get("/settings/audit?app=st-none")).status == 422
        assert (await d.get("/settings/audit?before=x9")).status == 200


async def test_storage_and_health_say_what_is_known_here(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await _owner(d)
        page = await d.get("/settings/storage")
        assert "Database SQLite, " in page.text and "Schema 0002" in page.text
        assert "Messages are kept: the database takes a write." in page.text
        assert "Nothing is held, in doubt or parked." in page.text
        assert str(tmp_path / "key") in page.text and "callback" not in page.text
        await d.command("app.create", name="Tea", agent="")
        assert "app Tea" not in (await d.get("/settings/storage")).text
        asked = await d.get("/settings/storage?ask=partners")
        assert "It has no messaging partner yet." in asked.text


async def test_every_role_sees_its_own_settings(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("viewer")
        assert (await d.get("/settings")).to == "/settings/you"
        you = await d.get("/settings/you")
        assert "Audit log" not in you.text and "Sessions" in you.text
        refused = await d.get("/settings/people")
        assert refused.status == 403
        assert "This needs the role admin, and you are viewer: ask an owner." in refused.text
        assert (await d.get("/settings/about")).text.count("not affiliated with") == 1


async def test_the_guest_is_told_what_an_account_would_do(tmp_path: Path) -> None:
    async with desk(tmp_path, guest=True) as d:
        assert "You are the guest of this machine" in (await d.get("/settings/you")).text
        refused = await d.get("/settings/people")
        assert refused.status == 403 and "needs the role admin" in refused.text
        assert "Sessions" in refused.text  # the tabs are still there
        for path, form in (("name", {"name": "X"}), ("password", {"current": "", "password": ""})):
            told = await d.post(f"/settings/you/{path}", form)
            assert told.status == 422 and "<code>dragoman serve</code> makes an owner" in told.html


@pytest.mark.parametrize(
    ("chosen", "html"),
    [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"'), ("system", "<html ")],
)
async def test_a_theme_is_chosen_without_a_script(tmp_path: Path, chosen: str, html: str) -> None:
    async with desk(tmp_path, guest=True) as d:
        await d.post("/settings/you/theme", {"theme": chosen})
        page = await d.get("/settings/you")
        assert html in page.html
        assert ("data-theme=" in page.html) == (chosen != "system")


async def test_unknown_people_and_hostile_ids(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await _owner(d)
        assert "Nobody with this id" in (await d.get("/settings/people/7")).text
        assert (await d.post("/settings/people/7", {"off": "yes"})).status == 422
        assert (await d.get("/settings/people/x")).status == 404
        assert (await d.post("/settings/people/revoke/%25")).status == 422
        stranger = {"Origin": "https://evil.example"}
        assert (
            await d.post("/settings/people/invite", {"role": "owner"}, **stranger)
        ).status == 403
