"""Apps and channels from the command line: the same engine calls as everywhere else."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from dragoman.domain.sentences import Sentence, SentenceError, say, words

from . import accounts, credentials
from .common import asked, change, far_away, letter_of, ours, print_gives, print_letter, settings

if TYPE_CHECKING:
    from dragoman.partners.contract import Field
    from dragoman.settings import Settings

words(
    {
        "set_form": "{value!r} is no setting: write field=value, such as token=….",
        "channel_switched_off": "The channel is switched off in development, because its form has "
        "gaps: `dragoman channel show '{name}'` lists them; then run `dragoman channel enable "
        "'{name}'`.",
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


app.add_command(credentials.credential)


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
@click.option("--proactive/--no-proactive", default=None,
              help="Let the business write first, through the notifications API.")  # fmt: skip
@click.option("--associate", "associated", metavar="CLIENT_ID",
              help="Ask webhooks for a token of this credential; none: do not.")  # fmt: skip
@click.option("--url-secret", type=click.Choice(["new", "none"]),
              help="Ask webhooks for a secret in their URL; shown once.")  # fmt: skip
@click.option("--allow-ip", "allow_ips", multiple=True, metavar="ADDRESS",
              help="Take webhooks from these addresses and networks only; none: any.")  # fmt: skip
@click.pass_context
def channel_set(
    ctx: click.Context, /, name: str, values: tuple[str, ...], partner: str | None,
    secret_fields: tuple[str, ...], **switches: Any,
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
    chosen = {k: v for k, v in switches.items() if v not in (None, ())}
    if not (given or partner or chosen):
        raise SentenceError(Sentence("nothing_to_set", {"name": name}))
    args = {"name": name, "partner": partner, "values": given, "switches": chosen}
    s = settings(ctx)
    before = change(s, "channel.show", {"name": name})["partner"] if partner else None
    done = change(s, "channel.set", args)
    for complaint in done["complaints"]:
        click.echo(f"  ! {complaint['field']}: {complaint['sentence']}", err=True)
    if done.get("url_key"):
        url = ours(s, done)["webhook_url"]
        click.echo(f"The webhook URL with its secret, shown this once: {url}")
    click.echo("Saved in development." + (" Mend the fields above." if done["complaints"] else ""))
    if done.get("switched_off"):
        click.echo("! " + say(Sentence("channel_switched_off", {"name": name})))
    if done["unguarded"]:
        click.echo(f"! {done['unguarded']}")
    if partner and done["partner"] != before:
        _print_new(s, done)


def _print_new(s: Settings, done: Mapping[str, Any]) -> None:
    """What the partner that was just chosen needs of ours."""
    from dragoman.partners.registry import partner as partner_of

    talker, known = partner_of(done["partner"]), ours(s, done)
    click.echo(f"\nGive this to {talker.LABEL}")
    print_gives(talker, done, known)
    unreachable = far_away(talker.LABEL, known["webhook_url"])
    if unreachable is not None:
        click.echo(f"  ! {say(unreachable)}")


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
               f"{_standing(shown)}")  # fmt: skip
    click.echo("\nGive this to the partner")
    given = ours(s, shown)
    for give in talker.GIVES:
        click.echo(f"  {give.label:<22} {give.value.format_map(given)}")
        click.echo(f"  {'':<22} paste at: {give.where_to_paste}")
    unreachable = far_away(talker.LABEL, given["webhook_url"])
    if unreachable is not None:
        click.echo(f"  ! {say(unreachable)}")
    click.echo("\nTake this from the partner")
    _fields(talker.SETTINGS, shown["values"])
    click.echo("\nWebhooks are taken")
    for line in _guards(shown):
        click.echo(f"  {line}")
    may = "may" if shown["proactive"] else "may not (--proactive)"
    click.echo(f"\nThe business {may} write first, through the notifications API")
    for lack in shown["missing"]:
        click.echo(f"  ! {lack['sentence']}")
    if shown["authorization"]:
        click.echo(f"\n{shown['authorization']}")
    print_letter(talker, shown, given)


def _standing(shown: Mapping[str, Any]) -> str:
    if not shown["published"]:
        return "not published"
    return "published, with changes in development" if shown["waiting"] else "published"


@channel.command("letter")
@click.argument("name")
@click.pass_context
def channel_letter(ctx: click.Context, name: str) -> None:
    """Print the letter to the partner's support with its secrets in it, to be copied."""
    from dragoman.partners.registry import partner as partner_of

    s = settings(ctx)
    whole = change(s, "channel.letter", {"name": name})
    talker, known = partner_of(whole["partner"]), ours(s, whole)
    click.echo(letter_of(talker, whole, known), nl=False)
    unreachable = far_away(talker.LABEL, known["webhook_url"])
    if unreachable is not None:
        click.echo(f"! {say(unreachable)}", err=True)


def _fields(fields: Sequence[Field], values: Mapping[str, Any], path: str = "") -> None:
    """What the form holds, with where to find what is missing; secrets are dots already."""
    for field in fields:
        if not asked(field, fields, values):
            continue
        value, name = values.get(field.name), path + field.name
        if field.kind == "group" and isinstance(value, Mapping) and value:
            for member, inner in value.items():
                _fields(field.fields, inner, f"{name}.{member}.")
            continue
        text = ", ".join(value) if isinstance(value, list) else value
        unset = text in (None, "", {})
        if unset and field.default not in (None, "", False):
            text = f"{field.default} (as always)"
        click.echo(f"  {name:<22} {'–' if text in (None, '', {}) else text}")
        if unset and field.required and field.where_to_find:
            click.echo(f"  {'':<22} find it: {field.where_to_find}")


def _guards(shown: Mapping[str, Any]) -> list[str]:
    """Who may call the channel's webhooks, beyond the partner's own check."""
    if shown["unguarded"]:
        return [f"! {shown['unguarded']}"]
    lines = []
    if shown["allow_ips"]:
        lines.append(f"only from {', '.join(shown['allow_ips'])}")
    if shown["url_secret"]:
        lines.append("with the secret in the URL (?key=…), which was shown once")
    if shown["client_id"]:
        named = shown["credential"] or "deleted"
        lines.append(f"with a token of {shown['client_id']} ({named})")
    return lines or ["with the partner's own check"]


@channel.command("enable")
@click.argument("name")
@click.option("--off", is_flag=True, help="Switch it off instead.")
@click.pass_context
def channel_enable(ctx: click.Context, name: str, off: bool) -> None:
    """Switch the channel on in development; says what is missing."""
    done = change(settings(ctx), "channel.enable", {"name": name, "on": not off})
    if done["unguarded"] and not off:
        click.echo(f"! {done['unguarded']}")
    click.echo(f"{'Off' if off else 'On'} in development. Make it live: {_publish(name)}")


for command in (accounts.authorize, accounts.check, accounts.subscribe):
    channel.add_command(command)


def _publish(name: str) -> str:
    return f"dragoman app publish {_quoted(name)}"


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[\w.-]+", name) else f"'{name}'"
