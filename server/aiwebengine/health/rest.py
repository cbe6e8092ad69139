"""The health check."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def routes(trouble_now: Callable[[], Awaitable[str | None]]) -> list[Route]:
    """`GET` and `HEAD /health`: 200 while all is well, 503 with the trouble when there is any."""

    async def health(_: Request) -> JSONResponse:
        trouble = await trouble_now()
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        told: dict[str, object] = {"status": "fail" if trouble else "ok", "timestamp": now}
        if trouble:
            told["checks"] = {"database": trouble}
        return JSONResponse(told, 503 if trouble else 200, headers={"Cache-Control": "no-store"})

    return [Route("/health", health, methods=["GET", "HEAD"])]
