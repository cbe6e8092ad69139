"""One WebSocket of a script."""

from __future__ import annotations

import asyncio
import base64
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import orjson
from starlette.types import Message, Send

from aiwebengine.script_streams import limits
from aiwebengine.script_streams.types import Filter, StreamMessage
from aiwebengine.script_streams.visits import Visit

# A channel of a script begins with a slash, or has another name that scripts choose.
_OWN_CHANNEL = "\x7fsocket "
TRY_AGAIN_LATER = 1013


def socket_channel(socket_id: str) -> str:
    """The channel that only this socket listens to; no script can name it."""
    return f"{_OWN_CHANNEL}{socket_id}"


class OpenSocket:
    """A WebSocket that is open, or about to be. See `broadcast.Receiver`.

    What is sent waits in a queue, so that a client that does not read delays nobody. It is
    disconnected as soon as MOST_UNREAD_BYTES wait.
    """

    def __init__(self, socket_id: str, visit: Visit, abort: Callable[[], None]) -> None:
        self.id = socket_id
        self.visit = visit
        self.filter: Filter = {}
        self.closing: tuple[int, str] | None = None
        """Code and reason, once this side closes it."""
        self._abort = abort
        self._queue: deque[Message] = deque()
        self._waiting_bytes = 0
        self._is_due = asyncio.Event()
        self._after = 0
        self._may_receive = float(limits.RECEIVED_AT_ONCE)
        self._received_at = time.monotonic()

    @property
    def is_over(self) -> bool:
        """Whether this side has closed it."""
        return self.closing is not None

    def send(self, data: str | bytes) -> None:
        """Send a message."""
        if self.is_over:
            return
        self._waiting_bytes += len(data) + limits.FRAME_OVERHEAD_BYTES
        if self._waiting_bytes > limits.MOST_UNREAD_BYTES:
            self.closing = (TRY_AGAIN_LATER, "The client does not read")
            self._queue.clear()
            self._abort()
            return
        kind = "text" if isinstance(data, str) else "bytes"
        self._put({"type": "websocket.send", kind: data})

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it, after what was sent before."""
        if not self.is_over:
            self.closing = (code, reason)
            self._put({"type": "websocket.close", "code": code, "reason": reason})

    def end(self) -> None:
        """Close it, because its script or its user does not allow it any more."""
        self.close(1008, "No longer allowed")

    async def renew(self, visit: Visit) -> None:
        """Give later events to the version that is served now, with the user of now."""
        self.visit = visit

    def deliver(self, message: StreamMessage) -> None:
        """Send a message of the broadcast, if it is for this socket."""
        # The channels of its path and of its route may both have it.
        if message.number <= self._after:
            return
        self._after = message.number
        if message.channel.startswith(_OWN_CHANNEL):
            self._obey(message.data)
        elif message.is_for(self.filter):
            self.send(message.data)

    def missed(self) -> None:
        """Close it: the client loads the current state when it reconnects."""
        self.close(TRY_AGAIN_LATER, "Messages may be missing")

    def may_receive(self) -> bool:
        """Count a message that came; False if there are too many."""
        now = time.monotonic()
        passed, self._received_at = now - self._received_at, now
        self._may_receive = min(
            limits.RECEIVED_AT_ONCE, self._may_receive + passed * limits.RECEIVED_PER_SEC
        )
        self._may_receive -= 1
        return self._may_receive >= 0

    async def send_all(self, send: Send) -> None:
        """Send what is queued, until cancelled."""
        # A client that leaves while a message is sent is not an error.
        with suppress(RuntimeError, OSError):
            while True:
                while self._queue:
                    message = self._queue.popleft()
                    await send(message)
                    data = message.get("text") or message.get("bytes") or b""
                    self._waiting_bytes -= len(data) + limits.FRAME_OVERHEAD_BYTES
                self._is_due.clear()
                await self._is_due.wait()

    def _put(self, message: Message) -> None:
        self._queue.append(message)
        self._is_due.set()

    def _obey(self, text: str) -> None:
        said = orjson.loads(text)
        if "text" in said:
            self.send(said["text"])
        elif "base64" in said:
            self.send(base64.b64decode(said["base64"]))
        else:
            self.close(said["code"], said["reason"])


def sent_elsewhere(data: str | bytes) -> str:
    """A message for a socket that is open in another worker, as its channel carries it."""
    if isinstance(data, str):
        return orjson.dumps({"text": data}).decode()
    return orjson.dumps({"base64": base64.b64encode(data).decode()}).decode()


def closed_elsewhere(code: int, reason: str) -> str:
    """The same for its end."""
    return orjson.dumps({"code": code, "reason": reason}).decode()
