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
    """What was done, or would be done; the bytes are those that became free by removing."""

    removed: list[Path] = field(default_factory=list)
    compressed: list[Path] = field(default_factory=list)
    freed_bytes: int = 0
    failed: list[tuple[Path, str]] = field(default_factory=list)
    """What could not be removed or compressed, and why."""


def tidy(log: Path, older_than_secs: float, *, packs: bool, dry_run: bool = False) -> Tidied:
    """Remove files whose last line is older, compress the others if that *packs*.

    The file that is being written stays, and so do links: what they lead to is not ours. A file
    that can't be removed or compressed holds up no other. Does nothing while another process does
    this. Raises OSError.
    """
    done = Tidied()
    if not log.parent.is_dir():
        return done
    with _alone(log) as is_alone:
        if not is_alone:
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
    """Remove or compress one file, and note it once that is done."""
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
def _alone(log: Path) -> Iterator[bool]:
    """Whether nobody else is at it; then nobody will be for as long as this lasts."""
    with open_private(log.parent / f".{log.name}.tidying") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
