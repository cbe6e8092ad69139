"""REST routes for scripts, for deploying from a script or a CI job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Scope, Viewer
from aiwebengine.core.rights import needs
from aiwebengine.graphql.connection import Cursors
from aiwebengine.scripts import answers, archives
from aiwebengine.scripts.files import tree_of
from aiwebengine.scripts.paging import LIST, binding, key, key_of
from aiwebengine.scripts.preconditions import precondition_of, tag_of
from aiwebengine.scripts.records import Tree
from aiwebengine.scripts.rights import EDITORS, Act, must_be_allowed
from aiwebengine.scripts.service import Scripts
from aiwebengine.scripts.types import ScriptFilter
from aiwebengine.web.authentication import Authentication
from aiwebengine.web.bodies import UnsupportedMediaType, flag_field, json_object, text_field

PATH = "/api/engine/scripts"
MOST_SCRIPTS = 1_000
LARGEST_BODY_BYTES = 75_000_000
"""A version of the largest size, in base64."""
TAR_TYPES = frozenset(
    {"application/x-tar", "application/tar", "application/gzip", "application/x-gzip"}
)
NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True)
class Sent:
    """What a request to store or check files says."""

    tree: Tree | None
    version: int | None = None
    title: str | None = None
    message: str | None = None
    deploy: bool = True
    load: bool = True

    def checked(self) -> Sent:
        """Itself. Raises BadUserInput for what can't be done together."""
        if self.deploy and not self.load:
            raise BadUserInput("load: what is deployed is loaded; send deploy false as well.")
        return self


