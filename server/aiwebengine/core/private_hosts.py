"""Which addresses are public, and the hosts that scripts reach although theirs are not."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from aiwebengine.core.hosts import NotAHost, is_address, matches, pattern_of

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# IANA's registries of special-purpose addresses, with what they keep for relays and tunnels.
_NOT_PUBLIC_4 = tuple(
    map(
        ipaddress.IPv4Network,
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24"
        " 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16"
        " 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
        # Azure answers virtual machines there, with their metadata.
        " 168.63.129.16/32".split(),
    )
)
# The rest of IPv6 is not given to anybody: loopback, mapped and translated IPv4 (::ffff:0:0/96,
# 64:ff9b::/96), unique local, link-local, multicast.
_GIVEN_6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    map(
        ipaddress.IPv6Network,
        # 2001::/23 contains Teredo, ORCHID and benchmarks; 2002::/16 is 6to4.
        "2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20".split(),
    )
)
ALLOWED = "a name, *.name, an address or a network, each optionally with :port"
_WITH_PORT = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*):(?P<port>[0-9]{1,5})")


def is_public(address: Address) -> bool:
    """Whether an address belongs to a host on the internet."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address.scope_id is not None or address not in _GIVEN_6:
        return False
    return not any(address in network for network in _NOT_PUBLIC_6)


@dataclass(frozen=True)
class _PrivateHost:
    """A line of the setting: a name, a name with a wildcard, or a network; and its port."""

    pattern: str
    network: Network | None
    port: int | None


class PrivateHosts:
    """The hosts of `scripts.fetch_private_hosts`, which may have addresses that are not public.

    Each is a name, `*.name`, an address or a network, and may end with `:port`; that port is then
    allowed there, whatever is usual on it.
    """

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self._hosts = [_private_host(line) for line in lines]

    def has(self, host: str, port: int) -> bool:
        """Whether the setting names the host of a URL with this port."""
        return any(self._names(one, host) and one.port in (None, port) for one in self._hosts)

    def has_address(self, host: str, address: Address, port: int) -> bool:
        """Whether *address*, which the host has, is allowed although it is not public."""
        return any(
            one.port in (None, port)
            and (matches([one.pattern], host) if one.network is None else address in one.network)
            for one in self._hosts
        )

    def names_port(self, host: str, address: Address | None, port: int) -> bool:
        """Whether the setting names this very port for the host or its address."""
        return any(
            one.port == port
            and (
                self._names(one, host)
                or (one.network is not None and address is not None and address in one.network)
            )
            for one in self._hosts
        )

    def _names(self, one: _PrivateHost, host: str) -> bool:
        if one.network is None:
            return matches([one.pattern], host)
        return is_address(host) and ipaddress.ip_address(host) in one.network


def _private_host(line: str) -> _PrivateHost:
    """Raises ValueError with what is allowed instead of *line*."""
    found = _WITH_PORT.fullmatch(line)
    host, port = (found["host"], int(found["port"])) if found else (line, None)
    if port is not None and not 0 < port < 65_536:
        raise ValueError(f"{ALLOWED}, not {line[:100]!a}")
    try:
        return _PrivateHost(host, ipaddress.ip_network(host.strip("[]")), port)
    except ValueError:
        pass
    try:
        return _PrivateHost(pattern_of(host), None, port)
    except NotAHost:
        raise ValueError(f"{ALLOWED}, not {line[:100]!a}") from None
