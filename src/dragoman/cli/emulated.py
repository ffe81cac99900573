"""Dragoman with every emulated partner and one phone, on one address; the wire between them is
still HTTP. All sides share one clock, so that the demo can move it.

The channel is set up as a person sets it up: what it needs is copied out of the partners' consoles,
and what is ours is pasted into them (`emulators.kit.walk`). One partner is the channel's; the phone
switches it while everything runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from litestar import Litestar

from dragoman.agents.contract import AgentFailed
from dragoman.app import Dragoman
from dragoman.domain.clock import Clock
from dragoman.domain.sentences import Sentence, SentenceError, say, words
from dragoman.emulators.app import EMULATORS, build_all, config_of, mounted
from dragoman.emulators.kit import PartnerEmulator, Walk, filled, walked
from dragoman.emulators.phone import phone_routes
from dragoman.emulators.phone.handsets import Handsets
from dragoman.engine import accounts, standing, switching
from dragoman.engine.apps import App
from dragoman.partners.registry import PARTNERS, partner
from dragoman.settings import Settings
from dragoman.web.asgi import Receive, Scope, Send, respond

from .live import Lines

if TYPE_CHECKING:
    from dragoman.console.house import EmulatedAccount

STREAM_ID = "st-00000000-0000-4000-8000-0000000000de"
PHONE = "test phone"  # who switches, where nobody is known

words(
    {
        "emulated_waits": "The address of this demo changed, and {app} has changes that wait: "
        "publish it, and it answers again.",
        "emulated_live": "The emulated {partner} account is with the app {app}, which is live on "
        "it. Take a free one, or give {app} another partner and publish it first.",
    }
)


class Emulated:
    """`app` is the ASGI application; `begin` sets the app up and starts the other side. `echo`:
    where what it says goes."""

    def __init__(
        self, s: Settings, agent: Path, name: str, echo: Callable[[str], None] = click.echo
    ) -> None:
        self.settings = s
        self.agent = agent.absolute()
        self.name = name
        self.clock = Clock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.lines = Lines(self.clock, echo)
        folder = s.home / "emulated"
        folder.mkdir(parents=True, exist_ok=True)
        self.handsets = Handsets(self.clock, folder / "phone.db")
        self.emulators = self._build(folder)
        phone = Litestar(
            route_handlers=phone_routes(self.handsets, console="/"),
            openapi_config=None,
            logging_config=None,
        )
        self.app = _WithEmulators(
            s,
            clock=self.clock,
            mounts={
                "emulated": mounted(self.emulators.values(), _nowhere),
                "phone": phone,  # type: ignore[dict-item]
            },
            listen=self.lines.hear,
            guest=True,
            emulated=True,
        )
        self.app.emulated = self
        self.app.emulated_consoles = {
            name: f"{one.config.prefix}/console" for name, one in self.emulators.items()
        }
        self.app.emulated_accounts = self.accounts
        self.app.set_up_emulated = self.set_up_for
        self.app.agents.told = self.lines.say
        self.lines.store = self.app.store

    def _build(self, folder: Path) -> dict[str, PartnerEmulator]:
        configs = {name: config_of(name) for name in EMULATORS if name in PARTNERS}
        for config in configs.values():
            numbers = getattr(config, "numbers", None) or getattr(config, "senders", [config])
            numbers[0].title = self.name  # the one that is set up
        made = build_all(configs, self.clock, folder, handsets=self.handsets)
        for emulator in made:
            emulator.base_url = self.settings.url_for(emulator.config.prefix)
        return dict(zip(configs, made, strict=True))

    async def begin(self) -> None:
        """Create or bring up to date the one app, then let the phones write."""
        command = self.app.command
        if self.app.apps.by_stream.get(STREAM_ID) is None:
            made = {"name": self.name, "agent": str(self.agent), "stream_id": STREAM_ID}
            await command("app.create", made)
        else:
            await command("app.set", {"name": STREAM_ID, "agent": str(self.agent)})
        chosen = self.partner
        for name, emulator in self.emulators.items():
            await emulator.start()
            await self._walk_again(name, emulator)
        switches = {"typing": True, "read_receipts": True}
        await command("channel.set", {"name": STREAM_ID, "partner": chosen, "switches": switches})
        await self._go_live()
        await self._say_what_is_wrong()
        self.handsets.controls = {**self.handsets.controls, "switch": self}
        self.lines.start()
        self._loop = asyncio.get_running_loop()

    # --- set up ----------------------------------------------------------------------------------

    def _known(self, name: str, app: App) -> dict[str, str]:
        """What of an app a person copies into the partner's console, and where the partner is."""
        url_for = self.settings.url_for
        return {
            "api": self.emulators[name].base_url,
            "webhook_url": url_for(f"hooks/{name}/{app.stream_id}"),
            "callback_url": url_for(f"oauth/{name}/{app.stream_id}"),
        }

    def _owner(self, name: str) -> App | None:
        """The app that a partner's emulated account is with: the one that is live on it, by hand
        too, else the one that it was set up with last."""
        for app in self._holders(name):
            if app.answers_at(name):
                return app
        walked = self.emulators[name].books.get("walked") or {}
        stream_id = str(walked.get("webhook_url", "")).rpartition("/")[2]
        return self.app.apps.by_stream.get(stream_id)

    def _holders(self, name: str) -> list[App]:
        """The apps whose published copy lists an account's number; partners may share one."""
        number = next(iter(self.emulators[name].lines.values())).number
        apps = self.app.apps.by_id.values()
        return [app for app in apps if app.published and number in app.published.numbers()]

    def _check_number(self, name: str) -> None:
        """Raises SentenceError for an account whose number another app has published, live there
        or not: it could not be published with this one, too."""
        for app in self._holders(name):
            if app is not self._app and not app.answers_at(name):
                number = standing.phone(next(iter(self.emulators[name].lines.values())).display)
                raise SentenceError(Sentence("number_taken", {"number": number, "app": app.name}))

    async def _walk_again(self, name: str, emulator: PartnerEmulator) -> None:
        """At the start: both sides of an account remember each other, at the address of now."""
        owner = self._owner(name) or self._app
        there = name in owner.draft.config.channel.values
        walked = emulator.books.get("walked") or {}
        if not there or walked.get("api") != emulator.base_url:
            chosen = owner.draft.config.channel.partner
            live = owner.published.config if owner.published is not None else None
            nothing_waits = live == owner.draft.config
            await self.set_up(name, emulator.WALK, owner.stream_id)
            if owner.stream_id != STREAM_ID:
                about = {"name": owner.stream_id}
                await self.app.command("channel.set", {**about, "partner": chosen})
                if nothing_waits and self.app.apps.by_id[owner.id].draft.config != live:
                    await self.app.command("app.publish", about)
                elif live is not None and not nothing_waits:
                    self.lines.say(say(Sentence("emulated_waits", {"app": owner.name})))
        self._call_lines(name, owner)

    async def set_up(
        self, name: str, walk: Walk, stream_id: str = STREAM_ID, who: str = "operator"
    ) -> None:
        """Walk through a partner's console and an app's channel. Raises SentenceError."""
        emulator, app = self.emulators[name], self.app.apps.by_stream[stream_id]
        known = self._known(name, app)
        told = await walked(emulator, walk.give, known)
        saved = await self.app.command(
            "channel.set",
            {
                "who": who, "name": stream_id, "partner": name,
                "values": filled(walk.fields, told),
            },
        )  # fmt: skip
        for complaint in saved["complaints"]:
            self.lines.say(complaint["sentence"])
        app = self.app.apps.by_stream[stream_id]
        told["verify_token"] = saved["verify_token"]
        if app.draft.url_secret:
            told["webhook_url"] += "?key=" + app.draft.url_secret
        await walked(emulator, walk.take, told)
        await accounts.subscribe(self.app.egress, app.draft, self.settings.http_timeout_s)
        emulator.books.put("walked", known)
        self._call_lines(name, app)

    def _call_lines(self, name: str, app: App) -> None:
        """The phone calls an account's number as the app that it is with."""
        emulator = self.emulators[name]
        next(iter(emulator.lines.values())).title = app.name
        self.handsets.lines_changed()

    # --- for the console -------------------------------------------------------------------------

    def accounts(self) -> list[EmulatedAccount]:
        """The emulated accounts."""
        from dragoman.console.house import EmulatedAccount  # loaded with the first page

        found = []
        for name, one in self.emulators.items():
            line, owner = next(iter(one.lines.values())), self._owner(name)
            api = {
                field: one.base_url for field, value in one.WALK.fields.items() if value == "{api}"
            }
            found.append(EmulatedAccount(name, line.display, line.key, owner, api))
        return found

    async def set_up_for(self, who: str, stream_id: str, name: str) -> None:
        """*Set up both sides for me*: the form and the partner's console, switched on and not
        published. Raises SentenceError: for an account that another app is live with, too."""
        owner = self._owner(name)
        if owner is not None and owner.stream_id != stream_id and self._is_live(name):
            args = {"partner": partner(name).LABEL, "app": owner.name}
            raise SentenceError(Sentence("emulated_live", args))
        await self.set_up(name, self.emulators[name].WALK, stream_id, who)
        await self.app.command("channel.enable", {"who": who, "name": stream_id})

    async def _go_live(self) -> None:
        name = {"name": STREAM_ID}
        await self.app.command("channel.enable", name)
        app = self._app
        if app.published is None or app.published.config != app.draft.config:
            await self.app.command("app.publish", name)

    async def _say_what_is_wrong(self) -> None:
        """A broken agent file is told at the start, not at the first message."""
        app = self._app
        try:
            agent = await self.app.agents.of(app, app.published or app.draft)
            check = getattr(agent, "check", None)
            problem = await check() if check is not None else None
        except AgentFailed as error:
            problem = error.sentence
        if problem is not None:
            self.lines.say(say(problem))

    @property
    def _app(self) -> App:
        return self.app.apps.by_stream[STREAM_ID]

    # --- the phone's switch ----------------------------------------------------------------------

    @property
    def partner(self) -> str:
        """The name of the partner that the channel is published with; the first there is while it
        is with none of these."""
        app = self._app
        chosen = (app.published or app.draft).config.channel.partner
        return chosen if chosen in self.emulators else next(iter(self.emulators))

    @property
    def current(self) -> str:
        """The same as the phone calls it."""
        return self.emulators[self.partner].partner

    @property
    def answered(self) -> list[str]:
        """The partners on whose number an app is live."""
        return [one.partner for name, one in self.emulators.items() if self._is_live(name)]

    @property
    def others(self) -> dict[str, str]:
        """Partners whose account is with another app than the demo's: partner → that app."""
        owned = {one.partner: self._owner(name) for name, one in self.emulators.items()}
        return {
            label: owner.name
            for label, owner in owned.items()
            if owner is not None and owner.stream_id != STREAM_ID
        }

    def _is_live(self, name: str) -> bool:
        """Whether the app that an account is with answers on it."""
        owner = self._owner(name)
        return owner is not None and owner.answers_at(name)

    async def to(self, label: str, asked: Scope | None = None) -> None:
        """Switch the published channel to another partner; its settings are there already. asked:
        the request of whoever pressed it, to be recorded. Raises SentenceError, and then all is
        as it was."""
        name = next(name for name, one in self.emulators.items() if one.partner == label)
        who = (await self.app.asked_by(asked) if asked is not None else "") or PHONE
        args = {"who": who, "name": STREAM_ID, "partner": name}
        try:
            if self._owner(name) is not self._app:
                switching.check(self._app)
                self._check_number(name)
                await self.set_up_for(who, STREAM_ID, name)
                args["filled"] = "yes"
            await self.app.command("channel.switch", args)
        except SentenceError as error:
            self.lines.say(str(error))
            raise
        self.lines.say(f"The channel is with {partner(name).LABEL} now.")

    # --- end -------------------------------------------------------------------------------------

    def let_go(self) -> None:
        """End the open streams of the phone and the emulators' held calls (from a signal)."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.handsets.end_streams)
            self._loop.call_soon_threadsafe(self.stop_holding)

    def stop_holding(self) -> None:
        for emulator in self.emulators.values():
            emulator.stopping.set()


async def _nowhere(scope: Scope, receive: Receive, send: Send) -> None:
    await respond(send, 404, b"Not Found")


class _WithEmulators(Dragoman):
    """The emulators end before the program does, so that their open streams do not hold it up."""

    emulated: Emulated

    async def _changed(self) -> None:
        await super()._changed()
        self.emulated.handsets.tell_panel()  # another app may answer now

    async def stop(self) -> None:
        self.emulated.stop_holding()
        await super().stop()
        await self.emulated.lines.stop()
        for emulator in self.emulated.emulators.values():
            await emulator.stop()
        self.emulated.handsets.close()
