"""Makes an archive of the running database, the configuration and the newest logs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import orjson

from aiwebengine import __version__
from aiwebengine.backups import cluster_store, programs, rights_store
from aiwebengine.backups.archive import DUMP, PIECE, Writer
from aiwebengine.backups.files import is_regular, open_regular
from aiwebengine.backups.manifest import checked_part_name
from aiwebengine.backups.sealed import sealed
from aiwebengine.backups.signing import SigningKeys
from aiwebengine.backups.storage import Directory
from aiwebengine.backups.types import Manifest, Progress
from aiwebengine.core.config import Config
from aiwebengine.core.config_loader import PREFIX, masked
from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.untrusted_text import must_show_all

CONFIGURATION = "configuration.json"
SECRETS = "secrets/"
LOGS = "logs/"
LOG_DAYS = 7
LONGEST_NOTE = 200
# An hourly log makes 168 files in that time.
_MOST_LOGS = 200


def checked_note(text: str | None) -> str | None:
    """Validate the note of an archive. Raises BadUserInput."""
    if len(text or "") > LONGEST_NOTE:
        raise BadUserInput(
            f"note: found {len(text or '')} characters; the maximum is {LONGEST_NOTE}."
        )
    must_show_all("note", text or "")
    return text


@dataclass(frozen=True)
class Secrets:
    """What the redacted configuration leaves out: files, and the passphrase to seal them with."""

    passphrase: str
    files: tuple[Path, ...]

    def content(self) -> dict[str, bytes]:
        """Name and content of each; with them the variables that overrule the files."""
        found = {path.name: path.read_bytes() for path in self.files if path.is_file()}
        variables = sorted(name for name in os.environ if name.startswith(PREFIX))
        if variables:
            lines = (f"{name}={os.environ[name]}\n" for name in variables)
            found["environment"] = "".join(lines).encode()
        return found


@dataclass(frozen=True)
class Sealed:
    """An archive that lacks nothing but its name."""

    writer: Writer
    manifest: Manifest


def write(
    url: str,
    directory: Directory,
    name: str,
    config: Config,
    progress: Progress,
    secrets: Secrets | None,
    note: str | None,
    keys: SigningKeys,
) -> Sealed:
    """Write the archive *name*, all but its name, and sign it.

    The dump and the counts of its rows come from one snapshot, whatever is written meanwhile.
    Raises NoSpace, NoProgram, NoSigningKey, ProgramFailed, Unavailable, OSError; then nothing is
    left.
    """
    progress.at("Looking at the database")
    path = directory.new_path(name)
    with cluster_store.connection(url, in_transaction=True) as connection:
        snapshot = cluster_store.export_snapshot(connection)
        facts = cluster_store.facts(connection)
        sizes = cluster_store.tables(connection)
        closed = rights_store.unreadable(connection)
        for table in map(_shown, closed):
            if sizes.pop(table, None) is not None:
                progress.note(f"Not in the backup: {table}, which the database user may not read.")
        directory.must_have_room(directory.expected_size(facts["bytes"]))
        program = programs.find(
            "pg_dump", cluster_store.major(connection), cluster_store.uses_tls(connection)
        )
        writer = Writer(path)
        try:
            with ThreadPoolExecutor(1) as beside:
                counted = beside.submit(_count, connection, sizes, progress)
                dump = programs.output(
                    program,
                    _dump_arguments(snapshot, closed),
                    url,
                    progress,
                    programs.Steps(progress, sizes),
                )
                # When the disk is full it ends now, and does not read on for nobody.
                with closing(dump):
                    writer.add(DUMP, dump)
                tables = counted.result()
            progress.at("Adding configuration and logs", 1.0)
            writer.add(CONFIGURATION, [_configuration(config)])
            for file, content in (secrets.content() if secrets else {}).items():
                assert secrets is not None  # noqa: S101 - there is content
                writer.add(f"{SECRETS}{file}.sealed", sealed(secrets.passphrase, [content]))
            for log in _newest_logs(config.logging.file):
                writer.add(f"{LOGS}{log.name}", _as_it_is(log, progress))
            event, head = cluster_store.audit_head(connection)
            manifest = Manifest(
                name=name,
                created_at=facts["now"],
                program_version=__version__,
                database_version=facts["version"],
                dump_version=program.version,
                database_bytes=facts["bytes"],
                migrations=cluster_store.migrations(connection),
                tables=tables,
                audit_event_id=event,
                audit_head=head,
                parts=list(writer.parts),
                note=note,
            )
            progress.at("Writing it to the disk")
            writer.seal(manifest, keys.sign)
        except BaseException:
            writer.close()
            raise
    return Sealed(writer, manifest)


def _count(
    connection: cluster_store.Connection, tables: dict[str, int], progress: Progress
) -> dict[str, int]:
    counted = {}
    for table in tables:
        progress.check()
        counted[table] = cluster_store.count(connection, table)
    return counted


def _shown(table: tuple[str, str]) -> str:
    """The name as `cluster_store.tables` has it."""
    schema, name = table
    return name if schema == "public" else f"{schema}.{name}"


def _dump_arguments(snapshot: str, closed: list[tuple[str, str]]) -> list[str]:
    return [
        "--format=custom",
        f"--snapshot={snapshot}",
        "--encoding=UTF8",
        "--lock-wait-timeout=60s",
        "--no-password",
        "--verbose",
        # Of others, who keep tables beside the engine's; a dump stops at what it may not read.
        *(f"--exclude-table={_pattern(schema)}.{_pattern(name)}" for schema, name in closed),
    ]


def _pattern(name: str) -> str:
    """A name as a pattern of pg_dump that matches only it."""
    return '"' + name.replace('"', '""') + '"'


def _configuration(config: Config) -> bytes:
    return orjson.dumps(masked(config), option=orjson.OPT_INDENT_2)


def _newest_logs(file: Path | None) -> list[Path]:
    """The log file and the rotated ones beside it, if they were written to in the last days."""
    if file is None or not file.parent.is_dir():
        return []
    since = time.time() - LOG_DAYS * 86_400
    found = []
    for path in file.parent.glob(f"{file.stem}*"):
        # Only files: a link there may lead to anything on this machine.
        if is_regular(path) and _fits(path.name) and (at := path.lstat().st_mtime) >= since:
            found.append((at, path))
    return sorted(path for _, path in sorted(found)[-_MOST_LOGS:])


def _fits(name: str) -> bool:
    """Whether an archive can hold a file of this name."""
    try:
        checked_part_name(f"{LOGS}{name}")
    except ValueError:
        return False
    return True


def _as_it_is(path: Path, progress: Progress) -> Iterator[bytes]:
    """The file up to its current size, while it keeps growing."""
    with open_regular(path) as file:
        left = os.fstat(file.fileno()).st_size
        while left and (piece := file.read(min(PIECE, left))):
            progress.check()
            left -= len(piece)
            yield piece
