"""Puts a prepared database in the place of the one that serves, and lets it record that."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.backups import cluster_store, newer_store, sibling_databases, store
from aiwebengine.backups.carry_over import EVENTS, Newer, carry_over
from aiwebengine.backups.removals import CarriedOver
from aiwebengine.backups.types import BackupRunKind
from aiwebengine.backups.undone import Since, Undone
from aiwebengine.core.errors import Conflict
from aiwebengine.jobs.runs import Runs

if TYPE_CHECKING:
    from aiwebengine.backups.drill import MakeEngine
    from aiwebengine.backups.runs import RunHandle

# Each has an event of its own in the restored trail; the event of the restore counts all of them.
MOST_EVENTS = 1_000


@dataclass(frozen=True)
class Occasion:
    """Why a database takes the place of another: the audit event, and words for its parts.

    *facts* are recorded in the event and in the run. *since*: from where on changes are undone.
    """

    action: AuditAction
    target: Target
    title: str
    """Such as `restore of NAME`."""
    command: str
    """What does the same at the command line, after `aiwebengine backup`."""
    facts: dict[str, Any]
    since: Since
    began: float
    """`time.monotonic()` at the beginning of the run."""


@dataclass(frozen=True)
class Replaced:
    """What came of it; *kept* is the new name of the replaced database, None without one."""

    carried: CarriedOver
    access_review: str
    kept: str | None
    undone: Undone | None
    seconds: float


class Replacing:
    """Replaces the database at *url*. *make_engine* builds an engine on another database."""

    def __init__(self, url: str, make_engine: MakeEngine) -> None:
        self._url = url
        self._make_engine = make_engine

    async def replace(self, live: RunHandle, fresh: str, occasion: Occasion) -> Replaced:
        """Let the database *fresh* take over what stays removed, record that, and change places.

        No audit events are recorded in the replaced database from the comparison to the switch.
        A failure before the switch leaves it unchanged. Raises Conflict, Unavailable.
        """
        url, kept = cluster_store.at(self._url, fresh), sibling_databases.kept_name(self._url)
        with ExitStack() as stack:
            live.progress.at("Comparing it with the database of now")
            newer = Newer(self._url, is_held=True)
            await live.in_thread(stack.enter_context, newer)
            undone = None
            if newer.old is not None:
                undone = await live.in_thread(newer_store.undone_since, newer.old, occasion.since)
            carried = await live.in_thread(carry_over, newer, url, live.viewer.session_id)
            _must_leave_an_administrator(live, carried, occasion)
            seconds = round(time.monotonic() - occasion.began, 1)
            facts = {
                **occasion.facts,
                "kept_database": kept,
                "undone": None if undone is None else undone.details,
                "seconds": seconds,
            }
            review = await self.record(url, live, occasion, facts, carried)
            live.progress.at("Changing places")
            # Not to be cut short: afterwards either all of it has happened or nothing.
            was_there = await asyncio.shield(
                asyncio.to_thread(cluster_store.swap, self._url, fresh, kept, newer.process)
            )
        return Replaced(carried, review, kept if was_there else None, undone, seconds)

    async def rehearse(self, live: RunHandle, url: str, occasion: Occasion) -> CarriedOver:
        """Do in the scratch database at *url* what `replace` does before the switch, for a drill.

        The database that serves is only read and keeps recording. Raises Conflict, Unavailable.
        """
        carried = await live.in_thread(self.compared, url)
        _must_leave_an_administrator(live, carried, occasion)
        await self.record(url, live, occasion, occasion.facts, carried)
        return carried

    def compared(self, url: str) -> CarriedOver:
        """Apply removals to the database at *url*, while the current one stays in use."""
        with Newer(self._url, is_held=False) as newer:
            return carry_over(newer, url)

    async def record(
        self,
        url: str,
        live: RunHandle,
        occasion: Occasion,
        facts: dict[str, Any],
        carried: CarriedOver,
    ) -> str:
        """Record the restore and its removals in the database at *url*, and open an access review.

        Returns the ID of the review.
        """
        engine = self._make_engine(url)
        db, services = engine.db, engine.services
        await db.connect()
        try:
            async with db.transaction():
                run = await Runs(db).begin(
                    store.kind_of(BackupRunKind.RESTORE), live.viewer.label, subject=live.name
                )
                for one in carried.removals[:MOST_EVENTS]:
                    if one.kind in EVENTS:
                        await services.audit.record(
                            live.viewer,
                            EVENTS[one.kind],
                            Target("user", one.user_id, one.email),
                            before=one.before,
                            after=one.after,
                            reason=f"{_capital(occasion.title)}: the newer database had it so.",
                        )
                review = await services.access_reviews.start_over(
                    live.viewer, f"After the {occasion.title}"
                )
                facts = {**facts, **carried.details, "access_review": str(review.id)}
                await Runs(db).end_work(run, None, facts)
                await services.audit.record(
                    live.viewer, occasion.action, occasion.target, after=facts
                )
        finally:
            await db.disconnect()
        return str(review.id)


def _must_leave_an_administrator(live: RunHandle, carried: CarriedOver, occasion: Occasion) -> None:
    """Refuse to shut everybody out. At the command line there is a way back in."""
    if carried.administrators == 0 and not live.viewer.is_trusted:
        raise Conflict(
            f"The {occasion.title} would leave no active administrator, so nothing was changed."
            f" Run `aiwebengine backup {occasion.command}` on the server, and"
            " `aiwebengine users grant EMAIL Administrator` after it."
        )


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
