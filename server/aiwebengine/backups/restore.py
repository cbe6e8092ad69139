"""Loads the data of an archive into a database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from aiwebengine.backups import (
    cluster_store,
    inventory,
    programs,
    rights,
    rows_store,
    script_schemas,
)
from aiwebengine.backups.archive import DUMP, checked_pieces
from aiwebengine.backups.dump import Rows, Script
from aiwebengine.backups.manifest import Damaged
from aiwebengine.backups.types import Manifest, Part, Progress
from aiwebengine.core.errors import Conflict
from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.core.untrusted_text import on_one_line
from aiwebengine.database import versions
from aiwebengine.migrations.service import Migrations
from aiwebengine.migrations.types import KEPT_BY_RUNNER

# Only rows, without owners and privileges.
_ROWS = ["--data-only", "--no-owner", "--no-privileges", "--file=-"]


class TooNew(Conflict):
    """A newer version of the engine created this backup."""


class NotEmpty(Conflict):
    """The target database is not empty."""


def must_not_be_newer(manifest: Manifest) -> None:
    """Raise TooNew if the backup has migrations that this version does not know."""
    unknown = [one for one in manifest.migrations if one not in _known()]
    if unknown:
        raise TooNew(
            f"{manifest.name} was created by aiwebengine {manifest.program_version} and has"
            f" migrations that this version does not know: {', '.join(unknown)}."
            " Restore it with that version or a newer one."
        )


@dataclass(frozen=True)
class Loaded:
    """What was not restored from an archive."""

    left_out: list[str]
    """Tables that do not belong to the engine; their rows are not restored."""
    not_restored: list[str]
    """Roles, grants, extensions and other objects that the engine did not create."""


def pending(applied: Iterable[str]) -> list[str]:
    """Migrations of this version that are not in *applied*, in order."""
    return sorted(_known() - set(applied))


def problem_of_kept(database: str, applied: Sequence[str]) -> str | None:
    """Why a kept database with these migrations can't be used; None if it can."""
    if not applied:
        return f"The database {database} has no tables of the engine."
    unknown = sorted(set(applied) - _known())
    if not unknown:
        return None
    return (
        f"The database {database} has migrations that this version does not know:"
        f" {', '.join(unknown)}. Update the engine first."
    )


def bring_up_to_date(url: str, kept: str) -> None:
    """Apply pending migrations to the copy of a kept database. Raises Conflict, MigrationFailed."""
    with cluster_store.connection(url) as connection:
        problem = problem_of_kept(kept, cluster_store.migrations(connection))
    if problem is not None:
        raise Conflict(problem)
    Migrations(url, MIGRATIONS).up()


def load(url: str, path: Path, manifest: Manifest, progress: Progress) -> Loaded:
    """Load the rows of an archive into the empty database at *url*, and migrate it.

    The engine's own migrations create the tables; the archive only provides rows. Raises Damaged if
    the content does not match the manifest; NoProgram, ProgramFailed, MissingRights,
    UnsupportedServer.
    """
    dump = _dump_of(manifest)
    rights.must_make_tables(url)
    progress.at("Checking the dump", 0.0)
    # Verify before any program reads it.
    for _ in _followed(path, dump, progress):
        pass
    with cluster_store.connection(url) as connection:
        if not cluster_store.is_empty(connection):
            raise NotEmpty(f"The database {cluster_store.name_of(url)} is not empty.")
        versions.must_be_supported(connection.info.server_version)
        progress.at("Creating the tables")
        migrations = Migrations(url, MIGRATIONS)
        if manifest.migrations:
            migrations.rebuild(manifest.migrations)
    progress.at("Restoring the database", 0.0)
    # No connection, so TLS is not needed.
    program = programs.find("pg_restore", major(manifest.dump_version), needs_tls=False)
    with cluster_store.connection(url, in_transaction=True) as connection, _row_errors(manifest):
        own, owner = rows_store.own_objects(connection), connection.info.user
        left_out = _load_rows(connection, program, path, dump, manifest, progress)
    foreign = inventory.foreign_objects(program, path, dump, own, owner, progress)
    if left_out:
        progress.note(f"Skipped (not tables of the engine): {', '.join(left_out)}.")
    if foreign:
        progress.note(f"Not restored (not created by the engine): {'; '.join(foreign)}.")
    progress.at("Applying migrations")
    migrations.up()
    lost = script_schemas.restore_all(
        url, program, lambda: _followed(path, dump, progress), progress
    )
    for one in lost:
        progress.note(f"Not restored: {one}.")
    return Loaded(left_out, [*foreign, *lost])


