"""What becomes of the calls of scripts: log lines, numbers, and suspension after crashes."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID

from aiwebengine.core.background import end
from aiwebengine.core.errors import Unavailable
from aiwebengine.runtimes.types import LogLine, Lost
from aiwebengine.script_calls.activity import ActivityCounter
from aiwebengine.script_calls.types import ScriptRef, ServedScript
from aiwebengine.scripts.log_types import LogLevel, NewLogLine

log = logging.getLogger(__name__)

# Lines that wait to be stored. A script that writes faster than the database stores loses some.
MOST_WAITING = 10_000
LINES_AT_ONCE = 1_000
FLUSH_EVERY_SECS = 0.2
LONGEST_TEXT = 16_000
LONGEST_NAME = 500
# So many processes ended for their own fault within five minutes suspend a script.
MOST_ENDED = 3

Append = Callable[[Sequence[NewLogLine]], Awaitable[None]]
Answered = Callable[[str, int, float], None]
Suspend = Callable[[UUID, str], Awaitable[bool]]

_LEVELS = {level.value: level for level in LogLevel}


class Journal(Protocol):
    """What is reported of a call while it is answered."""

    def line(
        self, script: ServedScript, request_id: str, route: str, line: LogLine
    ) -> NewLogLine | None:
        """Note a line that a script wrote; as it is stored, or None if it is left out."""

    def answered(self, script: ServedScript, status: int, seconds: float) -> None:
        """Count a call."""

    def lost(self, script: ServedScript, error: Lost) -> None:
        """Note that the call was ended from outside the script."""


class CallJournal:
    """Stores the log lines of this worker's calls in batches, and counts the calls.

    *append* stores lines and raises Unavailable. *answered* counts a call by slug, status and
    seconds, *activity* by script and hour. *suspend* suspends a script, for a reason, until
    somebody resumes it.
    """

    def __init__(
        self, append: Append, answered: Answered, activity: ActivityCounter, suspend: Suspend
    ) -> None:
        self._append = append
        self._answered = answered
        self._activity = activity
        self._suspend = suspend
        self._waiting: list[NewLogLine] = []
        # Two at the same time would store the same lines.
        self._flushing = asyncio.Lock()
        self._left_out: Counter[UUID] = Counter()
        self._suspensions: dict[UUID, asyncio.Task[None]] = {}

    def line(
        self, script: ServedScript | ScriptRef, request_id: str, route: str, line: LogLine
    ) -> NewLogLine | None:
        """Note a line that a script wrote. What it says of itself is cut to size."""
        if len(self._waiting) >= MOST_WAITING:
            self._left_out[script.id] += 1
            return None
        kept = NewLogLine(
            script_id=script.id,
            version=script.version,
            at=datetime.now(UTC),
            level=_LEVELS.get(line.level, LogLevel.INFO),
            text=_clean(line.text, LONGEST_TEXT) or "",
            request_id=request_id or None,
            route=_clean(route, LONGEST_NAME),
            file=_clean(line.file, LONGEST_NAME),
            line=_number(line.line),
            column=_number(line.column),
        )
        self._waiting.append(kept)
        return kept

    def answered(self, script: ServedScript, status: int, seconds: float) -> None:
        """Count a call."""
        self._answered(script.slug, status, seconds)
        self._activity.note(script.id, status)

    def lost(self, script: ServedScript, error: Lost) -> None:
        """Suspend a script whose processes keep ending for their own fault."""
        if error.ended_processes < MOST_ENDED or script.id in self._suspensions:
            return
        reason = f"{error.ended_processes} processes ended within five minutes: {error.message}"
        task = asyncio.create_task(self._suspended(script, reason))
        self._suspensions[script.id] = task
        task.add_done_callback(lambda _: self._suspensions.pop(script.id, None))

    async def flush(self) -> None:
        """Store the lines that wait. Raises Unavailable; then they wait on."""
        async with self._flushing:
            while self._waiting:
                batch = self._waiting[:LINES_AT_ONCE]
                await self._append(batch)
                del self._waiting[: len(batch)]
            self._report_left_out()

    async def run(self) -> None:
        """Store lines until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_EVERY_SECS)
            try:
                await self.flush()
            except Unavailable:
                log.debug("script_log.postponed")
            except Exception:
                # A line that can't be stored must not hold up the others for ever.
                del self._waiting[:LINES_AT_ONCE]
                log.exception("script_log.bug")

    async def stop(self) -> None:
        """Store what waits, if the database answers."""
        await end(*self._suspensions.values())
        try:
            await self.flush()
        except Unavailable:
            log.warning("script_log.lost", extra={"lines": len(self._waiting)})

    async def _suspended(self, script: ServedScript, reason: str) -> None:
        try:
            await self._suspend(script.id, reason)
        except Unavailable:
            # The next process that ends tries again.
            log.warning("script.not_suspended", extra={"script": script.slug})
        except Exception:
            log.exception("script.suspend_bug")

    def _report_left_out(self) -> None:
        left_out, self._left_out = self._left_out, Counter()
        for script_id, number in left_out.items():
            log.warning("script_log.left_out", extra={"script_id": str(script_id), "lines": number})


def _clean(text: str | None, most: int) -> str | None:
    """A text that PostgreSQL can store, of at most *most* characters."""
    if text is None:
        return None
    text = str(text).replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _number(value: object) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 < value < 2**31 else None  # type: ignore[operator, return-value]
