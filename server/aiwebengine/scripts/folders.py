"""A folder of an author's machine: what is read of it, and what is written to it."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from aiwebengine.core.errors import BadUserInput, Conflict
from aiwebengine.scripts.files import (
    LARGEST_VERSION_BYTES,
    digest_of,
    must_be_few,
    must_be_path,
    must_be_small,
)

STATE = ".aiwebengine.json"
"""Notes which version the folder has."""
FOR_EDITORS = frozenset({".gitignore", "aiwebengine.d.ts", "tsconfig.json"})
"""Written for the author's editor and Git, and no part of a version."""
LARGEST_STATE_BYTES = 1_000_000
IGNORED = frozenset({"node_modules"})


@dataclass(frozen=True)
class State:
    """The version that a folder has since its last push or pull."""

    slug: str
    version: int
    digests: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of each file by path."""


@dataclass(frozen=True)
class FolderFiles:
    """The files of a folder, and the paths that were left out with the reason."""

    files: dict[str, bytes]
    left_out: list[str]


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    """Modification time (ns) and size of each file; differs after a change. Raises BadUserInput."""
    return {
        path: (found.st_mtime_ns, found.st_size) for path, found in _listed(folder).files.items()
    }


def read(folder: Path) -> FolderFiles:
    """The files that belong to a version.

    Dotfiles, `node_modules`, and links are left out. Raises BadUserInput for what is no folder, or
    has too much in it, and OSError when a file is removed meanwhile.
    """
    listed = _listed(folder)
    must_be_few(len(listed.files))
    for path, found in listed.files.items():
        must_be_small(path, found.st_size)
    total = sum(found.st_size for found in listed.files.values())
    if total > LARGEST_VERSION_BYTES:
        raise BadUserInput(
            f"{folder}: {total:,} bytes; a version may have at most {LARGEST_VERSION_BYTES:,}."
        )
    return FolderFiles({path: (folder / path).read_bytes() for path in listed.files}, listed.names)


def read_state(folder: Path) -> State | None:
    """What was noted last; None without a note. Raises BadUserInput if it is damaged."""
    try:
        if (folder / STATE).stat().st_size > LARGEST_STATE_BYTES:
            raise ValueError("it is too large")
        noted = orjson.loads((folder / STATE).read_bytes())
        return State(str(noted["slug"]), int(noted["version"]), dict(noted["files"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadUserInput(f"{folder / STATE} can't be read: {error}. Remove it.") from None


def write_state(folder: Path, state: State) -> None:
    """Note the version that the folder has now. Raises BadUserInput."""
    noted = {"slug": state.slug, "version": state.version, "files": dict(state.digests)}
    _write(folder, STATE, orjson.dumps(noted, option=orjson.OPT_INDENT_2) + b"\n")


def digests_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 of each file by path."""
    return {path: digest_of(content) for path, content in sorted(files.items())}


def write(
    folder: Path, files: Mapping[str, bytes], state: State | None, *, force: bool
) -> list[str]:
    """Write files into the folder; the paths of those that were written.

    Files that are not among *files* stay. Nothing is written outside of the folder, or through a
    link in it. Raises Conflict when a file was changed since *state* was noted, unless *force*, and
    BadUserInput. Then nothing has changed.
    """
    known = {} if state is None else state.digests
    wanted = []
    changed = []
    for path, content in sorted(files.items()):
        must_be_path(path)
        _must_be_inside(folder, path)
        before = _content(folder / path)
        if before == content:
            continue
        wanted.append(path)
        if before is not None and digest_of(before) != known.get(path):
            changed.append(path)
    if changed and not force:
        raise Conflict(
            f"{folder} has changes that would be lost: {', '.join(changed[:10])}"
            f"{', …' if len(changed) > 10 else ''}. Save them elsewhere, or use --force."
        )
    for path in wanted:
        _write(folder, path, files[path])
    return wanted


@dataclass
class _Listed:
    files: dict[str, os.stat_result] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


def _listed(folder: Path) -> _Listed:
    if not folder.is_dir():
        raise BadUserInput(f"{folder} is not a folder. Name the folder with the script's files.")
    found = _Listed()
    _list(folder, "", found)
    found.files = dict(sorted(found.files.items()))
    found.names.sort()
    return found


def _list(folder: Path, prefix: str, into: _Listed) -> None:
    with os.scandir(folder / prefix) as entries:
        for entry in entries:
            path = f"{prefix}{entry.name}"
            if path == STATE or path in FOR_EDITORS:
                continue
            if entry.name.startswith(".") or entry.name in IGNORED:
                into.names.append(path)
            elif entry.is_symlink():
                into.names.append(f"{path} (a link)")
            elif entry.is_dir():
                _list(folder, f"{path}/", into)
            elif stat.S_ISREG(entry.stat().st_mode):
                must_be_path(path)
                into.files[path] = entry.stat()
            else:
                into.names.append(f"{path} (not a file)")


def _must_be_inside(folder: Path, path: str) -> None:
    """Raise BadUserInput if a parent of the file is a link or no folder, or it is a folder."""
    place = folder
    for name in path.split("/")[:-1]:
        place = place / name
        if place.is_symlink() or (place.exists() and not place.is_dir()):
            raise BadUserInput(f"{place} is not a folder; {path} can't be written into it.")
    if (folder / path).is_dir():
        raise BadUserInput(f"{folder / path} is a folder; {path} can't be written there.")


def _content(file: Path) -> bytes | None:
    """The content of a file; None if there is none, and of a link where it leads."""
    if file.is_symlink():
        return os.fsencode(os.readlink(file))
    return file.read_bytes() if file.exists() else None


def _write(folder: Path, path: str, content: bytes) -> None:
    """Replace a file at once. Raises BadUserInput."""
    target = folder / path
    temporary = target.with_name(f".{target.name[:100]}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Not through a link that somebody left there.
        temporary.unlink(missing_ok=True)
        with open(temporary, "xb") as file:
            file.write(content)
        temporary.replace(target)
    except OSError as error:
        raise BadUserInput(f"{target} can't be written: {error.strerror}.") from error
