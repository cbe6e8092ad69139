"""Trusted proxies: the client's address and scheme from their headers."""

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
    """Middleware that applies `X-Forwarded-For` and `X-Forwarded-Proto` of trusted proxies.

    Headers of other clients are ignored. If the forwarded address is not an IP address, the
    proxy's own address is used.
    """

    def __init__(self, app: ASGIApp, *, networks: Iterable[Network]) -> None:
        self._app = app
        names = [str(network) for network in networks]
        self._forwarded = ProxyHeadersMiddleware(cast(Any, self._with_client), trusted_hosts=names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        peer = scope.get("client")
        if peer is not None:
            # Writes the IPv4 client of an IPv6 socket as IPv4.
            scope["client"] = peer = (_plain(peer[0]) or peer[0], peer[1])
        is_trusted = peer is not None and peer[0] in self._forwarded.trusted_hosts
        scope.setdefault("state", {})[_FROM_PROXY] = is_trusted
        if is_trusted:
            scope["state"]["peer"] = peer
            await self._forwarded(cast(Any, scope), cast(Any, receive), cast(Any, send))
        else:
            await self._app(scope, receive, send)

    async def _with_client(self, scope: Scope, receive: Receive, send: Send) -> None:
        host, port = scope["client"]
        known = _plain(host)
        scope["client"] = (known, port) if known else scope["state"]["peer"]
        has_header = any(name == _FORWARDED_FOR for name, _ in scope["headers"])
        is_loopback = known is not None and ipaddress.ip_address(known).is_loopback
        scope["state"][_IS_LOOPBACK] = has_header and is_loopback
        await self._app(scope, receive, send)


def is_from_trusted_proxy(scope: Scope) -> bool:
    """Whether a trusted proxy forwarded this request."""
    return bool(scope.get("state", {}).get(_FROM_PROXY))


def is_said_to_be_loopback(scope: Scope) -> bool:
    """Whether a trusted proxy sent a loopback address in `X-Forwarded-For`."""
    return bool(scope.get("state", {}).get(_IS_LOOPBACK))


@lru_cache(1_024)
def _plain(host: str) -> str | None:
    """The address in canonical form; None when *host* is not an IP address.

    Also None for an address with a zone (`fe80::1%eth0`), because a zone may be any text.
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
