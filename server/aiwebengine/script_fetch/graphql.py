"""GraphQL operations for the hosts that scripts send requests to."""

import strawberry

from aiwebengine.core.identity import Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.scripts.rights import EDITORS


@strawberry.input
class SetScriptFetchHostsInput:
    """Hosts that a script may send requests to.

    Attributes:
        slug: the script.
        hosts: names such as `api.example.org`, or `*.example.org` for the names below it, at most
          50; null for every public host, an empty list for none.
    """

    slug: str
    hosts: list[str] | None


@strawberry.type
class ScriptFetchHostsPayload:
    """Hosts that a script may send requests to.

    Attributes:
        hosts: the hosts; null for every public host.
    """

    hosts: list[str] | None


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def set_script_fetch_hosts(
    info: Info, input: SetScriptFetchHostsInput
) -> ScriptFetchHostsPayload:
    """Set the hosts that a script may send requests to.

    Args:
        input: the script and the hosts.
    """
    hosts = await info.context.services.fetch_hosts.set(
        info.context.viewer, input.slug, input.hosts
    )
    return ScriptFetchHostsPayload(hosts=hosts)


mutations = [set_script_fetch_hosts]
