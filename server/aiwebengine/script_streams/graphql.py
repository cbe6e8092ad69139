"""GraphQL operations about streams of scripts."""

import strawberry

from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.script_streams.listeners import ScriptStream
from aiwebengine.scripts.rights import EDITORS


@strawberry.field
@needs(EDITORS)
async def script_streams(info: Info, slug: str) -> list[ScriptStream]:
    """Channels of a script that visitors listen to, busiest first, as of the last 10 seconds.

    At most 200. Only for owners of the script and administrators.

    Args:
        slug: the script.
    """
    return await info.context.services.script_listeners.of_script(info.context.viewer, slug)


queries = [script_streams]
