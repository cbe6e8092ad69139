"""Puts the database of an archive somewhere: beside the old one, into an empty one, on trial."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from psycopg.conninfo import make_conninfo

from aiwebengine.backups import cluster_store, programs
from aiwebengine.backups.archive import DUMP, Damaged, checked_pieces
from aiwebengine.backups.types import Manifest, Part, Progress
from aiwebengine.errors import Conflict
from aiwebengine.migrations.service import Migrations
from aiwebengine.resources import MIGRATIONS


class TooNew(Conflict):
    """A newer version of the engine made this backup."""


class NotEmpty(Conflict):
    """A backup is restored into an empty database only."""


def must_not_be_newer(manifest: Manifest) -> None:
    """Raise TooNew for a backup with tables that this program does not know."""
    known = {path.stem for path in MIGRATIONS.glob("*.sql")}
    unknown = [one for one in manifest.migrations if one not in known]
    if unknown:
        raise TooNew(
            f"{manifest.name} was made by aiwebengine {manifest.program_version} and holds"
            f" migrations that this version does not know: {', '.join(unknown)}."
            " Restore it with that version or a newer one."
        )


def load(url: str, path: Path, manifest: Manifest, progress: Progress, *, is_guest: bool) -> None:
    """Fill the empty database at *url*, count its rows, bring its tables up to date.

    *is_guest*: privileges of other users are left out, as these may not exist there.
    Raises Damaged when what arrived is not what the manifest tells; NoProgram, ProgramFailed.
    """
    with cluster_store.connection(url) as connection:
        if not cluster_store.is_empty(connection):
            raise NotEmpty(f"The database {cluster_store.name_of(url)} is not empty.")
        server = cluster_store.major(connection)
        least = max(server, major(manifest.dump_version))
        program = programs.find("pg_restore", least, cluster_store.uses_tls(connection))
    progress.at("Restoring the database", 0.0)
    programs.feed(
        program,
        [
            "--format=custom",
            "--no-owner",
            *(["--no-privileges"] if is_guest else []),
            *_statistics(program.major, server),
            "--exit-on-error",
            "--single-transaction",
            "--no-password",
            f"--dbname={make_conninfo(dbname=cluster_store.name_of(url))}",
        ],
        url,
        _followed(path, _dump_of(manifest), progress),
        progress,
    )
    progress.at("Counting the rows", 1.0)
    with cluster_store.connection(url) as connection:
        for table, expected in manifest.tables.items():
            progress.check()
            found = cluster_store.count(connection, table)
            if found != expected:
                raise Damaged(f"{manifest.name}: {table} has {found} rows instead of {expected}.")
        if server < programs.STATISTICS_SINCE:
            progress.at("Gathering statistics")
            connection.execute("analyze")
    progress.at("Bringing the tables up to date")
    Migrations(url, MIGRATIONS).up()


def _followed(path: Path, part: Part, progress: Progress) -> Iterator[bytes]:
    """The dump, checked as it goes by; the progress follows it."""
    passed = 0
    for piece in checked_pieces(path, part):
        progress.check()
        yield piece
        passed += len(piece)
        progress.done = passed / max(1, part.size)


def _statistics(program: int, server: int) -> list[str]:
    since = programs.STATISTICS_SINCE
    if program < since:
        return []
    return ["--statistics" if server >= since else "--no-statistics"]


def _dump_of(manifest: Manifest) -> Part:
    for part in manifest.parts:
        if part.name == DUMP:
            return part
    raise Damaged(f"{manifest.name} has no {DUMP}.")


def major(told: str) -> int:
    """The major version in what `pg_dump --version` says."""
    digits = told.rsplit(") ", 1)[-1].split(".")[0].split()
    return int(digits[0]) if digits and digits[0].isdigit() else 0
