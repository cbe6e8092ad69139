"""Saved requests of scripts: the rules."""

from __future__ import annotations

from collections.abc import Sequence

from aiwebengine.core.errors import Conflict, NotFound
from aiwebengine.core.identity import Viewer
from aiwebengine.script_requests import checks, store
from aiwebengine.script_requests.types import (
    LARGEST_TOTAL,
    MOST_OF_SCRIPT,
    NewRequest,
    ScriptRequest,
)
from aiwebengine.scripts.access import ScriptAccess, label_of
from aiwebengine.scripts.rights import Act


class ScriptRequests(ScriptAccess):
    """Requests that the owners of a script share. Nothing about them is audited: they act on
    nothing until somebody runs them.
    """

    async def all(self, viewer: Viewer, slug: str) -> list[ScriptRequest]:
        """The saved requests of a script, by name. Raises Unauthenticated, Forbidden, NotFound."""
        script = await self._found(viewer, slug, Act.READ_REQUESTS)
        return await store.all_of(self._db, script.key)

    async def save(
        self, viewer: Viewer, slug: str, request_id: str | None, wanted: NewRequest
    ) -> ScriptRequest:
        """Save a new request, or replace the one with *request_id*.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, Conflict for a name that another
        one has, and for too many or too much.
        """
        async with self._locking(viewer, slug, Act.SAVE_REQUESTS) as script:
            wanted = checks.checked(wanted)
            replaced = None if request_id is None else checks.request_id(request_id)
            present = await store.all_of(self._db, script.key)
            others = [one for one in present if one.id != str(replaced)]
            _must_fit(others, wanted)
            saved = await store.put(self._db, script.key, replaced, wanted, label_of(viewer))
            if saved is None:
                raise NotFound(f"{slug} has no saved request {request_id}; save it as a new one.")
            return saved

    async def delete(self, viewer: Viewer, slug: str, request_id: str) -> list[ScriptRequest]:
        """Delete a saved request; those that are left.

        Raises Unauthenticated, Forbidden, NotFound.
        """
        async with self._locking(viewer, slug, Act.SAVE_REQUESTS) as script:
            removed = checks.request_id(request_id)
            if not await store.remove(self._db, script.key, removed):
                raise NotFound(f"{slug} has no saved request {request_id}.")
            return await store.all_of(self._db, script.key)


def _must_fit(others: Sequence[ScriptRequest], wanted: NewRequest) -> None:
    """Raise Conflict unless the request fits beside the others of its script."""
    if any(one.name == wanted.name for one in others):
        raise Conflict(f"Another saved request is called {wanted.name}. Choose another name.")
    if len(others) >= MOST_OF_SCRIPT:
        raise Conflict(f"The script has {len(others)} saved requests; allowed: {MOST_OF_SCRIPT}.")
    size = sum(map(_size, others)) + wanted.size
    if size > LARGEST_TOTAL:
        raise Conflict(
            f"The saved requests of the script would have {size:,} characters; allowed:"
            f" {LARGEST_TOTAL:,}. Delete some, or save a shorter body."
        )


def _size(one: ScriptRequest) -> int:
    headers = tuple((header.name, header.value) for header in one.headers)
    return NewRequest(one.name, one.method, one.path, headers, one.body, one.as_viewer).size
