"""Log lines: an event's name and its fields, for people or for machines."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from aiwebengine.config import Logging

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure_logging(config: Logging) -> None:
    """Send the log lines of the program and its libraries to standard error."""
    as_json = config.format == "json"
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _fields,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([structlog.processors.format_exc_info] if as_json else []),
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(config.level.upper())
    # They tell what we tell, again, in prose.
    for chatty in ("uvicorn", "asyncio", "databases", "yoyo"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _fields(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The `extra` of a log call, as fields of the line."""
    record: logging.LogRecord = event["_record"]
    extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    return {**event, **{name: value for name, value in extra.items() if not name.startswith("_")}}
