"""All backups that there are: files here and in the S3 storage, and what runs tell of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from aiwebengine.backups import store
from aiwebengine.backups.archive import Damaged
from aiwebengine.backups.create import SECRETS
from aiwebengine.backups.runs import Runs
from aiwebengine.backups.storage import Directory, StorageFailed, manifest_of
from aiwebengine.backups.types import (
    NAME,
    Backup,
    BackupLocation,
    BackupPart,
    BackupRun,
    BackupRunKind,
    BackupRunState,
    BackupState,
    Manifest,
    TableRows,
    time_of,
)
from aiwebengine.database import Database
from aiwebengine.errors import NotFound
from aiwebengine.system.types import BigInt

if TYPE_CHECKING:
    from aiwebengine.backups.remote import Remote

# Of backups that failed the list shows those among so many newest runs.
_RECENT_RUNS = 50


class Shelf:
    """The list of backups. The files are the truth; without a database it only tells less."""

    def __init__(
        self, db: Database, directory: Directory, remote: Remote | None, runs: Runs
    ) -> None:
        self._db = db
        self._directory = directory
        self._remote = remote
        self._runs = runs
        self._manifests: dict[tuple[str, int, int], Manifest | str] = {}
        self.remote_trouble: str | None = None

    async def backups(self) -> list[Backup]:
        """Every backup, newest first."""
        can_record = await self._runs.can_record()
        # In this order nothing slips through: what has ended by now has its name when we look.
        runs = (
            await store.page(self._db, [BackupRunKind.CREATE], None, _RECENT_RUNS)
            if can_record
            else []
        )
        found = {one.name: one for one in await asyncio.to_thread(self._local)}
        for name, size in (await asyncio.to_thread(self._remote_sizes)).items():
            if name in found:
                found[name].locations.append(BackupLocation.S3)
            else:
                found[name] = Backup(
                    name=name,
                    created_at=time_of(name),
                    size_bytes=cast(BigInt, size),
                    state=BackupState.REMOTE,
                    locations=[BackupLocation.S3],
                )
        for run in runs:
            _add_unfinished(found, run)
        if can_record:
            for check in await store.newest_checks(self._db, list(found)):
                _add_check(found[check.backup_name], check)
        return sorted(found.values(), key=lambda backup: backup.name, reverse=True)

    async def find(self, name: str, *, problem: str | None = None) -> Backup:
        """The backup of this name; *problem* is what a check just found. Raises NotFound."""
        for backup in await self.backups():
            if backup.name == name and backup.state is not BackupState.FAILED:
                if problem is not None:
                    backup.state, backup.problem = BackupState.DAMAGED, problem
                return backup
        raise NotFound(f"There is no backup {name[:80]}.")

    async def newest(self) -> Backup | None:
        """The newest one here that nothing speaks against."""
        good = [one for one in await self.backups() if one.state is BackupState.COMPLETE]
        # Names tell the second only.
        return max(good, key=lambda one: one.created_at, default=None)

    async def newest_remote(self) -> Backup | None:
        """The newest one of the S3 storage that is not here."""
        return next((one for one in await self.backups() if one.state is BackupState.REMOTE), None)

    async def is_last_good(self, name: str) -> bool:
        """Whether there is no other good backup."""
        good = (BackupState.COMPLETE, BackupState.REMOTE)
        return not any(one.name != name and one.state in good for one in await self.backups())

    def beginning(self, name: str) -> Backup:
        """A backup that is being made."""
        return Backup(
            name=name,
            created_at=time_of(name),
            size_bytes=cast(BigInt, 0),
            state=BackupState.RUNNING,
        )

    def _local(self) -> list[Backup]:
        found = []
        for name in self._directory.names():
            try:
                found.append(self._read(name))
            except NotFound:
                # Removed meanwhile.
                continue
        return found

    def _read(self, name: str) -> Backup:
        path = self._directory.path(name)
        facts = path.stat()
        # An archive never changes; one that did has another time or size.
        key = (name, facts.st_size, facts.st_mtime_ns)
        if key not in self._manifests:
            try:
                self._manifests[key] = manifest_of(path)
            except (Damaged, StorageFailed) as error:
                self._manifests[key] = error.message
        manifest = self._manifests[key]
        size = cast(BigInt, facts.st_size)
        if isinstance(manifest, str):
            return Backup(
                name=name,
                created_at=time_of(name),
                size_bytes=size,
                state=BackupState.DAMAGED,
                problem=manifest,
                locations=[BackupLocation.LOCAL],
            )
        return _told(name, size, manifest)

    def _remote_sizes(self) -> dict[str, int]:
        self.remote_trouble = None
        if self._remote is None:
            return {}
        try:
            return self._remote.sizes()
        except (StorageFailed, NotFound) as error:
            # What lies here is to be seen all the same.
            self.remote_trouble = error.message
            return {}


def _told(name: str, size: BigInt, manifest: Manifest) -> Backup:
    return Backup(
        name=name,
        created_at=manifest.created_at,
        size_bytes=size,
        state=BackupState.COMPLETE,
        locations=[BackupLocation.LOCAL],
        parts=[
            BackupPart(name=part.name, size_bytes=cast(BigInt, part.size), sha256=part.sha256)
            for part in manifest.parts
        ],
        row_counts=[
            TableRows(table=table, rows=cast(BigInt, rows))
            for table, rows in manifest.tables.items()
        ],
        program_version=manifest.program_version,
        database_version=manifest.database_version,
        audit_event_id=None if manifest.audit_event_id is None else str(manifest.audit_event_id),
        has_secrets=any(part.name.startswith(SECRETS) for part in manifest.parts),
    )


def _add_unfinished(found: dict[str, Backup], run: BackupRun) -> None:
    """A backup that is being made, or was not finished."""
    name = run.backup_name
    is_over = run.state is BackupRunState.SUCCEEDED
    if name in found or not NAME.fullmatch(name) or is_over:
        return
    has_failed = run.state is BackupRunState.FAILED
    found[name] = Backup(
        name=name,
        created_at=run.started_at,
        size_bytes=cast(BigInt, 0),
        state=BackupState.FAILED if has_failed else BackupState.RUNNING,
        problem=run.problem,
    )


def _add_check(backup: Backup, run: BackupRun) -> None:
    """What a verification or a drill found."""
    is_good = run.state is BackupRunState.SUCCEEDED
    if run.kind is BackupRunKind.VERIFY:
        if is_good:
            backup.verified_at = run.ended_at
        elif run.details is not None and backup.state is BackupState.COMPLETE:
            # A check that was stopped tells nothing; one that found something has details.
            backup.state, backup.problem = BackupState.DAMAGED, run.problem
    elif is_good:
        backup.drilled_at = run.ended_at
