r"""Reads rows from the script that `pg_restore` writes. The script is never executed.

A dump is a program whose statements pg_restore would run. Here pg_restore only converts it, without
a database, and only two things are read from the result: rows between `COPY … FROM stdin;` and
`\\.`, and values of sequences.
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
# Statements of interest are shorter than this.
_LONGEST_LINE = 1 << 16


@dataclass(frozen=True)
class Rows:
    """The rows of a table in COPY text format. Read *pieces* before the next item.

    *columns* is None if the table name or columns can't be parsed.
    """

    schema: str
    table: str
    columns: list[str] | None
    pieces: Iterator[bytes]


@dataclass(frozen=True)
class SequenceValue:
    """The value of a sequence."""

    schema: str
    sequence: str
    value: int
    is_called: bool


class Script:
    """Parses the output of pg_restore as a stream."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._buffer = b""

    def items(self) -> Iterator[Rows | SequenceValue]:
        """The rows of each table and the value of each sequence, in order.

        Raises Damaged if the script ends within the rows of a table.
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
            # The end marker can be split across pieces.
            whole, self._buffer = self._buffer[: -len(_END)], self._buffer[-len(_END) :]
            if whole:
                yield whole
            self._must_go_on()
        whole, self._buffer = self._buffer[: at + 1], self._buffer[at + 1 + len(_END) :]
        yield whole

    def _must_go_on(self) -> None:
        if not self._more():
            raise Damaged("The dump is truncated in the rows of a table.")

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
