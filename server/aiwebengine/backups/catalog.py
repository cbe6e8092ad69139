"""The list of all backups: local files, S3 objects and the results of runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aiwebengine.backups import store
from aiwebengine.backups.create import SECRETS
from aiwebengine.backups.manifest import Damaged
from aiwebengine.backups.names import is_name, is_safety_note, time_of
from aiwebengine.backups.runs import Runs
from aiwebengine.backups.signing import NoSigningKey, SigningKeys, renamed
from aiwebengine.backups.storage import Directory, StorageFailed, contents_of
from aiwebengine.backups.types import (
    Backup,
    BackupLocation,
    BackupPart,
    BackupRun,
    BackupRunKind,
    BackupRunState,
    BackupSignature,
    BackupState,
    Manifest,
    TableRows,
)
from aiwebengine.core.clocks import is_of_the_future
from aiwebengine.core.errors import NotFound
from aiwebengine.core.scalars import BigInt
from aiwebengine.database import Database

if TYPE_CHECKING:
    from aiwebengine.backups.remote import Remote

# The list includes failed backups among this many latest runs.
_RECENT_RUNS = 50
_LIST_TIMEOUT_SECS = 4.0

_ReadResult = tuple[Manifest | str, BackupSignature | None]
"""A manifest, or why it can't be read; and its signature."""


class BackupCatalog:
    """The list of backups. The files are authoritative; a database adds details."""

    def __init__(
        self,
        db: Database,
        directory: Directory,
        remote: Remote | None,
        runs: Runs,
        keys: SigningKeys,
    ) -> None:
        self._db = db
        self._directory = directory
        self._remote = remote
        self._runs = runs
        self._keys = keys
        self._read_before: dict[tuple[object, ...], _ReadResult] = {}
        self._listing: asyncio.Task[dict[str, int]] | None = None
        self.remote_trouble: str | None = None

    async def backups(self) -> list[Backup]:
        """Every backup, newest first. Raises StorageFailed for the backup directory.

        If S3 does not respond within seconds, its backups are missing and `remote_trouble` has the
        reason.
        """
        remote = {} if self._remote is None else await self._remote_sizes(self._remote)
        return await self._merged(remote)

    async def _merged(self, remote: Mapping[str, int]) -> list[Backup]:
        """Local backups, those in *remote* (name and size), and unfinished ones."""
        can_record = await self._runs.can_record()
        # Runs first, then files: a run that ended in between already has its file.
        runs = (
            await store.page(self._db, [BackupRunKind.CREATE], None, _RECENT_RUNS)
            if can_record
            else []
        )
        found = {one.name: one for one in await asyncio.to_thread(self._local)}
        for name, size in remote.items():
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
        """The backup with this name; *problem* is the result of a check that just ended.

        Raises NotFound; its message mentions S3 if that is unavailable.
        """
        for backup in await self.backups():
            if backup.name == name and backup.state is not BackupState.FAILED:
                if problem is not None:
                    backup.state, backup.problem = BackupState.DAMAGED, problem
                return backup
        missing = f"There is no backup {name[:80]}"
        if self.remote_trouble is not None:
            raise NotFound(f"{missing} on this machine. {self.remote_trouble}")
        raise NotFound(f"{missing}.")

    async def newest(self) -> Backup | None:
        """The newest good local backup."""
        # Without S3, because health checks call this often, also while S3 hangs.
        good = [one for one in await self._merged({}) if is_good(one)]
        # A backup dated in the future, from a wrong clock, must not hide for years that no newer
        # one was created.
        now = datetime.now(UTC)
        return max(
            good,
            key=lambda one: (not is_of_the_future(one.created_at, now), one.created_at),
            default=None,
        )

    async def newest_remote(self) -> Backup | None:
        """The newest backup that is only in S3."""
        return next((one for one in await self.backups() if one.state is BackupState.REMOTE), None)

    async def unsigned(self) -> list[Backup]:
        """Local backups that are complete but not signed by this engine, newest first."""
        whole = [one for one in await self._merged({}) if one.state is BackupState.COMPLETE]
        return [one for one in whole if not is_good(one)]

    async def is_last_good(self, name: str) -> bool:
        """Whether no other backup is as good: signed by this engine, if this one is."""
        found = await self.backups()
        others = [one for one in found if one.name != name]
        this = next((one for one in found if one.name == name), None)
        if this is None or this.state is not BackupState.COMPLETE:
            return False
        return not any(
            one.state is BackupState.REMOTE
            or is_good(one)
            or (not is_good(this) and one.state is BackupState.COMPLETE)
            for one in others
        )

    def ignored(self) -> list[str]:
        """Files that looked like archives in the last listing but are not."""
        return [
            *self._directory.ignored.names,
            *(self._remote.ignored.names if self._remote is not None else []),
        ]

    def beginning(self, name: str) -> Backup:
        """A backup in progress."""
        return Backup(
            name=name,
            created_at=time_of(name),
            size_bytes=cast(BigInt, 0),
            state=BackupState.RUNNING,
        )

    def _local(self) -> list[Backup]:
        found, read = [], dict[tuple[object, ...], _ReadResult]()
        ids = self._key_ids()
        for name in self._directory.names():
            try:
                found.append(self._backup(name, ids, read))
            except (NotFound, FileNotFoundError):
                # Removed in the meantime.
                continue
        # Drops removed files, so that the cache never outgrows the directory.
        self._read_before = read
        return found

    def _key_ids(self) -> tuple[str, ...]:
        try:
            return self._keys.ids()
        except NoSigningKey:
            return ()

    def _backup(
        self, name: str, ids: tuple[str, ...], read: dict[tuple[object, ...], _ReadResult]
    ) -> Backup:
        path = self._directory.path(name)
        facts = path.lstat()
        # Archives never change; a modified file has another time or size.
        key = (name, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns, ids)
        read[key] = self._read_before.get(key) or self._read(path, name)
        manifest, signature = read[key]
        size = cast(BigInt, facts.st_size)
        if isinstance(manifest, str):
            return Backup(
                name=name,
                created_at=time_of(name),
                size_bytes=size,
                state=BackupState.DAMAGED,
                problem=manifest,
                locations=[BackupLocation.LOCAL],
                signature=signature,
            )
        return _from_manifest(name, size, manifest, signature)

    def _read(self, path: Path, name: str) -> _ReadResult:
        try:
            contents = contents_of(path)
        except (Damaged, StorageFailed) as error:
            return error.message, None
        try:
            signature = self._keys.state_of(contents)
        except NoSigningKey:
            # The archive is not at fault if the key can't be read.
            return contents.manifest, None
        if signature is BackupSignature.INVALID:
            return f"The signature of {name} does not match, so the archive was changed.", signature
        if contents.manifest.name != name:
            return renamed(name, contents.manifest), signature
        return contents.manifest, signature

    async def _remote_sizes(self, remote: Remote) -> dict[str, int]:
        """The archives in S3: concurrent callers share one listing."""
        if self._listing is None or self._listing.done():
            self._listing = asyncio.create_task(asyncio.to_thread(remote.sizes))
        try:
            async with asyncio.timeout(_LIST_TIMEOUT_SECS):
                found = await asyncio.shield(self._listing)
        except TimeoutError:
            self._listing.add_done_callback(_forget)
            self.remote_trouble = (
                f"The S3 storage ({remote.place}) did not respond within {_LIST_TIMEOUT_SECS:g} s."
            )
            return {}
        except (StorageFailed, NotFound) as error:
            # Local backups are still listed.
            self.remote_trouble = error.message
            return {}
        self.remote_trouble = None
        return found


