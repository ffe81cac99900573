"""Karix has no portal. What a channel's set-up passes through is mail with the support team.

They hand over Vendor, Account Key and From; they are sent the webhook URL in a letter, and
configure it. Nothing arrives before that.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.emulators.kit import (
    Books,
    Done,
    Guard,
    Panel,
    Step,
    Walk,
    api_url,
    button,
    listed,
    secret,
    shown,
    text,
)

if TYPE_CHECKING:
    from .emulator import Emulator

_URL = re.compile(r"https?://[^\s<>\"]+")
_HEADER = re.compile(
    r"(?:every request:[ \t]*|\b(?=Authorization:|X-))([A-Za-z0-9-]+):[ \t]*(\S.*?)[ \t]*$",
    re.MULTILINE,
)

words(
    {
        "karix_desk_mail": "The mail is open: copy Vendor, Account Key and From into the channel.",
        "karix_desk_no_url": "Karix support answers: the letter has no webhook URL in it. Copy it "
        "whole from the channel, and send it again.",
        "karix_desk_done": "Karix support answers: done, {url} is configured for incoming messages "
        "and delivery reports{header}.",
        "karix_desk_saved": "Configured: incoming messages go to {url}, delivery reports to "
        "{reports}{header}.",
        "karix_desk_removed": "Removed: nothing arrives any more.",
        "karix_desk_url_wrong": "{url!r} is no address that Karix could call: give it whole, with "
        "https:// (http:// for this machine).",
        "karix_desk_header_wrong": "{header!r} is no header: write a name, a colon and a value, "
        "like Authorization: Bearer ….",
        "karix_desk_dn_wrong": "{dn!r} is no webHookDNId: give a short word like 1001.",
    }
)

# The channel has the whole letter; support reads its address.
WALK = Walk(
    give=(Step("mail", "open"),),
    fields={
        "number": "+{sender}",
        "sender": "+{sender}",
        "account_key": "{account_key}",
        "vendor": "{vendor}",
        "base_url": "{api}",
    },
    take=(Step("letter", "send", {"letter": "Please configure this webhook: {webhook_url}"}),),
)

GUARDS = (
    Guard(
        "a header of the channel's",
        {"header_name": "X-Webhook-Secret", "header_value": "{secret}"},
        (Step("webhook", "save", {"header": "X-Webhook-Secret: {secret}"}),),
    ),
)


class Hooks(msgspec.Struct):
    """What support has configured. `reports`: where reports go, empty for `incoming`. `dn_id`: the
    webHookDNId that the addresses are registered under. `header`: "Name: value", one a line."""

    incoming: str = ""
    reports: str = ""
    dn_id: str = "1001"
    header: str = ""

    @property
    def headers(self) -> dict[str, str]:
        lines = [line.partition(":") for line in self.header.splitlines()]
        return {name.strip(): value.strip() for name, colon, value in lines if colon}


class Desk:
    """The hooks, kept in the books."""

    def __init__(self, books: Books, url: str, dn_id: str) -> None:
        self._books = books
        kept = books.get("hooks")
        self.hooks = Hooks(url, dn_id=dn_id) if kept is None else msgspec.convert(kept, Hooks)

    def put(self, hooks: Hooks) -> None:
        self.hooks = hooks
        self._books.put("hooks", msgspec.to_builtins(hooks))

    def address(self, kind: str) -> str:
        """Where updates of a kind go: `incoming`, or `reports` and a webHookDNId. One that is not
        registered leads nowhere (UNSURE); none means the registered one."""
        what, _, dn_id = kind.partition(" ")
        if what == "incoming":
            return self.hooks.incoming
        if dn_id and dn_id != self.hooks.dn_id:
            return ""
        return self.hooks.reports or self.hooks.incoming


def panels(emulator: Emulator) -> list[Panel]:
    config, hooks = emulator.config, emulator.desk.hooks
    numbers = [[number.display, number.title] for number in config.numbers]
    name = ", ".join(hooks.headers) or "none"
    templates = [
        [one.name, one.language, one.status.lower(), one.body]
        for one in emulator.templates.all.values()
    ]
    return [
        Panel(
            "mail",
            "Your account",
            "Your mail › from Karix support",
            [
                shown("vendor", "Vendor", config.vendor),
                shown("account_key", "Account Key", hidden=True),
                shown("sender", "From", config.numbers[0].display),
                api_url(emulator),
                listed("numbers", "Numbers", ["From", "Name"], numbers),
                button("open", "Open the mail"),
            ],
            help="Karix has no portal: its support team hands these over.",
        ),
        Panel(
            "letter",
            "Ask for the webhook",
            "Your mail › to Karix support",
            [
                text("letter", "Letter", rows=12, help="The channel has it ready to copy."),
                button("send", "Send", lead=True),
            ],
            help="Nothing arrives until they have configured the address that the letter names.",
        ),
        Panel(
            "webhook",
            "What support has configured",
            "Karix › inside, where only their support goes",
            [
                text("incoming", "URL for incoming messages", hooks.incoming),
                text("reports", "URL for delivery reports", hooks.reports, help="Empty: the same."),
                text("dn_id", "webHookDNId", hooks.dn_id),
                shown("header_name", "Header sent along", name),
                secret("header", "Header to send along", help="Empty: the one there is."),
                button("save", "Save", lead=True),
                button("remove", "Remove"),
            ],
        ),
        Panel(
            "templates",
            "Registered templates",
            "Your mail › from Karix support",
            [
                listed(
                    "templates", "Templates", ["templateId", "Language", "State", "Text"], templates
                )
            ],
        ),
    ]


# --- what the buttons do -------------------------------------------------------------------------


def _said(hooks: Hooks) -> str:
    return f", with the header {' and '.join(hooks.headers)}" if hooks.header else ""


def _address(url: str) -> str:
    """Raises SentenceError."""
    try:
        parts = urlsplit(url)
        good = (
            parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", url)
        )
    except ValueError:
        good = False
    if not good:
        raise SentenceError(Sentence("karix_desk_url_wrong", {"url": url}))
    return url


async def _open(emulator: Emulator, values: dict[str, Any]) -> Done:
    return Done(Sentence("karix_desk_mail"), {"account_key": emulator.config.account_key})


async def _send(emulator: Emulator, values: dict[str, Any]) -> Done:
    """They read the letter: its first address, and the headers that it asks for."""
    letter = values["letter"]
    found = _URL.search(letter)
    if found is None:
        raise SentenceError(Sentence("karix_desk_no_url"))
    url = _address(found[0].rstrip(".,;)"))
    header = "\n".join(f"{name}: {value}" for name, value in _HEADER.findall(letter))
    hooks = Hooks(url, dn_id=emulator.desk.hooks.dn_id, header=header)
    emulator.desk.put(hooks)
    return Done(Sentence("karix_desk_done", {"url": url, "header": _said(hooks)}))


async def _save(emulator: Emulator, values: dict[str, Any]) -> Done:
    incoming, reports, dn_id = (values[key].strip() for key in ("incoming", "reports", "dn_id"))
    given = values["header"].strip()
    header = given or emulator.desk.hooks.header
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", dn_id):
        raise SentenceError(Sentence("karix_desk_dn_wrong", {"dn": dn_id}))
    if given and not re.fullmatch(r"[A-Za-z0-9-]+:[ \t]*\S[^\r\n]*", given):
        shown_part = given[:12] + "…"
        raise SentenceError(Sentence("karix_desk_header_wrong", {"header": shown_part}))
    _address(incoming)
    if reports:
        _address(reports)
    hooks = Hooks(incoming, reports, dn_id, header)
    emulator.desk.put(hooks)
    told = {"url": incoming, "reports": reports or incoming, "header": _said(hooks)}
    return Done(Sentence("karix_desk_saved", told))


async def _remove(emulator: Emulator, values: dict[str, Any]) -> Done:
    emulator.desk.put(Hooks(dn_id=emulator.desk.hooks.dn_id))
    return Done(Sentence("karix_desk_removed"))


_BUTTONS: dict[tuple[str, str], Callable[[Emulator, dict[str, Any]], Awaitable[Done]]] = {
    ("mail", "open"): _open,
    ("letter", "send"): _send,
    ("webhook", "save"): _save,
    ("webhook", "remove"): _remove,
}


async def act(emulator: Emulator, panel: str, button: str, values: dict[str, Any]) -> Done:
    return await _BUTTONS[panel, button](emulator, values)
