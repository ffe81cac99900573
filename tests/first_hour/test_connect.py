"""`dragoman connect` as a person does it: in a terminal, against an emulated partner."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import subprocess
import termios
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from test_first_hour import DRAGOMAN, free_port

from dragoman.emulators.app import EMULATORS

pytestmark = pytest.mark.full  # several processes a test

SECRET = "0123456789abcdef0123456789abcdef"
TOKEN = "connect-token-for-tests-0123456789"
APP_ID, NUMBER_ID = "634974688087057", "106540352242922"


class Terminal:
    """A program in a terminal of its own: what it shows, and typing into it."""

    def __init__(self, program: list[str], folder: Path, env: dict[str, str]) -> None:
        self._side, inner = pty.openpty()
        self.process = subprocess.Popen(
            program, cwd=folder, stdin=inner, stdout=inner, stderr=inner, env=env,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # type: ignore[arg-type]
        )  # fmt: skip
        os.close(inner)
        self.shown = ""

    def wait_for(self, pattern: str, seconds: float = 30) -> re.Match[str]:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(pattern, self.shown)
            if found:
                return found
            if select.select([self._side], [], [], 0.1)[0]:
                try:
                    self.shown += os.read(self._side, 65536).decode("utf-8", "replace")
                except OSError:
                    break
        raise AssertionError(f"{pattern!r} was not shown; it showed:\n{self.shown}")

    def type(self, text: str) -> None:
        os.write(self._side, (text + "\n").encode())


def post(url: str, body: Any = None, form: dict[str, str] | None = None) -> Any:
    data = urllib.parse.urlencode(form).encode() if form else json.dumps(body).encode()
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    request = urllib.request.Request(url, data, {"content-type": kind})
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{error.code} {error.read().decode()}") from None


def wait_http(url: str) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=1).read()
            return
        except OSError as error:
            if getattr(error, "code", 0):
                return
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")


def test_connect_asks_prints_waits_and_ticks(tmp_path: Path) -> None:
    ours, theirs = free_port(), free_port()
    account = tmp_path / "account.json"
    account.write_text(json.dumps({
        "app_id": APP_ID, "app_secret": SECRET, "tokens": [{"token": TOKEN}],
        "numbers": [{"phone_number_id": NUMBER_ID, "display": "12025550100", "title": "Bot"}],
    }))  # fmt: skip
    subprocess.run([*DRAGOMAN, "new", "bot.py"], cwd=tmp_path, check=True, timeout=30)
    env = {**os.environ, "DRAGOMAN_EGRESS_ALLOW": f"127.0.0.1:{theirs}"}
    meta = subprocess.Popen(
        [*DRAGOMAN, "emulate", "cloud-api", "--port", theirs, "--account", str(account)],
        cwd=tmp_path, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    server = subprocess.Popen([*DRAGOMAN, "serve", "--port", ours], cwd=tmp_path, env=env,
                              stdout=subprocess.DEVNULL)  # fmt: skip
    graph = f"http://127.0.0.1:{theirs}/emulated/cloud-api"
    terminal = None
    try:
        wait_http(f"http://127.0.0.1:{ours}/readyz")
        wait_http(f"{graph}/_control/state")
        terminal = Terminal(
            [*DRAGOMAN, "connect", "cloud-api", "--app", "Bot", "--agent", "bot.py",
             "--set", f"graph_url={graph}"], tmp_path, {**env, "COLUMNS": "200"},
        )  # fmt: skip
        terminal.wait_for(r"Phone Number[^>]*> ")
        terminal.type("+1 202 555 0100")  # the slip that everybody makes once: asked again
        terminal.wait_for(r"  ! [^>]*> $")
        terminal.type(NUMBER_ID)
        terminal.wait_for(r"token[^>]*not shown\) > ")
        time.sleep(0.1)  # the terminal stops its echo just after the question
        terminal.type(TOKEN)
        terminal.wait_for(r"App ID \(Enter leaves it out\)[^>]*  > ")
        terminal.type("")
        terminal.wait_for(r"[Ss]ecret[^>]*not shown\) > ")
        time.sleep(0.1)
        terminal.type(SECRET)
        terminal.wait_for(r"● Credentials")
        url = terminal.wait_for(r"http://127\.0\.0\.1:\d+/hooks/cloud-api/st-[0-9a-f-]+")[0]
        token = terminal.wait_for(r"Verify token +(\S+)\s")[1]
        assert TOKEN not in terminal.shown
        assert SECRET not in terminal.shown
        subscribed = post(
            f"{graph}/v26.0/{APP_ID}/subscriptions",
            form={
                "object": "whatsapp_business_account", "callback_url": url, "fields": "messages",
                "verify_token": token, "access_token": f"{APP_ID}|{SECRET}",
            },
        )  # fmt: skip
        assert subscribed == {"success": True}
        request = urllib.request.Request(
            f"{graph}/v26.0/102290129340398/subscribed_apps", b"",
            {"authorization": f"Bearer {TOKEN}"},
        )  # fmt: skip
        urllib.request.urlopen(request, timeout=15).read()
        terminal.wait_for("● Meta verified this URL")
        body = {"type": "text", "text": {"body": "hello"}}
        post(f"{graph}/_control/inbound", {"contact": {"phone": "+1 202 555 0142"}, "body": body})
        for tick in ("First message in", "Answered, and Meta took it", "Delivered to the phone"):
            terminal.wait_for(f"● {tick}")
        terminal.wait_for("The number is connected")
        assert terminal.process.wait(10) == 0
    finally:
        for process in (server, meta, *([terminal.process] if terminal else [])):
            if process.poll() is None:
                process.terminate()
                process.wait(15)


def _answer(terminal: Terminal, questions: tuple[tuple[str, str], ...]) -> None:
    """Each question (a pattern) is waited for, then its answer typed."""
    for question, text in questions:
        terminal.wait_for(question + r"[^>]*> $")
        if "not shown" in terminal.shown[-20:]:
            time.sleep(0.1)  # the terminal stops its echo just after the question
        terminal.type(text)


def test_connect_takes_a_login_and_says_what_is_missing(tmp_path: Path) -> None:
    ours, theirs = free_port(), free_port()
    env = {**os.environ, "DRAGOMAN_EGRESS_ALLOW": f"127.0.0.1:{theirs}", "COLUMNS": "200"}
    infobip = subprocess.Popen(
        [*DRAGOMAN, "emulate", "infobip", "--port", theirs], cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    server = subprocess.Popen([*DRAGOMAN, "serve", "--port", ours], cwd=tmp_path, env=env,
                              stdout=subprocess.DEVNULL)  # fmt: skip
    api = f"http://127.0.0.1:{theirs}/emulated/infobip"
    program = [*DRAGOMAN, "connect", "infobip", "--wait", "1", "--set", f"base_url={api}"]
    terminals: list[Terminal] = []
    try:
        wait_http(f"http://127.0.0.1:{ours}/readyz")
        wait_http(f"{api}/_control/state")
        for name, password in (("", ""), ("tea.shop", "demo-infobip-password")):
            terminal = Terminal(program, tmp_path, env)
            terminals.append(terminal)
            terminal.wait_for(
                rf"Webhook URL, for Infobip: http://127\.0\.0\.1:{ours}/hooks/infobip/st-[0-9a-f-]+\s"
            )
            _answer(terminal, (
                ("Phone numbers", "+447700900100"),
                (r"Username \(Enter leaves it out\)", name),
                (r"Password \(Enter", password),
                (r"API key \(Enter", ""),
                (r"Sandbox keyword \(Enter", ""),
            ))  # fmt: skip
            if not name:
                terminal.wait_for("Nothing was enabled or published, because the form has the gaps")
                assert "Credentials" not in terminal.shown
            else:
                terminal.wait_for("● Credentials")
                terminal.wait_for("not yet seen")
                assert password not in terminal.shown
            assert terminal.process.wait(10) == 1
        shown = subprocess.run([*DRAGOMAN, "channel", "show", "My agent"], cwd=tmp_path, env=env,
                               capture_output=True, text=True, timeout=30)  # fmt: skip
        assert shown.stdout.startswith("Infobip, enabled, published\n")
        assert re.search(r"username +tea\.shop\n", shown.stdout)
    finally:
        for process in (server, infobip, *(terminal.process for terminal in terminals)):
            if process.poll() is None:
                process.terminate()
                process.wait(15)


def test_emulate_says_how_to_connect_to_each_of_its_partners(tmp_path: Path) -> None:
    port = free_port()
    running = subprocess.Popen([*DRAGOMAN, "emulate", "all", "--port", port], cwd=tmp_path,
                               stdout=subprocess.PIPE, text=True)  # fmt: skip
    said = ""
    try:
        assert running.stdout is not None
        for line in running.stdout:
            said += line
            if "dragoman connect netcore" in line:  # the last one
                break
    finally:
        running.terminate()
        running.communicate(timeout=15)
    assert said.count(f"export DRAGOMAN_EGRESS_ALLOW=127.0.0.1:{port}\n") == 1
    assert "`dragoman serve` and in that of `connect` alike" in said
    for name in EMULATORS:
        address = "graph_url" if name == "cloud-api" else "base_url"
        url = f"http://127.0.0.1:{port}/emulated/{name}"
        assert f"  dragoman connect {name} --set {address}={url}\n" in said
    assert re.search(r"Account password +tea-and-biscuits ", said)


def test_connect_without_a_server_says_so(tmp_path: Path) -> None:
    done = subprocess.run([*DRAGOMAN, "connect", "cloud-api"], cwd=tmp_path, capture_output=True,
                          text=True, timeout=30)  # fmt: skip
    assert done.returncode == 1
    assert "No server runs" in done.stderr
