"""The folder where worker processes store metrics, so that each can expose all of them.

Each worker has a number and its own files. A replacement takes over the number and continues its
counters: a total never falls, and files don't pile up.
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
    """A private directory for as long as this lasts; those of dead instances are removed."""
    _remove_orphans()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    with (folder / _LOCK).open("w") as lock:
        # Held until this process is gone, however it goes.
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def keep_in(folder: Path, place: int) -> None:
    """Let this process count in its files; to be called before anything is counted."""
    # The library can only be configured this way.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: place)


def bury(folder: Path, place: int) -> None:
    """A worker died: its levels count no more, its totals stay, and the death is counted."""
    with suppress(OSError):
        multiprocess.mark_process_dead(place, str(folder))
        written = folder / f"{_DEATHS}.new"
        written.write_text(str(deaths(folder) + 1))
        written.replace(folder / _DEATHS)


def deaths(folder: Path) -> int:
    """How many workers of this instance died."""
    try:
        return int((folder / _DEATHS).read_text())
    except FileNotFoundError:
        return 0


def _remove_orphans() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError), (folder / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
