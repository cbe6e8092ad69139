"""One archive: a plain tar file with a manifest at its end. Written and read in pieces.

`tar -xf` takes it apart without us. The size of a part is known only after it was written, so its
header is put in afterwards; the file has its final name only when all of it is on the disk.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tarfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import IO, BinaryIO

import orjson

from aiwebengine.backups.types import Manifest, Part
from aiwebengine.errors import Conflict

MANIFEST = "manifest.json"
DUMP = "database.dump"
PIECE = 1 << 20
UNFINISHED = ".part"
# The manifest of a database with thousands of tables has some 100 KB.
LARGEST_MANIFEST = 16 << 20
_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)


class Damaged(Conflict):
    """An archive is not what it was when it was made."""


class Writer:
    """Writes the archive that will lie at *path*; until `finish` it has another name.

    The lock that it holds on the file dies with its process, however that ends: so others know
    which unfinished files nobody works on.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unfinished = path.with_name(f".{path.name}{UNFINISHED}")
        self._file: BinaryIO = open(  # noqa: SIM115 - closed by `close`
            self._unfinished, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)
        )
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.parts: list[Part] = []

    @property
    def size(self) -> int:
        """How much is written."""
        return self._file.tell()

    def add(self, name: str, pieces: Iterable[bytes]) -> Part:
        """Write one file from its pieces."""
        start, digest, size = self._file.tell(), hashlib.sha256(), 0
        self._file.write(bytes(_BLOCK))
        for piece in pieces:
            self._file.write(piece)
            digest.update(piece)
            size += len(piece)
        self._file.write(bytes(-size % _BLOCK))
        end = self._file.tell()
        self._file.seek(start)
        self._file.write(_header(name, size))
        self._file.seek(end)
        part = Part(name, size, digest.hexdigest())
        self.parts.append(part)
        return part

    def seal(self, manifest: Manifest) -> None:
        """Write the manifest and make sure that everything is on the disk."""
        self.add(MANIFEST, [orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2)])
        self._file.write(_END)
        self._file.flush()
        os.fsync(self._file.fileno())

    def name(self) -> None:
        """Give the sealed archive its name."""
        _rename(self._unfinished, self._path)

    def close(self) -> None:
        """Let go of the file; one that has not got its name is removed."""
        self._unfinished.unlink(missing_ok=True)
        self._file.close()


def finish_or_remove(unfinished: Path, is_known: bool) -> Path | None:
    """Clear away what a dead run left; its archive, when it lacked nothing but its name.

    *is_known*: whether the trail tells that it was made. Leaves alone what somebody works on.
    """
    try:
        with open(unfinished, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path = unfinished.with_name(unfinished.name.removeprefix(".").removesuffix(UNFINISHED))
            if is_known and _is_whole(unfinished):
                _rename(unfinished, path)
                return path
            unfinished.unlink()
    except (BlockingIOError, FileNotFoundError):
        pass
    return None


def read_manifest(path: Path) -> Manifest:
    """What the archive says of itself. Reads headers only, however large it is.

    Raises Damaged when any part is missing or cut off, NotADirectoryError or FileNotFoundError.
    """
    with _opened(path) as (tar, file):
        members = _members(tar, path)
        last = members[-1] if members else None
        if last is None or last.name != MANIFEST or last.size > LARGEST_MANIFEST:
            raise Damaged(f"{path.name} is cut off: its manifest is missing.")
        end = last.offset_data + last.size + -last.size % _BLOCK + len(_END)
        if os.fstat(file.fileno()).st_size != end:
            raise Damaged(f"{path.name} has another length than when it was made.")
        file.seek(last.offset_data)
        manifest = _manifest(file.read(last.size), path)
        there = {member.name: member.size for member in members[:-1]}
        if there != {part.name: part.size for part in manifest.parts}:
            raise Damaged(f"{path.name} holds other files than its manifest tells.")
        return manifest


def pieces(path: Path, name: str) -> Iterator[bytes]:
    """The content of one part. Raises Damaged when there is no such part, or not all of it."""
    with _opened(path) as (tar, file):
        member = next((one for one in _members(tar, path) if one.name == name), None)
        if member is None:
            raise Damaged(f"{path.name} has no {name}.")
        file.seek(member.offset_data)
        left = member.size
        while left:
            piece = file.read(min(PIECE, left))
            if not piece:
                raise Damaged(f"{path.name} is cut off within {name}.")
            left -= len(piece)
            yield piece


def checked_pieces(path: Path, part: Part) -> Iterator[bytes]:
    """The content of one part; raises Damaged at its end when it is not as the manifest tells."""
    digest = hashlib.sha256()
    for piece in pieces(path, part.name):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != part.sha256:
        raise Damaged(f"{path.name}: {part.name} was changed since it was made.")


def sync(folder: Path) -> None:
    """Make sure that names in this folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _rename(unfinished: Path, path: Path) -> None:
    unfinished.rename(path)
    sync(path.parent)


def _is_whole(path: Path) -> bool:
    try:
        read_manifest(path)
    except (Damaged, OSError):
        return False
    return True


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, int(time.time()), 0o600
    # This format has room for sizes beyond 8 GiB within the one block that was kept free.
    return info.tobuf(tarfile.GNU_FORMAT)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[tarfile.TarFile, IO[bytes]]]:
    with open(path, "rb") as file:
        try:
            tar = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115 - the file is closed
        except (tarfile.TarError, EOFError) as error:
            raise Damaged(f"{path.name} is no archive: {error}.") from None
        yield tar, file


def _members(tar: tarfile.TarFile, path: Path) -> list[tarfile.TarInfo]:
    try:
        return tar.getmembers()
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise Damaged(f"{path.name} can't be read: {error}.") from None


def _manifest(text: bytes, path: Path) -> Manifest:
    try:
        told = orjson.loads(text)
        parts = [Part(**part) for part in told.pop("parts")]
        created_at = datetime.fromisoformat(told.pop("created_at"))
        manifest = Manifest(**told, parts=parts, created_at=created_at)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Damaged(f"{path.name}: its manifest can't be read.") from None
    if manifest.format != 1:
        raise Damaged(f"{path.name} has the unknown format {manifest.format}.")
    return manifest
