"""The previous version: its program, and a database that it has filled.

`python -m tests.upgrades.previous_version REVISION` creates both from that revision of this
repository, the tag of the last version. It packs the program, starts it on an empty database, acts
as users do, and dumps the database.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psycopg
from tests.conftest import free_port
from tests.upgrades.running import Program, until, until_healthy

from aiwebengine.database.embedded import embedded_postgres, programs

FOLDER = Path(__file__).parent / "previous"
DUMP = FOLDER / "database.sql"
PACKED = FOLDER / "program.tar.xz"
ORIGIN = FOLDER / "origin.json"
ROOT = Path(__file__).parents[2]

ADMIN = "admin@localhost"
INVITE = "mutation ($input: InviteUserInput!) { inviteUser(input: $input) { user { id } } }"


@dataclass(frozen=True)
class Origin:
    """Where the program and the dump come from, and what was in the database.

    Attributes:
        revision: of this repository.
        version: what the program calls itself.
        rows: how many each table held.
    """

    revision: str
    version: str
    rows: dict[str, int]


def origin() -> Origin:
    """What was written down when the dump was made."""
    return Origin(**json.loads(ORIGIN.read_text()))


def unpacked(folder: Path) -> Program:
    """The program of the version before, in this folder."""
    with tarfile.open(PACKED) as packed:
        packed.extractall(folder, filter="data")
    home = folder / "home"
    home.mkdir()
    return Program(folder / "server", home)


def fill(url: str) -> None:
    """Put what the version before left into the empty database at *url*."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(DUMP.read_text())


def rows(url: str, tables: list[str] | None = None) -> dict[str, int]:
    """How many rows each of our tables holds."""
    with psycopg.connect(url) as connection:
        found = tables or [
            row[0]
            for row in connection.execute(
                "select tablename from pg_tables where schemaname = 'public' order by 1"
            )
        ]
        return {
            name: connection.execute(f'select count(*) from "{name}"').fetchone()[0]
            for name in found
        }


def make(revision: str) -> None:
    """Create both files again."""
    FOLDER.mkdir(exist_ok=True)
    exact = _git("rev-parse", "--short", revision).decode().strip()
    archive = _git("archive", exact, "server", "migrations", "constraints.txt")
    packed = subprocess.run(
        ["xz", "-9", "--stdout"], input=archive, capture_output=True, check=True
    )
    PACKED.write_bytes(packed.stdout)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        embedded_postgres(Path(folder)) as url,
    ):
        program = unpacked(Path(folder) / "program")
        _use(program, url, Path(folder))
        dumped = subprocess.run(
            [programs() / "pg_dump", "--no-owner", "--rows-per-insert=100", url],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        # Remove what only psql understands, and what depends on this machine.
        DUMP.write_text(re.sub(r"^(\\.*|--.*)?\n", "", dumped, flags=re.MULTILINE))
        # Who ran it, and on which machine.
        DUMP.write_text(DUMP.read_text().replace(f"'{socket.gethostname()}'", "'host'"))
        version = program.command(url, "--version").split()[-1]
        told = {"revision": exact, "version": version, "rows": rows(url)}
    ORIGIN.write_text(json.dumps(told, indent=2) + "\n")


def _use(program: Program, url: str, folder: Path) -> None:
    """What people did with it."""
    program.command(url, "demo", "--users", "40")
    output = folder / "output"
    with program.serving(url, free_port(), output) as base:
        until_healthy(base)
        until(lambda: "/auth/link" in output.read_text())
        httpx2.get(re.search(r"\S+/auth/link\?\S+", output.read_text())[0])
        token = program.command(url, "tokens", "create", "--user", ADMIN, "--name", "nightly")
        for name in ("grace", "edith", "alan"):
            program.ask(base, token, INVITE, input={"email": f"{name}@example.com"})
        program.command(url, "users", "grant", "edith@example.com", "Editor", "--reason", "writes")
        program.command(url, "users", "suspend", "alan@example.com")
        program.command(url, "audit", "verify")


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout


if __name__ == "__main__":
    os.environ.pop("APP_CONFIG_FILE", None)
    make(sys.argv[1])
