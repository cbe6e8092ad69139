"""The health check."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


def routes(
    trouble_now: Callable[[], Awaitable[str | None]],
    failing: Callable[[], Mapping[str, str]],
    is_leaving: Callable[[], bool],
) -> list[Route]:
    """`GET` and `HEAD /health`."""

    async def health(_: Request) -> JSONResponse:
        """Whether the engine works: `status`, `timestamp`, and the names of failing `checks`.

        What fails beside the database is named, and no reason for 503: the engine works without
        it, and nobody should take it out of service for that. Strangers learn no more than the
        name.

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
        others = {name: state for name, state in failing().items() if name != "database"}
        checks = {**reasons, **others}
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        told: dict[str, object] = {"status": "fail" if reasons else "ok", "timestamp": now}
        if checks:
            told["checks"] = checks
        return JSONResponse(told, 503 if reasons else 200, headers={"Cache-Control": "no-store"})

    return [Route("/health", health, methods=["GET", "HEAD"])]
