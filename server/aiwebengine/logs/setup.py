"""Log handlers and their formats: text for people at a terminal, JSON for programs."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from aiwebengine.core.config import Logging
from aiwebengine.core.field_log import FieldRecord
from aiwebengine.core.request_record import current_request_id
from aiwebengine.core.untrusted_text import on_one_line
from aiwebengine.logs.redaction import redacted, redacted_line
from aiwebengine.logs.rotation import PERIODS, RotatingFile

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_TRACEBACKS = logging.Formatter()


def configure_logging(config: Logging) -> None:
    """Log to standard error and to the file; also for libraries.

    Every process calls this, and all may write to the same file. The file always contains JSON,
    because log searches need it.
    """
    root = logging.getLogger()
    for handler in root.handlers:
        handler.close()
    console = logging.StreamHandler(sys.stderr)
    lines = _Lines()
    console.setFormatter(lines if _is_for_machines(config) else _Console())
    root.handlers = [console]
    if config.file is not None:
        file = RotatingFile(config.file, PERIODS[config.rotation])
        file.setFormatter(lines)
        root.handlers.append(file)
    root.setLevel(config.level.upper())
    # No line contains these, so do not look them up for each record.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # The same for the position in the source code, which takes a walk through the stack.
    logging._srcfile = None
    # These libraries log what the engine logs itself.
    for chatty in ("uvicorn", "asyncio", "databases", "yoyo", "httpx2", "httpcore2"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _is_for_machines(config: Logging) -> bool:
    """Whether the console gets JSON: if configured, or by default if it is not a terminal."""
    return config.format == "json" or (config.format is None and not sys.stderr.isatty())


class _Lines(logging.Formatter):
    """Each record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, which is formatted once for all handlers."""
        known = vars(record)
        line: str | None = known.get("_line")
        if line is None:
            line = known["_line"] = redacted_line(_event(record))
        return line


class _Console(logging.Formatter):
    """Each record as text: time, level, event and logger, then the fields by name."""

    def __init__(self) -> None:
        super().__init__()
        self._colours = _COLOURS if sys.stderr.isatty() else {}

    def format(self, record: logging.LogRecord) -> str:
        """The line, followed by the lines of a stack trace."""
        fields = {name: redacted(value, name) for name, value in _event(record).items()}
        traces = [_indented(fields.pop(name)) for name in _TRACES if name in fields]
        level = str(fields.pop("level"))
        parts = [
            self._in("timestamp", on_one_line(str(fields.pop("timestamp")))),
            f"[{self._in(level, f'{level:<9}')}]",
            self._in("event", f"{on_one_line(str(fields.pop('event'))):<30}"),
            f"[{self._in('logger', on_one_line(str(fields.pop('logger'))))}]",
            *(
                f"{self._in('name', name)}={self._in('value', _shown(fields[name]))}"
                for name in sorted(fields)
            ),
        ]
        return "\n".join([" ".join(parts), *traces])

    def _in(self, kind: str, text: str) -> str:
        """The text in the colour of its kind."""
        colour = self._colours.get(kind)
        return text if colour is None else f"\x1b[{colour}m{text}\x1b[0m"


# Select Graphic Rendition (ECMA-48).
_COLOURS = {
    "timestamp": "2",
    "debug": "1;32",
    "info": "1;32",
    "warning": "1;33",
    "error": "1;31",
    "critical": "1;31",
    "event": "1",
    "logger": "1;34",
    "name": "36",
    "value": "35",
}
_TRACES = ("exception", "stack_info")
_NEEDS_QUOTES = re.compile(r"[\s='\"\\]")


def _shown(value: object) -> str:
    """A field's value on one line; ambiguous text is quoted."""
    if not isinstance(value, str):
        return on_one_line(repr(value))
    shown = on_one_line(value)
    if shown != value:
        # `repr` would escape the escapes of `on_one_line`.
        return f"'{shown}'"
    return repr(value) if _NEEDS_QUOTES.search(value) else value


def _indented(trace: object) -> str:
    """The lines of a stack trace, indented."""
    return "\n".join(f"    {on_one_line(line)}" for line in str(trace).split("\n"))


def _event(record: logging.LogRecord) -> dict[str, object]:
    """The fields of a line before redaction: also `extra` of the log call, and the request ID.

    The timestamp is first, so that `logs.lines` finds it without parsing.
    """
    second, microseconds = divmod(round(record.created * 1_000_000), 1_000_000)
    fields: dict[str, object] = {
        "timestamp": f"{_second(second)}.{microseconds:06}Z",
        "level": record.levelname.lower(),
        "event": record.getMessage(),
        "logger": record.name,
    }
    request_id = current_request_id()
    if request_id is not None:
        fields["request_id"] = request_id
    for name, value in _extra(record).items():
        if value is not None:
            fields[name] = value
    if record.exc_info:
        fields["exception"] = _TRACEBACKS.formatException(record.exc_info)
    if record.stack_info:
        fields["stack_info"] = record.stack_info
    return fields


def _extra(record: logging.LogRecord) -> Mapping[str, object]:
    """The fields of the log call."""
    if isinstance(record, FieldRecord):
        return record.fields
    return {
        name: value
        for name, value in vars(record).items()
        if name not in _STANDARD and not name.startswith("_")
    }


@lru_cache(4)
def _second(since_1970: int) -> str:
    """The second in UTC (ISO 8601). Cached, because successive lines have the same second."""
    return datetime.fromtimestamp(since_1970, UTC).strftime("%Y-%m-%dT%H:%M:%S")
