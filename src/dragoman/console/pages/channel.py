"""Configurations: the form of a channel, drawn from the partner's own metadata.

All partners' fields are in the page and the chosen one's are shown, so that changing the drop-down
loses nothing that was typed; saved is what belongs to the chosen partner. A secret is never sent
back: its field is empty and says that it is set, and an empty one stays as it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import FormMultiDict

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.engine import accounts, doctor_channels, publish
from dragoman.engine.apps import App, Copy
from dragoman.engine.checklist import (
    CHECK_MS,
    Around,
    Checklist,
    begin_check,
    checklist,
    keep_checks,
    note,
    prove,
    too_slow,
)
from dragoman.engine.given import DOTS, given, is_near
from dragoman.engine.standing import phone
from dragoman.partners.contract import Complaint, Field, Give
from dragoman.partners.letter import written
from dragoman.partners.registry import PARTNERS, account, partner

from ..house import House
from ..render import HEADERS, go, page, signed_in
from ..site import house_of
from .apps import app_of, frame, name_of
from .emulated import accounts_for

Ask = Request[Any, Any, Any]
HERE = "/apps/{app:str}/channels/whatsapp/configurations"
NONE = "none"

words(
    {
        "channel_saved": "Saved in development. Contacts notice nothing until you publish.",
        "channel_both": "Both sides are set up and saved in development: this form, and the "
        "partner's emulated console. Publish, then write hello from the test phone.",
        "channel_saved_off": "Saved in development, switched off: {missing}",
        "channel_url_key": "Saved in development. The webhook URL ends in a secret now, which is "
        "shown this once: copy it.",
        "channel_partner_wrong": "Choose a messaging partner: {name!r} is none.",
        "conflict": "{who} saved this form meanwhile. Where your values differ, theirs stand "
        "beside them: keep what you want and save again.",
    }
)


class Shown(msgspec.Struct):
    """One field as it is drawn. `id`: its name in the form. value: text, or texts for numbers.
    is_set: a secret is there. theirs: what somebody else saved meanwhile, where it differs."""

    field: Field
    id: str
    value: Any = ""
    is_set: bool = False
    wrong: list[Sentence] = []
    theirs: Any = None
    members: list[Member] = []
    off: bool = False  # of another choice than the one that is made
    again: bool = False  # a secret that was typed, and is never sent back


class Member(msgspec.Struct):
    """One thing of a group. `n`: its place in the form, `key`: what it is called."""

    n: str
    key: str
    fields: list[Shown]


class Part(msgspec.Struct):
    """A partner's part of the page."""

    name: str
    label: str
    gives: list[tuple[Give, str, bool]]  # what, its value, whether a copy is of use
    fields: list[Shown]
    more: list[Shown]  # the rarely needed ones
    letter: str
    associates: bool
    signs_in: bool
    near: bool  # no partner out there can call our address


# --- drawn ---------------------------------------------------------------------------------------


@get(HERE, opt={"role": "viewer"})
async def form(request: Ask) -> Response[str]:
    did = request.query_params.get("did", "")
    told = Sentence(f"channel_{did}") if did in ("saved", "both") else None
    return await _page(request, app_of(request), told=told)


async def _page(
    request: Ask, app: App, *, status: int = 200, told: Sentence | None = None,
    warned: Sentence | None = None, typed: FormMultiDict | None = None,
    lacks: Sequence[Complaint] = (), conflict: bool = False, url_key: str = "",
) -> Response[str]:  # fmt: skip
    house, channel = house_of(request), app.draft.config.channel
    chosen = str(typed.get("partner", "")) if typed is not None else channel.partner
    asked = request.query_params.get("partner", "")
    chosen = asked if asked in PARTNERS else chosen
    complaints = {
        name: [*found, *(lacks if name == chosen else ())]
        for name, found in app.draft.complaints.items()
    }
    complaints.setdefault(chosen, list(lacks))
    complaints[chosen] += publish.taken(house.apps.by_id.values(), app, app.draft)
    parts = [
        _part(app, name, house.url_for, typed if name == chosen else None,
              complaints.get(name, []), conflict, url_key)
        for name in PARTNERS
    ]  # fmt: skip
    found = await looked(request, app)
    saved, switches = _switches(app, None), _switches(app, typed)
    theirs = {n: v for n, v in saved.items() if conflict and v != switches[n]}
    return page(
        request, "channel.html", "WhatsApp Business Messaging", status=status, told=told,
        warned=warned, parts=parts, chosen=chosen, channel=channel, switches=switches,
        theirs=theirs, ips_wrong=warned if warned is not None and warned.id in _OF_IPS else None,
        credentials=sorted(app.credentials.values(), key=lambda c: c.name), tab="configurations",
        may=signed_in(request).person.may("builder"), empty_field=_empty,
        checklist=found, just_saved=told is not None, accounts=accounts_for(house, app),
        standing=accounts.authorization(app.name, app.draft, house.clock.now()), **frame(app),
    )  # fmt: skip


