"""The parts of Infobip's portal that a channel's set-up passes through.

Home: Base URL, login, API keys. Channels and Numbers › WhatsApp: the number to write to, the
senders with *Edit Configuration*, the logs. Developer tools: Subscriptions Management.
Source: Infobip, "Manage your connection", "Subscriptions management" (2026). UNSURE: the names and
places of the fields of *Edit Configuration* beside *URL for incoming messages*.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.emulators.kit import (
    Done,
    Guard,
    Panel,
    Step,
    Walk,
    button,
    choice,
    listed,
    secret,
    shown,
    switch,
    text,
)

from . import wire
from .account import last_state
from .config import ApiKey, Setup
from .senders import keyword_of

if TYPE_CHECKING:
    from .emulator import Emulator

words(
    {
        "infobip_password_shown": "The password is shown until the page is loaded again.",
        "infobip_key_made": "The API key is made and shown this once: copy it now.",
        "infobip_key_unnamed": "An API key needs a name: say what it is for.",
        "infobip_url_wrong": "{url!r} is no address: give the whole URL, with https (http only for "
        "this machine).",
        "infobip_pair_missing": "Basic authentication needs a username and a password: give both, "
        "or choose another way.",
        "infobip_secret_missing": "HMAC needs a secret key: give one, or choose another way.",
        "infobip_header_wrong": "{header!r} cannot be the name of a header: use letters, digits "
        "and hyphens.",
        "infobip_saved": "Saved: messages to {number} are forwarded to {url}.",
        "infobip_saved_off": "Saved: messages to {number} are forwarded nowhere.",
        "infobip_subscribed": "Saved: {events} go to {url}, where a sender has no URL of its own.",
        "infobip_unsubscribed": "Saved: there is no subscription.",
        "infobip_no_events": "A subscription needs at least one event: switch one on.",
        "infobip_headers_wrong": "{line!r} is no header: write one a line, as Name: value.",
    }
)

WALK = Walk(
    give=(Step("home", "show"), Step("connect")),
    fields={
        "numbers": ["+{number}"],
        "base_url": "{api}",
        "username": "{username}",
        "password": "{password}",
    },
    take=(
        Step(
            "sender_1",
            "save",
            {
                "inbound_url": "{webhook_url}",
                "delivery_url": "{webhook_url}",
                "seen_url": "{webhook_url}",
            },
        ),
    ),
)

WALKS = {
    "messages": Walk(
        give=WALK.give,
        fields={**WALK.fields, "dialect": "messages"},
        take=(
            Step(
                "sender_1",
                "save",
                {**WALK.take[0].values, "format": "MO_MESSAGES_API_JSON"},
            ),
        ),
    ),
}
GUARDS = (
    Guard(
        "a username and a password",
        {"check": "own", "check_username": "dragoman", "check_password": "{secret}"},
        (
            Step(
                "sender_1",
                "save",
                {"forwarding": "basic", "username": "dragoman", "password": "{secret}"},
            ),
        ),
    ),
    Guard(
        "a signature of the body",
        {"check": "hmac", "hmac_secret": "{secret}", "hmac_header": "X-Hub-Signature"},
        (
            Step(
                "sender_1",
                "save",
                {"forwarding": "hmac", "secret": "{secret}", "header": "X-Hub-Signature"},
            ),
        ),
    ),
)

_WHATSAPP = "Channels and Numbers › WhatsApp"
_FORMATS = [
    ("MO_OTT_CONTACT", "With contact (default)"),
    ("MO_OTT_MSISDN", "Without contact"),
    ("MO_MESSAGES_API_JSON", "Messages API"),
]
_WAYS = [
    ("none", "None"),
    ("account", "Basic, with the account's username and password"),
    ("basic", "Basic, with another username and password"),
    ("hmac", "HMAC signature of the body"),
]
_ALGORITHMS = [(name, name) for name in wire.ALGORITHMS]
SUBSCRIPTION = "console"
EVENTS = (
    "INBOUND_MESSAGE",
    "DELIVERY",
    "SEEN",
    "TEMPLATE_UPDATE",
    "PAYMENT_STATUS",
    "IDENTITY_CHANGE",
    "MARKETING_SUBSCRIPTION_UPDATE",
)
LOGGED = 20


def panels(emulator: Emulator) -> list[Panel]:
    numbers = list(emulator.senders.all)
    return [
        _home(emulator),
        _keys(emulator),
        _connect(emulator),
        _senders(emulator),
        *(_sender(emulator, index, number) for index, number in enumerate(numbers, 1)),
        _subscription(emulator),
        _logs(emulator),
    ]


def _home(emulator: Emulator) -> Panel:
    return Panel(
        "home",
        "Your account",
        "Home",
        [
            shown("base_url", "Base URL", emulator.base_url),
            shown("username", "Username", emulator.config.username),
            shown("password", "Password", hidden=True),
            button("show", "Show"),
        ],
    )


def _keys(emulator: Emulator) -> Panel:
    lines = [
        [key.name or "demo", f"{key.key[:6]}…", ", ".join(key.scopes or ("all",))]
        for key in emulator.keys
    ]
    return Panel(
        "keys",
        "API keys",
        "Developer tools › API keys",
        [
            listed("keys", "Keys", ["Name", "Begins with", "Scopes"], lines),
            text("name", "Name of a new key"),
            text("scopes", "Scopes", help="Empty is all of them; else with commas between."),
            shown("api_key", "API key", hidden=True, help="Shown once."),
            button("create", "Create API key", lead=True),
        ],
    )


def _connect(emulator: Emulator) -> Panel:
    number = next(iter(emulator.senders.all), "")
    shared = next((one.number for one in emulator.senders.all.values() if one.shared), "")
    controls = [shown("number", "Your sender", number)]
    if shared:
        word = keyword_of(emulator, shared)
        told = f"Every text begins with the keyword: {word} Hi"
        controls.append(shown("test_number", "Test sender of trial accounts", shared, help=told))
    return Panel(
        "connect",
        "Connect",
        f"{_WHATSAPP} › Overview",
        controls,
        help="Write to the number from the test phone.",
    )


def _senders(emulator: Emulator) -> Panel:
    lines = [
        [one.number, one.title, "Shared" if one.shared else "Dedicated", "Connected"]
        for one in emulator.senders.all.values()
    ]
    columns = ["Sender", "Name", "Kind", "Status"]
    controls = [listed("senders", "Senders", columns, lines)]
    return Panel("senders", "Senders", f"{_WHATSAPP} › Senders", controls)


def _sender(emulator: Emulator, index: int, number: str) -> Panel:
    setup, sender = emulator.senders.setup(number), emulator.senders.all[number]
    usual = emulator.config.username if sender.shared else ""
    return Panel(
        f"sender_{index}",
        number,
        f"{_WHATSAPP} › Senders › ⋯ › Edit Configuration",
        [
            text("keyword", "Keyword", setup.keyword, placeholder=usual),
            text("inbound_url", "URL for incoming messages", setup.inbound_url),
            choice("format", "Renderer", setup.format, _FORMATS),
            text("delivery_url", "URL for delivery reports", setup.delivery_url),
            text("seen_url", "URL for seen reports", setup.seen_url),
            choice("forwarding", "Forwarding authentication", setup.forwarding, _WAYS),
            text("username", "Username", setup.username),
            secret("password", "Password", help="Empty keeps the one that was saved."),
            secret("secret", "Secret key", help="Empty keeps the one that was saved."),
            choice("algorithm", "Algorithm", setup.algorithm, _ALGORITHMS),
            text("header", "Header of the signature", setup.header),
            button("save", "Save", lead=True),
        ],
        help="Nothing is forwarded before a URL is saved.",
    )


def _subscription(emulator: Emulator) -> Panel:
    known = emulator.subscriptions.all.get(SUBSCRIPTION) or {"events": [], "profile": {}}
    profile = known["profile"]
    security = profile.get("security") or {}
    given, way = security.get("credentials") or {}, str(security.get("type", "NONE")).lower()
    ways = [one for one in _WAYS if one[0] != "account"]
    headers = "\n".join(f"{k}: {v}" for k, v in (profile.get("headers") or {}).items())
    return Panel(
        "subscription",
        "WhatsApp subscription",
        "Developer tools › Subscriptions Management",
        [
            text("url", "Notify URL", (profile.get("webhook") or {}).get("notifyUrl", "")),
            *(switch(event, event, event in known["events"]) for event in EVENTS),
            text("headers", "Headers", headers, rows=2, help="One a line, as Name: value."),
            choice("security", "Security", way, ways),
            text("username", "Username", str(given.get("username", ""))),
            secret("password", "Password", help="Empty keeps the one that was saved."),
            secret("secret", "Secret key", help="Empty keeps the one that was saved."),
            choice("algorithm", "Algorithm", _algorithm(given), _ALGORITHMS),
            text("header", "Header of the signature", _header(given)),
            button("save", "Save", lead=True),
        ],
        help="For senders without a URL of their own. A URL that a message names goes first.",
    )


def _algorithm(given: dict[str, Any]) -> str:
    return str(given.get("algorithm") or Setup().algorithm)


def _header(given: dict[str, Any]) -> str:
    return str(given.get("header") or Setup().header)


def _logs(emulator: Emulator) -> Panel:
    lines = []
    for record in emulator.recent(LOGGED):
        state, problem = last_state(record)
        kind = record["kind"].removeprefix("interactive/").lower()
        trouble = problem["name"] if problem["id"] else "–"
        lines.append([wire.moment(record["at"]), record["to"], kind, state["name"], trouble])
    columns = ["Sent at", "To", "Kind", "Status", "Error"]
    controls = [listed("logs", f"The last {LOGGED}", columns, lines)]
    return Panel("logs", "Logs", f"{_WHATSAPP} › Overview › View Logs", controls)


# --- what the buttons do -------------------------------------------------------------------------


def _refused(sentence: str, **values: Any) -> SentenceError:
    return SentenceError(Sentence(sentence, values))


def _address(given: str) -> str:
    """The URL, or "". Raises SentenceError."""
    url = given.strip()
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    except ValueError:
        raise _refused("infobip_url_wrong", url=url) from None
    whole = parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and here))
    if not whole or " " in url:
        raise _refused("infobip_url_wrong", url=url)
    return url


def _proof(way: str, username: str, password: str, key: str, header: str) -> None:
    """Raises SentenceError when the chosen way lacks something."""
    if way == "basic" and not (username and password):
        raise _refused("infobip_pair_missing")
    if way == "hmac" and not key:
        raise _refused("infobip_secret_missing")
    if way == "hmac" and not header.replace("-", "").isalnum():
        raise _refused("infobip_header_wrong", header=header)


async def _show(emulator: Emulator, values: dict[str, Any]) -> Done:
    return Done(Sentence("infobip_password_shown"), {"password": emulator.config.password})


async def _create(emulator: Emulator, values: dict[str, Any]) -> Done:
    name = values["name"].strip()
    if not name:
        raise _refused("infobip_key_unnamed")
    scopes = tuple(one.strip() for one in values["scopes"].split(",") if one.strip())
    key = ApiKey(key=wire.api_key(), name=name, scopes=scopes or None)
    made = [*(emulator.books.get("keys") or []), msgspec.to_builtins(key)]
    emulator.books.put("keys", made)
    emulator.keys.append(key)
    return Done(Sentence("infobip_key_made"), {"api_key": key.key})


async def _save(emulator: Emulator, number: str, values: dict[str, Any]) -> Done:
    before = emulator.senders.setup(number)
    setup = Setup(
        keyword=values["keyword"].strip(),
        inbound_url=_address(values["inbound_url"]),
        format=values["format"],
        delivery_url=_address(values["delivery_url"]),
        seen_url=_address(values["seen_url"]),
        forwarding=values["forwarding"],
        username=values["username"].strip(),
        password=values["password"] or before.password,
        secret=values["secret"] or before.secret,
        algorithm=values["algorithm"],
        header=values["header"].strip(),
    )
    _proof(setup.forwarding, setup.username, setup.password, setup.secret, setup.header)
    emulator.set_up(number, setup)
    if not setup.inbound_url:
        return Done(Sentence("infobip_saved_off", {"number": number}))
    return Done(Sentence("infobip_saved", {"number": number, "url": setup.inbound_url}))


def _headers(given: str) -> dict[str, str]:
    made = {}
    for line in filter(None, map(str.strip, given.splitlines())):
        name, colon, value = line.partition(":")
        if not colon or not name.strip().replace("-", "").isalnum() or not value.strip():
            raise _refused("infobip_headers_wrong", line=line)
        made[name.strip()] = value.strip()
    return made


async def _subscribe(emulator: Emulator, values: dict[str, Any]) -> Done:
    url = _address(values["url"])
    events = [event for event in EVENTS if values[event]]
    if not url:
        emulator.subscriptions.remove(SUBSCRIPTION)
        return Done(Sentence("infobip_unsubscribed"))
    if not events:
        raise _refused("infobip_no_events")
    known = emulator.subscriptions.all.get(SUBSCRIPTION) or {}
    before = ((known.get("profile") or {}).get("security") or {}).get("credentials") or {}
    credentials = {
        "username": values["username"].strip(),
        "password": values["password"] or before.get("password", ""),
        "secretKey": values["secret"] or before.get("secretKey", ""),
        "algorithm": values["algorithm"],
        "header": values["header"].strip(),
    }
    way = values["security"]
    _proof(
        way,
        credentials["username"],
        credentials["password"],
        credentials["secretKey"],
        credentials["header"],
    )
    profile = {
        "profileId": SUBSCRIPTION,
        "webhook": {"contentType": "application/json", "notifyUrl": url},
        "headers": _headers(values["headers"]),
        "security": {"authId": SUBSCRIPTION, "type": way.upper(), "credentials": credentials},
    }
    emulator.subscriptions.add(
        {"subscriptionId": SUBSCRIPTION, "events": events, "profile": profile}
    )
    told = {"events": ", ".join(events), "url": url}
    return Done(Sentence("infobip_subscribed", told))


_BUTTONS: dict[tuple[str, str], Callable[[Emulator, dict[str, Any]], Awaitable[Done]]] = {
    ("home", "show"): _show,
    ("keys", "create"): _create,
    ("subscription", "save"): _subscribe,
}


async def act(emulator: Emulator, panel: str, button: str, values: dict[str, Any]) -> Done:
    if panel.startswith("sender_"):
        number = list(emulator.senders.all)[int(panel.removeprefix("sender_")) - 1]
        return await _save(emulator, number, values)
    return await _BUTTONS[panel, button](emulator, values)