def routes(
    scripts: Scripts, authentication: Authentication, cursors_now: Callable[[], Cursors]
) -> list[Route]:
    """The routes below `/api/engine/scripts`; *cursors_now* raises Unavailable during the start."""

    async def changing(request: Request) -> Viewer:
        authentication.must_be_same_origin(request)
        viewer = await authentication.viewer(request, "rest")
        # Before the body is read: only editors may send a large one.
        must_be_allowed(viewer, Act.CREATE)
        return viewer

    @needs(EDITORS)
    async def list_scripts(request: Request) -> Response:
        """A page of scripts by slug: `scripts` and `total`; the next one in the header `Link`.

        Args:
            limit: maximum number of scripts, 1 to 1000 (default 100).
            after: the cursor in the header `Link`.
            search: text in the slug or title.

        Answers:
            200: the page.

        Raises Unauthenticated, Forbidden, BadUserInput.
        """
        viewer = await authentication.viewer(request, "rest")
        must_be_allowed(viewer, Act.READ)
        asked = request.query_params
        limit = _number("limit", asked.get("limit", "100"), MOST_SCRIPTS)
        wanted, cursors = ScriptFilter(search=asked.get("search")), cursors_now()
        after = key_of(cursors.decode(LIST, binding(wanted), asked.get("after")))
        found = await scripts.page(viewer, wanted, after, limit)
        answer = JSONResponse(
            {
                "scripts": [answers.script(one) for one in found[:limit]],
                "total": await scripts.count(viewer, wanted),
            },
            headers=NO_STORE,
        )
        if len(found) > limit:
            cursor = cursors.encode(LIST, binding(wanted), key(found[limit - 1]))
            following = urlencode({**asked, "limit": limit, "after": cursor})
            answer.headers["Link"] = f'<{PATH}?{following}>; rel="next"'
        return answer

    @needs(EDITORS)
    async def read(request: Request) -> Response:
        """A script: state, versions, owners, routes, limits. `ETag` is the newest version.

        Args:
            slug: the script.
            files: `true` to get `files` as `PUT` takes them, with `entry`.
            version: the version of the files: a number (default: the newest).

        Answers:
            200: the script.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput.
        """
        viewer = await authentication.viewer(request, "rest")
        slug, asked = request.path_params["slug"], request.query_params
        script = await scripts.get(viewer, slug)
        body = answers.script(script) | {
            "owners": [answers.owner(one) for one in await scripts.owners(viewer, slug)],
            "routes": answers.routes(await scripts.routes(viewer, slug)),
            "limits": answers.limits(scripts.limits_of(script)),
        }
        if _flag("files", asked.get("files", "false")):
            number = _version(asked.get("version")) or script.newest_version
            version = await scripts.version(viewer, slug, number)
            files = await scripts.files(viewer, slug, number)
            body |= {"entry": version.entry, "files": archives.to_json(files)}
        return JSONResponse(body, headers={"ETag": tag_of(script), **NO_STORE})

    @needs(EDITORS)
    async def export(request: Request) -> Response:
        """The files of a version as a tar archive. `ETag` is the newest version.

        Args:
            slug: the script.
            version: number of the version (default: the newest).

        Answers:
            200: the archive.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput.
        """
        viewer = await authentication.viewer(request, "rest")
        slug = request.path_params["slug"]
        script = await scripts.get(viewer, slug)
        number = _version(request.query_params.get("version")) or script.newest_version
        version = await scripts.version(viewer, slug, number)
        files = await scripts.files(viewer, slug, number)
        archive = await asyncio.to_thread(archives.to_tar, files, version.created_at)
        name = f'attachment; filename="{script.slug}-{number}.tar"'
        return Response(
            archive,
            media_type="application/x-tar",
            headers={"ETag": tag_of(script), "Content-Disposition": name, **NO_STORE},
        )

    @needs(EDITORS, Scope.SCRIPTS_WRITE)
    async def put(request: Request) -> Response:
        """Load, save and deploy a version; creates the script if there is none.

        The body is JSON, or a tar archive (also with gzip) and the other values as parameters of
        the query. If anything is wrong, nothing changes. `ETag` of the answer is the new version.

        Args:
            slug: the script.
            files: contents by path: text, or `{"base64": "…"}`.
            entry: the file to load (default: `main.ts`, `main.tsx`, `main.js` or `main.jsx`).
            message: what the version changes.
            title: title of a new script.
            deploy: false to save without deploying (default true).
            load: false to save without loading (default true); only with `deploy` false, of a
                script that exists.
            If-Match: the newest version as the client knows it; another one is refused with 412.
            If-None-Match: `*` to refuse with 412 if the script exists.

        Answers:
            200: `slug`, `version`, `active`, `routes` and `diagnostics`.
            201: the same for a script that was created.

        Raises Unauthenticated, Forbidden, BadUserInput, NotLoadable, RouteTaken, Conflict,
        PreconditionFailed, MalformedBody, UnsupportedMediaType, BodyTooLarge, Unavailable.
        """
        viewer = await changing(request)
        expected = precondition_of(
            request.headers.get("if-match"), request.headers.get("if-none-match")
        )
        sent = await sent_with(request)
        if sent.tree is None:
            raise BadUserInput('files: found none; allowed is an object such as {"main.ts": "…"}.')
        slug = request.path_params["slug"]
        if not sent.load:
            saved = await scripts.save_as_expected(viewer, slug, sent.tree, expected, sent.message)
            headers = {"ETag": tag_of(saved.script), **NO_STORE}
            return JSONResponse(answers.saved(saved), headers=headers)
        done = await scripts.put(
            viewer,
            slug,
            sent.tree,
            title=sent.title,
            message=sent.message,
            deploy=sent.deploy,
            precondition=expected,
        )
        headers = {"ETag": tag_of(done.script), **NO_STORE}
        return JSONResponse(answers.deployed(done), 201 if done.is_new else 200, headers)

    @needs(EDITORS, Scope.SCRIPTS_WRITE)
    async def check(request: Request) -> Response:
        """Load a version without deploying it: the files of the body, as `PUT` takes them, or a
        saved version.

        Args:
            slug: the script.
            version: number of a saved version (default: the newest), if there are no files.

        Answers:
            200: `ok`, `routes` and `diagnostics`.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, Conflict, MalformedBody,
        UnsupportedMediaType, BodyTooLarge, Unavailable.
        """
        viewer = await changing(request)
        slug, sent = request.path_params["slug"], await sent_with(request)
        if sent.tree is None:
            found = await scripts.check(viewer, slug, sent.version)
        else:
            found = await scripts.check_files(viewer, slug, sent.tree)
        return JSONResponse(answers.checked(found), headers=NO_STORE)

    async def deployed(request: Request, *, is_rollback: bool) -> Response:
        viewer = await changing(request)
        slug, sent = request.path_params["slug"], await sent_with(request)
        operation = scripts.roll_back if is_rollback else scripts.deploy
        done = await operation(viewer, slug, sent.version)
        headers = {"ETag": tag_of(done.script), **NO_STORE}
        return JSONResponse(answers.deployed(done), headers=headers)

    @needs(EDITORS, Scope.SCRIPTS_WRITE)
    async def deploy(request: Request) -> Response:
        """Deploy a saved version.

        Args:
            slug: the script.
            version: number of the version (default: the newest).

        Answers:
            200: `slug`, `version`, `active`, `routes` and `diagnostics`.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, NotLoadable, RouteTaken,
        Conflict, Unavailable.
        """
        return await deployed(request, is_rollback=False)

    @needs(EDITORS, Scope.SCRIPTS_WRITE)
    async def rollback(request: Request) -> Response:
        """Deploy an earlier version again.

        Args:
            slug: the script.
            version: number of the version (default: the last deployed one before the active one).

        Answers:
            200: as of `deploy`.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, NotLoadable, RouteTaken,
        Conflict, Unavailable.
        """
        return await deployed(request, is_rollback=True)

    return [
        Route(PATH, list_scripts, methods=["GET"]),
        Route(PATH + "/{slug}.tar", export, methods=["GET"]),
        Route(PATH + "/{slug}", read, methods=["GET"]),
        Route(PATH + "/{slug}", put, methods=["PUT"]),
        Route(PATH + "/{slug}/check", check, methods=["POST"]),
        Route(PATH + "/{slug}/deploy", deploy, methods=["POST"]),
        Route(PATH + "/{slug}/rollback", rollback, methods=["POST"]),
    ]


