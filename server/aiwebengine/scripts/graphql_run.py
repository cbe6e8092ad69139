"""GraphQL operation that runs a script."""

import strawberry

from aiwebengine.core.identity import Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.scripts.rights import EDITORS
from aiwebengine.scripts.run_types import RunRequest, ScriptRun


@strawberry.input
class HttpHeaderInput:
    """A header of a request.

    Attributes:
        name: its name.
        value: its value.
    """

    name: str
    value: str


@strawberry.input
class RunScriptInput:
    """Request to a script.

    Attributes:
        slug: the script.
        method: method of HTTP.
        path: path with its query, such as `/hello?name=Ada`; by default `/` and the slug.
        headers: headers, in order.
        body: the body as text.
        as_viewer: send it as the caller: the script sees the name,
          address and roles that it sees when the caller opens it, never a cookie or token. By
          default the visitor is anonymous.
    """

    slug: str
    method: str = "GET"
    path: str | None = None
    headers: list[HttpHeaderInput] | None = None
    body: str | None = None
    as_viewer: bool = False


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def run_script(info: Info, input: RunScriptInput) -> ScriptRun:
    """Send a request to the active version of a script, and answer what it answers. The visitor is
    anonymous, or the caller.

    Args:
        input: the request.
    """
    wanted = RunRequest(
        input.slug,
        input.method,
        input.path or "",
        tuple((one.name, one.value) for one in input.headers or ()),
        (input.body or "").encode("utf-8", "replace"),
        input.as_viewer,
    )
    return await info.context.services.script_runs.run(info.context.viewer, wanted)
