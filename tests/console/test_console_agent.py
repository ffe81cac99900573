"""The agent page: a script tried and saved, a Python file looked at; over HTTP and in Chromium."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from desk import Desk, desk

from browser import browsing
from dragoman.console.render import STATIC

pytestmark = pytest.mark.full  # a program for each test

EVIL = 'print("</textarea><script>alert(1)</script>");'


async def app_page(d: Desk, **agent: Any) -> str:
    made = await d.command("app.create", name="Tea", **(agent or {"source": "print(1);"}))
    return f"/apps/{made['stream_id']}/agent"


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found is not None
    return found[1]


def draft(d: Desk) -> Any:
    [app] = d.app.apps.by_id.values()
    return app.draft.config.agent


async def test_a_script_is_tried_and_nothing_is_kept(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        page = await app_page(d)
        form = {"source": 'print("You wrote " + message.text)', "text": "tea & <b>", "kind": "text"}
        seen = await d.post(f"{page}/try", {**form, "partner": "cloud-api", "base": "x"})
        assert seen.status == 200 and "You wrote tea & <b>" in seen.text
        assert "<b>" not in seen.html and "What WhatsApp Cloud API would be sent" in seen.text
        assert "<textarea" in seen.html and "You wrote" in seen.text  # the whole page, source kept
        piece = await d.post(f"{page}/try", form, **{"HX-Request": "true", "HX-Target": "result"})
        assert piece.html.lstrip().startswith('<section id="result"')
        assert draft(d).source == "print(1);"
        counts = "SELECT (SELECT count(*) FROM message),(SELECT count(*) FROM outbox)"
        assert [tuple(r) for r in await d.app.store.read(lambda tx: tx.run(counts))] == [(0, 0)]


async def test_a_tap_in_the_bubble_goes_on_from_the_context(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        page = await app_page(d)
        script = (
            "context.n = (context.n || 0) + 1; print(JSON.stringify({kind: 'buttons', body: "
            "message.tapped + ' ' + context.n, buttons: [{id: 'a\"<', title: 'A & B'}]}))"
        )
        first = await d.post(f"{page}/try", {"source": script, "text": "hello"})
        value = re.search(r'name="tap" value="([^"]*)"', first.html)
        assert value is not None
        from html import unescape

        tap = {"tap": unescape(value[1]), "after": '{"n": 1}', "source": script, "text": "hello"}
        second = await d.post(f"{page}/try", tap)
        assert 'a"< 2' in second.text and "A & B" in second.text
        for junk in ("x", "{}", '{"kind": "text", "id": "", "title": ""}', '{"kind": 1}'):
            refused = await d.post(f"{page}/try", {"source": script, "tap": junk})
            assert refused.status == 422 and "not one of the script's answers" in refused.text


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"source": "print(1);\nnope()"}, "script, line 2, failed: ReferenceError"),
        ({"source": "print("}, "cannot be read as JavaScript"),
        ({"source": "for (;;) {}"}, "was stopped: a script may run for"),
        ({"source": "1"}, "The script printed nothing"),
        ({"source": "print(1)", "context": "[]"}, "The context is no JSON object"),
        ({"source": "print(1)", "partner": "nobody", "kind": "nothing"}, "1 message"),
        ({"source": 'print(JSON.stringify({kind: "poll"}))'}, "there is no kind 'poll'"),
    ],
)
async def test_what_goes_wrong_is_said(tmp_path: Path, form: dict[str, str], sentence: str) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        page = await app_page(d)
        seen = await d.post(f"{page}/try", {"text": "hello", **form})
        assert sentence in seen.text


async def test_a_script_with_markup_stays_text(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        page = await app_page(d, source=EVIL)
        base = hidden((await d.get(page)).html, "base")
        seen = [
            await d.get(page),
            await d.post(f"{page}/try", {"source": EVIL, "text": EVIL, "context": EVIL}),
            await d.post(f"{page}/try", {"source": EVIL, "text": "hello"}),
            await d.post(page, {"source": EVIL + "//", "base": "other"}),
            await d.get(page.replace("/agent", "/publish")),
        ]
        for one in seen:
            assert "<script>alert" not in one.html and "&lt;script&gt;alert" in one.html
        saved = await d.post(page, {"source": EVIL.replace("\n", "\r\n"), "base": base})
        assert saved.to == page and draft(d).source == EVIL


async def test_saving_says_what_came_of_it(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        page = await app_page(d)
        base = hidden((await d.get(page)).html, "base")
        done = await d.post(page, {"source": "print(2);\r\nprint(3);", "base": base})
        assert done.to == page and draft(d).source == "print(2);\nprint(3);"
        assert "Saved in development. Contacts notice nothing" in (await d.get(page)).text
        base = hidden((await d.get(page)).html, "base")
        await d.post(page, {"source": "print(", "base": base})
        assert "it cannot run yet: script, line 1," in (await d.get(page)).text
        base = hidden((await d.get(page)).html, "base")
        empty = await d.post(page, {"source": " \n", "base": base})
        assert empty.status == 422 and "The script is empty" in empty.text


async def test_a_second_saver_sees_both_and_chooses(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        page = await app_page(d)
        base = hidden((await d.get(page)).html, "base")
        await d.command("app.set", name="Tea", fallback="Sorry.")  # another field is no quarrel
        await d.command("app.set", name="Tea", source="print('theirs');")
        both = await d.post(page, {"source": "print('mine');", "base": base})
        assert both.status == 409 and "Two scripts: choose one" in both.text
        assert "removed print('theirs');" in both.text and "added print('mine');" in both.text
        assert draft(d).source == "print('theirs');"
        fresh = hidden(both.html, "base")
        assert (await d.post(page, {"source": "print('mine');", "base": fresh})).to == page
        assert draft(d).source == "print('mine');"


async def test_another_field_saved_meanwhile_is_no_quarrel(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        await d.as_role("builder")
        page = await app_page(d)
        base = hidden((await d.get(page)).html, "base")
        await d.command("app.set", name="Tea", fallback="Sorry.")
        assert (await d.post(page, {"source": "print(2);", "base": base})).to == page
        [app] = d.app.apps.by_id.values()
        assert app.draft.config.fallback == "Sorry." and draft(d).source == "print(2);"


async def test_a_script_in_a_file_is_read_and_moves_in_when_saved(tmp_path: Path) -> None:
    file = tmp_path / "bot.js"
    file.write_text("print('from a file');", "utf-8")
    async with desk(tmp_path / "home") as d:
        await d.as_role("builder")
        page = await app_page(d, agent=str(file))
        seen = await d.get(page)
        assert "This script is read from a file" in seen.text and "from a file" in seen.html
        base = hidden(seen.html, "base")
        await d.post(page, {"source": "print(2);", "base": base})
        assert (draft(d).path, draft(d).source) == ("", "print(2);")
        await d.command("app.set", name="Tea", agent=str(file))
        file.unlink()
        gone = await d.get(page)
        assert gone.status == 200 and "cannot be read" in gone.text


PYTHON = """
from dragoman import Agent, Turn

