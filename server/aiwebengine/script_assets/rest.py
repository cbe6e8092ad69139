"""REST routes for the files that a script serves, for people and CI jobs."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Scope, Viewer
from aiwebengine.core.rights import needs
from aiwebengine.script_assets.people import ScriptFiles
from aiwebengine.script_assets.types import (
    ABSENT,
    MOST_LISTED,
    AssetFile,
    Change,
    Changed,
    Delete,
    Edit,
    FilePreconditionFailed,
    OtherContent,
    Put,
    Replacement,
)
from aiwebengine.scripts.rest import NO_STORE, PATH
from aiwebengine.scripts.rights import EDITORS, Act, must_be_allowed
from aiwebengine.web.authentication import Authentication
from aiwebengine.web.bodies import flag_field, json_object, text_field

_TAG = re.compile(r'(?:W/)?"([0-9a-f]{64})"')


def routes(files: ScriptFiles, authentication: Authentication) -> list[Route]:
    """The routes below `/api/engine/scripts/{slug}/files`."""

    async def changing(request: Request) -> tuple[Viewer, str]:
        authentication.must_be_same_origin(request)
        viewer = await authentication.viewer(request, "rest")
        must_be_allowed(viewer, Act.CHANGE)
        return viewer, request.path_params["slug"]

    async def changed(request: Request, viewer: Viewer, slug: str, change: Change) -> Changed:
        try:
            [done] = await files.change(viewer, slug, [change])
        except OtherContent as error:
            if "if-match" in request.headers or "if-none-match" in request.headers:
                raise FilePreconditionFailed(error.message, **error.extensions) from None
            raise
        return done

    @needs(EDITORS)
    async def list_files(request: Request) -> Response:
        """The files that a script serves: those that it stored and those of its active version.

        Args:
            slug: the script.
            prefix: the beginning of the paths.
            stored: `true` for stored files only.
            limit: maximum number of files, 1 to 1000 (default 100).
            after: the path before the first one, as in the header `Link`.

        Answers:
            200: `files` with `path`, `size`, `hash`, `type`, `stored` and `updated_at` of each; the
                next page in the header `Link`.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput.
        """
        viewer = await authentication.viewer(request, "rest")
        slug, asked = request.path_params["slug"], request.query_params
        limit = asked.get("limit", "100")
        if not re.fullmatch(r"\d{1,4}", limit):
            raise BadUserInput(f"limit: found {limit[:40]!r}; allowed: 1 to {MOST_LISTED}.")
        page = await files.page(
            viewer,
            slug,
            asked.get("prefix", ""),
            after=asked.get("after"),
            limit=int(limit),
            only_stored=_flag("stored", asked.get("stored", "false")),
        )
        answer = JSONResponse({"files": [_facts(one) for one in page.files]}, headers=NO_STORE)
        if page.cursor is not None:
            following = urlencode({**asked, "after": page.cursor})
            answer.headers["Link"] = f'<{request.url.path}?{following}>; rel="next"'
        return answer

    @needs(EDITORS)
    async def read(request: Request) -> Response:
        """A file that a script serves. `ETag` is its hash.

        Args:
            slug: the script.
            path: path of the file.

        Answers:
            200: the content, for a download.

        Raises Unauthenticated, Forbidden, NotFound, Unavailable.
        """
        viewer = await authentication.viewer(request, "rest")
        slug, path = request.path_params["slug"], request.path_params["path"]
        file = await files.file(viewer, slug, path)
        headers = {
            "ETag": f'"{file.digest}"',
            "Content-Type": file.content_type,
            # Never shown on the engine's host, where it would be one of the engine's pages.
            "Content-Disposition": "attachment",
            "X-Content-Type-Options": "nosniff",
            **NO_STORE,
        }
        return Response(await files.content(file), headers=headers)

    @needs(EDITORS, Scope.SCRIPTS_WRITE)
    async def put(request: Request) -> Response:
        """Store a file: the body, of any type.

        Args:
            slug: the script.
            path: path of the file.
            type: its content type (default: by the ending of the path).
            If-Match: the hash that the file has now, as in `ETag`; another one is refused with 412.
            If-None-Match: `*` to refuse with 412 if there is such a file.

        Answers:
            200: `path`, `hash`, `size` and `changed`.
            201: the same for a new file.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, LimitExceeded,
        FilePreconditionFailed, BodyTooLarge.
        """
        viewer, slug = await changing(request)
        change = Put(
            request.path_params["path"],
            await request.body(),
            request.query_params.get("type"),
            _base(request),
        )
        done = await changed(request, viewer, slug, change)
        return JSONResponse(_done(done), 201 if done.is_new else 200, _headers(done))

    @needs(EDITORS, Scope.SCRIPTS_WRITE)
    async def edit(request: Request) -> Response:
        """Replace texts in a file.

        Args:
            slug: the script.
            path: path of the file.
            edits: a list of `{"find": "…", "replace": "…", "all": false}`, each of which sees the
                result of those before. A text is found once, or `all` is true.
            hash: the hash that the file has now; another one is refused with 409.
            If-Match: the same, refused with 412.

        Answers:
            200: `path`, `hash`, `size` and `changed`.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, LimitExceeded, OtherContent,
        FilePreconditionFailed, Conflict for a text that is not found, MalformedBody,
        UnsupportedMediaType, BodyTooLarge.
        """
        viewer, slug = await changing(request)
        body = await json_object(request)
        base = _optional_text(body, "hash")
        change = Edit(
            request.path_params["path"],
            _edits(body),
            _base(request) if base is None else base,
        )
        done = await changed(request, viewer, slug, change)
        return JSONResponse(_done(done), headers=_headers(done))

    @needs(EDITORS, Scope.SCRIPTS_WRITE)
    async def delete(request: Request) -> Response:
        """Remove a stored file. A file of the version with that path is served again.

        Args:
            slug: the script.
            path: path of the file.
            If-Match: the hash that the file has now; another one is refused with 412.

        Answers:
            200: `path` and `changed`, which is false without such a stored file.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, FilePreconditionFailed.
        """
        viewer, slug = await changing(request)
        change = Delete(request.path_params["path"], _base(request))
        done = await changed(request, viewer, slug, change)
        return JSONResponse(_done(done), headers=NO_STORE)

    @needs(EDITORS, Scope.SCRIPTS_WRITE)
    async def batch(request: Request) -> Response:
        """Store, edit and remove several files as one change: all or nothing.

        Args:
            slug: the script.
            changes: a list, each with `op` and `path`, and optionally `hash`, the hash that the
                file has now, or null if it must not exist. `put` has `text` or `base64`, and
                optionally `type`; `edit` has `edits`; `delete` has nothing else.

        Answers:
            200: `files`: `path`, `hash`, `size` and `changed` of each, in order.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, LimitExceeded, OtherContent,
        Conflict for a text that is not found, MalformedBody, UnsupportedMediaType, BodyTooLarge.
        """
        viewer, slug = await changing(request)
        wanted = (await json_object(request)).get("changes")
        if not isinstance(wanted, list) or not all(isinstance(one, dict) for one in wanted):
            raise BadUserInput('changes: allowed: a list such as [{"op": "delete", "path": "a"}].')
        done = await files.change(viewer, slug, [_change(one) for one in wanted])
        return JSONResponse({"files": [_done(one) for one in done]}, headers=NO_STORE)

    below = PATH + "/{slug}/files"
    return [
        Route(below, list_files, methods=["GET"]),
        Route(below, batch, methods=["POST"]),
        Route(below + "/{path:path}", read, methods=["GET"]),
        Route(below + "/{path:path}", put, methods=["PUT"]),
        Route(below + "/{path:path}", edit, methods=["PATCH"]),
        Route(below + "/{path:path}", delete, methods=["DELETE"]),
    ]


def _base(request: Request) -> str | None:
    """What the headers say about the file as it is. Raises BadUserInput."""
    match, none_match = request.headers.get("if-match"), request.headers.get("if-none-match")
    if none_match is not None:
        if none_match.strip() != "*" or match is not None:
            raise BadUserInput(f"If-None-Match: found {none_match[:40]!r}; allowed: *.")
        return ABSENT
    if match is None:
        return None
    tag = _TAG.fullmatch(match.strip())
    if tag is None:
        raise BadUserInput(f"If-Match: found {match[:80]!r}; allowed: the ETag of the file.")
    return tag[1]


def _change(given: Mapping[str, Any]) -> Change:
    """One change of a batch. Raises BadUserInput."""
    body = dict(given)
    op, path = text_field(body, "op", "put, edit, delete"), text_field(body, "path", "a path")
    base = _optional_text(body, "hash")
    if "hash" in body and base is None:
        base = ABSENT
    if op == "put":
        return Put(path, _content(body), _optional_text(body, "type"), base)
    if op == "edit":
        return Edit(path, _edits(body), base)
    if op == "delete":
        return Delete(path, base)
    raise BadUserInput(f"op: found {op[:40]!r}; allowed: put, edit, delete.")


def _content(body: dict[str, Any]) -> bytes:
    if "base64" not in body:
        return text_field(body, "text", "a text, or base64 instead").encode("utf-8", "replace")
    try:
        return base64.b64decode(text_field(body, "base64", "a text"), validate=True)
    except (binascii.Error, ValueError):
        raise BadUserInput("base64: it is not valid base64.") from None


def _edits(body: dict[str, Any]) -> tuple[Replacement, ...]:
    edits = body.get("edits")
    if not isinstance(edits, list) or not all(isinstance(one, dict) for one in edits):
        raise BadUserInput('edits: allowed: a list such as [{"find": "a", "replace": "b"}].')
    return tuple(
        Replacement(
            text_field(one, "find", "a text"),
            text_field(one, "replace", "a text"),
            flag_field(one, "all"),
        )
        for one in edits
    )


def _optional_text(body: dict[str, Any], name: str) -> str | None:
    return None if body.get(name) is None else text_field(body, name, "a text")


def _flag(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise BadUserInput(f"{name}: found {text[:40]!r}; allowed: true, false.")
    return text == "true"


def _facts(file: AssetFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "size": file.size,
        "hash": file.digest,
        "type": file.content_type,
        "stored": file.is_stored,
        "updated_at": file.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _done(done: Changed) -> dict[str, Any]:
    if done.digest is None:
        return {"path": done.path, "changed": done.changed}
    return {"path": done.path, "hash": done.digest, "size": done.size, "changed": done.changed}


def _headers(done: Changed) -> dict[str, str]:
    return {"ETag": f'"{done.digest}"', **NO_STORE}