def _forget(listing: asyncio.Task[dict[str, int]]) -> None:
    """Retrieve the result of a listing that nobody waits for."""
    if not listing.cancelled():
        listing.exception()


def is_good(backup: Backup) -> bool:
    """Whether a local backup is complete and signed by this engine."""
    return backup.state is BackupState.COMPLETE and backup.signature is BackupSignature.VALID


def _from_manifest(
    name: str, size: BigInt, manifest: Manifest, signature: BackupSignature | None
) -> Backup:
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
        signature=signature,
        note=manifest.note,
        is_safety_copy=is_safety_note(manifest.note),
    )


def _add_unfinished(found: dict[str, Backup], run: BackupRun) -> None:
    """Add a backup that is in progress or failed."""
    name = run.backup_name
    is_over = run.state is BackupRunState.SUCCEEDED
    if name in found or not is_name(name) or is_over:
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
    """Add the result of a verification or drill."""
    is_good = run.state is BackupRunState.SUCCEEDED
    if run.kind is BackupRunKind.VERIFY:
        if is_good:
            backup.verified_at = run.ended_at
        elif run.details is not None and backup.state is BackupState.COMPLETE:
            # A check that found a problem has details; a stopped one has none.
            backup.state, backup.problem = BackupState.DAMAGED, run.problem
    elif is_good:
        backup.drilled_at = run.ended_at
