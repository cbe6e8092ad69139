"""Released connections are reused, none is lost, and idle ones are closed."""

import asyncio
import contextvars
import random

import asyncpg
import pytest

from aiwebengine.core.errors import Unavailable
from aiwebengine.database import Database, connection_pool


@pytest.fixture
async def db(url):
    db = Database(url, max_connections=2, acquire_timeout=2, statement_timeout=1)
    await db.connect()
    yield db
    await db.disconnect()


async def backend(db):
    return await db.value("select pg_backend_pid()")


async def test_the_next_statement_takes_the_same_connection(db):
    assert len({await backend(db) for _ in range(20)}) == 1


async def test_more_than_there_are_take_turns(db):
    seen = await asyncio.gather(*(backend(db) for _ in range(40)))

    assert len(set(seen)) == 2
    assert db.pool_stats().in_use == db.pool_stats().waiting == 0


async def test_a_connection_that_was_cut_while_idle_is_not_acquired(db, server):
    first = await backend(db)
    server.run(f"select pg_terminate_backend({first}, 5000)")
    await asyncio.sleep(0.1)

    assert await backend(db) != first


async def test_a_cancelled_task_loses_no_connection(db):
    """Some tasks are cancelled while they wait, get their connection, or use it."""
    chance = random.Random(7)

    async def impatient():
        async with db.transaction():
            await db.value("select pg_sleep(:secs)", secs=chance.random() / 100)

    for _ in range(15):
        tasks = [asyncio.create_task(impatient(), context=contextvars.Context()) for _ in range(12)]
        for task in chance.sample(tasks, 8):
            asyncio.get_running_loop().call_later(chance.random() / 50, task.cancel)
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(one is None or isinstance(one, asyncio.CancelledError) for one in ended)
    await asyncio.sleep(0.1)

    stats = db.pool_stats()
    assert (stats.in_use, stats.waiting) == (0, 0)
    assert len(set(await asyncio.gather(*(backend(db) for _ in range(10))))) == 2


async def one_value(db):
    return await db.value("select 1")


async def a_transaction(db):
    async with db.transaction():
        assert await db.value("select pg_current_xact_id()") == await db.value(
            "select pg_current_xact_id()"
        )
    return 1


@pytest.mark.parametrize("ask", [one_value, a_transaction])
async def test_one_that_the_server_ends_at_this_moment_is_replaced(db, server, ask):
    server.run(f"select pg_terminate_backend({await backend(db)}, 5000)")

    # One turn of the loop lets the driver read that it was ended, the next that it is closed.
    for _ in range(2):
        await asyncio.sleep(0)

    assert await ask(db) == 1
    assert db.pool_stats().in_use == 0


async def test_after_the_server_cut_connections_later_statements_work(db, server):
    async def long():
        await db.value("select pg_sleep(0.5)")

    tasks = [asyncio.create_task(long(), context=contextvars.Context()) for _ in range(4)]
    await asyncio.sleep(0.2)
    server.run(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name = 'aiwebengine' and query like '%pg_sleep%'"
    )
    ended = await asyncio.gather(*tasks, return_exceptions=True)

    assert sum(isinstance(one, Unavailable) for one in ended) == 2
    assert await db.value("select 1") == 1
    assert db.pool_stats().in_use == 0


async def test_idle_connections_are_closed_but_for_one(url, monkeypatch):
    monkeypatch.setattr(connection_pool, "IDLE_SECS", 0.2)
    db = Database(url, max_connections=8)
    await db.connect()
    try:
        await asyncio.gather(*(db.value("select pg_sleep(0.05)") for _ in range(8)))
        assert db.pool_stats().size == 8
        async with asyncio.timeout(10):
            while db.pool_stats().size > 1:
                await asyncio.sleep(0.05)
        assert await db.value("select 1") == 1
    finally:
        await db.disconnect()


async def test_a_refused_statement_costs_no_new_connection_and_no_cleaning(db):
    first = await backend(db)

    for _ in range(5):
        with pytest.raises(asyncpg.UndefinedColumnError):
            await db.value("select no_such_column")

    assert await backend(db) == first
    assert db.pool_stats().in_use == 0


async def test_a_late_statement_s_connection_is_cleaned_and_used_again(db):
    first = await backend(db)

    with pytest.raises(Unavailable):
        await db.value("select pg_sleep(30)")

    async with asyncio.timeout(10):
        while db.pool_stats().in_use:
            await asyncio.sleep(0.01)
    assert await backend(db) == first


async def test_databases_own_interface_works_on_this_pool(db):
    assert await db._databases.fetch_val("select 41 + 1") == 42
    assert db.pool_stats().in_use == 0


async def test_closing_the_pool_ends_every_wait(url):
    db = Database(url, max_connections=1, acquire_timeout=30)
    await db.connect()
    holding = asyncio.create_task(db.value("select pg_sleep(30)"), context=contextvars.Context())
    waiting = asyncio.create_task(db.value("select 1"), context=contextvars.Context())
    await asyncio.sleep(0.2)

    await db.disconnect()

    async with asyncio.timeout(20):
        ended = await asyncio.gather(holding, waiting, return_exceptions=True)
    assert [type(one) for one in ended] == [Unavailable, Unavailable]
