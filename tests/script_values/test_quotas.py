"""How much a script may keep: exact, however many write at once."""

import asyncio

import pytest

from aiwebengine.core.errors import LimitExceeded
from aiwebengine.script_values import service, store
from aiwebengine.script_values.store import Place, Total


async def written(engine, values, *args, **more):
    """A write in a transaction of its own."""
    async with engine.db.transaction():
        return await values.set(*args, **more)


async def has(engine, script, holder=store.SHARED):
    """The total, which is what a count gives."""
    place = Place(script, holder)
    total = await store.total(engine.db, place)
    assert total == await store.counted(engine.db, place)
    return total


async def test_totals_follow_every_write(engine, values, shop, alan):
    await values.set(shop, None, "abc", "1")
    await values.set(shop, None, "abc", "12345")
    await values.set(shop, None, "d", "1")
    await values.set(shop, alan.id, "e", "1")
    await values.increment(shop, None, "n", 100)
    assert await has(engine, shop) == Total(3, 8 + 2 + 4)
    assert await has(engine, shop, alan.id) == Total(1, 2)

    await values.delete(shop, None, "d")
    assert await has(engine, shop) == Total(2, 12)

    await values.clear(shop, None)
    assert await has(engine, shop) == Total(0, 0)


@pytest.mark.parametrize(
    ("limit", "most"), [("MOST_KEYS", 7), ("MOST_BYTES", 7 * 12)], ids=["keys", "bytes"]
)
async def test_writers_at_once_do_not_exceed_a_quota(
    engine, values, shop, monkeypatch, limit, most
):
    monkeypatch.setattr(service, limit, most)

    results = await asyncio.gather(
        *(written(engine, values, shop, None, f"k{n:02}", '"123456!"') for n in range(40)),
        return_exceptions=True,
    )

    assert sum(isinstance(one, int) for one in results) == 7
    assert all(isinstance(one, int | LimitExceeded) for one in results)
    assert (await has(engine, shop)).keys == 7


async def test_a_user_has_a_quota_of_their_own(engine, values, shop, alan, monkeypatch):
    monkeypatch.setattr(service, "MOST_KEYS_OF_USER", 2)
    for key in "ab":
        await written(engine, values, shop, alan.id, key, "1")

    with pytest.raises(LimitExceeded, match="a user of this script may have at most 2 keys"):
        await written(engine, values, shop, alan.id, "c", "1")
    await written(engine, values, shop, alan.id, "b", "2")
    await written(engine, values, shop, None, "c", "1")

    assert await has(engine, shop, alan.id) == Total(2, 4)


async def test_a_trial_has_the_quota_but_leaves_no_trace(engine, values, shop, monkeypatch):
    monkeypatch.setattr(service, "MOST_KEYS", 2)
    await written(engine, values, shop, None, "a", "1")

    with pytest.raises(LimitExceeded):
        async with engine.db.transaction():
            await values.set(shop, None, "b", "1", is_trial=True)
            await values.set(shop, None, "c", "1", is_trial=True)

    assert await has(engine, shop) == Total(1, 2)


async def test_a_trial_makes_writes_of_other_keys_not_wait(engine, values, shop):
    await written(engine, values, shop, None, "a", "1")
    begun, done = asyncio.Event(), asyncio.Event()

    class _RollBack(Exception):
        pass

    async def trial():
        async with engine.db.transaction():
            await values.set(shop, None, "in a trial", "1", is_trial=True)
            begun.set()
            await done.wait()
            raise _RollBack

    running = asyncio.create_task(trial())
    async with asyncio.timeout(30):
        await begun.wait()
        await written(engine, values, shop, None, "b", "1")
        done.set()
        with pytest.raises(_RollBack):
            await running

    assert await has(engine, shop) == Total(2, 4)
