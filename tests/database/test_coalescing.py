"""What several ask for at once is read once, and never from before they asked."""

import asyncio
import contextvars

import pytest

from aiwebengine.core.errors import Unavailable
from aiwebengine.database import Database, SingleFlight


@pytest.fixture
async def db(url):
    db = Database(url, max_connections=4)
    await db.connect()
    await db.execute("create table things (name text)")
    yield db
    await db.disconnect()


class Reading:
    """Counts things, slowly, and how often it was asked to."""

    def __init__(self, db):
        self._db = db
        self.times = 0

    async def __call__(self):
        self.times += 1
        # The snapshot is taken before the sleep.
        return await self._db.value(
            "with seen as materialized (select count(*) as n from things)"
            " select n from seen, pg_sleep(0.05)"
        )


async def test_those_who_come_meanwhile_share_the_next_one(db):
    shared, read = SingleFlight(db), Reading(db)

    first = asyncio.create_task(shared.get("things", read))
    await asyncio.sleep(0.01)
    others = [asyncio.create_task(shared.get("things", read)) for _ in range(30)]
    told = await asyncio.gather(first, *others)

    assert set(told) == {0}
    assert read.times == 2


async def test_what_was_written_before_one_asked_is_always_seen(db):
    shared, read = SingleFlight(db), Reading(db)
    written = 0

    async def ask():
        least = written
        assert await shared.get("things", read) >= least

    asking = []
    for _ in range(40):
        asking.append(asyncio.create_task(ask()))
        await asyncio.sleep(0.005)
        await db.execute("insert into things (name) values ('a')")
        written += 1
        asking.append(asyncio.create_task(ask()))
    await asyncio.gather(*asking)

    assert read.times < len(asking)


async def test_another_key_is_another_reading(db):
    shared, read = SingleFlight(db), Reading(db)

    await asyncio.gather(*(shared.get(key, read) for key in range(5)))

    assert read.times == 5


async def test_one_who_leaves_does_not_take_the_others_answer_along(db):
    shared, read = SingleFlight(db), Reading(db)

    tasks = [asyncio.create_task(shared.get("things", read)) for _ in range(6)]
    await asyncio.sleep(0.02)
    # The one who reads for itself, and the one who began the common one.
    tasks[0].cancel()
    tasks[1].cancel()
    told = await asyncio.gather(*tasks, return_exceptions=True)

    assert [isinstance(one, asyncio.CancelledError) for one in told[:2]] == [True, True]
    assert told[2:] == [0] * 4
    assert await shared.get("things", read) == 0


async def test_a_failure_is_raised_in_all_callers_and_not_kept(db):
    shared = SingleFlight(db)
    fails = True

    async def read():
        await asyncio.sleep(0.01)
        if fails:
            raise Unavailable("Gone.")
        return "back"

    told = await asyncio.gather(*(shared.get("it", read) for _ in range(4)), return_exceptions=True)
    fails = False

    assert [type(one) for one in told] == [Unavailable] * 4
    assert await shared.get("it", read) == "back"


async def test_what_a_transaction_sees_is_its_own(db):
    shared, read = SingleFlight(db), Reading(db)

    async with db.transaction():
        await db.execute("insert into things (name) values ('a')")
        outside = asyncio.create_task(shared.get("things", read), context=contextvars.Context())
        await asyncio.sleep(0.01)
        inside = await shared.get("things", read)

    assert (inside, await outside) == (1, 0)


async def test_nothing_is_read_for_those_who_have_all_left(db):
    shared, read = SingleFlight(db), Reading(db)

    tasks = [asyncio.create_task(shared.get("things", read)) for _ in range(4)]
    await asyncio.sleep(0.02)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert read.times == 1
    assert await shared.get("things", read) == 0
