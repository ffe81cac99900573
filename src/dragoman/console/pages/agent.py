"""The agent of an app: its script with a live result, or what is known of its file."""

from __future__ import annotations

import asyncio
import hashlib
import typing
from functools import cache
from typing import Any

import msgspec
from litestar import Request, Response, get, post

from dragoman.domain.content import ButtonReply, Inbound, ListReply, Outbound, TextReceived
from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.engine.agents import check_file
from dragoman.engine.apps import App
from dragoman.engine.differing import script_difference
from dragoman.engine.trying import Trial, Tried, read_context, source_of
from dragoman.partners.registry import PARTNERS

from ..render import go, page, signed_in
from ..site import house_of
from .apps import SCRIPT, app_of, frame, label, name_of

Ask = Request[Any, Any, Any]
KINDS = ("text", "button_reply", "list_reply")
FIELDS = ("kind", "text", "id", "title", "context", "partner")

words(
    {
        "told_script_saved": "Saved in development. Contacts notice nothing until you publish.",
        "told_script_saved_wrong": "Saved in development, but it cannot run yet: {problem}",
        "told_agent_chosen": "The agent in development is another one now. Contacts notice nothing "
        "until you publish.",
        "told_agent_loaded": "The file was read, and its handlers are below.",
        "agent_script_empty": "The script is empty, so nothing was saved: write at least one "
        "print(…), or choose another agent below.",
        "agent_choice_unknown": "Choose the tea shop, a script or a file.",
        "agent_not_a_file": "The agent in development is no file that could be read.",
        "try_tap_wrong": "That button is not one of the script's answers: run it again.",
    }
)


@cache
def kinds() -> list[tuple[str, str]]:
    """Each kind of message that a script may print, with its fields: those it needs, in brackets
    those that may be left out, and of lists what each member has."""

    def told(field: msgspec.inspect.Field) -> str:
        many = field.type
        inside = getattr(many, "item_type", None)
        if isinstance(inside, msgspec.inspect.StructType):
            return f"{field.encode_name} [{', '.join(f.encode_name for f in inside.fields)}]"
        return field.encode_name

    out = []
    for one in typing.get_args(Outbound):
        shape = msgspec.inspect.type_info(one)
        assert isinstance(shape, msgspec.inspect.StructType)
        needed = [told(f) for f in shape.fields if f.required]
        spare = [told(f) for f in shape.fields if not f.required]
        text = ", ".join(needed) + (f" ({', '.join(spare)})" if spare else "")
        out.append((str(shape.tag), text.strip()))
    return out


