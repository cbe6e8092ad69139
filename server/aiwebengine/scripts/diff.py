"""Differences between versions, as unified diffs of limited size."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Mapping

from aiwebengine.scripts.types import ChangeKind, FileChange

# Comparing takes time that grows with the square of the lines in the worst case.
LARGEST_COMPARED_BYTES = 200_000
MOST_COMPARED_LINES = 5_000
MOST_COMPARED_PAIRS = 4 * MOST_COMPARED_LINES**2
"""Lines before times lines after, of all files together: the time that comparing takes."""
LARGEST_DIFF_CHARACTERS = 200_000
LARGEST_DIFFS_CHARACTERS = 1_000_000
CONTEXT_LINES = 3


def changed_digests(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The digests of all contents, old and new, of the paths that changed."""
    return sorted(
        {
            digest
            for path in _changed(before, after)
            for digest in (before.get(path), after.get(path))
            if digest is not None
        }
    )


def shown_digests(
    before: Mapping[str, str], after: Mapping[str, str], sizes: Mapping[str, int]
) -> list[str]:
    """Those of `changed_digests` that are small enough to compare."""
    digests = changed_digests(before, after)
    return [digest for digest in digests if sizes[digest] <= LARGEST_COMPARED_BYTES]


async def changes(
    before: Mapping[str, str],
    after: Mapping[str, str],
    sizes: Mapping[str, int],
    contents: Mapping[str, bytes],
) -> list[FileChange]:
    """The changed files by path. *before* and *after* have digests by path.

    A file without a diff is binary, too large, or one of so many that the others fill the limit.
    """
    return await asyncio.to_thread(_changes, before, after, sizes, contents)


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))


def _changes(
    before: Mapping[str, str],
    after: Mapping[str, str],
    sizes: Mapping[str, int],
    contents: Mapping[str, bytes],
) -> list[FileChange]:
    found: list[FileChange] = []
    left, pairs = LARGEST_DIFFS_CHARACTERS, MOST_COMPARED_PAIRS
    for path in _changed(before, after):
        old, new = before.get(path), after.get(path)
        text = None
        if left > 0 and all(digest is None or digest in contents for digest in (old, new)):
            sides = [None if digest is None else contents[digest] for digest in (old, new)]
            cost = _pairs(*sides)
            if cost <= pairs:
                pairs -= cost
                text = _diff(path, *sides)
        if text is not None and len(text) > min(left, LARGEST_DIFF_CHARACTERS):
            text = None
        left -= len(text or "")
        found.append(
            FileChange(
                path=path,
                kind=_kind(old, new),
                old_size=None if old is None else sizes[old],
                new_size=None if new is None else sizes[new],
                diff=text,
            )
        )
    return found


def _pairs(old: bytes | None, new: bytes | None) -> int:
    """How many pairs of lines may be compared."""
    if old is None or new is None:
        return 0
    before, after = old.count(b"\n") + 1, new.count(b"\n") + 1
    return before * after if max(before, after) <= MOST_COMPARED_LINES + 1 else 0


def _kind(old: str | None, new: str | None) -> ChangeKind:
    if old is None:
        return ChangeKind.ADDED
    return ChangeKind.REMOVED if new is None else ChangeKind.CHANGED


def _diff(path: str, old: bytes | None, new: bytes | None) -> str | None:
    """A unified diff; None when one of the contents is not text, or has too many lines."""
    lines = [_lines(content) for content in (old, new)]
    if lines[0] is None or lines[1] is None:
        return None
    parts = difflib.unified_diff(
        lines[0],
        lines[1],
        "/dev/null" if old is None else f"a/{path}",
        "/dev/null" if new is None else f"b/{path}",
        n=CONTEXT_LINES,
    )
    return "".join(
        part if part.endswith("\n") else f"{part}\n\\ No newline at end of file\n" for part in parts
    )


def _lines(content: bytes | None) -> list[str] | None:
    if content is None:
        return []
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    # Only line feeds end a line, as in other tools.
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    if not lines[-1]:
        lines.pop()
    return lines if len(lines) <= MOST_COMPARED_LINES else None
