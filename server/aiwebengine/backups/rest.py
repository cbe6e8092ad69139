"""Downloads of archives over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route
from starlette.types import Receive, Send
from starlette.types import Scope as ASGIScope

from aiwebengine.backups.files import open_regular
from aiwebengine.backups.service import Backups
from aiwebengine.core.errors import NotFound
from aiwebengine.core.identity import Role, Scope
from aiwebengine.core.rights import ALWAYS, needs
from aiwebengine.web.authentication import Authentication

PATH = "/api/engine/admin/backups/{name}"


class ArchiveResponse(FileResponse):
    """Sends a regular file that is opened once, so that a link replacing it is not followed."""

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        """Send the file."""
        with _opened(Path(self.path)) as file:
            self.path = f"/dev/fd/{file.fileno()}"
            await super().__call__(scope, receive, send)


def routes(backups: Backups, authentication: Authentication) -> list[Route]:
    """`GET /api/engine/admin/backups/{name}`."""

    @needs(Role.ADMINISTRATOR, Scope.OPS_WRITE, recent_sign_in=ALWAYS)
    async def download(request: Request) -> ArchiveResponse:
        """Download an archive. HEAD checks whether the download is possible.

        Args:
            name: name of the backup.

        Answers:
            200: the archive.
            206: the part requested by the header `Range`.

        Raises Unauthenticated, Forbidden, ReauthenticationRequired, NotFound.
        """
        viewer = await authentication.viewer(request, "rest")
        name = request.path_params["name"]
        path = await backups.hand_out(viewer, name, recorded=request.method == "GET")
        return ArchiveResponse(
            path,
            media_type="application/x-tar",
            filename=name,
            headers={"Cache-Control": "no-store"},
        )

    return [Route(PATH, download, methods=["GET"])]


def _opened(path: Path) -> BinaryIO:
    try:
        return open_regular(path)
    except OSError:
        raise NotFound(f"There is no backup {path.name}.") from None
