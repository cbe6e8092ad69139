"""Reads the log files block by block, from the newest line backwards, and compresses them."""

from __future__ import annotations

import gzip
import os
import re
import stat
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol

from aiwebengine.core.private_files import open_private
from aiwebengine.logs.lines import first_instant, first_lines

BLOCK_BYTES = 1_048_576
# A file is compressed in independent gzip members, so that it can be read from its end. Larger
# members do not compress better.
MEMBER_BYTES = 1_048_576
COMPRESSION_LEVEL = 6

# Maximum uncompressed size that a member may declare. `compress` writes at most MEMBER_BYTES, and
# DEFLATE encodes at most 258 bytes in two bits (RFC 1951, section 3.2.5). Without these limits, a
# forged file of a few bytes would take gigabytes of memory.
LARGEST_MEMBER = 2 * 1_048_576
LARGEST_RATIO = 1032

END = 1 << 62
"""Beyond the end of every file."""
# Lines may be out of order by this time, because the timestamp is taken before the lock.
DISORDER_SECS = 10.0


@dataclass(frozen=True)
class StoredFile:
    """A log file: the current one, or a rotated one."""

    path: Path
    begins: str
    """The start of its period, from its name; of the current file, a text that sorts last."""
    number: int
    is_compressed: bool
    inode: int
    size: int
    modified: float
    """Time of its last line, in seconds since 1970."""

    @property
    def is_current(self) -> bool:
        """Whether lines are being appended to it."""
        return self.begins == _CURRENT


_CURRENT = "~"


def stored_files(log: Path) -> list[StoredFile]:
    """The files of the log at this path, newest first; empty if the directory does not exist.

    Directories, pipes and broken links with the name of a log file are left out.
    """
    pattern = _pattern(log)
    found: dict[tuple[str, int], StoredFile] = {}
    with suppress(OSError):
        for path in log.parent.iterdir():
            match = pattern.fullmatch(path.name)
            if match is None:
                continue
            with suppress(OSError):
                status = path.stat()
                if not stat.S_ISREG(status.st_mode):
                    continue
                key = (match[1] or _CURRENT, int(match[2] or 0))
                file = StoredFile(
                    path, *key, bool(match[3]), status.st_ino, status.st_size, status.st_mtime
                )
                # For a moment during compression both versions exist.
                if key not in found or not file.is_compressed:
                    found[key] = file
    return [found[key] for key in sorted(found, reverse=True)]


def _pattern(log: Path) -> re.Pattern[str]:
    """Matches the names of the log's files: groups for period, number and compression."""
    return re.compile(
        re.escape(log.name) + r"(?:\.(\d{4}-\d\d-\d\d[\d_-]*)(?:\.(\d+))?(\.gz)?)?",
        re.ASCII,
    )


def unreadable(log: Path) -> list[Path]:
    """Paths with the name of a log file that are not a file, or that may not be read."""
    files = {file.path for file in stored_files(log)}
    with suppress(OSError):
        named = [path for path in log.parent.iterdir() if _pattern(log).fullmatch(path.name)]
        return sorted(path for path in named if path not in files or not os.access(path, os.R_OK))
    return []


class Blocks(Protocol):
    """The blocks of a file, which are read one at a time.

    A block may begin and end in the middle of a line.
    """

    def __len__(self) -> int: ...

    def begin(self, index: int) -> int:
        """The offset of a block in the uncompressed file, in bytes."""

    def read(self, index: int) -> bytes:
        """The uncompressed bytes of a block."""


@contextmanager
def opened(file: StoredFile) -> Iterator[Blocks]:
    """Open the blocks of a file; no blocks if it may not be read (see `unreadable`).

    Raises FileNotFoundError if it was rotated or removed since it was listed.
    """
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(file.path.open("rb"))
        except FileNotFoundError:
            raise
        except OSError:
            yield _Plain(BytesIO())
            return
        if os.fstat(stream.fileno()).st_ino != file.inode:
            raise FileNotFoundError(file.path)
        if not file.is_compressed:
            yield _Plain(stream)
            return
        members = _members(stream)
        if members is not None:
            yield _Compressed(stream, members)
            return
        # Compressed by another program in one member, which can only be read from its start.
        stream.seek(0)
        plain = stack.enter_context(tempfile.TemporaryFile())
        unpacked = stack.enter_context(gzip.GzipFile(fileobj=stream))
        with suppress(EOFError, zlib.error, gzip.BadGzipFile):
            while block := unpacked.read1(BLOCK_BYTES):
                plain.write(block)
        yield _Plain(plain)


class _Plain:
    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        # Lines appended from now on are ignored.
        self._size = stream.seek(0, 2)

    def __len__(self) -> int:
        return -(-self._size // BLOCK_BYTES)

    def begin(self, index: int) -> int:
        return index * BLOCK_BYTES

    def read(self, index: int) -> bytes:
        begin = self.begin(index)
        return _read(self._stream, begin, min(BLOCK_BYTES, self._size - begin))


def _read(stream: BinaryIO, place: int, size: int) -> bytes:
    """Read *size* bytes. Unreadable bytes become line ends, so that others keep their offsets."""
    found = b""
    with suppress(OSError):
        stream.seek(place)
        found = stream.read(size)
    return found.ljust(size, b"\n")


# A gzip member (RFC 1952) with an extra field for its compressed and uncompressed length.
_HEADER = struct.Struct("<BBBBIBBHBBHII")
_TRAILER = struct.Struct("<II")
_EXTRA_ID = (0x41, 0x57)


@dataclass(frozen=True)
class _Member:
    begin: int
    place: int
    packed: int
    size: int


class _Compressed:
    def __init__(self, stream: BinaryIO, members: list[_Member]) -> None:
        self._stream = stream
        self._members = members

    def __len__(self) -> int:
        return len(self._members)

    def begin(self, index: int) -> int:
        return self._members[index].begin

    def read(self, index: int) -> bytes:
        member = self._members[index]
        packed = _read(self._stream, member.place, member.packed)
        block = b""
        with suppress(zlib.error):
            block = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, max(1, member.size))
        # Damaged bytes become line ends, so that the other lines keep their offsets.
        return block.ljust(member.size, b"\n")


