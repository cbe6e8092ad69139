"""Comma-separated values (RFC 4180) that a spreadsheet can't be tricked with."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

import orjson

# A spreadsheet takes these for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def lines(rows: Iterable[Iterable[object]]) -> bytes:
    """The rows as lines. None becomes an empty cell, an object its JSON."""
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = orjson.dumps(value).decode() if isinstance(value, dict) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
