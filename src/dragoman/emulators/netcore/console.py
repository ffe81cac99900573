"""The parts of Netcore's CPaaS console that a channel's set-up passes through.

Source: the set-up as users are told it: the API tab under *Integrate API*, and the *Webhook
Integration*. Where the bypass of opt-in stands, the form of *Webhook header*, and whether *Show*
shows a first key again, are UNSURE.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.emulators.kit import (
    Done,
    Guard,
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

if TYPE_CHECKING:
    from .emulator import Emulator

words(
    {
        "netcore_password_wrong": "The password is wrong: give the one of the account.",
        "netcore_key_shown": "The key is shown until the page is loaded again: copy it now.",
        "netcore_key_gone": "The key {name} was shown when it was made and is not shown again: "
        "create a new one.",
        "netcore_key_unnamed": "A new key needs a name.",
        "netcore_key_named": "There is a key {name!r} already: give another name.",
        "netcore_key_made": "The key is made, active, and shown this once: copy it now.",
        "netcore_hook_url_wrong": "{url!r} is no webhook URL: give the whole address, beginning "
        "with https:// or http://.",
        "netcore_hook_url_missing": "The webhook has no URL: paste the platform's, then turn the "
        "status on.",
        "netcore_hook_header_wrong": "{header!r} is no header: write it as Name: value, on one "
        "line.",
        "netcore_hook_saved": "Saved: the webhook is on.",
        "netcore_hook_off": "Saved: the webhook is off, so nothing is sent to it.",
        "netcore_bypass_on": "Saved: opt-in is bypassed for this account.",
        "netcore_bypass_off": "Saved: people must be opted in.",
    }
)

PASSWORD = "tea-and-biscuits"  # of the demo's account
WALK = Walk(
    give=(Step("numbers"), Step("api", "show", {"password": PASSWORD})),
    fields={"numbers": {"+{number}": {"api_key": "{api_key}"}}, "base_url": "{api}"},
    take=(
        Step("incoming", "save", {"url": "{webhook_url}", "status": True}),
        Step("delivery", "save", {"url": "{webhook_url}", "status": True}),
    ),
)

GUARDS = (
    Guard(
        "a header of the channel's",
        {"header_name": "X-Webhook-Secret", "header_value": "{secret}"},
        (
            Step("incoming", "save", {"header": "X-Webhook-Secret: {secret}"}),
            Step("delivery", "save", {"header": "X-Webhook-Secret: {secret}"}),
        ),
    ),
)

_HEADER = re.compile(r"[A-Za-z0-9-]+:[ \t]*[^\r\n]*\S")
_HOOKS = {
    "incoming": ("Incoming webhook", "Messages of people go there."),
    "delivery": ("Delivery webhook", "Delivery reports go there: a subscription of its own."),
}


def panels(emulator: Emulator) -> list[Panel]:
    return [
        _numbers(emulator),
        _api(emulator),
        *(_hook(emulator, name) for name in _HOOKS),
        _opt_in(emulator),
    ]


def _numbers(emulator: Emulator) -> Panel:
    lines = [[f"+{n.display}", n.title, n.source or "–"] for n in emulator.config.numbers]
    return Panel(
        "numbers",
        "Business numbers",
        "WhatsApp › Business numbers",
        [
            shown("number", "First number", emulator.config.numbers[0].display),
            listed("all", "Numbers", ["Number", "Name", "Source"], lines),
        ],
    )


def _api(emulator: Emulator) -> Panel:
    keys, numbers = emulator.account.keys, emulator.config.numbers
    lines = [[key.name, f"+{key.number}", "••••" + key.key[-4:], "✓ active"] for key in keys]
    return Panel(
        "api",
        "API",
        "Settings › General Settings › Integrate API › API",
        [
            listed("keys", "API keys", ["Name", "Number", "Key", "Status"], lines),
            choice("key", "Key to show", keys[0].name, [(k.name, k.name) for k in keys]),
            secret(
                "password",
                "Account password",
                help=f"Of this emulated account: {emulator.config.password}",
            ),
            button("show", "Show", lead=True),
            choice(
                "number",
                "Number of the new key",
                numbers[0].display,
                [(n.display, f"+{n.display} {n.title}") for n in numbers],
            ),
            text("name", "Name of the new key", help="Unique in the account."),
            button("create", "Create API Key"),
            shown("api_key", "API key", hidden=True),
            api_url(emulator),
        ],
        help="Each business number has keys of its own. A key cannot be changed; a new one is "
        "shown once, when it is made.",
    )


def _hook(emulator: Emulator, name: str) -> Panel:
    title, told = _HOOKS[name]
    hook = emulator.account.webhooks[name]
    return Panel(
        name,
        title,
        f"Settings › Webhook Integration › {title}",
        [
            text("url", "Webhook URL", hook.url),
            text("header", "Webhook header", hook.header, placeholder="Name: value"),
            switch("status", "Status", hook.on),
            button("save", "Save", lead=True),
        ],
        help=told,
    )


def _opt_in(emulator: Emulator) -> Panel:
    rows = [
        [f"+{key.partition(':')[0]}", f"+{told['phone_number']}", told["optin_source"]]
        for key, told in emulator.account.consents.items()
    ]
    return Panel(
        "optin",
        "Opt-in",
        "WhatsApp › Opt-in",
        [
            switch("bypass", "Bypass opt-in", emulator.rules.bypass_opt_in),
            button("save", "Save", lead=True),
            listed("people", "Opted in", ["Number", "Person", "Source"], rows),
        ],
        help="Every send looks here first. The bypass is granted by Netcore's support.",
    )


# --- what the buttons do -------------------------------------------------------------------------


def _refused(sentence: str, **values: Any) -> SentenceError:
    return SentenceError(Sentence(sentence, values))


def _check_password(emulator: Emulator, values: dict[str, Any]) -> None:
    if values["password"] != emulator.config.password:
        raise _refused("netcore_password_wrong")


async def _show(emulator: Emulator, values: dict[str, Any]) -> Done:
    _check_password(emulator, values)
    key = emulator.account.key_named(values["key"])
    if key is None or key.once:
        raise _refused("netcore_key_gone", name=values["key"])
    return Done(Sentence("netcore_key_shown"), {"api_key": key.key})


async def _create(emulator: Emulator, values: dict[str, Any]) -> Done:
    name = values["name"].strip()
    if not name:
        raise _refused("netcore_key_unnamed")
    if emulator.account.key_named(name) is not None:
        raise _refused("netcore_key_named", name=name)
    key = emulator.account.make_key(values["number"], name)
    return Done(Sentence("netcore_key_made"), {"api_key": key.key})


async def _save_hook(emulator: Emulator, name: str, values: dict[str, Any]) -> Done:
    url, header = values["url"].strip(), values["header"].strip()
    if url and (not re.match(r"https?://[^\s/]", url) or re.search(r"\s", url)):
        raise _refused("netcore_hook_url_wrong", url=url)
    if values["status"] and not url:
        raise _refused("netcore_hook_url_missing")
    if header and not _HEADER.fullmatch(header):
        raise _refused("netcore_hook_header_wrong", header=header)
    hook = emulator.account.webhooks[name]
    hook.url, hook.header, hook.on = url, header, values["status"]
    emulator.account.keep()
    return Done(Sentence("netcore_hook_saved" if hook.on else "netcore_hook_off"))


async def _save_incoming(emulator: Emulator, values: dict[str, Any]) -> Done:
    return await _save_hook(emulator, "incoming", values)


async def _save_delivery(emulator: Emulator, values: dict[str, Any]) -> Done:
    return await _save_hook(emulator, "delivery", values)


async def _save_bypass(emulator: Emulator, values: dict[str, Any]) -> Done:
    emulator.rules.bypass_opt_in = values["bypass"]
    return Done(Sentence("netcore_bypass_on" if values["bypass"] else "netcore_bypass_off"))


_BUTTONS: dict[tuple[str, str], Callable[[Emulator, dict[str, Any]], Awaitable[Done]]] = {
    ("api", "show"): _show,
    ("api", "create"): _create,
    ("incoming", "save"): _save_incoming,
    ("delivery", "save"): _save_delivery,
    ("optin", "save"): _save_bypass,
}


async def act(emulator: Emulator, panel: str, button: str, values: dict[str, Any]) -> Done:
    return await _BUTTONS[panel, button](emulator, values)
