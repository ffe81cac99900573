"""What the commands share: settings, a database to read, and a way to change something."""

from __future__ import annotations

import getpass
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.settings import Settings, load

if TYPE_CHECKING:
    from dragoman.partners.contract import Field, Partner

words(
    {
        "address_not_public": "{partner} cannot call {url}: it is plain http, or an address of "
        "this machine or network. Set public_url to the https address that leads here.",
        "server_silent": "The server (process {pid}) does not answer at {url}: {detail}. If it is "
        "stuck, stop it and try again.",
    }
)


DOTS = "•" * 8  # for a secret


def settings(ctx: click.Context, **flags: Any) -> Settings:
    """The settings of this command line. Raises SettingsError."""
    given = ctx.find_root().obj or {}
    home = given.get("home")
    if home is None and "DRAGOMAN_HOME" not in os.environ:
        home = usual_home()
    return load(home, flags, os.environ, config=given.get("config"))


def usual_home() -> Path:
    """Where a command looks when it was not told: `.dragoman` here, or the demo's folder when that
    is all there is (or all that runs)."""
    from dragoman.store.lock import running_server

    own, demo = Path(".dragoman"), Path(".demo")
    if not demo.exists() or (own.exists() and running_server(demo / "dragoman.db") is None):
        return own
    if own.exists() and running_server(own / "dragoman.db") is not None:
        return own
    return demo


def database_path(s: Settings) -> Path | None:
    """The SQLite file, None for PostgreSQL."""
    if not s.database_url.startswith("sqlite:///"):
        return None
    return Path(s.database_url.removeprefix("sqlite:///"))


def server_address(s: Settings) -> str | None:
    """host:port of the running server on this machine, None when none runs."""
    from urllib.parse import urlsplit

    from dragoman.store.lock import running_server

    database = database_path(s)
    server = running_server(database) if database is not None else None
    return urlsplit(str(server["url"])).netloc if server and server.get("url") else None


def public_url(s: Settings, path: str) -> str:
    """Where others reach a path of ours: as the running server knows it, which may listen on a
    port that this command was not told of; else by the settings."""
    from dragoman.store.lock import running_server

    database = database_path(s)
    server = running_server(database) if database is not None else None
    if server is not None and server.get("public_url"):
        return f"{server['public_url']}/{path.lstrip('/')}"
    return s.url_for(path)


def ours(s: Settings, shown: Mapping[str, Any]) -> dict[str, str]:
    """What a partner is given of a channel (`channel.show`): the values of its `GIVES`. Secrets
    that were shown once are dots here, or the command that shows them."""
    from dragoman.engine.given import given

    credential, none = shown["credential"], "none: associate an app first"
    ready = f"what `dragoman app credential token '{shown['name']}' '{credential}'` prints"
    return given(
        lambda path: public_url(s, path), shown["partner"], shown["stream_id"],
        verify_token=shown["verify_token"], client_id=shown["client_id"] or none,
        authorization=ready if credential else none,
        url_key=(shown.get("url_key") or DOTS) if shown["url_secret"] else "",
    )  # fmt: skip


def far_away(label: str, url: str) -> Sentence | None:
    """Why a real partner could not call an address of ours; None where nothing is seen that would
    keep it from that."""
    from dragoman.engine.given import is_near

    return Sentence("address_not_public", {"partner": label, "url": url}) if is_near(url) else None


def print_gives(talker: Partner, shown: Mapping[str, Any], known: Mapping[str, str]) -> None:
    """What of ours is pasted at the partner now, and where: without what belongs to a sign-in, or
    to an app that is not associated."""
    for give in talker.GIVES:
        if give.name == "callback_url":
            continue
        if give.name in ("client_id", "authorization") and not shown["client_id"]:
            continue
        click.echo(f"  {give.label:<14} {give.value.format_map(known)}")
        click.echo(f"  {'':<14} {give.where_to_paste}")


