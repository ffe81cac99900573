"""Settings: people and invitations, one's own account and sign-ins, the audit log, health."""

from __future__ import annotations

import asyncio
import datetime
import shutil
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie

from dragoman.domain.sentences import Sentence, SentenceError, together, words
from dragoman.engine import differing, doctor, people
from dragoman.engine.people import ROLES, Invitation, Person
from dragoman.engine.publish import Change
from dragoman.store.queries import audit, health
from dragoman.store.queries.messages import MAX_ID

from ..doorman import Who
from ..house import House
from ..render import THEME_COOKIE, THEMES, go, page, signed_in, zone_of
from ..site import house_of

Ask = Request[Any, Any, Any]
_VIEWER, _ADMIN = {"role": "viewer"}, {"role": "admin"}
PAGE = 50  # entries of the audit log on one page

words(
    {
        "settings_guest": "The guest of this machine has no account: `dragoman serve` makes an "
        "owner's at its first start.",
        "settings_date_wrong": "{value!r} is no date: write it like 2026-11-25.",
        "settings_not_ready": "Messages cannot be kept now: {problem}",
        "settings_ready": "Messages are kept: the database takes a write.",
    }
)


def tabs(request: Ask) -> list[str]:
    """The tabs that whoever asks may open; the guest sees all, and is told what they need."""
    who = signed_in(request)
    mine = ["you", "sessions", "about"]
    if who.is_guest or who.person.may("admin"):
        return ["people", "you", "sessions", "audit", "storage", "about"]
    return mine


@get("/settings", opt=_VIEWER, sync_to_thread=False)
def settings(request: Ask) -> Response[Any]:
    who = signed_in(request)
    return go("/settings/people" if who.person.may("admin") else "/settings/you")


def _page(request: Ask, tab: str, title: str, **context: Any) -> Response[str]:
    return page(request, f"settings_{tab}.html", title, tab=tab, tabs=tabs(request), **context)


def _account(request: Ask) -> Who:
    """Whoever asks, with an account. Raises SentenceError for the guest."""
    who = signed_in(request)
    if who.is_guest:
        raise SentenceError(Sentence("settings_guest"))
    return who


def _change(request: Ask, who: Who) -> Change:
    return house_of(request).change(who.person.email)


# --- people --------------------------------------------------------------------------------------


class Made(msgspec.Struct, frozen=True):
    """An invitation just made, shown once. link: the code is behind `#`, which no browser sends."""

    role: str
    code: str
    link: str


@get("/settings/people", opt=_ADMIN)
async def everybody(request: Ask) -> Response[str]:
    return await _people(request)


async def _people(
    request: Ask, *, made: Made | None = None, wrong: Sentence | None = None, role: str = "viewer"
) -> Response[str]:
    house, who = house_of(request), signed_in(request)
    now = house.clock.real()
    known = await house.store.read(people.people)
    invited: list[Invitation] = await house.store.read(lambda tx: people.invitations(tx, now))
    return _page(
        request, "people", "People", status=422 if wrong else 200, people=known, invited=invited,
        made=made, wrong=wrong, role=role, roles=_givable(who), changed=_changed(request, known),
    )  # fmt: skip


def _givable(who: Who) -> list[str]:
    return [role for role in ROLES if who.person.may(role)]


def _changed(request: Ask, known: list[Person]) -> tuple[Person, str] | None:
    """Whose role was just changed, and from what: it can be undone."""
    was = request.query_params.get("was", "")
    found = [one for one in known if str(one.id) == request.query_params.get("of", "")]
    return (found[0], was) if found and was in ROLES and found[0].role != was else None


@post("/settings/people/invite", opt=_ADMIN)
async def invite(request: Ask) -> Response[Any]:
    house, who = house_of(request), _account(request)
    form = await request.form()
    role, change = str(form.get("role", "")), _change(request, who)
    until = change.now + people.INVITATION_MS
    try:
        code = await house.store.do(
            lambda tx: people.invite(tx, change, role, until, by=who.person)
        )
    except SentenceError as error:
        return await _people(request, wrong=error.sentence, role=role)
    link = f"{house.url_for('invitation')}#{code}"
    return await _people(request, made=Made(role, code, link), role=role)


