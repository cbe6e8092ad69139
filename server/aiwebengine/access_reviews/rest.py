"""Download of access reviews."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from aiwebengine.access_reviews.export import ReviewExport
from aiwebengine.access_reviews.service import AccessReviews
from aiwebengine.core.errors import BadUserInput, NotFound
from aiwebengine.core.identity import Role
from aiwebengine.core.rights import needs
from aiwebengine.web.authentication import Authentication

PATH = "/api/engine/admin/reviews/{number}"
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8", "ndjson": "application/x-ndjson"}


def routes(
    reviews: AccessReviews, export: ReviewExport, authentication: Authentication
) -> list[Route]:
    """`GET /api/engine/admin/reviews/{number}?format=csv|ndjson`."""

    @needs(Role.ADMINISTRATOR)
    async def download(request: Request) -> StreamingResponse:
        """An access review as a file.

        Args:
            number: number of the review.
            format: `ndjson`, or `csv`.

        Answers:
            200: the file.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput.
        """
        viewer = await authentication.viewer(request, "rest")
        kind = request.query_params.get("format", "ndjson")
        number = request.path_params["number"]
        review = await reviews.find(viewer, int(number) if _is_number(number) else 0)
        if kind not in MEDIA_TYPES:
            raise BadUserInput(f"format: found {kind[:40]!r}; allowed: {', '.join(MEDIA_TYPES)}.")
        if review is None:
            raise NotFound(f"There is no review {number[:40]}.")
        write = export.as_csv if kind == "csv" else export.as_ndjson
        return StreamingResponse(
            write(viewer, review.number),
            media_type=MEDIA_TYPES[kind],
            headers={
                "Content-Disposition": f'attachment; filename="access-review-{review.id}.{kind}"',
                "Cache-Control": "no-store",
            },
        )

    return [Route(PATH, download, methods=["GET"])]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
