"""Apps and channels from the command line: the same engine calls as everywhere else."""

from __future__ import annotations

import time
from typing import Any

import click

from dragoman.domain.sentences import Sentence, SentenceError, words

from .common import change, public_url, settings

words(
    {
        "set_form": "{value!r} is no setting: write field=value, such as token=….",
        "nothing_to_set": "Nothing to set. Give --partner, field=value, --secret field or a "
        "switch; `dragoman channel show {name}` lists the fields.",
    }
)


@click.group()
def app() -> None:
    """Create, publish, roll back and list apps."""


@app.command("create")
@click.argument("name")
@click.option("--agent", type=click.Path(exists=True, dir_okay=False, resolve_path=True),
              help="The agent's file, .py or .js.")  # fmt: skip
@click.pass_context
def app_create(ctx: click.Context, name: str, agent: str | None) -> None:
    """Make an app. It has a stream id at once, so its webhook URL is known."""
    s = settings(ctx)
    made = change(s, "app.create", {"name": name, "agent": agent})
    click.echo(f"Created {made['name']} ({made['stream_id']}), in development, not published.")
    click.echo(f"Next: dragoman channel set {_quoted(name)} --partner cloud-api")


@app.command("set")
@click.argument("name")
@click.option("--agent", type=click.Path(exists=True, dir_okay=False, resolve_path=True),
              help="The agent's file, .py or .js.")  # fmt: skip
@click.option("--fallback", help="What a contact is told when the agent fails.")
@click.option("--debounce-ms", type=click.IntRange(0, 60_000),
              help="Quick messages become one turn.")  # fmt: skip
@click.option("--session-minutes", type=click.IntRange(1, 525_600), help="Silence that ends one.")
@click.option("--resend-after-ms", type=click.IntRange(0),
              help="Send again what is in doubt for so long; 0 is never.")  # fmt: skip
@click.pass_context
def app_set(ctx: click.Context, /, name: str, **values: Any) -> None:
    """Change an app in development."""
    change(settings(ctx), "app.set", {"name": name, **values})
    click.echo(f"Saved in development. Contacts notice nothing until: {_publish(name)}")


@app.command("publish")
@click.argument("name")
@click.option("--note", default="", help="What changed, for the history.")
@click.pass_context
def app_publish(ctx: click.Context, name: str, note: str) -> None:
    """Make the in-development copy the published one."""
    done = change(settings(ctx), "app.publish", {"name": name, "note": note})
    state = "enabled" if done["live_enabled"] else "switched off: messages are kept, not answered"
    click.echo(f"Published {done['name']} as version {done['version']}. Its channel is {state}.")


@app.command("rollback")
@click.argument("name")
@click.argument("version", type=int)
@click.pass_context
def app_rollback(ctx: click.Context, name: str, version: int) -> None:
    """Publish an older version again, channel and agent together."""
    done = change(settings(ctx), "app.rollback", {"name": name, "version": version})
    click.echo(f"Rolled back to version {version}, published as version {done['version']}.")


@app.command("list")
@click.option("--versions", metavar="NAME", help="The history of one app.")
@click.pass_context
def app_list(ctx: click.Context, versions: str | None) -> None:
    """All apps and what is live; or the versions of one."""
    s = settings(ctx)
    if versions:
        for v in change(s, "app.versions", {"name": versions})["versions"]:
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(v["at"] / 1000))
            click.echo(f"{v['version']:>4}  {when}  {v['by']:<12} {v['note']}")
        return
    apps = change(s, "app.list", {})["apps"]
    if not apps:
        click.echo("No apps yet. Make one: dragoman app create NAME --agent bot.py")
    for a in apps:
        live = f"published v{a['published']}" if a["published"] else "not published"
        waiting = ", changes wait for publish" if a["waiting"] and a["published"] else ""
        partner = a["partner"] or "no partner"
        click.echo(f"{a['name']}  {partner}  {live}{waiting}  {a['stream_id']}")


@click.group()
def channel() -> None:
    """Set, show, enable and check an app's WhatsApp channel."""


