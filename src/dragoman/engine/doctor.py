"""Everything that can be wrong, looked at one by one: what was found, and what to do about it.

Nothing is changed and nothing is sent; partners are asked once whether they accept the credentials.
"""

from __future__ import annotations

import asyncio
import datetime
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from dragoman.domain.clock import Clock
from dragoman.domain.config import decode as decode_config
from dragoman.domain.sentences import Sentence, template_of, words
from dragoman.domain.wire import HttpCall, Reply
from dragoman.egress import Egress
from dragoman.store import doubts
from dragoman.store.drivers import Tx, connect, translate
from dragoman.store.errors import StoreError
from dragoman.store.lock import running_server
from dragoman.store.queries import others
from dragoman.store.queries.messages import MAX_ID, first_id
from dragoman.store.store import reader
from dragoman.vault import SENTENCES as VAULT_SENTENCES
from dragoman.vault import Vault, VaultError

from . import tokens
from .apps import App, read_apps, secret_context

State = Literal["ok", "warn", "fail", "none"]

ROOM_MB = 200
ROOM_PART = 0.05

words(VAULT_SENTENCES)
words(
    {
        "check_home_ok": "{path} can be written.",
        "check_home_new": "{path} is not there yet; the first start makes it.",
        "check_home_wrong": "{path} cannot be written: {reason}.",
        "check_home_fix": "Give this user the folder, or choose another with --home.",
        "check_disk_ok": "{free} free ({part} %).",
        "check_disk_low": "Only {free} free ({part} %) at {path}.",
        "check_disk_fix": "Free space: a full disk makes every webhook wait with 503.",
        "check_key_env": "The key comes from the environment.",
        "check_key_ok": "{path} is there, readable by its owner only.",
        "check_key_new": "{path} is not there yet; the first start makes it.",
        "check_key_lost": "{path} is not there, and {n} stored secrets need it.",
        "check_key_lost_fix": "Bring the key file back from its backup, or enter every secret "
        "again.",
        "check_secrets_ok": "{n} stored secrets open with it.",
        "check_not_writable": "{path} is not writable",
        "check_database_ok": "{url}, schema {version}.",
        "check_database_none": "There is no database yet at {url}.",
        "check_database_fix": "Start the server once, or run `dragoman app create NAME`.",
        "check_locked_ok": "It can be written; no server runs on it.",
        "check_server_dead": "No server runs, and {why}.",
        "check_server_dead_fix": "Start it: `dragoman serve` (or `dragoman demo`).",
        "check_dead_live": "the channel of {apps} is live: partners' webhooks fail",
        "check_dead_queue": "{n} messages wait to be sent",
        "check_webhooks_refused": "Webhooks of {app} refused within the last hour: {n}. The "
        "newest: {reason}",
        "check_items_rejected": "Items of webhooks for {app} that could not be read within "
        "the last day: {n}. The newest: {reason}",
        "check_look": "`dragoman log` shows them between the messages; `dragoman why ID` tells the "
        "rest.",
        "check_account": "{app}: {partner} reported {what} on {date}.",
        "check_account_fix": "Look at the account at the partner; `dragoman why {id}` has the "
        "whole report.",
        "check_server_ok": "{name}, process {pid}, is ready.",
        "check_server_busy": "{name}, process {pid}, works on the database just now.",
        "check_server_silent": "{name}, process {pid}, does not answer at {url}: {detail}.",
        "check_server_unready": "{name}, process {pid}, is not ready: {detail}.",
        "check_server_fix": "Look at its log; if it is stuck, stop it and start it again.",
        "check_servers": "{names} seen within the last minute.",
        "check_servers_none": "No server was seen within the last minute.",
        "check_hold": "Sending from {number} waits since {since}: {reason}",
        "check_doubts": "{n} in doubt.",
        "check_doubts_fix": "`dragoman doubt --all` lists them, `dragoman settle` ends them.",
        "check_parked": "{n} parked, because their turn crashed too often.",
        "check_parked_fix": "`dragoman log --status parked` lists them; mend the agent.",
        "check_queue_ok": "Nothing is held, in doubt or parked.",
        "check_no_app": "There is no app yet.",
        "check_name_ready": "ready",
        "check_name_home": "home folder",
        "check_name_disk": "disk",
        "check_name_key": "key",
        "check_name_secrets": "secrets",
        "check_name_database": "database",
        "check_name_writing": "writing",
        "check_name_server": "server",
        "check_name_apps": "apps",
        "check_name_sending": "sending",
        "check_name_doubts": "doubts",
        "check_name_parked": "parked",
        "check_name_waiting": "waiting",
        "check_name_clock": "clock",
        "check_name_callback": "address for partners",
        "check_name_app": "app {name}",
        "check_no_app_fix": "Run `dragoman app create NAME --agent FILE`.",
    }
)


