"""Formats sizes, durations, instants and counts for people; JSON gets the plain values."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = ("kB", "MB", "GB", "TB", "PB")
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def size(number: float) -> str:
    """A number of bytes, in decimal units with one digit: `999 B`, `1.5 GB`."""
    if abs(number) < 1_000:
        return f"{number:.0f} B"
    value = number / 1_000
    for unit in _UNITS[:-1]:
        # A value that rounds to 1000.0 uses the next unit.
        if abs(value) < 999.95:
            return f"{value:.1f} {unit}"
        value /= 1_000
    return f"{value:.1f} {_UNITS[-1]}"


def duration(seconds: float) -> str:
    """A time span in its two largest units: `350 ms`, `1.5 s`, `2 min 5 s`, `3 h`, `4 days 2 h`."""
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 0.9995:
        return _milliseconds(1_000 * seconds)
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return _two(whole, _MINUTE, "min", 1, "s")
    # Seconds are truncated, not rounded, so that 1 h 59 min 59 s does not become 2 h.
    if whole < _DAY:
        return _two(whole, _HOUR, "h", _MINUTE, "min")
    days, rest = divmod(whole, _DAY)
    hours = rest // _HOUR
    return count(days, "day") + (f" {hours} h" if hours else "")


def instant(at: datetime) -> str:
    """A moment to the minute, in UTC: `2026-11-27 10:15 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def second(at: datetime) -> str:
    """A moment to the second, in UTC: `2026-11-27 10:15:42 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def day(at: datetime) -> str:
    """The date of a moment, in UTC: `2026-11-27`."""
    return f"{at.astimezone(UTC):%Y-%m-%d}"


def count(number: int, noun: str, plural: str | None = None) -> str:
    """A number of things: `1 user`, `1,200 users`; *plural* is for a noun without a plain -s."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def ended(text: str) -> str:
    """The text with a full stop at its end, so that another sentence can follow."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _milliseconds(value: float) -> str:
    if value < 0.05:
        return "0 ms"
    # Below 10 ms with one decimal digit.
    digits = 0 if value >= 9.95 else 1
    return f"{value:.{digits}f}".removesuffix(".0") + " ms"


def _two(whole: int, large: int, large_unit: str, small: int, small_unit: str) -> str:
    most, rest = divmod(whole, large)
    least = rest // small
    return f"{most} {large_unit}" + (f" {least} {small_unit}" if least else "")
