"""Creating scripts and saving versions."""

from __future__ import annotations

from uuid import UUID, uuid4

from aiwebengine.audit.types import AuditAction
from aiwebengine.core.errors import Conflict
from aiwebengine.core.identity import Viewer
from aiwebengine.scripts import checks, store, version_store
from aiwebengine.scripts.access import label_of, target_of
from aiwebengine.scripts.preconditions import Precondition
from aiwebengine.scripts.reading import ScriptReads
from aiwebengine.scripts.records import Saved, Tree
from aiwebengine.scripts.rights import Act, must_be_allowed
from aiwebengine.scripts.types import Script


class ScriptSaves(ScriptReads):
    """The operations that add and name scripts and versions. Nothing that is served changes."""

    async def create(self, viewer: Viewer, slug: str, title: str | None = None) -> Script:
        """Create a script without versions, which the viewer owns.

        The operator and the engine are no users: what they create has no owner yet.
        Raises Unauthenticated, Forbidden, BadUserInput, Conflict when the slug is taken.
        """
        must_be_allowed(viewer, Act.CREATE)
        slug, title = checks.slug(slug), checks.title(title)
        async with self._db.transaction():
            script = await self._add(viewer, uuid4(), slug, title)
            if script is None:
                raise Conflict(f"There is already a script {slug}. Choose another slug.")
            return script

    async def set_title(self, viewer: Viewer, slug: str, title: str) -> Script:
        """Set the title of the script; an empty one removes it.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput.
        """
        title = checks.title(title)
        async with self._changing(viewer, slug, Act.CHANGE) as script:
            if script.title == title:
                return script
            await store.set_title(self._db, script.key, title)
            await self._audit.record(
                viewer,
                AuditAction.SCRIPT_TITLE_CHANGED,
                target_of(script),
                before={"title": script.title},
                after={"title": title},
            )
            return await self._reread(viewer, script)

    async def save(
        self,
        viewer: Viewer,
        slug: str,
        tree: Tree,
        *,
        base_version: int | None,
        message: str | None = None,
    ) -> Saved:
        """Save *tree* as the newest version, without loading it.

        *base_version* is the version that the author started from, 0 before the first; None
        replaces whatever is newest. Saving the files of the newest version adds none.
        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, OutdatedVersion.
        """
        message = checks.message(message)
        async with self._changing(viewer, slug, Act.CHANGE) as script:
            if base_version is not None:
                await self._must_be_newest(script, base_version)
            return await self._saved(viewer, script, tree, message)

    async def save_as_expected(
        self,
        viewer: Viewer,
        slug: str,
        tree: Tree,
        expected: Precondition,
        message: str | None = None,
    ) -> Saved:
        """The same, unless the script is not in the state that the caller expects.

        Raises as `save` does, and PreconditionFailed.
        """
        message = checks.message(message)
        async with self._changing(viewer, slug, Act.CHANGE) as script:
            expected.check(script)
            return await self._saved(viewer, script, tree, message)

    async def _saved(self, viewer: Viewer, script: Script, tree: Tree, message: str) -> Saved:
        number, changed = await self._save(viewer, script, tree, message)
        script = await self._reread(viewer, script)
        return Saved(script, await self._version(script, number), changed)

    async def _add(self, viewer: Viewer, script_id: UUID, slug: str, title: str) -> Script | None:
        """Create a script in the caller's transaction; None when the slug is taken."""
        if not await self._add_quietly(viewer, script_id, slug, title):
            return None
        script = await store.find_by_id(self._db, script_id, viewer.id)
        assert script is not None  # noqa: S101 - it was added in this transaction
        await self._note_creation(viewer, script)
        return script

    async def _add_quietly(self, viewer: Viewer, script_id: UUID, slug: str, title: str) -> bool:
        """Create a script without an audit event; False when the slug is taken."""
        return await store.add(self._db, script_id, slug, title, label_of(viewer), viewer.id)

    async def _note_creation(self, viewer: Viewer, script: Script) -> None:
        after = {"title": script.title}
        await self._audit.record(viewer, AuditAction.SCRIPT_CREATED, target_of(script), after=after)

    async def _save(
        self, viewer: Viewer, script: Script, tree: Tree, message: str
    ) -> tuple[int, bool]:
        """The number of the version with these files, and whether it was added.

        The caller has locked the script.
        """
        newest = script.newest_version
        if newest:
            version = await self._version(script, newest)
            if version.digest == tree.digest:
                return newest, False
        number = newest + 1
        await version_store.add(
            self._db, script.key, number, newest or None, tree, message, viewer.id, label_of(viewer)
        )
        await self._audit.record(
            viewer,
            AuditAction.SCRIPT_SAVED,
            target_of(script),
            after={"version": number, "digest": tree.digest, "files": len(tree.files)},
            reason=message or None,
        )
        return number, True
