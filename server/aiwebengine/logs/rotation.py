"""The log file: several processes write to it; rotated at the end of each period."""

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

# How long a file that can't be written is left alone; every line would cost a failing call.
RETRY_SECS = 1.0
# How long a file that was found in its place is written to without looking again. Nor is it, so
# long before the end of its period: a process that the machine holds up between looking and writing
# must not write into a file that is being compressed.
SURE_SECS = 0.5

_DAY = 86_400
# The first Monday after 1970-01-01, which was a Thursday.
_MONDAY = 4 * _DAY


@dataclass(frozen=True)
class Period:
    """How long a file is written to: seconds, counted in UTC from *begins* on.

    *suffix* names the beginning of a file's period, for `time.strftime`.
    """

    secs: int
    suffix: str
    begins: int = 0

    def end_after(self, instant: float) -> int:
        """The end of the period that *instant* (seconds since 1970) lies in."""
        return int((instant - self.begins) // self.secs + 1) * self.secs + self.begins


PERIODS = {
    "hourly": Period(3_600, "%Y-%m-%d_%H"),
    "daily": Period(_DAY, "%Y-%m-%d"),
    "weekly": Period(7 * _DAY, "%Y-%m-%d", begins=_MONDAY),
}
"""By the words of the setting `logging.rotation`. A test may put a shorter one in its place."""


class RotatingFile(logging.Handler):
    """Appends lines to *path*; a file of its own for each period.

    A file that can't be written (no directory, no right, no room) never stops the program: that
    is told once on the other handlers, and once more when it works again, with the number of
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
        """Write one line, or count it as lost."""
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
            # Whatever lies in the place of the file or of its lock: a request must not fail by it.
            self._fail(error)
        else:
            self._work()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
        super().close()

    def _opened(self) -> _File:
        if self._file is None:
            # The library's lock is `.__NAME.lock`, ours `.NAME.log.tidying`.
            ours = (self._path.name, f".__{self._path.stem}", f".{self._path.name}")
            make_folder(self._path.parent, GROUP_FOLDER, ours=ours)
            self._file = _File(self._path, self._period)
        return self._file

    def _fail(self, error: Exception) -> None:
        is_new = self._lost == 0
        self._lost += 1
        self._retry_at = time.monotonic() + RETRY_SECS
        if self._file is not None:
            self._file.close()
            self._file = None
        if is_new:
            # Comes back here, is counted as lost, and goes out by the other handlers.
            log.error(
                "log.file_failed",
                extra={"file": str(self._path), "error": getattr(error, "strerror", str(error))},
            )

    def _work(self) -> None:
        lost, self._lost = self._lost, 0
        if lost:
            log.warning("log.file_works_again", extra={"file": str(self._path), "lost": lost})


class _File(ConcurrentTimedRotatingFileHandler):
    """The library's lock and rotation, with periods that begin on the hour, and whole lines.

    Compression is not done here: it would hold the lock, and with it every process, for as long
    as a day's file takes.
    """

    def __init__(self, path: Path, period: Period) -> None:
        self._period = period
        self._sure_from = self._sure_until = 0.0
        super().__init__(path, when="S", interval=period.secs, utc=True, chmod=0o640)

    def append(self, line: bytes) -> None:
        """Write a whole line or nothing. Raises OSError, RuntimeError for the lock."""
        now, stream = time.time(), self.clh.stream
        if self._sure_from <= now < self._sure_until and stream is not None:
            # The kernel keeps appended lines apart; the lock is for putting the file aside.
            _write_whole(stream.fileno(), line)
            return
        self.clh._do_lock()
        try:
            # Another process may have put the file aside since.
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
        # Asked only now, not for each line: another process may have done it.
        self.read_rollover_time()
        if self.rolloverAt <= time.time():
            with suppress(OSError):
                # If it can't be put aside it is written to, and tried again with the next line.
                self.doRollover()

    def finalize_handler_configuration(self) -> None:
        """Name files by the beginning of their period."""
        self.suffix = self._period.suffix

    def computeRollover(self, currentTime: int) -> int:
        """The end of the period, not some time after the start of this process."""
        return self._period.end_after(currentTime)

    def read_rollover_time(self) -> None:
        """What the processes have agreed on, unless the periods have become shorter since."""
        super().read_rollover_time()
        self.rolloverAt = min(self.rolloverAt, self.computeRollover(self._get_current_time()))


def _write_whole(file: int, line: bytes) -> None:
    written = os.write(file, line)
    if written < len(line):
        # A full disk takes half a line, and the next one would be glued to it.
        end = os.lseek(file, 0, os.SEEK_CUR)
        if os.fstat(file).st_size == end:
            os.ftruncate(file, end - written)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
