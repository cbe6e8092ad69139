"""Standard output and error of a command: escapes characters, reports failures in one line.

A terminal may support few characters, a disk may be full, a pipe may be closed. These are not bugs
in the program, so they do not print a traceback.
"""

from __future__ import annotations

import codecs
import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, TextIO

FAILED = 1


def _escaped(error: UnicodeError) -> tuple[str, int]:
    r"""Escape as `\u00e4`, because the `\xe4` of `backslashreplace` is not valid JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(
        f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)
    ), error.end


ESCAPED = "aiwebengine.escaped"
codecs.register_error(ESCAPED, _escaped)


class OutputFailed(Exception):
    """Standard output can't be written to. Not an OSError, which could concern another file."""

    def __init__(self, error: OSError) -> None:
        why = "it is closed" if error.errno == errno.EBADF else error.strerror or str(error)
        super().__init__(f"Can't write to standard output: {why}.")
        self.is_pipe_closed = error.errno == errno.EPIPE
        """The reader closed the pipe, as `head` does."""


@contextmanager
def guarded() -> Iterator[None]:
    """Escape what a stream can't encode; exit with one line and status 1 if it can't be written.

    A closed pipe exits with status 1 and prints nothing.
    """
    before = sys.stdin, sys.stdout, sys.stderr
    _open_closed_streams()
    sys.stdout, sys.stderr = _Stream(sys.stdout, _fail), _Stream(sys.stderr, _ignore)
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OutputFailed as error:
        _discard_buffered()
        if not error.is_pipe_closed:
            sys.stderr.write(f"Error: {error}\n")
            sys.stderr.flush()
        sys.exit(FAILED)
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def exit_at_once(code: int) -> NoReturn:
    """Exit without waiting for threads that hang. Raises OutputFailed."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _open_closed_streams() -> None:
    """Open closed standard streams, so that no other file gets their file descriptors."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # Standard output is opened read-only, so that printing to it fails.
            opened = os.open(os.devnull, os.O_WRONLY if number == 2 else os.O_RDONLY)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            mode = "r" if number == 0 else "w"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _discard_buffered() -> None:
    """Discard buffered output, which Python would try to write again at exit."""
    with suppress(OSError, ValueError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        os.close(devnull)


def _fail(error: OSError) -> None:
    raise OutputFailed(error) from None


def _ignore(_: OSError) -> None:
    """Drop messages that can't be printed; the command continues."""


class _Writer:
    """A byte or text stream that reports write errors to *failed*."""

    def __init__(self, stream: Any, failed: Callable[[OSError], None]) -> None:
        self._stream = stream
        self._failed = failed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, content: Any) -> int:
        try:
            return int(self._stream.write(content))
        except OSError as error:
            self._failed(error)
            return len(content)

    def writelines(self, parts: Any) -> None:
        for part in parts:
            self.write(part)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._failed(error)


class _Stream(_Writer):
    """A text stream that escapes what it can't encode."""

    def __init__(self, stream: TextIO, failed: Callable[[OSError], None]) -> None:
        super().__init__(stream, failed)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ESCAPED)

    @property
    def encoding(self) -> str:
        """The stream's encoding, with ASCII reported as Latin-1.

        Click bypasses an ASCII stream and writes UTF-8.
        """
        name = str(self._stream.encoding or "utf-8")
        return "latin-1" if name.lower() in ("ascii", "us-ascii", "ansi_x3.4-1968", "646") else name

    @property
    def buffer(self) -> Any:
        """The underlying byte stream."""
        return _Writer(self._stream.buffer, self._failed)
