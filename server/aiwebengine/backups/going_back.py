"""Previews of restores, and switching back to a database that a restore replaced."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import cast

import psycopg

from aiwebengine.backups import (
    cluster_store,
    copying_store,
    newer_store,
    restore,
    sibling_databases,
    store,
)
from aiwebengine.backups.looking import Archives, must_operate
from aiwebengine.backups.runs import RunHandle
from aiwebengine.backups.storage import contents_of
from aiwebengine.backups.types import (
    BackupRun,
    BackupRunKind,
    KeptDatabase,
    Manifest,
    Note,
    Restored,
    RestorePreview,
    quiet,
)
from aiwebengine.backups.undone import Since, Undone
from aiwebengine.core.errors import EngineError, NotFound, Unavailable
from aiwebengine.core.identity import Role, Viewer
from aiwebengine.core.recent_sign_in import SensitiveAction
from aiwebengine.core.scalars import BigInt

NEWEST = "newest"


class GoingBack(Archives):
    """Looks ahead of a restore, and undoes it. `Backups` adds the rest."""

    async def restore_preview(self, viewer: Viewer, name: str) -> RestorePreview:
        """What a restore of this backup would do: which changes it undoes, and whether it can.

        Costs the same for a trail of any length. Raises Unauthenticated, Forbidden, NotFound.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        backup = await self._shelf.find(name)
        manifest, problem = await asyncio.to_thread(self._looked_into, name)
        since = Since(
            None if manifest is None else manifest.audit_event_id,
            backup.created_at if manifest is None else manifest.created_at,
        )
        undone, has_same_history, signs_out = await asyncio.to_thread(
            self._looked_ahead, viewer, since
        )
        return RestorePreview(
            name=name,
            taken_at=since.at,
            program_version=None if manifest is None else manifest.program_version,
            pending_migrations=[] if manifest is None else restore.pending(manifest.migrations),
            problem=problem,
            has_same_history=has_same_history,
            signs_you_out=signs_out,
            undone=undone,
        )

    async def kept_databases(self, viewer: Viewer) -> list[KeptDatabase]:
        """The databases that restores replaced and that were not cleared away, newest first.

        Raises Unauthenticated, Forbidden, Unavailable.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        found = await asyncio.to_thread(sibling_databases.kept, self._url)
        replaced_by: dict[str, str] = {}
        if found:
            with suppress(Unavailable):
                replaced_by = await store.replaced_by(self._db, list(found))
        return [
            KeptDatabase(
                name=name,
                replaced_at=_kept_since(name),
                size_bytes=cast(BigInt, size),
                replaced_by=replaced_by.get(name),
            )
            for name, size in found.items()
        ]

    async def undo_preview(self, viewer: Viewer, database: str = NEWEST) -> RestorePreview:
        """What going back to a kept database would undo: all that was written since the restore.

        Raises Unauthenticated, Forbidden, NotFound, Unavailable.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        name = await self._kept(database)

        def looked() -> tuple[Undone | None, bool, list[str], str | None]:
            undone = None
            with suppress(psycopg.Error, EngineError), cluster_store.connection(self._url) as now:
                undone = newer_store.undone_since(now, _since(now, name))
            with cluster_store.connection(cluster_store.at(self._url, name)) as before:
                migrations = cluster_store.migrations(before)
                problem = restore.problem_of_kept(name, migrations)
                stays = viewer.session_id is None or (
                    viewer.id is not None
                    and bool(migrations)
                    and copying_store.is_active_administrator(before, viewer.id)
                )
            return undone, not stays, restore.pending(migrations), problem

        undone, signs_out, pending, problem = await asyncio.to_thread(looked)
        return RestorePreview(
            name=name,
            taken_at=_kept_since(name),
            program_version=None,
            pending_migrations=pending,
            problem=problem,
            has_same_history=True,
            signs_you_out=signs_out,
            undone=undone,
        )

    async def undo_restore(
        self, viewer: Viewer, database: str = NEWEST, note: Note = quiet
    ) -> Restored:
        """Go back to the database that a restore replaced; the restored one is kept in turn.

        What was removed since the restore stays removed, as with a restore. Until both change
        places in one transaction, and whatever fails, the restored one serves.
        Raises Unauthenticated, Forbidden, ReauthenticationRequired, NotFound, AnotherRuns,
        Conflict, Unavailable.
        """
        live, name = await self._begin_undo(viewer, database, note)
        return await self._runs.finish(live, lambda live: self._undone(live, name))

    async def start_undo_restore(self, viewer: Viewer, database: str = NEWEST) -> BackupRun | None:
        """Start `undo_restore` in the background. Raises like it."""
        live, name = await self._begin_undo(viewer, database, quiet)
        run = await self._runs.run(live.number)
        await self._runs.in_background(
            self._runs.finish(live, lambda live: self._undone(live, name))
        )
        return run

    async def _begin_undo(self, viewer: Viewer, database: str, note: Note) -> tuple[RunHandle, str]:
        must_operate(viewer)
        viewer.must_have_signed_in_recently(SensitiveAction.UNDO_RESTORE)
        name = await self._kept(database)
        live = await self._runs.begin(
            viewer, BackupRunKind.RESTORE, name, note, needs_database=False
        )
        return live, name

    async def _undone(self, live: RunHandle, name: str) -> Restored:
        def found() -> Since:
            with suppress(psycopg.Error, EngineError), cluster_store.connection(self._url) as now:
                return _since(now, name)
            return Since(None, _kept_since(name))

        return await self._work.undo_restore(live, name, await live.in_thread(found))

    async def _kept(self, database: str) -> str:
        """The kept database of this name, or the newest one. Raises NotFound, Unavailable."""
        found = await asyncio.to_thread(sibling_databases.kept, self._url)
        if database == NEWEST and found:
            return next(iter(found))
        if database in found:
            return database
        if not found:
            raise NotFound("There is no kept database from before a restore.")
        raise NotFound(
            f"There is no kept database {database[:80]!r}. Kept databases: {', '.join(found)}."
        )

    def _looked_into(self, name: str) -> tuple[Manifest | None, str | None]:
        """The manifest of an archive that lies here, and why it would not be restored."""
        try:
            path = self._directory.path(name)
        except NotFound:
            return None, None
        try:
            contents = contents_of(path)
        except EngineError as error:
            return None, error.message
        manifest = contents.manifest
        try:
            self._keys.trusted(contents, name, trust_unsigned=False)
            restore.must_not_be_newer(manifest)
        except EngineError as error:
            return manifest, error.message
        return manifest, None

    def _looked_ahead(self, viewer: Viewer, since: Since) -> tuple[Undone | None, bool, bool]:
        """What is undone, whether the trail has the backup's newest event, who is signed out."""
        with suppress(psycopg.Error, EngineError), cluster_store.connection(self._url) as now:
            if copying_store.has(now, "audit_events"):
                event, at = since.event, since.at
                is_same = event is None or newer_store.has_event(now, event, at)
                undone = newer_store.undone_since(now, since if is_same else Since(None, at))
                was_there = viewer.session_id is None or (
                    viewer.id is not None
                    and copying_store.is_active_administrator(now, viewer.id, at)
                )
                return undone, is_same, not was_there
        return None, False, viewer.session_id is not None


def _since(now: cluster_store.Connection, kept: str) -> Since:
    """From where on the database of now has what the kept one lacks."""
    return Since(newer_store.replaced_by_event(now, kept), _kept_since(kept))


def _kept_since(name: str) -> datetime:
    since = sibling_databases.kept_since(name)
    assert since is not None  # noqa: S101 - only such names are kept ones
    return since
