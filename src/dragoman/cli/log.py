"""The commands that look at messages: log, why, doubt, settle, replay.

They read the database beside a running server, or without one; `settle` hands its change over.
"""

from __future__ import annotations

import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

import click
import msgspec

from dragoman.cli import common, lines
from dragoman.domain.clock import Clock
from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.engine.follow import Follower
from dragoman.store.drivers import Tx
from dragoman.store.queries import chain, messages, others
from dragoman.store.queries.messages import Filter
from dragoman.vault import Redactor

words(
    {
        "message_unknown": "Nothing here has the id {value!r}. Ids look like in-6YJH247DX400 or "
        "out-6YJH247DX401; a partner's id, a phone number and `last` work too. `dragoman log` "
        "lists messages.",
        "log_empty": "There is no message yet.",
        "status_unknown": "{value!r} is no status. One of: {known}.",
        "since_wrong": "{value!r} is no length of time: write 90s, 10m, 2h or 7d.",
        "conversation_unknown": "Nobody with {value!r} has written yet. Give a phone number with "
        "its country code, a user id, or a conversation's id.",
        "settle_how": "Say how it ended: --arrived (the person has it) or --send-again (it may "
        "double).",
        "app_not_here": "There is no app {name!r}. Apps: {known}.",
    }
)

_SPANS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def read(ctx: click.Context) -> Tx:
    """A connection that reads the installation's database, closed when the command ends. Raises
    StoreError."""
    from dragoman.store.store import reader

    tx = reader(common.settings(ctx).database_url)
    ctx.call_on_close(tx.close)  # type: ignore[attr-defined]
    return tx


def span(text: str) -> int:
    """A length of time in ms. Raises SentenceError."""
    found = re.fullmatch(r"(\d{1,9})\s*([smhd])", text.strip().lower())
    if found is None:
        raise SentenceError(Sentence("since_wrong", {"value": text}))
    return int(found[1]) * _SPANS[found[2]]


def app_id(tx: Tx, name: str | None) -> int | None:
    """The app of a name, None for all. Raises SentenceError."""
    if name is None:
        return None
    known = messages.apps(tx)
    for id, one in known:
        if one == name:
            return id
    args = {"name": name, "known": ", ".join(n for _, n in known) or "none yet"}
    raise SentenceError(Sentence("app_not_here", args))


def status_word(text: str | None) -> str | None:
    """A status as the log says it. Raises SentenceError."""
    if text is None:
        return None
    word = text.strip().lower().replace("-", " ").replace("_", " ")
    if word not in messages.WORDS:
        known = ", ".join(w.replace(" ", "-") for w in messages.WORDS)
        raise SentenceError(Sentence("status_unknown", {"value": text, "known": known}))
    return word


def redactor(ctx: click.Context, tx: Tx) -> Redactor:
    """Knows every secret that can be opened with the key at hand; knows none without a key."""
    from dragoman.engine.apps import secret_context
    from dragoman.vault import Vault, VaultError

    s = common.settings(ctx)
    found = Redactor()
    if not s.key and not s.key_path.exists():  # looking must not make a key
        return found
    try:
        vault = Vault.start(s.key, s.key_path)
    except VaultError:
        return found
    for app, id, sealed in tx.run("SELECT app_id,id,sealed FROM secret"):
        try:
            found.know([vault.open_text(bytes(sealed), context=secret_context(app, id))])
        except VaultError:
            continue
    return found


