"""The health check."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from aiwebengine.core.rights import open_to_all
from aiwebengine.health.service import Health
from aiwebengine.health.types import EngineState


def routes(health: Health) -> list[Route]:
    """`GET` and `HEAD /health`."""

    @open_to_all
    async def answer(_: Request) -> JSONResponse:
        """State of the engine: `status`, `timestamp`, `state` unless up, with 503 the `checks`.

        A degraded engine still answers with 200: proxies keep it in service. Strangers don't see
        which checks are failing; administrators do, with `engineState`.

        Answers:
            200: the engine is up or degraded.
            503: the engine is down: the database does not answer, or the engine starts or stops.
        """
        found = await health.status()
        is_down = found.state is EngineState.DOWN
        body: dict[str, object] = {"status": "fail" if is_down else "ok"}
        if found.state is not EngineState.UP:
            body["state"] = found.state.value
        body["timestamp"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if is_down:
            body["checks"] = found.reasons
        return JSONResponse(body, 503 if is_down else 200, headers={"Cache-Control": "no-store"})

    return [Route("/health", answer, methods=["GET", "HEAD"])]
