"""Searches and maintains the log files of this machine."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

from aiwebengine.core.config import Logging
from aiwebengine.core.errors import BadUserInput, Conflict, NotFound
from aiwebengine.core.identity import Role, Viewer, ViewerSource
from aiwebengine.logs import search
from aiwebengine.logs.keeping import Tidied, days, tidy
from aiwebengine.logs.search import Matcher, Page, Position
from aiwebengine.logs.types import LogEntry, LogFilter

log = logging.getLogger(__name__)

# A search needs a CPU core, and the requests need one, too.
SEARCHES_AT_ONCE = 2
EXPORT_PAGE = 1_000

_ID = re.compile(r"([0-9a-f]{16})-(\d{1,15})")

Result = TypeVar("Result")


class Logs:
    """Searches the log files of this machine, and compresses and removes old ones."""

    def __init__(self, config: Logging, viewers: ViewerSource) -> None:
        self._config = config
        self._viewers = viewers
        self._turns = asyncio.Semaphore(SEARCHES_AT_ONCE)
        self._not_tidied: set[Path] = set()

    @property
    def path(self) -> Path:
        """The current log file. Raises Conflict if the engine writes none."""
        if self._config.file is None:
            raise Conflict("This engine writes no log file because `logging.file` is empty.")
        return self._config.file

    def ready(self, viewer: Viewer, wanted: LogFilter) -> Matcher:
        """Check the right and the filter. Raises Unauthenticated, Forbidden, BadUserInput."""
        viewer.must_be(Role.ADMINISTRATOR)
        return Matcher(_checked(wanted))

    async def page(
        self, viewer: Viewer, wanted: LogFilter, after: Position | None, first: int
    ) -> Page:
        """Matching lines, newest first; one more than *first* if there is another page.

        A search that takes too long stops and sets `Page.back_to`. Raises Unauthenticated,
        Forbidden, BadUserInput, Conflict, and NotFound if the line `up_to_id` was removed.
        """
        ready, path = self.ready(viewer, wanted), self.path
        start = after

        def find(is_over: Callable[[], bool]) -> Page:
            begin = start
            if begin is None and wanted.up_to_id is not None:
                begin = search.position_after(path, position_of(wanted.up_to_id))
                if begin is None:
                    raise NotFound(
                        "The line is no longer in the log, because its file was removed."
                    )
            return search.newest(path, ready, first + 1, start=begin, is_over=is_over)

        return await self._in_thread(find)

    async def count(self, viewer: Viewer, wanted: LogFilter) -> int | None:
        """The number of matching lines; None if counting takes too long. Raises as `page` does."""
        ready, path = self.ready(viewer, wanted), self.path
        return await self._in_thread(lambda is_over: search.count(path, ready, is_over=is_over))

    async def lines(self, viewer: Viewer, wanted: LogFilter) -> AsyncIterator[list[LogEntry]]:
        """All matching lines in pages, newest first; at least one page, which may be empty.

        Raises as `page` does, also between two pages when the viewer loses the right.
        """
        after: Position | None = None
        while True:
            found = await self.page(viewer, wanted, after, EXPORT_PAGE)
            yield found.entries[:EXPORT_PAGE]
            if len(found.entries) <= EXPORT_PAGE and found.back_to is None:
                return
            if len(found.entries) > EXPORT_PAGE:
                after = position_of(found.entries[EXPORT_PAGE - 1].id)
            else:
                after = found.reached
            viewer = await self._viewers.refresh(viewer)

    async def tidy(self) -> Tidied:
        """Compress rotated files, and remove files older than `logging.retention_days`.

        A failure is logged once for each file.
        """
        config = self._config
        if config.file is None:
            return Tidied()
        done = await asyncio.to_thread(
            tidy, config.file, days(config.retention_days), packs=config.compress
        )
        for path, error in done.failed:
            if path not in self._not_tidied:
                self._not_tidied.add(path)
                log.warning("log.not_tidied", extra={"file": str(path), "error": error})
        return done

    async def _in_thread(self, work: Callable[[Callable[[], bool]], Result]) -> Result:
        """Run *work* in a thread. Its argument returns true after a timeout or a cancellation."""
        is_cancelled = threading.Event()
        async with self._turns:
            is_late = search.deadline()
            try:
                return await asyncio.to_thread(work, lambda: is_cancelled.is_set() or is_late())
            finally:
                is_cancelled.set()


def position_of(line_id: str) -> Position:
    """The position of the line with this ID. Raises BadUserInput."""
    match = _ID.fullmatch(line_id)
    if match is None:
        raise BadUserInput(f"filter.upToId: {line_id[:40]!r} is not the ID of a log line.")
    return match[1], int(match[2])


def _checked(wanted: LogFilter) -> LogFilter:
    for name in ("since", "until"):
        instant = getattr(wanted, name)
        if instant is not None and instant.tzinfo is None:
            raise BadUserInput(
                f"filter.{name}: {instant.isoformat()} has no time zone. Add one, such as Z."
            )
    if wanted.since is not None and wanted.until is not None and wanted.since >= wanted.until:
        raise BadUserInput(
            f"filter.since ({wanted.since.isoformat()}) must be before filter.until"
            f" ({wanted.until.isoformat()})."
        )
    if wanted.up_to_id is not None:
        position_of(wanted.up_to_id)
    return wanted
