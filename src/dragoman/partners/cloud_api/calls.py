"""Calls to the Graph API as values: messages, signals, files, subscriptions, checks.

Source: Meta, "Send messages", "Media", "Webhooks: override", "Access tokens" (2026).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from dragoman.domain.content import Template
from dragoman.domain.identity import Recipient
from dragoman.partners._cloud.envelope import message_body
from dragoman.partners.contract import HttpCall, OutboundMessage, Part, Probe, Unsupported

from .settings import Settings

# Where Meta keeps files. The token goes to these hosts and to the Graph host, to no other.
_FILE_HOSTS = (".fbsbx.com", ".fbcdn.net", ".facebook.com", ".whatsapp.net")
PROBE_FIELDS = (
    "display_phone_number,verified_name,quality_rating,status,platform_type,throughput,"
    "code_verification_status"
)


def graph_call(
    settings: Settings,
    method: Literal["GET", "POST", "DELETE"],
    path: str,
    purpose: str,
    query: tuple[tuple[str, str], ...] = (),
    json: Any = None,
    parts: tuple[Part, ...] = (),
    secret_query: frozenset[str] = frozenset(),
) -> HttpCall:
    """A call with the channel's token, proved with the app secret where that is switched on."""
    if settings.appsecret_proof and settings.app_secret:
        secret = settings.app_secret.encode()
        proof = hmac.digest(secret, settings.token.encode(), hashlib.sha256).hex()
        query = (*query, ("appsecret_proof", proof))
        secret_query |= {"appsecret_proof"}
    return HttpCall(
        method,
        f"{settings.graph_url}/{settings.graph_version}/{path}",
        purpose,
        {"Authorization": f"Bearer {settings.token}"},
        query,
        json,
        parts=parts,
        secret_query=secret_query,
    )


def _id(value: str) -> str:
    """An id as one step of a path, whatever is in it."""
    return quote(value, safe="")


def render(message: OutboundMessage, settings: Settings) -> HttpCall | Unsupported:
    """One message, one call. What WhatsApp would refuse is `Unsupported`, before any I/O."""
    body = message_body(message)
    if isinstance(body, Unsupported):
        return body
    marketing = isinstance(message.content, Template) and message.content.marketing is not None
    endpoint = "marketing_messages" if marketing else "messages"
    return graph_call(settings, "POST", f"{_id(message.number)}/{endpoint}", "send", json=body)


def render_signal(
    number: str, whom: Recipient, external_id: str, typing: bool, settings: Settings
) -> HttpCall:
    """Mark a message as read, which marks the earlier ones too; `typing` shows *typing…* for up
    to 25 s. Meta has no typing without reading."""
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": external_id,
    }
    if typing:
        body["typing_indicator"] = {"type": "text"}
    purpose = "typing" if typing else "mark_read"
    return graph_call(settings, "POST", f"{_id(number)}/messages", purpose, json=body)


def probes(settings: Settings) -> tuple[Probe, ...]:
    """Ask Meta about each number and about the token itself, which sends nothing."""
    if not settings.token:
        return ()
    query = (("fields", PROBE_FIELDS),)
    numbers = [
        Probe(number.key, graph_call(settings, "GET", _id(number.key), "probe", query))
        for number in settings.numbers
    ]
    about_token = render_debug_token(settings, settings.token)
    return (*numbers, Probe("the access token", about_token, settings.app_id))


def render_media_url(media_id: str, settings: Settings, number: str | None = None) -> HttpCall:
    """Where a file can be fetched, for the next five minutes."""
    query = (("phone_number_id", number),) if number else ()
    return graph_call(settings, "GET", _id(media_id), "media_url", query)


def render_media_download(url: str, settings: Settings) -> HttpCall:
    """Fetch a file from an address that Meta gave. The token goes along only to Meta's own hosts
    (and to the Graph host, which is an emulator in tests), over https where it is Meta's."""
    parts, graph = urlsplit(url), urlsplit(settings.graph_url)
    host = (parts.hostname or "").lower()
    at_meta = parts.scheme == "https" and f".{host}".endswith(_FILE_HOSTS)
    at_graph = (parts.scheme, parts.netloc) == (graph.scheme, graph.netloc)
    headers = {"Authorization": f"Bearer {settings.token}"} if at_meta or at_graph else {}
    return HttpCall("GET", url, "media_download", headers)


def render_media_upload(
    number: str, filename: str, content_type: str, data: bytes, settings: Settings
) -> HttpCall:
    """Give Meta a file to send. Meta judges it by its declared type and its name's ending."""
    parts = (
        Part("messaging_product", b"whatsapp"),
        Part("type", content_type.encode()),
        Part("file", data, filename, content_type),
    )
    return graph_call(settings, "POST", f"{_id(number)}/media", "media_upload", parts=parts)


def render_media_delete(media_id: str, settings: Settings, number: str | None = None) -> HttpCall:
    query = (("phone_number_id", number),) if number else ()
    return graph_call(settings, "DELETE", _id(media_id), "media_delete", query)


def render_subscribed_apps(waba_id: str, settings: Settings) -> HttpCall:
    """Which Meta apps get the webhooks of a WhatsApp account."""
    return graph_call(settings, "GET", f"{_id(waba_id)}/subscribed_apps", "subscribed_apps")


def render_subscribe(waba_id: str, settings: Settings) -> HttpCall:
    """Let the token's Meta app get the webhooks of a WhatsApp account."""
    return graph_call(settings, "POST", f"{_id(waba_id)}/subscribed_apps", "subscribe")


def render_webhook_configuration(number: str, settings: Settings) -> HttpCall:
    """Where the webhooks of a number go: by the app, and where account or number override it."""
    query = (("fields", "webhook_configuration"),)
    return graph_call(settings, "GET", _id(number), "webhook_configuration", query)


def render_account_numbers(waba_id: str, settings: Settings) -> HttpCall:
    """The numbers of a WhatsApp account."""
    query = (("fields", "id"), ("limit", "200"))
    return graph_call(settings, "GET", f"{_id(waba_id)}/phone_numbers", "account_numbers", query)


def _app_call(
    settings: Settings, path: str, purpose: str, *query: tuple[str, str], secret: str = ""
) -> HttpCall:
    """A call as the Meta app itself, whose token is its id and its secret with a bar between."""
    return HttpCall(
        "GET",
        f"{settings.graph_url}/{settings.graph_version}/{path}",
        purpose,
        {"Authorization": f"Bearer {settings.app_id}|{settings.app_secret}"},
        query,
        secret_query=frozenset({secret} if secret else ()),
    )


def render_subscriptions(settings: Settings) -> HttpCall:
    """Where the webhooks of the Meta app go. Needs App ID and app secret."""
    return _app_call(settings, f"{_id(settings.app_id)}/subscriptions", "subscriptions")


def render_debug_token(settings: Settings, token: str) -> HttpCall:
    """Ask Meta about a token: whether it is valid, until when, and for what. Asked as the app
    where its id and secret are known, which works for a token that has ended, too."""
    query = ("input_token", token)
    if settings.app_id and settings.app_secret:
        return _app_call(settings, "debug_token", "debug_token", query, secret="input_token")
    hidden = frozenset({"input_token"})
    return graph_call(settings, "GET", "debug_token", "debug_token", (query,), secret_query=hidden)
