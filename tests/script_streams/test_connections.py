"""A connection gets each message once and in order, and none can make the engine wait."""

from uuid import UUID

import pytest

from aiwebengine.script_streams import events, limits
from aiwebengine.script_streams.connections import EventConnection
from aiwebengine.script_streams.fan_out import FanOut
from aiwebengine.script_streams.types import Matching, StreamMessage
from aiwebengine.web.writing import chunk


class Written:
    """The body of a response whose client reads only when it is said."""

    def __init__(self):
        self.parts = []
        self.unread = 0
        self.reads = True
        self.ended = None

    def write(self, part):
        self.parts.append(part)
        self.unread = 0 if self.reads else self.unread + len(part)
        return self.unread

    def end(self):
        self.ended = "end"

    def abort(self):
        self.ended = "abort"


@pytest.fixture
def body():
    return Written()


def message(number, data="x", **more):
    return StreamMessage(number, UUID(int=1), "/events", data, **more)


def part(number, data="x", **more):
    return chunk(events.event_of(message(number, data, **more)))


def test_all_connections_of_a_channel_get_the_same_bytes():
    fan_out, bodies = FanOut(), [Written() for _ in range(3)]
    for body in bodies:
        fan_out.add(EventConnection(body, {}))

    fan_out.deliver(message(1))

    assert bodies[0].parts == [part(1)]
    assert all(body.parts[0] is bodies[0].parts[0] for body in bodies)


def test_each_connection_gets_what_is_for_its_filter():
    fan_out = FanOut()
    bodies = {group: Written() for group in ("1", "2", "3")}
    for group, body in bodies.items():
        fan_out.add(EventConnection(body, {"group": group, "kind": "chat"}))

    fan_out.deliver(message(1, match={"group": "1"}))
    fan_out.deliver(message(2, match={"group": "2", "kind": "chat"}))
    fan_out.deliver(message(3, match={"group": "3", "kind": "x"}, matching=Matching.OVERLAP))
    fan_out.deliver(message(4))

    counts = {group: len(body.parts) for group, body in bodies.items()}
    assert counts == {"1": 2, "2": 2, "3": 2}


def test_nothing_is_left_of_connections_that_have_gone(body):
    fan_out, connection = FanOut(), EventConnection(body, {"group": "1"})
    fan_out.add(connection)
    fan_out.remove(connection)
    fan_out.remove(connection)

    fan_out.deliver(message(1))

    assert (fan_out.count, fan_out._groups, body.parts) == (0, {}, [])


def test_a_message_of_two_channels_arrives_once(body):
    connection = EventConnection(body, {})
    for fan_out in (FanOut(), FanOut()):
        fan_out.add(connection)
        fan_out.deliver(message(1))

    assert body.parts == [part(1)]


def test_what_comes_while_older_messages_are_read_comes_after_them(body):
    connection = EventConnection(body, {})
    connection.hold()
    for number in (3, 4):
        connection.write(number, part(number))
    assert body.parts == []

    connection.replay([(number, part(number)) for number in (1, 2, 3)])
    connection.write(4, part(4))
    connection.write(5, part(5))

    assert body.parts == [part(number) for number in (1, 2, 3, 4, 5)]


def test_a_client_that_does_not_read_is_disconnected(body, monkeypatch):
    monkeypatch.setattr(limits, "MOST_UNREAD_BYTES", 10 * len(part(10)))
    connection = EventConnection(body, {})
    body.reads = False

    for number in range(10, 30):
        connection.write(number, part(number))

    assert (body.ended, connection.is_slow) == ("abort", True)
    assert len(body.parts) == 11


def test_a_client_is_disconnected_when_too_much_comes_before_it_has_begun(body, monkeypatch):
    monkeypatch.setattr(limits, "MOST_REPLAYED", 3)
    connection = EventConnection(body, {})
    connection.hold()

    for number in range(1, 6):
        connection.write(number, part(number))
    connection.replay([])

    assert (body.ended, body.parts) == ("abort", [])


def test_nothing_is_written_after_the_end(body):
    connection = EventConnection(body, {})
    connection.end()

    connection.write(1, part(1))
    connection.write_extra(events.GAP)
    connection.end()

    assert (body.ended, body.parts) == ("end", [])
