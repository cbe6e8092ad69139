"""The hosts that a script may send requests to, as its owners say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from aiwebengine.audit.types import AuditAction
from aiwebengine.core.hosts import checked_patterns
from aiwebengine.core.identity import Viewer
from aiwebengine.script_fetch import store
from aiwebengine.scripts.access import ScriptAccess, target_of
from aiwebengine.scripts.rights import Act


class FetchHosts(ScriptAccess):
    """A list of hosts for each script; a script without a list may reach every public host."""

    async def hosts_of(self, script_id: UUID) -> list[str] | None:
        """The list of a script, or None. For internal use."""
        return (await self.of_scripts([script_id]))[script_id]

    async def of_scripts(self, script_ids: Sequence[UUID]) -> dict[UUID, list[str] | None]:
        """The same for many scripts. For internal use."""
        found = await store.of_scripts(self._db, script_ids)
        return {script_id: found.get(script_id) for script_id in script_ids}

    async def get(self, viewer: Viewer, slug: str) -> list[str] | None:
        """The list of a script, or None. Raises Unauthenticated, Forbidden, NotFound."""
        script = await self._found(viewer, slug, Act.READ)
        return await self.hosts_of(script.key)

    async def set(self, viewer: Viewer, slug: str, hosts: Iterable[str] | None) -> list[str] | None:
        """Set the list; None allows every public host, an empty list none.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput.
        """
        allowed = None if hosts is None else checked_patterns("hosts", hosts)
        async with self._locking(viewer, slug, Act.SET_FETCH_HOSTS) as script:
            before = await self.hosts_of(script.key)
            if before == allowed:
                return allowed
            await store.put(self._db, script.key, allowed)
            await self._audit.record(
                viewer,
                AuditAction.SCRIPT_LIMITS_CHANGED,
                target_of(script),
                before={"fetch_hosts": before},
                after={"fetch_hosts": allowed},
            )
        return allowed
