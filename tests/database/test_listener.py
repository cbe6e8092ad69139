"""A listener receives all notifications, and stops when it is cancelled."""

import asyncio

import psycopg

from aiwebengine.core.background import end
from aiwebengine.database.listener import Listener


async def test_it_stops_though_a_message_arrives_at_the_same_moment(url):
    heard = []
    connected = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def on_message(message):
        heard.append(message)
        if message == "first":
            # The second one is there already when this takes effect.
            loop.call_soon(listening.cancel)

    async def on_connected():
        connected.set()

    listening = asyncio.create_task(Listener(url, "tests").run(on_message, on_connected))
    await connected.wait()
    with psycopg.connect(url) as connection:
        connection.execute("notify tests, 'first'")
        connection.execute("notify tests, 'second'")

    _, going_on = await asyncio.wait([listening], timeout=10)

    assert heard[0] == "first"
    assert not going_on


async def test_what_takes_the_first_cancellation_for_its_own_ends_all_the_same():
    ended = []

    async def stubborn(name):
        for _ in range(2):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                ended.append(name)

    async def failing():
        raise ValueError

    tasks = [asyncio.create_task(verb) for verb in (stubborn("a"), stubborn("b"), failing())]
    await asyncio.sleep(0)

    async with asyncio.timeout(20):
        await end(*tasks)
        await end()

    assert sorted(ended) == ["a", "a", "b", "b"]
