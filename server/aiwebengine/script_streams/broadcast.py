"""Carries messages of scripts to those who listen, in every worker of every instance."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from uuid import UUID

from aiwebengine.core.errors import Unavailable
from aiwebengine.database import Database, Listener
from aiwebengine.script_streams import limits, store
from aiwebengine.script_streams.bodies import body_of, message_of
from aiwebengine.script_streams.checks import checked
from aiwebengine.script_streams.rates import SendingRates
from aiwebengine.script_streams.sending import Sender
from aiwebengine.script_streams.store import Unsent
from aiwebengine.script_streams.types import Filter, Matching, Receiver, StreamMessage

log = logging.getLogger(__name__)

# Messages that are read at once after the connection to the database was lost.
PAGE = 500


class ScriptBroadcast:
    """Delivers each message once, in the order of the numbers, to all who listen.

    A message goes through the database: it is stored for those who reconnect, and announced to the
    workers. After the announcements were interrupted, what was sent meanwhile is read.
    """

    def __init__(self, db: Database, listener: Listener) -> None:
        self._db = db
        self._listener = listener
        self._sender = Sender(db)
        self._rates = SendingRates()
        self._newest: int | None = None
        self._receivers: dict[UUID, dict[str, set[Receiver]]] = {}

    async def run(self) -> None:
        """Deliver until cancelled."""
        try:
            await self._listener.run(self._announced, self._fill_gap)
        finally:
            await self._sender.stop()

    async def publish(
        self,
        script_id: UUID,
        channel: str,
        data: str,
        *,
        match: Filter | None = None,
        matching: Matching = Matching.SUBSET,
        event: str | None = None,
        id: str | None = None,
    ) -> int:
        """Send a message to a channel of a script; its number.

        It is on its way when this returns, whatever becomes of the caller's transaction. Raises
        BadUserInput, TooManyMessages, and Unavailable when it may not have been sent.
        """
        message = StreamMessage(0, script_id, channel, data, match or {}, matching, event, id)
        return await self.send(checked(message))

    async def send(self, message: StreamMessage) -> int:
        """Send a message that was checked; its number. Raises as `publish` does."""
        body = body_of(message)
        self._rates.count(message.script_id, len(body))
        return await self._sender.send(Unsent(message.script_id, message.channel, message.id, body))

    @contextmanager
    def subscribe(
        self, script_id: UUID, channel: str, connection: Filter | None = None
    ) -> Iterator[Subscription]:
        """The messages to a channel from now on that are for a connection with this filter."""
        subscription = Subscription(connection or {})
        with self.attached(script_id, channel, subscription):
            yield subscription

    @contextmanager
    def attached(self, script_id: UUID, channel: str, receiver: Receiver) -> Iterator[None]:
        """Call *receiver* with each message to a channel during the `with` block."""
        self.attach(script_id, channel, receiver)
        try:
            yield
        finally:
            self.detach(script_id, channel, receiver)

    def attach(self, script_id: UUID, channel: str, receiver: Receiver) -> None:
        """Call *receiver* with each message to a channel, until `detach`."""
        self._receivers.setdefault(script_id, {}).setdefault(channel, set()).add(receiver)

    def detach(self, script_id: UUID, channel: str, receiver: Receiver) -> None:
        """Call *receiver* no more."""
        channels = self._receivers.get(script_id, {})
        receivers = channels.get(channel, set())
        receivers.discard(receiver)
        if not receivers:
            channels.pop(channel, None)
        if not channels:
            self._receivers.pop(script_id, None)

    @property
    def newest(self) -> int:
        """The number of the last message that was delivered here."""
        return self._newest or 0

    @property
    def is_listening(self) -> bool:
        """Whether messages arrive."""
        return self._listener.is_listening

    async def remove_old(self) -> None:
        """Remove messages that nobody may ask for any more. Raises Unavailable."""
        await store.remove_old(self._db, limits.KEPT_SECS, limits.NEWEST_KEPT_SECS)

    async def _announced(self, payload: str) -> None:
        number, script_id, body = store.announced(payload)
        if number <= self.newest:
            # Read already, after the connection was lost.
            return
        if script_id in self._receivers:
            found = body or await store.body_of(self._db, number)
            if found is None:
                # It waited here for longer than it is kept.
                self._missed(script_id)
            else:
                self._deliver(message_of(number, script_id, found))
        self._newest = number

    async def _fill_gap(self) -> None:
        newest = await store.newest_number(self._db)
        if self._newest is None or newest < self._newest:
            # The first connection, or another database after a restore.
            self._newest, is_whole = newest, False
        else:
            is_whole = await self._deliver_after(self._newest, newest)
        if not is_whole:
            for script_id in list(self._receivers):
                self._missed(script_id)

    async def _deliver_after(self, number: int, newest: int) -> bool:
        """Deliver what was sent after *number*; whether all up to *newest* was still there."""
        missing = newest - number
        while rows := await store.after(self._db, self.newest, PAGE):
            for row in rows:
                missing -= row["number"] <= newest
                if row["script_id"] in self._receivers:
                    self._deliver(message_of(row["number"], row["script_id"], row["body"]))
                self._newest = row["number"]
        self._newest = max(self.newest, newest)
        return missing == 0

    def _deliver(self, message: StreamMessage) -> None:
        receivers = self._receivers.get(message.script_id, {}).get(message.channel)
        for receiver in list(receivers or ()):
            try:
                receiver.deliver(message)
            except Exception:
                log.exception("script_streams.receiver_bug")

    def _missed(self, script_id: UUID) -> None:
        channels = self._receivers.get(script_id, {})
        for receiver in {one for receivers in channels.values() for one in receivers}:
            receiver.missed()


class Subscription(AsyncIterator[StreamMessage]):
    """The messages for one subscriber. A wait for the next one may be cancelled and repeated.

    Raises Unavailable when the subscriber is MOST_WAITING messages behind, or messages are missing.
    """

    def __init__(self, connection: Filter) -> None:
        self.connection = connection
        """The filter of the connection; it may be replaced."""
        self._queue: asyncio.Queue[StreamMessage | None] = asyncio.Queue()
        self._is_over = False

    def deliver(self, message: StreamMessage) -> None:
        """See `Receiver`."""
        if self._is_over or not message.is_for(self.connection):
            return
        if self._queue.qsize() < limits.MOST_WAITING:
            self._queue.put_nowait(message)
        else:
            self.missed()

    def missed(self) -> None:
        """See `Receiver`."""
        self._is_over = True
        self._queue.put_nowait(None)

    async def __anext__(self) -> StreamMessage:
        message = await self._queue.get()
        if message is None:
            # For a reader that asks again.
            self._queue.put_nowait(None)
            raise Unavailable("Messages of this subscription are missing. Subscribe again.")
        return message
