"""docs/agents.md keeps its promises: every kind, decorator and sentence of an agent is in it."""

from __future__ import annotations

import inspect
from pathlib import Path

import dragoman.agents
import dragoman.sandbox.pool
from dragoman.agents.output import KINDS
from dragoman.agents.python import Agent
from dragoman.domain.sentences import known

DOCS = (Path(__file__).parents[2] / "docs" / "agents.md").read_text("utf-8")
TEMPLATE = Path(dragoman.agents.__file__).with_name("new_agent.py.txt").read_text("utf-8")


def test_every_kind_is_listed() -> None:
    assert [kind for kind in KINDS if f"`{kind}`" not in DOCS] == []


def test_every_decorator_is_listed() -> None:
    names = [name for name, _ in inspect.getmembers(Agent, inspect.isfunction) if name[0] != "_"]
    decorators = [name for name in names if name not in ("answer", "close")]
    assert [name for name in decorators if f"`@agent.{name}" not in DOCS] == []


def test_every_failure_of_a_script_is_listed() -> None:
    notes = {"script_said", "script_almost_object"}
    failures = [
        name
        for name in known()
        if name.startswith(("script_", "sandbox_", "context_")) and name not in notes
    ]
    assert [name for name in failures if f"| `{name}` |" not in DOCS] == []


def test_the_fourteen_lines_are_the_template() -> None:
    assert f"```python\n{TEMPLATE}```" in DOCS
