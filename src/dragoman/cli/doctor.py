"""The commands that look at the installation: doctor and config."""

from __future__ import annotations

import asyncio
import sys

import click
import msgspec

from dragoman.cli import common
from dragoman.settings import Settings, SettingsError, describe

_SHOWN = {"ok": ("ok", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "red"),
          "none": ("–", None)}  # fmt: skip


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check everything that can be wrong, one line each with its remedy. Exit code 1 on any FAIL.

    Changes nothing and sends no message; each partner is asked once about its credentials.
    """
    from dragoman.domain.sentences import say

    try:
        s = common.settings(ctx)
    except SettingsError as error:
        for sentence in error.sentences:
            _print("settings", "fail", say(sentence), None, as_json)
        sys.exit(1)
    files = sorted({v for v in s.sources.values() if v.endswith(".toml")})
    _print("settings", "ok", f"Valid ({', '.join(files) or 'no settings file'}).", None, as_json)
    if asyncio.run(_examine(s, as_json)):
        sys.exit(1)


async def _examine(s: Settings, as_json: bool) -> int:
    """Print every check as it is made. Returns how many failed."""
    from dragoman.engine.doctor import House, examine
    from dragoman.engine.wording import say

    here = common.server_address(s)  # the demo's partners are emulated by the server itself
    house = House(
        s.home, s.database_url, s.key, s.key_path, s.public_url,
        common.public_url(s, "").rstrip("/"), (*s.egress_allow, *([here] if here else ())),
        s.http_timeout_s,
    )  # fmt: skip
    failed = 0
    async for check in examine(house):
        failed += check.state == "fail"
        remedy = say(check.remedy) if check.remedy is not None else None
        _print(check.name, check.state, say(check.what), remedy, as_json)
    return failed


def _print(name: str, state: str, what: str, remedy: str | None, as_json: bool) -> None:
    if as_json:
        line = {"check": name, "state": state, "what": what, "remedy": remedy}
        click.echo(msgspec.json.encode(line).decode())
        return
    word, colour = _SHOWN[state]
    text = f"{word:<5}"
    shown = click.style(text, fg=colour) if colour else text
    click.echo(f"{shown} {name:<10} {what}{' ' + remedy if remedy else ''}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def config(ctx: click.Context, as_json: bool) -> None:
    """Print the settings, where each came from, secrets hidden."""
    rows = describe(common.settings(ctx))
    if as_json:
        click.echo(msgspec.json.encode(rows).decode())
        return
    for row in rows:
        value = f"{row.value} {row.unit}".strip() if row.value else "–"
        click.echo(f"{row.name:<20} {value:<44} {row.source}")
