"""Logs events with fields, for lines that every request writes."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

# What no line of the engine contains: file, thread, process. For handlers that ask for it.
_UNKNOWN = vars(logging.makeLogRecord({}))


class FieldRecord(logging.LogRecord):
    """A record whose fields are one mapping.

    Python's own record looks up file, thread and process, and copies each field into its
    attributes. That takes longer than writing the line.
    """

    def __init__(
        self,
        name: str,
        level: int,
        event: str,
        fields: Mapping[str, object],
        error: BaseException | None,
    ) -> None:
        # Instead of the constructor of LogRecord: see the class.
        vars(self).update(_UNKNOWN)
        self.name, self.levelno, self.levelname = name, level, logging.getLevelName(level)
        self.msg, self.fields = event, fields
        self.exc_info = None if error is None else (type(error), error, error.__traceback__)
        self.created = time.time()
        self.msecs = self.created % 1 * 1_000


class FieldLogger:
    """Writes events with many fields to *logger*."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def log(
        self,
        level: int,
        event: str,
        *,
        extra: Mapping[str, object],
        exc_info: BaseException | None = None,
    ) -> None:
        """Log an event with the fields *extra*; those that are None are left out."""
        logger = self._logger
        if logger.isEnabledFor(level):
            logger.handle(FieldRecord(logger.name, level, event, extra, exc_info))
