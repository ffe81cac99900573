"""Configurations: the form of a channel, drawn from the partner's own metadata.

All partners' fields are in the page and the chosen one's are shown, so that changing the drop-down
loses nothing that was typed; saved is what belongs to the chosen partner. A secret is never sent
back: its field is empty and says that it is set, and an empty one stays as it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import FormMultiDict

from dragoman.domain.config import ChannelConfig
from dragoman.domain.sentences import Sentence, SentenceError, term, together, words
from dragoman.engine import accounts, doctor_channels, editing, publish
from dragoman.engine.apps import App, Copy
from dragoman.engine.checklist import CHECK_MS, Checklist, begin_check, keep_checks, prove, too_slow
from dragoman.engine.given import DOTS, given, is_near
from dragoman.engine.standing import phone
from dragoman.partners.contract import Complaint, Finding, Give
from dragoman.partners.letter import written
from dragoman.partners.registry import PARTNERS, account, partner

from ..fields import (
    Shown,
    as_shown,
    doubled,
    drawn,
    empty,
    mark,
    meeting,
    switch_off,
    takes,
    values_of,
)
from ..house import House
from ..looked import looked
from ..render import HEADERS, go, language_of, page, part, signed_in, words_of
from ..site import house_of
from .apps import app_of, frame, name_of
from .emulated import accounts_for, phone_of

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
        "conflict_somebody": "Somebody",
        "conflict": "{who} saved this form meanwhile, so yours is not saved yet. What only one of "
        "you changed is filled in. Where both changed the same field, both values stand there: "
        "choose, and save again.",
    }
)


class Part(msgspec.Struct):
    """A partner's part of the page."""

    name: str
    label: str
    gives: list[tuple[Give, str, bool]]  # what, its value, whether a copy is of use
    fields: list[Shown]
    more: list[Shown]  # the rarely needed ones
    letter: str  # in English, which the partner's support reads
    letter_says: str  # in the reader's language
    associates: bool
    signs_in: bool
    near: bool  # no partner out there can call our address
    exact: list[Finding]  # what the partner's dialog asks of the callback URL


# --- drawn ---------------------------------------------------------------------------------------


@get(HERE, opt={"role": "viewer"})
async def form(request: Ask) -> Response[str]:
    did, begun = (request.query_params.get(name, "") for name in ("did", "authorized"))
    end = await house_of(request).store.read(lambda tx: accounts.ended(tx, begun))
    told = Sentence(f"channel_{did}") if did in ("saved", "both") else None
    if end is not None:
        told = end.sentence if end.done else None
    warned = end.sentence if end is not None and not end.done else None
    return await _page(request, app_of(request), told=told, warned=warned)


async def _page(
    request: Ask, app: App, *, status: int = 200, told: Sentence | None = None,
    warned: Sentence | None = None, typed: FormMultiDict | None = None,
    lacks: Sequence[Complaint] = (), met: ChannelConfig | None = None, url_key: str = "",
    compared: Sequence[Finding] = (),
) -> Response[str]:  # fmt: skip
    """met: the channel that a form was drawn from which somebody else saved meanwhile."""
    house, channel, language = house_of(request), app.draft.config.channel, language_of(request)
    chosen = str(typed.get("partner", "")) if typed is not None else channel.partner
    if met is not None and chosen == met.partner:
        chosen = channel.partner  # only they chose another one
    asked = request.query_params.get("partner", "")
    chosen = asked if asked in PARTNERS else chosen
    complaints = {name: list(found) for name, found in app.draft.complaints.items()}
    complaints.setdefault(chosen, []).extend(lacks)
    complaints[chosen] += publish.taken(house.apps.by_id.values(), app, app.draft)
    mine = str(typed.get("partner", "")) if typed is not None else ""
    parts = [
        _typed_part(house, app, name, typed, met, language)
        if typed is not None and name == mine
        else _part(app, name, house.url_for, complaints.get(name, []), language, url_key)
        for name in PARTNERS
    ]
    found = await looked(request, app)
    switches = _switches(channel) if typed is None else _switched(typed)
    theirs: dict[str, Any] = {}
    filled: list[str] = []
    if met is not None and typed is not None:
        for name, saved in _switches(channel).items():
            one = meeting(typed, name, switches[name], saved, _switches(met)[name])
            switches[name] = one.value
            theirs |= {} if one.theirs is None else {name: one.theirs}
            filled += [name] if one.filled else []
    if met is not None and channel.partner not in (mine, met.partner):
        theirs["partner"] = partner(channel.partner).LABEL
    return page(
        request, "channel.html", "WhatsApp Business Messaging", status=status, told=told,
        warned=warned, parts=parts, chosen=chosen, channel=channel, switches=switches,
        theirs=theirs, filled=filled,
        ips_wrong=warned if warned is not None and warned.id in _OF_IPS else None,
        credentials=sorted(app.credentials.values(), key=lambda c: c.name), tab="configurations",
        may=signed_in(request).person.may("builder"), empty_field=empty,
        checklist=found, just_saved=told is not None, accounts=accounts_for(house, app),
        compared=compared, listed=request.query_params.get("listed", ""),
        phone_address=phone_of(house, app),
        standing=accounts.authorization(app.name, app.draft, house.clock.now()), **frame(app),
    )  # fmt: skip


