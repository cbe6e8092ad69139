"""Rules for the files of a version: paths, limits, digests, the entry file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.untrusted_text import must_show_all
from aiwebengine.scripts.dialect import dialect_of
from aiwebengine.scripts.records import Tree
from aiwebengine.scripts.types import Dialect

MOST_FILES = 1_000
LARGEST_FILE_BYTES = 10_000_000
LARGEST_VERSION_BYTES = 50_000_000
LARGEST_ENTRY_BYTES = 1_000_000
LONGEST_PATH = 200
# What file systems take as one name.
LONGEST_NAME_BYTES = 255

ENTRIES = ("main.ts", "main.tsx", "main.js", "main.jsx")
"""The entry file is the first of these that exists, unless the author names one."""
_SOURCE = re.compile(r".+\.(ts|tsx|mts|js|jsx|mjs)")


def tree_of(files: Mapping[str, bytes], entry: str | None = None) -> Tree:
    """The checked files, with their entry, dialect and digests. Raises BadUserInput."""
    must_fit(files)
    for path, content in files.items():
        must_be_path(path)
        must_be_small(path, len(content))
    must_not_overlap(files)
    entry = _entry_of(files, entry)
    digests = {path: digest_of(files[path]) for path in sorted(files)}
    dialect = dialect_of(_text_of(entry, files[entry]))
    return Tree(dict(files), digests, entry, dialect, digest_of_tree(digests, entry, dialect))


def must_be_path(path: str) -> None:
    """Raise BadUserInput for a path that is not a relative path inside the folder of a version."""
    shown = path[:LONGEST_PATH].encode("unicode_escape", "backslashreplace").decode()
    if not path or len(path) > LONGEST_PATH:
        raise BadUserInput(
            f"files: the path {shown!r} has {len(path)} characters; allowed: 1 to {LONGEST_PATH}."
        )
    must_show_all(f"files: the path {shown!r}", path)
    if "\\" in path or path.startswith("/") or (len(path) > 1 and path[1] == ":"):
        raise BadUserInput(
            f"files: the path {shown!r} is not allowed; use a relative path such as lib/text.ts."
        )
    for name in path.split("/"):
        if name in ("", ".", "..") or len(name.encode()) > LONGEST_NAME_BYTES:
            raise BadUserInput(
                f"files: the path {shown!r} contains {name[:20]!r}; allowed: names of 1 to"
                f" {LONGEST_NAME_BYTES} bytes, but not '.' or '..'."
            )


def must_fit(files: Mapping[str, bytes]) -> None:
    """Raise BadUserInput for too many files, none, or too many bytes altogether."""
    if not files:
        raise BadUserInput("files: found none; allowed: 1 to 1,000 files.")
    must_be_few(len(files))
    must_be_small_together(sum(map(len, files.values())))


def must_be_small_together(total: int) -> None:
    """Raise BadUserInput for too many bytes altogether."""
    if total > LARGEST_VERSION_BYTES:
        raise BadUserInput(
            f"files: {total:,} bytes; a version may have at most {LARGEST_VERSION_BYTES:,}."
        )


def must_be_few(number: int) -> None:
    """Raise BadUserInput for too many files."""
    if number > MOST_FILES:
        raise BadUserInput(f"files: found {number:,} files; allowed: at most {MOST_FILES:,}.")


def must_be_small(path: str, size: int) -> None:
    """Raise BadUserInput for a file that is too large."""
    if size > LARGEST_FILE_BYTES:
        raise BadUserInput(
            f"files: {path} has {size:,} bytes; a file may have at most {LARGEST_FILE_BYTES:,}."
        )


def must_not_overlap(paths: Iterable[str]) -> None:
    """Raise BadUserInput when a file's path is a folder of another file, or differs from another
    path only in case, which some file systems can't store.
    """
    known: dict[str, str] = {}
    for path in paths:
        other = known.setdefault(path.casefold(), path)
        if other != path:
            raise BadUserInput(f"files: {other!r} and {path!r} differ only in case.")
    for folded, path in known.items():
        parts = folded.split("/")
        for depth in range(1, len(parts)):
            file = known.get("/".join(parts[:depth]))
            if file is not None:
                raise BadUserInput(f"files: {file!r} is a file, and a folder of {path!r}.")


def digest_of(content: bytes) -> str:
    """SHA-256 as hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def digest_of_tree(digests: Mapping[str, str], entry: str, dialect: Dialect) -> str:
    """SHA-256 of a version: of the digests of its files, its entry and its dialect."""
    lines = [f"{digest} {path}" for path, digest in sorted(digests.items())]
    # No path has a line break, so no two trees have the same text.
    return digest_of("\n".join([dialect.value, entry, *lines]).encode())


def _entry_of(files: Mapping[str, bytes], wanted: str | None) -> str:
    if wanted is None:
        found = next((name for name in ENTRIES if name in files), None)
        if found is None:
            raise BadUserInput(
                f"entry: none of {', '.join(ENTRIES)} is among the files; name the entry file."
            )
        return found
    if wanted not in files:
        raise BadUserInput(f"entry: {wanted[:LONGEST_PATH]!r} is not among the files.")
    if not _SOURCE.fullmatch(wanted):
        raise BadUserInput(
            f"entry: found {wanted!r}; allowed: a file that ends in .ts, .tsx, .mts, .js, .jsx"
            " or .mjs."
        )
    return wanted


def _text_of(path: str, content: bytes) -> str:
    if len(content) > LARGEST_ENTRY_BYTES:
        raise BadUserInput(
            f"files: the entry file {path} has {len(content):,} bytes; it may have at most"
            f" {LARGEST_ENTRY_BYTES:,}. Move code into other files and import them."
        )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BadUserInput(
            f"files: {path} is not text in UTF-8: byte {error.start} is invalid."
        ) from None
