"""CSV (RFC 4180) in which no cell can start a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

import orjson

from aiwebengine.core.untrusted_text import on_one_line

# A spreadsheet runs a cell that begins so as a formula; blanks before it do not matter, and the
# full-width signs count, too. Some part cells at a semicolon, quoted or not, so the same is asked
# of what stands behind one. Tabs and line breaks are escapes by then.
_FORMULA = re.compile(r"(?:(?<=;)|^)(?=[\s\u200c\u200d]*[=+\-@|%\uff1d\uff0b\uff0d\uff20])")


def lines(rows: Iterable[Iterable[object]]) -> bytes:
    """The rows as lines, every cell in quotes. None becomes an empty cell, an object its JSON."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = orjson.dumps(value).decode() if isinstance(value, dict) else str(value)
    return _FORMULA.sub("'", on_one_line(text))