async def sent_with(request: Request) -> Sent:
    """What the body and the query say. A body without content says nothing."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in TAR_TYPES:
        asked = request.query_params
        files = await asyncio.to_thread(archives.from_tar, await request.body())
        return Sent(
            tree=await asyncio.to_thread(tree_of, files, asked.get("entry")),
            title=asked.get("title"),
            message=asked.get("message"),
            deploy=_flag("deploy", asked.get("deploy", "true")),
            load=_flag("load", asked.get("load", "true")),
        ).checked()
    if not kind and not await request.body():
        return Sent(None)
    if kind != "application/json":
        raise UnsupportedMediaType(
            f"Content-Type: found {kind or 'none'!r}, allowed are 'application/json' and"
            f" {', '.join(map(repr, sorted(TAR_TYPES)))}."
        )
    return await _sent_as_json(await json_object(request))


async def _sent_as_json(body: Mapping[str, Any]) -> Sent:
    text = partial(_optional_text, body)
    tree = None
    if "files" in body:
        files = await asyncio.to_thread(archives.from_json, body["files"])
        tree = await asyncio.to_thread(tree_of, files, text("entry"))
    version = body.get("version")
    if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
        raise BadUserInput("version: allowed: a number from 1.")
    return Sent(
        tree=tree,
        version=_version(None if version is None else str(version)),
        title=text("title"),
        message=text("message"),
        deploy=flag_field({"deploy": True, **body}, "deploy"),
        load=flag_field({"load": True, **body}, "load"),
    ).checked()


def _optional_text(body: Mapping[str, Any], name: str) -> str | None:
    return None if body.get(name) is None else text_field(dict(body), name, "a text")


def _flag(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise BadUserInput(f"{name}: found {text[:40]!r}; allowed: true, false.")
    return text == "true"


def _number(name: str, text: str, most: int) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= most:
        return int(text)
    raise BadUserInput(f"{name}: found {text[:40]!r}; allowed: 1 to {most}.")


def _version(text: str | None) -> int | None:
    return None if text is None else _number("version", text, 2**31 - 1)
