"""Export of the audit trail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import fields

import orjson

from aiwebengine.audit.paging import key
from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditEvent, AuditFilter
from aiwebengine.core.identity import Viewer, ViewerSource
from aiwebengine.core.spreadsheet import lines
from aiwebengine.core.untrusted_text import in_json

PAGE = 1_000
COLUMNS = tuple(field.name for field in fields(AuditEvent))


class Export:
    """Exports the events that match a filter, newest first, a page at a time."""

    def __init__(self, trail: AuditTrail, viewers: ViewerSource) -> None:
        self._trail = trail
        self._viewers = viewers

    async def as_ndjson(self, viewer: Viewer, wanted: AuditFilter) -> AsyncIterator[bytes]:
        """One JSON object per line (https://github.com/ndjson/ndjson-spec), as pages of lines.

        Raises Forbidden, Unauthenticated (also during the export, when the right is lost),
        BadUserInput, Unavailable.
        """
        async for events in self._pages(viewer, wanted):
            rows = [orjson.dumps(_as_row(event)).decode() for event in events]
            yield "".join(f"{in_json(row)}\n" for row in rows).encode()

    async def as_csv(self, viewer: Viewer, wanted: AuditFilter) -> AsyncIterator[bytes]:
        """Comma-separated values with a header (RFC 4180). Raises as `as_ndjson` does."""
        header: list[object] = list(COLUMNS)
        async for events in self._pages(viewer, wanted):
            rows = [list(_as_row(event).values()) for event in events]
            yield lines([header, *rows] if header else rows)
            header = []

    async def _pages(self, viewer: Viewer, wanted: AuditFilter) -> AsyncIterator[list[AuditEvent]]:
        """At least one page, which may be empty."""
        after = None
        while True:
            found = await self._trail.page(viewer, wanted, after, PAGE)
            yield found[:PAGE]
            if len(found) <= PAGE:
                return
            after = key(found[PAGE - 1])
            # A long export must not continue after the viewer loses the right.
            viewer = await self._viewers.refresh(viewer)


def _as_row(event: AuditEvent) -> dict[str, object]:
    fields = {name: getattr(event, name) for name in COLUMNS}
    return {**fields, "action": event.action.name, "actor_kind": event.actor_kind.name}
