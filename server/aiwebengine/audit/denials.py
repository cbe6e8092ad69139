"""Denied requests and failed sign-ins in the audit trail, in limited numbers.

Audit events can't be removed. So the denials of a user are recorded up to a limit, and those of
callers without an account are counted: one event an hour has the number over all instances.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter

from aiwebengine.audit import bounds
from aiwebengine.audit import denial_store as store
from aiwebengine.audit.denial_store import Refused
from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Details, Target
from aiwebengine.core.errors import EngineError, ForeignOrigin, Unavailable
from aiwebengine.core.identity import Origin, Profile, Viewer, anonymous
from aiwebengine.database import Database

log = logging.getLogger(__name__)

SILENT_SECS = 60.0
MOST_PER_HOUR = 30
COUNTED_EVERY_SECS = 3_600.0
MOST_REMEMBERED = 10_000
MOST_KINDS = 1_000
END_SECS = 5.0
OTHERS = "(others)"


class Denials:
    """Records and counts denials. Only `share` raises: the caller already has the response."""

    def __init__(self, db: Database, audit: AuditTrail) -> None:
        self._db = db
        self._audit = audit
        self._noted: dict[tuple[object, ...], float] = {}
        self._waiting: Counter[Refused] = Counter()

    async def note(self, viewer: Viewer, operation: str, error: EngineError) -> None:
        """Record that *error* was the answer to *operation*.

        *operation* is the pattern of a route or a field of the schema, never a caller's text. The
        denial of an operation to a user is recorded once a minute, and at most `MOST_PER_HOUR` of a
        user in an hour. Callers without an account are counted. Requests of other sites' pages
        without a session are only logged: any page can make any browser send them.
        """
        if not viewer.is_signed_in and isinstance(error, ForeignOrigin):
            log.warning(
                "access.foreign_origin",
                extra={"operation": operation, "address": viewer.origin.address},
            )
            return
        target = Target("operation", None, operation)
        if viewer.id is None:
            self._count(viewer, AuditAction.ACCESS_REFUSED, target, error.code, error.message)
        elif not self._was_noted_lately(viewer, operation):
            try:
                await self._record(viewer, target, error)
            except Unavailable:
                _not_recorded(operation, "the database does not answer")

    async def note_failed_sign_in(
        self, viewer: Viewer, provider: str, cause: str, error: EngineError, person: Profile | None
    ) -> None:
        """Record a failed sign-in of *person* at a provider; count that of an unknown person.

        *cause* is the engine's text for the failure, *error* what the person was shown.
        """
        target = Target("provider", None, provider)
        if person is None:
            self._count(viewer, AuditAction.SIGN_IN_FAILED, target, cause, error.message)
            return
        try:
            await self._record_failed_sign_in(viewer, target, error, person)
        except Unavailable:
            _not_recorded(provider, "the database does not answer")

    async def share(self) -> None:
        """Add the counts of this process to those of all instances; record those that are due.

        Each kind of denial is recorded when it first occurs, then once an hour as long as there are
        more. Raises Unavailable and keeps the counts for the next call.
        """
        counted, self._waiting = self._waiting, Counter()
        try:
            if not counted and not await store.anything_due(self._db, COUNTED_EVERY_SECS):
                return
            async with self._db.transaction():
                if counted:
                    await store.add(self._db, counted)
                for kind, number, since in await store.take_due(self._db, COUNTED_EVERY_SECS):
                    await self._record_number(kind, number, since.isoformat())
        except BaseException:
            self._waiting.update(counted)
            raise

    async def end(self) -> None:
        """Share the counts once more before the process stops."""
        try:
            async with asyncio.timeout(END_SECS):
                await self.share()
        except (Unavailable, TimeoutError):
            if self._waiting:
                log.warning("audit.refusals_lost", extra={"count": self._waiting.total()})

    def _was_noted_lately(self, viewer: Viewer, operation: str) -> bool:
        """Check whether this process recorded it within the minute, without a query."""
        key, now = (viewer.id, viewer.token_id, operation), time.monotonic()
        if now - self._noted.get(key, -SILENT_SECS) < SILENT_SECS:
            return True
        self._noted.pop(key, None)
        self._noted[key] = now
        while len(self._noted) > MOST_REMEMBERED:
            del self._noted[next(iter(self._noted))]
        return False

    async def _record(self, viewer: Viewer, target: Target, error: EngineError) -> None:
        assert viewer.id is not None  # noqa: S101 - `note` counts the others
        async with self._db.transaction():
            await store.lock(self._db, str(viewer.id))
            number, lately = await store.recorded(
                self._db, viewer.id, target.label, viewer.token_id, SILENT_SECS
            )
            if lately:
                return
            if number >= MOST_PER_HOUR:
                _not_recorded(target.label, f"{MOST_PER_HOUR} of this user in the last hour are")
                return
            after: Details = {"code": error.code, "message": error.message}
            if number == MOST_PER_HOUR - 1:
                after["limit"] = f"{MOST_PER_HOUR} an hour"
            await self._audit.record(viewer, AuditAction.ACCESS_REFUSED, target, after=after)

    async def _record_failed_sign_in(
        self, viewer: Viewer, target: Target, error: EngineError, person: Profile
    ) -> None:
        after = bounds.details({"subject": person.subject, "email": person.email}) or {}
        async with self._db.transaction():
            await store.lock(self._db, f"{target.label} {after['subject']}")
            number = await store.failures_recorded(self._db, target.label, after["subject"])
            if number >= MOST_PER_HOUR:
                _not_recorded(target.label, f"{MOST_PER_HOUR} of this person in the last hour are")
                return
            await self._audit.record(
                viewer, AuditAction.SIGN_IN_FAILED, target, after=after, reason=error.message
            )

    def _count(
        self, viewer: Viewer, action: AuditAction, target: Target, cause: str, message: str
    ) -> None:
        log.info(
            "audit.refusal_counted",
            extra={
                "action": action.value,
                "target": target.label,
                "why": message,
                "address": viewer.origin.address,
            },
        )
        kind = Refused(action.value, target.kind, target.label, cause)
        if kind not in self._waiting and len(self._waiting) >= MOST_KINDS:
            kind = Refused(action.value, target.kind, OTHERS, OTHERS)
        self._waiting[kind] += 1

    async def _record_number(self, kind: Refused, number: int, since: str) -> None:
        action, counted = AuditAction(kind.action), {"count": number, "since": since}
        is_access = action is AuditAction.ACCESS_REFUSED
        await self._audit.record(
            anonymous(Origin("engine")),
            action,
            Target(kind.target_type, None, kind.target),
            after={"code": kind.cause, **counted} if is_access else counted,
            reason=None if is_access else kind.cause,
        )


def _not_recorded(operation: str, why: str) -> None:
    log.warning("audit.refusal_not_recorded", extra={"operation": operation, "why": why})
