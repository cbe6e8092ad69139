"""GraphQL over a WebSocket: the graphql-transport-ws protocol.

Close codes of the protocol: 4400 invalid message, 4401 not initialised, 4403 not signed in, 4408
initialisation timeout, 4409 duplicate operation ID, 4429 initialised twice. Those of RFC 6455: 1009
message too large, 1013 too many WebSockets. The older protocol `graphql-ws` is not supported.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import orjson
from graphql import OperationType
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from aiwebengine.core.background import end
from aiwebengine.core.errors import EngineError, Forbidden, Unauthenticated
from aiwebengine.core.request_record import note_bug
from aiwebengine.core.rights import by_operation
from aiwebengine.graphql.documents import MalformedDocument
from aiwebengine.graphql.errors import HIDDEN, client_error, refusal
from aiwebengine.graphql.execution import Context, Executor
from aiwebengine.graphql.requests import from_parts
from aiwebengine.web.access_log import RequestLine
from aiwebengine.web.crowding import Places
from aiwebengine.web.headers import address_of, request_id

log = logging.getLogger(__name__)

PROTOCOL = "graphql-transport-ws"
INIT_TIMEOUT_SECS = 10.0
NOT_SIGNED_IN = (
    "Not signed in: send the session cookie or an Authorization header with the handshake"
)
WRONG_PLACE = "Not signed in: a token belongs in the handshake's Authorization header, not in here"

ContextOf = Callable[[WebSocket], Awaitable[Context]]
ExecutorOf = Callable[[WebSocket], Executor]


@dataclass(frozen=True)
class SocketLimits:
    """Limits for WebSockets.

    Attributes:
        operations: maximum number of concurrent operations on one WebSocket.
        first_bytes: maximum size of a message before the caller is authenticated.
        per_address: counts the WebSockets of each group of addresses.
        per_user: counts the WebSockets of each user.
        crowd: the group of a client address; None has no limit.
        needs_sign_in: False also admits clients that are not signed in.
    """

    operations: int
    first_bytes: int
    per_address: Places
    per_user: Places
    crowd: Callable[[str | None], str | None]
    needs_sign_in: bool = True


class WebSocketEndpoint:
    """Serves WebSockets of this site's pages and of other clients (*is_allowed*).

    Each operation is executed by what *executor_of* returns for it; it may raise an EngineError.
    """

    def __init__(
        self,
        executor_of: ExecutorOf,
        context_of: ContextOf,
        is_allowed: Callable[[WebSocket], bool],
        limits: SocketLimits,
    ) -> None:
        self._executor_of = executor_of
        self._context_of = context_of
        self._is_allowed = is_allowed
        self._limits = limits
        self._open: set[_Socket] = set()

    @by_operation
    async def __call__(self, websocket: WebSocket) -> None:
        """GraphQL over a WebSocket, by the subprotocol `graphql-transport-ws`.

        Queries, mutations and subscriptions. The caller must be signed in by the cookie or the
        Authorization header of the handshake. Close codes: 4403 not signed in, 4406 another
        subprotocol, 1009 message too large, 1013 too many WebSockets of one user, 1001 the engine
        stops.

        Answers:
            101: the WebSocket.
            403: a page of another site.
            429: too many WebSockets of one address.
        """
        if not self._is_allowed(websocket):
            # Before `accept` this sends a plain 403, so the page of another site gets no details.
            await websocket.close(1008)
            return
        if PROTOCOL not in websocket.scope["subprotocols"]:
            await websocket.accept()
            await websocket.close(4406, "Subprotocol not acceptable")
            return
        crowd, places = self._limits.crowd(address_of(websocket.scope)), self._limits.per_address
        if not places.take(crowd):
            await websocket.send_denial_response(
                Response(f"Too many sockets: at most {places.most} of one address.", 429)
            )
            return
        try:
            await websocket.accept(PROTOCOL)
            socket = _Socket(websocket, self._executor_of, self._context_of, self._limits)
            self._open.add(socket)
            try:
                await socket.serve()
            finally:
                self._open.discard(socket)
        finally:
            places.leave(crowd)

    async def close_all(self) -> None:
        """Close all WebSockets with code 1001 because the engine stops; clients reconnect later."""
        for socket in list(self._open):
            await socket.close(1001, "Going away")


class _Refused(Exception):
    """Closes the WebSocket with this code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class _Socket:
    def __init__(
        self,
        websocket: WebSocket,
        executor_of: ExecutorOf,
        context_of: ContextOf,
        limits: SocketLimits,
    ) -> None:
        self._websocket = websocket
        self._executor_of = executor_of
        self._context_of = context_of
        self._limits = limits
        self._is_initialised = False
        self._user_id: UUID | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        """Handle messages until the WebSocket is closed, then end its operations."""
        watch = asyncio.create_task(self._expect_init())
        try:
            while True:
                await self._handle(await self._receive())
        except _Refused as refused:
            await self.close(refused.code, refused.reason)
        except WebSocketDisconnect:
            pass
        finally:
            self._limits.per_user.leave(self._user_id)
            await end(watch, *self._operations.values())

    async def close(self, code: int, reason: str) -> None:
        """Close the WebSocket if it is still open."""
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
        if self._user_id is None and len(text or "") > self._limits.first_bytes:
            raise _Refused(
                1009, f"The first message has more than {self._limits.first_bytes} bytes"
            )
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
                await self._admit(message.get("payload"))
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

    async def _admit(self, payload: object) -> None:
        """Authenticate the caller. Raises _Refused unless the caller is signed in as needed."""
        try:
            context = await self._context_of(self._websocket)
        except (Unauthenticated, Forbidden) as error:
            raise _Refused(4403, error.message) from None
        except EngineError as error:
            raise _Refused(1013, error.message) from None
        if not context.viewer.is_signed_in:
            if not self._limits.needs_sign_in and not payload:
                return
            raise _Refused(4403, WRONG_PLACE if payload else NOT_SIGNED_IN)
        places = self._limits.per_user
        if not places.take(context.viewer.id):
            raise _Refused(1013, f"Too many sockets: at most {places.most} of one user")
        self._user_id = context.viewer.id

    async def _subscribe(self, message: dict[str, Any]) -> None:
        if not self._is_initialised:
            raise _Refused(4401, "Unauthorized: send connection_init first")
        operation_id, payload = _id(message), message.get("payload")
        if not isinstance(payload, dict):
            raise _Refused(4400, "subscribe needs a payload")
        if operation_id in self._operations:
            raise _Refused(4409, f"Subscriber for {operation_id[:60]} already exists")
        if len(self._operations) >= self._limits.operations:
            error = EngineError(f"At most {self._limits.operations} operations on one socket.")
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
        # Begun in the operation's own task, so that each operation has its own line in the log.
        with RequestLine(self._websocket.scope, "WS"):
            try:
                await self._run(operation_id, payload)
            except Exception as error:
                # The client waits until each operation ends, so it needs a message in any case.
                if not note_bug(error):
                    log.exception("request.bug")
                hidden = refusal(EngineError(HIDDEN), request_id(self._websocket.scope))
                await self._send_errors(operation_id, hidden["errors"])

    async def _run(self, operation_id: str, payload: dict[str, Any]) -> None:
        id_of_request = request_id(self._websocket.scope)
        try:
            context = await self._context_of(self._websocket)
            is_anonymous = not context.viewer.is_signed_in
            if is_anonymous and self._user_id is not None:
                raise Unauthenticated("The session has ended. Sign in again.")
            executor = self._executor_of(self._websocket)
            operation = executor.prepare(from_parts(payload), is_anonymous=is_anonymous)
        except MalformedDocument as error:
            problems = [client_error(problem, id_of_request) for problem in error.errors]
            await self._send_errors(operation_id, problems)
            return
        except EngineError as error:
            await self._send_errors(operation_id, refusal(error, id_of_request)["errors"])
            if isinstance(error, Unauthenticated):
                await self.close(4403, error.message)
            return
        if operation.kind is OperationType.SUBSCRIPTION:
            events = executor.events(operation, context, id_of_request)
        else:
            answer = await executor.answer(operation, context, id_of_request)
            events = _once(answer.body)
        async with aclosing(cast(Any, events)) as each:
            async for body in each:
                if "data" not in body:
                    await self._send_errors(operation_id, body["errors"])
                    return
                await self._send({"id": operation_id, "type": "next", "payload": body})
        # Removed before the client gets `complete`, because it may reuse the ID at once.
        self._operations.pop(operation_id, None)
        await self._send({"id": operation_id, "type": "complete"})

    async def _send_errors(self, operation_id: str, errors: list[dict[str, Any]]) -> None:
        self._operations.pop(operation_id, None)
        await self._send({"id": operation_id, "type": "error", "payload": errors})

    async def _send(self, message: dict[str, Any]) -> None:
        # A client that disconnects while a message is sent is not an error.
        with suppress(RuntimeError, WebSocketDisconnect):
            await self._websocket.send_text(orjson.dumps(message).decode())


def _id(message: dict[str, Any]) -> str:
    operation_id = message.get("id")
    if not isinstance(operation_id, str) or not operation_id:
        raise _Refused(4400, "The message needs an id")
    return operation_id


async def _once(body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    yield body
