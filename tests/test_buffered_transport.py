"""Small writes leave together, and none after the end."""

import asyncio
import socket

import pytest
import uvloop

from aiwebengine.core.buffered_transport import MAX_BUFFERED_BYTES, BufferedTransport


class Counting:
    """A transport that remembers its writes."""

    def __init__(self, transport):
        self._transport = transport
        self.writes = []

    def write(self, data):
        self.writes.append(bytes(data))
        self._transport.write(data)

    def __getattr__(self, name):
        return getattr(self._transport, name)


class Connected:
    """Both ends of a Unix socket: what was written at one, and what arrived at the other."""

    def __init__(self):
        self.problems = []

    async def __aenter__(self):
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.problems.append(context))
        here, there = socket.socketpair()
        self.reader, self.writer = await asyncio.open_connection(sock=there)
        raw, _ = await loop.create_connection(asyncio.Protocol, sock=here)
        self.counting = Counting(raw)
        self.transport = BufferedTransport(self.counting, loop)
        return self

    async def __aexit__(self, *_):
        self.transport.abort()
        self.writer.close()

    async def received(self):
        """Everything until the end of the stream."""
        async with asyncio.timeout(10):
            return await self.reader.read()


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request):
    """Runs a coroutine function on one of the event loops that the engine uses."""
    factory = uvloop.new_event_loop if request.param == "uvloop" else None

    def run(test):
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(test())

    return run


def test_writes_of_one_turn_of_the_event_loop_leave_as_one(run):
    async def test():
        async with Connected() as ends:
            for part in (b"a", b"b", b"c"):
                ends.transport.write(part)
            await asyncio.sleep(0)
            ends.transport.write(b"d")
            ends.transport.close()

            assert await ends.received() == b"abcd"
            assert ends.counting.writes == [b"abc", b"d"]

    run(test)


def test_much_leaves_at_once(run):
    async def test():
        async with Connected() as ends:
            ends.transport.write(b"a" * MAX_BUFFERED_BYTES)
            assert ends.counting.writes == []
            ends.transport.write(b"b")
            assert [len(one) for one in ends.counting.writes] == [MAX_BUFFERED_BYTES + 1]

    run(test)


def test_nothing_is_written_after_the_transport_was_aborted_or_the_other_side_has_gone(run):
    async def test():
        async with Connected() as ends:
            ends.transport.write(b"a")
            ends.transport.abort()
            assert await ends.received() == b""
            assert ends.counting.writes == []
        async with Connected() as ends:
            ends.transport.write(b"a")
            # As the event loop closes it when reading fails.
            ends.counting.abort()
            await asyncio.sleep(0)
            assert ends.counting.writes == []
            assert ends.problems == []

    run(test)
