"""The test phone's page and what it asks for, at /phone on the address of everything else.

GET /phone is the page, /phone/state everything on it, /phone/events each change as it happens
(server-sent events, one JSON object each). POSTs answer `{"ok": true, …}`, or `{"detail":
sentence}` with 400 for bad input and 403 for a stranger (see `guard`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

import jinja2
import msgspec
from litestar import MediaType, Request, Response, Router, get, post
from litestar.exceptions import NotFoundException
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from dragoman import ui
from dragoman.domain.sentences import Sentence, SentenceError, inner, say, words
from dragoman.ui import languages

from . import voice
from .gestures import Gesture, body_of
from .guard import FILE_POLICY, PAGE_HEADERS, only_our_page
from .handsets import Handsets

_HERE = Path(__file__).parent
_SHOWABLE = ("image/png", "image/jpeg", "image/webp", "image/gif", "audio/", "video/")
_LARGEST = 101 * 1024 * 1024  # Meta takes documents of 100 MB
_MB = 1024 * 1024
# Kind → how its MIME type begins, and the most bytes: what Meta takes of each.
_UPLOADS = {
    "image": ("image/", 5 * _MB), "video": ("video/", 16 * _MB), "audio": ("audio/", 16 * _MB),
    "voice": ("", 16 * _MB), "document": ("", 100 * _MB), "sticker": ("image/webp", _MB // 2),
}  # fmt: skip
# What the page's scripts show as it comes: statuses, and the names of what passed over the wire.
SHOWN = (
    "accepted", "sent", "delivered", "read", "played", "failed", "request", "answer", "headers",
    "body", "call", "webhook in", "message", "status", "payment", "template", "text", "image",
    "video", "audio", "document", "sticker", "location", "contacts", "interactive", "reaction",
    "order", "button", "system", "paid", "pending", "updates", "instead",
)  # fmt: skip

words(
    {
        "phone_gesture_wrong": "The test phone did not understand what its page sent ({reason}): "
        "reload the page.",
        "phone_upload_wrong": "{kind!r} is no kind of file to send: choose one of {known}.",
        "phone_upload_mime": "{name!r} is {mime}, which is not sent as {kind}: send it as a "
        "document.",
        "phone_upload_big": "{name!r} is larger than {most} kB, the most that is sent as {kind}: "
        "choose a smaller one.",
        "phone_no_clock": "No clock can be moved here: start the demo, whose clock can.",
        "phone_no_faults": "No emulated partner {partner!r} has faults to switch on here: start "
        "it, or choose one that runs.",
        "phone_no_switch": "No channel can be switched to {partner!r} here: start the demo, which "
        "has every partner.",
        "phone_upload_empty": "The file {name!r} is empty: choose one with something in it.",
    }
)


class Chat(msgspec.Struct):
    line: str
    contact: str


class Play(msgspec.Struct):
    line: str
    message: str


class Invent(msgspec.Struct):
    name: str = ""


class Fault(msgspec.Struct):
    """`name` None turns everything of the partner off. Without `partner` it is the first."""

    partner: str = ""
    name: str | None = None
    on: bool = False


class Move(msgspec.Struct):
    """`by` milliseconds; `back` sets the clock to the machine's again."""

    by: int = 0
    back: bool = False


class To(msgspec.Struct):
    partner: str


class Paid(Chat):
    message: str
    outcome: Literal["paid", "failed", "pending"]


def phone_routes(handsets: Handsets, console: str = "") -> list[ControllerRouterHandler]:
    """Everything below /phone. console: the address of the console beside it, if there is one."""
    return [
        Router(
            path="/phone",
            route_handlers=[
                *_reading(handsets, console),
                *_doing(handsets),
                *_controls(handsets),
                ui.served("/ui", ui.STATIC),
                ui.served("/static", _HERE / "static"),
            ],
            guards=[only_our_page],
            exception_handlers={SentenceError: _told},
            include_in_schema=False,
        )
    ]


@cache
def _environment(language: str) -> jinja2.Environment:
    env = ui.environment(_HERE / "templates")
    spoken = languages.catalogue(language)
    env.install_gettext_translations(spoken, newstyle=True)  # type: ignore[attr-defined]
    return env


def _told(request: Request[Any, Any, Any], error: SentenceError) -> Response[dict[str, str]]:
    told = say(error.sentence, languages.catalogue(_language(request)))
    return Response({"detail": told}, status_code=400, headers=PAGE_HEADERS)


