"""Operations over one WebSocket: the graphql-transport-ws protocol.

Close codes are the protocol's: 4400 bad message, 4401 not initialised, 4408 initialised too late,
4409 the id is in use, 4429 initialised twice. The older `graphql-ws` is not spoken.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any, cast

import orjson
from graphql import OperationType
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from aiwebengine.background import end
from aiwebengine.errors import EngineError
from aiwebengine.graphql.documents import MalformedDocument
from aiwebengine.graphql.errors import refusal, told
from aiwebengine.graphql.execution import Context, Executor
from aiwebengine.graphql.requests import from_parts
from aiwebengine.logs.access import request_line
from aiwebengine.web.headers import request_id

PROTOCOL = "graphql-transport-ws"
INIT_TIMEOUT_SECS = 10.0

ContextOf = Callable[[WebSocket], Awaitable[Context]]


class WebSocketEndpoint:
    """Answers WebSockets from our own pages, or from no page at all (*is_allowed*)."""

    def __init__(
        self,
        executor: Executor,
        context_of: ContextOf,
        is_allowed: Callable[[WebSocket], bool],
        most_operations: int,
    ) -> None:
        self._executor = executor
        self._context_of = context_of
        self._is_allowed = is_allowed
        self._most_operations = most_operations
        self._open: set[_Socket] = set()

    async def __call__(self, websocket: WebSocket) -> None:
        """GraphQL over a WebSocket, by the subprotocol `graphql-transport-ws`.

        Queries, mutations and subscriptions, by cookie or header of the handshake. It is closed
        with 4406 for another subprotocol and with 1001 when the engine stops.

        Answers:
            101: the socket.
            403: a page of another site.
        """
        if not self._is_allowed(websocket):
            # Before `accept` this becomes a plain 403: a foreign page learns nothing.
            await websocket.close(1008)
            return
        if PROTOCOL not in websocket.scope["subprotocols"]:
            await websocket.accept()
            await websocket.close(4406, "Subprotocol not acceptable")
            return
        await websocket.accept(PROTOCOL)
        socket = _Socket(websocket, self._executor, self._context_of, self._most_operations)
        self._open.add(socket)
        try:
            await socket.serve()
        finally:
            self._open.discard(socket)

    async def close_all(self) -> None:
        """Tell every client to come back later: the engine stops."""
        for socket in list(self._open):
            await socket.close(1001, "Going away")


class _Refused(Exception):
    """The socket must be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Socket:
    def __init__(
        self,
        websocket: WebSocket,
        executor: Executor,
        context_of: ContextOf,
        most_operations: int,
    ) -> None:
        self._websocket = websocket
        self._executor = executor
        self._context_of = context_of
        self._most_operations = most_operations
        self._is_initialised = False
        self._operations: dict[str, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Read messages until the socket is closed; leave no operation behind."""
        watch = asyncio.create_task(self._expect_init())
        try:
            while True:
                await self._handle(await self._receive())
        except _Refused as refused:
            await self.close(refused.code, refused.reason)
        except WebSocketDisconnect:
            pass
        finally:
            await end(watch, *self._operations.values())

    async def close(self, code: int, reason: str) -> None:
        """Close the socket, if it still is open."""
        if self._websocket.application_state is WebSocketState.CONNECTED:
            with suppress(RuntimeError, WebSocketDisconnect):
                # The reason must fit a control frame (RFC 6455 section 5.5).
                await self._websocket.close(code, reason.encode()[:120].decode("utf-8", "ignore"))

    async def _expect_init(self) -> None:
        await asyncio.sleep(INIT_TIMEOUT_SECS)
        if not self._is_initialised:
            await self.close(4408, "Connection initialisation timeout")

    async def _receive(self) -> dict[str, Any]:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        text = message.get("text")
        try:
            parsed = orjson.loads(text) if text is not None else None
        except orjson.JSONDecodeError:
            raise _Refused(4400, "The message is not JSON") from None
        if not isinstance(parsed, dict) or not isinstance(parsed.get("type"), str):
            raise _Refused(4400, "The message must be an object with a type")
        return parsed

    async def _handle(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "connection_init":
                if self._is_initialised:
                    raise _Refused(4429, "Too many initialisation requests")
                self._is_initialised = True
                await self._send({"type": "connection_ack"})
            case "ping":
                await self._send({"type": "pong"})
            case "pong":
                pass
            case "subscribe":
                await self._subscribe(message)
            case "complete":
                task = self._operations.pop(_id(message), None)
                if task is not None:
                    task.cancel()
            case unknown:
                raise _Refused(4400, f"Unknown message type {unknown[:40]}")

    async def _subscribe(self, message: dict[str, Any]) -> None:
        if not self._is_initialised:
            raise _Refused(4401, "Unauthorized: send connection_init first")
        operation_id, payload = _id(message), message.get("payload")
        if not isinstance(payload, dict):
            raise _Refused(4400, "subscribe needs a payload")
        if operation_id in self._operations:
            raise _Refused(4409, f"Subscriber for {operation_id[:60]} already exists")
        if len(self._operations) >= self._most_operations:
            error = EngineError(f"At most {self._most_operations} operations on one socket.")
            error.code = "RATE_LIMITED"
            await self._send_errors(operation_id, refusal(error, None)["errors"])
            return
        task = asyncio.create_task(self._operate(operation_id, payload))
        self._operations[operation_id] = task
        task.add_done_callback(lambda done: self._forget(operation_id, done))

    def _forget(self, operation_id: str, done: asyncio.Task[None]) -> None:
        if self._operations.get(operation_id) is done:
            del self._operations[operation_id]

    async def _operate(self, operation_id: str, payload: dict[str, Any]) -> None:
        # The task's own: each operation has its line and its figures.
        with request_line(self._websocket.scope, "WS"):
            await self._run(operation_id, payload)

    async def _run(self, operation_id: str, payload: dict[str, Any]) -> None:
        its_id = request_id(self._websocket.scope)
        try:
            operation = self._executor.prepare(from_parts(payload))
            context = await self._context_of(self._websocket)
        except MalformedDocument as error:
            problems = [told(problem, its_id) for problem in error.errors]
            await self._send_errors(operation_id, problems)
            return
        except EngineError as error:
            await self._send_errors(operation_id, refusal(error, its_id)["errors"])
            return
        if operation.kind is OperationType.SUBSCRIPTION:
            events = self._executor.events(operation, context, its_id)
        else:
            answer = await self._executor.answer(operation, context, its_id)
            events = _once(answer.body)
        async with aclosing(cast(Any, events)) as each:
            async for body in each:
                if "data" not in body:
                    await self._send_errors(operation_id, body["errors"])
                    return
                await self._send({"id": operation_id, "type": "next", "payload": body})
        # Forgotten before the client hears of it: it may use the id again at once.
        self._operations.pop(operation_id, None)
        await self._send({"id": operation_id, "type": "complete"})

    async def _send_errors(self, operation_id: str, errors: list[dict[str, Any]]) -> None:
        self._operations.pop(operation_id, None)
        await self._send({"id": operation_id, "type": "error", "payload": errors})

    async def _send(self, message: dict[str, Any]) -> None:
        # A client that left in the middle of a message is no error of ours.
        with suppress(RuntimeError, WebSocketDisconnect):
            await self._websocket.send_text(orjson.dumps(message).decode())


def _id(message: dict[str, Any]) -> str:
    operation_id = message.get("id")
    if not isinstance(operation_id, str) or not operation_id:
        raise _Refused(4400, "The message needs an id")
    return operation_id


async def _once(body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    yield body
