"""An archive as a download."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import Route

from aiwebengine.auth.requests import Doorkeeper
from aiwebengine.backups.service import Backups

PATH = "/api/engine/admin/backups/{name}"


def routes(backups: Backups, doorkeeper: Doorkeeper) -> list[Route]:
    """`GET /api/engine/admin/backups/{name}`."""

    async def download(request: Request) -> FileResponse:
        """An archive; HEAD asks whether it would be handed out.

        Args:
            name: the backup's name.

        Answers:
            200: the archive.
            206: the part that the header `Range` asks for.

        Raises Unauthenticated, Forbidden, ReauthenticationRequired, NotFound.
        """
        viewer = await doorkeeper.viewer(request, "rest")
        name = request.path_params["name"]
        path = await backups.hand_out(viewer, name, recorded=request.method == "GET")
        return FileResponse(
            path,
            media_type="application/x-tar",
            filename=name,
            headers={"Cache-Control": "no-store"},
        )

    return [Route(PATH, download, methods=["GET"])]
