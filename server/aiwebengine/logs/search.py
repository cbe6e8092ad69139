"""Log search: finds lines by bytes that they must contain, then parses and checks them."""

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
from aiwebengine.logs.lines import entry_of, fields_of, instant_of
from aiwebengine.logs.types import LogEntry, LogFilter

Position = tuple[str, int]
"""A file (its `name_of`) and an offset in it."""

LONGEST_SECS = 10.0
# Lines with this start are counted without parsing, which would take too long for a large log.
_BEGINNING = b'{"timestamp":"'
_TRIES = 20


@dataclass
class Page:
    """Matching lines, newest first, and how far back the search got.

    *reached* is where the search stopped; None at the end of the log. *back_to* is set if the
    search timed out: the time of the oldest line it reached.
    """

    entries: list[LogEntry] = field(default_factory=list)
    reached: Position | None = None
    back_to: datetime | None = None


class Matcher:
    """A filter in a form that is fast for millions of lines."""

    def __init__(self, criteria: LogFilter) -> None:
        self.since = None if criteria.since is None else criteria.since.timestamp()
        self.until = None if criteria.until is None else criteria.until.timestamp()
        self._levels = None if criteria.level is None else set(criteria.level.and_above)
        self._text = _encodings(criteria.text.lower()) if criteria.text else []
        self._equal = {
            name: value
            for name, value in (("request_id", criteria.request_id), ("user_id", criteria.user_id))
            if value
        }
        self._path = criteria.path or ""
        self.find = self._finder()
        self.is_everything = not (self._levels or self._text or self._equal or self._path)

    def entry(self, line: bytes, name: str, place: int) -> LogEntry | None:
        """The line as an entry; None if it does not match or the engine did not write it."""
        fields = fields_of(line)
        return (
            entry_of(fields, line, name, place) if fields and self.matches(fields, line) else None
        )

    def matches(self, fields: dict[str, Any], line: bytes) -> bool:
        """Whether the line, whose parsed form is *fields*, matches the filter."""
        if self._levels is not None and fields["level"] not in self._levels:
            return False
        if any(fields.get(name) != value for name, value in self._equal.items()):
            return False
        if self._path and not _begins(fields.get("path"), self._path):
            return False
        if self._text and not any(text in line.lower() for text in self._text):
            return False
        if self.since is None and self.until is None:
            return True
        instant = instant_of(line) or 0.0
        return (self.since or 0.0) <= instant < (self.until or float("inf"))

    def _finder(self) -> Finder:
        """A finder for the rarest bytes in a matching line; `matches` checks the rest."""
        if self._equal:
            name, value = next(iter(self._equal.items()))
            return _containing([b'"%s":%s' % (name.encode(), orjson.dumps(value))])
        if self._text:
            return _containing(self._text, folded=True)
        if self._levels is not None and "info" not in self._levels:
            return _containing([b'"level":"%s"' % word.encode() for word in sorted(self._levels)])
        if self._path:
            return _containing([b'"path":' + orjson.dumps(self._path)[:-1]])
        return _every_line


def newest(
    log: Path,
    matcher: Matcher,
    most: int,
    *,
    start: Position | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> Page:
    """At most *most* matching lines, backwards from *start*; stops early when *is_over*."""
    page = Page()
    for name, part in _parts(log, matcher, start):
        for place, line in part.lines:
            entry = matcher.entry(line, name, place)
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


def count(log: Path, matcher: Matcher, *, is_over: Callable[[], bool]) -> int | None:
    """The number of matching lines; None if *is_over* returns true before all are counted."""
    found = 0
    is_bounded = matcher.since is not None or matcher.until is not None
    for _, part in _parts(log, matcher, None):
        if matcher.is_everything and not is_bounded:
            found += sum(1 for _, line in part.lines if line.startswith(_BEGINNING))
        else:
            found += sum(
                1
                for _, line in part.lines
                if (fields := fields_of(line)) is not None and matcher.matches(fields, line)
            )
        if is_over():
            return None
    return found


def position_after(log: Path, line: Position) -> Position | None:
    """The position after this line; None if its file was removed or has no such line."""
    name, place = line
    for file in stored_files(log):
        with suppress(FileNotFoundError), opened(file) as blocks:
            if name_of(blocks) == name:
                end = end_of_line(blocks, place)
                return None if end is None else (name, end)
    return None


def deadline(secs: float = LONGEST_SECS) -> Callable[[], bool]:
    """A function that returns true once *secs* seconds have passed."""
    end = time.monotonic() + secs
    return lambda: time.monotonic() > end


def _parts(log: Path, matcher: Matcher, start: Position | None) -> Iterator[tuple[str, Part]]:
    """The found lines block by block, with the name of their file. Raises Unavailable."""
    reached = start
    for _ in range(_TRIES):
        try:
            for name, part in _parts_of_listed(log, matcher, reached):
                reached = (name, part.begin)
                yield name, part
        except FileNotFoundError:
            # A file was rotated, compressed or removed in the meantime: list the files again.
            continue
        return
    raise Unavailable("The log files change too fast to read. Try again.")


def _parts_of_listed(
    log: Path, matcher: Matcher, start: Position | None
) -> Iterator[tuple[str, Part]]:
    since = None if matcher.since is None else matcher.since - DISORDER_SECS
    is_there = start is None
    for file in stored_files(log):
        # Checked for each file, because the order of the names is not reliable.
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
            if matcher.until is not None:
                before = min(before, end_of_instant(blocks, matcher.until))
            for part in parts_back(blocks, before, matcher.find):
                yield name, part
                if since is not None and (part.instant or since) < since:
                    break


def _begins(path: object, beginning: str) -> bool:
    return isinstance(path, str) and path.startswith(beginning)


def _every_line(block: bytes, begin: int, end: int) -> Spans:
    spans = []
    # The end of a line, and then that of the line before it.
    last = block.rfind(b"\n", begin, end)
    while last >= begin:
        before = block.rfind(b"\n", begin, last)
        spans.append((before + 1 if before >= 0 else begin, last))
        last = before
    return spans


def _containing(needles: list[bytes], *, folded: bool = False) -> Finder:
    """A finder for lines with any of *needles*; *folded* ignores the case of ASCII letters."""

    def find(block: bytes, begin: int, end: int) -> Spans:
        searched = block.lower() if folded else block
        spans: set[tuple[int, int]] = set()
        # Ignore text after the last line end: that line is still being written.
        whole = block.rfind(b"\n", begin, end) + 1
        for needle in needles:
            # `rfind` is three times as fast as `find` in this version of Python.
            place = searched.rfind(needle, begin, whole)
            while place >= 0:
                first = max(begin, block.rfind(b"\n", begin, place) + 1)
                spans.add((first, block.find(b"\n", place)))
                place = searched.rfind(needle, begin, first)
        return sorted(spans, reverse=True)

    return find


def _encodings(text: str) -> list[bytes]:
    """The text as it is inside a JSON string, and unchanged, because users may search for JSON."""
    return sorted({orjson.dumps(text)[1:-1], text.encode("utf-8", "surrogatepass")})


def _as_datetime(instant: float) -> datetime:
    return datetime.fromtimestamp(instant, UTC)
