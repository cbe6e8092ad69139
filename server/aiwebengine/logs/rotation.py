"""The log file, which several processes write and which is rotated at the end of each period."""

from __future__ import annotations

import errno
import logging
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from concurrent_log_handler import ConcurrentTimedRotatingFileHandler

from aiwebengine.core.private_files import GROUP_FOLDER, make_folder

log = logging.getLogger(__name__)

# After a failed write, lines are dropped for this long, because each attempt takes time.
RETRY_SECS = 1.0
# After a check that the file is the current one, it is written without another check for this long,
# but not in the last SURE_SECS of its period: a process that is suspended between check and write
# must not write to a file that is being compressed.
SURE_SECS = 0.5

_DAY = 86_400
# The first Monday after 1970-01-01, which was a Thursday.
_MONDAY = 4 * _DAY


@dataclass(frozen=True)
class Period:
    """The period of one file: *secs* seconds long, starting at *begins* (UTC) plus any multiple.

    *suffix* is the `time.strftime` format of the start of a period, for the name of its file.
    """

    secs: int
    suffix: str
    begins: int = 0

    def end_after(self, instant: float) -> int:
        """The end of the period that contains *instant*, in seconds since 1970."""
        return int((instant - self.begins) // self.secs + 1) * self.secs + self.begins


PERIODS = {
    "hourly": Period(3_600, "%Y-%m-%d_%H"),
    "daily": Period(_DAY, "%Y-%m-%d"),
    "weekly": Period(7 * _DAY, "%Y-%m-%d", begins=_MONDAY),
}
"""The periods by the value of the setting `logging.rotation`. Tests may replace one."""


class RotatingFile(logging.Handler):
    """Appends lines to *path*, with a new file for each period.

    If the file can't be written (no directory, no permission, full disk), the program continues.
    The other handlers log this once, and once more when writing works again, with the number of
    lines that are missing in the file.
    """

    def __init__(self, path: Path, period: Period) -> None:
        super().__init__()
        self._path = path
        self._period = period
        self._file: _File | None = None
        self._retry_at = 0.0
        self._lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line. If that fails, count it as lost."""
        if self._lost and time.monotonic() < self._retry_at:
            self._lost += 1
            return
        try:
            line = self.format(record).encode("utf-8", "replace") + b"\n"
        except Exception:
            self.handleError(record)
            return
        try:
            self._opened().append(line)
        except Exception as error:
            # Any exception, because a request must not fail because of the log file or its lock.
            self._failed(error)
        else:
            self._succeeded()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
        super().close()

    def _opened(self) -> _File:
        if self._file is None:
            # The library's lock file is `.__NAME.lock`, the one of `keeping` `.NAME.log.tidying`.
            ours = (self._path.name, f".__{self._path.stem}", f".{self._path.name}")
            make_folder(self._path.parent, GROUP_FOLDER, ours=ours)
            self._file = _File(self._path, self._period)
        return self._file

    def _failed(self, error: Exception) -> None:
        is_new = self._lost == 0
        self._lost += 1
        self._retry_at = time.monotonic() + RETRY_SECS
        if self._file is not None:
            self._file.close()
            self._file = None
        if is_new:
            # This handler gets the line as well and counts it as lost; the others write it.
            log.error(
                "log.file_failed",
                extra={"file": str(self._path), "error": getattr(error, "strerror", str(error))},
            )

    def _succeeded(self) -> None:
        lost, self._lost = self._lost, 0
        if lost:
            log.warning("log.file_works_again", extra={"file": str(self._path), "lost": lost})


class _File(ConcurrentTimedRotatingFileHandler):
    """The library's lock and rotation, but with fixed periods and complete lines.

    It does not compress, because that would hold the lock, and so block all processes, for as long
    as it takes to compress the file of a day.
    """

    def __init__(self, path: Path, period: Period) -> None:
        self._period = period
        self._sure_from = self._sure_until = 0.0
        super().__init__(path, when="S", interval=period.secs, utc=True, chmod=0o640)

    def append(self, line: bytes) -> None:
        """Write a complete line or nothing. Raises OSError, RuntimeError for the lock."""
        now, stream = time.time(), self.clh.stream
        if self._sure_from <= now < self._sure_until and stream is not None:
            # The kernel does not interleave appended lines; only the rotation needs the lock.
            _write_whole(stream.fileno(), line)
            return
        self.clh._do_lock()
        try:
            # Another process may have rotated the file.
            self.clh._check_stream()
            self._rotate_when_due()
            if self.clh.stream is None:
                self.clh.stream = self.clh.do_open()
            _write_whole(self.clh.stream.fileno(), line)
        finally:
            self.clh._do_unlock()
        self._sure_from = now
        self._sure_until = min(now + SURE_SECS, self.rolloverAt - SURE_SECS)

    def _rotate_when_due(self) -> None:
        if self.rolloverAt > time.time():
            return
        # Read only now, not for each line: another process may have rotated the file.
        self.read_rollover_time()
        if self.rolloverAt <= time.time():
            with suppress(OSError):
                # If the rotation fails, write to the old file and retry with the next line.
                self.doRollover()

    def finalize_handler_configuration(self) -> None:
        """Name files by the start of their period."""
        self.suffix = self._period.suffix

    def computeRollover(self, currentTime: int) -> int:
        """The end of the current period, independent of the start time of this process."""
        return self._period.end_after(currentTime)

    def read_rollover_time(self) -> None:
        """Read the shared time of the next rotation; use an earlier one if periods got shorter."""
        super().read_rollover_time()
        self.rolloverAt = min(self.rolloverAt, self.computeRollover(self._get_current_time()))


def _write_whole(file: int, line: bytes) -> None:
    written = os.write(file, line)
    if written < len(line):
        # A full disk accepts a part of the line. Remove it, or the next line would follow it.
        end = os.lseek(file, 0, os.SEEK_CUR)
        if os.fstat(file).st_size == end:
            os.ftruncate(file, end - written)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
