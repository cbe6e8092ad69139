"""The scripts that this worker serves, kept equal to the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from aiwebengine.runtimes.types import Loaded, Program, RuntimeFailure
from aiwebengine.script_calls.types import ScriptRef, ServedScript
from aiwebengine.script_routes.matching import RouteTable
from aiwebengine.scripts.records import ActiveScript

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServedRoute:
    """A route, and the script that it leads to."""

    host: str
    method: str
    path: str
    kind: str
    """`route`, `fetch` or `asset`."""
    handler: str
    """The name of a function; of an asset its file."""
    script: ServedScript


OnSwitch = Callable[[Collection[UUID]], None]
"""Gets the IDs of scripts that changed; `ActiveScripts.served` has what is served now. It must not
raise, nor wait.
"""


class Source(Protocol):
    """Where the scripts come from; `scripts.service` has it."""

    async def latest_activation(self) -> int:
        """The number of the latest change of what is served. Raises Unavailable."""

    async def active_programs(self, since_activation: int | None = None) -> list[ActiveScript]:
        """What is served; with a number what changed after it. Raises Unavailable."""

    def program_of(self, active: ActiveScript) -> Program:
        """What the runtime runs for a script."""

    async def prepare(self, active: ActiveScript) -> Program:
        """The same, with its files on disk. Raises Unavailable."""


class Runtimes(Protocol):
    """What loads and ends programs; `runtimes.client` does it."""

    async def load(self, program: Program, *, keep: bool) -> Loaded:
        """Start the program. Raises Failed, Lost."""

    async def retire(self, program: Program) -> None:
        """End the program's processes once they have no calls."""


class ActiveScripts:
    """The table of routes of this worker.

    The new version of a script is started before it gets requests, so that no request is lost. If
    it can't start, this worker continues to serve the previous version, and `failures` has the
    reason.
    """

    def __init__(self, source: Source, runtimes: Runtimes) -> None:
        self._source = source
        self._runtimes = runtimes
        self._activation: int | None = None
        # How often `distrust` was called, and how often it was before everything was read last.
        self._doubts = self._settled_doubts = 0
        self._lock = asyncio.Lock()
        self._routes: dict[UUID, list[ServedRoute]] = {}
        self._scripts: dict[UUID, ServedScript] = {}
        self._prepared: set[str] = set()
        self._called: set[UUID] = set()
        # New versions whose process is started before they are served.
        self._starting: dict[UUID, ServedScript] = {}
        self.table: RouteTable[ServedRoute] = RouteTable()
        self.on_switch: list[OnSwitch] = []
        """Called after each change of what this worker serves."""
        self.failures: dict[str, str] = {}
        """Slug to the reason why this instance serves an older version than it should."""

    @property
    def scripts(self) -> list[ServedScript]:
        """All scripts that are served."""
        return list(self._scripts.values())

    def served(self, script: UUID | str) -> ServedScript | None:
        """The script with this ID or slug, or None if it is not served."""
        if isinstance(script, UUID):
            return self._scripts.get(script)
        return next((one for one in self._scripts.values() if one.slug == script), None)

    def running(self, program: Program) -> ServedScript | None:
        """The script that has this program, or is switching to it."""
        for known in (self._starting, self._scripts):
            for script in known.values():
                if script.program.key == program.key:
                    return script
        return None

    @property
    def is_loaded(self) -> bool:
        """Whether this worker knows what it should serve; False during its start."""
        return self._activation is not None

    async def refresh(self) -> None:
        """Serve what the database says, if that has changed. Raises Unavailable."""
        async with self._lock:
            latest, doubts = await self._source.latest_activation(), self._doubts
            is_sure = doubts == self._settled_doubts
            if is_sure and latest == self._activation:
                return
            # A lower number is that of a restored backup: everything may be different.
            is_later = is_sure and self._activation is not None and latest > self._activation
            since = self._activation if is_later else None
            changed = await self._source.active_programs(since)
            gone = set() if is_later else self._scripts.keys() - {one.id for one in changed}
            if await self._switch(changed, gone):
                self._activation, self._settled_doubts = latest, doubts

    def distrust(self) -> None:
        """Read everything at the next `refresh`, not only what has changed since."""
        self._doubts += 1

    async def prepare(self, script: ServedScript) -> None:
        """Make sure that the files of a script are in place. Raises Unavailable."""
        self._called.add(script.id)
        if script.program.key in self._prepared:
            return
        await self._source.prepare(script.active)
        self._prepared.add(script.program.key)

    def has_failed(self, script: ServedScript) -> None:
        """A call failed: if its files were removed, they are written again at the next one."""
        if not Path(script.program.folder, script.program.entry).exists():
            self._prepared.discard(script.program.key)

    async def _switch(self, changed: list[ActiveScript], gone: Collection[UUID]) -> bool:
        """Serve the changed scripts and no longer those that are gone; False: try again later.

        A script whose new version fails to start stays as it is.
        """
        served = [self._served(one) for one in changed if one.version is not None]
        starting = [one for one in served if self._takes_over(one)]
        self._starting = {one.id: one for one in starting}
        started = await asyncio.gather(*map(self._starts, starting))
        self._starting = {}
        failed = {one.id for one, is_up in zip(starting, started, strict=True) if not is_up}
        new = {one.id: one for one in served}
        old = []
        for one in changed:
            if one.id not in failed:
                # Its owner went back to the version that is served, or it was deleted.
                self.failures.pop(one.slug, None)
        for script_id in {*gone, *(one.id for one in changed)} - failed:
            before, now = self._scripts.pop(script_id, None), new.get(script_id)
            self._routes.pop(script_id, None)
            if now is not None:
                self._scripts[script_id] = now
                self._routes[script_id] = _routes_of(now)
            if before is not None and (now is None or now.program.key != before.program.key):
                old.append(before)
        self.table = RouteTable([route for some in self._routes.values() for route in some])
        for notify in self.on_switch:
            notify({*gone, *(one.id for one in changed)} - failed)
        for before in old:
            self._prepared.discard(before.program.key)
            await self._runtimes.retire(before.program)
        return not failed

    def _served(self, script: ActiveScript) -> ServedScript:
        assert script.version is not None  # noqa: S101 - the caller looked
        return ServedScript(
            script.id,
            script.slug,
            script.version,
            script.page_mode,
            script.is_suspended,
            self._source.program_of(script),
            script,
            ScriptRef(
                script.id,
                script.slug,
                script.version,
                script.dialect,
                script.limits,
                script.host,
            ),
        )

    def _takes_over(self, script: ServedScript) -> bool:
        """Whether its process must run before it gets requests: the one before was called here."""
        before = self._scripts.get(script.id)
        return (
            before is not None
            and before.program.key != script.program.key
            and script.id in self._called
            and not script.is_suspended
        )

    async def _starts(self, script: ServedScript) -> bool:
        try:
            await self.prepare(script)
            await self._runtimes.load(script.program, keep=True)
        except RuntimeFailure as error:
            self.failures[script.slug] = str(error)
            log.error(
                "script.not_switched",
                extra={"script": script.slug, "version": script.version, "error": str(error)},
            )
            return False
        return True


def _routes_of(script: ServedScript) -> list[ServedRoute]:
    host = script.active.host or ""
    return [
        ServedRoute(host, route.method, route.path, route.kind, route.handler, script)
        for route in script.active.routes
    ]
