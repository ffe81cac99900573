"""The first hour, exactly: the lines, the talk, the saved file, the busy port, the kept chat."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hour import demo

pytestmark = pytest.mark.full  # several processes a test

ROOT = Path(__file__).parents[2]
DRAGOMAN = [sys.executable, "-m", "dragoman"]


def free_port() -> str:
    import socket

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return str(s.getsockname()[1])


def test_the_demo_says_what_to_do_and_answers(tmp_path: Path) -> None:
    port = free_port()
    with demo([*DRAGOMAN, "demo", "--port", port], tmp_path) as running:
        said = running.said
        assert re.search(r"^Ready in \d+ s: \.demo/dragoman\.db, agent examples/tea_shop\.py$",
                         said, re.M)  # fmt: skip
        assert f"Talk to it     http://127.0.0.1:{port}/phone\n" in said
        assert f"Set it up      http://127.0.0.1:{port}/\n" in said
        assert b"New app" in running.get("/")
        assert (
            "Change it      examples/tea_shop.py: save, and the next answer is the new one" in said
        )
        assert "Ask about it   dragoman why last" in said
        assert b"Test phone" in running.get("/phone")
        running.write("hello")
        first = running.wait_for_answers(1)[0]
        assert first["body"]["interactive"]["type"] == "button"
        for line in (r"▼ in +Asha → hello", r"▲ out +Asha ← \[buttons\] Welcome",
                     r"○ accepted +Asha", r"○ delivered +Asha"):  # fmt: skip
            running.wait_for(line)
        assert running.stop() == 0


def test_a_saved_file_is_the_next_answer_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    bot = tmp_path / "bot.py"
    text = "from dragoman import Agent, Turn\nagent = Agent()\n\n\n@agent.otherwise\n" \
        "async def f(turn: Turn) -> None:\n    turn.reply('{}')\n"  # fmt: skip
    bot.write_text(text.format("one"))
    with demo([*DRAGOMAN, "run", "bot.py", "--port", free_port()], tmp_path) as running:
        running.write("a")
        assert running.wait_for_answers(1)[-1]["body"]["text"]["body"] == "one"
        bot.write_text(text.format("two") + "\n# saved\n")
        running.write("b")
        assert running.wait_for_answers(2)[-1]["body"]["text"]["body"] == "two"
        bot.write_text("def broken(:\n")
        running.write("c")
        assert running.wait_for_answers(3)[-1]["body"]["text"]["body"] == "two"
        running.wait_for(r"bot\.py.*line 1|line 1.*bot\.py")
        assert running.stop() == 0


def test_a_busy_port_is_named_and_the_next_one_taken(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    port = free_port()
    with (
        demo([*DRAGOMAN, "demo", "--port", port], tmp_path / "one"),
        demo([*DRAGOMAN, "demo", "--port", port], tmp_path / "two") as second,
    ):
        assert f"Port {port} is used by another program; taking {int(port) + 1}" in second.said
        second.write("hello")
        assert second.wait_for_answers(1)


def test_the_chat_is_kept_and_a_second_server_is_refused_by_name(tmp_path: Path) -> None:
    with demo([*DRAGOMAN, "demo", "--port", free_port()], tmp_path) as running:
        running.write("teas")
        running.wait_for_answers(1)
        pid = running.process.pid
        again = subprocess.run(
            [*DRAGOMAN, "--home", ".demo", "serve", "--port", free_port()],
            cwd=tmp_path, capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        assert again.returncode == 1
        assert "Another Dragoman server" in again.stderr
        assert str(pid) in again.stderr
        assert running.stop() == 0
    with demo([*DRAGOMAN, "demo", "--port", free_port()], tmp_path, "again.log") as running:
        assert b"Four teas today" in running.get("/phone/state")
        running.write("hello")
        running.wait_for_answers(2)
        told = subprocess.run(
            [*DRAGOMAN, "why", "last"], cwd=tmp_path, capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        assert told.returncode == 0, told.stderr
        assert "Asha" in told.stdout


def test_new_writes_fourteen_lines(tmp_path: Path) -> None:
    done = subprocess.run([*DRAGOMAN, "new", "bot.py"], cwd=tmp_path, capture_output=True,
                          text=True, timeout=30)  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "bot.py").read_text("utf-8")
    assert len(text.splitlines()) == 14
    assert text.strip() in (ROOT / "README.md").read_text("utf-8")
    again = subprocess.run([*DRAGOMAN, "new", "bot.py"], cwd=tmp_path, capture_output=True,
                           text=True, timeout=30)  # fmt: skip
    assert again.returncode == 1
    assert "bot.py is there already" in again.stderr


def test_the_wheel_runs_the_demo_in_an_empty_folder(tmp_path: Path) -> None:
    """Only what the wheel carries, beside the libraries that it names."""
    built = tmp_path / "built"
    source = tmp_path / "source"
    left = shutil.ignore_patterns(".*", "tests")
    shutil.copytree(ROOT, source, ignore=left)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(built),
         str(source)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    site = tmp_path / "site"
    wheel = next(built.glob("*.whl"))
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
         "--disable-pip-version-check", "--target", str(site), str(wheel)],
        check=True, timeout=60,
    )  # fmt: skip
    empty = tmp_path / "empty"
    empty.mkdir()
    where = subprocess.run(
        [sys.executable, "-c", "import dragoman; print(dragoman.__file__)"],
        cwd=empty, env={"PYTHONPATH": str(site), "PATH": ""}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert where.stdout.startswith(str(site))
    command = [*DRAGOMAN, "demo", "--port", free_port()]
    with demo(command, empty, env={"PYTHONPATH": str(site)}) as running:
        running.write("hello")
        assert running.wait_for_answers(1)
        assert (empty / "examples" / "media" / "assam.png").exists()
        assert running.stop() == 0


@pytest.mark.parametrize("script", [False, True])
def test_both_tea_shops_serve_the_demo(tmp_path: Path, script: bool) -> None:
    command = [*DRAGOMAN, "demo", "--port", free_port(), *(["--script"] if script else [])]
    with demo(command, tmp_path) as running:
        for text in ("hello", "teas", "price list", "start over"):
            running.write(text)
        sent = running.wait_for_answers(5)
        kinds = [s["body"].get("interactive", {}).get("type", s["body"]["type"]) for s in sent]
        assert kinds == ["button", "list", "document", "text", "button"]
        link = sent[2]["body"]["document"]["link"]
        assert running.get(link.removeprefix(running.url)).startswith(b"%PDF")
        assert running.stop() == 0
