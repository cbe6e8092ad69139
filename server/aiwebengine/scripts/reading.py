"""Reading scripts: lists, versions, files, differences, logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Viewer
from aiwebengine.runtimes.types import Limits
from aiwebengine.scripts import checks, diff, log_store, route_store, store, version_store
from aiwebengine.scripts.access import ScriptAccess
from aiwebengine.scripts.files import must_be_small_together
from aiwebengine.scripts.limits import LimitRanges
from aiwebengine.scripts.log_following import LogFollower
from aiwebengine.scripts.log_types import ScriptLogFilter, ScriptLogLine
from aiwebengine.scripts.rights import Act, must_be_allowed
from aiwebengine.scripts.types import (
    FileChange,
    Script,
    ScriptFilter,
    ScriptOwner,
    ScriptRoute,
    ScriptVersion,
)


class ScriptReads(ScriptAccess):
    """The operations that change nothing.

    All raise Unauthenticated, Forbidden, and NotFound for a script or version that does not exist.
    """

    async def page(
        self, viewer: Viewer, wanted: ScriptFilter, after: store.Key | None, first: int
    ) -> list[Script]:
        """Scripts in the order of their slugs; one more than *first* when another page follows.

        Raises BadUserInput for a search that is too long.
        """
        must_be_allowed(viewer, Act.READ)
        return await store.page(self._db, _checked(wanted), viewer.id, after, first + 1)

    async def count(self, viewer: Viewer, wanted: ScriptFilter) -> int:
        """Number of scripts that match the filter. Raises as `page` does."""
        must_be_allowed(viewer, Act.READ)
        return await store.count(self._db, _checked(wanted), viewer.id)

    async def get(self, viewer: Viewer, slug: str) -> Script:
        """The script."""
        return await self._found(viewer, slug, Act.READ)

    async def find(self, viewer: Viewer, slug: str) -> Script | None:
        """The script; None if there is none, or it is deleted."""
        must_be_allowed(viewer, Act.READ)
        return await store.find(self._db, slug, viewer.id)

    async def find_version(self, viewer: Viewer, slug: str, number: int) -> ScriptVersion | None:
        """A version of the script; None if there is none."""
        script = await self.find(viewer, slug)
        return None if script is None else await version_store.find(self._db, script.key, number)

    async def find_by_id(self, viewer: Viewer, script_id: UUID) -> Script | None:
        """The script, also a deleted one; None if there is none."""
        must_be_allowed(viewer, Act.READ)
        return await store.find_by_id(self._db, script_id, viewer.id)

    async def must_be_allowed_to(self, viewer: Viewer, act: Act, slug: str) -> Script:
        """The script, if the viewer may do this with it."""
        return await self._found(viewer, slug, act)

    async def version(self, viewer: Viewer, slug: str, number: int) -> ScriptVersion:
        """A version of the script."""
        return await self._version(await self.get(viewer, slug), number)

    async def versions(
        self, viewer: Viewer, slug: str, before: int | None, first: int
    ) -> list[ScriptVersion]:
        """Versions below the number *before*, newest first; one more than *first* when another page
        follows.
        """
        script = await self.get(viewer, slug)
        return await version_store.page(self._db, script.key, before, first + 1)

    async def files(self, viewer: Viewer, slug: str, number: int | None = None) -> dict[str, bytes]:
        """The files of a version by path, without *number* the newest's. Empty before it."""
        script = await self.get(viewer, slug)
        if number is None and script.newest_version == 0:
            return {}
        version = await self._version(script, script.newest_version if number is None else number)
        return await version_store.files(self._db, script.key, version.number)

    async def stored_files(
        self, viewer: Viewer, slug: str, digests: Mapping[str, str]
    ) -> dict[str, bytes]:
        """The content of each path, by the digest that it has in a version of the script.

        Raises BadUserInput for a digest that no version of the script has, and for contents that
        are too large together.
        """
        if not digests:
            return {}
        script = await self.get(viewer, slug)
        sizes = await version_store.sizes_in_script(
            self._db, script.key, sorted(set(digests.values()))
        )
        for path, digest in digests.items():
            if digest not in sizes:
                raise BadUserInput(
                    f"files: no version of {slug} has a file with the digest {digest[:64]!r}, which"
                    f" {path[:200]!r} names."
                )
        must_be_small_together(sum(sizes[digest] for digest in digests.values()))
        contents = await version_store.contents(self._db, list(sizes))
        return {path: contents[digest] for path, digest in digests.items()}

    async def routes(self, viewer: Viewer, slug: str) -> list[ScriptRoute]:
        """The routes that the script has now."""
        script = await self.get(viewer, slug)
        return await route_store.of_script(self._db, script.key)

    async def diff(self, viewer: Viewer, slug: str, old: int, new: int) -> list[FileChange]:
        """The files that differ between two versions, by path; 0 is the empty version."""
        script = await self.get(viewer, slug)
        for number in (old, new):
            if number != 0:
                await self._version(script, number)
        before = await version_store.digests(self._db, script.key, old)
        after = await version_store.digests(self._db, script.key, new)
        digests = diff.changed_digests(before, after)
        sizes = await version_store.sizes(self._db, digests)
        shown = diff.shown_digests(before, after, sizes)
        contents = await version_store.contents(self._db, shown)
        return await diff.changes(before, after, sizes, contents)

    async def owners(self, viewer: Viewer, slug: str) -> list[ScriptOwner]:
        """The owners, oldest first."""
        script = await self.get(viewer, slug)
        return (await store.owners(self._db, [script.key]))[script.key]

    def limits_of(self, script: Script) -> Limits:
        """The limits that apply to the script."""
        return self._limits.applied(script.overrides)

    def limit_ranges(self) -> LimitRanges:
        """The limits that a script may have."""
        return self._limits.ranges()

    async def log(
        self, viewer: Viewer, slug: str, wanted: ScriptLogFilter, before: int | None, first: int
    ) -> list[ScriptLogLine]:
        """Log lines with a number below *before*, newest first; one more than *first* when another
        page follows. Raises BadUserInput for a search that is too long.
        """
        script = await self._found(viewer, slug, Act.READ_LOG)
        return await log_store.page(self._db, script.key, _checked_log(wanted), before, first + 1)

    async def count_log(self, viewer: Viewer, slug: str, wanted: ScriptLogFilter) -> int:
        """Number of log lines that match the filter. Raises as `log` does."""
        script = await self._found(viewer, slug, Act.READ_LOG)
        return await log_store.count(self._db, script.key, _checked_log(wanted))

    async def follow_log(self, viewer: Viewer, slug: str, wanted: ScriptLogFilter) -> LogFollower:
        """Reads lines that are stored from now on. Raises as `log` does."""
        script = await self._found(viewer, slug, Act.READ_LOG)
        newest = await log_store.newest_number(self._db)
        return LogFollower(self._db, script.key, _checked_log(wanted), newest)


def _checked(wanted: ScriptFilter) -> ScriptFilter:
    return replace(wanted, search=checks.search(wanted.search))


def _checked_log(wanted: ScriptLogFilter) -> ScriptLogFilter:
    return ScriptLogFilter(
        search=checks.search(wanted.search),
        level=wanted.level,
        request_id=wanted.request_id,
        version=wanted.version,
    )
