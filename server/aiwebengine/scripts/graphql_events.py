"""GraphQL subscriptions to scripts and their logs."""

from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import strawberry

from aiwebengine.audit.types import AuditAction
from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.scripts.log_types import LogLevel, ScriptLogFilter, ScriptLogLine
from aiwebengine.scripts.rights import EDITORS
from aiwebengine.scripts.types import Script


@strawberry.type
class ScriptChange:
    """A change to a script, sent to subscribers.

    Attributes:
        action: what changed.
        slug: the script's slug.
        at: when it changed.
        by: who changed it.
    """

    action: AuditAction
    slug: str
    at: datetime
    by: str
    script_id: strawberry.Private[UUID]

    @strawberry.field
    async def script(self, info: Info) -> Script | None:
        """The script as it is now; null when it is gone for good."""
        scripts = info.context.services.scripts
        return await scripts.find_by_id(info.context.viewer, self.script_id)


@strawberry.subscription
@needs(EDITORS)
async def script_changed(info: Info, slug: str | None = None) -> AsyncIterator[ScriptChange]:
    """Every change to a script, or to any script, from now on.

    Args:
        slug: only changes to this script.
    """
    streams = info.context.services.script_streams
    async for event in streams.changes(info.context.viewer, slug):
        if event.target_id is not None:
            yield ScriptChange(
                action=event.action,
                slug=event.target_label,
                at=event.at,
                by=event.actor_label,
                script_id=UUID(event.target_id),
            )


@strawberry.subscription
@needs(EDITORS)
async def script_log_added(
    info: Info, slug: str, level: LogLevel | None = None, request_id: str | None = None
) -> AsyncIterator[ScriptLogLine]:
    """New lines of the log of a script that the caller owns, on every instance; of any script for
    administrators.

    Args:
        slug: the script.
        level: lines of this level or above.
        request_id: lines of this request.
    """
    wanted = ScriptLogFilter(level=level, request_id=request_id)
    async for line in info.context.services.script_streams.log(info.context.viewer, slug, wanted):
        yield line


subscriptions = [script_changed, script_log_added]
