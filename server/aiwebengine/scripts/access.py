"""Finding and locking the script of an operation, with the viewer's rights checked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from aiwebengine.audit import bounds
from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import Target
from aiwebengine.core.errors import Conflict, NotFound
from aiwebengine.core.identity import Viewer
from aiwebengine.database import Database
from aiwebengine.scripts import store, version_store
from aiwebengine.scripts.errors import OutdatedVersion
from aiwebengine.scripts.limits import LimitRules
from aiwebengine.scripts.records import ScriptSettings
from aiwebengine.scripts.rights import Act, must_be_allowed
from aiwebengine.scripts.types import Script, ScriptVersion

MOST_WAITING = 20
"""Changes of one script that wait for their turn, in one worker."""
WAIT_SECS = 10.0


class FindsScripts(Protocol):
    """What has the scripts; `scripts.service` does."""

    async def must_be_allowed_to(self, viewer: Viewer, act: Act, slug: str) -> Script:
        """The script. Raises Unauthenticated, Forbidden, NotFound."""


class ScriptAccess:
    """What all operations on scripts share."""

    def __init__(self, db: Database, audit: AuditTrail, settings: ScriptSettings) -> None:
        self._db = db
        self._audit = audit
        self._settings = settings
        self._limits = LimitRules(settings.defaults, settings.maxima)
        self.on_change: Callable[[], Awaitable[None]] | None = None
        """Awaited after each change of the served scripts, before its caller continues."""

    async def _found(self, viewer: Viewer, slug: str, act: Act) -> Script:
        """The script. Raises Unauthenticated, Forbidden, NotFound."""
        must_be_allowed(viewer, act)
        script = await store.find(self._db, slug, viewer.id)
        if script is None:
            raise _no_script(slug)
        must_be_allowed(viewer, act, script)
        return script

    async def _locked(self, viewer: Viewer, slug: str, act: Act) -> Script:
        """The script, locked until the end of the transaction. Raises as `_found` does."""
        must_be_allowed(viewer, act)
        script = await store.lock(self._db, slug, viewer.id)
        if script is None:
            raise _no_script(slug)
        must_be_allowed(viewer, act, script)
        return script

    @asynccontextmanager
    async def _changing(self, viewer: Viewer, slug: str, act: Act) -> AsyncIterator[Script]:
        """As `_locking`; the change may concern what is served."""
        async with self._locking(viewer, slug, act) as script:
            yield script
        await self._has_changed()

    @asynccontextmanager
    async def _locking(self, viewer: Viewer, slug: str, act: Act) -> AsyncIterator[Script]:
        """Lock the script in a transaction. Raises as `_found` does, and Conflict as `_turn`."""
        must_be_allowed(viewer, act)
        async with self._turn(viewer, slug, act), self._db.transaction():
            yield await self._locked(viewer, slug, act)

    @asynccontextmanager
    async def _turn(self, viewer: Viewer, slug: str, act: Act) -> AsyncIterator[None]:
        """Wait for the other changes of a script, without a connection.

        The lock of its row is held for as long as the migrations of its author take. Raises
        Conflict when too many wait or after WAIT_SECS, and Forbidden.
        """
        if self._db.is_in_transaction:
            yield
            return
        turns, key = self._db.turns, ("script", slug)
        if turns.is_taken(key):
            # Who may not change it takes nobody's place.
            script = await store.find(self._db, slug, viewer.id)
            if script is not None:
                must_be_allowed(viewer, act, script)
        if turns.waiting(key) >= MOST_WAITING:
            raise _is_busy(slug)
        async with turns.turn(key, WAIT_SECS, _is_busy(slug)):
            yield

    async def _has_changed(self) -> None:
        """What is served may have changed, and that is committed."""
        # In a transaction of the caller, it may yet be rolled back. Its commit is announced.
        if self.on_change is not None and not self._db.is_in_transaction:
            await self.on_change()

    async def _reread(self, viewer: Viewer, script: Script) -> Script:
        found = await store.find_by_id(self._db, script.key, viewer.id)
        assert found is not None  # noqa: S101 - the caller has locked it
        return found

    async def _version(self, script: Script, number: int) -> ScriptVersion:
        """The version. Raises NotFound."""
        version = await version_store.find(self._db, script.key, number)
        if version is None:
            raise NotFound(
                f"The script {script.slug} has no version {number}; the newest is"
                f" {script.newest_version}."
            )
        return version

    async def _must_be_newest(self, script: Script, expected: int) -> None:
        """Raise OutdatedVersion unless *expected* is the newest version; 0 before the first."""
        if script.newest_version == expected:
            return
        newest = await version_store.find(self._db, script.key, script.newest_version)
        raise OutdatedVersion(
            expected,
            script.newest_version,
            "" if newest is None else newest.author_name,
            None if newest is None else newest.created_at,
        )


def target_of(script: Script) -> Target:
    """The script as the target of an audit event."""
    return Target("script", script.key, script.slug)


def label_of(viewer: Viewer) -> str:
    """Who acts, as it is stored with what they do."""
    return bounds.text("actor_label", viewer.label)


def _is_busy(slug: str) -> Conflict:
    return Conflict(
        f"The script {slug[:70]} is being deployed or changed by others. Try again in a moment."
    )


def _no_script(slug: str) -> NotFound:
    return NotFound(f"There is no script {slug[:70]}.")
