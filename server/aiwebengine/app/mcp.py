"""The Model Context Protocol: its endpoint, and what scripts do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request

from aiwebengine.app.schema import schema
from aiwebengine.graphql.execution import Executor
from aiwebengine.mcp_admin.service import AdminTools
from aiwebengine.script_mcp.endpoint import McpEndpoint
from aiwebengine.script_mcp.service import ScriptTools
from aiwebengine.script_mcp.sources import McpSource
from aiwebengine.web.headers import header

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine


def mcp_endpoint(engine: Engine, executor: Executor) -> McpEndpoint:
    """The endpoint of an engine: tools of the administration, and of the scripts it serves."""
    sources: list[McpSource] = [
        AdminTools(
            schema,
            executor,
            lambda viewer: engine.context(viewer, engine.cursors),
            engine.db,
            engine.services.audit,
        )
    ]
    scripting, authenticator = engine.scripting, engine.authenticator
    tools: ScriptTools | None = None
    if scripting is not None:
        tools = ScriptTools(engine.db, lambda: scripting.active.scripts, lambda: scripting.caller)
        sources.append(tools)
        scripting.active.on_switch.append(tools.scripts_changed)
        tools.scripts_changed([one.id for one in scripting.active.scripts])

    def is_foreign(request: Request) -> bool:
        """Whether a page of a site that is not allowed sent the request."""
        origin = header(request.scope, b"origin")
        allowed = engine.config.security.cors_allowed_origins
        is_known = origin is None or origin in allowed
        return not is_known and not authenticator.is_same_origin(request)

    endpoint = McpEndpoint(
        sources,
        lambda request, resource: authenticator.viewer(request, "mcp", resource=resource),
        is_foreign,
        engine.config.server.public_url,
    )
    if tools is not None:
        tools.on_change = endpoint.listening.changed
    return endpoint
