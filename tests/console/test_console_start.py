"""The door of the console: set-up, signing in and out, throttling, and who is let near it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from desk import OWNER, PASSWORD, desk
from furnished import furnish, pages

pytestmark = pytest.mark.full  # a program for each test

FORM = {"email": OWNER, "name": "Asha", "password": PASSWORD}


async def test_the_first_start_makes_one_owner_with_the_printed_code(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        assert (await d.get("/")).to == "/signin?next=/"
        assert (await d.get("/signin")).to == "/setup"
        wrong = await d.post("/setup", {**FORM, "code": "0000-0000-0000-0000"})
        assert wrong.status == 422
        assert "This code is not right. Compare it with the last one in the terminal" in wrong.text
        assert "Start Dragoman again" not in wrong.text
        assert 'value="asha@example.com"' in wrong.html and PASSWORD not in wrong.html
        code = d.app.setup_code
        assert code is not None
        done = await d.post("/setup", {**FORM, "code": code.lower().replace("-", " ")})
        assert (done.status, done.to) == (303, "/")
        cookie = done.headers["Set-Cookie"]
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie
        assert "No app yet" in (await d.get("/")).text
        assert (await d.get("/setup")).to == "/signin"
        d.client.cookie_jar.clear()
        again = await d.post("/setup", {**FORM, "email": "eve@example.com", "code": code})
        assert again.status == 422


async def test_a_code_is_good_for_an_hour(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.app.store.do(lambda tx: tx.run("UPDATE invitation SET until=until-3600000"))
        late = await d.post("/setup", {**FORM, "code": str(d.app.setup_code)})
        assert late.status == 422
        assert "This code is over: it was good for one hour. Start Dragoman again" in late.text
        wrong = await d.post("/setup", {**FORM, "code": "0000-0000-0000-0000"})
        assert "This code is not right" in wrong.text  # only whoever has all of it hears of its end


async def test_codes_are_guessed_at_as_slowly_as_passwords(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.app.store.do(lambda tx: tx.run("UPDATE invitation SET until=until-3600000"))
        for code in ("0000-0000-0000-0000", str(d.app.setup_code)) * 3:
            said = await d.post("/setup", {**FORM, "code": code})
        assert said.status == 422 and "Too many wrong codes: wait 1" in said.text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"password": "short"}, "The password has a length of 5, and needs 10 at least"),
        ({"password": OWNER}, "The password is the e-mail address or the name"),
        ({"email": "nobody"}, "'nobody' is not an e-mail address"),
        ({"name": " "}, "The name is missing"),
        ({"name": "आशा " * 40}, "The name has 159 characters, and at most 100 are kept"),
    ],
)
async def test_what_an_account_needs(tmp_path: Path, change: dict[str, str], sentence: str) -> None:
    async with desk(tmp_path) as d:
        said = await d.post("/setup", {**FORM, "code": str(d.app.setup_code), **change})
        assert said.status == 422 and sentence in said.text
        assert f'value="{change.get("name", "Asha")}"' in said.html  # as it was typed
        good = await d.post("/setup", {**FORM, "code": str(d.app.setup_code)})
        assert good.status == 303  # the code was not spent


async def test_signing_in_and_out(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.person("owner", OWNER)
        wrong = await d.sign_in(password="wrong password")
        assert wrong.status == 422
        assert "E-mail address and password do not belong together." in wrong.text
        nobody = await d.sign_in("nobody@example.com")
        assert (nobody.status, nobody.text.replace("nobody", "")) == (422, wrong.text)
        assert (await d.sign_in()).to == "/"
        assert (await d.get("/")).status == 200
        assert (await d.post("/signout")).to == "/signin"
        assert (await d.get("/")).to == "/signin?next=/"


async def test_wrong_passwords_are_slowed_down(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.person("owner", OWNER)
        for _ in range(5):
            assert "do not belong together" in (await d.sign_in(password="wrong password")).text
        told = await d.sign_in()
        assert told.status == 422 and "Too many wrong passwords: wait 1" in told.text
        await d.app.store.do(lambda tx: tx.run("UPDATE signin_failure SET at=at-60000"))
        assert (await d.sign_in()).status == 303


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil", "/%0d%0aX"])
async def test_no_way_leads_elsewhere(tmp_path: Path, to: str) -> None:
    async with desk(tmp_path) as d:
        await d.person("owner", OWNER)
        done = await d.post("/signin", {"email": OWNER, "password": PASSWORD, "next": to})
        assert done.to in ("/", "/%0d%0aX")
        for path in ("/signin?next=", "/language/hi?next="):
            done = await d.get(path + to.replace("\\", "%5C"))
            assert (done.status, done.to) == (303, "/") or done.to.lower() == "/%0d%0ax", path
        d.client.cookie_jar.clear()
        away = {"Referer": "https://evil.example/trap"}
        asked = await d.post("/apps/new", {"name": "X", "agent": "shop"}, **away)
        assert asked.status == 401 and "evil" not in asked.html


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "", "Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_change_comes_from_our_pages_only(tmp_path: Path, headers: dict[str, str]) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("owner")
        refused = await d.post("/apps/new", {"name": "Eve", "agent": "script"}, **headers)
        assert refused.status == 403 and "did not come from a page of this console" in refused.text
        assert d.app.apps.by_id == {}


async def test_a_strangers_name_for_this_machine_is_refused(tmp_path: Path) -> None:
    async with desk(tmp_path, guest=True, console_hosts=("console.example",)) as d:
        refused = await d.get("/", Host="evil.example")
        assert refused.status == 421 and "under the name 'evil.example'" in refused.text
        assert (await d.get("/", Host="console.example")).to == "/signin?next=/"  # no guest there
        assert (await d.get("/", Host="localhost:1")).status == 200


async def test_no_page_may_be_framed_or_bring_foreign_script(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        values = await furnish(d)
        await d.as_role("owner")
        for path in (*(await pages(d, values)).values(), "/signin", "/nowhere", "/apps/st-nobody"):
            seen = await d.get(path)
            policy = seen.headers["Content-Security-Policy"]
            assert "frame-ancestors 'none'" in policy and "default-src 'self'" in policy, path
            assert "unsafe" not in policy and seen.headers["X-Frame-Options"] == "DENY", path
            assert seen.headers["X-Content-Type-Options"] == "nosniff", path
            assert "<script>" not in seen.html, path


async def test_a_form_that_is_too_long_is_refused_before_it_is_read(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.command("app.create", name="Tea", source="print('tea')", stream_id="st-tea")
        await d.as_role("builder")
        form = {"Origin": d.address, "Content-Type": "application/x-www-form-urlencoded"}
        long = io.BytesIO(b"source=" + b"x" * (2 * 1024 * 1024))
        refused = await d._ask("POST", "/apps/st-tea/agent", long, form)
        assert refused.status == 413
        assert "What was sent is longer than 2 MB, so nothing of it was kept." in refused.text
        assert d.app.apps.by_stream["st-tea"].draft.config.agent.source == "print('tea')"


async def test_whose_sign_in_ends_in_the_demo_is_told_that_a_guest_goes_on(tmp_path: Path) -> None:
    async with desk(tmp_path, guest=True) as d:
        await d.person("owner", OWNER)
        await d.sign_in()
        assert "Your sign-in has ended" not in (await d.get("/")).text
        await d.app.store.do(lambda tx: tx.run("DELETE FROM signin"))
        # begun under a name: nothing is done under another without a word
        refused = await d.post("/apps/new", {"name": "Tea", "agent": "script"})
        assert refused.status == 401 and d.app.apps.by_id == {}
        assert (await d.get("/signin/again")).status == 401
        told = await d.get("/")
        assert "you go on as the guest of this machine" in told.text and told.status == 200
        assert "Your sign-in has ended" not in (await d.get("/")).text
        assert (await d.get("/signin/again")).status == 204
        assert (await d.post("/apps/new", {"name": "Tea", "agent": "script"})).status == 303


async def test_the_guest_builds_and_runs_no_code_of_this_machine(tmp_path: Path) -> None:
    async with desk(tmp_path, guest=True) as d:
        assert "Guest on this machine" in (await d.get("/")).text
        refused = await d.post("/apps/new", {"name": "X", "agent": "python", "path": "/x.py"})
        assert refused.status == 422 and "only an owner may choose one" in refused.text
        made = await d.post("/apps/new", {"name": "Tea", "agent": "shop"})
        assert made.status == 303


async def test_an_app_is_called_what_people_call_it(tmp_path: Path) -> None:
    async with desk(tmp_path, guest=True) as d:
        new = (await d.get("/apps/new")).text
        assert "up to 60 characters, of any kind" in new
        for name in ("Salt & Pepper", "चाय <b>की</b> दुकान", "Café №1 🫖"):
            made = await d.post("/apps/new", {"name": name, "agent": "shop"})
            assert made.status == 303
        made = await d.post("/apps/new", {"name": "Asha's teas", "agent": "shop"})
        seen = await d.get("/")
        assert "Salt & Pepper" in seen.text and "<b>की" not in seen.html
        assert "Asha’s teas" in seen.text  # commands are told with names between '…'
        assert (await d.command("channel.show", name="Asha's teas"))["name"] == "Asha’s teas"
        for name in ("", "x" * 61, "two\nlines", "\u202eteas", "\u200d"):
            said = await d.post("/apps/new", {"name": name, "agent": "shop"})
            assert said.status == 422
            assert "cannot name an app: use 1 to 60 characters that can be seen" in said.text
