"""The files of the log, read block by block from the newest line back."""

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
# Compressed in pieces that can be read each on its own, so that a file can be read from its end.
# Larger ones compress no better.
MEMBER_BYTES = 1_048_576
COMPRESSION_LEVEL = 6

# What a member may claim to unpack to. `compress` writes none beyond MEMBER_BYTES, and DEFLATE
# packs at most 258 bytes into two bits (RFC 1951, section 3.2.5). Without these bounds a forged
# file of some bytes takes gigabytes of padding to read.
LARGEST_MEMBER = 2 * 1_048_576
LARGEST_RATIO = 1032

END = 1 << 62
"""Beyond the end of every file."""
# How a line's instant may lag behind its neighbours': it is taken before the lock.
DISORDER_SECS = 10.0


@dataclass(frozen=True)
class StoredFile:
    """One file of the log: the one being written, or one that was put aside."""

    path: Path
    begins: str
    """The beginning of its period as its name tells it; of the current file, later than any."""
    number: int
    is_compressed: bool
    inode: int
    size: int
    modified: float
    """When its last line was written, in seconds since 1970."""

    @property
    def is_current(self) -> bool:
        """Whether it is the one being written."""
        return self.begins == _CURRENT


_CURRENT = "~"


def stored_files(log: Path) -> list[StoredFile]:
    """The files of the log at this path, the newest first; none when there is no directory.

    Anything else that is named like one (a directory, a pipe, a link that leads nowhere) is none.
    """
    pattern = _pattern(log)
    found: dict[tuple[str, int], StoredFile] = {}
    with suppress(OSError):
        for path in log.parent.iterdir():
            match = pattern.fullmatch(path.name)
            if match is None:
                continue
            with suppress(OSError):
                told = path.stat()
                if not stat.S_ISREG(told.st_mode):
                    continue
                key = (match[1] or _CURRENT, int(match[2] or 0))
                file = StoredFile(
                    path, *key, bool(match[3]), told.st_ino, told.st_size, told.st_mtime
                )
                # Both are there for a moment while one is compressed into the other.
                if key not in found or not file.is_compressed:
                    found[key] = file
    return [found[key] for key in sorted(found, reverse=True)]


def _pattern(log: Path) -> re.Pattern[str]:
    """What the names of the log's files look like: the beginning of the period, and a number."""
    return re.compile(
        re.escape(log.name) + r"(?:\.(\d{4}-\d\d-\d\d[\d_-]*)(?:\.(\d+))?(\.gz)?)?",
        re.ASCII,
    )


def unreadable(log: Path) -> list[Path]:
    """What is named like a file of the log and can't be read: no file, or no right to it."""
    files = {file.path for file in stored_files(log)}
    with suppress(OSError):
        named = [path for path in log.parent.iterdir() if _pattern(log).fullmatch(path.name)]
        return sorted(path for path in named if path not in files or not os.access(path, os.R_OK))
    return []


class Blocks(Protocol):
    """The bytes of a file, in blocks that are read one at a time.

    A block may begin and end in the middle of a line.
    """

    def __len__(self) -> int: ...

    def begin(self, index: int) -> int:
        """Where a block begins, counted in bytes that are not compressed."""

    def read(self, index: int) -> bytes:
        """The bytes of a block."""