def _language(request: Request[Any, Any, Any]) -> str:
    """As the console chooses it, whose cookie comes here, too."""
    return languages.wanted(request.cookies, request.headers.get("Accept-Language", ""))


def _worded(change: Any, language: str) -> Any:
    """What the page is told, with its sentences in a language: hints of lines, and why a message
    failed."""
    spoken = languages.catalogue(language)

    def put(told: Any) -> str:
        sentence = inner(told)
        return say(sentence, spoken) if sentence is not None else told or ""

    out = dict(change)
    if "lines" in out:
        out["lines"] = [{**line, "hint": put(line["hint"])} for line in out["lines"]]
    if "bubble" in out:
        out["bubble"] = {**out["bubble"], "failure": put(out["bubble"]["failure"])}
    if "chats" in out:
        out["chats"] = [
            {**chat, "bubbles": [{**b, "failure": put(b["failure"])} for b in chat["bubbles"]]}
            for chat in out["chats"]
        ]
    return out


def _script_words(language: str, handsets: Handsets) -> dict[str, Any]:
    """What the page's scripts say, in a language."""
    once, counted = languages.said_by_scripts(sorted((_HERE / "static").glob("*.js")))
    labels = {one["label"] for faults in handsets.faults.values() for one in faults.describe()}
    return languages.for_scripts(language, {*once, *labels, *SHOWN}, counted)


