"""App credentials from the command line: who may sign the tokens that webhooks bring."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import click

from .common import change, settings

HOUR_MS = 3_600_000
_KEY = click.option("--public-key", type=click.File("r"), metavar="FILE",
                    help="RS256: a public key in PEM; else a pair is made.")  # fmt: skip


@click.group()
def credential() -> None:
    """Create, list, rotate and delete the credentials of an app."""


@credential.command("create")
@click.argument("name", metavar="APP")
@click.argument("credential", metavar="NAME")
@click.option("--alg", type=click.Choice(["HS256", "HS512", "RS256"]), default="HS256",
              show_default=True, help="How its tokens are signed.")  # fmt: skip
@click.option("--scope", "scopes", multiple=True, type=click.Choice(["webhooks", "proactive"]),
              help="What it may be used for; may be given twice. Else for both.")  # fmt: skip
@_KEY
@click.pass_context
def create(ctx: click.Context, /, public_key: Any, **args: Any) -> None:
    """Make a credential. Its secret or private key is shown this once."""
    done = change(settings(ctx), "credential.create", {**args, "public_key": _text(public_key)})
    click.echo(f"Created {done['credential']} for {done['app']}.")
    _hand_out(done)
    if "webhooks" in (done["scopes"] or ["webhooks"]):
        click.echo(f"Ask webhooks for it: dragoman channel set '{done['app']}' --associate "
                   f"{done['client_id']}")  # fmt: skip


@credential.command("rotate")
@click.argument("name", metavar="APP")
@click.argument("credential", metavar="NAME")
@click.option("--overlap-hours", type=click.FloatRange(0, 2160), default=24.0, show_default=True,
              help="How long the old secret is accepted beside the new one.")  # fmt: skip
@_KEY
@click.pass_context
def rotate(ctx: click.Context, /, overlap_hours: float, public_key: Any, **args: Any) -> None:
    """Give a credential a new secret or key pair, shown this once."""
    overlap = {"overlap_ms": round(overlap_hours * HOUR_MS), "public_key": _text(public_key)}
    done = change(settings(ctx), "credential.rotate", {**args, **overlap})
    click.echo(f"Rotated {done['credential']}. The old key is accepted until "
               f"{_when(done['previous_until'])}.")  # fmt: skip
    _hand_out(done)


@credential.command("list")
@click.argument("name", metavar="APP")
@click.pass_context
def list_all(ctx: click.Context, name: str) -> None:
    """The credentials of an app, without their secrets."""
    found = change(settings(ctx), "credential.list", {"name": name})["credentials"]
    if not found:
        click.echo(f"No credentials yet. Make one: dragoman app credential create '{name}' NAME")
    for one in found:
        rotated = f", rotated {_when(one['rotated_at'])}" if one["rotated_at"] else ""
        used = f", associated ({' and '.join(one['selected'])})" if one["selected"] else ""
        used = f", for {' and '.join(one['scopes'])}{used}" if one["scopes"] else used
        click.echo(f"{one['credential']}  {one['client_id']}  {one['alg']}  "
                   f"created {_when(one['created'])}{rotated}{used}")  # fmt: skip


@credential.command("delete")
@click.argument("name", metavar="APP")
@click.argument("credential", metavar="NAME")
@click.pass_context
def delete(ctx: click.Context, /, **args: Any) -> None:
    """Delete a credential for good. Refused while the channel asks for its tokens."""
    done = change(settings(ctx), "credential.delete", args)
    click.echo(f"Deleted {done['credential']} ({done['client_id']}). It is never accepted again.")


@credential.command("token")
@click.argument("name", metavar="APP")
@click.argument("credential", metavar="NAME")
@click.pass_context
def token(ctx: click.Context, /, **args: Any) -> None:
    """Print a ready value of the header Authorization, to paste at the partner."""
    click.echo(change(settings(ctx), "credential.token", args)["authorization"])


def _hand_out(done: Mapping[str, Any]) -> None:
    click.echo(f"  Client id      {done['client_id']}")
    click.echo(f"  Algorithm      {done['alg']}")
    if done.get("secret"):
        click.echo(f"  Client secret  {done['secret']}")
    if done["authorization"]:
        click.echo(f"  Authorization  {done['authorization']}")
    if done.get("private_key"):
        click.echo(f"  Private key    (keep it where tokens are signed)\n{done['private_key']}")


def _text(file: Any) -> str:
    return str(file.read()) if file is not None else ""


def _when(ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(ms / 1000))