@contextmanager
def opened(file: StoredFile) -> Iterator[Blocks]:
    """The file's blocks; none of a file that may not be read (`unreadable` names it).

    Raises FileNotFoundError when it was put aside or removed meanwhile.
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
        # Compressed by somebody else, in one piece: that can be read from its beginning only.
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
        # What is appended from now on is not looked at: the list is one of this instant.
        self._size = stream.seek(0, 2)

    def __len__(self) -> int:
        return -(-self._size // BLOCK_BYTES)

    def begin(self, index: int) -> int:
        return index * BLOCK_BYTES

    def read(self, index: int) -> bytes:
        begin = self.begin(index)
        return _read(self._stream, begin, min(BLOCK_BYTES, self._size - begin))


def _read(stream: BinaryIO, place: int, size: int) -> bytes:
    """So many bytes; line ends where the disk gives none, so that the others keep their places."""
    found = b""
    with suppress(OSError):
        stream.seek(place)
        found = stream.read(size)
    return found.ljust(size, b"\n")


# RFC 1952: a member with an extra field of ours that tells its length and what it unpacks to.
_HEADER = struct.Struct("<BBBBIBBHBBHII")
_TRAILER = struct.Struct("<II")
_OURS = (0x41, 0x57)


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
        # What is torn or spoilt is as if nothing stood there: the other lines keep their places.
        return block.ljust(member.size, b"\n")


def _members(stream: BinaryIO) -> list[_Member] | None:
    """The members of a file that `compress` wrote; None for any other."""
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
        if (magic_1, magic_2, flags, extra) != (0x1F, 0x8B, 4, 12) or (id_1, id_2) != _OURS:
            return None
        if not 0 < size <= min(LARGEST_MEMBER, LARGEST_RATIO * packed):
            return None
        members.append(_Member(begin, place + _HEADER.size, packed, size))
        place += _HEADER.size + packed + _TRAILER.size
        begin += size
    return members


def compress(file: StoredFile) -> Path:
    """Compress a file that was put aside; any gzip program can read the result.

    The result appears under its name when it is complete, and only then the other one goes.
    Raises OSError.
    """
    packed = file.path.with_name(file.path.name + ".gz")
    unfinished = packed.with_name(f".{packed.name}.part")
    try:
        with file.path.open("rb") as source, open_private(unfinished) as target:
            unfinished.chmod(file.path.stat().st_mode & 0o777)
            while block := source.read(MEMBER_BYTES):
                target.write(_member(block))
            # Whoever finds files by age must find this one as old as its lines.
            told = file.path.stat()
        os.utime(unfinished, (told.st_atime, told.st_mtime))
        unfinished.replace(packed)
        file.path.unlink()
    finally:
        unfinished.unlink(missing_ok=True)
    return packed


def _member(block: bytes) -> bytes:
    packer = zlib.compressobj(COMPRESSION_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(block) + packer.flush()
    header = _HEADER.pack(0x1F, 0x8B, 8, 4, 0, 0, 255, 12, *_OURS, 8, len(packed), len(block))
    return header + packed + _TRAILER.pack(zlib.crc32(block), len(block))


def name_of(blocks: Blocks) -> str | None:
    """What a file is known by, whatever it is called and however it is stored; None when empty.

    Its first line, which nothing changes any more; and no two files begin with the same instant.
    """
    if not len(blocks):
        return None
    first, newline, _ = blocks.read(0).partition(b"\n")
    return blake2b(first, digest_size=8).hexdigest() if newline else None


Spans = list[tuple[int, int]]
Finder = Callable[[bytes, int, int], Spans]
"""Where the lines begin and end that may be wanted, newest first, between two places in some
bytes; at the first one a line begins, before the second one a line ends."""


@dataclass(frozen=True)
class Part:
    """What one block holds: the lines that were found, newest first, each with its place."""

    begin: int
    lines: list[tuple[int, bytes]]
    instant: float | None
    """When its first lines were made, wanted or not: how far the reading has come back."""


def parts_back(blocks: Blocks, before: int, find: Finder) -> Iterator[Part]:
    """The file from the line that begins before this place back to its beginning.

    Blocks are searched where they lie: to copy them costs as much as to search them.
    """
    rest = b""
    for index in range(_last_before(blocks, before), -1, -1):
        begin, block = blocks.begin(index), blocks.read(index)
        size = min(len(block), before - begin)
        # Its first line may have begun in the block before, its last one ends in the one after.
        first = 0 if index == 0 else block.find(b"\n", 0, size) + 1
        if index and (not first or first == size):
            # Not a whole line yet; whoever goes on from here must not come back to here.
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
    """Where the next line begins after the one at this place; None beyond the end."""
    for index in range(max(0, _last_before(blocks, place + 1)), len(blocks)):
        begin = blocks.begin(index)
        end = blocks.read(index).find(b"\n", max(0, place - begin))
        if end >= 0:
            return begin + end + 1
    return None


def end_of_instant(blocks: Blocks, until: float) -> int:
    """A place that every line before this instant lies before, and few of the later ones."""
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
