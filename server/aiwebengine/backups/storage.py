"""Where archives lie: the backup directory, and S3-compatible storage."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from aiwebengine.backups.archive import (
    PIECE,
    UNFINISHED,
    Damaged,
    finish_or_remove,
    read_manifest,
    sync,
)
from aiwebengine.backups.types import NAME, Manifest, Progress
from aiwebengine.config import S3
from aiwebengine.errors import Conflict, NotFound

# Multipart uploads need parts of 5 MiB at least; 10,000 of these make 160 GB.
_PART = 16 << 20
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
        except FileNotFoundError:
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


class Remote:
    """The S3-compatible storage."""

    def __init__(self, config: S3) -> None:
        self._prefix = config.prefix
        self.place = f"{config.bucket}/{config.prefix}"
        secret = config.secret_access_key
        options: dict[str, object] = {
            "region": config.region or "us-east-1",
            "endpoint": config.endpoint,
            "access_key_id": config.access_key_id,
            "secret_access_key": secret.get_secret_value() if secret else None,
        }
        self._store = S3Store(
            config.bucket,
            # What is left out is looked for as Amazon's own programs do.
            **{name: value for name, value in options.items() if value},  # type: ignore[arg-type]
            virtual_hosted_style_request=config.endpoint is None,
            client_options={
                "allow_http": (config.endpoint or "").startswith("http://"),
                "connect_timeout": timedelta(seconds=10),
                # For one request; an archive goes in many.
                "timeout": timedelta(minutes=5),
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(minutes=1)},
        )

    def sizes(self) -> dict[str, int]:
        """Name and size of each archive there. Raises StorageFailed."""
        with _refusals_told(self.place):
            found: dict[str, int] = {}
            for batch in obstore.list(self._store, self._prefix):
                for one in batch:
                    name = one["path"].rsplit("/", 1)[-1]
                    if NAME.fullmatch(name):
                        found[name] = one["size"]
            return found

    def upload(self, path: Path, progress: Progress) -> None:
        """Copy an archive there, in parts; half of one never shows. Raises StorageFailed."""
        size, sent = path.stat().st_size, 0
        with _refusals_told(self.place), open(path, "rb") as file:
            writer = obstore.open_writer(
                self._store, self._key(path.name), buffer_size=_PART, max_concurrency=4
            )
            while piece := file.read(PIECE):
                progress.check()
                writer.write(piece)
                sent += len(piece)
                progress.done = sent / size
            writer.close()
            there = obstore.head(self._store, self._key(path.name))["size"]
        if there != size:
            raise StorageFailed(f"{self.place}: {there} of {size} bytes arrived.")

    def download(self, name: str, to: Directory, progress: Progress) -> Path:
        """Fetch an archive; what arrives is compared with its manifest's sizes.

        Raises NotFound, StorageFailed, Damaged.
        """
        path = to.new_path(name)
        unfinished = path.with_name(f".{name}{UNFINISHED}")
        try:
            with _refusals_told(self.place):
                found = obstore.get(self._store, self._key(name))
                size, got = found.meta["size"], 0
                to.must_have_room(size)
                with failures_told(), open(unfinished, "wb") as file:
                    # Nobody else takes it for what a dead run left.
                    fcntl.flock(file, fcntl.LOCK_EX)
                    unfinished.chmod(0o600)
                    for piece in found.stream(min_chunk_size=PIECE):
                        progress.check()
                        file.write(piece)
                        got += len(piece)
                        progress.done = got / size
                    file.flush()
                    os.fsync(file.fileno())
            read_manifest(unfinished)
            unfinished.rename(path)
            sync(path.parent)
        finally:
            unfinished.unlink(missing_ok=True)
        return path

    def remove(self, name: str) -> None:
        """Delete the copy there. Raises StorageFailed."""
        with _refusals_told(self.place):
            obstore.delete(self._store, self._key(name))

    def _key(self, name: str) -> str:
        return f"{self._prefix}{name}"


def manifest_of(path: Path) -> Manifest:
    """The archive's manifest. Raises Damaged, StorageFailed."""
    with failures_told():
        return read_manifest(path)


@contextmanager
def _refusals_told(place: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise NotFound(f"There is no such backup in {place}.") from None
    except (BaseError, OSError) as error:
        said = str(error).split("\n", 1)[0].strip()
        raise StorageFailed(f"The S3 storage ({place}) refused: {said[:300]}.") from None
