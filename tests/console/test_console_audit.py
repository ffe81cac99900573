"""Whoever changes something is in the audit log with what was changed: every command there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from desk import OWNER, desk

from dragoman.domain.sentences import term
from dragoman.engine.commands import COMMANDS
from dragoman.engine.differing import Difference, audited
from dragoman.store.queries.audit import Entry, Wanted, entries
from dragoman.vault import Redactor

READING = {"app.list", "app.versions", "channel.show", "credential.list"}
# Audited where they end, which their own tests see: when the partner's page comes back, and when a
# doubt is open, or ended.
LATER = {"channel.authorize", "doubt.settle", "doubt.reopen"}

SECRET = "dGVzdC1rZXktMDEyMzQ1Njc4OQ=="
NETCORE = {"numbers": {"+1 202 555 0100": {"api_key": SECRET}}}
KARIX = {"number": "+1 202 555 0100", "account_key": SECRET}
# In order: each finds what those before it made.
CHANGES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("app.create", {"name": "Tea", "agent": ""}, ["app.create"]),
    ("app.set", {"name": "Tea", "fallback": "Soon."}, ["app.save"]),
    ("credential.create", {"name": "Tea", "credential": "hooks"}, ["credential.create"]),
    ("channel.set", {"name": "Tea", "partner": "karix", "values": KARIX}, ["app.save"]),
    ("channel.letter", {"name": "Tea"}, ["channel.letter"]),
    ("channel.save", {"name": "Tea", "partner": "karix", "rev": 3}, ["app.save"]),
    ("channel.enable", {"name": "Tea"}, ["app.save"]),
    ("app.publish", {"name": "Tea"}, ["app.publish"]),
    ("channel.enable", {"name": "Tea", "on": False}, ["app.save"]),
    ("app.publish", {"name": "Tea"}, ["app.publish"]),
    ("app.rollback", {"name": "Tea", "version": 1}, ["app.publish", "app.save"]),
    ("channel.set", {"name": "Tea", "partner": "netcore", "values": NETCORE}, ["app.save"]),
    (
        "channel.switch",
        {"name": "Tea", "partner": "netcore", "filled": True},
        ["app.publish", "app.save"],
    ),
    ("credential.token", {"name": "Tea", "credential": "hooks"}, ["credential.token"]),
    ("credential.rotate", {"name": "Tea", "credential": "hooks"}, ["credential.rotate"]),
    ("credential.delete", {"name": "Tea", "credential": "hooks"}, ["credential.delete"]),
]


def test_every_command_is_known_here() -> None:
    assert set(COMMANDS) == {name for name, *_ in CHANGES} | READING | LATER


async def test_every_command_that_changes_something_is_audited(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        newest = 0
        for name, args, expected in CHANGES:
            await d.app.command(name, {"who": OWNER, **args})
            found = await d.app.store.read(lambda tx: entries(tx, Wanted(), 100))
            new = [entry for entry in found if entry.id > newest and entry.what[:6] != "person"]
            assert [entry.what for entry in new] == expected, name
            assert {(entry.who, entry.target) for entry in new} <= {
                (OWNER, "Tea"),
                (OWNER, "hooks"),
            }
            assert SECRET not in str(new)
            newest = found[0].id
        for name in sorted(READING):
            await d.app.command(name, {"who": OWNER, "name": "Tea"})
        found = await d.app.store.read(lambda tx: entries(tx, Wanted(), 100))
        assert found[0].id == newest


async def test_a_publish_says_from_which_version(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        for name, args, _ in CHANGES[:11]:
            await d.app.command(name, {"who": OWNER, **args})
        wanted = Wanted(what="app.publish")
        found: list[Entry] = await d.app.store.read(lambda tx: entries(tx, wanted, 9))
        assert [(e.before, e.after) for e in found] == [("2", "3"), ("1", "2"), (None, "1")]


@pytest.mark.parametrize(
    ("what", "before", "after", "expected"),
    [
        ("person.name", None, None, []),
        (
            "person.set", "viewer", "admin",
            [Difference("", "text", "", term("viewer"), term("admin"))],
        ),
        ("app.create", None, "x" * 400, [Difference("", "text", after="x" * 299 + "…")]),
        ("app.save", "{torn", "{torn", [Difference("", "text", "", "{torn", "{torn")]),
        ("app.save", "{}", "{}", []),
        (
            "app.save", '{"fallback":"known-secret"}', '{"fallback":"Soon."}',
            [Difference("fallback", "text", "", "•••", "Soon.")],
        ),
    ],
)  # fmt: skip
def test_differences(
    what: str, before: str | None, after: str | None, expected: list[Difference]
) -> None:
    assert audited(what, before, after, Redactor(["known-secret"])) == expected


async def test_a_save_is_told_in_the_words_of_the_form(tmp_path: Path) -> None:
    async with desk(tmp_path) as d:
        for name, args, _ in CHANGES[:4]:
            await d.app.command(name, {"who": OWNER, **args})
        again = {"number": "+1 202 555 0101", "account_key": SECRET[:-3] + "A=="}
        values = {"name": "Tea", "partner": "karix", "values": again}
        await d.app.command("channel.set", {"who": OWNER, **values})
        await d.as_role("admin")
        seen = await d.get("/settings/audit?what=app.save")
        text = seen.text
        assert "Messaging Partner before nothing → after Karix" in text
        assert "before +1 202 555 0100 → after +1 202 555 0101" in text
        assert "◐ changed" in text and "channel.values" not in text
        assert SECRET not in seen.html and SECRET[:8] not in seen.html
        assert "Sentence when the agent fails before" in text
