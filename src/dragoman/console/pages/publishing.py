"""Publishing an app, its versions, and rolling back to one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Request, Response, get, post

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.engine import history, publish
from dragoman.engine.apps import App
from dragoman.engine.differing import Difference, differences
from dragoman.engine.history import Version
from dragoman.partners.contract import Complaint
from dragoman.store.drivers import Tx

from ..render import go, page, signed_in
from ..site import house_of
from .agent import source_of_script
from .apps import app_of, changed, frame, name_of
from .start import local

Ask = Request[Any, Any, Any]
PAGE = 50  # versions
MOST_NOTE = 200

words(
    {
        "told_published": "Published as version {version}: contacts are answered by it now.",
        "told_published_off": "Published as version {version}. Its channel is switched off, so "
        "messages are kept and not answered.",
        "told_rolled_back": "Version {version} is live again, published as version {now}.",
        "publish_moved": "Somebody saved this app while you were looking, so nothing was "
        "published. This is what would be published now.",
        "rollback_moved": "Somebody saved this app while you were looking, so nothing was rolled "
        "back. This is what a roll back would do now.",
        "publish_script_wrong": "The script cannot run, so nothing is published: {problem}",
        "rollback_live": "Version {version} is the one that is live, so there is nothing to roll "
        "back.",
    }
)


# --- publish -------------------------------------------------------------------------------------


class Waiting(msgspec.Struct, frozen=True):
    """What a publish would do. rev: of the copy in development that was looked at."""

    rev: int
    changed: list[Difference]
    obstacles: list[Complaint]


@get("/apps/{app:str}/publish", opt={"role": "builder"})
async def before_publish(request: Ask) -> Response[str]:
    came = urlsplit(request.headers.get("Referer", ""))
    here, base = request.url.path, f"/apps/{app_of(request).stream_id}"
    onwards = local(came.path) if came.netloc == request.url.netloc and came.path != here else base
    wrong = await _unrunnable(request)
    return await _publish_page(request, {"note": "", "next": onwards}, wrong, 200)


async def _unrunnable(request: Ask) -> Sentence | None:
    """What keeps the script in development from running at all, where the agent is one."""
    source, wrong = await source_of_script(app_of(request))
    problem = wrong or (await house_of(request).trying.check(source) if source else None)
    return None if problem is None else Sentence("publish_script_wrong", {"problem": problem})


async def _publish_page(
    request: Ask, given: dict[str, str], wrong: Sentence | None, status: int = 0
) -> Response[str]:
    house, app = house_of(request), app_of(request)
    change = house.change(name_of(signed_in(request)))
    obstacles = await house.store.read(lambda tx: publish.obstacles(tx, change, app))
    return page(
        request, "publish.html", "Publish", status=status or (422 if wrong else 200), given=given,
        wrong=wrong, waiting=Waiting(app.draft_rev, changed(app), obstacles), **frame(app),
    )  # fmt: skip


@post("/apps/{app:str}/publish", opt={"role": "builder"})
async def do_publish(request: Ask) -> Response[Any]:
    house, app, form = house_of(request), app_of(request), await request.form()
    given = {name: str(form.get(name, "")) for name in ("note", "next", "rev")}
    args = {"name": app.stream_id, "rev": _int(given["rev"]), "note": given["note"].strip()}
    args["note"] = str(args["note"])[:MOST_NOTE]
    if (wrong := await _unrunnable(request)) is not None:
        return await _publish_page(request, given, wrong)
    try:
        done = await house.command("app.publish", {**args, "who": name_of(signed_in(request))})
    except SentenceError as error:
        if error.sentence.id == "changed_meanwhile":
            return await _publish_page(request, given, Sentence("publish_moved"), 409)
        return await _publish_page(request, given, error.sentence)
    word = "told_published" if done["live_enabled"] else "told_published_off"
    told = Sentence(word, {"version": done["version"]})
    return go(local(given["next"] or f"/apps/{app.stream_id}"), told=told)


def _int(text: str) -> int:
    """A revision out of a form; one that no copy has, where it is no number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