class House(msgspec.Struct, frozen=True):
    """What is examined, from the settings. timeout_s: for each call. inside: whether the server
    itself looks, which need not ask itself whether it is there."""

    home: Path
    database_url: str
    key: str
    key_path: Path
    public_url: str
    base_url: str
    egress_allow: tuple[str, ...] = ()
    timeout_s: float = 10.0
    inside: bool = False


class Check(msgspec.Struct, frozen=True):
    """One line. state: none for what is not needed or cannot be asked. raw: the call that told it
    and its answer, secrets hidden."""

    name: str
    state: State
    what: Sentence
    remedy: Sentence | None = None
    raw: str = ""


def called(check: Check) -> Sentence | str:
    """The name of a check for people; `name` itself is for programs and the command line."""
    word, _, app = check.name.partition(" ")
    found = Sentence(f"check_name_{word}", {"name": app})
    return found if template_of(found) is not None else check.name


async def examine(house: House) -> AsyncIterator[Check]:
    """Every check, in an order in which an early failure explains the later ones."""
    from .doctor_channels import channels

    yield _home(house)
    yield _disk(house)
    tx: Tx | None = None
    try:
        found = _database(house)
        tx = found if not isinstance(found, Check) else None
        vault, checks = _key(house, tx)
        for check in checks:
            yield check
        if isinstance(found, Check):
            yield found
            return
        yield Check("database", "ok", Sentence("check_database_ok", _about(house, found)))
        if not house.inside:
            async for check in _writing(house, found):
                yield check
        if vault is not None:
            apps = read_apps(found, vault)
            if not apps:
                fix = Sentence("check_no_app_fix")
                yield Check("apps", "warn", Sentence("check_no_app"), fix)
            async for check in channels(house, apps):
                yield check
            for app in apps:
                for check in _came(found, app):
                    yield check
        for check in _queue(found):
            yield check
    finally:
        if tx is not None:
            tx.close()  # type: ignore[attr-defined]


def resting(house: House) -> list[Check]:
    """The checks that ask nobody but this machine and the database, in the order of `examine`.
    Blocks on files and statements."""
    tx: Tx | None = None
    try:
        found = _database(house)
        tx = found if not isinstance(found, Check) else None
        vault, keyed = _key(house, tx)
        checks = [_home(house), _disk(house), *keyed]
        if isinstance(found, Check):
            return [*checks, found]
        checks.append(Check("database", "ok", Sentence("check_database_ok", _about(house, found))))
        for app in read_apps(found, vault) if vault is not None else ():
            checks += _came(found, app)
        return [*checks, *_queue(found)]
    finally:
        if tx is not None:
            tx.close()  # type: ignore[attr-defined]


async def everything(house: House) -> list[Check]:
    """As `examine`, whole, in a thread and loop of its own: its statements and name look-ups block,
    and a server has other things to do meanwhile."""

    async def collected() -> list[Check]:
        return [check async for check in examine(house)]

    return await asyncio.to_thread(asyncio.run, collected())


# --- the machine ---------------------------------------------------------------------------------


def _home(house: House) -> Check:
    path = house.home
    args: dict[str, Any] = {"path": str(path)}
    if not path.exists():
        parent = next(p for p in path.parents if p.exists())
        if os.access(parent, os.W_OK):
            return Check("home", "none", Sentence("check_home_new", args))
        args["reason"] = Sentence("check_not_writable", {"path": str(parent)})
        return Check("home", "fail", Sentence("check_home_wrong", args), Sentence("check_home_fix"))
    try:
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        args["reason"] = error.strerror or str(error)
        return Check("home", "fail", Sentence("check_home_wrong", args), Sentence("check_home_fix"))
    return Check("home", "ok", Sentence("check_home_ok", args))


def _disk(house: House) -> Check:
    place = next(p for p in (house.home, *house.home.parents) if p.exists())
    usage = shutil.disk_usage(place)
    part = usage.free / usage.total
    megabytes = usage.free / 1e6
    free = f"{megabytes / 1000:.1f} GB" if megabytes >= 1000 else f"{megabytes:.0f} MB"
    args = {"free": free, "part": round(part * 100), "path": str(place)}
    if megabytes > ROOM_MB and part > ROOM_PART:
        return Check("disk", "ok", Sentence("check_disk_ok", args))
    state: State = "warn" if megabytes > ROOM_MB else "fail"
    return Check("disk", state, Sentence("check_disk_low", args), Sentence("check_disk_fix"))


