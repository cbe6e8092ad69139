"""Resolves the fields of a schema by calling the scripts that they belong to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

from graphql import GraphQLField

from aiwebengine.core.errors import EngineError, Unauthenticated
from aiwebengine.script_graphql.context import Context, Info
from aiwebengine.script_graphql.results import value_for
from aiwebengine.script_graphql.types import Kind, Origin, RootField, Visibility


class ScriptCalls(Protocol):
    """Calls scripts; `script_calls` does it."""

    async def call(self, script: Any, handler: str, head: dict[str, Any], context: Context) -> Any:
        """The JSON value that the handler returns. Raises EngineError."""


class Subscriptions(Protocol):
    """Opens subscriptions; `subscriptions.py` does it."""

    async def open(
        self, origin: Origin, field: RootField, info: Info, args: dict[str, Any]
    ) -> AsyncIterator[Any]:
        """The events for a new subscriber. Raises EngineError."""


class Resolvers:
    """Gives the fields of a schema their resolvers."""

    def __init__(self, calls: ScriptCalls, subscriptions: Subscriptions) -> None:
        self._calls = calls
        self._subscriptions = subscriptions

    def attach(self, field: GraphQLField, origin: Origin, root_field: RootField) -> None:
        """See `composer.Attach`."""
        if root_field.kind is Kind.SUBSCRIPTION:
            self._attach_subscription(field, origin, root_field)
            return

        async def resolve(_: Any, info: Info, **args: Any) -> Any:
            context: Context = info.context
            must_be_visible(root_field, context)
            context.count_call()
            head = head_of(root_field, args)
            value = await called(self._calls, origin, root_field.handler, head, context)
            return value_for(value, info.return_type, is_classic=origin.is_classic)

        field.resolve = resolve

    def _attach_subscription(
        self, field: GraphQLField, origin: Origin, root_field: RootField
    ) -> None:
        async def subscribe(_: Any, info: Info, **args: Any) -> AsyncIterator[Any]:
            must_be_visible(root_field, info.context)
            return await self._subscriptions.open(origin, root_field, info, args)

        async def resolve(event: Any, info: Info, **args: Any) -> Any:
            if root_field.on_event is None:
                return event
            head = {**head_of(root_field, args), "event": event}
            return await called(self._calls, origin, root_field.on_event, head, info.context)

        field.subscribe = subscribe
        field.resolve = resolve


def head_of(field: RootField, args: dict[str, Any]) -> dict[str, Any]:
    """What a script learns about the field that it resolves."""
    return {"operation": field.kind.value, "field": field.name, "args": args}


async def called(
    calls: ScriptCalls, origin: Origin, handler: str | None, head: dict[str, Any], context: Context
) -> Any:
    """What a handler of a script returns.

    Raises EngineError with the request id, under which the script's log has the details.
    """
    assert handler is not None  # noqa: S101 - checked when it was registered
    try:
        async with context.places:
            return await calls.call(origin.script, handler, head, context)
    except EngineError as error:
        error.extensions.setdefault("requestId", context.request_id)
        raise


def must_be_visible(field: RootField, context: Context) -> None:
    """Raise Unauthenticated for a field that the caller may not use."""
    is_for_users = field.visibility is Visibility.ENGINE
    if is_for_users and not (context.is_internal or context.viewer.is_signed_in):
        raise Unauthenticated(f"{field.path} is for users who are signed in. Sign in first.")