@channel.command("set")
@click.argument("name")
@click.argument("values", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--partner", help="The messaging partner, such as cloud-api.")
@click.option("--secret", "secret_fields", multiple=True, metavar="FIELD",
              help="Ask for this secret without showing it.")  # fmt: skip
@click.option("--typing/--no-typing", default=None, help="Show typing when a turn begins.")
@click.option("--read-receipts/--no-read-receipts", default=None,
              help="Mark messages as read when a turn begins.")  # fmt: skip
@click.option("--share-sessions/--no-share-sessions", default=None,
              help="One conversation over all numbers.")  # fmt: skip
@click.pass_context
def channel_set(
    ctx: click.Context, /, name: str, values: tuple[str, ...], partner: str | None,
    secret_fields: tuple[str, ...], **switches: bool | None,
) -> None:  # fmt: skip
    """Set the partner and its fields in development. Secrets are stored encrypted."""
    given: dict[str, Any] = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals:
            raise SentenceError(Sentence("set_form", {"value": value}))
        given[key.strip()] = text.split(",") if key.strip() == "numbers" else text
    for field in secret_fields:
        given[field] = click.prompt(field, hide_input=True, prompt_suffix=" (not shown): ")
    chosen = {k: v for k, v in switches.items() if v is not None}
    if not (given or partner or chosen):
        raise SentenceError(Sentence("nothing_to_set", {"name": name}))
    args = {"name": name, "partner": partner, "values": given, "switches": chosen}
    done = change(settings(ctx), "channel.set", args)
    for complaint in done["complaints"]:
        click.echo(f"  ! {complaint['field']}: {complaint['sentence']}", err=True)
    click.echo("Saved in development." + (" Mend the fields above." if done["complaints"] else ""))


@channel.command("show")
@click.argument("name")
@click.pass_context
def channel_show(ctx: click.Context, name: str) -> None:
    """The channel as it is in development, what to paste where, and what is missing."""
    from dragoman.partners.registry import partner as partner_of

    s = settings(ctx)
    shown = change(s, "channel.show", {"name": name})
    if not shown["partner"]:
        click.echo(f"No messaging partner yet: dragoman channel set {_quoted(name)} "
                   "--partner cloud-api")  # fmt: skip
        return
    talker = partner_of(shown["partner"])
    click.echo(f"{talker.LABEL}, {'enabled' if shown['enabled'] else 'switched off'}, "
               f"{'published' if not shown['waiting'] else 'not published'}")  # fmt: skip
    click.echo("\nGive this to the partner")
    url = public_url(s, f"hooks/{shown['partner']}/{shown['stream_id']}")
    ours = {"webhook_url": url, "verify_token": shown["verify_token"], "callback_url": url}
    for give in talker.GIVES:
        click.echo(f"  {give.label:<22} {give.value.format_map(ours)}")
        click.echo(f"  {'':<22} paste at: {give.where_to_paste}")
    click.echo("\nTake this from the partner")
    for field in talker.SETTINGS:
        value = shown["values"].get(field.name)
        text = ", ".join(value) if isinstance(value, list) else value
        unset = text in (None, "")
        if unset and field.default not in (None, "", False):
            text = f"{field.default} (as always)"
        click.echo(f"  {field.name:<22} {'–' if text in (None, '') else text}")
        if unset and field.required and field.where_to_find:
            click.echo(f"  {'':<22} find it: {field.where_to_find}")
    for lack in shown["missing"]:
        click.echo(f"  ! {lack['sentence']}")


@channel.command("enable")
@click.argument("name")
@click.option("--off", is_flag=True, help="Switch it off instead.")
@click.pass_context
def channel_enable(ctx: click.Context, name: str, off: bool) -> None:
    """Switch the channel on in development; says what is missing."""
    change(settings(ctx), "channel.enable", {"name": name, "on": not off})
    click.echo(f"{'Off' if off else 'On'} in development. Make it live: {_publish(name)}")


@channel.command("check")
@click.argument("name")
@click.pass_context
def channel_check(ctx: click.Context, name: str) -> None:
    """Ask the partner whether the credentials are right, without sending anything."""
    from .connect import probe

    s = settings(ctx)
    shown = change(s, "channel.show", {"name": name})
    for lack in shown["missing"]:
        click.echo(f"  ! {lack['sentence']}")
    problem = probe(s, name)
    if problem is not None:
        raise SentenceError(problem)
    click.echo("The partner accepts the credentials." if not shown["missing"] else "")


def _publish(name: str) -> str:
    return f"dragoman app publish {_quoted(name)}"


def _quoted(name: str) -> str:
    return f"'{name}'" if " " in name else name
