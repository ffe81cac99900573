"""An emulator on a port of its own, with its test phone: `dragoman emulate cloud-api`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar

from dragoman import ui
from dragoman.domain.clock import Clock

from .cloud_api import Asgi, Emulator, EmulatorConfig, build
from .cloud_api.checks import Refusal
from .cloud_api.subscriptions import handshake
from .phone import phone_routes


def standalone(emulator: Emulator) -> Asgi:
    """Graph under the configured prefix, and the phone at /phone."""
    pages = Litestar(
        phone_routes(emulator.handsets, ui.environment()), openapi_config=None, logging_config=None
    )
    prefix = emulator.config.prefix

    async def served(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].startswith(prefix):
            await emulator.asgi(scope, receive, send)
        else:
            await pages(scope, receive, send)

    return served


async def serve_emulator(
    emulator: Emulator,
    host: str,
    port: int,
    *,
    ready: asyncio.Event | None = None,
    told: Callable[[str], None] | None = None,
) -> None:
    """Start it, answer until cancelled or interrupted, stop it. `ready` is set once the port
    is open. A configured callback is verified as Meta does when it is saved, again and again until
    it answers; `told` hears what came of it."""
    settings = uvicorn.Config(
        standalone(emulator),
        host=host,
        port=port,
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(settings)
    emulator.learn_address(f"{host}:{port}")
    await emulator.start()
    task = asyncio.ensure_future(server.serve())
    config = emulator.config
    verifying = None
    if config.callback_url and config.verify_token:
        verifying = asyncio.ensure_future(_verify(emulator, told))
    try:
        while ready is not None and not server.started and not task.done():
            await asyncio.sleep(0.01)
        if ready is not None:
            ready.set()
        await asyncio.shield(task)
    finally:
        if verifying is not None:
            verifying.cancel()
        emulator.stopping.set()
        emulator.handsets.end_streams()
        server.should_exit = True
        await task
        await emulator.stop()
        emulator.handsets.close()


async def _verify(emulator: Emulator, told: Callable[[str], None] | None) -> None:
    """Meta's verification GET, as *Verify and save* makes it."""
    tell = told or (lambda text: None)
    said = ""
    while True:
        config = emulator.config
        try:
            await handshake(emulator.http, config.callback_url, config.verify_token)
        except Refusal as refused:
            text = f"Not verified: {refused.values.get('errors', refused)}"
            if text != said:
                tell(text)
            said = text
            await asyncio.sleep(1)
        else:
            tell("Verified: the callback answered the challenge.")
            return


def serve(
    config: EmulatorConfig,
    host: str = "127.0.0.1",
    port: int = 8410,
    *,
    state_dir: Path | None = None,
    told: Callable[[str], None] | None = None,
) -> None:
    """Run until interrupted (Ctrl-C)."""
    with contextlib.suppress(KeyboardInterrupt):
        emulator = build(config, Clock(), state_dir)
        asyncio.run(serve_emulator(emulator, host, port, told=told))
