"""What a partner is given of a channel: the values of its `GIVES`, and whether it can use them."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from urllib.parse import urlsplit

DOTS = "••••••••"


def given(
    url_for: Callable[[str], str], partner_name: str, stream_id: str, *, verify_token: str,
    client_id: str, authorization: str, url_key: str,
) -> dict[str, str]:  # fmt: skip
    """By the names that templates of `GIVES` use. What there is none of is as the caller says it:
    empty, or in words. authorization: a ready header, and url_key: the secret in the URL, are
    DOTS where they are not to be shown."""
    url = url_for(f"hooks/{partner_name}/{stream_id}")
    return {
        "webhook_url": url + (f"?key={url_key}" if url_key else ""),
        "callback_url": url_for(f"oauth/{partner_name}/{stream_id}"),
        "verify_token": verify_token,
        "client_id": client_id,
        "authorization": authorization,
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