def digest(source: str) -> str:
    """What tells whether a script is still the one that somebody began to edit."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()


def _lines(source: str) -> str:
    """A form sends CR LF for the end of a line."""
    return source.replace("\r\n", "\n")


@get("/apps/{app:str}/agent", opt={"role": "viewer"})
async def agent(request: Ask) -> Response[str]:
    app = app_of(request)
    if app.draft.config.agent.kind != "script":
        return _file_page(request, None)
    source, wrong = await source_of_script(app)
    return _script_page(request, source, digest(source), _sample(app, {}), wrong=wrong)


async def source_of_script(app: App) -> tuple[str, Sentence | None]:
    """The script in development, or why there is none to read; empty where no script answers."""
    if app.draft.config.agent.kind != "script":
        return "", None
    try:
        return await asyncio.to_thread(source_of, app.draft.config.agent), None
    except SentenceError as error:
        return "", error.sentence


def _sample(app: App, given: dict[str, str]) -> dict[str, str]:
    """The fields of the message that is tried."""
    chosen = app.draft.config.channel.partner
    out = {"kind": "text", "text": "hello", "id": "", "title": "", "context": "", "partner": chosen}
    return {**out, **given}


def _script_page(
    request: Ask, source: str, base: str, sample: dict[str, str], *, status: int = 200,
    wrong: Sentence | None = None, tried: Tried | None = None, refused: Sentence | None = None,
    template: str = "agent_script.html",
) -> Response[str]:  # fmt: skip
    """wrong: of the script as it was to be saved; refused: why it was not run."""
    app = app_of(request)
    said = None if tried is None else msgspec.to_builtins(_inbound(sample))
    return page(
        request, template, "Agent", status=status, source=source, base=base, sample=sample,
        wrong=wrong, tried=tried, refused=refused, said=said, kinds=kinds(),
        partners={name: label(name) for name in PARTNERS}, **_choosing(request), **frame(app),
    )  # fmt: skip


# --- a trial -------------------------------------------------------------------------------------


@post("/apps/{app:str}/agent/try", opt={"role": "builder"})
async def attempt(request: Ask) -> Response[str]:
    """Run the script as it stands in the editor. Nothing is sent, nothing is kept."""
    app, form = app_of(request), await request.form()
    source = _lines(str(form.get("source", "")))
    sample = _sample(app, {name: str(form[name]) for name in FIELDS if name in form})
    refused: Sentence | None = None
    tried: Tried | None = None
    try:
        if tap := str(form.get("tap", "")):
            sample = {**sample, **_tapped(tap), "context": str(form.get("after", ""))}
        tried = await house_of(request).trying.script(app, _trial(source, sample))
    except SentenceError as error:
        refused = error.sentence
    target = request.headers.get("HX-Target", "")
    template = {"result": "agent_result.html", "trial": "agent_trial.html"}.get(
        target, "agent_script.html"
    )
    return _script_page(
        request, source, str(form.get("base", "")), sample, tried=tried, refused=refused,
        status=422 if refused else 200, template=template,
    )  # fmt: skip


def _trial(source: str, sample: dict[str, str]) -> Trial:
    chosen = sample["partner"] if sample["partner"] in PARTNERS else ""
    return Trial(source, _inbound(sample), read_context(sample["context"]), chosen)


def _inbound(sample: dict[str, str]) -> Inbound:
    if sample["kind"] == "button_reply":
        return ButtonReply(sample["id"], sample["title"])
    if sample["kind"] == "list_reply":
        return ListReply(sample["id"], sample["title"])
    return TextReceived(sample["text"])


def _tapped(tap: str) -> dict[str, str]:
    """A button of an answer, as `bubble.html` hands it back. Raises SentenceError."""
    try:
        found = msgspec.json.decode(tap, type=dict[str, str])
    except msgspec.MsgspecError:
        found = {}
    if found.keys() != {"kind", "id", "title"} or found["kind"] not in KINDS[1:]:
        raise SentenceError(Sentence("try_tap_wrong"))
    return found


# --- saved ---------------------------------------------------------------------------------------


@post("/apps/{app:str}/agent", opt={"role": "builder"})
async def save(request: Ask) -> Response[Any]:
    """Into the copy in development. Who saves a script that somebody else changed meanwhile sees
    both and chooses."""
    house, app, form = house_of(request), app_of(request), await request.form()
    source, base = _lines(str(form.get("source", ""))), str(form.get("base", ""))
    sample = _sample(app, {name: str(form[name]) for name in FIELDS if name in form})
    if not source.strip():
        empty = Sentence("agent_script_empty")
        return _script_page(request, source, base, sample, status=422, wrong=empty)
    if digest((await source_of_script(app))[0]) != base:
        return await _both(request, source)
    args = {"who": name_of(signed_in(request)), "name": app.stream_id, "source": source}
    try:
        await house.command("app.set", {**args, "rev": app.draft_rev})
    except SentenceError as error:
        if error.sentence.id != "changed_meanwhile":
            raise
        return await _both(request, source)
    wrong = await house.trying.check(source)
    told = Sentence("told_script_saved")
    if wrong is not None:
        told = Sentence("told_script_saved_wrong", {"problem": wrong})
    return go(f"/apps/{app.stream_id}/agent", told=told)


async def _both(request: Ask, mine: str) -> Response[str]:
    """What somebody else saved, and what was about to be saved over it."""
    app = app_of(request)
    theirs = (await source_of_script(app))[0]
    return page(
        request, "agent_both.html", "Agent", status=409, mine=mine, theirs=theirs,
        base=digest(theirs), lines=script_difference(theirs, mine), **frame(app),
    )  # fmt: skip


# --- another agent, or a file --------------------------------------------------------------------


def _choosing(request: Ask) -> dict[str, Any]:
    return {"may_python": signed_in(request).person.may("owner")}


def _file_page(
    request: Ask, wrong: Sentence | None, given: dict[str, str] | None = None
) -> Response[str]:
    house, app = house_of(request), app_of(request)
    brain = app.draft.config.agent
    values = given or {"agent": brain.kind, "path": brain.path}
    return page(
        request, "agent_file.html", "Agent", status=422 if wrong else 200, wrong=wrong,
        known=house.agents.known(app, app.draft), given=values, **_choosing(request), **frame(app),
    )  # fmt: skip


@post("/apps/{app:str}/agent/choose", opt={"role": "builder"})
async def choose(request: Ask) -> Response[Any]:
    house, app, form = house_of(request), app_of(request), await request.form()
    given = {name: str(form.get(name, "")) for name in ("agent", "path")}
    args = {"who": name_of(signed_in(request)), "name": app.stream_id}
    try:
        args |= _chosen(request, given)
        await house.command("app.set", args)
    except SentenceError as error:
        return _file_page(request, error.sentence, given)
    return go(f"/apps/{app.stream_id}/agent", told=Sentence("told_agent_chosen"))


def _chosen(request: Ask, given: dict[str, str]) -> dict[str, Any]:
    """The arguments for a choice. Raises SentenceError."""
    if given["agent"] == "shop":
        return {"example": "tea_shop"}
    if given["agent"] == "script":
        return {"source": SCRIPT}
    if given["agent"] != "python":
        raise SentenceError(Sentence("agent_choice_unknown"))
    if not signed_in(request).person.may("owner"):
        raise SentenceError(Sentence("agent_owner_only"))
    path = given["path"].strip()
    check_file(path)
    return {"agent": path}


@post("/apps/{app:str}/agent/load", opt={"role": "owner"})
async def load(request: Ask) -> Response[Any]:
    """Read the file now, and not with the first message: it runs as this program itself."""
    house, app = house_of(request), app_of(request)
    if app.draft.config.agent.kind != "python":
        return _file_page(request, Sentence("agent_not_a_file"))
    wrong = await house.agents.load(app, app.draft)  # which stands on the page
    told = Sentence("told_agent_loaded") if wrong is None else None
    return go(f"/apps/{app.stream_id}/agent", told=told)


ROUTES = (agent, attempt, save, choose, load)
