"""One contact on one number: the thread, the window, the session and the context. Read only."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.response import Stream

from dragoman.domain.clock import id_number, id_text
from dragoman.domain.sentences import Sentence, words
from dragoman.engine.apps import App
from dragoman.engine.standing import phone, span
from dragoman.store.drivers import Tx
from dragoman.store.queries import conversations, messages
from dragoman.store.queries.conversations import Conversation
from dragoman.store.queries.messages import MAX_ID, Filter, Line

from ..live import stream
from ..render import page
from ..rows import Row, content_of, row_of
from ..site import house_of
from .apps import app_of, frame
from .message import unknown

Ask = Request[Any, Any, Any]

SHOWN = 50

words(
    {
        "conversation_page_unknown": "This app has no conversation {value!r}. Find the contact "
        "with the search above, by phone or by name.",
    }
)


class Said(msgspec.Struct, frozen=True):
    """A message of the thread. content: as JSON values."""

    row: Row
    content: dict[str, Any]
    number: str


def _id(request: Ask) -> int:
    """Raises NotFoundException."""
    text = str(request.path_params["id"])[:100]
    try:
        number = id_number(text.rsplit("-", 1)[-1])
    except ValueError:
        raise NotFoundException(text) from None
    if not 0 < number < MAX_ID:
        raise NotFoundException(text)
    return number


def _wanted(app: App, id: int, before: str = "") -> Filter:
    """The messages of the thread, below a place in it; from its end where the place is none."""
    try:
        place = min(id_number(before), MAX_ID) if before else MAX_ID
    except ValueError:
        place = MAX_ID
    return Filter(app.id, ((app.id, id),), before=place)


@get("/apps/{app:str}/conversations/{id:str}", opt={"role": "viewer"})
async def conversation(request: Ask) -> Response[str]:
    house, app = house_of(request), app_of(request)
    now, before = house.clock.now(), request.query_params.get("before", "")

    def read(tx: Tx) -> tuple[Conversation, messages.Page]:
        one = conversations.load(tx, app.id, _id(request))
        if one is None:
            raise NotFoundException
        return one, messages.page(tx, _wanted(app, one.id, before), SHOWN, now)

    try:
        one, shown = await house.store.read(read)
    except NotFoundException:
        value = str(request.path_params["id"])[:100]
        return unknown(request, Sentence("conversation_page_unknown", {"value": value}))
    own = str(one.name or phone(one.phone) or one.bsuid or "Conversation")
    context = json.dumps(
        house.redactor.json(msgspec.json.decode(one.context)), ensure_ascii=False, indent=2
    )
    return page(
        request, "conversation.html", own, one=one, context=context, before=before,
        thread=[_said(line, now, house.redactor) for line in reversed(shown.lines)],
        older=id_text(shown.lines[-1].id) if shown.more else "",
        session=_session(app, one, now), name=f"conv-{id_text(one.id)}", span=span,
        **frame(app),
    )  # fmt: skip


def _said(line: Line, now: int, redactor: Any) -> Said:
    number = phone(line.number_display) or line.number_key
    return Said(row_of(line, now, redactor), content_of(line, redactor), number)


def _session(app: App, one: Conversation, now: int) -> int:
    """Milliseconds that the session lasts yet if nobody writes; 0 when it is over or never was."""
    minutes = (app.published or app.draft).config.session_minutes
    return max(0, one.session_last + minutes * 60_000 - now) if one.session_id else 0


@get("/apps/{app:str}/conversations/{id:str}/live", opt={"role": "viewer"})
async def conversation_live(request: Ask) -> Stream:
    """Says when something happened in the conversation: the page is then read again."""
    house, app = house_of(request), app_of(request)
    id, now = _id(request), house.clock.now
    if await house.store.read(lambda tx: conversations.load(tx, app.id, id)) is None:
        raise NotFoundException
    wanted = _wanted(app, id)
    return stream(
        house, wanted, lambda tx: messages.page(tx, wanted, SHOWN, now()).lines,
        lambda heard: [{"changed": True}] if heard.new or heard.changed else [],
    )  # fmt: skip


ROUTES = (conversation, conversation_live)
