"""Two engines on a database, each in processes of its own, that a test kills and starts again."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx2
import psutil
import psycopg
from tests.conftest import free_port, wait_for
from tests.freezing import postgres_in

PATIENCE = 120
PR_SET_CHILD_SUBREAPER = 36


class Instance:
    """An engine that serves on a port of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.base = f"http://127.0.0.1:{free_port()}"
        folder.mkdir()

    def start(self) -> None:
        """Start it, and wait until it serves scripts."""
        self.launch()
        wait_for(self.is_serving, PATIENCE)

    def launch(self) -> None:
        """Start it."""
        with (self._folder / "output").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "aiwebengine", "serve"],
                cwd=self._folder,
                env={
                    **os.environ,
                    "APP_REPOSITORY__DATABASE_URL": self._url,
                    "APP_REPOSITORY__DATA_DIR": str(self._folder / "data"),
                    "APP_BACKUP__DIRECTORY": str(self._folder / "backups"),
                    "APP_SERVER__PORT": self.base.rpartition(":")[2],
                    "APP_SECURITY__RATE_LIMIT_PER_MINUTE": "100000",
                },
                stdout=log,
                stderr=log,
            )

    def is_serving(self) -> bool:
        """Whether it answers by a script."""
        return self.served() is not None

    def served(self) -> str | None:
        """What the script answers; None if it does not."""
        assert self.process.poll() is None, self.output[-3_000:]
        with suppress(httpx2.HTTPError):
            answer = httpx2.get(f"{self.base}/clock", timeout=5)
            if answer.status_code == 200:
                return answer.text
        return None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    @property
    def output(self) -> str:
        return (self._folder / "output").read_text()

    def post(self, path: str, body: object) -> dict | None:
        """The answer of a script; None if it is not known, because something was killed."""
        with suppress(httpx2.HTTPError, ValueError):
            answer = httpx2.post(f"{self.base}{path}", json=body, timeout=20)
            if answer.status_code == 200:
                return answer.json()
        return None

    def children(self, word: str) -> list[psutil.Process]:
        """Its processes whose command has this word."""
        found = []
        with suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with suppress(psutil.Error):
                    if word in " ".join(child.cmdline()):
                        found.append(child)
        return found

    def kill(self) -> None:
        """Kill the engine, but not what it has started: that must end by itself."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self) -> None:
        """End it as its operator does."""
        if self._process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(PATIENCE)


def kill_database(fragile) -> None:
    """Kill every process of PostgreSQL at once, and start it again."""
    server = postgres_in(fragile.folder)
    for process in [server, *server.children()]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    with suppress(ChildProcessError):
        os.waitpid(server.pid, 0)
    fragile.stop()
    fragile.start()


def adopt_orphans(is_adopting: bool) -> None:
    """Be the parent of processes whose own has ended: a dead one keeps its number until then."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, int(is_adopting), 0, 0, 0)


def rows(url: str, sql: str) -> list[tuple]:
    """The rows of a query, as soon as the database answers."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                return connection.execute(sql).fetchall()
        except psycopg.OperationalError:
            assert time.monotonic() < end
            time.sleep(0.05)
