"""Standard output and error of a command: what can't be encoded is escaped, a failure is one line.

A terminal may know few characters, a disk may be full, a reader may leave. None of that is a
fault of the program, so none of it ends in a traceback.
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
    r"""`\u00e4` for each character: what `backslashreplace` writes, `\xe4`, is no JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    return "".join(
        f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2)
    ), error.end


ESCAPED = "aiwebengine.escaped"
codecs.register_error(ESCAPED, _escaped)


class OutputFailed(Exception):
    """Standard output can't be written to. No OSError, so nobody takes it for another file's."""

    def __init__(self, error: OSError) -> None:
        why = "it is closed" if error.errno == errno.EBADF else error.strerror or str(error)
        super().__init__(f"Can't write to standard output: {why}.")
        self.is_gone = error.errno == errno.EPIPE
        """Whether the reader left, as `head` does when it has enough."""


@contextmanager
def guarded() -> Iterator[None]:
    """Print escaped what a stream can't encode; end with one line and status 1 if it can't write.

    A reader that leaves is no news to anybody: status 1 without a line.
    """
    before = sys.stdin, sys.stdout, sys.stderr
    _open_what_is_closed()
    sys.stdout, sys.stderr = _Stream(sys.stdout, _fail), _Stream(sys.stderr, _ignore)
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OutputFailed as error:
        _drop_the_rest()
        if not error.is_gone:
            sys.stderr.write(f"Error: {error}\n")
            sys.stderr.flush()
        sys.exit(FAILED)
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def exit_at_once(code: int) -> NoReturn:
    """End the process, although a thread hangs that nothing can end. Raises OutputFailed."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _open_what_is_closed() -> None:
    """Put something in the place of closed streams, or the next file would get their number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # Standard output is opened for reading: that nobody gets what is printed is an error.
            opened = os.open(os.devnull, os.O_WRONLY if number == 2 else os.O_RDONLY)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            mode = "r" if number == 0 else "w"
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _drop_the_rest() -> None:
    """Let what is still buffered go nowhere: Python writes it at its end, and would fail again."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _fail(error: OSError) -> None:
    raise OutputFailed(error) from None


def _ignore(_: OSError) -> None:
    """Messages that can't be printed are lost; what the command does is not."""


class _Writer:
    """A stream of bytes or of text, whose failures are reported to *failed*."""

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
        """The stream's encoding, except that ASCII is called Latin-1.

        Click takes an ASCII stream for a mistake, and writes UTF-8 past it.
        """
        name = str(self._stream.encoding or "utf-8")
        return "latin-1" if name.lower() in ("ascii", "us-ascii", "ansi_x3.4-1968", "646") else name

    @property
    def buffer(self) -> Any:
        """The bytes below the text."""
        return _Writer(self._stream.buffer, self._failed)
