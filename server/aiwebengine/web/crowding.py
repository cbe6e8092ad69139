"""Limits how many connections or sockets one address, or one user, has at the same time."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network


class Places:
    """At most *most* places for each key. Counts this process alone."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken: Counter[Hashable] = Counter()

    def take(self, key: Hashable) -> bool:
        """Take a place; False when all of this key are taken. None is not counted."""
        if key is None:
            return True
        if self._taken[key] >= self.most:
            return False
        self._taken[key] += 1
        return True

    def leave(self, key: Hashable) -> None:
        """Give back a place that was taken."""
        if key is None:
            return
        self._taken[key] -= 1
        if self._taken[key] <= 0:
            del self._taken[key]


def crowds(
    neighbourhood: Callable[[str], str], proxies: Sequence[IPv4Network | IPv6Network]
) -> Callable[[str | None], str | None]:
    """What tells by an address which crowd it belongs to, as *neighbourhood* names it.

    None for this machine and for *proxies*, behind which many are: these are not counted.
    """

    @lru_cache(1_024)
    def crowd(address: str | None) -> str | None:
        if address is None:
            return None
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return neighbourhood(address)
        if parsed.is_loopback or any(parsed in network for network in proxies):
            return None
        return neighbourhood(address)

    return crowd
