"""Finds and runs PostgreSQL client programs without exposing the password."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from psycopg.conninfo import conninfo_to_dict

from aiwebengine.backups.archive import PIECE
from aiwebengine.backups.types import Progress
from aiwebengine.core.errors import Conflict
from aiwebengine.database.embedded import EmbeddedFailed, programs

# Where Debian and Red Hat install the programs of each version.
_ELSEWHERE = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
_VERSION = re.compile(r"\) (\d+)(?:\.\d+)?")
# libpq parameters and their environment variables.
_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}
# Number of final lines of standard error to include in messages.
_KEPT_LINES = 20
_GRACE_SECS = 5


class NoProgram(Conflict):
    """A PostgreSQL program is missing or too old; the message says what to install."""


class ProgramFailed(Conflict):
    """A PostgreSQL program failed; the message contains its output."""


@dataclass(frozen=True)
class Program:
    """A program and its PostgreSQL version."""

    path: Path
    version: str
    major: int


def find(name: str, least: int, needs_tls: bool) -> Program:
    """Find a program of PostgreSQL *least* or newer, bundled or installed.

    *needs_tls*: the connection uses TLS, which the bundled program does not support. Raises
    NoProgram.
    """
    seen: list[str] = []
    for path in _candidates(name, needs_tls):
        program = _program(path)
        if program is None:
            continue
        if program.major >= least:
            return program
        seen.append(f"{path} is version {program.major}")
    why = "; ".join(seen) or "none was found"
    tls = " The bundled program does not support TLS." if needs_tls else ""
    raise NoProgram(
        f"{name} of PostgreSQL {least} or newer is required ({why}).{tls}"
        f" Install the PostgreSQL client programs, such as Debian's postgresql-client-{least}."
    )


def output(
    program: Program, arguments: list[str], url: str, progress: Progress, steps: Steps
) -> Generator[bytes, None, None]:
    """What the program writes to standard output, in pieces. Raises ProgramFailed at the end.

    A caller that stops early must close the iterator; the program runs until then.
    """
    with _running(program, arguments, url, progress, stdout=subprocess.PIPE) as running:
        pipe = running.process.stdout
        assert pipe is not None  # noqa: S101 - asked for above
        # Unbuffered: what the pipe holds is handed on as it is.
        while piece := os.read(pipe.fileno(), PIECE):
            progress.check()
            steps.heard(running.lines())
            yield piece
        running.must_have_succeeded()


def feed(
    program: Program,
    arguments: list[str],
    url: str | None,
    data: Iterable[bytes],
    progress: Progress,
) -> None:
    """Give the program *data* on standard input and wait for it. Raises ProgramFailed."""
    with _running(
        program, arguments, url, progress, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as running:
        pipe = running.process.stdin
        assert pipe is not None  # noqa: S101 - asked for above
        _feed(pipe, data)
        running.must_have_succeeded()


def converted(
    program: Program,
    arguments: list[str],
    data: Iterable[bytes],
    progress: Progress,
    *,
    to_the_end: bool = True,
) -> Generator[bytes, None, None]:
    """What the program makes of *data*, in pieces. It knows of no database.

    *to_the_end*: read *data* to its end even when the program has read what it needs.
    Raises, at the end, what reading *data* raised; ProgramFailed.
    """
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with (
        ThreadPoolExecutor(1) as beside,
        _running(program, arguments, None, progress, **pipes) as running,
    ):
        taker, giver = running.process.stdin, running.process.stdout
        assert taker is not None  # noqa: S101 - asked for above
        assert giver is not None  # noqa: S101 - asked for above
        fed = beside.submit(_feed_and_close, taker, data, to_the_end)
        try:
            while piece := os.read(giver.fileno(), PIECE):
                progress.check()
                yield piece
        except BaseException:
            # Without its end, the thread could not get rid of the rest.
            _end(running.process)
            fed.exception()
            raise
        fed.result()
        running.must_have_succeeded()


class Steps:
    """Turns what `pg_dump --verbose` says into progress: tables weigh what their data weigh."""

    _TABLE = re.compile(r'dumping contents of table "(?:public\.)?([^"]+)"')

    def __init__(self, progress: Progress, sizes: dict[str, int]) -> None:
        self._progress = progress
        self._sizes = sizes
        self._total = sum(sizes.values()) or 1
        self._passed = 0
        self._current: str | None = None

    def heard(self, lines: Iterable[str]) -> None:
        """Take note of new lines."""
        for line in lines:
            found = self._TABLE.search(line)
            if found is None:
                continue
            self._passed += self._sizes.get(self._current or "", 0)
            self._current = found[1]
            self._progress.at(f"Dumping {found[1]}", self._passed / self._total)


class _Running:
    def __init__(self, name: str, process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        self._name = name
        self.process = process
        self._errors = errors
        self._heard = 0

    def lines(self) -> list[str]:
        """What it said on standard error since the last time."""
        output_text = os.pread(self._errors.fileno(), 1 << 16, self._heard)
        end = output_text.rfind(b"\n") + 1
        self._heard += end
        return output_text[:end].decode(errors="replace").splitlines()

    def must_have_succeeded(self) -> None:
        if self.process.wait() == 0:
            return
        size = os.fstat(self._errors.fileno()).st_size
        text = os.pread(self._errors.fileno(), 1 << 14, max(0, size - (1 << 14))).decode(
            errors="replace"
        )
        output_text = [line for line in text.splitlines() if "error" in line or "FATAL" in line]
        said = " ".join((output_text or text.splitlines())[-_KEPT_LINES:]).strip()
        code = self.process.returncode
        raise ProgramFailed(f"{self._name} failed ({code}): {said[:2_000] or 'no output'}")


@contextmanager
def _running(
    program: Program, arguments: list[str], url: str | None, progress: Progress, **pipes: Any
) -> Iterator[_Running]:
    with tempfile.TemporaryFile() as errors, _environment(url) as (environ, descriptors):
        process = subprocess.Popen(  # noqa: S603 - a program of PostgreSQL, without a shell
            [str(program.path), *arguments],
            stderr=errors,
            env=environ,
            pass_fds=descriptors,
            bufsize=0,
            **{"stdin": subprocess.DEVNULL, **pipes},
        )
        progress.processes.append(process)
        try:
            yield _Running(program.path.name, process, errors)
        finally:
            progress.processes.remove(process)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            _end(process)


def _feed_and_close(pipe: IO[bytes], data: Iterable[bytes], to_the_end: bool) -> None:
    try:
        _feed(pipe, data, to_the_end)
    finally:
        # Close it in any case, so that the program does not wait for more input.
        pipe.close()


def _feed(pipe: IO[bytes], data: Iterable[bytes], to_the_end: bool = True) -> None:
    try:
        for piece in data:
            _write(pipe, piece)
        pipe.close()
    except BrokenPipeError:
        # The program failed, with the reason on standard error, or has read enough.
        for _ in data if to_the_end else ():
            pass


def _write(pipe: IO[bytes], piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        # Unbuffered writes can be partial.
        left = left[pipe.write(left) :]


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_GRACE_SECS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _environment(url: str | None) -> Iterator[tuple[dict[str, str], tuple[int, ...]]]:
    """The environment with the connection parameters for libpq, and file descriptors to pass.

    The password is neither in the environment nor on the command line, but in an unnamed file where
    the system supports one (Linux).
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environ |= {"PGAPPNAME": "aiwebengine backup", "PGCONNECT_TIMEOUT": "10", "LC_ALL": "C"}
    parts = conninfo_to_dict(url) if url else {}
    for name, variable in _VARIABLES.items():
        if parts.get(name):
            environ[variable] = str(parts[name])
    password = parts.get("password")
    if not password:
        yield environ, ()
    elif hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("password")
        try:
            os.fchmod(descriptor, 0o600)
            escaped = str(password).replace("\\", "\\\\").replace(":", "\\:")
            os.write(descriptor, f"*:*:*:*:{escaped}\n".encode())
            yield {**environ, "PGPASSFILE": f"/proc/self/fd/{descriptor}"}, (descriptor,)
        finally:
            os.close(descriptor)
    else:
        yield {**environ, "PGPASSWORD": str(password)}, ()


def _candidates(name: str, needs_tls: bool) -> Iterator[Path]:
    if not needs_tls:
        # The embedded server may not be installed.
        with suppress(EmbeddedFailed):
            yield programs() / name
    for pattern in _ELSEWHERE:
        folders = Path("/").glob(pattern.removeprefix("/"))
        yield from (folder / name for folder in sorted(folders, reverse=True))
    found = shutil.which(name)
    if found:
        yield Path(found)


def _program(path: Path) -> Program | None:
    try:
        output_text = subprocess.run(  # noqa: S603 - a program of PostgreSQL, without a shell
            [str(path), "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(output_text)
    return Program(path, output_text, int(match[1])) if match else None
