"""Creates, verifies, restores, drills, copies and deletes backups."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.backups import sibling_databases, store
from aiwebengine.backups.catalog import is_good
from aiwebengine.backups.create import Secrets, checked_note
from aiwebengine.backups.going_back import NEWEST, GoingBack
from aiwebengine.backups.looking import must_operate
from aiwebengine.backups.names import new_name
from aiwebengine.backups.retention import superfluous
from aiwebengine.backups.runs import RunHandle
from aiwebengine.backups.storage import StorageFailed
from aiwebengine.backups.types import (
    Backup,
    BackupLocation,
    BackupRun,
    BackupRunKind,
    BackupState,
    Note,
    Pruned,
    Restored,
    quiet,
)
from aiwebengine.core.errors import BadUserInput, Conflict, Forbidden, NotFound, Unavailable
from aiwebengine.core.identity import ActorKind, Viewer
from aiwebengine.core.recent_sign_in import SensitiveAction

log = logging.getLogger(__name__)

# The value of `confirm` for a restore; the name of the backup works too.
CONFIRMED = "restore"


class Backups(GoingBack):
    """Backups of the engine's database. Archives are files and can be read without a database.

    *make_engine* creates an engine on another database, for drills.
    """

    # --- create

    async def create(
        self,
        viewer: Viewer,
        note: Note = quiet,
        *,
        secrets: Secrets | None = None,
        why: str | None = None,
    ) -> Backup:
        """Create a backup, and copy it to S3 if configured.

        Raises Unauthenticated, Forbidden, BadUserInput, AnotherRuns, NoSpace, NoProgram,
        NoSigningKey, ProgramFailed, StorageFailed, Unavailable, and then leaves nothing behind;
        CopyFailed if only the copy failed.
        """
        must_operate(viewer)
        why = checked_note(why)
        live = await self._runs.begin(viewer, BackupRunKind.CREATE, new_name(), note)
        return await self._runs.finish(live, lambda live: self._work.create(live, secrets, why))

    async def start_create(
        self, viewer: Viewer, why: str | None = None
    ) -> tuple[Backup, BackupRun | None]:
        """Start a backup in the background. Its start raises like `create`."""
        must_operate(viewer)
        why = checked_note(why)
        live = await self._runs.begin(viewer, BackupRunKind.CREATE, new_name())
        run = await self._runs.run(live.number)
        await self._runs.in_background(
            self._runs.finish(live, lambda live: self._work.create(live, None, why))
        )
        return self._shelf.beginning(live.name), run

    # --- verify and drill

    async def verify(
        self, viewer: Viewer, name: str, note: Note = quiet, *, trust_unsigned: bool = False
    ) -> Backup:
        """Verify the signature and all checksums of an archive.

        `pg_restore` also reads the whole dump. Problems are in `state` and `problem` of the backup.
        Needs no database. *trust_unsigned* also accepts archives that this engine did not sign;
        only for the operator on the command line. Raises Unauthenticated, Forbidden, NotFound,
        AnotherRuns, NoProgram, NotTrusted.
        """
        must_operate(viewer)
        _may_trust(viewer, trust_unsigned)
        live = await self._begin(viewer, BackupRunKind.VERIFY, name, note)
        return await self._runs.finish(
            live, lambda live: self._work.verify(live, trust_unsigned=trust_unsigned)
        )

    async def start_verify(self, viewer: Viewer, name: str) -> tuple[Backup, BackupRun | None]:
        """Start a verification in the background. Raises like `verify`."""
        must_operate(viewer)
        live = await self._begin(viewer, BackupRunKind.VERIFY, name, quiet)
        run, backup = await self._runs.run(live.number), await self._shelf.find(name)
        await self._runs.in_background(self._runs.finish(live, self._work.verify))
        return backup, run

    async def drill(
        self,
        viewer: Viewer,
        note: Note = quiet,
        name: str = NEWEST,
        *,
        trust_unsigned: bool = False,
    ) -> BackupRun:
        """Restore a backup into a scratch database, check it and drop it.

        *name*: default the newest good backup signed by this engine. Problems are in `problem` of
        the run. *trust_unsigned* as for `verify`. Raises Unauthenticated, Forbidden,
        ReauthenticationRequired, NotFound, AnotherRuns, NoProgram, NotTrusted, Unavailable.
        """
        must_operate(viewer)
        _may_trust(viewer, trust_unsigned)
        live = await self._begin_drill(viewer, name, note)
        await self._runs.finish(
            live, lambda live: self._work.drill(live, trust_unsigned=trust_unsigned)
        )
        run = await self._runs.run(live.number)
        assert run is not None  # noqa: S101 - a drill needs the table of runs
        return run

    async def start_drill(self, viewer: Viewer, name: str | None) -> BackupRun | None:
        """Start a drill in the background. Raises like `drill`."""
        must_operate(viewer)
        live = await self._begin_drill(viewer, name or NEWEST, quiet)
        run = await self._runs.run(live.number)
        await self._runs.in_background(self._runs.finish(live, self._work.drill))
        return run

    async def _begin_drill(self, viewer: Viewer, name: str, note: Note) -> RunHandle:
        viewer.must_have_signed_in_recently(SensitiveAction.RUN_DRILL)
        if name == NEWEST:
            found = await self._shelf.newest() or await self._shelf.newest_remote()
            if found is None:
                raise NotFound(await self._nothing_to_drill())
            name = found.name
        await self._shelf.find(name)
        live = await self._runs.begin(viewer, BackupRunKind.DRILL, name, note)
        if live.number is None:
            live.holds.close()
            raise Conflict("The database lacks its tables. Run `aiwebengine migrate up`.")
        return live

    async def _nothing_to_drill(self) -> str:
        skipped = await self._shelf.unsigned()
        if not skipped:
            return "There is no backup for a drill. Run `aiwebengine backup create`."
        return (
            f"There is no signed backup for a drill. Skipped backups that this engine did not sign:"
            f" {len(skipped)}. Run `aiwebengine backup create`, or `aiwebengine backup drill"
            f" --name {skipped[0].name} --trust-unsigned` if you trust its source."
        )

    # --- restore

    async def restore(
        self,
        viewer: Viewer,
        name: str,
        note: Note = quiet,
        *,
        with_safety_backup: bool = True,
        drop_old: bool = False,
        trust_unsigned: bool = False,
    ) -> Restored:
        """Replace the engine's database with a backup.

        Restores into a second database, checks it and swaps the names in one transaction; if
        anything fails, the old database stays in use. Running engines reconnect on their own after
        a moment. *trust_unsigned* as for `verify`. Raises Unauthenticated, Forbidden,
        ReauthenticationRequired, NotFound, AnotherRuns, NotTrusted, TooNew, Damaged, NoProgram,
        ProgramFailed, Conflict, Unavailable.
        """
        _may_trust(viewer, trust_unsigned)
        live = await self._begin_restore(viewer, name, note)
        return await self._runs.finish(
            live,
            lambda live: self._work.restore(
                live, with_safety_backup, drop_old, trust_unsigned=trust_unsigned
            ),
        )

    async def start_restore(self, viewer: Viewer, name: str, confirm: str) -> BackupRun | None:
        """Start a restore in the background.

        Raises like `restore`; BadUserInput if *confirm* is neither `restore` nor the name.
        """
        must_operate(viewer)
        if confirm not in (CONFIRMED, name):
            raise BadUserInput(f"confirm must be {CONFIRMED!r}; found {confirm[:80]!r}.")
        live = await self._begin_restore(viewer, name, quiet)
        run = await self._runs.run(live.number)
        await self._runs.in_background(
            self._runs.finish(live, lambda live: self._work.restore(live, True, False))
        )
        return run

    async def restore_into(
        self,
        viewer: Viewer,
        name: str,
        url: str,
        note: Note = quiet,
        *,
        trust_unsigned: bool = False,
    ) -> Restored:
        """Restore into the empty database at *url*. Raises like `restore`, NotEmpty."""
        _may_trust(viewer, trust_unsigned)
        live = await self._begin_restore(viewer, name, note)
        return await self._runs.finish(
            live, lambda live: self._work.restore_into(live, url, trust_unsigned=trust_unsigned)
        )

    async def _begin_restore(self, viewer: Viewer, name: str, note: Note) -> RunHandle:
        must_operate(viewer)
        viewer.must_have_signed_in_recently(SensitiveAction.RESTORE_BACKUP)
        return await self._begin(viewer, BackupRunKind.RESTORE, name, note)

    # --- delete, prune, upload, download

    async def delete(self, viewer: Viewer, name: str) -> Backup:
        """Delete a backup and all its copies.

        Raises Unauthenticated, Forbidden, ReauthenticationRequired, NotFound, Conflict for the last
        good backup, StorageFailed if a copy can't be deleted, Unavailable.
        """
        must_operate(viewer)
        viewer.must_have_signed_in_recently(SensitiveAction.DELETE_BACKUP)
        backup = await self._shelf.find(name)
        if await self._shelf.is_last_good(name):
            raise Conflict(f"{name} is the only good backup. Create another one first.")
        places = list(backup.locations)
        if self._shelf.remote_trouble is not None and BackupLocation.S3 not in places:
            # S3 may have a copy although it can't be listed.
            places.append(BackupLocation.S3)
        await self._remove(viewer, name, places)
        return backup

    async def prune(self, viewer: Viewer, note: Note = quiet, *, dry_run: bool = False) -> Pruned:
        """Remove archives and kept databases that the retention rules no longer keep.

        Applies to local archives, S3 and databases that restores replaced. Keeps the newest good
        backup. Failures, also of listing S3, are in `failed` of the result; the rest is removed.
        Raises Unauthenticated, Forbidden, StorageFailed for the backup directory, Unavailable.
        """
        must_operate(viewer)
        rules, now = self._config.backup, datetime.now(UTC)
        here = [one for one in await self._shelf.backups() if one.state is not BackupState.FAILED]
        local = [one for one in here if BackupLocation.LOCAL in one.locations]
        remote = [one.name for one in here if BackupLocation.S3 in one.locations]
        # Separately, so that unsigned archives never displace signed ones.
        signed = [one.name for one in local if is_good(one)]
        others = [one for one in local if one.name not in signed]
        good = [one.name for one in others if one.state is BackupState.COMPLETE]
        pruned = Pruned(
            superfluous(signed, signed, rules, now)
            + superfluous([one.name for one in others], good, rules, now),
            superfluous(remote, remote, rules, now),
            await asyncio.to_thread(
                sibling_databases.replaced, self._url, now, rules.retention_days
            ),
        )
        if self._shelf.remote_trouble is not None:
            # An empty result would claim that there is nothing to remove in S3.
            pruned.failed["S3 storage"] = self._shelf.remote_trouble
        for name in sorted({*pruned.local, *pruned.remote}):
            note(f"{'Would remove' if dry_run else 'Removing'} {name}")
            if not dry_run:
                places = [BackupLocation.LOCAL] if name in pruned.local else []
                places += [BackupLocation.S3] if name in pruned.remote else []
                try:
                    await self._remove(viewer, name, places)
                except (StorageFailed, NotFound) as error:
                    pruned.failed[name] = error.message
        for database in pruned.databases:
            note(f"{'Would drop' if dry_run else 'Dropping'} the database {database}")
            if not dry_run:
                try:
                    await asyncio.to_thread(sibling_databases.drop, self._url, database)
                except Conflict as error:
                    pruned.failed[database] = error.message
        return pruned

    async def upload(self, viewer: Viewer, name: str, note: Note = quiet) -> Backup:
        """Copy an archive to S3. Raises like `create`, NotFound."""
        must_operate(viewer)
        live = await self._begin(viewer, BackupRunKind.UPLOAD, name, note)
        await self._runs.finish(live, lambda live: self._work.upload(live, name))
        return await self._shelf.find(name)

    async def download(self, viewer: Viewer, name: str, note: Note = quiet) -> Backup:
        """Copy an archive from S3. Raises NotFound, StorageFailed, NoSpace."""
        must_operate(viewer)
        live = await self._begin(viewer, BackupRunKind.DOWNLOAD, name, note)
        await self._runs.finish(live, lambda live: self._work.fetched(live, name))
        return await self._shelf.find(name)

    async def stop(self) -> None:
        """Stop background runs."""
        await self._runs.stop()

    # --- shared parts

    async def _begin(self, viewer: Viewer, kind: BackupRunKind, name: str, note: Note) -> RunHandle:
        """Start a run on an existing archive. Without a database it is not recorded."""
        await self._shelf.find(name)
        return await self._runs.begin(viewer, kind, name, note, needs_database=False)

    async def _remove(self, viewer: Viewer, name: str, places: Sequence[BackupLocation]) -> None:
        """Remove copies, then record which were removed.

        Raises Unavailable before anything is removed, StorageFailed for copies that can't be
        removed.
        """
        await store.is_ready(self._db)
        gone, kept = [], []
        for place in places:
            try:
                await self._remove_from(place, name)
                gone.append(place.value)
            except (StorageFailed, NotFound) as error:
                kept.append(error.message)
        if gone:
            try:
                await self._audit.record(
                    viewer,
                    AuditAction.BACKUP_DELETED,
                    Target("backup", None, name),
                    before={"locations": gone},
                )
            except Unavailable:
                log.error(
                    "backup.deleted_unrecorded", extra={"archive": name, "place": ", ".join(gone)}
                )
                raise
        if kept:
            where = f" Removed from: {', '.join(gone)}." if gone else ""
            raise StorageFailed(f"{name} can't be removed. {' '.join(kept)}{where}")

    async def _remove_from(self, place: BackupLocation, name: str) -> None:
        if place is BackupLocation.LOCAL:
            try:
                await asyncio.to_thread(self._directory.remove, name)
            except OSError as error:
                raise StorageFailed(f"The file can't be deleted: {error.strerror}.") from error
        elif self._remote is not None:
            await asyncio.to_thread(self._remote.remove, name)


def _may_trust(viewer: Viewer, trust_unsigned: bool) -> None:
    """Only the operator on the machine itself can trust an unsigned archive."""
    if trust_unsigned and viewer.kind is not ActorKind.OPERATOR:
        raise Forbidden(
            "Only the command line can restore an archive that this engine did not sign."
        )
