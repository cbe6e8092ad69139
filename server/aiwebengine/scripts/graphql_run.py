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
    """

    slug: str
    method: str = "GET"
    path: str | None = None
    headers: list[HttpHeaderInput] | None = None
    body: str | None = None


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def run_script(info: Info, input: RunScriptInput) -> ScriptRun:
    """Send a request to the active version of a script, as an anonymous visitor, and answer what it
    answers.

    Args:
        input: the request.
    """
    wanted = RunRequest(
        input.slug,
        input.method,
        input.path or "",
        tuple((one.name, one.value) for one in input.headers or ()),
        (input.body or "").encode("utf-8", "replace"),
    )
    return await info.context.services.script_runs.run(info.context.viewer, wanted)
