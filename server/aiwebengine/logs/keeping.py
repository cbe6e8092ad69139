"""Retention of rotated log files: compression and removal."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiwebengine.core.private_files import open_private
from aiwebengine.logs.files import StoredFile, compress, stored_files

_DAY = 86_400


@dataclass
class Tidied:
    """The files that were, or would be, removed and compressed; the bytes freed by removing."""

    removed: list[Path] = field(default_factory=list)
    compressed: list[Path] = field(default_factory=list)
    freed_bytes: int = 0
    failed: list[tuple[Path, str]] = field(default_factory=list)
    """Files that could not be removed or compressed, with the reason."""


def tidy(log: Path, older_than_secs: float, *, packs: bool, dry_run: bool = False) -> Tidied:
    """Remove files whose last line is older than *older_than_secs*; with *packs* compress others.

    The current file and symbolic links are left alone. A file that can't be removed or compressed
    does not affect the others. Does nothing while another process is doing this. Raises OSError.
    """
    done = Tidied()
    if not log.parent.is_dir():
        return done
    with _locked(log) as is_locked:
        if not is_locked:
            return done
        for file in stored_files(log):
            if file.is_current or file.path.is_symlink():
                continue
            try:
                _tidy_file(file, done, older_than_secs, packs=packs, dry_run=dry_run)
            except OSError as error:
                done.failed.append((file.path, error.strerror or str(error)))
    return done


def _tidy_file(
    file: StoredFile, done: Tidied, older_than_secs: float, *, packs: bool, dry_run: bool
) -> None:
    """Remove or compress one file, then add it to *done*."""
    if file.modified < time.time() - older_than_secs:
        if not dry_run:
            file.path.unlink(missing_ok=True)
        done.removed.append(file.path)
        done.freed_bytes += file.size
    elif packs and not file.is_compressed:
        if not dry_run:
            compress(file)
        done.compressed.append(file.path)


def days(number: int) -> float:
    """Days in seconds."""
    return number * _DAY


@contextmanager
def _locked(log: Path) -> Iterator[bool]:
    """Hold the lock for tidying in the `with` block; False if another process holds it."""
    with open_private(log.parent / f".{log.name}.tidying") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
