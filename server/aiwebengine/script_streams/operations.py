"""What scripts may ask about streams."""

from __future__ import annotations

from aiwebengine.core.errors import BadUserInput
from aiwebengine.script_calls.invocation import Invocation
from aiwebengine.script_calls.operations import Operations
from aiwebengine.script_calls.types import Kind
from aiwebengine.script_streams.broadcast import ScriptBroadcast
from aiwebengine.script_streams.checks import checked
from aiwebengine.script_streams.types import Matching, StreamMessage


def add_operations(operations: Operations, broadcast: ScriptBroadcast) -> None:
    """Add the operations of streams."""

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

    operations.add("streams.send", send)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise BadUserInput("data: found bytes that are not UTF-8; allowed: a text.") from None
