"""Calls to Infobip as values: messages in both APIs, signals, files, checks, reports.

Source: Infobip OpenAPI, "WhatsApp", "Messages API" (2026).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import quote

from dragoman.domain import content as c
from dragoman.domain.identity import Group, Recipient
from dragoman.partners._cloud.limits import refuse, unsupported
from dragoman.partners.contract import HttpCall, OutboundMessage, Probe
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
    account: Account, method: Literal["GET", "POST"], path: str, purpose: str, **more: Any
) -> HttpCall:
    """A call with the account's login."""
    headers = {"Authorization": account.authorization, "Accept": "application/json"}
    return HttpCall(method, f"{account.base_url}{path}", purpose, headers, **more)


@unsupported
def render(message: OutboundMessage, settings: Settings) -> HttpCall:
    """One message, one call."""
    path, body = _path_and_body(message, settings)
    return call(account_of(settings, message.number), "POST", path, "send", json=body)


def _path_and_body(message: OutboundMessage, settings: Settings) -> tuple[str, dict[str, Any]]:
    content = message.content
    if isinstance(content, c.Raw):
        endpoint, given, root = taken_apart(content.payload)
        if endpoint:
            return _whatsapp(endpoint, given, root, message)
        return _MESSAGES, messages_api.finished(
            {**given, **messages_api.sender(message)}, root, message
        )
    if settings.dialect == "messages" and messages_api.carries(message):
        return _MESSAGES, messages_api.body(message, settings)
    if isinstance(content, c.Template):
        endpoint, inner = TEMPLATE, template(content, settings)
    else:
        endpoint, inner = whatsapp(content, settings)
    return _whatsapp(endpoint, {"content": inner} if inner else {}, {}, message)


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
    return path, {"messages": [one], **root, **{k: extra[k] for k in _OF_THE_CALL & set(extra)}}


# --- signals -------------------------------------------------------------------------------------


def render_signal(
    number: str, whom: Recipient, external_id: str, typing: bool, settings: Settings
) -> HttpCall:
    """Mark a message as read. Typing is another call, which names the person and not the message;
    it counts as having read."""
    account = account_of(settings, number)
    if typing and not isinstance(whom, Group):
        told = {"sender": number, "destinations": [{"to": recipient(whom)}]}
        event = {**told, "content": {"type": "TYPING_INDICATOR"}}
        return call(account, "POST", "/whatsapp/1/events", "typing", json={"events": [event]})
    path = f"{_sender(number)}/message/{quote(external_id, safe='')}/read"
    return call(account, "POST", path, "mark_read")


def _sender(number: str) -> str:
    return f"/whatsapp/1/senders/{quote(number, safe='')}"


# --- files ---------------------------------------------------------------------------------------


def render_media(
    number: str, media_id: str | None, link: str | None, settings: Settings
) -> HttpCall | None:
    """A file at Infobip, whose address is of another of its hosts than ours: it is asked of ours,
    the only one that the login goes to. Any other address gets none."""
    found = _FILE.fullmatch(link) if link else None
    if found and not {found[2], found[3]} & {".", ".."}:
        path = found[1]
    elif link:
        return HttpCall("GET", link, "media_download")
    elif media_id:
        path = f"{_sender(number)}/media/{quote(media_id, safe='')}"
    else:
        return None
    account = account_of(settings, number)
    headers = {"Authorization": account.authorization}
    return HttpCall("GET", f"{account.base_url}{path}", "media_download", headers)


# --- asking --------------------------------------------------------------------------------------


def _asked(settings: Settings) -> list[Account]:
    """The accounts that can be asked."""
    return [a for a in settings.accounts if a.enabled and a.base_url and a.has_login]


def probes(settings: Settings) -> Sequence[Probe]:
    """One call for each account: it tells whether the login is right and the numbers are its."""
    out = []
    for account in _asked(settings):
        if listed := ",".join(account.numbers):
            asks = call(account, "GET", _QUALITY, "probe", query=(("senders", listed),))
            out.append(Probe(account.about, asks, listed))
    return tuple(out)


def pulls(settings: Settings) -> Sequence[Probe]:
    """Reports of both APIs, of the last 48 hours, by each login once. Infobip hands each report
    out once."""
    query = (("channel", "WHATSAPP"), ("limit", str(_MOST_REPORTS)))
    out: dict[tuple[str, str], Probe] = {}
    for account in _asked(settings) if settings.pull_reports else ():
        asks = call(account, "GET", "/messages-api/1/reports", "pull", query=query)
        out.setdefault((account.base_url, account.authorization), Probe(account.about, asks))
    return tuple(out.values())
