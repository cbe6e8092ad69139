"""The files of a script, as its owners read and change them."""

from __future__ import annotations

from collections.abc import Sequence

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction
from aiwebengine.core.errors import NotFound
from aiwebengine.core.identity import Viewer
from aiwebengine.database import Database
from aiwebengine.script_assets.service import ScriptAssets
from aiwebengine.script_assets.types import AssetFile, Change, Changed, Page
from aiwebengine.scripts.access import ScriptAccess, target_of
from aiwebengine.scripts.records import ScriptSettings
from aiwebengine.scripts.rights import Act

MOST_NAMED = 20
"""Paths in an audit event."""


class ScriptFiles(ScriptAccess):
    """The operations on files for owners and administrators.

    All raise Unauthenticated, Forbidden, NotFound.
    """

    def __init__(
        self, db: Database, audit: AuditTrail, settings: ScriptSettings, assets: ScriptAssets
    ) -> None:
        super().__init__(db, audit, settings)
        self._assets = assets

    async def page(
        self,
        viewer: Viewer,
        slug: str,
        prefix: str = "",
        *,
        after: str | None = None,
        limit: int = 100,
        only_stored: bool = False,
    ) -> Page:
        """Files that are served now, by path. Raises BadUserInput."""
        script = await self._found(viewer, slug, Act.READ_FILES)
        return await self._assets.page(
            script.key,
            script.active_version,
            prefix,
            after=after,
            limit=limit,
            only_stored=only_stored,
        )

    async def count(
        self, viewer: Viewer, slug: str, prefix: str = "", *, only_stored: bool = False
    ) -> int:
        """Number of these files. Raises BadUserInput."""
        script = await self._found(viewer, slug, Act.READ_FILES)
        return await self._assets.count(
            script.key, script.active_version, prefix, only_stored=only_stored
        )

    async def file(self, viewer: Viewer, slug: str, path: str) -> AssetFile:
        """A file that is served now."""
        script = await self._found(viewer, slug, Act.READ_FILES)
        found = await self._assets.find(script.key, script.active_version, path)
        if found is None:
            raise NotFound(f"The script {slug} has no file {path[:200]}.")
        return found

    async def content(self, file: AssetFile) -> bytes:
        """The content of a file that `file` returned. Raises Unavailable."""
        return await self._assets.content(file)

    async def change(self, viewer: Viewer, slug: str, changes: Sequence[Change]) -> list[Changed]:
        """Make all changes to stored files, or none.

        Raises BadUserInput, LimitExceeded, OtherContent, Conflict for a text that an edit does not
        find.
        """
        async with self._changing(viewer, slug, Act.CHANGE) as script:
            done = await self._assets.change(script.key, script.active_version, changes)
            changed = [one for one in done if one.changed]
            if changed:
                stored = [one.path for one in changed if one.digest is not None]
                removed = [one.path for one in changed if one.digest is None]
                await self._audit.record(
                    viewer,
                    AuditAction.SCRIPT_FILES_CHANGED,
                    target_of(script),
                    after={
                        "stored": stored[:MOST_NAMED],
                        "removed": removed[:MOST_NAMED],
                        "files": len(changed),
                    },
                )
            return done
