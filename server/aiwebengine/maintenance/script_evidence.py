"""Evidence about scripts: which of them need attention."""

from __future__ import annotations

from collections.abc import Sequence

from aiwebengine.core.formats import count
from aiwebengine.maintenance.types import Evidence, Finding, MaintenanceState
from aiwebengine.scripts.service import Scripts
from aiwebengine.telemetry.scripts import ScriptTelemetry

UNUSED_DAYS = 30
MOST_NAMED = 5


def reviewed(scripts: Scripts, telemetry: ScriptTelemetry) -> Evidence:
    """Evidence of scripts that fail, are suspended, have no active owner, or are never called."""

    async def look() -> Finding:
        found = await scripts.attention(UNUSED_DAYS)
        if not found.total:
            return Finding("There are no scripts.", MaintenanceState.OK)
        failing = [
            f"{slug} ({errors} of {requests})"
            for slug, requests, errors in await telemetry.failing()
            if slug in found.active
        ]
        called = await telemetry.called_within(UNUSED_DAYS)
        unused = [slug for slug in found.long_active if slug not in called]
        problems = [
            _sentence("Failing today", failing),
            _sentence("Suspended", found.suspended),
            _sentence("Without an active owner", found.without_owner),
            _sentence(f"Not called for {UNUSED_DAYS} days", unused),
        ]
        saw = " ".join(filter(None, problems))
        if saw:
            return Finding(saw, MaintenanceState.ATTENTION)
        saw = f"{count(found.total, 'script')}, none needs attention."
        return Finding(saw, MaintenanceState.OK)

    return look


def _sentence(label: str, slugs: Sequence[str]) -> str:
    if not slugs:
        return ""
    more = len(slugs) - MOST_NAMED
    named = ", ".join(slugs[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"{label}: {named}."
