"""The record of a request: names and numbers for its line in the log."""

from __future__ import annotations

from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass, field

from aiwebengine.core.errors import EngineError

# A client names its operations, and each line of the log holds the name.
LONGEST_NAME = 200


@dataclass
class RequestRecord:
    """Statistics and names of one request, shared by the tasks it starts."""

    request_id: str | None = None
    operation: str | None = None
    kind: str | None = None
    codes: list[str] = field(default_factory=list)
    error: str | None = None
    bug: BaseException | None = None
    bug_field: str | None = None
    db_queries: int = 0
    db_secs: float = 0.0


_current: ContextVar[RequestRecord | None] = ContextVar("notes", default=None)


def begin_request_record(request_id: str | None) -> RequestRecord:
    """Empty notes, in force for this task and the tasks that it starts from now on."""
    notes = RequestRecord(request_id)
    _current.set(notes)
    return notes


def of_no_request() -> Context:
    """A context for work that many requests share, which is recorded for none of them."""
    context = copy_context()
    context.run(_current.set, None)
    return context


def current_request_id() -> str | None:
    """The id of the request that this task works for; None when it works for none."""
    notes = _current.get()
    return None if notes is None else notes.request_id


def note_operation(name: str, kind: str) -> None:
    """Note which GraphQL operation the request asks for."""
    notes = _current.get()
    if notes is not None:
        notes.operation, notes.kind = name[:LONGEST_NAME], kind


def note_code(code: str) -> None:
    """Note the code of an error in the answer; the same one once."""
    notes = _current.get()
    if notes is not None and code not in notes.codes:
        notes.codes.append(code)


def note_error(code: str, message: str) -> None:
    """Note an error in the answer: its code, and of a failure of ours the first in words."""
    note_code(code)
    notes = _current.get()
    if notes is not None and notes.error is None and code == EngineError.code:
        notes.error = message


def note_bug(bug: BaseException, field: str | None = None) -> bool:
    """Note a fault of the program, whose trace the request's own line will hold.

    False when it has to be logged at once: it belongs to no request, is not the first one of its
    request, or of a subscription, which can last for hours.
    """
    notes = _current.get()
    if notes is None or notes.bug is not None or notes.kind == "subscription":
        return False
    notes.bug, notes.bug_field = bug, field
    return True


def note_statement(secs: float) -> None:
    """Note a statement that was sent to the database for this request."""
    notes = _current.get()
    if notes is not None:
        notes.db_queries += 1
        notes.db_secs += secs
