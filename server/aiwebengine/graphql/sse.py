"""Subscriptions as server-sent events: the graphql-sse protocol, distinct connections mode."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
from graphql import OperationType

from aiwebengine.core.background import end
from aiwebengine.graphql.execution import Context, Executor, Operation

# Proxies close a connection that is idle for about a minute.
KEEP_ALIVE_SECS = 12.0


async def frames(
    executor: Executor,
    operation: Operation,
    context: Context,
    request_id: str | None,
    ending: asyncio.Event,
) -> AsyncIterator[bytes]:
    """The events of one operation: `next` for each result, `complete` at the end.

    When *ending* is set because the engine stops, the stream ends without `complete`, so that the
    client reconnects.
    """
    if operation.kind is not OperationType.SUBSCRIPTION:
        answer = await executor.answer(operation, context, request_id)
        yield _frame("next", orjson.dumps(answer.body))
        yield _frame("complete")
        return
    # A first comment makes proxies and the browser process the headers at once.
    yield b":\n\n"
    events = executor.events(operation, context, request_id)
    coming = asyncio.ensure_future(anext(events, None))
    stopping = asyncio.ensure_future(ending.wait())
    try:
        while True:
            done, _ = await asyncio.wait(
                [coming, stopping], timeout=KEEP_ALIVE_SECS, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                yield b":\n\n"
                continue
            if coming not in done:
                return
            body = coming.result()
            if body is None:
                break
            yield _frame("next", orjson.dumps(body))
            coming = asyncio.ensure_future(anext(events, None))
        yield _frame("complete")
    finally:
        await end(stopping, coming)
        await events.aclose()  # type: ignore[attr-defined]


def _frame(event: str, data: bytes = b"") -> bytes:
    return b"event: " + event.encode() + b"\ndata: " + data + b"\n\n"
