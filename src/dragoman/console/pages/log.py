"""The message log of an app: its filters, its rows, and what happens while one looks."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get
from litestar.response import Stream

from dragoman.domain.clock import id_number, id_text
from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.engine.apps import App
from dragoman.engine.standing import phone
from dragoman.store.drivers import Tx
from dragoman.store.queries import chain, messages, others
from dragoman.store.queries.messages import MAX_ID, Filter, Line, first_id, made_at

from ..live import Event, Heard, stream
from ..render import page, part, zone_of
from ..rows import Row, other_row, row_of
from ..site import house_of
from .apps import app_of, frame

Ask = Request[Any, Any, Any]

SHOWN = 50
NAMES = ("status", "direction", "who", "q", "number", "from", "to", "before")
OTHERS = {"refused": "refused", "not readable": "rejected", "event": "event"}  # word → table

words(
    {
        "log_status_unknown": "There is no status {value!r}: choose one of the list.",
        "log_direction_unknown": "{value!r} is no direction: choose in or out.",
        "log_number_unknown": "This app has no number {value!r}: choose one of the list.",
        "log_date_wrong": "{value!r} is no date: write it as year-month-day, like 2026-01-31.",
        "log_before_wrong": "{value!r} is no place in the log: begin again at its newest page.",
    }
)


class Asked(msgspec.Struct, frozen=True):
    """What the address asks for. `given`: as it was written. `wrong`: by field. `wanted`: for the
    messages; `tables`: of what is no message, empty where only messages are asked for."""

    given: dict[str, str]
    wrong: dict[str, Sentence]
    wanted: Filter
    tables: tuple[str, ...] = ()
    messages: bool = True

    @property
    def filters(self) -> dict[str, str]:
        """What narrows the log, without the place in it."""
        return {k: v for k, v in self.given.items() if v and k != "before"}

    def without(self, *names: str, **more: str) -> str:
        """The address's query without some of it."""
        left = {k: v for k, v in self.given.items() if v and k not in names}
        text = urlencode({**left, **more})
        return f"?{text}" if text else ""


class Found(msgspec.Struct, frozen=True):
    """A page of rows, newest first. `older`: the place to go on at, empty at the end. `reached`:
    when what was looked at last was made (Unix ms), 0 where all of it was looked at."""

    rows: list[Row]
    older: str = ""
    reached: int = 0
    any: bool = True


def asked(tx: Tx, app: App, given: dict[str, str], zone: datetime.tzinfo) -> Asked:
    """The filters of an address, read."""
    wrong: dict[str, Sentence] = {}
    after, before = _span(given, zone, wrong)
    status, tables = _status(given, wrong)
    direction = {"": None, "in": 0, "out": 1}.get(given["direction"])
    if given["direction"] not in ("", "in", "out"):
        wrong["direction"] = Sentence("log_direction_unknown", {"value": given["direction"]})
    wanted = Filter(
        app.id, None, direction, status, after, before=before, words=given["q"],
        numbers=_numbers(tx, app, given, wrong),
    )  # fmt: skip
    if given["who"]:
        own = tuple(one for one in chain.conversations_of(tx, given["who"]) if one[0] == app.id)
        more = {"conversations": own} if own else {"name": given["who"]}
        wanted = msgspec.structs.replace(wanted, **more)
    if given["status"] in OTHERS:
        return Asked(given, wrong, wanted, tables, messages=False)
    narrowed = any(given[k] for k in ("status", "direction", "who", "q", "number"))
    return Asked(given, wrong, wanted, () if narrowed else others.TABLES)


def _status(given: dict[str, str], wrong: dict[str, Sentence]) -> tuple[str | None, Any]:
    word = given["status"].replace("-", " ")
    if word in OTHERS:
        return None, (OTHERS[word],)
    if word and word not in messages.WORDS:
        wrong["status"] = Sentence("log_status_unknown", {"value": given["status"]})
        return None, ()
    return word or None, ()


def _numbers(
    tx: Tx, app: App, given: dict[str, str], wrong: dict[str, Sentence]
) -> tuple[int, ...] | None:
    if not given["number"]:
        return None
    found = tuple(n[0] for n in messages.numbers(tx, app.id) if given["number"] in (n[2], n[3]))
    if not found:
        wrong["number"] = Sentence("log_number_unknown", {"value": given["number"]})
    return found


def _span(
    given: dict[str, str], zone: datetime.tzinfo, wrong: dict[str, Sentence]
) -> tuple[int, int]:
    """The ids of the days asked for, in the reader's time zone; ids carry the machine's time."""
    after, before = 0, MAX_ID
    if day := _day(given, "from", wrong):
        after = min(MAX_ID, first_id(_begin(day, zone))) - 1
    if day := _day(given, "to", wrong):
        before = min(MAX_ID, first_id(_begin(day + datetime.timedelta(days=1), zone)))
    if given["before"]:
        try:
            before = min(before, id_number(given["before"]))
        except ValueError:
            wrong["before"] = Sentence("log_before_wrong", {"value": given["before"]})
    return max(0, after), before


