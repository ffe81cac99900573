"""The partner's console over HTTP, for the people and programs of this machine.

GET {prefix}/console is the page; GET {prefix}/console/api the same as JSON (`{"partner",
"panels"}`); POST {prefix}/console/api/{panel} with `{"button": id, "values": {field: value}}`
presses a button: `{"said": sentence, "shown": {…}, "panels": […]}`, or `{"detail": sentence}` with
400. POSTs carry the header X-Dragoman-Console: 1, so that no foreign web page can make them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import MediaType, Request, Response, Router, get, post
from litestar.types import ControllerRouterHandler

from dragoman import ui
from dragoman.domain.sentences import Sentence, SentenceError, say, words
from dragoman.emulators.phone.guard import PAGE_HEADERS, only_page

from .console import press

if TYPE_CHECKING:
    from .partner import PartnerEmulator

_HERE = Path(__file__).parent
HEADER = "X-Dragoman-Console"

words(
    {
        "console_host_refused": "A partner's console answers only on this machine's own address, "
        "and was asked as {host!r}: open it as http://127.0.0.1.",
        "console_page_refused": "Only the console's own page and programs of this machine may do "
        "this: another page, or a request without the header X-Dragoman-Console: 1, asked for it.",
    }
)


class Press(msgspec.Struct):
    button: str = ""
    values: dict[str, Any] = {}


def console_routes(emulator: PartnerEmulator) -> list[ControllerRouterHandler]:
    """Everything below /console."""
    pages = ui.environment(_HERE / "templates")
    guard = only_page(HEADER, "console_host_refused", "console_page_refused")

    @get("/", sync_to_thread=False)
    def page() -> Response[str]:
        html = pages.get_template("console.html").render(
            title=f"{emulator.partner} console",
            base=f"{emulator.config.prefix}/console",
            ui=f"{emulator.config.prefix}/console/ui",
            partner=emulator.partner,
            panels=emulator.console_state(),
        )
        return Response(html, media_type=MediaType.HTML, headers=PAGE_HEADERS)

    @get("/api", sync_to_thread=False)
    def read() -> Response[bytes]:
        return _json({"partner": emulator.partner, "panels": _panels(emulator)})

    @post("/api/{panel:str}", status_code=200)
    async def act(request: Request[Any, Any, Any]) -> Response[bytes]:
        asked = msgspec.json.decode(await request.body() or b"{}", type=Press)
        panel = str(request.path_params["panel"])
        done = await press(emulator, panel, asked.button, asked.values)
        said = {"said": say(done.sentence), "shown": done.shown, "panels": _panels(emulator)}
        return _json(said)

    return [
        Router(
            path="/console",
            route_handlers=[
                page,
                read,
                act,
                ui.served("/ui", ui.STATIC),
                ui.served("/static", _HERE / "static"),
            ],
            guards=[guard],
            exception_handlers={SentenceError: _told, msgspec.MsgspecError: _told},
        )
    ]


def _told(_: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    if not isinstance(error, SentenceError):
        error = SentenceError(Sentence("console_request_wrong", {"why": str(error)}))
    return _json({"detail": say(error.sentence)}, 400)


def _panels(emulator: PartnerEmulator) -> Any:
    return msgspec.to_builtins(emulator.console_state())


def _json(value: Any, status: int = 200) -> Response[bytes]:
    return Response(
        msgspec.json.encode(value),
        status_code=status,
        media_type="application/json",
        headers=PAGE_HEADERS,
    )
