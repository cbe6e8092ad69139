"""CSV (RFC 4180) in which no cell can start a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

import orjson

from aiwebengine.core.untrusted_text import on_one_line

# A spreadsheet evaluates a cell with such a start as a formula, also after spaces, and also with
# full-width signs. Some programs split cells at semicolons, even quoted ones, so text after a
# semicolon is treated the same way. Tabs and line breaks have been escaped before.
_FORMULA = re.compile(r"(?:(?<=;)|^)(?=[\s\u200c\u200d]*[=+\-@|%\uff1d\uff0b\uff0d\uff20])")


def lines(rows: Iterable[Iterable[object]]) -> bytes:
    """The rows as CSV, with all cells in quotes. None becomes an empty cell, a dict JSON."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = orjson.dumps(value).decode() if isinstance(value, dict) else str(value)
    return _FORMULA.sub("'", on_one_line(text))
