"""Which headers of which proxies the engine trusts."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_FROM_PROXY = "is_from_trusted_proxy"
_IS_LOOPBACK = "trusted_proxy_says_loopback"
_FORWARDED_FOR = b"x-forwarded-for"


class TrustedProxies:
    """Takes the client's address and scheme from `X-Forwarded-For` and `X-Forwarded-Proto` when the
    connection comes from a trusted proxy, and from nobody else.

    An address that is not an IP address is ignored: the proxy's own address counts then.
    """

    def __init__(self, app: ASGIApp, *, networks: Iterable[Network]) -> None:
        self._app = app
        names = [str(network) for network in networks]
        self._forwarded = ProxyHeadersMiddleware(cast(Any, self._readdressed), trusted_hosts=names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        peer = scope.get("client")
        if peer is not None:
            # An IPv4 client of a socket that listens on IPv6.
            scope["client"] = peer = (_plain(peer[0]) or peer[0], peer[1])
        is_trusted = peer is not None and peer[0] in self._forwarded.trusted_hosts
        scope.setdefault("state", {})[_FROM_PROXY] = is_trusted
        if is_trusted:
            scope["state"]["peer"] = peer
            await self._forwarded(cast(Any, scope), cast(Any, receive), cast(Any, send))
        else:
            await self._app(scope, receive, send)

    async def _readdressed(self, scope: Scope, receive: Receive, send: Send) -> None:
        host, port = scope["client"]
        known = _plain(host)
        scope["client"] = (known, port) if known else scope["state"]["peer"]
        is_told = any(name == _FORWARDED_FOR for name, _ in scope["headers"])
        is_loopback = known is not None and ipaddress.ip_address(known).is_loopback
        scope["state"][_IS_LOOPBACK] = is_told and is_loopback
        await self._app(scope, receive, send)


def is_from_trusted_proxy(scope: Scope) -> bool:
    """Whether a trusted proxy made the connection that this request came on."""
    return bool(scope.get("state", {}).get(_FROM_PROXY))


def is_said_to_be_loopback(scope: Scope) -> bool:
    """Whether a trusted proxy says in `X-Forwarded-For` that the client is on its own machine."""
    return bool(scope.get("state", {}).get(_IS_LOOPBACK))


@lru_cache(1_024)
def _plain(host: str) -> str | None:
    """The address as it is usually written; None when *host* is no IP address.

    A zone (`fe80::1%eth0`) may be any text, so such an address is none.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return None
        return str(address.ipv4_mapped or address)
    return str(address)
