"""Reads and writes archives: plain tar files with a manifest and a signature at the end.

`tar -xf` extracts them without the engine. The size of a part is known only after writing it, so
its header is filled in afterwards. The file gets its final name only after everything is on disk.
When reading, the content is untrusted: sizes are limited and checked first.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tarfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import orjson

from aiwebengine.backups import manifest as manifests
from aiwebengine.backups.files import is_regular, open_new, open_regular
from aiwebengine.backups.manifest import Damaged, checked_part_name
from aiwebengine.backups.types import Manifest, Part
from aiwebengine.core.disk import sync

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
DUMP = "database.dump"
PIECE = 1 << 20
UNFINISHED = ".part"
# Seven days of hourly logs are 168 files; everything else is about a dozen.
MAX_MEMBERS = 256
LARGEST_SIGNATURE = 1_024
_BLOCK = tarfile.BLOCKSIZE
_END = bytes(2 * _BLOCK)

Sign = Callable[[bytes], bytes]
"""Returns the content of `manifest.sig` for the content of `manifest.json`."""


@dataclass(frozen=True)
class Contents:
    """The end of an archive: the manifest, its exact bytes and their signature."""

    manifest: Manifest
    text: bytes
    signature: bytes | None


class Writer:
    """Writes the archive at *path*; until `name` it has a temporary name.

    The file lock ends with the process, so others can recognize unfinished files that nobody
    writes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unfinished = unfinished_path(path)
        self._file = open_new(self._unfinished)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.parts: list[Part] = []

    @property
    def size(self) -> int:
        """The number of bytes written."""
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

    def seal(self, manifest: Manifest, sign: Sign | None = None) -> None:
        """Write the manifest and its signature, and sync everything to disk."""
        text = orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2)
        self.add(MANIFEST, [text])
        if sign is not None:
            self.add(SIGNATURE, [sign(text)])
        self._file.write(_END)
        self._file.flush()
        os.fsync(self._file.fileno())

    def name(self) -> None:
        """Rename the finished archive to its final name."""
        _rename(self._unfinished, self._path)

    def close(self) -> None:
        """Close the file, and remove it if it has no final name yet."""
        self._unfinished.unlink(missing_ok=True)
        self._file.close()


def unfinished_path(path: Path) -> Path:
    """The temporary path of an archive in progress."""
    return path.with_name(f".{path.name}{UNFINISHED}")


def finish_or_remove(unfinished: Path, is_known: bool) -> Path | None:
    """Clean up after an interrupted run; return the archive if only its final name was missing.

    *is_known*: whether the audit trail has an event for its creation. Skips files that a process
    still writes.
    """
    try:
        if not is_regular(unfinished):
            # A link or pipe with this name is not from the engine, and must not be followed.
            unfinished.unlink()
            return None
        with open_regular(unfinished) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path = unfinished.with_name(unfinished.name.removeprefix(".").removesuffix(UNFINISHED))
            if is_known and _is_whole(unfinished):
                _rename(unfinished, path)
                return path
            unfinished.unlink()
    except (BlockingIOError, FileNotFoundError, IsADirectoryError):
        pass
    return None


def read(path: Path) -> Contents:
    """Read the manifest and signature of an archive. Reads only headers and the manifest.

    Raises Damaged if a part is missing, truncated or unexpected; OSError.
    """
    with _opened(path) as file:
        members = _members(file, path.name)
        signature = None
        if members and members[-1].name == SIGNATURE:
            signature = _small(file, members.pop(), LARGEST_SIGNATURE, path.name)
        if not members or members[-1].name != MANIFEST:
            raise Damaged(f"{path.name} is truncated: its manifest is missing.")
        text = _small(file, members.pop(), manifests.LARGEST, path.name)
        manifest = manifests.parse(text, path.name)
        there = {member.name: member.size for member in members}
        declared = {part.name: part.size for part in manifest.parts}
        if there != declared or len(members) != len(manifest.parts):
            raise Damaged(f"{path.name} does not contain the files listed in its manifest.")
        return Contents(manifest, text, signature)


def read_manifest(path: Path) -> Manifest:
    """The manifest alone. Raises as `read` does."""
    return read(path).manifest


def pieces(path: Path, name: str) -> Iterator[bytes]:
    """The content of one part. Raises Damaged when there is no such part, or not all of it."""
    with _opened(path) as file:
        member = next((one for one in _members(file, path.name) if one.name == name), None)
        if member is None:
            raise Damaged(f"{path.name} has no {name}.")
        file.seek(member.offset)
        left = member.size
        while left:
            piece = file.read(min(PIECE, left))
            if not piece:
                raise Damaged(f"{path.name} is truncated in {name}.")
            left -= len(piece)
            yield piece


def checked_pieces(path: Path, part: Part) -> Iterator[bytes]:
    """The content of a part. Raises Damaged at its end if the checksum does not match."""
    digest = hashlib.sha256()
    for piece in pieces(path, part.name):
        digest.update(piece)
        yield piece
    if digest.hexdigest() != part.sha256:
        raise Damaged(f"{path.name}: the checksum of {part.name} does not match the manifest.")


@dataclass(frozen=True)
class _Member:
    name: str
    offset: int
    size: int


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
    info = tarfile.TarInfo(checked_part_name(name))
    info.size, info.mtime, info.mode = size, int(time.time()), 0o600
    # This format supports sizes over 8 GiB within the single reserved block.
    return info.tobuf(tarfile.GNU_FORMAT)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with open_regular(path) as file:
        yield file


def _members(file: BinaryIO, name: str) -> list[_Member]:
    """The position of each file in the archive.

    Reads block by block instead of with `tarfile`, which follows extensions whose sizes the archive
    controls. Writer creates only a few plain files.
    """
    end, at, members = os.fstat(file.fileno()).st_size, 0, list[_Member]()
    while True:
        file.seek(at)
        block = file.read(_BLOCK)
        if len(block) < _BLOCK:
            raise Damaged(f"{name} is truncated.")
        if not any(block):
            break
        if len(members) == MAX_MEMBERS:
            raise Damaged(f"{name} contains more than {MAX_MEMBERS} files.")
        member = _member(block, at + _BLOCK, name)
        members.append(member)
        at = member.offset + member.size + -member.size % _BLOCK
        if at > end:
            raise Damaged(f"{name} is truncated in {member.name}.")
    if end != at + len(_END):
        raise Damaged(f"{name} has an unexpected length.")
    return members


def _member(block: bytes, offset: int, file: str) -> _Member:
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or info.size < 0:
            raise ValueError(info.type)
        return _Member(checked_part_name(info.name), offset, info.size)
    except (tarfile.TarError, ValueError):
        raise Damaged(f"{file} can't be read: it is not a backup archive of this engine.") from None


def _small(file: BinaryIO, member: _Member, largest: int, name: str) -> bytes:
    if member.size > largest:
        raise Damaged(f"{name}: {member.name} has {member.size} bytes; the maximum is {largest}.")
    file.seek(member.offset)
    return file.read(member.size)
