"""`dragoman connect cloud-api`: a real number, step by step, until a message was delivered."""

from __future__ import annotations

import time
from typing import Any

import click

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.settings import Settings

from .accounts import probe
from .common import change, ours, settings

words(
    {
        "connect_no_server": "No server runs for {home}. Start one in another terminal with "
        "`dragoman serve`, so that Meta can reach it, and come back.",
    }
)

STEPS = (
    ("verified", "Meta verified this URL"),
    ("first_in", "First message in"),
    ("answered", "Answered, and Meta took it"),
    ("delivered", "Delivered to the phone"),
)


@click.command()
@click.argument("partner", type=click.Choice(["cloud-api"]))
@click.option("--app", "name", default="My agent", show_default=True, help="The app to set up.")
@click.option("--agent", type=click.Path(exists=True, dir_okay=False, resolve_path=True),
              help="The agent's file, where the app is new.")  # fmt: skip
@click.option("--wait", "wait_s", default=1800, show_default=True, help="Seconds to wait.")
@click.option("--graph-url", help="Another Graph API, such as that of `dragoman emulate`.")
@click.pass_context
def connect(
    ctx: click.Context, /, partner: str, name: str, agent: str | None, wait_s: int,
    graph_url: str | None,
) -> None:  # fmt: skip
    """Set up a real number, step by step."""
    s = settings(ctx)
    _need_server(s)
    shown = _app(s, name, agent)
    values = _ask(graph_url)
    done = change(s, "channel.set", {"name": name, "partner": partner, "values": values})
    for complaint in done["complaints"]:
        click.echo(f"  ! {complaint['field']}: {complaint['sentence']}")
    if done["complaints"]:
        raise SystemExit(1)
    problem = probe(s, name)
    click.echo(
        f"  {'■' if problem else '●'} Credentials" + (f": {_say(problem)}" if problem else "")
    )
    change(s, "channel.enable", {"name": name, "on": True})
    if done["waiting"] or not done["live_enabled"]:
        change(s, "app.publish", {"name": name, "note": "connect"})
    _print_paste(s, change(s, "channel.show", {"name": name}))
    _watch(s, shown["stream_id"], wait_s)


def _need_server(s: Settings) -> None:
    from dragoman.store.lock import running_server

    from .common import database_path

    path = database_path(s)
    if path is not None and running_server(path) is None:
        raise SentenceError(Sentence("connect_no_server", {"home": str(s.home)}))


def _app(s: Settings, name: str, agent: str | None) -> dict[str, Any]:
    apps = change(s, "app.list", {})["apps"]
    for found in apps:
        if found["name"] == name:
            if agent:
                change(s, "app.set", {"name": name, "agent": agent})
            return dict(found)
    return change(s, "app.create", {"name": name, "agent": agent})


def _ask(graph_url: str | None) -> dict[str, Any]:
    """The values of the Meta app. Secrets are not shown and not kept in the shell's history."""
    from dragoman.partners.registry import partner as partner_of

    talker = partner_of("cloud-api")
    fields = {f.name: f for f in talker.SETTINGS}
    values: dict[str, Any] = {}
    for key in ("numbers", "token", "app_secret"):
        field = fields[key]
        click.echo(f"\n{field.label}\n  {field.where_to_find}")
        hidden = field.kind == "secret"
        lead = "  (not shown) " if hidden else "  "
        while True:
            text = click.prompt(lead, prompt_suffix="> ", hide_input=hidden)
            values[key] = [t.strip() for t in text.split(",")] if key == "numbers" else text
            _, complaints = talker.read_settings(values)
            wrong = [c for c in complaints if c.field == key]
            if not wrong:
                break
            for complaint in wrong:
                click.echo(f"  ! {_say(complaint.sentence)}")
    if graph_url:
        values["graph_url"] = graph_url
    return values


def _print_paste(s: Settings, shown: dict[str, Any]) -> None:
    from dragoman.partners.registry import partner as partner_of

    given = ours(s, shown)
    url = given["webhook_url"]
    click.echo("\nPaste these at Meta")
    for give in partner_of("cloud-api").GIVES:
        if give.name == "callback_url":  # of a sign-in; what was asked for is a permanent token
            continue
        click.echo(f"  {give.label:<14} {give.value.format_map(given)}")
        click.echo(f"  {'':<14} {give.where_to_paste}")
    if not url.startswith("https://"):
        click.echo(f"  ! Meta cannot call {url}. Set public_url to the https address of this "
                   "machine.")  # fmt: skip
    click.echo("\nThen write to the number from a phone. Waiting; Ctrl-C stops waiting only.\n")


def _watch(s: Settings, stream_id: str, wait_s: int) -> None:
    """Tick what was seen, from rows and never from flags."""
    from dragoman.store.store import reader

    tx = reader(s.database_url)
    began = int(time.time() * 1000)
    seen: set[str] = set()
    try:
        while len(seen) < len(STEPS) and time.time() * 1000 < began + wait_s * 1000:
            found = _seen(tx, stream_id)
            for step, label in STEPS:
                if step in found and step not in seen:
                    seen.add(step)
                    when = time.strftime("%H:%M:%S", time.localtime(found[step] / 1000))
                    click.echo(f"  ● {label:<28} {when}")
            time.sleep(0.3)
    finally:
        tx.close()  # type: ignore[attr-defined]
    missing = [label for step, label in STEPS if step not in seen]
    if missing:
        click.echo(f"  ○ not yet seen: {', '.join(missing)}. `dragoman doctor` says why.")
        raise SystemExit(1)
    click.echo("\nThe number is connected.")


def _seen(tx: Any, stream_id: str) -> dict[str, int]:
    row = tx.run("SELECT id FROM app WHERE stream_id=?", (stream_id,))
    if not row:
        return {}
    app_id = row[0][0]
    queries = {
        "verified": "SELECT at FROM proof WHERE app_id=? AND step='cloud-api/verified'",
        "first_in": "SELECT at FROM message WHERE app_id=? AND direction=0 ORDER BY id LIMIT 1",
        "answered": "SELECT at FROM message WHERE app_id=? AND direction=1 AND rank>=2 "
        "AND rank<>4 ORDER BY id LIMIT 1",
        "delivered": "SELECT came FROM report WHERE app_id=? AND status IN "
        "('delivered','read','played') ORDER BY id LIMIT 1",
    }
    found = {step: tx.run(sql, (app_id,)) for step, sql in queries.items()}
    return {step: int(rows[0][0]) for step, rows in found.items() if rows}


def _say(sentence: Sentence | None) -> str:
    from dragoman.domain.sentences import say

    return say(sentence) if sentence is not None else ""