async def refused(request: Ask, told: Sentence) -> Response[str]:
    """The form as it is saved, with what kept something from being done."""
    return await _page(request, app_of(request), status=422, warned=told)


def _switches(app: App, typed: FormMultiDict | None) -> dict[str, Any]:
    channel = app.draft.config.channel
    if typed is None:
        return {
            "enabled": channel.enabled, "proactive": channel.proactive, "typing": channel.typing,
            "read_receipts": channel.read_receipts, "share_sessions": channel.share_sessions,
            "associated": channel.associated, "url_secret": channel.url_secret is not None,
            "allow_ips": "\n".join(channel.allow_ips),
        }  # fmt: skip
    return {
        **{name: name in typed for name in SWITCHES}, "enabled": typed.get("enabled") == "yes",
        "associated": typed.get("associated", ""), "url_secret": "url_secret" in typed,
        "allow_ips": typed.get("allow_ips", ""),
    }  # fmt: skip


_OF_IPS = ("network_wrong", "network_all")
SWITCHES = ("proactive", "typing", "read_receipts", "share_sessions")


def _part(
    app: App, name: str, url_for: Any, typed: FormMultiDict | None,
    complaints: Iterable[Complaint], conflict: bool, url_key: str,
) -> Part:  # fmt: skip
    talker, wrong = partner(name), _by_field(complaints)
    values = app.draft.config.channel.values.get(name, {})
    texts = given(app, app.draft, name, url_for)
    if url_key:  # shown this once
        texts["webhook_url"] = texts["webhook_url"].replace(DOTS, url_key)
    shown = [_shown(f, f"{name}.{f.name}", values.get(f.name), typed, wrong, f.name, conflict)
             for f in talker.SETTINGS]  # fmt: skip
    _switch_off(shown)
    letter = ""
    if talker.LETTER:
        known = {k: v for k, v in values.items() if isinstance(v, str)}
        numbers = ", ".join(f"+{n}" for n in sorted(app.draft.numbers()))
        letter = written(talker.LETTER, {**known, **texts, "numbers": numbers})
    return Part(
        name, talker.LABEL, _gives(talker.GIVES, texts),
        [one for one in shown if not one.field.advanced],
        [one for one in shown if one.field.advanced],
        letter, talker.ASSOCIATES, account(name) is not None, is_near(texts["webhook_url"]),
    )  # fmt: skip


def _switch_off(shown: Sequence[Shown]) -> None:
    """Mark the fields that belong to another choice."""
    values = {one.field.name: one.value for one in shown}
    for one in shown:
        only = one.field.only_if
        one.off = only is not None and values.get(only[0]) not in only[1]


def _gives(gives: Sequence[Give], texts: Mapping[str, str]) -> list[tuple[Give, str, bool]]:
    out = []
    for give in gives:
        value = give.value.format_map(texts)
        if value:
            out.append((give, value, "•" not in value))
    return out


def _by_field(complaints: Iterable[Complaint]) -> dict[str, list[Sentence]]:
    out: dict[str, list[Sentence]] = {}
    for complaint in complaints:
        found = out.setdefault(complaint.field, [])
        if complaint.sentence not in found:
            found.append(complaint.sentence)
    return out


def _shown(
    field: Field, id: str, stored: Any, typed: FormMultiDict | None,
    wrong: Mapping[str, list[Sentence]], path: str, conflict: bool,
) -> Shown:  # fmt: skip
    told = wrong.get(path, [])
    if field.kind == "group":
        members = _members(field, id, stored, typed, wrong, path, conflict)
        # what is wrong with a member that is there no more, or with none in particular
        return Shown(field, id, members=members, wrong=told)
    if field.kind == "secret":
        again = typed is not None and bool(typed.get(id))
        return Shown(field, id, is_set=bool(stored), wrong=told, again=again)
    saved = _text(field, stored)
    value = saved if typed is None else _typed(field, id, typed)
    theirs = saved if conflict and value != saved else None
    return Shown(field, id, value, wrong=told, theirs=theirs)