def _begin(day: datetime.date, zone: datetime.tzinfo) -> int:
    return int(datetime.datetime.combine(day, datetime.time(), zone).timestamp() * 1000)


def _day(given: dict[str, str], name: str, wrong: dict[str, Sentence]) -> datetime.date | None:
    try:
        day = datetime.date.fromisoformat(given[name]) if given[name] else None
    except ValueError:
        day = None
    if given[name] and (day is None or not 2000 <= day.year < 2100):
        wrong[name] = Sentence("log_date_wrong", {"value": given[name]})
        return None
    return day


def found(tx: Tx, ask: Asked, now: int, redactor: Any) -> Found:
    """The rows of a page."""
    wanted = ask.wanted
    shown = messages.page(tx, wanted, SHOWN, now) if ask.messages else messages.Page([])
    rows = [row_of(line, now, redactor) for line in shown.lines]
    beside: list[others.Other] = []
    if ask.tables:
        some = SHOWN + 1
        beside = others.newest(tx, wanted.app_id, wanted.after, some, wanted.before, ask.tables)
    both = sorted([*rows, *(other_row(o, redactor) for o in beside)], key=lambda r: -r.id)
    more = shown.more or len(both) > SHOWN
    both = both[:SHOWN]
    older = id_text(both[-1].id) if more else id_text(shown.reached) if shown.reached else ""
    reached = made_at(shown.reached) if shown.reached and not more else 0
    return Found(both, older, reached, bool(both) or chain.last(tx) is not None)


def _given(request: Ask) -> dict[str, str]:
    return {name: request.query_params.get(name, "").strip()[:200] for name in NAMES}


def _named(numbers: Iterable[tuple[int, str, str, str]]) -> list[tuple[str, str]]:
    """Each number once, by what the filter takes: as it is written, else a partner's id of it."""
    shown = {phone(display) or key: display or key for _, _, key, display in numbers}
    return sorted((value, text) for text, value in shown.items())


@get("/apps/{app:str}/channels/whatsapp/log", opt={"role": "viewer"})
async def log(request: Ask) -> Response[str]:
    house, app, zone = house_of(request), app_of(request), zone_of(request)
    now, given = house.clock.now(), _given(request)

    def read(tx: Tx) -> tuple[Asked, Found, list[tuple[str, str]]]:
        ask = asked(tx, app, given, zone)
        rows = Found([]) if ask.wrong else found(tx, ask, now, house.redactor)
        return ask, rows, _named(messages.numbers(tx, app.id))

    ask, shown, numbers = await house.store.read(read)
    return page(
        request, "log.html", "Message log", status=422 if ask.wrong else 200, ask=ask, found=shown,
        statuses=(*messages.WORDS, *OTHERS), numbers=numbers, scan=ask.wanted.looks_at,
        live="" if given["before"] or ask.wrong else f"{request.url.path}/live{ask.without()}",
        **frame(app),
    )  # fmt: skip


@get("/apps/{app:str}/channels/whatsapp/log/live", opt={"role": "viewer"})
async def log_live(request: Ask) -> Stream:
    """Rows as they come and change. Of a message that the page shows, every change is told, also
    one that its filter does not ask for: rows do not vanish while they are read."""
    house, app, zone = house_of(request), app_of(request), zone_of(request)
    ask = await house.store.read(lambda tx: asked(tx, app, _given(request), zone))
    if ask.wrong:
        raise SentenceError(next(iter(ask.wrong.values())))
    any_status = msgspec.structs.replace(ask.wanted, status=None)

    def shown(tx: Tx) -> Iterable[Line]:
        return messages.page(tx, ask.wanted, SHOWN, house.clock.now()).lines if ask.messages else ()

    def tell(heard: Heard) -> Iterable[Event]:
        now = house.clock.now()
        lines = {**heard.new, **heard.changed} if ask.messages else {}
        for id, line in sorted(lines.items()):
            fits = messages.fits(line, ask.wanted, now)
            if fits or id in heard.changed:
                html = _row(request, row_of(line, now, house.redactor))
                yield {"id": id_text(id), "html": html, "fits": fits}
        for other in heard.others:
            if other.table in ask.tables:
                html = _row(request, other_row(other, house.redactor))
                yield {"id": id_text(other.id), "html": html, "fits": True}

    return stream(house, any_status, shown, tell, others=bool(ask.tables))


def _row(request: Ask, row: Row) -> str:
    return part(request, "message_row.html", row=row)


ROUTES = (log, log_live)
