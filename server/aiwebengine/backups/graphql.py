"""GraphQL operations for backups."""

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
    """Options of the new backup.

    Attributes:
        note: note to store in the archive, such as "before the move"; at most 200 characters.
    """

    note: str | None = None


@strawberry.input
class VerifyBackupInput:
    """The backup to verify.

    Attributes:
        name: name of the backup.
    """

    name: str


@strawberry.input
class DeleteBackupInput:
    """The backup to delete.

    Attributes:
        name: name of the backup.
    """

    name: str


@strawberry.input
class RestoreBackupInput:
    """The backup to restore.

    Attributes:
        name: name of the backup.
        confirm: the word `restore` or the name of the backup, as confirmation.
    """

    name: str
    confirm: str


@strawberry.input
class UndoRestoreInput:
    """The database to switch back to.

    Attributes:
        database: name of a kept database, see `keptDatabases`.
    """

    database: str


@strawberry.type
class BackupOverview:
    """Retention rules and total size of backups.

    Attributes:
        retention_days: number of days for which every backup is kept.
        keep_daily: number of days for which the newest backup of a day is kept.
        keep_weekly: number of weeks for which the newest backup of a week is kept.
        keep_monthly: number of months for which the newest backup of a month is kept.
        total_bytes: total size of all backups; copies count once.
    """

    retention_days: int
    keep_daily: int
    keep_weekly: int
    keep_monthly: int
    total_bytes: BigInt


@strawberry.input
class RunDrillInput:
    """The backup to test.

    Attributes:
        name: name of the backup; the newest good one if omitted.
    """

    name: str | None = None


@strawberry.type
class BackupPayload:
    """A backup and its run.

    Attributes:
        backup: the backup.
        run: the run, if one was started; it continues in the background.
    """

    backup: Backup
    run: BackupRun | None


@strawberry.type
class BackupRunPayload:
    """A run that continues in the background.

    Attributes:
        run: the run.
    """

    run: BackupRun | None


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def backups(info: Info, first: int = 50, after: str | None = None) -> Connection[Backup]:
    """All backups, newest first.

    Args:
        first: maximum number of items, 1 to 200.
        after: `endCursor` of the previous page.
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
    """Backup runs, newest first.

    Args:
        first: maximum number of items, 1 to 200.
        after: `endCursor` of the previous page.
    """
    return await _runs(info, RUNS, list(BackupRunKind), first, after)


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def drills(info: Info, first: int = 20, after: str | None = None) -> Connection[BackupRun]:
    """Restore drills, newest first.

    Args:
        first: maximum number of items, 1 to 200.
        after: `endCursor` of the previous page.
    """
    return await _runs(info, DRILLS, [BackupRunKind.DRILL], first, after)


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def backup_storage_problem(info: Info) -> str | None:
    """Why S3 is unavailable; null if it works or is not configured."""
    return await info.context.services.backups.remote_trouble(info.context.viewer)


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def backup_overview(info: Info) -> BackupOverview:
    """Retention rules and total size of backups."""
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
    """The effect of restoring a backup: the changes it would undo.

    Args:
        backup_name: name of the backup.
    """
    return await info.context.services.backups.restore_preview(info.context.viewer, backup_name)


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def kept_databases(info: Info) -> list[KeptDatabase]:
    """Databases that restores replaced, newest first."""
    return await info.context.services.backups.kept_databases(info.context.viewer)


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def undo_restore_preview(info: Info, database: str) -> RestorePreview:
    """The effect of undoing a restore: the changes it would undo.

    Args:
        database: name of the kept database.
    """
    return await info.context.services.backups.undo_preview(info.context.viewer, database)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE)
async def create_backup(info: Info, input: CreateBackupInput) -> BackupPayload:
    """Create a backup in the background.

    Args:
        input: options of the backup.
    """
    backup, run = await info.context.services.backups.start_create(info.context.viewer, input.note)
    return BackupPayload(backup=backup, run=run)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE)
async def verify_backup(info: Info, input: VerifyBackupInput) -> BackupPayload:
    """Verify a backup in the background: read it and compare it with its manifest.

    Args:
        input: the backup to verify.
    """
    backup, run = await info.context.services.backups.start_verify(info.context.viewer, input.name)
    return BackupPayload(backup=backup, run=run)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE, recent_sign_in=ALWAYS)
async def delete_backup(info: Info, input: DeleteBackupInput) -> BackupPayload:
    """Delete a backup and all copies. The only good backup can't be deleted.

    Args:
        input: the backup to delete.
    """
    services = info.context.services
    return BackupPayload(
        backup=await services.backups.delete(info.context.viewer, input.name), run=None
    )


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE, recent_sign_in=ALWAYS)
async def restore_backup(info: Info, input: RestoreBackupInput) -> BackupRunPayload:
    """Replace the database with a backup, in the background, after a safety backup.

    Removals since the backup (users, roles, tokens, sessions) stay in force: `details` of the run
    lists them and names the access review that the restore opens. The current session continues if
    its user is still an active administrator afterwards.

    Args:
        input: the backup to restore.
    """
    run = await info.context.services.backups.start_restore(
        info.context.viewer, input.name, input.confirm
    )
    return BackupRunPayload(run=run)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE, recent_sign_in=ALWAYS)
async def undo_restore(info: Info, input: UndoRestoreInput) -> BackupRunPayload:
    """Switch back to a database that a restore replaced. The current one is kept.

    Removals since that restore stay in force, and an access review opens, as after a restore.

    Args:
        input: the database to switch back to.
    """
    run = await info.context.services.backups.start_undo_restore(
        info.context.viewer, input.database
    )
    return BackupRunPayload(run=run)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE, recent_sign_in=ALWAYS)
async def run_drill(info: Info, input: RunDrillInput) -> BackupRunPayload:
    """Run a restore drill in the background.

    Args:
        input: the backup to test.
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
