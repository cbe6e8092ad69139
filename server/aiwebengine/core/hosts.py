"""Names and addresses of hosts in one form, and lists of them as people write them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable

from aiwebengine.core.errors import BadUserInput

LONGEST_NAME = 253
MOST_HOSTS = 50
"""Of one list."""

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# A name that ends so is a number to many resolvers: 2130706433, 0x7f.1, 017700000001.
_NUMERIC_END = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")


class NotAHost(ValueError):
    """The text is neither a name nor an address. The message says what is allowed."""


def host_of(text: str) -> str:
    """A name or an address in the form for comparison: `example.org`, `192.0.2.1`, `::1`.

    An IPv6 address has brackets in *text*. Raises NotAHost.
    """
    host = text.lower()
    if host.startswith("["):
        try:
            return str(ipaddress.IPv6Address(host[1:-1] if host.endswith("]") else host))
        except ValueError:
            raise NotAHost("an IPv6 address such as [2001:db8::1]") from None
    host = host.removesuffix(".")
    if _NUMERIC_END.fullmatch(host):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise NotAHost("an IPv4 address as four decimal numbers, such as 192.0.2.1") from None
    if len(host) > LONGEST_NAME or not all(map(_LABEL.fullmatch, host.split("."))):
        raise NotAHost("a name such as example.org, or an address")
    return host


def is_address(host: str) -> bool:
    """Whether a host is an address, not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def matches(patterns: Collection[str], host: str) -> bool:
    """Whether *host* is in a list: `*.example.org` is every name below it, `*` every host."""
    return any(
        pattern in (host, "*") or (pattern.startswith("*.") and host.endswith(pattern[1:]))
        for pattern in patterns
    )


def pattern_of(text: str) -> str:
    """A host, or `*.` and a name of two labels or more. Raises NotAHost."""
    name = text.strip().removeprefix("*.")
    # Addresses of IPv6 need no brackets here, where no port follows.
    host = host_of(f"[{name}]" if ":" in name and not name.startswith("[") else name)
    if not text.strip().startswith("*."):
        return host
    if "." not in host or is_address(host):
        # `*.org` would be a large part of the internet.
        raise NotAHost("*.example.org for the names below it")
    return f"*.{host}"


def checked_patterns(field: str, texts: Iterable[str], most: int = MOST_HOSTS) -> list[str]:
    """The list in the form for comparison, sorted, each once. Raises BadUserInput."""
    found = set()
    for text in texts:
        try:
            found.add(pattern_of(text))
        except NotAHost:
            raise BadUserInput(
                f"{field}: found {text[:100]!a}; allowed: a name such as api.example.org,"
                " *.example.org for the names below it, or an address; no scheme, port or path."
            ) from None
    if len(found) > most:
        raise BadUserInput(f"{field}: found {len(found)} hosts; allowed: {most}.")
    return sorted(found)
