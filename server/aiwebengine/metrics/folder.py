"""The folder where worker processes store their metrics, so that each can expose all of them.

Each worker has a number and its own files. When a worker dies, its replacement gets the same number
and continues the counters, so totals never decrease and files do not accumulate.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prometheus_client import multiprocess, values

_PREFIX = "aiwebengine-metrics-"
_LOCK = "lock"
_DEATHS = "deaths"


@contextmanager
def shared_folder() -> Iterator[Path]:
    """A private directory for the `with` block. Also removes directories of dead instances."""
    _remove_orphans()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    with (folder / _LOCK).open("w") as lock:
        # The kernel releases the lock when this process ends, even after a crash.
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def store_metrics_in(folder: Path, place: int) -> None:
    """Store the metrics of this process, worker number *place*, in *folder*.

    Must be called before the first metric is created.
    """
    # The library has no other way to configure this.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: place)


def record_death(folder: Path, place: int) -> None:
    """Count the death of worker number *place*. Removes its gauges and keeps its counters."""
    with suppress(OSError):
        multiprocess.mark_process_dead(place, str(folder))
        new = folder / f"{_DEATHS}.new"
        new.write_text(str(deaths(folder) + 1))
        new.replace(folder / _DEATHS)


def deaths(folder: Path) -> int:
    """Number of workers of this instance that have died."""
    try:
        return int((folder / _DEATHS).read_text())
    except FileNotFoundError:
        return 0


def _remove_orphans() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError), (folder / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
