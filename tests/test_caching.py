"""The cache on its own: what it keeps, for how long, and when it must not be asked."""

import asyncio

import pytest

from aiwebengine.core.caching import ENTRY_BYTES, Cache, LruCache

PLENTY = 1_000_000


class Source:
    """Makes a new answer each time it is asked."""

    def __init__(self):
        self.made = 0
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self):
        self.made += 1
        made = self.made
        await self.go_on.wait()
        return made


async def test_an_answer_counts_until_it_is_too_old():
    now, source = [0.0], Source()
    cache = Cache(PLENTY, 60, clock=lambda: now[0])

    answers = []
    for instant in (0, 59, 60, 61, 120):
        now[0] = instant
        answers.append(await cache.get("key", source))

    assert answers == [1, 1, 2, 2, 3]
    assert (cache.hits, cache.misses) == (2, 3)


@pytest.mark.parametrize(("most_bytes", "ttl"), [(0, 60), (PLENTY, 0)])
async def test_either_setting_at_zero_switches_it_off(most_bytes, ttl):
    source = Source()
    cache = Cache(most_bytes, ttl)

    assert [await cache.get("key", source) for _ in range(2)] == [1, 2]


async def test_what_may_have_missed_a_change_is_not_asked():
    trusts, source = [True], Source()
    cache = Cache(PLENTY, 60, may_trust=lambda: trusts[0])

    answers = [await cache.get("key", source)]
    trusts[0] = False
    answers += [await cache.get("key", source) for _ in range(2)]

    assert answers == [1, 2, 3]


async def test_many_who_ask_at_once_cause_one_answer():
    source, cache = Source(), Cache(PLENTY, 60)
    source.go_on.clear()

    asked = [asyncio.create_task(cache.get("key", source)) for _ in range(20)]
    await asyncio.sleep(0)
    source.go_on.set()

    assert await asyncio.gather(*asked) == [1] * 20


async def test_a_change_while_an_answer_is_made_is_not_lost():
    source, cache = Source(), Cache(PLENTY, 60)
    source.go_on.clear()

    before = asyncio.create_task(cache.get("key", source))
    await asyncio.sleep(0)
    cache.forget()
    after = asyncio.create_task(cache.get("key", source))
    await asyncio.sleep(0)
    source.go_on.set()

    assert await asyncio.gather(before, after) == [1, 2]
    assert await cache.get("key", source) == 2


async def test_who_waited_for_one_that_failed_or_left_tries_alone():
    cache, source = Cache(PLENTY, 60), Source()
    never = asyncio.Event()

    async def fails():
        await asyncio.sleep(0)
        raise ValueError("not today")

    failing = asyncio.create_task(cache.get("failing", fails))
    leaving = asyncio.create_task(cache.get("leaving", never.wait))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(cache.get(key, source)) for key in ("failing", "leaving")]
    await asyncio.sleep(0)
    leaving.cancel()
    results = await asyncio.gather(failing, leaving, *waiting, return_exceptions=True)

    assert isinstance(results[0], ValueError)
    assert isinstance(results[1], asyncio.CancelledError)
    assert results[2:] == [1, 2]


async def test_a_waiter_who_leaves_takes_nothing_from_the_others():
    source, cache = Source(), Cache(PLENTY, 60)
    source.go_on.clear()

    first, leaving, staying = (asyncio.create_task(cache.get("key", source)) for _ in range(3))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)
    source.go_on.set()

    assert await asyncio.gather(first, staying) == [1, 1]


async def test_the_cache_forgets_what_was_used_longest_ago_when_it_is_full():
    source, cache = Source(), Cache(3 * (ENTRY_BYTES + 20), 60)

    for key in ("a", "b", "c", "a", "d"):
        await cache.get(key, source)

    assert [await cache.get(key, source) for key in ("a", "c", "d", "b")] == [1, 3, 4, 5]


def test_the_bound_holds_whatever_is_put_in():
    kept = LruCache(100)

    kept.put("a", 1, 60)
    kept.put("a", 2, 40)
    kept.put("b", 3, 60)
    kept.put("huge", 4, 101)
    assert (kept.get("a"), kept.get("b"), kept.get("huge"), kept.size_bytes) == (2, 3, None, 100)

    kept.put("c", 5, 1)
    assert (kept.get("a"), kept.get("b"), kept.get("c"), kept.size_bytes) == (None, 3, 5, 61)

    kept.clear()
    assert (len(kept), kept.size_bytes) == (0, 0)
