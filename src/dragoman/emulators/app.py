"""Emulators on a port of their own, with one test phone: `dragoman emulate cloud-api`.

Each is mounted at its prefix, `/emulated/{partner}`; all share the clock and the phone at /phone.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar

from dragoman.domain.clock import Clock

from .kit import Asgi, PartnerConfig, PartnerEmulator
from .phone import phone_routes
from .phone.handsets import Handsets

EMULATORS: dict[str, str] = {
    "cloud-api": "dragoman.emulators.cloud_api",
    "infobip": "dragoman.emulators.infobip",
    "gupshup": "dragoman.emulators.gupshup",
    "karix": "dragoman.emulators.karix",
    "netcore": "dragoman.emulators.netcore",
}
"""Partner → module with `Config` and `build(config, clock, state_dir=None, *, handsets=None)`,
imported on first use."""


def config_of(partner: str) -> PartnerConfig:
    """The demo account of a partner. Raises KeyError for one that is not emulated."""
    made: PartnerConfig = importlib.import_module(EMULATORS[partner]).Config()
    return made


def build_all(
    configs: Mapping[str, PartnerConfig],
    clock: Clock,
    state_dir: Path | None = None,
    *,
    handsets: Handsets | None = None,
) -> list[PartnerEmulator]:
    """The emulators of these accounts, on one phone, not yet started. Raises KeyError for a
    partner that is not emulated."""
    if handsets is None:
        handsets = Handsets(clock, None if state_dir is None else state_dir / "phone.db")
    return [
        importlib.import_module(EMULATORS[partner]).build(
            config, clock, state_dir, handsets=handsets
        )
        for partner, config in configs.items()
    ]


def mounted(emulators: Iterable[PartnerEmulator], otherwise: Asgi) -> Asgi:
    """Each emulator under its prefix, everything else to `otherwise`."""
    places = {emulator.config.prefix: emulator for emulator in emulators}

    async def served(scope: Any, receive: Any, send: Any) -> None:
        path = scope["path"]
        for prefix, emulator in places.items():
            if path == prefix or path.startswith(prefix + "/"):
                await emulator.asgi(scope, receive, send)
                return
        await otherwise(scope, receive, send)

    return served


def standalone(emulators: Sequence[PartnerEmulator]) -> Asgi:
    """The emulators under their prefixes, and their phone (they share one) at /phone."""
    routes = phone_routes(emulators[0].handsets)
    pages: Any = Litestar(routes, openapi_config=None, logging_config=None)
    return mounted(emulators, pages)


async def serve_emulators(
    emulators: Sequence[PartnerEmulator],
    host: str,
    port: int,
    *,
    ready: asyncio.Event | None = None,
    told: Callable[[str], None] | None = None,
) -> None:
    """Start them, answer until cancelled or interrupted, stop them. `ready` is set once the port
    is open; `told` hears what they have to say (`PartnerEmulator.opened`)."""
    settings = uvicorn.Config(
        standalone(emulators),
        host=host,
        port=port,
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(settings)
    for emulator in emulators:
        emulator.learn_address(f"{host}:{port}")
        await emulator.start()
    task = asyncio.ensure_future(server.serve())
    tell = told or (lambda text: None)
    for emulator in emulators:
        emulator.spawn(emulator.opened(tell))
    try:
        while ready is not None and not server.started and not task.done():
            await asyncio.sleep(0.01)
        if ready is not None:
            ready.set()
        await asyncio.shield(task)
    finally:
        for emulator in emulators:
            emulator.stopping.set()
        emulators[0].handsets.end_streams()
        server.should_exit = True
        await task
        for emulator in emulators:
            await emulator.stop()
        emulators[0].handsets.close()


def serve_all(
    configs: Mapping[str, PartnerConfig],
    host: str = "127.0.0.1",
    port: int = 8410,
    *,
    state_dir: Path | None = None,
    told: Callable[[str], None] | None = None,
) -> None:
    """Run the emulators of these accounts until interrupted (Ctrl-C)."""
    with contextlib.suppress(KeyboardInterrupt):
        emulators = build_all(configs, Clock(), state_dir)
        asyncio.run(serve_emulators(emulators, host, port, told=told))


def serve(
    config: PartnerConfig,
    host: str = "127.0.0.1",
    port: int = 8410,
    *,
    partner: str = "cloud-api",
    state_dir: Path | None = None,
    told: Callable[[str], None] | None = None,
) -> None:
    """Run one emulator until interrupted (Ctrl-C)."""
    serve_all({partner: config}, host, port, state_dir=state_dir, told=told)