def letter_of(talker: Partner, shown: Mapping[str, Any], known: Mapping[str, str]) -> str:
    """The letter to a partner's support with our values in it; empty where none is needed. Secrets
    are dots, but for those that `channel.letter` answered with."""
    if not talker.LETTER:
        return ""
    from dragoman.partners.letter import written

    texts = {k: v for k, v in shown["values"].items() if isinstance(v, str)}
    values = {**texts, **known, "numbers": ", ".join(f"+{n}" for n in shown["numbers"])}
    values["authorization"] = DOTS if shown["client_id"] else ""
    return written(talker.LETTER, {**values, **shown.get("ready", {})})


def print_letter(talker: Partner, shown: Mapping[str, Any], known: Mapping[str, str]) -> None:
    """The letter, where there is one, and how to have it with its secrets where it lacks them."""
    letter = letter_of(talker, shown, known)
    if not letter:
        return
    click.echo("\nThe letter to their support\n")
    click.echo("\n".join(f"  {line}".rstrip() for line in letter.splitlines()))
    if DOTS in letter:
        command = f"dragoman channel letter '{shown['name']}'"
        click.echo(f"\n  ! Dots stand for secrets here: `{command}` prints the letter whole, to be "
                   "copied.")  # fmt: skip


def asked(field: Field, fields: Sequence[Field], values: Mapping[str, Any]) -> bool:
    """Whether the form asks for a field, which may hang on another one's value."""
    if field.only_if is None:
        return True
    other, wanted = field.only_if
    usual = next((f.default for f in fields if f.name == other), None)
    return (values.get(other) or usual) in wanted


def change(s: Settings, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """Run an operator's command: handed to the running server, or done here when none runs.

    Raises SentenceError with what the person should read.
    """
    from dragoman.store.lock import ServerLock, running_server

    path = database_path(s)
    given = {"who": getpass.getuser(), **args}
    if path is None:
        return _change_here(s, name, given)
    server = running_server(path)
    if server is not None:
        return _hand_over(server, name, given)
    lock = ServerLock(path)
    lock.take({"name": "a command", "pid": os.getpid()})
    try:
        return _change_here(s, name, given)
    finally:
        lock.release()


def _change_here(s: Settings, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    from dragoman.domain.clock import Clock, Ids
    from dragoman.engine import commands
    from dragoman.engine.publish import Change
    from dragoman.store import migrate
    from dragoman.store.drivers import connect
    from dragoman.vault import Vault

    s.home.mkdir(parents=True, exist_ok=True)
    vault = Vault.start(s.key, s.key_path)
    migrate.upgrade(s.database_url)
    tx = connect(s.database_url, write=True)
    try:
        tx.begin()
        try:
            who = Change(vault, Ids(), str(args["who"]), Clock().now())
            result = commands.run(tx, who, name, args)
            tx.commit()
        except BaseException:
            tx.rollback()
            raise
    finally:
        tx.close()
    return result


def _hand_over(server: Mapping[str, Any], name: str, args: Mapping[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{server['url']}/_control/{name}",
        data=json.dumps(args).encode(),
        headers={
            "x-dragoman-control": str(server.get("token", "")),
            "content-type": "application/json",
        },
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            result = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        body = error.read()
        if error.code == 422:
            import dragoman.engine.commands  # noqa: F401  the words of its sentences

            told = json.loads(body)["error"]
            raise SentenceError(Sentence(told["id"], told.get("args", {}))) from None
        detail = f"{error.code} {body.decode('utf-8', 'replace')}"
        raise SentenceError(_silent(server, detail)) from None
    except (OSError, ValueError) as error:
        raise SentenceError(_silent(server, str(error))) from None
    assert isinstance(result, dict)
    return result


def _silent(server: Mapping[str, Any], detail: str) -> Sentence:
    return Sentence(
        "server_silent",
        {"pid": server.get("pid", "?"), "url": server.get("url", "?"), "detail": detail},
    )
