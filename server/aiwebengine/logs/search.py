"""Log search: from a filter to bytes that a line must contain, and from a line to an entry."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from aiwebengine.core.errors import Unavailable
from aiwebengine.logs.files import (
    DISORDER_SECS,
    END,
    Finder,
    Part,
    Spans,
    end_of_instant,
    end_of_line,
    name_of,
    opened,
    parts_back,
    stored_files,
)
from aiwebengine.logs.lines import entry_of, instant_of, told_in
from aiwebengine.logs.types import LogEntry, LogFilter

Position = tuple[str, int]
"""A file, by what `name_of` calls it, and a place in it."""

LONGEST_SECS = 10.0
# Enough to count by: to read every line of a large log would take too long.
_BEGINNING = b'{"timestamp":"'
_TRIES = 20


@dataclass
class Page:
    """Some lines, newest first, and how far back the files have been read for them.

    *reached* is None when they were read to the end; *back_to* is set when that took too long.
    """

    entries: list[LogEntry] = field(default_factory=list)
    reached: Position | None = None
    back_to: datetime | None = None


class Wanted:
    """A filter, made ready for millions of lines."""

    def __init__(self, asked: LogFilter) -> None:
        self.since = None if asked.since is None else asked.since.timestamp()
        self.until = None if asked.until is None else asked.until.timestamp()
        self._levels = None if asked.level is None else set(asked.level.and_above)
        self._text = _either_way(asked.text.lower()) if asked.text else []
        self._equal = {
            name: value
            for name, value in (("request_id", asked.request_id), ("user_id", asked.user_id))
            if value
        }
        self._path = asked.path or ""
        self.find = self._finder()
        self.is_everything = not (self._levels or self._text or self._equal or self._path)

    def entry(self, line: bytes, name: str, place: int) -> LogEntry | None:
        """The line as an entry; None when it is not wanted, or not one of ours."""
        told = told_in(line)
        return entry_of(told, line, name, place) if told and self.lets(told, line) else None

    def lets(self, told: dict[str, Any], line: bytes) -> bool:
        """Whether the filter lets this line through."""
        if self._levels is not None and told["level"] not in self._levels:
            return False
        if any(told.get(name) != value for name, value in self._equal.items()):
            return False
        if self._path and not _begins(told.get("path"), self._path):
            return False
        if self._text and not any(text in line.lower() for text in self._text):
            return False
        if self.since is None and self.until is None:
            return True
        instant = instant_of(line) or 0.0
        return (self.since or 0.0) <= instant < (self.until or float("inf"))

    def _finder(self) -> Finder:
        """Looks for the rarest thing that a wanted line must hold; the rest is checked after."""
        if self._equal:
            name, value = next(iter(self._equal.items()))
            return _holding([b'"%s":%s' % (name.encode(), orjson.dumps(value))])
        if self._text:
            return _holding(self._text, folded=True)
        if self._levels is not None and "info" not in self._levels:
            return _holding([b'"level":"%s"' % word.encode() for word in sorted(self._levels)])
        if self._path:
            return _holding([b'"path":' + orjson.dumps(self._path)[:-1]])
        return _every_line


def newest(
    log: Path,
    wanted: Wanted,
    most: int,
    *,
    start: Position | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> Page:
    """At most so many lines, from *start* back; cut short between blocks when *is_over*."""
    page = Page()
    for name, part in _parts(log, wanted, start):
        for place, line in part.lines:
            entry = wanted.entry(line, name, place)
            if entry is not None:
                page.entries.append(entry)
                if len(page.entries) == most:
                    page.reached = (name, place)
                    return page
        if is_over():
            page.reached = (name, part.begin)
            page.back_to = _as_datetime(part.instant or time.time())
            return page
    return page


def count(log: Path, wanted: Wanted, *, is_over: Callable[[], bool]) -> int | None:
    """How many lines there are; None when it is over before that is known."""
    found = 0
    is_bounded = wanted.since is not None or wanted.until is not None
    for _, part in _parts(log, wanted, None):
        if wanted.is_everything and not is_bounded:
            found += sum(1 for _, line in part.lines if line.startswith(_BEGINNING))
        else:
            found += sum(
                1
                for _, line in part.lines
                if (told := told_in(line)) is not None and wanted.lets(told, line)
            )
        if is_over():
            return None
    return found


def behind(log: Path, line: Position) -> Position | None:
    """The place behind this line; None when its file is not kept any more, or has no such line."""
    name, place = line
    for file in stored_files(log):
        with suppress(FileNotFoundError), opened(file) as blocks:
            if name_of(blocks) == name:
                end = end_of_line(blocks, place)
                return None if end is None else (name, end)
    return None


def deadline(secs: float = LONGEST_SECS) -> Callable[[], bool]:
    """Whether so much time has gone by since."""
    end = time.monotonic() + secs
    return lambda: time.monotonic() > end


def _parts(log: Path, wanted: Wanted, start: Position | None) -> Iterator[tuple[str, Part]]:
    """What was found, block by block, with the name of the file that it lies in."""
    reached = start
    for _ in range(_TRIES):
        try:
            for name, part in _parts_of_this_instant(log, wanted, reached):
                reached = (name, part.begin)
                yield name, part
        except FileNotFoundError:
            # A file was put aside, compressed or removed under our hands: list them anew.
            continue
        return
    raise Unavailable("The log files change too fast to read. Try again.")


def _parts_of_this_instant(
    log: Path, wanted: Wanted, start: Position | None
) -> Iterator[tuple[str, Part]]:
    since = None if wanted.since is None else wanted.since - DISORDER_SECS
    is_there = start is None
    for file in stored_files(log):
        # Each by itself: a file's name may say anything.
        if since is not None and file.modified < since:
            continue
        with opened(file) as blocks:
            name = name_of(blocks)
            if name is None:
                continue
            before = END
            if start is not None and not is_there:
                if name != start[0]:
                    continue
                is_there, before = True, start[1]
            if wanted.until is not None:
                before = min(before, end_of_instant(blocks, wanted.until))
            for part in parts_back(blocks, before, wanted.find):
                yield name, part
                if since is not None and (part.instant or since) < since:
                    break


def _begins(path: object, beginning: str) -> bool:
    return isinstance(path, str) and path.startswith(beginning)


def _every_line(block: bytes, begin: int, end: int) -> Spans:
    spans = []
    # The place of a line's own end, then that of the line before.
    last = block.rfind(b"\n", begin, end)
    while last >= begin:
        before = block.rfind(b"\n", begin, last)
        spans.append((before + 1 if before >= 0 else begin, last))
        last = before
    return spans


def _holding(needles: list[bytes], *, folded: bool = False) -> Finder:
    """Finds the lines with any of these bytes; *folded*: in lower case."""

    def find(block: bytes, begin: int, end: int) -> Spans:
        searched = block.lower() if folded else block
        spans: set[tuple[int, int]] = set()
        # Nothing behind the last line's end is looked at: somebody is still writing that.
        whole = block.rfind(b"\n", begin, end) + 1
        for needle in needles:
            # Backwards is three times as fast as forwards in this version of Python.
            place = searched.rfind(needle, begin, whole)
            while place >= 0:
                first = max(begin, block.rfind(b"\n", begin, place) + 1)
                spans.add((first, block.find(b"\n", place)))
                place = searched.rfind(needle, begin, first)
        return sorted(spans, reverse=True)

    return find


def _either_way(text: str) -> list[bytes]:
    """A text as it stands inside a JSON text, and as it is: a piece of JSON may be searched."""
    return sorted({orjson.dumps(text)[1:-1], text.encode("utf-8", "surrogatepass")})


def _as_datetime(instant: float) -> datetime:
    return datetime.fromtimestamp(instant, UTC)
