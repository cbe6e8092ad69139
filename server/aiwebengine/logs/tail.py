"""Reads new lines of the log files, which all processes on this machine write."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from hashlib import blake2b
from io import FileIO
from itertools import pairwise
from pathlib import Path

from aiwebengine.logs.files import stored_files
from aiwebengine.logs.lines import entry_of, fields_of
from aiwebengine.logs.search import Matcher, Position
from aiwebengine.logs.types import LogEntry

log = logging.getLogger(__name__)

POLL_SECS = 0.25
# A follower this far behind gets only the newest lines and the number of skipped ones.
MOST_WAITING = 500
MOST_BYTES_AT_ONCE = 4 * 1_048_576

Line = tuple[Position, bytes]


class NewLines:
    """Reads the lines written since the previous call, across rotations of the file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream: FileIO | None = None
        self._name = ""
        self._place = 0
        if self._open(path):
            assert self._stream is not None  # noqa: S101 - opened just now
            self._place = self._stream.seek(0, os.SEEK_END)

    def read(self) -> tuple[int, list[Line]]:
        """The number of lines that were skipped because there were too many, and the new lines."""
        skipped, lines = 0, []
        for _ in range(10):
            # Checked before reading: once a file is no longer current, no more lines are added.
            has_ended = self._has_ended()
            left_out, found = self._rest()
            skipped += left_out
            lines += found
            if not has_ended or not self._open_next():
                break
        return skipped, lines

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _has_ended(self) -> bool:
        if self._stream is None:
            return True
        try:
            return os.stat(self._path).st_ino != os.fstat(self._stream.fileno()).st_ino
        except OSError:
            return True

    def _open(self, path: Path) -> bool:
        """Open a file, to be read from its start. False if it does not exist or can't be read."""
        self.close()
        try:
            # Opening a pipe or a device could block.
            if not stat.S_ISREG(path.stat().st_mode):
                return False
            # Unbuffered, because a buffer would keep the content of a file that was truncated.
            self._stream = path.open("rb", buffering=0)
            self._place, self._name = 0, ""
        except OSError:
            return False
        return True

    def _open_next(self) -> bool:
        """Open the file after this one. False if there is none yet."""
        files = [file for file in stored_files(self._path) if not file.is_compressed]
        mine = None if self._stream is None else os.fstat(self._stream.fileno()).st_ino
        # If this file was compressed or removed in the meantime, the current log file is next.
        following = [file for file in files if file.is_current and file.inode != mine]
        for newer, older in pairwise(files):
            if older.inode == mine:
                following = [newer]
        return any(self._open(file.path) for file in following)

    def _rest(self) -> tuple[int, list[Line]]:
        if self._stream is None:
            return 0, []
        size = os.fstat(self._stream.fileno()).st_size
        skipped = 0
        if size < self._place:
            # The file was truncated (logrotate's `copytruncate`): new lines are at its start.
            self._place, self._name = 0, ""
        while size - self._place > MOST_BYTES_AT_ONCE:
            self._stream.seek(self._place)
            block = self._stream.read(MOST_BYTES_AT_ONCE // 2)
            whole = block.rfind(b"\n") + 1 or len(block)
            skipped += block.count(b"\n")
            self._place += whole
        self._stream.seek(self._place)
        block = self._stream.read(size - self._place)
        if not self._name and block:
            self._name = self._find_name()
        lines = []
        for line in block[: block.rfind(b"\n") + 1].splitlines(keepends=True):
            lines.append(((self._name, self._place), line.rstrip(b"\n")))
            self._place += len(line)
        return skipped, lines

    def _find_name(self) -> str:
        """The identifier of the open file, computed as in `files.name_of`."""
        assert self._stream is not None  # noqa: S101 - called only while a file is open
        self._stream.seek(0)
        first = self._stream.readline()
        return blake2b(first.rstrip(b"\n"), digest_size=8).hexdigest()


class _Follower:
    def __init__(self, matcher: Matcher) -> None:
        self._matcher = matcher
        self._waiting: deque[LogEntry] = deque()
        self._has_come = asyncio.Event()
        self.skipped = 0

    def offer(self, entry: LogEntry, fields: dict[str, object], line: bytes) -> None:
        if not self._matcher.matches(fields, line):
            return
        self._waiting.append(entry)
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self.skipped += 1
        self._has_come.set()

    async def entries(self) -> AsyncIterator[LogEntry]:
        while True:
            await self._has_come.wait()
            while self._waiting:
                entry, skipped = self._waiting.popleft(), self.skipped
                self.skipped = 0
                yield replace(entry, skipped_before=skipped) if skipped else entry
            self._has_come.clear()


class Tail:
    """Delivers new lines to followers. While there are none, nothing is read."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._followers: set[_Follower] = set()
        self._has_followers = asyncio.Event()

    async def run(self) -> None:
        """Read and deliver new lines until cancelled."""
        while True:
            await self._has_followers.wait()
            if self._path is None:
                return
            new = await asyncio.to_thread(NewLines, self._path)
            try:
                while self._followers:
                    skipped, lines = await asyncio.to_thread(new.read)
                    self._deliver(skipped, lines)
                    await asyncio.sleep(POLL_SECS)
            except OSError:
                log.exception("log.tail_failed")
                await asyncio.sleep(1)
            finally:
                new.close()
            if not self._followers:
                self._has_followers.clear()

    @asynccontextmanager
    async def follow(self, matcher: Matcher) -> AsyncIterator[AsyncIterator[LogEntry]]:
        """New entries that match; the follower is removed at the end of the `with` block."""
        follower = _Follower(matcher)
        self._followers.add(follower)
        self._has_followers.set()
        try:
            yield follower.entries()
        finally:
            self._followers.discard(follower)

    def _deliver(self, skipped: int, lines: list[Line]) -> None:
        for follower in self._followers:
            follower.skipped += skipped
        for entry, fields, line in _entries(lines):
            for follower in self._followers:
                follower.offer(entry, fields, line)


def _entries(lines: list[Line]) -> Iterator[tuple[LogEntry, dict[str, object], bytes]]:
    for (name, place), line in lines:
        fields = fields_of(line)
        if fields is not None:
            yield entry_of(fields, line, name, place), fields, line
