"""Headers of requests: what a script may set, and what a redirect to another origin loses."""

from __future__ import annotations

import re
from collections.abc import Iterable

from aiwebengine.core.errors import BadUserInput
from aiwebengine.script_fetch.decoding import ACCEPTED
from aiwebengine.script_fetch.types import LARGEST_HEADERS, LONGEST_HEADER, MOST_HEADERS

Header = tuple[str, str]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_LINE_BREAKS = frozenset("\r\n\0")
# About the connection, which is the engine's. Left out without an error, as in browsers.
_OF_CONNECTION = frozenset(
    "accept-encoding connection content-length expect host http2-settings keep-alive"
    " proxy-authorization proxy-connection te trailer transfer-encoding upgrade via".split()
)
_CREDENTIALS = frozenset(("authorization", "cookie"))
_OF_BODY = frozenset("content-encoding content-language content-location content-type".split())
_METHOD = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,20}")
_NORMALIZED = frozenset(("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"))
_REFUSED_METHODS = frozenset(("CONNECT", "TRACE", "TRACK"))


def checked_method(method: str) -> str:
    """The method as it is sent. Raises BadUserInput."""
    if not _METHOD.fullmatch(method) or method.upper() in _REFUSED_METHODS:
        raise BadUserInput(
            f"method: found {method[:40]!a}; allowed: a method such as GET or POST, but not"
            f" {', '.join(sorted(_REFUSED_METHODS))}."
        )
    return method.upper() if method.upper() in _NORMALIZED else method


def checked(headers: Iterable[Header]) -> list[Header]:
    """The headers that are sent of those that a script wants. Raises BadUserInput."""
    found = list(headers)
    if len(found) > MOST_HEADERS:
        raise BadUserInput(f"headers: found {len(found)}; allowed: {MOST_HEADERS}.")
    total = sum(len(name) + len(value) for name, value in found)
    if total > LARGEST_HEADERS:
        raise BadUserInput(
            f"headers: found {total:,} characters; allowed: {LARGEST_HEADERS:,} together."
        )
    for name, value in found:
        if not _TOKEN.fullmatch(name):
            raise BadUserInput(f"headers: the name {name[:100]!a} is not allowed in HTTP.")
        must_be_sendable(name, value)
    return [(name, value) for name, value in found if name.lower() not in _OF_CONNECTION]


def must_be_sendable(name: str, value: str) -> None:
    """Raise BadUserInput for a value that would end its line, or that HTTP can't send."""
    if not _LINE_BREAKS.isdisjoint(value):
        raise BadUserInput(f"headers: the value of {name} has a line break or a zero byte.")
    if len(name) + len(value) > LONGEST_HEADER:
        raise BadUserInput(f"headers: {name} has more than {LONGEST_HEADER:,} characters.")
    try:
        value.encode("latin-1")
    except UnicodeEncodeError:
        raise BadUserInput(f"headers: the value of {name} has characters beyond Latin-1.") from None


def on_wire(headers: Iterable[Header], authority: str, body: bytes | None) -> list[Header]:
    """All headers of a request; *body* None for a method without one."""
    sent = [("Host", authority), *headers]
    names = {name.lower() for name, _ in sent}
    if "accept" not in names:
        sent.append(("Accept", "*/*"))
    if "user-agent" not in names:
        sent.append(("User-Agent", "aiwebengine"))
    sent.append(("Accept-Encoding", ACCEPTED))
    if body is not None:
        sent.append(("Content-Length", str(len(body))))
    # Connections are not kept: another script must not inherit what was sent on one.
    sent.append(("Connection", "close"))
    return sent


def without_credentials(headers: Iterable[Header]) -> list[Header]:
    """The headers that may go to another origin."""
    return [(name, value) for name, value in headers if name.lower() not in _CREDENTIALS]


def without_body(headers: Iterable[Header]) -> list[Header]:
    """The headers of a request that has no body any more."""
    return [(name, value) for name, value in headers if name.lower() not in _OF_BODY]