async def refused(request: Ask, told: Sentence) -> Response[str]:
    """The form as it is saved, with what kept something from being done."""
    return await _page(request, app_of(request), status=422, warned=told)


def _switches(channel: ChannelConfig) -> dict[str, Any]:
    """What the form has besides the partner's part, as it is stored."""
    return {
        "enabled": channel.enabled, "proactive": channel.proactive, "typing": channel.typing,
        "read_receipts": channel.read_receipts, "share_sessions": channel.share_sessions,
        "associated": channel.associated, "url_secret": channel.url_secret is not None,
        "allow_ips": "\n".join(channel.allow_ips),
    }  # fmt: skip


def _switched(typed: FormMultiDict) -> dict[str, Any]:
    """The same as it was typed."""
    return {
        **{name: name in typed for name in SWITCHES}, "enabled": typed.get("enabled") == "yes",
        "associated": str(typed.get("associated", "")), "url_secret": "url_secret" in typed,
        "allow_ips": "\n".join(str(typed.get("allow_ips", "")).split()),
    }  # fmt: skip


_OF_IPS = ("network_wrong", "network_all")
SWITCHES = ("proactive", "typing", "read_receipts", "share_sessions")


def _part(
    app: App, name: str, url_for: Any, complaints: Iterable[Complaint], language: str,
    url_key: str = "", shown: Sequence[Shown] | None = None,
) -> Part:  # fmt: skip
    """A partner's part; its fields as they are stored, or as they are `shown`."""
    talker, values = partner(name), app.draft.config.channel.values.get(name, {})
    texts = _given(app, name, url_for)
    if url_key:  # shown this once
        texts["webhook_url"] = texts["webhook_url"].replace(DOTS, url_key)
    if shown is None:
        shown = drawn(talker.SETTINGS, name, values, None, None)
    mark(shown, _by_field(complaints))
    switch_off(shown)
    letter = says = ""
    if talker.LETTER:
        known = {k: v for k, v in values.items() if isinstance(v, str)}
        numbers = ", ".join(f"+{n}" for n in sorted(app.draft.numbers()))
        filled = {**known, **texts, "numbers": numbers}
        letter = written(talker.LETTER, filled)
        says = written(words_of(term(talker.LETTER), language), filled)
    signs_in = account(name) is not None
    exact = accounts.check_redirect(talker.LABEL, texts["callback_url"]) if signs_in else []
    return Part(
        name, talker.LABEL, _gives(talker.GIVES, texts),
        [one for one in shown if not one.field.advanced],
        [one for one in shown if one.field.advanced],
        letter, says, talker.ASSOCIATES, signs_in, is_near(texts["webhook_url"]), exact,
    )  # fmt: skip


def _given(app: App, name: str, url_for: Any) -> dict[str, str]:
    """What the partner is given of the channel in development; secrets are dots."""
    channel, signer = app.draft.config.channel, app.draft.credential
    return given(
        url_for, name, app.stream_id, client_id=channel.associated if signer is not None else "",
        verify_token=str(channel.values.get(name, {}).get("verify_token", "")),
        authorization=DOTS if signer is not None else "",
        url_key=DOTS if channel.url_secret else "",
    )  # fmt: skip


def _typed_part(
    house: House, app: App, name: str, typed: FormMultiDict, met: ChannelConfig | None,
    language: str,
) -> Part:  # fmt: skip
    """A partner's part with what was typed, and what is wrong with that."""
    fields, values = partner(name).SETTINGS, app.draft.config.channel.values.get(name, {})
    base = None if met is None else met.values.get(name, {})
    shown = drawn(fields, name, values, typed, base)
    wrong = _wrong(house, app, name, shown, typed)
    return _part(app, name, house.url_for, wrong, language, shown=shown)


def _wrong(
    house: House, app: App, name: str, shown: Sequence[Shown], typed: FormMultiDict
) -> list[Complaint]:
    """What is wrong with a part as it is shown, before it is saved."""
    values = as_shown(shown, typed, app.draft.opened.get(name, {}))
    found = editing.look(house.apps.by_id.values(), app, name, values)
    return [*found, *doubled(partner(name).SETTINGS, name, typed)]


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


# --- saved ---------------------------------------------------------------------------------------


