"""The nouns of this room."""

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
"""Told what goes on, a line at a time."""


def quiet(_: str) -> None:
    """Listen to no line."""


@strawberry.enum
class BackupState(enum.Enum):
    """Whether a backup can be relied on.

    Attributes:
        RUNNING: it is being made.
        COMPLETE: its archive is whole: nothing speaks against it.
        DAMAGED: its archive can't be read, or its last check found something wrong.
        FAILED: it was not finished; there is no archive.
        REMOTE: its archive lies in the S3 storage only.
    """

    RUNNING = "running"
    COMPLETE = "complete"
    DAMAGED = "damaged"
    FAILED = "failed"
    REMOTE = "remote"


@strawberry.enum
class BackupLocation(enum.Enum):
    """Where a copy of an archive lies.

    Attributes:
        LOCAL: in the backup directory.
        S3: in the S3-compatible storage.
    """

    LOCAL = "local"
    S3 = "s3"


@strawberry.enum
class BackupSignature(enum.Enum):
    """Whether an archive is signed by this engine.

    Attributes:
        VALID: signed with a key of this engine.
        UNSIGNED: not signed, for example by a version before 0.3.0.
        UNKNOWN_KEY: signed with a key that this engine does not have.
        INVALID: the signature does not match: the archive was changed.
    """

    VALID = "valid"
    UNSIGNED = "unsigned"
    UNKNOWN_KEY = "unknown_key"
    INVALID = "invalid"


@strawberry.enum
class BackupRunKind(enum.Enum):
    """What was done.

    Attributes:
        CREATE: a backup was made.
        VERIFY: an archive was read to its end and compared with its manifest.
        RESTORE: a backup was put in the database's place.
        DRILL: a backup was restored into a scratch database, checked and dropped.
        UPLOAD: an archive was copied to the S3 storage.
        DOWNLOAD: an archive was fetched from the S3 storage.
    """

    CREATE = "create"
    VERIFY = "verify"
    RESTORE = "restore"
    DRILL = "drill"
    UPLOAD = "upload"
    DOWNLOAD = "download"


@strawberry.enum
class BackupRunState(enum.Enum):
    """State of a run.

    Attributes:
        RUNNING: it is running.
        SUCCEEDED: it did its work.
        FAILED: it did not; `problem` says why.
    """

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@strawberry.type
class BackupPart:
    """One file inside an archive.

    Attributes:
        name: its path inside the archive.
        size_bytes: its size.
        sha256: its SHA-256, in hexadecimal digits.
    """

    name: str
    size_bytes: BigInt
    sha256: str


@strawberry.type
class TableRows:
    """How many rows a table had.

    Attributes:
        table: the table.
        rows: how many.
    """

    table: str
    rows: BigInt


@strawberry.type
class BackupRun:
    """One run: who started it, its progress and its result.

    Attributes:
        id: its number.
        kind: what it does.
        state: its state. A run whose process has ended counts as FAILED at once.
        backup_name: the archive that it makes or reads.
        actor_label: who started it.
        started_at: when it began.
        ended_at: when it ended.
        progress: completed part, 0 to 1.
        step: its current or last step.
        problem: why it failed.
        details: what it found: checks, counted rows, names of databases.
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
        """`id` as the number that it is in the table."""
        return int(self.id)


@strawberry.type
class Backup:
    """A backup: one archive with the database, the configuration and the newest logs.

    Attributes:
        name: the name of its file.
        created_at: the instant whose data it holds.
        size_bytes: the size of its file; 0 while there is none.
        state: whether it can be relied on.
        problem: what is wrong with it.
        locations: where copies lie.
        parts: the files inside; empty while only S3 has a copy.
        row_counts: the rows of each table at that instant.
        program_version: the version of the engine that made it.
        database_version: the version of PostgreSQL that it was made from.
        audit_event_id: the newest audit event inside.
        has_secrets: whether the real configuration is inside, encrypted.
        signature: whether this engine signed it; null while that was not looked at, as of an
            archive in S3 only or one that can't be read.
        verified_at: when it was last read to its end and found to be whole.
        drilled_at: when it was last restored for a trial and found to be right.
        note: the note that the archive keeps.
        is_safety_copy: whether a restore made it before it replaced the database.
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
    """What a restore, or going back from one, would do.

    Attributes:
        name: the backup, or the kept database.
        taken_at: the instant whose data it holds.
        program_version: the version of the engine that made the backup; null while only S3 has it,
            and for a database.
        pending_migrations: the migrations that it lacks; they are applied to it.
        problem: why it can't be restored.
        has_same_history: whether the audit trail of now has the newest event of the backup. If not,
            as after another restore, changes are counted by time.
        signs_you_out: whether the session that asks would end: its user was no administrator then.
        undone: the changes that are undone; null when the database can't be asked.
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
    """A database that a restore replaced, and that is kept under another name.

    Attributes:
        name: its name.
        replaced_at: when it was replaced.
        size_bytes: its size.
        replaced_by: the backup, or the kept database, that took its place; null when no run
            of this database tells.
    """

    name: str
    replaced_at: datetime
    size_bytes: BigInt
    replaced_by: str | None


@dataclass(frozen=True)
class Part:
    """One file inside an archive, as its manifest tells."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What an archive says of itself, in its file `manifest.json`.

    *tables* are counted in the very snapshot that was dumped. *audit_head* is the newest seal of
    the trail, as `aiwebengine audit verify --head` takes it.
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
    """Progress of a run, which its thread writes."""

    note: Note = lambda _: None
    is_stopped: bool = False
    processes: list[Popen[bytes]] = field(default_factory=list)
    """Programs that work for it and are ended with it."""

    def at(self, step: str, done: float | None = None) -> None:
        """Report a new step."""
        self.check()
        self.step = step
        if done is not None:
            self.done = done
        self.note(step)

    def stop(self) -> None:
        """End the thread soon: its next `check` raises Stopped."""
        self.is_stopped = True
        for process in list(self.processes):
            process.terminate()

    def check(self) -> None:
        """Raise Stopped when it is time to end."""
        if self.is_stopped:
            raise Stopped


@dataclass(frozen=True)
class Restored:
    """What came of a restore: the safety backup, and the old database under its new name."""

    backup_name: str
    safety_backup: str | None
    kept_database: str | None
    carried: CarriedOver
    """What stays removed."""
    access_review: str
    """The number of the access review that the restore opened."""
    left_out: list[str] = field(default_factory=list)
    """Tables of the archive that are not the engine's: their rows are not restored."""
    not_restored: list[str] = field(default_factory=list)
    """Grants, extensions and other objects of the old database that are not the engine's own."""
    rows: int | None = None
    """Restored rows; None where nobody counted, as of a database that was kept."""
    seconds: float | None = None
    undone: Undone | None = None
    """Changes of the replaced database that were undone; None when it could not be read."""

    @property
    def events_left_behind(self) -> int:
        """Audit events that came after the backup; they are in the old database only."""
        return self.carried.events_left_behind


@dataclass
class Pruned:
    """What was removed, or would be. *failed*: what could not be removed, each with the reason."""

    local: list[str] = field(default_factory=list)
    remote: list[str] = field(default_factory=list)
    databases: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


class Stopped(Exception):
    """The engine stops, and what runs in it as well."""