def _members(stream: BinaryIO) -> list[_Member] | None:
    """The members of a file that `compress` wrote; None for another file."""
    members, place, begin = [], 0, 0
    end = stream.seek(0, 2)
    while place < end:
        stream.seek(place)
        header = stream.read(_HEADER.size)
        if len(header) < _HEADER.size:
            return None
        magic_1, magic_2, _, flags, _, _, _, extra, id_1, id_2, _, packed, size = _HEADER.unpack(
            header
        )
        if (magic_1, magic_2, flags, extra) != (0x1F, 0x8B, 4, 12) or (id_1, id_2) != _EXTRA_ID:
            return None
        if not 0 < size <= min(LARGEST_MEMBER, LARGEST_RATIO * packed):
            return None
        members.append(_Member(begin, place + _HEADER.size, packed, size))
        place += _HEADER.size + packed + _TRAILER.size
        begin += size
    return members


def compress(file: StoredFile) -> Path:
    """Compress a rotated file and return the new path; any gzip program can read the result.

    The new file gets its name when it is complete, and then the old one is removed.
    Raises OSError.
    """
    packed = file.path.with_name(file.path.name + ".gz")
    unfinished = packed.with_name(f".{packed.name}.part")
    try:
        with file.path.open("rb") as source, open_private(unfinished) as target:
            unfinished.chmod(file.path.stat().st_mode & 0o777)
            while block := source.read(MEMBER_BYTES):
                target.write(_member(block))
            # Keep the time of the last line, because retention uses it.
            status = file.path.stat()
        os.utime(unfinished, (status.st_atime, status.st_mtime))
        unfinished.replace(packed)
        file.path.unlink()
    finally:
        unfinished.unlink(missing_ok=True)
    return packed


def _member(block: bytes) -> bytes:
    packer = zlib.compressobj(COMPRESSION_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(block) + packer.flush()
    sizes = (len(packed), len(block))
    header = _HEADER.pack(0x1F, 0x8B, 8, 4, 0, 0, 255, 12, *_EXTRA_ID, 8, *sizes)
    return header + packed + _TRAILER.pack(zlib.crc32(block), len(block))


def name_of(blocks: Blocks) -> str | None:
    """An identifier of a file that stays the same after rotation and compression; None if empty.

    It is a hash of the first line, which never changes and is unique because of its timestamp.
    """
    if not len(blocks):
        return None
    first, newline, _ = blocks.read(0).partition(b"\n")
    return blake2b(first, digest_size=8).hexdigest() if newline else None


Spans = list[tuple[int, int]]
Finder = Callable[[bytes, int, int], Spans]
"""Finds lines that may match a filter.

Its arguments are a block, the start of a line in it, and the end of a line. It returns the start
and end of each found line, newest first.
"""


@dataclass(frozen=True)
class Part:
    """The lines found in one block, newest first, each with its offset in the file."""

    begin: int
    lines: list[tuple[int, bytes]]
    instant: float | None
    """Time of the first lines of the block, matching or not: how far back the search is."""


def parts_back(blocks: Blocks, before: int, find: Finder) -> Iterator[Part]:
    """Search a file backwards, from the offset *before* to its start.

    Blocks are searched in place, because copying them would take as long as the search.
    """
    rest = b""
    for index in range(_last_before(blocks, before), -1, -1):
        begin, block = blocks.begin(index), blocks.read(index)
        size = min(len(block), before - begin)
        # The first line may begin in the previous block, and the last one end in the next block.
        first = 0 if index == 0 else block.find(b"\n", 0, size) + 1
        if index and (not first or first == size):
            # No line begins in this block. Report no part, so that a search never resumes here.
            rest = block[:size] + rest
            continue
        last = block.rfind(b"\n", first, size) + 1 or first
        edge = block[last:size] + rest
        rest = block[:first]
        lines = [
            *((begin + last + start, edge[start:end]) for start, end in find(edge, 0, len(edge))),
            *((begin + start, block[start:end]) for start, end in find(block, first, last)),
        ]
        oldest = first_lines(block, first, last) if last > first else [edge]
        yield Part(begin + first, lines, first_instant(oldest))


def _last_before(blocks: Blocks, before: int) -> int:
    low, high = 0, len(blocks)
    while low < high:
        middle = (low + high) // 2
        if blocks.begin(middle) < before:
            low = middle + 1
        else:
            high = middle
    return low - 1


def end_of_line(blocks: Blocks, place: int) -> int | None:
    """The offset after the line at the offset *place*; None beyond the end."""
    for index in range(max(0, _last_before(blocks, place + 1)), len(blocks)):
        begin = blocks.begin(index)
        end = blocks.read(index).find(b"\n", max(0, place - begin))
        if end >= 0:
            return begin + end + 1
    return None


def end_of_instant(blocks: Blocks, until: float) -> int:
    """An offset after all lines older than *until* and after only few newer ones."""
    low, high = 0, len(blocks)
    while low < high:
        middle = (low + high) // 2
        block = blocks.read(middle)
        whole = 0 if middle == 0 else block.find(b"\n") + 1
        instant = first_instant(first_lines(block, whole, len(block)))
        if instant is None or instant < until + DISORDER_SECS:
            low = middle + 1
        else:
            high = middle
    return blocks.begin(low) if low < len(blocks) else END