@post("/settings/people/revoke/{key:str}", opt=_ADMIN)
async def revoke(request: Ask) -> Response[Any]:
    who, key = _account(request), str(request.path_params["key"])
    change = _change(request, who)
    try:
        await house_of(request).store.do(lambda tx: people.revoke(tx, change, who.person, key))
    except SentenceError as error:
        return await _people(request, wrong=error.sentence)
    return go("/settings/people")


@get("/settings/people/{person:int}", opt=_ADMIN)
async def somebody(request: Ask) -> Response[str]:
    return await _somebody(request, None)


async def _somebody(request: Ask, wrong: Sentence | None) -> Response[str]:
    house, who = house_of(request), signed_in(request)
    number, now = int(request.path_params["person"]), house.clock.real()
    one = await house.store.read(lambda tx: people.find(tx, number))
    where = await house.store.read(lambda tx: people.sign_ins(tx, number, now))
    return _page(
        request, "person", one.name, status=422 if wrong else 200, one=one, where=where,
        wrong=wrong, roles=_givable(who), above=not who.person.may(one.role),
        own=who.person.id == one.id,
    )  # fmt: skip


@post("/settings/people/{person:int}", opt=_ADMIN)
async def change_somebody(request: Ask) -> Response[Any]:
    """Form: `role`, or `off` as yes or no."""
    house, who = house_of(request), _account(request)
    number, form = int(request.path_params["person"]), await request.form()
    role = str(form["role"]) if "role" in form else None
    off = str(form["off"]) == "yes" if "off" in form else None
    change = _change(request, who)
    before = await house.store.read(lambda tx: people.find(tx, number))
    try:
        after = await house.store.do(
            lambda tx: people.set_person(tx, change, who.person, number, role, off)
        )
    except SentenceError as error:
        return await _somebody(request, error.sentence)
    own = after.id == who.person.id and not after.may("admin")
    if own:  # who gave the role away may not see the list any more
        return go("/settings/you")
    told = f"?of={number}&was={before.role}" if after.role != before.role else ""
    return go("/settings/people" + told)


# --- you -----------------------------------------------------------------------------------------


@get("/settings/you", opt=_VIEWER, sync_to_thread=False)
def you(request: Ask) -> Response[str]:
    return _you(request)


def _you(
    request: Ask, wrong: dict[str, Sentence] | None = None, name: str | None = None
) -> Response[str]:
    """wrong: by the name of the field."""
    one = signed_in(request).person
    return _page(
        request, "you", "You", status=422 if wrong else 200, one=one, wrong=wrong or {},
        called=one.name if name is None else name, saved=request.query_params.get("saved", ""),
        chosen_theme=request.cookies.get(THEME_COOKIE, "system"), least=people.LEAST_PASSWORD,
    )  # fmt: skip


@post("/settings/you/name", opt=_VIEWER)
async def rename(request: Ask) -> Response[Any]:
    who = _account(request)
    name, change = str((await request.form()).get("name", "")), _change(request, who)
    try:
        await house_of(request).store.do(lambda tx: people.set_name(tx, change, who.person, name))
    except SentenceError as error:
        return _you(request, {"name": error.sentence}, name)
    return go("/settings/you?saved=name")


