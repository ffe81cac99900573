"""Which addresses a call may go to: public ones, and those the operator lists in `egress_allow`.

A URL can come from an author, a partner or a contact, so that any of them could make this program
speak to what only this machine can reach (server-side request forgery). The address that is really
connected to is judged, not the name: a name may resolve to anything, and to something else a
moment later.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

import msgspec
from yarl import URL

from dragoman.domain.networks import is_loopback
from dragoman.domain.sentences import Sentence, SentenceError, words
from dragoman.vault import redact_url

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network

words(
    {
        "egress_shut": "No call was made, because egress is shut (as it is during a replay).",
        "egress_url_wrong": "The address {url!r} cannot be called: {why}; write it as "
        "https://host/path.",
        "egress_address_refused": "{host}:{port} was not called, because {address} is not a "
        "public address; if that is meant, the operator adds {host}:{port} to egress_allow.",
        "egress_emulated": "{host} was not called, because partners are emulated on this machine "
        "and nothing leaves it: put the base URL of the emulated partner there.",
        "egress_allow_wrong": "{item!r} cannot stand in egress_allow: write a host, host:port, an "
        "address or a network like 10.0.0.0/8.",
    }
)

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")
_NUMERIC_END = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?$")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# What older Pythons' copy of the registry calls public, and Azure's platform address, which every
# machine of that cloud reaches.
_NEVER_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "168.63.129.16/32",
        "192.0.0.0/24",
        "64:ff9b:1::/48",
        "100:0:0:1::/64",
        "2001::/23",
        "3fff::/20",
        "5f00::/16",
    )
)


class AddressRefused(OSError):
    """The guard's no. An OSError, so that aiohttp passes it on from the resolver unharmed."""

    def __init__(self, sentence: Sentence) -> None:
        super().__init__(sentence.id)
        self.sentence = sentence


class _Allowed(msgspec.Struct, frozen=True):
    """One item of the list: a name or a network, on one port or (None) on all."""

    name: str | None
    network: _Network | None
    port: int | None


def read_allow(item: str) -> _Allowed:
    """One item of `egress_allow`. Raises SentenceError."""
    text = item.strip().lower()
    host, port = _split_port(text)
    try:
        return _Allowed(None, ipaddress.ip_network(host.strip("[]"), strict=False), port)
    except ValueError:
        pass
    name = host.rstrip(".")
    labels = name.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or _NUMERIC_END.search(name):
        raise SentenceError(Sentence("egress_allow_wrong", {"item": item}))
    return _Allowed(name, None, port)


def _split_port(text: str) -> tuple[str, int | None]:
    """`host:port`, `[v6]:port`, or neither; a bare IPv6 address has no port."""
    head, colon, tail = text.rpartition(":")
    bare_v6 = ":" in head and not head.endswith("]")
    if colon and not bare_v6 and tail.isascii() and tail.isdigit() and 0 < int(tail) < 65536:
        return head, int(tail)
    return text, None


def public(address: IPAddress) -> bool:
    """Whether an address belongs to the public internet.

    IPv4 inside IPv6 (mapped, 6to4, NAT64) is judged by the IPv4 address; everything that is
    private, shared, local, multicast, reserved or unspecified is not public.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return public(inner)
        if address.is_site_local:
            return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in _NEVER_PUBLIC)
    )


class Guard:
    """Judges URLs and addresses. `allow`: the operator's exceptions; raises SentenceError for an
    item that is none."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        allowed = [read_allow(item) for item in allow]
        self._names = {(a.name, a.port) for a in allowed if a.name is not None}
        self._networks = [(a.network, a.port) for a in allowed if a.network is not None]
        self._seen: dict[str, URL] = {}

    def target(self, url: str) -> URL:
        """The URL to call, parsed and judged as far as it can be without resolving its name.

        Raises AddressRefused. What passed is remembered: a partner's few URLs come again.
        """
        known = self._seen.get(url)
        if known is not None:
            return known
        parsed = self._judge(url)
        if len(self._seen) >= 1024:
            self._seen.clear()
        self._seen[url] = parsed
        return parsed

    def _judge(self, url: str) -> URL:
        shown = redact_url(url.partition("?")[0])[:200]
        try:
            parsed = URL(url)
            host, port = parsed.raw_host, parsed.port
        except ValueError as error:
            raise _wrong(shown, "it is not a URL") from error
        if parsed.scheme not in ("http", "https"):
            raise _wrong(shown, "only http and https are")
        if not host:
            raise _wrong(shown, "it names no host")
        if parsed.raw_user is not None or parsed.raw_password is not None:
            raise _wrong(shown, "it carries a user or a password")
        if not port:
            raise _wrong(shown, "it has port 0")
        if ":" in host or _NUMERIC_END.search(host):
            # As strict as it gets: 127.1, 0177.0.0.1 and 2130706433 are loopback to connect(),
            # and aiohttp hands digits to it without asking the resolver.
            try:
                address = ipaddress.ip_address(host)
            except ValueError:
                raise _wrong(shown, "its host is neither a name nor a plain IP address") from None
            self.check(host, port, address)
        return parsed

    def is_here(self, url: URL) -> bool:
        """Whether a URL is of this machine, or its host stands in the list by name."""
        name = (url.raw_host or "").rstrip(".").lower()
        listed = (name, url.port) in self._names or (name, None) in self._names
        return listed or is_loopback(name)

    def check(self, host: str, port: int, address: IPAddress) -> None:
        """Judge an address that `host` stands for. Raises AddressRefused."""
        if public(address):
            return
        name = host.rstrip(".").lower()
        if (name, port) in self._names or (name, None) in self._names:
            return
        candidates = [address]
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            candidates.append(address.ipv4_mapped)
        for network, allowed_port in self._networks:
            if allowed_port in (None, port) and any(c in network for c in candidates):
                return
        shown = f"[{host}]" if ":" in host else host
        args = {"host": shown, "port": port, "address": str(address)}
        raise AddressRefused(Sentence("egress_address_refused", args))


def _wrong(url: str, why: str) -> AddressRefused:
    return AddressRefused(Sentence("egress_url_wrong", {"url": url, "why": why}))