def _text(field: Field, stored: Any) -> Any:
    if field.kind == "numbers":
        given = stored if isinstance(stored, list | tuple) else [stored] if stored else []
        return [_number(str(one)) for one in given]
    if field.kind == "switch":
        return bool(field.default if stored is None else stored)
    if stored in (None, ""):
        return field.choices[0][0] if field.choices else ""
    return _number(str(stored)) if field.kind == "number" else str(stored)


def _number(text: str) -> str:
    """A phone as people write it; what is none (a phone number id) stays as it is."""
    return phone(text) if text.isdigit() and len(text) < 14 else text


def _typed(field: Field, id: str, form: FormMultiDict) -> Any:
    if field.kind == "switch":
        return id in form
    if field.kind == "numbers":
        return [str(v).strip() for v in form.getall(id, []) if str(v).strip()]
    return str(form.get(id, ""))


def _members(
    field: Field, id: str, stored: Any, typed: FormMultiDict | None,
    wrong: Mapping[str, list[Sentence]], path: str, conflict: bool,
) -> list[Member]:  # fmt: skip
    kept: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {}
    if typed is None:
        pairs = [(str(n), key, key) for n, key in enumerate(kept)]
    else:
        pairs = [(n, str(typed.get(f"{id}.{n}.key", "")), str(typed.get(f"{id}.{n}.was", "")))
                 for n in _places(typed, id)]  # fmt: skip
    out = []
    for n, key, was in pairs:
        own = kept.get(was, {}) if was else {}
        fields = [
            _shown(f, f"{id}.{n}.{f.name}", own.get(f.name), typed, wrong,
                   f"{path}.{key}.{f.name}", conflict and bool(own))
            for f in field.fields
        ]  # fmt: skip
        shown = phone(key) if field.key_kind == "number" and key.isdigit() else key
        out.append(Member(n, shown, fields))
    return out


def _places(form: FormMultiDict, id: str) -> list[str]:
    """The places of a group's members in a form, in order."""
    found: dict[str, None] = {}
    for name in form:
        head, _, rest = str(name).partition(id + ".")
        if not head and rest.endswith(".key"):
            found[rest.removesuffix(".key")] = None
    return list(found)


def _empty(field: Field, id: str) -> Shown:
    """A field of a member that is not there yet."""
    return _shown(field, id, None, None, {}, "", False)


# --- saved ---------------------------------------------------------------------------------------


@post(HERE, opt={"role": "builder"})
async def save(request: Ask) -> Response[Any]:
    house, app = house_of(request), app_of(request)
    typed = await request.form()
    name = str(typed.get("partner", ""))
    if name not in PARTNERS:
        wrong = Sentence("channel_partner_wrong", {"name": name})
        return await _page(request, app, status=422, warned=wrong, typed=typed)
    args = {
        "who": name_of(signed_in(request)), "name": app.stream_id, "partner": name,
        "rev": str(typed.get("rev", "")) or "0", "enabled": typed.get("enabled") == "yes",
        "values": _values(partner(name).SETTINGS, name, typed, app),
        "switches": _asked(app, typed, partner(name).ASSOCIATES),
    }  # fmt: skip
    try:
        saved = await house.command("channel.save", args)
    except SentenceError as error:
        meanwhile = error.sentence.id == "changed_meanwhile"
        now = app_of(request)
        told = await _conflict(request, now) if meanwhile else error.sentence
        status = 409 if meanwhile else 422
        return await _page(
            request, now, status=status, warned=told, typed=typed, conflict=meanwhile
        )
    if saved["missing"]:
        now = app_of(request)
        lacks = publish.missing(now.draft)
        said = " ".join(dict.fromkeys(one["sentence"] for one in saved["missing"]))
        told = Sentence("channel_saved_off", {"missing": said})
        return await _page(request, now, status=422, warned=told, lacks=lacks)
    if saved.get("url_key"):
        told = Sentence("channel_url_key")
        return await _page(request, app_of(request), told=told, url_key=saved["url_key"])
    return go(request.url.path + "?did=saved")


