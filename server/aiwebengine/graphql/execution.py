"""Executes the operations of all transports, from the parsed request to the response body."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from inspect import isawaitable
from typing import Any, cast

import strawberry
from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLFieldResolver,
    GraphQLSchema,
    OperationType,
    create_source_event_stream,
    default_field_resolver,
    default_type_resolver,
    execute,
    execute_subscription_event,
    subscribe,
)
from graphql.execution.values import VariableValues, get_variable_values

from aiwebengine.core.errors import EngineError, Forbidden, Unauthenticated, Unavailable
from aiwebengine.core.request_record import note_operation
from aiwebengine.graphql.documents import (
    Document,
    Documents,
    Executable,
    MalformedDocument,
    without_types,
)
from aiwebengine.graphql.errors import client_error, refusal
from aiwebengine.graphql.limits import Limits, enforce
from aiwebengine.graphql.plans import PlannedExecutor, Plans
from aiwebengine.graphql.requests import GraphQLRequest
from aiwebengine.web.deadlines import Deadlines

Context = Any


@dataclass(frozen=True)
class Answer:
    """A response body, which orjson encodes, and its HTTP status."""

    body: dict[str, Any]
    status: int = 200


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that is ready for execution: valid, with coerced variables."""

    document: Document
    executable: Executable
    request: GraphQLRequest
    variables: VariableValues

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.executable.kind


