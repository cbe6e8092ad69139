"""Distinguishes requests from this machine from those that a proxy on it forwards.

Sign-in links, `security.metrics_from_loopback` and the exemption of this machine from the rate
limit depend on it. A proxy on this machine also connects from loopback, and with their default
settings nginx and HAProxy say little or nothing about the client.
"""

from __future__ import annotations

import ipaddress
import time
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.types import Scope

from aiwebengine.web.proxies import is_from_trusted_proxy

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
# After a request from a proxy that does not mark its requests, none counts as local for this long.
REMEMBERED_SECS = 600.0

_MARKS = frozenset(
    b"forwarded via x-real-ip x-client-ip client-ip true-client-ip x-cluster-client-ip"
    b" cf-connecting-ip cf-ray cdn-loop fastly-client-ip x-original-host x-original-url"
    b" x-original-forwarded-for x-amzn-trace-id x-arr-log-id x-azure-clientip x-azure-ref"
    b" x-envoy-external-address x-proxyuser-ip x-scheme x-url-scheme front-end-https"
    b" fly-client-ip do-connecting-ip x-remote-ip x-remote-addr remote-addr x-http-client-ip"
    b" x-varnish surrogate-capability x-nginx-proxy x-host x-appengine-remote-addr"
    b" x-azure-socketip x-request-start ssl-client-verify max-forwards".split()
)
_UNTRUSTED = (
    "A proxy on this machine passes requests on, and server.trusted_proxies does not name it: all"
    " its visitors share one address and one rate limit."
)
_UNMARKED = (
    "A proxy on this machine passes requests on without X-Forwarded-For: all its visitors share"
    " one address and one rate limit."
)


class ThisMachine:
    """Decides which requests are local, that is, sent by a client on this machine.

    A local request comes from loopback by HTTP/1.1, has no header that proxies add, has a loopback
    name and the engine's own port as its Host, and has an `Upgrade` header exactly if `Connection`
    announces it (an nginx configured for WebSockets breaks this rule).

    A proxy is in front of the engine if *public_url*, the engine's address for browsers, has
    another name or port, or is https. Then more is required:

    - *trusts_proxies*: the operator has configured the proxy, so it marks what it forwards;
    - the Host is `localhost`, because nginx's usual `proxy_pass http://127.0.0.1:3000` sends the
      other name;
    - the request does not ask to close the connection, as nginx does, and few clients besides
      Python's urllib.

    Behind a proxy, an unmarked request from loopback for another Host shows a proxy that does not
    mark what it forwards. For REMEMBERED_SECS after that, no request is local, because an attacker
    behind that proxy could send the Host of a local client.
    """

    def __init__(self, public_url: str, *, trusts_proxies: bool) -> None:
        parts = urlsplit(public_url)
        is_loopback = parts.scheme == "http" and parts.hostname in LOOPBACK_NAMES
        # The engine's port if browsers connect directly; None behind a proxy.
        self._port_without_proxy = (parts.port or 80) if is_loopback else None
        self._public_origin = public_url.encode().lower()
        self._trusts_proxies = trusts_proxies
        self._seen_unmarked = self._seen_untrusted = float("-inf")

    def sent(self, scope: Scope) -> bool:
        """Whether the request is local. Also records signs of a misconfigured proxy."""
        client = scope.get("client")
        if client is None or not _is_loopback(client[0]):
            return False
        port = _own_port(scope)
        hosts: list[bytes] = []
        is_closing = asks_upgrade = names_upgrade = is_from_page = False
        for name, value in scope["headers"]:
            if name in _MARKS or name.startswith((b"x-forwarded", b"x_forwarded")):
                if not is_from_trusted_proxy(scope):
                    self._seen_untrusted = time.monotonic()
                return False
            if name == b"host":
                hosts.append(value.lower())
            elif name == b"connection":
                is_closing = is_closing or b"close" in value.lower()
                asks_upgrade = asks_upgrade or b"upgrade" in value.lower()
            elif name == b"upgrade":
                names_upgrade = True
            elif name in (b"origin", b"referer"):
                # Sent by a page that was loaded through the proxy.
                is_from_page = is_from_page or value.lower().startswith(self._public_origin)
        names_another = not all(_name_of(host) in LOOPBACK_NAMES for host in hosts)
        # Without a proxy, such a request is DNS rebinding by a web page.
        if port != self._port_without_proxy and (is_from_page or names_another):
            self._seen_unmarked = time.monotonic()
        return (
            len(hosts) == 1
            and hosts[0] in _own_names(port)
            and scope.get("http_version") != "1.0"
            and asks_upgrade == names_upgrade
            and self._may_be_local(hosts[0], port, is_closing)
        )

    def problem(self) -> str | None:
        """A sentence on a misconfigured proxy seen within REMEMBERED_SECS; None without one."""
        now = time.monotonic()
        if now - self._seen_unmarked < REMEMBERED_SECS:
            return _UNMARKED
        return _UNTRUSTED if now - self._seen_untrusted < REMEMBERED_SECS else None

    def why_not_local(self, scope: Scope) -> str:
        """What the operator can do when a request from this machine did not count as local."""
        if _own_port(scope) != self._port_without_proxy and not self._trusts_proxies:
            return (
                "According to server.base_url, a proxy is in front of the engine: add it to"
                " server.trusted_proxies first."
            )
        if self.problem() == _UNMARKED:
            return (
                "A proxy on this machine passes requests on without X-Forwarded-For: let it send"
                f" that header, and try again {REMEMBERED_SECS / 60:.0f} minutes later."
            )
        return (
            "Open it exactly as printed: http://localhost and the port that the engine listens on."
        )

    def _may_be_local(self, host: bytes, port: int | None, is_closing: bool) -> bool:
        if time.monotonic() - self._seen_unmarked < REMEMBERED_SECS:
            return False
        if port == self._port_without_proxy:
            return True
        return self._trusts_proxies and host.startswith(b"localhost") and not is_closing


def _own_port(scope: Scope) -> int | None:
    """The engine's port that received the request; None on a Unix socket."""
    server: tuple[str, int | None] | None = scope.get("server")
    return None if server is None else server[1]


@lru_cache(1_024)
def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


@lru_cache(64)
def _own_names(port: int | None) -> frozenset[bytes]:
    """The allowed Host values of a local client for this port."""
    names = [b"localhost", b"127.0.0.1", b"[::1]"]
    with_port = [b"%s:%d" % (name, port) for name in names] if port else []
    # Clients leave out the port of http.
    return frozenset(with_port + (names if port == 80 else []))


@lru_cache(1_024)
def _name_of(host: bytes) -> str | None:
    try:
        return urlsplit(f"//{host.decode('latin-1')}").hostname
    except ValueError:
        return None