def _key(house: House, tx: Tx | None) -> tuple[Vault | None, list[Check]]:
    """The key, and whether it opens what was sealed."""
    rows = [] if tx is None else _sealed(tx)
    args = {"path": str(house.key_path), "n": len(rows)}
    if not house.key and not house.key_path.exists():  # looking must not make one
        if rows:
            lost = Sentence("check_key_lost", args)
            return None, [Check("key", "fail", lost, Sentence("check_key_lost_fix"))]
        return None, [Check("key", "none", Sentence("check_key_new", args))]
    try:
        vault = Vault.start(house.key, house.key_path)
        found = Sentence("check_key_env") if house.key else Sentence("check_key_ok", args)
        checks = [Check("key", "ok", found)]
        for sealed, context in rows:
            vault.open(sealed, context=context)
    except VaultError as error:
        return None, [Check("key", "fail", Sentence(error.message_id, error.values))]
    if rows:
        checks.append(Check("secrets", "ok", Sentence("check_secrets_ok", args)))
    return vault, checks


def _sealed(tx: Tx) -> list[tuple[bytes, bytes]]:
    """Everything sealed that is in use, each with what it is bound to."""
    pasted = tx.run("SELECT app_id,id,sealed FROM secret WHERE revoked IS NULL")
    granted = tx.run("SELECT app_id,id,sealed FROM token WHERE superseded=0")
    return [
        *((bytes(r[2]), secret_context(r[0], r[1])) for r in pasted),
        *((bytes(r[2]), tokens.context(r[0], r[1])) for r in granted),
    ]


# --- the database --------------------------------------------------------------------------------


def _file(house: House) -> Path | None:
    if not house.database_url.startswith("sqlite:///"):
        return None
    return Path(house.database_url.removeprefix("sqlite:///"))


def _database(house: House) -> Tx | Check:
    """A connection, or why there is none."""
    path = _file(house)
    if path is not None and not path.exists():
        what = Sentence("check_database_none", {"url": house.database_url})
        return Check("database", "fail", what, Sentence("check_database_fix"))
    try:
        return reader(house.database_url)
    except StoreError as error:
        return Check("database", "fail", _locked(error) or error.sentence)


def _locked(error: StoreError) -> Sentence | None:
    detail = str(error.sentence.args.get("detail", ""))
    return Sentence("store_locked", {"detail": detail}) if "locked" in detail else None


def _about(house: House, tx: Tx) -> dict[str, Any]:
    from dragoman.store.migrate import public

    version = tx.run("SELECT version_num FROM alembic_version")[0][0]
    return {"url": public(house.database_url), "version": version}


async def _writing(house: House, tx: Tx) -> AsyncIterator[Check]:
    """Who writes the database: a server that answers, or anybody who can lock it."""
    path = _file(house)
    if path is None:
        yield _servers(tx)
        return
    server = running_server(path)
    if server is not None:
        yield await _server(house, server)
        return
    try:
        _lock(house.database_url)
    except Exception as error:
        away = error if isinstance(error, StoreError) else translate(error)
        if away is None:
            raise
        yield Check("writing", "fail", _locked(away) or away.sentence)
        return
    yield Check("writing", "ok", Sentence("check_locked_ok"))
    why = _needs_a_server(tx)
    if why is not None:
        dead = Sentence("check_server_dead", {"why": why})
        yield Check("server", "fail", dead, Sentence("check_server_dead_fix"))


def _needs_a_server(tx: Tx) -> Sentence | None:
    """Why it is a failure that none runs."""
    waiting = int(tx.run("SELECT count(*) FROM outbox")[0][0])
    if waiting:
        return Sentence("check_dead_queue", {"n": waiting})
    live = [
        name
        for name, body in tx.run(
            """SELECT a.name,c.body FROM app a JOIN config c ON c.app_id=a.id
            AND c.version=a.published WHERE a.deleted IS NULL ORDER BY a.name"""
        )
        if decode_config(body).channel.enabled
    ]
    return Sentence("check_dead_live", {"apps": ", ".join(live)}) if live else None


def _lock(url: str) -> None:
    tx = connect(url, write=True)
    try:
        tx.run("PRAGMA busy_timeout=500")
        tx.begin()
        tx.rollback()
    finally:
        tx.close()