async def _conflict(request: Ask, app: App) -> Sentence:
    rows = await house_of(request).store.read(
        lambda tx: tx.run(
            "SELECT who FROM audit WHERE app_id=? AND what='app.save' ORDER BY id DESC LIMIT 1",
            (app.id,),
        )
    )
    return Sentence("conflict", {"who": rows[0][0] if rows else "Somebody"})


def _values(fields: Sequence[Field], name: str, typed: FormMultiDict, app: App) -> dict[str, Any]:
    """What was typed, as the engine takes it. An empty secret is left as it is."""
    out: dict[str, Any] = {}
    kept = app.draft.config.channel.values.get(name, {})
    for field in fields:
        id = f"{name}.{field.name}"
        if field.kind == "group":
            out.update(_group(field, id, typed, kept.get(field.name)))
        elif field.kind == "secret":
            out.update(_secret(field.name, id, typed))
        else:
            out[field.name] = _typed(field, id, typed)
    return out


def _secret(key: str, id: str, typed: FormMultiDict) -> dict[str, Any]:
    if f"{id}.clear" in typed:
        return {key: ""}
    text = str(typed.get(id, ""))
    return {key: text} if text else {}


def _group(field: Field, id: str, typed: FormMultiDict, stored: Any) -> dict[str, Any]:
    """Each member's fields by themselves, so that its secrets stay; a member that is gone, or got
    another name, is removed."""
    kept = set(stored) if isinstance(stored, Mapping) else set()
    out: dict[str, Any] = {}
    there: set[str] = set()
    for n in _places(typed, id):
        key, was = (str(typed.get(f"{id}.{n}.{part}", "")).strip() for part in ("key", "was"))
        if not key:
            continue
        same = was if was and (key == was or _digits(key) == _digits(was) != "") else ""
        member = same or key
        there.add(member)
        for one in field.fields:
            inner = f"{id}.{n}.{one.name}"
            at = f"{field.name}.{member}.{one.name}"
            if one.kind == "secret":
                out.update(_secret(at, inner, typed))
            else:
                out[at] = _typed(one, inner, typed)
    return {**{f"{field.name}.{gone}": None for gone in kept - there}, **out}


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit()) if not any(c.isalpha() for c in text) else ""


def _asked(app: App, typed: FormMultiDict, associates: bool) -> dict[str, Any]:
    out: dict[str, Any] = {name: name in typed for name in SWITCHES}
    out["allow_ips"] = str(typed.get("allow_ips", "")).split()
    channel = app.draft.config.channel
    associated = str(typed.get("associated", "")) if associates else ""
    if associated != channel.associated:
        out["associated"] = associated or NONE
    wanted = "url_secret" in typed
    if wanted != (channel.url_secret is not None):
        out["url_secret"] = "new" if wanted else NONE
    return out


# --- the checklist -------------------------------------------------------------------------------


async def looked(request: Ask, app: App) -> Checklist:
    """What is known now; what was seen is noted for later."""
    house, name = house_of(request), app.draft.config.channel.partner
    url = house.url_for(f"hooks/{name}/{app.stream_id}")
    host = (urlsplit(url).hostname or "").casefold()
    around = Around(url, host, name in house.emulated, house.clock.now())
    found = await house.store.read(lambda tx: checklist(tx, app, around))
    if found.news:
        await house.store.do(lambda tx: note(tx, app, found))
    return found


@get(HERE + "/checklist", opt={"role": "viewer"})
async def steps(request: Ask) -> Response[Any]:
    """The list alone; nothing where it is what the page has already (`known`)."""
    app = app_of(request)
    found = await looked(request, app)
    if request.query_params.get("known") == found.digest:
        return Response(None, status_code=204, headers=HEADERS)
    return _list(request, app, found)


def _list(request: Ask, app: App, found: Checklist) -> Response[str]:
    may = signed_in(request).person.may("builder")
    return page(request, "checklist.html", "Checklist", app=app, checklist=found, may=may)


@post(HERE + "/check", opt={"role": "builder"})
async def check(request: Ask) -> Response[Any]:
    """Ask the partner about the account: ten seconds at most, nothing is sent to anybody."""
    return await check_now(request, app_of(request))


