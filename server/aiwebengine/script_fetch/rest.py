"""REST route for the hosts that a script sends requests to."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Scope
from aiwebengine.core.rights import needs
from aiwebengine.script_fetch.allowed_hosts import FetchHosts
from aiwebengine.scripts.rest import NO_STORE, PATH
from aiwebengine.scripts.rights import EDITORS, Act, must_be_allowed
from aiwebengine.web.authentication import Authentication
from aiwebengine.web.bodies import json_object, texts_field


def routes(hosts: FetchHosts, authentication: Authentication) -> list[Route]:
    """The route `/api/engine/scripts/{slug}/fetch-hosts`."""

    @needs(EDITORS, Scope.SCRIPTS_WRITE)
    async def put(request: Request) -> Response:
        """Set the hosts that a script may send requests to.

        Args:
            slug: the script.
            hosts: names such as `api.example.org` and `*.example.org`; null for every public host.

        Answers:
            200: `hosts`.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, MalformedBody,
        UnsupportedMediaType.
        """
        authentication.must_be_same_origin(request)
        viewer = await authentication.viewer(request, "rest")
        must_be_allowed(viewer, Act.SET_FETCH_HOSTS)
        body = await json_object(request)
        if "hosts" not in body:
            raise BadUserInput("hosts: found nothing; allowed: a list of names, or null.")
        wanted = None if body["hosts"] is None else texts_field(body, "hosts", "a list of names")
        allowed = await hosts.set(viewer, request.path_params["slug"], wanted)
        return JSONResponse({"hosts": allowed}, headers=NO_STORE)

    return [Route(PATH + "/{slug}/fetch-hosts", put, methods=["PUT"])]
