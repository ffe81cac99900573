"""The house has one direction: who may import whom. An arrow that the table lacks is a mistake.

Imports inside functions count as well. Lines under `if TYPE_CHECKING:` count, too: what a type
names is known to whoever names it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
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
# The composition root and what is read before it may know everybody.
FREE = frozenset({"app", "cli", "settings", "setting_values", "observe", "__init__", "__main__"})
# These meet in rows, never in each other.
APART = frozenset({"intake", "turns", "delivery"})

FILES = sorted(SOURCE.rglob("*.py"))


def name_of(file: Path) -> tuple[str, ...]:
    """The module's path below the package: `("store", "intake")`."""
    parts = file.relative_to(SOURCE).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts


def imports(file: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Line and module (below the package) of everything of ours that a file imports."""
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
    if part == other == "partners" and here[1:2] and len(there) > 1:
        return _between_partners(here[1], there[1])
    return None


def _between_partners(mine: str, theirs: str) -> str | None:
    folders = {p.name for p in (SOURCE / "partners").iterdir() if p.is_dir()}
    connectors = folders - {"_cloud", "__pycache__"}
    if theirs in connectors and mine in folders and mine != theirs:
        return f"the connector {mine} must not know {theirs}; what they share is in _cloud"
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
        if (why := wrong(here, there)) is not None and here != ("partners", "registry")
    ]
    assert mistakes == []


@pytest.mark.parametrize(
    ("here", "there", "allowed"),
    [
        (("domain", "text"), ("vault",), False),
        (("partners", "cloud_api", "calls"), ("partners", "_cloud", "parse"), True),
        (("partners", "cloud_api", "calls"), ("partners", "contract"), True),
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