async def check_now(request: Ask, app: App) -> Response[Any]:
    """With a script the list says that it is being checked, and hears the end by itself."""
    house = house_of(request)
    begun = house.clock.now()
    await house.store.do(lambda tx: begin_check(tx, app, begun))
    running = house.aside(_check(house, app))
    patience = _GLIMPSE_S if request.headers.get("HX-Request") else None
    await asyncio.wait({running}, timeout=patience)
    return await _after(request, app)


async def _check(house: House, app: App) -> None:
    try:
        async with asyncio.timeout(CHECK_MS / 1000):
            checks = await doctor_channels.account_of(house.examined, app, app.draft)
    except TimeoutError:
        checks = [too_slow(app)]
    now = house.clock.now()
    await house.store.do(lambda tx: keep_checks(tx, app, checks, now))


_GLIMPSE_S = 0.3  # what is quicker needs no word of waiting


@post(HERE + "/wrote", opt={"role": "builder"})
async def i_wrote(request: Ask) -> Response[Any]:
    """The person wrote to the number: silence means something from now on."""
    house, app = house_of(request), app_of(request)
    name, now = app.draft.config.channel.partner, house.clock.now()
    await house.store.do(lambda tx: prove(tx, app.id, f"{name}/wrote", now))
    return await _after(request, app)


async def _after(request: Ask, app: App) -> Response[Any]:
    if request.headers.get("HX-Request"):
        return _list(request, app, await looked(request, app))
    return go(HERE.replace("{app:str}", app.stream_id))


# --- beside the form -----------------------------------------------------------------------------


@get("/apps/{app:str}/channels", opt={"role": "viewer"}, sync_to_thread=False)
def channels(request: Ask) -> Response[str]:
    app = app_of(request)
    return page(request, "channels.html", "Channels", **frame(app))


@get("/apps/{app:str}/channels/whatsapp/hello", opt={"role": "viewer"}, sync_to_thread=False)
def hello(request: Ask) -> Response[str]:
    """How to write to the numbers: a QR code each; the test phone where the partner is emulated."""
    house, app = house_of(request), app_of(request)
    copy = app.published or app.draft
    name, settings = copy.config.channel.partner, copy.settings.get(copy.config.channel.partner)
    text = " ".join(word for word in (getattr(settings, "keyword", ""), "hello") if word)
    emulated = name in house.emulated
    lines = [] if emulated else [(n, *_wa_me(n, text)) for n in _phones(app, copy)]
    return page(
        request, "hello.html", "Say hello", lines=lines, emulated=emulated, text=text, **frame(app)
    )


def _phones(app: App, copy: Copy) -> list[str]:
    """The numbers of a copy, as digits. A partner's id of a number is none, and is left out."""
    return [key for key in sorted(copy.numbers()) if 8 <= len(key) <= 15 and key.isdigit()
            and phone(key) != f"+{key}"]  # fmt: skip


def _wa_me(digits: str, text: str) -> tuple[str, str]:
    """The link that opens WhatsApp with a text ready, and its QR code as a data URI."""
    import segno

    link = f"https://wa.me/{digits}?text={quote(text)}"
    return link, segno.make(link, error="m").svg_data_uri(scale=5, border=2)


@post("/apps/{app:str}/channels/whatsapp/authorize", opt={"role": "builder"})
async def authorize(request: Ask) -> Response[Any]:
    """To the partner's page that asks the person; it comes back to the callback URL."""
    house, app = house_of(request), app_of(request)
    name = app.draft.config.channel.partner
    args = {
        "who": name_of(signed_in(request)), "name": app.stream_id,
        "redirect_uri": house.url_for(f"oauth/{name}/{app.stream_id}"),
    }  # fmt: skip
    try:
        begun = await house.command("channel.authorize", args)
    except SentenceError as error:
        return await _page(request, app, status=422, warned=error.sentence)
    return go(str(begun["url"]))


@post("/apps/{app:str}/channels/whatsapp/subscribe", opt={"role": "builder"})
async def subscribe(request: Ask) -> Response[Any]:
    """Let the account's webhooks come to the partner's app, then look again."""
    house, app = house_of(request), app_of(request)
    await doctor_channels.subscribe(house.examined, app.draft)
    return await check_now(request, app)


ROUTES = (form, save, steps, check, i_wrote, channels, hello, authorize, subscribe)
