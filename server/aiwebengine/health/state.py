"""The one place that decides whether the engine is up, degraded or down.

`/health`, `engineState`, `/metrics`, the maintenance board and the commands all show what
`status_of` returns; none of them judges checks by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aiwebengine.health.types import EngineState, EngineStatus, HealthCheck, HealthState

DATABASE = "database"
ENGINE = "engine"


def status_of(
    checks: Sequence[HealthCheck], engine_trouble: str | None, now: datetime
) -> EngineStatus:
    """Status that follows from *checks*; *engine_trouble* says why the engine itself is not ready.

    `since` is the earliest time known from the checks alone: the start of the outage, or of the
    oldest failure, else *now*.
    """
    failing = [one for one in checks if one.state is HealthState.FAILING]
    reasons = {one.name: one.detail for one in failing if one.name == DATABASE}
    if engine_trouble is not None:
        reasons[ENGINE] = engine_trouble
    blamed = [one for one in failing if one.name == DATABASE] if reasons else failing
    state = EngineState.DEGRADED if failing else EngineState.UP
    return EngineStatus(
        state=EngineState.DOWN if reasons else state,
        since=min((one.since for one in blamed), default=now),
        failing=failing,
        warnings=[one for one in checks if one.state is HealthState.WARNING],
        reasons=reasons,
    )