# --- log -----------------------------------------------------------------------------------------


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on and print what happens, until Ctrl-C.")
@click.option("--app", "app_name", metavar="NAME", help="Only this app.")
@click.option("--conversation", metavar="ID|PHONE", help="Only one contact's messages.")
@click.option("--message", metavar="ID", help="Only this message: our id or the partner's.")
@click.option("--status", metavar="WORD", help="Only this status, such as failed or waiting.")
@click.option("--in", "incoming", is_flag=True, help="Only what came in.")
@click.option("--out", "outgoing", is_flag=True, help="Only what goes out.")
@click.option("--since", metavar="10m", help="Only the last 90s, 10m, 2h, 7d.")
@click.option("-n", "count", default=20, show_default=True, type=click.IntRange(0, 100_000),
              help="How many, at most.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def log(ctx: click.Context, follow: bool, app_name: str | None, conversation: str | None,
        message: str | None, status: str | None, incoming: bool, outgoing: bool,
        since: str | None, count: int, as_json: bool) -> None:  # fmt: skip
    """The message log, newest last: time, ▼ in or ▲ out, id, status, who, words. Without a filter
    also what was refused or could not be read (■), and events of accounts and templates (·).
    """
    after = messages.first_id(Clock().now() - span(since)) if since else 0
    word = status_word(status)
    tx = read(ctx)
    if message is not None:
        found = _find(tx, message)
        if found.table != "message":
            raise SentenceError(Sentence("message_unknown", {"value": message}))
        wanted = Filter(one=(found.app_id, found.id))
    else:
        direction = None if incoming == outgoing else int(outgoing)
        wanted = Filter(app_id(tx, app_name), _conversations(tx, conversation), direction, word,
                        after)  # fmt: skip
    many = app_name is None and len(messages.apps(tx)) > 1
    printer = _Printer(as_json, many)
    all_of_it = wanted == Filter(wanted.app_id, after=after)  # a filter asks for messages
    follower = Follower(tx, wanted, printer, others=all_of_it) if follow else None
    shown = messages.newest(tx, wanted, count, Clock().now())
    beside = others.newest(tx, wanted.app_id, after, count) if all_of_it else []
    both: list[messages.Line | others.Other] = [*shown, *beside]
    both.sort(key=lambda one: one.id)
    for one in both[-count:] if count else []:
        if isinstance(one, others.Other):
            printer.other(one)
        else:
            printer.message(one)
    if follower is not None:
        follower.shown(shown)
        _go_on(follower, tx)
    elif not both and not as_json:
        click.echo("No message fits." if _any(tx) else "There is no message yet.", err=True)


EVERY_S = 0.3


def _go_on(follower: Follower, tx: Tx) -> None:
    """Print what happens until Ctrl-C. A KeyboardInterrupt is lost where it falls into a callback
    of a library, so the signal leaves a mark instead."""
    stopped: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: stopped.append(number))
    while not stopped:
        follower.look(tx)
        time.sleep(EVERY_S)


class _Printer:
    """Writes lines as they come, each at once."""

    def __init__(self, as_json: bool, many_apps: bool) -> None:
        self._json = as_json
        self._many = many_apps

    def message(self, line: messages.Line) -> None:
        now = Clock().now()
        if self._json:
            self._write(lines.log_json(line, now))
        else:
            click.echo(lines.log_line(line, now, app=line.app if self._many else ""))

    def other(self, other: others.Other) -> None:
        if self._json:
            self._write(lines.other_json(other))
        else:
            app = other.app if self._many else ""
            click.echo(lines.other_line(other, Clock().now(), app=app))

    def change(self, line: messages.Line, at: int) -> None:
        now = Clock().now()
        if messages.word(line, now) == messages.HANDLED:
            return  # the answer itself is the news
        if self._json:
            self._write({**lines.log_json(line, now), "changed": lines.iso(at)})
        else:
            click.echo(lines.change_line(line, now, at))

    def _write(self, value: dict[str, Any]) -> None:
        click.echo(msgspec.json.encode(value).decode())


def _any(tx: Tx) -> bool:
    return chain.last(tx) is not None


def _conversations(tx: Tx, text: str | None) -> tuple[tuple[int, int], ...] | None:
    if text is None:
        return None
    found = chain.conversations_of(tx, text)
    if not found:
        raise SentenceError(Sentence("conversation_unknown", {"value": text}))
    return tuple(found)


def _find(tx: Tx, text: str) -> chain.Found:
    found = chain.find(tx, text)
    if found is None and text.strip() == "last":
        raise SentenceError(Sentence("log_empty"))
    if found is None:
        raise SentenceError(Sentence("message_unknown", {"value": text}))
    return found


# --- why -----------------------------------------------------------------------------------------


