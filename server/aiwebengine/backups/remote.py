"""S3-compatible storage. Imported only where some is configured: its client takes 4 MB."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from aiwebengine.backups.archive import PIECE, finish_or_remove, read_manifest, unfinished_path
from aiwebengine.backups.files import open_new, open_regular, sync
from aiwebengine.backups.names import is_name, looks_like_one
from aiwebengine.backups.storage import Directory, Ignored, StorageFailed, failures_told
from aiwebengine.backups.types import Progress
from aiwebengine.config import S3
from aiwebengine.errors import NotFound

# Multipart uploads need parts of 5 MiB at least; 10,000 of these make 160 GB.
_PART = 16 << 20


class Remote:
    """The S3-compatible storage."""

    def __init__(self, config: S3) -> None:
        self._prefix = config.prefix
        self.place = f"{config.bucket}/{config.prefix}"
        self.ignored = Ignored(self.place)
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
            ignored = []
            for batch in obstore.list(self._store, self._prefix):
                for one in batch:
                    name = one["path"].rsplit("/", 1)[-1]
                    # In a folder below, it is not where we would fetch it from.
                    if is_name(name) and one["path"] == self._path(name):
                        found[name] = one["size"]
                    elif looks_like_one(name):
                        ignored.append(one["path"])
            self.ignored.note(ignored)
            return found

    def upload(self, path: Path, progress: Progress) -> None:
        """Copy an archive there, in parts; half of one never shows. Raises StorageFailed."""
        with _refusals_told(self.place), open_regular(path) as file:
            size, sent = os.fstat(file.fileno()).st_size, 0
            writer = obstore.open_writer(
                self._store, self._key(path.name), buffer_size=_PART, max_concurrency=4
            )
            while piece := file.read(PIECE):
                progress.check()
                writer.write(piece)
                sent += len(piece)
                progress.done = sent / max(1, size)
            writer.close()
            there = obstore.head(self._store, self._key(path.name))["size"]
        if there != size:
            raise StorageFailed(f"{self.place}: {there} of {size} bytes arrived.")

    def download(self, name: str, to: Directory, progress: Progress) -> Path:
        """Fetch an archive; what arrives is compared with its manifest's sizes.

        Raises NotFound, StorageFailed, Damaged.
        """
        path = to.new_path(name)
        unfinished = unfinished_path(path)
        with failures_told():
            finish_or_remove(unfinished, is_known=False)
        with _refusals_told(self.place):
            found = obstore.get(self._store, self._key(name))
            size, got = found.meta["size"], 0
            to.must_have_room(size)
            with failures_told(), open_new(unfinished) as file:
                try:
                    # Nobody else takes it for what a dead run left.
                    fcntl.flock(file, fcntl.LOCK_EX)
                    for piece in found.stream(min_chunk_size=PIECE):
                        progress.check()
                        file.write(piece)
                        got += len(piece)
                        progress.done = got / max(1, size)
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

    def _path(self, name: str) -> str:
        """The key as a listing spells it: without empty segments."""
        return "/".join(filter(None, self._key(name).split("/")))


@contextmanager
def _refusals_told(place: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise NotFound(f"There is no such backup in {place}.") from None
    except (BaseError, OSError) as error:
        said = str(error).split("\n", 1)[0].strip()
        raise StorageFailed(f"The S3 storage ({place}) refused: {said[:300]}.") from None
