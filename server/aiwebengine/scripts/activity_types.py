"""How often scripts are called, and how often that fails."""

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

import strawberry

from aiwebengine.core.scalars import BigInt
from aiwebengine.graphql.context import Info


@strawberry.type
class ScriptHour:
    """The calls of a script in one hour.

    Attributes:
        at: when the hour began.
        requests: calls: requests, scheduled runs and messages.
        errors: calls that failed with a 5xx status.
    """

    at: datetime
    requests: BigInt
    errors: BigInt


async def _p95_ms(root: "ScriptActivity", info: Info) -> float | None:
    """The p95 latency of these calls in milliseconds; null without calls."""
    if not root.hours:
        return None
    hours = tuple(hour.at for hour in root.hours)
    return await info.context.loaders.scripts.latency.load((root.slug, hours))


@strawberry.type
class ScriptActivity:
    """The calls of a script in the last 24 hours, on all instances.

    The first hour counts if it began within that time. Numbers are a few seconds late.

    Attributes:
        requests: calls: requests, scheduled runs and messages.
        errors: calls that failed with a 5xx status.
        hours: hours with calls, oldest first.
    """

    requests: BigInt
    errors: BigInt
    hours: list[ScriptHour]
    slug: strawberry.Private[str] = ""
    p95_ms: float | None = strawberry.field(resolver=_p95_ms, name="p95Ms")

    @classmethod
    def of(cls, hours: list[ScriptHour]) -> "ScriptActivity":
        """The sum of some hours."""
        return cls(
            requests=cast(BigInt, sum(hour.requests for hour in hours)),
            errors=cast(BigInt, sum(hour.errors for hour in hours)),
            hours=hours,
        )


@dataclass(frozen=True)
class CallCount:
    """Calls of a script to add to those of an hour."""

    script_id: UUID
    hour: datetime
    requests: int
    errors: int
