"""Calls to Infobip as values: messages in both APIs, signals, files, checks, reports.

Source: Infobip OpenAPI, "WhatsApp", "Messages API" (2026).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import quote

from dragoman.domain import content as c
from dragoman.domain.identity import Recipient
from dragoman.partners._cloud.limits import Refuse, refuse
from dragoman.partners.contract import HttpCall, OutboundMessage, Probe, Unsupported
from dragoman.partners.extra import merge

from . import messages_api
from .contents import whatsapp
from .limits import recipient
from .native import TEMPLATE, taken_apart
from .settings import Account, Settings, account_of
from .shape import message_id
from .templates import template

_OURS = frozenset({"from", "to"})
_OF_THE_CALL = frozenset({"bulkId"})  # a template's call is a list of messages with this beside it
_NO_QUOTING = "interactive/voice-button"
# Where Infobip keeps what people send. The login goes along to our own host alone.
_FILE = re.compile(r"https?://[^/]+(?:/.*)?(/whatsapp/1/senders/([^/?#]+)/media/([^/?#]+))")
_MOST_REPORTS = 1000
_MESSAGES = "/messages-api/1/messages"
# NOT CONFIRMED: that a key limited to sending is refused here with 403, and not with 401.
_QUALITY = "/whatsapp/1/senders/quality"


def call(
    account: Account,
    method: Literal["GET", "POST"],
    path: str,
    purpose: str,
    json: Any = None,
    query: tuple[tuple[str, str], ...] = (),
) -> HttpCall:
    """A call with the account's login."""
    headers = {"Authorization": account.authorization, "Accept": "application/json"}
    return HttpCall(method, f"{account.base_url}{path}", purpose, headers, query, json)


def render(message: OutboundMessage, settings: Settings) -> HttpCall | Unsupported:
    """One message, one call. What cannot be said is `Unsupported`, before any I/O."""
    account = account_of(settings, message.number)
    try:
        path, body = _path_and_body(message, settings)
    except Refuse as refusal:
        return Unsupported(refusal.sentence, refusal.code)
    return call(account, "POST", path, "send", body)


def _path_and_body(message: OutboundMessage, settings: Settings) -> tuple[str, dict[str, Any]]:
    content = message.content
    root: dict[str, Any] = {}
    if isinstance(content, c.Raw):
        endpoint, given, root = taken_apart(content.payload)
        if not endpoint:
            return _MESSAGES, messages_api.finished(_named(given, message), root, message)
        return _whatsapp(endpoint, given, root, message)
    if settings.dialect == "messages" and messages_api.carries(message):
        return _MESSAGES, messages_api.body(message, settings)
    if isinstance(content, c.Template):
        endpoint, inner = TEMPLATE, template(content, settings)
    else:
        endpoint, inner = whatsapp(content, settings)
    return _whatsapp(endpoint, {"content": inner} if inner else {}, root, message)


def _named(given: dict[str, Any], message: OutboundMessage) -> dict[str, Any]:
    return {**given, "channel": "WHATSAPP", "sender": message.number}


def _whatsapp(
    endpoint: str, given: dict[str, Any], root: dict[str, Any], message: OutboundMessage
) -> tuple[str, dict[str, Any]]:
    """The envelope, which is ours, around what is sent; the author's last word merged over it."""
    one: dict[str, Any] = {"from": message.number, "to": recipient(message.recipient)}
    one |= {name: value for name, value in given.items() if name not in _OURS}
    extra = message.extra or {}
    merge(one, {k: v for k, v in extra.items() if k not in _OURS | _OF_THE_CALL})
    if message.reference:
        one["messageId"] = message_id(message.reference, message.number)
    if message.reply_to:
        if endpoint == _NO_QUOTING:
            part = "a quoted message"
            raise refuse("infobip_no_place", part=part, where="a message with a call button")
        one["context"] = {"replyToMessageId": message.reply_to}
    path = f"/whatsapp/1/message/{endpoint}"
    if endpoint != TEMPLATE:
        return path, one
    beside = {**root, **{k: v for k, v in extra.items() if k in _OF_THE_CALL}}
    return path, {"messages": [one], **beside}


# --- signals -------------------------------------------------------------------------------------


def render_signal(
    number: str, whom: Recipient, external_id: str, typing: bool, settings: Settings
) -> HttpCall:
    """Mark a message as read. Typing is another call, which names the person and not the message;
    it counts as having read."""
    shows = _typing(number, whom, settings) if typing else None
    if shows is not None:
        return shows
    sender, id = quote(number, safe=""), quote(external_id, safe="")
    path = f"/whatsapp/1/senders/{sender}/message/{id}/read"
    return call(account_of(settings, number), "POST", path, "mark_read")


def _typing(number: str, whom: Recipient, settings: Settings) -> HttpCall | None:
    try:
        to = recipient(whom)
    except Refuse:
        return None
    event = {
        "sender": number,
        "destinations": [{"to": to}],
        "content": {"type": "TYPING_INDICATOR"},
    }
    account = account_of(settings, number)
    return call(account, "POST", "/whatsapp/1/events", "typing", {"events": [event]})


# --- files ---------------------------------------------------------------------------------------


def render_media(
    number: str, media_id: str | None, link: str | None, settings: Settings
) -> HttpCall | None:
    """A file at Infobip, whose address is of another of its hosts than ours: it is asked of ours,
    the only one that the login goes to. Any other address gets none."""
    account = account_of(settings, number)
    found = _FILE.fullmatch(link) if link else None
    if found and not {found[2], found[3]} & {".", ".."}:
        return _file_call(account, found[1])
    if link:
        return HttpCall("GET", link, "media_download")
    if media_id:
        sender, id = quote(number, safe=""), quote(media_id, safe="")
        return _file_call(account, f"/whatsapp/1/senders/{sender}/media/{id}")
    return None


def _file_call(account: Account, path: str) -> HttpCall:
    headers = {"Authorization": account.authorization}
    return HttpCall("GET", f"{account.base_url}{path}", "media_download", headers)


# --- asking --------------------------------------------------------------------------------------


def _can_ask(account: Account) -> bool:
    login = account.api_key or (account.username and account.password)
    return bool(account.enabled and account.base_url and login)


def _logins(settings: Settings) -> list[Account]:
    """The accounts that can be asked, each login once."""
    known: dict[tuple[str, str], Account] = {}
    for account in settings.accounts:
        if _can_ask(account):
            known.setdefault((account.base_url, account.authorization), account)
    return list(known.values())


def probes(settings: Settings) -> Sequence[Probe]:
    """One call for each account: it tells whether the login is right and the numbers are its."""
    return tuple(
        Probe(
            f"the account {account.shown}",
            call(account, "GET", _QUALITY, "probe", query=(("senders", listed),)),
            listed,
        )
        for account in settings.accounts
        if _can_ask(account) and (listed := ",".join(account.numbers))
    )


def pulls(settings: Settings) -> Sequence[Probe]:
    """Reports of both APIs, of the last 48 hours. Infobip hands each out once."""
    if not settings.pull_reports:
        return ()
    query = (("channel", "WHATSAPP"), ("limit", str(_MOST_REPORTS)))
    return tuple(
        Probe(
            f"the account {account.shown}",
            call(account, "GET", "/messages-api/1/reports", "pull", query=query),
        )
        for account in _logins(settings)
    )
