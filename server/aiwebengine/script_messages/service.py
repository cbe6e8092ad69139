"""Messages that scripts have not received: what people see, retry and discard."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction
from aiwebengine.core.errors import BadUserInput, NotFound
from aiwebengine.core.identity import Viewer
from aiwebengine.database import Database
from aiwebengine.script_messages import queue_store, store
from aiwebengine.script_messages.types import ScriptMessage, ScriptMessageState
from aiwebengine.scripts.access import FindsScripts, target_of
from aiwebengine.scripts.rights import Act

MOST_AT_ONCE = 1_000
"""Messages that one operation may name."""


class ScriptMessages:
    """Messages for all scripts, for people. All raise Unauthenticated, Forbidden, NotFound."""

    def __init__(self, db: Database, audit: AuditTrail, scripts: FindsScripts) -> None:
        self._db = db
        self._audit = audit
        self._scripts = scripts
        self.wake: Callable[[], None] = lambda: None
        """Called when something is due now."""

    async def page(
        self,
        viewer: Viewer,
        slug: str,
        state: ScriptMessageState | None,
        before: int | None,
        first: int,
    ) -> list[ScriptMessage]:
        """Messages for a script below the number *before*, newest first; one more than *first* when
        another page follows.
        """
        script = await self._scripts.must_be_allowed_to(viewer, Act.READ_LOG, slug)
        return await store.page(self._db, script.key, state, before, first + 1)

    async def count(self, viewer: Viewer, slug: str, state: ScriptMessageState | None) -> int:
        """Number of messages for a script that it has not received."""
        script = await self._scripts.must_be_allowed_to(viewer, Act.READ_LOG, slug)
        return await store.count(self._db, script.key, state)

    async def retry(self, viewer: Viewer, slug: str, numbers: Sequence[int] | None) -> int:
        """Deliver dead letters again, all without *numbers*; how many. Raises BadUserInput."""
        retried = await self._change(
            viewer, slug, numbers, store.retry, AuditAction.SCRIPT_MESSAGES_RETRIED
        )
        self.wake()
        return retried

    async def discard(self, viewer: Viewer, slug: str, numbers: Sequence[int] | None) -> int:
        """Remove dead letters, all without *numbers*; how many. Raises BadUserInput."""
        return await self._change(
            viewer, slug, numbers, store.discard, AuditAction.SCRIPT_MESSAGES_DISCARDED
        )

    async def tidy(self) -> int:
        """Give up what could not be delivered for long, and remove what is old; how much."""
        return await queue_store.tidy(self._db)

    async def _change(
        self,
        viewer: Viewer,
        slug: str,
        numbers: Sequence[int] | None,
        change: Callable[[Database, UUID, Sequence[int] | None], Awaitable[int]],
        action: AuditAction,
    ) -> int:
        if numbers is not None and not 1 <= len(numbers) <= MOST_AT_ONCE:
            raise BadUserInput(f"ids: found {len(numbers)}; allowed: 1 to {MOST_AT_ONCE:,}.")
        script = await self._scripts.must_be_allowed_to(viewer, Act.CHANGE, slug)
        async with self._db.transaction():
            changed = await change(self._db, script.key, numbers)
            if not changed and numbers is not None:
                raise NotFound(f"None of these messages is a dead letter of {slug}.")
            if changed:
                await self._audit.record(
                    viewer, action, target_of(script), after={"messages": changed}
                )
        return changed
