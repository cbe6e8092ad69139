"""Conditional and partial requests for a file (RFC 9110 sections 13 and 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes[ \t]*=[ \t]*(\d{0,18})[ \t]*-[ \t]*(\d{0,18})[ \t]*", re.I)
_TAG = re.compile(r'(?:W/)?"([^"]*)"')


@dataclass(frozen=True)
class Range:
    """The bytes from *start* to before *end*."""

    start: int
    end: int


class NotSatisfiable(Exception):
    """The file has none of the bytes that were asked for."""


def is_known(if_none_match: str | None, digest: str) -> bool:
    """Whether the client has this content. A tag that a proxy made weak is the same here."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or digest in _TAG.findall(if_none_match)


def range_of(text: str | None, if_range: str | None, digest: str, size: int) -> Range | None:
    """The part that is asked for; None for all of the file.

    Several ranges, other units and malformed ones are ignored, as RFC 9110 section 14.2 allows; so
    is a range of another content than *if_range* names. Raises NotSatisfiable.
    """
    match = _RANGE.fullmatch(text or "")
    if match is None or (if_range is not None and if_range.strip() != f'"{digest}"'):
        return None
    first, last = match[1], match[2]
    if not first and not last:
        return None
    if not first:
        start, end = max(size - int(last), 0), size
        if int(last) == 0:
            raise NotSatisfiable
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):
            return None
    if start >= size:
        raise NotSatisfiable
    return Range(start, end)
