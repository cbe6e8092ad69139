"""The GraphQL door of this room."""

from collections.abc import Sequence
from typing import cast

import strawberry

from aiwebengine.backups.paging import BACKUPS, DRILLS, RUNS, name_of, number_of
from aiwebengine.backups.types import Backup, BackupRun, BackupRunKind, KeptDatabase, RestorePreview
from aiwebengine.core.identity import Role, Scope
from aiwebengine.core.rights import ALWAYS, needs
from aiwebengine.core.scalars import BigInt
from aiwebengine.graphql.connection import Connection, connect, page_size
from aiwebengine.graphql.context import Info


@strawberry.input
class CreateBackupInput:
    """What the new backup is for.

    Attributes:
        note: a line that the archive keeps, such as "before the move"; at most 200 characters.
    """

    note: str | None = None


@strawberry.input
class VerifyBackupInput:
    """Which backup to check.

    Attributes:
        name: its name.
    """

    name: str


@strawberry.input
class DeleteBackupInput:
    """Which backup to remove.

    Attributes:
        name: its name.
    """

    name: str


@strawberry.input
class RestoreBackupInput:
    """Which backup to put in the database's place.

    Attributes:
        name: its name.
        confirm: the word `restore`, so that no slip of a finger does this; the name works as well.
    """

    name: str
    confirm: str


@strawberry.input
class UndoRestoreInput:
    """Which database to go back to.

    Attributes:
        database: the name of a kept database, as `keptDatabases` lists them.
    """

    database: str


@strawberry.type
class BackupOverview:
    """How long backups are kept, and how much room all of them take.

    Attributes:
        retention_days: days for which every backup is kept.
        keep_daily: of so many days the newest backup is kept longer.
        keep_weekly: of so many weeks the newest backup is kept longer.
        keep_monthly: of so many months the newest backup is kept longer.
        total_bytes: size of all backups; one that lies in two places counts once.
    """

    retention_days: int
    keep_daily: int
    keep_weekly: int
    keep_monthly: int
    total_bytes: BigInt


@strawberry.input
class RunDrillInput:
    """Which backup to try out.

    Attributes:
        name: its name; left out: the newest good one.
    """

    name: str | None = None


@strawberry.type
class BackupPayload:
    """A backup, and the run that works on it.

    Attributes:
        backup: the backup.
        run: the run, when one was begun; it goes on after this answer.
    """

    backup: Backup
    run: BackupRun | None


@strawberry.type
class BackupRunPayload:
    """A run that goes on after this answer.

    Attributes:
        run: the run.
    """

    run: BackupRun | None


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def backups(info: Info, first: int = 50, after: str | None = None) -> Connection[Backup]:
    """All backups, newest first, wherever they lie.

    Args:
        first: how many, 1 to 200.
        after: the `endCursor` of the page before.
    """
    viewer, cursors = info.context.viewer, info.context.cursors
    viewer.must_be(Role.ADMINISTRATOR)
    first, before = page_size(first), name_of(cursors.decode(BACKUPS, "", after))
    everything = await info.context.services.backups.all(viewer)
    found = [one for one in everything if before is None or one.name < before]

    async def count() -> int:
        return len(everything)

    return connect(
        found[: first + 1],
        first,
        after=after,
        cursor=lambda one: cursors.encode(BACKUPS, "", (one.name,)),
        count=count,
    )


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def backup_runs(
    info: Info, first: int = 20, after: str | None = None
) -> Connection[BackupRun]:
    """What was done with backups, newest first.

    Args:
        first: how many, 1 to 200.
        after: the `endCursor` of the page before.
    """
    return await _runs(info, RUNS, list(BackupRunKind), first, after)


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def drills(info: Info, first: int = 20, after: str | None = None) -> Connection[BackupRun]:
    """Backups that were restored for a trial, newest first.

    Args:
        first: how many, 1 to 200.
        after: the `endCursor` of the page before.
    """
    return await _runs(info, DRILLS, [BackupRunKind.DRILL], first, after)


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def backup_storage_problem(info: Info) -> str | None:
    """Why the S3 storage can't be used; null when it can, or when none is configured."""
    return await info.context.services.backups.remote_trouble(info.context.viewer)


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def backup_overview(info: Info) -> BackupOverview:
    """Retention and total size of backups."""
    context = info.context
    everything = await context.services.backups.all(context.viewer)
    rules = context.services.backups.retention(context.viewer)
    return BackupOverview(
        retention_days=rules.retention_days,
        keep_daily=rules.keep_daily,
        keep_weekly=rules.keep_weekly,
        keep_monthly=rules.keep_monthly,
        total_bytes=cast(BigInt, sum(one.size_bytes for one in everything)),
    )


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def restore_preview(info: Info, backup_name: str) -> RestorePreview:
    """What restoring a backup would do: which changes by whom it undoes.

    Args:
        backup_name: the backup.
    """
    return await info.context.services.backups.restore_preview(info.context.viewer, backup_name)


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def kept_databases(info: Info) -> list[KeptDatabase]:
    """The databases that restores replaced, newest first."""
    return await info.context.services.backups.kept_databases(info.context.viewer)


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def undo_restore_preview(info: Info, database: str) -> RestorePreview:
    """What going back to a kept database would do: which changes by whom it undoes.

    Args:
        database: the name of the kept database.
    """
    return await info.context.services.backups.undo_preview(info.context.viewer, database)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE)