@post("/settings/you/password", opt=_VIEWER)
async def change_password(request: Ask) -> Response[Any]:
    """Guessing the current one here is as slow as at the door."""
    house, who = house_of(request), _account(request)
    form, change = await request.form(), _change(request, who)
    current, new = str(form.get("current", "")), str(form.get("password", ""))
    keys = (f"email {who.person.email}",)
    wait = await house.store.read(lambda tx: people.wait_ms(tx, keys, change.now))
    if wait:
        told = Sentence("signin_wait", {"seconds": -(-wait // 1000)})
        return _you(request, {"current": told})
    _, kept = await house.store.read(lambda tx: people.candidate(tx, who.person.email))
    if not await asyncio.to_thread(people.matches, kept, current):
        await house.store.do(lambda tx: people.failed(tx, keys, change.now))
        return _you(request, {"current": Sentence("password_current_wrong")})
    poor = people.check_password(new, who.person.email, who.person.name)
    if poor is not None:
        return _you(request, {"password": poor})
    digest = await asyncio.to_thread(people.hashed, new)
    await house.store.do(
        lambda tx: people.set_password(tx, change, who.person, digest, keep=who.token)
    )
    return go("/settings/you?saved=password")


@post("/settings/you/theme", opt=_VIEWER)
async def choose_theme(request: Ask) -> Response[Any]:
    """Light, dark, or as the system says."""
    chosen = str((await request.form()).get("theme", ""))
    known = chosen in THEMES
    kept = Cookie(
        THEME_COOKIE, value=chosen if known else "", samesite="lax",
        max_age=365 * 86_400 if known else 0,
    )  # fmt: skip
    return go("/settings/you", cookies=[kept])


# --- sign-ins ------------------------------------------------------------------------------------


@get("/settings/sessions", opt=_VIEWER)
async def sessions(request: Ask) -> Response[str]:
    return await _sessions(request, None)


async def _sessions(request: Ask, wrong: Sentence | None) -> Response[str]:
    house, who = house_of(request), signed_in(request)
    one, now = who.person, house.clock.real()
    where = await house.store.read(lambda tx: people.sign_ins(tx, one.id, now))
    rows = [(signin, *browser_of(signin.browser)) for signin in where]
    return _page(
        request, "sessions", "Sessions", status=422 if wrong else 200, rows=rows, wrong=wrong,
        here=people.key_of(who.token), idle_h=people.IDLE_MS // 3_600_000,
        longest_d=people.LONGEST_MS // 86_400_000,
    )  # fmt: skip


_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"),
             ("Safari", "Safari"), ("curl", "curl"))  # fmt: skip
_SYSTEMS = (("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iOS"), ("Windows", "Windows"),
            ("Mac OS", "macOS"), ("Linux", "Linux"))  # fmt: skip


def browser_of(agent: str) -> tuple[str, str]:
    """Browser and system by the words of a User-Agent; empty for what is not known."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "")
    return browser, next((name for sign, name in _SYSTEMS if sign in agent), "")


@post("/settings/sessions/end/{key:str}", opt=_VIEWER)
async def end_session(request: Ask) -> Response[Any]:
    who, key = _account(request), str(request.path_params["key"])
    change = _change(request, who)
    try:
        await house_of(request).store.do(lambda tx: people.end_sign_in(tx, change, who.person, key))
    except SentenceError as error:
        return await _sessions(request, error.sentence)
    return go("/settings/sessions")


@post("/settings/sessions/end-others", opt=_VIEWER)
async def end_other_sessions(request: Ask) -> Response[Any]:
    who = _account(request)
    change = _change(request, who)
    await house_of(request).store.do(
        lambda tx: people.end_others(tx, change, who.person, who.token)
    )
    return go("/settings/sessions")


# --- the audit log -------------------------------------------------------------------------------


@get("/settings/audit", opt=_ADMIN)
async def audit_log(request: Ask) -> Response[str]:
    """Filters are in the address: who, app (a stream id, or `none`), what, from, to, before."""
    house = house_of(request)
    given = {n: request.query_params.get(n, "") for n in ("who", "app", "what", "from", "to")}
    wanted, wrong = _wanted(request, given)
    found: list[audit.Entry] = []
    if wrong is None:
        found = await house.store.read(lambda tx: audit.entries(tx, wanted, PAGE + 1))
    shown = found[:PAGE]
    lines = [(e, _differences(house, e)) for e in shown]
    known = await house.store.read(people.people)
    return _page(
        request, "audit", "Audit log", status=422 if wrong else 200, given=given, wrong=wrong,
        lines=lines, older=shown[-1].id if len(found) > PAGE else 0,
        later="before" in request.query_params, people=known,
        apps=sorted(house.apps.by_id.values(), key=lambda app: app.name),
    )  # fmt: skip


def _differences(house: House, one: audit.Entry) -> list[differing.Difference]:
    app = house.apps.by_id.get(one.app_id)
    known = app.credentials if app is not None else None
    return differing.audited(one.what, one.before, one.after, house.redactor, known)


def _wanted(request: Ask, given: dict[str, str]) -> tuple[audit.Wanted, Sentence | None]:
    before = request.query_params.get("before", "")
    zone, wrong = zone_of(request), None
    since = until = 0
    try:
        since = _day(given["from"], zone)
        until = _day(given["to"], zone, after=1)
    except SentenceError as error:
        wrong = error.sentence
    app = house_of(request).apps.by_stream.get(given["app"])
    app_id = audit.INSTALLATION if given["app"] == "none" else None
    if app is not None:
        app_id = app.id
    elif given["app"] not in ("", "none"):
        wrong = Sentence("app_nobody")
    wanted = audit.Wanted(
        app_id, given["who"].strip(), given["what"].strip(), since, until,
        int(before) if before.isascii() and before.isdigit() and len(before) < 19 else MAX_ID,
    )  # fmt: skip
    return wanted, wrong


def _day(text: str, zone: datetime.tzinfo, after: int = 0) -> int:
    """When a day begins (Unix ms) in a zone, or the day after it; 0 for none."""
    if not text:
        return 0
    try:
        day = datetime.date.fromisoformat(text) + datetime.timedelta(days=after)
        begins = datetime.datetime.combine(day, datetime.time(), zone)
        return max(1, int(begins.timestamp() * 1000))
    except (ValueError, OverflowError):
        raise SentenceError(Sentence("settings_date_wrong", {"value": text[:40]})) from None


# --- storage and health --------------------------------------------------------------------------


@get("/settings/storage", opt=_ADMIN)
async def storage(request: Ask) -> Response[str]:
    """What can be known without asking anybody; with `ask=partners`, also what partners answer."""
    house = house_of(request)
    asked = request.query_params.get("ask") == "partners"
    counts = await house.store.read(lambda tx: health.counts(tx, sqlite=house.store.is_sqlite))
    if asked:
        checks = await doctor.everything(house.examined)
    else:
        checks = await asyncio.to_thread(doctor.resting, house.examined)
    problems = await house.ready()
    told = (
        Sentence("settings_not_ready", {"problem": together(problems)})
        if problems
        else Sentence("settings_ready")
    )
    ready = doctor.Check("ready", "fail" if problems else "ok", told)
    return _page(
        request, "storage", "Storage and health", counts=counts, checks=[ready, *checks],
        asked=asked, sqlite=house.store.is_sqlite, units=house.store.waiting,
        free=await asyncio.to_thread(_free, house.examined), bytes=bytes_text,
        timeout=round(house.examined.timeout_s), called=doctor.called,
    )  # fmt: skip


def _free(house: doctor.House) -> int:
    return shutil.disk_usage(house.home).free


def bytes_text(count: int) -> str:
    """A size as people say it: `412 bytes`, `3.2 MB`."""
    if count < 1000:
        return f"{count} bytes"
    size, unit = count / 1000, "kB"
    for bigger in ("MB", "GB", "TB"):
        if size < 1000:
            break
        size, unit = size / 1000, bigger
    return f"{size:.1f} {unit}" if size < 100 else f"{size:.0f} {unit}"


@get("/settings/about", opt=_VIEWER, sync_to_thread=False)
def about(request: Ask) -> Response[str]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        here = version("dragoman")
    except PackageNotFoundError:  # run from a copied folder
        here = ""
    return _page(request, "about", "About", version=here)


ROUTES = (
    settings, everybody, invite, revoke, somebody, change_somebody, you, rename, change_password,
    choose_theme, sessions, end_session, end_other_sessions, audit_log, storage, about,
)  # fmt: skip
