"""Heads of frames as objects. What a program wrote may be anything."""

from __future__ import annotations

from typing import Any

import orjson

from aiwebengine.runtimes.types import (
    Failed,
    GroupStatus,
    Loaded,
    LogLine,
    Lost,
    ProcessStatus,
    Reason,
    Status,
)

LEVELS = frozenset({"debug", "info", "warn", "error"})


def failed(head: memoryview) -> Failed:
    """The exception of FAILED or NOT_READY."""
    found = _object(head)
    return Failed(
        _text(found.get("message")) or "The program failed without a message.",
        _text(found.get("file")),
        _number(found.get("line")),
        _number(found.get("column")),
        _text(found.get("stack")) or "",
    )


def lost(head: memoryview) -> Lost:
    """The exception of LOST, which the supervisor wrote."""
    found = orjson.loads(head)
    return Lost(Reason(found["reason"]), found["message"], found["ended_processes"])


def loaded(head: memoryview) -> Loaded:
    """The content of READY."""
    found = _object(head)
    return Loaded(_objects(found.get("registrations")), _objects(found.get("warnings")))


def log_line(call: int, head: memoryview) -> LogLine:
    """The content of LOG."""
    found = _object(head)
    level = found.get("level")
    return LogLine(
        call,
        level if level in LEVELS else "info",
        _text(found.get("text")) or "",
        _text(found.get("file")),
        _number(found.get("line")),
        _number(found.get("column")),
    )


def status(head: memoryview) -> Status:
    """The content of STATUS, which the supervisor wrote."""
    found = orjson.loads(head)
    return Status(
        found["problem"],
        [ProcessStatus(**process) for process in found["processes"]],
        [GroupStatus(**group) for group in found["groups"]],
    )


def question(head: memoryview) -> tuple[str, list[Any]]:
    """The content of ASK: its operation and arguments."""
    found = _object(head)
    arguments = found.get("arguments")
    return _text(found.get("operation")) or "", arguments if isinstance(arguments, list) else []


def _object(head: memoryview) -> dict[str, Any]:
    try:
        found = orjson.loads(head)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value < 1 << 32 else None