@post(HERE, opt={"role": "builder"})
async def save(request: Ask) -> Response[Any]:
    house, app = house_of(request), app_of(request)
    typed = await request.form()
    name = str(typed.get("partner", ""))
    if name not in PARTNERS:
        wrong = Sentence("channel_partner_wrong", {"name": name})
        return await _page(request, app, status=422, warned=wrong, typed=typed)
    theirs = takes(typed, "enabled")
    enabled = app.draft.config.channel.enabled if theirs else typed.get("enabled") == "yes"
    args = {
        "who": name_of(signed_in(request)), "name": app.stream_id, "partner": name,
        "rev": str(typed.get("rev", "")) or "0", "enabled": enabled,
        "values": values_of(partner(name).SETTINGS, name, typed, app),
        "switches": _asked(app, typed, partner(name).ASSOCIATES),
    }  # fmt: skip
    try:
        for twice in doubled(partner(name).SETTINGS, name, typed):
            raise SentenceError(twice.sentence)
        saved = await house.command("channel.save", args)
    except SentenceError as error:
        if error.sentence.id == "changed_meanwhile":
            return await _met(request, app_of(request), typed)
        return await _page(request, app_of(request), status=422, warned=error.sentence, typed=typed)
    if saved["missing"]:
        now = app_of(request)
        lacks = publish.missing(now.draft)
        said = together(one.sentence for one in lacks)
        told = Sentence("channel_saved_off", {"missing": said})
        return await _page(request, now, status=422, warned=told, lacks=lacks)
    if saved.get("url_key"):
        told = Sentence("channel_url_key")
        return await _page(request, app_of(request), told=told, url_key=saved["url_key"])
    return go(request.url.path + "?did=saved")


async def _met(request: Ask, app: App, typed: FormMultiDict) -> Response[Any]:
    """Somebody else saved meanwhile: what they and this person changed, field by field."""
    text = str(typed.get("rev", ""))
    rev = int(text) if text.isdecimal() and len(text) < 19 else 0
    began, rows = await house_of(request).store.read(
        lambda tx: (
            editing.as_of(tx, app, rev),
            tx.run(
                "SELECT who FROM audit WHERE app_id=? AND what='app.save' ORDER BY id DESC LIMIT 1",
                (app.id,),
            ),
        )
    )
    told = Sentence("conflict", {"who": rows[0][0] if rows else Sentence("conflict_somebody")})
    met = began.channel if began is not None else ChannelConfig(partner=str(typed.get("partner")))
    return await _page(request, app, status=409, warned=told, typed=typed, met=met)


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
    return {name: value for name, value in out.items() if not takes(typed, name)}


@post(HERE + "/look", opt={"role": "builder"}, status_code=200)
async def look(request: Ask) -> Response[Any]:
    """What is wrong with a field (`field`) as it is typed; nothing is saved."""
    house, app, typed = house_of(request), app_of(request), await request.form()
    name, _, inner = request.query_params.get("field", "").partition(".")
    found: list[Sentence] = []
    if name in PARTNERS:
        values = app.draft.config.channel.values.get(name, {})
        shown = drawn(partner(name).SETTINGS, name, values, typed, None)
        wrong = _by_field(_wrong(house, app, name, shown, typed))
        found = [told for told in wrong.get(inner, []) if told.id != "form_missing"]
    html = part(request, "looked.html", id=f"{name}.{inner}", wrong=found)
    return Response(html, media_type=MediaType.HTML, headers=HEADERS)


# --- the checklist -------------------------------------------------------------------------------


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
    return page(
        request, "checklist.html", "Checklist", app=app, checklist=found, may=may,
        phone_address=phone_of(house_of(request), app),
    )  # fmt: skip


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
        request, "hello.html", "Say hello", lines=lines, emulated=emulated, text=text,
        phone_address=phone_of(house, app), **frame(app),
    )  # fmt: skip


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
    to = go(str(begun["url"]))
    to.set_cookie(
        accounts.BEGUN_HERE, app.stream_id, path="/oauth", max_age=accounts.STATE_MS // 1000,
        httponly=True, samesite="lax",
    )  # fmt: skip
    return to


@get("/apps/{app:str}/channels/whatsapp/redirect", opt={"role": "viewer"})
async def redirect(request: Ask) -> Response[str]:
    """Our callback URL beside what a person read at the partner (`listed`), letter by letter."""
    house, app = house_of(request), app_of(request)
    name = request.query_params.get("partner", "")
    if name not in PARTNERS or account(name) is None:
        return await _page(request, app)
    ours = house.url_for(f"oauth/{name}/{app.stream_id}")
    listed = request.query_params.get("listed", "").strip()
    found = accounts.check_redirect(partner(name).LABEL, ours, listed)
    if request.headers.get("HX-Request"):
        return page(request, "compared.html", "Callback URL", name=name, compared=found)
    return await _page(request, app, compared=found)


@post("/apps/{app:str}/channels/whatsapp/subscribe", opt={"role": "builder"})
async def subscribe(request: Ask) -> Response[Any]:
    """Let the account's webhooks come to the partner's app, then look again."""
    house, app = house_of(request), app_of(request)
    await doctor_channels.subscribe(house.examined, app.draft)
    return await check_now(request, app)


ROUTES = (
    form, save, look, steps, check, i_wrote, channels, hello, authorize, redirect, subscribe,
)  # fmt: skip
