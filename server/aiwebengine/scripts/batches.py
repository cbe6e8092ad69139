"""Reading what belongs to many scripts or versions at once: one statement for each kind.

The caller checked the rights.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from aiwebengine.scripts import (
    activation_store,
    activity_store,
    batch_store,
    checks,
    store,
    version_store,
)
from aiwebengine.scripts.access import ScriptAccess
from aiwebengine.scripts.activation_types import ScriptActivation
from aiwebengine.scripts.activity_types import ScriptActivity
from aiwebengine.scripts.batch_store import NumberedVersion, Page
from aiwebengine.scripts.log_types import LogCriteria, ScriptLogLine
from aiwebengine.scripts.types import ScriptFile, ScriptOwner, ScriptRoute, ScriptVersion

Key = TypeVar("Key")

HOURS_OF_ACTIVITY = 24


class ScriptBatches(ScriptAccess):
    """What data loaders call. Each answer is in the order of the keys."""

    async def owners_of(self, script_ids: Sequence[UUID]) -> list[list[ScriptOwner]]:
        """The owners of each script, oldest first."""
        found = await store.owners(self._db, script_ids)
        return [found[script_id] for script_id in script_ids]

    async def routes_of(self, script_ids: Sequence[UUID]) -> list[list[ScriptRoute]]:
        """The routes that each script has now, by path."""
        found = await batch_store.routes(self._db, script_ids)
        return [found[script_id] for script_id in script_ids]

    async def activity_of(self, script_ids: Sequence[UUID]) -> list[ScriptActivity]:
        """The calls of each script in the last 24 hours."""
        found = await activity_store.last_hours(self._db, script_ids, HOURS_OF_ACTIVITY)
        return [ScriptActivity.of(found[script_id]) for script_id in script_ids]

    async def versions_of(self, wanted: Sequence[NumberedVersion]) -> list[ScriptVersion | None]:
        """Each version, or None."""
        found = {
            (version.script_key, version.number): version
            for version in await batch_store.versions(self._db, wanted)
        }
        return [found.get(key) for key in wanted]

    async def pages_of_versions(self, wanted: Sequence[Page]) -> list[list[ScriptVersion]]:
        """The versions of each page, newest first."""
        return await batch_store.pages_of_versions(self._db, wanted)

    async def pages_of_activations(self, wanted: Sequence[Page]) -> list[list[ScriptActivation]]:
        """The deployments of each page, newest first."""
        return await activation_store.pages(self._db, wanted)

    async def counts_of_activations(self, script_ids: Sequence[UUID]) -> list[int]:
        """The number of deployments of each script."""
        found = await activation_store.counts(self._db, script_ids)
        return [found[script_id] for script_id in script_ids]

    async def file_lists_of(self, wanted: Sequence[NumberedVersion]) -> list[list[ScriptFile]]:
        """The files of each version by path, without contents."""
        found = await batch_store.files(self._db, wanted)
        return [found[key] for key in wanted]

    async def contents_of(self, digests: Sequence[str]) -> dict[str, bytes]:
        """Contents of files by digest."""
        return await version_store.contents(self._db, digests)

    async def pages_of_log(
        self, wanted: Sequence[tuple[Page, LogCriteria]]
    ) -> list[list[ScriptLogLine]]:
        """The log lines of each page, newest first; one statement for each filter.

        Raises BadUserInput for a search that is too long.
        """
        found: dict[tuple[Page, LogCriteria], list[ScriptLogLine]] = {}
        for criteria, pages in _by_criteria(wanted).items():
            checks.search(criteria.search)
            lines = await batch_store.pages_of_log(self._db, pages, criteria.as_filter())
            found |= {(page, criteria): some for page, some in zip(pages, lines, strict=True)}
        return [found[key] for key in wanted]

    async def counts_of_log(self, wanted: Sequence[tuple[UUID, LogCriteria]]) -> list[int]:
        """The number of log lines of each script; one statement for each filter."""
        found: dict[tuple[UUID, LogCriteria], int] = {}
        for criteria, script_ids in _by_criteria(wanted).items():
            checks.search(criteria.search)
            counts = await batch_store.counts_of_log(self._db, script_ids, criteria.as_filter())
            found |= {(script_id, criteria): number for script_id, number in counts.items()}
        return [found[key] for key in wanted]


def _by_criteria(wanted: Sequence[tuple[Key, LogCriteria]]) -> dict[LogCriteria, list[Key]]:
    groups: dict[LogCriteria, list[Key]] = defaultdict(list)
    for key, criteria in wanted:
        groups[criteria].append(key)
    return groups
