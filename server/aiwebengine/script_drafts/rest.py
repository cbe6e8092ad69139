"""REST for drafts that are larger than a request of GraphQL may be."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Scope
from aiwebengine.core.rights import needs
from aiwebengine.script_drafts.service import ScriptDrafts
from aiwebengine.script_drafts.types import DraftChange
from aiwebengine.scripts import archives
from aiwebengine.scripts.files import must_be_few
from aiwebengine.scripts.rest import NO_STORE, PATH
from aiwebengine.scripts.rights import EDITORS, Act, must_be_allowed
from aiwebengine.web.authentication import Authentication
from aiwebengine.web.bodies import json_object, texts_field

_LARGEST_NUMBER = 2**63 - 1


def routes(drafts: ScriptDrafts, authentication: Authentication) -> list[Route]:
    """The route of the caller's draft of a script."""

    @needs(EDITORS, Scope.SCRIPTS_WRITE)
    async def save(request: Request) -> Response:
        """Keep files that the caller has changed, for the caller only: as `saveScriptDraft` does.

        Args:
            slug: the script.
            baseVersion: number of the version that the files differ from, 0 before the first.
            files: files that differ, by path: text, `{"base64": "…"}`, or null for a removed one.
            unchanged: paths of the draft that no longer differ from the version.
            revision: the draft's revision as last read, 0 without a draft. Omit to change any.

        Answers:
            200: `revision`, 0 when nothing differs from the version.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, Conflict, MalformedBody,
        UnsupportedMediaType, BodyTooLarge.
        """
        authentication.must_be_same_origin(request)
        viewer = await authentication.viewer(request, "rest")
        # Before the body is read: only editors may send a large one.
        must_be_allowed(viewer, Act.CREATE)
        change = await asyncio.to_thread(_change, await json_object(request))
        draft = await drafts.save(viewer, request.path_params["slug"], change)
        return JSONResponse({"revision": draft.revision if draft else 0}, headers=NO_STORE)

    return [Route(PATH + "/{slug}/draft", save, methods=["PUT"])]


def _change(body: Mapping[str, Any]) -> DraftChange:
    given = body.get("files")
    if not isinstance(given, dict):
        raise BadUserInput('files: allowed is an object such as {"main.ts": "…"}.')
    unchanged = texts_field({"unchanged": [], **body}, "unchanged", "a list of paths")
    must_be_few(len(given) + len(unchanged))
    contents = archives.from_json({path: one for path, one in given.items() if one is not None})
    files: dict[str, bytes | None] = {path: contents.get(path) for path in given}
    if files.keys() & set(unchanged):
        raise BadUserInput("files: one of them is in unchanged as well.")
    expected = None if body.get("revision") is None else _number(body, "revision")
    return DraftChange(_number(body, "baseVersion"), files, frozenset(unchanged), expected)


def _number(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST_NUMBER:
        return value
    raise BadUserInput(f"{name}: allowed: a number from 0.")