agent = Agent()


@agent.on("<b>hello</b>", "hi")
async def hello(turn: Turn) -> None:
    turn.reply("Hello!")


@agent.otherwise
def other(turn: Turn) -> None:
    turn.reply("?")
"""


async def test_a_python_file_shows_what_is_known_of_it(tmp_path: Path) -> None:
    file = tmp_path / "bot.py"
    file.write_text(PYTHON, "utf-8")
    async with desk(tmp_path / "home") as d:
        await d.as_role("owner")
        page = await app_page(d, agent=str(file))
        seen = await d.get(page)
        assert str(file) in seen.text and "Not yet: it is read with the first message." in seen.text
        assert (await d.post(f"{page}/load")).to == page
        seen = await d.get(page)
        assert 'on("<b>hello</b>", "hi") hello , line 7' in seen.text
        assert "otherwise other , line 12" in seen.text and "<b>hello" not in seen.html
        bad = tmp_path / "bad.py"
        bad.write_text("agent = 1 +\n", "utf-8")
        form = {"agent": "python", "path": str(bad)}
        assert (await d.post(f"{page}/choose", form)).to == page
        await d.post(f"{page}/load")
        assert "bad.py, line 1, cannot be used: invalid syntax" in (await d.get(page)).text


async def test_a_reload_and_its_failure_are_seen(tmp_path: Path) -> None:
    file = tmp_path / "bot.py"
    file.write_text(PYTHON, "utf-8")
    async with desk(tmp_path / "home") as d:
        await d.as_role("owner")
        page = await app_page(d, agent=str(file))
        await d.post(f"{page}/load")
        [app] = d.app.apps.by_id.values()
        agent: Any = await d.app.agents.of(app, app.draft)
        file.write_text(PYTHON + "\nnope(\n", "utf-8")
        await agent._reload((1, 1))
        assert "was saved with an error" in (await d.get(page)).text
        file.write_text(PYTHON + "\n\n", "utf-8")
        await agent._reload((1, 2))
        seen = await d.get(page)
        assert "none seen" in seen.text and "None: it was not saved since." not in seen.text


async def test_only_an_owner_chooses_a_file(tmp_path: Path) -> None:
    file = tmp_path / "bot.py"
    file.write_text(PYTHON, "utf-8")
    async with desk(tmp_path / "home") as d:
        await d.as_role("admin")
        page = await app_page(d, agent="")
        assert "This app has no agent" in (await d.get(page)).text
        form = {"agent": "python", "path": str(file)}
        refused = await d.post(f"{page}/choose", form)
        assert refused.status == 422 and "only an owner may choose one" in refused.text
        assert (await d.post(f"{page}/load")).status == 403
        assert (await d.post(f"{page}/choose", {"agent": "x"})).status == 422
        assert (await d.post(f"{page}/choose", {"agent": "shop"})).to == page
        assert "See the teas" in draft(d).source
        await d.as_role("owner")
        for path in ("", "bot.py", str(tmp_path), "/nope.py", "/a\0b.py", "/" + "x" * 9000):
            missing = await d.post(f"{page}/choose", {"agent": "python", "path": path})
            assert missing.status == 422 and "There is no file" in missing.text
        note = tmp_path / "notes.txt"
        note.write_text("x", "utf-8")
        other = await d.post(f"{page}/choose", {"agent": "python", "path": str(note)})
        assert other.status == 422 and "neither a Python file" in other.text
        assert (await d.post(f"{page}/choose", form)).to == page
        assert draft(d).kind == "python"
        told = await d.post(page.replace("/agent", "/agent/choose"), {"agent": "script"})
        assert told.to == page and "message.text" in draft(d).source


async def test_who_may(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        page = await app_page(d)
        await d.as_role("responder")
        seen = await d.get(page)
        assert "readonly" in seen.html and "Try it" not in seen.text and "Save" not in seen.text
        for path in ("", "/try", "/choose"):
            assert (await d.post(page + path, {"source": "x"})).status == 403
        await d.as_role("builder")
        for path in ("", "/try", "/choose"):
            foreign = await d.post(page + path, {"source": "x"}, Origin="https://evil.example")
            assert foreign.status == 403


def test_the_editor_is_small_enough() -> None:
    data = (STATIC / "codemirror.js").read_bytes()
    assert len(gzip.compress(data, 9)) <= 200_000
    assert (STATIC / "LICENSE-codemirror.txt").read_text("utf-8").count("MIT License") >= 1


async def test_in_a_browser_the_result_is_live_and_a_line_is_marked(tmp_path: Path) -> None:
    async with desk(tmp_path, guest=True) as d, browsing() as browser:
        page = await app_page(d, example="tea_shop")
        said: list[str] = []
        tab = await browser.new_page(viewport={"width": 1440, "height": 900})
        tab.on("console", lambda m: said.append(m.text))
        tab.on("pageerror", lambda e: said.append(str(e)))
        await tab.goto(d.address + page)
        assert await tab.locator("textarea[data-code]").is_hidden()
        await tab.click("[data-run]")
        await tab.click('.bubble.in button:has-text("See the teas")')
        await tab.wait_for_selector('.bubble.in summary:has-text("Choose a tea")')
        assert await tab.input_value("#tap-id") == "teas"
        await tab.click(".code-editor")
        await tab.keyboard.press("Control+Home")
        await tab.keyboard.type("nope(;\n")
        await tab.wait_for_selector('[data-error-line="1"]')
        await tab.wait_for_selector(".cm-lintRange-error")
        for key in ("Control+Home", "Shift+ArrowDown", "Delete"):
            await tab.keyboard.press(key)
        await tab.keyboard.type('print("first"); // and a slash\n')
        await tab.wait_for_selector('.bubble.in:has-text("first")')
        await tab.click('button:has-text("Save")')
        await tab.wait_for_selector('.notice:has-text("Saved in development")')
        assert draft(d).source.startswith('print("first"); // and a slash\n')
        assert said == []


async def test_without_a_script_the_page_is_a_plain_form(tmp_path: Path) -> None:
    async with desk(tmp_path, guest=True) as d, browsing() as browser:
        page = await app_page(d)
        context = await browser.new_context(
            java_script_enabled=False, viewport={"width": 360, "height": 740}
        )
        tab = await context.new_page()
        await tab.goto(d.address + page)
        await tab.fill("#source", 'print("plain " + message.text);')
        await tab.fill("#text", "words")
        await tab.press("#text", "Enter")
        await tab.wait_for_selector('.bubble.in:has-text("plain words")')
        await tab.click('button:has-text("Save")')
        await tab.wait_for_selector('.notice:has-text("Saved in development")')
        assert draft(d).source == 'print("plain " + message.text);'
        for path in ("", "/publish", "/versions", "/credentials", "/credentials/new"):
            await tab.goto(d.address + page.replace("/agent", path))
            body = tab.locator("body")
            assert await body.evaluate("b => b.ownerDocument.documentElement.scrollWidth") <= 360
