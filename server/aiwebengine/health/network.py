"""Looks at what is reached over the network: the certificate of our address, the providers."""

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
    """Whether the certificate that browsers see at *base_url* (https) is valid for long enough."""

    async def see() -> Finding:
        parts = urlsplit(base_url)
        host, port = parts.hostname or "", parts.port or 443
        try:
            found = await _certificate(host, port)
        except (OSError, ssl.SSLError, ValueError) as error:
            return unknown(f"{host}:{port} can't be reached from here: {_words(error)}.")
        end = found.not_valid_after_utc
        left = end - datetime.now(UTC)
        if left <= timedelta(0):
            return failing(f"The certificate of {host} ended on {instant(end)}.")
        told = f"The certificate of {host} is valid until {day(end)} ({count(left.days, 'day')})."
        return warning(told) if left < CERTIFICATE_WARNING else ok(told)

    return Check(
        "certificate",
        "Certificate of server.base_url",
        see,
        "Renew the certificate: look at the log of the proxy that holds it (Caddy renews by"
        " itself when ports 80 and 443 can be reached from outside).",
        every_secs=CERTIFICATE_EVERY_SECS,
        limit_secs=NETWORK_LIMIT_SECS,
        is_shared=True,
        meaning="Whether the certificate that browsers see is valid for long enough; looked at when"
        f" `server.base_url` is https. Warns {CERTIFICATE_WARNING.days} days before its end, fails"
        " after it.",
    )


def provider(name: str, label: str, address: str) -> Check:
    """Whether a sign-in provider answers at *address*."""

    async def see() -> Finding:
        # Loaded with the first check, as below: many engines have no provider and no storage.
        import httpx2

        try:
            async with httpx2.AsyncClient(timeout=NETWORK_LIMIT_SECS) as client:
                answer = await client.get(address)
        except httpx2.HTTPError as error:
            return _unanswered(label, NETWORK_LIMIT_SECS, error)
        # Nor does a sign-in follow a redirect.
        if answer.status_code >= 300:
            return failing(f"{label} answers {answer.status_code} at {address}.")
        return ok(f"{label} answers.")

    return Check(
        f"provider.{name}",
        f"Sign-in with {label}",
        see,
        f"Nobody can sign in with {label}. Look whether this machine reaches {address}, and at"
        " the provider's own page of incidents.",
        every_secs=PROVIDER_EVERY_SECS,
        limit_secs=NETWORK_LIMIT_SECS + 1,
        is_shared=True,
        meaning="Whether this sign-in provider answers; one check for each that is configured."
        " Fails when it refuses the connection or answers with an error; unknown when it does not"
        " answer in time, or its name or network can't be found from here.",
    )


def storage(address: str) -> Check:
    """Whether the S3 storage of backups answers at *address*, with whatever it answers.

    Sends no key and lists nothing, so that it may ask every few seconds.
    """
    # One client: its certificates take 40 ms to read.
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
            return failing(f"{address} answers {answer.status_code}.")
        return ok(f"{address} answers.")

    return Check(
        "storage.s3",
        "S3 storage of the backups",
        see,
        "New backups get no copy there. Look whether this machine reaches it (backup.s3).",
        every_secs=STORAGE_EVERY_SECS,
        limit_secs=STORAGE_LIMIT_SECS + 1,
        is_shared=True,
        meaning="Whether the S3 storage of backups (`backup.s3`) answers; no key is sent. Fails"
        " when it refuses the connection or answers with 5xx; unknown when it does not answer in"
        " time, or its name or network can't be found from here.",
    )


def proxy(problem: Callable[[], str | None]) -> Check:
    """Whether proxies on this machine are set up so that their visitors can be told apart."""

    async def see() -> Finding:
        found = problem()
        return warning(found) if found else ok("No request of an unknown proxy was seen.")

    return Check(
        "proxy",
        "Proxy in front",
        see,
        "Let the proxy send X-Forwarded-For and keep the request's Host, name its address in"
        " server.trusted_proxies, and set server.base_url to the address that browsers use."
        " See docs/production.md.",
        of_process=True,
        meaning="Whether requests from loopback come of a proxy that does not say whom it speaks"
        " for, or that `server.trusted_proxies` does not name. Warns for 10 minutes after such a"
        " request: the rate limit counts all visitors of that proxy as one.",
    )


def _unanswered(who: str, limit_secs: float, error: httpx2.HTTPError) -> Finding:
    """What it means that *who* gave no answer: only a refusal of theirs is a failure."""
    import httpx2

    if isinstance(error, httpx2.TimeoutException):
        return unknown(f"{who} did not answer within {limit_secs:g} s.")
    if _is_ours(error):
        return unknown(f"{who} can't be reached from here: {_words(error)}.")
    return failing(f"{who} does not answer: {_words(error)}.")


async def _certificate(host: str, port: int) -> x509.Certificate:
    # Imported in use: it takes 9 MB, and only who has a certificate needs it.
    from cryptography import x509

    # What is read is when it ends, of an expired one too; nothing is sent, so nothing is trusted.
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
    """Whether it is this machine's name service or network that failed, not who was asked."""
    while error is not None:
        if isinstance(error, socket.gaierror):
            return True
        if isinstance(error, OSError) and error.errno in _NO_NETWORK:
            return True
        error = error.__cause__ or error.__context__
    return False


def _words(error: Exception) -> str:
    return in_a_line(error).rstrip(".") or type(error).__name__