async def create_backup(info: Info, input: CreateBackupInput) -> BackupPayload:
    """Begin a backup; it goes on in the background.

    Args:
        input: what it is for.
    """
    backup, run = await info.context.services.backups.start_create(info.context.viewer, input.note)
    return BackupPayload(backup=backup, run=run)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE)
async def verify_backup(info: Info, input: VerifyBackupInput) -> BackupPayload:
    """Begin to read a backup to its end and compare it with its manifest.

    Args:
        input: which one.
    """
    backup, run = await info.context.services.backups.start_verify(info.context.viewer, input.name)
    return BackupPayload(backup=backup, run=run)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE, recent_sign_in=ALWAYS)
async def delete_backup(info: Info, input: DeleteBackupInput) -> BackupPayload:
    """Remove a backup and every copy of it; the only good one stays.

    Args:
        input: which one.
    """
    services = info.context.services
    return BackupPayload(
        backup=await services.backups.delete(info.context.viewer, input.name), run=None
    )


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE, recent_sign_in=ALWAYS)
async def restore_backup(info: Info, input: RestoreBackupInput) -> BackupRunPayload:
    """Begin to put a backup in the database's place, after a safety backup.

    What was removed since the backup (users, roles, tokens, sessions) stays removed: `details` of
    the run list it, and name the access review that the restore opens. The session that begins it
    continues, unless its user is no active administrator afterwards.

    Args:
        input: which one.
    """
    run = await info.context.services.backups.start_restore(
        info.context.viewer, input.name, input.confirm
    )
    return BackupRunPayload(run=run)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE, recent_sign_in=ALWAYS)
async def undo_restore(info: Info, input: UndoRestoreInput) -> BackupRunPayload:
    """Begin to go back to a database that a restore replaced. The one of now is kept in turn.

    What was removed since that restore stays removed, and an access review is opened, as by a
    restore.

    Args:
        input: which one.
    """
    run = await info.context.services.backups.start_undo_restore(
        info.context.viewer, input.database
    )
    return BackupRunPayload(run=run)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE, recent_sign_in=ALWAYS)
async def run_drill(info: Info, input: RunDrillInput) -> BackupRunPayload:
    """Begin to restore a backup into a scratch database and check it there.

    Args:
        input: which one.
    """
    run = await info.context.services.backups.start_drill(info.context.viewer, input.name)
    return BackupRunPayload(run=run)


async def _runs(
    info: Info, name: str, kinds: Sequence[BackupRunKind], first: int, after: str | None
) -> Connection[BackupRun]:
    viewer, cursors = info.context.viewer, info.context.cursors
    viewer.must_be(Role.ADMINISTRATOR)
    first, service = page_size(first), info.context.services.backups
    before = number_of(cursors.decode(name, "", after))
    return connect(
        await service.runs(viewer, kinds, before, first),
        first,
        after=after,
        cursor=lambda run: cursors.encode(name, "", (run.number,)),
        count=lambda: service.count_runs(viewer, kinds),
    )


queries = [
    backups,
    backup_runs,
    drills,
    backup_storage_problem,
    backup_overview,
    restore_preview,
    kept_databases,
    undo_restore_preview,
]
mutations = [
    create_backup,
    verify_backup,
    delete_backup,
    restore_backup,
    undo_restore,
    run_drill,
]
