"""Which host a request is for, and what is served there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from starlette.types import Scope

from aiwebengine.core.errors import EngineError

# A name, an IPv4 or an IPv6 address, and a port.
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")


class MalformedHost(EngineError):
    """The request names no host, or several (RFC 9112 section 3.2)."""

    code = "BAD_USER_INPUT"
    status = 400


@dataclass(frozen=True, slots=True)
class Place:
    """What one host serves."""

    tables: tuple[str, ...]
    """The hosts whose routes count, the first one first; "" is that of unbound scripts."""
    is_apart: bool
    """Whether the host has scripts only: their pages share no origin with the engine's."""


THE_ENGINES = Place(("",), is_apart=False)


def name_of(scope: Scope) -> str:
    """The host that a request is for, in lower case, without port and final dot.

    Browsers share cookies between all ports of a host, so the port does not matter. "" without a
    header. Raises MalformedHost.
    """
    given = [value for name, value in scope["headers"] if name == b"host"]
    if len(given) > 1:
        raise MalformedHost(f"The request has {len(given)} Host headers; send one.")
    return _name_in(given[0]) if given and given[0] else ""


@lru_cache(1_024)
def _name_in(value: bytes) -> str:
    match = _HOST.fullmatch(value.decode("latin-1"))
    if match is None:
        raise MalformedHost("The header Host is malformed; send a name such as example.org.")
    return match[1].lower().removesuffix(".")


def place_of(name: str, scripts_host: str | None, bound: frozenset[str]) -> Place:
    """What is served on the host called *name*; *bound* are those that scripts are bound to."""
    if name == scripts_host:
        return Place((name, ""), is_apart=True)
    if name in bound:
        return Place((name,), is_apart=True)
    return THE_ENGINES
