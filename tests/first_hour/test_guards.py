"""What must not happen in the first hour: open doors, lost keys, open files."""

from __future__ import annotations

import json
import stat
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from hour import EMULATOR, demo
from test_first_hour import DRAGOMAN, free_port

pytestmark = pytest.mark.full  # several processes a test


def ask(url: str, headers: dict[str, str], body: bytes | None = None) -> int:
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, body, headers), timeout=10
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_foreign_page_cannot_drive_the_demo(tmp_path: Path) -> None:
    with demo([*DRAGOMAN, "demo", "--port", free_port()], tmp_path) as running:
        control = f"{running.url}{EMULATOR}/_control"
        text = {"type": "text", "text": {"body": "x"}}
        body = json.dumps({"contact": {"phone": "12025550188"}, "body": text}).encode()
        plain = {"content-type": "text/plain", "origin": "http://evil.example"}
        typed = {"content-type": "application/json"}
        assert ask(f"{control}/inbound", plain, body) == 403
        assert ask(f"{control}/inbound", {**typed, "origin": "http://evil.example"}, body) == 403
        assert ask(f"{control}/sent", {"host": "evil.example"}) == 403
        assert ask(f"{running.url}/phone/state", {"host": "evil.example"}) == 403
        assert running.answers() == []
        name = "\x1b[31mRED\x1b[0m\u202eevil\nFAKE LINE"
        body = json.dumps({
            "contact": {"phone": "12025550188", "name": name},
            "body": {"type": "text", "text": {"body": "esc \x1b]0;pwned\x07 \x1b[2J"}},
        }).encode()  # fmt: skip
        assert ask(f"{control}/inbound", typed, body) == 200
        running.wait_for(r"▼ in .*esc")
        for evil in ("\x1b", "\u202e", "\x07", "\nFAKE"):
            assert evil not in running.said


def test_no_new_key_is_made_where_an_old_one_is_needed(tmp_path: Path) -> None:
    command = [*DRAGOMAN, "demo", "--port", free_port()]
    with demo(command, tmp_path) as running:
        assert running.stop() == 0
    for name in ("dragoman.db", "key"):
        mode = stat.S_IMODE((tmp_path / ".demo" / name).stat().st_mode)
        assert mode == 0o600, name
    (tmp_path / ".demo" / "key").unlink()
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert again.returncode == 1
    assert "is gone, and" in again.stderr
    assert not (tmp_path / ".demo" / "key").exists()


@pytest.mark.parametrize("command", ["doctor", "log", "why last", "app list"])
def test_a_damaged_database_is_said_in_one_sentence(tmp_path: Path, command: str) -> None:
    home = tmp_path / ".dragoman"
    home.mkdir()
    (home / "dragoman.db").write_bytes(b"SQLite format 3\0" + b"\x5a" * 8192)
    done = subprocess.run([*DRAGOMAN, *command.split()], cwd=tmp_path, capture_output=True,
                          text=True, timeout=30)  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr + done.stdout


def test_a_refusal_of_the_running_server_is_a_sentence(tmp_path: Path) -> None:
    with demo([*DRAGOMAN, "demo", "--port", free_port()], tmp_path):
        for command, said in (
            (["app", "publish", "nope"], "There is no app 'nope'"),
            (["app", "publish", "Tea shop"], "Nothing to publish"),
            (["app", "rollback", "Tea shop", "99"], "has no version 99"),
        ):
            done = subprocess.run([*DRAGOMAN, *command], cwd=tmp_path, capture_output=True,
                                  text=True, timeout=30)  # fmt: skip
            assert done.returncode == 1
            assert said in done.stderr
        checked = subprocess.run([*DRAGOMAN, "channel", "check", "Tea shop"], cwd=tmp_path,
                                 capture_output=True, text=True, timeout=30)  # fmt: skip
        assert checked.returncode == 0, checked.stdout + checked.stderr
        first, *findings = checked.stdout.splitlines()
        assert first == "The partner accepts the credentials."
        assert "  ● The access token never expires." in findings
        assert not [line for line in findings if "✗" in line]


def test_a_broken_agent_file_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("x = (\n")
    with demo([*DRAGOMAN, "run", "bad.py", "--port", free_port()], tmp_path) as running:
        running.wait_for(r"bad\.py.*line 1|line 1.*bad\.py")
