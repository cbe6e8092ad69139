"""The audit trail: record, list and count events."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from aiwebengine.audit import chain_store, store
from aiwebengine.audit.types import AuditAction, AuditEvent, AuditFilter, Details, Target
from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Role, Viewer
from aiwebengine.database import Database

log = logging.getLogger(__name__)

# Each word adds a part to the statement.
MOST_WORDS = 50


class AuditTrail:
    """Audit trail: who changed what, when and why."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.observers: list[Callable[[AuditAction | None], None]] = []
        """Called with each action of this process, after its transaction ends."""

    async def record(
        self,
        viewer: Viewer,
        action: AuditAction,
        target: Target,
        *,
        before: Details | None = None,
        after: Details | None = None,
        reason: str | None = None,
    ) -> None:
        """Record an event in the transaction of the change.

        *before* and *after* contain only what changed.
        """
        await store.append(self._db, viewer, action, target, before, after, reason)
        fields = _line(viewer, action, target, before, after)
        self._db.after_commit(lambda: log.info("audit.recorded", extra=fields))
        self._db.afterwards(lambda: self._observe(action))

    async def announce(self, action: AuditAction) -> None:
        """Announce *action* to every instance at commit, without recording an event."""
        await store.announce(self._db, action)
        self._db.afterwards(lambda: self._observe(action))

    async def page(
        self, viewer: Viewer, wanted: AuditFilter, after: store.Key | None, first: int
    ) -> list[AuditEvent]:
        """The newest events first; one more than *first* when another page follows.

        Raises Unauthenticated, Forbidden, BadUserInput.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.page(self._db, _checked(wanted), after, first + 1)

    async def count(self, viewer: Viewer, wanted: AuditFilter) -> int:
        """Number of events that match the filter. Raises as `page` does."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.count(self._db, _checked(wanted))

    async def written_by(self, request_id: str, most: int) -> list[AuditEvent]:
        """The first *most* events of a request, oldest first; in a transaction, also its own."""
        found = await store.page(self._db, AuditFilter(request_id=request_id), None, most)
        return found[::-1]

    async def alarming_after(self, position: int) -> tuple[int, list[AuditEvent]]:
        """The newest seal's position, and the events after *position* that made a user an
        administrator, or in which the engine suspended a script.

        Seals are numbered without gaps after their events are committed, so reading on from the
        returned position misses none.
        """
        newest, numbers = await chain_store.alarming(self._db, position, Role.ADMINISTRATOR.value)
        return newest, await store.by_numbers(self._db, numbers) if numbers else []

    async def role_changes_by_day(self, since: datetime) -> list[tuple[date, str, int]]:
        """Day (UTC), role, and the change of its number of holders since the day before."""
        return await store.role_changes_by_day(self._db, since)

    def _observe(self, action: AuditAction) -> None:
        for observer in self.observers:
            observer(action)


def record_at_once(connection: Any, viewer: Viewer, action: AuditAction, target: Target) -> int:
    """`AuditTrail.record` for a blocking psycopg connection; returns the event's number.

    Migrations use such a connection, and an event must commit with its change.
    """
    return store.append_at_once(connection, viewer, action, target)


def _line(
    viewer: Viewer,
    action: AuditAction,
    target: Target,
    before: Details | None,
    after: Details | None,
) -> dict[str, object]:
    """The fields of an event in the log; the audit trail has the others."""
    changed = {**(before or {}), **(after or {})}
    return {
        "area": "manager",
        "action": action.value,
        "actor": viewer.label,
        "actor_id": viewer.id,
        "actor_roles": sorted(role.value for role in viewer.roles),
        "target_type": target.kind,
        "target": target.label,
        "target_id": target.id,
        **{name: changed[name] for name in ("role", "roles") if name in changed},
        "door": viewer.origin.door,
        "address": viewer.origin.address,
        "request_id": viewer.origin.request_id,
    }


def _checked(wanted: AuditFilter) -> AuditFilter:
    for name in ("actor_id", "target_id", "user_id"):
        value = getattr(wanted, name)
        try:
            UUID(value or "00000000000000000000000000000000")
        except ValueError:
            raise BadUserInput(f"filter.{name}: {value!r} is not an id.") from None
    for name in ("since", "until"):
        instant = getattr(wanted, name)
        if instant is not None and instant.tzinfo is None:
            raise BadUserInput(f"filter.{name}: {instant.isoformat()} lacks a time zone.")
    number = len((wanted.search or "").split())
    if number > MOST_WORDS:
        raise BadUserInput(f"filter.search: found {number} words; allowed: at most {MOST_WORDS}.")
    return wanted
