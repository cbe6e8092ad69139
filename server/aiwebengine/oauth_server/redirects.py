"""Redirect addresses of programs: https, or loopback with any port (RFC 8252)."""

from __future__ import annotations

import re
from urllib.parse import urlencode, urlsplit

from aiwebengine.oauth_server.types import LONGEST_REDIRECT, OAuthError

LOOPBACK = ("127.0.0.1", "::1", "localhost")
"""Hosts of programs on the user's machine, for which http is allowed."""
# Visible ASCII without what browsers read in several ways, or what would end a header or a tag.
_PLAIN = re.compile(r"[!#-;=?-\[\]_a-z~]+")


def checked_redirect(address: object) -> str:
    """The address, if a program may get answers there. Raises OAuthError."""
    if not isinstance(address, str) or len(address) > LONGEST_REDIRECT:
        raise _refused(address, f"up to {LONGEST_REDIRECT} characters")
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise _refused(address, "an address") from None
    if not _PLAIN.fullmatch(address) or "#" in address or "@" in parts.netloc or not host:
        raise _refused(address, "an absolute address without fragment, user and unusual characters")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK):
        raise _refused(address, "https, and http for 127.0.0.1, [::1] and localhost")
    return address


def is_registered(address: str, registered: tuple[str, ...]) -> bool:
    """Whether an address was registered: exactly so, except for the port of a loopback address.

    A program on the user's machine takes a port that is free (RFC 8252 section 7.3).
    """
    if address in registered:
        return True
    try:
        wanted = _without_port(checked_redirect(address))
    except OAuthError:
        return False
    return wanted is not None and any(wanted == _without_port(one) for one in registered)


def host_of(address: str) -> str:
    """Host and port of a redirect address, for people to recognize."""
    return urlsplit(address).netloc


def with_answer(address: str, **values: str | None) -> str:
    """The address with these parameters added to its query."""
    query = urlencode({name: value for name, value in values.items() if value is not None})
    return f"{address}{'&' if urlsplit(address).query else '?'}{query}"


def _without_port(address: str) -> tuple[str, str, str] | None:
    """Host, path and query of a loopback address; None for any other."""
    parts = urlsplit(address)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        return None
    return parts.hostname or "", parts.path, parts.query


def _refused(address: object, allowed: str) -> OAuthError:
    return OAuthError(
        "invalid_redirect_uri", f"redirect_uris: found {str(address)[:80]!r}; allowed: {allowed}."
    )
