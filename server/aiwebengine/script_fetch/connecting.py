"""Connects to the addresses that were checked, and to no others."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import httpcore2
import psutil

from aiwebengine.core.errors import Forbidden
from aiwebengine.core.private_hosts import Address, PrivateHosts, is_public
from aiwebengine.script_fetch.resolving import Resolve
from aiwebengine.script_fetch.urls import WEB_PORTS, must_be_allowed_port

if TYPE_CHECKING:
    from httpcore2 import SOCKET_OPTION

MOST_ADDRESSES = 4
"""Addresses of a name that are tried."""
OWN_ADDRESSES_SECS = 60.0


class CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """The network as one request of *who* may use it.

    Each connection resolves its name once and goes to an address that was checked, so that a name
    server can't answer the check with one address and the connection with another. TLS and the
    header Host keep the name.
    """

    def __init__(
        self,
        resolve: Resolve,
        private: PrivateHosts,
        who: Hashable,
        own: Callable[[], frozenset[str]] | None = None,
    ) -> None:
        self._own = own or own_addresses
        self._resolve = resolve
        self._private = private
        self._who = who
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - as the base class says
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect. Raises Forbidden, FetchFailed, ConnectError, ConnectTimeout."""
        addresses = self._allowed(host, port, await self._addresses(host))
        for address in addresses[: MOST_ADDRESSES - 1][: len(addresses) - 1]:
            try:
                return await self._connect(address, port, timeout, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        last = addresses[min(len(addresses), MOST_ADDRESSES) - 1]
        return await self._connect(last, port, timeout, socket_options)

    async def connect_unix_socket(self, path: str, *others: Any, **options: Any) -> Any:
        """Raises Forbidden: sockets belong to this machine."""
        raise Forbidden("Scripts may not connect to Unix sockets.")

    async def _connect(
        self,
        address: Address,
        port: int,
        limit_secs: float | None,
        socket_options: Iterable[SOCKET_OPTION] | None,
    ) -> httpcore2.AsyncNetworkStream:
        return await self._inner.connect_tcp(
            str(address), port, timeout=limit_secs, socket_options=socket_options
        )

    async def _addresses(self, host: str) -> Sequence[Address]:
        try:
            return [ipaddress.ip_address(host)]
        except ValueError:
            return await self._resolve(self._who, host)

    def _allowed(self, host: str, port: int, addresses: Sequence[Address]) -> Sequence[Address]:
        """Raises Forbidden if there is none. The message names no address of a private network."""
        allowed = [
            address
            for address in addresses
            if is_public(address) or self._private.has_address(host, address, port)
        ]
        if not allowed:
            raise Forbidden(
                f"{host} is not on the internet: its addresses are private, local or reserved."
                " Scripts may connect to such hosts only if scripts.fetch_private_hosts names them."
            )
        if any(self._private.names_port(host, address, port) for address in allowed):
            return allowed
        must_be_allowed_port(port)
        # A firewall may keep the other ports of this machine from everyone but itself.
        is_own = any(str(address) in self._own() for address in allowed if is_public(address))
        if is_own and port not in WEB_PORTS:
            raise Forbidden(
                f"{host} is this machine. Scripts may connect to its ports 80 and 443 only, and to"
                " those that scripts.fetch_private_hosts names with their port."
            )
        return allowed


def own_addresses() -> frozenset[str]:
    """The addresses of this machine, read once a minute."""
    return _own_addresses(int(time.monotonic() // OWN_ADDRESSES_SECS))


@lru_cache(1)
def _own_addresses(minute: int) -> frozenset[str]:
    found = (one.address for many in psutil.net_if_addrs().values() for one in many)
    return frozenset(found)
