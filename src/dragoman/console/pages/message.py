"""The message page: what happened to one message, webhook or kept thing, and how a doubt ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.response import Stream

from dragoman.domain.clock import id_text
from dragoman.domain.sentences import Sentence, SentenceError, term, words
from dragoman.engine import meaning
from dragoman.engine.apps import App
from dragoman.engine.meaning import Raw
from dragoman.engine.replay import Answer, Exchange
from dragoman.engine.standing import span
from dragoman.engine.why import Story, story
from dragoman.store import doubts
from dragoman.store.drivers import Tx
from dragoman.store.errors import Unavailable
from dragoman.store.queries import chain, messages
from dragoman.store.queries.messages import Filter, Line

from ..house import House
from ..live import stream
from ..render import go, language_of, page, signed_in, words_of
from ..route import strips
from ..rows import content_of
from ..site import house_of
from .apps import frame, label, name_of

Ask = Request[Any, Any, Any]

words(
    {
        "message_page_unknown": "Nothing here has the id {value!r}. Ids look like in-6YJH247DX400 "
        "or out-6YJH247DX401; a partner's id works, too. The message log lists them all.",
        "message_doubt": "We sent it, and no answer told whether it arrived. It may have arrived, "
        "so Dragoman does not send it again by itself.",
        "message_doubt_role": "To end the doubt needs the role responder, and you are {role}.",
        "message_contact": "contact",
        "message_partner": "partner",
        "message_gap": "+{span}",
        "message_sure": "Nothing was sent: tick that the contact may get it twice, then press the "
        "button.",
    }
)

MARKS = {
    "hook": "▼", "call": "▲", "accepted": "○", "report": "○", "missing": "○", "doubt": "◆",
    "settled": "◆", "waits": "◌", "failed": "■", "kept": "■",
}  # fmt: skip


class Told(msgspec.Struct, frozen=True):
    """A story with the rows that its page needs. `line`: None for what is no message. fields: of
    raw bodies, by a step's place and the label, with what they mean."""

    app: App
    story: Story
    line: Line | None
    again: int
    fields: dict[tuple[int, str], list[Raw]] = {}
    reopens: int = 0  # until when *it arrived* can be taken back; 0 where it cannot


def read(tx: Tx, house: House, text: str) -> Told | str:
    """What an id stands for, or the id of the page that has it. Raises NotFoundException."""
    found = chain.find(tx, text)
    app = house.apps.by_id.get(found.app_id) if found is not None else None
    if found is None or app is None:
        raise NotFoundException(text)
    if found.table == "conversation":
        return f"/apps/{app.stream_id}/conversations/conv-{id_text(found.id)}"
    told = story(tx, found, house.clock.now(), house.redactor)
    message = chain.find(tx, told.id)
    line: Line | None = None
    if message is not None and message.table == "message":
        line = messages.load(tx, [(message.app_id, message.id)])[0]
    if told.id != text:
        return f"/messages/{told.id}"
    again = chain.sent_again(tx, line) if line is not None else 0
    fields, now = meaning.of_steps(tx, app, told.steps), house.clock.now()
    reopens = doubts.reopens_until(tx, app.id, line.id, now) if line is not None else 0
    return Told(app, told, line, again, fields, reopens)


def unknown(request: Ask, sentence: Sentence) -> Response[str]:
    """A page that says that nothing has this id."""
    return page(request, "nothing.html", "Not found", status=404, told=sentence, query="")


@get("/messages/{id:str}", opt={"role": "viewer"})
async def message(request: Ask) -> Response[Any]:
    return await _page(request)


async def _page(
    request: Ask, wrong: Sentence | None = None, replayed: Replayed | None = None
) -> Response[Any]:
    house, text = house_of(request), str(request.path_params["id"])[:300]
    try:
        told = await house.store.read(lambda tx: read(tx, house, text))
    except NotFoundException:
        return unknown(request, Sentence("message_page_unknown", {"value": text}))
    if isinstance(told, str):
        return go(told)
    line, who = told.line, signed_in(request)
    lying = upright = None
    if line is not None:
        at_partner = label(line.partner).removeprefix("WhatsApp ")
        ends = (line.name or Sentence("message_contact"),
                at_partner or Sentence("message_partner"))  # fmt: skip
        lying, upright = strips(told.story.steps, *ends) or (None, None)
    return page(
        request, "message.html", told.story.id, status=422 if wrong else 200, told=told,
        story=told.story, line=line, panes=_panes(request, told), wrong=wrong,
        lying=lying, upright=upright, marks=MARKS,
        partner=label(line.partner) if line is not None else "",
        content=content_of(line, house.redactor) if line is not None else None,
        doubt=_doubt(line, told.story), may_settle=who.person.may("responder"),
        conversation=f"conv-{id_text(line.conversation_id)}" if line is not None else "",
        replayed=replayed, may_replay=who.person.may("builder") and _has_turn(line),
        role_needed=Sentence("message_doubt_role", {"role": term(who.person.role)}),
        path_of=f"/messages/{told.story.id}", gaps=_gaps(told.story),
        gap=lambda ms: Sentence("message_gap", {"span": span(ms)}) if ms >= 0 else span(ms),
        **frame(told.app),
    )  # fmt: skip


