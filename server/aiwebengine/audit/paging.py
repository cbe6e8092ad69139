"""Cursors of the audit trail."""

from __future__ import annotations

from datetime import datetime

from aiwebengine.audit.store import Key
from aiwebengine.audit.types import AuditEvent
from aiwebengine.core.errors import BadUserInput

LIST = "auditEvents"


def key(event: AuditEvent) -> Key:
    """The position of an event: time and number."""
    return event.at, event.number


def key_of(decoded: tuple[object, ...] | None) -> Key | None:
    """A decoded cursor as a key of this list. Raises BadUserInput."""
    match decoded:
        case None:
            return None
        case (datetime() as at, int() as number):
            return at, number
    raise BadUserInput("`after` is not a cursor of this list.")
