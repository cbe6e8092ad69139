"""Requests that failed: their list, and their replay with everything undone."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Protocol
from uuid import UUID

from aiwebengine.core.errors import BadUserInput, Conflict, NotFound, Unavailable
from aiwebengine.core.identity import Viewer
from aiwebengine.database import Database
from aiwebengine.script_trials import failure_store
from aiwebengine.script_trials.recording import FailedRequest
from aiwebengine.script_trials.types import ScriptFailure
from aiwebengine.scripts.rights import Act
from aiwebengine.scripts.run_types import RunRequest, ScriptRun
from aiwebengine.scripts.service import Scripts

MOST_LISTED = 100


class Reruns(Protocol):
    """Sends a request to the active version; `script_routes.runs` does it."""

    def __call__(
        self, viewer: Viewer, wanted: RunRequest, *, is_trial: bool
    ) -> Awaitable[ScriptRun]:
        """The answer. Raises EngineError."""


class ScriptFailures:
    """Failed requests of scripts, for those who may run them."""

    def __init__(self, db: Database, scripts: Scripts) -> None:
        self._db = db
        self._scripts = scripts
        self.rerun: Reruns | None = None
        """Set where scripts are served."""

    async def all(self, viewer: Viewer, slug: str, first: int) -> list[ScriptFailure]:
        """The newest failures, newest first.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput.
        """
        if not 1 <= first <= MOST_LISTED:
            raise BadUserInput(f"first: found {first}; allowed: 1 to {MOST_LISTED}.")
        script = await self._scripts.must_be_allowed_to(viewer, Act.READ_LOG, slug)
        return await failure_store.newest(self._db, script.key, first)

    async def replay(self, viewer: Viewer, slug: str, failure_id: str) -> ScriptRun:
        """Send the request again to the active version, as an anonymous visitor. Everything that
        the script writes is undone.

        Raises Unauthenticated, Forbidden, NotFound, Conflict if its body was not kept, Unavailable.
        """
        script = await self._scripts.must_be_allowed_to(viewer, Act.RUN, slug)
        try:
            found = await failure_store.find(self._db, script.key, UUID(failure_id))
        except ValueError:
            found = None
        if found is None:
            raise NotFound(f"{slug} has no failed request {failure_id[:40]}.")
        if found.body is None:
            raise Conflict("The body of this request was not kept, so it can't be replayed.")
        if self.rerun is None:
            raise Unavailable("Scripts are off: scripts.enabled is false.")
        wanted = RunRequest(slug, found.method, found.path, found.headers, found.body)
        return await self.rerun(viewer, wanted, is_trial=True)

    async def store(self, failures: Sequence[FailedRequest]) -> None:
        """Keep failures, the newest of each script. Raises Unavailable."""
        await failure_store.add(self._db, failures)
