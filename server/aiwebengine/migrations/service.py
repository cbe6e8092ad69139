"""Looks at and applies migrations: yoyo does the steps, this keeps them safe.

yoyo's own lock is a row that a killed runner leaves behind, and it does not notice edited files.
So every runner first takes an advisory lock, which dies with its connection, and compares
checksums.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
from yoyo import get_backend, read_migrations

from aiwebengine.errors import Conflict, Unavailable
from aiwebengine.migrations import store
from aiwebengine.migrations.types import Migration


class MigrationFailed(Conflict):
    """A step could not be taken; the database is as it was before that step."""


class MigrationsDue(Conflict):
    """The tables are older than the program, and it was told not to change them by itself."""


class Migrations:
    """The migrations in *folder*, and the database at *url*. Blocking: not for the event loop."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        # yoyo writes down who applied; an account without a name must not stop it half way.
        os.environ.setdefault("LOGNAME", "aiwebengine")

    def status(self) -> list[Migration]:
        """Every migration, oldest first. Raises Unavailable."""
        with self._connection() as connection:
            return self._status(connection)

    def pending(self) -> list[str]:
        """The ids of those that are not applied. Raises Unavailable."""
        return [migration.id for migration in self.status() if migration.applied_at is None]

    def must_be_applied(self) -> None:
        """Raise MigrationsDue when any is pending."""
        due = self.pending()
        if due:
            raise MigrationsDue(
                f"{len(due)} migrations are due: {', '.join(due)}."
                " Take a backup, then run `aiwebengine migrate up`."
            )

    def up(self) -> list[str]:
        """Apply what is pending, oldest first; the ids. Two runners at once are fine.

        Raises Unavailable, MigrationFailed.
        """
        with self._runner() as (connection, backend, migrations):
            self._must_be_intact(connection)
            return self._each(
                connection, backend.to_apply(migrations), backend.apply_one, is_up=True
            )

    def down(self, to: str | None = None) -> list[str]:
        """Roll back the newest one, or all that are newer than *to*; the ids.

        Raises Unavailable, MigrationFailed, Conflict for an unknown *to*.
        """
        with self._runner() as (connection, backend, migrations):
            applied = list(backend.to_rollback(migrations))
            steps = _steps([migration.id for migration in applied], to)
            return self._each(connection, applied[:steps], backend.rollback_one, is_up=False)

    def newest(self, to: str | None = None) -> list[str]:
        """The ids that `down` would roll back, newest first. Raises as `down` does."""
        applied = [one.id for one in reversed(self.status()) if one.applied_at is not None]
        return applied[: _steps(applied, to)]

    def sql(self, ids: list[str], *, is_up: bool) -> str:
        """What the files of these migrations say, for a look beforehand."""
        ending = ".sql" if is_up else ".rollback.sql"
        return "\n".join(
            f"-- {migration_id}\n{(self._folder / (migration_id + ending)).read_text()}"
            for migration_id in ids
        )

    def _each(self, connection: Any, migrations: Any, verb: Any, *, is_up: bool) -> list[str]:
        done: list[str] = []
        for migration in migrations:
            try:
                verb(migration)
            except Exception as error:
                raise MigrationFailed(
                    f"{migration.id}: {str(error).strip()}. The database is as it was before this"
                    f" step{f'; done before it: {chr(44).join(done)}' if done else ''}."
                    " Mend the file, or restore the version of the program that fits."
                ) from error
            if is_up:
                store.remember(connection, migration.id, self._checksum(migration.id))
            else:
                store.forget(connection, migration.id)
            done.append(migration.id)
        return done

    def _status(self, connection: Any) -> list[Migration]:
        known = store.checksums(connection)
        files = sorted(path.stem for path in self._files())
        there = [
            Migration(
                id=name,
                applied_at=known[name][1] if name in known else None,
                is_intact=name not in known or known[name][0] == self._checksum(name),
            )
            for name in files
        ]
        gone = [
            Migration(id=name, applied_at=at, is_intact=False)
            for name, (_, at) in known.items()
            if name not in files
        ]
        return sorted([*there, *gone], key=lambda migration: migration.id)

    def _must_be_intact(self, connection: Any) -> None:
        broken = [one.id for one in self._status(connection) if not one.is_intact]
        if broken:
            raise MigrationFailed(
                f"Changed or missing since they were applied: {', '.join(broken)}."
                " An applied migration is never edited: put the file back and write a new one."
                " If this database was used by a newer version, use that version."
            )

    @contextmanager
    def _runner(self) -> Iterator[tuple[Any, Any, Any]]:
        with self._connection() as connection:
            store.lock(connection)
            store.prepare(connection)
            backend = get_backend(self._yoyo_url())
            try:
                # We are alone now: a lock that is left belongs to somebody who was killed.
                backend.break_lock()
                migrations = read_migrations(str(self._folder))
                self._agree(connection, backend, migrations)
                yield connection, backend, migrations
            finally:
                backend.connection.close()

    def _agree(self, connection: Any, backend: Any, migrations: Any) -> None:
        """Mend what a runner left that was killed between a step and the note of it."""
        applied = {migration.id for migration in backend.to_rollback(migrations)}
        known = store.checksums(connection).keys()
        for migration_id in applied - known:
            store.remember(connection, migration_id, self._checksum(migration_id))
        for migration_id in {migration.id for migration in migrations} & known - applied:
            store.forget(connection, migration_id)

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        try:
            # Whatever is lost on the way, yoyo's own connection as well, is an outage.
            with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise Unavailable(f"The database does not answer: {error}".strip()) from error

    def _yoyo_url(self) -> str:
        parts = urlsplit(self._url)
        # yoyo wants a colon where the password could stand.
        netloc = parts.netloc.replace("@", ":@", 1) if not parts.hostname else parts.netloc
        return urlunsplit(parts._replace(scheme="postgresql+psycopg", netloc=netloc))

    def _files(self) -> list[Path]:
        return [
            path for path in self._folder.glob("*.sql") if not path.name.endswith(".rollback.sql")
        ]

    def _checksum(self, migration_id: str) -> str:
        path = self._folder / f"{migration_id}.sql"
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


def _steps(applied: list[str], to: str | None) -> int:
    """How many of the applied ones, newest first, are to be rolled back."""
    if to is None:
        return 1
    if to not in applied:
        raise Conflict(f"--to: {to} is not applied; applied are {', '.join(applied)}.")
    return applied.index(to)
