"""A channel's account at its partner: sign in, look at credentials and subscriptions, subscribe."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from dragoman.domain.sentences import Sentence, SentenceError, say, words
from dragoman.settings import Settings

from .common import change, database_path, ours, public_url, server_address, settings

if TYPE_CHECKING:
    from dragoman.engine.apps import App
    from dragoman.partners.contract import Finding

words(
    {
        "account_no_server": "No server runs for {home}, and a browser must find one when it comes "
        "back. Start one in another terminal with `dragoman serve`, and come back.",
        "account_nothing_to_subscribe": "{name} has nothing to subscribe: its partner has no such "
        "call, or the channel has no access token yet.",
    }
)

MARKS = {"ok": "●", "warn": "!", "fail": "■", "none": "○"}


def found(s: Settings, name: str) -> App:
    """An app with its secrets opened. Raises SentenceError."""
    from dragoman.engine import publish
    from dragoman.store.store import reader
    from dragoman.vault import Vault

    tx = reader(s.database_url)
    try:
        return publish.find(tx, Vault.start(s.key, s.key_path), name)
    finally:
        tx.close()  # type: ignore[attr-defined]


@click.command("authorize")
@click.argument("name")
@click.option("--wait", "wait_s", default=600, show_default=True, help="Seconds to wait.")
@click.pass_context
def authorize(ctx: click.Context, name: str, wait_s: int) -> None:
    """Sign in at the partner and let this channel use the account, where it is set to that.

    Prints the address to open in a browser and waits until it came back.
    """
    s = settings(ctx)
    path = database_path(s)
    if path is not None and server_address(s) is None:
        raise SentenceError(Sentence("account_no_server", {"home": str(s.home)}))
    shown = change(s, "channel.show", {"name": name})
    uri = public_url(s, f"oauth/{shown['partner']}/{shown['stream_id']}")
    begun = change(s, "channel.authorize", {"name": name, "redirect_uri": uri})
    click.echo("Open this in a browser that is signed in at the partner; it is good for ten "
               f"minutes and once:\n\n  {begun['url']}\n")  # fmt: skip
    click.echo("If it says that the address is blocked, list this there, letter by letter:\n\n"
               f"  {uri}\n")  # fmt: skip
    _print(_redirect(shown["partner"], uri, "")[:-1])
    click.echo("Waiting; Ctrl-C stops waiting only.", err=True)
    _wait(s, begun["id"], wait_s)


def _wait(s: Settings, begun_id: str, wait_s: int) -> None:
    from dragoman.engine import accounts
    from dragoman.store.store import reader

    tx = reader(s.database_url)
    end = time.monotonic() + wait_s
    try:
        while time.monotonic() < end:
            done = accounts.ended(tx, begun_id)
            if done is not None:
                if not done.done:
                    raise SentenceError(done.sentence)
                click.echo(say(done.sentence))
                return
            time.sleep(0.3)
    finally:
        tx.close()  # type: ignore[attr-defined]
    click.echo("  ○ The browser has not come back yet. The address stays good for ten minutes.")
    raise SystemExit(1)


@click.command("check")
@click.argument("name")
@click.option("--redirect-uri", default="", help="As it is listed at the partner, to compare.")
@click.pass_context
def check(ctx: click.Context, name: str, redirect_uri: str) -> None:
    """Ask the partner about credentials and subscriptions, without sending anything."""
    s = settings(ctx)
    shown = change(s, "channel.show", {"name": name})
    for lack in shown["missing"]:
        click.echo(f"  ! {lack['sentence']}")
    problem = probe(s, name)
    open_question = problem is not None and problem == _not_checkable(shown["partner"])
    if problem is not None and not open_question:
        raise SentenceError(problem)
    if not shown["missing"]:  # else there was nothing to ask with
        told = f"  {MARKS['none']} {say(problem)}" if problem is not None else ""
        click.echo(told or "The partner accepts the credentials.")
    app = found(s, name)
    findings = asyncio.run(_look(s, app, ours(s, shown)["webhook_url"], redirect_uri))
    _print(findings)
    if any(one.state == "fail" for one in findings):
        raise SystemExit(1)


def _not_checkable(chosen: str) -> Sentence | None:
    from dragoman.partners.registry import PARTNERS
    from dragoman.partners.registry import partner as partner_of

    return partner_of(chosen).NOT_CHECKABLE if chosen in PARTNERS else None


def probe(s: Settings, name: str) -> Sentence | None:
    """Ask the partner whether the in-development credentials are right. None: they are. The
    partner's NOT_CHECKABLE: these settings cannot be asked about."""
    from dragoman.egress import Egress
    from dragoman.partners.registry import partner as partner_of

    app = found(s, name)
    chosen = app.draft.config.channel.partner
    values = app.draft.settings.get(chosen)
    if values is None:
        return Sentence("probe_not_set", {"name": name})
    talker = partner_of(chosen)

    async def ask() -> Sentence | None:
        probes = talker.probes(values)
        async with Egress(_allowed(s)) as egress:
            for one in probes:
                reply = await egress.call(one.call, timeout_s=s.http_timeout_s)
                problem = talker.read_probe(one, reply)
                if problem is not None:
                    return problem
        return None if probes else talker.NOT_CHECKABLE

    return asyncio.run(ask())


words({"probe_not_set": "The channel of {name} is not set up, so there is nothing to check."})


def _allowed(s: Settings) -> tuple[str, ...]:
    here = server_address(s)  # the demo's partners are emulated by the server itself
    return (*s.egress_allow, *([here] if here else []))


async def _look(s: Settings, app: App, webhook_url: str, listed: str) -> list[Finding]:
    from dragoman.domain.clock import Clock
    from dragoman.egress import Egress
    from dragoman.engine import accounts

    now, copy = Clock().now(), app.draft
    out = []
    stands = accounts.authorization(app.name, copy, now)
    if stands is not None:
        chosen = copy.config.channel.partner
        uri = public_url(s, f"oauth/{chosen}/{app.stream_id}")
        out += [stands, *_redirect(chosen, uri, listed)]
    async with Egress(_allowed(s)) as egress:
        out += await accounts.check_subscriptions(
            egress, copy, webhook_url, now, s.http_timeout_s
        )  # fmt: skip
    return out


def _redirect(partner_name: str, uri: str, listed: str) -> list[Finding]:
    from dragoman.engine import accounts
    from dragoman.partners.registry import partner as partner_of

    return accounts.check_redirect(partner_of(partner_name).LABEL, uri, listed)


def _print(findings: Sequence[Finding]) -> None:
    for one in findings:
        remedy = f" {say(one.remedy)}" if one.remedy is not None else ""
        click.echo(f"  {MARKS[one.state]} {say(one.what)}{remedy}")


@click.command("subscribe")
@click.argument("name")
@click.pass_context
def subscribe(ctx: click.Context, name: str) -> None:
    """Let the webhooks of the channel's account come to the partner's app (Meta)."""
    from dragoman.egress import Egress
    from dragoman.engine import accounts

    s = settings(ctx)
    app = found(s, name)

    async def work() -> list[Finding]:
        async with Egress(_allowed(s)) as egress:
            return await accounts.subscribe(egress, app.draft, s.http_timeout_s)

    findings = asyncio.run(work())
    if not findings:
        raise SentenceError(Sentence("account_nothing_to_subscribe", {"name": name}))
    _print(findings)
    if any(one.state == "fail" for one in findings):
        raise SystemExit(1)
