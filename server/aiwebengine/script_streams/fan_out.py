"""Gives each message of a channel to the connections that it is for."""

from __future__ import annotations

import logging

from aiwebengine.script_streams import events
from aiwebengine.script_streams.connections import EventConnection
from aiwebengine.script_streams.types import Filter, StreamMessage
from aiwebengine.web.writing import chunk

log = logging.getLogger(__name__)


class FanOut:
    """The connections of one channel, by their filters.

    A message is compared once with each filter, and all connections get the same bytes.
    """

    def __init__(self) -> None:
        self._groups: dict[frozenset[tuple[str, str]], _Group] = {}

    def add(self, connection: EventConnection) -> None:
        """Give *connection* the messages that are for it from now on."""
        key = frozenset(connection.filter.items())
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = _Group(connection.filter)
        group.connections[connection] = None

    def remove(self, connection: EventConnection) -> None:
        """Give it no more; before its filter is replaced."""
        key = frozenset(connection.filter.items())
        group = self._groups.get(key)
        if group is not None:
            group.connections.pop(connection, None)
            if not group.connections:
                del self._groups[key]

    @property
    def count(self) -> int:
        """How many connections there are."""
        return sum(len(group.connections) for group in self._groups.values())

    def deliver(self, message: StreamMessage) -> None:
        """See `broadcast.Receiver`."""
        number, part = message.number, None
        for group in self._groups.values():
            if not message.is_for(group.filter):
                continue
            if part is None:
                part = chunk(events.event_of(message))
            for connection in group.connections:
                connection.write(number, part)

    def missed(self) -> None:
        """See `broadcast.Receiver`."""
        for group in self._groups.values():
            for connection in group.connections:
                connection.write_extra(events.GAP)


class _Group:
    __slots__ = ("connections", "filter")

    def __init__(self, shared: Filter) -> None:
        self.filter = shared
        # In the order in which they came.
        self.connections: dict[EventConnection, None] = {}
