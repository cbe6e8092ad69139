"""What takes too long ends; what does not is not touched; who else cancels is heard."""

import asyncio

import pytest

from aiwebengine.web.deadlines import Deadlines


async def test_what_takes_too_long_ends_in_the_order_in_which_it_began():
    deadlines, ended = Deadlines(0.2), []

    async def work(name, secs):
        try:
            with deadlines.within():
                await asyncio.sleep(secs)
            ended.append((name, "done"))
        except TimeoutError:
            ended.append((name, "late"))

    tasks = []
    for name, secs in (("a", 30), ("b", 0.01), ("c", 30), ("d", 0.05), ("e", 30)):
        tasks.append(asyncio.create_task(work(name, secs)))
        await asyncio.sleep(0.02)
    async with asyncio.timeout(10):
        await asyncio.gather(*tasks)

    assert ended == [("b", "done"), ("d", "done"), ("a", "late"), ("c", "late"), ("e", "late")]
    assert asyncio.current_task().cancelling() == 0


async def test_it_watches_again_after_a_rest():
    deadlines = Deadlines(0.05)
    for _ in range(3):
        with deadlines.within():
            pass
        await asyncio.sleep(0.12)
        with pytest.raises(TimeoutError):
            with deadlines.within() as limit:
                await asyncio.sleep(30)
        assert limit.is_over


async def test_a_cancellation_by_other_code_propagates():
    async def work():
        with Deadlines(0.1).within():
            try:
                await asyncio.sleep(30)
            finally:
                asyncio.current_task().cancel()

    task = asyncio.create_task(work())
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(10):
            await task


async def test_what_is_lifted_may_take_as_long_as_it_takes():
    with Deadlines(0.05).within() as limit:
        limit.lift()
        await asyncio.sleep(0.2)

    assert not limit.is_over


async def test_an_expired_inner_deadline_does_not_end_the_outer_one():
    with Deadlines(5).within() as outer:
        with pytest.raises(TimeoutError):
            with Deadlines(0.05).within():
                await asyncio.sleep(30)
        await asyncio.sleep(0)

    assert not outer.is_over


def test_another_loop_is_watched_as_well():
    deadlines = Deadlines(0.05)

    async def late():
        with pytest.raises(TimeoutError):
            with deadlines.within():
                await asyncio.sleep(30)

    async def left_behind():
        deadlines.within().__enter__()

    asyncio.run(late())
    asyncio.run(left_behind())
    asyncio.run(late())
