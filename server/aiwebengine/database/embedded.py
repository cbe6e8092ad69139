"""The embedded PostgreSQL server of one data directory, with the programs of a PyPI wheel.

Each process that uses the server holds a shared lock on `users.lock` in the data directory. The
first process starts the server. The last one, which gets an exclusive lock, stops it. When a
process is killed, the kernel releases its lock; the server keeps running and the next process uses
it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import psutil
import psycopg

from aiwebengine.core.private_files import PRIVATE_FOLDER, make_folder, open_private
from aiwebengine.core.slow_steps import Report, silent, slow_step
from aiwebengine.database import cluster, ownership, postmaster
from aiwebengine.database.answering import is_silent
from aiwebengine.database.embedded_programs import (
    UNPRIVILEGED,
    EmbeddedFailed,
    account,
    programs,
    run,
)
from aiwebengine.database.ownership import DATABASE, ROLE, SUPERUSER

START_TIMEOUT_SECS = 60.0
# A running server that does not answer for this long is frozen, or its disk is. A server that
# starts or recovers answers with an error.
SILENCE_SECS = 6.0
# How long another process may take to start or stop the server.
LOCK_TIMEOUT_SECS = START_TIMEOUT_SECS
POLL_SECS = 0.05
# PostgreSQL writes its PID file within milliseconds; if it has none after this, the start failed.
PID_FILE_SECS = 3.0
# How long the processes of a killed server may take to notice it.
KILLED_SECS = 10.0
# A sockaddr_un has at least 104 bytes (macOS); PostgreSQL adds "/.s.PGSQL.5432.lock".
LONGEST_SOCKET_FOLDER = 80
# The engine's files and folders in a data directory.
OUR_NAMES = ("postgres", "socket", "users.lock", "start.lock", "aiwebengine", "backup-signing.key")

__all__ = [
    "UNPRIVILEGED",
    "EmbeddedFailed",
    "NoDatabase",
    "NotRunning",
    "embedded_postgres",
    "programs",
    "running_postgres",
]


class NoDatabase(EmbeddedFailed):
    """There is no database in this data directory, and the caller must not create one."""


class NotRunning(EmbeddedFailed):
    """The database exists, but its server is not running."""


@contextmanager
def embedded_postgres(
    data_dir: Path,
    *,
    creates: bool = True,
    meanwhile: Callable[[], object] = lambda: None,
    report: Report = silent,
) -> Iterator[str]:
    """Run the server of *data_dir*/postgres for the `with` block, and return its address.

    Starts the server if it is not running. *meanwhile* is called once, while the server starts, or
    at once if it is running. With *creates*, a database is created in a directory without one;
    otherwise that raises NoDatabase. *report* gets what takes longer than a second. Raises
    EmbeddedFailed.
    """
    server = _Server(data_dir.resolve(), report)
    if not creates:
        server.must_exist()
    with server.used(meanwhile):
        yield server.url


def running_postgres(data_dir: Path) -> str:
    """The address of the running server of this data directory; does not start it.

    Raises NoDatabase, NotRunning.
    """
    server = _Server(data_dir.resolve())
    server.must_exist()
    if not server.is_running():
        raise NotRunning(
            f"The PostgreSQL in {data_dir} is not running: `aiwebengine serve` starts it."
        )
    return server.url


class _Server:
    def __init__(self, folder: Path, report: Report = silent) -> None:
        self._folder = folder
        self._report = report
        self._data = folder / "postgres"
        self._account = account()
        self._started = -PID_FILE_SECS

    @property
    def url(self) -> str:
        """The address of the database for the engine's role."""
        return f"postgresql://{ROLE}@/{DATABASE}?host={self._sockets()}"

    def must_exist(self) -> None:
        """Raise NoDatabase unless the data directory contains a database."""
        try:
            is_there = (self._data / "PG_VERSION").exists()
        except OSError as error:
            raise _unusable(self._folder, error) from None
        if not is_there:
            raise NoDatabase(
                f"There is no database in {self._folder}. Are you in the engine's folder?"
                " Name its configuration with --config FILE, or its data with"
                " APP_REPOSITORY__DATA_DIR. A new engine is started by `aiwebengine serve`."
            )

    @contextmanager
    def used(self, meanwhile: Callable[[], object]) -> Iterator[None]:
        """Use the server in the `with` block: start it if necessary; the last process stops it."""
        self._must_not_be_frozen()
        with self._opened() as users:
            # Under the start lock, so that no other process stops the server at this moment.
            with self._starting():
                fcntl.flock(users, fcntl.LOCK_SH)
            try:
                with self._starting():
                    if not self.is_running():
                        self._prepare()
                        self._wait_for_killed()
                    if not self.is_running():
                        self._start()
                    with self._slow("Loading the engine"):
                        meanwhile()
                    self._wait_until_it_answers()
                yield
            finally:
                self._leave(users)

    def _must_not_be_frozen(self) -> None:
        """Raise EmbeddedFailed if the server runs but does not answer. Called before any lock."""
        if not self.is_running():
            return
        with self._slow(f"Waiting for an answer from the PostgreSQL in {self._folder}"):
            is_frozen = is_silent(self.url, SILENCE_SECS)
        if is_frozen:
            raise EmbeddedFailed(
                f"The embedded PostgreSQL in {self._folder} is running, but did not respond within"
                f" {SILENCE_SECS:.0f} s. Its process may be stopped, or its disk may hang. See"
                f" {self._folder / 'postgres.log'}."
            )

    def _opened(self) -> BinaryIO:
        try:
            make_folder(self._folder, PRIVATE_FOLDER, ours=OUR_NAMES)
            return open_private(self._folder / "users.lock")
        except OSError as error:
            raise _unusable(self._folder, error) from None

    def _slow(self, step: str) -> AbstractContextManager[None]:
        return slow_step(self._report, step)

    @contextmanager
    def _starting(self) -> Iterator[None]:
        """Hold the lock that allows only one process at a time to start or stop the server."""
        # Not truncated before it is locked: it contains the PID of the process that has the lock.
        with open_private(self._folder / "start.lock", "a") as lock:
            with self._slow(
                f"Waiting for another process that starts or stops the PostgreSQL in {self._folder}"
            ):
                self._wait_for(lock)
            lock.truncate(0)
            lock.write(str(os.getpid()).encode())
            lock.flush()
            yield

    def _wait_for(self, lock: BinaryIO) -> None:
        """Take the lock. Raises EmbeddedFailed after LOCK_TIMEOUT_SECS."""
        end = time.monotonic() + LOCK_TIMEOUT_SECS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    other = postmaster.pid_in(self._folder / "start.lock") or "?"
                    raise EmbeddedFailed(
                        f"Process {other} has been starting or stopping the PostgreSQL in"
                        f" {self._folder} for more than {LOCK_TIMEOUT_SECS:.0f} s. Try again when"
                        " it has finished, or end it."
                    ) from None
                time.sleep(POLL_SECS)
            else:
                return

    def _leave(self, users: BinaryIO) -> None:
        with _undisturbed(), self._starting():
            fcntl.flock(users, fcntl.LOCK_UN)
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            self._stop()

    def _prepare(self) -> None:
        sockets = self._sockets()
        sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._give(sockets)
        if self._data.exists():
            self._give(self._data)
        try:
            if not cluster.exists(self._data):
                with self._slow("Creating the database"):
                    cluster.create(self._data, self._give)
        except OSError as error:
            raise _unusable(self._folder, error) from None

    def _wait_for_killed(self) -> None:
        """Wait until the processes of a killed server have ended, and remove its lock files.

        Otherwise the next server would not start: it takes their memory, or another process that
        has the PID by now, or its own zombie, for a running server. Returns early if the server
        turns out to run.
        """
        pid_file = self._data / "postmaster.pid"
        if not pid_file.exists():
            return
        end = time.monotonic() + KILLED_SECS
        with self._slow("Waiting until the processes of a killed PostgreSQL have ended"):
            while (left := self._processes()) and not self.is_running():
                if time.monotonic() > end:
                    raise EmbeddedFailed(
                        f"The PostgreSQL in {self._folder} was killed, or lost its PID file, but"
                        f" some of its processes are still running. End them:"
                        f" `kill -QUIT {' '.join(str(process.pid) for process in left)}`."
                    )
                time.sleep(POLL_SECS)
        if not self.is_running():
            pid_file.unlink(missing_ok=True)
            # The lock of the socket has the PID, too.
            postmaster.remove_sockets(self._socket_folder())

    def _processes(self) -> list[psutil.Process]:
        return [one for one in psutil.process_iter() if postmaster.is_postgres_in(one, self._data)]

    def _start(self) -> None:
        self._started = time.monotonic()
        with open_private(self._folder / "postgres.log", "a") as log:
            run(
                self._data,
                "postgres",
                *("-k", str(self._sockets()), "-c", "listen_addresses="),
                *("-c", "unix_socket_permissions=0700", "-c", "max_connections=200"),
                stdout=log,
                stderr=log,
                detached=True,
            )

    def _stop(self) -> None:
        # If interrupted right after the start, wait until the PID file is written.
        end = self._started + PID_FILE_SECS
        while (process := self._postmaster()) is None and (
            time.monotonic() < end
            or (time.monotonic() < end + KILLED_SECS and bool(self._processes()))
        ):
            time.sleep(POLL_SECS)
        sockets = self._sockets()
        if process is not None:
            with self._slow("Waiting until PostgreSQL has stopped"):
                self._stop_process(process)
        # The folder may be in the temporary directory. A killed server leaves files in it.
        with suppress(OSError):
            postmaster.remove_sockets(sockets)
            sockets.rmdir()

    def _stop_process(self, process: psutil.Process) -> None:
        try:
            postmaster.stop(process)
        except psutil.TimeoutExpired:
            raise EmbeddedFailed(
                f"The PostgreSQL in {self._folder} does not stop: process {process.pid}. See"
                f" {self._folder / 'postgres.log'}."
            ) from None

    def _wait_until_it_answers(self) -> None:
        with self._slow(f"Waiting for the start of the PostgreSQL in {self._folder}"):
            self._poll_until_it_answers()

    def _poll_until_it_answers(self) -> None:
        began = time.monotonic()
        while True:
            try:
                ownership.prepare(f"postgresql://{SUPERUSER}@/{{}}?host={self._sockets()}")
                return
            except psycopg.OperationalError as error:
                if "does not exist" in str(error):
                    raise cluster.incomplete(self._data) from None
                waited = time.monotonic() - began
                is_gone = waited > PID_FILE_SECS and not self.is_running() and not self._processes()
                # Recovery after a crash may take minutes. If it were ended, the next start would
                # begin it again.
                is_late = waited > START_TIMEOUT_SECS and not _is_recovering(error)
                if is_gone or is_late:
                    raise EmbeddedFailed(
                        f"The embedded PostgreSQL does not start: {error}."
                        f" See {self._folder / 'postgres.log'}."
                    ) from None
                time.sleep(POLL_SECS)

    def is_running(self) -> bool:
        """Whether the server of this data directory is running."""
        return self._postmaster() is not None

    def _postmaster(self) -> psutil.Process | None:
        """The running server of this data directory, or None.

        A PID file remains after a crash, and another process may have its PID by now. So this
        checks that the process is a postgres whose working directory is the data directory.
        """
        pid = postmaster.pid_in(self._data / "postmaster.pid")
        # The temporary server of initdb writes a negative number.
        if pid is None or pid <= 0:
            return None
        try:
            process = psutil.Process(pid)
        except psutil.Error:
            return None
        return process if postmaster.is_postgres_in(process, self._data) else None

    def _sockets(self) -> Path:
        """The socket folder of the running server, or of a server started now.

        They differ if another process started the server with another TMPDIR, as cron may do.
        """
        used = postmaster.socket_folder_in(self._data / "postmaster.pid")
        return used if used and self.is_running() else self._socket_folder()

    def _socket_folder(self) -> Path:
        """A folder in the data directory, or, if its path is too long, in the temporary one."""
        beside = self._folder / "socket"
        if len(os.fsencode(beside)) <= LONGEST_SOCKET_FOLDER and self._account is None:
            return beside
        name = hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"aiwebengine-{os.getuid()}-{name}"

    def _give(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)
        elif path.stat().st_uid != os.getuid():
            raise EmbeddedFailed(
                f"{path} belongs to somebody else. Use another repository.data_dir."
            )


def _is_recovering(error: psycopg.OperationalError) -> bool:
    # libpq gives no SQLSTATE for a refused connection. The server's messages are in English.
    return any(part in str(error) for part in ("starting up", "not yet accepting", "recovery mode"))


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ignore SIGINT and SIGTERM: the first one ended the work, the second must not end the stop.

    make passes SIGTERM on to a process that has already got it as a member of the group.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def _unusable(folder: Path, error: OSError) -> EmbeddedFailed:
    return EmbeddedFailed(f"repository.data_dir: {folder} can't be used: {error.strerror}.")
