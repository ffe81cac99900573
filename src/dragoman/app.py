"""The composition root: every part is made here, started in order and stopped in reverse."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import os
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog

from dragoman.agents.contract import Agent
from dragoman.domain.clock import Clock, Ids
from dragoman.domain.config import AgentConfig
from dragoman.domain.networks import read_network
from dragoman.domain.retry import Limits
from dragoman.domain.sentences import Sentence, SentenceError
from dragoman.egress import AgentHttp, Egress
from dragoman.engine import commands, people
from dragoman.engine.accounts import Accounts
from dragoman.engine.agents import Agents
from dragoman.engine.apps import Apps
from dragoman.engine.attachments import Attachments
from dragoman.engine.broadcast import Broadcast
from dragoman.engine.consent import Consent
from dragoman.engine.delivery import Delivery
from dragoman.engine.files import Files
from dragoman.engine.housekeeping import Housekeeping
from dragoman.engine.intake import Intake
from dragoman.engine.links import Links
from dragoman.engine.media import Fetching
from dragoman.engine.notifications import Notifications
from dragoman.engine.pacing import Pace
from dragoman.engine.personal import Scripts
from dragoman.engine.preparing import Preparing
from dragoman.engine.publish import Change
from dragoman.engine.pulling import Pulling
from dragoman.engine.raw import RawItems
from dragoman.engine.turns import Turns
from dragoman.observe import Metrics, watched_loop
from dragoman.settings import Settings
from dragoman.store import media
from dragoman.store.blobs import open_blobs
from dragoman.store.drivers import connect
from dragoman.store.errors import StoreError
from dragoman.store.hear import Hear
from dragoman.store.lock import ServerLock
from dragoman.store.store import Store
from dragoman.vault import Redactor, Vault
from dragoman.web.asgi import Asgi, Receive, Scope, Send, respond
from dragoman.web.assets import Assets
from dragoman.web.control import Control
from dragoman.web.health import PATHS as HEALTH_PATHS
from dragoman.web.health import Health
from dragoman.web.media import Media
from dragoman.web.oauth import OAuth, Tongue
from dragoman.web.public_api import PREFIX as PUBLIC_API
from dragoman.web.public_api import PublicApi
from dragoman.web.webhooks import Webhooks

if TYPE_CHECKING:
    from dragoman.console.doorman import Doorman
    from dragoman.console.house import EmulatedAccount

log = structlog.get_logger("app")

Ear = Callable[[str, list[Any]], None]  # told of a wake: its kind and values

PAIR_BURST, PAIR_EVERY_S = 45, 6.0  # Meta's limit for one person; kinder than any other partner's


class Dragoman:
    """One process of the program, as an ASGI application with a life of its own.

    clock: moved by the demo and the tests. mounts: further ASGI applications by first path
    segment (the emulator and its phone, in the demo). listen(kind, values): told of every wake.
    guest: a browser on this machine needs no account (the demo).
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        mounts: Mapping[str, Asgi] | None = None,
        listen: Ear | None = None,
        guest: bool = False,
        emulated: bool = False,
    ) -> None:
        self.settings = settings
        self.clock = clock or Clock()
        self.ids = Ids()
        self.owner = self.ids.new()
        _need_old_key(settings)
        self.vault = Vault.start(settings.key, settings.key_path)
        self.mounts: dict[str, Asgi] = dict(mounts or {})
        self._ears: list[Ear] = [listen] if listen is not None else []
        self._guest = guest
        self._emulated = emulated  # partners are, so that no call to one leaves this machine
        self._console: Doorman | None = None
        self.setup_code: str | None = None  # for the first owner, where there is none yet
        self.emulated_consoles: dict[str, str] = {}  # partner → where its emulator's console is
        # of emulated accounts, as the console's `House` has them
        self.emulated_accounts: Callable[[], Sequence[EmulatedAccount]] = tuple
        self.set_up_emulated: Callable[[str, str, str], Awaitable[None]] | None = None
        self._lock: ServerLock | None = None
        self._token = secrets.token_urlsafe(24)
        self._background: set[asyncio.Task[Any]] = set()
        self._replaying = asyncio.Lock()
        self._pool: Any = None
        self._ready = False
        self._hear: Hear | None = None
        # When it was tried, what came of it.
        self._written: tuple[float, list[Sentence]] = (-1e9, [])
        self._build()

    # --- made ------------------------------------------------------------------------------------

    def _build(self) -> None:
        s = self.settings
        self.metrics = Metrics()
        self.store = Store(
            s.database_url,
            owner=self.owner,
            limit=s.writer_queue,
            batch=s.writer_batch,
            wait_s=s.intake_wait_s,
            observe=self._count_commit,
            wake=self._wake,
        )
        self.redactor = Redactor()
        self.apps = Apps(self.store, self.vault, self.ids, self.redactor)
        self.egress = Egress(s.egress_allow, limit=s.concurrency, emulated=self._emulated)
        self.agents = Agents(self._make_agent, self.clock)
        consent = Consent(self.store, self.egress, self.clock, timeout_s=s.http_timeout_s)
        attachments = self._build_files()
        pairs = (PAIR_BURST, PAIR_EVERY_S) if s.pair_rate else (0, 0.0)
        self.delivery = Delivery(
            self.store,
            self.apps,
            self.egress,
            self.clock,
            owner=self.owner,
            limit=s.concurrency,
            limits=Limits(s.retry_base_ms, s.retry_cap_ms, s.lane_hold_ms),
            pace=Pace(s.rate_per_number, *pairs),
            lane_doubt_ms=s.doubt_lane_hold_ms,
            hold_max_ms=s.hold_max_ms,
            timeout_s=s.http_timeout_s,
            prepare=Preparing([consent, attachments]),
            count=self._count_send,
        )
        self.turns = Turns(
            self.store,
            self.apps,
            self.clock,
            self.ids,
            owner=self.owner,
            lease_ms=s.lease_ttl_ms,
            limit=s.concurrency,
            tries=s.turn_tries,
            timeout_s=s.turn_timeout_s,
            retry_base_ms=s.retry_base_ms,
            agent_for=self.agents.of,
            check=self.delivery.check,
            claimable=self.delivery.claimable,
            signal=self.delivery.signal,
            raw=RawItems(self.store, self.apps).of,
            files=self.files,
            http=AgentHttp(self.egress),
            assets_url=s.url_for("assets"),
            count=self._count_turn,
        )
        self.intake = Intake(
            self.store,
            self.apps,
            self.clock,
            self.ids,
            owner=self.owner,
            lease_ms=s.lease_ttl_ms,
            room=self.turns.room if s.role != "web" else lambda: False,
            count=self.metrics.hooks,
            count_item=self.metrics.items,
        )
        self.housekeeping = Housekeeping(
            self.store,
            self.apps,
            self.turns,
            self.delivery,
            self.media,
            self.clock,
            self.ids,
            owner=self.owner,
            sweep_ms=s.sweep_ms,
            lease_ms=s.lease_ttl_ms,
            lane_doubt_ms=s.doubt_lane_hold_ms,
            seen_days=s.seen_days,
        )
        self.pulling = Pulling(
            self.apps,
            self.intake,
            self.egress,
            every_s=s.pull_every_s,
            timeout_s=s.http_timeout_s,
            ours=self.delivery.owns,
        )
        self._webhooks = Webhooks(
            self.intake,
            s.max_body_bytes,
            self.metrics.intake_seconds.observe,
            [read_network(item) for item in s.trusted_proxies],
        )
        self._health = Health(self._problems, self._metrics)
        self._control = Control(self._token, self.command)
        accounts = Accounts(
            self.store,
            self.apps,
            self.vault,
            self.ids,
            self.egress,
            self.clock,
            timeout_s=s.http_timeout_s,
            changed=self._changed,
        )
        self._oauth = OAuth(accounts, _authorized_at, _tongue)
        self._build_notifications()
        self._assets = Assets(self.apps)

    def _build_files(self) -> Attachments:
        """What people send, what agents keep to send, and the door to both."""
        s = self.settings
        links = Links(s.base_url, self.vault, int(s.media_link_hours * 3_600_000))
        self.files = Files(
            self.store,
            open_blobs(s.media_store, s.home / "files"),
            links,
            self.clock,
            self.ids,
            days=s.media_days,
            fetching=lambda: not self.egress.shut,
        )
        self.media = Fetching(
            self.store,
            self.apps,
            self.egress,
            self.files,
            self.clock,
            timeout_s=s.media_timeout_s,
            days=s.media_days,
            give_up_ms=int(s.media_give_up_hours * 3_600_000),
            retry_base_ms=s.retry_base_ms,
            count=self.metrics.files,
        )
        self._media_door = Media(self.files)
        return Attachments(
            self.store, self.files, self.egress, self.clock, timeout_s=s.media_timeout_s
        )

    def _build_notifications(self) -> None:
        s = self.settings
        scripts = Scripts(self.store, self.apps, self.clock, self._scripts, s.url_for("assets"))
        self.notifications = Notifications(
            self.store,
            self.apps,
            self.clock,
            self.ids,
            check=scripts.check,
            most_waiting=s.writer_queue,
        )
        self.broadcast = Broadcast(
            self.store,
            self.apps,
            self.clock,
            self.ids,
            self.delivery,
            scripts,
            limit=s.concurrency,
            per_s=s.rate_per_number,
            sweep_ms=s.sweep_ms,
        )
        self._public_api = PublicApi(self.apps, self.notifications, self.clock, s.max_body_bytes)

    def _make_agent(self, config: AgentConfig, tell: Callable[[Sentence], None]) -> Agent:
        if config.kind == "script":
            from dragoman.agents.script import ScriptAgent

            if config.path:
                return ScriptAgent(config.path, pool=self._scripts(), on_reload=tell)
            return ScriptAgent(source=config.source, pool=self._scripts(), on_reload=tell)
        from dragoman.agents.loader import PythonAgent

        return PythonAgent(config.path, on_reload=tell, on_slow=tell)

    def _scripts(self) -> Any:
        if self._pool is None:
            from dragoman.sandbox.pool import Pool

            s = self.settings
            self._pool = Pool(
                size=s.script_processes,
                seconds=s.script_timeout_ms / 1000,
                memory_mb=s.script_memory_mb,
            )
        return self._pool

    # --- started and stopped ---------------------------------------------------------------------

    async def start(self) -> None:
        """Take the database, find what the last process left, begin. Raises StoreError."""
        s = self.settings
        s.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"dragoman on port {s.port}"
        if self.store.is_sqlite:
            path = Path(s.database_url.removeprefix("sqlite:///"))
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = ServerLock(path)
            self._lock.take(self._about(name))
        now = self.clock.now()
        voided, doubts = await self.store.open(
            name=name,
            now=now,
            lane_until=now + s.doubt_lane_hold_ms,
            silent_ms=2 * s.lease_ttl_ms,
        )
        if not self.store.is_sqlite:
            self.delivery.own(set())  # no number is ours before it is taken: one sender each
        if voided or doubts:
            log.warning("taken_over", turns=voided, in_doubt=doubts)
        await self.apps.load()
        self.delivery.restore_holds(await self.store.read(_holds))
        if s.role != "web":
            if not self.store.is_sqlite:
                self.delivery.own(set())  # until the first sweep has asked for numbers
                self._hear = Hear(s.database_url, self._told_by_others)
                self._hear.start()
            await self.media.start()
            self.housekeeping.start()
            self.pulling.start()
            await self.housekeeping.sweep()
            self.broadcast.start()
        if s.role != "worker" and not self._guest:
            change = self._change("start")
            self.setup_code = await self.store.do(lambda tx: people.setup_code(tx, change))
        self._watching = watched_loop(self.metrics)
        await self._watching.__aenter__()
        self._ready = True

    def _about(self, name: str) -> dict[str, Any]:
        here = f"http://127.0.0.1:{self.settings.port}"
        public = self.settings.base_url
        return {
            "name": name,
            "pid": os.getpid(),
            "url": here,
            "public_url": public,
            "token": self._token,
        }

    async def stop(self) -> None:
        """Take nothing new, end what runs, keep what cannot end, close."""
        if self._ready:
            await self._watching.__aexit__(None, None, None)
        self._ready = False
        grace = self.settings.stop_grace_s
        if self._hear is not None:
            self._hear.stop()
        await self.housekeeping.stop()
        await self.broadcast.stop()
        await self.media.stop(grace)
        await self.pulling.stop(grace)
        await self.turns.stop(grace)
        await self.delivery.stop(grace)
        for task in list(self._background):
            task.cancel()
        await self.agents.close()
        if self._pool is not None:
            await self._pool.close()
        await self.egress.close()
        await self.store.close()
        if self._lock is not None:
            self._lock.release()

    async def command(self, name: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """Run one operator's command in the writer, then see its effect at once."""
        change = Change(self.vault, self.ids, str(args.get("who", "operator")), self.clock.now())
        result: dict[str, Any] = await self.store.do(
            lambda tx: commands.run(tx, change, name, args)
        )
        await self._changed()
        await self.agents.forget(
            {
                (app.id, copy.config.agent)
                for app in self.apps.by_id.values()
                for copy in (app.published, app.draft)
                if copy is not None
            }
        )
        return result

    async def _changed(self) -> None:
        """An app was changed or authorized: see it at once, and try what waited for that."""
        await self.apps.load()
        await self.delivery.release()

    # --- between the parts -----------------------------------------------------------------------

    def _wake(self, kind: str, values: list[Any]) -> None:
        """What a commit told: the parts meet in rows, and hear of them here."""
        if kind == "turn":
            self.turns.start(values)
        elif kind == "send":
            self.delivery.start(values)
        elif kind == "lane":
            self.delivery.look_soon(values)
        elif kind == "media":
            if self.settings.role != "web":
                self.media.look_soon()
        elif kind == "notify":
            self.broadcast.look_soon()
        elif kind == "status":
            self.broadcast.moved()
        elif kind == "due":
            for at in set(values):
                self._aside_at(at, self.turns.look)
        for ear in tuple(self._ears):
            ear(kind, values)

    def hear(self, ear: Ear) -> Callable[[], None]:
        """Tell `ear` of every wake from now on, and of `let go`; what is returned ends that."""
        self._ears.append(ear)
        return lambda: self._ears.remove(ear)

    def let_go(self) -> None:
        """Ask the open streams to end, so that a graceful stop does not wait for them."""
        for ear in tuple(self._ears):
            ear("let go", [])

    def _told_by_others(self) -> None:
        """Another process committed something that is due."""
        self._aside_at(0, self.turns.look)
        self.broadcast.look_soon()

    def _aside_at(self, at: int, work: Callable[[], Awaitable[Any]]) -> None:
        async def later() -> None:
            await asyncio.sleep(max(0, at - self.clock.now()) / 1000)
            with contextlib.suppress(StoreError):
                await work()

        self._aside(later())

    def _aside(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task

    def _count_commit(self, units: int, seconds: float) -> None:
        self.metrics.commits()
        self.metrics.batch_size.observe(units)
        self.metrics.commit_seconds.observe(seconds)

    def _count_send(self, partner: str, outcome: str, seconds: float) -> None:
        self.metrics.sends(partner, outcome)
        self.metrics.send_seconds.observe(seconds)

    def _count_turn(self, outcome: str, seconds: float) -> None:
        self.metrics.turns(outcome)
        self.metrics.turn_seconds.observe(seconds)

    async def _metrics(self) -> bytes:
        m = self.metrics
        m.queue_depth.set(self.store.waiting)
        with contextlib.suppress(Exception):  # the counters are worth showing without these
            waiting, doubt, parked, files = await self.store.read(_depths)
            m.files_waiting.set(files)
            m.outbox_waiting.set(waiting)
            m.in_doubt.set(doubt)
            m.parked.set(parked)
        return m.render()

    async def _problems(self) -> list[Sentence]:
        if not self._ready:
            return [Sentence("ready_starting")]
        if self.store.waiting >= self.settings.writer_queue:
            return [Sentence("ready_queue")]
        at, problems = self._written
        loop = asyncio.get_running_loop()
        if loop.time() - at > 1:  # whoever asks more often is told the same
            problems = await self._cannot_write()
            self._written = (loop.time(), problems)
        return problems

    async def _cannot_write(self) -> list[Sentence]:
        """Ready is who can write."""
        try:
            async with asyncio.timeout(2):
                await self.store.beat(self.clock.now())
        except TimeoutError:
            return [Sentence("ready_write")]
        except SentenceError as error:
            return [error.sentence]
        except Exception as error:
            return [Sentence("ready_failed", {"detail": str(error)})]
        return []

    # --- ASGI ------------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        if path.startswith(("/hooks/", "//hooks/")):
            await self._webhooks(scope, receive, send)
        elif path in HEALTH_PATHS:
            await self._health(scope, receive, send)
        elif path.startswith("/_control/"):
            await self._control(scope, receive, send)
        elif path.startswith(PUBLIC_API):
            await self._public_api(scope, receive, send)
        elif path.startswith("/oauth/"):
            await self._oauth(scope, receive, send)
        elif path.startswith("/media/"):
            await self._media_door(scope, receive, send)
        elif path.startswith("/assets/"):
            await self._assets(scope, receive, send)
        else:
            await self._other(path, scope, receive, send)

    async def _other(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        mount = self.mounts.get(path.split("/", 2)[1] if path.startswith("/") else "")
        if mount is not None:
            await mount(scope, receive, send)
        elif self.settings.role != "worker":
            console = self._console or await self._open_console()
            await console(scope, receive, send)  # type: ignore[arg-type]
        else:
            await respond(send, 404, b"Not Found")

    def _change(self, who: str) -> Change:
        return Change(self.vault, self.ids, who, self.clock.real())

    async def _replay(self, app_id: int, message_id: int) -> list[Any]:
        """One at a time: each is a process of its own."""
        from dragoman.cli import replaying

        async with self._replaying:
            return await replaying.message(self.settings, app_id, message_id)

    async def _open_console(self) -> Doorman:
        """The pages are loaded with the first one that is asked for: a start does not wait."""
        if self._console is None:
            await asyncio.to_thread(importlib.import_module, "dragoman.console")
            from dragoman.console import House, build
            from dragoman.engine import doctor
            from dragoman.engine.trying import Trying

            s = self.settings
            examined = doctor.House(
                s.home, s.database_url, s.key, s.key_path, s.public_url, s.base_url.rstrip("/"),
                s.egress_allow, s.http_timeout_s, inside=True,
            )  # fmt: skip
            trying = Trying(self._scripts, self.clock, self.redactor, s.url_for("assets"))
            public = urlsplit(s.base_url)
            house = House(
                store=self.store, apps=self.apps, clock=self.clock, change=self._change,
                redactor=self.redactor, command=self.command, agents=self.agents, trying=trying,
                hear=self.hear, aside=self._aside, replay=self._replay, examined=examined,
                ready=self._problems, url_for=s.url_for,
                hosts=(public.hostname or "", *s.console_hosts),
                secure=public.scheme == "https", guest=self._guest,
                emulated=self.emulated_consoles,
                accounts=self.emulated_accounts, set_up=self.set_up_emulated,
            )  # fmt: skip
            self._console = build(house)
        return self._console

    async def asked_by(self, scope: Scope) -> str:
        """How the audit log calls whoever asks, of those that the console knows; empty else."""
        who = await (await self._open_console()).who(scope)
        return "" if who is None else who.name

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self.start()
                except Exception as error:
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _tongue(cookies: Mapping[str, str], accepted: str) -> Tongue:
    """The language of whoever reads a page that is not the console's."""
    from dragoman.ui import languages  # pages are rare, and not every program has any

    found = languages.wanted(cookies, accepted)
    return Tongue(found, languages.direction(found), languages.catalogue(found))


def _authorized_at(stream_id: str, begun: str) -> str:
    """Where the console tells how an authorization ended."""
    return f"/apps/{stream_id}/channels/whatsapp/configurations?authorized={begun}"


def _need_old_key(s: Settings) -> None:
    """Refuse to make a new key where the old one is needed. Raises StoreError."""
    path = Path(s.database_url.removeprefix("sqlite:///"))
    if s.key or s.key_path.exists() or not s.database_url.startswith("sqlite:"):
        return
    if not path.exists() or not path.stat().st_size:
        return
    tx = connect(s.database_url, write=False)
    try:
        sealed = tx.run("SELECT count(*) FROM secret WHERE revoked IS NULL")[0][0]
    except Exception:  # no such table yet: nothing was sealed
        sealed = 0
    finally:
        tx.close()
    if sealed:
        raise StoreError("key_gone", {"path": str(s.key_path), "count": sealed})


def settle_memory() -> None:
    """Once everything is loaded: what is there now stays, so the collector need not walk it again,
    and it runs for every 20,000 new objects and not for every 700. A tenth of the time of a turn,
    and half of its 99th percentile, were the collector's."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


def _depths(tx: Any) -> tuple[int, int, int, int]:
    return (
        tx.run("SELECT count(*) FROM outbox WHERE state<>1")[0][0],
        tx.run("SELECT count(*) FROM message WHERE doubt=1")[0][0],
        tx.run("SELECT count(*) FROM message WHERE answer=3")[0][0],
        media.waiting(tx),
    )


def _holds(tx: Any) -> list[tuple[int, int, int, int, str]]:
    return [
        (r[0], r[1], r[2], r[3], r[4])
        for r in tx.run(
            """SELECT id,hold_since,hold_until,hold_tries,hold FROM number
            WHERE hold_since>0 AND hold IS NOT NULL"""
        )
    ]
