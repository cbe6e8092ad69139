"""GraphQL operations on saved requests of scripts."""

import strawberry

from aiwebengine.core.identity import Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.script_requests.types import NewRequest, ScriptRequest
from aiwebengine.scripts.graphql_run import HttpHeaderInput
from aiwebengine.scripts.rights import EDITORS


@strawberry.input
class SaveScriptRequestInput:
    """Request to save.

    Attributes:
        slug: the script.
        id: the saved request to replace; by default a new one is saved.
        name: its name, unique in the script; at most 100 characters.
        method: method of HTTP.
        path: path with its query, such as `/hello?name=Ada`.
        headers: headers, in order. All owners of the script can read them.
        body: the body as text; at most 256,000 characters.
        as_viewer: whether to send it as who runs it, not as an anonymous visitor.
    """

    slug: str
    name: str
    path: str
    id: strawberry.ID | None = None
    method: str = "GET"
    headers: list[HttpHeaderInput] | None = None
    body: str | None = None
    as_viewer: bool = False


@strawberry.input
class DeleteScriptRequestInput:
    """Saved request to delete.

    Attributes:
        slug: the script.
        id: ID of the request.
    """

    slug: str
    id: strawberry.ID


@strawberry.type
class ScriptRequestPayload:
    """A request that was saved.

    Attributes:
        request: the request.
    """

    request: ScriptRequest


@strawberry.type
class DeletedScriptRequestPayload:
    """The saved requests of a script after one was deleted.

    Attributes:
        requests: the requests that are left, by name.
    """

    requests: list[ScriptRequest]


@strawberry.field
@needs(EDITORS)
async def script_requests(info: Info, slug: str) -> list[ScriptRequest]:
    """Requests to a script that were saved to send them again, by name. For its owners and
    administrators. At most 100 are saved.

    Args:
        slug: the script.
    """
    return await info.context.services.script_requests.all(info.context.viewer, slug)


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def save_script_request(info: Info, input: SaveScriptRequestInput) -> ScriptRequestPayload:
    """Save a request to a script, to send it again. It is not sent.

    Args:
        input: the request.
    """
    wanted = NewRequest(
        input.name,
        input.method,
        input.path,
        tuple((one.name, one.value) for one in input.headers or ()),
        input.body or "",
        input.as_viewer,
    )
    saved = await info.context.services.script_requests.save(
        info.context.viewer, input.slug, input.id, wanted
    )
    return ScriptRequestPayload(request=saved)


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def delete_script_request(
    info: Info, input: DeleteScriptRequestInput
) -> DeletedScriptRequestPayload:
    """Delete a saved request of a script.

    Args:
        input: the request.
    """
    left = await info.context.services.script_requests.delete(
        info.context.viewer, input.slug, input.id
    )
    return DeletedScriptRequestPayload(requests=left)


queries = [script_requests]
mutations = [save_script_request, delete_script_request]
