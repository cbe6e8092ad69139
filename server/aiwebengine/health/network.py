"""Health checks over the network: TLS certificate, sign-in providers, S3 storage, proxies."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiwebengine.core.errors import in_a_line
from aiwebengine.core.formats import count, day, instant
from aiwebengine.health.types import Check, Finding, failing, ok, unknown, warning

if TYPE_CHECKING:
    import httpx2
    from cryptography import x509

NETWORK_LIMIT_SECS = 5.0
STORAGE_LIMIT_SECS = 3.0
STORAGE_EVERY_SECS = 4.0
PROVIDER_EVERY_SECS = 60.0
CERTIFICATE_EVERY_SECS = 600.0
_NO_NETWORK = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)
CERTIFICATE_WARNING = timedelta(days=14)


def certificate(base_url: str) -> Check:
    """Check the certificate that browsers see at *base_url* (https)."""

    async def see() -> Finding:
        parts = urlsplit(base_url)
        host, port = parts.hostname or "", parts.port or 443
        try:
            found = await _certificate(host, port)
        except (OSError, ssl.SSLError, ValueError) as error:
            return unknown(f"{host}:{port} is not reachable from here: {_words(error)}.")
        end = found.not_valid_after_utc
        left = end - datetime.now(UTC)
        if left <= timedelta(0):
            return failing(f"The certificate of {host} expired on {instant(end)}.")
        detail = f"The certificate of {host} is valid until {day(end)} ({count(left.days, 'day')})."
        return warning(detail) if left < CERTIFICATE_WARNING else ok(detail)

    return Check(
        "certificate",
        "TLS certificate",
        see,
        "Renew the certificate. Check the log of the proxy that serves it (Caddy renews it"
        " automatically if ports 80 and 443 are reachable from the internet).",
        every_secs=CERTIFICATE_EVERY_SECS,
        limit_secs=NETWORK_LIMIT_SECS,
        is_shared=True,
        meaning="The certificate that browsers see is valid; checked when `server.base_url` is"
        f" https. Warns {CERTIFICATE_WARNING.days} days before it expires, fails afterwards.",
    )


def provider(name: str, label: str, address: str) -> Check:
    """Check that a sign-in provider answers at *address*."""

    async def see() -> Finding:
        # Loaded with the first check, as below: many engines have no provider and no storage.
        import httpx2

        try:
            async with httpx2.AsyncClient(timeout=NETWORK_LIMIT_SECS) as client:
                answer = await client.get(address)
        except httpx2.HTTPError as error:
            return _unanswered(label, NETWORK_LIMIT_SECS, error)
        # A sign-in does not follow redirects either.
        if answer.status_code >= 300:
            return failing(f"{label} returned {answer.status_code} at {address}.")
        return ok(f"{label} answers.")

    return Check(
        f"provider.{name}",
        f"Sign-in with {label}",
        see,
        f"Sign-in with {label} does not work. Check that this machine can reach {address}, and"
        " check the provider's status page.",
        every_secs=PROVIDER_EVERY_SECS,
        limit_secs=NETWORK_LIMIT_SECS + 1,
        is_shared=True,
        meaning="The sign-in provider answers; one check per configured provider. Fails when it"
        " refuses the connection or returns an error; unknown when it times out, or when DNS or the"
        " network fails here.",
    )


def storage(address: str) -> Check:
    """Check that the S3 storage of backups answers at *address*, with any status below 500.

    Sends no key and lists nothing, so it is cheap enough to run every few seconds.
    """
    # One client, because loading its CA certificates takes 40 ms.
    clients: list[httpx2.AsyncClient] = []

    async def see() -> Finding:
        import httpx2

        if not clients:
            clients.append(httpx2.AsyncClient(timeout=STORAGE_LIMIT_SECS))
        try:
            answer = await clients[0].head(address)
        except httpx2.HTTPError as error:
            return _unanswered(address, STORAGE_LIMIT_SECS, error)
        if answer.status_code >= 500:
            return failing(f"{address} returned {answer.status_code}.")
        return ok(f"{address} answers.")

    return Check(
        "storage.s3",
        "S3 backup storage",
        see,
        "New backups are not copied there. Check that this machine can reach it (backup.s3).",
        every_secs=STORAGE_EVERY_SECS,
        limit_secs=STORAGE_LIMIT_SECS + 1,
        is_shared=True,
        meaning="The S3 storage of backups (`backup.s3`) answers; no key is sent. Fails when it"
        " refuses the connection or returns 5xx; unknown when it times out, or when DNS or the"
        " network fails here.",
    )


def proxy(problem: Callable[[], str | None]) -> Check:
    """Check that proxies on this machine pass on the addresses of their clients."""

    async def see() -> Finding:
        found = problem()
        return warning(found) if found else ok("No requests from unknown proxies.")

    return Check(
        "proxy",
        "Reverse proxy",
        see,
        "Configure the proxy to send X-Forwarded-For and to keep the Host header, add its"
        " address to server.trusted_proxies, and set server.base_url to the address that browsers"
        " use. See docs/production.md.",
        of_process=True,
        meaning="Requests from loopback don't come from a proxy that hides the client's address or"
        " that is missing in `server.trusted_proxies`. Warns for 10 minutes after such a request:"
        " the rate limit treats all clients of that proxy as one.",
    )


def _unanswered(who: str, limit_secs: float, error: httpx2.HTTPError) -> Finding:
    """The result when *who* did not answer: only a refused connection counts as a failure."""
    import httpx2

    if isinstance(error, httpx2.TimeoutException):
        return unknown(f"{who} did not answer within {limit_secs:g} s.")
    if _is_ours(error):
        return unknown(f"{who} is not reachable from here: {_words(error)}.")
    return failing(f"{who} does not answer: {_words(error)}.")


async def _certificate(host: str, port: int) -> x509.Certificate:
    # Imported on use: it takes 9 MB, and only installations with https need it.
    from cryptography import x509

    # Only the expiry date is read, also of an expired certificate. Nothing is sent, so no trust is
    # needed.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    try:
        session: ssl.SSLObject = writer.get_extra_info("ssl_object")
        return x509.load_der_x509_certificate(session.getpeercert(binary_form=True) or b"")
    finally:
        writer.close()
        with suppress(OSError, ssl.SSLError):
            await writer.wait_closed()


def _is_ours(error: BaseException | None) -> bool:
    """Whether DNS or the network of this machine failed, rather than the other side."""
    while error is not None:
        if isinstance(error, socket.gaierror):
            return True
        if isinstance(error, OSError) and error.errno in _NO_NETWORK:
            return True
        error = error.__cause__ or error.__context__
    return False


def _words(error: Exception) -> str:
    return in_a_line(error).rstrip(".") or type(error).__name__
