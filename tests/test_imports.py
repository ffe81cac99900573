"""The house has one direction: who may import whom. An arrow that the table lacks is a mistake.

Imports inside functions count as well. Lines under `if TYPE_CHECKING:` count, too: what a type
names is known to whoever names it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "dragoman"

PARTS: dict[str, frozenset[str]] = {
    "domain": frozenset(),
    "vault": frozenset(),
    "ui": frozenset(),
    "partners": frozenset({"domain"}),
    "sandbox": frozenset({"domain"}),
    "agents": frozenset({"domain", "sandbox"}),
    "store": frozenset({"domain", "vault"}),
    "egress": frozenset({"domain", "vault"}),
    "engine": frozenset({"domain", "partners", "sandbox", "agents", "vault", "store", "egress"}),
    "web": frozenset({"domain", "partners", "engine", "store"}),
    "console": frozenset({"domain", "partners", "engine", "store", "ui"}),
    "emulators": frozenset({"domain", "ui"}),
}
# The composition root, what is read before it, and what tries the whole may know everybody.
FREE = frozenset(
    {"app", "cli", "conform", "settings", "setting_values", "observe", "__init__", "__main__"}
)
# These meet in rows, never in each other.
APART = frozenset({"intake", "turns", "delivery"})
# What connectors may share, on either side of the wire; every other folder there is a connector,
# known to its registry alone.
SHARED = frozenset({"_cloud", "kit", "phone", "__pycache__"})
REGISTRIES = frozenset({("partners", "registry"), ("emulators", "app")})
CONNECTORS = {
    side: frozenset(p.name for p in (SOURCE / side).iterdir() if p.is_dir()) - SHARED
    for side in ("partners", "emulators")
}

FILES = sorted(SOURCE.rglob("*.py"))


def name_of(file: Path) -> tuple[str, ...]:
    """The module's path below the package: `("store", "intake")`."""
    parts = file.relative_to(SOURCE).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts


@cache
def imports(file: Path) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Line and module (below the package) of everything of ours that a file imports."""
    return tuple(_imports(file))


def _imports(file: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    package = ("dragoman", *file.relative_to(SOURCE).parts[:-1])
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            found = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            base = (*start, *(node.module.split(".") if node.module else ()))
            found = [(*base, alias.name) for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # Dotted paths that are imported by name later: a registry, a lazy `__getattr__`.
            found = [tuple(node.value.split("."))] if _is_path(node.value) else []
        else:
            continue
        for path in found:
            if path[0] == "dragoman" and len(path) > 1:
                yield node.lineno, path[1:]


def _is_path(text: str) -> bool:
    parts = text.split(".")
    return (
        len(parts) > 1
        and parts[0] == "dragoman"
        and all(part.isidentifier() for part in parts)
        and (SOURCE.joinpath(*parts[1:]).is_dir() or _is_file(parts[1:]))
    )


def _is_file(parts: list[str]) -> bool:
    return SOURCE.joinpath(*parts).with_suffix(".py").is_file()


def wrong(here: tuple[str, ...], there: tuple[str, ...]) -> str | None:
    """Why a module must not import another; None when it may."""
    part, other = here[0], there[0]
    connector = _connector(there)
    if connector is not None and connector != _connector(here) and here not in REGISTRIES:
        return f"{'.'.join(here)} must not know {connector}, which only its registry's line names"
    if part in FREE:
        return None
    if other not in PARTS:
        return f"{part} may not know {other}: only the composition root does"
    if part != other and other not in PARTS[part]:
        return f"{part} may import {sorted(PARTS[part]) or 'nothing of ours'}, not {other}"
    if part == other == "engine" and here[1] in APART and len(there) > 1:
        if there[1] in APART - {here[1]}:
            return f"engine.{here[1]} and engine.{there[1]} meet in rows, not in imports"
        return None
    return None


def _connector(path: tuple[str, ...]) -> str | None:
    """The connector's folder that a module is in: `partners/karix`."""
    if len(path) > 1 and path[1] in CONNECTORS.get(path[0], frozenset()):
        return f"{path[0]}/{path[1]}"
    return None


def test_every_part_of_the_house_is_in_the_table() -> None:
    found = {p.name for p in SOURCE.iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert found - set(PARTS) - FREE - {"examples"} == set()


@pytest.mark.parametrize("file", FILES, ids=lambda f: ".".join(name_of(f)))
def test_imports_follow_the_table(file: Path) -> None:
    here = name_of(file)
    mistakes = [
        f"{file.relative_to(SOURCE.parent)}:{line}: {why}"
        for line, there in imports(file)
        if (why := wrong(here, there)) is not None
    ]
    assert mistakes == []


@pytest.mark.parametrize(
    ("here", "there", "allowed"),
    [
        (("domain", "text"), ("vault",), False),
        (("partners", "cloud_api", "calls"), ("partners", "_cloud", "parse"), True),
        (("partners", "cloud_api", "calls"), ("partners", "contract"), True),
        (("partners", "gupshup", "parse"), ("partners", "cloud_api"), False),
        (("partners", "_cloud", "parse"), ("partners", "gupshup", "parse"), False),
        (("partners", "registry"), ("partners", "gupshup"), True),
        (("emulators", "gupshup", "v3"), ("emulators", "cloud_api", "wire"), False),
        (("emulators", "gupshup", "v3"), ("emulators", "_cloud", "wire"), True),
        (("emulators", "gupshup", "v3"), ("emulators", "kit", "Answer"), True),
        (("emulators", "kit", "line"), ("emulators", "karix"), False),
        (("emulators", "app"), ("emulators", "karix"), True),
        (("engine", "turns"), ("partners", "netcore"), False),
        (("cli", "serve"), ("emulators", "cloud_api", "config"), False),
        (("egress", "client"), ("partners", "contract"), False),
        (("engine", "turns"), ("engine", "delivery"), False),
        (("engine", "turns"), ("engine", "apps"), True),
        (("web", "webhooks"), ("vault",), False),
        (("emulators", "app"), ("partners", "contract"), False),
        (("store", "store"), ("settings",), False),
        (("cli", "serve"), ("console",), True),
    ],
)
def test_the_table_itself(here: tuple[str, ...], there: tuple[str, ...], allowed: bool) -> None:
    assert (wrong(here, there) is None) is allowed


def test_what_the_fast_suite_leaves_unread_runs_in_the_full_one() -> None:
    """`conftest` skips a file by its text; a mark that only stands in a string would lose it."""
    tests = Path(__file__).parent
    for file in tests.rglob("test_*.py"):
        text = file.read_text("utf-8")
        if "\npytestmark = " in text:
            names = [
                target.id
                for node in ast.parse(text).body
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name)
            ]
            assert "pytestmark" in names, file
