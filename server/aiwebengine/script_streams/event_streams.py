"""Event streams of scripts: from the request to the end of the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import randbelow
from uuid import UUID

from starlette.types import Message, Receive, Scope, Send

from aiwebengine.core.errors import Unavailable
from aiwebengine.database import Database
from aiwebengine.script_streams import events, limits
from aiwebengine.script_streams.broadcast import ScriptBroadcast
from aiwebengine.script_streams.connections import EventConnection
from aiwebengine.script_streams.fan_out import FanOut
from aiwebengine.script_streams.places import OpenPlaces
from aiwebengine.script_streams.replaying import missed_events
from aiwebengine.script_streams.visits import Accepted, Customizer, Refused, Visit
from aiwebengine.web.headers import header
from aiwebengine.web.writing import streamed_body

# Neither a cache nor a proxy may keep an event back.
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
]
_OURS = frozenset(name for name, _ in _HEADERS)


@dataclass(eq=False, slots=True)
class OpenStream:
    """A stream that a client reads; `visits.OpenConnection`."""

    visit: Visit
    connection: EventConnection
    streams: EventStreams

    @property
    def is_over(self) -> bool:
        """Whether the engine has ended it."""
        return self.connection.is_over

    def end(self) -> None:
        """End it."""
        self.connection.end()

    async def renew(self, visit: Visit) -> None:
        """Get another filter from the script, or end. Raises EngineError."""
        self.visit = visit
        answer = await self.streams.decide(visit)
        if isinstance(answer, Refused):
            self.end()
        else:
            self.streams.change_filter(self, answer)


class EventStreams:
    """All event streams of this worker."""

    def __init__(
        self,
        db: Database,
        broadcast: ScriptBroadcast,
        customizer: Customizer,
        places: OpenPlaces,
    ) -> None:
        self._db = db
        self._broadcast = broadcast
        self._customizer = customizer
        self._places = places
        self._channels: dict[tuple[UUID, str], FanOut] = {}
        self._open: dict[OpenStream, None] = {}
        self._is_ending = False
        self.on_open: Callable[[], None] = lambda: None
        """Called when a stream is opened."""

    @property
    def open(self) -> list[OpenStream]:
        """The streams that are open."""
        return list(self._open)

    def counts(self, script_id: UUID) -> dict[str, int]:
        """The number of connections of each channel of a script in this worker."""
        return {
            channel: fan_out.count
            for (of_script, channel), fan_out in self._channels.items()
            if of_script == script_id
        }

    async def serve(self, visit: Visit, scope: Scope, receive: Receive, send: Send) -> int:
        """Answer a request for a stream, until the client leaves; the status.

        Raises EngineError as long as nothing was sent.
        """
        if not self._broadcast.is_listening or self._is_ending:
            raise Unavailable("Streams are not available at the moment.")
        with self._places.taken(visit):
            answer = await self.decide(visit)
            if isinstance(answer, Refused):
                await send(visit.head({"status": answer.status, "headers": answer.headers}))
                await send({"type": "http.response.body", "body": answer.body})
                return answer.status
            await self._stream(visit, answer, scope, receive, send)
        return 200

    def end_all(self) -> None:
        """End all streams, because the engine stops; the clients reconnect."""
        self._is_ending = True
        for stream in self.open:
            stream.connection.end()

    async def beat(self) -> None:
        """Send a comment on the streams that were silent since the last call."""
        for stream in self.open:
            connection = stream.connection
            if not connection.wrote:
                connection.write_extra(events.HEARTBEAT)
            connection.wrote = False

    async def decide(self, visit: Visit) -> Accepted | Refused:
        """What the script says about a connection. Raises EngineError."""
        return await self._customizer.decide(visit)

    def change_filter(self, stream: OpenStream, accepted: Accepted) -> None:
        """Deliver by another filter from now on."""
        if stream in self._open:
            self._detach(stream)
            stream.connection.filter = accepted.filter
            self._attach(stream)

    async def _stream(
        self, visit: Visit, accepted: Accepted, scope: Scope, receive: Receive, send: Send
    ) -> None:
        start = visit.head({"status": 200, "headers": accepted.headers})
        start["headers"] = [
            *(one for one in start["headers"] if one[0] not in _OURS),
            *_HEADERS,
        ]
        body = streamed_body(scope)
        if scope["method"] == "HEAD" or body is None:
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return
        stream = OpenStream(visit, EventConnection(body, accepted.filter), self)
        with self._attached(stream):
            # Attached already: what is sent from here on is held until the client has the rest.
            stream.connection.hold()
            missed = await missed_events(
                self._db, visit, accepted.filter, header(scope, b"last-event-id")
            )
            await send(start)
            await send(_part(events.retry(_reconnection_millis()) + missed.gap))
            stream.connection.replay(missed.events)
            if self._is_ending:
                stream.connection.end()
            await _until_gone(receive)

    @contextmanager
    def _attached(self, stream: OpenStream) -> Iterator[None]:
        self._open[stream] = None
        self._attach(stream)
        self.on_open()
        try:
            yield
        finally:
            del self._open[stream]
            self._detach(stream)

    def _attach(self, stream: OpenStream) -> None:
        script_id = stream.visit.script_id
        for channel in stream.visit.channels:
            fan_out = self._channels.get((script_id, channel))
            if fan_out is None:
                fan_out = self._channels[script_id, channel] = FanOut()
                self._broadcast.attach(script_id, channel, fan_out)
            fan_out.add(stream.connection)

    def _detach(self, stream: OpenStream) -> None:
        script_id = stream.visit.script_id
        for channel in stream.visit.channels:
            fan_out = self._channels[script_id, channel]
            fan_out.remove(stream.connection)
            if not fan_out.count:
                del self._channels[script_id, channel]
                self._broadcast.detach(script_id, channel, fan_out)


def _part(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


async def _until_gone(receive: Receive) -> None:
    """Wait until the connection has ended, by either side."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        # A server may repeat the end of the body.
        await asyncio.sleep(0)


def _reconnection_millis() -> int:
    least, most = limits.RETRY_MILLIS
    return least + randbelow(most - least + 1)