def _reading(handsets: Handsets, console: str) -> list[ControllerRouterHandler]:
    @get("/", sync_to_thread=False)
    def page(request: Request[Any, Any, Any]) -> Response[str]:
        language = _language(request)
        spoken = languages.catalogue(language)
        html = _environment(language).get_template("phone.html").render(
            title=spoken.gettext("Test phone"), ui="/phone/ui", console=console, lang=language,
            dir=languages.direction(language), words=_script_words(language, handsets),
        )  # fmt: skip
        return Response(html, media_type=MediaType.HTML, headers=PAGE_HEADERS)

    @get("/state", sync_to_thread=False)
    def state(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _json(_worded(handsets.state(), _language(request)))

    @get("/events")
    async def events(request: Request[Any, Any, Any]) -> Stream:
        headers = {**PAGE_HEADERS, "X-Accel-Buffering": "no"}
        return Stream(
            _stream(handsets, _language(request)), media_type="text/event-stream", headers=headers
        )

    @get("/media/{line:str}/{media:str}")
    async def media(request: Request[Any, Any, Any]) -> Response[bytes]:
        asked = request.path_params
        found = await handsets.media(asked["line"], asked["media"])
        if found is None:
            raise NotFoundException
        data, mime = found
        # A stranger's file never becomes a page of this origin.
        headers = {
            "Content-Security-Policy": FILE_POLICY,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, max-age=3600",
        }
        if not mime.startswith(_SHOWABLE):
            headers["Content-Disposition"] = "attachment"
        return Response(data, media_type=mime, headers=headers)

    return [page, state, events, media]


def _doing(handsets: Handsets) -> list[ControllerRouterHandler]:
    @post("/do")
    async def do(request: Request[Any, Any, Any]) -> Response[bytes]:
        gesture: Gesture = await _read(request, Gesture)
        body, quoted = body_of(gesture)
        sent = await handsets.person_sends(gesture.line, gesture.contact, body, quoted)
        return _json({"ok": True, "id": sent})

    @post("/upload", request_max_body_size=_LARGEST)
    async def upload(request: Request[Any, Any, Any]) -> Response[bytes]:
        asked = request.query_params
        line, contact, kind = (asked.get(name, "") for name in ("line", "contact", "kind"))
        filename, caption = asked.get("filename"), asked.get("caption")
        if kind not in _UPLOADS:
            known = ", ".join(_UPLOADS)
            raise SentenceError(Sentence("phone_upload_wrong", {"kind": kind, "known": known}))
        data = await request.body()
        mime = request.headers.get("Content-Type", "application/octet-stream")
        if kind == "voice":
            data, mime = voice.silence(), voice.MIME
        if not data:
            raise SentenceError(Sentence("phone_upload_empty", {"name": filename or kind}))
        begins, most = _UPLOADS[kind]
        about = {"name": filename or kind, "kind": kind}
        if not mime.startswith(begins):
            raise SentenceError(Sentence("phone_upload_mime", {**about, "mime": mime[:80]}))
        if len(data) > most:
            raise SentenceError(Sentence("phone_upload_big", {**about, "most": most // 1024}))
        media = await handsets.upload(line, data, mime, filename)
        body = _media_body(kind, media, filename, caption)
        sent = await handsets.person_sends(line, contact, body)
        return _json({"ok": True, "id": sent})

    @post("/look")
    async def look(request: Request[Any, Any, Any]) -> Response[bytes]:
        data: Chat = await _read(request, Chat)
        return _json({"ok": True, "seen": await handsets.look(data.line, data.contact)})

    @post("/play")
    async def play(request: Request[Any, Any, Any]) -> Response[bytes]:
        data: Play = await _read(request, Play)
        await handsets.play(data.line, data.message)
        return _json({"ok": True})

    @post("/invent")
    async def invent(request: Request[Any, Any, Any]) -> Response[bytes]:
        data: Invent = await _read(request, Invent)
        return _json({"ok": True, "contact": msgspec.to_builtins(handsets.invent(data.name))})

    @post("/paid")
    async def paid(request: Request[Any, Any, Any]) -> Response[bytes]:
        data: Paid = await _read(request, Paid)
        await handsets.pay(data.line, data.contact, data.message, data.outcome)
        return _json({"ok": True})

    return [do, upload, look, play, invent, paid]


def _controls(handsets: Handsets) -> list[ControllerRouterHandler]:
    @post("/faults")
    async def faults(request: Request[Any, Any, Any]) -> Response[bytes]:
        data: Fault = await _read(request, Fault)
        partner = data.partner or next(iter(handsets.faults), "")
        if partner not in handsets.faults:
            raise SentenceError(Sentence("phone_no_faults", {"partner": partner}))
        switches = handsets.faults[partner]
        if data.name is None:
            switches.all_off()
        else:
            switches.set(data.name, data.on)
        handsets.tell_panel()
        return _json({"ok": True, "controls": handsets.panel()})

    @post("/clock")
    async def clock(request: Request[Any, Any, Any]) -> Response[bytes]:
        data: Move = await _read(request, Move)
        moved = handsets.controls.get("clock")
        if moved is None:
            raise SentenceError(Sentence("phone_no_clock"))
        moved.move(-moved.offset_ms if data.back else data.by)
        handsets.tell_panel()
        return _json({"ok": True, "controls": handsets.panel()})

    @post("/switch")
    async def switch(request: Request[Any, Any, Any]) -> Response[bytes]:
        data: To = await _read(request, To)
        switch, known = handsets.controls.get("switch"), {*handsets.faults}
        if switch is None or data.partner not in known:
            raise SentenceError(Sentence("phone_no_switch", {"partner": data.partner}))
        await switch.to(data.partner, request.scope)
        handsets.tell_panel()
        return _json({"ok": True, "controls": handsets.panel()})

    return [faults, clock, switch]


def _media_body(
    kind: str, media: dict[str, Any], filename: str | None, caption: str | None
) -> dict[str, Any]:
    """An inbound media body: what the partner gave for the file, and what the person added."""
    value = dict(media)
    if kind == "document":
        value["filename"] = filename or media.get("filename") or "document"
    else:
        value.pop("filename", None)
    if kind in ("audio", "voice"):
        value["voice"] = kind == "voice"
        kind = "audio"
    elif caption:
        value["caption"] = caption
    if kind == "sticker":
        value["animated"] = False
    return {"type": kind, kind: value}


async def _stream(handsets: Handsets, language: str) -> AsyncIterator[bytes]:
    # A first comment makes proxies and browsers show the stream as open at once.
    yield b": open\n\n"
    async for change in handsets.changes():
        yield b"data: " + msgspec.json.encode(_worded(change, language)) + b"\n\n"


async def _read(request: Request[Any, Any, Any], shape: Any) -> Any:
    """The body as `shape`. Raises SentenceError for anything else."""
    try:
        return msgspec.json.decode(await request.body(), type=shape)
    except msgspec.MsgspecError as error:
        raise SentenceError(Sentence("phone_gesture_wrong", {"reason": str(error)})) from error


def _json(value: Any) -> Response[bytes]:
    return Response(msgspec.json.encode(value), media_type="application/json", headers=PAGE_HEADERS)
