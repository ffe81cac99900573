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

import click
from litestar import Litestar

from dragoman import ui
from dragoman.agents.contract import AgentFailed
from dragoman.app import Dragoman
from dragoman.domain.clock import Clock
from dragoman.domain.sentences import SentenceError, say
from dragoman.emulators.app import EMULATORS, build_all, config_of, mounted
from dragoman.emulators.kit import PartnerEmulator, Walk, filled, walked
from dragoman.emulators.phone import phone_routes
from dragoman.emulators.phone.handsets import Handsets
from dragoman.engine import accounts
from dragoman.engine.apps import App
from dragoman.partners.registry import PARTNERS, partner
from dragoman.settings import Settings
from dragoman.web.asgi import Receive, Scope, Send, respond

from .live import Lines

STREAM_ID = "st-00000000-0000-4000-8000-0000000000de"
SHOP = "Tea shop"  # what the emulated accounts call their first number


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
            route_handlers=phone_routes(self.handsets, ui.environment(), console="/"),
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
        )
        self.app.emulated = self
        self.app.emulated_consoles = {
            name: f"{one.config.prefix}/console" for name, one in self.emulators.items()
        }
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
            if not self._is_set_up(name, emulator):
                await self.set_up(name, emulator.WALK)
        switches = {"typing": True, "read_receipts": True}
        await command("channel.set", {"name": STREAM_ID, "partner": chosen, "switches": switches})
        await self._go_live()
        await self._say_what_is_wrong()
        self.handsets.controls = {**self.handsets.controls, "switch": self}
        self.lines.start()
        self._loop = asyncio.get_running_loop()

    # --- set up ----------------------------------------------------------------------------------

    def _known(self, name: str, emulator: PartnerEmulator) -> dict[str, str]:
        """What of ours a person copies into the partner's console, and where the partner is."""
        url_for = self.settings.url_for
        return {
            "api": emulator.base_url,
            "webhook_url": url_for(f"hooks/{name}/{STREAM_ID}"),
            "callback_url": url_for(f"oauth/{name}/{STREAM_ID}"),
        }

    def _is_set_up(self, name: str, emulator: PartnerEmulator) -> bool:
        """Both sides remember it, and our address is the one that they know."""
        values = self._app.draft.config.channel.values
        return name in values and emulator.books.get("walked") == self._known(name, emulator)

    async def set_up(self, name: str, walk: Walk) -> None:
        """Walk through a partner's console and the channel. Raises SentenceError."""
        emulator = self.emulators[name]
        known = self._known(name, emulator)
        told = await walked(emulator, walk.give, known)
        saved = await self.app.command(
            "channel.set",
            {"name": STREAM_ID, "partner": name, "values": filled(walk.fields, told)},
        )
        for complaint in saved["complaints"]:
            self.lines.say(complaint["sentence"])
        told["verify_token"] = saved["verify_token"]
        await walked(emulator, walk.take, told)
        await accounts.subscribe(
            self.app.egress, self._app.draft, self.settings.http_timeout_s
        )  # fmt: skip
        emulator.books.put("walked", known)

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

    async def to(self, label: str) -> None:
        """Switch the published channel to another partner; its settings are there already."""
        name = next(name for name, one in self.emulators.items() if one.partner == label)
        try:
            await self.app.command("channel.set", {"name": STREAM_ID, "partner": name})
            await self._go_live()
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

    async def stop(self) -> None:
        self.emulated.stop_holding()
        await super().stop()
        await self.emulated.lines.stop()
        for emulator in self.emulated.emulators.values():
            await emulator.stop()
        self.emulated.handsets.close()
