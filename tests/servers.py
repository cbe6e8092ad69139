"""Runs PostgreSQL servers of any version for tests."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg

from aiwebengine.database import ownership
from aiwebengine.database.embedded import UNPRIVILEGED
from aiwebengine.database.ownership import DATABASE, ROLE, SUPERUSER

PROGRAMS = "TEST_SERVER_PROGRAMS"
"""The environment variable that names the server's programs; unset, it is the embedded server."""
PACKAGES = Path(__file__).parent / "server_packages" / "node_modules"
START_SECS = 180.0
STOP_SECS = 30.0


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL."""

    url: str

    @cached_property
    def major(self) -> int:
        """Its major version."""
        with psycopg.connect(self.url) as connection:
            return connection.info.server_version // 10_000

    def database(self, name: str) -> str:
        """The address of one of its databases."""
        return self.url.replace("/aiwebengine?", f"/{name}?")

    def run(self, statement: str) -> None:
        """Run a statement as the superuser, outside any transaction.

        A database that is made belongs to the engine's role, as its own does, and only the engine
        creates objects in its schema `public`, as since PostgreSQL 15.
        """
        made = re.fullmatch(r"create database (\w+)", statement)
        if statement.startswith("create database"):
            statement += f" owner {ROLE}"
        with psycopg.connect(self.as_superuser("postgres"), autocommit=True) as connection:
            connection.execute(statement)
        if made is not None and self.major < 15:
            with psycopg.connect(self.as_superuser(made[1]), autocommit=True) as connection:
                connection.execute("revoke create on schema public from public")
                connection.execute(f"grant all on schema public to {ROLE}")

    def as_superuser(self, name: str) -> str:
        """The address of one of its databases for the superuser, whom the engine never is."""
        return self.database(name).replace(f"//{ROLE}@", f"//{SUPERUSER}@")


def packaged(major: int) -> Path:
    """The programs of this major version among the pinned packages."""
    return PACKAGES / f"postgresql-{major}" / "native" / "bin"


@contextmanager
def running(programs: Path) -> Iterator[Server]:
    """A new server of these programs, prepared as the embedded one is, that ends with this.

    It listens on a socket in a folder of its own only.
    """
    account = pwd.getpwnam(UNPRIVILEGED) if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        # A checkout may lie in a folder that only its owner can enter.
        if account is not None and not _is_open(programs):
            shutil.copytree(programs.parent, folder / "programs", symlinks=True)
            programs = folder / "programs" / "bin"
        data = folder / "data"
        data.mkdir()
        as_whom: dict[str, Any] = {}
        if account is not None:
            folder.chmod(0o711)
            os.chown(data, account.pw_uid, account.pw_gid)
            as_whom = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        options = {"cwd": data, "env": {**os.environ, "LC_ALL": "C", "TZ": "UTC"}, **as_whom}
        made = ["-D", data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale", "C.UTF-8"]
        subprocess.run(
            [programs / "initdb", *made],
            check=True,
            capture_output=True,
            timeout=START_SECS,
            **options,
        )
        settings = ["listen_addresses=", "max_connections=200", "fsync=off"]
        chosen = [part for setting in settings for part in ("-c", setting)]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", data, *chosen],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **options,
            )
        try:
            _prepare(process, data, folder / "log")
            yield Server(f"postgresql://{ROLE}@/{DATABASE}?host={data}")
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_SECS)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)
                process.wait(STOP_SECS)


def _prepare(process: subprocess.Popen[bytes], sockets: Path, log: Path) -> None:
    end = time.monotonic() + START_SECS
    while True:
        try:
            ownership.prepare(f"postgresql://{SUPERUSER}@/{{}}?host={sockets}")
            return
        except psycopg.OperationalError:
            assert process.poll() is None, f"the server did not start:\n{log.read_text()}"
            assert time.monotonic() < end, f"the server does not answer:\n{log.read_text()}"
            time.sleep(0.05)


def _is_open(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)