# --- versions ------------------------------------------------------------------------------------


@get("/apps/{app:str}/versions", opt={"role": "viewer"})
async def versions(request: Ask) -> Response[str]:
    house, app = house_of(request), app_of(request)
    before = max(0, _int(request.query_params.get("before", "0")))
    rows = await house.store.read(lambda tx: history.history(tx, app, PAGE, before))
    more = rows[-1].version if len(rows) == PAGE and rows[-1].version > 1 else 0
    return page(request, "versions.html", "Versions", rows=rows, more=more, **frame(app))


class Compared(msgspec.Struct, frozen=True):
    """Two versions side by side. than: the other one's number, 0 for what is in development; None
    for nothing at all, before the first version."""

    version: Version
    than: int | None
    changed: list[Difference]


@get("/apps/{app:str}/versions/{version:int}", opt={"role": "viewer"})
async def compare(request: Ask) -> Response[str]:
    house, app = house_of(request), app_of(request)
    number = int(request.path_params["version"])
    with_draft = request.query_params.get("with") == "draft"
    seen = await house.store.read(lambda tx: _compared(tx, app, number, with_draft))
    return page(
        request, "version.html", "Versions", seen=seen, with_draft=with_draft, **frame(app)
    )  # fmt: skip


def _compared(tx: Tx, app: App, number: int, with_draft: bool) -> Compared:
    version, config = history.version_of(tx, app, number)
    if with_draft:
        return Compared(version, 0, differences(config, app.draft.config, app.credentials))
    older = history.history(tx, app, 1, number)
    before = history.version_of(tx, app, older[0].version)[1] if older else None
    than = older[0].version if older else None
    return Compared(version, than, differences(before, config, app.credentials))


class RollBack(msgspec.Struct, frozen=True):
    """What a roll back would do. changed: of what is live. lost: what is in development and was
    never published, and would be no more. lacks: what the channel would miss."""

    version: Version
    rev: int
    changed: list[Difference]
    lost: list[Difference]
    lacks: list[Complaint]


@get("/apps/{app:str}/versions/{version:int}/roll-back", opt={"role": "builder"})
async def before_rollback(request: Ask) -> Response[str]:
    return await _rollback_page(request, None)


async def _rollback_page(request: Ask, wrong: Sentence | None, status: int = 0) -> Response[str]:
    house, app = house_of(request), app_of(request)
    change = house.change(name_of(signed_in(request)))
    number = int(request.path_params["version"])

    def look(tx: Tx) -> RollBack:
        version, config = history.version_of(tx, app, number)
        live = app.published.config if app.published is not None else None
        lacks = history.lacks(tx, change, app, number)
        now = differences(live, config, app.credentials)
        return RollBack(version, app.draft_rev, now, changed(app), lacks)

    plan = await house.store.read(look)
    live = app.published
    if live is not None and live.version == number and live.config == app.draft.config:
        raise SentenceError(Sentence("rollback_live", {"version": number}))
    return page(
        request, "rollback.html", "Roll back", status=status or (422 if wrong else 200), plan=plan,
        wrong=wrong, **frame(app),
    )  # fmt: skip


@post("/apps/{app:str}/versions/{version:int}/roll-back", opt={"role": "builder"})
async def do_rollback(request: Ask) -> Response[Any]:
    house, app, form = house_of(request), app_of(request), await request.form()
    number = int(request.path_params["version"])
    args = {"name": app.stream_id, "version": number, "rev": _int(str(form.get("rev", "")))}
    try:
        done = await house.command("app.rollback", {**args, "who": name_of(signed_in(request))})
    except SentenceError as error:
        if error.sentence.id == "changed_meanwhile":
            return await _rollback_page(request, Sentence("rollback_moved"), 409)
        return await _rollback_page(request, error.sentence)
    told = Sentence("told_rolled_back", {"version": number, "now": done["version"]})
    return go(f"/apps/{app.stream_id}/versions", told=told)


ROUTES = (
    before_publish,
    do_publish,
    versions,
    compare,
    before_rollback,
    do_rollback,
)
