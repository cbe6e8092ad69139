"""REST routes for the life of a script: owners, suspension, deletion."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aiwebengine.core.identity import Role, Scope, Viewer
from aiwebengine.core.rights import needs
from aiwebengine.scripts import answers
from aiwebengine.scripts.rest import NO_STORE, PATH
from aiwebengine.scripts.rights import EDITORS, Act, must_be_allowed
from aiwebengine.scripts.service import Scripts
from aiwebengine.web.authentication import Authentication
from aiwebengine.web.bodies import json_object, text_field


def routes(scripts: Scripts, authentication: Authentication) -> list[Route]:
    """The routes below `/api/engine/scripts/{slug}`."""

    async def changing(request: Request, act: Act) -> tuple[Viewer, str]:
        authentication.must_be_same_origin(request)
        viewer = await authentication.viewer(request, "rest")
        must_be_allowed(viewer, act)
        return viewer, request.path_params["slug"]

    @needs(Role.ADMINISTRATOR, Scope.SCRIPTS_WRITE)
    async def suspend(request: Request) -> Response:
        """Refuse the script's requests until it is resumed.

        Args:
            slug: the script.
            reason: why.

        Answers:
            200: the script.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, MalformedBody,
        UnsupportedMediaType.
        """
        viewer, slug = await changing(request, Act.SUSPEND)
        body = await _optional_body(request)
        reason = text_field(body, "reason", "a text") if "reason" in body else None
        script = await scripts.suspend(viewer, slug, reason)
        return JSONResponse(answers.script(script), headers=NO_STORE)

    @needs(Role.ADMINISTRATOR, Scope.SCRIPTS_WRITE)
    async def resume(request: Request) -> Response:
        """Serve a suspended script again.

        Args:
            slug: the script.

        Answers:
            200: the script.

        Raises Unauthenticated, Forbidden, NotFound.
        """
        viewer, slug = await changing(request, Act.SUSPEND)
        return JSONResponse(answers.script(await scripts.resume(viewer, slug)), headers=NO_STORE)

    @needs(EDITORS, Scope.SCRIPTS_WRITE)
    async def delete(request: Request) -> Response:
        """Stop serving a script and free its routes. It can be restored for 30 days.

        Args:
            slug: the script.

        Answers:
            204: it is deleted.

        Raises Unauthenticated, Forbidden, NotFound.
        """
        viewer, slug = await changing(request, Act.DELETE)
        await scripts.delete(viewer, slug)
        return Response(status_code=204, headers=NO_STORE)

    @needs(EDITORS, Scope.SCRIPTS_WRITE)
    async def restore(request: Request) -> Response:
        """Restore the script with this slug that was deleted last; nothing of it is deployed.

        Args:
            slug: the script.

        Answers:
            200: the script.

        Raises Unauthenticated, Forbidden, NotFound, Conflict.
        """
        viewer, slug = await changing(request, Act.DELETE)
        return JSONResponse(answers.script(await scripts.restore(viewer, slug)), headers=NO_STORE)

    @needs(EDITORS)
    async def list_owners(request: Request) -> Response:
        """The owners of a script.

        Args:
            slug: the script.

        Answers:
            200: `owners`, with `email`, `name`, `added_at` and `added_by` of each.

        Raises Unauthenticated, Forbidden, NotFound.
        """
        viewer = await authentication.viewer(request, "rest")
        found = await scripts.owners(viewer, request.path_params["slug"])
        return _owners(found)

    @needs(EDITORS, Scope.SCRIPTS_WRITE)
    async def add_owner(request: Request) -> Response:
        """Add an owner.

        Args:
            slug: the script.
            email: address of a user with the role Editor or Administrator.

        Answers:
            200: the owners.

        Raises Unauthenticated, Forbidden, NotFound, Conflict, BadUserInput, MalformedBody,
        UnsupportedMediaType.
        """
        viewer, slug = await changing(request, Act.CHANGE_OWNERS)
        email = text_field(await json_object(request), "email", "the address of a user")
        return _owners(await scripts.add_owner(viewer, slug, email))

    @needs(EDITORS, Scope.SCRIPTS_WRITE)
    async def remove_owner(request: Request) -> Response:
        """Remove an owner; the last one stays.

        Args:
            slug: the script.
            email: address of the owner.

        Answers:
            200: the owners.

        Raises Unauthenticated, Forbidden, NotFound, LastOwner.
        """
        viewer, slug = await changing(request, Act.CHANGE_OWNERS)
        return _owners(await scripts.remove_owner(viewer, slug, request.path_params["email"]))

    below = PATH + "/{slug}"
    return [
        Route(below + "/suspend", suspend, methods=["POST"]),
        Route(below + "/resume", resume, methods=["POST"]),
        Route(below + "/restore", restore, methods=["POST"]),
        Route(below + "/owners", list_owners, methods=["GET"]),
        Route(below + "/owners", add_owner, methods=["POST"]),
        Route(below + "/owners/{email}", remove_owner, methods=["DELETE"]),
        Route(below, delete, methods=["DELETE"]),
    ]


def _owners(found: list[Any]) -> Response:
    return JSONResponse({"owners": [answers.owner(one) for one in found]}, headers=NO_STORE)


async def _optional_body(request: Request) -> dict[str, Any]:
    """The JSON body; empty when there is none."""
    return await json_object(request) if await request.body() else {}
