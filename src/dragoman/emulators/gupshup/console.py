"""The parts of Gupshup's dashboard that a channel's set-up passes through.

Dashboard: *Create App*, *Go Live* with what is issued. Settings: *Test Access API and set callback
URL*, the events, the API key. The token of the webhooks and the form of the bodies, which Gupshup's
support sets at some accounts, stand there too.
Source: Gupshup, "WhatsApp dashboard", "Set callback URL" and "User events".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
from yarl import URL

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.emulators._cloud.templates import component
from dragoman.emulators.kit import (
    Done,
    Panel,
    Step,
    Walk,
    api_url,
    button,
    choice,
    listed,
    secret,
    shown,
    switch,
    text,
)

from . import wire
from .account import EVENTS, new_app
from .reports import envelope

if TYPE_CHECKING:
    from .emulator import Emulator

words(
    {
        "gupshup_app_unnamed": "{name!r} cannot name an app: use 2 to 50 letters and digits.",
        "gupshup_app_taken": "An app named {name} exists already: give another name.",
        "gupshup_app_made": "The app {name} is created. Press Go Live to get its number.",
        "gupshup_app_type": "This platform links to apps of the type Access API: choose that.",
        "gupshup_no_app": "There is no app yet: press Create App first.",
        "gupshup_went_live": "The account is verified: mobile number, WABA ID and password are "
        "below; the password is shown until the page is loaded again.",
        "gupshup_keys_shown": "The keys are shown until the page is loaded again.",
        "gupshup_url_wrong": "{url!r} is no callback URL: give the whole address, with http or "
        "https.",
        "gupshup_callback_off": "Saved, and switched off: nothing is sent to the callback URL.",
        "gupshup_callback_refused": "The callback URL was not set, because it answered Gupshup's "
        "first event with {said} and not with 2xx: see that the platform runs, that the address is "
        "the channel's, and which token it asks for.",
        "gupshup_callback_set": "The callback URL is set: messages and events go there.",
        "gupshup_events_set": "Saved: {events}.",
        "gupshup_token_half": "The token is signed with both client ID and client secret: give "
        "both, or neither.",
        "gupshup_token_set": "Saved: every webhook brings a token signed for {client_id}.",
        "gupshup_header_set": "Saved: every webhook brings the Authorization header as it stands.",
        "gupshup_token_off": "Saved: webhooks bring no Authorization header.",
    }
)

WALK = Walk(
    give=(Step("golive", "proceed"),),
    fields={
        "number": "{number}",
        "waba_id": "{waba_id}",
        "password": "{password}",
        "base_url": "{api}",
    },
    take=(Step("settings", "set", {"linked": True, "callback_url": "{webhook_url}"}),),
)

_NUMBER = {"number": "{number}", "base_url": "{api}"}
_CALLBACK: dict[str, str | bool] = {"linked": True, "callback_url": "{webhook_url}"}
_EVERY_EVENT = Step("events", "save", dict.fromkeys(EVENTS, True))
WALKS = {
    "form": Walk(
        give=WALK.give,
        fields=WALK.fields,
        take=(Step("settings", "set", {**_CALLBACK, "dialect": "enterprise", "body": "form"}),),
    ),
    "access": Walk(
        give=(*WALK.give, Step("keys", "show")),
        fields={
            **_NUMBER,
            "dialect": "access",
            "api_key": "{api_key}",
            "app_name": "{app_name}",
        },
        take=(
            Step("settings", "set", {**_CALLBACK, "dialect": "access", "body": "json"}),
            _EVERY_EVENT,
        ),
    ),
    "v3": Walk(
        give=(*WALK.give, Step("keys", "show")),
        fields={
            **_NUMBER,
            "dialect": "v3",
            "app_id": "{app_id}",
            "app_token": "{app_token}",
        },
        take=(
            Step("settings", "set", {**_CALLBACK, "dialect": "v3", "body": "json"}),
            _EVERY_EVENT,
        ),
    ),
}

_SETTINGS = "Dashboard › WhatsApp › your app › Settings"
_DIALECTS = [
    ("enterprise", "Enterprise: flat messages, reports in `response`"),
    ("access", "Access API: version 2"),
    ("v3", "v3: Meta's form"),
]
_BODIES = [("json", "JSON"), ("form", "Form (Enterprise only)")]


def panels(emulator: Emulator) -> list[Panel]:
    return [
        _dashboard(emulator),
        _go_live(emulator),
        _callback(emulator),
        _events(emulator),
        _token(emulator),
        _keys(emulator),
        _templates(emulator),
    ]


def _dashboard(emulator: Emulator) -> Panel:
    account = emulator.account
    state = "Live" if account.live else "Not live"
    lines = [[account.app_name, "Access API", state]] if account.app_name else []
    kinds = [("access", "Access API"), ("bot", "Bot API")]
    return Panel(
        "dashboard",
        "Apps",
        "Dashboard › WhatsApp",
        [
            listed("apps", "Apps", ["Name", "Type", "State"], lines),
            text("app_name", "Name of a new app", placeholder="TeaShop"),
            choice("type", "Type", "access", kinds),
            button("create", "Create App", lead=not account.app_name),
        ],
        help="The emulated account has one app: a new one takes the old one's place, and its "
        "callback is to be set anew.",
    )


def _go_live(emulator: Emulator) -> Panel:
    config, live = emulator.config, emulator.live
    controls = [
        shown("number", "Mobile number", f"+{config.number}" if live else ""),
        shown("waba_id", "WABA ID", config.waba_id if live else ""),
        shown("password", "Password", hidden=True),
    ]
    if live and config.hsm_user_id:
        # Gupshup mails those of a second account.
        controls += [
            shown("user_id", "User id of the two-way account", config.user_id),
            shown("hsm_user_id", "User id of the HSM account", config.hsm_user_id),
            shown("hsm_password", "Password of the HSM account", hidden=True),
        ]
    return Panel(
        "golive",
        "Go Live: new number, managed onboarding",
        "Dashboard › WhatsApp › your app › Go Live",
        [
            *controls,
            api_url(emulator),
            button("proceed", "Show" if live else "Go Live", lead=not live),
        ],
        help="Verification, which takes Gupshup days, is done at once here.",
    )


def _callback(emulator: Emulator) -> Panel:
    account = emulator.account
    return Panel(
        "settings",
        "Callback URL / Link your Bot",
        f"{_SETTINGS} › Test Access API and set callback URL",
        [
            switch("linked", "Link", account.linked),
            text("callback_url", "Enter your Callback URL", account.callback_url),
            choice("dialect", "Messages and events as", account.dialect, _DIALECTS),
            choice("body", "Bodies as", "form" if account.form else "json", _BODIES),
            button("set", "Set", lead=True),
        ],
        help="Nothing arrives before it is set and switched on. Delivery reports have the form of "
        "the API that the message was sent by.",
    )


def _events(emulator: Emulator) -> Panel:
    on = emulator.account.events
    return Panel(
        "events",
        "Events",
        f"{_SETTINGS} › Webhooks",
        [*(switch(one, one, one in on) for one in EVENTS), button("save", "Save", lead=True)],
        help="Of the Access API and of v3. Enterprise reports every step.",
    )


def _token(emulator: Emulator) -> Panel:
    return Panel(
        "security",
        "Authorization of the callback",
        f"{_SETTINGS} › Callback URL › Authorization",
        [
            text("client_id", "Client ID", emulator.account.client_id),
            secret("client_secret", "Client Secret"),
            secret("header", "Or an Authorization header, as it stands"),
            button("save", "Save", lead=True),
            button("remove", "Remove"),
        ],
        help="Optional: each webhook then brings a token for the platform's associated app.",
    )


def _keys(emulator: Emulator) -> Panel:
    account = emulator.account
    return Panel(
        "keys",
        "API key, app ID and token",
        f"{_SETTINGS} › API key; partner portal › your app",
        [
            shown("app_name", "App name", account.app_name),
            shown("app_id", "App ID", account.app_id),
            shown("api_key", "API key", hidden=True),
            shown("app_token", "App token", hidden=True),
            button("show", "Show"),
        ],
    )


def _templates(emulator: Emulator) -> Panel:
    lines = [
        [
            one["name"],
            one["language"],
            one["id"],
            one["gupshup_id"],
            one["status"],
            str((component(one, "BODY") or {}).get("text", "")),
        ]
        for one in emulator.templates.all
    ]
    columns = ["Name", "Language", "WhatsApp's id", "Template ID", "Status", "Text"]
    return Panel(
        "templates", "Templates", "Console › Templates", [listed("all", "", columns, lines)]
    )


# --- what the buttons do -------------------------------------------------------------------------


def _refused(sentence: str, **values: Any) -> SentenceError:
    return SentenceError(Sentence(sentence, values))


async def _create(emulator: Emulator, values: dict[str, Any]) -> Done:
    name = values["app_name"].strip()
    if not (2 <= len(name) <= 50 and name.isascii() and name.isalnum()):
        raise _refused("gupshup_app_unnamed", name=values["app_name"])
    if name == emulator.app_name:
        raise _refused("gupshup_app_taken", name=name)
    if values["type"] != "access":
        raise _refused("gupshup_app_type")
    emulator.keep(new_app(name))
    return Done(Sentence("gupshup_app_made", {"name": name}))


async def _proceed(emulator: Emulator, values: dict[str, Any]) -> Done:
    if not emulator.app_name:
        raise _refused("gupshup_no_app")
    emulator.keep(msgspec.structs.replace(emulator.account, live=True))
    given = {"password": emulator.config.password}
    if emulator.config.hsm_user_id:
        given["hsm_password"] = emulator.config.hsm_password
    return Done(Sentence("gupshup_went_live"), given)


async def _set(emulator: Emulator, values: dict[str, Any]) -> Done:
    url = values["callback_url"].strip()
    if (values["linked"] or url) and not _whole(url):
        raise _refused("gupshup_url_wrong", url=values["callback_url"])
    account = msgspec.structs.replace(
        emulator.account,
        linked=values["linked"],
        callback_url=url,
        dialect=values["dialect"],
        form=values["body"] == "form",
    )
    if account.linked and account.dialect == "access":
        await _first_event(emulator, url)
    emulator.keep(account)
    return Done(Sentence("gupshup_callback_set" if account.linked else "gupshup_callback_off"))


def _whole(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in url


async def _first_event(emulator: Emulator, url: str) -> None:
    """A *user-event* of nobody, which must be answered 2xx. Raises SentenceError."""
    payload = {"phone": "callbackSetPhone", "type": "sandbox-start"}
    body = wire.compact(envelope(emulator, "user-event", payload, emulator.clock.now()))
    headers = {"Content-Type": "application/json", "User-Agent": "Gupshup"}
    if emulator.authorization():
        headers["Authorization"] = emulator.authorization()
    try:
        target = URL(url, encoded=True)
        async with emulator.http.post(target, data=body.encode(), headers=headers) as answer:
            said = str(answer.status)
            good = emulator.accepted(answer.status)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        said, good = type(error).__name__, False
    emulator.wire_out(emulator.number, "callback set", said, payload)
    if not good:
        raise _refused("gupshup_callback_refused", said=said)


async def _save_events(emulator: Emulator, values: dict[str, Any]) -> Done:
    chosen = [name for name in EVENTS if values[name]]
    emulator.keep(msgspec.structs.replace(emulator.account, events=chosen))
    return Done(Sentence("gupshup_events_set", {"events": ", ".join(chosen) or "no events"}))


async def _save_token(emulator: Emulator, values: dict[str, Any]) -> Done:
    client_id, given = values["client_id"].strip(), values["client_secret"].strip()
    account, header = emulator.account, values["header"].strip()
    if client_id == account.client_id and not given:
        given = account.client_secret  # it is not shown again, and stays as it is
    if bool(client_id) != bool(given):
        raise _refused("gupshup_token_half")
    kept = {"client_id": client_id, "client_secret": given, "header": header or account.header}
    emulator.keep(msgspec.structs.replace(account, **kept))
    if client_id:
        return Done(Sentence("gupshup_token_set", {"client_id": client_id}))
    return Done(Sentence("gupshup_header_set" if kept["header"] else "gupshup_token_off"))


async def _remove_token(emulator: Emulator, values: dict[str, Any]) -> Done:
    none = {"client_id": "", "client_secret": "", "header": ""}
    emulator.keep(msgspec.structs.replace(emulator.account, **none))
    return Done(Sentence("gupshup_token_off"))


async def _show(emulator: Emulator, values: dict[str, Any]) -> Done:
    if not emulator.live:
        raise _refused("gupshup_no_app")
    keys = {"api_key": emulator.config.api_key, "app_token": emulator.config.app_token}
    return Done(Sentence("gupshup_keys_shown"), keys)


_BUTTONS: dict[tuple[str, str], Callable[[Emulator, dict[str, Any]], Awaitable[Done]]] = {
    ("dashboard", "create"): _create,
    ("golive", "proceed"): _proceed,
    ("settings", "set"): _set,
    ("events", "save"): _save_events,
    ("security", "save"): _save_token,
    ("security", "remove"): _remove_token,
    ("keys", "show"): _show,
}


async def act(emulator: Emulator, panel: str, button: str, values: dict[str, Any]) -> Done:
    return await _BUTTONS[panel, button](emulator, values)