def _load_rows(
    connection: cluster_store.Connection,
    program: programs.Program,
    path: Path,
    dump: Part,
    manifest: Manifest,
    progress: Progress,
) -> list[str]:
    connection.execute("set local search_path = public")
    tables, sequences = rows_store.tables(connection), rows_store.sequences(connection)
    removed = rows_store.take_off(connection)
    rows_store.empty(connection, sorted(tables))
    script = programs.converted(
        program, ["--format=custom", *_ROWS], _followed(path, dump, progress), progress
    )
    left_out = []
    with closing(script):
        for item in Script(script).items():
            if isinstance(item, Rows):
                if not _is_ours(item, tables, manifest):
                    if not script_schemas.SCHEMA.fullmatch(item.schema) and (
                        item.table not in KEPT_BY_RUNNER
                    ):
                        left_out.append(on_one_line(item.table))
                    continue
                assert item.columns is not None  # noqa: S101 - looked at just above
                rows_store.fill(connection, item, item.columns)
            elif item.schema == "public" and item.sequence in sequences:
                rows_store.set_sequence(connection, item)
    progress.at("Counting the rows", 1.0)
    for table in sorted(tables):
        progress.check()
        found, expected = cluster_store.count(connection, table), manifest.tables.get(table, 0)
        if found != expected:
            raise Damaged(f"{manifest.name}: {table} has {found} rows; expected {expected}.")
    if set(cluster_store.migrations(connection)) != set(manifest.migrations):
        raise Damaged(f"{manifest.name}: the migrations in its tables and its manifest differ.")
    progress.at("Building the indexes")
    for statement in removed:
        progress.check()
        rows_store.put_back(connection, statement)
    progress.at("Gathering statistics")
    rows_store.analyze(connection, sorted(tables))
    return sorted(set(left_out))


def _is_ours(rows: Rows, tables: dict[str, list[str]], manifest: Manifest) -> bool:
    """Whether the rows belong to a table of the engine. Raises Damaged for unknown columns."""
    if rows.columns is None or rows.schema != "public" or rows.table not in tables:
        return False
    unknown = set(rows.columns) - set(tables[rows.table])
    if unknown or len(set(rows.columns)) != len(rows.columns):
        raise Damaged(
            f"{manifest.name}: {rows.table} has columns that its migrations do not create:"
            f" {', '.join(sorted(unknown))}."
        )
    return True


@contextmanager
def _row_errors(manifest: Manifest) -> Iterator[None]:
    """Convert PostgreSQL errors about invalid rows into Damaged."""
    try:
        yield
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError) as error:
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            raise
        reason = str(error).strip().split("\n", 1)[0]
        raise Damaged(f"{manifest.name}: its rows do not match the tables: {reason}") from error


def _followed(path: Path, part: Part, progress: Progress) -> Iterator[bytes]:
    """The dump, verified while it is read, with progress."""
    passed = 0
    for piece in checked_pieces(path, part):
        progress.check()
        yield piece
        passed += len(piece)
        progress.done = passed / max(1, part.size)


def _dump_of(manifest: Manifest) -> Part:
    for part in manifest.parts:
        if part.name == DUMP:
            return part
    raise Damaged(f"{manifest.name} has no {DUMP}.")


def _known() -> set[str]:
    """The migrations of this version."""
    names = (path.name for path in MIGRATIONS.glob("*.sql"))
    return {name[:-4] for name in names if not name.endswith(".rollback.sql")}


def major(output: str) -> int:
    """The major version in the output of `pg_dump --version`."""
    digits = output.rsplit(") ", 1)[-1].split(".")[0].split()
    return int(digits[0]) if digits and digits[0].isdigit() else 0