def _panes(request: Ask, told: Told) -> dict[tuple[int, str], list[tuple[str, str, str]]]:
    """Fields as rows of the pane: place, value without known secrets, meaning."""
    language, hidden = language_of(request), house_of(request).redactor.text

    def row(one: Raw) -> tuple[str, str, str]:
        means = ", ".join(words_of(sentence, language) for sentence in one.means)
        return one.place, hidden(one.value), means

    return {key: [row(one) for one in fields] for key, fields in told.fields.items()}


def _doubt(line: Line | None, told: Story) -> Sentence | None:
    return Sentence("message_doubt") if line is not None and told.status == "in doubt" else None


def _gaps(told: Story) -> list[int | None]:
    """Milliseconds of each step since the one before it; None for the first and for what has no
    time."""
    out: list[int | None] = []
    before = 0
    for step in told.steps:
        out.append(step.at - before if step.at and before else None)
        before = step.at or before
    return out


@get("/messages/{id:str}/live", opt={"role": "viewer"})
async def message_live(request: Ask) -> Stream:
    """Says when something happened in the message's conversation: the page is then read again."""
    house, text = house_of(request), str(request.path_params["id"])[:300]
    told = await house.store.read(lambda tx: read(tx, house, text))
    if isinstance(told, str) or told.line is None:
        raise NotFoundException(text)
    own = ((told.app.id, told.line.conversation_id),)
    wanted = Filter(told.app.id, own)
    now = house.clock.now
    return stream(
        house, wanted, lambda tx: messages.page(tx, wanted, 20, now()).lines,
        lambda heard: [{"changed": True}] if heard.new or heard.changed else [],
    )  # fmt: skip


# --- what it would be answered now ---------------------------------------------------------------


class Beside(msgspec.Struct, frozen=True):
    """One turn, then and now. then_note, now_note: why there was no answer."""

    said: tuple[str, ...]
    then: list[dict[str, Any]]
    now: list[dict[str, Any]]
    same: bool
    then_note: Sentence | None
    now_note: Sentence | None


class Replayed(msgspec.Struct, frozen=True):
    """What came of a replay, or why nothing did."""

    turns: list[Beside] = []
    refused: Sentence | None = None


def _has_turn(line: Line | None) -> bool:
    return line is not None and (line.direction == messages.IN or line.turn_id > 0)


@post("/messages/{id:str}/replay", opt={"role": "builder"})
async def replay(request: Ask) -> Response[Any]:
    """Run the turn again with the agent in development: nothing is sent, nothing is kept."""
    house, text = house_of(request), str(request.path_params["id"])[:300]
    try:
        told = await house.store.read(lambda tx: read(tx, house, text))
    except NotFoundException:
        return unknown(request, Sentence("message_page_unknown", {"value": text}))
    if isinstance(told, str) or told.line is None:
        return go(told if isinstance(told, str) else f"/messages/{told.story.id}")
    try:
        found = await house.replay(told.app.id, told.line.id)
        replayed = Replayed([_beside(house, one) for one in found])
    except SentenceError as error:
        replayed = Replayed(refused=error.sentence)
    if request.headers.get("HX-Request"):
        return page(request, "replayed.html", "Replay", replayed=replayed, app=told.app)
    return await _page(request, replayed=replayed)


def _beside(house: House, one: Exchange) -> Beside:
    def bubbles(answers: Sequence[Answer]) -> list[dict[str, Any]]:
        return [{"kind": a.kind, **house.redactor.json(a.content)} for a in answers]

    return Beside(
        one.said, bubbles(one.then), bubbles(one.now), one.same, one.then_note, one.now_note
    )


# --- the end of a doubt --------------------------------------------------------------------------


@post("/messages/{id:str}/arrived", opt={"role": "responder"})
async def arrived(request: Ask) -> Response[Any]:
    return await _settle(request, arrived=True)


@post("/messages/{id:str}/again", opt={"role": "responder"})
async def again(request: Ask) -> Response[Any]:
    """Send it again. It may double, so it is done only with a tick beside it."""
    if (await request.form()).get("sure") != "yes":
        return await _page(request, Sentence("message_sure"))
    return await _settle(request, arrived=False)


@post("/messages/{id:str}/undo", opt={"role": "responder"})
async def undo(request: Ask) -> Response[Any]:
    """Take *it arrived* back."""
    return await _commanded(request, "doubt.reopen")


async def _settle(request: Ask, *, arrived: bool) -> Response[Any]:
    return await _commanded(request, "doubt.settle", arrived=arrived)


async def _commanded(request: Ask, command: str, **more: Any) -> Response[Any]:
    text = str(request.path_params["id"])[:300]
    args = {"id": text, "who": name_of(signed_in(request)), **more}
    try:
        await house_of(request).command(command, args)
    except Unavailable:
        raise
    except SentenceError as error:  # somebody else, or a report, was quicker; or it is no message
        return await _page(request, error.sentence)
    return go(f"/messages/{text}")


ROUTES = (message, message_live, replay, arrived, again, undo)
