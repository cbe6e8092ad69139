"""Paths that belong to the engine, in whatever way they are written."""

from __future__ import annotations

import re
from urllib.parse import unquote

from aiwebengine.scripts.routes import RESERVED, reserved_for

# The first parts of the engine's own paths: most requests for scripts have another one.
_RESERVED_FIRST = frozenset(path.split("/")[1] for path in RESERVED)
# What proxies, caches and browsers may read in more than one way.
_UNUSUAL = re.compile(r"[^!-$&-:<-\[\]-~]|//|/\.")
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f]")
# A path that was encoded more often is nobody's.
_MOST_DECODINGS = 3


def is_the_engines(path: str) -> bool:
    """Whether the engine answers *path*, as the server decoded it, whatever a script claims.

    That includes every way to write such a path: the program before us or behind the visitor may
    take `/ENGINE`, `//engine`, `/./engine`, `/%65ngine` or `/engine;x` for `/engine`. So does the
    home page.
    """
    if _UNUSUAL.search(path):
        path = plain(path)
    first = path.split("/", 2)[1:2]
    if first in ([], [""]):
        return len(path) < 2
    return first[0].casefold() in _RESERVED_FIRST and reserved_for(path) is not None


def plain(path: str) -> str:
    """The path without encodings, empty and dotted parts, parameters and hidden characters."""
    for _ in range(_MOST_DECODINGS):
        decoded = unquote(path, errors="replace")
        if decoded == path:
            break
        path = decoded
    parts: list[str] = []
    for written in _HIDDEN.sub("", path).replace("\\", "/").split("/"):
        part = written.partition(";")[0].strip()
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)
