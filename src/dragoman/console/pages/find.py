"""The search of the frame: an id, a phone, a name or words, over every app.

What one thing answers to is opened at once; else a list says what was looked through.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, Response, get

from dragoman.domain.clock import id_text
from dragoman.engine.standing import phone
from dragoman.store.drivers import Tx
from dragoman.store.queries import chain, conversations, messages
from dragoman.store.queries.conversations import Conversation
from dragoman.store.queries.messages import READ, Filter

from ..house import House
from ..render import go, page
from ..rows import Row, row_of
from ..site import house_of

Ask = Request[Any, Any, Any]

MOST = 50
LEAST_SCAN = 5_000


class Person(msgspec.Struct, frozen=True):
    """A conversation that fits, where it is to be found, and the app's name."""

    app: str
    to: str
    who: str
    reached: str
    number: str


class Found(msgspec.Struct, frozen=True):
    """`to`: the one thing that fits. `scan`: how many messages of each app were looked through.
    `further`: by app, where the log goes on looking for words and for names, empty where all of it
    was looked through."""

    to: str = ""
    people: tuple[Person, ...] = ()
    rows: tuple[Row, ...] = ()
    more: bool = False
    scan: int = 0
    further: tuple[tuple[str, str, str], ...] = ()


def find(tx: Tx, house: House, text: str) -> Found:
    """What a text of the search box fits."""
    people = _people(tx, house, chain.conversations_of(tx, text))
    if len(people) == 1:
        return Found(people[0].to)
    if people:
        return Found(people=people)
    if text != "last" and chain.find(tx, text) is not None:
        return Found(f"/messages/{quote(text, safe='')}")
    now, scan = house.clock.now(), max(LEAST_SCAN, READ // max(1, len(house.apps.by_id)))
    named = messages.page(tx, Filter(name=text, scan=scan), 4 * MOST, now)
    people = _people(tx, house, list({(m.app_id, m.conversation_id): 1 for m in named.lines}))
    said = messages.page(tx, Filter(words=text, scan=scan), MOST, now)
    rows = tuple(row_of(line, now, house.redactor) for line in said.lines)
    further = _further(house, text, _ended(said), _ended(named))
    if len(people) + len(rows) == 1 and not further:
        return Found(people[0].to if people else f"/messages/{rows[0].name}")
    return Found("", people[:MOST], rows, said.more or len(people) > MOST, scan, further)


def _ended(page: messages.Page) -> int:
    """The id below which nothing was looked at; 0 where nothing was left out."""
    return page.lines[-1].id if page.more else page.reached


def _further(house: House, text: str, said: int, named: int) -> tuple[tuple[str, str, str], ...]:
    def log(stream_id: str, name: str, before: int) -> str:
        asked = urlencode({name: text, "before": id_text(before)}) if before else ""
        return f"/apps/{stream_id}/channels/whatsapp/log?{asked}" if asked else ""

    return tuple(
        (app.name, log(app.stream_id, "q", said), log(app.stream_id, "who", named))
        for app in sorted(house.apps.by_id.values(), key=lambda app: app.name)
        if said or named
    )


def _people(tx: Tx, house: House, own: list[tuple[int, int]]) -> tuple[Person, ...]:
    found = [conversations.load(tx, *one) for one in own]
    return tuple(_person(house, one) for one in found if one and one.app_id in house.apps.by_id)


def _person(house: House, one: Conversation) -> Person:
    app = house.apps.by_id[one.app_id]
    number = ", ".join(phone(w.number_display) or w.number_key for w in one.windows)
    to = f"/apps/{app.stream_id}/conversations/conv-{id_text(one.id)}"
    return Person(app.name, to, one.name or "", phone(one.phone) or one.bsuid or "", number)


@get("/find", opt={"role": "viewer"})
async def find_page(request: Ask) -> Response[Any]:
    house, text = house_of(request), request.query_params.get("q", "").strip()[:300]
    found = Found()
    if text:
        found = await house.store.read(lambda tx: find(tx, house, text))
        if found.to:
            return go(found.to)
    return page(request, "find.html", "Search", query=text, found=found, many=len(house.apps.by_id))


ROUTES = (find_page,)
