"""Executes the operations of every transport: from a request's parts to an answer."""

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
from aiwebengine.graphql.errors import refusal, told
from aiwebengine.graphql.limits import Limits, enforce
from aiwebengine.graphql.plans import PlannedExecutor, Plans
from aiwebengine.graphql.requests import GraphQLRequest
from aiwebengine.web.deadlines import Deadlines

Context = Any


@dataclass(frozen=True)
class Answer:
    """A response body, for orjson to write, and the HTTP status it goes out with."""

    body: dict[str, Any]
    status: int = 200


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that may be executed: read, valid, its variables coerced."""

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

    *documents_bytes* is the memory for documents that were parsed before; without
    *compiled_plans* only the public functions of graphql-core execute them;
    *may_introspect* tells by the context whether `__schema` and `__type` are answered;
    *on_done* is told each query's or mutation's label, seconds and error codes; *on_refused* the
    codes of what was refused unexecuted, or in a subscription; *on_subscribed* 1 when a
    subscription begins and -1 when it ends; *on_forbidden* by whom and in which operation
    something was asked that is not for them.
    """

    def __init__(
        self,
        schema: strawberry.Schema,
        limits: Limits,
        may_introspect: Callable[[Context], bool],
        on_done: Callable[[str, float, list[str]], None] = lambda *_: None,
        on_refused: Callable[[list[str]], None] = lambda _: None,
        on_subscribed: Callable[[int], None] = lambda _: None,
        on_forbidden: Callable[[Context, str, EngineError], Awaitable[None]] | None = None,
        documents_bytes: int = 32_000_000,
        compiled_plans: bool = True,
    ) -> None:
        # Strawberry's own entry point parses and validates each request anew and builds an
        # extension runner for it; the graphql-core schema inside is all that execution needs.
        self._schema = schema._schema
        self._limits = limits
        self._deadlines = Deadlines(limits.seconds)
        self._documents = Documents(self._schema, limits, documents_bytes)
        self._compiled_plans = compiled_plans
        self._may_introspect = may_introspect
        self._on_done = on_done
        self._on_refused = on_refused
        self._on_subscribed = on_subscribed
        self._on_forbidden = on_forbidden

    def prepare(self, request: GraphQLRequest, *, is_stranger: bool = False) -> Operation:
        """Read, validate and measure a request; needs no context.

        *is_stranger*: nobody is signed in, and the document may have less.
        Raises MalformedDocument, QueryTooComplex.
        """
        try:
            return self._prepared(request, is_stranger)
        except EngineError as error:
            self._on_refused([error.code])
            raise

    def _prepared(self, request: GraphQLRequest, is_stranger: bool) -> Operation:
        document = self._documents.get(request.query, is_stranger=is_stranger)
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
        """The operation as this caller may ask it. Raises QueryTooComplex, Unauthenticated.

        Introspection is for signed-in callers. To others the schema is refused, and `__type`,
        which may be null by its own type, knows nothing.
        """
        figures = operation.executable.measured.figures(operation.request.variables)
        enforce(figures, self._limits)
        if not (figures.asks_schema or figures.asks_type) or self._may_introspect(context):
            return operation
        if figures.asks_schema:
            raise Unauthenticated("Introspection is for signed-in callers. Sign in first.")
        document = without_types(self._schema, operation.document)
        executable = document.operation(operation.request.operation_name)
        return replace(operation, document=document, executable=executable)

    async def answer(
        self, operation: Operation, context: Context, request_id: str | None
    ) -> Answer:
        """Execute a query or mutation. Never raises but when cancelled."""
        began = time.perf_counter()
        try:
            operation = self.admit(operation, context)
            with self._deadlines.within():
                result = await self._execute(operation, context)
            answer = _answer(result, request_id)
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
        """The answers of a subscription, each a response body; an error ends it.

        Whoever iterates must close the iterator (`aclose`), or the subscription stays open.
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
            yield _body(results, request_id)
            await self._note_forbidden(operation, context, results.errors)
            return
        try:
            async for result in results:
                yield _body(result, request_id)
                if result.errors:
                    await self._note_forbidden(operation, context, result.errors)
        except EngineError as error:
            yield refusal(error, request_id)
            cause = GraphQLError(error.message, original_error=error)
            await self._note_forbidden(operation, context, [cause])
        except GraphQLError as error:
            yield {"errors": [told(error, request_id)]}
            await self._note_forbidden(operation, context, [error])
        finally:
            await results.aclose()

    async def _subscribed(
        self, operation: Operation, context: Context
    ) -> AsyncGenerator[ExecutionResult] | ExecutionResult:
        """The stream of results, or the one result of a subscription that could not begin."""
        document, request = operation.document, operation.request
        if not self._compiled_plans:
            results = subscribe(
                self._schema,
                document.tree,
                context_value=context,
                variable_values=request.variables,
                operation_name=request.operation_name,
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
            hide_suggestions=True,
        )

    def _run_planned(self, operation: Operation, context: Context) -> Any:
        # `graphql.execute` would look for the operation and coerce the variables again.
        document = operation.document
        return PlannedExecutor(
            self._schema,
            document.fragments,
            document.details,
            None,
            context,
            operation.executable.node,
            operation.variables,
            default_field_resolver,
            default_type_resolver,
            default_field_resolver,
            hide_suggestions=True,
            plans=document.plans,
        ).execute_operation()


async def _shared_results(
    executor: PlannedExecutor, plans: Plans, source: AsyncGenerator[Any]
) -> AsyncGenerator[ExecutionResult]:
    """The result of each payload of *source*, executed once for all followers where it can be."""
    async with aclosing(source) as payloads:
        async for payload in payloads:
            result = plans.shared_answer(executor, payload)
            if result is None:
                of_event = cast(PlannedExecutor, executor.build_per_event_executor(payload))
                done: Any = execute_subscription_event(of_event)
                result = plans.share(of_event, await done if isawaitable(done) else done)
            yield result


def _asked_for(operation: Operation, error: GraphQLError) -> str:
    """The refused operation by kind and field, as in `query users`.

    A field of the schema, never the alias in the error's path: a caller chooses that.
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
    """What a client is told of a bug, which is logged."""
    return told(GraphQLError(str(error), original_error=error), request_id)


def _answer(result: ExecutionResult, request_id: str | None) -> Answer:
    body = _body(result, request_id)
    # An outage is not an answer: caches, proxies and scripts must be able to tell by the status.
    outage = any(isinstance(error.original_error, Unavailable) for error in result.errors or ())
    return Answer(body, Unavailable.status if outage else 200)


def _body(result: ExecutionResult, request_id: str | None) -> dict[str, Any]:
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body = {"errors": [told(error, request_id) for error in result.errors], **body}
    return body
