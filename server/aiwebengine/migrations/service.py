"""Lists and applies migrations: yoyo reads the files, this module makes each step safe.

yoyo's own lock is a row that a killed runner leaves behind, it does not notice edited files, and
it commits a step and its record of that step one after the other. So every runner first takes an
advisory lock, which PostgreSQL releases with the connection. The runner compares checksums, and
commits a step, its records and its audit event together: a kill leaves all of them or none.

Most starts find nothing to do. They compare the checksums and return, without the lock and
without loading yoyo.
"""

from __future__ import annotations

import asyncio
import getpass
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit, urlunsplit

import psycopg
import strawberry

from aiwebengine.audit.service import record_at_once
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.core.errors import Conflict, EngineError, Unavailable, in_a_line
from aiwebengine.core.identity import Role, Viewer, engine
from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.core.slow_steps import Report, silent, slow_step
from aiwebengine.database import Database, versions
from aiwebengine.database.statement_counts import count_statements, count_statements_by
from aiwebengine.migrations import store
from aiwebengine.migrations.files import migrations_in, title_of
from aiwebengine.migrations.types import Migration, MigrationState

BackupFirst: TypeAlias = Callable[[], object]
"""Takes a backup, and returns once it is complete. It must not migrate: it would wait for the lock
that its caller holds."""

_ENGINE = engine()
_WAITS = "Waiting for another process that migrates this database, or backs it up before that"


class MigrationFailed(Conflict):
    """A step failed; the database is unchanged since before that step."""


class MigrationsDue(Conflict):
    """Migrations are pending, and the configuration does not let a start apply them."""


class NoTables(Conflict):
    """The database is empty: no engine has used it, and a command may not set one up."""


