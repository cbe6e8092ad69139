"""What scripts may ask about streams."""

from __future__ import annotations

from aiwebengine.core.errors import BadUserInput
from aiwebengine.script_calls.invocation import Invocation
from aiwebengine.script_calls.operations import Operations
from aiwebengine.script_calls.types import Kind
from aiwebengine.script_streams import limits
from aiwebengine.script_streams.broadcast import ScriptBroadcast
from aiwebengine.script_streams.checks import checked, must_be_closing, must_be_socket_id
from aiwebengine.script_streams.socket import (
    OpenSocket,
    closed_elsewhere,
    sent_elsewhere,
    socket_channel,
)
from aiwebengine.script_streams.sockets import Sockets
from aiwebengine.script_streams.types import Matching, StreamMessage


def add_operations(operations: Operations, broadcast: ScriptBroadcast, sockets: Sockets) -> None:
    """Add the operations of streams and sockets."""

    async def send(
        invocation: Invocation,
        channel: str,
        match: dict[str, str],
        matching: Matching,
        event: str | None = None,
        id: str | None = None,
        body: bytes = b"",
    ) -> None:
        """Send a message at once, whatever becomes of the call; a trial sends none.

        What `init()` sends is sent when the deployment has succeeded.
        """
        message = checked(
            StreamMessage(0, invocation.script.id, channel, _text(body), match, matching, event, id)
        )
        if invocation.is_trial:
            return
        if invocation.kind is Kind.INIT:
            invocation.on_end(lambda has_succeeded: _send_if(has_succeeded, message))
        else:
            await broadcast.send(message)

    async def _send_if(has_succeeded: bool, message: StreamMessage) -> None:
        if has_succeeded:
            await broadcast.send(message)

    async def send_to_socket(
        invocation: Invocation, id: str, is_text: bool, body: bytes = b""
    ) -> None:
        """Send a message to one socket, wherever it is open; a trial sends none."""
        data = _text(body) if is_text else body
        if len(body) > limits.LARGEST_FRAME_BYTES:
            raise BadUserInput(
                f"data: found {len(body)} bytes; allowed: {limits.LARGEST_FRAME_BYTES} bytes."
            )
        socket = _own_socket(invocation, id)
        if socket is None:
            await _elsewhere(invocation, id, sent_elsewhere(data))
        elif not invocation.is_trial:
            socket.send(data)

    async def close_socket(
        invocation: Invocation, id: str, code: int = 1000, reason: str = ""
    ) -> None:
        """Close one socket, wherever it is open; a trial closes none."""
        must_be_closing(code, reason)
        socket = _own_socket(invocation, id)
        if socket is None:
            await _elsewhere(invocation, id, closed_elsewhere(code, reason))
        elif not invocation.is_trial:
            socket.close(code, reason)

    def _own_socket(invocation: Invocation, socket_id: str) -> OpenSocket | None:
        socket = sockets.find(socket_id)
        is_own = socket is not None and socket.visit.script_id == invocation.script.id
        return socket if is_own else None

    async def _elsewhere(invocation: Invocation, socket_id: str, data: str) -> None:
        must_be_socket_id(socket_id)
        if not invocation.is_trial:
            channel = socket_channel(socket_id)
            await broadcast.send(StreamMessage(0, invocation.script.id, channel, data))

    operations.add("streams.send", send)
    operations.add("sockets.send", send_to_socket)
    operations.add("sockets.close", close_socket)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise BadUserInput("data: found bytes that are not UTF-8; allowed: a text.") from None
