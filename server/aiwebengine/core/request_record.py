"""The record of a request: data for its line in the log."""

from __future__ import annotations

from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field

from aiwebengine.core.errors import EngineError

# The client chooses the name of an operation, so it is cut for the log.
LONGEST_NAME = 200


@dataclass
class RequestRecord:
    """Names, numbers and errors of one request, shared by the tasks that it starts."""

    request_id: str | None = None
    operation: str | None = None
    kind: str | None = None
    codes: list[str] = field(default_factory=list)
    error: str | None = None
    bug: BaseException | None = None
    bug_field: str | None = None
    db_queries: int = 0
    db_secs: float = 0.0


_current: ContextVar[RequestRecord | None] = ContextVar("request_record", default=None)


def begin_request_record(request_id: str | None) -> RequestRecord:
    """Start a record for this task and the tasks that it starts from now on."""
    record = RequestRecord(request_id)
    _current.set(record)
    return record


def of_no_request() -> Context:
    """A context without a record, for work that is shared by many requests."""
    context = copy_context()
    context.run(_current.set, None)
    return context


def current_request_id() -> str | None:
    """The ID of the current request; None outside of a request."""
    record = _current.get()
    return None if record is None else record.request_id


def note_operation(name: str, kind: str) -> None:
    """Record the GraphQL operation of the request."""
    record = _current.get()
    if record is not None:
        record.operation, record.kind = name[:LONGEST_NAME], kind


def note_code(code: str) -> None:
    """Record the code of an error in the response; each code once."""
    record = _current.get()
    if record is not None and code not in record.codes:
        record.codes.append(code)


def note_error(code: str, message: str) -> None:
    """Record the code of an error in the response, and the message of the first internal error."""
    note_code(code)
    record = _current.get()
    if record is not None and record.error is None and code == EngineError.code:
        record.error = message


def note_bug(bug: BaseException, field: str | None = None) -> bool:
    """Record a bug, so that the request's line in the log contains its stack trace.

    Returns False if the caller must log it at once: outside of a request, after another bug of the
    same request, and in a subscription, which can last for hours.
    """
    record = _current.get()
    if record is None or record.bug is not None or record.kind == "subscription":
        return False
    record.bug, record.bug_field = bug, field
    return True


def note_statement(secs: float) -> None:
    """Count a database statement of the request; *secs* includes the wait for a connection."""
    record = _current.get()
    if record is not None:
        record.db_queries += 1
        record.db_secs += secs
