"""`kill -9` at every point, often, over both databases: nothing lost, doubled or disordered."""

from __future__ import annotations

import random
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.crash.aims import AIMS
from tests.crash.crash_world import Call, World
from tests.crash.judge import Verdict, judge
from tests.crash.run import ORDER, RANDOM, stage

from dragoman.store.store import reader

ROOT = Path(__file__).parents[2]
SENTENCE = re.compile(
    r"(\d+) kills: (\d+) messages answered 200, (\d+) turns, 0 lost, 0 doubled, 0 disordered, "
    r"\d+ in doubt \(shown by dragoman doubt\), \d+ doubts settled by Meta's echo\."
)


def run(*args: str) -> list[str]:
    """The lines of a run that found nothing wrong."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.run", *args],
        cwd=ROOT, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def kills(lines: list[str]) -> dict[str, int]:
    found = (re.fullmatch(r"  (.{26}) +(\d+) kills", line) for line in lines)
    return {m[1].strip(): int(m[2]) for m in found if m}


@pytest.mark.full
def test_fifty_kills_lose_nothing() -> None:
    lines = run("--rounds", "50", "--seed", str(random.randrange(10**6)))
    assert kills(lines) == dict.fromkeys(AIMS, 5) | {RANDOM: 10}
    match = SENTENCE.fullmatch(lines[-1])
    assert match, lines[-1]
    assert int(match[1]) == 50
    assert int(match[2]) >= int(match[3]) >= 500


@pytest.mark.full
def test_nine_kills_on_postgresql_lose_nothing(postgres_url: str) -> None:
    lines = run("--rounds", "9", "--database-url", postgres_url)
    assert kills(lines) == dict.fromkeys(ORDER, 1)
    assert SENTENCE.fullmatch(lines[-1]), lines[-1]


def test_the_docs_name_every_point() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs/crash.md").read_text("utf-8"), re.MULTILINE)
    assert [row.strip() for row in rows][1:] == [*AIMS, RANDOM]


# --- the judge is no rubber stamp -----------------------------------------------------------------


def _message_gone(tx: Any, world: World) -> None:
    tx.execute(
        """DELETE FROM message WHERE id=(SELECT id FROM message m WHERE direction=0 AND seq=
        (SELECT in_seq FROM conversation v WHERE v.id=m.conversation_id) LIMIT 1)"""
    )


def _message_twice(tx: Any, world: World) -> None:
    first, second = list(world.said)[:2]
    tx.execute("UPDATE message SET external_id=? WHERE external_id=?", (first, second))


def _never_sent(tx: Any, world: World) -> None:
    world.calls.pop()


def _sent_twice(tx: Any, world: World) -> None:
    world.calls.append(world.calls[-1])


def _overtaken(tx: Any, world: World) -> None:
    to = world.calls[-1].to
    mine = [i for i, call in enumerate(world.calls) if call.to == to]
    a, b = mine[0], mine[-1]
    world.calls[a], world.calls[b] = world.calls[b], world.calls[a]


def _made_up(tx: Any, world: World) -> None:
    world.calls.append(Call("+12025550110", "re: nothing that was said", "", 200))


def _doubt_of_what_arrived(tx: Any, world: World) -> None:
    tx.execute("UPDATE message SET doubt=1 WHERE id=(SELECT max(id) FROM message WHERE direction)")


def _fallen_status(tx: Any, world: World) -> None:
    tx.execute("UPDATE message SET rank=3 WHERE id=(SELECT max(id) FROM message WHERE direction)")


def _stuck_lease(tx: Any, world: World) -> None:
    tx.execute("UPDATE conversation SET lease_owner=7 WHERE id=(SELECT max(id) FROM conversation)")


def _forgetful_context(tx: Any, world: World) -> None:
    tx.execute("UPDATE conversation SET context='{}' WHERE id=(SELECT max(id) FROM conversation)")


def _gap(tx: Any, world: World) -> None:
    tx.execute("UPDATE conversation SET out_seq=out_seq+1")


TAMPERING: dict[str, list[Callable[[Any, World], None]]] = {
    "lost": [_message_gone, _never_sent],
    "doubled": [_message_twice, _sent_twice],
    "disordered": [_overtaken],
    "other": [_made_up, _doubt_of_what_arrived, _fallen_status, _stuck_lease, _forgetful_context,
              _gap],
}  # fmt: skip


@pytest.mark.full
async def test_the_judge_sees_whatever_is_wrong() -> None:
    async with stage(7) as run_:
        run_.load.start()
        assert "killed" in await run_.round(1, RANDOM)
        verdict = await run_.settle()
        assert verdict.wrong == []
        assert verdict.answered > 20
        world, path = run_.world, Path(run_.settings.database_url.removeprefix("sqlite:///"))
        calls, whole = list(world.calls), path.read_bytes()  # noqa: ASYNC240
        for count, ways in TAMPERING.items():
            for tamper in ways:
                assert _judged(path, world, tamper).get(count, 0) > 0, tamper.__name__
                path.write_bytes(whole)  # noqa: ASYNC240
                world.calls[:] = calls
        assert _judged(path, world, lambda tx, world: None) == {}


def _judged(path: Path, world: World, tamper: Callable[[Any, World], None]) -> dict[str, int]:
    """The counts of a verdict over a database that was tampered with."""
    tx = sqlite3.connect(path)
    tamper(tx, world)
    tx.commit()
    tx.close()
    opened: Any = reader(f"sqlite:///{path}")
    verdict: Verdict = judge(opened, world)
    opened.close()
    names = ("lost", "doubled", "disordered", "other")
    return {name: n for name in names if (n := getattr(verdict, name))}
