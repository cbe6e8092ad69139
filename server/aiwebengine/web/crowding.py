"""Limits how many connections or WebSockets one address or user has at the same time."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network


class Places:
    """Counts uses of each key, up to *most* at the same time, in this process only."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken: Counter[Hashable] = Counter()

    def take(self, key: Hashable) -> bool:
        """Count one more use; False when the key is at its limit. The key None has no limit."""
        if key is None:
            return True
        if self._taken[key] >= self.most:
            return False
        self._taken[key] += 1
        return True

    def leave(self, key: Hashable) -> None:
        """End a use that `take` counted."""
        if key is None:
            return
        self._taken[key] -= 1
        if self._taken[key] <= 0:
            del self._taken[key]


def crowds(
    neighbourhood: Callable[[str], str], proxies: Sequence[IPv4Network | IPv6Network]
) -> Callable[[str | None], str | None]:
    """A function from a client address to the group that shares its limit.

    The group is *neighbourhood*(address), or None, which has no limit, for loopback addresses and
    for *proxies*, because each of them forwards the requests of many clients.
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
