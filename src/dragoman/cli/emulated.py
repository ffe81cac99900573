"""Dragoman with an emulated Cloud API number and its phone, on one address; the wire between them
is still HTTP. Both sides share one clock, so that the demo can move it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from litestar import Litestar

from dragoman import ui
from dragoman.agents.contract import AgentFailed
from dragoman.app import Dragoman
from dragoman.domain.clock import Clock
from dragoman.domain.sentences import say
from dragoman.emulators.cloud_api import Emulator, EmulatorConfig, build
from dragoman.emulators.phone import phone_routes
from dragoman.settings import Settings

from .live import Lines

SECRET = "6f1d3c5b7a9e8d2c4f6a8b0c2e4d6f80"  # known to both sides of this machine
VERIFY_TOKEN = "dragoman-demo-verify"
TOKEN = "dragoman-demo-token-for-this-machine-only"
STREAM_ID = "st-00000000-0000-4000-8000-0000000000de"


class Emulated:
    """`app` is the ASGI application; `begin` sets the app up and starts the other side."""

    def __init__(self, s: Settings, agent: Path, name: str) -> None:
        self.settings = s
        self.agent = agent.absolute()
        self.name = name
        self.clock = Clock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.lines = Lines(self.clock)
        self.emulator: Emulator = build(self._account(), self.clock, s.home / "emulated")
        self.emulator.base_url = s.url_for(self.emulator.config.prefix)
        phone = Litestar(
            route_handlers=phone_routes(self.emulator.handsets, ui.environment()),
            openapi_config=None,
            logging_config=None,
        )
        self.app = _WithEmulator(
            s,
            clock=self.clock,
            mounts={"emulated": self.emulator.asgi, "phone": phone},  # type: ignore[dict-item]
            listen=self.lines.hear,
            home_page="/phone",
        )
        self.app.emulator = self.emulator
        self.app.agents.told = self.lines.say
        self.lines.store = self.app.store

    def _account(self) -> EmulatorConfig:
        from dragoman.emulators.cloud_api.config import Token

        url = self.settings.url_for(f"hooks/cloud-api/{STREAM_ID}")
        account = EmulatorConfig(
            app_secret=SECRET,
            tokens=[Token(token=TOKEN)],
            callback_url=url,
            verify_token=VERIFY_TOKEN,
        )
        for number in account.numbers:
            number.title = self.name
        return account

    async def begin(self) -> None:
        """Create or bring up to date the one app, then let the phones write."""
        command = self.app.command
        name = {"name": self.name}
        known = self.app.apps.by_stream.get(STREAM_ID)
        if known is None:
            await command("app.create", {**name, "agent": str(self.agent), "stream_id": STREAM_ID})
        else:
            name = {"name": known.name}
        await command("app.set", {**name, "agent": str(self.agent)})
        await command(
            "channel.set",
            {
                **name,
                "partner": "cloud-api",
                "values": {
                    "numbers": [n.phone_number_id for n in self.emulator.config.numbers],
                    "token": TOKEN,
                    "app_secret": SECRET,
                    "verify_token": VERIFY_TOKEN,
                    "graph_url": self.settings.url_for(self.emulator.config.prefix),
                },
                "switches": {"typing": True, "read_receipts": True},
            },
        )
        await command("channel.enable", name)
        app = self.app.apps.by_stream[STREAM_ID]
        if app.published is None or app.published.config != app.draft.config:
            await command("app.publish", name)
        await self._say_what_is_wrong()
        await self.emulator.start()
        self.lines.start()
        self._loop = asyncio.get_running_loop()

    async def _say_what_is_wrong(self) -> None:
        """A broken agent file is told at the start, not at the first message."""
        app = self.app.apps.by_stream[STREAM_ID]
        try:
            agent = await self.app.agents.of(app, app.published or app.draft)
            check = getattr(agent, "check", None)
            problem = await check() if check is not None else None
        except AgentFailed as error:
            problem = error.sentence
        if problem is not None:
            self.lines.say(say(problem))

    def let_go(self) -> None:
        """End the open streams of the phone and the emulator's held calls (from a signal)."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.emulator.handsets.end_streams)
            self._loop.call_soon_threadsafe(self.emulator.stopping.set)


class _WithEmulator(Dragoman):
    """The emulator ends before the program does, so that its open streams do not hold it up."""

    emulator: Emulator

    async def stop(self) -> None:
        self.emulator.stopping.set()
        await super().stop()
        await self.emulator.stop()
        self.emulator.handsets.close()
