"""The verbs of this room: backups are made, proved, put back, tried out and cleared away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.backups import archive, cluster_store, create, programs, restore, store
from aiwebengine.backups.create import Secrets
from aiwebengine.backups.drill import MakeEngine, smoke_checks
from aiwebengine.backups.retention import superfluous
from aiwebengine.backups.runs import Live, Runs
from aiwebengine.backups.shelf import Shelf
from aiwebengine.backups.storage import Directory, StorageFailed
from aiwebengine.backups.types import (
    Backup,
    BackupLocation,
    BackupRun,
    BackupRunKind,
    BackupState,
    Manifest,
    Note,
    Progress,
    new_name,
)
from aiwebengine.config import S3, Config
from aiwebengine.database import Database
from aiwebengine.errors import BadUserInput, Conflict, EngineError, NotFound
from aiwebengine.users.types import Role
from aiwebengine.viewer import Scope, Viewer

if TYPE_CHECKING:
    from aiwebengine.backups.remote import Remote

NEWEST = "newest"
LONGEST_NOTE = 200
# Makes pg_restore read a dump to its end without any database.
_READ_ONLY = ["--format=custom", "--file=/dev/null"]


def quiet(_: str) -> None:
    """Listen to no line."""


@dataclass(frozen=True)
class Restored:
    """What came of a restore: the safety backup, and the old database under its new name."""

    backup_name: str
    safety_backup: str | None
    kept_database: str | None
    events_left_behind: int
    """Audit events that came after the backup; they are in the old database only."""


@dataclass
class Pruned:
    """What was removed, or would be."""

    local: list[str] = field(default_factory=list)
    remote: list[str] = field(default_factory=list)
    databases: list[str] = field(default_factory=list)


class Backups:
    """Backups of this engine's database. Its archives are files and need no database to be read.

    *make_engine* builds an engine on another database, for drills.
    """

    def __init__(
        self, db: Database, audit: AuditTrail, config: Config, url: str, make_engine: MakeEngine
    ) -> None:
        self._db = db
        self._audit = audit
        self._config = config
        self._url = url
        self._make_engine = make_engine
        self._directory = Directory(config.backup.directory)
        s3 = config.backup.s3
        self._remote = _remote(s3) if s3 else None
        self._runs = Runs(db, audit, url)
        self._shelf = Shelf(db, self._directory, self._remote, self._runs)

    # --- looking

    async def all(self, viewer: Viewer) -> list[Backup]:
        """Every backup, newest first, wherever it lies. Raises Unauthenticated, Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await self._shelf.backups()

    async def find(self, viewer: Viewer, name: str) -> Backup:
        """The backup of this name. Raises Unauthenticated, Forbidden, NotFound."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await self._shelf.find(name)

    async def newest(self) -> Backup | None:
        """The newest backup on this machine that nothing speaks against."""
        return await self._shelf.newest()

    async def remote_trouble(self, viewer: Viewer) -> str | None:
        """Why the S3 storage can't be used; None when it can, or when there is none."""
        viewer.must_be(Role.ADMINISTRATOR)
        await self._shelf.backups()
        return self._shelf.remote_trouble

    async def runs(
        self, viewer: Viewer, kinds: Sequence[BackupRunKind], before: int | None, first: int
    ) -> list[BackupRun]:
        """Runs, newest first; one more than *first* when another page follows.

        Raises Unauthenticated, Forbidden.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.page(self._db, kinds, before, first + 1)

    async def count_runs(self, viewer: Viewer, kinds: Sequence[BackupRunKind]) -> int:
        """How many runs of these kinds there are. Raises Unauthenticated, Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.count(self._db, kinds)

    # --- making

    async def create(
        self,
        viewer: Viewer,
        note: Note = quiet,
        *,
        secrets: Secrets | None = None,
        why: str | None = None,
    ) -> Backup:
        """Make a backup, and copy it to the S3 storage where there is one.

        Raises Unauthenticated, Forbidden, AnotherRuns, NoSpace, NoProgram, ProgramFailed,
        StorageFailed, Unavailable; unless only the copy failed, nothing is left then.
        """
        _must_operate(viewer)
        live = await self._runs.begin(viewer, BackupRunKind.CREATE, new_name(), note)
        return await self._runs.finish(live, lambda live: self._create(live, secrets, why))

    async def start_create(
        self, viewer: Viewer, why: str | None = None
    ) -> tuple[Backup, BackupRun | None]:
        """Begin a backup that goes on in the background. Raises as `create` does, at first."""
        _must_operate(viewer)
        if len(why or "") > LONGEST_NOTE:
            raise BadUserInput(f"note: has {len(why or '')} characters; allowed: {LONGEST_NOTE}.")
        live = await self._runs.begin(viewer, BackupRunKind.CREATE, new_name())
        run = await self._runs.run(live.number)
        await self._runs.in_background(
            self._runs.finish(live, lambda live: self._create(live, None, why))
        )
        return self._shelf.beginning(live.name), run

    async def _create(self, live: Live, secrets: Secrets | None, why: str | None) -> Backup:
        await self._clear()
        await self._make(live, live.name, secrets, why)
        s3 = self._config.backup.s3
        if s3 is not None and s3.upload_after_create:
            await self._upload(live, live.name)
        return await self._shelf.find(live.name)

    async def _make(
        self, live: Live, name: str, secrets: Secrets | None, why: str | None, *, ends: bool = True
    ) -> Manifest:
        """Write an archive, tell the trail, then give it its name.

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
        )
        try:
            after = {"size_bytes": made.writer.size, "audit_event_id": made.manifest.audit_event_id}
            if ends:
                await self._runs.succeeded(live, AuditAction.BACKUP_CREATED, after)
            else:
                await self._audit.record(
                    live.viewer,
                    AuditAction.BACKUP_CREATED,
                    Target("backup", None, name),
                    after=after,
                )
            await live.in_thread(made.writer.name)
        finally:
            made.writer.close()
        return made.manifest

    # --- proving

    async def verify(self, viewer: Viewer, name: str, note: Note = quiet) -> Backup:
        """Read an archive to its end and compare it with its manifest.

        Checksums of all parts, and `pg_restore` reads the whole dump. What is wrong stands in the
        backup's `state` and `problem`. Needs no database. Raises Unauthenticated, Forbidden,
        NotFound, AnotherRuns, NoProgram.
        """
        _must_operate(viewer)
        live = await self._begin(viewer, BackupRunKind.VERIFY, name, note)
        return await self._runs.finish(live, self._verify)

    async def start_verify(self, viewer: Viewer, name: str) -> tuple[Backup, BackupRun | None]:
        """Begin a verification that goes on in the background. Raises as `verify` does."""
        _must_operate(viewer)
        live = await self._begin(viewer, BackupRunKind.VERIFY, name, quiet)
        run, backup = await self._runs.run(live.number), await self._shelf.find(name)
        await self._runs.in_background(self._runs.finish(live, self._verify))
        return backup, run

    async def _verify(self, live: Live) -> Backup:
        path = await self._fetched(live, live.name)
        problem = await live.in_thread(_problem_of, path, live.progress)
        after = {"ok": problem is None, **({"problem": problem} if problem else {})}
        await self._runs.succeeded(live, AuditAction.BACKUP_VERIFIED, after, problem=problem)
        return await self._shelf.find(live.name, problem=problem)

    async def drill(self, viewer: Viewer, note: Note = quiet, name: str = NEWEST) -> BackupRun:
        """Restore a backup into a scratch database, check it there, drop it.

        *name*: the newest good one when left out. What is wrong stands in the run's `problem`.
        Raises Unauthenticated, Forbidden, NotFound, AnotherRuns, NoProgram, Unavailable.
        """
        _must_operate(viewer)
        live = await self._begin_drill(viewer, name, note)
        await self._runs.finish(live, self._drill)
        run = await self._runs.run(live.number)
        assert run is not None  # noqa: S101 - a drill needs the table that tells of it
        return run

    async def start_drill(self, viewer: Viewer, name: str | None) -> BackupRun | None:
        """Begin a drill that goes on in the background. Raises as `drill` does."""
        _must_operate(viewer)
        live = await self._begin_drill(viewer, name or NEWEST, quiet)
        run = await self._runs.run(live.number)
        await self._runs.in_background(self._runs.finish(live, self._drill))
        return run

    async def _begin_drill(self, viewer: Viewer, name: str, note: Note) -> Live:
        if name == NEWEST:
            found = await self._shelf.newest() or await self._shelf.newest_remote()
            if found is None:
                raise NotFound("There is no backup to try out. Run `aiwebengine backup create`.")
            name = found.name
        await self._shelf.find(name)
        live = await self._runs.begin(viewer, BackupRunKind.DRILL, name, note)
        if live.number is None:
            live.holds.close()
            raise Conflict("The database lacks its tables. Run `aiwebengine migrate up`.")
        return live

    async def _drill(self, live: Live) -> None:
        began = datetime.now(UTC)
        await live.in_thread(restore.clear_leftovers, self._url)
        path = await self._fetched(live, live.name)
        details: dict[str, Any] = {"checks": []}
        problem: str | None = None
        scratch = restore.companion(self._url, "drill")
        url = cluster_store.at(self._url, scratch)
        try:
            manifest = await live.in_thread(archive.read_manifest, path)
            restore.must_not_be_newer(manifest)
            await live.in_thread(_create_database, self._url, scratch)
            await live.in_thread(
                lambda: restore.load(url, path, manifest, live.progress, is_guest=True)
            )
            rows = sum(manifest.tables.values())
            told = f"{rows} rows in {len(manifest.tables)} tables are what the manifest tells."
            details["checks"].append({"name": "rows", "ok": True, "told": told})
            live.progress.at("Asking it what people ask")
            details["checks"] += await smoke_checks(self._make_engine(url), manifest)
            bad = [f"{one['name']}: {one['told']}" for one in details["checks"] if not one["ok"]]
            problem = "; ".join(bad) or None
        except (archive.Damaged, programs.ProgramFailed, restore.TooNew) as error:
            problem = error.message
            details["checks"].append({"name": "restore", "ok": False, "told": problem})
        finally:
            await _drop_whatever_happens(self._url, scratch)
        details["seconds"] = round((datetime.now(UTC) - began).total_seconds(), 1)
        after = {"ok": problem is None, **({"problem": problem} if problem else {}), **details}
        await self._runs.succeeded(live, AuditAction.DRILL_RUN, after, problem=problem)

    # --- putting back

    async def restore(
        self,
        viewer: Viewer,
        name: str,
        note: Note = quiet,
        *,
        with_safety_backup: bool = True,
        drop_old: bool = False,
    ) -> Restored:
        """Put a backup in the place of this engine's database.

        It is restored beside it, checked, and takes its name in one transaction: whatever fails,
        the old one goes on serving. Engines that run are cut off for a moment and come back by
        themselves. Raises Unauthenticated, Forbidden, ReauthenticationRequired, NotFound,
        AnotherRuns, TooNew, Damaged, NoProgram, ProgramFailed, Conflict, Unavailable.
        """
        live = await self._begin_restore(viewer, name, note)
        return await self._runs.finish(
            live,
            lambda live: self._restore(live, with_safety_backup, drop_old),
        )

    async def start_restore(self, viewer: Viewer, name: str, confirm: str) -> BackupRun | None:
        """Begin a restore that goes on in the background. Raises as `restore` does, at first,
        BadUserInput when *confirm* is not the name.
        """
        _must_operate(viewer)
        if confirm != name:
            raise BadUserInput(f"confirm: found {confirm[:80]!r}; allowed: {name[:80]}.")
        live = await self._begin_restore(viewer, name, quiet)
        run = await self._runs.run(live.number)
        await self._runs.in_background(
            self._runs.finish(live, lambda live: self._restore(live, True, False))
        )
        return run

    async def restore_into(self, viewer: Viewer, name: str, url: str, note: Note = quiet) -> None:
        """Restore a backup into the empty database at *url*. Raises as `restore` does, NotEmpty."""
        _must_operate(viewer)
        viewer.must_have_signed_in_recently()
        live = await self._begin(viewer, BackupRunKind.RESTORE, name, note)

        async def work(live: Live) -> None:
            path = await self._fetched(live, name)
            manifest = await live.in_thread(archive.read_manifest, path)
            restore.must_not_be_newer(manifest)
            await live.in_thread(
                lambda: restore.load(url, path, manifest, live.progress, is_guest=True)
            )
            target = cluster_store.name_of(url)
            await self._record_in(url, live, {"into": target, "created_at": _iso(manifest)})
            if live.number is not None:
                await store.end(self._db, live.number, None, {"into": target})

        await self._runs.finish(live, work)

    async def _begin_restore(self, viewer: Viewer, name: str, note: Note) -> Live:
        _must_operate(viewer)
        viewer.must_have_signed_in_recently()
        return await self._begin(viewer, BackupRunKind.RESTORE, name, note)

    async def _restore(self, live: Live, with_safety_backup: bool, drop_old: bool) -> Restored:
        path = await self._fetched(live, live.name)
        manifest = await live.in_thread(archive.read_manifest, path)
        restore.must_not_be_newer(manifest)
        await live.in_thread(restore.clear_leftovers, self._url)
        safety = None
        if with_safety_backup and await self._runs.can_record():
            live.progress.at("Making a safety backup first")
            safety = new_name()
            why = f"Before the restore of {live.name}"
            await self._make(live, safety, None, why, ends=False)
        fresh = restore.companion(self._url, "restore")
        kept = restore.kept_name(self._url)
        url = cluster_store.at(self._url, fresh)
        try:
            await live.in_thread(_create_database, self._url, fresh)
            await live.in_thread(
                lambda: restore.load(url, path, manifest, live.progress, is_guest=False)
            )
            told = await live.in_thread(_carry_over, self._url, url, manifest)
            told |= {"created_at": _iso(manifest), "safety_backup": safety, "kept_database": kept}
            await self._record_in(url, live, told)
            live.progress.at("Changing places")
            # Not to be cut short: afterwards either all of it has happened or nothing.
            was_there = await asyncio.shield(
                asyncio.to_thread(cluster_store.swap, self._url, fresh, kept)
            )
        except BaseException:
            await _drop_whatever_happens(self._url, fresh)
            raise
        live.number = None
        if drop_old and was_there:
            await live.in_thread(_drop_database, self._url, kept)
        live.progress.note("The restored database serves.")
        return Restored(
            backup_name=live.name,
            safety_backup=safety,
            kept_database=kept if was_there and not drop_old else None,
            events_left_behind=told.get("events_left_behind", 0),
        )

    async def _record_in(self, url: str, live: Live, told: dict[str, Any]) -> None:
        """Let the restored database itself tell that it was restored, and by whom."""
        db = Database(url, max_connections=2)
        await db.connect()
        try:
            async with db.transaction():
                number = await store.begin(db, BackupRunKind.RESTORE, live.name, live.viewer.label)
                await store.end(db, number, None, told)
                await AuditTrail(db).record(
                    live.viewer,
                    AuditAction.BACKUP_RESTORED,
                    Target("backup", None, live.name),
                    after=told,
                )
        finally:
            await db.disconnect()

    # --- clearing away, carrying about

    async def delete(self, viewer: Viewer, name: str) -> Backup:
        """Remove a backup, every copy of it.

        Raises Unauthenticated, Forbidden, ReauthenticationRequired, NotFound, Conflict for the
        last good one, StorageFailed.
        """
        _must_operate(viewer)
        viewer.must_have_signed_in_recently()
        backup = await self._shelf.find(name)
        newest = await self._shelf.newest()
        if newest is not None and newest.name == name and await self._shelf.is_last_good(name):
            raise Conflict(f"{name} is the only good backup. Make another one first.")
        await self._remove(viewer, name, backup.locations)
        return backup

    async def prune(self, viewer: Viewer, note: Note = quiet, *, dry_run: bool = False) -> Pruned:
        """Remove what the configured rules do not keep: archives here and in the S3 storage, and
        databases that a restore replaced. Never the newest good backup.

        Raises Unauthenticated, Forbidden, AnotherRuns, StorageFailed, Unavailable.
        """
        _must_operate(viewer)
        rules, now = self._config.backup, datetime.now(UTC)
        here = [one for one in await self._shelf.backups() if one.state is not BackupState.FAILED]
        local = [one for one in here if BackupLocation.LOCAL in one.locations]
        remote = [one.name for one in here if BackupLocation.S3 in one.locations]
        good = [one.name for one in local if one.state is BackupState.COMPLETE]
        pruned = Pruned(
            superfluous([one.name for one in local], good, rules, now),
            superfluous(remote, remote, rules, now),
            await asyncio.to_thread(_old_databases, self._url, now, rules.retention_days),
        )
        for name in sorted({*pruned.local, *pruned.remote}):
            note(f"{'Would remove' if dry_run else 'Removing'} {name}")
            if not dry_run:
                places = [BackupLocation.LOCAL] if name in pruned.local else []
                places += [BackupLocation.S3] if name in pruned.remote else []
                await self._remove(viewer, name, places)
        for database in pruned.databases:
            note(f"{'Would drop' if dry_run else 'Dropping'} the database {database}")
            if not dry_run:
                await asyncio.to_thread(_drop_database, self._url, database)
        return pruned

    async def upload(self, viewer: Viewer, name: str, note: Note = quiet) -> Backup:
        """Copy an archive to the S3 storage. Raises as `create` does, NotFound."""
        _must_operate(viewer)
        live = await self._begin(viewer, BackupRunKind.CREATE, name, note, records=False)
        await self._runs.finish(live, lambda live: self._upload(live, name))
        return await self._shelf.find(name)

    async def download(self, viewer: Viewer, name: str, note: Note = quiet) -> Backup:
        """Fetch an archive from the S3 storage. Raises NotFound, StorageFailed, NoSpace."""
        _must_operate(viewer)
        live = await self._begin(viewer, BackupRunKind.CREATE, name, note, records=False)
        await self._runs.finish(live, lambda live: self._fetched(live, name))
        return await self._shelf.find(name)

    async def hand_out(self, viewer: Viewer, name: str, *, recorded: bool) -> Path:
        """Where the archive lies, for somebody who takes it along; the trail is told.

        Raises Unauthenticated, Forbidden, ReauthenticationRequired, NotFound, Unavailable.
        """
        _must_operate(viewer)
        viewer.must_have_signed_in_recently()
        path = self._directory.path(name)
        if recorded:
            await self._audit.record(
                viewer, AuditAction.BACKUP_DOWNLOADED, Target("backup", None, name)
            )
        return path

    def secrets_of(self, viewer: Viewer, name: str) -> list[str]:
        """The names of the sealed files in an archive. Raises Forbidden, NotFound, Damaged."""
        _must_operate(viewer)
        manifest = archive.read_manifest(self._directory.path(name))
        return [part.name for part in manifest.parts if part.name.startswith(create.SECRETS)]

    def path(self, viewer: Viewer, name: str) -> Path:
        """Where the archive lies on this machine. Raises Forbidden, NotFound."""
        _must_operate(viewer)
        return self._directory.path(name)

    async def stop(self) -> None:
        """End what runs in the background."""
        await self._runs.stop()

    # --- parts of the above

    async def _begin(
        self, viewer: Viewer, kind: BackupRunKind, name: str, note: Note, *, records: bool = True
    ) -> Live:
        """Begin a run on an archive that is there. Without a database it is not recorded."""
        await self._shelf.find(name)
        live = await self._runs.begin(viewer, kind, name, note, needs_database=False)
        if not records:
            live.number = None
        return live

    async def _clear(self) -> None:
        """Finish or remove what dead runs left in the directory."""
        for name, path in self._directory.unfinished():
            is_known = await store.was_made(self._db, name)
            await asyncio.to_thread(self._directory.clear, path, is_known)

    async def _fetched(self, live: Live, name: str) -> Path:
        """Where the archive lies on this machine; from the S3 storage when only that has it."""
        try:
            return self._directory.path(name)
        except NotFound:
            if self._remote is None:
                raise
        live.progress.at(f"Fetching it from {self._remote.place}", 0.0)
        return await live.in_thread(self._remote.download, name, self._directory, live.progress)

    async def _upload(self, live: Live, name: str) -> None:
        if self._remote is None:
            raise Conflict("There is no S3 storage: set [backup.s3] in the configuration.")
        live.progress.at(f"Copying it to {self._remote.place}", 0.0)
        await live.in_thread(self._remote.upload, self._directory.path(name), live.progress)

    async def _remove(self, viewer: Viewer, name: str, places: Sequence[BackupLocation]) -> None:
        """The event first: nothing is gone without one."""
        after = {"locations": [place.value for place in places]}
        await self._audit.record(
            viewer, AuditAction.BACKUP_DELETED, Target("backup", None, name), before=after
        )
        if BackupLocation.S3 in places and self._remote is not None:
            await asyncio.to_thread(self._remote.remove, name)
        if BackupLocation.LOCAL in places:
            try:
                await asyncio.to_thread(self._directory.remove, name)
            except OSError as error:
                raise StorageFailed(f"{name} can't be removed: {error.strerror}.") from error


def _must_operate(viewer: Viewer) -> None:
    viewer.must_be(Role.ADMINISTRATOR, Scope.OPS_WRITE)


def _iso(manifest: Manifest) -> str:
    return manifest.created_at.isoformat()


def _problem_of(path: Path, progress: Progress) -> str | None:
    """What is wrong with an archive; None when it is whole. Raises NoProgram."""
    try:
        progress.at("Reading its manifest", 0.0)
        manifest = archive.read_manifest(path)
        total = sum(part.size for part in manifest.parts) or 1
        passed = 0
        for part in manifest.parts:
            progress.at(f"Reading {part.name}")
            content = archive.checked_pieces(path, part)
            if part.name == archive.DUMP:
                program = programs.find("pg_restore", restore.major(manifest.dump_version), False)
                programs.feed(program, _READ_ONLY, None, content, progress)
            else:
                for _ in content:
                    progress.check()
            passed += part.size
            progress.done = passed / total
        return None
    except (archive.Damaged, programs.ProgramFailed) as error:
        return error.message


def _carry_over(old_url: str, new_url: str, manifest: Manifest) -> dict[str, Any]:
    """What the restored database takes from the one that it replaces, and what stays behind."""
    with cluster_store.maintenance(old_url) as server:
        is_there = cluster_store.is_there(server, cluster_store.name_of(old_url))
    with cluster_store.connection(new_url) as new:
        cluster_store.forget_unfinished_runs(new)
        if not is_there:
            return {}
        with cluster_store.connection(old_url) as old:
            cluster_store.go_on_counting(old, new)
            return {
                **cluster_store.end_what_was_revoked(old, new),
                "events_left_behind": cluster_store.events_after(old, manifest.audit_event_id or 0),
            }


def _create_database(url: str, name: str) -> None:
    with cluster_store.maintenance(url) as connection:
        cluster_store.create(connection, name, cluster_store.name_of(url))


def _drop_database(url: str, name: str) -> None:
    with cluster_store.maintenance(url) as connection:
        cluster_store.drop(connection, name)


async def _drop_whatever_happens(url: str, name: str) -> None:
    """Drop a database after its use; what can't be dropped now, the next run clears away."""
    with suppress(EngineError, psycopg.Error):
        await asyncio.shield(asyncio.to_thread(_drop_database, url, name))


def _old_databases(url: str, now: datetime, retention_days: int) -> list[str]:
    """Databases that a restore replaced and that are older than the rules say."""
    with cluster_store.maintenance(url) as connection:
        kept = cluster_store.named_like(connection, restore.kept_pattern(url))
    return [name for name in kept if restore.kept_since(name) < now - timedelta(retention_days)]


def _remote(config: S3) -> Remote:
    from aiwebengine.backups.remote import Remote

    return Remote(config)
