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
from aiwebengine.logs.search import Page, Position, Wanted
from aiwebengine.logs.types import LogEntry, LogFilter

log = logging.getLogger(__name__)

# Reading takes a processor; who answers requests needs one, too.
SEARCHES_AT_ONCE = 2
EXPORT_PAGE = 1_000

_ID = re.compile(r"([0-9a-f]{16})-(\d{1,15})")

Result = TypeVar("Result")


class Logs:
    """Finds lines in this machine's log files, and keeps these in order."""

    def __init__(self, config: Logging, viewers: ViewerSource) -> None:
        self._config = config
        self._viewers = viewers
        self._turns = asyncio.Semaphore(SEARCHES_AT_ONCE)
        self._not_tidied: set[Path] = set()

    @property
    def path(self) -> Path:
        """The file that is being written. Raises Conflict when none is."""
        if self._config.file is None:
            raise Conflict("This engine writes no log file because `logging.file` is empty.")
        return self._config.file

    def ready(self, viewer: Viewer, wanted: LogFilter) -> Wanted:
        """The filter, checked. Raises Unauthenticated, Forbidden, BadUserInput, Conflict."""
        viewer.must_be(Role.ADMINISTRATOR)
        return Wanted(_checked(wanted))

    async def page(
        self, viewer: Viewer, wanted: LogFilter, after: Position | None, first: int
    ) -> Page:
        """The newest lines first; one more than *first* when another page follows.

        A search that takes too long is cut short, and says so by `Page.back_to`. Raises
        Unauthenticated, Forbidden, BadUserInput, NotFound for a line that is gone, Conflict.
        """
        ready, path = self.ready(viewer, wanted), self.path
        start = after

        def find(is_over: Callable[[], bool]) -> Page:
            begin = start
            if begin is None and wanted.up_to_id is not None:
                begin = search.behind(path, position_of(wanted.up_to_id))
                if begin is None:
                    raise NotFound(
                        "The line is no longer in the log, because its file was removed."
                    )
            return search.newest(path, ready, first + 1, start=begin, is_over=is_over)

        return await self._beside(find)

    async def count(self, viewer: Viewer, wanted: LogFilter) -> int | None:
        """How many lines the filter lets through; None when that takes too long.

        Raises as `page` does.
        """
        ready, path = self.ready(viewer, wanted), self.path
        return await self._beside(lambda is_over: search.count(path, ready, is_over=is_over))

    async def lines(self, viewer: Viewer, wanted: LogFilter) -> AsyncIterator[list[LogEntry]]:
        """Every line that the filter lets through, newest first, a page at a time.

        At least one page, which may be empty. Raises as `page` does, also in the middle, when
        the right to read is lost.
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
        """Compress what was put aside, remove what is older than `logging.retention_days`.

        A file that resists is logged once.
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

    async def _beside(self, work: Callable[[Callable[[], bool]], Result]) -> Result:
        """Do this in a thread, for 10 s at most, and no longer than somebody waits for it."""
        nobody_waits = threading.Event()
        async with self._turns:
            is_late = search.deadline()
            try:
                return await asyncio.to_thread(work, lambda: nobody_waits.is_set() or is_late())
            finally:
                nobody_waits.set()


def position_of(line_id: str) -> Position:
    """Where a line lies. Raises BadUserInput."""
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
