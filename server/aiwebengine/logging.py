"""Log lines: an event's name and its fields, for people or for machines."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

from aiwebengine.config import Logging
from aiwebengine.logs.redaction import redacted
from aiwebengine.logs.rotation import PERIODS, RotatingFile
from aiwebengine.notes import current_notes

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Readers find the instant of a line at a fixed place, without decoding it.
_FIRST = ("timestamp", "level", "event", "logger", "request_id")

EventDict = structlog.typing.EventDict


def configure_logging(config: Logging) -> None:
    """Send the log lines of the program and its libraries to standard error and to the file.

    Each process does this for itself; all of them may write to the same file. The file holds
    JSON whatever the console shows, since that is what can be searched.
    """
    root = logging.getLogger()
    for handler in root.handlers:
        handler.close()
    console = logging.StreamHandler(sys.stderr)
    console.setFormatter(_formatter(_json if _is_for_machines(config) else _pretty()))
    root.handlers = [console]
    if config.file is not None:
        file = RotatingFile(config.file, PERIODS[config.rotation])
        file.setFormatter(_formatter(_json))
        root.handlers.append(file)
    root.setLevel(config.level.upper())
    # They tell what we tell, again, in prose.
    for chatty in ("uvicorn", "asyncio", "databases", "yoyo", "httpx2", "httpcore2"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # Between two tries its pool warns with a traceback of what the health check tells in words.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)


def _is_for_machines(config: Logging) -> bool:
    """Unless somebody chose: people sit at a terminal; systemd, Docker and pipes are machines."""
    return config.format == "json" or (config.format is None and not sys.stderr.isatty())


def _formatter(renderer: Any) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            _timestamp,
            _fields,
            _request,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _without_secrets,
            renderer,
        ],
    )


def _timestamp(_: Any, __: str, event: EventDict) -> EventDict:
    """When the line was made, in UTC, always with microseconds."""
    at = datetime.fromtimestamp(event["_record"].created, UTC)
    event["timestamp"] = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return event


def _fields(_: Any, __: str, event: EventDict) -> EventDict:
    """The `extra` of a log call, as fields of the line."""
    record: logging.LogRecord = event["_record"]
    extra = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    told = {
        name: value
        for name, value in extra.items()
        if value is not None and not name.startswith("_")
    }
    return {**event, **told}


def _request(_: Any, __: str, event: EventDict) -> EventDict:
    """The id of the request that is being answered, on every line that comes of it."""
    notes = current_notes()
    if notes is not None and notes.request_id is not None:
        event.setdefault("request_id", notes.request_id)
    return event


def _without_secrets(_: Any, __: str, event: EventDict) -> EventDict:
    return {name: redacted(value, name) for name, value in event.items()}


def _json(_: Any, __: str, event: EventDict) -> str:
    ordered = {name: event[name] for name in _FIRST if name in event}
    return orjson.dumps({**ordered, **event}).decode()


def _pretty() -> Any:
    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
