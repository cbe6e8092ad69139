"""Log handlers and formats: for people at a terminal, or JSON for machines."""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime
from functools import lru_cache

from aiwebengine.core.config import Logging
from aiwebengine.core.request_record import current_request_id
from aiwebengine.core.untrusted_text import on_one_line
from aiwebengine.logs.redaction import redacted, redacted_line
from aiwebengine.logs.rotation import PERIODS, RotatingFile

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_TRACEBACKS = logging.Formatter()


def configure_logging(config: Logging) -> None:
    """Send the log lines of the program and its libraries to standard error and to the file.

    Each process does this for itself; all of them may write to the same file. The file holds
    JSON whatever the console shows, since that is what can be searched.
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
    # Looked up for every record otherwise, and no line tells them.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # Nor the place in our code, for which every record would walk through the stack.
    logging._srcfile = None
    # They tell what we tell, again, in prose.
    for chatty in ("uvicorn", "asyncio", "databases", "yoyo", "httpx2", "httpcore2"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _is_for_machines(config: Logging) -> bool:
    """Unless somebody chose: people sit at a terminal; systemd, Docker and pipes are machines."""
    return config.format == "json" or (config.format is None and not sys.stderr.isatty())


class _Lines(logging.Formatter):
    """Each record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, worked out once for all handlers."""
        known = vars(record)
        line: str | None = known.get("_line")
        if line is None:
            line = known["_line"] = redacted_line(_event(record))
        return line


class _Console(logging.Formatter):
    """Each record for people: instant, level, event and logger, then the fields by name."""

    def __init__(self) -> None:
        super().__init__()
        self._colours = _COLOURS if sys.stderr.isatty() else {}

    def format(self, record: logging.LogRecord) -> str:
        """The line, or several with a traceback."""
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
    """A field's value on one line; text that could be mistaken for more is quoted."""
    if not isinstance(value, str):
        return on_one_line(repr(value))
    shown = on_one_line(value)
    if shown != value:
        # It has escapes already; `repr` would escape those.
        return f"'{shown}'"
    return repr(value) if _NEEDS_QUOTES.search(value) else value


def _indented(trace: object) -> str:
    """A traceback keeps its lines, indented below the event."""
    return "\n".join(f"    {on_one_line(line)}" for line in str(trace).split("\n"))


def _event(record: logging.LogRecord) -> dict[str, object]:
    """What a line tells but for redaction; its instant stands first.

    Readers find that without decoding. The `extra` of the log call are fields of the line, and so
    is, on every line that comes of a request, its id.
    """
    second, microseconds = divmod(round(record.created * 1_000_000), 1_000_000)
    told: dict[str, object] = {
        "timestamp": f"{_second(second)}.{microseconds:06}Z",
        "level": record.levelname.lower(),
        "event": record.getMessage(),
        "logger": record.name,
    }
    request_id = current_request_id()
    if request_id is not None:
        told["request_id"] = request_id
    for name, value in vars(record).items():
        if name not in _STANDARD and value is not None and not name.startswith("_"):
            told[name] = value
    if record.exc_info:
        told["exception"] = _TRACEBACKS.formatException(record.exc_info)
    if record.stack_info:
        told["stack_info"] = record.stack_info
    return told


@lru_cache(4)
def _second(since_1970: int) -> str:
    """The second in UTC (ISO 8601); most lines share it with the one before."""
    return datetime.fromtimestamp(since_1970, UTC).strftime("%Y-%m-%dT%H:%M:%S")
