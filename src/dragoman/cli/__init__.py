"""The command line. Each command lives in a module of its family and is imported when it is run,
so that `dragoman --help` and shell completion stay quick."""

from __future__ import annotations

import importlib
import sys

import click

from dragoman.domain.sentences import SentenceError

# command -> module:attribute, and the line that --help shows
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("serve:demo", "A whole channel on this machine: agent, emulated partner, test phone."),
    "run": ("serve:run", "Serve one agent file with a test phone."),
    "new": ("serve:new", "Write a small agent to begin with."),
    "serve": ("serve:serve", "Run the server."),
    "emulate": ("serve:emulate", "Run a partner's side of the wire on this machine."),
    "partners": ("partners:partners", "What each messaging partner can say."),
    "conform": ("conform:conform", "Try a partner against its emulator, one line a check."),
    "connect": ("connect:connect", "Set up a real number, step by step."),
    "app": ("apps:app", "Create, publish, roll back and list apps."),
    "channel": ("apps:channel", "Set, show, enable and check an app's channel."),
    "log": ("log:log", "The message log."),
    "why": ("log:why", "What happened to one message, from webhook bytes to last status."),
    "doubt": ("log:doubt", "Messages of which it is unknown whether they arrived."),
    "settle": ("log:settle", "End a doubt."),
    "replay": ("log:replay", "Run stored webhooks through a copy, with nothing sent."),
    "doctor": ("doctor:doctor", "Check everything that can be wrong, one line each."),
    "config": ("doctor:config", "Print the settings, where each came from, secrets hidden."),
}


class Lazy(click.Group):
    """A group whose commands are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        found = getattr(importlib.import_module(f"dragoman.cli.{module}"), attribute)
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="dragoman", message="dragoman %(version)s")
@click.option("--home", metavar="FOLDER", help="Where the database, key and settings are.")
@click.option("--config", metavar="FILE", help="A settings file other than dragoman.toml in home.")
@click.pass_context
def cli(ctx: click.Context, home: str | None, config: str | None) -> None:
    """Dragoman connects AI agents to WhatsApp, and says what happened to each message."""
    ctx.obj = {"home": home, "config": config}


def main() -> None:
    """The entry point: every error is one sentence on standard error, and exit code 1."""
    try:
        code = cli(standalone_mode=False)  # what a command gave to ctx.exit
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:  # `dragoman log | head`
        sys.exit(0)
    except Exception as error:
        broken = damaged(error)
        if broken is not None:
            click.echo(broken, err=True)
            sys.exit(1)
        if not is_said(error):
            raise
        click.echo(f"{error}", err=True)
        sys.exit(1)


def damaged(error: Exception) -> str | None:
    """The sentence for a database that cannot be read, None for anything else."""
    origin = type(error).__module__.partition(".")[0]
    if origin not in ("sqlite3", "sqlalchemy", "psycopg"):
        return None
    told = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    return (
        f"The database cannot be used: {told}. If it is damaged, stop the server, move the file "
        "away and restore a backup; if it is locked, close the program that holds it."
    )


def is_said(error: Exception) -> bool:
    """Whether an exception is a sentence for people, and not a fault of ours."""
    from dragoman.settings import SettingsError
    from dragoman.vault import VaultError

    return isinstance(error, SentenceError | SettingsError | VaultError)