class Executor:
    """Executes requests against one schema.

    Args:
        schema: the schema.
        limits: the limits for documents and execution time.
        may_introspect: whether the caller may use `__schema` and `__type`.
        on_done: called after each query or mutation with its label, seconds and error codes.
        on_refused: called with the error codes of requests refused before execution, and with
            those of subscriptions.
        on_subscribed: called with 1 when a subscription starts, and with -1 when it ends.
        on_forbidden: called with the context, the operation and the error after a denied access.
        documents_bytes: memory of the cache of parsed documents.
        compiled_plans: False executes operations with the public functions of graphql-core only.
        field_resolver: resolves the fields that have no resolver.
        explained: for an error that is not an EngineError, the one that clients get; None: it is a
            bug of the engine.
    """

    def __init__(
        self,
        schema: strawberry.Schema | GraphQLSchema,
        limits: Limits,
        may_introspect: Callable[[Context], bool],
        on_done: Callable[[str, float, list[str]], None] = lambda *_: None,
        on_refused: Callable[[list[str]], None] = lambda _: None,
        on_subscribed: Callable[[int], None] = lambda _: None,
        on_forbidden: Callable[[Context, str, EngineError], Awaitable[None]] | None = None,
        documents_bytes: int = 32_000_000,
        compiled_plans: bool = True,
        field_resolver: GraphQLFieldResolver = default_field_resolver,
        explained: Callable[[GraphQLError], EngineError | None] = lambda _: None,
    ) -> None:
        # Strawberry's own entry point parses and validates the document in each request and builds
        # an extension runner. Execution only needs the graphql-core schema.
        self._schema = schema if isinstance(schema, GraphQLSchema) else schema._schema
        self._limits = limits
        self._deadlines = Deadlines(limits.seconds)
        self._documents = Documents(self._schema, limits, documents_bytes)
        self._compiled_plans = compiled_plans
        self._may_introspect = may_introspect
        self._on_done = on_done
        self._on_refused = on_refused
        self._on_subscribed = on_subscribed
        self._on_forbidden = on_forbidden
        self._field_resolver = field_resolver
        self._explained = explained

    def prepare(self, request: GraphQLRequest, *, is_anonymous: bool = False) -> Operation:
        """Parse, validate and measure a request; needs no context.

        *is_anonymous*: the caller is not signed in, so lower limits apply.
        Raises MalformedDocument, QueryTooComplex.
        """
        try:
            return self._prepared(request, is_anonymous)
        except EngineError as error:
            self._on_refused([error.code])
            raise

    def _prepared(self, request: GraphQLRequest, is_anonymous: bool) -> Operation:
        document = self._documents.get(request.query, is_anonymous=is_anonymous)
        executable = document.operation(request.operation_name)
        definitions = executable.node.variable_definitions or ()
        values = get_variable_values(
            self._schema, definitions, request.variables, max_errors=10, hide_suggestions=True
        )
        if isinstance(values, list):
            raise MalformedDocument(values)
        note_operation(executable.name, executable.kind.value)
        return Operation(document, executable, request, values)

    def admit(self, operation: Operation, context: Context) -> Operation:
        """Check the limits and the right to introspect. Returns the operation to execute.

        For callers who may not introspect, `__schema` is an error, and `__type`, which is nullable,
        returns null. Raises QueryTooComplex, Unauthenticated.
        """
        size = operation.executable.measured.size(operation.request.variables)
        enforce(size, self._limits)
        if not (size.asks_schema or size.asks_type) or self._may_introspect(context):
            return operation
        if size.asks_schema:
            raise Unauthenticated("Introspection is for signed-in callers. Sign in first.")
        document = without_types(self._schema, operation.document)
        executable = document.operation(operation.request.operation_name)
        return replace(operation, document=document, executable=executable)

    async def answer(
        self, operation: Operation, context: Context, request_id: str | None
    ) -> Answer:
        """Execute a query or mutation. Raises nothing but CancelledError."""
        began = time.perf_counter()
        try:
            operation = self.admit(operation, context)
            with self._deadlines.within():
                result = await self._execute(operation, context)
            answer = self._answer(result, request_id)
            if result.errors:
                await self._note_forbidden(operation, context, result.errors)
        except TimeoutError:
            late = Unavailable(f"The request took longer than {self._limits.seconds:g} s.")
            answer = Answer(refusal(late, request_id), late.status)
        except EngineError as error:
            answer = Answer(refusal(error, request_id), error.status)
        except Exception as error:
            answer = Answer({"errors": [_hidden(error, request_id)]}, EngineError.status)
        self._on_done(
            operation.executable.label, time.perf_counter() - began, codes_of(answer.body)
        )
        return answer

    async def events(
        self, operation: Operation, context: Context, request_id: str | None
    ) -> AsyncIterator[dict[str, Any]]:
        """The response bodies of a subscription; it ends after an error.

        The caller must close the iterator (`aclose`), otherwise the subscription stays open.
        """
        self._on_subscribed(1)
        try:
            source = self._events(operation, context, request_id)
            async with aclosing(cast(Any, source)) as bodies:
                async for body in bodies:
                    self._on_refused(codes_of(body))
                    yield body
        except Exception as error:
            yield {"errors": [_hidden(error, request_id)]}
        finally:
            self._on_subscribed(-1)

    async def _events(
        self, operation: Operation, context: Context, request_id: str | None
    ) -> AsyncIterator[dict[str, Any]]:
        try:
            operation = self.admit(operation, context)
        except EngineError as error:
            yield refusal(error, request_id)
            return
        results = await self._subscribed(operation, context)
        if isinstance(results, ExecutionResult):
            yield self._body(results, request_id)
            await self._note_forbidden(operation, context, results.errors)
            return
        try:
            async for result in results:
                yield self._body(result, request_id)
                if result.errors:
                    await self._note_forbidden(operation, context, result.errors)
        except EngineError as error:
            yield refusal(error, request_id)
            cause = GraphQLError(error.message, original_error=error)
            await self._note_forbidden(operation, context, [cause])
        except GraphQLError as error:
            yield {"errors": [client_error(error, request_id)]}
            await self._note_forbidden(operation, context, [error])
        finally:
            await results.aclose()

    async def _subscribed(
        self, operation: Operation, context: Context
    ) -> AsyncGenerator[ExecutionResult] | ExecutionResult:
        """The stream of results, or the only result of a subscription that could not start."""
        document, request = operation.document, operation.request
        if not self._compiled_plans:
            results = subscribe(
                self._schema,
                document.tree,
                context_value=context,
                variable_values=request.variables,
                operation_name=request.operation_name,
                field_resolver=self._field_resolver,
                hide_suggestions=True,
            )
            done: Any = await results if isawaitable(results) else results
            return cast("AsyncGenerator[ExecutionResult] | ExecutionResult", done)
        executor: Any = PlannedExecutor.build(
            self._schema,
            document.tree,
            None,
            context,
            request.variables,
            request.operation_name,
            field_resolver=self._field_resolver,
            hide_suggestions=True,
            plans=document.plans,
        )
        if isinstance(executor, list):
            return ExecutionResult(None, errors=executor)
        source: Any = create_source_event_stream(executor)
        source = await source if isawaitable(source) else source
        if isinstance(source, ExecutionResult):
            return source
        return _shared_results(executor, document.plans, source)

    async def _note_forbidden(
        self, operation: Operation, context: Context, errors: list[GraphQLError] | None
    ) -> None:
        for error in errors or ():
            cause = error.original_error
            if self._on_forbidden is not None and isinstance(cause, Forbidden):
                await self._on_forbidden(context, _asked_for(operation, error), cause)
                return

    async def _execute(self, operation: Operation, context: Context) -> ExecutionResult:
        run = self._run_planned if self._compiled_plans else self._run_reference
        result = run(operation, context)
        return cast(ExecutionResult, await result if isawaitable(result) else result)

    def _run_reference(self, operation: Operation, context: Context) -> Any:
        return execute(
            self._schema,
            operation.document.tree,
            context_value=context,
            variable_values=operation.request.variables,
            operation_name=operation.request.operation_name,
            field_resolver=self._field_resolver,
            hide_suggestions=True,
        )

    def _run_planned(self, operation: Operation, context: Context) -> Any:
        # `graphql.execute` would find the operation and coerce the variables a second time.
        document = operation.document
        return PlannedExecutor(
            self._schema,
            document.fragments,
            document.details,
            None,
            context,
            operation.executable.node,
            operation.variables,
            self._field_resolver,
            default_type_resolver,
            default_field_resolver,
            hide_suggestions=True,
            plans=document.plans,
        ).execute_operation()

    def _answer(self, result: ExecutionResult, request_id: str | None) -> Answer:
        body = self._body(result, request_id)
        # Caches, proxies and scripts must recognize an outage by the status.
        outage = any(isinstance(error.original_error, Unavailable) for error in result.errors or ())
        return Answer(body, Unavailable.status if outage else 200)

    def _body(self, result: ExecutionResult, request_id: str | None) -> dict[str, Any]:
        body: dict[str, Any] = {"data": result.data}
        if result.errors:
            errors = [client_error(self._plain(error), request_id) for error in result.errors]
            body = {"errors": errors, **body}
        return body

    def _plain(self, error: GraphQLError) -> GraphQLError:
        """The error, with an EngineError as its cause where that is known."""
        if isinstance(error.original_error, EngineError):
            return error
        cause = self._explained(error)
        if cause is None:
            return error
        return GraphQLError(cause.message, error.nodes, path=error.path, original_error=cause)