def _servers(tx: Tx) -> Check:
    since = Clock().now() - 60_000
    rows = tx.run("SELECT name FROM process WHERE seen_at>? ORDER BY name", (since,))
    if not rows:
        return Check("server", "none", Sentence("check_servers_none"))
    names = ", ".join(r[0] for r in rows)
    return Check("server", "ok", Sentence("check_servers", {"names": names}))


async def _server(house: House, server: dict[str, Any]) -> Check:
    args = {k: server.get(k, "?") for k in ("name", "pid", "url")}
    if "url" not in server:  # a command that holds the lock for a moment
        return Check("server", "ok", Sentence("check_server_busy", args))
    address = str(server["url"]).partition("//")[2]
    async with Egress((address,)) as egress:
        reply = await egress.call(
            HttpCall("GET", f"{server['url']}/readyz", "ready"), timeout_s=house.timeout_s
        )
    fix = Sentence("check_server_fix")
    if not isinstance(reply, Reply):
        args["detail"] = reply.said
        return Check("server", "fail", Sentence("check_server_silent", args), fix)
    if reply.status != 200:
        args["detail"] = reply.body[:300].decode("utf-8", "replace")
        return Check("server", "fail", Sentence("check_server_unready", args), fix)
    return Check("server", "ok", Sentence("check_server_ok", args))


# --- what came and is no message -----------------------------------------------------------------

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
# Words with which partners say that an account, a number or a template is in trouble.
_TROUBLE = re.compile(
    r"disabl|restrict|violation|ban|reject|paused|flagged|delet|\bRED\b|block|suspend",
    re.IGNORECASE,
)


def _came(tx: Tx, app: App) -> Iterator[Check]:
    """Refused webhooks, unreadable items, and what a partner reported of the account."""
    now, name = Clock().now(), f"app {app.name}"
    for table, since, word in (
        ("refused", HOUR_MS, "check_webhooks_refused"),
        ("rejected", DAY_MS, "check_items_rejected"),
    ):
        after = first_id(now - since)
        count = others.count_since(tx, table, app.id, after)
        newest = [o for o in others.newest(tx, app.id, after, 50) if o.table == table]
        if count and newest and newest[-1].reason is not None:
            args = {"n": count, "app": app.name, "reason": newest[-1].reason}
            yield Check(name, "warn", Sentence(word, args), Sentence("check_look"))
    told: dict[str, others.Other] = {}
    for other in others.newest(tx, app.id, first_id(now - 7 * DAY_MS), 200):
        if other.table == "event" and other.about in ("account", "template"):
            key = other.data.get("name") or other.data.get("number") or other.data.get("field", "")
            told[f"{other.about} {key}"] = other  # the newest of each counts
    for other in told.values():
        said = f"{other.data.get('field', '')} {other.data.get('change', '')}".strip()
        if not _TROUBLE.search(said):
            continue
        what = f"{said} ({other.data['name']})" if other.data.get("name") else said
        args = {"app": app.name, "partner": other.partner, "what": what, "date": _date(other.at)}
        fix = Sentence("check_account_fix", {"id": other.name})
        yield Check(name, "warn", Sentence("check_account", args), fix)


def _date(at: int) -> str:
    return f"{datetime.datetime.fromtimestamp(at / 1000, datetime.UTC):%Y-%m-%d}"


# --- what waits for a person ---------------------------------------------------------------------


def _queue(tx: Tx) -> Iterator[Check]:
    from .standing import error_sentence, phone, span

    now = Clock().now()
    clean = True
    for key, display, since, hold in tx.run(
        "SELECT key,display,hold_since,hold FROM number WHERE hold_since>0 AND hold IS NOT NULL"
    ):
        args = {"number": phone(display) or key, "since": span(max(0, now - since)),
                "reason": error_sentence(hold)}  # fmt: skip
        clean = False
        yield Check("sending", "fail", Sentence("check_hold", args))
    doubtful = len(doubts.listed(tx, MAX_ID))
    if doubtful:
        clean = False
        fix = Sentence("check_doubts_fix")
        yield Check("doubts", "warn", Sentence("check_doubts", {"n": doubtful}), fix)
    parked = tx.run("SELECT count(*) FROM message WHERE answer=3")[0][0]
    if parked:
        clean = False
        fix = Sentence("check_parked_fix")
        yield Check("parked", "warn", Sentence("check_parked", {"n": parked}), fix)
    if clean:
        yield Check("waiting", "ok", Sentence("check_queue_ok"))
