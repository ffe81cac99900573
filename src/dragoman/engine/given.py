"""What a partner is given of a channel: the values of its `GIVES`, and whether it can use them."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

from .apps import App, Copy

DOTS = "••••••••"


def given(app: App, copy: Copy, partner_name: str, url_for: Callable[[str], str]) -> dict[str, str]:
    """By the names that templates of `GIVES` use. Secrets are dots: the secret in the URL, and the
    ready header of an associated credential; what there is none of is empty."""
    url = url_for(f"hooks/{partner_name}/{app.stream_id}")
    channel = copy.config.channel
    return {
        "webhook_url": url + f"?key={DOTS}" * bool(channel.url_secret),
        "callback_url": url_for(f"oauth/{partner_name}/{app.stream_id}"),
        "verify_token": str(channel.values.get(partner_name, {}).get("verify_token", "")),
        "client_id": channel.associated if copy.credential is not None else "",
        "authorization": DOTS if copy.credential is not None else "",
    }


def is_near(url: str) -> bool:
    """Whether an address is one that only this machine or its network reaches, or is not https."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        private = not ipaddress.ip_address(host).is_global
    except ValueError:
        private = host == "localhost" or host.endswith((".local", ".internal", ".localhost"))
    return private or parts.scheme != "https"
