"""The addresses at which kept files are fetched: signed, good for a while, the same for every door.

`{base}/media/{app}/{id}?e={until, Unix seconds}&s={signature}`. The signature is the vault's, so no
list of links is kept anywhere, and a link to a file that is gone simply finds nothing.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

import msgspec

from dragoman.domain.clock import id_number, id_text
from dragoman.egress.guard import public
from dragoman.vault import Vault

PURPOSE = "media"
_LINK = re.compile(r"([0-9A-Z]{1,13})/([0-9A-Z]{1,13})\?e=([0-9]{1,12})&s=([\w-]{22})", re.ASCII)


class Link(msgspec.Struct, frozen=True):
    """What a signed address stands for. until: Unix ms."""

    app_id: int
    id: int
    until: int


class Links:
    """base: `public_url`, or this machine's own address. life_ms: how long a link is good."""

    def __init__(self, base: str, vault: Vault, life_ms: int) -> None:
        self.start = f"{base}/{PURPOSE}/"
        self.reachable = _reachable(base)
        self._vault = vault
        self._life_ms = life_ms

    def url(self, app_id: int, id: int, now: int) -> str:
        until = (now + self._life_ms) // 1000
        what = f"{id_text(app_id)}/{id_text(id)}"
        signature = self._vault.sign(f"{what}/{until}", purpose=PURPOSE)
        return f"{self.start}{what}?e={until}&s={signature}"

    def read(self, url: str) -> Link | None:
        """What an address of ours stands for, even one whose time is over; None for any other."""
        if not url.startswith(self.start):
            return None
        return self.read_rest(url.removeprefix(self.start))

    def read_rest(self, rest: str) -> Link | None:
        """The same, of what stands behind `/media/`."""
        found = _LINK.fullmatch(rest)
        if found is None:
            return None
        app, file, until, signature = found.groups()
        if not self._vault.signed(f"{app}/{file}/{until}", signature, purpose=PURPOSE):
            return None
        return Link(id_number(app), id_number(file), int(until) * 1000)


def _reachable(base: str) -> bool:
    """Whether a partner may be expected to fetch from here: https, and no address or name that
    only this machine or its network knows."""
    parts = urlsplit(base)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme != "https" or ("." not in host and ":" not in host):
        return False
    try:
        return public(ipaddress.ip_address(host))
    except ValueError:
        return not host.endswith((".localhost", ".local", ".internal", ".test", ".invalid"))