class Migrations:
    """The migrations in *folder*, and the database at *url*. Blocking: not for the event loop."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        _name_the_account()

    async def all(self, viewer: Viewer) -> list[Migration]:
        """`status` for an administrator. Raises Unauthenticated, Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await asyncio.to_thread(self.status)

    def status(self) -> list[Migration]:
        """Every migration, oldest first. Raises Unavailable, UnsupportedServer."""
        with self._connection() as connection:
            return self._status(connection)

    def pending(self) -> list[str]:
        """The ids of those that are not applied. Raises Unavailable."""
        return [migration.id for migration in self.status() if migration.applied_at is None]

    def server_warning(self) -> str | None:
        """A warning if the server is newer than the tested versions, else None.

        Raises Unavailable, UnsupportedServer.
        """
        with self._connection() as connection:
            return versions.warning_of(connection.info.server_version)

    def must_be_applied(self) -> None:
        """Raise MigrationsDue when any is pending."""
        due = self.pending()
        if due:
            raise MigrationsDue(
                f"{len(due)} migrations are due: {', '.join(due)}."
                " Take a backup, then run `aiwebengine migrate up`."
            )

    def must_have_begun(self) -> None:
        """Raise NoTables unless an engine has used this database. Raises Unavailable."""
        with self._connection() as connection:
            if not store.has_begun(connection):
                raise NoTables(
                    f"The database {connection.info.dbname} is empty: no engine has used it."
                    " Is it the right one (repository.database_url, repository.data_dir)?"
                    " `aiwebengine serve` sets up a new one."
                )

    def up(
        self,
        viewer: Viewer = _ENGINE,
        backup_first: BackupFirst | None = None,
        report: Report = silent,
    ) -> list[str]:
        """Apply the pending migrations, oldest first, and return their ids.

        Several runners may do this at once. *backup_first* runs before the first step of a
        database that holds users; of two runners at once only one backs up. *report* gets what
        takes longer than a second. Raises Unavailable, UnsupportedServer, MigrationFailed.
        """
        with self._connection(report) as connection:
            if self._is_up_to_date(connection):
                count_statements_by(connection)
                return []
        with self._runner("up", backup_first, self.pending, report) as (backend, migrations):
            self._must_be_intact(backend.connection)
            with slow_step(report, "Applying the migrations"):
                done = self._each(backend, backend.to_apply(migrations), viewer, is_up=True)
            self._record_earlier_steps(backend.connection, viewer)
        count_statements(self._url)
        return done

    def down(
        self,
        viewer: Viewer = _ENGINE,
        to: str | None = None,
        backup_first: BackupFirst | None = None,
    ) -> list[str]:
        """Roll back the newest one, or all that are newer than *to*; the ids.

        *backup_first* as for `up`. Raises Unavailable, MigrationFailed, Conflict for an unknown
        *to*.
        """
        with self._runner("down", backup_first, lambda: self.newest(to)) as (backend, migrations):
            applied = list(backend.to_rollback(migrations))
            steps = _steps([migration.id for migration in applied], to)
            return self._each(backend, applied[:steps], viewer, is_up=False)

    def rebuild(self, ids: Sequence[str]) -> None:
        """Create the tables of these migrations in a new, empty database.

        For a backup: its rows, the notes of what was applied and the audit events come from there.
        Raises Unavailable, MigrationFailed.
        """
        wanted = set(ids)
        with self._runner("up", None, list) as (backend, migrations):
            for migration in backend.to_apply(migrations):
                if migration.id in wanted:
                    migration.load()
                    with _failures_named(migration):
                        self._rebuild_step(backend, migration)

    def newest(self, to: str | None = None) -> list[str]:
        """The ids that `down` would roll back, newest first. Raises as `down` does."""
        applied = [str(one.id) for one in reversed(self.status()) if one.applied_at is not None]
        return applied[: _steps(applied, to)]

    def sql(self, ids: list[str], *, is_up: bool) -> str:
        """The SQL of these migrations, to review before they run."""
        ending = ".sql" if is_up else ".rollback.sql"
        return "\n".join(
            f"-- {migration_id}\n{(self._folder / (migration_id + ending)).read_text()}"
            for migration_id in ids
        )

    def _each(self, backend: Any, migrations: Any, viewer: Viewer, *, is_up: bool) -> list[str]:
        done: list[str] = []
        for migration in migrations:
            migration.load()
            with _failures_named(migration, done):
                self._step(backend, migration, viewer, is_up=is_up)
            done.append(migration.id)
        return done

    def _step(self, backend: Any, migration: Any, viewer: Viewer, *, is_up: bool) -> None:
        direction = "apply" if is_up else "rollback"
        if not migration.use_transactions:
            # What can't run in a transaction (`create index concurrently`) is done before it is
            # noted; its file is written so that doing it twice is fine.
            migration.process_steps(backend, direction)
        with backend.transaction():
            if migration.use_transactions:
                migration.process_steps(backend, direction)
            backend.log_migration(migration, direction)
            if is_up:
                backend.mark_one(migration, log=False)
                store.remember(backend.connection, migration.id, self._checksum(migration.id))
            else:
                backend.unmark_one(migration, log=False)
                store.forget(backend.connection, migration.id)
            self._record_event(backend.connection, viewer, migration.id, is_up=is_up)

    def _rebuild_step(self, backend: Any, migration: Any) -> None:
        if not migration.use_transactions:
            migration.process_steps(backend, "apply")
        with backend.transaction():
            if migration.use_transactions:
                text = (self._folder / f"{migration.id}.sql").read_text(encoding="utf-8")
                # PostgreSQL does not start after a crash while it creates such a table (see 0021),
                # and this runs on the server of the database in use.
                backend.connection.execute(text.replace("create unlogged table", "create table"))
            backend.mark_one(migration, log=False)
            store.remember(backend.connection, migration.id, self._checksum(migration.id))

    def _record_event(
        self, connection: Any, viewer: Viewer, migration_id: str, *, is_up: bool
    ) -> None:
        """Record the step as an audit event, if the database already has an audit trail."""
        if not store.has_table(connection, "audit_events"):
            return
        event = record_at_once(
            connection,
            viewer,
            AuditAction.MIGRATION_APPLIED if is_up else AuditAction.MIGRATION_ROLLED_BACK,
            Target("migration", None, migration_id),
        )
        if is_up:
            store.set_event(connection, migration_id, event)

    def _record_earlier_steps(self, connection: Any, viewer: Viewer) -> None:
        """Record steps applied before there was an audit trail, or by an older program."""
        if not store.has_table(connection, "audit_events"):
            return
        with connection.transaction():
            for migration_id in store.without_event(connection):
                self._record_event(connection, viewer, migration_id, is_up=True)

    def _is_up_to_date(self, connection: Any) -> bool:
        """Whether `up` has nothing to do: no step, no incomplete record, no other runner."""
        if not store.is_settled(connection):
            return False
        files = {path.stem: self._checksum(path.stem) for path in migrations_in(self._folder)}
        return store.complete_records(connection) == files

    def _status(self, connection: Any) -> list[Migration]:
        applied = store.applied(connection)
        files = {path.stem: path for path in migrations_in(self._folder)}
        found = []
        for name in sorted(files.keys() | applied.keys()):
            note = applied.get(name)
            if note is None:
                state = MigrationState.PENDING
            elif name not in files:
                state = MigrationState.MISSING
            elif note.checksum != self._checksum(name):
                state = MigrationState.CHANGED
            else:
                state = MigrationState.APPLIED
            found.append(
                Migration(
                    id=strawberry.ID(name),
                    title=title_of(files.get(name), name),
                    applied_at=None if note is None else note.at,
                    state=state,
                )
            )
        return found

    def _must_be_intact(self, connection: Any) -> None:
        broken = [one.id for one in self._status(connection) if not one.is_intact]
        if broken:
            raise MigrationFailed(
                f"Changed or missing since they were applied: {', '.join(broken)}."
                " An applied migration is never edited: put the file back and write a new one."
                " If this database was used by a newer version, use that version."
            )

    @contextmanager
    def _runner(
        self,
        verb: str,
        backup_first: BackupFirst | None,
        steps: Callable[[], list[str]],
        report: Report = silent,
    ) -> Iterator[tuple[Any, Any]]:
        # Loaded here: most starts and commands have no step to take.
        from yoyo import read_migrations

        from aiwebengine.migrations.backend import connected

        with self._connection(report) as connection:
            with slow_step(report, _WAITS):
                store.lock(connection)
            # Checked under the lock: a runner that waited for it finds the steps done, and needs
            # no backup of its own.
            if backup_first is not None and steps() and store.holds_users(connection):
                with slow_step(report, "Creating the backup before the migrations"):
                    _back_up(backup_first, verb)
            store.prepare(connection)
            backend = connected(self._yoyo_url())
            try:
                # No other runner works now: a remaining lock belongs to one that was killed.
                backend.break_lock()
                backend.ensure_internal_schema_updated()
                migrations = read_migrations(str(self._folder))
                self._agree(connection, backend, migrations)
                yield backend, migrations
            finally:
                backend.connection.close()

    def _agree(self, connection: Any, backend: Any, migrations: Any) -> None:
        """Repair the records of an older version's runner, killed between step and record."""
        marked = {migration.id for migration in backend.to_rollback(migrations)}
        noted = store.applied(connection).keys()
        for migration_id in marked - noted:
            store.remember(connection, migration_id, self._checksum(migration_id))
        for migration_id in {migration.id for migration in migrations} & noted - marked:
            store.forget(connection, migration_id)

    @contextmanager
    def _connection(self, report: Report = silent) -> Iterator[Any]:
        try:
            # Whatever is lost on the way, yoyo's own connection as well, is an outage.
            with slow_step(report, "Connecting to the database"):
                connected = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
            with connected as connection:
                versions.must_be_supported(connection.info.server_version)
                yield connection
        except psycopg.OperationalError as error:
            raise Unavailable(f"The database does not answer: {in_a_line(error)}") from error

    def _yoyo_url(self) -> str:
        parts = urlsplit(self._url)
        # yoyo wants a colon where the password could stand.
        netloc = parts.netloc.replace("@", ":@", 1) if not parts.hostname else parts.netloc
        return urlunsplit(parts._replace(scheme="postgresql+psycopg", netloc=netloc))

    def _checksum(self, migration_id: str) -> str:
        path = self._folder / f"{migration_id}.sql"
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


