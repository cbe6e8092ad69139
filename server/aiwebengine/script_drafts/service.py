"""Drafts of scripts. Each belongs to one person, and nobody else reads it.

They are no audit events: nothing is served, and nobody else sees a change.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiwebengine.core.errors import BadUserInput, Forbidden, NotFound
from aiwebengine.core.identity import Viewer
from aiwebengine.script_drafts import store
from aiwebengine.script_drafts.store import Key
from aiwebengine.script_drafts.types import (
    KEEP_DRAFTS_DAYS,
    LARGEST_ANSWER_BYTES,
    LARGEST_DRAFT_BYTES,
    LARGEST_DRAFTS_OF_USER_BYTES,
    MOST_DRAFTS_OF_USER,
    MOST_FILES_OF_DRAFT,
    DraftChange,
    OutdatedDraft,
    ScriptDraft,
    ScriptDraftFile,
)
from aiwebengine.scripts.access import ScriptAccess
from aiwebengine.scripts.files import must_be_path
from aiwebengine.scripts.rights import Act
from aiwebengine.scripts.types import Script


class ScriptDrafts(ScriptAccess):
    """Drafts: one for each script and person."""

    async def save(self, viewer: Viewer, slug: str, change: DraftChange) -> ScriptDraft | None:
        """Change the viewer's draft; None when no file differs from the version any more.

        A draft that is based on another version is replaced. Raises Unauthenticated, Forbidden,
        NotFound, BadUserInput, OutdatedDraft.
        """
        for path in (*change.files, *change.unchanged):
            must_be_path(path)
        _must_fit(0, sum(len(one) for one in change.files.values() if one is not None))
        script = await self._found(viewer, slug, Act.CHANGE)
        key = _key(viewer, script)
        _must_exist(script, change.base_version)
        async with self._db.transaction():
            draft, is_new = await store.lock(self._db, key, change.base_version)
            _must_be_expected(change.expected, None if is_new else draft)
            is_replaced = draft.base_version != change.base_version
            if change.unchanged or is_replaced:
                paths = None if is_replaced else sorted(change.unchanged)
                await store.remove_files(self._db, key, paths)
            await store.put_files(self._db, key, change.files)
            number, size, all_of_user = await store.size(self._db, key)
            _must_fit(number, size)
            if change.files:
                _must_fit_with_others(all_of_user)
            if number == 0:
                await store.remove(self._db, key)
                return None
            if is_new:
                await store.remove_beyond(self._db, key[1], MOST_DRAFTS_OF_USER)
            return await store.touch(self._db, key, change.base_version)

    async def discard(self, viewer: Viewer, slug: str, expected: int | None = None) -> bool:
        """Remove the viewer's draft, also of a script that is no longer the viewer's.

        False if there is none. With *expected*, only the draft with this revision. Raises
        Unauthenticated, Forbidden, NotFound, OutdatedDraft.
        """
        # What every editor may do: who no longer owns the script may leave no draft behind.
        script = await self._found(viewer, slug, Act.CREATE)
        key = _key(viewer, script)
        if expected is None:
            return await store.remove(self._db, key)
        async with self._db.transaction():
            draft = await store.locked(self._db, key)
            if draft is None:
                return False
            _must_be_expected(expected, draft)
            return await store.remove(self._db, key)

    async def many(self, keys: Sequence[Key]) -> list[ScriptDraft | None]:
        """The draft of each script and user. The caller checked that the user is the viewer."""
        found = await store.many(self._db, keys)
        return [found.get(key) for key in keys]

    async def files_of(self, keys: Sequence[Key]) -> list[list[ScriptDraftFile]]:
        """The files of each draft. Raises BadUserInput when they are too large altogether."""
        size = await store.bytes_of(self._db, keys)
        if size > LARGEST_ANSWER_BYTES:
            raise BadUserInput(
                f"draft: the files of {len(keys)} drafts have {size:,} bytes; an answer may have at"
                f" most {LARGEST_ANSWER_BYTES:,}. Ask for fewer scripts at once."
            )
        found = await store.files(self._db, keys)
        return [found[key] for key in keys]

    async def remove_old(self) -> int:
        """Remove drafts that were not changed for 90 days; their number."""
        return await store.remove_old(self._db, KEEP_DRAFTS_DAYS)


def _key(viewer: Viewer, script: Script) -> Key:
    if viewer.id is None:
        raise Forbidden("Drafts belong to users; the operator and the engine have none.")
    return script.key, viewer.id


def _must_be_expected(expected: int | None, draft: ScriptDraft | None) -> None:
    """Raise OutdatedDraft unless the draft has the expected revision; 0 expects none."""
    if expected not in (None, draft.revision if draft else 0):
        raise OutdatedDraft(draft, expected or 0)


def _must_exist(script: Script, version: int) -> None:
    if not 0 <= version <= script.newest_version:
        raise NotFound(
            f"The script {script.slug} has no version {version}; the newest is"
            f" {script.newest_version}."
        )


def _must_fit(number: int, size: int) -> None:
    if number > MOST_FILES_OF_DRAFT:
        raise BadUserInput(
            f"files: the draft has {number:,} files; allowed: at most {MOST_FILES_OF_DRAFT:,}."
            " Save them as a version."
        )
    if size > LARGEST_DRAFT_BYTES:
        raise BadUserInput(
            f"files: the draft has {size:,} bytes; allowed: at most {LARGEST_DRAFT_BYTES:,}."
            " Save them as a version."
        )


def _must_fit_with_others(size: int) -> None:
    if size > LARGEST_DRAFTS_OF_USER_BYTES:
        raise BadUserInput(
            f"files: your drafts have {size:,} bytes; allowed: at most"
            f" {LARGEST_DRAFTS_OF_USER_BYTES:,}. Save some as versions, or discard them."
        )
