"""The health check."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def routes(
    trouble_now: Callable[[], Awaitable[str | None]],
    is_leaving: Callable[[], bool],
) -> list[Route]:
    """`GET` and `HEAD /health`."""

    async def health(_: Request) -> JSONResponse:
        """Whether the engine works: `status`, `timestamp`, and with 503 the reason in `checks`.

        Only the database and a stop are reasons. What else fails is no reason to take the engine
        out of service, and none of a stranger's business: administrators see all checks.

        Answers:
            200: it works.
            503: it does not, or is about to stop: proxies look elsewhere in time.
        """
        reasons = {}
        trouble = await trouble_now()
        if trouble:
            reasons["database"] = trouble
        if is_leaving():
            reasons["engine"] = "is about to stop"
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        told: dict[str, object] = {"status": "fail" if reasons else "ok", "timestamp": now}
        if reasons:
            told["checks"] = reasons
        return JSONResponse(told, 503 if reasons else 200, headers={"Cache-Control": "no-store"})

    return [Route("/health", health, methods=["GET", "HEAD"])]
