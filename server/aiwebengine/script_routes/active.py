"""The scripts that this worker serves, kept equal to the database."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Protocol

from aiwebengine.runtimes.types import Loaded, Program, RuntimeFailure
from aiwebengine.script_routes.headers import PageMode
from aiwebengine.script_routes.matching import RouteTable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ActiveScript:
    """A script as it is served."""

    id: str
    slug: str
    version: int
    page_mode: PageMode
    is_suspended: bool
    program: Program


@dataclass(frozen=True, slots=True)
class ActiveRoute:
    """A route, and the script that it leads to."""

    host: str
    method: str
    path: str
    kind: str
    """`route`, `fetch` or `asset`."""
    handler: str
    """The name of a function; of an asset its file."""
    script: ActiveScript


class ActiveScriptsSource(Protocol):
    """Where the scripts come from; `scripts/` has it."""

    async def latest_activation(self) -> int:
        """A number that grows with every change of what is served."""

    async def active_routes(self) -> list[ActiveRoute]:
        """Everything that is to be served. A suspended script is listed as such."""

    async def prepare(self, script: ActiveScript) -> None:
        """Have the files of the script's version in its program's folder. Raises Unavailable."""


class Runtimes(Protocol):
    """What loads and ends programs; `runtimes.client` does it."""

    async def load(self, program: Program, *, keep: bool) -> Loaded:
        """Start the program. Raises Failed, Lost."""

    async def retire(self, program: Program) -> None:
        """End the program's processes once they have no calls."""


class ActiveScripts:
    """The table of routes of this worker.

    A changed script's new version is started before requests go to it, so that none is lost. Where
    it can't start, the version before goes on being served here, and `failures` says why.
    """

    def __init__(self, source: ActiveScriptsSource, runtimes: Runtimes) -> None:
        self._source = source
        self._runtimes = runtimes
        self._activation = -1
        self._lock = asyncio.Lock()
        self._scripts: dict[str, ActiveScript] = {}
        self._prepared: set[str] = set()
        self._used: set[str] = set()
        self._routes: list[ActiveRoute] = []
        self.table: RouteTable[ActiveRoute] = RouteTable()
        self.failures: dict[str, str] = {}
        """Slug to the reason why this instance serves an older version than it should."""

    @property
    def scripts(self) -> list[ActiveScript]:
        """All scripts that are served."""
        return list(self._scripts.values())

    async def refresh(self) -> None:
        """Serve what the database says, if that has changed. Raises Unavailable."""
        async with self._lock:
            latest = await self._source.latest_activation()
            if latest == self._activation:
                return
            await self._switch(await self._source.active_routes())
            self._activation = latest

    async def prepare(self, script: ActiveScript) -> None:
        """Make sure that the files of a script are in place. Raises Unavailable."""
        if script.program.key not in self._prepared:
            await self._source.prepare(script)
            self._prepared.add(script.program.key)
        self._used.add(script.id)

    async def _switch(self, routes: list[ActiveRoute]) -> None:
        wanted = {route.script.id: route.script for route in routes}
        kept: dict[str, ActiveScript] = {}
        for script in wanted.values():
            before = self._scripts.get(script.id)
            if before is not None and not await self._starts(script, before):
                kept[script.id] = before
        gone = [
            script
            for script in self._scripts.values()
            if script.id not in kept
            and (script.id not in wanted or wanted[script.id].program.key != script.program.key)
        ]
        old = [route for route in self._routes if route.script.id in kept]
        self._routes = [route for route in routes if route.script.id not in kept] + old
        self.table = RouteTable(self._routes)
        self._scripts = {**wanted, **kept}
        for script in gone:
            self._prepared.discard(script.program.key)
            await self._runtimes.retire(script.program)

    async def _starts(self, script: ActiveScript, before: ActiveScript) -> bool:
        """Whether the new version can take over; one that nobody called here starts on demand."""
        if script.program.key == before.program.key or script.id not in self._used:
            return True
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
        self.failures.pop(script.slug, None)
        return True
