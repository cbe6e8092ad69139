"""Export of access reviews."""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator
from dataclasses import fields

import orjson

from aiwebengine.access_reviews.service import AccessReviews
from aiwebengine.access_reviews.types import AccessReviewEntry
from aiwebengine.core.identity import Viewer, ViewerSource
from aiwebengine.core.spreadsheet import lines
from aiwebengine.core.untrusted_text import in_json

PAGE = 1_000
_PRIVATE = ("position", "user_key")
COLUMNS = tuple(field.name for field in fields(AccessReviewEntry) if field.name not in _PRIVATE)


class ReviewExport:
    """Exports all roles of a review with their decisions, a page at a time."""

    def __init__(self, reviews: AccessReviews, viewers: ViewerSource) -> None:
        self._reviews = reviews
        self._viewers = viewers

    async def as_ndjson(self, viewer: Viewer, number: int) -> AsyncIterator[bytes]:
        """One JSON object per line. Raises Forbidden, Unauthenticated, also during the export."""
        async for entries in self._pages(viewer, number):
            rows = [orjson.dumps(as_data(entry)).decode() for entry in entries]
            yield "".join(f"{in_json(row)}\n" for row in rows).encode()

    async def as_csv(self, viewer: Viewer, number: int) -> AsyncIterator[bytes]:
        """Comma-separated values with a header. Raises as `as_ndjson` does."""
        header: list[object] = list(COLUMNS)
        async for entries in self._pages(viewer, number):
            rows = [list(as_data(entry).values()) for entry in entries]
            yield lines([header, *rows] if header else rows)
            header = []

    async def _pages(self, viewer: Viewer, number: int) -> AsyncIterator[list[AccessReviewEntry]]:
        """At least one page, which may be empty."""
        after = None
        while True:
            found = await self._reviews.entries(viewer, number, False, after, PAGE)
            yield found[:PAGE]
            if len(found) <= PAGE:
                return
            after = found[PAGE - 1].position
            # A long export must not continue after the viewer loses the right.
            viewer = await self._viewers.refresh(viewer)


def as_data(entry: AccessReviewEntry) -> dict[str, object]:
    """An entry by the names of the exported columns."""
    fields = {name: getattr(entry, name) for name in COLUMNS}
    return {
        name: value.name if isinstance(value, enum.Enum) else value
        for name, value in fields.items()
    }
