"""The limits of a script as GraphQL shows and takes them."""

from dataclasses import asdict
from typing import Any

import strawberry

from aiwebengine.runtimes.types import Limits
from aiwebengine.scripts.limits import LimitRanges


@strawberry.type
class ScriptLimits:
    """What a script may use.

    Attributes:
        call_timeout_secs: seconds from a request to the head of its answer.
        load_timeout_secs: seconds for loading a version.
        stream_timeout_secs: seconds from the head of an answer to its end.
        heap_mb: heap of a process, in MB.
        resident_mb: memory of a process, in MB.
        answer_max_bytes: bytes of an answer.
        concurrent_calls: requests at the same time.
        waiting_calls: requests that wait; more are refused.
        processes: processes of a classic script.
        log_lines: log lines of a request; more are left out.
        idle_secs: seconds without a request after which its process ends.
    """

    call_timeout_secs: float
    load_timeout_secs: float
    stream_timeout_secs: float
    heap_mb: int
    resident_mb: int
    answer_max_bytes: int
    concurrent_calls: int
    waiting_calls: int
    processes: int
    log_lines: int
    idle_secs: float

    @classmethod
    def of(cls, limits: Limits) -> "ScriptLimits":
        """The limits that apply to a script."""
        return cls(**asdict(limits))


@strawberry.type
class ScriptLimitRanges:
    """The limits that a script may have.

    Attributes:
        lowest: the lowest values.
        defaults: those of a script without limits of its own, and the highest that owners may set.
        highest: the highest that administrators may set.
    """

    lowest: ScriptLimits
    defaults: ScriptLimits
    highest: ScriptLimits

    @classmethod
    def of(cls, ranges: LimitRanges) -> "ScriptLimitRanges":
        """The ranges that apply to all scripts."""
        return cls(
            lowest=ScriptLimits.of(ranges.lowest),
            defaults=ScriptLimits.of(ranges.defaults),
            highest=ScriptLimits.of(ranges.highest),
        )


@strawberry.input
class ScriptLimitsInput:
    """Limits to set; null restores the default, omitted ones stay as they are.

    Attributes:
        call_timeout_secs: seconds from a request to the head of its answer.
        load_timeout_secs: seconds for loading a version.
        stream_timeout_secs: seconds from the head of an answer to its end.
        heap_mb: heap of a process, in MB.
        resident_mb: memory of a process, in MB.
        answer_max_bytes: bytes of an answer.
        concurrent_calls: requests at the same time.
        waiting_calls: requests that wait; more are refused.
        processes: processes of a classic script.
        log_lines: log lines of a request; more are left out.
        idle_secs: seconds without a request after which its process ends.
    """

    call_timeout_secs: float | None = strawberry.UNSET
    load_timeout_secs: float | None = strawberry.UNSET
    stream_timeout_secs: float | None = strawberry.UNSET
    heap_mb: int | None = strawberry.UNSET
    resident_mb: int | None = strawberry.UNSET
    answer_max_bytes: int | None = strawberry.UNSET
    concurrent_calls: int | None = strawberry.UNSET
    waiting_calls: int | None = strawberry.UNSET
    processes: int | None = strawberry.UNSET
    log_lines: int | None = strawberry.UNSET
    idle_secs: float | None = strawberry.UNSET

    def given(self) -> dict[str, Any]:
        """The limits that the client named."""
        return {name: value for name, value in vars(self).items() if value is not strawberry.UNSET}
