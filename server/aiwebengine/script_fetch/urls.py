"""Reads the URL of a request strictly: what is unusual there is refused, not repaired.

Programs normalize URLs by the URL standard before they ask. The engine does not depend on that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiwebengine.core.errors import BadUserInput, Forbidden
from aiwebengine.core.hosts import NotAHost, host_of
from aiwebengine.script_fetch.types import LONGEST_URL

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?://(?P<authority>[^/?#]*))?(?P<rest>.*)")
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::(?P<port>[0-9]{1,5}))?")
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_DEFAULT_PORTS = {"http": 80, "https": 443}
FIRST_FREE_PORT = 1_024
# Below FIRST_FREE_PORT only these.
WEB_PORTS = frozenset(_DEFAULT_PORTS.values())
# Where other protocols are spoken: the Fetch standard's list, databases, queues, remote control.
REFUSED_PORTS = frozenset(
    (
        *(1_433, 1_434, 1_521, 1_719, 1_720, 1_723, 2_049, 2_181, 2_375, 2_376, 2_379, 2_380),
        *(3_306, 3_389, 3_659, 4_045, 4_190, 4_369, 5_060, 5_061, 5_432, 5_433, 5_671, 5_672),
        *(5_900, 5_901, 5_985, 5_986, 6_000, 6_379, 6_380, 6_432, 6_566, 6_665, 6_666, 6_667),
        *(6_668, 6_669, 6_679, 6_697, 9_042, 9_092, 10_080, 10_250, 11_211, 15_672, 27_017),
    )
)


@dataclass(frozen=True)
class Target:
    """Where a request goes. *host* is a name or an address in lower case, without brackets."""

    scheme: str
    host: str
    port: int
    path: str
    """With the query."""

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """The value of the header Host."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{self.scheme}://{self.authority}{self.path}"


def target_of(url: str) -> Target:
    """The parts of an absolute URL. Its fragment is left out. Raises BadUserInput."""
    if len(url) > LONGEST_URL:
        raise BadUserInput(f"url: found {len(url):,} characters; allowed: {LONGEST_URL:,}.")
    if not _PRINTABLE.fullmatch(url):
        raise BadUserInput(
            "url: it is empty or has characters that a URL can't contain: spaces, control"
            " characters, or letters beyond ASCII that are not percent-encoded."
        )
    parts = _URL.fullmatch(url)
    scheme = parts["scheme"].lower() if parts else ""
    if parts is None or scheme not in _DEFAULT_PORTS or parts["authority"] is None:
        raise BadUserInput(
            f"url: found {_shown(url)}; allowed: an address that starts with https:// or http://."
        )
    authority = parts["authority"]
    if "@" in authority:
        raise BadUserInput(
            "url: it contains a user name or password. Send them in the header Authorization."
        )
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        raise BadUserInput(
            f"url: found the host {_shown(authority)}; allowed: a name or an address, and a port."
        )
    try:
        host = host_of(found["host"])
    except NotAHost as error:
        raise BadUserInput(f"url: found the host {_shown(authority)}; allowed: {error}.") from None
    port = int(found["port"]) if found["port"] else _DEFAULT_PORTS[scheme]
    rest = parts["rest"].partition("#")[0]
    return Target(scheme, host, port, rest if rest.startswith("/") else f"/{rest}")


def must_be_allowed_port(port: int) -> None:
    """Raise Forbidden for a port where something other than HTTP is usual."""
    if port in WEB_PORTS or (FIRST_FREE_PORT <= port < 65_536 and port not in REFUSED_PORTS):
        return
    raise Forbidden(
        f"Scripts may not connect to port {port}. Allowed: 80, 443, and ports from"
        f" {FIRST_FREE_PORT} on that are not usual for databases and other protocols."
    )


def _shown(text: str) -> str:
    return ascii(text[:100])
