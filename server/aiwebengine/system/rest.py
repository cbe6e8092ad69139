"""The health check."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def routes(
    trouble_now: Callable[[], Awaitable[str | None]], is_leaving: Callable[[], bool]
) -> list[Route]:
    """`GET` and `HEAD /health`: 200 while all is well, 503 with the trouble when there is any.

    503, too, while the engine is about to stop, so that proxies look elsewhere in time.
    """

    async def health(_: Request) -> JSONResponse:
        trouble = await trouble_now()
        checks = {"database": trouble} if trouble else {}
        if is_leaving():
            checks["engine"] = "is about to stop"
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        told: dict[str, object] = {"status": "fail" if checks else "ok", "timestamp": now}
        if checks:
            told["checks"] = checks
        return JSONResponse(told, 503 if checks else 200, headers={"Cache-Control": "no-store"})

    return [Route("/health", health, methods=["GET", "HEAD"])]
