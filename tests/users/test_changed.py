"""A user is read once for an event, however many follow it."""

import asyncio
from uuid import uuid4

import pytest

from aiwebengine.core.errors import Unavailable
from aiwebengine.users.changed import MOST_KEPT, ChangedUsers


class Store:
    """Counts its readings, which end when they are let."""

    def __init__(self):
        self.readings = 0
        self.may_end = asyncio.Event()
        self.fails = False

    async def read(self, user_id):
        self.readings += 1
        await self.may_end.wait()
        if self.fails:
            raise Unavailable("Gone.")
        return (user_id, self.readings)


async def test_many_followers_of_one_event_make_one_reading():
    store, user = Store(), uuid4()
    changed = ChangedUsers(store.read)
    followers = [asyncio.create_task(changed.of("1", user)) for _ in range(50)]
    await asyncio.sleep(0)
    followers[0].cancel()
    store.may_end.set()

    told = await asyncio.gather(*followers[1:])

    assert set(told) == {(user, 1)}
    assert await changed.of("2", user) == (user, 2)


async def test_a_reading_that_failed_is_tried_again():
    store, user = Store(), uuid4()
    changed = ChangedUsers(store.read)
    store.fails = True
    store.may_end.set()
    with pytest.raises(Unavailable):
        await changed.of("1", user)
    store.fails = False

    assert await changed.of("1", user) == (user, 2)


async def test_old_events_are_not_kept():
    store, user = Store(), uuid4()
    store.may_end.set()
    changed = ChangedUsers(store.read)
    for event in range(MOST_KEPT + 1):
        await changed.of(str(event), user)

    await changed.of("0", user)

    assert store.readings == MOST_KEPT + 2
