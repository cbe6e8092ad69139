"""Reads the rows in what `pg_restore` writes as a script. Nothing of the script is ever run.

A dump is a program: it says which statements make its tables, and pg_restore runs them as they
stand. So pg_restore only converts it, without a database, and of what it writes this takes two
things: the rows between `COPY … FROM stdin;` and `\\.`, and where sequences stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aiwebengine.backups.manifest import Damaged

_NAME = rb'(?:"(?:[^"]|"")+"|[A-Za-z_][A-Za-z0-9_$]*)'
_COPY = re.compile(rb"COPY (%b)\.(%b) \((.+)\) FROM stdin;" % (_NAME, _NAME))
_ANY_COPY = re.compile(rb"COPY .* FROM stdin;", re.DOTALL)
_COLUMN = re.compile(rb"(%b)(?:, |$)" % _NAME)
_SETVAL = re.compile(
    rb"SELECT pg_catalog\.setval\('(%b)\.(%b)', (-?[0-9]{1,19}), (true|false)\);" % (_NAME, _NAME)
)
_END = b"\\.\n"
# A longer line outside rows is no statement that is looked for.
_LONGEST_LINE = 1 << 16


@dataclass(frozen=True)
class Rows:
    """The rows of one table, in the text format of COPY. *pieces* is read before the next item.

    *columns* is None for a table with a name or columns that can't be read.
    """

    schema: str
    table: str
    columns: list[str] | None
    pieces: Iterator[bytes]


@dataclass(frozen=True)
class SequenceValue:
    """Where a sequence stands."""

    schema: str
    sequence: str
    value: int
    is_called: bool


class Script:
    """What pg_restore writes, taken apart as it comes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._buffer = b""

    def items(self) -> Iterator[Rows | SequenceValue]:
        """The rows of each table and the value of each sequence, in the order of the script.

        Raises Damaged when it ends within the rows of a table.
        """
        while (line := self._line()) is not None:
            if _ANY_COPY.fullmatch(line):
                rows = self._rows()
                yield _rows_of(line, rows)
                for _ in rows:
                    pass
            elif found := _SETVAL.fullmatch(line):
                yield SequenceValue(
                    _plain(found[1]), _plain(found[2]), int(found[3]), found[4] == b"true"
                )

    def _line(self) -> bytes | None:
        """The next line without its end; empty for one that is too long. None at the end."""
        is_too_long = False
        while (at := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _LONGEST_LINE:
                is_too_long, self._buffer = True, b""
            if not self._more():
                return None
        line, self._buffer = self._buffer[:at], self._buffer[at + 1 :]
        return b"" if is_too_long or len(line) > _LONGEST_LINE else line

    def _rows(self) -> Iterator[bytes]:
        while len(self._buffer) < len(_END):
            self._must_go_on()
        if self._buffer.startswith(_END):
            self._buffer = self._buffer[len(_END) :]
            return
        while (at := self._buffer.find(b"\n" + _END)) < 0:
            # The end may be cut in two.
            whole, self._buffer = self._buffer[: -len(_END)], self._buffer[-len(_END) :]
            if whole:
                yield whole
            self._must_go_on()
        whole, self._buffer = self._buffer[: at + 1], self._buffer[at + 1 + len(_END) :]
        yield whole

    def _must_go_on(self) -> None:
        if not self._more():
            raise Damaged("The dump ends within the rows of a table.")

    def _more(self) -> bool:
        piece = next(self._pieces, b"")
        self._buffer += piece
        return bool(piece)


def _rows_of(line: bytes, pieces: Iterator[bytes]) -> Rows:
    found = _COPY.fullmatch(line)
    columns = None if found is None else _columns(found[3])
    if found is None or columns is None:
        return Rows("", line.decode(errors="replace")[:100], None, pieces)
    return Rows(_plain(found[1]), _plain(found[2]), columns, pieces)


def _columns(text: bytes) -> list[str] | None:
    found, at = [], 0
    while at < len(text):
        match = _COLUMN.match(text, at)
        if match is None:
            return None
        found.append(_plain(match[1]))
        at = match.end()
    return found


def _plain(name: bytes) -> str:
    text = name.decode(errors="replace")
    return text[1:-1].replace('""', '"') if text.startswith('"') else text
