"""Responses to visitors of a script that does not answer."""

from __future__ import annotations

from aiwebengine.core.errors import EngineError
from aiwebengine.runtimes.types import Failed, LogLine, Lost, Reason


class ScriptFailed(EngineError):
    """The script threw an exception, or its answer can't be sent."""

    code = "SCRIPT_FAILED"


class ScriptCrashed(EngineError):
    """The script's process ended (RFC 9110 section 15.6.3)."""

    code = "SCRIPT_CRASHED"
    status = 502


class ScriptUnavailable(EngineError):
    """The script is suspended or has too many requests waiting (RFC 9110 section 15.6.4)."""

    code = "SCRIPT_UNAVAILABLE"
    status = 503


class ScriptTimedOut(EngineError):
    """The script took too long (RFC 9110 section 15.6.5)."""

    code = "SCRIPT_TIMED_OUT"
    status = 504


class MethodNotAllowed(EngineError):
    """The path has no route for the method (RFC 9110 section 15.5.6)."""

    code = "BAD_USER_INPUT"
    status = 405


def error_of(lost: Lost) -> EngineError:
    """The error for a call that was ended from outside the script."""
    if lost.reason is Reason.TIMEOUT:
        return ScriptTimedOut("The script took too long.")
    if lost.reason in (Reason.CRASHED, Reason.MEMORY):
        return ScriptCrashed("The script's process ended.")
    if lost.reason is Reason.ANSWER_TOO_LARGE:
        return ScriptFailed("The script's answer is too large.")
    if lost.reason is Reason.BUSY:
        return ScriptUnavailable("The script has too many requests waiting.")
    return ScriptUnavailable("Scripts can't run at the moment.")


def failure_line(error: Failed) -> LogLine:
    """The line of the log about an exception of a script."""
    text = error.stack if error.message in error.stack else f"{error.message}\n{error.stack}"
    return LogLine(0, "error", text.strip(), error.file, error.line, error.column)