@click.command()
@click.argument("what", metavar="MESSAGE_ID|last")
@click.option("--raw", is_flag=True, help="Print the bodies too, secrets removed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def why(ctx: click.Context, what: str, raw: bool, as_json: bool) -> None:
    """What happened to one message, from webhook bytes to last status.

    Give `last`, an id of ours (in-…, out-…, hook-…, rejected-…, refused-…, event-…), the partner's
    id of a message, or a phone number for that person's newest message.
    """
    from dragoman.engine.why import jsonable, story

    tx = read(ctx)
    now = Clock().now()
    told = story(tx, _find(tx, what), now, redactor(ctx, tx))
    if as_json:
        click.echo(msgspec.json.encode(jsonable(told)).decode())
        return
    for line in lines.story_lines(told, now, raw=raw):
        click.echo(line)


# --- doubt and settle ----------------------------------------------------------------------------


@click.command()
@click.option("--all", "every", is_flag=True, help="Those that may still settle themselves, too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_context
def doubt(ctx: click.Context, every: bool, as_json: bool) -> None:
    """Messages that were sent, and of which it is unknown whether they arrived."""
    from dragoman.store import doubts

    tx = read(ctx)
    now = Clock().now()
    before = messages.MAX_ID if every else now - common.settings(ctx).doubt_list_ms
    found = messages.load(tx, [(r[0], r[2]) for r in doubts.listed(tx, before)])
    for line in sorted(found, key=lambda one: one.doubt_since):
        if as_json:
            value = {**lines.log_json(line, now), "since": lines.iso(line.doubt_since)}
            click.echo(msgspec.json.encode(value).decode())
        else:
            click.echo(lines.log_line(line, now, app=line.app))
    if as_json:
        return
    if found:
        click.echo("End each with: dragoman settle ID --arrived, or --send-again (may double it).")
    else:
        younger = 0 if every else len(doubts.listed(tx, messages.MAX_ID))
        click.echo("Nothing is in doubt." if not younger else
                   f"{younger} in doubt, but not for long: they may still settle by themselves. "
                   "See them with dragoman doubt --all.")  # fmt: skip


@click.command()
@click.argument("message", metavar="ID")
@click.option("--arrived", is_flag=True, help="The person has it.")
@click.option("--send-again", is_flag=True, help="Send it again as a new message; it may double.")
@click.pass_context
def settle(ctx: click.Context, message: str, arrived: bool, send_again: bool) -> None:
    """End a doubt: who did it, and when, is kept."""
    if arrived == send_again:
        raise SentenceError(Sentence("settle_how"))
    s = common.settings(ctx)
    read(ctx)  # a missing database is told, not made
    result = common.change(s, "doubt.settle", {"id": message, "arrived": arrived})
    if arrived:
        click.echo(f"{message} is settled: it arrived.")
    else:
        click.echo(f"{message} is settled: it is sent again as {result['again']}.")


# --- replay --------------------------------------------------------------------------------------


@click.command()
@click.option("--app", "app_name", metavar="NAME", help="Which app; needed when there are several.")
@click.option("--draft", is_flag=True, help="Answer with the in-development agent.")
@click.option("--file", "file", metavar="AGENT", type=click.Path(exists=True, dir_okay=False),
              help="Answer with this file (.py or .js).")  # fmt: skip
@click.option("--since", metavar="10m", help="Only webhooks of the last 90s, 10m, 2h, 7d.")
@click.option("-n", "count", default=50, show_default=True, type=click.IntRange(1, 100_000),
              help="How many webhooks, at most: the newest.")  # fmt: skip
@click.option("--exit-code", is_flag=True, help="Exit with 1 when an answer differs.")
@click.pass_context
def replay(ctx: click.Context, app_name: str | None, draft: bool, file: str | None,
           since: str | None, count: int, exit_code: bool) -> None:  # fmt: skip
    """Feed stored webhooks to a copy with egress shut, and print how the answers differ.

    The database is only read: everything happens in a temporary copy, which is thrown away. Calls
    to the partner, an agent's `turn.http` and every Python socket are refused. What an agent's own
    code does to files or in child processes is not held back.
    """
    from dragoman.cli.replaying import run

    after = time.time_ns() // 1_000_000 - span(since) if since else 0
    path = str(Path(file).resolve()) if file else None
    tx = read(ctx)
    different = run(common.settings(ctx), tx, app_id(tx, app_name), draft, path, after, count)
    if different and exit_code:
        sys.exit(1)
