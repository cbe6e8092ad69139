"""What scripts ask: to execute an operation on the schema of their host, and to publish events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from graphql import OperationType

from aiwebengine.core.errors import BadUserInput, EngineError
from aiwebengine.graphql.documents import MalformedDocument
from aiwebengine.graphql.errors import client_error, refusal
from aiwebengine.graphql.execution import Executor
from aiwebengine.graphql.requests import from_parts
from aiwebengine.script_graphql.context import MOST_NESTED, Context
from aiwebengine.script_graphql.schemas import ScriptSchemas
from aiwebengine.script_graphql.subscriptions import CHANNEL, filter_in
from aiwebengine.script_graphql.types import Audience, Kind


class NestedTooDeeply(EngineError):
    """Resolvers execute operations whose resolvers execute operations, too often."""

    code = "LIMIT"
    status = 400


class Publisher(Protocol):
    """Sends events to subscribers; `script_streams.broadcast` does it."""

    async def publish(
        self,
        script_id: Any,
        channel: str,
        data: str,
        *,
        match: Mapping[str, str] | None = None,
        matching: Any = ...,
    ) -> object:
        """Send an event. Raises EngineError."""


async def execute(
    executor: Executor,
    context: Context,
    query: str,
    variables: dict[str, Any] | None,
    operation_name: str | None = None,
) -> dict[str, Any]:
    """The result of a query or mutation of a script, with `data` and `errors`.

    Raises NestedTooDeeply, and BadUserInput for what is no operation of these kinds.
    """
    if context.depth > MOST_NESTED:
        raise NestedTooDeeply(
            f"Operations are nested more than {MOST_NESTED} deep: a resolver executes an operation,"
            " whose resolver executes another one, and so on."
        )
    parts = {"query": query, "variables": variables, "operationName": operation_name}
    try:
        operation = executor.prepare(from_parts(parts))
    except MalformedDocument as error:
        return {"errors": [client_error(one, context.request_id) for one in error.errors]}
    except EngineError as error:
        return refusal(error, context.request_id)
    if operation.kind is OperationType.SUBSCRIPTION:
        raise BadUserInput("query: a script executes queries and mutations, no subscriptions.")
    return (await executor.answer(operation, context, context.request_id)).body


def must_have_subscription(
    schemas: ScriptSchemas, script: Any, host: str | None, name: str
) -> None:
    """Raise BadUserInput unless *name* is a subscription of this script."""
    found = schemas.composed(schemas.hosts_of(host)).fields.get((Kind.SUBSCRIPTION, name))
    if found is None or found[0].script != script:
        raise BadUserInput(f"name: this script has no subscription {name[:100]!r}.")


__all__ = ["CHANNEL", "Audience", "execute", "filter_in", "must_have_subscription"]
