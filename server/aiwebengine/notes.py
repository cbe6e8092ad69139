"""What is noted of a request while it is answered, for its line in the log."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field

# A client names its operations, and each line of the log holds the name.
LONGEST_NAME = 200


@dataclass
class Notes:
    """Figures and names of one request; the tasks that it starts write into the same ones."""

    request_id: str | None = None
    operation: str | None = None
    kind: str | None = None
    codes: list[str] = field(default_factory=list)
    db_queries: int = 0
    db_secs: float = 0.0


_current: ContextVar[Notes | None] = ContextVar("notes", default=None)


def begin_notes(request_id: str | None) -> Notes:
    """Empty notes, in force for this task and the tasks that it starts from now on."""
    notes = Notes(request_id)
    _current.set(notes)
    return notes


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
    """Note an error that the caller is told; the same one once."""
    notes = _current.get()
    if notes is not None and code not in notes.codes:
        notes.codes.append(code)


def note_statement(secs: float) -> None:
    """Note a statement that was sent to the database for this request."""
    notes = _current.get()
    if notes is not None:
        notes.db_queries += 1
        notes.db_secs += secs
