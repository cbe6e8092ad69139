"""Where archives lie: the backup directory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiwebengine.backups.archive import (
    UNFINISHED,
    Damaged,
    finish_or_remove,
    read_manifest,
    sync,
)
from aiwebengine.backups.types import NAME, Manifest
from aiwebengine.errors import Conflict, NotFound

# What must stay free beside an archive.
_RESERVE = 64 << 20


class StorageFailed(Conflict):
    """A disk or a storage service did not do what it should; the message says what it said."""


class CopyFailed(StorageFailed):
    """An archive is made and good, but could not be copied to the S3 storage."""


class NoSpace(StorageFailed):
    """There is not enough room."""


@contextmanager
def failures_told() -> Iterator[None]:
    """Turns what the system says of files into a refusal."""
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        told = f"The archive can't be read or written: {error.strerror}{where}."
        raise StorageFailed(told) from error


class Directory:
    """The backup directory. It is the truth about what backups there are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """The names of all archives, newest first."""
        try:
            found = [entry.name for entry in os.scandir(self.folder) if NAME.fullmatch(entry.name)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(found, reverse=True)

    def path(self, name: str) -> Path:
        """Where the archive of this name lies. Raises NotFound."""
        path = self.folder / name
        if not NAME.fullmatch(name) or not path.is_file():
            raise NotFound(f"There is no backup {name[:80]}.")
        return path

    def new_path(self, name: str) -> Path:
        """Where an archive of this name will lie; the directory is made."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.folder / name

    def unfinished(self) -> list[tuple[str, Path]]:
        """Files that were not finished: name of the archive, and where it lies."""
        return [
            (path.name.removeprefix(".").removesuffix(UNFINISHED), path)
            for path in self.folder.glob(f".aiwebengine-*{UNFINISHED}")
        ]

    def clear(self, unfinished: Path, is_known: bool) -> Path | None:
        """As `archive.finish_or_remove`."""
        return finish_or_remove(unfinished, is_known)

    def remove(self, name: str) -> None:
        """Delete an archive; one that is gone is fine."""
        (self.folder / name).unlink(missing_ok=True)
        sync(self.folder)

    def must_have_room(self, size: int) -> None:
        """Raise NoSpace unless *size* bytes and a reserve are free."""
        free = shutil.disk_usage(self.folder).free
        if free < size + _RESERVE:
            raise NoSpace(
                f"{self.folder} has {free >> 20} MiB free; about {(size + _RESERVE) >> 20} MiB are"
                " needed. Make room, or run `aiwebengine backup prune`."
            )

    def expected_size(self, database_bytes: int) -> int:
        """How large the next archive will be, about: a little more than the newest one."""
        for name in self.names():
            try:
                newest = read_manifest(self.folder / name)
            except (Damaged, OSError):
                continue
            size = (self.folder / name).stat().st_size
            return max(size * 5 // 4, size * database_bytes // max(1, newest.database_bytes))
        return database_bytes // 2


def manifest_of(path: Path) -> Manifest:
    """The archive's manifest. Raises Damaged, StorageFailed."""
    with failures_told():
        return read_manifest(path)
