"""Types of backups, runs and restores."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from subprocess import Popen
from typing import TypeAlias

import strawberry
from strawberry.scalars import JSON

from aiwebengine.backups.removals import CarriedOver
from aiwebengine.backups.undone import Undone
from aiwebengine.core.scalars import BigInt
from aiwebengine.jobs.types import Progress as RunProgress

Note: TypeAlias = Callable[[str], None]
"""Receives progress messages, one line each."""


def quiet(_: str) -> None:
    """Discard progress messages."""


@strawberry.enum
class BackupState(enum.Enum):
    """The state of a backup.

    Attributes:
        RUNNING: being created.
        COMPLETE: the archive is complete, and no check found a problem.
        DAMAGED: the archive can't be read, or its last check found a problem.
        FAILED: creating the backup failed; there is no archive.
        REMOTE: the archive is only in S3.
    """

    RUNNING = "running"
    COMPLETE = "complete"
    DAMAGED = "damaged"
    FAILED = "failed"
    REMOTE = "remote"


@strawberry.enum
class BackupLocation(enum.Enum):
    """The location of an archive.

    Attributes:
        LOCAL: the backup directory.
        S3: the S3-compatible storage.
    """

    LOCAL = "local"
    S3 = "s3"


@strawberry.enum
class BackupSignature(enum.Enum):
    """The signature of an archive.

    Attributes:
        VALID: signed with a key of this engine.
        UNSIGNED: not signed, for example by a version before 0.3.0.
        UNKNOWN_KEY: signed with a key that this engine does not have.
        INVALID: the signature does not match, so the archive was changed.
    """

    VALID = "valid"
    UNSIGNED = "unsigned"
    UNKNOWN_KEY = "unknown_key"
    INVALID = "invalid"


@strawberry.enum
class BackupRunKind(enum.Enum):
    """The kind of a backup run.

    Attributes:
        CREATE: create a backup.
        VERIFY: read an archive and compare it with its manifest.
        RESTORE: replace the database with a backup.
        DRILL: restore a backup into a scratch database, check it and drop it.
        UPLOAD: copy an archive to S3.
        DOWNLOAD: copy an archive from S3.
    """

    CREATE = "create"
    VERIFY = "verify"
    RESTORE = "restore"
    DRILL = "drill"
    UPLOAD = "upload"
    DOWNLOAD = "download"


@strawberry.enum
class BackupRunState(enum.Enum):
    """The state of a backup run.

    Attributes:
        RUNNING: in progress.
        SUCCEEDED: finished without problems.
        FAILED: failed; `problem` explains why.
    """

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@strawberry.type
class BackupPart:
    """A file in an archive.

    Attributes:
        name: path in the archive.
        size_bytes: size of the file.
        sha256: SHA-256 of the file, in hexadecimal.
    """

    name: str
    size_bytes: BigInt
    sha256: str


@strawberry.type
class TableRows:
    """The number of rows in a table.

    Attributes:
        table: name of the table.
        rows: number of rows.
    """

    table: str
    rows: BigInt


@strawberry.type
class BackupRun:
    """A backup run, such as a restore or drill.

    Attributes:
        id: ID of the run.
        kind: kind of the run.
        state: state of the run. A run whose process ended is FAILED.
        backup_name: archive that the run creates or reads.
        actor_label: who started it.
        started_at: when it started.
        ended_at: when it ended.
        progress: progress, 0 to 1.
        step: current or last step.
        problem: reason for the failure.
        details: results: checks, row counts, names of databases.
    """

    id: strawberry.ID
    kind: BackupRunKind
    state: BackupRunState
    backup_name: str
    actor_label: str
    started_at: datetime
    ended_at: datetime | None = None
    progress: float = 0.0
    step: str = ""
    problem: str | None = None
    details: JSON | None = None

    @property
    def number(self) -> int:
        """`id` as a number."""
        return int(self.id)


@strawberry.type
class Backup:
    """A backup: an archive of the database, the configuration and the newest logs.

    Attributes:
        name: file name.
        created_at: time of the data.
        size_bytes: size of the file; 0 if there is none.
        state: state of the backup.
        problem: what is wrong with it.
        locations: locations of the archive.
        parts: files in the archive; empty if it is only in S3.
        row_counts: number of rows of each table.
        program_version: version of the engine that created it.
        database_version: version of PostgreSQL.
        audit_event_id: newest audit event in the backup.
        has_secrets: whether it contains the configuration with secrets, encrypted.
        signature: signature of the archive; null if not checked, such as for an archive that is
          only in S3 or can't be read.
        verified_at: last successful verification.
        drilled_at: last successful restore drill.
        note: note stored in the archive.
        is_safety_copy: whether a restore created it before replacing the database.
    """

    name: str
    created_at: datetime
    size_bytes: BigInt
    state: BackupState
    problem: str | None = None
    locations: list[BackupLocation] = field(default_factory=list)
    parts: list[BackupPart] = field(default_factory=list)
    row_counts: list[TableRows] = field(default_factory=list)
    program_version: str | None = None
    database_version: str | None = None
    audit_event_id: str | None = None
    has_secrets: bool = False
    signature: BackupSignature | None = None
    verified_at: datetime | None = None
    drilled_at: datetime | None = None
    note: str | None = None
    is_safety_copy: bool = False


@strawberry.type
class RestorePreview:
    """The effect of a restore, or of undoing one.

    Attributes:
        name: name of the backup or kept database.
        taken_at: time of the data.
        program_version: version of the engine that created the backup; null for a database or if
          the archive is only in S3.
        pending_migrations: migrations that will be applied.
        problem: why it can't be restored.
        has_same_history: whether the current audit trail contains the newest event of the backup.
          If not, for example after another restore, changes are compared by time.
        signs_you_out: whether the current session would end, because its user was not an
          administrator then.
        undone: changes that would be undone; null if the database can't be read.
    """

    name: str
    taken_at: datetime
    program_version: str | None
    pending_migrations: list[str]
    problem: str | None
    has_same_history: bool
    signs_you_out: bool
    undone: Undone | None


@strawberry.type
class KeptDatabase:
    """A database that a restore replaced and kept under another name.

    Attributes:
        name: name of the database.
        replaced_at: when it was replaced.
        size_bytes: size on disk.
        replaced_by: backup or kept database that replaced it; null if unknown.
    """

    name: str
    replaced_at: datetime
    size_bytes: BigInt
    replaced_by: str | None


@dataclass(frozen=True)
class Part:
    """A file in an archive, as listed in the manifest."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The manifest of an archive, its file `manifest.json`.

    *tables* are counted in the same snapshot as the dump. *audit_head* is the head of the audit
    trail, for `aiwebengine audit verify --head`.
    """

    name: str
    created_at: datetime
    program_version: str
    database_version: str
    dump_version: str
    database_bytes: int
    migrations: list[str]
    tables: dict[str, int]
    audit_event_id: int | None
    audit_head: str | None
    parts: list[Part]
    note: str | None = None
    format: int = 1


@dataclass
class Progress(RunProgress):
    """Progress of a run; written by its thread and read by others."""

    note: Note = lambda _: None
    is_stopped: bool = False
    processes: list[Popen[bytes]] = field(default_factory=list)
    """Programs that work for it and are ended with it."""

    def at(self, step: str, done: float | None = None) -> None:
        """Start a new step."""
        self.check()
        self.step = step
        if done is not None:
            self.done = done
        self.note(step)

    def stop(self) -> None:
        """Stop the thread: its next `check` raises Stopped."""
        self.is_stopped = True
        for process in list(self.processes):
            process.terminate()

    def check(self) -> None:
        """Raise Stopped if the run was stopped."""
        if self.is_stopped:
            raise Stopped


@dataclass(frozen=True)
class Restored:
    """The result of a restore."""

    backup_name: str
    safety_backup: str | None
    kept_database: str | None
    carried: CarriedOver
    """Removals that stay in force."""
    access_review: str
    """ID of the access review that the restore opened."""
    left_out: list[str] = field(default_factory=list)
    """Tables in the archive that do not belong to the engine; their rows are not restored."""
    not_restored: list[str] = field(default_factory=list)
    """Grants, extensions and other objects of the old database that the engine did not create."""
    rows: int | None = None
    """Number of restored rows; None if not counted, such as for a kept database."""
    seconds: float | None = None
    undone: Undone | None = None
    """Changes in the replaced database that were undone; None if it could not be read."""

    @property
    def events_left_behind(self) -> int:
        """Number of audit events after the backup; only the old database has them."""
        return self.carried.events_left_behind


@dataclass
class Pruned:
    """What was or would be removed. *failed*: what could not be removed, with the reason."""

    local: list[str] = field(default_factory=list)
    remote: list[str] = field(default_factory=list)
    databases: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


class Stopped(Exception):
    """The run was stopped because the engine is stopping."""
