"""Addresses and networks: who a caller is, and whether a list has it."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Iterable, Sequence

from .sentences import Sentence, SentenceError, words

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

words(
    {
        "network_wrong": "{item!r} is neither an address nor a network: write 203.0.113.7, "
        "203.0.113.0/24 (with zeros behind the network's part) or 2001:db8::/32.",
        "network_all": "{item!r} is every address there is, so the list would keep nobody out: "
        "name the networks that are meant.",
    }
)

_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")  # IPv4 addresses as an IPv6 socket sees them


def bare_host(host: str) -> str:
    """A Host header (`127.0.0.1:8400`, `[::1]:8400`) without its port, in lower case."""
    name = host if host.endswith("]") else host.rsplit(":", 1)[0]
    return name.strip("[]").casefold()


def is_loopback(name: str) -> bool:
    """Whether a bare host names this machine."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_loopback_host(host: str) -> bool:
    """Whether a Host header names this machine."""
    return is_loopback(bare_host(host))


def read_network(item: str) -> Network:
    """One item of a list; an address is a network of one. Raises SentenceError."""
    try:
        found = ipaddress.ip_network(item.strip())
    except ValueError:
        raise SentenceError(Sentence("network_wrong", {"item": item})) from None
    if isinstance(found, ipaddress.IPv6Network) and found.subnet_of(_MAPPED):
        inner = int(found.network_address) & 0xFFFF_FFFF
        found = ipaddress.IPv4Network((inner, found.prefixlen - _MAPPED.prefixlen))
    if not found.prefixlen:
        raise SentenceError(Sentence("network_all", {"item": item}))
    return found


def network_text(network: Network) -> str:
    """As people write it: an address alone stands without its prefix."""
    return str(network.network_address if network.num_addresses == 1 else network)


def read_address(text: str) -> Address | None:
    """An address as sockets and proxies write it: with a zone, a port or brackets, or IPv4 inside
    IPv6. None when it is none."""
    bare = text.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def within(address: Address | None, networks: Iterable[Network]) -> bool:
    """Whether one of the networks has the address."""
    return address is not None and any(address in network for network in networks)


def caller(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """The address of whoever called.

    peer: the other end of the connection. forwarded: the values of X-Forwarded-For, in the order
    in which they came. A value is believed only where a trusted proxy wrote it, so the list is
    read from its end, and the first address that is no trusted proxy is the caller. Empty when a
    trusted proxy wrote something that is no address.
    """
    address, text = _other_end(peer)
    if not trusted or not within(address, trusted):
        return text
    hops = [hop for value in forwarded for hop in value.split(",")]
    for hop in reversed(hops):
        address = read_address(hop)
        if address is None:
            return ""
        if not within(address, trusted):
            break
    return str(address)


@functools.lru_cache(maxsize=1024)
def _other_end(peer: str) -> tuple[Address | None, str]:
    """The other end of a connection, and how it is written. Partners call from few addresses, and
    reading one costs as much as checking a signature."""
    address = read_address(peer)
    return address, peer if address is None else str(address)
