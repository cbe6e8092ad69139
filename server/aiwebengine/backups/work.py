"""What runs do once they have begun: archives are written, read, restored, carried about."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.backups import (
    cluster_store,
    companions,
    create,
    programs,
    restore,
    store,
    verify,
)
from aiwebengine.backups.carry_over import EVENTS, Newer, carry_over
from aiwebengine.backups.create import Secrets
from aiwebengine.backups.drill import MakeEngine, smoke_checks
from aiwebengine.backups.manifest import Damaged
from aiwebengine.backups.names import new_name
from aiwebengine.backups.removals import CarriedOver
from aiwebengine.backups.runs import Live, Runs
from aiwebengine.backups.shelf import Shelf
from aiwebengine.backups.signing import SigningKeys
from aiwebengine.backups.storage import CopyFailed, Directory, StorageFailed, contents_of
from aiwebengine.backups.types import (
    Backup,
    BackupLocation,
    BackupRunKind,
    Manifest,
    Restored,
)
from aiwebengine.config import Config
from aiwebengine.database import Database
from aiwebengine.errors import Conflict, NotFound
from aiwebengine.migrations.service import MigrationFailed

if TYPE_CHECKING:
    from aiwebengine.backups.remote import Remote

# Each has an event of its own in the restored trail; the event of the restore counts all of them.
MOST_EVENTS = 1_000


class Work:
    """The work of runs. Who may, and one at a time, is seen to by whoever begins them.

    *make_engine* builds an engine on another database, for drills.
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
        shelf: Shelf,
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

    async def create(self, live: Live, secrets: Secrets | None, why: str | None) -> Backup:
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
                    f"{live.name} is made and lies here, but has no copy: {error.message}"
                ) from error
        await self._runs.end(live, details=details)
        made = await self._shelf.find(live.name)
        if is_copied and BackupLocation.S3 not in made.locations:
            # Some keys may write to the storage and not list it.
            made.locations.append(BackupLocation.S3)
        return made

    async def _make(
        self, live: Live, name: str, secrets: Secrets | None, why: str | None
    ) -> dict[str, Any]:
        """Write an archive, tell the trail, then give it its name; what the trail was told.

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

    async def verify(self, live: Live, *, trust_unsigned: bool = False) -> Backup:
        """Read an archive to its end; what is wrong stands in the backup. Raises NotTrusted."""
        path = await self.fetched(live, live.name)
        try:
            manifest = await self._trusted(live, path, trust_unsigned)
            problem = await live.in_thread(verify.problem_of, path, manifest, live.progress)
        except Damaged as error:
            problem = error.message
        after = {"ok": problem is None, **({"problem": problem} if problem else {})}
        await self._runs.succeeded(live, AuditAction.BACKUP_VERIFIED, after, problem=problem)
        return await self._shelf.find(live.name, problem=problem)

    async def drill(self, live: Live, *, trust_unsigned: bool = False) -> None:
        """Restore into a scratch database, check it there, drop it. Raises NotTrusted."""
        began = datetime.now(UTC)
        await live.in_thread(companions.clear_leftovers, self._url)
        path = await self.fetched(live, live.name)
        details: dict[str, Any] = {"checks": []}
        problem: str | None = None
        scratch = companions.companion(self._url, "drill")
        url = cluster_store.at(self._url, scratch)
        try:
            manifest = await self._trusted(live, path, trust_unsigned)
            restore.must_not_be_newer(manifest)
            await live.in_thread(companions.create, self._url, scratch)
            left_out = await live.in_thread(restore.load, url, path, manifest, live.progress)
            rows = sum(manifest.tables.values())
            told = f"{rows} rows in {len(manifest.tables)} tables are what the manifest tells."
            if left_out:
                told += f" Left out, not the engine's tables: {', '.join(left_out)}."
            details["checks"].append({"name": "rows", "ok": True, "told": told})
            live.progress.at("Asking it what people ask")
            details["checks"] += await smoke_checks(self._make_engine(url), manifest)
            live.progress.at("Comparing it with the database of now")
            carried = await live.in_thread(self._compared, url)
            told = f"Removals that a restore would keep in force: {len(carried.removals)}."
            details["checks"].append({"name": "removals", "ok": True, "told": told})
            bad = [f"{one['name']}: {one['told']}" for one in details["checks"] if not one["ok"]]
            problem = "; ".join(bad) or None
        except (Damaged, programs.ProgramFailed, MigrationFailed, restore.TooNew) as error:
            problem = error.message
            details["checks"].append({"name": "restore", "ok": False, "told": problem})
        finally:
            await companions.drop_whatever_happens(self._url, scratch)
        details["seconds"] = round((datetime.now(UTC) - began).total_seconds(), 1)
        after = {"ok": problem is None, **({"problem": problem} if problem else {}), **details}
        await self._runs.succeeded(live, AuditAction.DRILL_RUN, after, problem=problem)

    async def restore(
        self, live: Live, with_safety_backup: bool, drop_old: bool, *, trust_unsigned: bool = False
    ) -> Restored:
        """Restore beside the database, check, and let both change places. Raises NotTrusted."""
        path = await self.fetched(live, live.name)
        manifest = await self._trusted(live, path, trust_unsigned)
        restore.must_not_be_newer(manifest)
        await live.in_thread(companions.clear_leftovers, self._url)
        safety = None
        if with_safety_backup and await self._runs.can_record():
            live.progress.at("Making a safety backup first")
            safety = new_name()
            why = f"Before the restore of {live.name}"
            await self._make(live, safety, None, why)
        fresh = companions.companion(self._url, "restore")
        kept = companions.kept_name(self._url)
        url = cluster_store.at(self._url, fresh)
        try:
            await live.in_thread(companions.create, self._url, fresh)
            left_out = await live.in_thread(restore.load, url, path, manifest, live.progress)
            with ExitStack() as stack:
                live.progress.at("Comparing it with the database of now")
                newer = Newer(self._url, is_held=True)
                await live.in_thread(stack.enter_context, newer)
                carried = await live.in_thread(carry_over, newer, url)
                _must_leave_an_administrator(live, carried)
                told = {
                    "created_at": _iso(manifest),
                    "safety_backup": safety,
                    "kept_database": kept,
                    **_left_out(left_out),
                }
                review = await self._record_in(url, live, told, carried)
                live.progress.at("Changing places")
                # Not to be cut short: afterwards either all of it has happened or nothing.
                was_there = await asyncio.shield(
                    asyncio.to_thread(cluster_store.swap, self._url, fresh, kept, newer.process)
                )
        except BaseException:
            await companions.drop_whatever_happens(self._url, fresh)
            raise
        # The row of this run is the old database's; the restored one has a row of its own.
        live.has_ended = True
        if drop_old and was_there:
            await live.in_thread(companions.drop, self._url, kept)
        live.progress.note("The restored database serves.")
        return Restored(
            backup_name=live.name,
            safety_backup=safety,
            kept_database=kept if was_there and not drop_old else None,
            carried=carried,
            access_review=review,
            left_out=left_out,
        )

    async def restore_into(self, live: Live, url: str, *, trust_unsigned: bool = False) -> Restored:
        """Fill the empty database at *url*, with no more than `restore` brings back.

        Raises NotTrusted.
        """
        path = await self.fetched(live, live.name)
        manifest = await self._trusted(live, path, trust_unsigned)
        restore.must_not_be_newer(manifest)
        left_out = await live.in_thread(restore.load, url, path, manifest, live.progress)
        carried = await live.in_thread(self._compared, url)
        target = {"into": cluster_store.name_of(url)}
        told = {**target, "created_at": _iso(manifest), **_left_out(left_out)}
        review = await self._record_in(url, live, told, carried)
        await self._runs.end(live, details={**target, **carried.details})
        return Restored(live.name, None, None, carried, review, left_out)

    def _compared(self, url: str) -> CarriedOver:
        """What the database at *url* takes over from ours, which goes on meanwhile."""
        with Newer(self._url, is_held=False) as newer:
            return carry_over(newer, url)

    async def _record_in(
        self, url: str, live: Live, told: dict[str, Any], carried: CarriedOver
    ) -> str:
        """Let the restored database itself tell that it was restored, by whom, and what stays
        removed; the number of the access review that is opened in it.
        """
        engine = self._make_engine(url)
        db, services = engine.db, engine.services
        await db.connect()
        try:
            async with db.transaction():
                number = await store.begin(db, BackupRunKind.RESTORE, live.name, live.viewer.label)
                for one in carried.removals[:MOST_EVENTS]:
                    if one.kind in EVENTS:
                        await services.audit.record(
                            live.viewer,
                            EVENTS[one.kind],
                            Target("user", one.user_id, one.email),
                            before=one.before,
                            after=one.after,
                            reason=f"Restore of {live.name}: the newer database had it so.",
                        )
                review = await services.reviews.start_over(
                    live.viewer, f"After the restore of {live.name}"
                )
                told = {**told, **carried.details, "access_review": str(review.id)}
                await store.end(db, number, None, told)
                await services.audit.record(
                    live.viewer,
                    AuditAction.BACKUP_RESTORED,
                    Target("backup", None, live.name),
                    after=told,
                )
        finally:
            await db.disconnect()
        return str(review.id)

    async def _clear(self) -> None:
        """Finish or remove what dead runs left in the directory."""
        if not await self._runs.can_record():
            return
        for name, path in self._directory.unfinished():
            is_known = await store.was_made(self._db, name)
            await asyncio.to_thread(self._directory.clear, path, is_known)

    async def fetched(self, live: Live, name: str) -> Path:
        """Where the archive lies on this machine; from the S3 storage when only that has it."""
        try:
            return self._directory.path(name)
        except NotFound:
            if self._remote is None:
                raise
        live.progress.at(f"Fetching it from {self._remote.place}", 0.0)
        return await live.in_thread(self._remote.download, name, self._directory, live.progress)

    async def _trusted(self, live: Live, path: Path, trust_unsigned: bool) -> Manifest:
        """The manifest, once it is known who signed it. Raises NotTrusted, Damaged."""

        def look() -> Manifest:
            contents = contents_of(path)
            return self._keys.trusted(contents, live.name, trust_unsigned=trust_unsigned)

        live.progress.at("Checking the signature", 0.0)
        return await live.in_thread(look)

    async def upload(self, live: Live, name: str) -> None:
        """Copy an archive to the S3 storage."""
        if self._remote is None:
            raise Conflict("There is no S3 storage: set [backup.s3] in the configuration.")
        live.progress.at(f"Copying it to {self._remote.place}", 0.0)
        await live.in_thread(self._remote.upload, self._directory.path(name), live.progress)


def _left_out(tables: list[str]) -> dict[str, Any]:
    return {"left_out": tables} if tables else {}


def _iso(manifest: Manifest) -> str:
    return manifest.created_at.isoformat()


def _must_leave_an_administrator(live: Live, carried: CarriedOver) -> None:
    """Refuse to shut everybody out. At the command line there is a way back in."""
    if carried.administrators == 0 and not live.viewer.is_trusted:
        raise Conflict(
            f"Nobody would be an active administrator after the restore of {live.name}, so nothing"
            f" was changed. Run `aiwebengine backup restore {live.name}` on the server, and"
            " `aiwebengine users grant EMAIL Administrator` after it."
        )
