"""REST route that tests a script."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aiwebengine.core.identity import Scope
from aiwebengine.core.rights import needs
from aiwebengine.script_trials.service import ScriptTrials
from aiwebengine.script_trials.types import (
    ScriptError,
    ScriptEvaluation,
    ScriptTest,
    ScriptTestRun,
)
from aiwebengine.scripts.rest import NO_STORE, PATH, sent_with
from aiwebengine.scripts.rights import EDITORS, Act, must_be_allowed
from aiwebengine.scripts.run_types import ScriptRunLine
from aiwebengine.web.authentication import Authentication


def routes(trials: ScriptTrials, authentication: Authentication) -> list[Route]:
    """The route `/api/engine/scripts/{slug}/test`."""

    @needs(EDITORS, Scope.SCRIPTS_WRITE)
    async def test(request: Request) -> Response:
        """Run the tests of a version: the files of the body, as `PUT` takes them, or a saved
        version. What they write is undone.

        Args:
            slug: the script.
            version: number of a saved version (default: the newest), if there are no files.
            name: only tests whose name contains this text.

        Answers:
            200: `passed`, `failed`, `skipped`, and `tests` with `name`, `status`, `file`, `line`,
              `milliseconds` and `error` of each.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, NotLoadable, Conflict,
        MalformedBody, UnsupportedMediaType, BodyTooLarge, Unavailable.
        """
        authentication.must_be_same_origin(request)
        viewer = await authentication.viewer(request, "rest")
        must_be_allowed(viewer, Act.RUN)
        sent = await sent_with(request)
        found = await trials.test(
            viewer,
            request.path_params["slug"],
            version=sent.version,
            tree=sent.tree,
            name=request.query_params.get("name"),
        )
        return JSONResponse(run_as_json(found), headers=NO_STORE)

    return [Route(PATH + "/{slug}/test", test, methods=["POST"])]


def run_as_json(run: ScriptTestRun) -> dict[str, Any]:
    """A run of tests as REST and commands answer it."""
    return {
        "request_id": run.request_id,
        "version": run.version,
        "passed": run.passed,
        "failed": run.failed,
        "skipped": run.skipped,
        "milliseconds": run.milliseconds,
        "tests": [_test(one) for one in run.tests],
        "log": [_line(one) for one in run.log],
    }


def evaluation_as_json(found: ScriptEvaluation) -> dict[str, Any]:
    """The value of a snippet as commands answer it."""
    return {
        "request_id": found.request_id,
        "version": found.version,
        "json": found.json,
        "text": found.text,
        "error": _error(found.error),
        "milliseconds": found.milliseconds,
        "log": [_line(one) for one in found.log],
    }


def _test(test: ScriptTest) -> dict[str, Any]:
    return {
        "name": test.name,
        "status": test.status.value,
        "file": test.file,
        "line": test.line,
        "milliseconds": test.milliseconds,
        "error": _error(test.error),
    }


def _error(error: ScriptError | None) -> dict[str, Any] | None:
    return None if error is None else dict(vars(error))


def _line(line: ScriptRunLine) -> dict[str, Any]:
    return {**vars(line), "level": line.level.value}
