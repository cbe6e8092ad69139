"""WebSockets of scripts: each event is a call of the script."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from secrets import token_urlsafe
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from aiwebengine.core.background import end
from aiwebengine.core.errors import EngineError, Unavailable
from aiwebengine.script_calls.types import Kind
from aiwebengine.script_streams import limits
from aiwebengine.script_streams.broadcast import ScriptBroadcast
from aiwebengine.script_streams.customizing import CallsScripts, answer_of
from aiwebengine.script_streams.places import OpenPlaces
from aiwebengine.script_streams.socket import OpenSocket, socket_channel
from aiwebengine.script_streams.visits import Refused, Visit
from aiwebengine.web.connections import OWN_LIMITS, abort_of

log = logging.getLogger(__name__)

# RFC 6455 section 7.4.1, and the registry of IANA.
GOING_AWAY = 1001
TOO_LARGE = 1009
POLICY_VIOLATION = 1008
FAILED = 1011
NOT_CLOSED = 1006
ID_BYTES = 16


class Sockets:
    """All WebSockets of scripts in this worker."""

    def __init__(
        self, broadcast: ScriptBroadcast, caller: CallsScripts, places: OpenPlaces
    ) -> None:
        self._broadcast = broadcast
        self._caller = caller
        self._places = places
        self._open: dict[str, OpenSocket] = {}
        self._is_ending = False
        self.on_open: Callable[[], None] = lambda: None
        """Called when a socket is opened."""

    @property
    def open(self) -> list[OpenSocket]:
        """The sockets that are open."""
        return list(self._open.values())

    def find(self, socket_id: str) -> OpenSocket | None:
        """The socket with this ID, if it is open in this worker."""
        return self._open.get(socket_id)

    def end_all(self) -> None:
        """Close all sockets, because the engine stops; the clients reconnect."""
        self._is_ending = True
        for socket in self.open:
            socket.close(GOING_AWAY, "The engine stops")

    async def serve(
        self, visit: Visit, protocols: list[str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Serve a WebSocket until it is closed. Raises EngineError before it is accepted."""
        if not self._broadcast.is_listening or self._is_ending:
            raise Unavailable("WebSockets are not available at the moment.")
        # The handshake.
        await receive()
        with self._places.taken(visit), ExitStack() as attached:
            socket = OpenSocket(token_urlsafe(ID_BYTES), visit, abort_of(scope))
            for channel in (*visit.channels, socket_channel(socket.id)):
                attached.enter_context(self._broadcast.attached(visit.script_id, channel, socket))
            self._open[socket.id] = socket
            self.on_open()
            try:
                answer = answer_of(await self._called(socket, "open", visit.request))
                if isinstance(answer, Refused):
                    await _refuse(visit, answer, send)
                    return
                socket.filter = answer.filter
                scope["state"][OWN_LIMITS] = True
                chosen = next((one for one in scope["subprotocols"] if one in protocols), None)
                await send({"type": "websocket.accept", "subprotocol": chosen})
                await self._converse(socket, receive, send)
            finally:
                del self._open[socket.id]

    async def _converse(self, socket: OpenSocket, receive: Receive, send: Send) -> None:
        """Receive and send until the connection is closed, then call the script."""
        sending = asyncio.create_task(socket.send_all(send))
        code, reason = NOT_CLOSED, ""
        try:
            while True:
                message = await receive()
                if message["type"] == "websocket.disconnect":
                    code, reason = message.get("code", NOT_CLOSED), message.get("reason") or ""
                    return
                await self._received(socket, message)
        finally:
            await end(sending)
            if socket.closing is not None:
                code, reason = socket.closing
            await self._closed(socket, code, reason)

    async def _received(self, socket: OpenSocket, message: Message) -> None:
        text = message.get("text")
        body = message["bytes"] if text is None else text.encode()
        if socket.is_over:
            return
        if len(body) > limits.LARGEST_FRAME_BYTES:
            socket.close(TOO_LARGE, f"At most {limits.LARGEST_FRAME_BYTES} bytes")
            return
        if not socket.may_receive():
            socket.close(POLICY_VIOLATION, f"At most {limits.RECEIVED_PER_SEC} messages a second")
            return
        try:
            await self._called(socket, "message", {"is_text": text is not None}, body)
        except EngineError:
            # The log of the script has the reason.
            socket.close(FAILED, "The script failed")

    async def _closed(self, socket: OpenSocket, code: int, reason: str) -> None:
        try:
            await self._called(socket, "close", {"code": code, "reason": reason})
        except EngineError:
            log.debug("script_streams.close_failed", exc_info=True)

    async def _called(
        self, socket: OpenSocket, event: str, more: Mapping[str, Any], body: bytes = b""
    ) -> Any:
        visit = socket.visit
        known = {key: visit.request[key] for key in ("path", "params", "url", "method")}
        result = await self._caller.call(
            visit.script_id,
            Kind.WEBSOCKET,
            visit.handler,
            {"headers": [], **known, **more, "event": event, "id": socket.id},
            body=body,
            user=visit.user,
            request_id=visit.request_id,
        )
        return result.value


async def _refuse(visit: Visit, answer: Refused, send: Send) -> None:
    head = visit.head({"status": answer.status, "headers": answer.headers})
    await send({**head, "type": "websocket.http.response.start"})
    await send({"type": "websocket.http.response.body", "body": answer.body})
