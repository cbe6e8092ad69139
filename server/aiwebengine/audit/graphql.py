"""GraphQL operations on the audit trail."""

from collections.abc import AsyncIterator
from dataclasses import asdict

import strawberry

from aiwebengine.audit.paging import LIST, key, key_of
from aiwebengine.audit.types import AuditEvent, AuditFilter
from aiwebengine.core.identity import Role
from aiwebengine.core.rights import needs
from aiwebengine.graphql.connection import Connection, connect, page_size
from aiwebengine.graphql.context import Info


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def audit_events(
    info: Info, first: int = 50, after: str | None = None, filter: AuditFilter | None = None
) -> Connection[AuditEvent]:
    """The audit trail, newest first.

    Args:
        first: maximum number of items, 1 to 200.
        after: the `endCursor` of the previous page.
        filter: filter of the events.
    """
    return await _page(info, first, after, filter or AuditFilter())


@strawberry.subscription
@needs(Role.ADMINISTRATOR)
async def audit_event_added(info: Info) -> AsyncIterator[AuditEvent]:
    """New audit events."""
    async for event in info.context.services.following.events(info.context.viewer):
        yield event


async def _page(
    info: Info, first: int, after: str | None, wanted: AuditFilter
) -> Connection[AuditEvent]:
    viewer, trail, cursors = info.context.viewer, info.context.services.audit, info.context.cursors
    viewer.must_be(Role.ADMINISTRATOR)
    first, bound = page_size(first), repr(asdict(wanted))
    found = await trail.page(viewer, wanted, key_of(cursors.decode(LIST, bound, after)), first)
    return connect(
        found,
        first,
        after=after,
        cursor=lambda event: cursors.encode(LIST, bound, key(event)),
        count=lambda: trail.count(viewer, wanted),
    )


queries = [audit_events]
subscriptions = [audit_event_added]
