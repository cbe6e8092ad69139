"""Files of scripts at run time: the rules."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from aiwebengine.core.errors import BadUserInput, LimitExceeded, NotFound, Unavailable
from aiwebengine.database import Database
from aiwebengine.script_assets import content_types, store
from aiwebengine.script_assets.edits import edited
from aiwebengine.script_assets.types import (
    LARGEST_CHANGE_BYTES,
    LARGEST_FILE_BYTES,
    MOST_BYTES,
    MOST_CHANGES,
    MOST_EDITS,
    MOST_FILES,
    MOST_LISTED,
    AssetFile,
    Change,
    Changed,
    Delete,
    Edit,
    OtherContent,
    Page,
    Put,
)
from aiwebengine.scripts.files import LONGEST_PATH, digest_of, must_be_path

CHUNK_BYTES = 262_144
"""Bytes of a large file that are read, and held in memory, at once."""


class ScriptAssets:
    """The files of a script: those that it stored, and those of its version *version*.

    A stored file takes the place of the version's file with the same path.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def find(self, script_id: UUID, version: int | None, path: str) -> AssetFile | None:
        """The file, or None. Any text may be a path that there is not."""
        if not 0 < len(path) <= LONGEST_PATH or "\0" in path:
            return None
        return (await store.find(self._db, script_id, version, [path])).get(path)

    async def content(self, file: AssetFile) -> bytes:
        """The content of a file. Raises Unavailable when it was replaced meanwhile."""
        found = await store.content(self._db, file.digest)
        if found is None:
            raise _replaced(file)
        return found

    async def parts(self, file: AssetFile, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from *start* to before *end*, CHUNK_BYTES at a time. Raises as `content`."""
        while start < end:
            part = await store.part(self._db, file.digest, start, min(CHUNK_BYTES, end - start))
            if not part:
                raise _replaced(file)
            start += len(part)
            yield part

    async def page(
        self,
        script_id: UUID,
        version: int | None,
        prefix: str = "",
        *,
        after: str | None = None,
        limit: int = 100,
        only_stored: bool = False,
    ) -> Page:
        """Files whose paths begin with *prefix*, by path, after *after*. Raises BadUserInput."""
        if not 1 <= limit <= MOST_LISTED:
            raise BadUserInput(f"limit: found {limit}; allowed: 1 to {MOST_LISTED}.")
        _must_be_part("prefix", prefix)
        _must_be_part("cursor", after or "")
        found = await store.page(
            self._db, script_id, version, prefix, after, limit + 1, only_stored=only_stored
        )
        cursor = found[limit - 1].path if len(found) > limit else None
        return Page(found[:limit], cursor)

    async def stored(self, script_id: UUID) -> dict[str, str]:
        """The digest of each stored file by path."""
        return await store.stored(self._db, script_id)

    async def count(
        self, script_id: UUID, version: int | None, prefix: str, *, only_stored: bool
    ) -> int:
        """Number of files whose paths begin with *prefix*. Raises BadUserInput."""
        _must_be_part("prefix", prefix)
        return await store.count(self._db, script_id, version, prefix, only_stored=only_stored)

    async def change(
        self,
        script_id: UUID,
        version: int | None,
        changes: Sequence[Change],
        *,
        is_trial: bool = False,
    ) -> list[Changed]:
        """Make all changes, or none: the caller has opened the transaction that they belong to.

        With *is_trial* it will be rolled back. Raises BadUserInput, LimitExceeded, NotFound for an
        edit of a file that is not there, OtherContent.
        """
        _must_be_sound(changes)
        if not is_trial:
            await store.lock(self._db, script_id)
        paths = [change.path for change in changes]
        before = await store.find(self._db, script_id, version, paths)
        for change in changes:
            _must_have_base(change, before.get(change.path))
        new = {
            change.path: await self._new_content(change, before.get(change.path))
            for change in changes
            if not isinstance(change, Delete)
        }
        _must_be_small(new)
        kinds = {
            change.path: content_types.checked(change.content_type)
            for change in changes
            if isinstance(change, Put) and change.content_type is not None
        }
        digests = {path: digest_of(content) for path, content in new.items()}
        done = [_changed(one, before.get(one.path), new, digests, kinds) for one in changes]
        written = {one.path for one in done if one.changed and one.path in new}
        if written:
            for path in written - kinds.keys():
                # A type that was given stays when the content is edited.
                old = before.get(path)
                if old is not None and old.content_type != content_types.type_of(path):
                    kinds[path] = old.content_type
            files = {path: (digests[path], new[path]) for path in written}
            await store.put(self._db, script_id, files, kinds)
            await self._must_fit(script_id)
        removed = [one.path for one in done if one.changed and one.path not in new]
        if removed:
            await store.remove(self._db, script_id, removed)
        return done

    async def _new_content(self, change: Put | Edit, before: AssetFile | None) -> bytes:
        if isinstance(change, Put):
            return change.content
        if before is None:
            raise NotFound(f"There is no file {change.path}.")
        return edited(change, await self.content(before), before.digest)

    async def _must_fit(self, script_id: UUID) -> None:
        files, size = await store.totals(self._db, script_id)
        if files > MOST_FILES:
            raise LimitExceeded(f"A script may store at most {MOST_FILES:,} files.")
        if size > MOST_BYTES:
            raise LimitExceeded(f"The files that a script stores may have {MOST_BYTES:,} bytes.")


def _must_be_part(name: str, text: str) -> None:
    """Raise BadUserInput for what can't be part of a path."""
    if len(text) > LONGEST_PATH or "\0" in text:
        raise BadUserInput(f"{name}: allowed: at most {LONGEST_PATH} characters of a path.")


def _must_be_sound(changes: Sequence[Change]) -> None:
    """Raise BadUserInput for changes that are not allowed, whatever is stored."""
    if not 1 <= len(changes) <= MOST_CHANGES:
        raise BadUserInput(f"changes: found {len(changes)}; allowed: 1 to {MOST_CHANGES}.")
    for change in changes:
        must_be_path(change.path)
    if len({change.path for change in changes}) < len(changes):
        raise BadUserInput("changes: two of them are about the same file.")
    edits = [len(change.edits) for change in changes if isinstance(change, Edit)]
    if 0 in edits or sum(edits) > MOST_EDITS:
        raise BadUserInput(f"edits: found {sum(edits)}; allowed: 1 to {MOST_EDITS}.")
    _must_be_small({one.path: one.content for one in changes if isinstance(one, Put)})


def _must_be_small(contents: dict[str, bytes]) -> None:
    for path, content in contents.items():
        if len(content) > LARGEST_FILE_BYTES:
            raise BadUserInput(
                f"content: {path} has {len(content):,} bytes; a file may have at most"
                f" {LARGEST_FILE_BYTES:,}."
            )
    total = sum(map(len, contents.values()))
    if total > LARGEST_CHANGE_BYTES:
        raise BadUserInput(
            f"changes: {total:,} bytes; one change may have at most {LARGEST_CHANGE_BYTES:,}."
        )


def _must_have_base(change: Change, before: AssetFile | None) -> None:
    """Raise OtherContent unless the file is as the change expects."""
    current = None if before is None else before.digest
    if change.base is not None and change.base != (current or ""):
        raise OtherContent(change.path, change.base, current)


def _changed(
    change: Change,
    before: AssetFile | None,
    new: dict[str, bytes],
    digests: dict[str, str],
    kinds: dict[str, str],
) -> Changed:
    path = change.path
    if isinstance(change, Delete):
        return Changed(path, None, 0, changed=before is not None and before.is_stored)
    is_same = (
        before is not None
        and before.is_stored
        and before.digest == digests[path]
        and kinds.get(path, before.content_type) == before.content_type
    )
    return Changed(path, digests[path], len(new[path]), changed=not is_same, is_new=before is None)


def _replaced(file: AssetFile) -> Unavailable:
    return Unavailable(f"{file.path} was replaced while it was read. Read it again.")
