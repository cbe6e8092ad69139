"""GraphQL operations for logs."""

from collections.abc import AsyncIterator
from dataclasses import asdict

import strawberry

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Role
from aiwebengine.core.rights import needs
from aiwebengine.graphql.connection import Cursors, PageInfo, page_size
from aiwebengine.graphql.context import Info
from aiwebengine.logs.search import Page, Position
from aiwebengine.logs.service import position_of
from aiwebengine.logs.types import LogEntry, LogEntryConnection, LogEntryEdge, LogFilter

LIST = "logEntries"


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def log_entries(
    info: Info, first: int = 200, after: str | None = None, filter: LogFilter | None = None
) -> LogEntryConnection:
    """Log lines of this instance, newest first.

    Args:
        first: maximum number of items, 1 to 200.
        after: `endCursor` of the previous page.
        filter: filter for the lines.
    """
    viewer, logs, cursors = info.context.viewer, info.context.services.logs, info.context.cursors
    viewer.must_be(Role.ADMINISTRATOR)
    criteria = filter or LogFilter()
    first, bound = page_size(first), repr(asdict(criteria))
    start = _position(cursors.decode(LIST, bound, after))
    page = await logs.page(viewer, criteria, start, first)

    async def count() -> int | None:
        return await logs.count(viewer, criteria)

    edges, page_info = _connection(page, first, after, cursors, bound)
    return LogEntryConnection(
        edges=edges,
        nodes=[edge.node for edge in edges],
        page_info=page_info,
        searched_back_to=page.back_to,
        count=count,
    )


@strawberry.subscription
@needs(Role.ADMINISTRATOR)
async def log_entry_added(info: Info, filter: LogFilter | None = None) -> AsyncIterator[LogEntry]:
    """New log lines of this instance.

    Args:
        filter: filter for the lines.
    """
    following = info.context.services.following_logs
    async for entry in following.entries(info.context.viewer, filter or LogFilter()):
        yield entry


def _connection(
    page: Page, first: int, after: str | None, cursors: Cursors, bound: str
) -> tuple[list[LogEntryEdge], PageInfo]:
    edges = [
        LogEntryEdge(cursor=cursors.encode(LIST, bound, position_of(entry.id)), node=entry)
        for entry in page.entries[:first]
    ]
    has_next = len(page.entries) > first
    end = edges[-1].cursor if edges else None
    if not has_next and page.back_to is not None and page.reached is not None:
        # Cut short: the next page continues where the search stopped, not at the last line found.
        has_next, end = True, cursors.encode(LIST, bound, page.reached)
    return edges, PageInfo(
        has_next_page=has_next,
        has_previous_page=after is not None,
        start=lambda: edges[0].cursor if edges else None,
        end=lambda: end,
    )


def _position(decoded: tuple[object, ...] | None) -> Position | None:
    match decoded:
        case None:
            return None
        case (str() as name, int() as place):
            return name, place
    raise BadUserInput("after: this is not a cursor of this list.")


queries = [log_entries]
subscriptions = [log_entry_added]
