"""The endpoint for Prometheus."""

from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aiwebengine.auth.authenticator import Authenticator
from aiwebengine.core.config import Security
from aiwebengine.core.identity import Role
from aiwebengine.core.rights import needs
from aiwebengine.metrics.exposition import CONTENT_TYPE, Exposition


def routes(exposition: Exposition, authenticator: Authenticator, security: Security) -> list[Route]:
    """`GET /metrics`: for the API key, for administrators, and, if configured, from loopback."""
    key = security.api_key.get_secret_value() if security.api_key else ""

    @needs(Role.ADMINISTRATOR)
    async def metrics(request: Request) -> Response:
        """All metrics in the Prometheus text format.

        Needs an administrator, or `security.api_key` in the header `X-API-Key` or as a bearer
        token. Open from loopback with `security.metrics_from_loopback`.

        Answers:
            200: the metrics.

        Raises Unauthenticated, Forbidden.
        """
        if not (
            (key and any(_is_same(given, key) for given in _keys(request)))
            or (security.metrics_from_loopback and authenticator.is_local(request))
        ):
            if "x-api-key" in request.headers:
                await authenticator.refuse_key(request)
            viewer = await authenticator.viewer(request, "rest")
            viewer.must_be(Role.ADMINISTRATOR)
        return Response(
            await exposition.text(),
            headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"},
        )

    return [Route("/metrics", metrics, methods=["GET"])]


def _keys(request: Request) -> list[str]:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    given = [request.headers.get("x-api-key", "")]
    return [*given, bearer.strip()] if scheme.lower() == "bearer" else given


def _is_same(given: str, key: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(), key.encode())
