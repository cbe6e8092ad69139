"""The backup directory."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiwebengine.backups.archive import UNFINISHED, Contents, finish_or_remove, read
from aiwebengine.backups.files import is_regular
from aiwebengine.backups.manifest import Damaged
from aiwebengine.backups.names import is_name, looks_like_one
from aiwebengine.core.disk import sync
from aiwebengine.core.errors import Conflict, NotFound
from aiwebengine.core.formats import size as shown_size
from aiwebengine.core.untrusted_text import on_one_line

log = logging.getLogger(__name__)

# Disk space to keep free beside an archive.
_RESERVE = 64 << 20
# Maximum number of warnings to remember.
_MAX_LOGGED = 1_000


class StorageFailed(Conflict):
    """A disk or storage service failed; the message has the reason."""


class CopyFailed(StorageFailed):
    """The archive is complete, but could not be copied to S3."""


class NoSpace(StorageFailed):
    """Not enough disk space."""


@contextmanager
def failures_told() -> Iterator[None]:
    """Convert an OSError into StorageFailed."""
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        message = f"The archive can't be read or written: {error.strerror or error}{where}."
        raise StorageFailed(message) from error


class Ignored:
    """Files that look like archives but are not; each is logged once."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._logged: set[str] = set()
        self.names: list[str] = []

    def note(self, names: list[str]) -> None:
        """Record the files that were ignored."""
        self.names = [on_one_line(name)[:200] for name in sorted(names)]
        for name in self.names:
            if name not in self._logged and len(self._logged) < _MAX_LOGGED:
                self._logged.add(name)
                log.warning("backup.ignored", extra={"archive": name, "place": self._place})


class Directory:
    """The backup directory, the source of truth for which backups exist.

    Anybody who can write there chooses the names, so invalid names and anything but regular files
    are ignored.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ignored = Ignored(str(folder))

    def names(self) -> list[str]:
        """The names of all archives, newest first; empty if the directory does not exist.

        Raises StorageFailed if the directory can't be read.
        """
        found, ignored = [], []
        try:
            with os.scandir(self.folder) as entries_here:
                entries = [entry.name for entry in entries_here]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StorageFailed(
                f"The backup directory {self.folder} can't be read: {error.strerror}."
                " Fix its permissions, or change backup.directory."
            ) from None
        for name in entries:
            if is_name(name) and is_regular(self.folder / name):
                found.append(name)
            elif looks_like_one(name):
                ignored.append(name)
        self.ignored.note(ignored)
        return sorted(found, reverse=True)

    def path(self, name: str) -> Path:
        """The path of an archive. Raises NotFound."""
        path = self.folder / name
        if not is_name(name) or not is_regular(path):
            raise NotFound(f"There is no backup {name[:80]}.")
        return path

    def new_path(self, name: str) -> Path:
        """The path for a new archive; creates the directory."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.folder / name

    def unfinished(self) -> list[tuple[str, Path]]:
        """Unfinished files: name of the archive, and path."""
        found = [
            (path.name.removeprefix(".").removesuffix(UNFINISHED), path)
            for path in self.folder.glob(f".aiwebengine-*{UNFINISHED}")
        ]
        return [(name, path) for name, path in found if is_name(name)]

    def clear(self, unfinished: Path, is_known: bool) -> Path | None:
        """See `archive.finish_or_remove`."""
        return finish_or_remove(unfinished, is_known)

    def remove(self, name: str) -> None:
        """Delete an archive, if it exists."""
        (self.folder / name).unlink(missing_ok=True)
        sync(self.folder)

    def must_have_room(self, size: int) -> None:
        """Raise NoSpace unless *size* bytes and a reserve are free."""
        free = shutil.disk_usage(self.folder).free
        if free < size + _RESERVE:
            raise NoSpace(
                f"{self.folder} has {shown_size(free)} free, but the backup needs about"
                f" {shown_size(size + _RESERVE)}. Free disk space, or run"
                " `aiwebengine backup prune`."
            )

    def expected_size(self, database_bytes: int) -> int:
        """Estimate the size of the next archive, somewhat larger than the newest one."""
        for name in self.names():
            try:
                newest = read(self.folder / name).manifest
                size = (self.folder / name).lstat().st_size
            except (Damaged, OSError):
                continue
            if newest.name != name or not newest.database_bytes > 0:
                continue
            guess = max(size * 5 // 4, size * database_bytes // newest.database_bytes)
            # The manifest is untrusted, and must not prevent new backups.
            return min(guess, database_bytes * 2)
        return database_bytes // 2


def contents_of(path: Path) -> Contents:
    """Read the manifest and signature of an archive. Raises Damaged, StorageFailed."""
    with failures_told():
        return read(path)
