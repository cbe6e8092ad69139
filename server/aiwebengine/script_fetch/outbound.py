"""Outbound HTTP of scripts: who may send what where, redirects, secrets and limits."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, urljoin

from aiwebengine.core.errors import BadUserInput, EngineError, Forbidden
from aiwebengine.core.hosts import matches
from aiwebengine.core.private_hosts import PrivateHosts
from aiwebengine.core.redaction import Redaction
from aiwebengine.script_fetch import filling_in, headers
from aiwebengine.script_fetch.connecting import CheckedNetwork
from aiwebengine.script_fetch.exchange import Answered, Exchanges
from aiwebengine.script_fetch.headers import Header
from aiwebengine.script_fetch.resolving import Resolve, SystemResolver
from aiwebengine.script_fetch.slots import Slots
from aiwebengine.script_fetch.types import (
    LARGEST_REQUEST_BYTES,
    LONGEST_TIMEOUT_SECS,
    MOST_AT_ONCE,
    MOST_OF_SCRIPT,
    MOST_REDIRECTS,
    MOST_WAITING_OF_SCRIPT,
    Caller,
    FetchFailed,
    FetchTimedOut,
    HostSource,
    OutboundAnswer,
    OutboundRequest,
    Redirect,
    SecretSource,
    SecretValue,
    Sent,
)
from aiwebengine.script_fetch.urls import Target, target_of

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_IN_LOCATION = "%/:=&?~#+!$,;'@()*[]"

OnSent = Callable[[Caller, Sent], None]


@dataclass(frozen=True)
class _Hop:
    """One of the requests that redirects make of a request."""

    target: Target
    method: str
    headers: list[Header]
    """With secrets."""
    secret_headers: frozenset[str]
    """Names, in lower case, of those that contain one."""
    body: bytes
    secrets: tuple[SecretValue, ...]
    """That it carries."""
    known_secrets: tuple[SecretValue, ...]
    """That it or a request before it carried: an answer may repeat them."""
    has_secret_body: bool


class OutboundHttp:
    """Sends requests of scripts to other servers.

    *private_hosts* is the setting `scripts.fetch_private_hosts`. *tls* creates the TLS context of
    all connections, *resolve* finds the addresses of a name.
    """

    def __init__(
        self,
        secrets: SecretSource,
        hosts: HostSource,
        private_hosts: Iterable[str] = (),
        *,
        tls: Callable[[], ssl.SSLContext] | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        self._secrets = secrets
        self._hosts = hosts
        self._private = PrivateHosts(private_hosts)
        self._resolver = SystemResolver()
        self._resolve = resolve or self._resolver
        self._tls = tls or _default_tls
        self._tls_context: ssl.SSLContext | None = None
        self._exchanges = Exchanges(self._tls_once)
        self._slots = Slots(MOST_OF_SCRIPT, MOST_AT_ONCE, MOST_WAITING_OF_SCRIPT)
        self.observers: list[OnSent] = []
        """Get who sent a request, and what came of it."""

    async def send(self, caller: Caller, request: OutboundRequest) -> OutboundAnswer:
        """See `SendsRequests`."""
        limit = request.timeout_secs
        if not 0 < limit <= LONGEST_TIMEOUT_SECS:
            raise BadUserInput(
                f"timeout: found {limit:g} s; allowed: above 0, up to {LONGEST_TIMEOUT_SECS:g} s."
            )
        sent, begun = Sent(host=""), time.perf_counter()
        try:
            async with asyncio.timeout(limit):
                async with self._slots.taken(caller.script_id):
                    return await self._send(caller, request, sent)
        except TimeoutError:
            sent.error = FetchTimedOut.code
            raise FetchTimedOut(
                f"{sent.host or 'The request'} did not answer within {limit:g} s."
            ) from None
        except EngineError as error:
            sent.error = error.code
            raise
        finally:
            sent.milliseconds = (time.perf_counter() - begun) * 1_000
            for observer in self.observers:
                observer(caller, sent)

    def stop(self) -> None:
        """Look up no more names."""
        self._resolver.stop()

    async def _send(self, caller: Caller, request: OutboundRequest, sent: Sent) -> OutboundAnswer:
        hop = await self._first(caller, request)
        allowed = await self._hosts.hosts_of(caller.script_id)
        sent.host = hop.target.host
        for number in range(MOST_REDIRECTS + 1):
            self._must_be_allowed(hop, allowed)
            answered = await self._exchange(caller, request, hop)
            sent.status, sent.bytes_in = answered.status, len(answered.body)
            location = answered.header("location")
            if answered.status not in _REDIRECTS or location is None:
                return _answer(hop, answered, is_redirected=number > 0)
            if request.redirect is Redirect.MANUAL:
                return _answer(hop, answered, is_redirected=False)
            if request.redirect is Redirect.ERROR:
                raise FetchFailed(f"{hop.target.host} redirects, which the request does not allow.")
            hop = _redirected(hop, answered.status, location)
        raise FetchFailed(f"{sent.host} leads to more than {MOST_REDIRECTS} redirects.")

    async def _first(self, caller: Caller, request: OutboundRequest) -> _Hop:
        """The request with its secrets. Raises BadUserInput, NotFound."""
        filling_in.must_have_no_secret(request.url)
        target, method = target_of(request.url), headers.checked_method(request.method)
        wanted = headers.checked(request.headers)
        if request.body and method in ("GET", "HEAD"):
            raise BadUserInput(f"body: a {method} request has none.")
        if len(request.body) > LARGEST_REQUEST_BYTES:
            raise BadUserInput(
                f"body: found {len(request.body):,} bytes; allowed: {LARGEST_REQUEST_BYTES:,}."
            )
        mark = filling_in.checked_mark(request.mark)
        in_headers = filling_in.named_in_headers(wanted, mark)
        in_body = filling_in.named_in_body(request.body, mark)
        names = in_headers | in_body
        secrets = await self._read(caller, names) if names else {}
        content_type = next((one for name, one in wanted if name.lower() == "content-type"), "")
        filled = filling_in.fill_headers(wanted, mark, secrets)
        return _Hop(
            target=target,
            method=method,
            headers=filled,
            secret_headers=frozenset(
                name.lower()
                for name, value in wanted
                if filling_in.named_in_headers([(name, value)], mark)
            ),
            body=filling_in.fill_body(request.body, mark, content_type, secrets),
            secrets=tuple(secrets.values()),
            known_secrets=tuple(secrets.values()),
            has_secret_body=not in_body.isdisjoint(secrets),
        )

    async def _read(self, caller: Caller, names: set[str]) -> Mapping[str, SecretValue]:
        async with caller.reads():
            return await self._secrets.to_send(caller, names)

    def _must_be_allowed(self, hop: _Hop, allowed: Iterable[str] | None) -> None:
        host = hop.target.host
        if allowed is not None and not matches(list(allowed), host):
            raise Forbidden(
                f"The script may not send requests to {host}. Its owners allow:"
                f" {', '.join(sorted(allowed)) or 'no host'}."
            )
        is_private = self._private.has(host, hop.target.port)
        filling_in.must_be_allowed(hop.secrets, hop.target, is_private=is_private)

    async def _exchange(self, caller: Caller, request: OutboundRequest, hop: _Hop) -> Answered:
        def wants_body(status: int, found: list[Header]) -> bool:
            is_followed = status in _REDIRECTS and request.redirect is not Redirect.MANUAL
            return not is_followed or all(name.lower() != "location" for name, _ in found)

        return await self._exchanges.run(
            CheckedNetwork(self._resolve, self._private, caller.script_id),
            hop.target,
            hop.method,
            hop.headers,
            hop.body,
            wants_body=wants_body,
        )

    def _tls_once(self) -> ssl.SSLContext:
        if self._tls_context is None:
            self._tls_context = self._tls()
        return self._tls_context


def _redirected(hop: _Hop, status: int, location: str) -> _Hop:
    """The request that follows a redirect (Fetch standard, section 4.4). Raises FetchFailed."""
    written = quote(location.strip().encode("latin-1"), safe=_IN_LOCATION)
    try:
        target = target_of(urljoin(hop.target.url, written))
    except (BadUserInput, ValueError):
        raise FetchFailed(f"{hop.target.host} redirects to something that is no URL.") from None
    following = replace(hop, target=target)
    is_get = status == 303 and hop.method not in ("GET", "HEAD")
    if is_get or (status in (301, 302) and hop.method == "POST"):
        following = replace(
            following,
            method="GET",
            headers=headers.without_body(hop.headers),
            body=b"",
            has_secret_body=False,
        )
    if target.origin == hop.target.origin:
        return following
    if following.has_secret_body:
        raise FetchFailed(
            f"{hop.target.host} redirects to {target.host}, and the body contains a secret."
        )
    kept = headers.without_credentials(following.headers)
    return replace(
        following,
        headers=[(name, value) for name, value in kept if name.lower() not in hop.secret_headers],
        secret_headers=frozenset(),
        secrets=(),
    )


def _answer(hop: _Hop, answered: Answered, *, is_redirected: bool) -> OutboundAnswer:
    """The answer as the script gets it: a server may send back what it was sent."""
    redaction = Redaction((one.name, one.value) for one in hop.known_secrets)
    return OutboundAnswer(
        url=redaction.text(hop.target.url),
        status=answered.status,
        status_text=answered.reason,
        headers=[
            (name, redaction.content(value.encode("latin-1")).decode("latin-1"))
            for name, value in answered.headers
        ],
        body=redaction.content(answered.body),
        is_redirected=is_redirected,
    )


def _default_tls() -> ssl.SSLContext:
    import httpcore2

    return httpcore2.default_ssl_context()