@contextmanager
def _failures_named(migration: Any, done: Sequence[str] = ()) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        state = (
            "The database is unchanged by this step"
            if migration.use_transactions
            else "This step runs outside a transaction, so check what it changed"
        )
        raise MigrationFailed(
            f"{migration.id}: {str(error).strip()}. {state}"
            f"{f'; done before it: {chr(44).join(done)}' if done else ''}."
            " Fix the file, or install the matching version of the engine."
        ) from error


def _back_up(backup_first: BackupFirst, verb: str) -> None:
    try:
        backup_first()
    except Unavailable:
        # The caller may wait for the end of an outage.
        raise
    except EngineError as error:
        raise MigrationFailed(
            f"Nothing was changed, because the backup before it failed: {error.message}"
            f" Fix that, or skip the backup: `aiwebengine migrate {verb} --no-backup`."
        ) from error


async def due(db: Database, folder: Path = MIGRATIONS) -> list[str]:
    """The ids of those that are not applied, oldest first, by the pool. Raises Unavailable."""
    applied = await store.applied_ids(db)
    return [path.stem for path in migrations_in(folder) if path.stem not in applied]


def _steps(applied: list[str], to: str | None) -> int:
    """The number of applied migrations to roll back, newest first."""
    if to is None:
        return 1
    if to not in applied:
        raise Conflict(f"--to: {to} is not applied. Applied migrations: {', '.join(applied)}.")
    return applied.index(to)


def _name_the_account() -> None:
    """Set LOGNAME for an account without a name, because yoyo records the name and would fail.

    An account with a name keeps it, because audit events name the operator by the same variable.
    """
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["LOGNAME"] = "operator"
