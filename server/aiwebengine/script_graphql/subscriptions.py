"""Subscriptions to fields of scripts: events that the scripts publish, for whom they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import orjson

from aiwebengine.core.background import end
from aiwebengine.core.errors import Forbidden
from aiwebengine.script_graphql.context import Caller, Context, Info
from aiwebengine.script_graphql.resolving import ScriptCalls, called, head_of
from aiwebengine.script_graphql.types import Origin, RootField

CHANNEL = "graphql:"
"""Before the name of a subscription: its channel, which no stream has, whose channel is a path."""


class Message(Protocol):
    """An event that was published."""

    @property
    def data(self) -> str:
        """What the script sent, as JSON."""


class Broadcast(Protocol):
    """Carries events to all workers; `script_streams.broadcast` does it."""

    def subscribe(
        self, script_id: Any, channel: str, connection: Mapping[str, str] | None = None
    ) -> AbstractContextManager[AsyncIterator[Message]]:
        """The messages from now on that are for a connection with this filter."""


class FieldSubscriptions:
    """See `resolving.Subscriptions`.

    The script's resolver is called once, when a subscription starts. What it returns decides which
    events the subscriber gets: an object is the filter of the connection, false refuses it,
    anything else lets it get all events.
    """

    def __init__(self, calls: ScriptCalls, broadcast: Broadcast) -> None:
        self._calls = calls
        self._broadcast = broadcast

    async def open(
        self, origin: Origin, field: RootField, info: Info, args: dict[str, Any]
    ) -> AsyncIterator[Any]:
        """See `resolving.Subscriptions`."""
        own = await self._filter(origin, field, args, info.context)
        return self._events(origin, field, own, info.context.viewer)

    async def _events(
        self, origin: Origin, field: RootField, own: dict[str, str], caller: Caller
    ) -> AsyncIterator[Any]:
        with self._broadcast.subscribe(origin.script, CHANNEL + field.name, own) as messages:
            async for message in _while_signed_in(messages, caller):
                yield orjson.loads(message.data)

    async def _filter(
        self, origin: Origin, field: RootField, args: dict[str, Any], context: Context
    ) -> dict[str, str]:
        """The filter of a new connection. Raises Forbidden, and what `called` raises."""
        if field.handler is None:
            return {}
        answer = await called(self._calls, origin, field.handler, head_of(field, args), context)
        if answer is False:
            raise Forbidden(f"The script refuses this subscription to {field.name}.")
        return filter_in(answer)


def filter_in(value: Any) -> dict[str, str]:
    """The filter that a script means: an object or its JSON text; empty for anything else."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return {}
    if not isinstance(value, Mapping):
        return {}
    return {name: _text(one) for name, one in value.items() if one is not None}


def _text(value: Any) -> str:
    """Numbers are compared as texts, whichever side wrote them so."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


async def _while_signed_in(
    messages: AsyncIterator[Message], caller: Caller
) -> AsyncIterator[Message]:
    """The messages, until the rights of *caller* end. Raises what `until_sign_out` raises."""
    if caller.until_sign_out is None:
        async for message in messages:
            yield message
        return
    leaving = asyncio.ensure_future(caller.until_sign_out())
    coming = asyncio.ensure_future(anext(messages))
    try:
        while True:
            await asyncio.wait([leaving, coming], return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                leaving.result()
                return
            message = coming.result()
            coming = asyncio.ensure_future(anext(messages))
            yield message
    finally:
        await end(leaving, coming)
