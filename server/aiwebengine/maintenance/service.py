"""Recurring maintenance: builds the board and marks items done."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.core.clocks import is_of_the_future
from aiwebengine.core.errors import BadUserInput, Conflict, EngineError, NotFound
from aiwebengine.core.formats import day
from aiwebengine.core.identity import Role, Scope, Viewer
from aiwebengine.core.untrusted_text import must_show_all
from aiwebengine.database import Database
from aiwebengine.maintenance import store
from aiwebengine.maintenance.items import ITEMS
from aiwebengine.maintenance.types import (
    GRACE,
    PERIODS,
    TIME_TO_DO_IT,
    Evidence,
    Finding,
    Item,
    MaintenanceBoard,
    MaintenanceFrequency,
    MaintenanceItem,
    MaintenanceState,
    Tick,
)

log = logging.getLogger(__name__)

MAX_NOTE_CHARS = 500
EVIDENCE_TIMEOUT_SECS = 5.0


class Maintenance:
    """The maintenance board; *evidence* maps names of items to their evidence.

    Evidence decides. Items that only people can judge, and items without evidence, can be marked
    done and are due again one period later. An item that was never done is "not yet" until one
    period after the database was created, then due.
    """

    def __init__(self, db: Database, audit: AuditTrail, evidence: Mapping[str, Evidence]) -> None:
        self._db = db
        self._audit = audit
        self._evidence = evidence

    async def board(self, viewer: Viewer) -> MaintenanceBoard:
        """Every item with its current state. Raises Unauthenticated, Forbidden, Unavailable."""
        viewer.must_be(Role.ADMINISTRATOR)
        began_at, now = await store.clock(self._db)
        ticks = await store.newest_ticks(self._db)
        found = await asyncio.gather(*(self._look(item, ticks.get(item.name)) for item in ITEMS))
        items = [
            self._judged(item, finding, ticks.get(item.name), began_at, now)
            for item, finding in zip(ITEMS, found, strict=True)
        ]
        counts = Counter(item.state for item in items)
        return MaintenanceBoard(
            at=now,
            items=items,
            **{state.value: counts[state] for state in MaintenanceState},
        )

    async def tick(self, viewer: Viewer, name: str, note: str | None) -> MaintenanceItem:
        """Mark an item done now; each call counts.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, Conflict for an item that is
        decided by evidence alone.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.OPS_WRITE)
        item = _existing(name)
        note = _checked_note(note)
        if not self._can_be_ticked(item):
            raise Conflict(f"{name} is decided by evidence and can't be marked done.")
        async with self._db.transaction():
            before = (await store.newest_ticks(self._db)).get(name)
            await store.add_tick(self._db, name, viewer.label, note)
            await self._audit.record(
                viewer,
                AuditAction.MAINTENANCE_ITEM_DONE,
                Target("maintenance item", None, name),
                before=None if before is None else {"doneAt": before.at.isoformat()},
                after={"done": True},
                reason=note,
            )
        began_at, now = await store.clock(self._db)
        tick = (await store.newest_ticks(self._db))[name]
        return self._judged(item, await self._look(item, tick), tick, began_at, now)

    async def last_ticked(self, name: str) -> datetime | None:
        """When an item was last marked done; for evidence since then."""
        tick = (await store.newest_ticks(self._db)).get(name)
        return None if tick is None else tick.at

    async def _look(self, item: Item, tick: Tick | None) -> Finding:
        """Finding of an item's evidence; an error in it does not affect other items."""
        evidence = self._evidence.get(item.name)
        if evidence is None:
            if tick is not None:
                return Finding(f"Marked done by {tick.done_by} on {day(tick.at)}.")
            saw = "The engine can't check this. Mark it done when you have done it."
            return Finding(saw) if item.by_people else _unknown(saw)
        try:
            async with asyncio.timeout(EVIDENCE_TIMEOUT_SECS):
                return await evidence()
        except EngineError as error:
            return _unknown(error.message)
        except TimeoutError:
            return _unknown(f"No answer within {EVIDENCE_TIMEOUT_SECS:.0f} s.")
        except Exception:
            log.exception("maintenance.bug", extra={"item": item.name})
            return _unknown("The check failed; see the log for details.")

    def _can_be_ticked(self, item: Item) -> bool:
        return item.by_people or item.name not in self._evidence

    def _judged(
        self, item: Item, found: Finding, tick: Tick | None, began_at: datetime, now: datetime
    ) -> MaintenanceItem:
        by_tick = self._can_be_ticked(item)
        done_at = tick.at if by_tick and tick is not None else found.done_at
        saw, state, due_at = found.saw, found.state, None
        if done_at is not None and is_of_the_future(done_at, now):
            # An item dated in the future would stay OK until then.
            saw += f" It is dated {day(done_at)}, in the future: a clock is or was wrong."
            state = MaintenanceState.ATTENTION
        elif state is None or (by_tick and state is not MaintenanceState.ATTENTION):
            due_at = _due_at(item, found, done_at or began_at)
            # An item without evidence stays unknown until somebody marks it done.
            if state is not MaintenanceState.UNKNOWN or done_at is not None or item.by_people:
                state = _by_time(done_at, due_at, now, item.frequency)
        assert state is not None  # noqa: S101 - a finding without state is judged by time
        return MaintenanceItem(
            name=item.name,
            title=item.title,
            frequency=item.frequency,
            state=state,
            saw=saw,
            done_at=done_at,
            done_by=tick.done_by if by_tick and tick is not None else None,
            note=tick.note if by_tick and tick is not None else None,
            due_at=due_at,
            can_be_ticked=by_tick,
            action=item.action,
        )


def _due_at(item: Item, found: Finding, since: datetime) -> datetime:
    """One period after *since*, or the next scheduled time if the schedule is less frequent."""
    due_at = since + PERIODS[item.frequency]
    scheduled = None if found.next_after is None else found.next_after(since)
    return due_at if scheduled is None else max(due_at, scheduled + TIME_TO_DO_IT)


def _by_time(
    done_at: datetime | None, due_at: datetime, now: datetime, frequency: MaintenanceFrequency
) -> MaintenanceState:
    if now < due_at:
        return MaintenanceState.OK if done_at is not None else MaintenanceState.NOT_YET
    if now < due_at + GRACE[frequency]:
        return MaintenanceState.DUE
    return MaintenanceState.OVERDUE


def _existing(name: str) -> Item:
    found = next((item for item in ITEMS if item.name == name), None)
    if found is None:
        known = ", ".join(item.name for item in ITEMS)
        raise NotFound(f"There is no item {name[:50]!r}; known items: {known}.")
    return found


def _unknown(saw: str) -> Finding:
    return Finding(saw, MaintenanceState.UNKNOWN)


def _checked_note(note: str | None) -> str | None:
    kept = (note or "").strip()
    if len(kept) > MAX_NOTE_CHARS:
        raise BadUserInput(f"note: {len(kept)} characters; at most {MAX_NOTE_CHARS} are allowed.")
    must_show_all("note", kept)
    return kept or None
