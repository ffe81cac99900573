"""An emulator as an ASGI application: the partner's API, the control API, the console."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Litestar, Request, Response, route

from .console_page import console_routes
from .control import control_handlers

if TYPE_CHECKING:
    from .partner import PartnerEmulator

_BODY_CAP = 110 * 1024 * 1024
Message = MutableMapping[str, Any]
Asgi = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]


class Answer(msgspec.Struct):
    """What goes back, whole. `hold_ms`: it is held so long first (see PartnerEmulator.spoil)."""

    body: bytes
    status: int = 200
    mime: str = "application/json; charset=UTF-8"
    headers: dict[str, str] = {}
    hold_ms: int = 0


async def _hold(emulator: PartnerEmulator, request: Request[Any, Any, Any], ms: int) -> None:
    """Never answer: until the caller hangs up, the emulator stops, or the time is over."""

    async def hung_up() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            continue

    tasks = [asyncio.ensure_future(hung_up()), asyncio.ensure_future(emulator.stopping.wait())]
    await asyncio.wait(tasks, timeout=ms / 1000, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


def application(emulator: PartnerEmulator) -> Asgi:
    """The ASGI app; paths may carry the configured prefix or come without it."""

    @route("/{path:path}", http_method=list(emulator.METHODS))
    async def api(request: Request[Any, Any, Any]) -> Response[bytes]:
        emulator.learn_address(request.headers.get("host", ""))
        done = await emulator.serve(request, str(request.path_params["path"]))
        if done.hold_ms:
            await _hold(emulator, request, done.hold_ms)
        return Response(
            done.body, status_code=done.status, media_type=done.mime, headers=done.headers
        )

    inner = Litestar(
        [api, *control_handlers(emulator), *console_routes(emulator)],
        openapi_config=None,
        request_max_body_size=_BODY_CAP,
        logging_config=None,
    )
    prefix = emulator.config.prefix

    async def served(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].startswith(prefix):
            scope = {**scope, "path": scope["path"][len(prefix) :] or "/", "root_path": ""}
        await inner(scope, receive, send)

    return served
