"""Calls to the Graph API as values: messages, signals, files, subscriptions, checks.

Source: Meta, "Send messages", "Media", "Webhooks: override", "Access tokens" (2026).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import msgspec

from dragoman.domain.content import Template
from dragoman.domain.identity import Recipient
from dragoman.partners._cloud.envelope import message_body
from dragoman.partners._cloud.limits import unsupported
from dragoman.partners.contract import HttpCall, OutboundMessage, Part, Probe

from .settings import Settings

# Where Meta keeps files. The token goes to these hosts and to the Graph host, to no other.
_FILE_HOSTS = (".fbsbx.com", ".fbcdn.net", ".facebook.com", ".whatsapp.net")
PROBE_FIELDS = (
    "display_phone_number,verified_name,quality_rating,status,platform_type,throughput,"
    "code_verification_status"
)


class Endpoint(msgspec.Struct, frozen=True):
    """One call of the Graph API. `path` has {id} for what it is of. `as_app`: made as the Meta app
    itself where its id and secret are known."""

    purpose: str
    method: Literal["GET", "POST"]
    path: str
    query: tuple[tuple[str, str], ...] = ()
    as_app: bool = False


# Of a number.
SEND = Endpoint("send", "POST", "{id}/messages")
SEND_MARKETING = Endpoint("send", "POST", "{id}/marketing_messages")
MARK_READ = Endpoint("mark_read", "POST", "{id}/messages")
TYPING = Endpoint("typing", "POST", "{id}/messages")
UPLOAD = Endpoint("media_upload", "POST", "{id}/media")
PROBE = Endpoint("probe", "GET", "{id}", (("fields", PROBE_FIELDS),))
# Where its webhooks go: by the app, and where account or number override it.
CALLBACKS = Endpoint("webhook_configuration", "GET", "{id}", (("fields", "webhook_configuration"),))
# Of a file: where it can be fetched, for the next five minutes.
MEDIA_URL = Endpoint("media_url", "GET", "{id}")
# Of a WhatsApp account: which Meta apps get its webhooks, letting the token's app get them, and its
# numbers.
SUBSCRIBED_APPS = Endpoint("subscribed_apps", "GET", "{id}/subscribed_apps")
SUBSCRIBE = Endpoint("subscribe", "POST", "{id}/subscribed_apps")
ACCOUNT_NUMBERS = Endpoint(
    "account_numbers", "GET", "{id}/phone_numbers", (("fields", "id"), ("limit", "200"))
)
# Of a Meta app: where its webhooks go. Needs App ID and app secret.
SUBSCRIPTIONS = Endpoint("subscriptions", "GET", "{id}/subscriptions", as_app=True)
# Of a token: whether it is valid, until when, and for what. As the app it works for one that has
# ended, too.
DEBUG_TOKEN = Endpoint("debug_token", "GET", "debug_token", as_app=True)

_SECRET_QUERY = frozenset({"input_token", "appsecret_proof"})


def graph_call(
    endpoint: Endpoint,
    id: str,
    settings: Settings,
    *query: tuple[str, str],
    json: Any = None,
    parts: tuple[Part, ...] = (),
) -> HttpCall:
    """A call with the channel's token, proved with the app secret where that is switched on. `id`
    may have anything in it: it is one step of the path. `query` goes beside the endpoint's own."""
    token, query = settings.token, (*endpoint.query, *query)
    if endpoint.as_app and settings.app_id and settings.app_secret:
        token = f"{settings.app_id}|{settings.app_secret}"  # the app's own
    elif settings.appsecret_proof and settings.app_secret:
        secret = settings.app_secret.encode()
        proof = hmac.digest(secret, token.encode(), hashlib.sha256).hex()
        query = (*query, ("appsecret_proof", proof))
    return HttpCall(
        endpoint.method,
        f"{settings.graph}/{endpoint.path.format(id=quote(id, safe=''))}",
        endpoint.purpose,
        {"Authorization": f"Bearer {token}"},
        query,
        json,
        parts=parts,
        secret_query=_SECRET_QUERY & {name for name, _ in query},
    )


@unsupported
def render(message: OutboundMessage, settings: Settings) -> HttpCall:
    """One message, one call. What WhatsApp would refuse is `Unsupported`, before any I/O."""
    marketing = isinstance(message.content, Template) and message.content.marketing is not None
    endpoint = SEND_MARKETING if marketing else SEND
    return graph_call(endpoint, message.number, settings, json=message_body(message))


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
    return graph_call(TYPING if typing else MARK_READ, number, settings, json=body)


def probes(settings: Settings) -> tuple[Probe, ...]:
    """Ask Meta about each number and about the token itself, which sends nothing."""
    if not settings.token:
        return ()
    keys = [number.key for number in settings.numbers]
    about_token = render_debug_token(settings, settings.token)
    return (
        *(Probe(key, graph_call(PROBE, key, settings)) for key in keys),
        Probe("the access token", about_token, settings.app_id),
    )


def render_debug_token(settings: Settings, token: str) -> HttpCall:
    """Ask Meta about a token."""
    return graph_call(DEBUG_TOKEN, "", settings, ("input_token", token))


def render_media_download(url: str, settings: Settings) -> HttpCall:
    """Fetch a file from an address that Meta gave. The token goes along only to Meta's own hosts
    (and to the Graph host, which is an emulator in tests), over https where it is Meta's."""
    parts, graph = urlsplit(url), urlsplit(settings.graph_url)
    host = (parts.hostname or "").lower()
    at_meta = parts.scheme == "https" and f".{host}".endswith(_FILE_HOSTS)
    at_graph = (parts.scheme, parts.netloc) == (graph.scheme, graph.netloc)
    headers = {"Authorization": f"Bearer {settings.token}"} if at_meta or at_graph else {}
    return HttpCall("GET", url, "media_download", headers)
