"""How scripts answer, and what their processes use."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from aiwebengine.core.identity import Role, Viewer
from aiwebengine.core.scalars import BigInt
from aiwebengine.database import Database
from aiwebengine.runtimes.types import Status
from aiwebengine.script_calls.types import ServedScript
from aiwebengine.scripts.trees import script_id_of
from aiwebengine.telemetry import script_store
from aiwebengine.telemetry.histogram import milliseconds, percentile
from aiwebengine.telemetry.types import ScriptStats

# A supervisor that is busy must not delay a page or Prometheus.
STATUS_TIMEOUT_SECS = 2.0
DAY_SECS = 86_400
# A script fails if more than this share of at least so many requests of the last day failed.
FAILING_PERCENT = 10.0
FAILING_REQUESTS = 20


@dataclass
class ScriptUsage:
    """What the processes of a script use on this instance now."""

    processes: int = 0
    memory_bytes: int = 0
    waiting: int = 0
    ended_processes: int = 0
    """Processes that were ended for their own fault since the supervisor started."""


class HasStatus(Protocol):
    """The runtimes of an instance; `runtimes.instance` has them."""

    async def status(self) -> Status:
        """The state of the instance's processes."""


class ScriptTelemetry:
    """Numbers of scripts. *runtimes* is None where scripts are off."""

    def __init__(self, db: Database, runtimes: HasStatus | None = None) -> None:
        self._db = db
        self._runtimes = runtimes
        self.served: Callable[[], Iterable[ServedScript]] = tuple
        """Returns the scripts that this process serves; set by the engine."""

    async def stats(
        self, viewer: Viewer, seconds: int, first: int, slugs: Sequence[str] | None = None
    ) -> list[ScriptStats]:
        """The *first* scripts with the most requests in the last *seconds*; of *slugs*, if given.

        Scripts that only have processes come last, by slug. Raises Forbidden, Unavailable.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        usage = await self.usage()
        found = [
            _stats(
                row["slug"],
                usage.pop(row["slug"], ScriptUsage()),
                requests=row["requests"],
                errors=row["errors"],
                p95_ms=milliseconds(percentile(row["buckets"], 0.95)),
            )
            for row in await script_store.busiest(self._db, seconds, first, slugs)
        ]
        idle = [
            _stats(slug, used)
            for slug, used in sorted(usage.items())
            if used.processes and (slugs is None or slug in slugs)
        ]
        return [*found, *idle][:first]

    async def p95_of(self, wanted: Sequence[tuple[str, Sequence[datetime]]]) -> list[float | None]:
        """The p95 latency in milliseconds of each slug in its hours; None without samples.

        For data loaders: the caller has checked the right. Raises Unavailable.
        """
        found = await script_store.histograms(self._db, wanted)
        return [milliseconds(percentile(found.get(slug, ()), 0.95)) for slug, _ in wanted]

    async def usage(self) -> dict[str, ScriptUsage]:
        """What each script that this instance serves uses, by slug; no other script is named.

        Empty where scripts are off, or without an answer of the supervisor.
        """
        if self._runtimes is None:
            return {}
        try:
            async with asyncio.timeout(STATUS_TIMEOUT_SECS):
                status = await self._runtimes.status()
        except TimeoutError:
            return {}
        slugs = {str(script.id): script.slug for script in self.served()}
        found: defaultdict[str, ScriptUsage] = defaultdict(ScriptUsage)
        for process in status.processes:
            slug = slugs.get(script_id_of(process.key))
            if slug is not None:
                found[slug].processes += 1
                found[slug].memory_bytes += process.resident_bytes
        for group in status.groups:
            slug = slugs.get(group.group)
            if slug is not None:
                found[slug].waiting += group.waiting
                found[slug].ended_processes += group.ended_processes
        return dict(found)

    async def failing(self) -> list[tuple[str, int, int]]:
        """Slug, requests and errors of the scripts that fail often, of the last day.

        For internal use. Raises Unavailable.
        """
        return await script_store.failing(self._db, DAY_SECS, FAILING_REQUESTS, FAILING_PERCENT)

    async def called_within(self, days: int) -> set[str]:
        """Slugs of the scripts that answered a request in the last *days*. Raises Unavailable."""
        return await script_store.called(self._db, days * DAY_SECS)


def _stats(
    slug: str,
    used: ScriptUsage,
    requests: int = 0,
    errors: int = 0,
    p95_ms: float | None = None,
) -> ScriptStats:
    return ScriptStats(
        slug=slug,
        requests=cast(BigInt, requests),
        errors=cast(BigInt, errors),
        p95_ms=p95_ms,
        processes=used.processes,
        memory_bytes=cast(BigInt, used.memory_bytes),
        waiting=used.waiting,
    )
