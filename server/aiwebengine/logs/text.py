"""Formats a log entry as text."""

from __future__ import annotations

from aiwebengine.core.untrusted_text import on_one_line
from aiwebengine.logs.types import LogEntry

_SHOWN_FIRST = ("method", "path", "status", "ms", "request_id", "user_id")


def as_text(entry: LogEntry) -> str:
    """Time, level, event, and the fields as `name=value`; a stack trace follows on more lines."""
    fields = {name: getattr(entry, name) for name in _SHOWN_FIRST}
    fields |= dict(entry.fields)  # type: ignore[call-overload]
    trace = fields.pop("exception", None)
    texts = [f"{name}={_shown(value)}" for name, value in fields.items() if value is not None]
    line = " ".join(
        [entry.at.isoformat(), f"{entry.level.value:8}", on_one_line(entry.event), *texts]
    )
    if trace is None:
        return line
    return "\n".join([line, *(f"    {on_one_line(part)}" for part in str(trace).split("\n"))])


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(_shown, value))
    text = on_one_line(str(value))
    return f'"{text}"' if " " in text or not text else text
