"""The apps: all of them, a new one, and the overview of one."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException

from dragoman.domain.sentences import Sentence, SentenceError, say, words
from dragoman.engine.apps import App
from dragoman.engine.differing import Difference, differences
from dragoman.engine.standing import Standing, stand
from dragoman.partners.registry import PARTNERS, partner
from dragoman.store.drivers import Tx
from dragoman.store.queries.messages import Filter, Line, newest

from ..doorman import Who
from ..house import House
from ..looked import looked
from ..render import go, page, signed_in
from ..rows import row_of
from ..site import house_of

Ask = Request[Any, Any, Any]

words(
    {
        "app_nobody": "There is no app at this address: it was deleted, or the link is of another "
        "installation.",
        "agent_owner_only": "A Python file runs as this program itself, so only an owner may "
        "choose one: choose a script, or ask an owner.",
        "row_no_partner": "No messaging partner yet: choose one.",
        "row_not_published": "Not published: contacts meet nobody.",
        "row_off": "The channel is switched off: messages are kept and not answered.",
        "row_held": "Sending waits: {reason}",
    }
)

SCRIPT = """// Runs once for each message: what it prints is sent, what is in context is kept.
context.count = (context.count || 0) + 1;
print("You wrote: " + message.text + " (message " + context.count + ")");
"""


class Row(msgspec.Struct, frozen=True):
    """An app in the list. `red`: the one thing that is wrong, if any."""

    app: App
    state: str
    partner: str
    last: Line | None
    standing: Standing | None
    red: Sentence | None


def app_of(request: Ask) -> App:
    """The app that the address names. Raises NotFoundException."""
    found = house_of(request).apps.by_stream.get(str(request.path_params["app"]))
    if found is None:
        told = Sentence("app_nobody")
        raise NotFoundException(say(told), extra=msgspec.to_builtins(told))
    return found


def label(name: str) -> str:
    return partner(name).LABEL if name in PARTNERS else name


@get("/", opt={"role": "viewer"})
async def apps(request: Ask) -> Response[str]:
    house = house_of(request)
    now, known = house.clock.now(), sorted(house.apps.by_id.values(), key=lambda a: a.name)
    rows = await house.store.read(lambda tx: [_row(tx, app, now) for app in known])
    return page(request, "apps.html", "Apps", rows=rows)


def _row(tx: Tx, app: App, now: int) -> Row:
    lines = newest(tx, Filter(app_id=app.id), 1, now)
    last = lines[0] if lines else None
    shown = (app.published or app.draft).config.channel.partner
    return Row(
        app, _state(app), label(shown), last, stand(last, now) if last else None, _red(tx, app)
    )


def _state(app: App) -> str:
    if app.published is None:
        return "in development"
    if not app.published.config.channel.enabled:
        return "off"
    return "published" if app.published.config == app.draft.config else "changed"


def _red(tx: Tx, app: App) -> Sentence | None:
    """The first thing that keeps contacts from being answered."""
    if not app.draft.config.channel.partner and app.published is None:
        return Sentence("row_no_partner")
    if app.published is None:
        return Sentence("row_not_published")
    if not app.published.config.channel.enabled:
        return Sentence("row_off")
    held = tx.run(
        "SELECT hold FROM number WHERE app_id=? AND hold_since>0 AND hold IS NOT NULL LIMIT 1",
        (app.id,),
    )
    if held:
        from dragoman.engine.standing import error_sentence

        return Sentence("row_held", {"reason": error_sentence(held[0][0])})
    return None


# --- a new one -----------------------------------------------------------------------------------


@get("/apps/new", opt={"role": "builder"}, sync_to_thread=False)
def new(request: Ask) -> Response[str]:
    return _new_page(request, {"name": "", "agent": "shop", "path": ""}, None)


def _new_page(request: Ask, given: dict[str, str], wrong: Sentence | None) -> Response[str]:
    status = 422 if wrong else 200
    return page(
        request, "app_new.html", "New app", status=status, given=given, wrong=wrong,
        at="name" if wrong is not None and wrong.id in ("app_name_wrong", "app_exists") else "",
        may_python=signed_in(request).person.may("owner"),
    )  # fmt: skip


@post("/apps/new", opt={"role": "builder"})
async def create(request: Ask) -> Response[Any]:
    house, who = house_of(request), signed_in(request)
    form = await request.form()
    given = {name: str(form.get(name, "")) for name in ("name", "agent", "path")}
    try:
        made = await _create(house, who, given)
    except SentenceError as error:
        return _new_page(request, given, error.sentence)
    return go(f"/apps/{made['stream_id']}/channels/whatsapp/configurations")


async def _create(house: House, who: Who, given: dict[str, str]) -> dict[str, Any]:
    by = {"who": name_of(who)}
    if given["agent"] == "python":
        if not who.person.may("owner"):
            raise SentenceError(Sentence("agent_owner_only"))
        return await house.command("app.create", {**by, **given, "agent": given["path"]})
    agent = {"source": SCRIPT} if given["agent"] == "script" else {"example": "tea_shop"}
    return await house.command("app.create", {**by, "name": given["name"], **agent})


def name_of(who: Who) -> str:
    """How the audit log calls somebody."""
    return who.name


# --- one app -------------------------------------------------------------------------------------


@get("/apps/{app:str}", opt={"role": "viewer"})
async def overview(request: Ask) -> Response[str]:
    house, app = house_of(request), app_of(request)
    now = house.clock.now()
    lines = await house.store.read(lambda tx: newest(tx, Filter(app_id=app.id), 10, now))
    rows = [row_of(line, now, house.redactor) for line in reversed(lines)]
    found = await looked(request, app)
    return page(request, "overview.html", app.name, rows=rows, checklist=found, **frame(app))


def frame(app: App) -> dict[str, Any]:
    """What the frame of an app's page shows: its state line."""
    live, draft = app.published, app.draft
    waiting = live is None or live.config != draft.config
    return {
        "app": app,
        "state": {
            "live": live,
            "live_partner": label(live.config.channel.partner) if live is not None else "",
            "live_numbers": len(live.numbers()) if live is not None else 0,
            "draft_partner": label(draft.config.channel.partner),
            "waiting": waiting,
            "changed": changed(app) if waiting and live is not None else [],
        },
    }


def changed(app: App) -> list[Difference]:
    """What publishing would change."""
    live = app.published.config if app.published is not None else None
    return differences(live, app.draft.config, app.credentials)


ROUTES = (apps, new, create, overview)
