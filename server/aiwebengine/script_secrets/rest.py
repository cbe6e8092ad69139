"""REST routes for secrets of scripts."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aiwebengine.core.identity import Scope, Viewer
from aiwebengine.core.rights import needs
from aiwebengine.script_secrets.service import ScriptSecrets
from aiwebengine.script_secrets.types import ScriptSecret
from aiwebengine.scripts.rest import NO_STORE, PATH
from aiwebengine.scripts.rights import EDITORS, Act, must_be_allowed
from aiwebengine.web.authentication import Authentication
from aiwebengine.web.bodies import json_object, text_field, texts_field


def routes(secrets: ScriptSecrets, authentication: Authentication) -> list[Route]:
    """The routes below `/api/engine/scripts/{slug}/secrets`."""

    async def changing(request: Request) -> tuple[Viewer, str, str]:
        authentication.must_be_same_origin(request)
        viewer = await authentication.viewer(request, "rest")
        must_be_allowed(viewer, Act.SET_SECRETS)
        return viewer, request.path_params["slug"], request.path_params["name"]

    @needs(EDITORS)
    async def list_secrets(request: Request) -> Response:
        """The secrets of a script, without their values.

        Args:
            slug: the script.

        Answers:
            200: `secrets`, with `name`, `hosts`, `set_at` and `set_by` of each.

        Raises Unauthenticated, Forbidden, NotFound.
        """
        viewer = await authentication.viewer(request, "rest")
        found = await secrets.all(viewer, request.path_params["slug"])
        return JSONResponse({"secrets": [as_json(one) for one in found]}, headers=NO_STORE)

    @needs(EDITORS, Scope.SCRIPTS_WRITE)
    async def put(request: Request) -> Response:
        """Set a secret, and the hosts that it may be sent to.

        Args:
            slug: the script.
            name: its name, such as `API_KEY`.
            value: its value; it can't be read back.
            hosts: names such as `api.example.org` and `*.example.org`; an empty list if it only
              verifies signatures.

        Answers:
            200: the secret, without its value.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, Conflict, MalformedBody,
        UnsupportedMediaType.
        """
        viewer, slug, name = await changing(request)
        body = await json_object(request)
        secret = await secrets.set(
            viewer,
            slug,
            name,
            text_field(body, "value", "a text"),
            texts_field(body, "hosts", "a list of names such as api.example.org"),
        )
        return JSONResponse(as_json(secret), headers=NO_STORE)

    @needs(EDITORS, Scope.SCRIPTS_WRITE)
    async def delete(request: Request) -> Response:
        """Remove a secret.

        Args:
            slug: the script.
            name: its name.

        Answers:
            204: it is removed.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput.
        """
        viewer, slug, name = await changing(request)
        await secrets.remove(viewer, slug, name)
        return Response(status_code=204, headers=NO_STORE)

    below = PATH + "/{slug}/secrets"
    return [
        Route(below, list_secrets, methods=["GET"]),
        Route(below + "/{name}", put, methods=["PUT"]),
        Route(below + "/{name}", delete, methods=["DELETE"]),
    ]


def as_json(found: ScriptSecret) -> dict[str, Any]:
    """A secret, as REST answers it and `--json` of the command line prints it."""
    return {
        "name": found.name,
        "hosts": found.hosts,
        "set_at": found.set_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "set_by": found.set_by,
    }
