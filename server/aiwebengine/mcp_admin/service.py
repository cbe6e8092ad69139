"""Calls the administration's tools: audited, with the rights of GraphQL, and on trial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson
import strawberry

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, AuditEvent, Target
from aiwebengine.core.errors import BadUserInput, Conflict, Forbidden
from aiwebengine.core.identity import Viewer
from aiwebengine.database import Database
from aiwebengine.graphql.execution import Answer, Executor
from aiwebengine.graphql.requests import GraphQLRequest
from aiwebengine.logs.redaction import redacted
from aiwebengine.mcp_admin import dry_runs
from aiwebengine.mcp_admin.operations import DRY_RUN, AdminOperation, operations_of
from aiwebengine.script_mcp import results
from aiwebengine.script_mcp.schemas import must_be_small
from aiwebengine.script_mcp.sources import Json, McpCall

MOST_EVENTS = 100
"""Audit events in the answer of a trial."""
MOST_ARGUMENT_BYTES = 500_000
"""Bytes of the arguments of one call."""

ContextOf = Callable[[Viewer], Any]
"""The context of GraphQL resolvers for a caller."""


class _RolledBack(Exception):
    """Ends the transaction of a trial."""


class AdminTools:
    """The source of the administration's tools, for `/mcp`.

    Each call is recorded before it is executed, also a trial and one that then is refused. A token
    without a scope for changes sees and calls queries only.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        executor: Executor,
        context_of: ContextOf,
        db: Database,
        audit: AuditTrail,
    ) -> None:
        self._operations = operations_of(schema)
        self._executor = executor
        self._context_of = context_of
        self._db = db
        self._audit = audit

    async def tools(self, call: McpCall) -> list[Json]:
        """The tools that the caller may use."""
        if call.slug is not None:
            return []
        found = self._operations.values()
        return [one.listed for one in found if one.is_for(call.viewer)]

    async def call_tool(
        self, call: McpCall, name: str, arguments: Mapping[str, Any]
    ) -> Json | None:
        """Execute the operation of a tool. Raises EngineError."""
        operation = self._operations.get(name)
        if operation is None or call.slug is not None:
            return None
        is_dry = _is_dry(arguments, operation)
        must_be_small(arguments, MOST_ARGUMENT_BYTES)
        await self._record(call.viewer, operation, arguments, is_dry=is_dry)
        if not operation.is_for(call.viewer):
            raise Forbidden(f"This token may not use {name}. {operation.rights}".rstrip())
        if is_dry:
            return await self._tried(call, operation, arguments)
        answer = await self._executed(call, operation, arguments, is_dry=False)
        return _result(answer, operation.name, call.request_id)

    async def prompts(self, call: McpCall) -> list[Json]:
        """None."""
        return []

    async def get_prompt(
        self, call: McpCall, name: str, arguments: Mapping[str, str]
    ) -> Json | None:
        """None."""
        return None

    async def resources(self, call: McpCall) -> list[Json]:
        """None."""
        return []

    async def read_resource(self, call: McpCall, uri: str) -> Json | None:
        """None."""
        return None

    async def _executed(
        self,
        call: McpCall,
        operation: AdminOperation,
        arguments: Mapping[str, Any],
        *,
        is_dry: bool,
    ) -> Answer:
        document, variables = operation.request(arguments, is_dry=is_dry)
        prepared = self._executor.prepare(GraphQLRequest(document, variables))
        context = self._context_of(call.viewer)
        return await self._executor.answer(prepared, context, call.request_id)

    async def _tried(
        self, call: McpCall, operation: AdminOperation, arguments: Mapping[str, Any]
    ) -> Json:
        """The audit events that the mutation would write; everything is rolled back."""
        why = dry_runs.refusal(operation.name)
        if why is not None:
            raise Conflict(f"{operation.tool_name} takes no {DRY_RUN}: {why}")
        events: list[AuditEvent] = []
        answer: Answer | None = None
        try:
            async with self._db.transaction():
                answer = await self._executed(call, operation, arguments, is_dry=True)
                if not answer.body.get("errors"):
                    events = await self._audit.written_by(call.request_id, MOST_EVENTS)
                raise _RolledBack
        except _RolledBack:
            pass
        if answer is not None and answer.body.get("errors"):
            return _result(answer, operation.name, call.request_id)
        written = [_shown(one) for one in events if one.action is not AuditAction.MCP_TOOL_CALLED]
        return results.of_value({"dryRun": True, "wouldWrite": written})

    async def _record(
        self,
        viewer: Viewer,
        operation: AdminOperation,
        arguments: Mapping[str, Any],
        *,
        is_dry: bool,
    ) -> None:
        given = {name: value for name, value in arguments.items() if name != DRY_RUN}
        await self._audit.record(
            viewer,
            AuditAction.MCP_TOOL_CALLED,
            Target("tool", None, operation.tool_name),
            after={"arguments": hidden(operation.name, given), "dryRun": is_dry},
        )


SECRET_ARGUMENTS = {
    "setScriptSecret": ("value",),
    "setScriptValue": ("json",),
    "updateScriptRow": ("key", "values"),
    "insertScriptRow": ("values",),
    "deleteScriptRow": ("key",),
    "scriptRow": ("key",),
    "scriptRows": ("filter",),
}
"""Arguments that are secrets, or data of users, although their names do not say so."""


def hidden(operation: str, arguments: Mapping[str, Any]) -> Json:
    """The arguments for the audit trail, without secrets; long texts are cut there."""
    secret = SECRET_ARGUMENTS.get(operation, ())
    kept = {name: "(hidden)" if name in secret else value for name, value in arguments.items()}
    found = redacted(kept)
    return found if isinstance(found, dict) else {}


def _is_dry(arguments: Mapping[str, Any], operation: AdminOperation) -> bool:
    found = arguments.get(DRY_RUN)
    if found is None:
        return False
    if not operation.is_mutation or not isinstance(found, bool):
        raise BadUserInput(f"{DRY_RUN}: allowed: true or false, for tools that change something.")
    return found


def _result(answer: Answer, field: str, request_id: str) -> Json:
    """The value of the operation's field, or its errors; a null with errors is a failure."""
    errors = answer.body.get("errors") or []
    value = (answer.body.get("data") or {}).get(field)
    if errors and value is None:
        first = errors[0]
        return results.of_error(first["message"], first["extensions"]["code"], request_id)
    result = orjson.loads(orjson.dumps(value, default=str))
    if errors:
        # Fields that the caller may not read are null.
        result = {"result": result, "errors": [error["message"] for error in errors[:10]]}
    return results.of_value(result)


def _shown(event: AuditEvent) -> Json:
    shown = {
        "action": event.action.name,
        "targetType": event.target_type,
        "target": event.target_label,
        "before": event.before,
        "after": event.after,
        "reason": event.reason,
    }
    return {name: value for name, value in shown.items() if value is not None}
