"""Reads parameters of a query string."""

from __future__ import annotations

from datetime import datetime

from aiwebengine.core.errors import BadUserInput


def instant(name: str, text: str | None) -> datetime | None:
    """Parse *text*, the value of the parameter *name*; None when it is empty.

    Raises BadUserInput when it is not an ISO 8601 date and time.
    """
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadUserInput(
            f"{name}: found {text[:40]!r}; allowed: an instant such as 2026-01-31T12:00:00Z."
        ) from None
