"""Turns the first SIGTERM or SIGINT of a command that must clean up into KeyboardInterrupt."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """The signal that interrupted the command, if any.

    Later signals are ignored, because they would interrupt the stop that the first one began.
    Python ignores an exception that a signal handler raises while a finalizer or a callback of the
    garbage collector runs, as many do during imports. So a start also calls `check` between its
    steps.
    """

    def __init__(self) -> None:
        self._number: int | None = None

    def install(self) -> None:
        """Handle SIGTERM, and SIGINT unless this process was started with SIGINT ignored."""
        signal.signal(signal.SIGTERM, self._handle)
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._handle)

    def check(self) -> None:
        """Raise KeyboardInterrupt if a signal has arrived, even if its exception was ignored."""
        if self._number is not None:
            raise KeyboardInterrupt

    def _handle(self, number: int, _: FrameType | None) -> None:
        if self._number is None:
            self._number = number
            raise KeyboardInterrupt


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the `with` block as Ctrl-C does, unless the command handles it itself."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
