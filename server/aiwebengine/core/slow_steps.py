"""Reports steps that take long, so that a slow start does not look like one that hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

FIRST_REPORT_SECS = 1.0
REPORT_EVERY_SECS = 30.0

Report: TypeAlias = Callable[[str], object]
"""Prints a line. It is called by another thread."""


def silent(_: str) -> None:
    """Print nothing."""


@contextmanager
def slow_step(report: Report, step: str) -> Iterator[None]:
    """Report the step if the `with` block takes longer than FIRST_REPORT_SECS.

    It is reported again every REPORT_EVERY_SECS, with the time that it has taken so far.
    """
    is_over, began = threading.Event(), time.monotonic()

    def watch() -> None:
        if is_over.wait(FIRST_REPORT_SECS):
            return
        report(f"{step} …")
        while not is_over.wait(REPORT_EVERY_SECS):
            report(f"{step}: {time.monotonic() - began:.0f} s so far …")

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        # Otherwise a report could appear after the next line of the caller.
        thread.join()
