"""Limits of scripts: the defaults, what a script may have instead, and the maxima."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from aiwebengine.core.errors import BadUserInput, Forbidden
from aiwebengine.runtimes.types import Limits

MINIMA = Limits(
    call_timeout_secs=0.1,
    load_timeout_secs=1.0,
    stream_timeout_secs=1.0,
    heap_mb=32,
    resident_mb=100,
    answer_max_bytes=1_000,
    concurrent_calls=1,
    waiting_calls=0,
    processes=1,
    log_lines=0,
    idle_secs=10.0,
)
MAXIMA = Limits(
    call_timeout_secs=300.0,
    load_timeout_secs=60.0,
    stream_timeout_secs=86_400.0,
    heap_mb=2_048,
    resident_mb=4_096,
    answer_max_bytes=500_000_000,
    concurrent_calls=1_000,
    waiting_calls=10_000,
    processes=16,
    log_lines=10_000,
    idle_secs=86_400.0,
)
NAMES = tuple(asdict(MAXIMA))
"""Names of the limits that a script may have."""


@dataclass(frozen=True)
class LimitRanges:
    """The limits that a script may have."""

    lowest: Limits
    defaults: Limits
    """Those of a script without limits of its own, and the highest that owners may set."""
    highest: Limits
    """Those that administrators may set."""


class LimitRules:
    """Which limits a script may have.

    *defaults* apply to a script without limits of its own. Owners may lower them; administrators
    may raise them up to *maxima*.
    """

    def __init__(self, defaults: Limits, maxima: Limits | None = None) -> None:
        self.defaults = defaults
        self.maxima = maxima or MAXIMA

    def applied(self, overrides: Mapping[str, Any]) -> Limits:
        """The limits of a script with these stored *overrides*.

        A value above the maximum, which may have been lowered since, counts as the maximum.
        """
        known = {
            name: min(value, self._highest(name))
            for name, value in overrides.items()
            if name in NAMES
        }
        return replace(self.defaults, **known)

    def ranges(self) -> LimitRanges:
        """What `checked` allows."""
        names = {name: self._highest(name) for name in NAMES}
        return LimitRanges(lowest=MINIMA, defaults=self.defaults, highest=Limits(**names))

    def checked(
        self, wanted: Mapping[str, Any], current: Mapping[str, Any], *, is_administrator: bool
    ) -> dict[str, Any]:
        """The overrides to store: *current* with what is *wanted*; None restores a default.

        Raises BadUserInput for a value outside of the allowed range, Forbidden for a value above
        the default unless *is_administrator*. A value that does not change is not checked.
        """
        stored = dict(current)
        for name, value in wanted.items():
            if name not in NAMES:
                raise BadUserInput(f"limits: found {name!r}; allowed: {', '.join(NAMES)}.")
            if value is None:
                stored.pop(name, None)
            elif value != current.get(name):
                stored[name] = self._checked(name, value, is_administrator=is_administrator)
        limits = self.applied(stored)
        if limits.resident_mb <= limits.heap_mb:
            raise BadUserInput(
                f"limits.resident_mb: {limits.resident_mb} is not above heap_mb, which is"
                f" {limits.heap_mb}; the heap is a part of it."
            )
        return stored

    def _checked(self, name: str, value: object, *, is_administrator: bool) -> int | float:
        default: int | float = getattr(self.defaults, name)
        lowest, highest = getattr(MINIMA, name), self._highest(name)
        # A default of the configuration may be a whole number.
        kind = float if isinstance(lowest, float) else int
        # Comparing refuses NaN as well; True and False are numbers to Python.
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not lowest <= value <= highest
            or kind(value) != value
        ):
            raise BadUserInput(f"limits.{name}: found {value!r}; allowed: {lowest} to {highest}.")
        number = kind(value)
        if number > default and not is_administrator:
            raise Forbidden(
                f"limits.{name}: {value!r} is above the default of {default}. Only an administrator"
                " may set that."
            )
        return number

    def _highest(self, name: str) -> Any:
        """A default of the configuration may be above the maximum."""
        return max(getattr(self.maxima, name), getattr(self.defaults, name))
