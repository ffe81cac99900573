"""`dragoman replay`: the temporary copy, the run, and the printed difference.

As a program of its own (`python -m dragoman.cli.replaying`) it replays the turn of one message for
the console: an agent is code, and its sockets can be shut for a whole process only. It reads an
`Order` from its input and writes `Done`, both JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import difflib
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
import structlog

from dragoman.app import Dragoman
from dragoman.cli import lines
from dragoman.cli.common import public_url
from dragoman.domain.clock import Clock, FixedClock
from dragoman.domain.config import AppConfig
from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.engine import past, replay
from dragoman.engine.apps import App, read_apps
from dragoman.engine.past import Past
from dragoman.engine.replay import Answer, Exchange, Stage
from dragoman.engine.wording import say
from dragoman.settings import Settings
from dragoman.store import migrate
from dragoman.store.drivers import Tx, connect
from dragoman.vault import Vault

log = structlog.get_logger("replaying")


def run(
    settings: Settings, tx: Tx, app_id: int | None, draft: bool, file: str | None,
    after: int, count: int,
) -> int:  # fmt: skip
    """Replay and print. Returns how many turns were answered differently."""
    app = _app(tx, Vault.start(settings.key, settings.key_path), app_id)
    config = past.answering(app, draft, file)
    exchanges = _exchanges(settings, tx, past.choose(tx, app, after, count), config)
    copy = "this file" if file else "in-development copy" if draft else "published copy"
    return _print(exchanges, config, copy)


def _exchanges(settings: Settings, tx: Tx, chosen: Past, config: AppConfig) -> list[Exchange]:
    """Each chosen turn, then and now. The database behind `tx` is only read."""
    with _quiet(), tempfile.TemporaryDirectory(prefix="dragoman-replay-") as folder:
        mine = _settings(settings, Path(folder))
        _copy(tx, mine.database_url, chosen, config)
        with replay.sockets_shut():
            asyncio.run(_run(mine, chosen))
        target = connect(mine.database_url, write=False)
        try:
            return replay.compare(tx, target, chosen)
        finally:
            target.close()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No log lines: the report is the output, and tells of crashes."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def _settings(real: Settings, folder: Path) -> Settings:
    """The same settings over a database of its own, with nobody acting on their own account: a
    *web* process begins no turn and sweeps nothing. Links lead to where the server is that runs,
    as they did in the answers that are compared."""
    key_file = real.key_file if real.key_path.exists() else str(folder / "key")
    return msgspec.structs.replace(
        real, home=folder, database_url=f"sqlite:///{folder / 'replay.db'}", key_file=key_file,
        public_url=public_url(real, "").rstrip("/"), role="web", rate_per_number=0.0,
        pair_rate=False, turn_tries=1, stop_grace_s=1.0, media_store="disk",
    )  # fmt: skip


def _app(tx: Tx, vault: Vault, app_id: int | None) -> App:
    apps = read_apps(tx, vault)
    found = [a for a in apps if app_id in (None, a.id)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise SentenceError(Sentence("log_empty"))
    known = ", ".join(a.name for a in found)
    raise SentenceError(Sentence("replay_which", {"known": known}))


def _copy(source: Tx, url: str, chosen: Past, config: AppConfig) -> None:
    migrate.upgrade(url)
    target = connect(url, write=True)
    try:
        target.begin()
        past.copy(source, target, chosen, config)
        target.commit()
    finally:
        target.close()


async def _run(settings: Settings, chosen: Past) -> None:
    clock = FixedClock(chosen.hooks[0][2])
    app = Dragoman(settings, clock=clock)
    app.egress.shut = True
    await app.start()
    try:
        stage = Stage(app.store, app.apps, app.turns, clock, app.ids, app.owner,
                      settings.turn_timeout_s + 5)  # fmt: skip
        await replay.run(stage, chosen)
    finally:
        await app.stop()


# --- for the console -----------------------------------------------------------------------------


class Order(msgspec.Struct, frozen=True):
    """What is replayed: the turn of a message, with the agent in development."""

    settings: Settings
    app_id: int
    message_id: int


class Done(msgspec.Struct, frozen=True):
    """What came of it, or why nothing did."""

    exchanges: list[Exchange] = []
    refused: Sentence | None = None


async def message(settings: Settings, app_id: int, message_id: int) -> list[Exchange]:
    """Replay the turn of a message in a process of its own. Raises SentenceError."""
    given = msgspec.structs.replace(settings, sources={})
    order = msgspec.json.encode(Order(given, app_id, message_id), enc_hook=str)  # paths
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dragoman.cli.replaying", stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    limit = settings.turn_timeout_s + STARTING_S
    try:
        async with asyncio.timeout(limit):
            out, errors = await child.communicate(order)
        done = msgspec.json.decode(out, type=Done)
    except TimeoutError:
        raise SentenceError(Sentence("replay_stuck", {"seconds": round(limit)})) from None
    except msgspec.MsgspecError:
        log.error("replay_died", why=errors[-2000:].decode("utf-8", "replace"))
        raise SentenceError(Sentence("replay_died", {"code": child.returncode})) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if done.refused is not None:
        raise SentenceError(done.refused)
    return done.exchanges


STARTING_S = 30.0  # for a process, its imports and an empty database, on a busy machine

words(
    {
        "replay_died": "The process that ran the turn again ended by itself (code {code}), so "
        "there is no answer to show.",
    }
)


def _path(kind: type, value: Any) -> Any:
    return kind(value)


def main() -> None:
    # What an agent prints must not get between: it goes where nobody looks.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order, dec_hook=_path)
    try:
        done = Done(_of_message(order))
    except SentenceError as error:
        done = Done(refused=error.sentence)
    with answer:
        answer.write(msgspec.json.encode(done))


def _of_message(order: Order) -> list[Exchange]:
    s = order.settings
    tx = connect(s.database_url, write=False)
    try:
        app = _app(tx, Vault.start(s.key, s.key_path), order.app_id)
        chosen, names = past.of_message(tx, app, order.message_id)
        found = _exchanges(s, tx, chosen, past.answering(app, True, None))
        return [one for one in found if names & set(one.names)]
    finally:
        tx.close()


# --- printed -------------------------------------------------------------------------------------


def _print(exchanges: list[Exchange], config: AppConfig, copy: str) -> int:
    now = Clock().now()
    agent = config.agent.path or config.agent.kind
    click.echo(f"Agent: {lines.one_line(agent, 200)} ({copy}). Nothing is sent.")
    for exchange in exchanges:
        for line in _exchange_lines(exchange, now):
            click.echo(line)
    different = sum(not e.same for e in exchanges)
    turns = "1 turn" if len(exchanges) == 1 else f"{len(exchanges)} turns"
    click.echo(f"{turns}: {len(exchanges) - different} same, {different} different.")
    return different


def _exchange_lines(e: Exchange, now: int) -> list[str]:
    word = click.style("same     ", fg="green") if e.same else click.style("different", fg="yellow")
    said = lines.one_line(" / ".join(e.said))
    out = [f"{lines.clock(e.at, now)}  {word}  {', '.join(e.names)}  {said}"]
    if e.same:
        return out
    if e.then_note:
        out.append(f"    then: {lines.one_line(say(e.then_note), 500)}")
    if e.now_note:
        out.append(f"    now:  {lines.one_line(say(e.now_note), 500)}")
    diff = difflib.unified_diff(_text(e.then), _text(e.now), lineterm="", n=1)
    for line in list(diff)[2:]:
        colour = {"+": "green", "-": "red"}.get(line[:1])
        if not line.startswith("@@"):
            shown = lines.one_line(line[1:], 500)
            out.append(click.style(f"    {line[:1]} {shown}", fg=colour))
    return out


def _text(answers: tuple[Answer, ...]) -> list[str]:
    """Answers as lines to compare: a text is its own line, anything else its fields."""
    out: list[str] = []
    for answer in answers:
        content = {k: v for k, v in answer.content.items() if k != "kind"}
        if set(content) == {"text"}:
            out += [f"{answer.kind}: {part}" for part in str(content["text"]).split("\n")]
        else:
            out.append(f"{answer.kind}:")
            body = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
            out += body.split("\n")[1:-1]
        for name, value in (("quotes", answer.reply_to), ("extra", answer.extra)):
            if value is not None:
                out.append(f"  {name}: {value}")
    return out


if __name__ == "__main__":
    main()
