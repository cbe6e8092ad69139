"""The files of versions on disk, where runtime processes read them.

The folder is a cache: everything in it can be written again from the database. A tree is named by
its digest and never changes, so that a version which was written once is used by every worker.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import stat
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import orjson

from aiwebengine.core.errors import Unavailable
from aiwebengine.runtimes.types import Limits, Program
from aiwebengine.scripts.files import digest_of
from aiwebengine.scripts.types import Dialect

_NAME_LENGTH = 32
_LIMITS_LENGTH = 8
_UNFINISHED = ".unfinished-"
_UNFINISHED_SECS = 600.0
_READ_ONLY = stat.S_IRUSR
_READ_ONLY_FOLDER = stat.S_IRUSR | stat.S_IXUSR


class Trees:
    """The trees below *folder*`/trees`; a function is asked for the folder when it is needed."""

    def __init__(self, folder: Path | Callable[[], Path]) -> None:
        self._parent = folder

    @property
    def _folder(self) -> Path:
        return (self._parent() if callable(self._parent) else self._parent) / "trees"

    def path(self, script_id: UUID, digest: str) -> Path:
        """The folder of a version, whether or not it is written."""
        return self._folder / str(script_id) / digest[:_NAME_LENGTH]

    async def write(
        self, script_id: UUID, digest: str, files: Callable[[], Awaitable[Mapping[str, bytes]]]
    ) -> Path:
        """The folder of a version with its files in it, read-only; *files* is called if it is new.

        A tree that is there is complete. Raises Unavailable when the disk does not take it.
        """
        path = self.path(script_id, digest)
        try:
            if not await asyncio.to_thread(_is_there, path):
                await asyncio.to_thread(_write, path, await files())
        except OSError as error:
            raise Unavailable(
                f"The files of the script can't be written on the server: {error.strerror}."
            ) from error
        return path

    async def keep_only(self, wanted: Collection[Path], unused_secs: float) -> int:
        """Remove the trees that are not *wanted* and at least *unused_secs* old; their number."""
        return await asyncio.to_thread(_keep_only, self._folder, wanted, unused_secs)


def program_of(
    script_id: UUID, digest: str, entry: str, dialect: Dialect, limits: Limits, folder: Path
) -> Program:
    """What the runtime runs. Versions with the same files and limits are one program."""
    limited = digest_of(orjson.dumps(asdict(limits), option=orjson.OPT_SORT_KEYS))
    return Program(
        key=f"{script_id}/{digest[:_NAME_LENGTH]}/{limited[:_LIMITS_LENGTH]}",
        group=str(script_id),
        folder=str(folder),
        entry=entry,
        dialect=dialect.value,
        limits=limits,
    )


def script_id_of(key: str) -> str:
    """The id of the script whose program has this key, which is also the program's group."""
    return key.partition("/")[0]


def _is_there(path: Path) -> bool:
    """Whether the tree is written; it counts as new from now on."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _write(path: Path, files: Mapping[str, bytes]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.parent / f"{_UNFINISHED}{secrets.token_hex(8)}"
    unfinished.mkdir(mode=0o700)
    try:
        for name, content in files.items():
            _write_file(unfinished / name, content)
        for folder, _, _ in os.walk(unfinished, topdown=False):
            if Path(folder) != unfinished:
                os.chmod(folder, _READ_ONLY_FOLDER)
        try:
            unfinished.rename(path)
        except OSError:
            # Another worker was faster. Anything else is an error.
            if not path.is_dir():
                raise
            _remove(unfinished)
        else:
            path.chmod(_READ_ONLY_FOLDER)
    except BaseException:
        _remove(unfinished)
        raise


def _write_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # O_EXCL: a path that exists, such as another spelling on a file system that ignores case, is an
    # error.
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _READ_ONLY)
    with os.fdopen(file, "wb") as opened:
        opened.write(content)


def _keep_only(folder: Path, wanted: Collection[Path], unused_secs: float) -> int:
    removed, now = 0, time.time()
    for path in folder.glob("*/*"):
        is_unfinished = path.name.startswith(_UNFINISHED)
        patience = max(unused_secs, _UNFINISHED_SECS) if is_unfinished else unused_secs
        try:
            is_old = now - path.stat().st_mtime >= patience
        except FileNotFoundError:
            continue
        if path not in wanted and is_old:
            _remove(path)
            removed += not is_unfinished
    return removed


def _remove(path: Path) -> None:
    """Remove a tree, which is read-only. What is gone already is no error."""
    for folder, _, _ in os.walk(path):
        os.chmod(folder, stat.S_IRWXU)
    shutil.rmtree(path, ignore_errors=True)