async def _shared_results(
    executor: PlannedExecutor, plans: Plans, source: AsyncGenerator[Any]
) -> AsyncGenerator[ExecutionResult]:
    """The result for each payload of *source*, shared with other subscribers if possible."""
    async with aclosing(source) as payloads:
        async for payload in payloads:
            result = plans.shared_answer(executor, payload)
            if result is None:
                of_event = cast(PlannedExecutor, executor.build_per_event_executor(payload))
                done: Any = execute_subscription_event(of_event)
                result = plans.share(of_event, await done if isawaitable(done) else done)
            yield result


def _asked_for(operation: Operation, error: GraphQLError) -> str:
    """Kind and field of the denied operation, as in `query users`.

    The field is one of the schema, not the alias in the error's path, which the caller chooses.
    """
    executable = operation.executable
    field = executable.first_field
    if error.path and len(error.path) == 1 and error.nodes:
        node = error.nodes[0]
        field = node.name.value if isinstance(node, FieldNode) else field
    return f"{executable.kind.value} {field}".rstrip()


def codes_of(body: dict[str, Any]) -> list[str]:
    """The codes of the errors in a response body."""
    return [error["extensions"]["code"] for error in body.get("errors", ())]


def _hidden(error: Exception, request_id: str | None) -> dict[str, Any]:
    """Log an unexpected exception and return the error for the client, without details."""
    return client_error(GraphQLError(str(error), original_error=error), request_id)
