"""What scripts ask: to execute an operation on the schema of their host, and to publish events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

import orjson
from graphql import GraphQLOutputType, OperationType

from aiwebengine.core.errors import BadUserInput, EngineError
from aiwebengine.graphql.documents import MalformedDocument
from aiwebengine.graphql.errors import client_error, refusal
from aiwebengine.graphql.execution import Executor
from aiwebengine.graphql.requests import from_parts
from aiwebengine.script_calls.invocation import Invocation
from aiwebengine.script_calls.operations import Operations
from aiwebengine.script_graphql.context import Caller, Context, must_not_be_too_deep
from aiwebengine.script_graphql.results import value_for
from aiwebengine.script_graphql.schemas import ScriptSchemas
from aiwebengine.script_graphql.subscriptions import CHANNEL, filter_in
from aiwebengine.script_graphql.types import Audience, Kind
from aiwebengine.scripts.types import Dialect

MATCHINGS = ("subset", "overlap")


class Publisher(Protocol):
    """Sends events to subscribers; `script_streams.broadcast` does it."""

    async def publish(
        self,
        script_id: UUID,
        channel: str,
        data: str,
        *,
        match: Mapping[str, str] | None = None,
        is_overlap: bool = False,
    ) -> object:
        """Send an event to those with all entries of *match*, or with one of them.

        Raises EngineError.
        """


class GraphQLOperations:
    """The operations of this package."""

    def __init__(self, schemas: ScriptSchemas, publisher: Publisher) -> None:
        self._schemas = schemas
        self._publisher = publisher

    def add_to(self, operations: Operations) -> None:
        """Offer them to scripts."""
        operations.add("graphql.execute", self.execute)
        operations.add("graphql.publish", self.publish)

    async def execute(
        self,
        invocation: Invocation,
        query: str,
        variables: dict[str, Any] | None = None,
        operation_name: str | None = None,
    ) -> dict[str, Any]:
        """The result of a query or mutation on all fields of the script's host.

        It is executed for the user of the invocation. Raises NestedTooDeeply, BadUserInput.
        """
        hosts = self._schemas.hosts_of(invocation.script.host)
        executor = self._schemas.executor(hosts, Audience.SCRIPTS)
        context = Context(Caller(user=invocation.user), invocation.id, invocation)
        return await execute(executor, context, query, variables, operation_name)

    async def publish(
        self,
        invocation: Invocation,
        name: str,
        data: Any,
        match: dict[str, Any] | None = None,
        matching: str = MATCHINGS[0],
    ) -> None:
        """Send an event to the subscribers of a subscription of this script.

        In a trial nobody gets it. Raises BadUserInput, and what the publisher raises.
        """
        if matching not in MATCHINGS:
            allowed = " or ".join(MATCHINGS)
            raise BadUserInput(f"matching: found {matching[:40]!r}; allowed: {allowed}.")
        kind = self._type_of(invocation, name)
        value = value_for(data, kind, is_classic=invocation.script.dialect is Dialect.CLASSIC)
        if invocation.is_trial:
            return
        await self._publisher.publish(
            invocation.script.id,
            CHANNEL + name,
            orjson.dumps(value).decode(),
            match=filter_in(match),
            is_overlap=matching == MATCHINGS[1],
        )

    def _type_of(self, invocation: Invocation, name: str) -> GraphQLOutputType:
        """The type of a subscription of this script. Raises BadUserInput."""
        hosts = self._schemas.hosts_of(invocation.script.host)
        found = self._schemas.composed(hosts).fields.get((Kind.SUBSCRIPTION, name))
        root = self._schemas.schema(hosts, Audience.SCRIPTS).subscription_type
        if found is None or root is None or found[0].script != invocation.script.id:
            raise BadUserInput(f"name: this script has no subscription {name[:100]!r}.")
        kind: GraphQLOutputType = root.fields[name].type
        return kind


async def execute(
    executor: Executor,
    context: Context,
    query: str,
    variables: dict[str, Any] | None = None,
    operation_name: str | None = None,
) -> dict[str, Any]:
    """The result of a query or mutation of a script, with `data` and `errors`.

    Raises NestedTooDeeply, and BadUserInput for a subscription.
    """
    must_not_be_too_deep(context)
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
