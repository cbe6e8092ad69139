"""What runs do once they have begun: archives are written, read, restored, carried about."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.backups import (
    cluster_store,
    create,
    programs,
    restore,
    rights,
    sibling_databases,
    store,
    verify,
)
from aiwebengine.backups.catalog import BackupCatalog
from aiwebengine.backups.create import Secrets
from aiwebengine.backups.drill import MakeEngine, filled
from aiwebengine.backups.manifest import Damaged
from aiwebengine.backups.names import new_name, safety_note
from aiwebengine.backups.replace import Occasion, Replacing
from aiwebengine.backups.runs import RunHandle, Runs
from aiwebengine.backups.signing import NotTrusted, SigningKeys
from aiwebengine.backups.storage import CopyFailed, Directory, StorageFailed, contents_of
from aiwebengine.backups.types import Backup, BackupLocation, Manifest, Restored
from aiwebengine.backups.undone import Since
from aiwebengine.core.config import Config
from aiwebengine.core.errors import Conflict, NotFound
from aiwebengine.database import Database

if TYPE_CHECKING:
    from aiwebengine.backups.remote import Remote


class BackupExecutor:
    """Executes runs. The caller checks authorization and allows one run at a time.

    *make_engine* creates an engine on another database, for drills.
    """

    def __init__(
        self,
        db: Database,
        config: Config,
        url: str,
        make_engine: MakeEngine,
        directory: Directory,
        remote: Remote | None,
        runs: Runs,
        shelf: BackupCatalog,
        keys: SigningKeys,
    ) -> None:
        self._db = db
        self._config = config
        self._url = url
        self._make_engine = make_engine
        self._directory = directory
        self._remote = remote
        self._runs = runs
        self._shelf = shelf
        self._keys = keys
        self._replacing = Replacing(url, make_engine)

    async def create(self, live: RunHandle, secrets: Secrets | None, why: str | None) -> Backup:
        """Make an archive, and copy it to the S3 storage where there is one.

        Raises CopyFailed when the archive is good and only lacks its copy.
        """
        await self._clear()
        details = await self._make(live, live.name, secrets, why)
        s3 = self._config.backup.s3
        is_copied = s3 is not None and s3.upload_after_create
        if is_copied:
            try:
                await self.upload(live, live.name)
            except (StorageFailed, NotFound) as error:
                raise CopyFailed(
                    f"{live.name} is complete, but could not be copied to S3: {error.message}"
                ) from error
        await self._runs.end(live, details=details)
        made = await self._shelf.find(live.name)
        if is_copied and BackupLocation.S3 not in made.locations:
            # Some keys may write to the storage and not list it.
            made.locations.append(BackupLocation.S3)
        return made

    async def _make(
        self, live: RunHandle, name: str, secrets: Secrets | None, why: str | None
    ) -> dict[str, Any]:
        """Write an archive, record the audit event, then rename it; return the event details.

        In this order no archive shows without its event; when we are killed in between, the next
        run gives the name.
        """
        made = await live.in_thread(
            create.write,
            self._url,
            self._directory,
            name,
            self._config,
            live.progress,
            secrets,
            why,
            self._keys,
        )
        try:
            after = {"size_bytes": made.writer.size, "audit_event_id": made.manifest.audit_event_id}
            await self._runs.made(live, name, after)
            await live.in_thread(made.writer.name)
        finally:
            made.writer.close()
        return after

    async def verify(self, live: RunHandle, *, trust_unsigned: bool = False) -> Backup:
        """Verify an archive; problems are in the returned backup. Raises NotTrusted."""
        path = await self.fetched(live, live.name)
        try:
            manifest = await self._trusted(live, path, trust_unsigned)
            problem = await live.in_thread(verify.problem_of, path, manifest, live.progress)
        except Damaged as error:
            problem = error.message
        after = {"ok": problem is None, **({"problem": problem} if problem else {})}
        await self._runs.succeeded(live, AuditAction.BACKUP_VERIFIED, after, problem=problem)
        return await self._shelf.find(live.name, problem=problem)

    async def drill(self, live: RunHandle, *, trust_unsigned: bool = False) -> None:
        """Restore into a scratch database, check it there, drop it. Raises NotTrusted."""
        began = datetime.now(UTC)
        await live.in_thread(rights.must_be_enough, self._url)
        await live.in_thread(sibling_databases.clear_leftovers, self._url)
        path = await self.fetched(live, live.name)
        details: dict[str, Any] = {"checks": []}
        problem: str | None = None
        scratch = sibling_databases.companion(self._url, "drill")
        url = cluster_store.at(self._url, scratch)
        try:
            manifest = await self._trusted(live, path, trust_unsigned)
            restore.must_not_be_newer(manifest)
            await live.in_thread(sibling_databases.create, self._url, scratch)
            made = await filled(self._make_engine, live, url, path, manifest)
            details["checks"] += made.checks
            problem = made.problem
            live.progress.at("Comparing it with the database of now")
            occasion = self._restoring(live, manifest, {}, time.monotonic())
            carried = await self._replacing.rehearse(live, url, occasion)
            text = f"Removals that a restore would keep in effect: {len(carried.removals)}."
            details["checks"].append({"name": "removals", "ok": True, "told": text})
        except (programs.NoProgram, NotTrusted, StorageFailed):
            # This machine lacks something, or nobody may look: that says nothing of the backup.
            raise
        except Conflict as error:
            problem = error.message
            details["checks"].append({"name": "restore", "ok": False, "told": problem})
        finally:
            await sibling_databases.drop_whatever_happens(self._url, scratch)
        details["seconds"] = round((datetime.now(UTC) - began).total_seconds(), 1)
        after = {"ok": problem is None, **({"problem": problem} if problem else {}), **details}
        await self._runs.succeeded(live, AuditAction.DRILL_RUN, after, problem=problem)

    async def restore(
        self,
        live: RunHandle,
        with_safety_backup: bool,
        drop_old: bool,
        *,
        trust_unsigned: bool = False,
    ) -> Restored:
        """Restore beside the database, check, and let both change places. Raises NotTrusted."""
        began = time.monotonic()
        await live.in_thread(rights.must_be_enough, self._url)
        path = await self.fetched(live, live.name)
        manifest = await self._trusted(live, path, trust_unsigned)
        restore.must_not_be_newer(manifest)
        await live.in_thread(sibling_databases.clear_leftovers, self._url)
        safety = None
        if with_safety_backup and await self._runs.can_record():
            live.progress.at("Making a safety backup first")
            safety = new_name()
            await self._make(live, safety, None, safety_note(live.name))
        fresh = sibling_databases.companion(self._url, "restore")
        url = cluster_store.at(self._url, fresh)
        rows = sum(manifest.tables.values())
        try:
            await live.in_thread(sibling_databases.create, self._url, fresh)
            made = await filled(self._make_engine, live, url, path, manifest)
            made.must_serve(live.name)
            facts = {"safety_backup": safety, "rows": rows, **_not_restored(made.loaded)}
            done = await self._replacing.replace(
                live, fresh, self._restoring(live, manifest, facts, began)
            )
        except BaseException:
            await sibling_databases.drop_whatever_happens(self._url, fresh)
            raise
        # The row of this run is the old database's; the restored one has a row of its own.
        live.mark_ended()
        if drop_old and done.kept is not None:
            await live.in_thread(sibling_databases.drop, self._url, done.kept)
        live.progress.note("The restored database serves.")
        return Restored(
            backup_name=live.name,
            safety_backup=safety,
            kept_database=None if drop_old else done.kept,
            carried=done.carried,
            access_review=done.access_review,
            left_out=made.loaded.left_out,
            not_restored=made.loaded.not_restored,
            rows=rows,
            seconds=done.seconds,
            undone=done.undone,
        )

    def _restoring(
        self, live: RunHandle, manifest: Manifest, facts: dict[str, Any], began: float
    ) -> Occasion:
        return Occasion(
            AuditAction.BACKUP_RESTORED,
            Target("backup", None, live.name),
            f"restore of {live.name}",
            f"restore {live.name}",
            {"created_at": manifest.created_at.isoformat(), **facts},
            Since(manifest.audit_event_id, manifest.created_at),
            began,
        )

    async def undo_restore(self, live: RunHandle, kept: str, since: Since) -> Restored:
        """Put a database that a restore replaced back in its place: a copy of it, as it may be
        needed once more when this fails. Raises Conflict, MigrationFailed, Unavailable.
        """
        began = time.monotonic()
        await live.in_thread(rights.must_be_enough, self._url)
        await live.in_thread(sibling_databases.clear_leftovers, self._url)
        fresh = sibling_databases.companion(self._url, "restore")
        occasion = Occasion(
            AuditAction.BACKUP_RESTORE_UNDONE,
            Target("database", None, kept),
            f"return to {kept}",
            f"undo-restore {kept}",
            {},
            since,
            began,
        )
        try:
            live.progress.at("Copying the database of before")
            await live.in_thread(sibling_databases.copy, self._url, kept, fresh)
            live.progress.at("Applying migrations", 0.5)
            await live.in_thread(restore.bring_up_to_date, cluster_store.at(self._url, fresh), kept)
            done = await self._replacing.replace(live, fresh, occasion)
        except BaseException:
            await sibling_databases.drop_whatever_happens(self._url, fresh)
            raise
        live.mark_ended()
        # All of it serves under the engine's own name now.
        await sibling_databases.drop_whatever_happens(self._url, kept)
        live.progress.note("The database of before serves.")
        return Restored(
            backup_name=kept,
            safety_backup=None,
            kept_database=done.kept,
            carried=done.carried,
            access_review=done.access_review,
            seconds=done.seconds,
            undone=done.undone,
        )

    async def restore_into(
        self, live: RunHandle, url: str, *, trust_unsigned: bool = False
    ) -> Restored:
        """Fill the empty database at *url*, with no more than `restore` brings back.

        Raises NotTrusted.
        """
        began = time.monotonic()
        path = await self.fetched(live, live.name)
        manifest = await self._trusted(live, path, trust_unsigned)
        restore.must_not_be_newer(manifest)
        made = await filled(self._make_engine, live, url, path, manifest)
        made.must_serve(live.name)
        carried = await live.in_thread(self._replacing.compared, url)
        rows = sum(manifest.tables.values())
        target = {"into": cluster_store.name_of(url), "rows": rows}
        facts = {**target, **_not_restored(made.loaded)}
        occasion = self._restoring(live, manifest, facts, began)
        review = await self._replacing.record(url, live, occasion, occasion.facts, carried)
        await self._runs.end(live, details={**target, **carried.details})
        return Restored(
            backup_name=live.name,
            safety_backup=None,
            kept_database=None,
            carried=carried,
            access_review=review,
            left_out=made.loaded.left_out,
            not_restored=made.loaded.not_restored,
            rows=rows,
        )

    async def _clear(self) -> None:
        """Finish or remove what dead runs left in the directory."""
        if not await self._runs.can_record():
            return
        for name, path in self._directory.unfinished():
            is_known = await store.was_made(self._db, name)
            await asyncio.to_thread(self._directory.clear, path, is_known)

    async def fetched(self, live: RunHandle, name: str) -> Path:
        """Where the archive lies on this machine; from the S3 storage when only that has it."""
        try:
            return self._directory.path(name)
        except NotFound:
            if self._remote is None:
                raise
        live.progress.at(f"Fetching it from {self._remote.place}", 0.0)
        return await live.in_thread(self._remote.download, name, self._directory, live.progress)

    async def _trusted(self, live: RunHandle, path: Path, trust_unsigned: bool) -> Manifest:
        """The manifest, once it is known who signed it. Raises NotTrusted, Damaged."""

        def look() -> Manifest:
            contents = contents_of(path)
            return self._keys.trusted(contents, live.name, trust_unsigned=trust_unsigned)

        live.progress.at("Checking the signature", 0.0)
        return await live.in_thread(look)

    async def upload(self, live: RunHandle, name: str) -> None:
        """Copy an archive to the S3 storage."""
        if self._remote is None:
            raise Conflict("S3 is not configured. Set [backup.s3] in the configuration.")
        live.progress.at(f"Copying it to {self._remote.place}", 0.0)
        await live.in_thread(self._remote.upload, self._directory.path(name), live.progress)


def _not_restored(loaded: restore.Loaded) -> dict[str, Any]:
    names_by_kind = {"left_out": loaded.left_out, "not_restored": loaded.not_restored}
    return {key: names for key, names in names_by_kind.items() if names}
